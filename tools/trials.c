#define _DEFAULT_SOURCE

#include "tools/trials.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/memory.h"
#include "tools/runner.h"
#include "tools/wall_clock.h"
#include "tools/workers.h"

/* No run takes longer, in seconds of a processor: who hangs, hangs. */
#define CPU_LIMIT_S 20u

/* How a sweep begins to say how a process ended. */
#define KILLED_BY "killed by "

/* How long a wait for processes may last before the clock is looked at. */
#define POLL_MS 50

uint64_t trial_weight(const struct trial_result *result)
{
    return (result->faults + result->operations) * 20 + result->steps;
}

bool trials_are_over(const struct trials *trials)
{
    return runner_is_interrupted() || wall_clock_us() >= trials->deadline_us;
}

struct trial_result trial_result_of(const struct sim_result *end)
{
    return (struct trial_result){
        .found = true,
        .seed = end->seed,
        .steps = end->violated ? end->violation.step : end->steps,
        .time_us = end->violated ? end->violation.time_us : end->time_us,
        .faults = end->faults,
        .operations = end->proposals,
    };
}

/* --- in the process of a trial -------------------------------------------- */

/* What a process reports: before each run its seed alone, then the result. */
struct report_line {
    bool is_result;
    uint64_t runs;
    struct trial_result result;
};

static void say(int fd, const struct report_line *line)
{
    if (write(fd, line, sizeof *line) != (ssize_t)sizeof *line) {
        _exit(1);
    }
}

static void limit_processor_time(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    rlim_t until = (rlim_t)used.ru_utime.tv_sec + (rlim_t)used.ru_stime.tv_sec +
                   CPU_LIMIT_S;
    struct rlimit limit = {.rlim_cur = until, .rlim_max = RLIM_INFINITY};
    setrlimit(RLIMIT_CPU, &limit);
}

/* To its end; with a `slot`, what is known so far stands there at any moment.
 */
static void advance(struct sim_simulation *simulation, uint64_t seed,
                    struct trial_result *slot)
{
    uint64_t events = slot == NULL ? UINT64_MAX : 1;
    while (sim_simulation_advance(simulation, events) == SIM_VERDICT_RUNNING) {
        if (slot != NULL) {
            *slot = trial_result_of(sim_simulation_result(simulation));
            slot->seed = seed;
        }
    }
}

static bool run_one(const struct sim_scenario *scenario,
                    const struct trials *trials, uint64_t seed,
                    uint64_t max_steps, struct trial_result *slot,
                    struct trial_result *result)
{
    struct sim_options options = {.seed = seed,
                                  .node_type = trials->node_type,
                                  .checks = true,
                                  .max_steps = max_steps};
    struct failure failure;
    struct sim_simulation *simulation = sim_simulation_new(scenario, &options);
    limit_processor_time();
    advance(simulation, seed, slot);
    const struct sim_result *end = sim_simulation_result(simulation);
    failure_of(&failure, end, false);
    *result = trial_result_of(end);
    result->found = failure_equal(&failure, &trials->wanted);
    sim_simulation_free(simulation);
    return result->found;
}

static void run_trial(const struct trial *trial, const struct trials *trials,
                      struct trial_result *slot, int fd)
{
    struct report_line line = {.is_result = false};
    struct trial_result best = {.found = false};
    struct sim_scenario_problems problems;
    uint64_t max_steps = trial->max_steps;
    struct sim_scenario *scenario = sim_scenario_parse(
        trial->text, strlen(trial->text), &trial->first_seed, &problems);
    for (uint32_t i = 0; scenario != NULL && i < trial->n_seeds; i++) {
        struct trial_result result;
        line.result = (struct trial_result){.seed = trial->first_seed + i};
        line.runs++;
        if (slot != NULL) {
            *slot = line.result;
        }
        say(fd, &line);
        bool found = run_one(scenario, trials, trial->first_seed + i, max_steps,
                             slot, &result);
        if (trial->every_seed && !found) {
            best.found = false;
            break;
        }
        if (found &&
            (!best.found || trial_weight(&result) < trial_weight(&best))) {
            best = result;
        }
        if (best.found && trial->all_seeds && best.steps < max_steps) {
            max_steps = best.steps;
        }
        if (best.found && !trial->all_seeds && !trial->every_seed) {
            break;
        }
    }
    line.is_result = true;
    line.result = best;
    say(fd, &line);
}

