// tail RULES FILE: follows a log, through rotation and truncation, and prints each alert as a line of JSON.
//
// RULES is a folder of rule files or one file. FILE is read from its start, or awaited if it is not there yet. SIGINT and
// SIGTERM end it: what the file still holds is read, every window is closed, and the counters go to standard error.

#define _POSIX_C_SOURCE 200809L

#include <caltrop.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

// A line that is longer is given in parts; the engine cuts longer events anyway.
enum { MAX_LINE_BYTES = 1 << 20 };

struct tail {
  const char *path;
  int fd; // -1: there is no file yet
  struct stat file;
  char *line;
  size_t len;
  caltrop_engine *engine;
};

static volatile sig_atomic_t is_ended;

static void end(int signal) {
  (void)signal;
  is_ended = 1;
}

static void fail(const char *what, caltrop_str why) {
  fprintf(stderr, "tail: %s: %.*s\n", what, (int)why.len, why.ptr);
  exit(1);
}

static int32_t print_alert(const caltrop_alert *alert, void *userdata) {
  caltrop_str json;
  (void)userdata;
  if (caltrop_alert_json(alert, &json) != CALTROP_OK) {
    return 1;
  }
  fwrite(json.ptr, 1, json.len, stdout);
  putchar('\n');
  fflush(stdout);
  return ferror(stdout);
}

static int32_t print_diagnostic(const caltrop_diagnostic *diagnostic, void *userdata) {
  (void)userdata;
  if (diagnostic->severity == CALTROP_ERROR) {
    fprintf(stderr, "%.*s\n", (int)diagnostic->rendered.len, diagnostic->rendered.ptr);
  }
  return 0;
}

static void print_log(uint32_t level, caltrop_str line, void *userdata) {
  (void)level;
  (void)userdata;
  fprintf(stderr, "tail: %.*s\n", (int)line.len, line.ptr);
}

static caltrop_ruleset *compile(const char *path) {
  struct stat named;
  caltrop_compiler *compiler;
  caltrop_ruleset *ruleset = NULL;
  size_t refused = 0;
  if (caltrop_compiler_new(NULL, &compiler) != CALTROP_OK) {
    fail(path, caltrop_cstr("no compiler"));
  }
  caltrop_status status = stat(path, &named) == 0 && S_ISDIR(named.st_mode)
                              ? caltrop_compiler_add_folder(compiler, caltrop_cstr(path), NULL)
                              : caltrop_compiler_add_file(compiler, caltrop_cstr(path));
  if (status == CALTROP_OK) {
    status = caltrop_compiler_build(compiler, &ruleset, &refused);
  }
  if (status != CALTROP_OK) {
    fail(path, caltrop_compiler_last_error(compiler));
  }
  caltrop_compiler_diagnostics(compiler, print_diagnostic, NULL);
  fprintf(stderr, "tail: %zu rules, %zu refused\n", caltrop_ruleset_len(ruleset), refused);
  caltrop_compiler_free(compiler);
  return ruleset;
}

static int64_t now_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void push_line(struct tail *tail) {
  caltrop_event event = {0};
  event.struct_size = sizeof event;
  event.raw.ptr = tail->line;
  event.raw.len = tail->len;
  event.source = caltrop_cstr(tail->path);
  if (tail->len > 0 && caltrop_engine_push(tail->engine, &event) != CALTROP_OK) {
    fail("push", caltrop_engine_last_error(tail->engine));
  }
  tail->len = 0;
}

static void take(struct tail *tail, const char *bytes, size_t len) {
  for (size_t index = 0; index < len; index++) {
    if (bytes[index] == '\n' || tail->len == MAX_LINE_BYTES) {
      push_line(tail);
    }
    if (bytes[index] != '\n') {
      tail->line[tail->len++] = bytes[index];
    }
  }
}

// Reads what the open file holds; whether that was anything.
static int read_on(struct tail *tail) {
  char bytes[65536];
  int is_anything = 0;
  ssize_t len;
  while (tail->fd >= 0 && (len = read(tail->fd, bytes, sizeof bytes)) != 0) {
    if (len < 0 && errno != EINTR) {
      fail(tail->path, caltrop_cstr(strerror(errno)));
    }
    if (len > 0) {
      is_anything = 1;
      take(tail, bytes, (size_t)len);
    }
  }
  return is_anything;
}

// Goes over to another file if the path names one, and back to the start of one that has shrunk. The old file was read to
// its end before.
static void look_at_path(struct tail *tail) {
  struct stat named;
  if (stat(tail->path, &named) != 0) {
    return;
  }
  int is_same = tail->fd >= 0 && named.st_ino == tail->file.st_ino && named.st_dev == tail->file.st_dev;
  if (is_same) {
    if (named.st_size < lseek(tail->fd, 0, SEEK_CUR)) {
      push_line(tail);
      lseek(tail->fd, 0, SEEK_SET);
    }
    return;
  }
  int fd = open(tail->path, O_RDONLY);
  if (fd < 0 || fstat(fd, &tail->file) != 0) {
    fail(tail->path, caltrop_cstr(strerror(errno)));
  }
  if (tail->fd >= 0) {
    // Its writer may have written between the last look and the rename.
    read_on(tail);
    push_line(tail);
    close(tail->fd);
  }
  tail->fd = fd;
}

static void follow(struct tail *tail) {
  const struct timespec pause = {0, 100000000};
  while (!is_ended) {
    look_at_path(tail);
    caltrop_engine_advance(tail->engine, now_ns(CLOCK_REALTIME), now_ns(CLOCK_MONOTONIC));
    if (!read_on(tail)) {
      nanosleep(&pause, NULL);
    }
  }
  look_at_path(tail);
  read_on(tail);
  push_line(tail);
}

static void print_counters(caltrop_engine *engine) {
  caltrop_counters counters = {0};
  counters.struct_size = sizeof counters;
  caltrop_engine_counters(engine, &counters);
  fprintf(stderr, "tail: %llu events, %llu alerts\n", (unsigned long long)counters.events,
      (unsigned long long)counters.alerts);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: tail RULES FILE\n");
    return 2;
  }
  if (caltrop_abi_version() >> 16 != CALTROP_ABI_MAJOR) {
    fprintf(stderr, "tail: libcaltrop is of another ABI\n");
    return 1;
  }
  struct sigaction action = {0};
  action.sa_handler = end;
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);

  struct tail tail = {0};
  tail.path = argv[2];
  tail.fd = -1;
  tail.line = malloc(MAX_LINE_BYTES);
  caltrop_ruleset *ruleset = compile(argv[1]);
  if (tail.line == NULL || caltrop_engine_new(ruleset, NULL, print_alert, NULL, &tail.engine) != CALTROP_OK) {
    fail("engine", caltrop_cstr("cannot be made"));
  }
  caltrop_ruleset_unref(ruleset);
  caltrop_engine_set_log(tail.engine, print_log, NULL);
  follow(&tail);
  caltrop_status status = caltrop_engine_finish(tail.engine);
  print_counters(tail.engine);
  caltrop_engine_free(tail.engine);
  if (tail.fd >= 0) {
    close(tail.fd);
  }
  free(tail.line);
  return status == CALTROP_OK ? 0 : 1;
}
