/* What is tested: clients, flags and the right answers. */

#include "check.h"

#include <stdio.h>

#define CONSTANT(key, value) "\"" key "\": {\"variations\": {\"only\": " value "}, \"defaultRule\": {\"variation\": \"only\"}},"

const char FLAGS[] =
    "{" CONSTANT("bool", "true")
    CONSTANT("double", "1.5")
    CONSTANT("empty", "\"\"")
    CONSTANT("huge", "18446744073709551615")
    CONSTANT("int", "9007199254740993")
    CONSTANT("list", "[1, \"two\"]")
    CONSTANT("max", "9223372036854775807")
    CONSTANT("min", "-9223372036854775808")
    CONSTANT("nul", "\"a\\u0000b\"")
    CONSTANT("object", "{\"a\": [1, {\"b\": null}]}")
    CONSTANT("string", "\"text\"")
    CONSTANT("utf8", "\"a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"")
    CONSTANT("whole", "5.0")
    "\"disabled\": {\"variations\": {\"on\": true}, \"defaultRule\": {\"variation\": \"on\"}, \"disable\": true},"
    "\"split\": {\"variations\": {\"a\": 1, \"b\": 2}, \"defaultRule\": {\"percentage\": {\"a\": 50, \"b\": 50}}},"
    "\"targeted\": {\"variations\": {\"yes\": \"for you\", \"no\": \"for others\"},"
    " \"targeting\": [{\"name\": \"pros\", \"query\": \"plan eq \\\"pro\\\"\", \"variation\": \"yes\"}],"
    " \"defaultRule\": {\"variation\": \"no\"}, \"metadata\": {\"team\": \"x\", \"tickets\": 3}}"
    "}";

pennon_options *options_with(const char *members)
{
    pennon_options *options = NULL;
    pennon_error *error = NULL;
    char json[1024];

    snprintf(json, sizeof json, "{\"service\": \"goff\"%s}", members);
    if (pennon_options_from_json(json, PENNON_ZERO_TERMINATED, &options, &error)) {
        CHECK_TEXT(pennon_error_message(error, NULL), "");
    }
    return options;
}

static pennon_client *create(pennon_options *options)
{
    pennon_client *client = NULL;
    pennon_error *error = NULL;

    if (pennon_client_create(options, &client, &error)) {
        CHECK_TEXT(pennon_error_message(error, NULL), "");
    }
    return client;
}

pennon_client *client_on(const char *ruleset)
{
    pennon_options *options = options_with(", \"pool_size\": 2");

    CHECK_STATUS(pennon_options_set_ruleset(options, ruleset, PENNON_ZERO_TERMINATED, NULL), PENNON_STATUS_OK);
    return create(options);
}

pennon_client *client_on_file(const char *path, int interval)
{
    char members[512];

    snprintf(members, sizeof members, ", \"ruleset_file\": \"%s\", \"watch_interval_ms\": %d", path, interval);
    return create(options_with(members));
}

pennon_context *context_of(const char *json)
{
    pennon_context *context = NULL;

    CHECK_STATUS(pennon_context_from_json(json, PENNON_ZERO_TERMINATED, &context, NULL), PENNON_STATUS_OK);
    return context;
}

pennon_evaluation *evaluation_of(const pennon_client *client, const char *key, int32_t type, const pennon_context *context)
{
    pennon_evaluation *evaluation = NULL;
    pennon_error *error = NULL;

    CHECK_STATUS(pennon_client_evaluate(client, key, PENNON_ZERO_TERMINATED, type, context, &evaluation, &error),
                 PENNON_STATUS_OK);
    CHECK(evaluation != NULL && error == NULL);
    return evaluation;
}

static void get_values(const pennon_client *client, const pennon_context *user)
{
    char buffer[64];

    CHECK(pennon_client_get_bool(client, PENNON_LITERAL("bool"), user, false));
    CHECK_INT(pennon_client_get_int(client, PENNON_LITERAL("int"), user, -1), INT64_C(9007199254740993));
    CHECK(pennon_client_get_double(client, PENNON_LITERAL("double"), user, -1) == 1.5);
    CHECK_STATUS(pennon_client_get_string(client, PENNON_LITERAL("targeted"), user, "", 0, buffer, sizeof buffer, NULL),
                 PENNON_STATUS_OK);
    CHECK_TEXT(buffer, "for you");
    CHECK_STATUS(pennon_client_get_json(client, PENNON_LITERAL("object"), user, "", 0, buffer, sizeof buffer, NULL),
                 PENNON_STATUS_OK);
    CHECK_TEXT(buffer, "{\"a\": [1, {\"b\": null}]}");
}

static void get_reports(const pennon_client *client)
{
    pennon_text *text = NULL;

    CHECK_STATUS(pennon_client_stats(client, &text), PENNON_STATUS_OK);
    pennon_text_free(text);
    CHECK_STATUS(pennon_client_diagnostics(client, &text), PENNON_STATUS_OK);
    pennon_text_free(text);
}

void evaluate_everything(const pennon_client *client)
{
    pennon_context *user = context_of("{\"targetingKey\": \"ann\", \"plan\": \"pro\"}");
    pennon_evaluations *all = NULL;
    pennon_evaluation *split = evaluation_of(client, "split", PENNON_TYPE_INT, user);

    CHECK(pennon_evaluation_int(split, 0) == 1 || pennon_evaluation_int(split, 0) == 2);
    pennon_evaluation_free(split);
    get_values(client, user);
    CHECK_STATUS(pennon_client_evaluate_all(client, user, NULL, 0, &all, NULL), PENNON_STATUS_OK);
    CHECK_INT((int64_t)pennon_evaluations_count(all), FLAG_COUNT);
    pennon_evaluations_free(all);
    get_reports(client);
    pennon_context_free(user);
}
