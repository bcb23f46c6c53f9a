#include "sim/network.h"

#include <criterion/criterion.h>
#include <signal.h>

/* --- helpers -------------------------------------------------------------- */

#define SECOND_US UINT64_C(1000000)

static struct sim_distribution uniform(uint64_t low_us, uint64_t high_us)
{
    return (struct sim_distribution){
        .kind = SIM_UNIFORM, .low_us = low_us, .high_us = high_us};
}

/* Three nodes, 1 ms from each to each, and nothing else. */
static struct sim_scenario plain(void)
{
    return (struct sim_scenario){
        .nodes = 3,
        .network.delay = sim_distribution_fixed(1000),
    };
}

static struct sim_delivery send(struct sim_network *network, uint64_t now_us,
                                uint32_t from, uint32_t to)
{
    return sim_network_send(network, now_us, from, to, SIM_MESSAGE_OTHER, 100);
}

/* When the only copy arrives; 0 if it is lost. */
static uint64_t arrival_us(struct sim_network *network, uint64_t now_us,
                           uint32_t from, uint32_t to)
{
    struct sim_delivery delivery = send(network, now_us, from, to);
    cr_assert_lt(delivery.copies, 2u);
    return delivery.copies == 1 ? delivery.arrival_us[0] : 0;
}

static void assert_released(struct sim_network *network, uint32_t from,
                            uint32_t to, uint32_t handle)
{
    uint32_t got_from = 0, got_to = 0, got_handle = 0;
    cr_assert(
        sim_network_next_released(network, &got_from, &got_to, &got_handle));
    cr_assert_eq(got_from, from);
    cr_assert_eq(got_to, to);
    cr_assert_eq(got_handle, handle);
}

static void assert_none_released(struct sim_network *network)
{
    uint32_t from, to, handle;
    cr_assert_not(sim_network_next_released(network, &from, &to, &handle));
}

/* --- weather -------------------------------------------------------------- */

Test(network, delivers_once_after_the_delay)
{
    struct sim_scenario scenario = plain();
    struct sim_network *network = sim_network_new(&scenario, 1);
    for (uint32_t from = 1; from <= 3; from++) {
        for (uint32_t to = 1; to <= 3; to++) {
            if (from != to) {
                cr_assert_eq(arrival_us(network, 5000, from, to), 6000u);
                cr_assert_eq(sim_network_arrive(network, from, to),
                             SIM_ARRIVAL_DELIVER);
            }
        }
    }
    struct sim_network_counts counts = sim_network_counts(network);
    cr_assert_eq(counts.sent, 6u);
    cr_assert_eq(counts.dropped, 0u);
    cr_assert_eq(counts.duplicated, 0u);
    sim_network_free(network);
    sim_network_free(NULL);
}

Test(network, loses_and_duplicates_as_often_as_told)
{
    struct sim_scenario scenario = plain();
    scenario.network.drop_ppm = 100000;
    scenario.network.duplicate_ppm = 200000;
    struct sim_network *network = sim_network_new(&scenario, 1);
    uint64_t copies = 0;
    for (int n = 0; n < 100000; n++) {
        copies += send(network, 0, 1, 2).copies;
    }
    struct sim_network_counts counts = sim_network_counts(network);
    cr_assert_eq(counts.sent, 100000u);
    cr_assert_eq(copies, counts.sent - counts.dropped + counts.duplicated);
    /* Five standard deviations; duplicates are of the 90% not lost. */
    cr_assert(counts.dropped > 9520 && counts.dropped < 10480);
    cr_assert(counts.duplicated > 17380 && counts.duplicated < 18620);
    sim_network_free(network);
}

