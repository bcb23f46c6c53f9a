/* Machines, what lies between them, and the contract of a node. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "tests/sim_harness.h"

#define MS UINT64_C(1000)
#define S UINT64_C(1000000)
#define N_SEEDS 100u

/* --- what a restart finds ------------------------------------------------- */

/* The scribbler writes at each tick whatever comes to its mind: hard states,
 * truncations, entries. It knows the state of its disk after each part of each
 * write, as a digest. */
struct scribbler {
    struct sim_node base;
    struct sim_prng prng;
    struct sim_hard_state hard_state;
    uint64_t *logs; /* digest of the log up to each index, from 0 */
    size_t logs_capacity;
    uint64_t n_entries;
    uint64_t *parts; /* digest of the whole state after each part */
    size_t parts_capacity, n_parts;
    uint64_t *ends; /* how many parts there are up to each write, from 0 */
    size_t ends_capacity;
    uint64_t n_writes, durable;
    uint64_t image; /* digest of what it was created from */
    uint8_t bytes[3][8];
    struct sim_entry entries[3];
    struct sim_output outputs[2];
};

static uint64_t mix(uint64_t digest, uint64_t word)
{
    struct sim_prng prng = {.state = digest ^ word};
    uint64_t mixed = sim_prng_next(&prng);
    return mixed + digest * 3;
}

static uint64_t digest_of(const struct scribbler *self)
{
    uint64_t digest = mix(self->logs[self->n_entries], self->n_entries);
    digest = mix(digest, self->hard_state.term);
    return mix(digest, self->hard_state.vote);
}

static void add_to_log(struct scribbler *self, const struct sim_entry *entry)
{
    uint64_t word = 0;
    cr_assert_eq(entry->size, 8);
    memcpy(&word, entry->data, 8);
    uint64_t before = self->logs[self->n_entries];
    self->n_entries++;
    self->logs = sim_grow(self->logs, &self->logs_capacity,
                          (size_t)self->n_entries + 1, sizeof *self->logs);
    self->logs[self->n_entries] = mix(mix(before, entry->term), word);
}

static void note_part(struct scribbler *self)
{
    self->parts = sim_grow(self->parts, &self->parts_capacity,
                           self->n_parts + 1, sizeof *self->parts);
    self->parts[self->n_parts++] = digest_of(self);
}

static void note_end(struct scribbler *self)
{
    self->ends = sim_grow(self->ends, &self->ends_capacity,
                          (size_t)self->n_writes + 1, sizeof *self->ends);
    self->ends[self->n_writes] = self->n_parts;
}

static const struct sim_node_type scribbler_type;

static struct sim_node *scribbler_create(const struct sim_node_options *options,
                                         const struct sim_image *image)
{
    struct scribbler *self = sim_calloc(1, sizeof *self);
    self->base.type = &scribbler_type;
    self->prng = (struct sim_prng){.state = options->random_seed};
    self->hard_state = image->hard_state;
    self->logs = sim_grow(NULL, &self->logs_capacity, 1, sizeof *self->logs);
    self->logs[0] = 0;
    for (uint64_t i = 0; i < image->n_entries; i++) {
        add_to_log(self, &image->entries[i]);
    }
    self->image = digest_of(self);
    note_part(self);
    note_end(self);
    return &self->base;
}

static void scribbler_destroy(struct sim_node *node)
{
    struct scribbler *self = (struct scribbler *)node;
    free(self->logs);
    free(self->parts);
    free(self->ends);
    free(self);
}

static void scribble(struct scribbler *self, struct sim_write *write)
{
    self->n_writes++;
    *write = (struct sim_write){.id = self->n_writes};
    if (sim_prng_below(&self->prng, 2) == 0) {
        write->has_hard_state = true;
        self->hard_state.term++;
        self->hard_state.vote = (uint32_t)sim_prng_below(&self->prng, 2);
        write->hard_state = self->hard_state;
        note_part(self);
    }
    if (self->n_entries > 0 && sim_prng_below(&self->prng, 3) == 0) {
        write->truncate_from =
            sim_prng_between(&self->prng, 1, self->n_entries);
        self->n_entries = write->truncate_from - 1;
        note_part(self);
    }
    write->first_index = self->n_entries + 1;
    write->n_entries = (uint32_t)sim_prng_below(&self->prng, 4);
    write->entries = self->entries;
    for (uint32_t i = 0; i < write->n_entries; i++) {
        uint64_t word = sim_prng_next(&self->prng);
        memcpy(self->bytes[i], &word, 8);
        self->entries[i] = (struct sim_entry){.term = self->hard_state.term + 1,
                                              .data = self->bytes[i],
                                              .size = 8,
                                              .kind = SIM_ENTRY_COMMAND};
        add_to_log(self, &self->entries[i]);
        note_part(self);
    }
    note_end(self);
}

