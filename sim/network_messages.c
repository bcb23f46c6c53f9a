#undef NDEBUG
#include <assert.h>

#include "sim/memory.h"
#include "sim/network_internal.h"

#define MILLION UINT64_C(1000000)

void sim_network_record(struct sim_network *network,
                        struct sim_recording *recording)
{
    network->recording = recording;
}

/* --- messages ------------------------------------------------------------- */

/* For each field the weather applied last that has it, and that is about
 * messages of this kind; else what the link has. */
static struct network_conditions
conditions_of(const struct sim_network *network,
              const struct network_link *link, enum sim_message_kind kind)
{
    struct network_conditions now = link->usual;
    bool has_delay = false, has_drop = false, has_duplicate = false;
    for (size_t i = link->weather; i != NETWORK_NOWHERE;
         i = network->applied[i].before) {
        const struct sim_weather *weather = network->applied[i].weather;
        if (weather->has_kind && weather->kind != kind) {
            continue;
        }
        if (weather->has_delay && !has_delay) {
            has_delay = true;
            now.delay = &weather->delay;
        }
        if (weather->has_drop && !has_drop) {
            has_drop = true;
            now.drop_ppm = weather->drop_ppm;
        }
        if (weather->has_duplicate && !has_duplicate) {
            has_duplicate = true;
            now.duplicate_ppm = weather->duplicate_ppm;
        }
    }
    return now;
}

/* The time at which a message of `size` bytes has left, now the last one. */
static uint64_t transmit(struct network_link *link, uint64_t now_us,
                         size_t size)
{
    if (link->bandwidth == 0) {
        return now_us;
    }
    if (link->busy_until_us < now_us) {
        link->busy_until_us = now_us;
        link->busy_rest = 0;
    }
    uint64_t work = (uint64_t)size * MILLION + link->busy_rest;
    link->busy_until_us += work / link->bandwidth;
    link->busy_rest = work % link->bandwidth;
    /* What leaves after the end of all runs may as well leave at it. */
    if (link->busy_until_us > SIM_MAX_DURATION_US) {
        link->busy_until_us = SIM_MAX_DURATION_US;
    }
    return link->busy_until_us;
}

static struct sim_track *track_of(struct sim_network *network,
                                  struct network_link *link, uint32_t from,
                                  uint32_t to, enum sim_message_kind kind)
{
    if (link->tracks == NULL) {
        link->tracks = sim_calloc(SIM_MESSAGE_KIND_COUNT, sizeof *link->tracks);
    }
    if (link->tracks[kind] == NULL) {
        link->tracks[kind] = sim_recording_track(
            network->recording, SIM_STREAM_LINK, from, to, (uint32_t)kind);
    }
    return link->tracks[kind];
}

/* The first copy's value on a track is above 0 if there is one. */
static uint64_t decide(struct sim_track *track, bool comes, uint64_t now_us,
                       uint64_t arrival_us)
{
    return sim_track_decide(track, comes ? arrival_us - now_us + 1 : 0, 0,
                            2 * SIM_MAX_DURATION_US + 1);
}

/* The fate that the recording has for the message, in place of this one. */
static void follow(struct sim_track *track, uint64_t now_us,
                   struct sim_delivery *delivery)
{
    uint64_t first =
        decide(track, delivery->copies > 0, now_us, delivery->arrival_us[0]);
    if (first == 0) {
        delivery->copies = 0;
        return;
    }
    uint64_t second =
        decide(track, delivery->copies > 1, now_us, delivery->arrival_us[1]);
    delivery->copies = second > 0 ? 2 : 1;
    delivery->arrival_us[0] = now_us + first - 1;
    delivery->arrival_us[1] = second > 0 ? now_us + second - 1 : 0;
}