Test(network, messages_overtake_where_delays_vary)
{
    struct sim_scenario scenario = plain();
    scenario.network.delay = uniform(1000, 5000);
    scenario.network.duplicate_ppm = 1000000;
    struct sim_network *network = sim_network_new(&scenario, 1);
    unsigned overtaken = 0, second_is_first = 0;
    uint64_t last_us = 0;
    for (uint64_t n = 0; n < 1000; n++) {
        struct sim_delivery delivery = send(network, n, 1, 2);
        cr_assert_eq(delivery.copies, 2u);
        for (int i = 0; i < 2; i++) {
            cr_assert_geq(delivery.arrival_us[i], n + 1000);
            cr_assert_leq(delivery.arrival_us[i], n + 5000);
        }
        overtaken += delivery.arrival_us[0] < last_us;
        second_is_first += delivery.arrival_us[1] < delivery.arrival_us[0];
        last_us = delivery.arrival_us[0];
    }
    cr_assert(overtaken > 400 && overtaken < 600);
    cr_assert(second_is_first > 400 && second_is_first < 600);
    sim_network_free(network);
}

/* /network/links: in order, the later over the earlier, field by field. */
/* Their delays are as without order, but for those that would overtake. */
Test(network, ordered_links_keep_the_order_and_send_nothing_twice)
{
    struct sim_scenario scenario = plain();
    scenario.network.delay = uniform(0, 20000);
    scenario.network.drop_ppm = 100000;
    scenario.network.duplicate_ppm = 500000;
    struct sim_network *network = sim_network_new(&scenario, 7);
    struct sim_network *free_one = sim_network_new(&scenario, 7);
    uint64_t last_us = 0, late = 0, lost = 0;
    sim_network_set_fifo(network);
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t now_us = i * 1000;
        struct sim_delivery other = send(free_one, now_us, 1, 2);
        uint64_t at_us = arrival_us(network, now_us, 1, 2);
        cr_assert_eq(at_us == 0 && now_us > 0, other.copies == 0);
        lost += other.copies == 0 ? 1 : 0;
        if (other.copies > 0) {
            cr_assert_geq(at_us, last_us);
            cr_assert_eq(at_us, other.arrival_us[0] > last_us
                                    ? other.arrival_us[0]
                                    : last_us);
            late += at_us > other.arrival_us[0] ? 1 : 0;
            last_us = at_us;
        }
        /* Other links are none of its business. */
        cr_assert_leq(send(network, now_us, 2, 1).arrival_us[0],
                      now_us + 20000);
    }
    cr_assert_gt(late, 100u);
    cr_assert_gt(lost, 50u);
    sim_network_free(network);
    sim_network_free(free_one);
}

Test(network, links_differ_as_the_scenario_says)
{
    struct sim_target all = {.kind = SIM_TARGET_ALL};
    struct sim_target one = {.kind = SIM_TARGET_NODE, .node = 1};
    struct sim_target two_three[] = {{SIM_TARGET_NODE, 2},
                                     {SIM_TARGET_NODE, 3}};
    struct sim_link_override overrides[] = {
        {.from = {&one, 1},
         .to = {&all, 1},
         .has_delay = true,
         .settings = {.delay = sim_distribution_fixed(20),
                      .drop_ppm = 1000000, /* without its `has_`: nothing */
                      .duplicate_ppm = 1000000,
                      .bandwidth = 1}},
        {.from = {two_three, 1},
         .to = {two_three + 1, 1},
         .both_ways = true,
         .has_delay = true,
         .settings.delay = sim_distribution_fixed(30)},
        {.from = {two_three, 2},
         .to = {&one, 1},
         .has_drop = true,
         .settings = {.delay = sim_distribution_fixed(50),
                      .drop_ppm = 1000000}},
        {.from = {&one, 1},
         .to = {two_three + 1, 1},
         .has_delay = true,
         .has_duplicate = true,
         .has_bandwidth = true,
         .settings = {.delay = sim_distribution_fixed(40),
                      .duplicate_ppm = 1000000,
                      .bandwidth = 50 * SECOND_US}},
    };
    struct sim_scenario scenario = plain();
    scenario.nodes = 4;
    scenario.links = overrides;
    scenario.n_links = 4;
    struct sim_network *network = sim_network_new(&scenario, 1);
    cr_assert_eq(arrival_us(network, 0, 1, 2), 20u);
    cr_assert_eq(arrival_us(network, 0, 1, 4), 20u);
    cr_assert_eq(arrival_us(network, 0, 2, 3), 30u);
    cr_assert_eq(arrival_us(network, 0, 3, 2), 30u);
    cr_assert_eq(arrival_us(network, 0, 2, 1), 0u, "lost");
    cr_assert_eq(arrival_us(network, 0, 3, 1), 0u, "lost");
    cr_assert_eq(arrival_us(network, 0, 4, 1), 1000u);
    cr_assert_eq(arrival_us(network, 0, 2, 4), 1000u);
    struct sim_delivery delivery = send(network, 0, 1, 3);
    cr_assert_eq(delivery.copies, 2u);
    cr_assert_eq(delivery.arrival_us[0], 42u);
    cr_assert_eq(delivery.arrival_us[1], 42u);
    sim_network_free(network);
}

