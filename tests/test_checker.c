/* The checker, fed by hand: a history that breaks exactly one property, and the
 * same one made correct. */
#include "sim/checker.h"

#include <criterion/criterion.h>
#include <string.h>

/* --- a cluster on paper --------------------------------------------------- */

#define HOLDS SIM_PROPERTY_COUNT

struct server {
    struct sim_view view;
    sim_tip tip;
    sim_tip durable;
    struct sim_hard_state disk;
};

struct cluster {
    struct sim_log_tree *tree;
    struct sim_checker *checker;
    uint32_t n_nodes;
    uint64_t step;
    struct server servers[SIM_MAX_NODES + 1];
};

static void boot(struct cluster *c, uint32_t id)
{
    struct server *s = &c->servers[id];
    s->tip = s->durable;
    s->view = (struct sim_view){
        .hard_state = s->disk,
        .last = sim_log_tree_position(c->tree, s->durable),
    };
    sim_checker_boot(c->checker, id, s->durable, s->disk, &s->view);
}

/* `n_nodes` servers that never ran. */
static struct cluster *start(uint32_t n_nodes)
{
    struct cluster *c = calloc(1, sizeof(*c));
    c->tree = sim_log_tree_new();
    c->checker = sim_checker_new(c->tree, n_nodes);
    c->n_nodes = n_nodes;
    for (uint32_t id = 1; id <= n_nodes; id++)
        boot(c, id);
    return c;
}

/* The end of a history: `property` was broken, or HOLDS. */
static void finish(struct cluster *c, enum sim_property property)
{
    const struct sim_violation *violation = sim_checker_violation(c->checker);
    if (property == HOLDS) {
        cr_assert_null(violation, "%s", violation->text);
    } else {
        const char *name = sim_property_name(property);
        cr_assert_not_null(violation, "%s does not trip", name);
        cr_assert_eq(violation->property, property, "not %s: %s", name,
                     violation->text);
        cr_assert_eq(violation->time_us, violation->step * 1000);
        const char *title = sim_property_title(property);
        cr_assert_eq(strncmp(violation->text, title, strlen(title)), 0);
        cr_assert_gt(sim_checker_evaluated(c->checker, property), 0);
    }
    sim_checker_free(c->checker);
    sim_log_tree_free(c->tree);
    free(c);
}

static void tick(struct cluster *c)
{
    c->step++;
    sim_checker_set_time(c->checker, c->step, c->step * 1000);
}

/* A step of node `id` to what its record says now, with one output or none. */
static void observe(struct cluster *c, uint32_t id, sim_tip tip_before,
                    const struct sim_output *output)
{
    struct server *s = &c->servers[id];
    struct sim_view before = s->view;
    struct sim_outputs outputs = {output, output == NULL ? 0 : 1};
    tick(c);
    sim_checker_step(c->checker, &(struct sim_observation){
                                     .step = c->step,
                                     .time_us = c->step * 1000,
                                     .node = id,
                                     .before = &before,
                                     .after = &s->view,
                                     .outputs = &outputs,
                                     .tip_before = tip_before,
                                     .tip_after = s->tip,
                                 });
}

static void become(struct cluster *c, uint32_t id, enum sim_role role,
                   uint64_t term, uint32_t vote)
{
    struct server *s = &c->servers[id];
    s->view.role = role;
    s->view.hard_state = (struct sim_hard_state){term, vote};
    observe(c, id, s->tip, NULL);
}

/* All that node `id` wrote so far is durable. */
static void store(struct cluster *c, uint32_t id)
{
    struct server *s = &c->servers[id];
    s->durable = s->tip;
    s->disk = s->view.hard_state;
    tick(c);
    sim_checker_durable(c->checker, id, s->durable, s->disk);
}

static void crash(struct cluster *c, uint32_t id)
{
    tick(c);
    sim_checker_crash(c->checker, id);
}

static void restart(struct cluster *c, uint32_t id)
{
    crash(c, id);
    boot(c, id);
}

static void follow(struct cluster *c, uint32_t id, uint64_t term)
{
    become(c, id, SIM_FOLLOWER, term, SIM_NONE);
}

static void vote(struct cluster *c, uint32_t id, uint64_t term,
                 uint32_t candidate)
{
    become(c, id, candidate == id ? SIM_CANDIDATE : SIM_FOLLOWER, term,
           candidate);
}

static void elect(struct cluster *c, uint32_t id, uint64_t term)
{
    vote(c, id, term, id);
    store(c, id);
    become(c, id, SIM_LEADER, term, id);
}

static sim_tip extend(struct cluster *c, sim_tip tip, uint64_t term,
                      const char *command)
{
    struct sim_entry entry = {
        .term = term,
        .data = (const uint8_t *)command,
        .size = (uint32_t)strlen(command),
        .kind = SIM_ENTRY_COMMAND,
    };
    return sim_log_tree_append(c->tree, tip, &entry, NULL);
}

/* Node `id` holds the log `tip` from this step on. */
static void hold(struct cluster *c, uint32_t id, sim_tip tip)
{
    struct server *s = &c->servers[id];
    sim_tip before = s->tip;
    s->tip = tip;
    s->view.last = sim_log_tree_position(c->tree, tip);
    observe(c, id, before, NULL);
}

/* A command into the log of node `id`, with its own term. */
static void append(struct cluster *c, uint32_t id, const char *command)
{
    struct server *s = &c->servers[id];
    hold(c, id, extend(c, s->tip, s->view.hard_state.term, command));
}

/* Node `to` takes over the log and the term of `from`, and makes both durable.
 */
static void replicate(struct cluster *c, uint32_t from, uint32_t to)
{
    uint64_t term = c->servers[from].view.hard_state.term;
    if (c->servers[to].view.hard_state.term < term)
        follow(c, to, term);
    hold(c, to, c->servers[from].tip);
    store(c, to);
}

