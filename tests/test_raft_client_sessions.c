/* Clients' sessions in the log: dissertation, 6.3. A command that is proposed
 * twice is applied once, on every server alike. Each bench keeps the sessions a
 * second time and holds every verdict to that; here are the rules by name.
 */
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* Server 1, alone, leads: what it is given is applied as soon as it is durable.
 * Its no-op is entry 1. */
static void start_alone(struct harness *h, uint32_t max_sessions)
{
    struct raft_config config = harness_config(1);
    config.max_sessions = max_sessions;
    harness_start(h, &config, 1);
    harness_timer(h);
    harness_written(h);
    cr_assert_eq(harness_view(h).last_applied, 1);
}

/* The entry that was just applied, the only one. */
static const struct raft_entry *applied(const struct harness *h)
{
    const struct raft_output *o = harness_output(h, RAFT_OUTPUT_APPLY);
    cr_assert_not_null(o);
    cr_assert_eq(o->apply.n_entries, 1);
    return &o->apply.entries[0];
}

/* Opens a session and gives its name; `closed`: which was closed for it. */
static uint64_t open_one(struct harness *h, uint64_t closed)
{
    harness_session(h, 5);
    const struct raft_output *o = harness_output(h, RAFT_OUTPUT_ACCEPTED);
    cr_assert_not_null(o);
    cr_assert_eq(o->accepted.tag, 5);
    uint64_t name = o->accepted.position.index;
    harness_written(h);
    cr_assert_eq(harness_view(h).last_applied, name);
    cr_assert_eq(applied(h)->kind, RAFT_ENTRY_SESSION);
    cr_assert_eq(applied(h)->sequence, h->config.max_sessions);
    cr_assert_eq(applied(h)->session, closed);
    cr_assert_eq(applied(h)->verdict, RAFT_FRESH);
    return name;
}

static enum raft_verdict run(struct harness *h, uint64_t session,
                             uint64_t sequence)
{
    harness_propose_in(h, 6, session, sequence, "x");
    cr_assert_eq(harness_count(h, RAFT_OUTPUT_ACCEPTED), 1);
    harness_written(h);
    cr_assert_eq(applied(h)->kind, RAFT_ENTRY_COMMAND);
    cr_assert_eq(applied(h)->session, session);
    cr_assert_eq(applied(h)->sequence, sequence);
    cr_assert_eq(applied(h)->size, 1); /* it is there, whatever the verdict */
    return applied(h)->verdict;
}

/* --- verdicts ------------------------------------------------------------- */

/* "The state machine tracks the latest serial number processed for the client";
 * one that is not above it was executed before. */
Test(raft_client_sessions, a_command_is_fresh_once)
{
    struct harness h;
    start_alone(&h, 8);
    uint64_t a = open_one(&h, 0), b = open_one(&h, 0);
    cr_assert_neq(a, b);
    cr_assert_eq(run(&h, a, 1), RAFT_FRESH);
    cr_assert_eq(run(&h, a, 1), RAFT_REPEATED);
    cr_assert_eq(run(&h, b, 1), RAFT_FRESH); /* another client's first */
    cr_assert_eq(run(&h, a, 2), RAFT_FRESH);
    cr_assert_eq(run(&h, a, 9), RAFT_FRESH); /* numbers may be left out */
    for (uint64_t old = 1; old <= 9; old++)
        cr_assert_eq(run(&h, a, old), RAFT_REPEATED);
    cr_assert_eq(run(&h, a, 10), RAFT_FRESH);
    cr_assert_eq(run(&h, b, 2), RAFT_FRESH);
    cr_assert_eq(run(&h, b, UINT64_MAX), RAFT_FRESH);
    cr_assert_eq(run(&h, b, UINT64_MAX), RAFT_REPEATED);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(run(&h, 0, 0), RAFT_FRESH); /* without a session */
    harness_free(&h);
}

/* What never was a session, or is none any more. */
Test(raft_client_sessions, without_an_open_session_it_is_expired)
{
    struct harness h;
    start_alone(&h, 1);
    uint64_t a = open_one(&h, 0);
    cr_assert_eq(run(&h, a, 1), RAFT_FRESH);
    cr_assert_eq(run(&h, 1, 1), RAFT_EXPIRED);      /* the no-op */
    cr_assert_eq(run(&h, a + 1, 1), RAFT_EXPIRED);  /* a command */
    cr_assert_eq(run(&h, a + 99, 1), RAFT_EXPIRED); /* not there yet */
    uint64_t b = open_one(&h, a);
    cr_assert_eq(run(&h, a, 1), RAFT_EXPIRED);
    cr_assert_eq(run(&h, a, 2), RAFT_EXPIRED);
    cr_assert_eq(run(&h, b, 1), RAFT_FRESH);
    harness_free(&h);
}