Test(network, the_weather_applied_last_decides_field_by_field)
{
    struct sim_scenario scenario = plain();
    struct sim_network *network = sim_network_new(&scenario, 1);
    struct sim_weather slow = {.has_delay = true,
                               .delay = sim_distribution_fixed(7000),
                               .has_drop = true,
                               .drop_ppm = 1000000};
    struct sim_weather dry = {.has_drop = true, .drop_ppm = 0};
    struct sim_weather slower = {.has_delay = true,
                                 .delay = sim_distribution_fixed(9000)};
    sim_network_apply_weather(network, 1, 2, &slow, 10);
    sim_network_apply_weather(network, 3, 2, &slow, 10);
    cr_assert_eq(arrival_us(network, 0, 1, 2), 0u);
    sim_network_apply_weather(network, 1, 2, &dry, 11);
    cr_assert_eq(arrival_us(network, 0, 1, 2), 7000u);
    sim_network_apply_weather(network, 1, 2, &slower, 12);
    cr_assert_eq(arrival_us(network, 0, 1, 2), 9000u);
    cr_assert_eq(arrival_us(network, 0, 2, 1), 1000u);
    cr_assert_eq(arrival_us(network, 0, 3, 2), 0u);
    /* The one in the middle goes; those around it stay. */
    sim_network_remove_weather(network, 11);
    cr_assert_eq(arrival_us(network, 0, 1, 2), 0u);
    sim_network_remove_weather(network, 10);
    cr_assert_eq(arrival_us(network, 0, 1, 2), 9000u);
    cr_assert_eq(arrival_us(network, 0, 3, 2), 1000u);
    sim_network_remove_weather(network, 12);
    cr_assert_eq(arrival_us(network, 0, 1, 2), 1000u);
    sim_network_remove_weather(network, 12);
    sim_network_free(network);
}

Test(network, weather_may_be_about_one_kind_of_message)
{
    struct sim_scenario scenario = plain();
    struct sim_network *network = sim_network_new(&scenario, 1);
    struct sim_weather no_votes = {.has_drop = true,
                                   .drop_ppm = 1000000,
                                   .has_kind = true,
                                   .kind = SIM_MESSAGE_VOTE_REQUEST};
    sim_network_apply_weather(network, 1, 2, &no_votes, 1);
    for (unsigned kind = 0; kind < SIM_MESSAGE_KIND_COUNT; kind++) {
        struct sim_delivery delivery = sim_network_send(
            network, 0, 1, 2, (enum sim_message_kind)kind, 100);
        cr_assert_eq(delivery.copies, kind != SIM_MESSAGE_VOTE_REQUEST);
    }
    sim_network_free(network);
}

/* --- bandwidth ------------------------------------------------------------ */

