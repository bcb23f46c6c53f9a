/* What the loader makes of actions, events and choices. */
#include "sim/scenario.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sim_scenario *parse(const char *body, uint64_t seed)
{
    char text[2048];
    struct sim_scenario_problems problems;
    int length = snprintf(text, sizeof text,
                          "{\"description\": \"d\", \"nodes\": 5, %s}", body);
    cr_assert(length > 0 && (size_t)length < sizeof text);
    struct sim_scenario *scenario =
        sim_scenario_parse(text, (size_t)length, &seed, &problems);
    cr_assert_not_null(scenario, "%s: %s", problems.items[0].pointer,
                       problems.items[0].message);
    sim_scenario_problems_free(&problems);
    return scenario;
}

/* A scenario of one step. */
static struct sim_scenario *parse_step(const char *step)
{
    char body[1024];
    snprintf(body, sizeof body, "\"faults\": [{%s}]", step);
    return parse(body, 1);
}

/* --- who ------------------------------------------------------------------ */

Test(scenario_script, every_word_names_its_targets)
{
    static const struct {
        const char *word;
        enum sim_target_kind kind;
    } cases[] = {
        {"leader", SIM_TARGET_LEADER},
        {"a follower", SIM_TARGET_FOLLOWER},
        {"followers", SIM_TARGET_FOLLOWERS},
        {"a candidate", SIM_TARGET_CANDIDATE},
        {"a node", SIM_TARGET_ANY},
        {"all", SIM_TARGET_ALL},
        {"crashed", SIM_TARGET_CRASHED},
        {"paused", SIM_TARGET_PAUSED},
        {"majority", SIM_TARGET_MAJORITY},
        {"minority", SIM_TARGET_MINORITY},
        {"majority with leader", SIM_TARGET_MAJORITY_WITH_LEADER},
        {"minority with leader", SIM_TARGET_MINORITY_WITH_LEADER},
        {"a member", SIM_TARGET_MEMBER},
        {"a learner", SIM_TARGET_LEARNER},
        {"a stranger", SIM_TARGET_STRANGER},
        {"learners", SIM_TARGET_LEARNERS},
        {"strangers", SIM_TARGET_STRANGERS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char step[64];
        snprintf(step, sizeof step, "\"at\": \"1s\", \"crash\": \"%s\"",
                 cases[i].word);
        struct sim_scenario *s = parse_step(step);
        const struct sim_targets *nodes = &s->faults[0].action.nodes;
        cr_assert_eq(nodes->count, 1);
        cr_expect_eq(nodes->items[0].kind, cases[i].kind, "%s", cases[i].word);
        sim_scenario_free(s);
    }
}

Test(scenario_script, targets_keep_their_order)
{
    struct sim_scenario *s =
        parse_step("\"at\": \"1s\", \"partition\": [[4, \"leader\"], 2, "
                   "\"rest\"]");
    const struct sim_action *action = &s->faults[0].action;
    cr_assert_eq(action->kind, SIM_ACTION_PARTITION);
    cr_assert_eq(action->n_groups, 3);
    cr_assert_eq(action->groups[0].count, 2);
    cr_expect_eq(action->groups[0].items[0].kind, SIM_TARGET_NODE);
    cr_expect_eq(action->groups[0].items[0].node, 4);
    cr_expect_eq(action->groups[0].items[1].kind, SIM_TARGET_LEADER);
    cr_expect_eq(action->groups[1].items[0].node, 2);
    cr_expect_eq(action->groups[2].items[0].kind, SIM_TARGET_REST);
    sim_scenario_free(s);
}

/* --- what ----------------------------------------------------------------- */

Test(scenario_script, crash)
{
    struct sim_scenario *s =
        parse_step("\"at\": \"1s\", \"crash\": 2, \"for\": \"3ms\", "
                   "\"unfinished_writes\": \"kept\", \"optional\": true");
    const struct sim_fault *fault = &s->faults[0];
    cr_expect_eq(s->n_faults, 1);
    cr_expect_eq(fault->action.kind, SIM_ACTION_CRASH);
    cr_expect_eq(fault->action.unfinished_writes, SIM_UNFINISHED_KEPT);
    cr_expect(fault->has_duration && fault->optional);
    cr_expect_eq(fault->duration_us, 3000);
    sim_scenario_free(s);
}

Test(scenario_script, link_sets_only_what_it_says)
{
    struct sim_scenario *s =
        parse_step("\"at\": \"1s\", \"link\": {\"from\": 1, \"to\": \"all\", "
                   "\"messages\": \"vote_request\", \"drop\": \"2.5%\", "
                   "\"both_ways\": true}");
    const struct sim_action *action = &s->faults[0].action;
    cr_expect_eq(action->kind, SIM_ACTION_LINK);
    cr_expect(action->both_ways && action->weather.has_drop);
    cr_expect_eq(action->weather.drop_ppm, 25000);
    cr_expect_not(action->weather.has_delay || action->weather.has_duplicate);
    cr_expect(action->weather.has_kind);
    cr_expect_eq(action->weather.kind, SIM_MESSAGE_VOTE_REQUEST);
    cr_expect_eq(action->from.items[0].node, 1);
    cr_expect_eq(action->to.items[0].kind, SIM_TARGET_ALL);
    sim_scenario_free(s);
}

Test(scenario_script, clock_disk_mesh_propose_and_heal)
{
    struct sim_scenario *s =
        parse("\"faults\": ["
              "{\"at\": \"1s\", \"clock\": {\"nodes\": 1, \"jump\": \"2s\", "
              "\"rate\": \"-500ppm\"}},"
              "{\"at\": \"1s\", \"disk\": {\"nodes\": 1, \"fsync\": \"9ms\"}},"
              "{\"at\": \"1s\", \"mesh\": [[1, 2], [2, 3]]},"
              "{\"at\": \"1s\", \"propose\": {\"to\": 3, \"key\": \"k\", "
              "\"value\": \"v w\"}},"
              "{\"at\": \"1s\", \"heal\": \"all\"},"
              "{\"at\": \"1s\", \"heal\": \"network\"}]",
              1);
    const struct sim_fault *f = s->faults;
    cr_assert_eq(s->n_faults, 6);
    cr_expect_eq(f[0].action.jump_us, 2000000);
    cr_expect(f[0].action.has_rate);
    cr_expect_eq(f[0].action.rate_ppm, -500);
    cr_expect(f[1].action.has_fsync && !f[1].action.has_write);
    cr_expect_eq(f[1].action.fsync.low_us, 9000);
    cr_expect_eq(f[2].action.n_pairs, 2);
    cr_expect_eq(f[2].action.pairs[1].a, 2);
    cr_expect_eq(f[2].action.pairs[1].b, 3);
    cr_expect_eq(f[3].action.nodes.items[0].node, 3);
    cr_expect_str_eq(f[3].action.key, "k");
    cr_expect_str_eq(f[3].action.value, "v w");
    cr_expect(f[4].action.heal_all && !f[5].action.heal_all);
    sim_scenario_free(s);
}

Test(scenario_script, every_action_has_a_name_of_its_own)
{
    cr_expect_str_eq(sim_action_name(SIM_ACTION_CRASH), "crash");
    cr_expect_str_eq(sim_action_name(SIM_ACTION_EXPIRE), "expire_timer");
    cr_expect_str_eq(sim_action_name(SIM_ACTION_COMPACT), "compact");
    for (size_t i = 0; i < SIM_ACTION_KIND_COUNT; i++) {
        const char *name = sim_action_name((enum sim_action_kind)i);
        cr_expect_str_neq(name, "?", "%zu", i);
        for (size_t j = 0; j < i; j++) {
            cr_expect_str_neq(name, sim_action_name((enum sim_action_kind)j));
        }
    }
}

/* --- when ----------------------------------------------------------------- */

Test(scenario_script, triggers)
{
    static const struct {
        const char *when;
        struct sim_trigger trigger;
    } cases[] = {
        {"\"at\": \"2s\"", {.kind = SIM_TRIGGER_AT, .at_us = 2000000}},
        {"\"after\": \"2ms\"", {.kind = SIM_TRIGGER_AFTER, .after_us = 2000}},
        {"\"when\": {\"leader_elected\": \"any\", \"term\": 2}, "
         "\"after\": \"5us\"",
         {.kind = SIM_TRIGGER_WHEN,
          .after_us = 5,
          .event = SIM_EVENT_LEADER_ELECTED,
          .term = 2}},
        {"\"when\": {\"committed\": 7, \"node\": 2}",
         {.kind = SIM_TRIGGER_WHEN,
          .event = SIM_EVENT_COMMITTED,
          .index = 7,
          .node = 2}},
        {"\"when\": {\"stored\": 7, \"node\": 3}",
         {.kind = SIM_TRIGGER_WHEN,
          .event = SIM_EVENT_STORED,
          .index = 7,
          .node = 3}},
        {"\"when\": {\"term_reached\": 4}",
         {.kind = SIM_TRIGGER_WHEN, .event = SIM_EVENT_TERM, .term = 4}},
        {"\"when\": {\"sent\": \"append_request\", \"from\": 1, \"to\": 2}",
         {.kind = SIM_TRIGGER_WHEN,
          .event = SIM_EVENT_SENT,
          .message = SIM_MESSAGE_APPEND_REQUEST,
          .from = 1,
          .to = 2}},
        {"\"when\": {\"received\": \"vote_response\"}",
         {.kind = SIM_TRIGGER_WHEN,
          .event = SIM_EVENT_RECEIVED,
          .message = SIM_MESSAGE_VOTE_RESPONSE}},
        {"\"when\": {\"writing\": 5, \"what\": \"entries\"}",
         {.kind = SIM_TRIGGER_WHEN,
          .event = SIM_EVENT_WRITING,
          .node = 5,
          .writing = SIM_WRITING_ENTRIES}},
        {"\"when\": {\"writing\": \"any\", \"what\": \"snapshot\"}",
         {.kind = SIM_TRIGGER_WHEN,
          .event = SIM_EVENT_WRITING,
          .writing = SIM_WRITING_SNAPSHOT}},
        {"\"when\": {\"configured\": 3}",
         {.kind = SIM_TRIGGER_WHEN, .event = SIM_EVENT_CONFIGURED, .node = 3}},
        {"\"when\": {\"configured\": \"any\", \"joint\": true}",
         {.kind = SIM_TRIGGER_WHEN,
          .event = SIM_EVENT_CONFIGURED,
          .has_joint = true,
          .joint = true}},
        {"\"when\": {\"configured\": \"any\", \"joint\": false}",
         {.kind = SIM_TRIGGER_WHEN,
          .event = SIM_EVENT_CONFIGURED,
          .has_joint = true}},
        {"\"when\": {\"restored\": 4}",
         {.kind = SIM_TRIGGER_WHEN, .event = SIM_EVENT_RESTORED, .node = 4}},
        {"\"when\": {\"restarted\": 4}",
         {.kind = SIM_TRIGGER_WHEN, .event = SIM_EVENT_RESTARTED, .node = 4}},
        {"\"when\": {\"received\": \"timeout_now\", \"to\": 3}",
         {.kind = SIM_TRIGGER_WHEN,
          .event = SIM_EVENT_RECEIVED,
          .message = SIM_MESSAGE_TIMEOUT_NOW,
          .to = 3}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char step[256];
        snprintf(step, sizeof step, "%s, \"crash\": 1", cases[i].when);
        struct sim_scenario *s = parse_step(step);
        const struct sim_trigger *is = &s->faults[0].trigger;
        const struct sim_trigger *wanted = &cases[i].trigger;
        cr_expect(is->kind == wanted->kind && is->at_us == wanted->at_us &&
                      is->after_us == wanted->after_us &&
                      is->event == wanted->event && is->node == wanted->node &&
                      is->from == wanted->from && is->to == wanted->to &&
                      is->term == wanted->term && is->index == wanted->index &&
                      is->message == wanted->message &&
                      is->writing == wanted->writing &&
                      is->has_joint == wanted->has_joint &&
                      is->joint == wanted->joint,
                  "%s", cases[i].when);
        sim_scenario_free(s);
    }
}

/* --- single messages, and what the script asks for ------------------------ */

Test(scenario_script, rules_for_messages)
{
    struct sim_scenario *s =
        parse("\"network\": {\"messages\": ["
              "{\"from\": 1, \"to\": 5, \"kind\": \"vote_request\", "
              "\"number\": 3, \"lost\": true}, "
              "{\"from\": \"any\", \"number\": [3, 5], \"delay\": \"0s\"}, "
              "{\"again\": \"2ms\", \"lost\": false}]}",
              1);
    cr_assert_eq(s->n_rules, 3);
    const struct sim_message_rule *rule = s->rules;
    cr_expect(rule->from == 1 && rule->to == 5 && rule->lost);
    cr_expect(rule->has_kind && rule->kind == SIM_MESSAGE_VOTE_REQUEST);
    cr_expect(rule->first == 3 && rule->last == 3);
    cr_expect_not(rule->has_delay || rule->has_again);
    rule++;
    cr_expect(rule->from == SIM_NONE && rule->to == SIM_NONE);
    cr_expect_not(rule->has_kind || rule->lost || rule->has_again);
    cr_expect(rule->first == 3 && rule->last == 5);
    cr_expect(rule->has_delay && rule->delay_us == 0);
    rule++;
    cr_expect(rule->first == 1 && rule->last == UINT64_MAX);
    cr_expect(rule->has_again && rule->again_us == 2000);
    cr_expect_not(rule->lost || rule->has_delay);
    sim_scenario_free(s);
}

Test(scenario_script, reads_and_proposals)
{
    static const struct {
        const char *step;
        enum sim_action_kind kind;
        bool compare;
        enum sim_read_way by_way;
        uint32_t client;
    } cases[] = {
        {"\"propose\": {\"to\": 2, \"key\": \"k\"}", SIM_ACTION_PROPOSE, false,
         SIM_READ_BY_MAJORITY, 0},
        {"\"propose\": {\"to\": 2, \"key\": \"k\", \"compare\": true, "
         "\"client\": 1000}",
         SIM_ACTION_PROPOSE, true, SIM_READ_BY_MAJORITY, 1000},
        {"\"read\": {\"to\": 2, \"key\": \"k\"}", SIM_ACTION_READ, false,
         SIM_READ_BY_MAJORITY, 0},
        {"\"read\": {\"to\": 2, \"key\": \"k\", \"by\": \"majority\"}",
         SIM_ACTION_READ, false, SIM_READ_BY_MAJORITY, 0},
        {"\"read\": {\"to\": 2, \"key\": \"k\", \"by\": \"lease\", "
         "\"client\": 1}",
         SIM_ACTION_READ, false, SIM_READ_BY_LEASE, 1},
        {"\"read\": {\"to\": 2, \"key\": \"k\", \"by\": \"log\"}",
         SIM_ACTION_READ, false, SIM_READ_BY_LOG, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char step[256];
        snprintf(step, sizeof step, "\"at\": \"1s\", %s", cases[i].step);
        struct sim_scenario *s = parse_step(step);
        const struct sim_action *action = &s->faults[0].action;
        cr_expect_eq(action->kind, cases[i].kind, "%s", step);
        cr_expect_eq(action->compare, cases[i].compare, "%s", step);
        cr_expect_eq(action->by_way, cases[i].by_way, "%s", step);
        cr_expect_eq(action->client, cases[i].client, "%s", step);
        cr_expect_eq(action->nodes.items[0].node, 2, "%s", step);
        cr_expect_str_eq(action->key, "k");
        cr_expect_not(sim_action_lasts(action));
        sim_scenario_free(s);
    }
}

/* "drawn" says which, whatever the seed; a place in the list, from 0. */
Test(scenario_script, what_is_drawn_already_is_not_drawn)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct sim_scenario *s = parse(
            "\"network\": {\"delay\": {\"one_of\": [\"1ms\", \"2ms\", "
            "\"3ms\"], \"drawn\": 2}}, \"raft\": {\"random_seed\": "
            "{\"drawn\": 0, \"one_of\": [7, 8]}}, \"nemeses\": [{\"every\": "
            "\"1s\", \"crash\": {\"one_of\": [4, 5], \"drawn\": 1}, "
            "\"chance\": {\"one_of\": [0, 1], \"drawn\": 1}}]",
            seed);
        cr_assert_eq(s->network.delay.low_us, 3000);
        cr_assert(s->has_random_seed);
        cr_assert_eq(s->random_seed, 7);
        cr_assert_eq(s->nemeses[0].action.nodes.items[0].node, 5);
        cr_assert(s->nemeses[0].enabled);
        sim_scenario_free(s);
    }
}

Test(scenario_script, progress_may_never_be_awaited)
{
    struct sim_scenario *s =
        parse("\"expect\": {\"progress_within\": \"never\"}", 1);
    cr_expect_eq(s->expect.progress_within_us, SIM_UNLIMITED);
    cr_expect_not(s->has_random_seed);
    sim_scenario_free(s);
}

/* --- what is left to the seed --------------------------------------------- */

#define SEEDS 300u

Test(scenario_script, each_alternative_is_drawn_and_by_the_seed_alone)
{
    static const char body[] =
        "\"network\": {\"delay\": {\"one_of\": [\"1ms\", \"2ms\", \"3ms\"]}}";
    uint32_t seen[4] = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct sim_scenario *s = parse(body, seed);
        struct sim_scenario *again = parse(body, seed);
        uint64_t delay_us = s->network.delay.low_us;
        cr_assert_eq(again->network.delay.low_us, delay_us);
        cr_assert(delay_us >= 1000 && delay_us <= 3000);
        seen[delay_us / 1000]++;
        sim_scenario_free(s);
        sim_scenario_free(again);
    }
    for (size_t i = 1; i <= 3; i++) {
        cr_expect_gt(seen[i], SEEDS / 5, "%zu ms: %u times", i, seen[i]);
    }
}