static enum sim_node_status scribbler_step(struct sim_node *node,
                                           const struct sim_input *input,
                                           struct sim_outputs *outputs)
{
    struct scribbler *self = (struct scribbler *)node;
    *outputs = (struct sim_outputs){self->outputs, 0};
    if (input->kind == SIM_INPUT_WRITTEN) {
        cr_assert_gt(input->written.write_id, self->durable);
        cr_assert_leq(input->written.write_id, self->n_writes);
        self->durable = input->written.write_id;
        return SIM_NODE_OK;
    }
    self->outputs[0].kind = SIM_OUTPUT_WRITE;
    scribble(self, &self->outputs[0].write);
    self->outputs[1].kind = SIM_OUTPUT_TIMER;
    self->outputs[1].timer.deadline_us =
        input->now_us + sim_prng_between(&self->prng, 50, 1500);
    outputs->count = 2;
    return SIM_NODE_OK;
}

static void scribbler_inspect(const struct sim_node *node,
                              struct sim_view *view)
{
    const struct scribbler *self = (const struct scribbler *)node;
    *view = (struct sim_view){.hard_state = self->hard_state,
                              .last = {1, self->n_entries}};
}

static void no_message(const uint8_t *bytes, size_t size,
                       struct sim_message *message)
{
    (void)bytes;
    (void)size;
    *message = (struct sim_message){.kind = SIM_MESSAGE_OTHER};
}

static void no_description(const uint8_t *bytes, size_t size, char *text)
{
    (void)bytes;
    (void)size;
    text[0] = '\0';
}

static const struct sim_node_type scribbler_type = {
    .shows = SIM_SHOWS_ALL,
    .name = "scribbler",
    .create = scribbler_create,
    .step = scribbler_step,
    .inspect = scribbler_inspect,
    .destroy = scribbler_destroy,
    .classify = no_message,
    .describe = no_description,
};

struct crash_counts {
    uint64_t unfinished, nothing, something, everything;
};

/* One life of the scribbler, its crash, and what the next life finds. */
static void crash_and_look(struct rig *rig, enum sim_unfinished unfinished,
                           struct crash_counts *counts)
{
    rig_run_until(rig, rig->cluster->now_us +
                           sim_prng_between(&rig->prng, 1, 20 * MS));
    struct scribbler *life = (struct scribbler *)rig->cluster->machines[1].node;
    size_t first = (size_t)life->ends[life->durable] - 1;
    size_t count = life->n_parts - first;
    uint64_t *parts = sim_calloc(count, sizeof *parts);
    memcpy(parts, life->parts + first, count * sizeof *parts);
    sim_cluster_crash(rig->cluster, 1, unfinished);
    sim_cluster_start(rig->cluster, 1);
    uint64_t image =
        ((struct scribbler *)rig->cluster->machines[1].node)->image;
    size_t found = unfinished == SIM_UNFINISHED_KEPT ? count - 1 : 0;
    while (found < count && parts[found] != image) {
        found++;
    }
    cr_assert_lt(found, count, "no state that the disk ever was in");
    cr_assert(unfinished != SIM_UNFINISHED_LOST || found == 0);
    counts->unfinished += count > 2;
    counts->nothing += count > 2 && found == 0;
    counts->something += found > 0 && found < count - 1;
    counts->everything += count > 2 && found == count - 1;
    free(parts);
}

Test(cluster, a_restart_finds_exactly_what_was_durable)
{
    static const enum sim_unfinished list[] = {
        SIM_UNFINISHED_LOST, SIM_UNFINISHED_KEPT, SIM_UNFINISHED_RANDOM};
    for (size_t i = 0; i < 3; i++) {
        struct crash_counts counts = {0};
        for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
            struct rig *rig =
                rig_new("{'description': 'x', 'nodes': 1, 'duration': '10s',"
                        " 'workload': {'clients': 0}}",
                        seed, &scribbler_type);
            for (int life = 0; life < 20; life++) {
                crash_and_look(rig, list[i], &counts);
            }
            rig_free(rig);
        }
        cr_expect_gt(counts.unfinished, 500);
        if (list[i] == SIM_UNFINISHED_RANDOM) {
            cr_expect_gt(counts.nothing, 50);
            cr_expect_gt(counts.something, 50);
            cr_expect_gt(counts.everything, 50);
        }
    }
}

