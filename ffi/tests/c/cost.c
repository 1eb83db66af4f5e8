// cost one|batch COUNT: pushes COUNT events that no rule selects, one by one or in batches of 64, for scripts/boundary.

#include "check.h"

enum { BATCH = 64 };

static int32_t ignore(const caltrop_alert *alert, void *userdata) {
  (void)alert;
  (void)userdata;
  return 0;
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  size_t count = (size_t)atol(argv[2]);
  caltrop_ruleset *ruleset = ruleset_of("TERM(WmiPrvSE) | table host");
  caltrop_engine *engine;
  CHECK_OK(caltrop_engine_new(ruleset, NULL, ignore, NULL, &engine));
  caltrop_ruleset_unref(ruleset);
  caltrop_event events[BATCH] = {{0}};
  for (size_t index = 0; index < BATCH; index++) {
    events[index].struct_size = sizeof *events;
    events[index].raw = caltrop_cstr("a line of a log that holds no word of any rule");
    events[index].flags = CALTROP_EVENT_HAS_TIME;
    events[index].host = caltrop_cstr("ws1");
    events[index].sourcetype = caltrop_cstr("syslog");
  }
  int is_batch = strcmp(argv[1], "batch") == 0;
  for (size_t pushed = 0; pushed < count; pushed += is_batch ? BATCH : 1) {
    CHECK_OK(is_batch ? caltrop_engine_push_batch(engine, events, BATCH, NULL) : caltrop_engine_push(engine, events));
  }
  caltrop_engine_free(engine);
  return 0;
}
