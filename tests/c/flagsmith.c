/* Flagsmith through the C ABI: the switch and the value of a flag, an identity's own state, segments. */

#include "check.h"

#include <string.h>

/* The worked example of the reference (5.2), with what its engine answers. */
static const char OPTIONS[] =
    "{\"service\": \"flagsmith\", \"ruleset\": {\"api_key\": \"envkey\", \"name\": \"E\", \"feature_states\": ["
    "{\"feature\": {\"id\": 1, \"name\": \"checkout\"}, \"enabled\": false, \"feature_state_value\": \"v1\", \"django_id\": 101},"
    "{\"feature\": {\"id\": 2, \"name\": \"button\"}, \"enabled\": true, \"feature_state_value\": \"grey\", \"django_id\": 102,"
    " \"multivariate_feature_state_values\": ["
    "{\"id\": 20957, \"percentage_allocation\": 30.0, \"multivariate_feature_option\": {\"value\": \"blue\", \"key\": \"blue\"}},"
    "{\"id\": 20956, \"percentage_allocation\": 20, \"multivariate_feature_option\": {\"value\": \"red\"}}]},"
    "{\"feature\": {\"id\": 3, \"name\": \"plain\"}, \"enabled\": true, \"feature_state_value\": 7, \"django_id\": 103},"
    "{\"feature\": {\"id\": 4, \"name\": \"object\"}, \"enabled\": true, \"feature_state_value\": \"{\\\"a\\\": [1]}\", \"django_id\": 104}],"
    "\"project\": {\"segments\": [{\"id\": 55, \"name\": \"pros\", \"rules\": [{\"type\": \"ALL\", \"rules\": [{\"type\": \"ANY\", \"conditions\": ["
    "{\"operator\": \"EQUAL\", \"property_\": \"plan\", \"value\": \"pro\"},"
    "{\"operator\": \"PERCENTAGE_SPLIT\", \"property_\": \"\", \"value\": \"10\"}]}]}],"
    "\"feature_states\": [{\"feature\": {\"id\": 1, \"name\": \"checkout\"}, \"enabled\": true, \"feature_state_value\": \"v2\","
    " \"django_id\": 201, \"feature_segment\": {\"priority\": 1}}]}]},"
    "\"identity_overrides\": [{\"identifier\": \"vip\", \"identity_features\": [{\"feature\": {\"id\": 1, \"name\": \"checkout\"},"
    " \"enabled\": true, \"feature_state_value\": \"vip-only\"}]}]}}";

static pennon_client *client_of(const char *json)
{
    pennon_options *options = NULL;
    pennon_client *client = NULL;
    pennon_error *error = NULL;

    if (pennon_options_from_json(json, PENNON_ZERO_TERMINATED, &options, &error)
        || pennon_client_create(options, &client, &error)) {
        CHECK_TEXT(pennon_error_message(error, NULL), "");
    }
    return client;
}

static void check_flag(pennon_client *client, pennon_context *user, const char *key, const char *value, const char *variant,
                       const char *reason)
{
    pennon_evaluation *evaluation = NULL;

    CHECK_STATUS(pennon_client_evaluate(client, key, PENNON_ZERO_TERMINATED, 0, user, &evaluation, NULL), PENNON_STATUS_OK);
    CHECK_TEXT(pennon_evaluation_json(evaluation, NULL), value);
    CHECK_TEXT(pennon_evaluation_variant(evaluation, NULL), variant);
    CHECK(strstr(pennon_evaluation_metadata(evaluation, NULL), reason) != NULL);
    pennon_evaluation_free(evaluation);
}

static void check_segments(pennon_client *client, pennon_context *user, const char *expected)
{
    pennon_text *text = NULL;

    CHECK_STATUS(pennon_client_segments(client, user, &text, NULL), PENNON_STATUS_OK);
    CHECK_TEXT(pennon_text_data(text, NULL), expected);
    pennon_text_free(text);
}

int main(void)
{
    pennon_client *client = client_of(OPTIONS);
    pennon_context *one = context_of("{\"targetingKey\": \"user-1\", \"plan\": \"pro\"}");
    pennon_context *two = context_of("{\"targetingKey\": \"user-2\", \"traits\": {\"plan\": \"free\"}}");
    pennon_context *vip = context_of("{\"targetingKey\": \"vip\", \"plan\": \"pro\"}");
    pennon_evaluation *evaluation = NULL;
    pennon_text *text = NULL;
    pennon_error *error = NULL;
    char buffer[32];

    CHECK(pennon_client_get_bool(client, PENNON_LITERAL("checkout"), one, 0));
    CHECK(!pennon_client_get_bool(client, PENNON_LITERAL("checkout"), two, 1));
    CHECK(!pennon_client_get_bool(client, PENNON_LITERAL("checkout"), NULL, 1));
    check_flag(client, one, "checkout", "\"v2\"", "", "TARGETING_MATCH; segment=pros");
    check_flag(client, one, "button", "\"red\"", "", "SPLIT; weight=20\"");
    check_flag(client, two, "checkout", "\"v1\"", "", "\"reason\":\"DEFAULT\"");
    check_flag(client, two, "button", "\"blue\"", "blue", "SPLIT; weight=30.0\"");
    check_flag(client, vip, "checkout", "\"vip-only\"", "", "segment=identity_overrides");
    check_flag(client, NULL, "checkout", "\"v1\"", "", "\"reason\":\"STATIC\"");
    check_segments(client, one, "[{\"id\":55,\"name\":\"pros\"}]");
    check_segments(client, two, "[]");
    check_segments(client, vip, "[{\"id\":55,\"name\":\"pros\"}]");
    check_segments(client, NULL, "[]");

    /* The values of flags that are switched off are withheld, texts of JSON are objects. */
    CHECK_STATUS(pennon_client_evaluate(client, PENNON_LITERAL("checkout"), 2, two, &evaluation, NULL), PENNON_STATUS_OK);
    CHECK_INT(pennon_evaluation_error_code(evaluation), PENNON_ERROR_CODE_GENERAL);
    pennon_evaluation_free(evaluation);
    CHECK_INT(pennon_client_get_int(client, PENNON_LITERAL("plain"), two, -1), 7);
    CHECK_STATUS(pennon_client_get_json(client, PENNON_LITERAL("object"), one, PENNON_LITERAL("{}"), buffer, sizeof buffer, NULL),
                 PENNON_STATUS_OK);
    CHECK_TEXT(buffer, "{\"a\": [1]}");

    CHECK_STATUS(pennon_client_explain(client, PENNON_LITERAL("checkout"), one, &text, NULL), PENNON_STATUS_OK);
    CHECK(strstr(pennon_text_data(text, NULL), "\"decidedBy\":\"segment pros\"") != NULL);
    pennon_text_free(text);

    /* What the vendor's client refuses is refused, and what is in force stays. */
    CHECK_FAILS(pennon_client_set_ruleset(client, PENNON_LITERAL("{\"api_key\": \"k\"}"), &error), PENNON_STATUS_INVALID_RULESET, error);
    CHECK(pennon_client_get_bool(client, PENNON_LITERAL("checkout"), one, 0));

    pennon_context_free(one);
    pennon_context_free(two);
    pennon_context_free(vip);
    pennon_client_free(client);
    return 0;
}
