/* Whole clusters under fire, watched by a naive oracle: Raft paper, Figure 3.
 *
 * A loop of 2 ms slices moves one to seven nodes through loss, delay,
 * reordering, duplicates, partitions, slow disks and crashes that keep any
 * prefix of the unfinished writes. The oracle keeps every leader, every vote
 * and every committed entry it ever saw, and compares whole logs entry by
 * entry: slow, but it knows nothing of how the nodes or the simulator work.
 */
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NODES = 7, MAX_TERMS = 4096, SLICE_US = 2000 };

struct packet {
    uint64_t due_us;
    raft_id from;
    struct harness_letter letter;
};

struct cluster {
    uint64_t seed;
    uint64_t random;
    uint64_t now_us;
    uint32_t n;
    struct harness nodes[MAX_NODES];
    uint64_t up_at_us[MAX_NODES];      /* while crashed */
    uint64_t written_at_us[MAX_NODES]; /* of the first pending write; 0: none */
    unsigned side[MAX_NODES];          /* of the partition */
    bool faults;
    struct packet *packets;
    size_t n_packets;
    uint64_t n_proposed;
    /* the oracle */
    raft_id leaders[MAX_TERMS];
    raft_id votes[MAX_NODES][MAX_TERMS];
    uint64_t last_commit[MAX_NODES];
    struct raft_entry *committed;
    uint64_t n_committed;
    uint64_t n_leaders, n_crashes; /* that the run was worth watching */
};

/* xorshift64*, as a source of faults. */
static uint64_t draw(struct cluster *c, uint64_t below)
{
    c->random ^= c->random >> 12;
    c->random ^= c->random << 25;
    c->random ^= c->random >> 27;
    return (c->random * UINT64_C(2685821657736338717) >> 11) % below;
}

/* --- the oracle ----------------------------------------------------------- */

/* Election Safety: at most one leader can be elected in a given term.
 * Leader Completeness: a leader's log holds what was committed before. */
static void watch_leader(struct cluster *c, uint32_t i)
{
    struct raft_view v = harness_view(&c->nodes[i]);
    uint64_t term = v.hard_state.current_term;
    cr_assert_lt(term, MAX_TERMS);
    if (v.role != RAFT_LEADER)
        return;
    cr_assert(c->leaders[term] == RAFT_NONE || c->leaders[term] == v.id,
              "seed %u: two leaders in term %u", (unsigned)c->seed,
              (unsigned)term);
    if (c->leaders[term] == v.id)
        return;
    c->leaders[term] = v.id;
    c->n_leaders++;
    cr_assert_geq(v.last.index, c->n_committed);
    for (uint64_t k = 0; k < c->n_committed; k++)
        cr_assert(harness_same_entry(raft_entry_at(c->nodes[i].raft, k + 1),
                                     &c->committed[k]),
                  "seed %u: leader of term %u lacks entry %u",
                  (unsigned)c->seed, (unsigned)term, (unsigned)(k + 1));
}

/* Committed means durable on a majority. */
static void watch_durable(struct cluster *c, uint64_t index)
{
    uint32_t copies = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        const struct harness_log *log = &c->nodes[i].durable.log;
        copies +=
            log->count >= index && harness_same_entry(&log->entries[index - 1],
                                                      &c->committed[index - 1]);
    }
    cr_assert_geq(copies, c->n / 2 + 1, "seed %u: entry %u on %u of %u",
                  (unsigned)c->seed, (unsigned)index, copies, c->n);
}

/* State Machine Safety: all agree on each committed entry, for ever. */
static void watch_commit(struct cluster *c, uint32_t i)
{
    uint64_t commit = harness_view(&c->nodes[i]).commit_index;
    for (uint64_t k = c->last_commit[i] + 1; k <= commit; k++) {
        struct raft_entry entry = *raft_entry_at(c->nodes[i].raft, k);
        if (k <= c->n_committed) {
            cr_assert(harness_same_entry(&entry, &c->committed[k - 1]),
                      "seed %u: entry %u was committed differently",
                      (unsigned)c->seed, (unsigned)k);
            continue;
        }
        if (entry.size > 0) {
            uint8_t *data = malloc(entry.size);
            cr_assert_not_null(data);
            entry.data = memcpy(data, entry.data, entry.size);
        }
        c->committed = realloc(c->committed, (k + 1) * sizeof *c->committed);
        cr_assert_not_null(c->committed);
        c->committed[c->n_committed++] = entry;
        watch_durable(c, k);
    }
    c->last_commit[i] = commit;
}