static struct sim_delivery draw_fate(struct sim_network *network,
                                     struct network_link *link, uint64_t now_us,
                                     enum sim_message_kind kind, size_t size)
{
    struct sim_prng luck = {.state = sim_prng_next(&link->prng)};
    struct sim_delivery delivery = {.copies = 0};
    if (link->n_blocks > 0) {
        return delivery;
    }
    struct network_conditions now = conditions_of(network, link, kind);
    uint64_t left_us = transmit(link, now_us, size);
    uint64_t delay_us = sim_distribution_draw(now.delay, &luck);
    if (sim_prng_chance(&luck, now.drop_ppm)) {
        return delivery;
    }
    delivery.copies = 1;
    delivery.arrival_us[0] = left_us + delay_us;
    if (sim_prng_chance(&luck, now.duplicate_ppm)) {
        delivery.copies = 2;
        delivery.arrival_us[1] =
            left_us + sim_distribution_draw(now.delay, &luck);
    }
    return delivery;
}

/* --- rules ---------------------------------------------------------------- */

static bool rule_covers(const struct sim_message_rule *rule, uint32_t from,
                        uint32_t to, enum sim_message_kind kind,
                        uint64_t number)
{
    return (rule->from == SIM_NONE || rule->from == from) &&
           (rule->to == SIM_NONE || rule->to == to) &&
           (!rule->has_kind || rule->kind == kind) && number >= rule->first &&
           number <= rule->last;
}

/* The first rule that covers the message says what becomes of it. */
static void obey_rules(const struct sim_network *network,
                       const struct network_link *link, uint64_t now_us,
                       uint32_t from, uint32_t to, enum sim_message_kind kind,
                       struct sim_delivery *delivery)
{
    for (uint32_t i = 0; i < network->n_rules; i++) {
        const struct sim_message_rule *rule = &network->rules[i];
        uint64_t number =
            rule->has_kind ? link->sent_of_kind[kind] : link->sent;
        if (!rule_covers(rule, from, to, kind, number)) {
            continue;
        }
        delivery->copies = rule->lost ? 0 : rule->has_again ? 2 : 1;
        delivery->arrival_us[0] =
            now_us + (rule->has_delay ? rule->delay_us : rule->again_us);
        delivery->arrival_us[1] = now_us + rule->again_us;
        return;
    }
}

static void count_sent(struct network_link *link, enum sim_message_kind kind)
{
    if (link->sent_of_kind == NULL) {
        link->sent_of_kind =
            sim_calloc(SIM_MESSAGE_KIND_COUNT, sizeof *link->sent_of_kind);
    }
    link->sent++;
    link->sent_of_kind[kind]++;
}

void sim_network_set_fifo(struct sim_network *network)
{
    network->fifo = true;
}

/* What would overtake the message before it comes with it. */
static void keep_order(struct network_link *link, struct sim_delivery *delivery)
{
    if (delivery->copies == 0) {
        return;
    }
    delivery->copies = 1;
    if (delivery->arrival_us[0] < link->last_arrival_us) {
        delivery->arrival_us[0] = link->last_arrival_us;
    }
    link->last_arrival_us = delivery->arrival_us[0];
}

struct sim_delivery sim_network_send(struct sim_network *network,
                                     uint64_t now_us, uint32_t from,
                                     uint32_t to, enum sim_message_kind kind,
                                     size_t size)
{
    assert(now_us <= SIM_MAX_DURATION_US);
    assert(size <= UINT32_MAX);
    struct network_link *link = network__link(network, from, to);
    struct sim_delivery delivery = draw_fate(network, link, now_us, kind, size);
    if (network->n_rules > 0 && link->n_blocks == 0) {
        count_sent(link, kind);
        obey_rules(network, link, now_us, from, to, kind, &delivery);
    }
    if (network->recording != NULL && link->n_blocks == 0) {
        follow(track_of(network, link, from, to, kind), now_us, &delivery);
    }
    if (network->fifo) {
        keep_order(link, &delivery);
    }
    network->counts.sent++;
    network->counts.dropped += delivery.copies == 0 ? 1 : 0;
    network->counts.duplicated += delivery.copies > 1 ? 1 : 0;
    return delivery;
}
