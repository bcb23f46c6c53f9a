/* XOPEN: getrusage() and rlimits of processor time. */
#define _XOPEN_SOURCE 700

#include "tools/pool_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/memory.h"
#include "tools/wall_clock.h"

#define CHUNK_SIZE ((size_t)65536)

/* So much of one worker is read before the others have their turn. */
#define CHUNKS_AT_ONCE 16u

/* More than a pipe holds. */
#define REST_SIZE ((size_t)1 << 20)

/* Open files: the two pipes of a worker; and what the process has besides, the
 * pipes of a start included. */
#define FILES_OF_WORKER 2u
#define FILES_BESIDES 32u

/* Both ends above the three standard descriptors, which may be closed here,
 * and closed in every program that is started. */
static bool open_pipe(int ends[2])
{
    int low[2];
    if (pipe(low) != 0) {
        return false;
    }
    for (int i = 0; i < 2; i++) {
        ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, 3);
    }
    int error = errno;
    close(low[0]);
    close(low[1]);
    errno = error;
    return ends[0] >= 0 && ends[1] >= 0;
}

static void close_end(int *descriptor)
{
    if (*descriptor >= 0) {
        close(*descriptor);
        *descriptor = -1;
    }
}

/* --- how many there may be ------------------------------------------------ */

uint32_t pool_afford(uint32_t workers)
{
    struct rlimit limit;
    rlim_t wanted = FILES_BESIDES + (rlim_t)workers * FILES_OF_WORKER;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) {
        return workers;
    }
    struct rlimit raised = limit;
    raised.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
        limit = raised;
    }
    return limit.rlim_cur >= wanted ? workers
           : limit.rlim_cur < FILES_BESIDES
               ? 0
               : (uint32_t)((limit.rlim_cur - FILES_BESIDES) / FILES_OF_WORKER);
}

/* --- in the child --------------------------------------------------------- */

/* A lower one stays: it is the user's. */
static void limit(int resource, uint64_t value)
{
    struct rlimit rlimit;
    if (getrlimit(resource, &rlimit) == 0 && value < rlimit.rlim_cur) {
        rlimit.rlim_cur = (rlim_t)value;
        setrlimit(resource, &rlimit);
    }
}

/* The pool measures processor time itself; the system's limit, in seconds, is
 * for a worker whose pool is gone. */
static void set_limits(const struct pool_limits *limits)
{
    limit(RLIMIT_CORE, 0);
    if (limits->cpu_us > 0) {
        limit(RLIMIT_CPU, limits->cpu_us / 1000000u + 2);
    }
    if (limits->memory_bytes > 0) {
        limit(RLIMIT_AS, limits->memory_bytes);
    }
}

/* Becomes the program, or writes to `failed` why it cannot. */
static void become(char *const *argv, const struct pool_limits *limits, int out,
                   int err, int failed)
{
    int nothing = open("/dev/null", O_RDONLY);
    setpgid(0, 0);
    set_limits(limits);
    if (nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 &&
        dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0) {
        if (nothing > STDERR_FILENO) {
            close(nothing);
        }
        execv(argv[0], argv);
    }
    int error = errno;
    ssize_t written = write(failed, &error, sizeof error);
    _exit(written == (ssize_t)sizeof error ? 127 : 126);
}

/* --- starting ------------------------------------------------------------- */

/* 0 when the program runs, or why it does not: the pipe closes with exec(). */
static int wait_for_exec(int failed)
{
    int error = 0;
    ssize_t got;
    do {
        got = read(failed, &error, sizeof error);
    } while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof error ? error : 0;
}

static int start(struct pool_worker *worker, char *const *argv,
                 const struct pool_limits *limits, int pipes[3][2])
{
    pid_t pid = fork();
    if (pid < 0) {
        return errno;
    }
    if (pid == 0) {
        become(argv, limits, pipes[0][1], pipes[1][1], pipes[2][1]);
    }
    /* In the child too: whoever comes first. */
    setpgid(pid, pid);
    close_end(&pipes[2][1]);
    int error = wait_for_exec(pipes[2][0]);
    if (error != 0) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
        return error;
    }
    worker->pid = pid;
    worker->out = pipes[0][0];
    worker->err = pipes[1][0];
    pipes[0][0] = -1;
    pipes[1][0] = -1;
    fcntl(worker->out, F_SETFL, O_NONBLOCK);
    fcntl(worker->err, F_SETFL, O_NONBLOCK);
    return 0;
}

int pool_worker__start(struct pool_worker *worker, char *const *argv,
                       const struct pool_limits *limits)
{
    int pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
    int error = 0;
    *worker = (struct pool_worker){.out = -1, .err = -1};
    worker->complaint = sim_calloc(POOL_COMPLAINT_SIZE + 1, 1);
    worker->heard_us = wall_clock_us();
    for (int i = 0; i < 3 && error == 0; i++) {
        error = open_pipe(pipes[i]) ? 0 : errno;
    }
    if (error == 0) {
        error = start(worker, argv, limits, pipes);
    }
    for (int i = 0; i < 3; i++) {
        close_end(&pipes[i][0]);
        close_end(&pipes[i][1]);
    }
    return error;
}

