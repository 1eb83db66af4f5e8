// suite NAME: runs the test of that name. tests/c_programs.rs has the list and reports each.

#include "check.h"

static const char *const ROW_RULE = "TERM(WmiPrvSE) | table host, seen";

// What the callbacks see and do.
struct host {
  size_t alerts;
  int32_t answer;
  caltrop_engine *engine;
  caltrop_status inner;
};

static int32_t on_alert(const caltrop_alert *alert, void *userdata) {
  struct host *host = userdata;
  CHECK(alert->struct_size >= sizeof *alert);
  host->alerts++;
  return host->answer;
}

static caltrop_event event_of(const char *raw) {
  caltrop_event event = {0};
  event.struct_size = sizeof event;
  event.raw = caltrop_cstr(raw);
  event.host = caltrop_cstr("h");
  return event;
}

static caltrop_engine *engine_of(const char *spl, caltrop_alert_fn callback, struct host *host) {
  caltrop_ruleset *ruleset = ruleset_of(spl);
  caltrop_engine *engine;
  CHECK_OK(caltrop_engine_new(ruleset, NULL, callback, host, &engine));
  caltrop_ruleset_unref(ruleset);
  return engine;
}

static void versions_agree(void) {
  CHECK(caltrop_abi_version() == ((uint32_t)CALTROP_ABI_MAJOR << 16 | CALTROP_ABI_MINOR));
  CHECK(strchr(caltrop_version(), '.') != NULL);
  CHECK(strcmp(caltrop_strerror(CALTROP_OK), "done") == 0);
  CHECK(caltrop_strerror(-12345) != NULL);
}

static void null_is_refused_everywhere(void) {
  struct host host = {0};
  caltrop_str text = caltrop_cstr("a.yml");
  caltrop_compiler *compiler;
  caltrop_ruleset *ruleset = ruleset_of(ROW_RULE);
  caltrop_engine *engine = engine_of(ROW_RULE, on_alert, &host);
  caltrop_event event = event_of("x");
  caltrop_str out;
  CHECK_OK(caltrop_compiler_new(NULL, &compiler));

  CHECK_REFUSED(caltrop_compiler_new(NULL, NULL));
  CHECK_REFUSED(caltrop_compiler_add_yaml(NULL, text, text));
  CHECK_REFUSED(caltrop_compiler_add_spl(NULL, text, text));
  CHECK_REFUSED(caltrop_compiler_add_knowledge(NULL, text, text));
  CHECK_REFUSED(caltrop_compiler_build(NULL, &ruleset, NULL));
  CHECK_REFUSED(caltrop_compiler_build(compiler, NULL, NULL));
  CHECK_REFUSED(caltrop_compiler_diagnostics(NULL, NULL, NULL));
  CHECK_REFUSED(caltrop_compiler_diagnostics(compiler, NULL, NULL));
  CHECK(caltrop_compiler_last_error(NULL).ptr == NULL);
  caltrop_compiler_free(NULL);

  caltrop_ruleset_ref(NULL);
  caltrop_ruleset_unref(NULL);
  CHECK(caltrop_ruleset_len(NULL) == 0);
  CHECK_REFUSED(caltrop_ruleset_rule(NULL, 0, NULL));
  CHECK_REFUSED(caltrop_ruleset_rule(ruleset, 0, NULL));
  CHECK_REFUSED(caltrop_ruleset_technique(NULL, 0, 0, &out));
  CHECK_REFUSED(caltrop_ruleset_technique(ruleset, 0, 0, NULL));

  CHECK_REFUSED(caltrop_engine_options_default(NULL));
  caltrop_engine *none = NULL;
  CHECK_REFUSED(caltrop_engine_new(NULL, NULL, on_alert, NULL, &none));
  CHECK_REFUSED(caltrop_engine_new(ruleset, NULL, NULL, NULL, &none));
  CHECK_REFUSED(caltrop_engine_new(ruleset, NULL, on_alert, NULL, NULL));
  CHECK(none == NULL);
  CHECK_REFUSED(caltrop_engine_push(NULL, &event));
  CHECK_REFUSED(caltrop_engine_push(engine, NULL));
  CHECK_REFUSED(caltrop_engine_push_fields(NULL, &event, NULL, 0));
  CHECK_REFUSED(caltrop_engine_push_fields(engine, NULL, NULL, 0));
  CHECK_REFUSED(caltrop_engine_push_fields(engine, &event, NULL, 1));
  CHECK_REFUSED(caltrop_engine_advance(NULL, 0, 0));
  CHECK_REFUSED(caltrop_engine_finish(NULL));
  CHECK_REFUSED(caltrop_engine_counters(NULL, NULL));
  CHECK_REFUSED(caltrop_engine_counters(engine, NULL));
  CHECK(caltrop_engine_last_error(NULL).ptr == NULL);
  caltrop_engine_free(NULL);

  caltrop_field field;
  caltrop_alert blank = {0};
  CHECK_REFUSED(caltrop_alert_field(NULL, 0, &field));
  CHECK_REFUSED(caltrop_alert_field(&blank, 0, &field));
  CHECK_REFUSED(caltrop_alert_value(NULL, 0, 0, &out));
  CHECK_REFUSED(caltrop_alert_value(&blank, 0, 0, &out));
  CHECK_REFUSED(caltrop_alert_json(NULL, &out));
  CHECK_REFUSED(caltrop_alert_json(&blank, &out));

  caltrop_compiler_free(compiler);
  caltrop_ruleset_unref(ruleset);
  caltrop_engine_free(engine);
}

