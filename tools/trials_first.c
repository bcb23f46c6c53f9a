/* The run that is to be shrunk, in a process of its own: what a node does there
 * takes only that process with it. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/runner.h"
#include "tools/trials.h"

#define POLL_MS 50

/* What the process reports. */
struct first {
    struct failure failure;
    struct trial_result found;
};

static void run(const struct sim_scenario *scenario,
                const struct trials *trials, uint64_t seed, int fd)
{
    struct runner_options runner = {
        .simulation = {.seed = seed,
                       .node_type = trials->node_type,
                       .checks = true,
                       .max_steps = SIM_UNLIMITED}};
    struct runner_outcome outcome;
    struct first first;
    memset(&first, 0, sizeof first);
    runner_run(scenario, &runner, NULL, &outcome);
    failure_of(&first.failure, &outcome.result, false);
    first.found = trial_result_of(&outcome.result);
    ssize_t size = (ssize_t)sizeof first; /* a pipe has room for it */
    _exit(write(fd, &first, sizeof first) == size ? 0 : 1);
}

/* Whether the process said something, or ended, before time was up. */
static bool listen_to(const struct trials *trials, int fd, struct first *first,
                      bool *whole)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    while (!trials_are_over(trials)) {
        if (poll(&polled, 1, POLL_MS) > 0) {
            *whole = read(fd, first, sizeof *first) == (ssize_t)sizeof *first;
            return true;
        }
    }
    return false;
}

static void tell_death(int status, struct failure *failure)
{
    const char *name =
        WIFSIGNALED(status) ? failure_signal_name(WTERMSIG(status)) : NULL;
    snprintf(failure->what, sizeof failure->what, "died");
    if (name != NULL) {
        snprintf(failure->kind, sizeof failure->kind, "killed by %s", name);
    } else {
        snprintf(failure->kind, sizeof failure->kind,
                 "ended with exit code %d before its report",
                 WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    }
}

bool trials_first(struct trials *trials, const struct sim_scenario *scenario,
                  uint64_t seed, struct failure *failure,
                  struct trial_result *found)
{
    int ends[2];
    int status = 0;
    struct first first;
    bool whole = false;
    memset(&first, 0, sizeof first);
    fflush(stdout);
    fflush(stderr);
    pid_t pid = pipe(ends) == 0 ? fork() : -1;
    if (pid < 0) {
        trials->error = errno;
        return false;
    }
    if (pid == 0) {
        close(ends[0]);
        signal(SIGINT, SIG_IGN); /* the parent ends this one */
        run(scenario, trials, seed, ends[1]);
    }
    close(ends[1]);
    bool in_time = listen_to(trials, ends[0], &first, &whole);
    close(ends[0]);
    if (!in_time) {
        kill(pid, SIGKILL);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!whole) {
        tell_death(status, &first.failure);
        first.found = (struct trial_result){.found = true, .seed = seed};
    }
    *failure = first.failure;
    *found = first.found;
    return in_time;
}