/* "Raft servers must agree on when to expire": the one used least recently
 * makes room, and a retry is a use. */
Test(raft_client_sessions, the_least_recently_used_is_closed)
{
    struct harness h;
    start_alone(&h, 3);
    uint64_t a = open_one(&h, 0), b = open_one(&h, 0), c = open_one(&h, 0);
    cr_assert_eq(run(&h, a, 1), RAFT_FRESH);
    uint64_t d = open_one(&h, b); /* never used since its opening */
    cr_assert_eq(run(&h, c, 1), RAFT_FRESH);
    cr_assert_eq(run(&h, a, 1), RAFT_REPEATED);
    uint64_t e = open_one(&h, d);
    cr_assert_eq(run(&h, d, 1), RAFT_EXPIRED);
    uint64_t f = open_one(&h, c);
    cr_assert_eq(run(&h, a, 2), RAFT_FRESH);
    cr_assert_eq(run(&h, e, 1), RAFT_FRESH);
    cr_assert_eq(run(&h, f, 1), RAFT_FRESH);
    cr_assert_eq(run(&h, b, 1), RAFT_EXPIRED);
    open_one(&h, a);
    harness_free(&h);
}

Test(raft_client_sessions, only_a_leader_opens_them)
{
    struct raft_config config = harness_config(1);
    struct raft_message beat = harness_append(1, 0, 0, 0, NULL, 0);
    struct harness h;
    harness_start(&h, &config, 3);
    harness_receive(&h, 2, &beat);
    harness_session(&h, 5);
    cr_assert(harness_was_rejected(&h, RAFT_NOT_LEADER));
    cr_assert_eq(harness_output(&h, RAFT_OUTPUT_REJECTED)->rejected.leader, 2);
    cr_assert_eq(harness_output(&h, RAFT_OUTPUT_REJECTED)->rejected.tag, 5);
    harness_free(&h);
}

/* A session and a number come together, or not at all. */
Test(raft_client_sessions, half_a_session_is_no_proposal)
{
    for (uint64_t half = 0; half < 2; half++) {
        struct harness h;
        start_alone(&h, 8);
        struct raft_input input = {
            .kind = RAFT_INPUT_PROPOSAL,
            .now_us = h.now_us,
            .proposal = {.session = half, .sequence = 1 - half}};
        cr_assert_eq(harness_step(&h, &input), RAFT_BAD_INPUT);
        harness_free(&h);
    }
}

/* --- across restarts ------------------------------------------------------ */

static void reboot(struct harness *h)
{
    harness_crash(h, UINT64_MAX);
    h->config.random_seed++;
    harness_boot(h);
    harness_timer(h);
    harness_written(h);
    cr_assert_eq(harness_view(h).role, RAFT_LEADER);
}

/* What is applied again after a restart is judged again, from the log or on top
 * of a snapshot: with the same verdicts, and the same order of use. */
Test(raft_client_sessions, a_restart_forgets_nothing)
{
    for (int way = 0; way < 4; way++) {
        struct harness h;
        start_alone(&h, 3);
        uint64_t a = open_one(&h, 0), b = open_one(&h, 0), c = open_one(&h, 0);
        cr_assert_eq(run(&h, b, 4), RAFT_FRESH);
        cr_assert_eq(run(&h, c, 1), RAFT_FRESH);
        cr_assert_eq(run(&h, a, 7), RAFT_FRESH);
        if (way > 0) { /* 1: keep no log, 2: keep some, 3: keep all */
            uint64_t last = harness_view(&h).last.index;
            harness_snapshot(&h, "image", 5,
                             way == 1   ? last + 1
                             : way == 2 ? 3
                                        : 1);
            harness_written(&h);
        }
        reboot(&h);
        cr_assert_eq(h.n_sessions, 3);
        cr_assert_eq(run(&h, a, 7), RAFT_REPEATED, "way %d", way);
        cr_assert_eq(run(&h, c, 1), RAFT_REPEATED, "way %d", way);
        cr_assert_eq(run(&h, c, 2), RAFT_FRESH, "way %d", way);
        open_one(&h, b);
        reboot(&h);
        cr_assert_eq(run(&h, b, 5), RAFT_EXPIRED);
        cr_assert_eq(run(&h, c, 2), RAFT_REPEATED);
        cr_assert_eq(run(&h, a, 8), RAFT_FRESH);
        harness_free(&h);
    }
}
