/* Stories of broken nodes tell what is broken; of sound ones, nothing is. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/simulation_internal.h"
#include "sim/why_rules.h"
#include "tests/broken_node.h"
#include "tests/broken_run.h"
#include "tests/sim_harness.h"
#include "tests/why_harness.h"

/* --- stories -------------------------------------------------------------- */

#define MAX_WORDS 5u

struct tale {
    const struct broken_type *type;
    const char *body;
    const char *words[MAX_WORDS]; /* of lines, in their order */
    const char *breach;           /* of the line that breaks a rule; or NULL */
    const char *rule;             /* of the rule; or NULL: none is known */
};

static const struct tale tales[] = {
    {&broken_counts_refusals,
     BROKEN_STAGE ", 'faults': [{'at': '10ms', 'expire_timer': [1, 2]}]",
     {"campaigns in term 1", "campaigns in term 1",
      "becomes leader of term 1 with an empty log, by the votes of 1 (1 of 3 "
      "voters)",
      "by the votes of 2 (1 of 3 voters)"},
     "which is no majority of 1, 2, 3",
     "majority of the voters (paper, 5.2)"},
    {&broken_ignores_candidates_log,
     BROKEN_STAGE ", 'faults': ["
                  "{'at': '10ms', 'expire_timer': 1},"
                  "{'when': {'leader_elected': 1}, 'isolate': 3},"
                  "{'when': {'committed': 1}, 'heal': 'network'},"
                  "{'after': '0s', 'isolate': 1},"
                  "{'after': '0s', 'expire_timer': 3}]",
     {"becomes leader of term 1", "stores entry 1 of term 1 from 1",
      "commits up to entry 1 of term 1, as stored by 1, 2 (2 of 3 voters)",
      "votes for 3 in term 2; the candidate's log is empty",
      "becomes leader of term 2 with an empty log"},
     "though its own log is more up-to-date",
     "(paper, 5.4.1)"},
    {&broken_forgets_its_vote,
     BROKEN_VOTE_KEPT,
     {"votes for 1 in term 1", "crashes as follower of term 1 (/faults/2)",
      "restarts from its disk: term 1, its vote for 1", "campaigns in term 1",
      "votes for 3 in term 1"},
     "and begins without that vote",
     "at most one candidate in a term"},
    {&broken_hasty_follower,
     BROKEN_ELECTION,
     {"becomes leader of term 1", "stores entry 1 of term 1 from 1",
      "acknowledges entries to 1 in term 1: it has all up to 1"},
     "though its disk has no entry 1 (its log ends at 0)",
     "stable storage before it answers (paper, Figure 2)"},
    {&broken_leader_overwrites,
     BROKEN_BUSY,
     {"becomes leader of term 1",
      "cuts off entry 2 of term 1, appends entry 2"},
     "though it leads",
     "never overwrites or deletes"},
    {&broken_snapshots_no_members,
     BROKEN_COMPACTING,
     {"appends entry 20 of term 1", "commits up to entry 20 of term 1",
      "makes a snapshot up to entry 20 of term 1"},
     NULL,
     "(dissertation, 5.1)"},
    {&broken_followers_never_apply,
     BROKEN_ELECTION,
     {"becomes leader of term 1", "is leader of term 1, log up to",
      "is follower of term 1 (it follows 1), log up to"},
     NULL,
     NULL},
};

/* The words come in lines that follow each other, or in one. */
static void expect_words(const struct sim_why_story *story,
                         const struct tale *tale)
{
    size_t line = 0;
    for (size_t i = 0; i < MAX_WORDS && tale->words[i] != NULL; i++) {
        while (line < story->n_lines &&
               strstr(story->lines[line].text, tale->words[i]) == NULL) {
            line++;
        }
        cr_assert_lt(line, story->n_lines, "%s: no line with '%s'",
                     tale->type->base.name, tale->words[i]);
        line++;
    }
}

