/* Handing leadership over, rule by rule: dissertation, 3.10. What the receiving
 * side does is in test_raft_timeout_now.c, priorities are in
 * test_raft_priority.c. The harness holds every step to the contract of
 * raft/raft.h besides. */
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define MIN_US ((uint64_t)150000)
#define MAX_US ((uint64_t)300000)

enum {
    VOTER = RAFT_MEMBER_VOTER,
    LEARNER = RAFT_MEMBER_LEARNER,
    WITNESS = RAFT_MEMBER_VOTER | RAFT_MEMBER_WITNESS
};

static const uint64_t log_terms[] = {1, 1, 4};

/* Server 1 leads term 6; its no-op is entry 4, durable. */
static void start_with(struct harness *h, const struct raft_member *members,
                       uint32_t n)
{
    struct raft_config config = harness_config(1);
    harness_init(h, &config, 0);
    harness_bootstrap(h, members, n);
    harness_preload(h, 5, RAFT_NONE, log_terms, 3);
    harness_boot(h);
    harness_elect(h);
    harness_written(h);
}

static const struct raft_member three[] = {
    {1, VOTER, 0}, {2, VOTER, 0}, {3, VOTER, 0}};

static void match(struct harness *h, raft_id from, uint64_t index)
{
    struct raft_message m = harness_append_success(6, index);
    harness_receive(h, from, &m);
}

/* Who was told to campaign at once in the last answer; RAFT_NONE: nobody. */
static raft_id told(const struct harness *h)
{
    struct raft_message m;
    const struct raft_output *o =
        harness_sent(h, RAFT_NONE, RAFT_MESSAGE_TIMEOUT_NOW, &m);
    cr_assert_leq(harness_sent_count(h, RAFT_NONE, RAFT_MESSAGE_TIMEOUT_NOW),
                  1);
    if (o != NULL)
        cr_assert_eq(m.term, harness_view(h).hard_state.current_term);
    return o == NULL ? RAFT_NONE : o->send.to;
}

static void check_begun(const struct harness *h, raft_id to)
{
    const struct raft_output *o = harness_output(h, RAFT_OUTPUT_ACCEPTED);
    cr_assert_not_null(o);
    cr_assert_eq(o->accepted.position.index, 0);
    cr_assert_eq(o->accepted.position.term, 0);
    cr_assert_eq(harness_view(h).transfer_to, to);
    cr_assert_eq(harness_view(h).role, RAFT_LEADER);
}

/* A target that has the whole log is told at once. */
Test(raft_transfer, a_target_with_the_whole_log_is_told_at_once)
{
    for (raft_id to = 2; to <= 3; to++) {
        struct harness h;
        start_with(&h, three, 3);
        match(&h, 2, 4);
        match(&h, 3, 4);
        harness_transfer(&h, 70, to);
        check_begun(&h, to);
        cr_assert_eq(harness_output(&h, RAFT_OUTPUT_ACCEPTED)->accepted.tag,
                     70);
        cr_assert_eq(told(&h), to);
        harness_free(&h);
    }
}

/* "The prior leader fully updates the target server's log to match its own":
 * not only what is committed. Until then nobody is told. */
Test(raft_transfer, the_target_catches_up_first)
{
    struct harness h;
    start_with(&h, three, 3);
    match(&h, 2, 4);
    harness_propose(&h, 1, "a");
    harness_propose(&h, 2, "b");
    match(&h, 2, 5);
    cr_assert_eq(harness_view(&h).commit_index, 4); /* own disk is slow */
    harness_written(&h);
    cr_assert_eq(harness_view(&h).commit_index, 5);
    harness_transfer(&h, 70, 3);
    check_begun(&h, 3);
    cr_assert_eq(told(&h), RAFT_NONE);
    match(&h, 2, 6); /* somebody else has it all */
    cr_assert_eq(told(&h), RAFT_NONE);
    for (uint64_t index = 0; index <= 5; index++) {
        match(&h, 3, index);
        cr_assert_eq(told(&h), RAFT_NONE, "%u", (unsigned)index);
        harness_timer(&h);
        cr_assert_eq(told(&h), RAFT_NONE, "%u", (unsigned)index);
        if (harness_view(&h).transfer_to == RAFT_NONE)
            harness_transfer(&h, 71, 3); /* that took too long: again */
    }
    match(&h, 3, 6);
    cr_assert_eq(told(&h), 3);
    harness_free(&h);
}

/* What it lacks is sent to it meanwhile. */
Test(raft_transfer, the_target_is_sent_what_it_lacks)
{
    struct raft_message m;
    struct harness h;
    start_with(&h, three, 3);
    match(&h, 2, 4);
    harness_propose(&h, 1, "a");
    match(&h, 2, 5);
    harness_transfer(&h, 70, 3);
    struct raft_message no = harness_append_failure(6, 3, 0, 1);
    harness_receive(&h, 3, &no);
    cr_assert_not_null(harness_sent(&h, 3, RAFT_MESSAGE_APPEND_REQUEST, &m));
    cr_assert_eq(m.append_request.prev.index, 0);
    cr_assert_eq(m.append_request.n_entries, 5);
    match(&h, 3, 5);
    cr_assert_eq(told(&h), 3);
    harness_free(&h);
}

