/*
 * Evaluates the flags of a file for a handful of users, changes the file, and shows the change arriving.
 *
 *     demo flags.json
 */

#include <pennon.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 2000 };

static void on_log(void *userdata, int32_t level, const char *message, size_t message_length)
{
    (void)userdata;
    fprintf(stderr, "pennon [%" PRId32 "]: %.*s\n", level, (int)message_length, message);
}

static void fail(pennon_error *error)
{
    fprintf(stderr, "%s: %s\n", pennon_status_name(pennon_error_status(error)), pennon_error_message(error, NULL));
    pennon_error_free(error);
    exit(1);
}

static double nanoseconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* A client on a flags file that is looked at every 50 ms. */
static pennon_client *open_client(const char *path)
{
    pennon_options *options = NULL;
    pennon_client *client = NULL;
    pennon_error *error = NULL;
    char json[4096];

    snprintf(json, sizeof json, "{\"service\": \"goff\", \"ruleset_file\": \"%s\", \"watch_interval_ms\": 50}", path);
    if (pennon_options_from_json(json, PENNON_ZERO_TERMINATED, &options, &error)
        || pennon_options_on_log(options, on_log, NULL, NULL, &error)
        || pennon_client_create(options, &client, &error)) {
        fail(error);
    }
    if (pennon_client_wait_ready(client, 2000) != PENNON_STATUS_OK) {
        fprintf(stderr, "no ruleset in %s\n", path);
        exit(1);
    }
    return client;
}

/* The mean time of an evaluation, without what it takes to read the answer in full. */
static double time_of(const pennon_client *client, const char *key, const pennon_context *user)
{
    char buffer[256];
    double start = nanoseconds();

    for (int round = 0; round < ROUNDS; round++) {
        pennon_client_get_string(client, key, PENNON_ZERO_TERMINATED, user, "", 0, buffer, sizeof buffer, NULL);
    }
    return (nanoseconds() - start) / ROUNDS;
}

static void print_row(const pennon_client *client, const pennon_evaluation *evaluation, const char *name,
                      const pennon_context *user)
{
    const char *key = pennon_evaluation_key(evaluation, NULL);
    const char *value = pennon_evaluation_json(evaluation, NULL);
    int32_t failed = pennon_evaluation_error_code(evaluation);

    printf("%-16s %-8s %-34.34s %-12s %-22s %6.0f ns\n", key, name, *value ? value : "(default)",
           pennon_evaluation_variant(evaluation, NULL),
           failed ? pennon_error_code_name(failed) : pennon_reason_name(pennon_evaluation_reason(evaluation)),
           time_of(client, key, user));
}

static void print_user(const pennon_client *client, const char *name, const char *attributes)
{
    pennon_context *user = NULL;
    pennon_evaluations *all = NULL;
    pennon_error *error = NULL;

    if (pennon_context_from_json(attributes, PENNON_ZERO_TERMINATED, &user, &error)
        || pennon_client_evaluate_all(client, user, NULL, 0, &all, &error)) {
        fail(error);
    }
    for (size_t index = 0; index < pennon_evaluations_count(all); index++) {
        print_row(client, pennon_evaluations_at(all, index), name, user);
    }
    pennon_evaluations_free(all);
    pennon_context_free(user);
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 1 << 20);

    if (file == NULL || text == NULL || fread(text, 1, (1 << 20) - 1, file) == 0) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(1);
    }
    fclose(file);
    return text;
}

static void write_file(const char *path, const char *head, size_t head_length, const char *word, const char *tail)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL) {
        fprintf(stderr, "%s cannot be written\n", path);
        exit(1);
    }
    fwrite(head, 1, head_length, file);
    fputs(word, file);
    fputs(tail, file);
    fclose(file);
}

/* Replaces the first `from` in the file by `to` and waits until evaluations show it. */
static void change(const char *path, pennon_client *client, const char *from, const char *to)
{
    char *text = read_file(path);
    char *place = strstr(text, from);
    char value[64];
    double start = nanoseconds();

    if (place == NULL) {
        fprintf(stderr, "%s has no %s\n", path, from);
        exit(1);
    }
    write_file(path, text, (size_t)(place - text), to, place + strlen(from));
    do {
        pennon_client_get_string(client, PENNON_LITERAL("banner"), NULL, "", 0, value, sizeof value, NULL);
    } while (strcmp(value, "Good evening") != 0 && nanoseconds() - start < 5e9);
    printf("\nchanged the file: banner is now \"%s\", %.0f ms later (the file is looked at every 50 ms)\n", value,
           (nanoseconds() - start) / 1e6);
    free(text);
    if (strcmp(value, "Good evening") != 0) {
        exit(1);
    }
}

int main(int argc, char **argv)
{
    static const char *const users[][2] = {
        {"ann", "{\"targetingKey\": \"ann\", \"email\": \"ann@example.com\", \"plan\": \"pro\", \"age\": 31}"},
        {"bob", "{\"targetingKey\": \"bob\", \"email\": \"bob@other.org\", \"plan\": \"free\", \"age\": 17}"},
        {"carol", "{\"targetingKey\": \"carol\", \"plan\": \"free\", \"company\": {\"size\": 420}}"},
        {"nobody", "{}"},
    };

    if (argc != 2) {
        fprintf(stderr, "usage: %s FLAGS.json\n", argv[0]);
        return 2;
    }
    pennon_client *client = open_client(argv[1]);

    printf("pennon %s, flags of %s\n\n", pennon_version(), argv[1]);
    printf("%-16s %-8s %-34s %-12s %-22s %s\n", "FLAG", "USER", "VALUE", "VARIANT", "REASON", "TIME");
    for (size_t user = 0; user < sizeof users / sizeof users[0]; user++) {
        print_user(client, users[user][0], users[user][1]);
    }
    change(argv[1], client, "\"Good morning\"", "\"Good evening\"");

    pennon_client_shutdown(client, 1000);
    pennon_client_free(client);
    return 0;
}
