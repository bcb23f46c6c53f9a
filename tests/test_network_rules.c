/* Rules for single messages: /network/messages. */
#include "sim/network.h"

#include <criterion/criterion.h>

/* --- helpers -------------------------------------------------------------- */

/* Three nodes, 1 ms from each to each, and these rules. */
static struct sim_scenario ruled(struct sim_message_rule *rules,
                                 uint32_t n_rules)
{
    for (uint32_t i = 0; i < n_rules; i++) {
        rules[i].first = rules[i].first > 0 ? rules[i].first : 1;
        rules[i].last = rules[i].last > 0 ? rules[i].last : UINT64_MAX;
    }
    return (struct sim_scenario){
        .nodes = 3,
        .network.delay = sim_distribution_fixed(1000),
        .rules = rules,
        .n_rules = n_rules,
    };
}

static struct sim_delivery send(struct sim_network *network, uint64_t now_us,
                                uint32_t from, uint32_t to,
                                enum sim_message_kind kind)
{
    return sim_network_send(network, now_us, from, to, kind, 100);
}

/* How many copies come of each of the next `n` messages from 1 to 2: "101". */
static void expect_copies(struct sim_network *network,
                          enum sim_message_kind kind, const char *copies)
{
    for (uint64_t i = 0; copies[i] != '\0'; i++) {
        struct sim_delivery delivery = send(network, i, 1, 2, kind);
        cr_assert_eq(delivery.copies, (uint32_t)(copies[i] - '0'),
                     "message %d of %s has %u", (int)i, copies,
                     delivery.copies);
    }
}

static void expect_one(const struct sim_delivery *delivery, uint64_t at_us)
{
    cr_assert_eq(delivery->copies, 1);
    cr_assert_eq(delivery->arrival_us[0], at_us);
}

static void expect_two(const struct sim_delivery *delivery, uint64_t at_us,
                       uint64_t again_us)
{
    cr_assert_eq(delivery->copies, 2);
    cr_assert_eq(delivery->arrival_us[0], at_us);
    cr_assert_eq(delivery->arrival_us[1], again_us);
}

/* --- what becomes of a message -------------------------------------------- */

Test(network_rules, a_message_is_lost_late_or_comes_again)
{
    struct sim_message_rule rules[] = {
        {.first = 1, .last = 1, .lost = true},
        {.first = 2, .last = 2, .has_delay = true, .delay_us = 70000},
        {.first = 3, .last = 3, .has_again = true, .again_us = 50000},
        {.first = 4,
         .last = 4,
         .has_delay = true,
         .delay_us = 2000,
         .has_again = true,
         .again_us = 300},
        {.first = 5, .last = 5, .has_delay = true},
    };
    struct sim_scenario scenario = ruled(rules, 5);
    struct sim_network *network = sim_network_new(&scenario, 1);
    struct sim_delivery delivery = send(network, 10, 1, 2, SIM_MESSAGE_OTHER);
    cr_assert_eq(delivery.copies, 0);
    delivery = send(network, 20, 1, 2, SIM_MESSAGE_OTHER);
    expect_one(&delivery, 70020);
    delivery = send(network, 30, 1, 2, SIM_MESSAGE_OTHER);
    expect_two(&delivery, 50030, 50030);
    delivery = send(network, 40, 1, 2, SIM_MESSAGE_OTHER);
    expect_two(&delivery, 2040, 340);
    delivery = send(network, 50, 1, 2, SIM_MESSAGE_OTHER);
    expect_one(&delivery, 50);
    delivery = send(network, 60, 1, 2, SIM_MESSAGE_OTHER);
    expect_one(&delivery, 1060);
    struct sim_network_counts counts = sim_network_counts(network);
    cr_assert_eq(counts.sent, 6);
    cr_assert_eq(counts.dropped, 1);
    cr_assert_eq(counts.duplicated, 2);
    sim_network_free(network);
}

/* A rule stands above chance: it loses what would have come, and delivers what
 * would have been lost, or would have come twice. */