/* One vote a term, as the others see it, across crashes. */
static void watch_vote(struct cluster *c, uint32_t i,
                       const struct harness_letter *letter)
{
    struct raft_message m;
    cr_assert(raft_message_decode(letter->bytes, letter->size, &m));
    raft_id candidate = RAFT_NONE;
    if (m.kind == RAFT_MESSAGE_VOTE_REQUEST)
        candidate = i + 1;
    if (m.kind == RAFT_MESSAGE_VOTE_RESPONSE && m.vote_response.granted)
        candidate = letter->to;
    if (candidate == RAFT_NONE)
        return;
    raft_id *vote = &c->votes[i][m.term];
    cr_assert(*vote == RAFT_NONE || *vote == candidate,
              "seed %u: %u votes twice in term %u", (unsigned)c->seed, i + 1,
              (unsigned)m.term);
    *vote = candidate;
}

/* Log Matching: two logs that hold an entry of the same index and term are
 * identical up to it. In memory and on disk alike. */
static void compare_logs(struct cluster *c, const struct harness_log *a,
                         const struct harness_log *b)
{
    uint64_t common = a->count < b->count ? a->count : b->count;
    while (common > 0 &&
           a->entries[common - 1].term != b->entries[common - 1].term)
        common--;
    for (uint64_t k = 0; k < common; k++)
        cr_assert(harness_same_entry(&a->entries[k], &b->entries[k]),
                  "seed %u: logs part at %u and meet again at %u",
                  (unsigned)c->seed, (unsigned)(k + 1), (unsigned)common);
}

static void watch_logs(struct cluster *c)
{
    for (uint32_t i = 0; i < c->n; i++)
        for (uint32_t j = 0; j < c->n; j++) {
            compare_logs(c, &c->nodes[i].durable.log, &c->nodes[j].durable.log);
            if (c->nodes[i].raft != NULL && c->nodes[j].raft != NULL)
                compare_logs(c, &c->nodes[i].written.log,
                             &c->nodes[j].written.log);
        }
}

/* --- the network, the disks, the machines --------------------------------- */

static void send_packet(struct cluster *c, uint32_t i,
                        struct harness_letter letter)
{
    struct packet packet = {c->now_us + draw(c, 20000), i + 1, letter};
    if (draw(c, 20) == 0)
        packet.due_us += 100000; /* overtaken by many */
    c->packets = realloc(c->packets, (c->n_packets + 1) * sizeof packet);
    cr_assert_not_null(c->packets);
    c->packets[c->n_packets++] = packet;
}

/* After every step: look, let out what may leave, start the disk. */
static void after_step(struct cluster *c, uint32_t i)
{
    struct harness *h = &c->nodes[i];
    struct harness_letter letter;
    watch_leader(c, i);
    watch_commit(c, i);
    while (harness_take(h, &letter)) {
        watch_vote(c, i, &letter);
        unsigned copies = 1;
        if (c->faults && draw(c, 5) == 0)
            copies = (unsigned)draw(c, 3);
        for (unsigned k = 0; k < copies; k++) {
            struct harness_letter copy = letter;
            copy.bytes = malloc(letter.size);
            cr_assert_not_null(copy.bytes);
            memcpy(copy.bytes, letter.bytes, letter.size);
            send_packet(c, i, copy);
        }
        free(letter.bytes);
    }
    if (h->n_pending > 0 && c->written_at_us[i] == 0)
        c->written_at_us[i] = c->now_us + 1 + draw(c, 12000);
}

static void deliver(struct cluster *c)
{
    for (size_t k = 0; k < c->n_packets;) {
        struct packet packet = c->packets[k];
        if (packet.due_us > c->now_us) {
            k++;
            continue;
        }
        c->packets[k] = c->packets[--c->n_packets];
        uint32_t to = (uint32_t)packet.letter.to - 1;
        struct harness *h = &c->nodes[to];
        if (h->raft != NULL && c->side[packet.from - 1] == c->side[to]) {
            struct raft_input input = {.kind = RAFT_INPUT_MESSAGE,
                                       .now_us = c->now_us,
                                       .message = {packet.from,
                                                   packet.letter.bytes,
                                                   packet.letter.size}};
            cr_assert_eq(harness_step(h, &input), RAFT_OK);
            after_step(c, to);
        }
        free(packet.letter.bytes);
    }
}

