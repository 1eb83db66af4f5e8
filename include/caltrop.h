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

// -------------------------------------------------------------------------------------------------
// Version
//
// Compare caltrop_abi_version() >> 16 with CALTROP_ABI_MAJOR before anything else if the library was
// loaded at run time.
// -------------------------------------------------------------------------------------------------

// Programs built with a header of one major number run with every library of the same: nothing that they use goes or
// changes its meaning.
#define CALTROP_ABI_MAJOR 1

// Grows when something is added.
#define CALTROP_ABI_MINOR 0

// The ABI of the library that runs: `CALTROP_ABI_MAJOR << 16 | CALTROP_ABI_MINOR`. Any thread may call it.
uint32_t caltrop_abi_version(void);

// The version of the library that runs, such as `0.1.0`. The text is static and ends with a NUL. Any thread may call it.
const char *caltrop_version(void);

// -------------------------------------------------------------------------------------------------
// Status
//
// Calls return CALTROP_OK or say why not. On any other status outputs are not written, unless a
// function says otherwise.
// -------------------------------------------------------------------------------------------------

// What a call returns: `CALTROP_OK`, or why it did not do what it was asked to.
typedef int32_t caltrop_status;

// It is done.
#define CALTROP_OK 0

// An argument is null, too small, not UTF-8 or otherwise not what the function asks for. Nothing has happened.
#define CALTROP_E_ARGUMENT 1

// The handle is in use: a callback called back into it, or another thread is in it. Nothing has happened.
#define CALTROP_E_BUSY 2

// A callback returned something other than 0. The call has done its work all the same; what was left was not reported.
#define CALTROP_E_STOPPED 3

// caltrop has a bug and has met it in this handle, now or in an earlier call. The handle can only be freed; others are
// not concerned.
#define CALTROP_E_PANIC 4

// A bound is exceeded; the last error says which.
#define CALTROP_E_LIMIT 5

// The bytes are not what the call reads, are damaged, or are of a version that this library does not read.
#define CALTROP_E_FORMAT 6

// A file or a folder cannot be read; the last error says which and why.
#define CALTROP_E_IO 7

// What `status` means, in a few words. Never null: a number that this library does not know is called unknown.
//
// The text is static and ends with a NUL. Any thread may call it.
const char *caltrop_strerror(caltrop_status status);

// -------------------------------------------------------------------------------------------------
// Texts
//
// Pointer and length everywhere. Texts that are given are copied or not kept.
// -------------------------------------------------------------------------------------------------

// Bytes of someone else: a text or an event. They do not end with a NUL unless it says so. A null `ptr` with length 0 is
// no text at all, which is not the same as an empty one.
typedef struct caltrop_str {
  // The first byte; null for no text.
  const char *ptr;
  // How many bytes.
  size_t len;
} caltrop_str;

// Is given bytes that die when it returns. A result other than 0 says that they could not be kept.
typedef int32_t (*caltrop_write_fn)(caltrop_str bytes, void *userdata);

// The text up to the NUL, for calls that take a `caltrop_str`; no text if `text` is null. It is not copied.
//
// The caller promises:
// `text` is null or ends with a NUL. What it points to must live as long as the result is used. Any thread may call it.
caltrop_str caltrop_cstr(const char *text);

// -------------------------------------------------------------------------------------------------
// Rule set
//
// Immutable and counted by reference. Share one between all threads.
// -------------------------------------------------------------------------------------------------

// `what`: the commands of the rule as they are written, in their order.
#define CALTROP_RULE_STAGE 0

// `what`: the source types that the rule searches for: values and patterns of `sourcetype`, `source` or `Channel`, its
// macros' too.
#define CALTROP_RULE_SOURCE_TYPE 1

// `what`: the fields that the rule reads.
#define CALTROP_RULE_FIELD 2

// `what`: the literals, in lower case, that the scan may look for in an event on behalf of the rule.
#define CALTROP_RULE_LITERAL 3

// `what`: the ATT&CK techniques that the rule names.
#define CALTROP_RULE_TECHNIQUE 4

// All rules, compiled. Immutable; any thread may use it at any time. It lives until its last reference is given back and
// its last engine is freed.
typedef struct caltrop_ruleset caltrop_ruleset;

// What compiled rules say of themselves.
typedef struct caltrop_probe {
  // `sizeof(caltrop_probe)`, to be set by the caller.
  size_t struct_size;
  // The version of their form.
  uint32_t version;
  // 1 if this library reads that form, else 0.
  uint32_t is_readable;
  // How many rules they are; 0 if the form is another.
  uint64_t rule_count;
  // The version of the program that wrote them; empty if the form is another. It lies in the bytes.
  caltrop_str program;
} caltrop_probe;

// What a rule's file says of it. The texts are the rule set's and live as long as it does.
typedef struct caltrop_rule_info {
  // `sizeof(caltrop_rule_info)`, to be set by the caller.
  size_t struct_size;
  // How many ATT&CK techniques it names, see `CALTROP_RULE_TECHNIQUE`.
  size_t technique_count;
  // What it was added as: its identity.
  caltrop_str path;
  // Its id, which need not be unique; by default the file's name without its ending.
  caltrop_str id;
  // Its title.
  caltrop_str title;
  // What it finds; may be empty.
  caltrop_str description;
} caltrop_rule_info;

// Takes one more reference. Null is allowed. Any thread may call it.
//
// The caller promises:
// `ruleset` is null or a rule set to which the caller has a reference.
void caltrop_ruleset_ref(caltrop_ruleset *ruleset);