Test(network_rules, chance_has_no_say)
{
    struct sim_message_rule rules[] = {
        {.first = 1, .last = 100, .has_delay = true, .delay_us = 5000},
        {.first = 101, .last = 200, .lost = true},
    };
    struct sim_scenario scenario = ruled(rules, 2);
    scenario.network.drop_ppm = 500000;
    scenario.network.duplicate_ppm = 500000;
    struct sim_network *network = sim_network_new(&scenario, 1);
    for (uint64_t i = 0; i < 200; i++) {
        struct sim_delivery delivery =
            send(network, i, 1, 2, SIM_MESSAGE_OTHER);
        if (i < 100) {
            expect_one(&delivery, i + 5000);
        } else {
            cr_assert_eq(delivery.copies, 0);
        }
    }
    sim_network_free(network);
}

/* --- which messages ------------------------------------------------------- */

Test(network_rules, numbers_are_single_or_a_range)
{
    struct sim_message_rule rules[] = {
        {.first = 2, .last = 2, .lost = true},
        {.first = 4, .last = 6, .lost = true},
        {.first = 8, .lost = true},
    };
    struct sim_scenario scenario = ruled(rules, 3);
    struct sim_network *network = sim_network_new(&scenario, 1);
    expect_copies(network, SIM_MESSAGE_OTHER, "1010001000");
    sim_network_free(network);
}

/* With a kind those of the kind are counted; without, all. */
Test(network_rules, each_kind_has_numbers_of_its_own)
{
    struct sim_message_rule rules[] = {
        {.has_kind = true,
         .kind = SIM_MESSAGE_VOTE_REQUEST,
         .first = 2,
         .last = 2,
         .lost = true},
        {.first = 5, .last = 5, .lost = true},
    };
    struct sim_scenario scenario = ruled(rules, 2);
    struct sim_network *network = sim_network_new(&scenario, 1);
    expect_copies(network, SIM_MESSAGE_APPEND_REQUEST, "11");
    expect_copies(network, SIM_MESSAGE_VOTE_REQUEST, "10");
    expect_copies(network, SIM_MESSAGE_APPEND_REQUEST, "01");
    expect_copies(network, SIM_MESSAGE_VOTE_REQUEST, "1");
    sim_network_free(network);
}

/* Each link counts by itself, also where a rule is about all of them. */
Test(network_rules, ends_are_named_or_any)
{
    static const struct {
        uint32_t from, to;
    } ends[] = {{1, 2}, {1, SIM_NONE}, {SIM_NONE, 2}, {SIM_NONE, SIM_NONE}};
    for (size_t i = 0; i < 4; i++) {
        struct sim_message_rule rule = {.from = ends[i].from,
                                        .to = ends[i].to,
                                        .first = 2,
                                        .last = 2,
                                        .lost = true};
        struct sim_scenario scenario = ruled(&rule, 1);
        struct sim_network *network = sim_network_new(&scenario, 1);
        for (uint32_t link = 0; link < 9; link++) {
            uint32_t from = link / 3 + 1;
            uint32_t to = link % 3 + 1;
            bool covered = (ends[i].from == SIM_NONE || ends[i].from == from) &&
                           (ends[i].to == SIM_NONE || ends[i].to == to);
            if (from == to) {
                continue;
            }
            for (uint32_t n = 1; n <= 3; n++) {
                struct sim_delivery delivery =
                    send(network, n, from, to, SIM_MESSAGE_OTHER);
                cr_assert_eq(delivery.copies, covered && n == 2 ? 0u : 1u,
                             "rule %zu, message %u from %u to %u", i, n, from,
                             to);
            }
        }
        sim_network_free(network);
    }
}

Test(network_rules, the_first_that_covers_a_message_decides)
{
    struct sim_message_rule rules[] = {
        {.first = 2, .last = 2, .has_delay = true, .delay_us = 7},
        {.to = 2, .first = 1, .last = 3, .lost = true},
        {.has_again = true, .again_us = 9},
    };
    struct sim_scenario scenario = ruled(rules, 3);
    struct sim_network *network = sim_network_new(&scenario, 1);
    expect_copies(network, SIM_MESSAGE_OTHER, "0102");
    struct sim_delivery delivery = send(network, 0, 1, 3, SIM_MESSAGE_OTHER);
    expect_two(&delivery, 9, 9);
    sim_network_free(network);
}