static void commit(struct cluster *c, uint32_t id, uint64_t index)
{
    struct server *s = &c->servers[id];
    s->view.commit_index = index;
    observe(c, id, s->tip, NULL);
}

static void apply(struct cluster *c, uint32_t id, uint64_t index,
                  struct sim_entry entry)
{
    struct sim_output output = {
        .kind = SIM_OUTPUT_APPLY,
        .apply = {.first_index = index, .entries = &entry, .n_entries = 1},
    };
    c->servers[id].view.last_applied = index;
    observe(c, id, c->servers[id].tip, &output);
}

static void apply_own(struct cluster *c, uint32_t id, uint64_t index)
{
    sim_tip tip = sim_log_tree_ancestor(c->tree, c->servers[id].tip, index);
    apply(c, id, index, sim_log_tree_entry(c->tree, tip));
}

static void send(struct cluster *c, uint32_t id, uint32_t to,
                 struct sim_message message)
{
    tick(c);
    sim_checker_send(c->checker, id, to, &message);
}

static void grant(struct cluster *c, uint32_t id, uint32_t to, uint64_t term)
{
    send(c, id, to,
         (struct sim_message){
             .kind = SIM_MESSAGE_VOTE_RESPONSE, .term = term, .granted = true});
}

static void acknowledge(struct cluster *c, uint32_t id, uint32_t to,
                        uint64_t term, uint64_t match)
{
    send(c, id, to,
         (struct sim_message){.kind = SIM_MESSAGE_APPEND_RESPONSE,
                              .term = term,
                              .granted = true,
                              .match_index = match});
}

/* Node 1 leads term 1 of a cluster of three, with the entries "a", "b" and "c"
 * on all disks, committed up to `committed` by itself. */
static struct cluster *start_with_leader(uint64_t committed)
{
    struct cluster *c = start(3);
    elect(c, 1, 1);
    append(c, 1, "a");
    append(c, 1, "b");
    append(c, 1, "c");
    store(c, 1);
    replicate(c, 1, 2);
    replicate(c, 1, 3);
    commit(c, 1, committed);
    return c;
}

/* --- Election Safety ------------------------------------------------------ */

Test(checker, election_safety_one_leader_a_term)
{
    for (uint64_t other_term = 3; other_term <= 4; other_term++) {
        struct cluster *c = start(3);
        elect(c, 1, 3);
        elect(c, 2, other_term);
        finish(c, other_term == 3 ? SIM_ELECTION_SAFETY : HOLDS);
    }
}

/* The first leaders are long gone, and one of an older term may come late. */
Test(checker, election_safety_is_for_ever)
{
    for (uint64_t late = 2; late <= 4; late += 2) {
        for (uint64_t term = 1; term <= 7; term++) {
            struct cluster *c = start(5);
            elect(c, 1, 3);
            elect(c, 2, 5);
            crash(c, 1);
            elect(c, 3, 6);
            elect(c, 4, late);
            elect(c, 5, term);
            bool taken = term == 3 || term == 5 || term == 6 || term == late;
            finish(c, taken ? SIM_ELECTION_SAFETY : HOLDS);
        }
    }
}

/* --- Leader Append-Only --------------------------------------------------- */

Test(checker, leader_append_only)
{
    enum { SHORTEN, OVERWRITE, ADD, AS_FOLLOWER, CASES };
    for (int i = 0; i < CASES; i++) {
        struct cluster *c = start(3);
        elect(c, 1, 1);
        append(c, 1, "a");
        sim_tip one = c->servers[1].tip;
        append(c, 1, "b");
        switch (i) {
        case SHORTEN:
            hold(c, 1, one);
            break;
        case OVERWRITE:
            hold(c, 1, extend(c, extend(c, one, 1, "x"), 1, "y"));
            break;
        case ADD:
            hold(c, 1, extend(c, c->servers[1].tip, 1, "c"));
            break;
        case AS_FOLLOWER: /* of the leader of a later term: its right */
            c->servers[1].view.role = SIM_FOLLOWER;
            c->servers[1].view.hard_state = (struct sim_hard_state){2, 0};
            hold(c, 1, extend(c, one, 2, "x"));
            break;
        }
        finish(c, i <= OVERWRITE ? SIM_LEADER_APPEND_ONLY : HOLDS);
    }
}

/* In the very step that makes it leader, it may add but not take away. */
Test(checker, leader_append_only_from_the_election_on)
{
    for (int broken = 0; broken <= 1; broken++) {
        struct cluster *c = start_with_leader(0);
        struct server *s = &c->servers[2];
        vote(c, 2, 2, 2);
        store(c, 2);
        s->view.role = SIM_LEADER;
        sim_tip kept = broken ? sim_log_tree_parent(c->tree, s->tip) : s->tip;
        hold(c, 2, extend(c, kept, 2, "d"));
        finish(c, broken ? SIM_LEADER_APPEND_ONLY : HOLDS);
    }
}

/* --- Log Matching --------------------------------------------------------- */

Test(checker, log_matching_of_two_logs)
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
        struct cluster *c = start(3);
        follow(c, 1, 3);
        follow(c, 2, 3);
        hold(c, 1, extend(c, extend(c, SIM_ROOT, 1, "a"), 3, "b"));
        hold(c, 2, extend(c, SIM_ROOT, cases[i].other_past ? 2 : 1, "a"));
        hold(c, 2, extend(c, c->servers[2].tip, 3, cases[i].command));
        finish(c, cases[i].broken);
    }
}

/* Several entries in one step; the one that differs is not the last. */
Test(checker, log_matching_of_every_new_entry)
{
    for (int broken = 0; broken <= 1; broken++) {
        struct cluster *c = start_with_leader(0);
        follow(c, 2, 2);
        sim_tip tip = extend(c, SIM_ROOT, 1, broken ? "x" : "a");
        tip = extend(c, tip, 2, "y");
        hold(c, 2, extend(c, tip, 2, "z"));
        finish(c, broken ? SIM_LOG_MATCHING : HOLDS);
    }
}

