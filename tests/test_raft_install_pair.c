/* Snapshots on their way between real servers, over links that lose, double,
 * delay and reorder, in small chunks, while the leader compacts on, the
 * follower crashes, or another leads. The state machines must come out equal.
 */
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_NODES = 3, IMAGE_SIZE = 48, SLICE_US = 5000 };

/* --- state machines ------------------------------------------------------- */

/* A checksum of all that was applied, each index once. */
struct machine {
    uint64_t index;
    uint64_t state;
    uint64_t n_restored;
};

static uint64_t fold(uint64_t state, const struct raft_entry *entry)
{
    state = (state ^ entry->term ^ (uint64_t)entry->kind << 32) *
            UINT64_C(0x100000001b3);
    for (uint32_t i = 0; i < entry->size; i++)
        state = (state ^ entry->data[i]) * UINT64_C(0x100000001b3);
    return (state ^ (uint64_t)entry->verdict) * UINT64_C(0x100000001b3);
}

static void make_image(const struct machine *machine, uint8_t *image)
{
    for (size_t i = 0; i < IMAGE_SIZE; i++)
        image[i] = (uint8_t)(machine->state >> i % 8 * 8);
}

static void run_machine(struct machine *machine, const struct harness *h)
{
    for (size_t i = 0; i < h->n_items; i++) {
        const struct raft_output *o = &h->items[i];
        if (o->kind == RAFT_OUTPUT_RESTORE) {
            machine->index = o->restore.position.index;
            machine->n_restored++;
            machine->state = 0;
            for (size_t k = 0; k < 8; k++)
                machine->state |= (uint64_t)o->restore.image[k] << 8 * k;
        } else if (o->kind == RAFT_OUTPUT_APPLY) {
            cr_assert_eq(o->apply.first_index, machine->index + 1);
            for (uint32_t k = 0; k < o->apply.n_entries; k++)
                machine->state = fold(machine->state, &o->apply.entries[k]);
            machine->index += o->apply.n_entries;
        }
    }
}

/* --- a small world -------------------------------------------------------- */

struct packet {
    uint64_t due_us;
    raft_id from;
    struct harness_letter letter;
};

struct world {
    uint64_t seed, random, now_us;
    struct harness nodes[N_NODES];
    struct machine machines[N_NODES];
    uint64_t *states; /* the state after each index, as first seen; 0: not */
    uint64_t n_states;
    struct packet *packets;
    size_t n_packets;
    bool faults;
    uint64_t session; /* of the one client */
    uint64_t n_snapshots, n_crashes, n_restored;
};

static uint64_t draw(struct world *w, uint64_t below)
{
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return (w->random * UINT64_C(2685821657736338717) >> 11) % below;
}

static void send_packet(struct world *w, uint32_t i,
                        const struct harness_letter *letter)
{
    struct packet packet = {w->now_us + draw(w, 15000), i + 1, *letter};
    packet.letter.bytes = malloc(letter->size);
    w->packets = realloc(w->packets, (w->n_packets + 1) * sizeof packet);
    cr_assert(w->packets != NULL && packet.letter.bytes != NULL);
    memcpy(packet.letter.bytes, letter->bytes, letter->size);
    w->packets[w->n_packets++] = packet;
}

/* State Machine Safety, across snapshots: one state for each index. */
static void watch(struct world *w, uint32_t i)
{
    struct machine *machine = &w->machines[i];
    if (machine->index >= w->n_states) {
        size_t n = (size_t)machine->index + 1;
        w->states = realloc(w->states, n * sizeof *w->states);
        cr_assert_not_null(w->states);
        memset(w->states + w->n_states, 0,
               (n - w->n_states) * sizeof *w->states);
        w->n_states = n;
    }
    uint64_t *state = &w->states[machine->index];
    cr_assert(*state == 0 || *state == machine->state,
              "seed %u: server %u has another state at %u", (unsigned)w->seed,
              i + 1, (unsigned)machine->index);
    *state = machine->state;
}