Test(network, messages_queue_for_the_bandwidth)
{
    struct sim_scenario scenario = plain();
    scenario.network.bandwidth = SECOND_US; /* one byte a microsecond */
    struct sim_network *network = sim_network_new(&scenario, 1);
    cr_assert_eq(arrival_us(network, 0, 1, 2), 1100u);
    cr_assert_eq(arrival_us(network, 10, 1, 2), 1200u);
    cr_assert_eq(arrival_us(network, 10, 2, 1), 1110u, "another link");
    cr_assert_eq(arrival_us(network, 200, 1, 2), 1300u);
    cr_assert_eq(arrival_us(network, 1000, 1, 2), 2100u, "idle in between");
    /* What is lost has left the sender all the same; what is blocked has not.
     */
    struct sim_weather loss = {.has_drop = true, .drop_ppm = 1000000};
    sim_network_apply_weather(network, 1, 2, &loss, 1);
    cr_assert_eq(arrival_us(network, 2000, 1, 2), 0u);
    sim_network_heal(network);
    sim_network_block(network, 1, 2);
    cr_assert_eq(arrival_us(network, 2000, 1, 2), 0u);
    sim_network_unblock(network, 1, 2);
    cr_assert_eq(arrival_us(network, 2000, 1, 2), 3200u);
    sim_network_free(network);
}

/* Three messages of 100 bytes at 300 MB/s take one microsecond together. */
Test(network, parts_of_a_microsecond_add_up)
{
    struct sim_scenario scenario = plain();
    scenario.network.bandwidth = 300 * SECOND_US;
    struct sim_network *network = sim_network_new(&scenario, 1);
    for (uint64_t n = 1; n <= 3000; n++) {
        cr_assert_eq(arrival_us(network, 0, 1, 2), 1000 + n / 3);
    }
    sim_network_free(network);
}

Test(network, absurd_bandwidths_do_not_overflow)
{
    static const struct {
        uint64_t bandwidth, arrival_us;
    } cases[] = {
        {1, SIM_MAX_DURATION_US + 1000},
        {UINT64_MAX, 2085},
    };
    for (int i = 0; i < 2; i++) {
        struct sim_scenario scenario = plain();
        scenario.network.bandwidth = cases[i].bandwidth;
        struct sim_network *network = sim_network_new(&scenario, 1);
        struct sim_delivery delivery = {0};
        for (int n = 0; n < 20000; n++) {
            delivery = sim_network_send(network, 1000, 1, 2, SIM_MESSAGE_OTHER,
                                        UINT32_MAX);
        }
        cr_assert_eq(delivery.arrival_us[0], cases[i].arrival_us);
        sim_network_free(network);
    }
}

/* --- luck ----------------------------------------------------------------- */

static struct sim_scenario windy(void)
{
    struct sim_scenario scenario = plain();
    scenario.network.delay = uniform(1000, 100000);
    scenario.network.drop_ppm = 100000;
    scenario.network.duplicate_ppm = 100000;
    return scenario;
}

static void assert_same(struct sim_delivery x, struct sim_delivery y)
{
    cr_assert_eq(x.copies, y.copies);
    for (uint32_t i = 0; i < x.copies; i++) {
        cr_assert_eq(x.arrival_us[i], y.arrival_us[i]);
    }
}

Test(network, luck_follows_from_the_seed_and_the_link)
{
    struct sim_scenario scenario = windy();
    struct sim_network *x = sim_network_new(&scenario, 5);
    struct sim_network *y = sim_network_new(&scenario, 5);
    struct sim_network *other = sim_network_new(&scenario, 6);
    unsigned same_seed = 0, same_link = 0;
    for (uint64_t n = 0; n < 500; n++) {
        struct sim_delivery delivery = send(x, 0, 1, 2);
        send(x, 0, 1, 3); /* more traffic elsewhere moves nothing here */
        assert_same(delivery, send(y, 0, 1, 2));
        same_seed +=
            send(other, 0, 1, 2).arrival_us[0] == delivery.arrival_us[0];
        same_link += send(x, 0, 2, 1).arrival_us[0] == delivery.arrival_us[0];
    }
    cr_assert_lt(same_seed, 50u);
    cr_assert_lt(same_link, 50u);
    sim_network_free(x);
    sim_network_free(y);
    sim_network_free(other);
}

/* A block, and weather that takes other draws, for the first 50 messages:
 * those after them fare as if nothing had been. */