Test(checker, log_matching_of_terms_that_decrease_or_are_to_come)
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
        struct cluster *c = start(3);
        follow(c, 1, 3);
        hold(c, 1,
             extend(c, extend(c, SIM_ROOT, cases[i].first, "a"),
                    cases[i].second, "b"));
        finish(c, cases[i].broken);
    }
}

Test(checker, log_matching_of_memory_and_writes)
{
    for (uint64_t lost = 0; lost <= 1; lost++) {
        for (uint64_t term = 1; term <= 2; term++) {
            struct cluster *c = start_with_leader(0);
            follow(c, 2, 2);
            c->servers[2].view.last.index -= lost;
            c->servers[2].view.last.term = term;
            observe(c, 2, c->servers[2].tip, NULL);
            finish(c, lost || term == 2 ? SIM_LOG_MATCHING : HOLDS);
        }
    }
}

/* A node that shows another log than the one it was created from. */
Test(checker, log_matching_at_boot)
{
    for (uint64_t lost = 0; lost <= 1; lost++) {
        struct cluster *c = start_with_leader(0);
        struct server *s = &c->servers[2];
        crash(c, 2);
        s->view.role = SIM_FOLLOWER;
        s->view.last.index -= lost;
        sim_checker_boot(c->checker, 2, s->durable, s->disk, &s->view);
        finish(c, lost ? SIM_LOG_MATCHING : HOLDS);
    }
}

/* --- Leader Completeness -------------------------------------------------- */

/* Restarted servers apply again from the first entry. */
Test(checker, state_machines_have_one_state_after_each_entry)
{
    for (uint64_t differs = 0; differs <= 3; differs++) {
        struct cluster *c = start_with_leader(3);
        for (uint64_t index = 1; index <= 3; index++) {
            sim_checker_state(c->checker, 1, index, 100 + index);
        }
        for (uint64_t index = 1; index <= 3; index++) {
            uint64_t error = index == differs ? 1 : 0;
            sim_checker_state(c->checker, 2, index, 100 + index + error);
        }
        cr_expect_geq(
            sim_checker_evaluated(c->checker, SIM_STATE_MACHINE_SAFETY),
            differs > 0 ? differs : 3);
        finish(c, differs > 0 ? SIM_STATE_MACHINE_SAFETY : HOLDS);
    }
}

Test(checker, leader_completeness_of_a_new_leader)
{
    for (uint64_t committed = 0; committed <= 3; committed++) {
        struct cluster *c = start_with_leader(committed);
        crash(c, 3); /* its disk lost the last entry: two are left with it */
        c->servers[3].durable =
            sim_log_tree_parent(c->tree, c->servers[3].durable);
        boot(c, 3);
        elect(c, 3, 2);
        finish(c, committed == 3 ? SIM_LEADER_COMPLETENESS : HOLDS);
    }
}

/* Figure 8 of the paper: node 1 commits entry 2 of term 2 by counting replicas
 * in term 4; node 5 can still be elected. Made correct, it counts only after it
 * replicated an entry of its own term: entry 2 is not committed, or node 5 is
 * not electable (not shown). */
Test(checker, leader_completeness_figure_8)
{
    for (int broken = 0; broken <= 1; broken++) {
        struct cluster *c = start(5);
        elect(c, 1, 1);
        append(c, 1, "1");
        for (uint32_t id = 2; id <= 5; id++)
            replicate(c, 1, id);
        elect(c, 1, 2);
        append(c, 1, "2");
        store(c, 1);
        replicate(c, 1, 2);
        elect(c, 5, 3);
        append(c, 5, "3");
        store(c, 5);
        elect(c, 1, 4);
        replicate(c, 1, 3);
        commit(c, 1, broken ? 2 : 1);
        elect(c, 5, 5);
        finish(c, broken ? SIM_LEADER_COMPLETENESS : HOLDS);
    }
}

/* Acknowledgements of term 1 arrive after the leader of term 2 was elected. */
Test(checker, leader_completeness_of_a_late_commit)
{
    for (int complete = 0; complete <= 1; complete++) {
        struct cluster *c = start(5);
        elect(c, 1, 1);
        append(c, 1, "a");
        store(c, 1);
        replicate(c, 1, 2);
        replicate(c, 1, 3);
        elect(c, complete ? 3 : 4, 2);
        elect(c, complete ? 2 : 3, 3);
        commit(c, 1, 1);
        finish(c, complete ? HOLDS : SIM_LEADER_COMPLETENESS);
    }
}

/* What was first known to be committed in term 4 turns out to be committed in
 * term 2 already: the leader of term 3 should have had it, be it elected before
 * that or after. */
Test(checker, leader_completeness_of_the_lowest_term_of_a_commit)
{
    for (uint64_t late_term = 2; late_term <= 4; late_term += 2) {
        for (int elected_first = 0; elected_first <= 1; elected_first++) {
            struct cluster *c = start(5);
            elect(c, 1, 2);
            append(c, 1, "a");
            append(c, 1, "b");
            store(c, 1);
            for (uint32_t id = 2; id <= 4; id++)
                replicate(c, 1, id);
            if (elected_first)
                elect(c, 5, 3);
            elect(c, 2, 4);
            commit(c, 2, 2);
            if (late_term == 4)
                follow(c, 1, 4);
            commit(c, 1, 1);
            if (!elected_first)
                elect(c, 5, 3);
            finish(c, late_term == 2 ? SIM_LEADER_COMPLETENESS : HOLDS);
        }
    }
}

/* Votes of term 2 were under way while term 3 elected a leader and committed:
 * the leader of term 2 need not have what a newer term committed. */
Test(checker, leader_completeness_spares_the_leader_of_an_older_term)
{
    for (uint64_t term = 2; term <= 4; term += 2) {
        struct cluster *c = start_with_leader(2);
        vote(c, 3, term, 3);
        store(c, 3);
        elect(c, 1, 3);
        append(c, 1, "d");
        store(c, 1);
        replicate(c, 1, 2);
        commit(c, 1, 4);
        become(c, 3, SIM_LEADER, term, 3);
        finish(c, term == 4 ? SIM_LEADER_COMPLETENESS : HOLDS);
    }
}