static void after_step(struct world *w, uint32_t i)
{
    struct harness_letter letter;
    run_machine(&w->machines[i], &w->nodes[i]);
    watch(w, i);
    while (harness_take(&w->nodes[i], &letter)) {
        uint64_t copies = w->faults && draw(w, 4) == 0 ? draw(w, 3) : 1;
        for (uint64_t k = 0; k < copies; k++)
            send_packet(w, i, &letter);
        free(letter.bytes);
    }
}

static void deliver(struct world *w)
{
    for (size_t k = 0; k < w->n_packets;) {
        struct packet packet = w->packets[k];
        if (packet.due_us > w->now_us) {
            k++;
            continue;
        }
        w->packets[k] = w->packets[--w->n_packets];
        uint32_t to = (uint32_t)packet.letter.to - 1;
        struct raft_input input = {
            .kind = RAFT_INPUT_MESSAGE,
            .now_us = w->now_us,
            .message = {packet.from, packet.letter.bytes, packet.letter.size}};
        if (w->nodes[to].raft != NULL) {
            cr_assert_eq(harness_step(&w->nodes[to], &input), RAFT_OK);
            after_step(w, to);
        }
        free(packet.letter.bytes);
    }
}

static void boot(struct world *w, uint32_t i)
{
    w->n_restored += w->machines[i].n_restored;
    w->machines[i] = (struct machine){.state = 1};
    harness_boot(&w->nodes[i]);
    after_step(w, i);
}

/* The client's commands are retried now and then. */
static void propose(struct world *w, uint32_t i)
{
    struct harness *h = &w->nodes[i];
    char command[24];
    snprintf(command, sizeof command, "command %u", (unsigned)draw(w, 1000));
    if (harness_view(h).role != RAFT_LEADER)
        return;
    if (w->session == 0)
        w->session = harness_view(h).last.index + 1;
    if (w->session == harness_view(h).last.index + 1)
        harness_session(h, 0);
    else
        harness_propose_in(h, 0, w->session, 1 + draw(w, w->now_us / SLICE_US),
                           command);
    after_step(w, i);
}

static void run_node(struct world *w, uint32_t i)
{
    struct harness *h = &w->nodes[i];
    uint8_t image[IMAGE_SIZE];
    if (h->raft == NULL) {
        if (!w->faults || draw(w, 40) == 0)
            boot(w, i);
        return;
    }
    if (w->faults && draw(w, 150) == 0) {
        harness_crash(h, draw(w, 6));
        w->n_crashes++;
        return;
    }
    if (h->n_pending > 0 && draw(w, 2) == 0) {
        harness_written_to(h, h->pending[draw(w, h->n_pending)].id);
        after_step(w, i);
    }
    if (h->deadline_us <= w->now_us) {
        harness_timer(h);
        after_step(w, i);
    }
    if (draw(w, 12) == 0 && h->applied > h->written.snapshot.position.index) {
        make_image(&w->machines[i], image);
        uint64_t keep = h->applied + 1;
        keep -= draw(w, 3) == 0 ? draw(w, keep) : 0;
        harness_snapshot(h, image, IMAGE_SIZE, keep);
        w->n_snapshots++;
        after_step(w, i);
    }
    if (draw(w, 3) == 0)
        propose(w, i);
}

static void run_slice(struct world *w)
{
    w->now_us += SLICE_US;
    for (uint32_t i = 0; i < N_NODES; i++)
        w->nodes[i].now_us = w->now_us;
    deliver(w);
    for (uint32_t i = 0; i < N_NODES; i++)
        run_node(w, i);
}

static void begin(struct world *w, uint64_t seed)
{
    *w = (struct world){.seed = seed, .faults = true};
    w->random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
    for (uint32_t i = 0; i < N_NODES; i++) {
        struct raft_config config = harness_config(i + 1);
        config.random_seed = seed * 100 + i;
        config.max_bytes_per_message = seed % 3 == 0 ? 16 : 60;
        config.max_sessions = 2;
        config.pre_vote = seed % 2 == 0;
        config.check_quorum = seed / 2 % 2 == 0;
        harness_init(&w->nodes[i], &config, N_NODES);
        boot(w, i);
    }
}

static void end(struct world *w)
{
    for (uint32_t i = 0; i < N_NODES; i++)
        harness_free(&w->nodes[i]);
    for (size_t k = 0; k < w->n_packets; k++)
        free(w->packets[k].letter.bytes);
    free(w->packets);
    free(w->states);
}

