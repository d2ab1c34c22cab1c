/* The log callback: it is called, its userdata is freed exactly once on every path, and what may be called from inside it. */

#include "check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The userdata of the tests' callbacks. */
struct listener {
    int calls;
    int frees;
    int calls_after_free;
    void (*inside)(struct listener *listener);
    pennon_client *client;
    char last[512];
};

static int count(int *counter)
{
    return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

static void on_log(void *userdata, int32_t level, const char *message, size_t length)
{
    struct listener *listener = userdata;

    CHECK(level >= PENNON_LOG_LEVEL_ERROR && level <= PENNON_LOG_LEVEL_DEBUG);
    CHECK(length > 0 && length == strlen(message) && strchr(message, '\n') == NULL);
    if (count(&listener->frees) > 0) {
        __atomic_fetch_add(&listener->calls_after_free, 1, __ATOMIC_ACQ_REL);
    }
    snprintf(listener->last, sizeof listener->last, "%s", message);
    if (listener->inside != NULL) {
        listener->inside(listener);
    }
    __atomic_fetch_add(&listener->calls, 1, __ATOMIC_ACQ_REL);
}

static void on_free(void *userdata)
{
    struct listener *listener = userdata;

    __atomic_fetch_add(&listener->frees, 1, __ATOMIC_ACQ_REL);
}

static pennon_options *heard(struct listener *listener, const char *members)
{
    pennon_options *options = options_with(members);

    CHECK_STATUS(pennon_options_on_log(options, on_log, listener, on_free, NULL), PENNON_STATUS_OK);
    CHECK_INT(listener->frees, 0);
    return options;
}

/* A client on flags, or on a file where one is named. */
static pennon_client *heard_client(struct listener *listener, const char *file)
{
    pennon_client *client = NULL;
    char members[512];

    snprintf(members, sizeof members, ", \"ruleset_file\": \"%s\", \"watch_interval_ms\": 2", file ? file : "");
    CHECK_STATUS(pennon_client_create(heard(listener, file ? members : ""), &client, NULL), PENNON_STATUS_OK);
    if (file == NULL) {
        CHECK_STATUS(pennon_client_set_ruleset(client, FLAGS, PENNON_ZERO_TERMINATED, NULL), PENNON_STATUS_OK);
    }
    return client;
}

/* Makes the client say something, on this thread. */
static void provoke(pennon_client *client)
{
    CHECK_STATUS(pennon_client_set_ruleset(client, "{", 1, NULL), PENNON_STATUS_INVALID_RULESET);
}

static void userdata_is_freed_where_no_client_is_made(void)
{
    struct listener listeners[7] = {{0}};
    pennon_client *client = NULL;
    pennon_options *options = options_with("");

    pennon_options_free(heard(&listeners[0], ""));
    CHECK_STATUS(pennon_options_on_log(options, NULL, &listeners[1], on_free, NULL), PENNON_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(pennon_options_on_log(NULL, on_log, &listeners[2], on_free, NULL), PENNON_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(pennon_options_on_log(options, on_log, &listeners[3], on_free, NULL), PENNON_STATUS_OK);
    CHECK_STATUS(pennon_options_on_log(options, on_log, NULL, NULL, NULL), PENNON_STATUS_OK); /* In its place. */
    CHECK_STATUS(pennon_client_create(heard(&listeners[4], ""), NULL, NULL), PENNON_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(pennon_client_create(heard(&listeners[5], ", \"ruleset\": \"[\""), &client, NULL),
                 PENNON_STATUS_INVALID_RULESET);
    CHECK_STATUS(pennon_client_create(heard(&listeners[6], ", \"ruleset\": {}, \"ruleset_file\": \"x\""), &client, NULL),
                 PENNON_STATUS_INVALID_OPTION);
    for (int index = 0; index < 7; index++) {
        CHECK_INT(listeners[index].frees, 1);
    }
    pennon_options_free(options);
}

static void userdata_is_freed_with_the_client(void)
{
    struct listener listener = {0};
    pennon_client *client = heard_client(&listener, NULL);

    provoke(client);
    CHECK_INT(listener.calls, 1);
    CHECK(strstr(listener.last, "last good") != NULL);
    CHECK_STATUS(pennon_client_shutdown(client, 1000), PENNON_STATUS_OK);
    CHECK_INT(listener.frees, 0);
    provoke(client);
    pennon_client_free(client);
    pennon_client_free(client);
    CHECK_INT(listener.calls, 2);
    CHECK_INT(listener.frees, 1);
}

/* Frees while the watching thread has something to say all the time. */
static void nothing_is_called_after_free(void)
{
    const char *path = scratch("broken.json");

    for (int round = 0; round < rounds(20); round++) {
        static const char *const BROKEN[] = {"{", "{\"", "{\"a", "{\"a\""};
        struct listener listener = {0};
        pennon_client *client;
        write_file(path, "{}");
        client = heard_client(&listener, path);
        for (int edit = 0; edit < 4 + round; edit++) {
            write_file(path, BROKEN[edit % 4]);
            milliseconds(edit % 3);
        }
        pennon_client_free(client);
        CHECK_INT(count(&listener.frees), 1);
        CHECK_INT(count(&listener.calls_after_free), 0);
        write_file(path, "[");
        milliseconds(5);
        CHECK_INT(count(&listener.calls_after_free), 0);
    }
    unlink(path);
}

static void call_what_waits(struct listener *listener)
{
    pennon_error *error = NULL;

    CHECK_STATUS(pennon_client_wait_ready(listener->client, 60000), PENNON_STATUS_IN_CALLBACK);
    CHECK_STATUS(pennon_client_shutdown(listener->client, 60000), PENNON_STATUS_IN_CALLBACK);
    CHECK_FAILS(pennon_client_refresh(listener->client, &error), PENNON_STATUS_IN_CALLBACK, error);
    CHECK_INT(pennon_client_state(listener->client), PENNON_STATE_STALE);
    evaluate_everything(listener->client);
}

static void calls_from_inside(void)
{
    struct listener listener = {0};
    pennon_client *client = heard_client(&listener, NULL);

    listener.inside = call_what_waits;
    listener.client = client;
    provoke(client);
    CHECK_INT(listener.calls, 1);
    CHECK_STATUS(pennon_client_wait_ready(client, 0), PENNON_STATUS_OK); /* Outside again. */
    CHECK_STATUS(pennon_client_refresh(client, NULL), PENNON_STATUS_OK);
    evaluate_everything(client);
    pennon_client_free(client);
    CHECK_INT(listener.frees, 1);
}

static void change_the_ruleset(struct listener *listener)
{
    if (listener->calls == 0) {
        listener->inside = NULL;
        CHECK_STATUS(pennon_client_set_ruleset(listener->client, "{}", 2, NULL), PENNON_STATUS_OK);
        provoke(listener->client); /* A callback inside a callback. */
        CHECK_STATUS(pennon_client_wait_ready(listener->client, 0), PENNON_STATUS_IN_CALLBACK);
    }
}

static void changes_from_inside(void)
{
    struct listener listener = {0};
    pennon_client *client = heard_client(&listener, NULL);

    listener.inside = change_the_ruleset;
    listener.client = client;
    provoke(client);
    CHECK_INT(listener.calls, 2);
    CHECK_INT(pennon_client_get_int(client, "int", 3, NULL, -7), -7);
    pennon_client_free(client);
    CHECK_INT(listener.frees, 1);
}

static void free_it(struct listener *listener)
{
    pennon_client_free(listener->client);
    CHECK_INT(pennon_client_state(listener->client), PENNON_STATE_FATAL);
    CHECK_INT(listener->frees, 0); /* Not while it is being called. */
}

static int is_freed(void *data)
{
    struct listener *listener = data;

    return count(&listener->frees) == 1;
}

static void free_from_inside(void)
{
    struct listener listener = {0};
    pennon_client *client = heard_client(&listener, NULL);

    listener.inside = free_it;
    listener.client = client;
    provoke(client);
    CHECK_INT(listener.calls, 1);
    CHECK_INT(listener.frees, 1);
    CHECK_INT(pennon_client_state(client), PENNON_STATE_FATAL);
}

/* The same on the thread that watches the file, which thereby ends itself. */
static void free_from_inside_the_watch(void)
{
    const char *path = scratch("watched.json");
    struct listener listener = {0};

    write_file(path, "{}");
    listener.client = heard_client(&listener, path);
    listener.inside = free_it;
    write_file(path, "{");
    eventually(is_freed, &listener, "freed from inside the watching thread");
    CHECK_INT(count(&listener.calls), 1);
    CHECK_INT(count(&listener.calls_after_free), 0);
    unlink(path);
}

static void provoke_on_one_thread(void *data, int number)
{
    (void)number;
    for (int round = 0; round < rounds(50); round++) {
        provoke(data);
    }
}

static void listen_only(void *userdata, int32_t level, const char *message, size_t length)
{
    (void)level, (void)message, (void)length;
    __atomic_fetch_add((int *)userdata, 1, __ATOMIC_ACQ_REL);
}

static void calls_on_many_threads(void)
{
    int calls = 0;
    pennon_options *options = options_with(", \"ruleset\": {}");
    pennon_client *client = NULL;

    CHECK_STATUS(pennon_options_on_log(options, listen_only, &calls, NULL, NULL), PENNON_STATUS_OK);
    CHECK_STATUS(pennon_client_create(options, &client, NULL), PENNON_STATUS_OK);
    on_threads(8, provoke_on_one_thread, client);
    CHECK_INT(calls, 8 * rounds(50));
    pennon_client_free(client);
}

int main(void)
{
    userdata_is_freed_where_no_client_is_made();
    userdata_is_freed_with_the_client();
    calls_from_inside();
    changes_from_inside();
    free_from_inside();
    calls_on_many_threads();
    free_from_inside_the_watch();
    nothing_is_called_after_free();
    return 0;
}
