/* Logs, by hand: Log Matching. */
#include "tests/checker_harness.h"

#include <criterion/criterion.h>

/* --- Log Matching --------------------------------------------------------- */

Test(checker_log, log_matching_of_two_logs)
{
    static const struct {
        const char *command; /* of node 2's entry 2, in term 3 */
        bool other_past;     /* its entry 1 is of term 2, not 1 */
        enum sim_property broken;
    } cases[] = {
        {"b", false, HOLDS},
        {"B", false, SIM_LOG_MATCHING},
        {"b", true, SIM_LOG_MATCHING},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct paper *c = paper_start(3);
        paper_follow(c, 1, 3);
        paper_follow(c, 2, 3);
        paper_hold(c, 1,
                   paper_extend(c, paper_extend(c, SIM_ROOT, 1, "a"), 3, "b"));
        paper_hold(c, 2,
                   paper_extend(c, SIM_ROOT, cases[i].other_past ? 2 : 1, "a"));
        paper_hold(c, 2,
                   paper_extend(c, c->servers[2].tip, 3, cases[i].command));
        paper_finish(c, cases[i].broken);
    }
}

/* Several entries in one step; the one that differs is not the last. */
Test(checker_log, log_matching_of_every_new_entry)
{
    for (int broken = 0; broken <= 1; broken++) {
        struct paper *c = paper_start_with_leader(0);
        paper_follow(c, 2, 2);
        sim_tip tip = paper_extend(c, SIM_ROOT, 1, broken ? "x" : "a");
        tip = paper_extend(c, tip, 2, "y");
        paper_hold(c, 2, paper_extend(c, tip, 2, "z"));
        paper_finish(c, broken ? SIM_LOG_MATCHING : HOLDS);
    }
}

Test(checker_log, log_matching_of_terms_that_decrease_or_are_to_come)
{
    static const struct {
        uint64_t first, second;
        enum sim_property broken;
    } cases[] = {
        {2, 2, HOLDS},
        {2, 3, HOLDS},
        {3, 2, SIM_LOG_MATCHING},
        {3, 4, SIM_LOG_MATCHING},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct paper *c = paper_start(3);
        paper_follow(c, 1, 3);
        paper_hold(c, 1,
                   paper_extend(c,
                                paper_extend(c, SIM_ROOT, cases[i].first, "a"),
                                cases[i].second, "b"));
        paper_finish(c, cases[i].broken);
    }
}

Test(checker_log, log_matching_of_memory_and_writes)
{
    for (uint64_t lost = 0; lost <= 1; lost++) {
        for (uint64_t term = 1; term <= 2; term++) {
            struct paper *c = paper_start_with_leader(0);
            paper_follow(c, 2, 2);
            c->servers[2].view.last.index -= lost;
            c->servers[2].view.last.term = term;
            paper_observe(c, 2, c->servers[2].tip, NULL);
            paper_finish(c, lost || term == 2 ? SIM_LOG_MATCHING : HOLDS);
        }
    }
}

/* A node that shows another log than the one it was created from. */
Test(checker_log, log_matching_at_boot)
{
    for (uint64_t lost = 0; lost <= 1; lost++) {
        struct paper *c = paper_start_with_leader(0);
        struct paper_server *s = &c->servers[2];
        paper_crash(c, 2);
        s->view.role = SIM_FOLLOWER;
        s->view.last.index -= lost;
        paper_boot_as_it_is(c, 2);
        paper_finish(c, lost ? SIM_LOG_MATCHING : HOLDS);
    }
}