Test(network, a_fault_leaves_later_luck_alone)
{
    struct sim_scenario scenario = windy();
    struct sim_network *quiet = sim_network_new(&scenario, 5);
    struct sim_network *faulty = sim_network_new(&scenario, 5);
    struct sim_weather weather = {.has_delay = true,
                                  .delay = sim_distribution_fixed(1),
                                  .has_duplicate = true,
                                  .duplicate_ppm = 1000000};
    sim_network_apply_weather(faulty, 1, 2, &weather, 1);
    for (uint64_t n = 0; n < 200; n++) {
        if (n == 25) {
            sim_network_block(faulty, 1, 2);
        }
        if (n == 50) {
            sim_network_heal(faulty);
        }
        struct sim_delivery expected = send(quiet, n, 1, 2);
        struct sim_delivery delivery = send(faulty, n, 1, 2);
        if (n >= 50) {
            assert_same(delivery, expected);
        }
    }
    sim_network_free(quiet);
    sim_network_free(faulty);
}

/* More loss loses what was lost before, and more; the rest is as it was. */
Test(network, loss_leaves_delays_alone)
{
    struct sim_scenario scenario = windy();
    scenario.network.duplicate_ppm = 0;
    struct sim_network *some = sim_network_new(&scenario, 5);
    struct sim_scenario worse = scenario;
    worse.network.drop_ppm = 300000;
    struct sim_network *more = sim_network_new(&worse, 5);
    unsigned lost = 0;
    for (uint64_t n = 0; n < 1000; n++) {
        uint64_t expected_us = arrival_us(some, n, 1, 2);
        uint64_t got_us = arrival_us(more, n, 1, 2);
        cr_assert(got_us == 0 || got_us == expected_us);
        lost += got_us != expected_us;
    }
    cr_assert(lost > 120 && lost < 280);
    sim_network_free(some);
    sim_network_free(more);
}

/* --- blocks and holds ----------------------------------------------------- */

Test(network, blocks_are_counted_per_direction)
{
    struct sim_scenario scenario = plain();
    struct sim_network *network = sim_network_new(&scenario, 1);
    sim_network_block(network, 1, 2);
    sim_network_block(network, 1, 2);
    cr_assert(sim_network_is_blocked(network, 1, 2));
    cr_assert_not(sim_network_is_blocked(network, 2, 1));
    cr_assert_eq(send(network, 0, 1, 2).copies, 0u);
    cr_assert_eq(send(network, 0, 2, 1).copies, 1u);
    /* What was under way when the block came is dropped at the end. */
    cr_assert_eq(sim_network_arrive(network, 1, 2), SIM_ARRIVAL_DROP);
    cr_assert_eq(sim_network_arrive(network, 2, 1), SIM_ARRIVAL_DELIVER);
    cr_assert_eq(sim_network_counts(network).dropped, 2u);
    sim_network_unblock(network, 1, 2);
    cr_assert_eq(send(network, 0, 1, 2).copies, 0u);
    sim_network_unblock(network, 1, 2);
    cr_assert_eq(send(network, 0, 1, 2).copies, 1u);
    cr_assert_eq(sim_network_arrive(network, 1, 2), SIM_ARRIVAL_DELIVER);
    sim_network_free(network);
}

Test(network, a_clogged_link_releases_in_order)
{
    struct sim_scenario scenario = plain();
    struct sim_network *network = sim_network_new(&scenario, 1);
    sim_network_hold(network, 1, 2);
    sim_network_hold(network, 1, 2);
    cr_assert(sim_network_is_held(network, 1, 2));
    cr_assert_not(sim_network_is_held(network, 2, 1));
    cr_assert_eq(send(network, 0, 1, 2).copies, 1u, "it may enter");
    for (uint32_t handle = 0; handle < 100; handle++) {
        cr_assert_eq(sim_network_arrive(network, 1, 2), SIM_ARRIVAL_HOLD);
        sim_network_hold_message(network, 1, 2, 7 * handle);
    }
    sim_network_unhold(network, 1, 2);
    assert_none_released(network);
    sim_network_unhold(network, 1, 2);
    for (uint32_t handle = 0; handle < 100; handle++) {
        assert_released(network, 1, 2, 7 * handle);
    }
    assert_none_released(network);
    cr_assert_eq(sim_network_arrive(network, 1, 2), SIM_ARRIVAL_DELIVER);
    sim_network_hold(network, 1, 2);
    sim_network_unhold(network, 1, 2);
    assert_none_released(network);
    sim_network_free(network);
}