/* --- reading -------------------------------------------------------------- */

/* Up to `room` bytes. 0 when there is nothing to read now, or never more: then
 * the descriptor is closed. */
static size_t read_some(int *descriptor, char *bytes, size_t room)
{
    ssize_t got = -1;
    while (*descriptor >= 0) {
        got = read(*descriptor, bytes, room);
        if (got >= 0 || errno != EINTR) {
            break;
        }
    }
    if (got < 0) {
        bool later = errno == EAGAIN || errno == EWOULDBLOCK;
        if (*descriptor >= 0 && !later) {
            close_end(descriptor);
        }
        return 0;
    }
    if (got == 0) {
        close_end(descriptor);
    }
    return (size_t)got;
}

/* False when there is nothing more for now. */
static bool read_lines(struct pool_worker *worker)
{
    struct pool_text *text = &worker->text;
    text->bytes =
        sim_grow(text->bytes, &text->capacity, text->size + CHUNK_SIZE + 1, 1);
    char *new = text->bytes + text->size;
    size_t got = read_some(&worker->out, new, CHUNK_SIZE);
    size_t tail = 0;
    while (tail < got && new[got - tail - 1] != '\n') {
        tail++;
    }
    text->size += got;
    if (tail < got) {
        text->tail = tail;
        worker->heard_us = wall_clock_us();
    } else {
        text->tail += got;
    }
    return got > 0;
}

/* Only the end of it is kept. */
static bool read_complaint(struct pool_worker *worker)
{
    char bytes[POOL_COMPLAINT_SIZE];
    size_t got = read_some(&worker->err, bytes, sizeof bytes);
    size_t old = worker->complaint_size;
    if (old + got > POOL_COMPLAINT_SIZE) {
        size_t excess = old + got - POOL_COMPLAINT_SIZE;
        memmove(worker->complaint, worker->complaint + excess, old - excess);
        old -= excess;
    }
    memcpy(worker->complaint + old, bytes, got);
    worker->complaint_size = old + got;
    worker->complaint[worker->complaint_size] = '\0';
    return got > 0;
}

void pool_worker__read(struct pool_worker *worker)
{
    for (unsigned i = 0; i < CHUNKS_AT_ONCE && read_lines(worker); i++) {
    }
    for (unsigned i = 0; i < CHUNKS_AT_ONCE && read_complaint(worker); i++) {
    }
}

/* --- time and end --------------------------------------------------------- */

uint64_t pool_worker__cpu_us(const struct pool_worker *worker)
{
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid(worker->pid, &clock) != 0 ||
        clock_gettime(clock, &time) != 0) {
        return 0;
    }
    return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_nsec / 1000u;
}

void pool_worker__kill(const struct pool_worker *worker)
{
    kill(-worker->pid, SIGKILL);
    kill(worker->pid, SIGKILL);
}

/* What all children took that were waited for. */
static uint64_t reaped_cpu_us(void)
{
    struct rusage usage = {0};
    getrusage(RUSAGE_CHILDREN, &usage);
    return ((uint64_t)usage.ru_utime.tv_sec + (uint64_t)usage.ru_stime.tv_sec) *
               1000000u +
           (uint64_t)usage.ru_utime.tv_usec + (uint64_t)usage.ru_stime.tv_usec;
}

/* True if it is over. It is not reaped: its process id, and that of its group,
 * stay its own. */
static bool is_over(pid_t pid, bool wait)
{
    siginfo_t info = {0};
    int failed;
    do {
        failed = waitid(P_PID, (id_t)pid, &info,
                        WEXITED | WNOWAIT | (wait ? 0 : WNOHANG));
    } while (failed != 0 && errno == EINTR);
    return failed == 0 && info.si_pid == pid;
}

/* What it left in its pipes, and no more: who left its group may write on. */
static void read_rest(struct pool_worker *worker)
{
    for (size_t i = 0; i < REST_SIZE / CHUNK_SIZE &&
                       worker->text.tail <= POOL_MAX_LINE && read_lines(worker);
         i++) {
    }
    for (size_t i = 0;
         i < REST_SIZE / POOL_COMPLAINT_SIZE && read_complaint(worker); i++) {
    }
}

bool pool_worker__reap(struct pool_worker *worker, bool wait,
                       struct pool_end *end)
{
    int status = 0;
    if (!is_over(worker->pid, wait)) {
        return false;
    }
    /* What it left behind shall neither go on nor keep the pipes open. */
    kill(-worker->pid, SIGKILL);
    uint64_t before_us = reaped_cpu_us();
    while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR) {
    }
    end->cpu_us = reaped_cpu_us() - before_us;
    end->kind = WIFEXITED(status) ? POOL_EXITED : POOL_KILLED;
    end->code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    worker->pid = 0;
    read_rest(worker);
    close_end(&worker->out);
    close_end(&worker->err);
    return true;
}