/* Nor what was committed in its own term before it was seen to lead. */
Test(checker, leader_completeness_is_about_older_terms)
{
    for (uint64_t term = 2; term <= 3; term++) {
        struct cluster *c = start(3);
        follow(c, 1, 2);
        hold(c, 1, extend(c, SIM_ROOT, 1, "a"));
        store(c, 1);
        replicate(c, 1, 2);
        commit(c, 1, 1);
        elect(c, 3, term);
        finish(c, term == 3 ? SIM_LEADER_COMPLETENESS : HOLDS);
    }
}

/* What counts is the log at the election: to get the entry in that step, or
 * later, is too late. */
Test(checker, leader_completeness_at_the_election)
{
    enum { BEFORE, AFTER, AFTER_AND_LATE, WITH_IT, WITH_IT_AND_LATE, CASES };
    for (int i = 0; i < CASES; i++) {
        struct cluster *c = start(3);
        elect(c, 1, 1);
        append(c, 1, "a");
        store(c, 1);
        replicate(c, 1, 2);
        sim_tip tip = c->servers[1].tip;
        bool late = i == AFTER_AND_LATE || i == WITH_IT_AND_LATE;
        if (!late)
            commit(c, 1, 1);
        vote(c, 3, 2, 3);
        if (i == BEFORE)
            hold(c, 3, tip);
        store(c, 3);
        if (i >= WITH_IT) {
            c->servers[3].view.role = SIM_LEADER;
            hold(c, 3, tip);
        } else {
            become(c, 3, SIM_LEADER, 2, 3);
        }
        if (i == AFTER || i == AFTER_AND_LATE)
            hold(c, 3, tip);
        if (late)
            commit(c, 1, 1);
        finish(c, i == BEFORE ? HOLDS : SIM_LEADER_COMPLETENESS);
    }
}

/* --- State Machine Safety ------------------------------------------------- */

/* Node 3 takes its own entry for the committed one: on its disk or not. */
Test(checker, state_machine_safety_of_commit_indexes)
{
    for (uint64_t committed = 1; committed <= 4; committed++) {
        struct cluster *c = start_with_leader(2);
        sim_tip one = sim_log_tree_ancestor(c->tree, c->servers[3].tip, 1);
        follow(c, 3, 2);
        sim_tip tip = extend(c, extend(c, one, 2, "x"), 2, "y");
        hold(c, 3, extend(c, tip, 2, "z"));
        commit(c, 3, committed);
        finish(c, committed == 1 ? HOLDS : SIM_STATE_MACHINE_SAFETY);
    }
}

/* A server drops entries that it holds committed for others. */
Test(checker, state_machine_safety_of_a_truncation)
{
    for (uint64_t kept = 0; kept <= 2; kept++) {
        struct cluster *c = start_with_leader(2);
        commit(c, 3, 2);
        sim_tip tip = sim_log_tree_ancestor(c->tree, c->servers[3].tip, kept);
        follow(c, 3, 2);
        tip = extend(c, extend(c, tip, 2, "x"), 2, "y");
        hold(c, 3, tip);
        finish(c, kept < 2 ? SIM_STATE_MACHINE_SAFETY : HOLDS);
    }
}

Test(checker, state_machine_safety_of_applied_entries)
{
    const struct sim_entry right = {
        .term = 1, .data = (const uint8_t *)"b", .size = 1, .kind = 1};
    for (int i = 0; i < 5; i++) {
        struct sim_entry given = right;
        switch (i) {
        case 1:
            given.term = 2;
            break;
        case 2:
            given.data = (const uint8_t *)"B";
            break;
        case 3:
            given.size = 0;
            break;
        case 4:
            given.kind = SIM_ENTRY_INTERNAL;
            break;
        }
        struct cluster *c = start_with_leader(3);
        apply_own(c, 1, 1);
        apply(c, 1, 2, given);
        finish(c, i == 0 ? HOLDS : SIM_STATE_MACHINE_SAFETY);
    }
}

Test(checker, state_machine_safety_of_the_order)
{
    static const struct {
        uint64_t indexes[3];
        enum sim_property broken;
    } cases[] = {
        {{1, 2, 3}, SIM_STATE_MACHINE_SAFETY}, /* 3 is not committed */
        {{1, 1, 2}, SIM_STATE_MACHINE_SAFETY},
        {{2, 1, 2}, SIM_STATE_MACHINE_SAFETY},
        {{1, 2, 0}, HOLDS},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct cluster *c = start_with_leader(2);
        for (size_t k = 0; k < 3 && cases[i].indexes[k] != 0; k++)
            apply_own(c, 1, cases[i].indexes[k]);
        finish(c, cases[i].broken);
    }
}

/* A new life applies again from the start. */
Test(checker, state_machine_safety_in_a_new_life)
{
    for (uint64_t first = 1; first <= 2; first++) {
        struct cluster *c = start_with_leader(2);
        apply_own(c, 1, 1);
        restart(c, 1);
        commit(c, 1, 2);
        apply_own(c, 1, first);
        finish(c, first == 1 ? HOLDS : SIM_STATE_MACHINE_SAFETY);
    }
}

/* A node that keeps its commit index on its disk begins with it. */
Test(checker, state_machine_safety_at_boot)
{
    for (uint64_t index = 1; index <= 3; index++) {
        struct cluster *c = start_with_leader(2);
        struct server *s = &c->servers[3];
        sim_tip one = sim_log_tree_ancestor(c->tree, s->tip, 1);
        follow(c, 3, 2);
        hold(c, 3, extend(c, one, 2, "x"));
        store(c, 3);
        crash(c, 3);
        s->view.commit_index = index;
        sim_checker_boot(c->checker, 3, s->durable, s->disk, &s->view);
        finish(c, index == 1   ? HOLDS
                  : index == 2 ? SIM_STATE_MACHINE_SAFETY
                               : SIM_MONOTONIC_COMMIT);
    }
}