Test(network, a_block_drops_what_a_hold_would_keep)
{
    struct sim_scenario scenario = plain();
    struct sim_network *network = sim_network_new(&scenario, 1);
    sim_network_hold(network, 1, 2);
    sim_network_block(network, 1, 2);
    cr_assert_eq(sim_network_arrive(network, 1, 2), SIM_ARRIVAL_DROP);
    sim_network_free(network);
}

Test(network, heal_ends_everything)
{
    struct sim_scenario scenario = plain();
    struct sim_network *network = sim_network_new(&scenario, 1);
    struct sim_weather loss = {.has_drop = true, .drop_ppm = 1000000};
    sim_network_block(network, 1, 2);
    sim_network_block(network, 1, 2);
    sim_network_apply_weather(network, 2, 3, &loss, 1);
    sim_network_hold(network, 3, 1);
    sim_network_hold(network, 2, 1);
    sim_network_hold_message(network, 3, 1, 40);
    sim_network_hold_message(network, 2, 1, 50);
    sim_network_hold_message(network, 3, 1, 41);
    sim_network_heal(network);
    assert_released(network, 2, 1, 50);
    assert_released(network, 3, 1, 40);
    assert_released(network, 3, 1, 41);
    assert_none_released(network);
    for (uint32_t from = 1; from <= 3; from++) {
        uint32_t to = from % 3 + 1;
        cr_assert_not(sim_network_is_blocked(network, from, to));
        cr_assert_not(sim_network_is_held(network, to, from));
        cr_assert_eq(arrival_us(network, 0, from, to), 1000u);
    }
    /* The next weather stands alone. */
    struct sim_weather slow = {.has_delay = true,
                               .delay = sim_distribution_fixed(7000)};
    sim_network_apply_weather(network, 2, 3, &slow, 2);
    cr_assert_eq(arrival_us(network, 0, 2, 3), 7000u);
    sim_network_remove_weather(network, 2);
    sim_network_free(network);
}

/* --- against a plain model ------------------------------------------------ */

/* One link, by the words of the header: lists are walked from the oldest on,
 * and the bandwidth is counted in bytes times a million. */
enum { MAX_APPLIED = 256, MAX_HELD = 1024, NODES = 4 };

struct model_link {
    struct sim_prng prng;
    unsigned n_blocks, n_holds;
    struct {
        const struct sim_weather *weather;
        uint32_t id;
    } applied[MAX_APPLIED];
    unsigned n_applied;
    uint32_t held[MAX_HELD];
    unsigned n_held;
    uint64_t busy; /* virtual time at which it is idle, times the bandwidth */
};

struct model {
    struct model_link links[NODES + 1][NODES + 1];
    struct sim_link_settings settings;
    struct sim_network_counts counts;
};

static struct sim_delivery model_send(struct model *model, uint64_t now_us,
                                      struct model_link *link,
                                      enum sim_message_kind kind, size_t size)
{
    struct sim_delivery delivery = {.copies = 0};
    struct sim_prng luck = {.state = sim_prng_next(&link->prng)};
    model->counts.sent++;
    if (link->n_blocks > 0) {
        model->counts.dropped++;
        return delivery;
    }
    struct sim_link_settings now = model->settings;
    for (unsigned i = 0; i < link->n_applied; i++) {
        const struct sim_weather *weather = link->applied[i].weather;
        if (weather->has_kind && weather->kind != kind) {
            continue;
        }
        now.delay = weather->has_delay ? weather->delay : now.delay;
        now.drop_ppm = weather->has_drop ? weather->drop_ppm : now.drop_ppm;
        now.duplicate_ppm =
            weather->has_duplicate ? weather->duplicate_ppm : now.duplicate_ppm;
    }
    uint64_t left_us = now_us;
    if (now.bandwidth > 0) {
        uint64_t earliest = now_us * now.bandwidth;
        link->busy = link->busy > earliest ? link->busy : earliest;
        link->busy += size * SECOND_US;
        left_us = link->busy / now.bandwidth;
    }
    delivery.arrival_us[0] = left_us + sim_distribution_draw(&now.delay, &luck);
    delivery.copies = sim_prng_chance(&luck, now.drop_ppm) ? 0 : 1;
    model->counts.dropped += delivery.copies == 0;
    if (delivery.copies == 1 && sim_prng_chance(&luck, now.duplicate_ppm)) {
        delivery.copies = 2;
        delivery.arrival_us[1] =
            left_us + sim_distribution_draw(&now.delay, &luck);
        model->counts.duplicated++;
    }
    return delivery;
}