/* Real nodes, under load, crashed at random moments: the log and hard state
 * after a restart are those on the disk. The checkers look at the rest. */
Test(cluster, real_nodes_restart_from_their_disks)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct rig *rig = rig_new("{'description': 'x', 'duration': '10s',"
                                  " 'workload': {'rate': '500/s'}}",
                                  seed, NULL);
        for (int round = 0; round < 20; round++) {
            uint32_t node = 1 + (uint32_t)sim_prng_below(&rig->prng, 3);
            struct sim_machine *machine = &rig->cluster->machines[node];
            rig_run_until(rig, rig->cluster->now_us +
                                   sim_prng_below(&rig->prng, 300 * MS));
            sim_cluster_crash(rig->cluster, node, SIM_UNFINISHED_RANDOM);
            cr_assert_eq(rig->cluster->tips[node], SIM_NO_TIP);
            rig_run_until(rig, rig->cluster->now_us +
                                   sim_prng_below(&rig->prng, 100 * MS));
            sim_cluster_start(rig->cluster, node);
            struct sim_position end = sim_log_tree_position(
                rig->cluster->tree, sim_disk_tip(machine->disk));
            struct sim_hard_state hard = sim_disk_hard_state(machine->disk);
            cr_assert_eq(machine->view.last.index, end.index);
            cr_assert_eq(machine->view.last.term, end.term);
            cr_assert_eq(machine->view.hard_state.term, hard.term);
            cr_assert_eq(machine->view.hard_state.vote, hard.vote);
            cr_assert_eq(machine->view.commit_index, 0);
        }
        cr_expect_eq(rig->cluster->crashes, 20);
        cr_expect_eq(rig->cluster->restarts, 20);
        rig_free(rig);
    }
}

/* --- clocks and timers ---------------------------------------------------- */

/* Each node's clock goes forward, and its timers fire at the first microsecond
 * at which its clock shows the deadline. */
static void check_ticks(const struct rig *rig, uint32_t node,
                        uint64_t *last_ticks, uint64_t *deadline_us)
{
    const struct echo_node *echo = rig_echo(rig, node);
    const struct sim_clock *clock = &rig->cluster->machines[node].clock;
    uint64_t local_us =
        sim_clock_local_from_virtual(clock, rig->cluster->now_us);
    for (size_t i = 1; i < echo->n_inputs; i++) {
        cr_assert_geq(echo->inputs[i].now_us, echo->inputs[i - 1].now_us);
    }
    if (echo->ticks > *last_ticks) {
        cr_assert_eq(echo->ticks, *last_ticks + 1);
        cr_assert_geq(local_us, *deadline_us, "early");
        if (rig->cluster->now_us > clock->base_us) {
            cr_assert_lt(
                sim_clock_local_from_virtual(clock, rig->cluster->now_us - 1),
                *deadline_us, "late");
        }
        *last_ticks = echo->ticks;
        *deadline_us = echo->deadline_us;
    }
}

Test(cluster, timers_are_neither_early_nor_late)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct rig *rig =
            rig_new("{'description': 'x', 'nodes': 2, 'duration': '100s',"
                    " 'workload': {'clients': 0}, 'clocks': [{'nodes': 1,"
                    " 'offset': '5s', 'rate': '-30%'}]}",
                    seed, &echo_node_type);
        uint64_t ticks[3] = {0};
        uint64_t deadlines[3] = {0, 5 * S + ECHO_TICK_US, ECHO_TICK_US};
        while (rig->cluster->now_us < 300 * MS) {
            rig_step(rig);
            check_ticks(rig, 1, &ticks[1], &deadlines[1]);
            check_ticks(rig, 2, &ticks[2], &deadlines[2]);
            uint32_t node = 1 + (uint32_t)sim_prng_below(&rig->prng, 2);
            switch (sim_prng_below(&rig->prng, 10)) {
            case 0:
                sim_cluster_set_clock_rate(
                    rig->cluster, node,
                    (int32_t)sim_prng_below(&rig->prng, 2000000) - 900000);
                break;
            case 1:
                sim_cluster_jump_clock(rig->cluster, node,
                                       sim_prng_below(&rig->prng, 3 * MS));
                break;
            case 2:
                sim_cluster_expire_timer(rig->cluster, node);
                cr_assert_leq(sim_event_queue_next_us(rig->queue),
                              rig->cluster->now_us);
                break;
            }
        }
        cr_expect_gt(ticks[1], 10);
        cr_expect_gt(ticks[2], 10);
        rig_free(rig);
    }
}

