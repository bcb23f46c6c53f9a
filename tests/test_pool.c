/* The pool of workers. They are shell scripts here: what a worker does in its
 * despair takes only that worker. */
#define _XOPEN_SOURCE 700

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/pool_harness.h"

static void sleep_ms(long time_ms)
{
    struct timespec time = {time_ms / 1000, time_ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* No child is left, not even a dead one. */
static void expect_nobody_left(void)
{
    cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1);
    cr_expect_eq(errno, ECHILD);
}

Test(pool, tells_how_a_worker_ended)
{
    static const struct {
        const char *script;
        struct pool_limits limits;
        enum pool_end_kind kind;
        int code;
    } list[] = {
        {"exit 0", {0}, POOL_EXITED, 0},
        {"exit 7", {0}, POOL_EXITED, 7},
        {"kill -SEGV $$", {0}, POOL_KILLED, SIGSEGV},
        {"kill -ABRT $$", {0}, POOL_KILLED, SIGABRT},
        {"kill -KILL $$", {0}, POOL_KILLED, SIGKILL},
        {"while :; do :; done", {.cpu_us = 100000}, POOL_CPU_LIMIT, 0},
        {"exec sleep 1000", {.silence_us = 100000}, POOL_SILENT, 0},
        {"trap '' INT TERM; while :; do sleep 1000; done",
         {.silence_us = 100000},
         POOL_SILENT,
         0},
        {"exec >&- 2>&-; exec sleep 1000",
         {.silence_us = 100000},
         POOL_SILENT,
         0},
        {"exec cat /dev/zero", {0}, POOL_LONG_LINE, 0},
        /* It reports: neither its sleep nor its little work counts. */
        {"for i in 1 2 3 4; do sleep 0.2; echo; done",
         {.cpu_us = 10000000, .silence_us = 700000},
         POOL_EXITED,
         0},
    };
    struct pool_recorder recorder;
    recorder_begin(&recorder, 3, false, NULL);
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        recorder_submit(&recorder, list[i].script, &list[i].limits);
    }
    cr_assert(pool_run(recorder.pool));
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        cr_assert(recorder.ended[i], "%s", list[i].script);
        cr_expect_eq(recorder.ends[i].kind, list[i].kind, "%s: ended as %d",
                     list[i].script, (int)recorder.ends[i].kind);
        cr_expect_eq(recorder.ends[i].code, list[i].code, "%s: code %d",
                     list[i].script, recorder.ends[i].code);
    }
    pool_free(recorder.pool);
    expect_nobody_left();
}

Test(pool, measures_time)
{
    struct pool_recorder recorder;
    recorder_begin(&recorder, 2, false, NULL);
    recorder_submit(&recorder, "exec sleep 0.3", NULL);
    recorder_submit(&recorder, "while :; do :; done",
                    &(struct pool_limits){.cpu_us = 200000});
    cr_assert(pool_run(recorder.pool));
    cr_expect_geq(recorder.ends[0].wall_us, 300000);
    cr_expect_lt(recorder.ends[0].cpu_us, 150000);
    cr_expect_geq(recorder.ends[1].cpu_us, 200000);
    cr_expect_eq(pool_wall_us(recorder.pool, 0), recorder.ends[0].wall_us);
    cr_expect_eq(pool_cpu_us(recorder.pool, 1), recorder.ends[1].cpu_us);
    pool_free(recorder.pool);
}

Test(pool, says_why_a_program_does_not_start)
{
    static const char *const nothing[] = {"/nowhere/program", NULL};
    static const char *const directory[] = {"/", NULL};
    static const struct pool_limits none = {0};
    struct pool_recorder recorder;
    recorder_begin(&recorder, 1, true, NULL);
    pool_submit(recorder.pool, nothing, &none);
    pool_submit(recorder.pool, directory, &none);
    recorder_submit(&recorder, "echo still here", NULL);
    cr_assert(pool_run(recorder.pool));
    cr_expect_eq(recorder.ends[0].kind, POOL_NOT_STARTED);
    cr_expect_eq(recorder.ends[0].code, ENOENT);
    cr_expect_eq(recorder.ends[1].kind, POOL_NOT_STARTED);
    cr_expect_eq(recorder.ends[1].code, EACCES);
    cr_expect_str_eq(recorder.transcript, "0.\n1.\n2:still here\n2.\n");
    pool_free(recorder.pool);
    expect_nobody_left();
}

/* Puts text into this process's own standard input. */
static void fill_input(void)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], "input\n", 6), 6);
    cr_assert_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
}

