/* Every function with good arguments and with wrong ones: the documented status, outputs left alone, error objects. */

#include "check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What no output may hold after a failure but what was there before. */
#define UNTOUCHED(type) ((type *)(uintptr_t)0x5a5a5a50)

/* Longer than any object can be. */
static const size_t IMPOSSIBLE = (size_t)PTRDIFF_MAX + 1;

struct text {
    const char *text;
    size_t length;
    int32_t status;
};

/* Texts that no function takes. */
static const struct text BAD_TEXTS[] = {
    {NULL, 1, PENNON_STATUS_INVALID_ARGUMENT},
    {NULL, PENNON_ZERO_TERMINATED, PENNON_STATUS_INVALID_ARGUMENT},
    {NULL, (size_t)PTRDIFF_MAX + 1, PENNON_STATUS_INVALID_ARGUMENT},
    {"{}", (size_t)PTRDIFF_MAX + 1, PENNON_STATUS_INVALID_ARGUMENT},
    {"{}", PENNON_ZERO_TERMINATED - 1, PENNON_STATUS_INVALID_ARGUMENT},
    {"\xff", 1, PENNON_STATUS_INVALID_UTF8},
    {"\xff", PENNON_ZERO_TERMINATED, PENNON_STATUS_INVALID_UTF8},
    {"a\xc3", 2, PENNON_STATUS_INVALID_UTF8},             /* half a character */
    {"\xed\xa0\x80", 3, PENNON_STATUS_INVALID_UTF8},      /* a surrogate */
    {"\xc0\x80", 2, PENNON_STATUS_INVALID_UTF8},          /* an overlong NUL */
    {"\xf4\x90\x80\x80", 4, PENNON_STATUS_INVALID_UTF8},  /* beyond Unicode */
};
enum { BAD_TEXT_COUNT = sizeof BAD_TEXTS / sizeof BAD_TEXTS[0] };

static void every_bad_text(int32_t (*call)(void *data, const char *text, size_t length), void *data)
{
    for (int index = 0; index < BAD_TEXT_COUNT; index++) {
        CHECK_STATUS(call(data, BAD_TEXTS[index].text, BAD_TEXTS[index].length), BAD_TEXTS[index].status);
    }
}

static void versions_and_names(void)
{
    char version[64];

    CHECK_INT(pennon_abi_version(), PENNON_ABI_VERSION);
    snprintf(version, sizeof version, "%d.%d.%d", PENNON_VERSION_MAJOR, PENNON_VERSION_MINOR, PENNON_VERSION_PATCH);
    CHECK_TEXT(pennon_version(), version);
    CHECK_TEXT(pennon_status_name(PENNON_STATUS_OK), "OK");
    CHECK_TEXT(pennon_status_name(PENNON_STATUS_INVALID_OPTION), "INVALID_OPTION");
    CHECK_TEXT(pennon_reason_name(PENNON_REASON_TARGETING_MATCH), "TARGETING_MATCH");
    CHECK_TEXT(pennon_error_code_name(PENNON_ERROR_CODE_FLAG_NOT_FOUND), "FLAG_NOT_FOUND");
    CHECK_TEXT(pennon_error_code_name(PENNON_ERROR_CODE_NONE), "");
}

static void names_of_unknown_numbers(void)
{
    static const int32_t UNKNOWN[] = {1, 100, -16, -98, -100, 255, 256, 257, INT32_MAX, INT32_MIN};

    for (size_t index = 0; index < sizeof UNKNOWN / sizeof UNKNOWN[0]; index++) {
        CHECK_TEXT(pennon_status_name(UNKNOWN[index]), "UNKNOWN");
    }
    for (size_t index = 1; index < sizeof UNKNOWN / sizeof UNKNOWN[0]; index++) {
        CHECK_TEXT(pennon_reason_name(UNKNOWN[index]), "UNKNOWN");
        CHECK_TEXT(pennon_error_code_name(UNKNOWN[index]), "GENERAL");
    }
    CHECK_TEXT(pennon_reason_name(0), "UNKNOWN");
}

static void frees_of_null(void)
{
    pennon_error_free(NULL);
    pennon_text_free(NULL);
    pennon_options_free(NULL);
    pennon_context_free(NULL);
    pennon_evaluation_free(NULL);
    pennon_evaluations_free(NULL);
    pennon_client_free(NULL);
}

