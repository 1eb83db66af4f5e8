// caltrop: Splunk detection rules inside of your program.
//
// A compiler makes a rule set out of rule texts; a rule set is shared by engines, one for each stream of
// events; an engine gives alerts to a callback:
//
//   caltrop_compiler *compiler;
//   caltrop_compiler_new(NULL, &compiler);
//   caltrop_compiler_add_spl(compiler, caltrop_cstr("wmi"), caltrop_cstr("TERM(WmiPrvSE) | table _time, host"));
//   caltrop_ruleset *ruleset;
//   caltrop_compiler_build(compiler, &ruleset, NULL);
//   caltrop_compiler_free(compiler);
//
//   caltrop_engine *engine;
//   caltrop_engine_new(ruleset, NULL, on_alert, userdata, &engine);
//   caltrop_ruleset_unref(ruleset);
//   caltrop_event event = {sizeof event};
//   event.raw = caltrop_cstr(line);
//   caltrop_engine_push(engine, &event);
//   caltrop_engine_finish(engine);
//   caltrop_engine_free(engine);
//
// Ownership: what a function named _new or _build gives is the caller's, to be given back to the _free or _unref of the
// same name. Texts and structs that are given to a function stay the caller's and are needed no longer than the call.
// Texts that a function gives are caltrop's; each says how long they live.
//
// Null: a null handle is CALTROP_E_ARGUMENT where a status is returned, and nothing happens where none is. So is any other
// null pointer, unless the function says that it may be null. A handle that was freed, a length that is too large or a
// pointer to nowhere cannot be told from a right one.
//
// Threads: a rule set may be used by all threads at once, a compiler or an engine by one at a time. caltrop starts no
// thread, installs no signal handler, reads no environment and keeps nothing in globals. It prints nothing of its own; a
// bug that ends in CALTROP_E_PANIC leaves one line of Rust's on standard error.
//
// Sizes: a struct that starts with struct_size may grow at its end in later versions of the same major number. Whoever
// makes such a struct sets the field to the struct's sizeof.
//
// This file is written from ffi/src by ffi/tests/header_current.rs; do not edit it.

#ifndef CALTROP_H
#define CALTROP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