/* A pause makes a timer late, never twice, and the clock runs on meanwhile. */
Test(cluster, a_timer_waits_for_the_end_of_a_pause)
{
    struct rig *rig =
        rig_new("{'description': 'x', 'nodes': 1, 'duration': '100s',"
                " 'workload': {'clients': 0}}",
                1, &echo_node_type);
    rig_run_until(rig, 5 * MS);
    sim_cluster_pause(rig->cluster, 1);
    sim_cluster_jump_clock(rig->cluster, 1, 50 * MS);
    rig_run_until(rig, 35 * MS);
    sim_cluster_set_clock_rate(rig->cluster, 1, -500000);
    cr_expect_eq(rig_echo(rig, 1)->ticks, 0);
    sim_cluster_resume(rig->cluster, 1);
    rig_run_until(rig, 35 * MS);
    cr_expect_eq(rig_echo(rig, 1)->ticks, 1);
    cr_expect_eq(rig_echo(rig, 1)->inputs[1].now_us, 85 * MS);
    rig_run_until(rig, 55 * MS);
    cr_expect_eq(rig_echo(rig, 1)->ticks, 2);
    rig_free(rig);
}

/* --- messages ------------------------------------------------------------- */

#define ECHO_PAIR                                                              \
    "{'description': 'x', 'nodes': 2, 'duration': '100s', 'network':"          \
    " {'delay': '1ms'}, 'disk': {'write': '0us', 'fsync': '3ms'},"             \
    " 'workload': {'clients': 0}, 'faults': [{'at': '100s', 'propose':"        \
    " {'to': 1, 'key': 'k', 'value': 'v'}}]}"

Test(cluster, messages_wait_for_their_write)
{
    struct rig *rig = rig_new(ECHO_PAIR, 1, &echo_node_type);
    cr_assert(rig_do(rig, 0)); /* there at 0.5 ms, durable at 3.5 */
    rig_run_until(rig, 2 * MS);
    cr_assert(rig_do(rig, 0)); /* durable at 6.5, in the second batch */
    rig_run_until(rig, 4500 - 1);
    cr_expect_eq(rig_echo(rig, 2)->n_inputs, 1);
    rig_run_until(rig, 4500);
    cr_expect_eq(rig_echo(rig, 2)->n_inputs, 2);
    cr_expect_eq(rig_echo(rig, 2)->inputs[1].number, 1000001);
    rig_run_until(rig, 7500 - 1);
    cr_expect_eq(rig_echo(rig, 2)->n_inputs, 2);
    rig_run_until(rig, 7500);
    cr_expect_eq(rig_echo(rig, 2)->inputs[2].number, 1000002);
    rig_free(rig);
}

/* What waits for a write is lost with its machine, also when the write was
 * kept. */
Test(cluster, a_crash_between_a_write_and_its_message)
{
    struct rig *rig = rig_new(ECHO_PAIR, 1, &echo_node_type);
    cr_assert(rig_do(rig, 0));
    rig_run_until(rig, 3500 - 1);
    sim_cluster_crash(rig->cluster, 1, SIM_UNFINISHED_KEPT);
    sim_cluster_start(rig->cluster, 1);
    cr_expect_eq(rig_echo(rig, 1)->n_entries, 1);
    rig_run_until(rig, 9 * MS);
    cr_expect_eq(rig_echo(rig, 2)->n_inputs, 1);
    cr_expect_eq(rig_echo(rig, 1)->n_inputs, 1);
    rig_free(rig);
}