/* --- One Vote per Term ---------------------------------------------------- */

Test(checker, one_vote_per_term)
{
    for (uint64_t second_term = 3; second_term <= 4; second_term++) {
        for (int through_crash = 0; through_crash <= 1; through_crash++) {
            struct cluster *c = start(3);
            vote(c, 3, 3, 1);
            store(c, 3);
            if (through_crash)
                restart(c, 3);
            vote(c, 3, second_term, 2);
            store(c, 3);
            finish(c, second_term == 3 ? SIM_ONE_VOTE_PER_TERM : HOLDS);
        }
    }
}

/* The vote is forgotten between the two; the same one again is no second. */
Test(checker, one_vote_per_term_is_not_forgotten)
{
    for (uint32_t second = 1; second <= 2; second++) {
        struct cluster *c = start(3);
        vote(c, 3, 3, 1);
        store(c, 3);
        vote(c, 3, 3, SIM_NONE);
        store(c, 3);
        vote(c, 3, 3, second);
        store(c, 3);
        finish(c, second == 2 ? SIM_ONE_VOTE_PER_TERM : HOLDS);
    }
}

/* A vote that was only in memory died with it: nobody heard of it. */
Test(checker, one_vote_per_term_spares_a_vote_lost_in_a_crash)
{
    for (int lost = 0; lost <= 1; lost++) {
        struct cluster *c = start(3);
        follow(c, 3, 3);
        store(c, 3);
        vote(c, 3, 3, 1);
        if (!lost)
            store(c, 3);
        restart(c, 3);
        vote(c, 3, 3, 2);
        store(c, 3);
        grant(c, 3, 2, 3);
        finish(c, lost ? HOLDS : SIM_ONE_VOTE_PER_TERM);
    }
}

/* It answers both candidates, though the disk has one vote only. */
Test(checker, one_vote_per_term_of_messages)
{
    for (uint32_t second = 1; second <= 2; second++) {
        struct cluster *c = start(3);
        vote(c, 3, 3, 1);
        store(c, 3);
        grant(c, 3, 1, 3);
        grant(c, 3, second, 3);
        finish(c, second == 2 ? SIM_ONE_VOTE_PER_TERM : HOLDS);
    }
}

/* To lead, or to ask for votes, is to have voted for oneself. */
Test(checker, one_vote_per_term_of_candidates)
{
    for (uint32_t voted = 1; voted <= 2; voted++) {
        for (int leads = 0; leads <= 1; leads++) {
            struct cluster *c = start(3);
            vote(c, 1, 3, voted);
            store(c, 1);
            if (leads) {
                become(c, 1, SIM_LEADER, 3, 1);
            } else {
                send(c, 1, 2,
                     (struct sim_message){.kind = SIM_MESSAGE_VOTE_REQUEST,
                                          .term = 3});
            }
            finish(c, voted == 2 ? SIM_ONE_VOTE_PER_TERM : HOLDS);
        }
    }
}

/* --- Monotonic Term ------------------------------------------------------- */

Test(checker, monotonic_term_within_a_life)
{
    for (uint64_t term = 2; term <= 4; term++) {
        struct cluster *c = start(3);
        follow(c, 2, 3);
        follow(c, 2, term);
        finish(c, term < 3 ? SIM_MONOTONIC_TERM : HOLDS);
    }
}

Test(checker, monotonic_term_of_the_disk)
{
    for (uint64_t term = 2; term <= 4; term++) {
        struct cluster *c = start(3);
        struct sim_hard_state three = {3, 1};
        struct sim_hard_state next = {term, SIM_NONE};
        sim_checker_durable(c->checker, 2, SIM_ROOT, three);
        sim_checker_durable(c->checker, 2, SIM_ROOT, next);
        finish(c, term < 3 ? SIM_MONOTONIC_TERM : HOLDS);
    }
}

/* A life begins with the durable term: on the disk, and as the node shows it. A
 * term that was only in memory is lost. */
Test(checker, monotonic_term_across_a_crash)
{
    for (uint64_t disk = 2; disk <= 4; disk++) {
        for (uint64_t shown = 2; shown <= 4; shown++) {
            struct cluster *c = start(3);
            follow(c, 2, 3);
            store(c, 2);
            follow(c, 2, 5);
            crash(c, 2);
            struct sim_hard_state hard_state = {disk, SIM_NONE};
            struct sim_view view = {.hard_state = {shown, SIM_NONE}};
            sim_checker_boot(c->checker, 2, SIM_ROOT, hard_state, &view);
            bool back = disk < 3 || shown < disk;
            finish(c, back ? SIM_MONOTONIC_TERM : HOLDS);
        }
    }
}

/* --- Monotonic Commit ----------------------------------------------------- */

Test(checker, monotonic_commit_within_a_life)
{
    for (uint64_t index = 1; index <= 3; index++) {
        struct cluster *c = start_with_leader(2);
        commit(c, 1, index);
        finish(c, index < 2 ? SIM_MONOTONIC_COMMIT : HOLDS);
    }
}

Test(checker, monotonic_commit_starts_again_after_a_crash)
{
    for (int crashed = 0; crashed <= 1; crashed++) {
        struct cluster *c = start_with_leader(2);
        if (crashed)
            restart(c, 1);
        commit(c, 1, 0);
        commit(c, 1, 1);
        finish(c, crashed ? HOLDS : SIM_MONOTONIC_COMMIT);
    }
}

