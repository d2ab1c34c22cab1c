/* A child of fork evaluates, and ends; the parent goes on. */

#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_MS = 20000 };

/* Runs a function in a child that leaves by exit(), and answers its exit code; a child that hangs is a failure. */
static int in_child(void (*run)(pennon_client *client), pennon_client *client)
{
    int64_t end = now() + CHILD_MS;
    int status = 0;
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        run(client);
        exit(0);
    }
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (now() > end) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            return -1;
        }
        milliseconds(1);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -2;
}

static void evaluate_constants(pennon_client *client)
{
    int64_t start = now();

    CHECK_INT(pennon_client_get_int(client, "max", 3, NULL, -7), INT64_MAX);
    CHECK(pennon_client_get_bool(client, "bool", 4, NULL, 0));
    CHECK(now() - start < 1000);
}

static void free_client(pennon_client *client)
{
    pennon_client_free(client);
}

static void make_another(pennon_client *client)
{
    pennon_client *another = client_on(FLAGS);

    (void)client;
    evaluate_everything(another);
    pennon_client_free(another);
}

static void replace_the_ruleset(pennon_client *client)
{
    CHECK_STATUS(pennon_client_set_ruleset(client, FLAGS, PENNON_ZERO_TERMINATED, NULL), PENNON_STATUS_OK);
    evaluate_everything(client);
}

static void shut_down(pennon_client *client)
{
    CHECK_STATUS(pennon_client_shutdown(client, 300), PENNON_STATUS_OK);
}

static void evaluate_all_kinds(pennon_client *client)
{
    evaluate_everything(client);
}

static void do_nothing(pennon_client *client)
{
    (void)client;
}

struct trial {
    const char *what;
    void (*run)(pennon_client *client);
};

static const struct trial TRIALS[] = {
    {"nothing", do_nothing},
    {"constant flags", evaluate_constants},
    {"all flags", evaluate_all_kinds},
    {"another ruleset", replace_the_ruleset},
    {"another client", make_another},
    {"shutdown", shut_down},
    {"free", free_client},
};

/* Children of an idle parent. */
static void every_trial(pennon_client *client, const char *source)
{
    for (size_t index = 0; index < sizeof TRIALS / sizeof TRIALS[0]; index++) {
        int64_t start = now();
        int code = in_child(TRIALS[index].run, client);
        printf("%s, idle parent, %s: %s, %d ms\n", source, TRIALS[index].what, code == 0 ? "works" : "FAILS",
               (int)(now() - start));
        CHECK_INT(code, 0);
        evaluate_everything(client);
    }
}

struct load {
    pennon_client *client;
    int over;
};

static void *evaluate_on_and_on(void *data)
{
    struct load *load = data;

    while (!__atomic_load_n(&load->over, __ATOMIC_ACQUIRE)) {
        evaluate_everything(load->client);
    }
    return NULL;
}

/* Children of a parent whose other threads are evaluating: instances are in use at the moment of the fork. */
static void children_of_a_busy_parent(pennon_client *client)
{
    struct load load = {client, 0};
    pthread_t threads[2];
    int failed = 0;

    for (int index = 0; index < 2; index++) {
        CHECK_INT(pthread_create(&threads[index], NULL, evaluate_on_and_on, &load), 0);
    }
    for (int round = 0; round < rounds(20); round++) {
        CHECK_INT(in_child(evaluate_constants, client), 0);
    }
    for (int round = 0; round < rounds(5); round++) {
        failed += in_child(evaluate_all_kinds, client) != 0;
    }
    __atomic_store_n(&load.over, 1, __ATOMIC_RELEASE);
    for (int index = 0; index < 2; index++) {
        CHECK_INT(pthread_join(threads[index], NULL), 0);
    }
    printf("busy parent, constant flags: works; all flags: %d of %d children fail\n", failed, rounds(5));
    evaluate_everything(client);
}

int main(void)
{
    const char *path = scratch("fork.json");
    pennon_client *inline_client = client_on(FLAGS);
    pennon_client *file_client;

    setvbuf(stdout, NULL, _IONBF, 0);
    write_file(path, FLAGS);
    file_client = client_on_file(path, 5);
    evaluate_everything(inline_client);
    evaluate_everything(file_client);
    evaluate_constants(inline_client); /* What is answered without an instance is what was asked for before. */
    evaluate_constants(file_client);
    every_trial(inline_client, "inline");
    every_trial(file_client, "file");
    children_of_a_busy_parent(inline_client);
    pennon_client_free(inline_client);
    unlink(path);
    /* The other one is left: nothing may hang at exit. */
    return 0;
}