Test(cluster, a_message_to_a_node_that_is_down_is_lost_and_counted)
{
    struct rig *rig = rig_new(ECHO_PAIR, 1, &echo_node_type);
    sim_cluster_crash(rig->cluster, 2, SIM_UNFINISHED_LOST);
    rig_run_until(rig, 35 * MS);
    cr_expect_eq(rig->cluster->messages_lost_at_machines, 3);
    cr_expect_eq(rig->cluster->messages_delivered, 0);
    rig_run_until(rig, 40 * MS);
    sim_cluster_start(rig->cluster, 2); /* the fourth is on its way */
    rig_run_until(rig, 41 * MS);
    cr_expect_eq(rig->cluster->messages_delivered, 1);
    rig_free(rig);
}

/* Nothing gets lost uncounted, whatever is done to machines and links. */
Test(cluster, each_message_is_accounted_for)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct rig *rig = rig_new(
            "{'description': 'x', 'nodes': 4, 'duration': '10s', 'network':"
            " {'drop': '5%', 'duplicate': '20%'}, 'workload': {'rate':"
            " '1000/s'}, 'nemeses': ["
            "{'crash': 'a node', 'every': '30ms', 'for': '20ms'},"
            "{'pause': 'a node', 'every': '17ms', 'for': '40ms'},"
            "{'crash': 'paused', 'every': '33ms', 'for': '5ms'},"
            "{'clog': {'from': 'a node', 'to': 'rest'}, 'every': '20ms',"
            " 'for': '30ms'}, {'isolate': 'a node', 'every': '40ms',"
            " 'for': '30ms'}]}",
            seed, &echo_node_type);
        rig_run_until(rig, 500 * MS + seed);
        struct sim_network_counts sent =
            sim_network_counts(rig->cluster->network);
        const struct sim_cluster *cluster = rig->cluster;
        uint64_t settled = cluster->messages_delivered + sent.dropped +
                           cluster->messages_lost_at_machines;
        cr_expect_gt(sent.duplicated, 0);
        cr_expect_gt(cluster->messages_lost_at_machines, 0);
        cr_expect_eq(sent.sent + sent.duplicated,
                     settled + rig_drain_messages(rig), "seed %" PRIu64, seed);
        rig_free(rig);
    }
}

/* --- answers to clients --------------------------------------------------- */

/* Commands answered as done are all applied, each where it was accepted; what
 * was truncated is answered as unknown. */
Test(cluster, done_means_applied)
{
    uint64_t unknown = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct rig *rig = rig_new(
            "{'description': 'x', 'nodes': 3, 'duration': '10s',"
            " 'workload': {'clients': 8, 'rate': '1000/s', 'delay': '0us'},"
            " 'nemeses': [{'partition': [['leader'], ['rest']], 'every':"
            " '900ms', 'for': '600ms'}]}",
            seed, NULL);
        while (rig->cluster->now_us < 5 * S) {
            uint64_t done = rig->answers[SIM_ANSWER_DONE];
            rig_step(rig);
            if (rig->answers[SIM_ANSWER_DONE] > done) {
                cr_assert_leq(rig->answers[SIM_ANSWER_DONE],
                              rig->cluster->committed + rig->cluster->reads);
            }
        }
        cr_expect_gt(rig->answers[SIM_ANSWER_DONE], 500);
        unknown += rig->answers[SIM_ANSWER_UNKNOWN];
        rig_free(rig);
    }
    cr_expect_gt(unknown, 0);
}

/* --- the contract --------------------------------------------------------- */

/* A node that breaks its contract at the first tick, in a way that each test
 * chooses with /raft/max_inflight_messages. */
enum breach {
    BREACH_NONE = 1,
    BREACH_WRITE_ID,
    BREACH_WRITE_TWICE,
    BREACH_WRITE_GAP,
    BREACH_WRITE_OVER,
    BREACH_TRUNCATE,
    BREACH_SEND_SELF,
    BREACH_SEND_NOBODY,
    BREACH_SEND_BEYOND,
    BREACH_SEND_FUTURE,
    BREACH_APPLY_GAP,
    BREACH_APPLY_AGAIN,
    BREACH_ANSWER,
    BREACH_REFUSES,
    BREACH_NO_MEMORY,
    BREACH_CREATE,
    BREACH_OTHER_TAG,
    BREACH_TWO_ANSWERS,
    BREACH_SILENT,
    BREACH_COUNT
};

struct traitor {
    struct sim_node base;
    uint32_t id;
    enum breach breach;
    struct sim_output outputs[3];
};

