/* A ruleset in a file: edits arrive, a broken one leaves the last good ruleset in force, and repairs are seen. */

#include "check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { INTERVAL_MS = 5 };

static const char *flag(int number)
{
    static char ruleset[256];

    snprintf(ruleset, sizeof ruleset,
             "{\"number\": {\"variations\": {\"a\": %d}, \"defaultRule\": {\"variation\": \"a\"}}}", number);
    return ruleset;
}

static int64_t number_of(const pennon_client *client)
{
    return pennon_client_get_int(client, PENNON_LITERAL("number"), NULL, -7);
}

struct wish {
    pennon_client *client;
    int64_t number;
    int32_t state;
};

static int is_granted(void *data)
{
    struct wish *wish = data;

    return pennon_client_state(wish->client) == wish->state && number_of(wish->client) == wish->number;
}

static void becomes(pennon_client *client, int64_t number, int32_t state)
{
    struct wish wish = {client, number, state};

    eventually(is_granted, &wish, "the state and the flag");
}

static void edits_arrive(const char *path)
{
    pennon_client *client;

    write_file(path, flag(0));
    client = client_on_file(path, INTERVAL_MS);
    CHECK_INT(number_of(client), 0); /* It has been read when the client is there. */
    for (int edit = 1; edit <= rounds(20); edit++) {
        write_file(path, flag(edit));
        becomes(client, edit, PENNON_STATE_READY);
    }
    replace_file(path, flag(100));
    becomes(client, 100, PENNON_STATE_READY);
    pennon_client_free(client);
}

static void a_broken_edit_changes_nothing(const char *path)
{
    pennon_client *client;
    pennon_error *error = NULL;
    pennon_text *stats = NULL;

    write_file(path, flag(1));
    client = client_on_file(path, INTERVAL_MS);
    write_file(path, "{\"number\": ");
    becomes(client, 1, PENNON_STATE_STALE);
    CHECK_STATUS(pennon_client_wait_ready(client, 0), PENNON_STATUS_OK);
    CHECK_FAILS(pennon_client_refresh(client, &error), PENNON_STATUS_INVALID_RULESET, error);
    CHECK_STATUS(pennon_client_stats(client, &stats), PENNON_STATUS_OK);
    CHECK(is_json(pennon_text_data(stats, NULL)) && strstr(pennon_text_data(stats, NULL), path));
    pennon_text_free(stats);
    CHECK_INT(unlink(path), 0);
    becomes(client, 1, PENNON_STATE_STALE);
    CHECK_FAILS(pennon_client_refresh(client, &error), PENNON_STATUS_SOURCE, error);
    write_file(path, flag(2));
    becomes(client, 2, PENNON_STATE_READY);
    pennon_client_free(client);
}

static void a_missing_file_is_waited_for(const char *path)
{
    pennon_client *client;

    unlink(path);
    client = client_on_file(path, INTERVAL_MS);
    CHECK_INT(pennon_client_state(client), PENNON_STATE_ERROR);
    CHECK_STATUS(pennon_client_wait_ready(client, 20), PENNON_STATUS_NOT_READY);
    CHECK_INT(number_of(client), -7);
    replace_file(path, flag(3));
    CHECK_STATUS(pennon_client_wait_ready(client, 30000), PENNON_STATUS_OK);
    CHECK_INT(number_of(client), 3);
    pennon_client_free(client);
}

static void a_shutdown_ends_the_watch(const char *path)
{
    pennon_client *client;

    write_file(path, flag(1));
    client = client_on_file(path, INTERVAL_MS);
    CHECK_STATUS(pennon_client_shutdown(client, 5000), PENNON_STATUS_OK);
    write_file(path, flag(2));
    milliseconds(10 * INTERVAL_MS);
    CHECK_INT(number_of(client), 1);
    CHECK_STATUS(pennon_client_refresh(client, NULL), PENNON_STATUS_OK);
    CHECK_INT(number_of(client), 2);
    pennon_client_free(client);
}

int main(void)
{
    char path[256];

    snprintf(path, sizeof path, "%s", scratch("flags.json"));
    edits_arrive(path);
    a_broken_edit_changes_nothing(path);
    a_missing_file_is_waited_for(path);
    a_shutdown_ends_the_watch(path);
    unlink(path);
    return 0;
}
