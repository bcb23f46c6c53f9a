/* What a step of the script waits for, in words. */
#include "sim/trigger.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/sim_harness.h"

/* As they are written, so they are told. */
Test(trigger, is_described_as_a_scenario_writes_it)
{
    static const char *const events[] = {
        "{'leader_elected': 'any'}",
        "{'leader_elected': 128, 'term': 9007199254740991}",
        "{'committed': 10}",
        "{'committed': 10, 'node': 2}",
        "{'stored': 9007199254740991, 'node': 128}",
        "{'term_reached': 7}",
        "{'term_reached': 7, 'node': 1}",
        "{'sent': 'vote_request'}",
        "{'received': 'install_response', 'from': 127, 'to': 128}",
        "{'writing': 3, 'what': 'anything'}",
        "{'writing': 'any', 'what': 'vote'}",
        "{'writing': 'any', 'what': 'entries'}",
        "{'writing': 'any', 'what': 'snapshot'}",
        "{'configured': 2}",
        "{'configured': 2, 'joint': true}",
        "{'configured': 'any', 'joint': false}",
        "{'restored': 'any'}",
        "{'restarted': 2}",
        "{'restarted': 'any'}",
    };
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "{'description': 'x', 'nodes': 128, 'faults': [{'when': %s,"
                 " 'crash': 1}]}",
                 events[i]);
        struct sim_scenario *scenario = harness_parse(text, 1);
        char found[SIM_TRIGGER_TEXT_SIZE];
        sim_trigger_describe(&scenario->faults[0].trigger, found);
        for (char *at = found; *at != '\0'; at++) {
            *at = *at == '"' ? '\'' : *at;
        }
        cr_expect_str_eq(found, events[i]);
        sim_scenario_free(scenario);
    }
}