static void texts_that_are_no_texts_are_refused(void) {
  caltrop_compiler *compiler;
  CHECK_OK(caltrop_compiler_new(NULL, &compiler));
  caltrop_str good = caltrop_cstr("a.yml");
  caltrop_str bad = {"ab\xff", 3};
  caltrop_str lost = {NULL, 9};
  caltrop_str endless = {"x", SIZE_MAX};
  caltrop_str none = {NULL, 0};
  const caltrop_str wrong[] = {bad, lost, endless, none};
  for (size_t index = 0; index < sizeof wrong / sizeof *wrong; index++) {
    CHECK_REFUSED(caltrop_compiler_add_yaml(compiler, wrong[index], good));
    CHECK_REFUSED(caltrop_compiler_add_yaml(compiler, good, wrong[index]));
    CHECK_REFUSED(caltrop_compiler_add_spl(compiler, wrong[index], good));
    CHECK_REFUSED(caltrop_compiler_add_spl(compiler, good, wrong[index]));
    CHECK_REFUSED(caltrop_compiler_add_knowledge(compiler, wrong[index], good));
    CHECK_REFUSED(caltrop_compiler_add_knowledge(compiler, good, wrong[index]));
  }
  CHECK_REFUSED(caltrop_compiler_add_yaml(compiler, good, bad));
  CHECK(is_text(caltrop_compiler_last_error(compiler), "the text is not UTF-8 from byte 2"));
  CHECK_REFUSED(caltrop_compiler_add_yaml(compiler, caltrop_cstr("a.txt"), good));
  CHECK(is_text(caltrop_compiler_last_error(compiler), "`a.txt` ends in neither .yml nor .yaml"));
  CHECK_OK(caltrop_compiler_add_spl(compiler, good, good));
  CHECK_REFUSED(caltrop_compiler_add_spl(compiler, good, good));
  CHECK(is_text(caltrop_compiler_last_error(compiler), "`a.yml` was added already"));

  size_t huge = ((size_t)4 << 20) + 1;
  char *spaces = malloc(huge);
  CHECK(spaces != NULL);
  memset(spaces, ' ', huge);
  caltrop_str long_text = {spaces, huge};
  CHECK(caltrop_compiler_add_spl(compiler, caltrop_cstr("long"), long_text) == CALTROP_E_LIMIT);
  free(spaces);
  caltrop_compiler_free(compiler);
}

