/* Priorities: who leads if several could. Those of a lower one wait longer
 * before they campaign, and a leader hands over to a higher one that has caught
 * up. The harness holds every step to the contract of raft/raft.h besides. */
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

/* --- elections ------------------------------------------------------------ */

struct range {
    uint64_t least, most;
};

/* The election timeouts that server 1 draws, after a start and after a word of
 * its leader. */
static struct range timeouts(const struct raft_member *members, uint32_t n)
{
    struct range range = {UINT64_MAX, 0};
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct raft_config config = harness_config(1);
        struct raft_message beat = harness_append(1, 0, 0, 0, NULL, 0);
        struct harness h;
        config.random_seed = seed;
        harness_init(&h, &config, 0);
        harness_bootstrap(&h, members, n);
        harness_boot(&h);
        for (int i = 0; i < 2; i++) {
            uint64_t us = h.deadline_us - h.now_us;
            range.least = us < range.least ? us : range.least;
            range.most = us > range.most ? us : range.most;
            h.now_us += 1000;
            harness_receive(&h, 2, &beat);
        }
        harness_free(&h);
    }
    return range;
}

/* The more could lead that have a higher priority, the longer; those of the
 * highest wait no longer than without priorities; nobody waits for ever. */
Test(raft_priority, lower_ones_wait_longer)
{
    uint64_t last = 0;
    for (uint32_t higher = 0; higher < 4; higher++) {
        struct raft_member members[9];
        for (uint32_t i = 0; i < 9; i++)
            members[i] = (struct raft_member){i + 1, VOTER, 3};
        for (uint32_t i = 0; i < higher; i++)
            members[1 + i].priority = (uint8_t)(4 + i);
        members[8].priority = 0; /* lower ones do not matter */
        struct range range = timeouts(members, 9);
        cr_assert_geq(range.least, MIN_US);
        cr_assert_leq(range.most, MAX_US + higher * MIN_US);
        if (higher == 0)
            cr_assert_leq(range.most, MAX_US);
        else
            cr_assert_geq(range.least, last + MIN_US / 4, "%u", higher);
        last = range.least;
    }
}

/* A hundred that are preferred do not silence a server. */
Test(raft_priority, nobody_waits_for_ever)
{
    struct raft_member members[RAFT_MAX_MEMBERS];
    for (uint32_t i = 0; i < RAFT_MAX_MEMBERS; i++)
        members[i] = (struct raft_member){i + 1, VOTER, i > 0 ? 200 : 0};
    struct range range = timeouts(members, RAFT_MAX_MEMBERS);
    cr_assert_gt(range.least, MAX_US);
    cr_assert_leq(range.most, 5 * MAX_US);
}

/* Whoever could not lead is not waited for. */
Test(raft_priority, only_those_that_could_lead_count)
{
    static const struct raft_member members[] = {
        {1, VOTER, 1}, {2, VOTER, 1}, {3, WITNESS, 9}, {4, LEARNER, 9}};
    cr_assert_leq(timeouts(members, 4).most, MAX_US);
    cr_assert_leq(timeouts(members + 1, 3).most, MAX_US); /* no member itself */
}

/* It is no veto: one of the lowest priority is elected if it asks. */
Test(raft_priority, does_not_change_who_gets_votes)
{
    static const struct raft_member members[] = {
        {1, VOTER, 9}, {2, VOTER, 0}, {3, VOTER, 5}};
    struct raft_config config = harness_config(1);
    struct raft_message m, ask = harness_vote_request(1, 0, 0);
    struct harness h;
    harness_init(&h, &config, 0);
    harness_bootstrap(&h, members, 3);
    harness_boot(&h);
    harness_receive(&h, 2, &ask);
    cr_assert_not_null(harness_sent(&h, 2, RAFT_MESSAGE_VOTE_RESPONSE, &m));
    cr_assert(m.vote_response.granted);
    harness_free(&h);
}

/* --- takeover ------------------------------------------------------------- */

/* Server 1 of these leads term 1; its no-op is entry 1, and durable. */
static void start_leader(struct harness *h, const struct raft_member *members,
                         uint32_t n, bool takeover)
{
    struct raft_config config = harness_config(1);
    config.priority_takeover = takeover;
    harness_init(h, &config, 0);
    harness_bootstrap(h, members, n);
    harness_boot(h);
    harness_elect(h);
    harness_written(h);
}