static const struct sim_node_type traitor_type;

static struct sim_node *traitor_create(const struct sim_node_options *options,
                                       const struct sim_image *image)
{
    (void)image;
    if (options->max_inflight_messages == BREACH_CREATE) {
        return NULL;
    }
    struct traitor *self = sim_calloc(1, sizeof *self);
    self->base.type = &traitor_type;
    self->id = options->id;
    self->breach = (enum breach)options->max_inflight_messages;
    return &self->base;
}

static void traitor_destroy(struct sim_node *node)
{
    free(node);
}

static void traitor_inspect(const struct sim_node *node, struct sim_view *view)
{
    (void)node;
    *view = (struct sim_view){.role = SIM_FOLLOWER};
}

static const struct sim_entry one_entry = {.term = 1,
                                           .kind = SIM_ENTRY_INTERNAL};

static struct sim_output write_of(uint64_t id, uint64_t first_index)
{
    struct sim_output output = {.kind = SIM_OUTPUT_WRITE};
    output.write = (struct sim_write){.id = id,
                                      .first_index = first_index,
                                      .entries = &one_entry,
                                      .n_entries = 1};
    return output;
}

static struct sim_output send_to(uint32_t to, uint64_t after_write)
{
    struct sim_output output = {.kind = SIM_OUTPUT_SEND};
    output.send.to = to;
    output.send.after_write = after_write;
    output.send.bytes = (const uint8_t *)"x";
    output.send.size = 1;
    return output;
}

static struct sim_output apply_from(uint64_t index)
{
    struct sim_output output = {.kind = SIM_OUTPUT_APPLY};
    output.apply.first_index = index;
    output.apply.entries = &one_entry;
    output.apply.n_entries = 1;
    return output;
}

/* After a good write of entry 1. */
static struct sim_output bad_output(const struct traitor *self)
{
    struct sim_output output = {.kind = SIM_OUTPUT_TIMER};
    output.timer.deadline_us = 1 * S;
    switch (self->breach) {
    case BREACH_WRITE_ID:
        return write_of(3, 2);
    case BREACH_WRITE_TWICE:
        return write_of(2, 2);
    case BREACH_WRITE_GAP:
        return write_of(2, 3);
    case BREACH_WRITE_OVER:
        return write_of(2, 1);
    case BREACH_TRUNCATE:
        output = write_of(2, 3);
        output.write.truncate_from = 3;
        return output;
    case BREACH_SEND_SELF:
        return send_to(self->id, 0);
    case BREACH_SEND_NOBODY:
        return send_to(0, 0);
    case BREACH_SEND_BEYOND:
        return send_to(3, 0);
    case BREACH_SEND_FUTURE:
        return send_to(self->id == 1 ? 2 : 1, 2);
    case BREACH_APPLY_GAP:
        return apply_from(3);
    case BREACH_APPLY_AGAIN:
        return apply_from(1);
    case BREACH_ANSWER:
        output.kind = SIM_OUTPUT_REJECTED;
        output.rejected.tag = 1;
        output.rejected.leader = 1;
        return output;
    case BREACH_NONE:
    case BREACH_REFUSES:
    case BREACH_NO_MEMORY:
    case BREACH_CREATE:
    case BREACH_OTHER_TAG:
    case BREACH_TWO_ANSWERS:
    case BREACH_SILENT:
    case BREACH_COUNT:
        break;
    }
    return output;
}

/* The probe for progress asks node 1 before the first tick. */
static size_t answer_badly(struct traitor *self, uint64_t tag)
{
    if (self->breach == BREACH_SILENT) {
        return 0;
    }
    for (int i = 0; i < 2; i++) {
        self->outputs[i] = (struct sim_output){.kind = SIM_OUTPUT_REJECTED};
        self->outputs[i].rejected.tag =
            tag + (self->breach == BREACH_OTHER_TAG);
    }
    return self->breach == BREACH_TWO_ANSWERS ? 2 : 1;
}

