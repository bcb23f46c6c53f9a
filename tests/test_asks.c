/* What scenarios ask of nodes, and what is said of those that lack it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "sim/asks.h"

static uint32_t asks(const char *body)
{
    char text[512];
    struct sim_scenario_problems problems;
    snprintf(text, sizeof text,
             "{\"description\": \"x\", \"raft\": {\"pre_vote\": false, "
             "\"check_quorum\": false}%s%s}",
             *body == '\0' ? "" : ", ", body);
    struct sim_scenario *scenario =
        sim_scenario_parse(text, strlen(text), NULL, &problems);
    cr_assert_not_null(scenario, "%s", text);
    uint32_t features = sim_scenario_asks(scenario);
    sim_scenario_free(scenario);
    return features;
}

#define FAULT(action) "\"faults\": [{\"at\": \"1s\", " action "}]"

Test(asks, follows_the_scenario)
{
    static const struct {
        const char *body;
        uint32_t features;
    } cases[] = {
        {"", 0},
        {FAULT("\"crash\": \"leader\""), 0},
        {FAULT("\"expire_timer\": 1"), 0},
        {FAULT("\"transfer\": \"any\""), SIM_FEATURE_TRANSFER},
        {FAULT("\"transfer\": \"any\", \"optional\": true"), 0},
        {FAULT("\"compact\": 1"), SIM_FEATURE_SNAPSHOTS},
        {FAULT("\"remove\": 1"), SIM_FEATURE_MEMBERS},
        {FAULT("\"remove\": \"leader\""), SIM_FEATURE_MEMBERS},
        {FAULT("\"remove\": \"followers\""),
         SIM_FEATURE_MEMBERS | SIM_FEATURE_JOINT},
        {"\"faults\": [{\"when\": {\"restored\": 1}, \"crash\": 1}]",
         SIM_FEATURE_SNAPSHOTS},
        {FAULT("\"remove\": [1, 2]"), SIM_FEATURE_MEMBERS | SIM_FEATURE_JOINT},
        {FAULT("\"members\": [1, 2], \"joint\": false"), SIM_FEATURE_MEMBERS},
        {FAULT("\"members\": [1, 2]"), SIM_FEATURE_MEMBERS | SIM_FEATURE_JOINT},
        {FAULT("\"remove\": 1, \"joint\": true"),
         SIM_FEATURE_MEMBERS | SIM_FEATURE_JOINT},
        {"\"faults\": [{\"when\": {\"configured\": 1}, \"crash\": 1}]",
         SIM_FEATURE_MEMBERS},
        {"\"faults\": [{\"when\": {\"configured\": 1, \"joint\": true}, "
         "\"crash\": 1}]",
         SIM_FEATURE_MEMBERS | SIM_FEATURE_JOINT},
        {"\"members\": [{\"node\": 1}, {\"node\": 2}]", SIM_FEATURE_MEMBERS},
        {"\"members\": [{\"node\": 1}, {\"node\": 2, \"priority\": 3}]",
         SIM_FEATURE_MEMBERS | SIM_FEATURE_PRIORITIES},
        {"\"members\": [{\"node\": 1}, {\"node\": 2, \"as\": \"witness\"}]",
         SIM_FEATURE_MEMBERS | SIM_FEATURE_WITNESSES},
        {"\"expect\": {\"reads_at_least\": 1}", SIM_FEATURE_READS},
        {"\"expect\": {\"snapshots_at_least\": 1}", SIM_FEATURE_SNAPSHOTS},
        {"\"expect\": {\"during\": [{\"from\": \"1s\", \"until\": \"2s\", "
         "\"installs_at_least\": 1}]}",
         SIM_FEATURE_SNAPSHOTS},
        {"\"nemeses\": [{\"every\": \"1s\", \"transfer\": \"any\"}]", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t got = asks(cases[i].body);
        cr_expect_eq(got, cases[i].features, "%s: asks for %x", cases[i].body,
                     got);
    }
}

Test(asks, knows_the_options_of_raft)
{
    static const struct {
        const char *raft;
        uint32_t features;
    } cases[] = {
        {"", 0},
        {"\"lease_reads\": true", SIM_FEATURE_LEASES | SIM_FEATURE_READS},
        {"\"max_uncommitted_bytes\": \"4KiB\"", SIM_FEATURE_BACK_PRESSURE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        struct sim_scenario_problems problems;
        snprintf(text, sizeof text, "{\"description\": \"x\", \"raft\": {%s}}",
                 cases[i].raft);
        struct sim_scenario *scenario =
            sim_scenario_parse(text, strlen(text), NULL, &problems);
        cr_assert_not_null(scenario, "%s", text);
        cr_expect_eq(sim_scenario_asks(scenario), cases[i].features, "%s",
                     text);
        sim_scenario_free(scenario);
    }
}

/* What it could be run without. */
Test(asks, knows_what_is_used)
{
    static const struct {
        const char *body;
        uint32_t features;
    } cases[] = {
        {"", SIM_FEATURE_PRE_VOTE | SIM_FEATURE_CHECK_QUORUM},
        {"\"raft\": {\"pre_vote\": false}", SIM_FEATURE_CHECK_QUORUM},
        {"\"raft\": {\"pre_vote\": false, \"check_quorum\": false}", 0},
        {"\"snapshots\": {\"every\": 9}", SIM_FEATURE_PRE_VOTE |
                                              SIM_FEATURE_CHECK_QUORUM |
                                              SIM_FEATURE_SNAPSHOTS},
        {"\"nemeses\": [{\"every\": \"1s\", \"transfer\": \"any\"}]",
         SIM_FEATURE_PRE_VOTE | SIM_FEATURE_CHECK_QUORUM |
             SIM_FEATURE_TRANSFER},
        {"\"nemeses\": [{\"every\": \"1s\", \"transfer\": \"any\"}], "
         "\"faults\": [{\"at\": \"1s\", \"transfer\": 1}]",
         SIM_FEATURE_PRE_VOTE | SIM_FEATURE_CHECK_QUORUM},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        struct sim_scenario_problems problems;
        snprintf(text, sizeof text, "{\"description\": \"x\"%s%s}",
                 *cases[i].body == '\0' ? "" : ", ", cases[i].body);
        struct sim_scenario *scenario =
            sim_scenario_parse(text, strlen(text), NULL, &problems);
        cr_assert_not_null(scenario, "%s", text);
        cr_expect_eq(sim_scenario_uses(scenario), cases[i].features, "%s",
                     text);
        sim_scenario_free(scenario);
    }
}

Test(asks, names_each_feature)
{
    for (uint32_t feature = 1; feature != 0; feature <<= 1) {
        bool is_one = (feature & SIM_FEATURES_ALL) != 0;
        cr_expect_eq(sim_feature_name(feature) != NULL, is_one, "%x", feature);
    }
    cr_expect_str_eq(sim_feature_name(SIM_FEATURE_BACK_PRESSURE),
                     "back_pressure");
    cr_expect_null(sim_feature_name(3));
}