/* It counts on entries that it does not have, or no longer has. */
Test(checker, monotonic_commit_ends_with_the_log)
{
    for (uint64_t index = 3; index <= 4; index++) {
        struct cluster *c = start_with_leader(0);
        commit(c, 2, index);
        finish(c, index == 4 ? SIM_MONOTONIC_COMMIT : HOLDS);
    }
    for (uint64_t kept = 1; kept <= 2; kept++) {
        struct cluster *c = start_with_leader(2);
        commit(c, 3, 2);
        follow(c, 3, 2);
        hold(c, 3, sim_log_tree_ancestor(c->tree, c->servers[3].tip, kept));
        finish(c, kept == 1 ? SIM_MONOTONIC_COMMIT : HOLDS);
    }
}

/* --- Durable before Acknowledged ------------------------------------------ */

Test(checker, durable_before_a_vote_is_granted)
{
    for (int stored = 0; stored <= 1; stored++) {
        struct cluster *c = start(3);
        vote(c, 3, 3, 1);
        if (stored)
            store(c, 3);
        grant(c, 3, 1, 3);
        finish(c, stored ? HOLDS : SIM_DURABLE_BEFORE_ACKNOWLEDGED);
    }
}

/* The disk has the term, but not the vote. */
Test(checker, durable_vote_and_not_only_its_term)
{
    for (int stored = 0; stored <= 1; stored++) {
        struct cluster *c = start(3);
        follow(c, 3, 3);
        store(c, 3);
        vote(c, 3, 3, 1);
        if (stored)
            store(c, 3);
        grant(c, 3, 1, 3);
        finish(c, stored ? HOLDS : SIM_DURABLE_BEFORE_ACKNOWLEDGED);
    }
}

Test(checker, durable_before_a_candidate_asks_or_leads)
{
    for (int stored = 0; stored <= 1; stored++) {
        for (int leads = 0; leads <= 1; leads++) {
            struct cluster *c = start(3);
            vote(c, 1, 3, 1);
            if (stored)
                store(c, 1);
            if (leads) {
                become(c, 1, SIM_LEADER, 3, 1);
            } else {
                send(c, 1, 2,
                     (struct sim_message){.kind = SIM_MESSAGE_VOTE_REQUEST,
                                          .term = 3});
            }
            finish(c, stored ? HOLDS : SIM_DURABLE_BEFORE_ACKNOWLEDGED);
        }
    }
}

/* Nothing is said in a term that a crash would take back; a pre-vote speaks of
 * a term that nobody is in yet. A candidate of an older term has no vote. */
Test(checker, durable_term_of_every_message)
{
    for (int kind = 0; kind < SIM_MESSAGE_KIND_COUNT; kind++) {
        for (uint64_t term = 2; term <= 4; term++) {
            struct cluster *c = start(3);
            vote(c, 1, 3, 1);
            store(c, 1);
            vote(c, 1, 4, 1);
            send(c, 1, 2,
                 (struct sim_message){.kind = (enum sim_message_kind)kind,
                                      .term = term});
            bool speaks = kind != SIM_MESSAGE_OTHER &&
                          kind != SIM_MESSAGE_PRE_VOTE_REQUEST &&
                          kind != SIM_MESSAGE_PRE_VOTE_RESPONSE;
            bool broken = kind == SIM_MESSAGE_VOTE_REQUEST
                              ? term != 3
                              : speaks && term == 4;
            finish(c, broken ? SIM_DURABLE_BEFORE_ACKNOWLEDGED : HOLDS);
        }
    }
}

Test(checker, durable_before_entries_are_acknowledged)
{
    for (uint64_t match = 0; match <= 4; match++) {
        struct cluster *c = start_with_leader(0);
        append(c, 1, "d");
        hold(c, 2, c->servers[1].tip);
        acknowledge(c, 2, 1, 1, match);
        finish(c, match == 4 ? SIM_DURABLE_BEFORE_ACKNOWLEDGED : HOLDS);
    }
}

/* The disk of node 3 has as many entries, but not those of the leader. */
Test(checker, durable_entries_are_those_of_the_leader)
{
    for (uint64_t match = 2; match <= 3; match++) {
        for (int stored = 0; stored <= 1; stored++) {
            struct cluster *c = start_with_leader(0);
            elect(c, 2, 2);
            hold(c, 2, extend(c, c->servers[2].tip, 2, "d"));
            follow(c, 3, 3);
            hold(c, 3, sim_log_tree_ancestor(c->tree, c->servers[3].tip, 2));
            hold(c, 3, extend(c, c->servers[3].tip, 3, "x"));
            store(c, 3);
            elect(c, 1, 4);
            follow(c, 3, 4);
            store(c, 3);
            hold(c, 3, c->servers[1].tip);
            if (stored)
                store(c, 3);
            acknowledge(c, 3, 1, 4, match);
            finish(c, match == 2 || stored ? HOLDS
                                           : SIM_DURABLE_BEFORE_ACKNOWLEDGED);
        }
    }
}

/* The acknowledgement waited for a write that is durable; a later one, which
 * drops the entries, is under way. Once that is durable it is too late. */
Test(checker, durable_counts_and_not_what_is_under_way)
{
    for (int dropped = 0; dropped <= 1; dropped++) {
        struct cluster *c = start_with_leader(0);
        elect(c, 2, 2);
        append(c, 2, "d");
        follow(c, 3, 3);
        hold(c, 3, SIM_ROOT);
        hold(c, 3, extend(c, SIM_ROOT, 3, "x"));
        if (dropped)
            store(c, 3);
        acknowledge(c, 3, 1, 1, 3);
        finish(c, dropped ? SIM_DURABLE_BEFORE_ACKNOWLEDGED : HOLDS);
    }
}

/* It acknowledges in term 1 when its disk is in term 2 already: it may have
 * voted for a leader without these entries. */
Test(checker, durable_term_of_an_acknowledgement)
{
    for (uint64_t term = 1; term <= 2; term++) {
        struct cluster *c = start_with_leader(0);
        follow(c, 3, term);
        store(c, 3);
        acknowledge(c, 3, 1, 1, 3);
        finish(c, term == 2 ? SIM_DURABLE_BEFORE_ACKNOWLEDGED : HOLDS);
    }
}

