/* Handles: stale, freed twice, foreign and null ones; races with pennon_client_free; as many clients as there can be. */

#include "check.h"

#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, MAX_CLIENTS = 1024 };

/* What every function says of a handle that is none. */
static void every_function_refuses(pennon_client *client)
{
    pennon_evaluation *evaluation = NULL;
    pennon_evaluations *all = NULL;
    pennon_text *text = NULL;
    pennon_error *error = NULL;
    char buffer[8] = "";

    CHECK_STATUS(pennon_client_wait_ready(client, 60000), PENNON_STATUS_INVALID_HANDLE);
    CHECK_INT(pennon_client_state(client), PENNON_STATE_FATAL);
    CHECK_FAILS(pennon_client_refresh(client, &error), PENNON_STATUS_INVALID_HANDLE, error);
    CHECK_FAILS(pennon_client_set_ruleset(client, "{}", 2, &error), PENNON_STATUS_INVALID_HANDLE, error);
    CHECK_STATUS(pennon_client_stats(client, &text), PENNON_STATUS_INVALID_HANDLE);
    CHECK_STATUS(pennon_client_diagnostics(client, &text), PENNON_STATUS_INVALID_HANDLE);
    CHECK_FAILS(pennon_client_attributes(client, "bool", 4, &text, &error), PENNON_STATUS_INVALID_HANDLE, error);
    CHECK_FAILS(pennon_client_explain(client, "bool", 4, NULL, &text, &error), PENNON_STATUS_INVALID_HANDLE, error);
    CHECK_FAILS(pennon_client_segments(client, NULL, &text, &error), PENNON_STATUS_INVALID_HANDLE, error);
    CHECK_STATUS(pennon_client_shutdown(client, 60000), PENNON_STATUS_INVALID_HANDLE);
    CHECK(pennon_client_get_bool(client, "bool", 4, NULL, 1) && !pennon_client_get_bool(client, "bool", 4, NULL, 0));
    CHECK_INT(pennon_client_get_int(client, "int", 3, NULL, -7), -7);
    CHECK(pennon_client_get_double(client, "double", 6, NULL, 0.5) == 0.5);
    CHECK_STATUS(pennon_client_get_string(client, "string", 6, NULL, "else", 4, buffer, 8, NULL),
                 PENNON_STATUS_INVALID_HANDLE);
    CHECK_TEXT(buffer, "else");
    CHECK_STATUS(pennon_client_get_json(client, "object", 6, NULL, "{}", 2, buffer, 8, NULL), PENNON_STATUS_INVALID_HANDLE);
    CHECK_TEXT(buffer, "{}");
    CHECK_FAILS(pennon_client_evaluate(client, "bool", 4, 0, NULL, &evaluation, &error), PENNON_STATUS_INVALID_HANDLE, error);
    CHECK_FAILS(pennon_client_evaluate_all(client, NULL, NULL, 0, &all, &error), PENNON_STATUS_INVALID_HANDLE, error);
    CHECK(evaluation == NULL && all == NULL && text == NULL);
    pennon_client_free(client);
}

static void handles_that_are_none(void)
{
    pennon_client *freed = client_on(FLAGS);
    pennon_client *live = client_on(FLAGS);
    char *memory = malloc(64);
    int on_stack = 0;

    pennon_client_free(freed);
    every_function_refuses(freed);
    every_function_refuses(NULL);
    every_function_refuses((pennon_client *)(void *)memory);
    every_function_refuses((pennon_client *)(void *)&on_stack);
    every_function_refuses((pennon_client *)UINTPTR_MAX);
    for (uintptr_t bit = 1; bit != 0; bit <<= 1) {
        every_function_refuses((pennon_client *)bit);
        every_function_refuses((pennon_client *)((uintptr_t)live ^ bit));
    }
    evaluate_everything(live);
    pennon_client_free(live);
    free(memory);
}

static void two_clients_are_two(void)
{
    pennon_client *first = client_on(FLAGS);
    pennon_client *second = client_on("{\"int\": {\"variations\": {\"a\": 2}, \"defaultRule\": {\"variation\": \"a\"}}}");
    pennon_client *third;

    CHECK_INT(pennon_client_get_int(second, "int", 3, NULL, -7), 2);
    evaluate_everything(first);
    pennon_client_free(first);
    CHECK_INT(pennon_client_get_int(second, "int", 3, NULL, -7), 2);
    third = client_on(FLAGS);
    CHECK(third != first); /* Although it may have taken its place. */
    every_function_refuses(first);
    evaluate_everything(third);
    pennon_client_free(second);
    pennon_client_free(third);
}

/* A client that some threads use while another frees it and makes the next one. */
struct race {
    pennon_client *client;
    int over;
};