// Gives a reference back; the last one frees the rule set once no engine runs it. Null is allowed. Any thread may call
// it.
//
// The caller promises:
// `ruleset` is null or a rule set to which the caller has a reference, which is no longer used.
void caltrop_ruleset_unref(caltrop_ruleset *ruleset);

// Gives the rule set as bytes to `write`, in one call: what `caltrop_ruleset_load` takes and loads much faster than rules
// compile. The same rule set gives the same bytes. It needs memory for them. Any thread may call it.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null. `CALTROP_E_STOPPED`: `write` returned something other than 0.
//
// The caller promises:
// `ruleset` is null or alive; `write` takes what its type says and does not unwind.
caltrop_status caltrop_ruleset_save(const caltrop_ruleset *ruleset,
                                    caltrop_write_fn write,
                                    void *userdata);

// What compiled rules say of themselves, without a look at the rest of the bytes. Any thread may call it.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null, or `out_probe->struct_size` is not set. `CALTROP_E_FORMAT`: they do not begin as compiled rules.
// Nothing is written.
//
// The caller promises:
// The bytes can be read; `out_probe` is null or has as many bytes as its `struct_size` says.
caltrop_status caltrop_ruleset_probe(caltrop_str bytes,
                                     caltrop_probe *out_probe);

// The rule set that `caltrop_ruleset_save` or `caltrop compile` wrote, in `*out_ruleset`; the caller owns a reference to it.
// `locations` is the database that `iplocation` asks, or no text. Of `caltrop_ruleset_text` it knows the techniques only.
// The bytes may come from anywhere: they are looked at one by one, and copied. Any thread may call it.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null. `CALTROP_E_FORMAT`: the bytes are no compiled rules, are damaged or of another version, or the
// database is none. Nothing is written.
//
// The caller promises:
// The bytes and the database can be read; `out_ruleset` is null or can be written.
caltrop_status caltrop_ruleset_load(caltrop_str bytes,
                                    caltrop_str locations,
                                    caltrop_ruleset **out_ruleset);

// How many rules it holds; 0 if `ruleset` is null. Any thread may call it.
//
// The caller promises:
// `ruleset` is null or alive.
size_t caltrop_ruleset_len(const caltrop_ruleset *ruleset);

// What is known of the rule at `index`, from 0, in the order of the paths. Any thread may call it.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null, no such rule, or `out_info->struct_size` is not set. Nothing is written.
//
// The caller promises:
// `ruleset` is null or alive; `out_info` is null or has as many bytes as its `struct_size` says.
caltrop_status caltrop_ruleset_rule(const caltrop_ruleset *ruleset,
                                    size_t index,
                                    caltrop_rule_info *out_info);

// Where the rule of that path stands, for calls that take its index. Any thread may call it.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null, or there is no such rule. Nothing is written.
//
// The caller promises:
// `ruleset` is null or alive; the text can be read; `out_index` is null or can be written.
caltrop_status caltrop_ruleset_find(const caltrop_ruleset *ruleset,
                                    caltrop_str path,
                                    size_t *out_index);

// One text of what is known of the rule at `rule_index`: of those that `what` (`CALTROP_RULE_*`) names, the one at `index`
// from 0. Ask until it refuses. The text is the rule set's and lives as long as it does. Any thread may call it.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null, no such rule, an unknown `what`, or no more texts. Nothing is written.
//
// The caller promises:
// `ruleset` is null or alive; `out_text` is null or can be written.
caltrop_status caltrop_ruleset_text(const caltrop_ruleset *ruleset,
                                    size_t rule_index,
                                    uint32_t what,
                                    size_t index,
                                    caltrop_str *out_text);

// -------------------------------------------------------------------------------------------------
// Compiler
//
// Rules in, rule set out. A rule with an error is left out with its reasons; the others load.
// -------------------------------------------------------------------------------------------------

// A flag of `caltrop_compiler_options`: the raw texts `EventCode=N` and `<EventID>N<` are true only as they are written,
// and not for the event id N of another rendering.
#define CALTROP_COMPILER_STRICT_RAW 1

// The severity of a diagnostic: the rule runs, its author should know this.
#define CALTROP_WARNING 1

// The severity of a diagnostic: the rule is refused.
#define CALTROP_ERROR 2

// Collects rules and knowledge and makes rule sets of them. One thread at a time may use it.
typedef struct caltrop_compiler caltrop_compiler;

// How rules are compiled. Zeroes are the defaults.
typedef struct caltrop_compiler_options {
  // `sizeof(caltrop_compiler_options)`.
  size_t struct_size;
  // `CALTROP_COMPILER_` flags, or 0.
  uint32_t flags;
  // 0.
  uint32_t reserved;
} caltrop_compiler_options;

// One complaint about one rule or one knowledge file. All of it dies when the callback returns.
typedef struct caltrop_diagnostic {
  // What the library knows of; fields beyond are not there.
  size_t struct_size;
  // `CALTROP_WARNING` or `CALTROP_ERROR`.
  uint32_t severity;
  // The line in the text that was added, from 1.
  uint32_t line;
  // The column in that line, in characters, from 1.
  uint32_t column;
  // 0.
  uint32_t reserved;
  // Its permanent number, such as `E0103`.
  caltrop_str code;
  // The path or name that the text was added with.
  caltrop_str path;
  // The rule's id; empty if the text could not be read as a rule, or is no rule.
  caltrop_str rule_id;
  // What is wrong.
  caltrop_str message;
  // The one thing to do about it; no text where there is none.
  caltrop_str help;
  // All of this for people, with the lines concerned and carets under them.
  caltrop_str rendered;
} caltrop_diagnostic;

