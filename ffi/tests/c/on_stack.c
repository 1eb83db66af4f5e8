// Runs a function on a stack of a given size with a guard page below it, as a shipper's coroutine would, and says how much
// of the stack it has used.

#define _GNU_SOURCE

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

static const size_t PAGE = 4096;
static const unsigned char UNUSED = 0xa5;

struct call {
  void (*work)(void *);
  void *argument;
};

static _Thread_local struct call call;

static void run(void) { call.work(call.argument); }

// How many bytes of a stack of `bytes` (whole pages) the work has used; 0 if there is no memory.
size_t on_stack(size_t bytes, void (*work)(void *), void *argument) {
  unsigned char *map = mmap(NULL, PAGE + bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED || mprotect(map, PAGE, PROT_NONE) != 0) {
    return 0;
  }
  unsigned char *stack = map + PAGE;
  memset(stack, UNUSED, bytes);
  ucontext_t here, there;
  getcontext(&there);
  there.uc_stack.ss_sp = stack;
  there.uc_stack.ss_size = bytes;
  there.uc_link = &here;
  call.work = work;
  call.argument = argument;
  makecontext(&there, run, 0);
  swapcontext(&here, &there);
  size_t unused = 0;
  while (unused < bytes && stack[unused] == UNUSED) {
    unused++;
  }
  munmap(map, PAGE + bytes);
  return bytes - unused;
}