static void model_remove(struct model *model, uint32_t id)
{
    for (uint32_t from = 1; from <= NODES; from++) {
        for (uint32_t to = 1; to <= NODES; to++) {
            struct model_link *link = &model->links[from][to];
            unsigned kept = 0;
            for (unsigned i = 0; i < link->n_applied; i++) {
                if (link->applied[i].id != id) {
                    link->applied[kept++] = link->applied[i];
                }
            }
            link->n_applied = kept;
        }
    }
}

static void check_released(struct model_link *link, struct sim_network *network,
                           uint32_t from, uint32_t to)
{
    for (unsigned i = 0; i < link->n_held; i++) {
        assert_released(network, from, to, link->held[i]);
    }
    link->n_held = 0;
}

static void heal_both(struct model *model, struct sim_network *network)
{
    sim_network_heal(network);
    for (uint32_t from = 1; from <= NODES; from++) {
        for (uint32_t to = 1; to <= NODES; to++) {
            struct model_link *link = &model->links[from][to];
            link->n_blocks = 0;
            link->n_holds = 0;
            link->n_applied = 0;
            check_released(link, network, from, to);
        }
    }
    assert_none_released(network);
}

static void arrive_at_both(struct model *model, struct sim_network *network,
                           uint32_t from, uint32_t to, uint32_t handle)
{
    struct model_link *link = &model->links[from][to];
    enum sim_arrival expected = SIM_ARRIVAL_DELIVER;
    if (link->n_blocks > 0) {
        expected = SIM_ARRIVAL_DROP;
        model->counts.dropped++;
    } else if (link->n_holds > 0) {
        expected = SIM_ARRIVAL_HOLD;
        link->held[link->n_held++] = handle;
    }
    cr_assert_eq(sim_network_arrive(network, from, to), expected);
    if (expected == SIM_ARRIVAL_HOLD) {
        sim_network_hold_message(network, from, to, handle);
    }
}

static void unhold_both(struct model_link *link, struct sim_network *network,
                        uint32_t from, uint32_t to)
{
    if (link->n_holds == 0) {
        return;
    }
    link->n_holds--;
    sim_network_unhold(network, from, to);
    if (link->n_holds == 0) {
        check_released(link, network, from, to);
    }
    assert_none_released(network);
}