// Is called once for each diagnostic. A result other than 0 stops.
typedef int32_t (*caltrop_diagnostic_fn)(const caltrop_diagnostic *diagnostic, void *userdata);

// A compiler without rules, in `*out_compiler`; free it with `caltrop_compiler_free`. `options` may be null.
//
// Errors:
// `CALTROP_E_ARGUMENT`: `out_compiler` is null, or the options are not valid. `*out_compiler` is left alone.
//
// The caller promises:
// `options` is null or points to options whose `struct_size` is set; a pointer can be written to `out_compiler`.
caltrop_status caltrop_compiler_new(const caltrop_compiler_options *options,
                                    caltrop_compiler **out_compiler);

// Frees a compiler. Its rule sets live on. Null is allowed; during a call on the same compiler nothing happens.
//
// The caller promises:
// `compiler` is null or came from `caltrop_compiler_new`, is used by no other thread, and is not used afterwards.
void caltrop_compiler_free(caltrop_compiler *compiler);

// Adds a rule file: YAML with `logic_format: Splunk` and `logic`. `path` is what the rule is known by, must end in `.yml`
// or `.yaml`, and need not exist. Both texts are copied. What is wrong with the rule is said when it is built.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null, not UTF-8, another ending, or a rule of that path is there already. `CALTROP_E_LIMIT`: the
// text is longer than 4 MiB. Nothing is added.
//
// The caller promises:
// `compiler` is null or live and used by no other thread; the texts can be read.
caltrop_status caltrop_compiler_add_yaml(caltrop_compiler *compiler,
                                         caltrop_str path,
                                         caltrop_str text);

// Adds a rule that is nothing but SPL. `name` is what it is known by. Both texts are copied.
//
// Errors:
// As `caltrop_compiler_add_yaml`; the name may end as it likes.
//
// The caller promises:
// `compiler` is null or live and used by no other thread; the texts can be read.
caltrop_status caltrop_compiler_add_spl(caltrop_compiler *compiler,
                                        caltrop_str name,
                                        caltrop_str spl);

// Adds a file of a Splunk app, such as `my_app/local/macros.conf`, over the knowledge that is built in. Files of one app
// (the path before `default`, `local` or the file) go together, `local` over `default`; an app that was begun later goes
// over the earlier ones. Files that say nothing about names are taken without effect. Both texts are copied.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null or not UTF-8. `CALTROP_E_LIMIT`: the text is longer than 64 MiB. Nothing is added.
//
// The caller promises:
// `compiler` is null or live and used by no other thread; the texts can be read.
caltrop_status caltrop_compiler_add_knowledge(caltrop_compiler *compiler,
                                              caltrop_str path,
                                              caltrop_str text);

// Adds the rule file at `path`: `.yml` or `.yaml`; `.spl`; `.conf`, whose stanzas are rules each. It is read now, and is
// known by the path as it is given. A rule file is a regular file of at most 4 MiB, in UTF-8.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null, not UTF-8, or a rule of that path is there already. `CALTROP_E_IO`: it cannot be read or is
// no rule file; the last error says why. Nothing is added.
//
// The caller promises:
// `compiler` is null or live and used by no other thread; the text can be read.
caltrop_status caltrop_compiler_add_file(caltrop_compiler *compiler,
                                         caltrop_str path);

// Adds every rule file in the folder at `path` and in those below it, by name; what is no rule file is passed over.
// `*out_count` is how many were added, and may be null. The files are read now.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null, not UTF-8, or a rule of the same path is there already. `CALTROP_E_IO`: it is no folder, it
// holds no rule file, or something in it cannot be read; the last error names the first. Nothing is added.
//
// The caller promises:
// `compiler` is null or live and used by no other thread; the text can be read; `out_count` is null or can be written.
caltrop_status caltrop_compiler_add_folder(caltrop_compiler *compiler,
                                           caltrop_str path,
                                           size_t *out_count);

// Adds the folder of a Splunk app, or a checkout of security_content, over the knowledge that is there: the files of
// `default`, `local`, `lookups` and `macros` that `caltrop_compiler_add_knowledge` would take. They are read now; links are
// not followed.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null or not UTF-8. `CALTROP_E_IO`: it is no folder, or something in it cannot be read; the last
// error names the first. Nothing is added.
//
// The caller promises:
// `compiler` is null or live and used by no other thread; the text can be read.
caltrop_status caltrop_compiler_add_app(caltrop_compiler *compiler,
                                        caltrop_str path);

// Adds a lookup table: `csv` is its text with a line of column names, `name` the file name that rules and
// `transforms.conf` know it by, such as `assets.csv`. It replaces one of the same name. Both texts are copied.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null, not UTF-8, or a name that does not end in `.csv` or holds others than `A-Z a-z 0-9 _ . -`.
// `CALTROP_E_LIMIT`: the table is longer than 64 MiB. Nothing is added.
//
// The caller promises:
// `compiler` is null or live and used by no other thread; the texts can be read.
caltrop_status caltrop_compiler_add_lookup(caltrop_compiler *compiler,
                                           caltrop_str name,
                                           caltrop_str csv);

// Sets the database that tells where network addresses are, for `iplocation`: the bytes of a MaxMind database. They are
// copied once, and shared by all rule sets that are built from now on. It replaces an earlier one.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null. `CALTROP_E_FORMAT`: the bytes are no such database. The earlier one stays.
//
// The caller promises:
// `compiler` is null or live and used by no other thread; the bytes can be read.
caltrop_status caltrop_compiler_set_locations(caltrop_compiler *compiler,
                                              caltrop_str database);

