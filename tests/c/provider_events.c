/* The callback for provider events: what it is told, in which order, and what may be called from inside it; and the functions
 * that report and flush. */

#include "check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 64 };

/* What a callback heard. */
struct heard {
    int calls;
    int frees;
    int kinds[MOST];
    int states[MOST];
    char flags[MOST][64];
    char json[MOST][512];
    void (*inside)(struct heard *heard);
    pennon_client *client;
};

static int count(int *counter)
{
    return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

static void on_event(void *userdata, const pennon_provider_event *event)
{
    struct heard *heard = userdata;
    int index = count(&heard->calls);
    size_t length = 0;
    size_t flag;

    CHECK(index < MOST);
    CHECK_INT(count(&heard->frees), 0);
    heard->kinds[index] = pennon_provider_event_get_kind(event);
    heard->states[index] = pennon_provider_event_state(event);
    for (flag = 0; flag < pennon_provider_event_flag_count(event); flag++) {
        strncat(heard->flags[index], pennon_provider_event_flag(event, flag, &length), 30);
        CHECK_INT((int64_t)strlen(pennon_provider_event_flag(event, flag, NULL)), (int64_t)length);
        strncat(heard->flags[index], " ", 2);
    }
    CHECK_TEXT(pennon_provider_event_flag(event, flag, NULL), "");
    snprintf(heard->json[index], sizeof heard->json[index], "%s", pennon_provider_event_json(event, &length));
    CHECK(length == strlen(pennon_provider_event_json(event, NULL)) && is_json(heard->json[index]));
    CHECK(strchr(pennon_provider_event_message(event, NULL), '\n') == NULL);
    if (heard->inside != NULL) {
        heard->inside(heard);
    }
    __atomic_fetch_add(&heard->calls, 1, __ATOMIC_ACQ_REL);
}

static void on_free(void *userdata)
{
    struct heard *heard = userdata;

    __atomic_fetch_add(&heard->frees, 1, __ATOMIC_ACQ_REL);
}

static pennon_client *heard_client(struct heard *heard, const char *members)
{
    pennon_options *options = options_with(members);
    pennon_client *client = NULL;

    CHECK_STATUS(pennon_options_on_provider_event(options, on_event, heard, on_free, NULL), PENNON_STATUS_OK);
    CHECK_STATUS(pennon_client_create(options, &client, NULL), PENNON_STATUS_OK);
    return client;
}

static void set(pennon_client *client, const char *ruleset, int32_t expected)
{
    CHECK_STATUS(pennon_client_set_ruleset(client, ruleset, PENNON_ZERO_TERMINATED, NULL), expected);
}

#define FLAG "{\"variations\": {\"v\": true}, \"defaultRule\": {\"variation\": \"v\"}}"

static void states_and_changes_are_told_in_their_order(void)
{
    struct heard heard = {0};
    pennon_client *client = heard_client(&heard, "");
    static const int KINDS[] = {
        PENNON_PROVIDER_EVENT_STATE, PENNON_PROVIDER_EVENT_CONFIGURATION_CHANGED,
        PENNON_PROVIDER_EVENT_REFRESH_FAILED, PENNON_PROVIDER_EVENT_STATE, PENNON_PROVIDER_EVENT_CONFIGURATION_CHANGED,
        PENNON_PROVIDER_EVENT_STATE,
    };

    CHECK_INT(heard.calls, 0);
    set(client, "{\"a\": " FLAG "}", PENNON_STATUS_OK);
    set(client, "{\"a\": " FLAG "}", PENNON_STATUS_OK); /* The same: nothing to tell. */
    set(client, "{\"a\": " FLAG ", \"b\": " FLAG ", \"c\": " FLAG "}", PENNON_STATUS_OK);
    set(client, "{\"a\":", PENNON_STATUS_INVALID_RULESET);
    set(client, "{}", PENNON_STATUS_OK);
    CHECK_INT(heard.calls, 6);
    for (int index = 0; index < 6; index++) {
        CHECK_INT(heard.kinds[index], KINDS[index]);
    }
    CHECK_INT(heard.states[0], PENNON_STATE_READY);
    CHECK_TEXT(heard.flags[1], "b c ");
    CHECK_INT(heard.states[3], PENNON_STATE_STALE);
    CHECK_TEXT(heard.flags[4], "a b c ");
    CHECK_INT(heard.states[5], PENNON_STATE_READY);
    CHECK(strstr(heard.json[1], "\"event\":\"configuration_changed\",\"flags\":[\"b\",\"c\"],\"source\":\"application\"") != NULL);
    pennon_client_free(client);
    CHECK_INT(heard.frees, 1);
}

static void call_what_waits(struct heard *heard)
{
    uint64_t pending = 77;

    CHECK_STATUS(pennon_client_wait_ready(heard->client, 60000), PENNON_STATUS_IN_CALLBACK);
    CHECK_STATUS(pennon_client_flush(heard->client, 60000, &pending), PENNON_STATUS_IN_CALLBACK);
    CHECK_STATUS(pennon_client_shutdown(heard->client, 60000), PENNON_STATUS_IN_CALLBACK);
    CHECK_STATUS(pennon_client_refresh(heard->client, NULL), PENNON_STATUS_IN_CALLBACK);
    CHECK_INT((int64_t)pending, 77);
    CHECK_INT(pennon_client_state(heard->client), PENNON_STATE_READY);
    CHECK(pennon_client_get_bool(heard->client, "bool", 4, NULL, 0));
    CHECK_STATUS(pennon_client_track(heard->client, "inside", 6, NULL, NULL, 0, NULL), PENNON_STATUS_OK);
}

static void free_the_client(struct heard *heard)
{
    pennon_client_free(heard->client);
    CHECK_STATUS(pennon_client_wait_ready(heard->client, 0), PENNON_STATUS_IN_CALLBACK);
    CHECK_INT(pennon_client_state(heard->client), PENNON_STATE_FATAL);
    CHECK_INT(heard->frees, 0);
}

static void anything_but_waiting_may_be_done_inside(void)
{
    struct heard heard = {0};
    pennon_client *client = heard_client(&heard, "");

    heard.client = client;
    heard.inside = call_what_waits;
    set(client, FLAGS, PENNON_STATUS_OK);
    CHECK_INT(heard.calls, 1);
    heard.inside = free_the_client;
    pennon_client_set_ruleset(client, "{", 1, NULL);
    CHECK_INT(heard.frees, 1);
}

static int has_said_stale(void *data)
{
    struct heard *heard = data;
    int calls = count(&heard->calls);

    return calls > 0 && heard->states[calls - 1] == PENNON_STATE_STALE;
}

/* The watching thread tells too, and not after the client is freed. */
static void nothing_is_told_after_free(void)
{
    const char *path = scratch("events.json");
    char members[512];

    snprintf(members, sizeof members, ", \"ruleset_file\": \"%s\", \"watch_interval_ms\": 2", path);
    for (int round = 0; round < rounds(10); round++) {
        struct heard heard = {0};
        pennon_client *client;

        write_file(path, FLAGS);
        client = heard_client(&heard, members);
        write_file(path, "{");
        eventually(has_said_stale, &heard, "the client is stale");
        write_file(path, FLAGS);
        pennon_client_free(client);
        CHECK_INT(count(&heard.frees), 1);
        write_file(path, "{\"");
        milliseconds(5);
    }
    unlink(path);
}

static int is_in_error(void *data)
{
    return pennon_client_state(data) == PENNON_STATE_ERROR;
}

/* A service that is not there: everything is bounded, and what is lost is counted. */
static void a_service_that_is_not_there(void)
{
    struct heard heard = {0};
    pennon_client *client = heard_client(&heard, ", \"endpoint\": \"http://127.0.0.1:9\", \"poll_interval_ms\": 20");
    pennon_context *user = context_of("{\"targetingKey\": \"ann\"}");
    pennon_error *error = NULL;
    pennon_text *text = NULL;
    uint64_t pending = 0;
    int64_t start = now();

    eventually(is_in_error, client, "the client is in error");
    CHECK_FAILS(pennon_client_refresh(client, &error), PENNON_STATUS_SOURCE, error);
    CHECK_STATUS(pennon_client_track(client, PENNON_LITERAL("buy"), user, PENNON_LITERAL("{\"value\": 1}"), NULL), PENNON_STATUS_OK);
    CHECK_FAILS(pennon_client_track(client, NULL, 0, user, NULL, 0, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
    CHECK_FAILS(pennon_client_track(client, "x", 1, user, "[", 1, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
    CHECK_FAILS(pennon_client_track(client, "\xff", 1, user, NULL, 0, &error), PENNON_STATUS_INVALID_UTF8, error);
    CHECK_FAILS(pennon_client_set_api_key(client, "a\nb", 3, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
    CHECK_STATUS(pennon_client_set_api_key(client, PENNON_LITERAL("key"), NULL), PENNON_STATUS_OK);
    CHECK_STATUS(pennon_client_flush(client, 50, &pending), PENNON_STATUS_EVENTS_REMAIN);
    CHECK_INT((int64_t)pending, 1);
    CHECK_STATUS(pennon_client_shutdown(client, 50), PENNON_STATUS_EVENTS_REMAIN);
    CHECK_STATUS(pennon_client_flush(client, 50, &pending), PENNON_STATUS_OK);
    CHECK(now() - start < 20000);
    CHECK_STATUS(pennon_client_prometheus(client, &text), PENNON_STATUS_OK);
    CHECK(strstr(pennon_text_data(text, NULL), "\npennon_events_dropped_total 1\n") != NULL);
    CHECK(strstr(pennon_text_data(text, NULL), "\npennon_state 3\n") != NULL);
    pennon_text_free(text);
    CHECK_STATUS(pennon_client_stats(client, &text), PENNON_STATUS_OK);
    CHECK(is_json(pennon_text_data(text, NULL)));
    pennon_text_free(text);
    pennon_context_free(user);
    pennon_client_free(client);
    CHECK_INT(heard.frees, 1);
    CHECK_STATUS(pennon_client_flush(client, 0, NULL), PENNON_STATUS_INVALID_HANDLE);
    CHECK_STATUS(pennon_client_track(client, "x", 1, NULL, NULL, 0, NULL), PENNON_STATUS_INVALID_HANDLE);
    CHECK_STATUS(pennon_client_set_api_key(client, "x", 1, NULL), PENNON_STATUS_INVALID_HANDLE);
    CHECK_STATUS(pennon_client_prometheus(client, &text), PENNON_STATUS_INVALID_HANDLE);
}

static void flush_for_a_minute(void *data, int number)
{
    pennon_client *client = data;

    if (number == 0) {
        int32_t status = pennon_client_flush(client, 60000, NULL);
        CHECK(status == PENNON_STATUS_EVENTS_REMAIN || status == PENNON_STATUS_OK || status == PENNON_STATUS_INVALID_HANDLE);
    } else {
        milliseconds(100);
        pennon_client_free(client);
    }
}

/* Who waits in a client that is freed gives up. */
static void free_wakes_who_flushes(void)
{
    struct heard heard = {0};
    pennon_client *client = heard_client(&heard, ", \"endpoint\": \"http://127.0.0.1:9\"");
    int64_t start = now();

    CHECK_STATUS(pennon_client_track(client, "x", 1, NULL, NULL, 0, NULL), PENNON_STATUS_OK);
    on_threads(2, flush_for_a_minute, client);
    CHECK(now() - start < 10000);
    CHECK_INT(count(&heard.frees), 1);
}

static void what_is_wrong_is_said(void)
{
    struct heard heard[3] = {{0}};
    pennon_options *options = options_with("");
    pennon_error *error = NULL;

    CHECK_FAILS(pennon_options_on_provider_event(options, NULL, &heard[0], on_free, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
    CHECK_FAILS(pennon_options_on_provider_event(NULL, on_event, &heard[1], on_free, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
    CHECK_STATUS(pennon_options_on_provider_event(options, on_event, &heard[2], on_free, NULL), PENNON_STATUS_OK);
    pennon_options_free(options);
    for (int index = 0; index < 3; index++) {
        CHECK_INT(heard[index].frees, 1);
    }
    CHECK_INT(pennon_provider_event_get_kind(NULL), PENNON_PROVIDER_EVENT_NONE);
    CHECK_TEXT(pennon_provider_event_json(NULL, NULL), "");
}

int main(void)
{
    what_is_wrong_is_said();
    states_and_changes_are_told_in_their_order();
    anything_but_waiting_may_be_done_inside();
    nothing_is_told_after_free();
    a_service_that_is_not_there();
    free_wakes_who_flushes();
    return 0;
}