static void begin_life(void)
{
    struct rlimit core = {.rlim_cur = 0, .rlim_max = 0};
    struct rlimit memory;
    signal(SIGINT, SIG_IGN); /* the parent ends this one */
    signal(SIGTERM, SIG_DFL);
    setrlimit(RLIMIT_CORE, &core);
    if (WORKERS_MEMORY_BYTES > 0 && getrlimit(RLIMIT_AS, &memory) == 0 &&
        memory.rlim_cur > WORKERS_MEMORY_BYTES) {
        memory.rlim_cur = WORKERS_MEMORY_BYTES;
        setrlimit(RLIMIT_AS, &memory); /* a lower one is the user's */
    }
}

/* --- in the process that waits -------------------------------------------- */

struct child {
    pid_t pid; /* 0: this place is free */
    int fd;
    size_t place;            /* of its trial */
    struct report_line line; /* the latest */
};

struct crowd {
    struct trials *trials;
    const struct trial *list;
    size_t n, next; /* trials, and the first that was not begun */
    bool first;
    struct child *children;
    struct trial_result *slots; /* shared with each child: how far it is. NULL:
                                   no process is looked for that dies */
    struct trial_result *results;
    uint64_t *runs; /* of each trial */
    bool *done;
};

static struct trial_result *slot_of(const struct crowd *crowd,
                                    const struct child *child)
{
    return crowd->slots == NULL ? NULL : &crowd->slots[child - crowd->children];
}

static bool start(struct crowd *crowd, struct child *child)
{
    int ends[2];
    if (pipe(ends) != 0) {
        crowd->trials->error = errno;
        return false;
    }
    fflush(stdout);
    fflush(stderr);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        begin_life();
        run_trial(&crowd->list[crowd->next], crowd->trials,
                  slot_of(crowd, child), ends[1]);
        _exit(0);
    }
    close(ends[1]);
    if (pid < 0) {
        crowd->trials->error = errno;
        close(ends[0]);
        return false;
    }
    *child = (struct child){.pid = pid, .fd = ends[0], .place = crowd->next};
    crowd->next++;
    return true;
}

/* How a process ended, in the words of tools/failure.h. */
static void died(const struct crowd *crowd, const struct child *child,
                 int status, struct trial_result *result)
{
    const struct failure *wanted = &crowd->trials->wanted;
    const char *name =
        WIFSIGNALED(status) ? failure_signal_name(WTERMSIG(status)) : NULL;
    if (name == NULL || strcmp(wanted->what, "died") != 0 ||
        strncmp(wanted->kind, KILLED_BY, strlen(KILLED_BY)) != 0 ||
        strcmp(wanted->kind + strlen(KILLED_BY), name) != 0) {
        return;
    }
    *result =
        crowd->slots == NULL ? child->line.result : *slot_of(crowd, child);
    result->found = true;
}

static void finish(struct crowd *crowd, struct child *child, bool killed)
{
    int status = 0;
    struct trial_result *result = &crowd->results[child->place];
    if (killed) {
        kill(child->pid, SIGKILL);
    }
    close(child->fd);
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {
    }
    crowd->runs[child->place] = child->line.runs;
    if (!killed && child->line.is_result) {
        *result = child->line.result;
    } else if (!killed) {
        died(crowd, child, status, result);
    }
    crowd->done[child->place] = true;
    child->pid = 0;
}

