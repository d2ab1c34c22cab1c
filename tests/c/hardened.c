/*
 * The program of `make demo`, run as services are that somebody hardened: memory that is never both written and run, little
 * address space, no standard streams.
 *
 *     hardened DEMO FLAGS.json
 */

#define _DEFAULT_SOURCE /* MAP_ANONYMOUS is not of POSIX. */

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of linux/prctl.h, which may be older than the kernel. */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

/* Address space: an instance has 64 MiB; the program, its libraries, stacks and heap have the rest. */
enum { INSTANCE_MIB = 64, PROGRAM_MIB = 32 };

/* Exit codes of a child that did not become the program. */
enum { NOT_HERE = 77, NOT_HARDENED = 78, NOT_RUN = 79 };

/* Makes the process what it is to be; an exit code where it cannot be, or 0. */
typedef int harden(void);

static int nothing(void)
{
    return 0;
}

static int memory_deny_write_execute(void)
{
    if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0L, 0L, 0L) != 0) {
        return NOT_HERE;
    }
    /* What is refused to a program that asks for it is refused to the library. */
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
        ? 0
        : NOT_HARDENED;
}

static int limit_address_space(size_t bytes)
{
    struct rlimit limit = {bytes, bytes};

#ifdef __SANITIZE_ADDRESS__
    return NOT_HERE; /* Its shadow is terabytes of address space. */
#endif
    return setrlimit(RLIMIT_AS, &limit) == 0 ? 0 : NOT_HARDENED;
}

static int little_address_space(void)
{
    return limit_address_space((size_t)(INSTANCE_MIB + PROGRAM_MIB) << 20);
}

static int no_standard_streams(void)
{
    return close(STDIN_FILENO) | close(STDOUT_FILENO) | close(STDERR_FILENO) ? NOT_HARDENED : 0;
}

static int64_t size_of(const char *path)
{
    struct stat file;

    CHECK_INT(stat(path, &file), 0);
    return file.st_size;
}

static char *text_of(const char *path)
{
    int64_t size = size_of(path);
    char *text = calloc(1, (size_t)size + 1);
    FILE *file = fopen(path, "rb");

    CHECK(text != NULL && file != NULL);
    CHECK_INT((int64_t)fread(text, 1, (size_t)size, file), size);
    fclose(file);
    return text;
}

/* Runs the demo in a hardened child, its output going to two files, and answers its exit code. */
static int run(const char *demo, harden *harden, const char *flags, const char *output, const char *errors)
{
    int status = 0;
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        int code;
        dup2(open(output, O_CREAT | O_TRUNC | O_WRONLY, 0600), STDOUT_FILENO);
        dup2(open(errors, O_CREAT | O_TRUNC | O_WRONLY, 0600), STDERR_FILENO);
        for (int file = 3; file < 64; file++) {
            close(file);
        }
        code = harden();
        if (code == 0) {
            execl(demo, demo, flags, (char *)NULL);
            code = NOT_RUN;
        }
        _exit(code);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* The demo changes one word of its file: nothing else may have been written there, whatever descriptors it had. */
static void was_changed_by_the_demo_alone(const char *path, const char *before)
{
    static const char FROM[] = "Good morning", TO[] = "Good evening";
    char *after = text_of(path);
    char *expected = strdup(before);
    char *place = strstr(expected, FROM);

    CHECK(place != NULL);
    memcpy(place, TO, strlen(TO));
    CHECK_TEXT(after, expected);
    free(expected);
    free(after);
}

static void demo_works(const char *demo, const char *flags, const char *what, harden *harden)
{
    char path[256], output[256], errors[256];
    char *before = text_of(flags);
    int64_t start = now();
    int code;

    strcpy(path, scratch("hardened.json"));
    strcpy(output, scratch("hardened.out"));
    strcpy(errors, scratch("hardened.err"));
    write_file(path, before);
    code = run(demo, harden, path, output, errors);
    if (code == NOT_HERE) {
        printf("figure: the demo, %s: skipped, because it cannot be had here\n", what);
    } else {
        char *said = text_of(errors);
        CHECK_TEXT(said, "");
        free(said);
        CHECK_INT(code, 0);
        was_changed_by_the_demo_alone(path, before);
        printf("figure: the demo, %s: works, %d ms, %d bytes of output\n", what, (int)(now() - start), (int)size_of(output));
    }
    CHECK_INT(unlink(path) | unlink(output) | unlink(errors), 0);
    free(before);
}

#ifndef __SANITIZE_ADDRESS__ /* whose shadow alone takes terabytes */
/* Bytes of address space that the process has. */
static size_t address_space(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;

    CHECK(file != NULL && fscanf(file, "%lu", &pages) == 1);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}
#endif

/* Where an instance cannot be had an evaluation is an error; it works when there is room again. */
static void too_little_address_space_is_an_error(void)
{
    pennon_client *client = client_on(FLAGS);
    pennon_evaluation *evaluation;
    struct rlimit limit;

    CHECK_INT(getrlimit(RLIMIT_AS, &limit), 0);
#ifndef __SANITIZE_ADDRESS__
    limit.rlim_cur = address_space() + ((size_t)INSTANCE_MIB << 20) / 2;
    CHECK_INT(setrlimit(RLIMIT_AS, &limit), 0);
    evaluation = evaluation_of(client, "targeted", PENNON_TYPE_STRING, NULL);
    CHECK_INT(pennon_evaluation_error_code(evaluation), PENNON_ERROR_CODE_GENERAL);
    CHECK(*pennon_evaluation_error_message(evaluation, NULL) != '\0');
    printf("figure: half an instance's address space: %s\n", pennon_evaluation_error_message(evaluation, NULL));
    pennon_evaluation_free(evaluation);
    limit.rlim_cur = limit.rlim_max;
    CHECK_INT(setrlimit(RLIMIT_AS, &limit), 0);
#endif
    evaluation = evaluation_of(client, "targeted", PENNON_TYPE_STRING, NULL);
    CHECK_TEXT(pennon_evaluation_string(evaluation, NULL), "for others");
    pennon_evaluation_free(evaluation);
    evaluate_everything(client);
    pennon_client_free(client);
}

int main(int argc, char **argv)
{
    CHECK_INT(argc, 3);
    setvbuf(stdout, NULL, _IONBF, 0);
    demo_works(argv[1], argv[2], "as it is", nothing);
    demo_works(argv[1], argv[2], "with PR_SET_MDWE", memory_deny_write_execute);
    demo_works(argv[1], argv[2], "in 96 MiB of address space", little_address_space);
    demo_works(argv[1], argv[2], "without standard streams", no_standard_streams);
    too_little_address_space_is_an_error();
    return 0;
}