// Compiles everything that was added. The rule set in `*out_ruleset` holds what can run, perhaps nothing; the caller owns
// a reference to it, see `caltrop_ruleset_unref`. `*out_refused` is how many rules were left out, and may be null. Refused
// rules are no failure of this call; `caltrop_compiler_diagnostics` says what is wrong with them.
//
// It moves to a stack of its own of 16 MiB, of which it touches what it needs.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null. Nothing is written.
//
// The caller promises:
// `compiler` is null or live and used by no other thread; pointers that are not null can be written to.
caltrop_status caltrop_compiler_build(caltrop_compiler *compiler,
                                      caltrop_ruleset **out_ruleset,
                                      size_t *out_refused);

// Reports what the last build had to say, in the order of the paths: errors of the refused rules, warnings, and what is
// wrong with the knowledge. Before the first build there is nothing. `on_diagnostic` may not use the compiler: it would
// get `CALTROP_E_BUSY`.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null. `CALTROP_E_STOPPED`: the callback said so.
//
// The caller promises:
// `compiler` is null or live and used by no other thread; `on_diagnostic` takes what its type says and does not unwind.
caltrop_status caltrop_compiler_diagnostics(caltrop_compiler *compiler,
                                            caltrop_diagnostic_fn on_diagnostic,
                                            void *userdata);

// Why the last call on this compiler that failed did, but for `CALTROP_E_BUSY`; empty if none has. The text is the
// compiler's: it is good until the next call. No text if `compiler` is null.
//
// The caller promises:
// `compiler` is null or live and used by no other thread.
caltrop_str caltrop_compiler_last_error(const caltrop_compiler *compiler);

// -------------------------------------------------------------------------------------------------
// Alerts
//
// What the callback of an engine is given. Nothing of it outlives the callback.
// -------------------------------------------------------------------------------------------------

// A flag of `caltrop_alert`: `time_s` is set.
#define CALTROP_ALERT_HAS_TIME 1

// A flag of `caltrop_alert`: `window_start_s` and `window_end_s` are set.
#define CALTROP_ALERT_HAS_WINDOW 2

// A flag of `caltrop_alert`: an event that came after the window had closed caused it. It replaces what was sent with the
// same `key` and a lower `revision`; with revision 0 the row is new.
#define CALTROP_ALERT_LATE 4

// A flag of `caltrop_alert`: `values` or `list` may lack some for want of memory.
#define CALTROP_ALERT_TRUNCATED 8

// A flag of `caltrop_alert`: the row that was sent with the same `key` is there no longer.
#define CALTROP_ALERT_RETRACTED 16

// `partial`: the window was complete.
#define CALTROP_PARTIAL_NO 0

// `partial`: groups of the window were sent before its end because the state had grown beyond `max_state_bytes` or
// `max_rule_state_bytes`; this is one of them, or a rest.
#define CALTROP_PARTIAL_MEMORY 1

// `partial`: the window was sent before its end because the rules were changed.
#define CALTROP_PARTIAL_RELOAD 2

// `partial`: the window was sent before its end because the engine was stopped.
#define CALTROP_PARTIAL_SHUTDOWN 3

// A row behind its alert. Only the functions on alerts look into it.
typedef struct caltrop_row caltrop_row;

// One result row of one rule. It and all that it points to die when the callback returns.
typedef struct caltrop_alert {
  // What the library knows of; fields beyond are not there.
  size_t struct_size;
  // The rule's index in its rule set.
  size_t rule_index;
  // `CALTROP_ALERT_` flags. Ignore those that you do not know.
  uint32_t flags;
  // `CALTROP_PARTIAL_NO`, or why the window was sent before its end.
  uint32_t partial;
  // What the rule was added as.
  caltrop_str rule_path;
  // The rule's id.
  caltrop_str rule_id;
  // The rule's title.
  caltrop_str rule_title;
  // The time of the row, else the end of its window, in seconds since 1970.
  double time_s;
  // The start of the window, in seconds since 1970.
  double window_start_s;
  // The end of the window, in seconds since 1970.
  double window_end_s;
  // The same for the same rule, window and group, in every run.
  uint64_t key;
  // Which version of this row it is; 0 at first.
  uint32_t revision;
  // 0.
  uint32_t reserved;
  // How many columns the row has, see `caltrop_alert_field`.
  size_t field_count;
  // The row itself, for the functions below.
  const caltrop_row *row;
} caltrop_alert;

// One column of an alert's row. Its texts die when the alert does.
typedef struct caltrop_field {
  // Its name.
  caltrop_str name;
  // Its first value, for most fields the only one.
  caltrop_str value;
  // How many values it has, at least one; see `caltrop_alert_value`.
  size_t value_count;
} caltrop_field;

// The column at `index`, from 0 to `alert->field_count - 1`, in the order of the row.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null or no such column. Nothing is written.
//
// The caller promises:
// `alert` is null or what a running callback was given; `out_field` is null or can be written.
caltrop_status caltrop_alert_field(const caltrop_alert *alert,
                                   size_t index,
                                   caltrop_field *out_field);

// The value at `value_index` of the column at `field_index`, both from 0.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null, no such column or no such value. Nothing is written.
//
// The caller promises:
// `alert` is null or what a running callback was given; `out_value` is null or can be written.
caltrop_status caltrop_alert_value(const caltrop_alert *alert,
                                   size_t field_index,
                                   size_t value_index,
                                   caltrop_str *out_value);

// The alert as one JSON object without a line end, as `caltrop run` prints it: UTF-8, no NUL behind it. The text dies
// with the alert; it is written once, however often it is asked for.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null. Nothing is written.
//
// The caller promises:
// `alert` is null or what a running callback was given, and no other thread uses it; `out_json` is null or can be written.
caltrop_status caltrop_alert_json(const caltrop_alert *alert,
                                  caltrop_str *out_json);

