// demo RULE EVENTS: runs one rule file over a file of events, one a line, and prints each alert as JSON.

#include "check.h"

static int32_t print_alert(const caltrop_alert *alert, void *userdata) {
  caltrop_str json;
  CHECK_OK(caltrop_alert_json(alert, &json));
  CHECK(fwrite(json.ptr, 1, json.len, stdout) == json.len);
  putchar('\n');
  *(size_t *)userdata += 1;
  return 0;
}

static caltrop_ruleset *compile(const char *path) {
  size_t len;
  char *text = read_file(path, &len);
  caltrop_str rule = {text, len};
  caltrop_compiler *compiler;
  caltrop_ruleset *ruleset;
  size_t refused;
  CHECK_OK(caltrop_compiler_new(NULL, &compiler));
  CHECK_OK(caltrop_compiler_add_yaml(compiler, caltrop_cstr("rules/wmi_subscription_execution.yml"), rule));
  free(text);
  CHECK_OK(caltrop_compiler_build(compiler, &ruleset, &refused));
  CHECK(refused == 0);
  CHECK(caltrop_ruleset_len(ruleset) == 1);
  caltrop_compiler_free(compiler);
  return ruleset;
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  CHECK(caltrop_abi_version() >> 16 == CALTROP_ABI_MAJOR);
  caltrop_ruleset *ruleset = compile(argv[1]);
  size_t alerts = 0;
  caltrop_engine *engine;
  CHECK_OK(caltrop_engine_new(ruleset, NULL, print_alert, &alerts, &engine));
  caltrop_ruleset_unref(ruleset);

  size_t len;
  char *events = read_file(argv[2], &len);
  uint64_t pushed = 0;
  for (char *line = strtok(events, "\n"); line != NULL; line = strtok(NULL, "\n")) {
    caltrop_event event = {0};
    event.struct_size = sizeof event;
    event.raw = caltrop_cstr(line);
    CHECK_OK(caltrop_engine_push(engine, &event));
    pushed++;
  }
  CHECK_OK(caltrop_engine_finish(engine));

  caltrop_counters counters = {0};
  counters.struct_size = sizeof counters;
  CHECK_OK(caltrop_engine_counters(engine, &counters));
  CHECK(counters.events == pushed);
  CHECK(counters.alerts == alerts);
  caltrop_engine_free(engine);
  free(events);
  return 0;
}