static void structs_without_their_size_are_refused(void) {
  struct host host = {0};
  caltrop_ruleset *ruleset = ruleset_of(ROW_RULE);
  caltrop_engine *engine = engine_of(ROW_RULE, on_alert, &host);

  caltrop_compiler_options compiler_options = {0};
  caltrop_compiler *compiler = NULL;
  CHECK_REFUSED(caltrop_compiler_new(&compiler_options, &compiler));
  compiler_options.struct_size = sizeof compiler_options;
  compiler_options.flags = 1u << 31;
  CHECK_REFUSED(caltrop_compiler_new(&compiler_options, &compiler));
  CHECK(compiler == NULL);

  caltrop_event event = event_of("x");
  event.struct_size = sizeof event - 1;
  CHECK_REFUSED(caltrop_engine_push(engine, &event));
  CHECK(holds(caltrop_engine_last_error(engine), "struct_size of the event"));
  event = event_of("x");
  event.flags = 2;
  CHECK_REFUSED(caltrop_engine_push(engine, &event));
  event = event_of(NULL);
  CHECK_REFUSED(caltrop_engine_push(engine, &event));
  event = event_of("x");
  event.source.len = 5;
  CHECK_REFUSED(caltrop_engine_push(engine, &event));

  caltrop_counters counters = {0};
  CHECK_REFUSED(caltrop_engine_counters(engine, &counters));
  counters.struct_size = sizeof counters;
  CHECK_OK(caltrop_engine_counters(engine, &counters));
  CHECK(counters.events == 0);

  caltrop_rule_info info = {0};
  CHECK_REFUSED(caltrop_ruleset_rule(ruleset, 0, &info));
  info.struct_size = sizeof info;
  CHECK_REFUSED(caltrop_ruleset_rule(ruleset, 1, &info));
  CHECK_REFUSED(caltrop_ruleset_rule(ruleset, SIZE_MAX, &info));
  CHECK_OK(caltrop_ruleset_rule(ruleset, 0, &info));
  CHECK(is_text(info.path, "test"));

  caltrop_ruleset_unref(ruleset);
  caltrop_engine_free(engine);
}

static void options_that_make_no_sense_are_refused(void) {
  struct host host = {0};
  caltrop_ruleset *ruleset = ruleset_of(ROW_RULE);
  caltrop_engine *engine = NULL;
  for (int wrong = 0; wrong < 9; wrong++) {
    caltrop_engine_options options = {0};
    options.struct_size = sizeof options;
    CHECK_OK(caltrop_engine_options_default(&options));
    CHECK(options.struct_size == sizeof options);
    switch (wrong) {
      case 0: options.mode = 9; break;
      case 1: options.input = 9; break;
      case 2: options.flags = 1u << 31; break;
      case 3: options.window_ns = -2; break;
      case 4: options.lateness_ns = -1; break;
      case 5: options.max_event_bytes = 0; break;
      case 6: options.max_state_bytes = 0; break;
      case 7: options.zone = caltrop_cstr("Mars/Olympus"); break;
      case 8: options.zone.len = 3; break;
    }
    CHECK_REFUSED(caltrop_engine_new(ruleset, &options, on_alert, &host, &engine));
    CHECK(engine == NULL);
  }
  caltrop_engine_options options = {0};
  options.struct_size = sizeof options;
  CHECK_OK(caltrop_engine_options_default(&options));
  options.zone = caltrop_cstr("Europe/Berlin");
  options.mode = CALTROP_MODE_BATCH;
  options.window_ns = CALTROP_WINDOW_ALL;
  options.flags = CALTROP_ENGINE_NO_PREFILTER;
  CHECK_OK(caltrop_engine_new(ruleset, &options, on_alert, &host, &engine));
  caltrop_engine_free(engine);
  caltrop_ruleset_unref(ruleset);
}

