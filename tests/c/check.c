#include "check.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 30000, MAX_THREADS = 16 };

static void fail(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    fflush(NULL);
    _exit(1);
}

void check_true(int condition, const char *what, const char *file, int line)
{
    if (!condition) {
        fail(what, file, line);
    }
}

void check_int(int64_t actual, int64_t expected, const char *what, const char *file, int line)
{
    if (actual != expected) {
        fprintf(stderr, "is %" PRId64 ", not %" PRId64 "\n", actual, expected);
        fail(what, file, line);
    }
}

void check_status(int32_t actual, int32_t expected, const char *what, const char *file, int line)
{
    if (actual != expected) {
        fprintf(stderr, "is %s, not %s\n", pennon_status_name(actual), pennon_status_name(expected));
        fail(what, file, line);
    }
}

void check_text(const char *actual, const char *expected, const char *what, const char *file, int line)
{
    if (actual == NULL || strcmp(actual, expected) != 0) {
        fprintf(stderr, "is \"%s\", not \"%s\"\n", actual ? actual : "(null)", expected);
        fail(what, file, line);
    }
}

void check_error(pennon_error **error, int32_t expected, const char *what, const char *file, int line)
{
    size_t length = 0;
    const char *message = pennon_error_message(*error, &length);

    check_true(*error != NULL, what, file, line);
    check_status(pennon_error_status(*error), expected, what, file, line);
    check_true(length > 0 && length == strlen(message) && strchr(message, '\n') == NULL, what, file, line);
    pennon_error_free(*error);
    *error = NULL;
}

/* The end of the string that starts after a quote; NULL where it has none. */
static const char *end_of_string(const char *text)
{
    for (; *text != '"'; text++) {
        if ((unsigned char)*text < ' ' || (*text == '\\' && *++text == '\0')) {
            return NULL;
        }
    }
    return text;
}

int is_json(const char *text)
{
    char open[64];
    int depth = 0;

    if (strchr("{[", *text) == NULL || *text == '\0') {
        return 0;
    }
    for (; *text != '\0'; text++) {
        if (*text == '"' && (text = end_of_string(text + 1)) == NULL) {
            return 0;
        }
        if (strchr("{[", *text) && depth < (int)sizeof open) {
            open[depth++] = *text == '{' ? '}' : ']';
        } else if (strchr("}]", *text) && (depth == 0 || open[--depth] != *text)) {
            return 0;
        }
    }
    return depth == 0;
}

int rounds(int normal)
{
    const char *text = getenv("PENNON_TEST_SLOWNESS");
    int slowness = text ? atoi(text) : 1;

    return normal / slowness > 1 ? normal / slowness : 1;
}

void milliseconds(int time)
{
    struct timespec duration = {time / 1000, time % 1000 * 1000000L};

    nanosleep(&duration, NULL);
}

int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void eventually(int (*is_so)(void *data), void *data, const char *what)
{
    int64_t end = now() + PATIENCE_MS;

    while (!is_so(data)) {
        check_true(now() < end, what, "never", 0);
        milliseconds(5);
    }
}

struct job {
    void (*run)(void *data, int number);
    void *data;
    int number;
};

static void *run_job(void *data)
{
    struct job *job = data;

    job->run(job->data, job->number);
    return NULL;
}

void on_threads(int count, void (*run)(void *data, int number), void *data)
{
    pthread_t threads[MAX_THREADS];
    struct job jobs[MAX_THREADS];

    CHECK(count <= MAX_THREADS);
    for (int number = 0; number < count; number++) {
        jobs[number] = (struct job){run, data, number};
        CHECK_INT(pthread_create(&threads[number], NULL, run_job, &jobs[number]), 0);
    }
    for (int number = 0; number < count; number++) {
        CHECK_INT(pthread_join(threads[number], NULL), 0);
    }
}

void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");

    CHECK(file != NULL);
    CHECK_INT((int64_t)fwrite(text, 1, strlen(text), file), (int64_t)strlen(text));
    CHECK_INT(fclose(file), 0);
}

void replace_file(const char *path, const char *text)
{
    char next[512];

    snprintf(next, sizeof next, "%s.new", path);
    write_file(next, text);
    CHECK_INT(rename(next, path), 0);
}

const char *scratch(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%ld-%s", (long)getpid(), name);
    return path;
}