/* Goes on for so long; those of `answers` (bits, by id) answer, having
 * everything up to `match`. Gives who is told to campaign first; RAFT_NONE:
 * nobody. */
static raft_id go_on(struct harness *h, uint64_t for_us, unsigned answers,
                     uint64_t match)
{
    uint64_t until_us = h->now_us + for_us;
    raft_id told = RAFT_NONE;
    while (h->now_us < until_us && told == RAFT_NONE) {
        harness_timer(h);
        for (raft_id from = 0; from < 8; from++) {
            struct raft_message m;
            struct raft_message yes = harness_append_success(1, match);
            const struct raft_output *o =
                harness_sent(h, RAFT_NONE, RAFT_MESSAGE_TIMEOUT_NOW, &m);
            if (o != NULL)
                told = o->send.to;
            if (from > 1 && (answers & (1u << from)) != 0)
                harness_receive(h, from, &yes);
        }
    }
    return told;
}

static const struct raft_member ranked[] = {
    {1, VOTER, 2}, {2, VOTER, 1}, {3, VOTER, 5}, {4, VOTER, 7}, {5, VOTER, 2}};

enum { TWO = 1u << 2, THREE = 1u << 3, FOUR = 1u << 4, FIVE = 1u << 5 };

/* The highest of those that have caught up. */
Test(raft_priority, the_highest_that_has_caught_up_takes_over)
{
    static const struct {
        unsigned answers;
        bool takeover;
        raft_id to;
    } cases[] = {
        {TWO | THREE | FOUR | FIVE, true, 4},   {TWO | THREE | FIVE, true, 3},
        {TWO | FOUR | FIVE, true, 4},           {TWO | FIVE, true, RAFT_NONE},
        {TWO | THREE | FOUR, false, RAFT_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct harness h;
        start_leader(&h, ranked, 5, cases[i].takeover);
        cr_assert_eq(go_on(&h, 20 * MAX_US, cases[i].answers, 1), cases[i].to,
                     "%zu", i);
        if (cases[i].to != RAFT_NONE) {
            cr_assert_eq(harness_view(&h).transfer_to, cases[i].to);
            harness_propose(&h, 1, "a");
            cr_assert(harness_was_rejected(&h, RAFT_TRANSFERRING));
        }
        harness_free(&h);
    }
}

/* One that lacks what is committed is waited for; one that only lacks the
 * latest is given that first. */
Test(raft_priority, one_that_is_behind_does_not_take_over)
{
    static const struct raft_member members[] = {
        {1, VOTER, 0}, {2, VOTER, 0}, {3, VOTER, 5}};
    struct harness h;
    start_leader(&h, members, 3, true);
    for (int i = 0; i < 9; i++)
        harness_propose(&h, 1, "a");
    harness_written(&h);
    struct raft_message all = harness_append_success(1, 10);
    harness_receive(&h, 2, &all);
    cr_assert_eq(harness_view(&h).commit_index, 10);
    for (uint64_t match = 1; match < 10; match++) {
        cr_assert_eq(go_on(&h, 2 * MAX_US, THREE, match), RAFT_NONE);
        cr_assert_eq(harness_view(&h).transfer_to, RAFT_NONE);
    }
    harness_propose(&h, 1, "a");
    harness_written(&h);
    cr_assert_eq(go_on(&h, MAX_US / 2, THREE, 10), RAFT_NONE);
    cr_assert_eq(harness_view(&h).transfer_to, 3);
    cr_assert_eq(go_on(&h, MAX_US / 2, THREE, 11), 3);
    harness_free(&h);
}

/* Nor does one that had caught up and is not heard any more. */
Test(raft_priority, one_that_fell_silent_does_not_take_over)
{
    struct raft_config config = harness_config(1);
    struct raft_message yes = harness_append_success(1, 1);
    struct harness h;
    config.priority_takeover = true;
    config.check_quorum = true;
    harness_init(&h, &config, 0);
    harness_bootstrap(&h, ranked, 5);
    harness_boot(&h);
    harness_elect(&h);
    harness_written(&h);
    harness_receive(&h, 4, &yes);
    cr_assert_eq(go_on(&h, 20 * MAX_US, TWO | FIVE, 1), RAFT_NONE);
    cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
    cr_assert_eq(go_on(&h, MAX_US, TWO | FOUR | FIVE, 1), 4);
    harness_free(&h);
}

/* Equal priorities, and those of servers that could not lead, are no reason. */
Test(raft_priority, others_do_not_take_over)
{
    static const struct raft_member members[] = {{1, VOTER, 3},
                                                 {2, VOTER, 3},
                                                 {3, WITNESS, 9},
                                                 {4, LEARNER, 9},
                                                 {5, VOTER, 0}};
    struct harness h;
    start_leader(&h, members, 5, true);
    cr_assert_eq(go_on(&h, 20 * MAX_US, TWO | THREE | FOUR | FIVE, 1),
                 RAFT_NONE);
    cr_assert_eq(harness_view(&h).transfer_to, RAFT_NONE);
    harness_free(&h);
}

/* Not before an entry of the own term is committed: who has caught up is not
 * known before. */
Test(raft_priority, a_new_leader_does_not_hand_over)
{
    struct harness h;
    start_leader(&h, ranked, 5, true);
    cr_assert_eq(go_on(&h, 5 * MAX_US, FOUR, 1), RAFT_NONE);
    cr_assert_eq(harness_view(&h).commit_index, 0);
    cr_assert_eq(harness_view(&h).transfer_to, RAFT_NONE);
    harness_free(&h);
}

/* A takeover that came to nothing stops proposals for the time of a transfer
 * only, and is not tried again before long; later it is. */
Test(raft_priority, a_failed_takeover_is_followed_by_a_pause)
{
    struct harness h;
    start_leader(&h, ranked, 5, true);
    cr_assert_eq(go_on(&h, 20 * MAX_US, TWO | FOUR, 1), 4);
    uint64_t told_us = h.now_us;
    while (harness_view(&h).transfer_to != RAFT_NONE)
        harness_timer(&h);
    cr_assert_leq(h.now_us, told_us + MAX_US);
    harness_propose(&h, 1, "a");
    cr_assert_eq(harness_count(&h, RAFT_OUTPUT_ACCEPTED), 1);
    harness_written(&h);
    cr_assert_eq(go_on(&h, 5 * MAX_US, TWO | FOUR, 2), RAFT_NONE);
    cr_assert_eq(harness_view(&h).transfer_to, RAFT_NONE);
    cr_assert_eq(go_on(&h, 50 * MAX_US, TWO | FOUR, 2), 4);
    harness_free(&h);
}

/* All together: whoever is elected first, the one that is preferred ends up as
 * leader, and stays. */
Test(raft_priority, the_preferred_one_leads_in_the_end)
{
    for (size_t first = 0; first < 5; first++) {
        struct harness nodes[5], *all[5];
        for (size_t i = 0; i < 5; i++) {
            struct raft_config config = harness_config(i + 1);
            config.priority_takeover = true;
            config.check_quorum = true;
            config.pre_vote = true;
            all[i] = &nodes[i];
            harness_init(all[i], &config, 0);
            harness_bootstrap(all[i], ranked, 5);
            harness_boot(all[i]);
        }
        harness_elect(all[first]);
        uint64_t now_us = all[first]->now_us;
        for (uint64_t term = 0, until_us = now_us + 10 * MAX_US;
             now_us < until_us; now_us += 5000) {
            for (size_t i = 0; i < 5; i++) {
                all[i]->now_us = now_us;
                if (all[i]->deadline_us <= now_us)
                    harness_timer(all[i]);
            }
            harness_exchange(all, 5);
            if (now_us + 5 * MAX_US > until_us) {
                struct raft_view view = harness_view(all[3]);
                cr_assert_eq(view.role, RAFT_LEADER);
                cr_assert(term == 0 || term == view.hard_state.current_term);
                term = view.hard_state.current_term;
            }
        }
        for (size_t i = 0; i < 5; i++)
            harness_free(all[i]);
    }
}