static void use(const struct race *race, const pennon_context *user)
{
    pennon_client *client = __atomic_load_n(&race->client, __ATOMIC_ACQUIRE);
    pennon_evaluation *evaluation = NULL;
    pennon_evaluations *all = NULL;
    char buffer[16];
    int64_t number = pennon_client_get_int(client, "whole", 5, user, -7);
    int32_t status = pennon_client_get_string(client, "targeted", 8, user, "gone", 4, buffer, sizeof buffer, NULL);

    CHECK(number == 5 || number == -7);
    CHECK(status == PENNON_STATUS_OK || status == PENNON_STATUS_INVALID_HANDLE);
    CHECK(strcmp(buffer, "for you") == 0 || strcmp(buffer, "gone") == 0);
    status = pennon_client_evaluate(client, "targeted", 8, 0, user, &evaluation, NULL);
    CHECK(status == (evaluation ? PENNON_STATUS_OK : PENNON_STATUS_INVALID_HANDLE));
    status = pennon_client_evaluate_all(client, user, NULL, 0, &all, NULL);
    CHECK(status == (all ? PENNON_STATUS_OK : PENNON_STATUS_INVALID_HANDLE));
    CHECK(all == NULL || pennon_evaluations_count(all) == FLAG_COUNT);
    pennon_evaluation_free(evaluation);
    pennon_evaluations_free(all);
}

static void race_on_one_thread(void *data, int number)
{
    struct race *race = data;
    pennon_context *user = context_of("{\"targetingKey\": \"ann\", \"plan\": \"pro\"}");

    if (number > 0) {
        while (!__atomic_load_n(&race->over, __ATOMIC_ACQUIRE)) {
            use(race, user);
        }
    }
    for (int round = 0; number == 0 && round < rounds(200); round++) {
        pennon_client *next = client_on(FLAGS);
        pennon_client_free(__atomic_exchange_n(&race->client, next, __ATOMIC_ACQ_REL));
        milliseconds(round % 3);
    }
    if (number == 0) {
        __atomic_store_n(&race->over, 1, __ATOMIC_RELEASE);
    }
    pennon_context_free(user);
}

static void free_while_others_evaluate(void)
{
    struct race race = {client_on(FLAGS), 0};

    on_threads(THREADS, race_on_one_thread, &race);
    evaluate_everything(race.client);
    pennon_client_free(race.client);
}

static void free_one(void *data, int number)
{
    (void)number;
    pennon_client_free(data);
}

static void free_on_all_threads_at_once(void)
{
    for (int round = 0; round < rounds(50); round++) {
        pennon_client *client = client_on(FLAGS);
        on_threads(THREADS, free_one, client);
        CHECK_INT(pennon_client_state(client), PENNON_STATE_FATAL);
    }
}

static int freed_userdata;

static void count_free(void *userdata)
{
    (void)userdata;
    freed_userdata++;
}

static void log_nothing(void *userdata, int32_t level, const char *message, size_t length)
{
    (void)userdata, (void)level, (void)message, (void)length;
}

static int32_t create_one(pennon_client **client, pennon_error **error)
{
    pennon_options *options = options_with(", \"pool_size\": 1, \"ruleset\": {}");

    CHECK_STATUS(pennon_options_on_log(options, log_nothing, NULL, count_free, NULL), PENNON_STATUS_OK);
    return pennon_client_create(options, client, error);
}

static void as_many_clients_as_there_can_be(void)
{
    static pennon_client *clients[MAX_CLIENTS];
    pennon_client *more = NULL;
    pennon_error *error = NULL;

    freed_userdata = 0;
    for (int index = 0; index < MAX_CLIENTS; index++) {
        CHECK_STATUS(create_one(&clients[index], NULL), PENNON_STATUS_OK);
    }
    CHECK_INT(freed_userdata, 0);
    CHECK_FAILS(create_one(&more, &error), PENNON_STATUS_TOO_MANY_CLIENTS, error);
    CHECK(more == NULL && freed_userdata == 1);
    pennon_client_free(clients[500]);
    CHECK_STATUS(create_one(&clients[500], NULL), PENNON_STATUS_OK);
    CHECK_STATUS(create_one(&more, NULL), PENNON_STATUS_TOO_MANY_CLIENTS);
    for (int index = 0; index < MAX_CLIENTS; index++) {
        pennon_client_free(clients[index]);
    }
    CHECK_INT(freed_userdata, MAX_CLIENTS + 3);
}

int main(void)
{
    handles_that_are_none();
    two_clients_are_two();
    free_on_all_threads_at_once();
    free_while_others_evaluate();
    as_many_clients_as_there_can_be();
    two_clients_are_two();
    return 0;
}
