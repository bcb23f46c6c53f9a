/* Whole clusters that change who they are: safe whatever happens, and alive
 * when nothing more does (dissertation, chapter 4; paper, Figure 3). What is
 * claimed of single steps is looked at after each by tests/crowd.h. */
#include "tests/crowd.h"
#include "tests/member_lists.h"

#include <criterion/criterion.h>

/* Goes on until the members are settled and `n` more entries committed. */
static void settle(struct crowd *c, uint64_t n)
{
    uint64_t at_least = c->n_committed + n;
    for (int moves = 0; !crowd_has_settled(c, at_least); moves++) {
        cr_assert_lt(moves, 100000, "seed %u: no progress", (unsigned)c->seed);
        if (moves % 200 == 199 && crowd_leader(c) != CROWD_SIZE)
            crowd_propose(c, crowd_leader(c));
        crowd_move(c);
    }
}

/* Changes of all kinds, crashes, loss, snapshots, transfers, partitions. */
Test(raft_crowd, safe_under_faults_and_live_after_them)
{
    uint64_t n_committed = 0, n_leaders = 0, n_configurations = 0;
    uint64_t n_crashes = 0, n_installed = 0;
    for (uint64_t seed = 0; seed < 128; seed++) {
        struct crowd *c = crowd_new(seed, true);
        for (int moves = 0; moves < 15000; moves++)
            crowd_move(c);
        crowd_heal(c);
        settle(c, 3);
        n_committed += c->n_committed;
        n_leaders += c->n_leaders;
        n_configurations += c->n_configurations;
        n_crashes += c->n_crashes;
        n_installed += c->n_installed;
        crowd_free(c);
    }
    cr_assert_geq(n_committed, 10000); /* the runs were worth watching */
    cr_assert_geq(n_leaders, 500);
    cr_assert_geq(n_configurations, 1500);
    cr_assert_geq(n_crashes, 1500);
    cr_assert_geq(n_installed, 200);
}

/* --- a swap of all members, with a crash at every step of it -------------- */

/* By joint consensus; whether it was accepted. */
static bool ask(struct crowd *c, const char *text)
{
    struct raft_member members[MEMBER_LIST_MAX];
    uint32_t n = member_list(text, members);
    uint32_t leader = crowd_leader(c);
    return leader != CROWD_SIZE && crowd_change(c, leader, members, n, true);
}

static bool is_swapped(const struct crowd *c)
{
    uint32_t leader = crowd_leader(c);
    return leader != CROWD_SIZE && crowd_has_settled(c, 0) &&
           member_list_holds(&c->nodes[leader], "4 5 6");
}

/* Servers 1 to 3 have a leader and a few entries, 4 to 6 have them as well; the
 * swap is asked for. */
static struct crowd *begin_swap(uint64_t seed)
{
    struct crowd *c = crowd_new(seed, false);
    settle(c, 2);
    cr_assert(ask(c, "1 2 3 4L 5L 6L"));
    settle(c, 2);
    cr_assert(ask(c, "4 5 6"));
    return c;
}

/* After so many moves one crashes, and the first parts of its unfinished writes
 * survive. The others go on without it, and then with it. */
static void crash_in_swap(uint64_t seed, int at, uint32_t victim,
                          uint64_t keep_parts)
{
    struct crowd *c = begin_swap(seed);
    for (int moves = 0; moves < at; moves++)
        crowd_move(c);
    uint64_t committed = c->n_committed;
    crowd_crash(c, victim, keep_parts);
    for (int moves = 0; c->n_committed < committed + 3; moves++) {
        cr_assert_lt(moves, 5000, "at %d without %u", at, victim + 1);
        if (moves % 200 == 199 && crowd_leader(c) != CROWD_SIZE)
            crowd_propose(c, crowd_leader(c));
        crowd_move(c);
    }
    crowd_boot(c, victim);
    for (int moves = 0; !is_swapped(c); moves++) {
        cr_assert_lt(moves, 10000, "at %d without %u", at, victim + 1);
        if (moves % 100 == 99) /* the first time may be lost with a leader */
            ask(c, "4 5 6");
        crowd_move(c);
    }
    settle(c, 3);
    cr_assert(is_swapped(c));
    crowd_free(c);
}

Test(raft_crowd, a_swap_with_a_crash_at_every_step)
{
    for (uint64_t seed = 0; seed < 4; seed++) { /* with and without pre-vote */
        struct crowd *c = begin_swap(seed * 5);
        int n = 0;
        for (; !is_swapped(c) && n < 1000; n++)
            crowd_move(c);
        cr_assert(n > 20 && n < 1000);
        crowd_free(c);
        for (int at = 0; at <= n; at++)
            for (uint32_t victim = 0; victim < 6; victim++)
                crash_in_swap(seed * 5, at, victim, (uint64_t)(at % 3));
    }
}
