/* What the C tests share: assertions that say where they failed, and clients to test. */

#ifndef CHECK_H
#define CHECK_H

#include <pennon.h>

#define CHECK(condition) check_true((condition) ? 1 : 0, #condition, __FILE__, __LINE__)
#define CHECK_INT(actual, expected) check_int((actual), (expected), #actual, __FILE__, __LINE__)
#define CHECK_STATUS(actual, expected) check_status((actual), (expected), #actual, __FILE__, __LINE__)
#define CHECK_TEXT(actual, expected) check_text((actual), (expected), #actual, __FILE__, __LINE__)
/* The call failed with this status and gave an error object that says so; frees it. */
#define CHECK_FAILS(call, expected, error) \
    (CHECK_STATUS((call), (expected)), check_error(&(error), (expected), #call, __FILE__, __LINE__))

/* A failed check ends the program: what follows would only hide it. */
void check_true(int condition, const char *what, const char *file, int line);
void check_int(int64_t actual, int64_t expected, const char *what, const char *file, int line);
void check_status(int32_t actual, int32_t expected, const char *what, const char *file, int line);
void check_text(const char *actual, const char *expected, const char *what, const char *file, int line);
void check_error(pennon_error **error, int32_t expected, const char *what, const char *file, int line);

/* Whether the text is one JSON value: its brackets and quotes close, which a cut or an unescaped text breaks. */
int is_json(const char *text);

/* How often to do a thing that is done `normal` times: less where PENNON_TEST_SLOWNESS says how slow it is here. */
int rounds(int normal);

/* Sleeps. */
void milliseconds(int time);

/* Milliseconds since some point in time. */
int64_t now(void);

/* Waits, as long as a slow machine may need, until `is_so` of `data` is; fails if it never is. */
void eventually(int (*is_so)(void *data), void *data, const char *what);

/* Runs a function on several threads, and waits for them; each gets its own number of 0 to `count` - 1. */
void on_threads(int count, void (*run)(void *data, int number), void *data);

/* Flags of every type, of every kind of answer. */
extern const char FLAGS[];
enum { FLAG_COUNT = 16 };

/* A client on a ruleset, and one on a file that is looked at every `interval` ms. */
pennon_client *client_on(const char *ruleset);
pennon_client *client_on_file(const char *path, int interval);

/* Options with more members, such as ", \"pool_size\": 1". */
pennon_options *options_with(const char *members);

/* A context from JSON. */
pennon_context *context_of(const char *json);

/* Evaluates a flag in full. */
pennon_evaluation *evaluation_of(const pennon_client *client, const char *key, int32_t type, const pennon_context *context);

/* Asks for every flag in every way; fails where an answer is wrong. Allocates little on the stack. */
void evaluate_everything(const pennon_client *client);

/* Writes a file, in place or (as editors do) by renaming. */
void write_file(const char *path, const char *text);
void replace_file(const char *path, const char *text);

/* A path in the directory of the test, unlike those of other processes; valid until the next call. */
const char *scratch(const char *name);

#endif
