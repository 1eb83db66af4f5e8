// soak RULES EVENTS COUNT: pushes the events of a file again and again, COUNT in all, and checks that no pass differs from the
// first and that nothing grows. Every hundredth pass compiles the rules anew.

#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <dirent.h>
#include <unistd.h>

enum { BATCH = 64, PASSES_A_RULE_SET = 100, KIBIBYTES_OF_GROWTH = 1024 };

static size_t resident_kibibytes(void) {
  FILE *file = fopen("/proc/self/statm", "r");
  CHECK(file != NULL);
  unsigned long all, resident;
  CHECK(fscanf(file, "%lu %lu", &all, &resident) == 2);
  fclose(file);
  return resident * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

static size_t open_descriptors(void) {
  DIR *folder = opendir("/proc/self/fd");
  CHECK(folder != NULL);
  size_t count = 0;
  while (readdir(folder) != NULL) {
    count++;
  }
  closedir(folder);
  return count;
}

static caltrop_engine *engine_of(const char *rules, size_t *alerts) {
  caltrop_ruleset *ruleset = ruleset_of_folder(rules);
  caltrop_engine *engine;
  CHECK_OK(caltrop_engine_new(ruleset, NULL, count_alert, alerts, &engine));
  caltrop_ruleset_unref(ruleset);
  return engine;
}

// The lines of a file; their bytes are the caller's.
static caltrop_event *events_of(char *text, size_t *out_count) {
  size_t count = 0;
  for (const char *at = text; *at != '\0'; at++) {
    count += *at == '\n';
  }
  caltrop_event *events = calloc(count + 1, sizeof *events);
  CHECK(events != NULL);
  *out_count = 0;
  for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
    events[*out_count].struct_size = sizeof *events;
    events[*out_count].raw = caltrop_cstr(line);
    *out_count += 1;
  }
  return events;
}

static size_t alerts_of_a_pass(caltrop_engine *engine, const caltrop_event *events, size_t count, size_t *alerts) {
  *alerts = 0;
  for (size_t at = 0; at < count; at += BATCH) {
    size_t left = count - at, pushed;
    CHECK_OK(caltrop_engine_push_batch(engine, events + at, left < BATCH ? left : BATCH, &pushed));
  }
  CHECK_OK(caltrop_engine_finish(engine));
  CHECK_OK(caltrop_engine_reset(engine));
  return *alerts;
}

int main(int argc, char **argv) {
  CHECK(argc == 4);
  size_t len, count, alerts, wanted = (size_t)atol(argv[3]);
  char *text = read_file(argv[2], &len);
  caltrop_event *events = events_of(text, &count);
  CHECK(count > 0);
  size_t passes = wanted / count + 1, warm = passes / 10, resident = 0;
  size_t descriptors = open_descriptors();
  caltrop_engine *engine = engine_of(argv[1], &alerts);
  size_t expected = alerts_of_a_pass(engine, events, count, &alerts);
  CHECK(expected > 0);
  for (size_t pass = 1; pass < passes; pass++) {
    if (pass % PASSES_A_RULE_SET == 0) {
      caltrop_engine_free(engine);
      engine = engine_of(argv[1], &alerts);
    }
    CHECK(alerts_of_a_pass(engine, events, count, &alerts) == expected);
    if (pass == warm) {
      resident = resident_kibibytes();
    }
  }
  size_t at_end = resident_kibibytes();
  caltrop_engine_free(engine);
  CHECK(open_descriptors() == descriptors);
  printf("%zu events in %zu passes, %zu alerts in each; %zu KiB resident after a tenth, %zu at the end\n", passes * count,
         passes, expected, resident, at_end);
  CHECK(at_end <= resident + KIBIBYTES_OF_GROWTH);
  free(events);
  free(text);
  return 0;
}