/* "The prior leader stops accepting new client requests": otherwise the target
 * would never be done. Reads go on. */
Test(raft_transfer, nothing_new_is_taken_meanwhile)
{
    static const struct raft_member more[] = {
        {1, VOTER, 0}, {2, VOTER, 0}, {3, VOTER, 0}, {4, LEARNER, 0}};
    for (int ready = 0; ready < 2; ready++) {
        struct harness h;
        start_with(&h, three, 3);
        match(&h, 2, 4);
        if (ready)
            match(&h, 3, 4);
        harness_transfer(&h, 70, 3);
        harness_propose(&h, 1, "a");
        cr_assert(harness_was_rejected(&h, RAFT_TRANSFERRING));
        harness_session(&h, 2);
        cr_assert(harness_was_rejected(&h, RAFT_TRANSFERRING));
        harness_change(&h, 3, more, 4, false);
        cr_assert(harness_was_rejected(&h, RAFT_TRANSFERRING));
        harness_transfer(&h, 4, 2);
        cr_assert(harness_was_rejected(&h, RAFT_TRANSFERRING));
        harness_transfer(&h, 5, 3);
        cr_assert(harness_was_rejected(&h, RAFT_TRANSFERRING));
        cr_assert_eq(harness_view(&h).transfer_to, 3);
        cr_assert_eq(harness_view(&h).last.index, 4);
        cr_assert_eq(h.n_pending, 0);
        harness_read(&h, 6, false);
        match(&h, 2, 4);
        cr_assert_eq(harness_count(&h, RAFT_OUTPUT_READY), 1);
        harness_free(&h);
    }
}

/* "If leadership transfer does not complete after about an election timeout,
 * the prior leader aborts the transfer and resumes accepting client requests":
 * whether the target was told or not. */
Test(raft_transfer, the_deadline_aborts)
{
    for (int ready = 0; ready < 2; ready++) {
        struct harness h;
        start_with(&h, three, 3);
        match(&h, 2, 4);
        if (ready)
            match(&h, 3, 4);
        uint64_t since_us = h.now_us;
        harness_transfer(&h, 70, 3);
        while (harness_view(&h).transfer_to != RAFT_NONE) {
            cr_assert_leq(h.deadline_us, since_us + MAX_US);
            harness_timer(&h);
        }
        cr_assert_geq(h.now_us, since_us + MIN_US);
        cr_assert_eq(told(&h), RAFT_NONE);
        cr_assert_eq(harness_count(&h, RAFT_OUTPUT_REJECTED), 0);
        cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
        harness_propose(&h, 1, "a");
        cr_assert_eq(harness_count(&h, RAFT_OUTPUT_ACCEPTED), 1);
        match(&h, 3, 5); /* nobody waits for it any more */
        cr_assert_eq(told(&h), RAFT_NONE);
        harness_timer(&h);
        cr_assert_eq(told(&h), RAFT_NONE);
        harness_transfer(&h, 71, 3);
        check_begun(&h, 3);
        cr_assert_eq(told(&h), 3);
        harness_free(&h);
    }
}

/* A transfer belongs to one leadership. */
Test(raft_transfer, ends_with_the_leadership)
{
    struct harness h;
    struct raft_message no = harness_append_failure(7, 4, 0, 4);
    start_with(&h, three, 3);
    match(&h, 2, 4);
    harness_transfer(&h, 70, 3);
    harness_receive(&h, 2, &no);
    cr_assert_eq(harness_view(&h).role, RAFT_FOLLOWER);
    harness_elect(&h);
    cr_assert_eq(harness_view(&h).transfer_to, RAFT_NONE);
    harness_propose(&h, 1, "a");
    cr_assert_eq(harness_count(&h, RAFT_OUTPUT_ACCEPTED), 1);
    harness_free(&h);
}

/* Only another voter who stores commands can lead. */
Test(raft_transfer, wrong_targets_are_refused)
{
    static const struct raft_member members[] = {{1, VOTER, 0},
                                                 {2, VOTER, 0},
                                                 {3, VOTER, 0},
                                                 {4, LEARNER, 0},
                                                 {5, WITNESS, 0}};
    static const raft_id wrong[] = {1, 4, 5, 6, 99};
    struct harness h;
    start_with(&h, members, 5);
    for (raft_id from = 2; from <= 5; from++)
        match(&h, from, 4);
    for (size_t i = 0; i < 5; i++) {
        harness_transfer(&h, i, wrong[i]);
        cr_assert(harness_was_rejected(&h, RAFT_NO_SUCH_CHANGE));
        cr_assert_eq(harness_view(&h).transfer_to, RAFT_NONE);
        cr_assert_eq(told(&h), RAFT_NONE);
    }
    harness_free(&h);

    start_with(&h, members, 1);
    for (raft_id to = 0; to < 3; to++) {
        harness_transfer(&h, 9, to);
        cr_assert(harness_was_rejected(&h, RAFT_NO_SUCH_CHANGE));
    }
    harness_free(&h);
}

