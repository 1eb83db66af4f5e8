// suite NAME: runs the test of that name. tests/c_programs.rs has the list and reports each.

#include "check.h"

static const char *const ROW_RULE = "TERM(WmiPrvSE) | table host, seen";

// What the callbacks see and do.
struct host {
  size_t alerts;
  int32_t answer;
  uint32_t partial;
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
  CHECK_REFUSED(caltrop_compiler_add_file(NULL, text));
  CHECK_REFUSED(caltrop_compiler_add_folder(NULL, text, NULL));
  CHECK_REFUSED(caltrop_compiler_add_app(NULL, text));
  CHECK_REFUSED(caltrop_compiler_add_lookup(NULL, text, text));
  CHECK_REFUSED(caltrop_compiler_set_locations(NULL, text));
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
  CHECK_REFUSED(caltrop_ruleset_save(NULL, NULL, NULL));
  CHECK_REFUSED(caltrop_ruleset_save(ruleset, NULL, NULL));
  CHECK(caltrop_ruleset_probe(text, NULL) != CALTROP_OK);
  CHECK_REFUSED(caltrop_ruleset_load(text, caltrop_cstr(NULL), NULL));
  size_t index;
  CHECK_REFUSED(caltrop_ruleset_find(NULL, text, &index));
  CHECK_REFUSED(caltrop_ruleset_find(ruleset, text, NULL));
  CHECK_REFUSED(caltrop_ruleset_text(NULL, 0, CALTROP_RULE_STAGE, 0, &out));
  CHECK_REFUSED(caltrop_ruleset_text(ruleset, 0, CALTROP_RULE_STAGE, 0, NULL));

  CHECK_REFUSED(caltrop_engine_options_default(NULL));
  caltrop_engine *none = NULL;
  CHECK_REFUSED(caltrop_engine_new(NULL, NULL, on_alert, NULL, &none));
  CHECK_REFUSED(caltrop_engine_new(ruleset, NULL, on_alert, NULL, NULL));
  CHECK(none == NULL);
  CHECK_REFUSED(caltrop_engine_push(NULL, &event));
  CHECK_REFUSED(caltrop_engine_push(engine, NULL));
  CHECK_REFUSED(caltrop_engine_push_fields(NULL, &event, NULL, 0));
  CHECK_REFUSED(caltrop_engine_push_fields(engine, NULL, NULL, 0));
  CHECK_REFUSED(caltrop_engine_push_fields(engine, &event, NULL, 1));
  CHECK_REFUSED(caltrop_engine_push_batch(NULL, &event, 1, NULL));
  CHECK_REFUSED(caltrop_engine_push_batch(engine, NULL, 1, NULL));
  const caltrop_pass *passes;
  const caltrop_alert *alert;
  CHECK_REFUSED(caltrop_engine_passes(NULL, &passes, &index));
  CHECK_REFUSED(caltrop_engine_passes(engine, NULL, &index));
  CHECK_REFUSED(caltrop_engine_passes(engine, &passes, NULL));
  CHECK_REFUSED(caltrop_engine_next_alert(NULL, &alert));
  CHECK_REFUSED(caltrop_engine_next_alert(engine, NULL));
  CHECK_REFUSED(caltrop_engine_interrupt(NULL));
  CHECK_REFUSED(caltrop_engine_reset(NULL));
  CHECK_REFUSED(caltrop_engine_enable_rule(NULL, 0, 1));
  CHECK_REFUSED(caltrop_engine_swap_ruleset(NULL, ruleset, NULL));
  CHECK_REFUSED(caltrop_engine_swap_ruleset(engine, NULL, NULL));
  CHECK_REFUSED(caltrop_engine_state_save(NULL, NULL, NULL));
  CHECK_REFUSED(caltrop_engine_state_save(engine, NULL, NULL));
  CHECK_REFUSED(caltrop_engine_state_load(NULL, text, NULL));
  CHECK_REFUSED(caltrop_engine_state_load(engine, caltrop_cstr(NULL), NULL));
  CHECK_REFUSED(caltrop_engine_left_out(NULL, 0, NULL));
  CHECK_REFUSED(caltrop_engine_left_out(engine, 0, NULL));
  CHECK_REFUSED(caltrop_engine_set_log(NULL, NULL, NULL));
  CHECK_OK(caltrop_engine_set_log(engine, NULL, NULL));
  CHECK_REFUSED(caltrop_engine_rule_counters(NULL, 0, NULL));
  CHECK_REFUSED(caltrop_engine_rule_counters(engine, 0, NULL));
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
    CHECK_REFUSED(caltrop_compiler_add_file(compiler, wrong[index]));
    CHECK_REFUSED(caltrop_compiler_add_folder(compiler, wrong[index], NULL));
    CHECK_REFUSED(caltrop_compiler_add_app(compiler, wrong[index]));
    CHECK_REFUSED(caltrop_compiler_add_lookup(compiler, wrong[index], good));
    CHECK_REFUSED(caltrop_compiler_add_lookup(compiler, caltrop_cstr("a.csv"), wrong[index]));
    CHECK(caltrop_compiler_set_locations(compiler, wrong[index]) != CALTROP_OK);
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