// -------------------------------------------------------------------------------------------------
// Engine options
//
// All engines of one rule set may have different ones.
// -------------------------------------------------------------------------------------------------

// `mode`: events come without an end; a window closes when the time of the events, or of `caltrop_engine_advance`, has
// passed it.
#define CALTROP_MODE_STREAM 0

// `mode`: events are a closed set in any order; nothing closes before `caltrop_engine_finish`.
#define CALTROP_MODE_BATCH 1

// `input`: what an event is, is found out for each.
#define CALTROP_INPUT_AUTO 0

// `input`: events are rows that are fields already, one JSON object each.
#define CALTROP_INPUT_ROWS 1

// Windows XML.
#define CALTROP_INPUT_XML 2

// The classic text of Windows events.
#define CALTROP_INPUT_TEXT 3

// JSON.
#define CALTROP_INPUT_JSON 4

// Any text: its `name=value` pairs are its fields.
#define CALTROP_INPUT_KV 5

// Syslog; what stands behind its header is found out.
#define CALTROP_INPUT_SYSLOG 6

// `window_ns`: each rule's own window.
#define CALTROP_WINDOW_RULE 0

// `window_ns`: one window over all time.
#define CALTROP_WINDOW_ALL -1

// `flags`: look at every event with every rule. Alerts are the same and come slower: it is there to prove that.
#define CALTROP_ENGINE_NO_PREFILTER 1

// How an engine works. Fill it with `caltrop_engine_options_default`, then change what should be otherwise.
typedef struct caltrop_engine_options {
  // `sizeof(caltrop_engine_options)`, to be set by the caller.
  size_t struct_size;
  // `CALTROP_MODE_STREAM` (default) or `CALTROP_MODE_BATCH`.
  uint32_t mode;
  // `CALTROP_INPUT_AUTO` (default) or another of `CALTROP_INPUT_*`.
  uint32_t input;
  // `CALTROP_ENGINE_` flags, or 0.
  uint32_t flags;
  // 0.
  uint32_t reserved;
  // `CALTROP_WINDOW_RULE` (default), `CALTROP_WINDOW_ALL`, or a length in nanoseconds for every rule.
  int64_t window_ns;
  // How far behind its newest event a host may deliver others (10 s).
  int64_t lateness_ns;
  // After this much silence, a host's windows close with the clock of `caltrop_engine_advance` (30 s).
  int64_t idle_ns;
  // An event further ahead of that clock closes no window (300 s).
  int64_t max_future_ns;
  // Longer events are cut here and counted (1 MiB).
  uint64_t max_event_bytes;
  // Bytes of the windows of all rules (256 MiB). In a stream the rule that grows gives up closed windows, then values, then
  // sends groups early, marked partial; in a batch the call returns `CALTROP_E_LIMIT`.
  uint64_t max_state_bytes;
  // What `now()` is in rules, in seconds since 1970 (0): an engine reads no clock.
  double now_s;
  // The zone of times that carry none and of day-long buckets, such as `Europe/Berlin`; no text or an empty one is UTC.
  caltrop_str zone;
  // A window that waits for all hosts waits so long at most from when the first has passed its end; 0 is 300 s.
  int64_t max_lag_ns;
  // How long a closed window is kept for late events: 0 is as long as `lateness_ns`, -1 not at all.
  int64_t retain_ns;
  // Bytes of the windows of each rule; 0 is a quarter of `max_state_bytes`.
  uint64_t max_rule_state_bytes;
  // So many hosts have a watermark of their own, the longest silent one goes; 0 is 65536.
  uint64_t max_hosts;
} caltrop_engine_options;

// Writes the defaults into `*options`, all but its `struct_size`, which the caller sets before. Any thread may call it.
//
// Errors:
// `CALTROP_E_ARGUMENT`: `options` is null or `struct_size` is not set. Nothing is written.
//
// The caller promises:
// `options` is null or has as many bytes as its `struct_size` says.
caltrop_status caltrop_engine_options_default(caltrop_engine_options *options);

// -------------------------------------------------------------------------------------------------
// Counters
//
// Nothing is lost in silence: what an engine could not look at is counted.
// -------------------------------------------------------------------------------------------------

// What an engine has seen and done since it was made.
typedef struct caltrop_counters {
  // `sizeof(caltrop_counters)`, to be set by the caller.
  size_t struct_size;
  // Events pushed.
  uint64_t events;
  // Their bytes.
  uint64_t bytes;
  // Pairs of an event and a rule that the scan let through.
  uint64_t candidates;
  // Alerts, delivered or not.
  uint64_t alerts;
  // Events longer than `max_event_bytes`: their first part was looked at.
  uint64_t cut_events;
  // Rows that are no JSON object: not looked at.
  uint64_t malformed_rows;
  // Rows that came after their window had closed and was no longer kept: not part of any alert.
  uint64_t late_dropped;
  // Rows without a usable `_time`, where a window needs one: not part of any alert.
  uint64_t timeless_dropped;
  // Events too far ahead of the clock to close a window: looked at like any other.
  uint64_t future_events;
  // Groups sent early because the state had grown beyond its bounds.
  uint64_t partial_groups;
  // Bytes of open and kept windows now.
  uint64_t state_bytes;
  // The most of these so far.
  uint64_t state_bytes_peak;
  // Rows that came after their window had closed and while it was kept.
  uint64_t late;
  // Alerts sent because of these: new ones and next revisions.
  uint64_t revised;
  // Alerts taken back because of these.
  uint64_t retracted;
  // Closed windows that were let go early because the state had grown near its bounds.
  uint64_t retained_dropped;
  // Groups whose `values` and `list` took no more because the state had grown near its bounds.
  uint64_t truncated_groups;
  // Fields beyond the first 512 of an event, and rows beyond the bound of an automatic lookup: not seen.
  uint64_t lost_fields;
  // Times that the table of kinds of events (source, sourcetype, host) was full and was emptied: slower, no less seen.
  uint64_t kind_resets;
  // Rows with several multivalue BY fields that were put into their first thousand groups only.
  uint64_t cut_rows;
  // Searches of a regex that were given up at a bound: taken as no match.
  uint64_t given_up_searches;
} caltrop_counters;

