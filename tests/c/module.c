/* The vendor's own module behind the C ABI: the same answers as our evaluator's, on any thread and in a forked child; a
 * module that is none is refused. The program is given the module's path, and is skipped where that is absent. */

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIPPED = 77, THREADS = 4, ROUNDS = 20 };

/* Made of what the module answers as our evaluator does: no numbers that it prints in another way. */
static const char *const KEYS[] = {"bool", "double", "empty", "string", "utf8", "disabled", "split", "targeted"};
enum { KEY_COUNT = sizeof KEYS / sizeof *KEYS };

struct pair {
    pennon_client *ours;
    pennon_client *theirs;
};

static int create_with(const char *path, pennon_client **client, pennon_error **error)
{
    char members[1024];
    pennon_options *options;

    snprintf(members, sizeof members, ", \"pool_size\": 2, \"module_path\": \"%s\"", path);
    options = options_with(members);
    CHECK_STATUS(pennon_options_set_ruleset(options, FLAGS, PENNON_ZERO_TERMINATED, NULL), PENNON_STATUS_OK);
    return pennon_client_create(options, client, error);
}

static void compare(void *data, int number)
{
    const struct pair *pair = data;
    pennon_context *context = context_of(number % 2 ? "{\"targetingKey\": \"ann\", \"plan\": \"pro\"}"
                                                    : "{\"targetingKey\": \"bob\", \"plan\": \"free\"}");
    int i;
    int key;

    for (i = 0; i < rounds(ROUNDS); i++) {
        for (key = 0; key < KEY_COUNT; key++) {
            pennon_evaluation *ours = evaluation_of(pair->ours, KEYS[key], 0, context);
            pennon_evaluation *theirs = evaluation_of(pair->theirs, KEYS[key], 0, context);

            CHECK_TEXT(pennon_evaluation_variant(theirs, NULL), pennon_evaluation_variant(ours, NULL));
            CHECK_TEXT(pennon_evaluation_json(theirs, NULL), pennon_evaluation_json(ours, NULL));
            CHECK_INT(pennon_evaluation_reason(theirs), pennon_evaluation_reason(ours));
            CHECK_INT(pennon_evaluation_error_code(theirs), pennon_evaluation_error_code(ours));
            CHECK_INT(pennon_evaluation_type(theirs), pennon_evaluation_type(ours));
            pennon_evaluation_free(ours);
            pennon_evaluation_free(theirs);
        }
    }
    pennon_context_free(context);
}

static void compare_in_a_child(struct pair *pair)
{
    int status = 0;
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        compare(pair, 1);
        _exit(0);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void refuses_what_is_no_module(void)
{
    pennon_client *client = NULL;
    pennon_error *error = NULL;

    CHECK_FAILS(create_with("/nowhere/module.wasm", &client, &error), PENNON_STATUS_INVALID_OPTION, error);
    write_file(scratch("no-module.wasm"), "this is no module");
    CHECK_FAILS(create_with(scratch("no-module.wasm"), &client, &error), PENNON_STATUS_INVALID_OPTION, error);
    CHECK(client == NULL);
    remove(scratch("no-module.wasm"));
}

int main(int count, char **arguments)
{
    struct pair pair = {NULL, NULL};
    pennon_error *error = NULL;

    if (count != 2 || access(arguments[1], R_OK) != 0) {
        printf("skipped: the module is absent; tests/module/fetch.sh fetches it\n");
        return SKIPPED;
    }
    refuses_what_is_no_module();
    if (create_with(arguments[1], &pair.theirs, &error)) {
        CHECK_TEXT(pennon_error_message(error, NULL), "");
    }
    pair.ours = client_on(FLAGS);
    compare(&pair, 0);
    on_threads(THREADS, compare, &pair);
    compare_in_a_child(&pair);
    pennon_client_free(pair.ours);
    pennon_client_free(pair.theirs);
    return 0;
}
