/* Answers: every getter and every type, defaults, buffers of every size, lists of answers, reports, contexts. */

#include "check.h"

#include <stdio.h>
#include <string.h>

static pennon_client *client;

static int64_t get_int(const char *key)
{
    return pennon_client_get_int(client, key, PENNON_ZERO_TERMINATED, NULL, -7);
}

static double get_double(const char *key)
{
    return pennon_client_get_double(client, key, PENNON_ZERO_TERMINATED, NULL, -7.5);
}

static int get_bool(const char *key, int32_t default_value)
{
    return pennon_client_get_bool(client, key, PENNON_ZERO_TERMINATED, NULL, default_value);
}

static void values_and_defaults(void)
{
    static const char *const OTHERS[] = {"string", "object", "missing", "", "disabled"};

    CHECK(get_bool("bool", 0) && get_bool("int", 5) && !get_bool("int", 0) && get_bool("missing", -1));
    CHECK(pennon_client_get_bool(client, "boolean", 4, NULL, 0)); /* A length cuts. */
    CHECK_INT(get_int("int"), INT64_C(9007199254740993));
    CHECK_INT(get_int("max"), INT64_MAX);
    CHECK_INT(get_int("min"), INT64_MIN);
    CHECK_INT(get_int("whole"), 5);
    CHECK_INT(get_int("double"), -7);
    CHECK_INT(get_int("huge"), -7);
    CHECK(get_double("double") == 1.5 && get_double("whole") == 5.0 && get_double("huge") == 18446744073709551615.0);
    for (size_t index = 0; index < sizeof OTHERS / sizeof OTHERS[0]; index++) {
        CHECK_INT(get_int(OTHERS[index]), -7);
        CHECK(get_double(OTHERS[index]) == -7.5);
        CHECK(get_bool(OTHERS[index], 1) && !get_bool(OTHERS[index], 0));
    }
}

typedef pennon_status (*text_getter)(const pennon_client *, const char *, size_t, const pennon_context *, const char *,
                                     size_t, char *, size_t, size_t *);

/* Where a character starts. */
static int is_boundary(const char *text, size_t length, size_t position)
{
    return position == length || ((unsigned char)text[position] & 0xc0) != 0x80;
}

/* Asks with this capacity and looks at every byte of the buffer. */
static void one_capacity(text_getter get, const char *key, const char *text, size_t length, size_t capacity)
{
    char buffer[64];
    size_t needed = 0;
    size_t fitting = length < capacity ? length : capacity - 1;

    memset(buffer, '#', sizeof buffer);
    CHECK_STATUS(get(client, key, PENNON_ZERO_TERMINATED, NULL, text, length, buffer, capacity, &needed),
                 length < capacity ? PENNON_STATUS_OK : PENNON_STATUS_BUFFER_TOO_SMALL);
    CHECK_INT((int64_t)needed, (int64_t)length);
    while (!is_boundary(text, length, fitting)) {
        fitting--;
    }
    CHECK(memcmp(buffer, text, fitting) == 0 && buffer[fitting] == '\0');
    for (size_t index = fitting + 1; index < sizeof buffer; index++) {
        CHECK_INT(buffer[index], '#');
    }
}

static void every_capacity(text_getter get, const char *key, const char *text, size_t length)
{
    size_t needed = 0;
    char untouched = '#';

    for (size_t capacity = 1; capacity <= length + 3; capacity++) {
        one_capacity(get, key, text, length, capacity);
    }
    CHECK_STATUS(get(client, key, PENNON_ZERO_TERMINATED, NULL, text, length, NULL, 0, &needed),
                 PENNON_STATUS_BUFFER_TOO_SMALL);
    CHECK_INT((int64_t)needed, (int64_t)length);
    CHECK_STATUS(get(client, key, PENNON_ZERO_TERMINATED, NULL, text, length, NULL, 100, NULL),
                 PENNON_STATUS_BUFFER_TOO_SMALL);
    CHECK_STATUS(get(client, key, PENNON_ZERO_TERMINATED, NULL, text, length, &untouched, 0, NULL),
                 PENNON_STATUS_BUFFER_TOO_SMALL);
    CHECK_INT(untouched, '#');
}