// What one rule has made of the events of an engine.
typedef struct caltrop_rule_counters {
  // `sizeof(caltrop_rule_counters)`, to be set by the caller.
  size_t struct_size;
  // Events that the scan let through to it.
  uint64_t candidates;
  // Of these, the events that passed all its per-event stages.
  uint64_t passed;
} caltrop_rule_counters;

// -------------------------------------------------------------------------------------------------
// Log
//
// The same losses in words, for a host that does not watch counters.
// -------------------------------------------------------------------------------------------------

// The level of a line: something was lost, or not looked at whole; the engine goes on.
#define CALTROP_LOG_WARNING 1

// The level of a line: something was done that was asked for.
#define CALTROP_LOG_INFO 2

// Is called with one line, without a line end, that dies when it returns; on the thread and before the return of the call
// that causes it. It must not use the engine (`CALTROP_E_BUSY`) and must not unwind. Ignore levels that you do not know.
typedef void (*caltrop_log_fn)(uint32_t level, caltrop_str line, void *userdata);

// -------------------------------------------------------------------------------------------------
// Exchange
//
// What becomes of windows when an engine is given other rules or a saved state.
// -------------------------------------------------------------------------------------------------

// `reason`: no rule has this path now.
#define CALTROP_LEFT_OUT_UNKNOWN_RULE 1

// `reason`: the rule, or what the knowledge makes of fields, is another now.
#define CALTROP_LEFT_OUT_CHANGED_RULE 2

// `reason`: the engine cuts time into other windows now.
#define CALTROP_LEFT_OUT_CHANGED_OPTIONS 3

// `reason`: a later library than this header knows why.
#define CALTROP_LEFT_OUT_OTHER 4

// A rule that did not go on. Of a swap, its open windows were sent; of a saved state, they are part of no alert.
typedef struct caltrop_left_out {
  // `sizeof(caltrop_left_out)`, to be set by the caller.
  size_t struct_size;
  // The rule's path.
  caltrop_str path;
  // How many windows it had open.
  size_t windows;
  // How many closed ones could still have been revised.
  size_t retained;
  // `CALTROP_LEFT_OUT_*`.
  uint32_t reason;
  // 0.
  uint32_t reserved;
} caltrop_left_out;

// What goes on.
typedef struct caltrop_transfer {
  // `sizeof(caltrop_transfer)`, to be set by the caller.
  size_t struct_size;
  // Open windows that go on.
  size_t windows;
  // Closed windows that can still be revised.
  size_t retained;
  // Rules that did not go on, see `caltrop_engine_left_out`.
  size_t left_out_count;
} caltrop_transfer;

// -------------------------------------------------------------------------------------------------
// Events
//
// What an engine looks at: bytes, or fields that the caller has parsed.
// -------------------------------------------------------------------------------------------------

// A flag of `caltrop_event`: `time_ns` is set.
#define CALTROP_EVENT_HAS_TIME 1

// An event: its text and what the caller knows of it besides. Zeroes mean unknown. Nothing of it is kept after the call.
typedef struct caltrop_event {
  // `sizeof(caltrop_event)`.
  size_t struct_size;
  // The event as it was logged, without its line end.
  caltrop_str raw;
  // When it happened, in nanoseconds since 1970, for events that do not say so themselves. Counts only with
  // `CALTROP_EVENT_HAS_TIME`.
  int64_t time_ns;
  // `CALTROP_EVENT_` flags, or 0.
  uint32_t flags;
  // The number of the input that it came from; orders events of the same time.
  uint32_t input;
  // Its number within that input; the same.
  uint64_t offset;
  // The host that it happened on; the event's own wins.
  caltrop_str host;
  // Splunk's `source`.
  caltrop_str source;
  // Splunk's `sourcetype`.
  caltrop_str sourcetype;
  // Splunk's `index`.
  caltrop_str index;
} caltrop_event;

// A field of an event that the caller has parsed.
typedef struct caltrop_pair {
  // The field's name.
  caltrop_str name;
  // Its value; a field with an empty one is absent.
  caltrop_str value;
} caltrop_pair;

// -------------------------------------------------------------------------------------------------
// Engine
//
// One stream's state: one engine for each thread. Alerts come through the callback, on the calling
// thread, before the call returns.
// -------------------------------------------------------------------------------------------------

// The state of one stream of events. One thread at a time may use it; it may move between threads.
typedef struct caltrop_engine caltrop_engine;

// Is called once for each alert, on the thread and before the return of the call that causes it. A result other than 0
// asks to stop: the rest of that call's alerts are counted and not delivered, and the call returns `CALTROP_E_STOPPED`.
// The next call delivers again. It may use the alert, not its engine (`CALTROP_E_BUSY`), and must not unwind: no
// exception, no `longjmp`.
typedef int32_t (*caltrop_alert_fn)(const caltrop_alert *alert, void *userdata);