static void getters_of_null(void)
{
    size_t length = 7;

    CHECK_TEXT(pennon_error_message(NULL, &length), "");
    CHECK_INT((int64_t)length, 0);
    CHECK_TEXT(pennon_error_message(NULL, NULL), "");
    CHECK_STATUS(pennon_error_status(NULL), PENNON_STATUS_OK);
    length = 7;
    CHECK_TEXT(pennon_text_data(NULL, &length), "");
    CHECK_INT((int64_t)length, 0);
    CHECK_INT((int64_t)pennon_evaluations_count(NULL), 0);
    CHECK(pennon_evaluations_at(NULL, 0) == NULL);
}

static void evaluation_getters_of_null(void)
{
    const char *(*const texts[])(const pennon_evaluation *, size_t *) = {
        pennon_evaluation_key, pennon_evaluation_json, pennon_evaluation_variant, pennon_evaluation_error_message,
        pennon_evaluation_metadata};

    for (size_t index = 0; index < sizeof texts / sizeof texts[0]; index++) {
        size_t length = 7;
        CHECK_TEXT(texts[index](NULL, &length), "");
        CHECK_INT((int64_t)length, 0);
        CHECK_TEXT(texts[index](NULL, NULL), "");
    }
    CHECK(pennon_evaluation_string(NULL, NULL) == NULL);
    CHECK_INT(pennon_evaluation_type(NULL), PENNON_TYPE_ANY);
    CHECK(pennon_evaluation_bool(NULL, 2) && !pennon_evaluation_bool(NULL, 0));
    CHECK_INT(pennon_evaluation_int(NULL, INT64_MIN), INT64_MIN);
    CHECK(pennon_evaluation_double(NULL, 0.5) == 0.5);
    CHECK_INT(pennon_evaluation_reason(NULL), PENNON_REASON_UNKNOWN);
    CHECK_INT(pennon_evaluation_error_code(NULL), PENNON_ERROR_CODE_GENERAL);
}

static int32_t options_from(void *data, const char *text, size_t length)
{
    pennon_options *options = UNTOUCHED(pennon_options);
    pennon_error *error = NULL;
    int32_t status = pennon_options_from_json(text, length, &options, &error);

    (void)data;
    CHECK(options == UNTOUCHED(pennon_options));
    CHECK_STATUS(pennon_error_status(error), status);
    pennon_error_free(error);
    CHECK_STATUS(pennon_options_from_json(text, length, &options, NULL), status);
    return status;
}

static void options_of_wrong_texts(void)
{
    static const char *const WRONG[] = {
        "", "{", "[]", "null", "{}", "{\"service\": \"none\"}", "{\"service\": 1}", "{\"service\": \"goff\"} x",
        "{\"service\": \"goff\", \"unknown\": 1}", "{\"service\": \"goff\", \"pool_size\": 0}",
        "{\"service\": \"goff\", \"pool_size\": 1e99}", "{\"service\": \"goff\", \"pool_size\": -1}",
        "{\"service\": \"goff\", \"ruleset_file\": \"\"}", "{\"service\": \"goff\", \"ruleset_file\": \"a\\u0000b\"}",
        "{\"service\": \"goff\", \"ruleset\": 5}", "{\"service\": \"goff\", \"service\": \"goff\"}"};
    pennon_options *options = UNTOUCHED(pennon_options);
    pennon_error *error = NULL;

    every_bad_text(options_from, NULL);
    for (size_t index = 0; index < sizeof WRONG / sizeof WRONG[0]; index++) {
        CHECK_FAILS(pennon_options_from_json(WRONG[index], PENNON_ZERO_TERMINATED, &options, &error),
                    PENNON_STATUS_INVALID_OPTION, error);
    }
    CHECK_STATUS(options_from(NULL, NULL, 0), PENNON_STATUS_INVALID_OPTION);
    CHECK_FAILS(pennon_options_from_json(PENNON_LITERAL("{\"service\": \"goff\"}"), NULL, &error),
                PENNON_STATUS_INVALID_ARGUMENT, error);
    CHECK(options == UNTOUCHED(pennon_options));
}

