/* A program that finds Pennon in one of the ways that projects do, and evaluates a flag. */

#include <pennon.h>

#include <stdio.h>

static const char OPTIONS[] = "{\"service\": \"goff\", \"ruleset\": {\"answer\": {"
                              "\"variations\": {\"yes\": 42, \"no\": 0},"
                              "\"targeting\": [{\"query\": \"plan eq \\\"pro\\\"\", \"variation\": \"yes\"}],"
                              "\"defaultRule\": {\"variation\": \"no\"}}}}";

int main(void)
{
    pennon_options *options = NULL;
    pennon_client *client = NULL;
    pennon_error *error = NULL;
    pennon_context *user = pennon_context_create();
    int64_t answer;

    if (pennon_abi_version() != PENNON_ABI_VERSION) {
        fprintf(stderr, "header and library do not fit\n");
        return 1;
    }
    if (pennon_options_from_json(OPTIONS, PENNON_ZERO_TERMINATED, &options, &error)
        || pennon_client_create(options, &client, &error)) {
        fprintf(stderr, "%s\n", pennon_error_message(error, NULL));
        return 1;
    }
    pennon_context_set_string(user, PENNON_LITERAL("plan"), PENNON_LITERAL("pro"));
    answer = pennon_client_get_int(client, PENNON_LITERAL("answer"), user, -1);
    pennon_context_free(user);
    pennon_client_free(client);
    printf("pennon %s answers %d\n", pennon_version(), (int)answer);
    return answer == 42 ? 0 : 1;
}