static bool have_all_applied(const struct world *w, uint64_t index)
{
    for (uint32_t i = 0; i < N_NODES; i++)
        if (w->nodes[i].raft == NULL || w->machines[i].index < index)
            return false;
    return true;
}

/* Three seconds of faults; then, within three more, everybody has what was
 * committed in the meantime, and a little more. */
Test(raft_install_pair, equal_states_over_bad_links)
{
    uint64_t n_snapshots = 0, n_crashes = 0, n_restored = 0, n_applied = 0;
    for (uint64_t seed = 0; seed < 150; seed++) {
        struct world w;
        begin(&w, seed);
        while (w.now_us < 3000000)
            run_slice(&w);
        w.faults = false;
        uint64_t goal = w.n_states + 5;
        while (!have_all_applied(&w, goal)) {
            cr_assert_lt(w.now_us, 6000000, "seed %u: no progress",
                         (unsigned)seed);
            run_slice(&w);
        }
        n_snapshots += w.n_snapshots;
        n_crashes += w.n_crashes;
        n_restored += w.n_restored;
        n_applied += w.n_states;
        end(&w);
    }
    cr_assert_geq(n_snapshots, 5000); /* they were worth watching */
    cr_assert_geq(n_crashes, 1000);
    cr_assert_geq(n_restored, 1000);
    cr_assert_geq(n_applied, 10000);
}

/* --- one after the other -------------------------------------------------- */

/* Server 3 was away while the others went on and compacted. It gets the state,
 * the sessions and the members, and leads with them when it is its turn. */
Test(raft_install_pair, one_that_was_away)
{
    static const struct raft_member more[] = {
        {.id = 1, .flags = RAFT_MEMBER_VOTER},
        {.id = 2, .flags = RAFT_MEMBER_VOTER},
        {.id = 3, .flags = RAFT_MEMBER_VOTER},
        {.id = 9, .flags = RAFT_MEMBER_LEARNER}};
    for (uint32_t max_bytes = 8; max_bytes <= 4096; max_bytes *= 8) {
        struct harness nodes[N_NODES];
        struct harness *all[N_NODES] = {&nodes[0], &nodes[1], NULL};
        for (uint32_t i = 0; i < N_NODES; i++) {
            struct raft_config config = harness_config(i + 1);
            config.max_bytes_per_message = max_bytes;
            harness_start(&nodes[i], &config, N_NODES);
        }
        harness_elect(&nodes[0]);
        harness_exchange(all, N_NODES);
        harness_session(&nodes[0], 0); /* its name is 2 */
        harness_exchange(all, N_NODES);
        harness_propose_in(&nodes[0], 0, 2, 7, "once");
        harness_change(&nodes[0], 0, more, 4, false);
        harness_exchange(all, N_NODES);
        cr_assert_eq(nodes[0].applied, 4);
        harness_snapshot(&nodes[0], "four", 4, 5);
        harness_exchange(all, N_NODES);
        all[2] = &nodes[2];
        for (int i = 0; i < 3; i++) {
            harness_timer(&nodes[0]);
            harness_exchange(all, N_NODES);
        }
        cr_assert_eq(nodes[2].applied, 4);
        cr_assert_eq(harness_view(&nodes[2]).snapshot.index, 4);
        cr_assert_eq(harness_view(&nodes[2]).configuration.index, 4);
        harness_elect(&nodes[2]);
        harness_propose_in(&nodes[2], 0, 2, 7, "once");
        harness_exchange(all, N_NODES);
        for (uint32_t i = 0; i < N_NODES; i++) {
            harness_timer(&nodes[2]);
            harness_exchange(all, N_NODES);
        }
        for (uint32_t i = 0; i < N_NODES; i++) {
            cr_assert_eq(nodes[i].applied, 6);
            const struct raft_entry *e = raft_entry_at(nodes[i].raft, 6);
            cr_assert_eq(e->verdict, RAFT_REPEATED);
        }
        for (uint32_t i = 0; i < N_NODES; i++)
            harness_free(&nodes[i]);
    }
}
