/* The replicated map: what is a repetition, and what it is answered. */
#include <criterion/criterion.h>

#include "sim/kv.h"
#include "tests/kv_harness.h"

Test(kv, without_a_session_a_command_takes_effect_once)
{
    struct sim_kv *kv = sim_kv_new();
    cr_assert_eq(kv_apply_set(kv, 5, 2, "x", "new").outcome, SIM_KV_APPLIED);
    struct sim_kv_result result = kv_apply_set(kv, 5, 2, "x", "again");
    kv_expect_answer(&result, SIM_KV_REPEATED, true, NULL);
    cr_assert_eq(kv_apply_set(kv, 5, 1, "x", "old").outcome, SIM_KV_STALE);
    cr_assert_eq(kv_apply_set(kv, 5, 0, "x", "none").outcome, SIM_KV_STALE);
    kv_expect_value(kv, "x", "new");
    cr_assert_eq(kv_apply_set(kv, 6, 1, "x", "other").outcome, SIM_KV_APPLIED);
    kv_expect_value(kv, "x", "other");
    cr_assert_eq(kv_apply_set(kv, 5, 4, "x", "gap").outcome, SIM_KV_APPLIED);
    kv_expect_value(kv, "x", "gap");
    cr_assert_eq(kv_apply_set(kv, 7, 0, "x", "zero").outcome, SIM_KV_STALE);
    kv_expect_value(kv, "x", "gap");
    sim_kv_free(kv);
}

/* A repetition is answered with what was true when it was applied. */
Test(kv, a_repetition_is_answered_as_then)
{
    struct sim_kv *kv = sim_kv_new();
    kv_apply_set(kv, 2, 1, "k", "one");
    kv_apply_swap(kv, 1, "k", "one", "two");
    kv_apply_set(kv, 2, 2, "k", "three");
    struct sim_kv_result result = kv_apply_swap(kv, 1, "k", "one", "two");
    kv_expect_answer(&result, SIM_KV_REPEATED, true, "one");
    kv_expect_value(kv, "k", "three");

    kv_apply_swap(kv, 2, "k", "x", "four");
    kv_apply_set(kv, 2, 3, "k", "x");
    result = kv_apply_swap(kv, 2, "k", "x", "four");
    kv_expect_answer(&result, SIM_KV_REPEATED, false, "three");
    kv_expect_value(kv, "k", "x");

    kv_apply_get(kv, 3, "k");
    kv_apply_set(kv, 2, 4, "k", "y");
    result = kv_apply_get(kv, 3, "k");
    kv_expect_answer(&result, SIM_KV_REPEATED, true, "x");
    sim_kv_free(kv);
}

/* With a session its verdict decides, whatever the numbers are. */
Test(kv, a_session_decides_what_is_new)
{
    struct sim_kv *kv = sim_kv_new();
    struct sim_command five = kv_command(SIM_COMMAND_GET, 5, "k", NULL, NULL);
    struct sim_command four =
        kv_command(SIM_COMMAND_COMPARE_AND_SET, 4, "k", "v", NULL);
    struct sim_kv_result result = kv_apply_in(kv, 10, SIM_COMMAND_FRESH, &five);
    kv_expect_answer(&result, SIM_KV_APPLIED, true, NULL);
    result = kv_apply_in(kv, 10, SIM_COMMAND_FRESH, &four);
    kv_expect_answer(&result, SIM_KV_APPLIED, true, NULL);
    kv_expect_value(kv, "k", "v");
    result = kv_apply_in(kv, 10, SIM_COMMAND_REPEATED, &four);
    kv_expect_answer(&result, SIM_KV_REPEATED, true, NULL);
    cr_assert_eq(kv_apply_in(kv, 10, SIM_COMMAND_REPEATED, &five).outcome,
                 SIM_KV_STALE, "its answer was replaced");
    result = kv_apply_in(kv, 10, SIM_COMMAND_FRESH, &four);
    kv_expect_answer(&result, SIM_KV_APPLIED, false, "v");
    sim_kv_free(kv);
}