static void garbage_events_are_no_errors(void) {
  struct host host = {0};
  caltrop_engine *engine = engine_of(ROW_RULE, on_alert, &host);
  char garbage[4096];
  uint32_t state = 1;
  for (int round = 0; round < 200; round++) {
    for (size_t at = 0; at < sizeof garbage; at++) {
      state = state * 1664525u + 1013904223u;
      garbage[at] = (char)(state >> 24);
    }
    caltrop_event event = event_of("");
    event.raw.ptr = garbage;
    event.raw.len = (size_t)round * 20;
    event.sourcetype = event.raw;
    event.flags = CALTROP_EVENT_HAS_TIME;
    event.time_ns = (int64_t)((uint64_t)state << 32);
    CHECK_OK(caltrop_engine_push(engine, &event));
  }
  CHECK_OK(caltrop_engine_advance(engine, INT64_MAX, INT64_MIN));
  CHECK_OK(caltrop_engine_advance(engine, INT64_MIN, INT64_MAX));
  CHECK_OK(caltrop_engine_finish(engine));
  CHECK_OK(caltrop_engine_finish(engine));
  caltrop_engine_free(engine);
}

static int32_t check_fields(const caltrop_alert *alert, void *userdata) {
  struct host *host = userdata;
  caltrop_field field = {0};
  caltrop_str value = {0};
  host->alerts++;
  CHECK(is_text(alert->rule_path, "test") && is_text(alert->rule_id, "test"));
  CHECK(alert->rule_index == 0 && alert->revision == 0 && alert->partial == CALTROP_PARTIAL_NO);
  CHECK(alert->field_count == 2);
  CHECK_OK(caltrop_alert_field(alert, 0, &field));
  CHECK(is_text(field.name, "host") && is_text(field.value, "h") && field.value_count == 1);
  CHECK_OK(caltrop_alert_field(alert, 1, &field));
  CHECK(is_text(field.name, "seen") && field.value_count == 2);
  CHECK_OK(caltrop_alert_value(alert, 1, 1, &value));
  CHECK(is_text(value, "b"));
  CHECK_REFUSED(caltrop_alert_value(alert, 1, 2, &value));
  CHECK_REFUSED(caltrop_alert_value(alert, 2, 0, &value));
  CHECK_REFUSED(caltrop_alert_field(alert, 2, &field));
  CHECK_REFUSED(caltrop_alert_field(alert, 0, NULL));
  CHECK_REFUSED(caltrop_alert_value(alert, 0, 0, NULL));
  CHECK_REFUSED(caltrop_alert_json(alert, NULL));
  caltrop_str once, twice;
  CHECK_OK(caltrop_alert_json(alert, &once));
  CHECK_OK(caltrop_alert_json(alert, &twice));
  CHECK(once.ptr == twice.ptr && holds(once, "\"row\":{\"host\":\"h\",\"seen\":[\"a\",\"b\"]}"));
  return 0;
}

static void fields_of_an_alert_are_walked_by_index(void) {
  struct host host = {0};
  caltrop_engine *engine =
      engine_of("TERM(WmiPrvSE) | eval seen=split(\"a,b\", \",\") | table host, seen", check_fields, &host);
  caltrop_event event = event_of("a WmiPrvSE b");
  CHECK_OK(caltrop_engine_push(engine, &event));
  CHECK(host.alerts == 1);
  caltrop_engine_free(engine);
}

static int32_t check_parsed(const caltrop_alert *alert, void *userdata) {
  struct host *host = userdata;
  caltrop_str json;
  host->alerts++;
  CHECK(alert->flags & CALTROP_ALERT_HAS_TIME);
  CHECK_OK(caltrop_alert_json(alert, &json));
  CHECK(holds(json, "\"parent_process_name\":\"WmiPrvSE.exe\""));
  CHECK(holds(json, "\"host\":\"ws1\""));
  return 0;
}

