/* A thread with as little stack as musl and some runtimes give makes a client and evaluates everything. */

#include "check.h"

#include <pthread.h>

enum { STACK = 128 << 10 };

static void *run(void *data)
{
    pennon_client *client = client_on(FLAGS);

    (void)data;
    evaluate_everything(client);
    CHECK_STATUS(pennon_client_set_ruleset(client, "{", 1, NULL), PENNON_STATUS_INVALID_RULESET);
    CHECK_STATUS(pennon_client_set_ruleset(client, FLAGS, PENNON_ZERO_TERMINATED, NULL), PENNON_STATUS_OK);
    evaluate_everything(client);
    pennon_client_free(client);
    return NULL;
}

int main(void)
{
    pthread_attr_t attributes;
    pthread_t thread;

    CHECK_INT(pthread_attr_init(&attributes), 0);
    CHECK_INT(pthread_attr_setstacksize(&attributes, STACK), 0);
    CHECK_INT(pthread_create(&thread, &attributes, run, NULL), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_INT(pthread_attr_destroy(&attributes), 0);
    return 0;
}