/* --- beside faults and chance --------------------------------------------- */

/* What meets a cut is lost, rule or not, and has no number. */
Test(network_rules, what_is_cut_is_not_counted_and_stays_lost)
{
    struct sim_message_rule rules[] = {
        {.first = 1, .last = 1, .has_delay = true, .delay_us = 7},
        {.first = 2, .last = 2, .lost = true},
    };
    struct sim_scenario scenario = ruled(rules, 2);
    struct sim_network *network = sim_network_new(&scenario, 1);
    sim_network_block(network, 1, 2);
    expect_copies(network, SIM_MESSAGE_OTHER, "000");
    sim_network_unblock(network, 1, 2);
    struct sim_delivery delivery = send(network, 0, 1, 2, SIM_MESSAGE_OTHER);
    expect_one(&delivery, 7);
    sim_network_block(network, 1, 2);
    expect_copies(network, SIM_MESSAGE_OTHER, "0");
    sim_network_unblock(network, 1, 2);
    expect_copies(network, SIM_MESSAGE_OTHER, "01");

    /* It is cut on its way as well. */
    sim_network_block(network, 1, 2);
    cr_assert_eq(sim_network_arrive(network, 1, 2), SIM_ARRIVAL_DROP);
    sim_network_free(network);
}

/* The fates of all other messages are those that they have without rules. */
Test(network_rules, the_luck_of_other_messages_stays)
{
    struct sim_message_rule rules[] = {
        {.first = 3, .last = 5, .lost = true},
        {.has_kind = true,
         .kind = SIM_MESSAGE_VOTE_REQUEST,
         .has_again = true,
         .again_us = 5},
        {.from = 1, .first = 40, .last = 40, .has_delay = true, .delay_us = 1},
    };
    struct sim_scenario scenario = ruled(rules, 3);
    scenario.network.delay = (struct sim_distribution){
        .kind = SIM_UNIFORM, .low_us = 1000, .high_us = 90000};
    scenario.network.drop_ppm = 300000;
    scenario.network.duplicate_ppm = 300000;
    scenario.network.bandwidth = 1000000;
    struct sim_network *network = sim_network_new(&scenario, 7);
    scenario.n_rules = 0;
    struct sim_network *without = sim_network_new(&scenario, 7);
    uint32_t others = 0;
    for (uint64_t i = 1; i <= 200; i++) {
        enum sim_message_kind kind =
            i % 10 == 0 ? SIM_MESSAGE_VOTE_REQUEST : SIM_MESSAGE_OTHER;
        struct sim_delivery is = send(network, i, 1, 2, kind);
        struct sim_delivery was = send(without, i, 1, 2, kind);
        if ((i >= 3 && i <= 5) || kind == SIM_MESSAGE_VOTE_REQUEST) {
            continue;
        }
        others++;
        cr_assert_eq(is.copies, was.copies, "message %d", (int)i);
        for (uint32_t copy = 0; copy < is.copies; copy++) {
            cr_assert_eq(is.arrival_us[copy], was.arrival_us[copy]);
        }
    }
    cr_assert_eq(others, 177);
    sim_network_free(network);
    sim_network_free(without);
}

/* What a rule decides is recorded, and followed without it. */
Test(network_rules, fates_by_rule_are_recorded)
{
    struct sim_message_rule rules[] = {
        {.first = 1, .last = 1, .lost = true},
        {.first = 2, .last = 2, .has_again = true, .again_us = 0},
    };
    struct sim_scenario scenario = ruled(rules, 2);
    struct sim_recording *recording = sim_recording_new();
    struct sim_network *network = sim_network_new(&scenario, 1);
    sim_network_record(network, recording);
    expect_copies(network, SIM_MESSAGE_OTHER, "021");
    sim_network_free(network);
    scenario.n_rules = 0;
    sim_recording_follow(recording);
    network = sim_network_new(&scenario, 2);
    sim_network_record(network, recording);
    expect_copies(network, SIM_MESSAGE_OTHER, "0211");
    sim_network_free(network);
    sim_recording_free(recording);
}