/* Whole lines only are written, and they are small: they come whole. */
static void listen_to(struct crowd *crowd, struct child *child)
{
    struct report_line line;
    ssize_t got = read(child->fd, &line, sizeof line);
    if (got == (ssize_t)sizeof line) {
        child->line = line;
    } else if (got >= 0 || errno != EINTR) {
        finish(crowd, child, false);
    }
}

/* The first that failed, if all before it are known; else `n`. */
static size_t first_found(const struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->n; i++) {
        if (!crowd->done[i]) {
            return crowd->n;
        }
        if (crowd->results[i].found) {
            return i;
        }
    }
    return crowd->n;
}

static void wait_for_some(struct crowd *crowd)
{
    struct pollfd *polled = sim_calloc(crowd->trials->workers, sizeof *polled);
    nfds_t count = 0;
    for (uint32_t i = 0; i < crowd->trials->workers; i++) {
        if (crowd->children[i].pid != 0) {
            polled[count].fd = crowd->children[i].fd;
            polled[count].events = POLLIN;
            count++;
        }
    }
    poll(polled, count, POLL_MS);
    nfds_t at = 0;
    for (uint32_t i = 0; i < crowd->trials->workers; i++) {
        if (crowd->children[i].pid != 0 && polled[at++].revents != 0) {
            listen_to(crowd, &crowd->children[i]);
        }
    }
    free(polled);
}

/* True while something runs. */
static bool employ(struct crowd *crowd)
{
    bool runs = false;
    for (uint32_t i = 0; i < crowd->trials->workers; i++) {
        struct child *child = &crowd->children[i];
        if (child->pid == 0 && crowd->next < crowd->n) {
            start(crowd, child);
        }
        runs = runs || child->pid != 0;
    }
    return runs;
}

static size_t best_of(const struct crowd *crowd)
{
    size_t best = crowd->n;
    for (size_t i = 0; i < crowd->n; i++) {
        const struct trial_result *result = &crowd->results[i];
        if (result->found &&
            (best == crowd->n ||
             trial_weight(result) < trial_weight(&crowd->results[best]))) {
            best = i;
        }
    }
    return best;
}

static struct trial_result *share_slots(const struct trials *trials)
{
    if (strcmp(trials->wanted.what, "died") != 0) {
        return NULL;
    }
    void *slots =
        mmap(NULL, trials->workers * sizeof(struct trial_result),
             PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return slots == MAP_FAILED ? NULL : slots;
}

size_t trials_run(struct trials *trials, const struct trial *list, size_t n,
                  bool first, struct trial_result *result)
{
    struct crowd crowd = {
        .trials = trials, .list = list, .n = n, .first = first};
    size_t found = n;
    crowd.children = sim_calloc(trials->workers, sizeof *crowd.children);
    crowd.slots = share_slots(trials);
    crowd.results = sim_calloc(n, sizeof *crowd.results);
    crowd.done = sim_calloc(n, sizeof *crowd.done);
    crowd.runs = sim_calloc(n, sizeof *crowd.runs);
    while (!trials_are_over(trials) && found == n && employ(&crowd)) {
        wait_for_some(&crowd);
        found = first ? first_found(&crowd) : n;
    }
    for (uint32_t i = 0; i < trials->workers; i++) {
        if (crowd.children[i].pid != 0) {
            finish(&crowd, &crowd.children[i], true);
        }
    }
    if (!first && !trials_are_over(trials)) {
        found = best_of(&crowd);
    }
    if (found < n) {
        *result = crowd.results[found];
    }
    /* Those behind the first count for nothing: how far they came hangs on the
     * number of workers. */
    for (size_t i = 0; i < n && (!first || i <= found); i++) {
        trials->n_runs += crowd.runs[i];
    }
    if (crowd.slots != NULL) {
        munmap(crowd.slots, trials->workers * sizeof *crowd.slots);
    }
    free(crowd.children);
    free(crowd.results);
    free(crowd.done);
    free(crowd.runs);
    return found;
}