// A rule whose per-event stages an event has passed.
typedef struct caltrop_pass {
  // The event's index in its batch; 0 for one that was pushed alone.
  size_t event_index;
  // The rule's index in its rule set.
  size_t rule_index;
} caltrop_pass;

// An engine without any state, in `*out_engine`; free it with `caltrop_engine_free`. It keeps a reference to the rule set;
// the caller's own may be given back. `options` may be null for the defaults. Without `on_alert` alerts wait in the engine
// until `caltrop_engine_next_alert` pulls them. Any thread may call it.
//
// Errors:
// `CALTROP_E_ARGUMENT`: another pointer is null, or the options are not valid. `*out_engine` is left alone.
//
// The caller promises:
// `ruleset` is null or alive; `options` is null or has as many bytes as its `struct_size` says; `on_alert` is null or
// takes what its type says; `out_engine` is null or can be written.
caltrop_status caltrop_engine_new(const caltrop_ruleset *ruleset,
                                  const caltrop_engine_options *options,
                                  caltrop_alert_fn on_alert,
                                  void *userdata,
                                  caltrop_engine **out_engine);

// Frees an engine and what it has not closed: call `caltrop_engine_finish` before, if that should give alerts. Null is
// allowed; from a callback of the same engine nothing happens.
//
// The caller promises:
// `engine` is null or came from `caltrop_engine_new`, is used by no other thread, and is not used afterwards.
void caltrop_engine_free(caltrop_engine *engine);

// Looks at one event. Whatever its bytes are, that is no error.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null, or the event is not valid; it was not looked at. `CALTROP_E_STOPPED`: the callback said so.
// `CALTROP_E_LIMIT`: in a batch, open windows have grown beyond `max_state_bytes`, and the results would be wrong; or
// without a callback, 64 MiB of alerts wait to be pulled, and the event was not looked at.
//
// The caller promises:
// `engine` is null or live and used by no other thread during the call; `event` is null or has as many bytes as its
// `struct_size` says, and its texts can be read.
caltrop_status caltrop_engine_push(caltrop_engine *engine,
                                   const caltrop_event *event);

// Looks at `count` events in their order, as `caltrop_engine_push` does at each. All have the same `struct_size`. How many
// were looked at is in `*out_pushed` when it returns, also when it refuses an event or is stopped; it may be null.
//
// Errors:
// As `caltrop_engine_push`. It ends with the first event that is refused, or whose alert the callback stops at.
//
// The caller promises:
// As `caltrop_engine_push`; `events` is null or has `count` events; `out_pushed` is null or can be written.
caltrop_status caltrop_engine_push_batch(caltrop_engine *engine,
                                         const caltrop_event *events,
                                         size_t count,
                                         size_t *out_pushed);

// Looks at one event that the caller has parsed into `count` fields. Its raw text may be null; then each name and each
// value is a text of its own to the words that rules search for. Several values of one name are a multivalue.
//
// Errors:
// As `caltrop_engine_push`; also `CALTROP_E_ARGUMENT` if a name or value is null, `CALTROP_E_LIMIT` if `count` is above
// 65536. The event was not looked at then.
//
// The caller promises:
// As `caltrop_engine_push`; `pairs` is null or has `count` pairs, whose texts can be read.
caltrop_status caltrop_engine_push_fields(caltrop_engine *engine,
                                          const caltrop_event *event,
                                          const caltrop_pair *pairs,
                                          size_t count);

// Tells the time: `wall_ns` since 1970, and `mono_ns` of a clock that never jumps. It is the only clock that an engine
// has; call it about once a second, also when no events come, so that the windows of silent hosts close.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null. `CALTROP_E_STOPPED`: the callback said so.
//
// The caller promises:
// `engine` is null or live and used by no other thread during the call.
caltrop_status caltrop_engine_advance(caltrop_engine *engine,
                                      int64_t wall_ns,
                                      int64_t mono_ns);

// Which rules the event of the last push, or the events of the last batch, have passed up to their first command that needs
// more than one event: what a host needs that marks events. `*out_passes` points to `*out_count` pairs, by event and then by
// rule; they are the engine's and good until the next call that looks at events.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null. Nothing is written.
//
// The caller promises:
// `engine` is null or live and used by no other thread during the call; the other pointers are null or can be written.
caltrop_status caltrop_engine_passes(caltrop_engine *engine,
                                     const caltrop_pass **out_passes,
                                     size_t *out_count);

// The oldest alert that waits, in `*out_alert`; null if there is none. It is the engine's and good until the next call on
// the engine. Only engines without a callback have any.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null. Nothing is written.
//
// The caller promises:
// `engine` is null or live and used by no other thread during the call; `out_alert` is null or can be written.
caltrop_status caltrop_engine_next_alert(caltrop_engine *engine,
                                         const caltrop_alert **out_alert);

// Closes every window. The engine can go on afterwards with other events.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null. `CALTROP_E_STOPPED`: the callback said so. `CALTROP_E_LIMIT`: see `caltrop_engine_push`.
//
// The caller promises:
// `engine` is null or live and used by no other thread during the call.
caltrop_status caltrop_engine_finish(caltrop_engine *engine);

// Sends what every open window holds so far, marked `CALTROP_PARTIAL_SHUTDOWN`, and lets it go: for an engine that has to
// stop before the end of its events and whose state is not saved. The watermarks stay.
//
// Errors:
// As `caltrop_engine_finish`.
//
// The caller promises:
// `engine` is null or live and used by no other thread during the call.
caltrop_status caltrop_engine_interrupt(caltrop_engine *engine);