Test(pool, hands_on_whole_lines_only, .init = fill_input)
{
    static const struct {
        const char *script, *transcript;
    } list[] = {
        {"printf ''", "0.\n"},
        {"printf 'a\\n\\nb\\n'", "0:a\n0:\n0:b\n0.\n"},
        {"printf 'a\\nhalf'", "0:a\n0.\n"},
        {"printf half; sleep 0.2; printf ' and half\\n'",
         "0:half and half\n0.\n"},
        {"printf 'a\\000b\\n\\377\\n'", "0:a\n0:\377\n0.\n"},
        {"echo a; kill -SEGV $$", "0:a\n0.\n"},
        {"read x || echo no input", "0:no input\n0.\n"},
        {"echo to stderr >&2", "0.\n"},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct pool_recorder recorder;
        recorder_begin(&recorder, 1, false, NULL);
        recorder_submit(&recorder, list[i].script, NULL);
        cr_assert(pool_run(recorder.pool));
        cr_expect_str_eq(recorder.transcript, list[i].transcript, "%s: %s",
                         list[i].script, recorder.transcript);
        pool_free(recorder.pool);
    }
}

Test(pool, hands_on_long_lines_and_many)
{
    struct pool_recorder recorder;
    recorder_begin(&recorder, 1, false, NULL);
    recorder_submit(&recorder, "head -c 1000000 /dev/zero | tr '\\0' x; echo",
                    NULL);
    cr_assert(pool_run(recorder.pool));
    cr_expect_eq(recorder.longest, 1000000);
    cr_expect_eq(recorder.lines, 1);
    pool_free(recorder.pool);
}

Test(pool, keeps_the_end_of_what_is_complained)
{
    struct pool_recorder recorder;
    recorder_begin(&recorder, 1, false, NULL);
    recorder_submit(
        &recorder,
        "head -c 100000 /dev/zero | tr '\\0' x >&2; echo last words >&2", NULL);
    cr_assert(pool_run(recorder.pool));
    size_t size = strlen(recorder.complaint);
    cr_expect_eq(size, POOL_COMPLAINT_SIZE);
    cr_expect_str_eq(recorder.complaint + size - strlen("xlast words\n"),
                     "xlast words\n");
    pool_free(recorder.pool);
}

Test(pool, order_does_not_depend_on_the_number_of_workers)
{
    static const char expected[] = "0:a\n0:b\n0.\n1:c\n1.\n2.\n3:d\n3.\n";
    for (uint32_t workers = 1; workers <= 5; workers++) {
        struct pool_recorder recorder;
        recorder_begin(&recorder, workers, true, NULL);
        recorder_submit(&recorder, "echo a; sleep 0.2; echo b", NULL);
        recorder_submit(&recorder, "echo c; kill -SEGV $$", NULL);
        recorder_submit(&recorder, "sleep 0.1; printf lost", NULL);
        recorder_submit(&recorder, "echo d", NULL);
        cr_assert(pool_run(recorder.pool));
        cr_expect_str_eq(recorder.transcript, expected, "%u workers: %s",
                         (unsigned)workers, recorder.transcript);
        pool_free(recorder.pool);
    }
}

Test(pool, tells_at_once_where_order_is_not_wanted)
{
    struct pool_recorder recorder;
    recorder_begin(&recorder, 2, false, NULL);
    recorder_submit(&recorder, "sleep 1; echo slow", NULL);
    recorder_submit(&recorder, "echo quick", NULL);
    cr_assert(pool_run(recorder.pool));
    cr_expect_str_eq(recorder.transcript, "1:quick\n1.\n0:slow\n0.\n", "%s",
                     recorder.transcript);
    pool_free(recorder.pool);
}

/* The one that talks for ever is running, the other waits. */
Test(pool, stops_jobs_that_run_and_that_wait)
{
    struct pool_recorder recorder;
    recorder_begin(&recorder, 1, false, NULL);
    recorder_submit(&recorder, "while :; do echo x; done", NULL);
    recorder.stop_after = 3;
    recorder.stop = 0;
    uint32_t waiting = recorder_submit(&recorder, "echo never", NULL);
    pool_stop(recorder.pool, waiting);
    cr_assert(pool_run(recorder.pool));
    cr_expect_str_eq(recorder.transcript, "0:x\n0:x\n0:x\n0.\n1.\n", "%s",
                     recorder.transcript);
    cr_expect_eq(recorder.ends[0].kind, POOL_STOPPED);
    cr_expect_eq(recorder.ends[1].kind, POOL_STOPPED);
    pool_stop(recorder.pool, 0);
    pool_free(recorder.pool);
    expect_nobody_left();
}

