/*
 * The host process stays as it was: nothing written, no signal handler, no mask, no file left open, no thread left, no
 * environment needed.
 */

#define _DEFAULT_SOURCE /* NSIG is not of POSIX. */

#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

/* What a library may not change. */
struct process {
    struct sigaction actions[NSIG];
    sigset_t mask;
    int files;
    int threads;
};

static int count_entries(const char *path)
{
    DIR *folder = opendir(path);
    int count = 0;

    while (folder != NULL && readdir(folder) != NULL) {
        count++;
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return count;
}

static void look(struct process *process)
{
    memset(process, 0, sizeof *process);
    for (int number = 1; number < NSIG; number++) {
        sigaction(number, NULL, &process->actions[number]);
    }
    pthread_sigmask(SIG_SETMASK, NULL, &process->mask);
    process->files = count_entries("/proc/self/fd");
    process->threads = count_entries("/proc/self/task");
}

/* A thread that was joined may be listed for a moment still. */
static int has_so_many_threads(void *count)
{
    return count_entries("/proc/self/task") == *(int *)count;
}

static int are_same(const sigset_t *one, const sigset_t *other)
{
    for (int number = 1; number < NSIG; number++) {
        if (sigismember(one, number) != sigismember(other, number)) {
            return 0;
        }
    }
    return 1;
}

static void is_as_before(const struct process *before)
{
    struct process after;

    look(&after);
    for (int number = 1; number < NSIG; number++) {
        CHECK(after.actions[number].sa_handler == before->actions[number].sa_handler);
        CHECK_INT(after.actions[number].sa_flags, before->actions[number].sa_flags);
        CHECK(are_same(&after.actions[number].sa_mask, &before->actions[number].sa_mask));
    }
    CHECK(are_same(&after.mask, &before->mask));
    CHECK_INT(after.files, before->files);
    after.threads = before->threads;
    eventually(has_so_many_threads, &after.threads, "no thread of the library is left");
}

/* All that the library does, and all that goes wrong in it. */
static void use_everything(const struct process *before)
{
    const char *path = scratch("quiet.json");
    pennon_client *client;
    pennon_options *options = NULL;
    int threads;

    write_file(path, "{");
    client = client_on_file(path, 2);
    write_file(path, FLAGS);
    CHECK_STATUS(pennon_client_wait_ready(client, 30000), PENNON_STATUS_OK);
    evaluate_everything(client);
    write_file(path, "[");
    CHECK(pennon_client_refresh(client, NULL) != PENNON_STATUS_OK);
    CHECK(pennon_client_set_ruleset(client, "\xff", 1, NULL) != PENNON_STATUS_OK);
    CHECK(pennon_options_from_json("{", 1, &options, NULL) != PENNON_STATUS_OK);
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        CHECK(sigaction(number, NULL, &action) != 0 || action.sa_handler == before->actions[number].sa_handler);
    }
    CHECK_STATUS(pennon_client_shutdown(client, 30000), PENNON_STATUS_OK);
    threads = before->threads;
    eventually(has_so_many_threads, &threads, "no thread of the client is left after its shutdown");
    /* An evaluation has a deadline all the same, from a thread that begins with it. */
    evaluate_everything(client);
    threads = before->threads + 1;
    eventually(has_so_many_threads, &threads, "an evaluation after the shutdown has a deadline");
    CHECK_STATUS(pennon_client_shutdown(client, 30000), PENNON_STATUS_OK);
    threads = before->threads;
    eventually(has_so_many_threads, &threads, "no thread of the client is left after another shutdown");
    pennon_client_free(client);
    CHECK_INT(unlink(path), 0);
}

/* Sends standard output and error into a file, and answers what they were. */
static int redirect(const char *path, int *old_output, int *old_error)
{
    int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);

    CHECK(file >= 0);
    *old_output = dup(STDOUT_FILENO);
    *old_error = dup(STDERR_FILENO);
    CHECK(dup2(file, STDOUT_FILENO) >= 0 && dup2(file, STDERR_FILENO) >= 0);
    return file;
}

/* A file holds this text and no more. */
static void is_text_of(int file, const char *text)
{
    char buffer[256] = "";

    CHECK_INT(lseek(file, 0, SEEK_SET), 0);
    CHECK(read(file, buffer, sizeof buffer - 1) >= 0);
    CHECK_TEXT(buffer, text);
}

static void nothing_is_written(void)
{
    char path[256];
    int old_output, old_error;
    int file;
    struct process before;
    struct stat written;

    strcpy(path, scratch("output.txt"));
    file = redirect(path, &old_output, &old_error);
    look(&before);
    use_everything(&before);
    is_as_before(&before);
    CHECK_INT(fstat(file, &written), 0);
    CHECK(dup2(old_output, STDOUT_FILENO) >= 0 && dup2(old_error, STDERR_FILENO) >= 0);
    close(old_output);
    close(old_error);
    close(file);
    CHECK_INT(unlink(path), 0);
    CHECK_INT(written.st_size, 0);
}

/* Its files then get the numbers of the standard streams; so do three of the host's, which nothing may write to. */
static void works_without_standard_streams(void)
{
    static const char DATA[] = "the host's own data";
    int old_error = fcntl(STDERR_FILENO, F_DUPFD, 10);
    struct process before;
    char path[256];

    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    look(&before);
    use_everything(&before);
    is_as_before(&before);
    strcpy(path, scratch("reused.txt"));
    write_file(path, DATA);
    for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++) {
        CHECK_INT(open(path, O_RDWR | O_APPEND), file);
    }
    look(&before);
    use_everything(&before);
    is_as_before(&before);
    is_text_of(STDIN_FILENO, DATA);
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    CHECK(dup2(old_error, STDERR_FILENO) >= 0);
    close(old_error);
    CHECK_INT(unlink(path), 0);
}

static void works_without_environment(void)
{
    struct process before;
    char **kept = environ;
    static char *none[] = {NULL};

    look(&before);
    environ = none;
    use_everything(&before);
    environ = kept;
    is_as_before(&before);
}

static void signals_of_the_host_stay_its_own(void)
{
    struct sigaction ignore;
    struct process before;
    sigset_t blocked;

    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    CHECK_INT(sigaction(SIGSEGV, &ignore, NULL) | sigaction(SIGFPE, &ignore, NULL) | sigaction(SIGPIPE, &ignore, NULL), 0);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    CHECK_INT(pthread_sigmask(SIG_BLOCK, &blocked, NULL), 0);
    look(&before);
    use_everything(&before);
    is_as_before(&before);
    CHECK_TEXT(setlocale(LC_ALL, NULL), "C");
}

int main(void)
{
    nothing_is_written();
    works_without_environment();
    signals_of_the_host_stay_its_own();
    works_without_standard_streams();
    return 0;
}