// Forgets all events: windows, watermarks, the clock, the counters, and alerts that wait. Nothing is sent. Rules, options,
// the callbacks, and which rules are disabled stay.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null.
//
// The caller promises:
// `engine` is null or live and used by no other thread during the call.
caltrop_status caltrop_engine_reset(caltrop_engine *engine);

// Lets the rule at `rule_index` take events (`enabled` is not 0) or none (0). What it has open goes on and closes in its
// time. All rules are enabled at first; a rule that lives on in `caltrop_engine_swap_ruleset` stays as it is.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null, or there is no such rule.
//
// The caller promises:
// `engine` is null or live and used by no other thread during the call.
caltrop_status caltrop_engine_enable_rule(caltrop_engine *engine,
                                          size_t rule_index,
                                          int32_t enabled);

// Goes on with the rules of `ruleset`, all at once: the next event meets these only. A rule of the same path that means the
// same keeps its windows, its counters, and whether it is disabled. What the open windows of any other have seen is sent
// now, marked `CALTROP_PARTIAL_RELOAD`. `out_transfer` says what goes on, and may be null; `caltrop_engine_left_out` names
// the rules that ended. The engine takes a reference of its own.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null, or `out_transfer->struct_size` is not set; nothing has happened. `CALTROP_E_STOPPED`: the
// callback said so; the engine has the new rules all the same, and `*out_transfer` is written.
//
// The caller promises:
// `engine` is null or live and used by no other thread during the call; `ruleset` is null or alive; `out_transfer` is null
// or has as many bytes as its `struct_size` says.
caltrop_status caltrop_engine_swap_ruleset(caltrop_engine *engine,
                                           const caltrop_ruleset *ruleset,
                                           caltrop_transfer *out_transfer);

// Gives what the engine keeps, watermarks and windows, as bytes to `write`, in one call: what `caltrop_engine_state_load`
// takes. Nothing is changed; alerts that wait and counters are no part of it. It needs memory for the bytes.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null. `CALTROP_E_STOPPED`: `write` returned something other than 0.
//
// The caller promises:
// `engine` is null or live and used by no other thread during the call; `write` takes what its type says and does not unwind.
caltrop_status caltrop_engine_state_save(caltrop_engine *engine,
                                         caltrop_write_fn write,
                                         void *userdata);

// Puts a saved state in the place of what the engine keeps. Call `caltrop_engine_advance` before the next event. Windows of
// rules that are gone or mean something else now are left out, as are all if mode, window or zone differ: `out_transfer`
// says how much goes on, and may be null; `caltrop_engine_left_out` names the rules. Counters start anew. The bytes may come
// from anywhere: they are looked at one by one.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null, or `out_transfer->struct_size` is not set. `CALTROP_E_FORMAT`: the bytes are no state, are
// damaged, or are of another version. The engine is as it was.
//
// The caller promises:
// `engine` is null or live and used by no other thread during the call; the bytes can be read; `out_transfer` is null or
// has as many bytes as its `struct_size` says.
caltrop_status caltrop_engine_state_load(caltrop_engine *engine,
                                         caltrop_str state,
                                         caltrop_transfer *out_transfer);

// The rule at `index`, from 0, of those that the last `caltrop_engine_swap_ruleset` ended or the last
// `caltrop_engine_state_load` left out, in the order of their paths. The texts are the engine's and good until the next such
// call.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null, no such rule, or `out_rule->struct_size` is not set. Nothing is written.
//
// The caller promises:
// `engine` is null or live and used by no other thread during the call; `out_rule` is null or has as many bytes as its
// `struct_size` says.
caltrop_status caltrop_engine_left_out(caltrop_engine *engine,
                                       size_t index,
                                       caltrop_left_out *out_rule);

// Who is told in words what is lost of events, and what goes on when rules are swapped or a state is loaded; nobody, with a
// null `on_line`, as at first. Losses are told by `caltrop_engine_advance`, `caltrop_engine_finish` and
// `caltrop_engine_interrupt`: each kind when it is first seen, and whenever it has doubled.
//
// Errors:
// `CALTROP_E_ARGUMENT`: `engine` is null.
//
// The caller promises:
// `engine` is null or live and used by no other thread during the call; `on_line` is null or takes what its type says and
// does not unwind.
caltrop_status caltrop_engine_set_log(caltrop_engine *engine,
                                      caltrop_log_fn on_line,
                                      void *userdata);

// What the engine has seen and done. It is no error and no loss that some of these grow.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null, or `out_counters->struct_size` is not set. Nothing is written.
//
// The caller promises:
// `engine` is null or live and used by no other thread during the call; `out_counters` is null or has as many bytes as
// its `struct_size` says.
caltrop_status caltrop_engine_counters(caltrop_engine *engine,
                                       caltrop_counters *out_counters);

// What the rule at `rule_index` has made of the events.
//
// Errors:
// `CALTROP_E_ARGUMENT`: null, no such rule, or `out_counters->struct_size` is not set. Nothing is written.
//
// The caller promises:
// `engine` is null or live and used by no other thread during the call; `out_counters` is null or has as many bytes as
// its `struct_size` says.
caltrop_status caltrop_engine_rule_counters(caltrop_engine *engine,
                                            size_t rule_index,
                                            caltrop_rule_counters *out_counters);

// Why the last call on this engine that failed did, but for `CALTROP_E_BUSY`; empty if none has. The text is the
// engine's: it is good until the next call. No text if `engine` is null.
//
// The caller promises:
// `engine` is null or live and used by no other thread.
caltrop_str caltrop_engine_last_error(const caltrop_engine *engine);

#ifdef __cplusplus
} // extern "C"
#endif

#endif // CALTROP_H