Test(pool, takes_work_while_it_runs)
{
    struct pool_recorder recorder;
    recorder_begin(&recorder, 1, true, NULL);
    recorder.more = "echo more";
    recorder_submit(&recorder, "echo first", NULL);
    cr_assert(pool_run(recorder.pool));
    cr_expect_str_eq(recorder.transcript, "0:first\n0.\n1:more\n1.\n");
    pool_free(recorder.pool);
}

/* What a worker started ends with it, whatever way it ends. */
Test(pool, leaves_no_grandchildren)
{
    static const char *const scripts[] = {
        "(sleep 0.5; touch \"$MARK\") & exit 0",
        "(sleep 0.5; touch \"$MARK\") & kill -SEGV $$",
        "(sleep 0.5; touch \"$MARK\") & echo; exec sleep 1000",
    };
    char mark[] = "/tmp/raftsim-pool-XXXXXX";
    int file = mkstemp(mark);
    cr_assert_geq(file, 0);
    close(file);
    unlink(mark);
    setenv("MARK", mark, 1);
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        struct pool_recorder recorder;
        recorder_begin(&recorder, 1, false, NULL);
        recorder_submit(&recorder, scripts[i], NULL);
        recorder.stop_after = 1;
        cr_assert(pool_run(recorder.pool));
        pool_free(recorder.pool);
        sleep_ms(800);
        cr_expect_eq(access(mark, F_OK), -1, "%s", scripts[i]);
    }
}

/* Who left the group writes on, but nobody listens any more. */
Test(pool, does_not_wait_for_who_left_the_group, .timeout = 60)
{
    static const char *const scripts[] = {
        "setsid yes & sleep 0.3",
        "setsid yes >&2 & sleep 0.3",
        "setsid sh -c 'exec sleep 5' & sleep 0.3",
    };
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        struct pool_recorder recorder;
        recorder_begin(&recorder, 1, false, NULL);
        recorder.silent = true;
        recorder_submit(&recorder, scripts[i], NULL);
        cr_assert(pool_run(recorder.pool));
        cr_expect_eq(recorder.ends[0].kind, POOL_EXITED);
        cr_expect_lt(recorder.ends[0].wall_us, 4000000, "%s", scripts[i]);
        pool_free(recorder.pool);
        expect_nobody_left();
    }
}

static volatile sig_atomic_t interrupted;

static void on_alarm(int number)
{
    (void)number;
    interrupted = 1;
}

static bool is_interrupted(void)
{
    return interrupted != 0;
}

/* The third never begins. */
Test(pool, ends_all_when_interrupted)
{
    struct sigaction action = {.sa_handler = on_alarm};
    struct pool_recorder recorder;
    sigaction(SIGALRM, &action, NULL);
    recorder_begin(&recorder, 2, true, is_interrupted);
    recorder_submit(&recorder, "echo a; exec sleep 1000", NULL);
    recorder_submit(&recorder, "echo b; trap '' TERM INT; exec sleep 1000",
                    NULL);
    recorder_submit(&recorder, "echo c", NULL);
    alarm(1);
    cr_assert_not(pool_run(recorder.pool));
    cr_expect_str_eq(recorder.transcript, "0:a\n0.\n1:b\n1.\n", "%s",
                     recorder.transcript);
    cr_expect_eq(recorder.ends[0].kind, POOL_INTERRUPTED);
    cr_expect_eq(recorder.ends[1].kind, POOL_INTERRUPTED);
    cr_expect_not(recorder.ended[2]);
    pool_free(recorder.pool);
    expect_nobody_left();
}

Test(pool, goes_through_many_jobs)
{
    struct pool_recorder recorder;
    recorder_begin(&recorder, 4, true, NULL);
    for (unsigned i = 0; i < POOL_TEST_JOBS; i++) {
        char script[32];
        snprintf(script, sizeof script, "echo %u", i);
        recorder_submit(&recorder, script, NULL);
    }
    cr_assert(pool_run(recorder.pool));
    const char *at = recorder.transcript;
    for (unsigned i = 0; i < POOL_TEST_JOBS; i++) {
        char expected[64];
        snprintf(expected, sizeof expected, "%u:%u\n%u.\n", i, i, i);
        cr_assert_eq(strncmp(at, expected, strlen(expected)), 0, "job %u", i);
        at += strlen(expected);
    }
    cr_expect_eq(*at, '\0');
    pool_free(recorder.pool);
}