static void texts_in_buffers(void)
{
    static const char UTF8[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";

    every_capacity(pennon_client_get_string, "string", PENNON_LITERAL("text"));
    every_capacity(pennon_client_get_string, "utf8", UTF8, sizeof UTF8 - 1);
    every_capacity(pennon_client_get_string, "nul", PENNON_LITERAL("a\0b"));
    every_capacity(pennon_client_get_json, "object", PENNON_LITERAL("{\"a\": [1, {\"b\": null}]}"));
    every_capacity(pennon_client_get_json, "list", PENNON_LITERAL("[1, \"two\"]"));
    /* Defaults follow the same rule. */
    every_capacity(pennon_client_get_string, "missing", UTF8, sizeof UTF8 - 1);
    every_capacity(pennon_client_get_string, "bool", PENNON_LITERAL("a\0b"));
    every_capacity(pennon_client_get_json, "string", PENNON_LITERAL("no JSON"));
    one_capacity(pennon_client_get_string, "empty", "", 0, 1);
    one_capacity(pennon_client_get_string, "disabled", "", 0, 1);
}

static void defaults_of_every_length(void)
{
    char buffer[8];

    CHECK_STATUS(pennon_client_get_string(client, "missing", 7, NULL, "default", PENNON_ZERO_TERMINATED, buffer, 8, NULL),
                 PENNON_STATUS_OK);
    CHECK_TEXT(buffer, "default");
    CHECK_STATUS(pennon_client_get_string(client, "missing", 7, NULL, NULL, 0, buffer, 8, NULL), PENNON_STATUS_OK);
    CHECK_TEXT(buffer, "");
}

struct expected {
    const char *key;
    int32_t type;
    const char *json;
};

static const struct expected VALUES[] = {
    {"bool", PENNON_TYPE_BOOL, "true"},
    {"double", PENNON_TYPE_DOUBLE, "1.5"},
    {"huge", PENNON_TYPE_DOUBLE, "18446744073709551615"},
    {"int", PENNON_TYPE_INT, "9007199254740993"},
    {"list", PENNON_TYPE_OBJECT, "[1, \"two\"]"},
    {"max", PENNON_TYPE_INT, "9223372036854775807"},
    {"min", PENNON_TYPE_INT, "-9223372036854775808"},
    {"nul", PENNON_TYPE_STRING, "\"a\\u0000b\""},
    {"object", PENNON_TYPE_OBJECT, "{\"a\": [1, {\"b\": null}]}"},
    {"string", PENNON_TYPE_STRING, "\"text\""},
    {"whole", PENNON_TYPE_INT, "5.0"},
};

static void full_answers(void)
{
    for (size_t index = 0; index < sizeof VALUES / sizeof VALUES[0]; index++) {
        const struct expected *expected = &VALUES[index];
        pennon_evaluation *evaluation = evaluation_of(client, expected->key, PENNON_TYPE_ANY, NULL);
        size_t length = 0;
        CHECK_TEXT(pennon_evaluation_key(evaluation, &length), expected->key);
        CHECK_INT((int64_t)length, (int64_t)strlen(expected->key));
        CHECK_INT(pennon_evaluation_type(evaluation), expected->type);
        CHECK_TEXT(pennon_evaluation_json(evaluation, &length), expected->json);
        CHECK_INT((int64_t)length, (int64_t)strlen(expected->json));
        CHECK_TEXT(pennon_evaluation_variant(evaluation, NULL), "only");
        CHECK_INT(pennon_evaluation_reason(evaluation), PENNON_REASON_STATIC);
        CHECK_INT(pennon_evaluation_error_code(evaluation), PENNON_ERROR_CODE_NONE);
        CHECK_TEXT(pennon_evaluation_error_message(evaluation, NULL), "");
        CHECK((pennon_evaluation_string(evaluation, NULL) != NULL) == (expected->type == PENNON_TYPE_STRING));
        CHECK(pennon_evaluation_bool(evaluation, 0) == (expected->type == PENNON_TYPE_BOOL));
        pennon_evaluation_free(evaluation);
    }
}

/* A whole number is also a double; everything else is of one type. */
static int fits(int32_t type, int32_t asked)
{
    return asked == PENNON_TYPE_ANY || asked == type || (type == PENNON_TYPE_INT && asked == PENNON_TYPE_DOUBLE);
}

static void answers_of_every_type(void)
{
    for (size_t index = 0; index < sizeof VALUES / sizeof VALUES[0]; index++) {
        for (int32_t asked = PENNON_TYPE_ANY; asked <= PENNON_TYPE_OBJECT; asked++) {
            pennon_evaluation *evaluation = evaluation_of(client, VALUES[index].key, asked, NULL);
            int fitting = fits(VALUES[index].type, asked);
            CHECK_INT(pennon_evaluation_error_code(evaluation),
                      fitting ? PENNON_ERROR_CODE_NONE : PENNON_ERROR_CODE_TYPE_MISMATCH);
            CHECK_INT(pennon_evaluation_reason(evaluation), fitting ? PENNON_REASON_STATIC : PENNON_REASON_ERROR);
            CHECK((*pennon_evaluation_error_message(evaluation, NULL) == '\0') == fitting);
            CHECK_TEXT(pennon_evaluation_json(evaluation, NULL), fitting ? VALUES[index].json : "");
            pennon_evaluation_free(evaluation);
        }
    }
}

static void numbers_and_texts_of_answers(void)
{
    pennon_evaluation *max = evaluation_of(client, "max", PENNON_TYPE_INT, NULL);
    pennon_evaluation *min = evaluation_of(client, "min", PENNON_TYPE_INT, NULL);
    pennon_evaluation *half = evaluation_of(client, "double", PENNON_TYPE_DOUBLE, NULL);
    pennon_evaluation *nul = evaluation_of(client, "nul", PENNON_TYPE_STRING, NULL);
    size_t length = 0;
    const char *text = pennon_evaluation_string(nul, &length);

    CHECK_INT(pennon_evaluation_int(max, 0), INT64_MAX);
    CHECK_INT(pennon_evaluation_int(min, 0), INT64_MIN);
    CHECK(pennon_evaluation_double(min, 0) == -9223372036854775808.0);
    CHECK(pennon_evaluation_double(half, 0) == 1.5);
    CHECK_INT(pennon_evaluation_int(half, -7), -7);
    CHECK_INT((int64_t)length, 3);
    CHECK(memcmp(text, "a\0b", 4) == 0);
    pennon_evaluation_free(max);
    pennon_evaluation_free(min);
    pennon_evaluation_free(half);
    pennon_evaluation_free(nul);
}

static void check_failure(const char *key, int32_t type, int32_t code, const char *name)
{
    pennon_evaluation *evaluation = evaluation_of(client, key, type, NULL);
    size_t length = 0;

    CHECK_INT(pennon_evaluation_error_code(evaluation), code);
    CHECK_TEXT(pennon_error_code_name(code), name);
    CHECK_INT(pennon_evaluation_reason(evaluation), PENNON_REASON_ERROR);
    CHECK_INT(pennon_evaluation_type(evaluation), PENNON_TYPE_ANY);
    CHECK_TEXT(pennon_evaluation_key(evaluation, NULL), key);
    CHECK_TEXT(pennon_evaluation_json(evaluation, NULL), "");
    CHECK(*pennon_evaluation_error_message(evaluation, &length) != '\0' && length > 0);
    CHECK(pennon_evaluation_string(evaluation, NULL) == NULL);
    CHECK_INT(pennon_evaluation_int(evaluation, -7), -7);
    pennon_evaluation_free(evaluation);
}

static void failures(void)
{
    pennon_evaluation *disabled = evaluation_of(client, "disabled", PENNON_TYPE_BOOL, NULL);

    check_failure("missing", PENNON_TYPE_BOOL, PENNON_ERROR_CODE_FLAG_NOT_FOUND, "FLAG_NOT_FOUND");
    check_failure("", PENNON_TYPE_ANY, PENNON_ERROR_CODE_FLAG_NOT_FOUND, "FLAG_NOT_FOUND");
    check_failure("string", PENNON_TYPE_INT, PENNON_ERROR_CODE_TYPE_MISMATCH, "TYPE_MISMATCH");
    check_failure("split", PENNON_TYPE_INT, PENNON_ERROR_CODE_TARGETING_KEY_MISSING, "TARGETING_KEY_MISSING");
    CHECK_INT(pennon_evaluation_error_code(disabled), PENNON_ERROR_CODE_NONE);
    CHECK_INT(pennon_evaluation_reason(disabled), PENNON_REASON_DISABLED);
    CHECK_INT(pennon_evaluation_type(disabled), PENNON_TYPE_ANY);
    CHECK(pennon_evaluation_bool(disabled, 1) && !pennon_evaluation_bool(disabled, 0));
    pennon_evaluation_free(disabled);
}

static void targeting_and_metadata(void)
{
    pennon_context *pro = context_of("{\"plan\": \"pro\"}");
    pennon_evaluation *yes = evaluation_of(client, "targeted", PENNON_TYPE_STRING, pro);
    pennon_evaluation *no = evaluation_of(client, "targeted", PENNON_TYPE_STRING, NULL);
    const char *metadata = pennon_evaluation_metadata(yes, NULL);

    CHECK_TEXT(pennon_evaluation_string(yes, NULL), "for you");
    CHECK_TEXT(pennon_evaluation_variant(yes, NULL), "yes");
    CHECK_INT(pennon_evaluation_reason(yes), PENNON_REASON_TARGETING_MATCH);
    CHECK_TEXT(pennon_evaluation_string(no, NULL), "for others");
    CHECK_INT(pennon_evaluation_reason(no), PENNON_REASON_DEFAULT);
    CHECK(is_json(metadata) && strstr(metadata, "\"team\"") && strstr(metadata, "3"));
    pennon_evaluation_free(yes);
    pennon_evaluation_free(no);
    pennon_context_free(pro);
}

/* How many answers a filter gives; they are in the order of their keys. */
static size_t filtered(const char *filter, size_t length)
{
    pennon_evaluations *all = NULL;
    size_t count;

    CHECK_STATUS(pennon_client_evaluate_all(client, NULL, filter, length, &all, NULL), PENNON_STATUS_OK);
    count = pennon_evaluations_count(all);
    for (size_t index = 1; index < count; index++) {
        const char *before = pennon_evaluation_key(pennon_evaluations_at(all, index - 1), NULL);
        CHECK(strcmp(before, pennon_evaluation_key(pennon_evaluations_at(all, index), NULL)) < 0);
    }
    CHECK(pennon_evaluations_at(all, count) == NULL && pennon_evaluations_at(all, SIZE_MAX) == NULL);
    pennon_evaluations_free(all);
    return count;
}

static void answers_of_all_flags(void)
{
    CHECK_INT((int64_t)filtered(NULL, 0), FLAG_COUNT);
    CHECK_INT((int64_t)filtered("", 0), FLAG_COUNT);
    CHECK_INT((int64_t)filtered(PENNON_LITERAL("{}")), FLAG_COUNT);
    CHECK_INT((int64_t)filtered(PENNON_LITERAL("{\"prefix\": \"\"}")), FLAG_COUNT);
    CHECK_INT((int64_t)filtered(PENNON_LITERAL("{\"prefix\": \"m\"}")), 2);
    CHECK_INT((int64_t)filtered("{\"prefix\": \"s\"}", PENNON_ZERO_TERMINATED), 2);
    CHECK_INT((int64_t)filtered(PENNON_LITERAL("{\"keys\": []}")), 0);
    CHECK_INT((int64_t)filtered(PENNON_LITERAL("{\"keys\": [\"int\", \"missing\", \"bool\", \"int\"]}")), 2);
    CHECK_INT((int64_t)filtered(PENNON_LITERAL("{\"keys\": [\"int\", \"bool\"], \"prefix\": \"b\"}")), 1);
}

static void reports(void)
{
    pennon_text *text = NULL;
    size_t length = 0;
    const char *json;

    CHECK_STATUS(pennon_client_stats(client, &text), PENNON_STATUS_OK);
    json = pennon_text_data(text, &length);
    CHECK(is_json(json) && *json == '{' && length == strlen(json));
    CHECK(strstr(json, "\"flags\":16") && strstr(json, "\"last_error\":\"\""));
    pennon_text_free(text);
    CHECK_STATUS(pennon_client_diagnostics(client, &text), PENNON_STATUS_OK);
    CHECK(is_json(pennon_text_data(text, NULL)) && *pennon_text_data(text, NULL) == '[');
    pennon_text_free(text);
}

static void reports_of_a_faulty_flag(void)
{
    static const char FAULTY[] = "{\"fau\\\"lty\": {\"variations\": {\"a\": 1}, \"targeting\": [{\"query\": \"a eq \\\"\","
                                 "\"variation\": \"a\"}], \"defaultRule\": {\"variation\": \"a\"}}}";
    pennon_client *other = client_on(FAULTY);
    pennon_text *text = NULL;

    CHECK_STATUS(pennon_client_diagnostics(other, &text), PENNON_STATUS_OK);
    CHECK(is_json(pennon_text_data(text, NULL)) && strstr(pennon_text_data(text, NULL), "\"flag\":\"fau\\\"lty\""));
    pennon_text_free(text);
    CHECK_STATUS(pennon_client_set_ruleset(other, PENNON_LITERAL("{\"a\": \"\n"), NULL), PENNON_STATUS_INVALID_RULESET);
    CHECK_STATUS(pennon_client_stats(other, &text), PENNON_STATUS_OK);
    CHECK(is_json(pennon_text_data(text, NULL)));
    pennon_text_free(text);
    pennon_client_free(other);
}

static void set_is(pennon_context *context, int32_t status)
{
    CHECK_STATUS(pennon_context_set_targeting_key(context, PENNON_LITERAL("ann")), status);
    CHECK_STATUS(pennon_context_set_bool(context, PENNON_LITERAL("b"), 1), status);
    CHECK_STATUS(pennon_context_set_int(context, PENNON_LITERAL("i"), INT64_MIN), status);
    CHECK_STATUS(pennon_context_set_double(context, PENNON_LITERAL("d"), 1.5), status);
    CHECK_STATUS(pennon_context_set_string(context, PENNON_LITERAL("plan"), PENNON_LITERAL("pro")), status);
    CHECK_STATUS(pennon_context_set_json(context, PENNON_LITERAL("j"), PENNON_LITERAL("[1, {}]")), status);
    CHECK_STATUS(pennon_context_set_null(context, PENNON_LITERAL("n")), status);
}

static void contexts_freeze(void)
{
    pennon_context *contexts[] = {pennon_context_create(), context_of("{\"plan\": \"free\"}"), context_of("null")};

    for (int index = 0; index < 3; index++) {
        pennon_evaluation *evaluation;
        set_is(contexts[index], PENNON_STATUS_OK);
        evaluation = evaluation_of(client, "targeted", PENNON_TYPE_STRING, contexts[index]);
        CHECK_TEXT(pennon_evaluation_string(evaluation, NULL), "for you");
        pennon_evaluation_free(evaluation);
        set_is(contexts[index], PENNON_STATUS_CONTEXT_FROZEN);
        CHECK(pennon_client_get_int(client, PENNON_LITERAL("split"), contexts[index], 0) > 0);
        pennon_context_free(contexts[index]);
    }
}

static void clients_without_a_ruleset(void)
{
    pennon_client *ready = client;
    pennon_evaluations *all = NULL;
    pennon_error *error = NULL;
    char buffer[8];

    client = NULL;
    CHECK_STATUS(pennon_client_create(options_with(""), &client, NULL), PENNON_STATUS_OK);
    CHECK_INT(pennon_client_state(client), PENNON_STATE_NOT_READY);
    CHECK_STATUS(pennon_client_wait_ready(client, 10), PENNON_STATUS_NOT_READY);
    CHECK_STATUS(pennon_client_refresh(client, NULL), PENNON_STATUS_OK);
    CHECK_FAILS(pennon_client_evaluate_all(client, NULL, NULL, 0, &all, &error), PENNON_STATUS_NOT_READY, error);
    check_failure("bool", PENNON_TYPE_BOOL, PENNON_ERROR_CODE_PROVIDER_NOT_READY, "PROVIDER_NOT_READY");
    CHECK_STATUS(pennon_client_get_string(client, "string", 6, NULL, "else", 4, buffer, 8, NULL), PENNON_STATUS_OK);
    CHECK_TEXT(buffer, "else");
    reports_of_a_faulty_flag();
    CHECK_STATUS(pennon_client_set_ruleset(client, FLAGS, PENNON_ZERO_TERMINATED, NULL), PENNON_STATUS_OK);
    CHECK_STATUS(pennon_client_wait_ready(client, 0), PENNON_STATUS_OK);
    evaluate_everything(client);
    pennon_client_free(client);
    client = ready;
}

int main(void)
{
    client = client_on(FLAGS);
    values_and_defaults();
    texts_in_buffers();
    defaults_of_every_length();
    full_answers();
    answers_of_every_type();
    numbers_and_texts_of_answers();
    failures();
    targeting_and_metadata();
    answers_of_all_flags();
    reports();
    contexts_freeze();
    clients_without_a_ruleset();
    evaluate_everything(client);
    pennon_client_free(client);
    return 0;
}