static void parsed_fields_give_an_alert(void) {
  struct host host = {0};
  const char *const texts[][2] = {
      {"EventID", "1"},
      {"Channel", "Microsoft-Windows-Sysmon/Operational"},
      {"Computer", "ws1"},
      {"UtcTime", "2026-03-02 09:30:00.276"},
      {"Image", "C:\\Windows\\System32\\cmd.exe"},
      {"ParentImage", "C:\\Windows\\System32\\wbem\\WmiPrvSE.exe"},
  };
  enum { COUNT = sizeof texts / sizeof *texts };
  caltrop_pair pairs[COUNT];
  for (size_t index = 0; index < COUNT; index++) {
    pairs[index].name = caltrop_cstr(texts[index][0]);
    pairs[index].value = caltrop_cstr(texts[index][1]);
  }
  caltrop_engine *engine = engine_of(
      "EventID=1 TERM(WmiPrvSE) | table _time, host, parent_process_name", check_parsed, &host);
  caltrop_event event = event_of(NULL);
  CHECK_OK(caltrop_engine_push_fields(engine, &event, pairs, COUNT));
  CHECK(host.alerts == 1);
  CHECK_OK(caltrop_engine_push_fields(engine, &event, pairs, COUNT - 1));
  CHECK_OK(caltrop_engine_push_fields(engine, &event, NULL, 0));
  CHECK(host.alerts == 1);
  CHECK(caltrop_engine_push_fields(engine, &event, pairs, SIZE_MAX) == CALTROP_E_LIMIT);
  pairs[2].name.ptr = NULL;
  CHECK_REFUSED(caltrop_engine_push_fields(engine, &event, pairs, COUNT));
  CHECK(holds(caltrop_engine_last_error(engine), "a name is null"));
  caltrop_engine_free(engine);
}

static int32_t call_back(const caltrop_alert *alert, void *userdata) {
  struct host *host = userdata;
  caltrop_event event = event_of("a WmiPrvSE b");
  caltrop_counters counters = {0};
  (void)alert;
  host->alerts++;
  counters.struct_size = sizeof counters;
  CHECK(caltrop_engine_push(host->engine, &event) == CALTROP_E_BUSY);
  CHECK(caltrop_engine_push_fields(host->engine, &event, NULL, 0) == CALTROP_E_BUSY);
  CHECK(caltrop_engine_advance(host->engine, 1, 1) == CALTROP_E_BUSY);
  CHECK(caltrop_engine_counters(host->engine, &counters) == CALTROP_E_BUSY);
  caltrop_engine_free(host->engine);
  host->inner = caltrop_engine_finish(host->engine);
  return 0;
}

static void a_callback_finds_its_engine_busy(void) {
  struct host host = {0};
  host.engine = engine_of(ROW_RULE, call_back, &host);
  caltrop_event event = event_of("a WmiPrvSE b");
  CHECK_OK(caltrop_engine_push(host.engine, &event));
  CHECK(host.inner == CALTROP_E_BUSY);
  CHECK_OK(caltrop_engine_push(host.engine, &event));
  CHECK(host.alerts == 2);
  caltrop_engine_free(host.engine);
}

static void a_callback_can_stop_its_call(void) {
  struct host host = {0};
  caltrop_counters counters = {0};
  counters.struct_size = sizeof counters;
  caltrop_engine *engine = engine_of("TERM(WmiPrvSE) | stats count by n, host", on_alert, &host);
  const char *const raws[] = {"WmiPrvSE", "WmiPrvSE", "WmiPrvSE"};
  const char *const numbers[] = {"1", "2", "3"};
  for (size_t index = 0; index < 3; index++) {
    caltrop_pair pair = {caltrop_cstr("n"), caltrop_cstr(numbers[index])};
    caltrop_event event = event_of(raws[index]);
    event.flags = CALTROP_EVENT_HAS_TIME;
    CHECK_OK(caltrop_engine_push_fields(engine, &event, &pair, 1));
  }
  host.answer = -1;
  CHECK(caltrop_engine_finish(engine) == CALTROP_E_STOPPED);
  CHECK(host.alerts == 1);
  CHECK(is_text(caltrop_engine_last_error(engine), "the callback asked to stop"));
  CHECK_OK(caltrop_engine_counters(engine, &counters));
  CHECK(counters.alerts == 3);
  CHECK_OK(caltrop_engine_finish(engine));
  CHECK(host.alerts == 1);
  caltrop_engine_free(engine);
}