/* A leader that is gone since was acknowledged by what it had. Whoever was not
 * leader of the term is not to be acknowledged at all. */
Test(checker, durable_entries_of_a_leader_of_the_past)
{
    for (uint64_t match = 3; match <= 4; match++) {
        for (uint32_t to = 1; to <= 3; to += 2) {
            struct cluster *c = start_with_leader(0);
            hold(c, 2, extend(c, c->servers[2].tip, 1, "x"));
            store(c, 2);
            restart(c, 1);
            acknowledge(c, 2, to, 1, match);
            finish(c, match == 4 || to != 1 ? SIM_DURABLE_BEFORE_ACKNOWLEDGED
                                            : HOLDS);
        }
    }
}

/* --- Committed on a Quorum ------------------------------------------------ */

Test(checker, committed_on_quorum)
{
    static const uint32_t sizes[] = {1, 2, 3, 4, 5, 9, 49, 101, SIM_MAX_NODES};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint32_t quorum = sizes[i] / 2 + 1;
        for (uint32_t holders = quorum - 1; holders <= quorum; holders++) {
            struct cluster *c = start(sizes[i]);
            elect(c, 1, 1);
            append(c, 1, "a");
            if (holders > 0)
                store(c, 1);
            for (uint32_t id = 2; id <= holders; id++)
                replicate(c, 1, id);
            commit(c, 1, 1);
            finish(c, holders < quorum ? SIM_COMMITTED_ON_QUORUM : HOLDS);
        }
    }
}

/* Replicas that are only in memory, or hold another entry, do not count. */
Test(checker, committed_on_quorum_counts_disks)
{
    for (int i = 0; i < 3; i++) {
        struct cluster *c = start(3);
        elect(c, 1, 1);
        append(c, 1, "a");
        store(c, 1);
        follow(c, 2, 2);
        hold(c, 2, extend(c, SIM_ROOT, i == 1 ? 2 : 1, i == 1 ? "b" : "a"));
        if (i != 0)
            store(c, 2);
        if (i == 2)
            crash(c, 2); /* its disk is there still */
        commit(c, 1, 1);
        finish(c, i == 2 ? HOLDS : SIM_COMMITTED_ON_QUORUM);
    }
}

/* A follower may run ahead of the leader's own commit index, not of the disks.
 */
Test(checker, committed_on_quorum_of_a_follower)
{
    for (int stored = 0; stored <= 1; stored++) {
        struct cluster *c = start_with_leader(3);
        append(c, 1, "d");
        hold(c, 2, c->servers[1].tip);
        if (stored) {
            store(c, 1);
            store(c, 2);
        }
        commit(c, 2, 3);
        commit(c, 2, 4);
        finish(c, stored ? HOLDS : SIM_COMMITTED_ON_QUORUM);
    }
}

/* Disks drop a committed entry: one of three may, as in Figure 8. */
Test(checker, committed_stays_on_quorum)
{
    for (uint32_t dropping = 1; dropping <= 2; dropping++) {
        struct cluster *c = start_with_leader(3);
        for (uint32_t id = 2; id <= 1 + dropping; id++) {
            follow(c, id, 1);
            hold(c, id, SIM_ROOT);
            store(c, id);
        }
        finish(c, dropping == 2 ? SIM_COMMITTED_ON_QUORUM : HOLDS);
    }
}

/* Disks that come back without it after a crash. */
Test(checker, committed_stays_on_quorum_across_crashes)
{
    for (uint32_t losing = 1; losing <= 2; losing++) {
        struct cluster *c = start_with_leader(3);
        for (uint32_t id = 2; id <= 1 + losing; id++) {
            crash(c, id);
            c->servers[id].durable =
                sim_log_tree_parent(c->tree, c->servers[id].durable);
            boot(c, id);
        }
        finish(c, losing == 2 ? SIM_COMMITTED_ON_QUORUM : HOLDS);
    }
}

/* --- what is legal -------------------------------------------------------- */

/* A follower truncates what was never committed, in memory and on its disk. */
Test(checker, spares_the_truncation_of_uncommitted_entries)
{
    struct cluster *c = start_with_leader(2);
    commit(c, 3, 2);
    elect(c, 3, 2);
    append(c, 3, "lost");
    store(c, 3);
    elect(c, 1, 3);
    append(c, 1, "d");
    store(c, 1);
    replicate(c, 1, 3);
    acknowledge(c, 3, 1, 3, 4);
    commit(c, 1, 4);
    commit(c, 3, 4);
    for (uint64_t index = 1; index <= 4; index++)
        apply_own(c, 3, index);
    cr_assert_eq(sim_checker_committed(c->checker), 4);
    finish(c, HOLDS);
}

/* Disks that are not empty at the start (Figure 7): equal entries of different
 * servers are no twins. */
Test(checker, takes_disks_that_hold_logs_already)
{
    static const char *const commands[] = {"a", "b", "c"};
    struct cluster *c = calloc(1, sizeof(*c));
    c->tree = sim_log_tree_new();
    c->checker = sim_checker_new(c->tree, 3);
    for (uint32_t id = 1; id <= 3; id++) {
        struct server *s = &c->servers[id];
        s->disk = (struct sim_hard_state){7, SIM_NONE};
        for (uint32_t i = 0; i < id; i++)
            s->durable = extend(c, s->durable, 1 + i, commands[i]);
        boot(c, id);
    }
    elect(c, 3, 8);
    replicate(c, 3, 1);
    commit(c, 3, 3);
    finish(c, HOLDS);
}

/* --- the record ----------------------------------------------------------- */

Test(checker, progress)
{
    for (int reached = 0; reached <= 1; reached++) {
        struct cluster *c = start(3);
        sim_checker_progress(c->checker, reached, "no leader,\nno commit");
        if (!reached) {
            const char *text = sim_checker_violation(c->checker)->text;
            cr_assert_not_null(strstr(text, "no leader, no commit"));
        }
        cr_assert_eq(sim_checker_evaluated(c->checker, SIM_PROGRESS), 1);
        finish(c, reached ? HOLDS : SIM_PROGRESS);
    }
}