Test(kv, answers_are_kept_session_by_session)
{
    struct sim_kv *kv = sim_kv_new();
    struct sim_command get = kv_command(SIM_COMMAND_GET, 1, "k", NULL, NULL);
    static const char *const values[] = {"a", "b", "c", "d"};
    /* Sessions 1 and 2^40 + 1, of one client; and that client without one. */
    static const uint64_t sessions[] = {1, (UINT64_C(1) << 40) + 1, 7, 0};
    for (uint32_t i = 0; i < 4; i++) {
        kv_apply_set(kv, 9, i + 1, "k", values[i]);
        kv_apply_in(kv, sessions[i], SIM_COMMAND_FRESH, &get);
    }
    for (uint32_t i = 0; i < 4; i++) {
        struct sim_kv_result result =
            kv_apply_in(kv, sessions[i], SIM_COMMAND_REPEATED, &get);
        kv_expect_answer(&result, SIM_KV_REPEATED, true, values[i]);
    }
    /* A session is not a client's property. */
    get.client = 8;
    struct sim_kv_result result =
        kv_apply_in(kv, 7, SIM_COMMAND_REPEATED, &get);
    kv_expect_answer(&result, SIM_KV_REPEATED, true, "c");
    sim_kv_free(kv);
}

Test(kv, an_expired_command_changes_nothing)
{
    struct sim_kv *kv = sim_kv_new();
    struct sim_command set = kv_command(SIM_COMMAND_SET, 1, "k", "v", NULL);
    uint64_t before = sim_kv_hash(kv);
    struct sim_kv_result result = kv_apply_in(kv, 3, SIM_COMMAND_EXPIRED, &set);
    cr_assert_eq(result.outcome, SIM_KV_EXPIRED);
    kv_expect_value(kv, "k", NULL);
    cr_assert_eq(sim_kv_applied(kv), 1);
    struct sim_kv *empty = sim_kv_new();
    kv_apply_empty(empty, SIM_ENTRY_INTERNAL, 0, false);
    cr_assert_eq(sim_kv_hash(kv), sim_kv_hash(empty));
    cr_assert_neq(sim_kv_hash(kv), before);
    sim_kv_free(kv);
    sim_kv_free(empty);
}

/* A SESSION entry names the session that was closed for the new one. */
Test(kv, a_closed_session_takes_its_answer_along)
{
    struct sim_kv *kv = sim_kv_new();
    struct sim_command set = kv_command(SIM_COMMAND_SET, 1, "k", "v", NULL);
    uint64_t hashes[3];
    for (uint64_t session = 1; session <= 2; session++) {
        kv_apply_in(kv, session, SIM_COMMAND_FRESH, &set);
        hashes[session] = sim_kv_hash(kv);
    }
    kv_apply_empty(kv, SIM_ENTRY_SESSION, 0, false);
    kv_apply_empty(kv, SIM_ENTRY_SESSION, 5, false); /* has no answer */
    cr_assert_eq(kv_apply_in(kv, 1, SIM_COMMAND_REPEATED, &set).outcome,
                 SIM_KV_REPEATED);
    cr_assert_eq(kv_apply_empty(kv, SIM_ENTRY_SESSION, 1, false).outcome,
                 SIM_KV_IGNORED);
    cr_assert_eq(kv_apply_in(kv, 1, SIM_COMMAND_REPEATED, &set).outcome,
                 SIM_KV_STALE);
    cr_assert_eq(kv_apply_in(kv, 2, SIM_COMMAND_REPEATED, &set).outcome,
                 SIM_KV_REPEATED);
    kv_expect_value(kv, "k", "v");

    /* What is closed is as if it had never been, but for what it wrote. */
    struct sim_kv *other = sim_kv_new();
    kv_apply_in(other, 2, SIM_COMMAND_FRESH, &set);
    while (sim_kv_applied(other) < sim_kv_applied(kv)) {
        kv_apply_empty(other, SIM_ENTRY_INTERNAL, 0, false);
    }
    cr_assert_eq(sim_kv_hash(other), sim_kv_hash(kv));
    cr_assert_neq(hashes[1], hashes[2]);
    sim_kv_free(other);
    sim_kv_free(kv);
}

/* Client 1 and session 1 are two. */
Test(kv, closing_a_session_leaves_the_client_without_one_alone)
{
    struct sim_kv *kv = sim_kv_new();
    kv_apply_set(kv, 1, 1, "k", "v");
    kv_apply_empty(kv, SIM_ENTRY_SESSION, 1, false);
    cr_assert_eq(kv_apply_set(kv, 1, 1, "k", "v").outcome, SIM_KV_REPEATED);
    sim_kv_free(kv);
}