static void errors_are_left_alone_on_success(void)
{
    pennon_options *options = NULL;
    pennon_client *client = NULL;
    pennon_error *error = UNTOUCHED(pennon_error);

    CHECK_STATUS(pennon_options_from_json(PENNON_LITERAL("{\"service\": \"goff\"}"), &options, &error), PENNON_STATUS_OK);
    CHECK_STATUS(pennon_options_set_ruleset(options, FLAGS, PENNON_ZERO_TERMINATED, &error), PENNON_STATUS_OK);
    CHECK_STATUS(pennon_client_create(options, &client, &error), PENNON_STATUS_OK);
    CHECK_STATUS(pennon_client_refresh(client, &error), PENNON_STATUS_OK);
    CHECK_STATUS(pennon_client_set_ruleset(client, FLAGS, PENNON_ZERO_TERMINATED, &error), PENNON_STATUS_OK);
    CHECK(error == UNTOUCHED(pennon_error));
    pennon_client_free(client);
}

static int32_t options_ruleset(void *data, const char *text, size_t length)
{
    return pennon_options_set_ruleset(data, text, length, NULL);
}

static void log_nothing(void *userdata, int32_t level, const char *message, size_t length)
{
    (void)userdata, (void)level, (void)message, (void)length;
}

static void setters_of_options(void)
{
    pennon_options *options = options_with("");
    pennon_error *error = NULL;

    every_bad_text(options_ruleset, options);
    CHECK_FAILS(pennon_options_set_ruleset(options, "\xff", 1, &error), PENNON_STATUS_INVALID_UTF8, error);
    CHECK_FAILS(pennon_options_set_ruleset(NULL, "", 0, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
    CHECK_FAILS(pennon_options_on_log(NULL, log_nothing, NULL, NULL, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
    CHECK_FAILS(pennon_options_on_log(options, NULL, NULL, NULL, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
    CHECK_STATUS(pennon_options_on_log(options, log_nothing, NULL, NULL, &error), PENNON_STATUS_OK);
    CHECK_STATUS(pennon_options_set_ruleset(options, NULL, 0, &error), PENNON_STATUS_OK);
    pennon_options_free(options);
}

static void clients_of_wrong_options(void)
{
    pennon_client *client = UNTOUCHED(pennon_client);
    pennon_error *error = NULL;
    pennon_options *options;

    CHECK_FAILS(pennon_client_create(NULL, &client, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
    CHECK_FAILS(pennon_client_create(options_with(""), NULL, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
    CHECK_FAILS(pennon_client_create(options_with(", \"ruleset\": \"[\""), &client, &error), PENNON_STATUS_INVALID_RULESET,
                error);
    CHECK_FAILS(pennon_client_create(options_with(", \"ruleset\": {}, \"ruleset_file\": \"x\""), &client, &error),
                PENNON_STATUS_INVALID_OPTION, error);
    options = options_with("");
    CHECK_STATUS(pennon_options_set_ruleset(options, NULL, 0, NULL), PENNON_STATUS_OK);
    CHECK_FAILS(pennon_client_create(options, &client, &error), PENNON_STATUS_INVALID_RULESET, error);
    CHECK_STATUS(pennon_client_create(options_with(", \"ruleset\": \"[\""), &client, NULL), PENNON_STATUS_INVALID_RULESET);
    CHECK(client == UNTOUCHED(pennon_client));
}

static void functions_of_a_client(void)
{
    pennon_client *client = client_on(FLAGS);
    pennon_error *error = NULL;

    CHECK_INT(pennon_client_state(client), PENNON_STATE_READY);
    CHECK_STATUS(pennon_client_wait_ready(client, 0), PENNON_STATUS_OK);
    CHECK_STATUS(pennon_client_wait_ready(client, UINT32_MAX), PENNON_STATUS_OK);
    CHECK_STATUS(pennon_client_stats(client, NULL), PENNON_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(pennon_client_diagnostics(client, NULL), PENNON_STATUS_INVALID_ARGUMENT);
    CHECK_FAILS(pennon_client_set_ruleset(client, NULL, 1, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
    CHECK_FAILS(pennon_client_set_ruleset(client, "{}", IMPOSSIBLE, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
    CHECK_FAILS(pennon_client_set_ruleset(client, "\xff", 1, &error), PENNON_STATUS_INVALID_RULESET, error);
    CHECK_FAILS(pennon_client_set_ruleset(client, NULL, 0, &error), PENNON_STATUS_INVALID_RULESET, error);
    CHECK_STATUS(pennon_client_set_ruleset(client, PENNON_LITERAL("["), NULL), PENNON_STATUS_INVALID_RULESET);
    evaluate_everything(client); /* The ruleset in force stayed. */
    CHECK_STATUS(pennon_client_shutdown(client, 0), PENNON_STATUS_OK);
    CHECK_STATUS(pennon_client_shutdown(client, UINT32_MAX), PENNON_STATUS_OK);
    evaluate_everything(client);
    pennon_client_free(client);
}

static void functions_that_explain(void)
{
    pennon_client *client = client_on(FLAGS);
    pennon_context *user = context_of("{\"targetingKey\": \"ann\", \"plan\": \"pro\"}");
    pennon_text *text = UNTOUCHED(pennon_text);
    pennon_error *error = NULL;

    CHECK_FAILS(pennon_client_attributes(client, "targeted", 8, NULL, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
    CHECK_FAILS(pennon_client_attributes(client, NULL, 1, &text, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
    CHECK_FAILS(pennon_client_attributes(client, "\xff", 1, &text, &error), PENNON_STATUS_INVALID_UTF8, error);
    CHECK_FAILS(pennon_client_attributes(client, "none", 4, &text, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
    CHECK_FAILS(pennon_client_explain(client, "targeted", 8, user, NULL, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
    CHECK_FAILS(pennon_client_explain(client, NULL, 1, user, &text, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
    CHECK_FAILS(pennon_client_explain(client, "\xff", 1, user, &text, &error), PENNON_STATUS_INVALID_UTF8, error);
    CHECK_FAILS(pennon_client_segments(client, user, NULL, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
    CHECK_FAILS(pennon_client_segments(client, user, &text, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
    CHECK(text == UNTOUCHED(pennon_text));

    CHECK_STATUS(pennon_client_attributes(client, PENNON_LITERAL("targeted"), &text, &error), PENNON_STATUS_OK);
    CHECK(strstr(pennon_text_data(text, NULL), "\"attributes\":[\"plan\"]") != NULL);
    pennon_text_free(text);
    CHECK_STATUS(pennon_client_explain(client, PENNON_LITERAL("targeted"), user, &text, NULL), PENNON_STATUS_OK);
    CHECK(strstr(pennon_text_data(text, NULL), "\"decidedBy\":\"targeting[0]") != NULL);
    pennon_text_free(text);
    CHECK_STATUS(pennon_client_explain(client, PENNON_LITERAL("none"), NULL, &text, &error), PENNON_STATUS_OK);
    CHECK(strstr(pennon_text_data(text, NULL), "FLAG_NOT_FOUND") != NULL);
    pennon_text_free(text);
    CHECK_STATUS(pennon_client_set_ruleset(client, PENNON_LITERAL("{\"deep\": {\"targeting\": [[]]}}"), NULL), PENNON_STATUS_OK);
    CHECK_STATUS(pennon_client_explain(client, PENNON_LITERAL("deep"), NULL, &text, &error), PENNON_STATUS_OK);
    CHECK(strstr(pennon_text_data(text, NULL), "\"decidedBy\":\"flag\"") != NULL);
    pennon_text_free(text);
    pennon_context_free(user);
    pennon_client_free(client);
}

static int32_t context_from(void *data, const char *text, size_t length)
{
    pennon_context *context = UNTOUCHED(pennon_context);
    pennon_error *error = NULL;
    int32_t status = pennon_context_from_json(text, length, &context, &error);

    (void)data;
    CHECK(context == UNTOUCHED(pennon_context));
    CHECK_STATUS(pennon_error_status(error), status);
    pennon_error_free(error);
    return status;
}

static void contexts_of_wrong_texts(void)
{
    static const char *const WRONG[] = {"", "{", "[]", "5", "\"a\"", "{\"a\": nan}", "{} x", "{\"a\": 1,}"};
    pennon_error *error = NULL;

    every_bad_text(context_from, NULL);
    for (size_t index = 0; index < sizeof WRONG / sizeof WRONG[0]; index++) {
        CHECK_STATUS(context_from(NULL, WRONG[index], PENNON_ZERO_TERMINATED), PENNON_STATUS_INVALID_CONTEXT);
    }
    CHECK_FAILS(pennon_context_from_json(PENNON_LITERAL("{}"), NULL, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
}

static int32_t set_key(void *context, const char *text, size_t length)
{
    return pennon_context_set_targeting_key(context, text, length);
}

static int32_t set_bool(void *context, const char *text, size_t length)
{
    return pennon_context_set_bool(context, text, length, 1);
}

static int32_t set_int(void *context, const char *text, size_t length)
{
    return pennon_context_set_int(context, text, length, 1);
}

static int32_t set_double(void *context, const char *text, size_t length)
{
    return pennon_context_set_double(context, text, length, 1.5);
}

static int32_t set_string_name(void *context, const char *text, size_t length)
{
    return pennon_context_set_string(context, text, length, "", 0);
}

static int32_t set_string_value(void *context, const char *text, size_t length)
{
    return pennon_context_set_string(context, "name", 4, text, length);
}

static int32_t set_json_name(void *context, const char *text, size_t length)
{
    return pennon_context_set_json(context, text, length, "1", 1);
}

static int32_t set_json_value(void *context, const char *text, size_t length)
{
    return pennon_context_set_json(context, "name", 4, text, length);
}

static int32_t set_null(void *context, const char *text, size_t length)
{
    return pennon_context_set_null(context, text, length);
}

typedef int32_t (*setter)(void *context, const char *text, size_t length);

static const setter OF_NAMES[] = {set_bool, set_int, set_double, set_string_name, set_json_name, set_null};
static const setter OF_VALUES[] = {set_key, set_string_value, set_json_value};

static void setters_of_contexts(void)
{
    pennon_context *context = pennon_context_create();

    CHECK(context != NULL);
    for (size_t index = 0; index < sizeof OF_NAMES / sizeof OF_NAMES[0]; index++) {
        every_bad_text(OF_NAMES[index], context);
        CHECK_STATUS(OF_NAMES[index](context, "name", 4), PENNON_STATUS_OK);
        CHECK_STATUS(OF_NAMES[index](context, "name", PENNON_ZERO_TERMINATED), PENNON_STATUS_OK);
        CHECK_STATUS(OF_NAMES[index](NULL, "name", 4), PENNON_STATUS_INVALID_ARGUMENT);
    }
    for (size_t index = 0; index < sizeof OF_VALUES / sizeof OF_VALUES[0]; index++) {
        every_bad_text(OF_VALUES[index], context);
        CHECK_STATUS(OF_VALUES[index](context, "123", 2), PENNON_STATUS_OK);
        CHECK_STATUS(OF_VALUES[index](NULL, "1", 1), PENNON_STATUS_INVALID_ARGUMENT);
    }
    CHECK_STATUS(set_key(context, NULL, 0), PENNON_STATUS_OK);
    CHECK_STATUS(set_string_value(context, NULL, 0), PENNON_STATUS_OK);
    CHECK_STATUS(set_json_value(context, NULL, 0), PENNON_STATUS_INVALID_CONTEXT);
    CHECK_STATUS(set_json_value(context, "{", 1), PENNON_STATUS_INVALID_CONTEXT);
    CHECK_STATUS(pennon_context_set_double(context, "n", 1, (double)NAN), PENNON_STATUS_INVALID_CONTEXT);
    CHECK_STATUS(pennon_context_set_double(context, "n", 1, -(double)INFINITY), PENNON_STATUS_INVALID_CONTEXT);
    pennon_context_free(context);
}

static int32_t evaluate_key(void *client, const char *text, size_t length)
{
    pennon_evaluation *evaluation = UNTOUCHED(pennon_evaluation);
    pennon_error *error = NULL;
    int32_t status = pennon_client_evaluate(client, text, length, PENNON_TYPE_ANY, NULL, &evaluation, &error);

    CHECK(evaluation == UNTOUCHED(pennon_evaluation));
    CHECK_STATUS(pennon_error_status(error), status);
    pennon_error_free(error);
    return status;
}

static int32_t all_of_filter(void *client, const char *text, size_t length)
{
    pennon_evaluations *all = UNTOUCHED(pennon_evaluations);
    pennon_error *error = NULL;
    int32_t status = pennon_client_evaluate_all(client, NULL, text, length, &all, &error);

    CHECK(all == UNTOUCHED(pennon_evaluations));
    CHECK_STATUS(pennon_error_status(error), status);
    pennon_error_free(error);
    return status;
}

static int32_t string_of_key(void *client, const char *text, size_t length)
{
    char buffer[8] = "before";
    size_t needed = 99;
    int32_t status = pennon_client_get_string(client, text, length, NULL, "else", 4, buffer, sizeof buffer, &needed);

    CHECK_TEXT(buffer, "else");
    CHECK_INT((int64_t)needed, 4);
    return status;
}

static int32_t string_of_default(void *client, const char *text, size_t length)
{
    char buffer[8] = "before";
    size_t needed = 99;
    int32_t status = pennon_client_get_string(client, "string", 6, NULL, text, length, buffer, sizeof buffer, &needed);

    CHECK_TEXT(buffer, "before");
    CHECK_INT((int64_t)needed, 99);
    CHECK_STATUS(pennon_client_get_json(client, "object", 6, NULL, text, length, buffer, sizeof buffer, NULL), status);
    return status;
}

static void value_getters_of_wrong_keys(pennon_client *client)
{
    for (int index = 0; index < BAD_TEXT_COUNT; index++) {
        const char *key = BAD_TEXTS[index].text;
        size_t length = BAD_TEXTS[index].length;
        CHECK(pennon_client_get_bool(client, key, length, NULL, -1) && !pennon_client_get_bool(client, key, length, NULL, 0));
        CHECK_INT(pennon_client_get_int(client, key, length, NULL, INT64_MAX), INT64_MAX);
        CHECK(pennon_client_get_double(client, key, length, NULL, 2.5) == 2.5);
    }
}

static void evaluations_of_wrong_arguments(void)
{
    static const int32_t TYPES[] = {-1, 6, 256, INT32_MAX, INT32_MIN};
    static const char *const FILTERS[] = {"[]", "{", "5", "{\"prefix\": 1}", "{\"keys\": \"a\"}", "{\"unknown\": []}"};
    pennon_client *client = client_on(FLAGS);
    pennon_evaluation *evaluation = UNTOUCHED(pennon_evaluation);
    pennon_error *error = NULL;

    for (size_t index = 0; index < sizeof TYPES / sizeof TYPES[0]; index++) {
        CHECK_FAILS(pennon_client_evaluate(client, "bool", 4, TYPES[index], NULL, &evaluation, &error),
                    PENNON_STATUS_INVALID_ARGUMENT, error);
    }
    CHECK_FAILS(pennon_client_evaluate(client, "bool", 4, 0, NULL, NULL, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
    CHECK(evaluation == UNTOUCHED(pennon_evaluation));
    CHECK_FAILS(pennon_client_evaluate_all(client, NULL, NULL, 0, NULL, &error), PENNON_STATUS_INVALID_ARGUMENT, error);
    for (size_t index = 0; index < sizeof FILTERS / sizeof FILTERS[0]; index++) {
        CHECK_STATUS(all_of_filter(client, FILTERS[index], PENNON_ZERO_TERMINATED), PENNON_STATUS_INVALID_ARGUMENT);
    }
    every_bad_text(evaluate_key, client);
    every_bad_text(all_of_filter, client);
    every_bad_text(string_of_key, client);
    every_bad_text(string_of_default, client);
    value_getters_of_wrong_keys(client);
    pennon_client_free(client);
}

int main(void)
{
    versions_and_names();
    names_of_unknown_numbers();
    frees_of_null();
    getters_of_null();
    evaluation_getters_of_null();
    options_of_wrong_texts();
    errors_are_left_alone_on_success();
    setters_of_options();
    clients_of_wrong_options();
    functions_of_a_client();
    functions_that_explain();
    contexts_of_wrong_texts();
    setters_of_contexts();
    evaluations_of_wrong_arguments();
    return 0;
}
