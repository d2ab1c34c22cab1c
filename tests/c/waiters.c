/* Threads that wait for a client to be ready give up when another thread frees it. */

#include "check.h"

enum { WAIT_MS = 8000, SOON_MS = 1500 };

/* Thread 0 frees the client that the others wait for. */
static void wait_or_free(void *data, int number)
{
    int64_t start = now();

    if (number == 0) {
        milliseconds(100);
        pennon_client_free(data);
    } else {
        CHECK(pennon_client_wait_ready(data, WAIT_MS) != PENNON_STATUS_OK);
    }
    CHECK(now() - start < SOON_MS);
}

static void free_ends_waiting(void)
{
    pennon_client *client = NULL;
    int64_t start = now();

    CHECK_STATUS(pennon_client_create(options_with(""), &client, NULL), PENNON_STATUS_OK);
    on_threads(3, wait_or_free, client);
    CHECK(now() - start < SOON_MS);
}

int main(void)
{
    free_ends_waiting();
    return 0;
}
