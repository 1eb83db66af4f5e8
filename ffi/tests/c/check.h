// What the C tests share: CHECK, file reading, and the demo's rule set.

#ifndef CHECK_H
#define CHECK_H

#include <caltrop.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                \
    }                                                                         \
  } while (0)

#define CHECK_OK(call) CHECK((call) == CALTROP_OK)
#define CHECK_REFUSED(call) CHECK((call) == CALTROP_E_ARGUMENT)

// The bytes of a file with a NUL behind them; the caller frees them.
char *read_file(const char *path, size_t *out_len);

// A rule set of one SPL rule.
caltrop_ruleset *ruleset_of(const char *spl);

// A rule set of the rule files of a folder, none of which may be refused.
caltrop_ruleset *ruleset_of_folder(const char *path);

// Counts in the size_t that is its userdata, and reads the alert.
int32_t count_alert(const caltrop_alert *alert, void *userdata);

int is_text(caltrop_str text, const char *expected);
int holds(caltrop_str text, const char *part);

#endif