static void a_batch_says_when_its_state_is_full(void) {
  struct host host = {0};
  caltrop_ruleset *ruleset = ruleset_of("TERM(WmiPrvSE) | stats values(n) by host");
  caltrop_engine_options options = {0};
  options.struct_size = sizeof options;
  CHECK_OK(caltrop_engine_options_default(&options));
  options.mode = CALTROP_MODE_BATCH;
  options.window_ns = CALTROP_WINDOW_ALL;
  options.max_state_bytes = 1;
  caltrop_engine *engine;
  CHECK_OK(caltrop_engine_new(ruleset, &options, on_alert, &host, &engine));
  caltrop_event event = event_of("a WmiPrvSE b");
  CHECK(caltrop_engine_push(engine, &event) == CALTROP_E_LIMIT);
  CHECK(holds(caltrop_engine_last_error(engine), "`test` keeps more than max_state_bytes"));
  caltrop_engine_free(engine);
  caltrop_ruleset_unref(ruleset);
}

struct findings {
  size_t count;
  int32_t answer;
  caltrop_compiler *compiler;
};

static int32_t on_diagnostic(const caltrop_diagnostic *diagnostic, void *userdata) {
  struct findings *findings = userdata;
  caltrop_ruleset *ruleset;
  findings->count++;
  CHECK(diagnostic->struct_size == sizeof *diagnostic);
  CHECK(diagnostic->severity == CALTROP_ERROR);
  CHECK(is_text(diagnostic->code, "E0304"));
  CHECK(is_text(diagnostic->path, "b.yml"));
  CHECK(is_text(diagnostic->rule_id, "7"));
  CHECK(diagnostic->line == 3 && diagnostic->column == 17);
  CHECK(holds(diagnostic->message, "tabel"));
  CHECK(holds(diagnostic->help, "table"));
  CHECK(holds(diagnostic->rendered, "--> b.yml:3:17") && holds(diagnostic->rendered, "^^^^^"));
  CHECK(caltrop_compiler_build(findings->compiler, &ruleset, NULL) == CALTROP_E_BUSY);
  caltrop_compiler_free(findings->compiler);
  return findings->answer;
}

static void a_bad_rule_stops_no_other(void) {
  struct findings findings = {0};
  caltrop_compiler *compiler;
  CHECK_OK(caltrop_compiler_new(NULL, &compiler));
  findings.compiler = compiler;
  CHECK_OK(caltrop_compiler_diagnostics(compiler, on_diagnostic, &findings));
  CHECK(findings.count == 0);
  CHECK_OK(caltrop_compiler_add_spl(compiler, caltrop_cstr("a"), caltrop_cstr("alpha | table x")));
  CHECK_OK(caltrop_compiler_add_spl(compiler, caltrop_cstr("c"), caltrop_cstr("gamma | table x")));
  CHECK_OK(caltrop_compiler_add_yaml(compiler, caltrop_cstr("b.yml"),
      caltrop_cstr("id: 7\nlogic_format: Splunk\nlogic: 'beta1 | tabel x'\ntitle: t\n")));
  caltrop_ruleset *ruleset;
  size_t refused = 9;
  CHECK_OK(caltrop_compiler_build(compiler, &ruleset, &refused));
  CHECK(refused == 1 && caltrop_ruleset_len(ruleset) == 2);
  caltrop_rule_info info = {0};
  info.struct_size = sizeof info;
  CHECK_OK(caltrop_ruleset_rule(ruleset, 1, &info));
  CHECK(is_text(info.path, "c") && is_text(info.id, "c") && info.technique_count == 0);

  CHECK_OK(caltrop_compiler_diagnostics(compiler, on_diagnostic, &findings));
  CHECK(findings.count == 1);
  findings.answer = 1;
  CHECK(caltrop_compiler_diagnostics(compiler, on_diagnostic, &findings) == CALTROP_E_STOPPED);
  caltrop_ruleset_ref(ruleset);
  caltrop_ruleset_unref(ruleset);
  CHECK(caltrop_ruleset_len(ruleset) == 2);
  caltrop_ruleset_unref(ruleset);
  caltrop_compiler_free(compiler);
}