Test(raft_transfer, only_a_leader_can)
{
    struct raft_config config = harness_config(1);
    struct raft_message beat = harness_append(5, 0, 0, 0, NULL, 0);
    struct harness h;
    harness_start(&h, &config, 3);
    harness_transfer(&h, 1, 2);
    cr_assert(harness_was_rejected(&h, RAFT_NOT_LEADER));
    harness_receive(&h, 2, &beat);
    harness_transfer(&h, 1, 2);
    cr_assert(harness_was_rejected(&h, RAFT_NOT_LEADER));
    cr_assert_eq(harness_output(&h, RAFT_OUTPUT_REJECTED)->rejected.leader, 2);
    cr_assert_eq(told(&h), RAFT_NONE);
    harness_free(&h);
}

/* With RAFT_NONE the leader picks: who was heard, then who is further, then who
 * has the higher priority; never a learner, a witness or itself. */
Test(raft_transfer, the_leader_picks)
{
    static const struct raft_member members[] = {
        {1, VOTER, 9}, {2, VOTER, 3},   {3, VOTER, 5},
        {4, VOTER, 4}, {5, LEARNER, 9}, {6, WITNESS, 9}};
    static const struct {
        uint64_t match[7]; /* by id; 0: not heard */
        raft_id to;
    } cases[] = {
        {{0, 0, 4, 4, 4, 4, 4}, 3}, {{0, 0, 4, 3, 4, 4, 4}, 4},
        {{0, 0, 4, 3, 3, 4, 4}, 2}, {{0, 0, 1, 0, 1, 4, 4}, 4},
        {{0, 0, 0, 0, 0, 4, 4}, 3}, {{0, 0, 0, 0, 1, 4, 4}, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct harness h;
        start_with(&h, members, 6);
        for (raft_id from = 2; from <= 6; from++)
            if (cases[i].match[from] > 0)
                match(&h, from, cases[i].match[from]);
        harness_transfer(&h, 70, RAFT_NONE);
        check_begun(&h, cases[i].to);
        cr_assert_eq(told(&h),
                     cases[i].match[cases[i].to] == 4 ? cases[i].to : 0);
        harness_free(&h);
    }
}

/* Of those in reach: where check-quorum counts who answers, an old answer says
 * nothing of now. */
Test(raft_transfer, the_leader_picks_who_is_in_reach)
{
    struct raft_config config = harness_config(1);
    struct harness h;
    config.check_quorum = true;
    harness_init(&h, &config, 3);
    harness_boot(&h);
    harness_elect(&h);
    harness_written(&h);
    struct raft_message yes = harness_append_success(1, 1);
    harness_receive(&h, 2, &yes);
    uint64_t since_us = h.now_us;
    while (h.now_us < since_us + 3 * MAX_US) {
        harness_timer(&h);
        harness_receive(&h, 3, &yes);
    }
    harness_propose(&h, 1, "a");
    yes.append_response.match_index = 2;
    harness_receive(&h, 2, &yes);
    h.now_us += 1;
    while (h.now_us < since_us + 6 * MAX_US) {
        harness_timer(&h);
        yes.append_response.match_index = 1;
        harness_receive(&h, 3, &yes);
    }
    harness_transfer(&h, 70, RAFT_NONE);
    check_begun(&h, 3);
    harness_free(&h);
}

/* Who leaves with the change that is under way is no target; who stays is one,
 * before and after. */
Test(raft_transfer, who_leaves_is_no_target)
{
    static const struct raft_member two[] = {{1, VOTER, 0}, {3, VOTER, 0}};
    struct harness h;
    start_with(&h, three, 3);
    match(&h, 3, 4);
    harness_change(&h, 9, two, 2, true);
    cr_assert_eq(harness_count(&h, RAFT_OUTPUT_ACCEPTED), 1);
    harness_written(&h);
    harness_transfer(&h, 70, 2);
    cr_assert(harness_was_rejected(&h, RAFT_NO_SUCH_CHANGE));
    harness_transfer(&h, 71, 3);
    check_begun(&h, 3);
    cr_assert_eq(told(&h), RAFT_NONE);
    match(&h, 3, 5);
    cr_assert_eq(harness_view(&h).last.index, 6); /* joint is left */
    cr_assert_eq(harness_view(&h).transfer_to, 3);
    cr_assert_eq(told(&h), RAFT_NONE);
    match(&h, 3, 6);
    cr_assert_eq(told(&h), 3);
    harness_free(&h);
}