Test(checker, counts_what_it_evaluates)
{
    struct cluster *c = start(3);
    for (int property = 0; property < SIM_PROPERTY_COUNT; property++) {
        bool at_boot =
            property == SIM_MONOTONIC_TERM || property == SIM_LOG_MATCHING;
        uint64_t count =
            sim_checker_evaluated(c->checker, (enum sim_property)property);
        cr_assert_eq(count > 0, at_boot);
    }
    finish(c, HOLDS);

    c = start_with_leader(3);
    apply_own(c, 1, 1);
    vote(c, 2, 2, 3);
    store(c, 2);
    grant(c, 2, 3, 2);
    elect(c, 3, 2);
    sim_checker_progress(c->checker, true, "");
    for (int property = 0; property < SIM_PROPERTY_COUNT; property++) {
        cr_assert_gt(
            sim_checker_evaluated(c->checker, (enum sim_property)property), 0,
            "%s", sim_property_name((enum sim_property)property));
    }
    finish(c, HOLDS);
}

/* A step that adds nothing to a leader's log is no evaluation of what may be
 * added, and one of a follower none of who leads. */
Test(checker, does_not_count_what_could_not_fail)
{
    struct cluster *c = start_with_leader(0);
    uint64_t appended =
        sim_checker_evaluated(c->checker, SIM_LEADER_APPEND_ONLY);
    uint64_t elected = sim_checker_evaluated(c->checker, SIM_ELECTION_SAFETY);
    uint64_t safe = sim_checker_evaluated(c->checker, SIM_STATE_MACHINE_SAFETY);
    become(c, 1, SIM_LEADER, 1, 1);
    follow(c, 2, 1);
    cr_assert_eq(sim_checker_evaluated(c->checker, SIM_LEADER_APPEND_ONLY),
                 appended);
    cr_assert_eq(sim_checker_evaluated(c->checker, SIM_ELECTION_SAFETY),
                 elected + 1);
    commit(c, 1, 2); /* the first commit: no other to compare it with */
    cr_assert_eq(sim_checker_evaluated(c->checker, SIM_STATE_MACHINE_SAFETY),
                 safe);
    commit(c, 2, 2);
    cr_assert_eq(sim_checker_evaluated(c->checker, SIM_STATE_MACHINE_SAFETY),
                 safe + 1);
    uint64_t voted = sim_checker_evaluated(c->checker, SIM_ONE_VOTE_PER_TERM);
    uint64_t quorums =
        sim_checker_evaluated(c->checker, SIM_COMMITTED_ON_QUORUM);
    store(c, 1); /* the vote that it had there before */
    cr_assert_eq(sim_checker_evaluated(c->checker, SIM_ONE_VOTE_PER_TERM),
                 voted);
    append(c, 1, "d");
    store(c, 1); /* more on the disk: no majority can be lost by that */
    cr_assert_eq(sim_checker_evaluated(c->checker, SIM_COMMITTED_ON_QUORUM),
                 quorums);
    finish(c, HOLDS);

    c = start_with_leader(0);
    follow(c, 2, 1);
    hold(c, 2, SIM_ROOT);
    store(c, 2); /* less on the disk, but nothing was committed */
    cr_assert_eq(sim_checker_evaluated(c->checker, SIM_COMMITTED_ON_QUORUM), 0);
    finish(c, HOLDS);
}

/* The report names what clashes; nothing changes it afterwards. */
Test(checker, keeps_the_first_violation)
{
    struct cluster *c = start(3);
    elect(c, 1, 3);
    elect(c, 2, 3);
    const struct sim_violation *violation = sim_checker_violation(c->checker);
    cr_assert_str_eq(
        violation->text,
        "Election Safety (paper, Figure 3) is broken at 0.006000 s: node 2 "
        "became leader of term 3, in which node 1 was elected at 0.003000 s.");
    cr_assert_eq(violation->step, 6);
    cr_assert_eq(violation->n_nodes, 2);
    cr_assert_eq(violation->nodes[0], 1);
    cr_assert_eq(violation->nodes[1], 2);

    struct sim_violation kept = *violation;
    uint64_t counts[SIM_PROPERTY_COUNT];
    for (int i = 0; i < SIM_PROPERTY_COUNT; i++)
        counts[i] = sim_checker_evaluated(c->checker, (enum sim_property)i);
    follow(c, 1, 1);
    append(c, 3, "x");
    store(c, 3);
    commit(c, 3, 1);
    grant(c, 3, 1, 9);
    restart(c, 2);
    sim_checker_progress(c->checker, false, "nothing");
    cr_assert_eq(sim_checker_violation(c->checker), violation);
    cr_assert_eq(violation->property, kept.property);
    cr_assert_eq(violation->step, kept.step);
    cr_assert_eq(violation->n_nodes, kept.n_nodes);
    cr_assert_str_eq(violation->text, kept.text);
    cr_assert_eq(sim_checker_committed(c->checker), 0);
    for (int i = 0; i < SIM_PROPERTY_COUNT; i++) {
        cr_assert_eq(counts[i],
                     sim_checker_evaluated(c->checker, (enum sim_property)i));
    }
    finish(c, SIM_ELECTION_SAFETY);
}

Test(checker, names_every_property_once)
{
    for (int a = 0; a < SIM_PROPERTY_COUNT; a++) {
        const char *name = sim_property_name((enum sim_property)a);
        cr_assert_not_null(name);
        cr_assert_not_null(sim_property_title((enum sim_property)a));
        for (int b = 0; b < a; b++) {
            cr_assert_str_neq(name, sim_property_name((enum sim_property)b));
        }
    }
    cr_assert_str_eq(sim_property_name(SIM_COMMITTED_ON_QUORUM),
                     "committed_on_quorum");
}

Test(checker, is_freed_without_being_there)
{
    sim_checker_free(NULL);
}