static enum sim_node_status traitor_step(struct sim_node *node,
                                         const struct sim_input *input,
                                         struct sim_outputs *outputs)
{
    struct traitor *self = (struct traitor *)node;
    *outputs = (struct sim_outputs){self->outputs, 0};
    if (input->kind == SIM_INPUT_START) {
        self->outputs[0] = (struct sim_output){.kind = SIM_OUTPUT_TIMER};
        self->outputs[0].timer.deadline_us = input->now_us + 1 * MS;
        outputs->count = 1;
    } else if (input->kind == SIM_INPUT_TIMER && self->id == 2) {
        bool same_step = self->breach == BREACH_WRITE_TWICE;
        self->outputs[0] = write_of(1, 1);
        self->outputs[1] = apply_from(1);
        self->outputs[2] = bad_output(self);
        outputs->count = 3;
        if (!same_step && self->outputs[2].kind == SIM_OUTPUT_WRITE) {
            /* Two steps: the next tick brings the bad write. */
            self->outputs[1] = (struct sim_output){.kind = SIM_OUTPUT_TIMER};
            self->outputs[1].timer.deadline_us = input->now_us + 1 * MS;
            outputs->count = 2;
            self->id = 1000;
        }
        if (self->breach == BREACH_REFUSES) {
            return SIM_NODE_REFUSED;
        }
        if (self->breach == BREACH_NO_MEMORY) {
            return SIM_NODE_NO_MEMORY;
        }
    } else if (input->kind == SIM_INPUT_PROPOSAL) {
        outputs->count = answer_badly(self, input->proposal.tag);
    } else if (input->kind == SIM_INPUT_TIMER && self->id == 1000) {
        self->outputs[0] = bad_output(self);
        outputs->count = 1;
        self->id = 2000;
    }
    return SIM_NODE_OK;
}

static const struct sim_node_type traitor_type = {
    .shows = SIM_SHOWS_ALL,
    .name = "traitor",
    .create = traitor_create,
    .step = traitor_step,
    .inspect = traitor_inspect,
    .destroy = traitor_destroy,
    .classify = no_message,
    .describe = no_description,
};

Test(cluster, a_breach_of_the_contract_ends_the_run)
{
    static const char *const words[BREACH_COUNT] = {
        [BREACH_WRITE_ID] = "id 3, expected 2",
        [BREACH_WRITE_TWICE] = "WRITE",
        [BREACH_WRITE_GAP] = "begins at 3, its log ends at 1",
        [BREACH_WRITE_OVER] = "begins at 1, its log ends at 1",
        [BREACH_TRUNCATE] = "truncates from 3, its log ends at 1",
        [BREACH_SEND_SELF] = "SEND to 2",
        [BREACH_SEND_NOBODY] = "SEND to 0",
        [BREACH_SEND_BEYOND] = "SEND to 3",
        [BREACH_SEND_FUTURE] = "after write 2, the last one is 1",
        [BREACH_APPLY_GAP] = "APPLY begins at 3, the last one ended at 1",
        [BREACH_APPLY_AGAIN] = "APPLY begins at 1, the last one ended at 1",
        [BREACH_ANSWER] = "REJECTED 1 that was not asked",
        [BREACH_REFUSES] = "refused its input",
        [BREACH_NO_MEMORY] = "found no memory",
        [BREACH_CREATE] = "create()",
        [BREACH_OTHER_TAG] = "that was not asked",
        [BREACH_TWO_ANSWERS] = "a second time",
        [BREACH_SILENT] = "neither ACCEPTED nor REJECTED",
    };
    const struct harness_options options = {.type = &traitor_type,
                                            .no_checks = true};
    for (int breach = BREACH_NONE; breach < BREACH_COUNT; breach++) {
        char text[256];
        snprintf(text, sizeof text,
                 "{'description': 'x', 'nodes': 2, 'duration': '10ms',"
                 " 'workload': {'clients': 0}, 'raft':"
                 " {'max_inflight_messages': %d},"
                 " 'expect': {'progress_within': '1ms'}}",
                 breach);
        struct sim_result result = harness_run(text, 1, &options);
        if (breach == BREACH_NONE) {
            cr_expect_eq(result.verdict, SIM_VERDICT_AS_EXPECTED);
            continue;
        }
        cr_expect_eq(result.verdict, SIM_VERDICT_CONTRACT, "breach %d", breach);
        cr_expect_not_null(strstr(result.contract, words[breach]),
                           "breach %d: \"%s\"", breach, result.contract);
        const char *who = breach >= BREACH_CREATE ? "node 1:" : "node 2:";
        cr_expect_not_null(strstr(result.contract, who), "%s", result.contract);
    }
}