Test(why, a_story_names_the_step_that_is_wrong)
{
    for (size_t i = 0; i < sizeof tales / sizeof *tales; i++) {
        const struct tale *tale = &tales[i];
        const char *name = tale->type->base.name;
        struct told told = why_told(tale->body, &tale->type->base, 1, 24);
        const struct sim_why_story *story = &told.story;
        cr_assert(told.told && story->told, "%s", name);
        cr_assert_leq(story->n_lines, 24, "%s", name);
        expect_words(story, tale);
        cr_assert_eq(story->has_breach, tale->breach != NULL, "%s: %s", name,
                     story->breach.text);
        if (tale->breach != NULL) {
            cr_assert(story->breach_on_path, "%s", name);
            cr_assert_not_null(strstr(story->breach.text, tale->breach),
                               "%s: %s", name, story->breach.text);
            const struct sim_why_line *line = why_line(story, tale->breach);
            cr_assert(line != NULL && line->breach, "%s", name);
        }
        cr_assert_eq(story->rule != NULL, tale->rule != NULL, "%s", name);
        if (tale->rule != NULL) {
            cr_assert_not_null(strstr(story->rule, tale->rule), "%s: %s", name,
                               story->rule);
        }
        sim_why_story_free(&told.story);
    }
}

/* --- how much is told ----------------------------------------------------- */

Test(why, few_lines_are_the_nearest_of_all)
{
    const struct sim_node_type *type = &broken_applies_repetitions.base;
    const char *body =
        "'nodes': 3, 'duration': '3s', 'network': {'delay': '5ms'},"
        "'workload': {'clients': 4, 'rate': '400/s', 'timeout': '12ms'}";
    struct told all = why_told(body, type, 1, 0);
    struct told few = why_told(body, type, 1, 5);
    cr_assert(all.told && few.told);
    cr_assert_eq(all.result.violation.property, SIM_EXACTLY_ONCE);
    cr_assert_eq(all.story.n_left_out, 0);
    cr_assert_gt(all.story.n_lines, few.story.n_lines);
    cr_assert_leq(few.story.n_lines, 5);
    cr_assert_eq(few.story.n_lines + few.story.n_left_out, all.story.n_lines);
    for (size_t i = 0; i < few.story.n_lines; i++) {
        const struct sim_why_line *line =
            why_line(&all.story, few.story.lines[i].text);
        cr_assert_not_null(line, "%s", few.story.lines[i].text);
        cr_assert_eq(line->step, few.story.lines[i].step);
    }
    sim_why_story_free(&all.story);
    sim_why_story_free(&few.story);
}

Test(why, a_run_as_expected_has_no_story)
{
    struct told told = why_told(BROKEN_ELECTION, NULL, 1, 24);
    cr_assert_not(told.told);
    cr_assert_eq(told.result.verdict, SIM_VERDICT_AS_EXPECTED);
    cr_assert_eq(told.story.n_lines, 0);
}

Test(why, a_broken_contract_has_the_story_of_its_step)
{
    struct told told =
        why_told(BROKEN_BUSY, &broken_writes_with_a_gap.base, 1, 24);
    cr_assert_eq(told.result.verdict, SIM_VERDICT_CONTRACT);
    cr_assert(told.told && told.story.told);
    cr_assert_gt(told.story.n_lines, 0);
    const struct sim_why_line *last = &told.story.lines[told.story.n_lines - 1];
    cr_assert_eq(last->step, told.result.steps);
    sim_why_story_free(&told.story);
}

/* --- what happens to the world -------------------------------------------- */

/* The cut that keeps a node from knowing is a line, with its place in the
 * scenario; of its links only the number. */
Test(why, cuts_and_crashes_are_told_with_their_cause)
{
    struct told told =
        why_told(BROKEN_STAGE ", 'faults': ["
                              "{'at': '10ms', 'expire_timer': 1},"
                              "{'when': {'leader_elected': 1}, 'isolate': 3},"
                              "{'when': {'committed': 1}, 'heal': 'network'},"
                              "{'after': '0s', 'isolate': 1},"
                              "{'after': '0s', 'expire_timer': 3}]",
                 &broken_ignores_candidates_log.base, 1, 24);
    const struct sim_why_line *cut =
        why_line(&told.story, "isolate: 3 4 links (/faults/1)");
    cr_assert_not_null(cut);
    cr_assert_eq(cut->node, SIM_NONE);
    sim_why_story_free(&told.story);
}

