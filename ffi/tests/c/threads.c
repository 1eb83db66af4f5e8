// threads RULES EVENTS: four threads with an engine each, over rule sets that they share, exchange and give back. For helgrind.

#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <pthread.h>

enum { THREADS = 4, PASSES = 5 };

// What all threads read.
typedef struct {
  caltrop_ruleset *rulesets[2];
  char **lines;
  size_t count;
  size_t expected;
} shared;

// The alerts of one pass over the events, in the middle of which the rules are exchanged.
static size_t alerts_of(caltrop_engine *engine, const shared *all, size_t pass, size_t *alerts) {
  *alerts = 0;
  for (size_t at = 0; at < all->count; at++) {
    caltrop_event event = {0};
    event.struct_size = sizeof event;
    event.raw = caltrop_cstr(all->lines[at]);
    CHECK_OK(caltrop_engine_push(engine, &event));
    if (at == all->count / 2) {
      CHECK_OK(caltrop_engine_swap_ruleset(engine, all->rulesets[pass % 2], NULL));
    }
  }
  CHECK_OK(caltrop_engine_finish(engine));
  CHECK_OK(caltrop_engine_reset(engine));
  return *alerts;
}

static void *work(void *argument) {
  const shared *all = argument;
  size_t alerts;
  caltrop_engine *engine;
  CHECK_OK(caltrop_engine_new(all->rulesets[0], NULL, count_alert, &alerts, &engine));
  for (size_t pass = 0; pass < PASSES; pass++) {
    CHECK(alerts_of(engine, all, pass, &alerts) == all->expected);
  }
  caltrop_engine_free(engine);
  return NULL;
}

static void split(shared *all, char *text, size_t len) {
  all->lines = malloc((len / 2 + 1) * sizeof *all->lines);
  CHECK(all->lines != NULL);
  for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
    all->lines[all->count++] = line;
  }
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  shared all = {{ruleset_of_folder(argv[1]), ruleset_of_folder(argv[1])}, NULL, 0, 0};
  size_t len, alerts;
  char *text = read_file(argv[2], &len);
  split(&all, text, len);
  // Libraries that look once at the processor, or draw a number for their hashes, keep it in an atomic that any thread may set.
  // Helgrind knows no atomics; so this thread is the first.
  caltrop_engine *engine;
  CHECK_OK(caltrop_engine_new(all.rulesets[0], NULL, count_alert, &alerts, &engine));
  all.expected = alerts_of(engine, &all, 0, &alerts);
  CHECK(all.expected > 0);
  caltrop_engine_free(engine);

  pthread_t threads[THREADS];
  for (size_t at = 0; at < THREADS; at++) {
    CHECK(pthread_create(&threads[at], NULL, work, &all) == 0);
  }
  for (size_t at = 0; at < THREADS; at++) {
    CHECK(pthread_join(threads[at], NULL) == 0);
  }
  printf("%d threads, %zu alerts in each pass of each\n", THREADS, all.expected);
  caltrop_ruleset_unref(all.rulesets[0]);
  caltrop_ruleset_unref(all.rulesets[1]);
  free(all.lines);
  free(text);
  return 0;
}