static void knowledge_of_a_local_folder_wins(void) {
  struct host host = {0};
  caltrop_compiler *compiler;
  caltrop_ruleset *ruleset;
  caltrop_engine *engine;
  size_t refused;
  CHECK_OK(caltrop_compiler_new(NULL, &compiler));
  CHECK_OK(caltrop_compiler_add_knowledge(compiler, caltrop_cstr("app/local/macros.conf"),
      caltrop_cstr("[mine]\ndefinition = TERM(right)\n")));
  CHECK_OK(caltrop_compiler_add_knowledge(compiler, caltrop_cstr("app/default/macros.conf"),
      caltrop_cstr("[mine]\ndefinition = TERM(wrong)\n")));
  CHECK_OK(caltrop_compiler_add_spl(compiler, caltrop_cstr("m"), caltrop_cstr("`mine` | table host")));
  CHECK_OK(caltrop_compiler_build(compiler, &ruleset, &refused));
  CHECK(refused == 0);
  CHECK_OK(caltrop_engine_new(ruleset, NULL, on_alert, &host, &engine));
  caltrop_event event = event_of("wrong");
  CHECK_OK(caltrop_engine_push(engine, &event));
  CHECK(host.alerts == 0);
  event = event_of("right");
  CHECK_OK(caltrop_engine_push(engine, &event));
  CHECK(host.alerts == 1);
  caltrop_engine_free(engine);
  caltrop_ruleset_unref(ruleset);
  caltrop_compiler_free(compiler);
}

static void silence_closes_a_window(void) {
  const int64_t second = 1000000000;
  struct host host = {0};
  caltrop_engine *engine =
      engine_of("TERM(WmiPrvSE) | bin _time span=1s | stats count by _time, host", on_alert, &host);
  caltrop_event event = event_of("a WmiPrvSE b");
  event.flags = CALTROP_EVENT_HAS_TIME;
  event.time_ns = 1000 * second;
  CHECK_OK(caltrop_engine_advance(engine, 1000 * second, 0));
  CHECK_OK(caltrop_engine_push(engine, &event));
  CHECK_OK(caltrop_engine_advance(engine, 1030 * second, 30 * second));
  CHECK(host.alerts == 0);
  CHECK_OK(caltrop_engine_advance(engine, 1060 * second, 60 * second));
  CHECK(host.alerts == 1);
  caltrop_engine_free(engine);
}

#define TEST(name) \
  { #name, name }

static const struct {
  const char *name;
  void (*run)(void);
} TESTS[] = {
    TEST(versions_agree),
    TEST(null_is_refused_everywhere),
    TEST(texts_that_are_no_texts_are_refused),
    TEST(structs_without_their_size_are_refused),
    TEST(options_that_make_no_sense_are_refused),
    TEST(garbage_events_are_no_errors),
    TEST(fields_of_an_alert_are_walked_by_index),
    TEST(parsed_fields_give_an_alert),
    TEST(a_callback_finds_its_engine_busy),
    TEST(a_callback_can_stop_its_call),
    TEST(a_batch_says_when_its_state_is_full),
    TEST(a_bad_rule_stops_no_other),
    TEST(knowledge_of_a_local_folder_wins),
    TEST(silence_closes_a_window),
};

int main(int argc, char **argv) {
  size_t count = sizeof TESTS / sizeof *TESTS;
  if (argc == 1) {
    for (size_t index = 0; index < count; index++) {
      puts(TESTS[index].name);
    }
    return 0;
  }
  for (size_t index = 0; index < count; index++) {
    if (strcmp(argv[1], TESTS[index].name) == 0) {
      TESTS[index].run();
      return 0;
    }
  }
  fprintf(stderr, "no test %s\n", argv[1]);
  return 1;
}