/* --- sound runs ----------------------------------------------------------- */

/* None of its steps and messages is one that a rule forbids. */
static void expect_no_breach(const struct sim_why *why, const char *name,
                             uint64_t seed)
{
    char room[SIM_WHY_LINE_SIZE] = "";
    for (uint32_t i = 0; i < why->n_records; i++) {
        struct why_text text = {room, sizeof room, 0};
        cr_assert_eq(
            why__breach_of_step(why, i, &text), WHY_KEEPS_RULES,
            "%s, seed %" PRIu64 ", step %" PRIu64 ", node %" PRIu32 "%s", name,
            seed, why->records[i].step, why->records[i].node, room);
    }
    for (uint32_t i = 0; i < why->n_letters; i++) {
        struct why_text text = {room, sizeof room, 0};
        cr_assert_eq(
            why__breach_of_letter(why, i, &text), WHY_KEEPS_RULES,
            "%s, seed %" PRIu64 ", step %" PRIu64 ", node %" PRIu32 "%s", name,
            seed, why->letters[i].left_step, why->letters[i].from, room);
    }
}

static void expect_sound(const char *name, uint64_t seeds)
{
    char path[128];
    snprintf(path, sizeof path, "scenarios/%s", name);
    char *text = harness_read_file(path, NULL);
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct sim_scenario *scenario = harness_parse(text, seed);
        struct sim_options options = {
            .seed = seed,
            .node_type = &sim_raft_node_type,
            .checks = true,
            .explain = true,
            .max_steps = 5000000,
        };
        struct sim_simulation *simulation =
            sim_simulation_new(scenario, &options);
        while (sim_simulation_advance(simulation, UINT64_MAX) ==
               SIM_VERDICT_RUNNING) {
        }
        expect_no_breach(simulation->cluster->why, name, seed);
        sim_simulation_free(simulation);
        sim_scenario_free(scenario);
    }
    free(text);
}

Test(why, no_step_of_a_sound_run_is_a_breach)
{
    expect_sound("swarm.json", 60);
    expect_sound("swarm-leases.json", 30);
    expect_sound("figure-8.json", 1);
    expect_sound("lease-within-drift.json", 2);
}

/* What is too long for a line is cut where it can be seen. */
Test(why, a_long_line_is_cut)
{
    char room[16] = "";
    struct why_text text = {room, sizeof room, 0};
    why__add(&text, "%s", "0123456789");
    cr_assert_str_eq(room, "0123456789");
    why__add(&text, "%s", "abcde");
    cr_assert_str_eq(room, "0123456789abcde");
    why__add(&text, "%s", "f");
    cr_assert_str_eq(room, "0123456789ab...");
    why__add(&text, "%s", "more");
    cr_assert_str_eq(room, "0123456789ab...");
}

/* Each has its words, and shows on one side of a step. */
Test(why, every_rule_has_a_section)
{
    for (int rule = WHY_KEEPS_RULES + 1; rule < WHY_RULE_COUNT; rule++) {
        const char *text = why__rule_text((enum why_rule)rule);
        cr_assert_not_null(text, "rule %d", rule);
        cr_assert(strstr(text, "(paper, ") != NULL ||
                      strstr(text, "dissertation, ") != NULL,
                  "%s", text);
        cr_assert_lt(why__aspect_of_rule((enum why_rule)rule),
                     WHY_ASPECT_COUNT);
    }
    for (int property = 0; property < SIM_PROPERTY_COUNT; property++) {
        const char *text = sim_property_text((enum sim_property)property);
        cr_assert(text != NULL && text[strlen(text) - 1] == '.');
    }
}