  caltrop_rule_counters of_rule = {0};
  CHECK_REFUSED(caltrop_engine_rule_counters(engine, 0, &of_rule));
  of_rule.struct_size = sizeof of_rule;
  CHECK_REFUSED(caltrop_engine_rule_counters(engine, 1, &of_rule));
  caltrop_transfer transfer = {0};
  CHECK_REFUSED(caltrop_engine_swap_ruleset(engine, ruleset, &transfer));
  CHECK_REFUSED(caltrop_engine_state_load(engine, caltrop_cstr("x"), &transfer));
  transfer.struct_size = sizeof transfer;
  CHECK(caltrop_engine_state_load(engine, caltrop_cstr("x"), &transfer) == CALTROP_E_FORMAT);

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
  CHECK(caltrop_engine_push_batch(host->engine, &event, 1, NULL) == CALTROP_E_BUSY);
  CHECK(caltrop_engine_reset(host->engine) == CALTROP_E_BUSY);
  CHECK(caltrop_engine_interrupt(host->engine) == CALTROP_E_BUSY);
  CHECK(caltrop_engine_enable_rule(host->engine, 0, 0) == CALTROP_E_BUSY);
  CHECK(caltrop_engine_state_load(host->engine, event.raw, NULL) == CALTROP_E_BUSY);
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

static void a_batch_is_pushed_and_says_what_passed(void) {
  struct host host = {0};
  caltrop_engine *engine = engine_of("TERM(WmiPrvSE) | where like(_raw, \"%yes%\") | table host", on_alert, &host);
  caltrop_event events[4];
  events[0] = event_of("WmiPrvSE yes");
  events[1] = event_of("nothing");
  events[2] = event_of("WmiPrvSE no");
  events[3] = event_of("WmiPrvSE yes yes");
  size_t pushed = 9, count = 9;
  const caltrop_pass *passes = NULL;
  CHECK_OK(caltrop_engine_push_batch(engine, events, 4, &pushed));
  CHECK(pushed == 4 && host.alerts == 2);
  CHECK_OK(caltrop_engine_passes(engine, &passes, &count));
  CHECK(count == 2);
  CHECK(passes[0].event_index == 0 && passes[0].rule_index == 0);
  CHECK(passes[1].event_index == 3 && passes[1].rule_index == 0);
  CHECK_OK(caltrop_engine_push(engine, &events[1]));
  CHECK_OK(caltrop_engine_passes(engine, &passes, &count));
  CHECK(count == 0);
  CHECK_OK(caltrop_engine_push_batch(engine, NULL, 0, &pushed));
  CHECK(pushed == 0);

  events[2].raw.ptr = NULL;
  CHECK_REFUSED(caltrop_engine_push_batch(engine, events, 4, &pushed));
  CHECK(pushed == 2);
  events[2] = event_of("WmiPrvSE no");
  events[2].struct_size += 8;
  CHECK_REFUSED(caltrop_engine_push_batch(engine, events, 4, &pushed));
  CHECK(pushed == 2 && holds(caltrop_engine_last_error(engine), "differ in struct_size"));
  events[2] = event_of("WmiPrvSE no");
  host.answer = 1;
  host.alerts = 0;
  CHECK(caltrop_engine_push_batch(engine, events, 4, &pushed) == CALTROP_E_STOPPED);
  CHECK(pushed == 1 && host.alerts == 1);
  caltrop_engine_free(engine);
}

// As a program that was built with a later header: its events are larger.
static void events_of_a_later_header_are_walked_by_their_own_size(void) {
  struct {
    caltrop_event known;
    uint64_t later;
  } events[2];
  struct host host = {0};
  caltrop_engine *engine = engine_of(ROW_RULE, on_alert, &host);
  for (size_t index = 0; index < 2; index++) {
    events[index].known = event_of("WmiPrvSE");
    events[index].known.struct_size = sizeof events[index];
    events[index].later = UINT64_MAX;
  }
  CHECK_OK(caltrop_engine_push_batch(engine, &events[0].known, 2, NULL));
  CHECK(host.alerts == 2);
  caltrop_engine_free(engine);
}

static void alerts_can_be_pulled(void) {
  caltrop_engine *engine =
      engine_of("TERM(WmiPrvSE) | eval seen=split(\"a,b\", \",\") | table host, seen", NULL, NULL);
  struct host host = {0};
  const caltrop_alert *alert = NULL;
  caltrop_event event = event_of("a WmiPrvSE b");
  CHECK_OK(caltrop_engine_next_alert(engine, &alert));
  CHECK(alert == NULL);
  CHECK_OK(caltrop_engine_push(engine, &event));
  event.host = caltrop_cstr("second");
  CHECK_OK(caltrop_engine_push(engine, &event));
  // What was found by rules that are gone is still told.
  caltrop_ruleset *ruleset = ruleset_of("nothing | table host");
  CHECK_OK(caltrop_engine_swap_ruleset(engine, ruleset, NULL));
  caltrop_ruleset_unref(ruleset);
  CHECK_OK(caltrop_engine_next_alert(engine, &alert));
  check_fields(alert, &host);
  CHECK_OK(caltrop_engine_next_alert(engine, &alert));
  caltrop_field field;
  CHECK_OK(caltrop_alert_field(alert, 0, &field));
  CHECK(is_text(field.value, "second"));
  CHECK_OK(caltrop_engine_next_alert(engine, &alert));
  CHECK(alert == NULL);
  caltrop_engine_free(engine);
}

static void alerts_that_nobody_pulls_are_bounded(void) {
  caltrop_engine *engine = engine_of("TERM(WmiPrvSE) | table _raw", NULL, NULL);
  const size_t len = (size_t)1 << 20;
  char *raw = malloc(len);
  CHECK(raw != NULL);
  memset(raw, ' ', len);
  memcpy(raw, "WmiPrvSE", 8);
  caltrop_event event = event_of("");
  event.raw.ptr = raw;
  event.raw.len = len;
  size_t pushed = 0;
  while (caltrop_engine_push(engine, &event) == CALTROP_OK) {
    CHECK(++pushed < 100);
  }
  CHECK(pushed > 30);
  CHECK(caltrop_engine_push(engine, &event) == CALTROP_E_LIMIT);
  CHECK(holds(caltrop_engine_last_error(engine), "pull them"));
  const caltrop_alert *alert;
  CHECK_OK(caltrop_engine_next_alert(engine, &alert));
  CHECK_OK(caltrop_engine_next_alert(engine, &alert));
  CHECK_OK(caltrop_engine_push(engine, &event));
  CHECK_OK(caltrop_engine_reset(engine));
  CHECK_OK(caltrop_engine_next_alert(engine, &alert));
  CHECK(alert == NULL);
  free(raw);
  caltrop_engine_free(engine);
}

static void a_rule_is_disabled_and_enabled(void) {
  struct host host = {0};
  caltrop_engine *engine = engine_of(ROW_RULE, on_alert, &host);
  caltrop_event event = event_of("a WmiPrvSE b");
  CHECK_REFUSED(caltrop_engine_enable_rule(engine, 1, 0));
  CHECK_OK(caltrop_engine_enable_rule(engine, 0, 0));
  CHECK_OK(caltrop_engine_push(engine, &event));
  CHECK(host.alerts == 0);
  CHECK_OK(caltrop_engine_enable_rule(engine, 0, 1));
  CHECK_OK(caltrop_engine_push(engine, &event));
  CHECK(host.alerts == 1);
  caltrop_rule_counters counters = {0};
  counters.struct_size = sizeof counters;
  CHECK_OK(caltrop_engine_rule_counters(engine, 0, &counters));
  CHECK(counters.candidates == 1 && counters.passed == 1);
  caltrop_engine_free(engine);
}

static caltrop_event timed(const char *raw, int64_t second) {
  caltrop_event event = event_of(raw);
  event.flags = CALTROP_EVENT_HAS_TIME;
  event.time_ns = second * 1000000000;
  return event;
}

static int32_t is_partial(const caltrop_alert *alert, void *userdata) {
  struct host *host = userdata;
  host->alerts++;
  CHECK(alert->partial == host->partial);
  return 0;
}

static const char *const COUNT_RULE = "TERM(WmiPrvSE) | stats count by host";

static void rules_are_swapped_and_unchanged_ones_go_on(void) {
  struct host host = {0};
  caltrop_engine *engine = engine_of(COUNT_RULE, is_partial, &host);
  caltrop_ruleset *same = ruleset_of(COUNT_RULE);
  caltrop_ruleset *other = ruleset_of("TERM(WmiPrvSE) | stats count by index");
  caltrop_event event = timed("a WmiPrvSE b", 10);
  event.index = caltrop_cstr("main");
  caltrop_transfer transfer = {0};
  caltrop_left_out left_out = {0};
  transfer.struct_size = sizeof transfer;
  left_out.struct_size = sizeof left_out;
  CHECK_OK(caltrop_engine_push(engine, &event));
  CHECK_OK(caltrop_engine_swap_ruleset(engine, same, &transfer));
  CHECK(transfer.windows == 1 && transfer.left_out_count == 0 && host.alerts == 0);
  CHECK_REFUSED(caltrop_engine_left_out(engine, 0, &left_out));
  host.partial = CALTROP_PARTIAL_RELOAD;
  CHECK_OK(caltrop_engine_swap_ruleset(engine, other, &transfer));
  CHECK(transfer.windows == 0 && transfer.left_out_count == 1 && host.alerts == 1);
  CHECK_OK(caltrop_engine_left_out(engine, 0, &left_out));
  CHECK(is_text(left_out.path, "test") && left_out.windows == 1);
  CHECK(left_out.reason == CALTROP_LEFT_OUT_CHANGED_RULE);
  caltrop_ruleset_unref(same);
  caltrop_ruleset_unref(other);
  CHECK_OK(caltrop_engine_push(engine, &event));
  host.partial = CALTROP_PARTIAL_SHUTDOWN;
  CHECK_OK(caltrop_engine_interrupt(engine));
  CHECK(host.alerts == 2);
  caltrop_engine_free(engine);
}

struct bytes {
  char *ptr;
  size_t len;
  int32_t answer;
};

static int32_t keep(caltrop_str text, void *userdata) {
  struct bytes *bytes = userdata;
  bytes->ptr = realloc(bytes->ptr, text.len);
  CHECK(bytes->ptr != NULL);
  memcpy(bytes->ptr, text.ptr, text.len);
  bytes->len = text.len;
  return bytes->answer;
}

static void a_state_is_saved_and_loaded(void) {
  struct host host = {0};
  struct bytes saved = {0};
  caltrop_engine *engine = engine_of(COUNT_RULE, is_partial, &host);
  caltrop_event event = timed("a WmiPrvSE b", 10);
  CHECK_OK(caltrop_engine_push(engine, &event));
  saved.answer = 1;
  CHECK(caltrop_engine_state_save(engine, keep, &saved) == CALTROP_E_STOPPED);
  saved.answer = 0;
  CHECK_OK(caltrop_engine_state_save(engine, keep, &saved));
  caltrop_engine_free(engine);

  caltrop_transfer transfer = {0};
  caltrop_left_out left_out = {0};
  transfer.struct_size = sizeof transfer;
  left_out.struct_size = sizeof left_out;
  caltrop_str state = {saved.ptr, saved.len};
  engine = engine_of(COUNT_RULE, is_partial, &host);
  for (size_t len = 0; len < saved.len; len++) {
    caltrop_str cut = {saved.ptr, len};
    CHECK(caltrop_engine_state_load(engine, cut, NULL) == CALTROP_E_FORMAT);
  }
  CHECK_OK(caltrop_engine_state_load(engine, state, &transfer));
  CHECK(transfer.windows == 1 && transfer.left_out_count == 0);
  CHECK_OK(caltrop_engine_finish(engine));
  CHECK(host.alerts == 1);
  caltrop_engine_free(engine);

  engine = engine_of("other", on_alert, &host);
  CHECK_OK(caltrop_engine_state_load(engine, state, &transfer));
  CHECK(transfer.windows == 0 && transfer.left_out_count == 1);
  CHECK_OK(caltrop_engine_left_out(engine, 0, &left_out));
  CHECK(left_out.windows == 1 && left_out.reason == CALTROP_LEFT_OUT_CHANGED_RULE);
  caltrop_engine_free(engine);
  free(saved.ptr);
}

static void a_rule_set_is_saved_and_loaded(void) {
  struct host host = {0};
  struct bytes saved = {0};
  caltrop_ruleset *ruleset = ruleset_of(COUNT_RULE);
  saved.answer = 1;
  CHECK(caltrop_ruleset_save(ruleset, keep, &saved) == CALTROP_E_STOPPED);
  saved.answer = 0;
  CHECK_OK(caltrop_ruleset_save(ruleset, keep, &saved));
  caltrop_ruleset_unref(ruleset);

  caltrop_str file = {saved.ptr, saved.len};
  caltrop_str none = caltrop_cstr(NULL);
  caltrop_probe probe = {0};
  CHECK_REFUSED(caltrop_ruleset_probe(file, &probe));
  probe.struct_size = sizeof probe;
  CHECK(caltrop_ruleset_probe(caltrop_cstr("no rules"), &probe) == CALTROP_E_FORMAT);
  CHECK_OK(caltrop_ruleset_probe(file, &probe));
  CHECK(probe.is_readable == 1 && probe.rule_count == 1);
  CHECK(is_text(probe.program, caltrop_version()));

  for (size_t len = 0; len < saved.len; len += 97) {
    caltrop_str cut = {saved.ptr, len};
    CHECK(caltrop_ruleset_load(cut, none, &ruleset) == CALTROP_E_FORMAT);
  }
  CHECK(caltrop_ruleset_load(file, caltrop_cstr("no database"), &ruleset) == CALTROP_E_FORMAT);
  CHECK_OK(caltrop_ruleset_load(file, none, &ruleset));
  free(saved.ptr);
  CHECK(caltrop_ruleset_len(ruleset) == 1);
  caltrop_str text;
  CHECK_REFUSED(caltrop_ruleset_text(ruleset, 0, CALTROP_RULE_STAGE, 0, &text));
  caltrop_engine *engine;
  CHECK_OK(caltrop_engine_new(ruleset, NULL, is_partial, &host, &engine));
  caltrop_ruleset_unref(ruleset);
  caltrop_event event = timed("a WmiPrvSE b", 10);
  CHECK_OK(caltrop_engine_push(engine, &event));
  CHECK_OK(caltrop_engine_finish(engine));
  CHECK(host.alerts == 1);
  caltrop_engine_free(engine);
}

struct lines {
  size_t count;
  uint32_t level;
  const char *part;
};

static void on_line(uint32_t level, caltrop_str line, void *userdata) {
  struct lines *lines = userdata;
  lines->count++;
  CHECK(level == lines->level && holds(line, lines->part));
}

static void losses_are_told_when_they_are_new_or_have_doubled(void) {
  struct host host = {0};
  struct lines lines = {0, CALTROP_LOG_WARNING, "too far ahead of the clock"};
  caltrop_engine *engine = engine_of(COUNT_RULE, on_alert, &host);
  caltrop_event event = timed("a WmiPrvSE b", 1000000);
  CHECK_OK(caltrop_engine_set_log(engine, on_line, &lines));
  CHECK_OK(caltrop_engine_advance(engine, 1000, 0));
  CHECK(lines.count == 0);
  for (size_t pushed = 1; pushed <= 8; pushed++) {
    CHECK_OK(caltrop_engine_push(engine, &event));
    CHECK_OK(caltrop_engine_advance(engine, 1000, 0));
  }
  CHECK(lines.count == 4);
  lines.level = CALTROP_LOG_INFO;
  lines.part = "rules swapped: 0 open and 0 closed windows go on, 1 rules do not";
  caltrop_ruleset *ruleset = ruleset_of(ROW_RULE);
  CHECK_OK(caltrop_engine_swap_ruleset(engine, ruleset, NULL));
  caltrop_ruleset_unref(ruleset);
  CHECK(lines.count == 5);
  caltrop_engine_free(engine);
}

static void a_rule_tells_what_it_is_made_of(void) {
  caltrop_ruleset *ruleset =
      ruleset_of("sourcetype=\"x*\" TERM(WmiPrvSE) user=Alice | stats count by host");
  const struct {
    uint32_t what;
    const char *text;
  } expected[] = {
      {CALTROP_RULE_STAGE, "sourcetype=\"x*\" TERM(WmiPrvSE) user=Alice"},
      {CALTROP_RULE_SOURCE_TYPE, "x*"},
      {CALTROP_RULE_FIELD, "user"},
      {CALTROP_RULE_LITERAL, "wmiprvse"},
  };
  caltrop_str text;
  for (size_t index = 0; index < sizeof expected / sizeof *expected; index++) {
    uint32_t what = expected[index].what;
    int is_found = 0;
    for (size_t at = 0; caltrop_ruleset_text(ruleset, 0, what, at, &text) == CALTROP_OK; at++) {
      is_found |= is_text(text, expected[index].text);
    }
    CHECK(is_found);
  }
  CHECK_REFUSED(caltrop_ruleset_text(ruleset, 0, CALTROP_RULE_TECHNIQUE, 0, &text));
  CHECK_REFUSED(caltrop_ruleset_text(ruleset, 0, 99, 0, &text));
  CHECK_REFUSED(caltrop_ruleset_text(ruleset, 1, CALTROP_RULE_STAGE, 0, &text));
  size_t index = 9;
  CHECK_OK(caltrop_ruleset_find(ruleset, caltrop_cstr("test"), &index));
  CHECK(index == 0);
  CHECK_REFUSED(caltrop_ruleset_find(ruleset, caltrop_cstr("no"), &index));
  caltrop_ruleset_unref(ruleset);
}

static void write_file(const char *path, const char *text) {
  FILE *file = fopen(path, "wb");
  CHECK(file != NULL);
  CHECK(fwrite(text, 1, strlen(text), file) == strlen(text));
  CHECK(fclose(file) == 0);
}

// It runs in a fresh folder of its own.
static void files_folders_apps_and_tables_are_added(void) {
  struct host host = {0};
  caltrop_compiler *compiler;
  caltrop_ruleset *ruleset;
  caltrop_engine *engine;
  size_t count = 9;
  CHECK_OK(caltrop_compiler_new(NULL, &compiler));
  write_file("rule.spl", "`mine` | lookup assets.csv name OUTPUT owner | search owner=bob | table owner");
  write_file("macros.conf", "[mine]\ndefinition = TERM(WmiPrvSE)\n");
  write_file("note.txt", "no rule");
  CHECK(caltrop_compiler_add_file(compiler, caltrop_cstr("absent.spl")) == CALTROP_E_IO);
  CHECK(holds(caltrop_compiler_last_error(compiler), "absent.spl: "));
  CHECK(caltrop_compiler_add_file(compiler, caltrop_cstr("note.txt")) == CALTROP_E_IO);
  CHECK(caltrop_compiler_add_file(compiler, caltrop_cstr(".")) == CALTROP_E_IO);
  CHECK(caltrop_compiler_add_folder(compiler, caltrop_cstr("rule.spl"), &count) == CALTROP_E_IO);
  CHECK(caltrop_compiler_add_app(compiler, caltrop_cstr("rule.spl")) == CALTROP_E_IO);
  CHECK(count == 9);
  CHECK_OK(caltrop_compiler_add_folder(compiler, caltrop_cstr("."), &count));
  CHECK(count == 2);
  CHECK_REFUSED(caltrop_compiler_add_folder(compiler, caltrop_cstr("."), NULL));
  CHECK_OK(caltrop_compiler_add_file(compiler, caltrop_cstr("rule.spl")));
  CHECK_OK(caltrop_compiler_add_app(compiler, caltrop_cstr(".")));
  CHECK_REFUSED(caltrop_compiler_add_lookup(compiler, caltrop_cstr("../assets.csv"), caltrop_cstr("a\n")));
  CHECK_REFUSED(caltrop_compiler_add_lookup(compiler, caltrop_cstr("assets"), caltrop_cstr("a\n")));
  CHECK_OK(caltrop_compiler_add_lookup(compiler, caltrop_cstr("assets.csv"),
      caltrop_cstr("name,owner\nws1,bob\n")));
  CHECK(caltrop_compiler_set_locations(compiler, caltrop_cstr("no database")) == CALTROP_E_FORMAT);
  CHECK(holds(caltrop_compiler_last_error(compiler), "no MaxMind database"));
  CHECK_OK(caltrop_compiler_build(compiler, &ruleset, &count));
  CHECK(count == 0 && caltrop_ruleset_len(ruleset) == 2);
  caltrop_compiler_free(compiler);
  CHECK_OK(caltrop_engine_new(ruleset, NULL, on_alert, &host, &engine));
  caltrop_ruleset_unref(ruleset);
  caltrop_event event = event_of("WmiPrvSE name=ws1");
  CHECK_OK(caltrop_engine_push(engine, &event));
  event = event_of("WmiPrvSE name=ws2");
  CHECK_OK(caltrop_engine_push(engine, &event));
  CHECK(host.alerts == 2);
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
    TEST(a_batch_is_pushed_and_says_what_passed),
    TEST(events_of_a_later_header_are_walked_by_their_own_size),
    TEST(alerts_can_be_pulled),
    TEST(alerts_that_nobody_pulls_are_bounded),
    TEST(a_rule_is_disabled_and_enabled),
    TEST(rules_are_swapped_and_unchanged_ones_go_on),
    TEST(a_state_is_saved_and_loaded),
    TEST(a_rule_set_is_saved_and_loaded),
    TEST(losses_are_told_when_they_are_new_or_have_doubled),
    TEST(a_rule_tells_what_it_is_made_of),
    TEST(files_folders_apps_and_tables_are_added),
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