static void run_node(struct cluster *c, uint32_t i)
{
    struct harness *h = &c->nodes[i];
    h->now_us = c->now_us;
    if (h->raft == NULL) {
        if (c->up_at_us[i] <= c->now_us) {
            harness_boot(h);
            after_step(c, i);
        }
        return;
    }
    if (c->faults && draw(c, 250) == 0) {
        harness_crash(h, draw(c, 8));
        c->up_at_us[i] = c->now_us + draw(c, 200000);
        c->last_commit[i] = 0; /* volatile: it counts up again */
        c->written_at_us[i] = 0;
        c->n_crashes++;
        return;
    }
    if (c->written_at_us[i] != 0 && c->written_at_us[i] <= c->now_us) {
        size_t nth = (size_t)draw(c, h->n_pending); /* some at once */
        c->written_at_us[i] = 0;
        harness_written_to(h, h->pending[nth].id);
        after_step(c, i);
    }
    if (h->deadline_us <= c->now_us) {
        harness_timer(h);
        after_step(c, i);
    }
    if (draw(c, 12) == 0) {
        char command[32];
        snprintf(command, sizeof command, "command %u",
                 (unsigned)c->n_proposed++);
        harness_propose(h, c->n_proposed, command);
        after_step(c, i);
    }
}

static void run_slice(struct cluster *c)
{
    c->now_us += SLICE_US;
    if (c->faults && draw(c, 100) == 0) {
        bool whole = draw(c, 2) == 0;
        for (uint32_t i = 0; i < c->n; i++)
            c->side[i] = whole ? 0 : (unsigned)draw(c, 2);
    }
    for (uint32_t i = 0; i < c->n; i++)
        c->nodes[i].now_us = c->now_us;
    deliver(c);
    for (uint32_t i = 0; i < c->n; i++)
        run_node(c, i);
    if (c->now_us / SLICE_US % 50 == 0)
        watch_logs(c);
}

static struct cluster *new_cluster(uint64_t seed)
{
    struct cluster *c = calloc(1, sizeof *c);
    cr_assert_not_null(c);
    c->seed = seed;
    c->random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
    c->n = (uint32_t)(1 + seed % MAX_NODES);
    c->faults = true;
    for (uint32_t i = 0; i < c->n; i++) {
        struct raft_config config = harness_config(i + 1);
        config.random_seed = seed * 100 + i;
        config.election_timeout_min_us = 60000;
        config.election_timeout_max_us = 120000;
        config.heartbeat_interval_us = 20000;
        config.pre_vote = seed / 7 % 2 == 0;
        config.check_quorum = seed / 14 % 2 == 0;
        config.max_entries_per_message = seed / 28 % 2 == 0 ? 3 : 64;
        config.max_bytes_per_message = seed / 56 % 2 == 0 ? 25 : 100000;
        config.max_inflight_messages = seed / 112 % 2 == 0 ? 1 : 4;
        harness_init(&c->nodes[i], &config, c->n);
        harness_boot(&c->nodes[i]);
    }
    return c;
}

static void free_cluster(struct cluster *c)
{
    for (uint32_t i = 0; i < c->n; i++)
        harness_free(&c->nodes[i]);
    for (size_t k = 0; k < c->n_packets; k++)
        free(c->packets[k].letter.bytes);
    for (uint64_t k = 0; k < c->n_committed; k++)
        free((void *)(uintptr_t)c->committed[k].data);
    free(c->packets);
    free(c->committed);
    free(c);
}

/* One leader, and everybody has applied all that is committed. */
static bool has_converged(struct cluster *c, uint64_t at_least)
{
    uint32_t n_leaders = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        if (c->nodes[i].raft == NULL)
            return false;
        struct raft_view v = harness_view(&c->nodes[i]);
        n_leaders += v.role == RAFT_LEADER;
        if (v.last_applied < at_least)
            return false;
    }
    return n_leaders == 1;
}

/* Two seconds of faults, then none: within three seconds of virtual time there
 * is one leader, and what was committed later reached every server. */
Test(raft_cluster, safe_under_faults_and_live_after_them)
{
    uint64_t n_committed = 0, n_leaders = 0, n_crashes = 0;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct cluster *c = new_cluster(seed);
        while (c->now_us < 2000000)
            run_slice(c);
        c->faults = false;
        memset(c->side, 0, sizeof c->side);
        uint64_t healed = c->n_committed;
        uint64_t healed_us = c->now_us;
        while (!has_converged(c, healed + 5)) {
            cr_assert_lt(c->now_us - healed_us, 3000000,
                         "seed %u: no progress after the faults",
                         (unsigned)seed);
            run_slice(c);
        }
        watch_logs(c);
        for (uint32_t i = 0; i < c->n; i++) /* nothing committed was lost */
            for (uint64_t k = 0; k < healed; k++)
                cr_assert(harness_same_entry(
                    raft_entry_at(c->nodes[i].raft, k + 1), &c->committed[k]));
        n_committed += c->n_committed;
        n_leaders += c->n_leaders;
        n_crashes += c->n_crashes;
        free_cluster(c);
    }
    cr_assert_geq(n_committed, 10000); /* the runs were worth watching */
    cr_assert_geq(n_leaders, 500);
    cr_assert_geq(n_crashes, 1000);
}
