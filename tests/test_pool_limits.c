/* What a pool of workers lets each of them have. */
#define _XOPEN_SOURCE 700

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/pool_harness.h"

static void limit_files(rlim_t soft, rlim_t hard)
{
    struct rlimit limit = {soft, hard};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

Test(pool_limits, knows_how_many_workers_it_has_files_for)
{
    struct rlimit limit;
    cr_expect_eq(pool_afford(1), 1);
    limit_files(30, 300);
    cr_expect_eq(pool_afford(100), 100);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    cr_expect_geq(limit.rlim_cur, 200);
    cr_expect_eq(limit.rlim_max, 300);
    uint32_t most = pool_afford(POOL_MAX_WORKERS);
    cr_expect_geq(most, 100);
    cr_expect_lt(most, 150);
    limit_files(10, 10);
    cr_expect_eq(pool_afford(1), 0);
}

/* This process itself may leave a core file, if the system allows it. */
static void allow_cores(void)
{
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_CORE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_CORE, &limit), 0);
}

Test(pool_limits, limits_memory_and_core_files, .init = allow_cores)
{
    struct pool_recorder recorder;
    recorder_begin(&recorder, 1, false, NULL);
    recorder_submit(&recorder, "ulimit -v; ulimit -c",
                    &(struct pool_limits){.memory_bytes = UINT64_C(64) << 20});
    cr_assert(pool_run(recorder.pool));
    cr_expect_str_eq(recorder.transcript, "0:65536\n0:0\n0.\n", "%s",
                     recorder.transcript);
    pool_free(recorder.pool);
}

/* The user allows less than the pool would. */
static void limit_cpu(void)
{
    struct rlimit limit = {100, RLIM_INFINITY};
    cr_assert_eq(setrlimit(RLIMIT_CPU, &limit), 0);
}

Test(pool_limits, raises_no_limit, .init = limit_cpu)
{
    struct pool_recorder recorder;
    recorder_begin(&recorder, 1, false, NULL);
    recorder_submit(&recorder, "ulimit -t",
                    &(struct pool_limits){.cpu_us = UINT64_C(200000000)});
    recorder_submit(&recorder, "ulimit -t",
                    &(struct pool_limits){.cpu_us = UINT64_C(50000000)});
    cr_assert(pool_run(recorder.pool));
    cr_expect_str_eq(recorder.transcript, "0:100\n0.\n1:52\n1.\n", "%s",
                     recorder.transcript);
    pool_free(recorder.pool);
}