Test(scenario_script, one_choice_more_elsewhere_moves_nothing)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct sim_scenario *one = parse(
            "\"network\": {\"drop\": {\"one_of\": [\"1%\", \"2%\"]}}", seed);
        struct sim_scenario *two =
            parse("\"raft\": {\"pre_vote\": {\"one_of\": [true, false]}}, "
                  "\"network\": {\"delay\": {\"one_of\": [\"1ms\", \"2ms\"]}, "
                  "\"drop\": {\"one_of\": [\"1%\", \"2%\"]}}",
                  seed);
        cr_assert_eq(one->network.drop_ppm, two->network.drop_ppm);
        sim_scenario_free(one);
        sim_scenario_free(two);
    }
}

Test(scenario_script, places_draw_independently)
{
    uint32_t equal = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct sim_scenario *s =
            parse("\"raft\": {\"pre_vote\": {\"one_of\": [true, false]}, "
                  "\"check_quorum\": {\"one_of\": [true, false]}}",
                  seed);
        equal += s->raft.pre_vote == s->raft.check_quorum;
        sim_scenario_free(s);
    }
    cr_expect(equal > SEEDS / 3 && equal < SEEDS - SEEDS / 3, "%u", equal);
}

Test(scenario_script, chance_enables_a_nemesis_as_often_as_it_says)
{
    uint32_t enabled = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct sim_scenario *s =
            parse("\"nemeses\": [{\"crash\": \"a node\", \"every\": \"1s\", "
                  "\"chance\": \"60%\"}, {\"pause\": 1, \"every\": \"1s\"}, "
                  "{\"pause\": 1, \"every\": \"1s\", \"chance\": 0}]",
                  seed);
        enabled += s->nemeses[0].enabled;
        cr_assert(s->nemeses[1].enabled);
        cr_assert_not(s->nemeses[2].enabled);
        cr_assert_eq(s->nemeses[1].until_us, s->duration_us);
        sim_scenario_free(s);
    }
    cr_expect(enabled > SEEDS / 2 && enabled < 7 * SEEDS / 10, "%u", enabled);
}

/* The draws are part of every run's identity. */
Test(scenario_script, draws_are_the_same_everywhere)
{
    static const char wanted[] = "21143242121143521534551143214144";
    char drawn[33] = "";
    for (uint64_t seed = 0; seed < 32; seed++) {
        struct sim_scenario *s =
            parse("\"nemeses\": [{\"crash\": {\"one_of\": [1, 2, 3, 4, 5]}, "
                  "\"every\": \"1s\"}]",
                  seed);
        drawn[seed] = (char)('0' + s->nemeses[0].action.nodes.items[0].node);
        sim_scenario_free(s);
    }
    cr_expect_str_eq(drawn, wanted, "%s", drawn);
}