static void step_both(struct model *model, struct sim_network *network,
                      struct sim_prng *prng, uint64_t now_us,
                      const struct sim_weather *weathers)
{
    uint32_t from = (uint32_t)sim_prng_between(prng, 1, NODES);
    uint32_t to = (uint32_t)sim_prng_between(prng, 1, NODES - 1);
    to += to >= from;
    struct model_link *link = &model->links[from][to];
    uint32_t choice = (uint32_t)sim_prng_below(prng, 1000);
    uint32_t id = (uint32_t)sim_prng_below(prng, 6);
    if (choice < 500) {
        enum sim_message_kind kind =
            (enum sim_message_kind)sim_prng_below(prng, SIM_MESSAGE_KIND_COUNT);
        size_t size = (size_t)sim_prng_below(prng, 2000);
        struct sim_delivery expected =
            model_send(model, now_us, link, kind, size);
        assert_same(sim_network_send(network, now_us, from, to, kind, size),
                    expected);
    } else if (choice < 800) {
        arrive_at_both(model, network, from, to, choice * 31 + id);
    } else if (choice < 840) {
        link->n_blocks++;
        sim_network_block(network, from, to);
    } else if (choice < 880 && link->n_blocks > 0) {
        link->n_blocks--;
        sim_network_unblock(network, from, to);
    } else if (choice < 910) {
        link->n_holds++;
        sim_network_hold(network, from, to);
    } else if (choice < 950) {
        unhold_both(link, network, from, to);
    } else if (choice < 980 && link->n_applied < MAX_APPLIED) {
        link->applied[link->n_applied].weather = &weathers[id];
        link->applied[link->n_applied++].id = id;
        sim_network_apply_weather(network, from, to, &weathers[id], id);
    } else if (choice < 995) {
        model_remove(model, id);
        sim_network_remove_weather(network, id);
    } else if (choice < 997) {
        heal_both(model, network);
    }
    cr_assert_eq(sim_network_is_blocked(network, from, to), link->n_blocks > 0);
    cr_assert_eq(sim_network_is_held(network, from, to), link->n_holds > 0);
}

Test(network, agrees_with_lists_and_counters)
{
    const struct sim_weather weathers[6] = {
        {.has_delay = true, .delay = uniform(5, 50000)},
        {.has_drop = true, .drop_ppm = 500000},
        {.has_duplicate = true, .duplicate_ppm = 300000},
        {.has_drop = true,
         .drop_ppm = 900000,
         .has_kind = true,
         .kind = SIM_MESSAGE_APPEND_REQUEST},
        {.has_delay = true,
         .delay = sim_distribution_fixed(3),
         .has_drop = true,
         .has_kind = true,
         .kind = SIM_MESSAGE_VOTE_RESPONSE},
        {.has_duplicate = true, .has_delay = true, .delay = uniform(1, 2)},
    };
    static const uint64_t bandwidths[] = {0, 999983, 7000000, 123456789};
    static struct model model;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct sim_prng prng = sim_prng_stream(seed, SIM_STREAM_CLIENT, 0, 0);
        struct sim_scenario scenario = windy();
        scenario.nodes = NODES;
        scenario.network.bandwidth = bandwidths[seed % 4];
        struct sim_network *network = sim_network_new(&scenario, seed);
        model = (struct model){.settings = scenario.network};
        for (uint32_t from = 1; from <= NODES; from++) {
            for (uint32_t to = 1; to <= NODES; to++) {
                model.links[from][to].prng =
                    sim_prng_stream(seed, SIM_STREAM_LINK, from, to);
            }
        }
        uint64_t now_us = 0;
        for (int n = 0; n < 2000; n++) {
            now_us += sim_prng_below(&prng, 500);
            step_both(&model, network, &prng, now_us, weathers);
        }
        struct sim_network_counts counts = sim_network_counts(network);
        cr_assert_eq(counts.sent, model.counts.sent);
        cr_assert_eq(counts.dropped, model.counts.dropped);
        cr_assert_eq(counts.duplicated, model.counts.duplicated);
        sim_network_free(network);
    }
}

/* --- what is refused ------------------------------------------------------ */

Test(network, a_message_to_oneself_is_refused, .signal = SIGABRT)
{
    struct sim_scenario scenario = plain();
    send(sim_network_new(&scenario, 1), 0, 2, 2);
}

Test(network, a_stranger_is_refused, .signal = SIGABRT)
{
    struct sim_scenario scenario = plain();
    send(sim_network_new(&scenario, 1), 0, 2, 4);
}

Test(network, undoing_a_block_that_is_not_there_is_refused, .signal = SIGABRT)
{
    struct sim_scenario scenario = plain();
    sim_network_unblock(sim_network_new(&scenario, 1), 1, 2);
}

Test(network, undoing_a_hold_that_is_not_there_is_refused, .signal = SIGABRT)
{
    struct sim_scenario scenario = plain();
    sim_network_unhold(sim_network_new(&scenario, 1), 1, 2);
}
