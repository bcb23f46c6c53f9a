#include "tests/crowd.h"

#include "tests/member_lists.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOVE_US = 200 };

/* xorshift64*, as a source of faults. */
static uint64_t draw(struct crowd *c, uint64_t below)
{
    c->random ^= c->random >> 12;
    c->random ^= c->random << 25;
    c->random ^= c->random >> 27;
    return (c->random * UINT64_C(2685821657736338717) >> 11) % below;
}

/* --- the oracle ----------------------------------------------------------- */

/* A witness has commands without payload. */
static bool same(const struct raft_entry *a, const struct raft_entry *b)
{
    struct raft_entry bare = *b;
    if (a->omitted == b->omitted)
        return harness_same_entry(a, b);
    bare.omitted = true;
    bare.data = NULL;
    bare.size = 0;
    return a->omitted && harness_same_entry(a, &bare);
}

/* Whether the entry is durable at server `i`, in its log or its snapshot. */
static bool is_durable(const struct crowd *c, uint32_t i, uint64_t index)
{
    const struct harness_disk *disk = &c->nodes[i].durable;
    const struct harness_log *log = &disk->log;
    if (index <= disk->snapshot.position.index)
        return true;
    return index >= log->first_index && index - log->first_index < log->count &&
           same(&log->entries[index - log->first_index],
                &c->committed[index - 1]);
}

/* Whether more than half of those with this flag have it. */
static bool majority_has(const struct crowd *c, uint64_t index,
                         const struct raft_member *members, uint32_t n,
                         uint8_t flag)
{
    uint32_t all = 0, there = 0;
    for (uint32_t k = 0; k < n; k++) {
        if ((members[k].flags & flag) == 0)
            continue;
        all++;
        there += is_durable(c, (uint32_t)members[k].id - 1, index);
    }
    return all == 0 || 2 * there > all;
}

/* What a leader commits is durable with a majority, or both, of the members
 * that it knows, and with one that could lead. `before` are those before the
 * step: it may have appended others in it. */
static void watch_quorum(const struct crowd *c, uint64_t index,
                         const struct raft_member *before, uint32_t n)
{
    bool full = false;
    for (uint32_t k = 0; k < n; k++)
        full = full || ((before[k].flags &
                         (RAFT_MEMBER_VOTER | RAFT_MEMBER_OLD_VOTER)) != 0 &&
                        (before[k].flags & RAFT_MEMBER_WITNESS) == 0 &&
                        is_durable(c, (uint32_t)before[k].id - 1, index));
    cr_assert(full, "seed %u: entry %u is with witnesses only",
              (unsigned)c->seed, (unsigned)index);
    cr_assert(majority_has(c, index, before, n, RAFT_MEMBER_VOTER) &&
                  majority_has(c, index, before, n, RAFT_MEMBER_OLD_VOTER),
              "seed %u: entry %u is not durable enough", (unsigned)c->seed,
              (unsigned)index);
}

/* State Machine Safety: what was committed once stays. */
static void watch_commit(struct crowd *c, uint32_t i,
                         const struct raft_member *before, uint32_t n, bool led)
{
    uint64_t commit = harness_view(&c->nodes[i]).commit_index;
    uint64_t known = c->n_committed;
    for (uint64_t k = c->seen[i] + 1; k <= commit; k++) {
        const struct raft_entry *entry = raft_entry_at(c->nodes[i].raft, k);
        if (entry == NULL) { /* in a snapshot: of what others committed */
            cr_assert_leq(k, c->n_committed);
            continue;
        }
        if (k <= c->n_committed) {
            cr_assert(same(entry, &c->committed[k - 1]),
                      "seed %u: entry %u was committed differently",
                      (unsigned)c->seed, (unsigned)k);
            continue;
        }
        struct raft_entry copy = *entry;
        if (entry->size > 0) {
            uint8_t *data = malloc(entry->size);
            cr_assert_not_null(data);
            copy.data = memcpy(data, entry->data, entry->size);
        }
        c->committed = realloc(c->committed, (k + 1) * sizeof copy);
        cr_assert_not_null(c->committed);
        c->committed[c->n_committed++] = copy;
        c->n_configurations += entry->kind == RAFT_ENTRY_CONFIGURATION;
    }
    c->seen[i] = commit;
    if (c->n_committed > known) {
        cr_assert(led, "seed %u: a follower was first", (unsigned)c->seed);
        watch_quorum(c, c->n_committed, before, n);
    }
}

/* Election Safety and Leader Completeness. */
static void watch_leader(struct crowd *c, uint32_t i)
{
    struct raft_view v = harness_view(&c->nodes[i]);
    uint64_t term = v.hard_state.current_term;
    cr_assert_lt(term, CROWD_MAX_TERMS);
    if (v.role != RAFT_LEADER || c->leaders[term] == v.id)
        return;
    cr_assert_eq(c->leaders[term], RAFT_NONE, "seed %u: two leaders in term %u",
                 (unsigned)c->seed, (unsigned)term);
    c->leaders[term] = v.id;
    c->n_leaders++;
    cr_assert_geq(v.last.index, c->n_committed);
    for (uint64_t k = v.first_index; k <= c->n_committed; k++)
        cr_assert(harness_same_entry(raft_entry_at(c->nodes[i].raft, k),
                                     &c->committed[k - 1]),
                  "seed %u: leader of term %u lacks entry %u",
                  (unsigned)c->seed, (unsigned)term, (unsigned)k);
}

/* --- moves ---------------------------------------------------------------- */

/* Gives an input, looks, and lets out what may leave. */
static void step(struct crowd *c, uint32_t i, struct raft_input input)
{
    struct harness *h = &c->nodes[i];
    struct raft_member before[RAFT_MAX_MEMBERS];
    struct harness_letter letter;
    uint32_t n;
    bool led = harness_view(h).role == RAFT_LEADER;
    const struct raft_member *members = raft_members(h->raft, &n);
    memcpy(before, members, n * sizeof *members);
    if (input.kind == RAFT_INPUT_WRITTEN)
        harness_persist(h, input.written.write_id);
    input.now_us = c->now_us;
    cr_assert_eq(harness_step(h, &input), RAFT_OK);
    watch_commit(c, i, before, n, led);
    watch_leader(c, i);
    c->n_installed += harness_output(h, RAFT_OUTPUT_RESTORE) != NULL;
    while (harness_take(h, &letter)) {
        c->packets =
            realloc(c->packets, (c->n_packets + 1) * sizeof *c->packets);
        cr_assert_not_null(c->packets);
        c->packets[c->n_packets++] = (struct crowd_packet){i + 1, letter};
    }
}

void crowd_crash(struct crowd *c, uint32_t i, uint64_t keep_parts)
{
    harness_crash(&c->nodes[i], keep_parts);
    c->seen[i] = 0; /* volatile: it counts up again */
    c->n_crashes++;
}

/* A prefix of what was being written is left, or parts of three files; before
 * that it may have heard that a write failed. */
static void crash_somehow(struct crowd *c, uint32_t i)
{
    struct harness *h = &c->nodes[i];
    struct raft_input failed = {.kind = RAFT_INPUT_FAILED,
                                .now_us = h->now_us,
                                .failed = {h->durable_write + 1}};
    if (h->n_pending > 0 && draw(c, 4) == 0)
        cr_assert_eq(harness_step(h, &failed), RAFT_STOPPED);
    if (draw(c, 2) == 0) {
        crowd_crash(c, i, draw(c, 8));
        return;
    }
    struct harness_parts keep = {.n_hard_states =
                                     (size_t)draw(c, h->n_pending + 1),
                                 .n_changes = draw(c, 8)};
    keep.n_snapshots = (size_t)draw(c, keep.n_hard_states + 1);
    harness_crash_apart(h, keep);
    c->seen[i] = 0;
    c->n_crashes++;
}

void crowd_boot(struct crowd *c, uint32_t i)
{
    c->nodes[i].now_us = c->now_us;
    harness_boot(&c->nodes[i]);
}

/* Any packet, so that all orders occur; it may be lost, or come again. */
static void deliver(struct crowd *c)
{
    if (c->n_packets == 0)
        return;
    size_t at = c->faults ? (size_t)draw(c, c->n_packets) : 0;
    struct crowd_packet packet = c->packets[at];
    bool stays = c->faults && draw(c, 10) == 0;
    uint32_t to = (uint32_t)packet.letter.to - 1;
    bool lost = (c->faults && draw(c, 10) == 0) ||
                c->side[packet.from - 1] != c->side[to];
    if (!lost && c->nodes[to].raft != NULL)
        step(c, to,
             (struct raft_input){.kind = RAFT_INPUT_MESSAGE,
                                 .message = {packet.from, packet.letter.bytes,
                                             packet.letter.size}});
    if (!stays || c->n_packets > 100) {
        c->n_packets--;
        memmove(&c->packets[at], &c->packets[at + 1],
                (c->n_packets - at) * sizeof packet);
        free(packet.letter.bytes);
    }
}

/* Disks and timers that are due. */
static void run(struct crowd *c, uint32_t i)
{
    struct harness *h = &c->nodes[i];
    if (h->raft == NULL)
        return;
    if (h->n_pending > 0 && (!c->faults || draw(c, 15) == 0)) {
        size_t nth = c->faults ? (size_t)draw(c, h->n_pending) : 0;
        step(c, i,
             (struct raft_input){.kind = RAFT_INPUT_WRITTEN,
                                 .written = {h->pending[nth].id}});
    }
    if (h->deadline_us <= c->now_us)
        step(c, i, (struct raft_input){.kind = RAFT_INPUT_TIMER});
}

void crowd_propose(struct crowd *c, uint32_t i)
{
    char text[32];
    int size =
        snprintf(text, sizeof text, "command %u", (unsigned)c->n_proposed++);
    step(c, i,
         (struct raft_input){.kind = RAFT_INPUT_PROPOSAL,
                             .proposal = {.data = (const uint8_t *)text,
                                          .size = (uint32_t)size}});
}

bool crowd_change(struct crowd *c, uint32_t i,
                  const struct raft_member *members, uint32_t n, bool joint)
{
    step(c, i,
         (struct raft_input){.kind = RAFT_INPUT_CHANGE,
                             .change = {1, members, n, joint}});
    return harness_output(&c->nodes[i], RAFT_OUTPUT_ACCEPTED) != NULL;
}

/* The state after what is applied; a witness has none. */
static void compact(struct crowd *c, uint32_t i)
{
    struct harness *h = &c->nodes[i];
    uint8_t meta[HARNESS_META_SIZE(RAFT_MAX_MEMBERS)];
    raft_meta(h->raft, meta);
    step(
        c, i,
        (struct raft_input){.kind = RAFT_INPUT_SNAPSHOT,
                            .snapshot = {.index = h->applied,
                                         .meta = meta,
                                         .meta_size = raft_meta_size(h->raft),
                                         .keep_from = h->applied + 1,
                                         .image = (const uint8_t *)"image",
                                         .size = i + 1 == CROWD_SIZE ? 0 : 5}});
}

/* Members drawn anew, or those in force with one drawn anew. The last server is
 * a witness or nothing. */
static uint32_t draw_members(struct crowd *c, const struct harness *h, bool all,
                             struct raft_member *next)
{
    uint32_t n_now, n = 0;
    const struct raft_member *now = raft_members(h->raft, &n_now);
    raft_id one = 1 + draw(c, CROWD_SIZE);
    for (raft_id id = 1; id <= CROWD_SIZE; id++) {
        uint32_t k = 0;
        while (k < n_now && now[k].id != id)
            k++;
        if (all || id == one) {
            uint64_t what = draw(c, 4);
            uint8_t flags = RAFT_MEMBER_VOTER;
            if (what == 0)
                continue;
            if (id == CROWD_SIZE)
                flags |= RAFT_MEMBER_WITNESS;
            else if (what == 1)
                flags = RAFT_MEMBER_LEARNER;
            next[n++] = (struct raft_member){id, flags, (uint8_t)draw(c, 3)};
        } else if (k < n_now) {
            next[n++] = now[k];
        }
    }
    return n;
}

/* What clients, operators and fate do. */
static void meddle(struct crowd *c)
{
    uint32_t i = (uint32_t)draw(c, CROWD_SIZE);
    struct harness *h = &c->nodes[i];
    if (h->raft == NULL) {
        if (draw(c, 20) == 0)
            crowd_boot(c, i);
        return;
    }
    bool leads = harness_view(h).role == RAFT_LEADER;
    struct raft_member next[CROWD_SIZE];
    switch (draw(c, 100)) {
    case 0:
        crash_somehow(c, i);
        break;
    case 1:
        compact(c, i);
        break;
    case 2:
        for (uint32_t k = 0; k < CROWD_SIZE; k++)
            c->side[k] = 0;
        break;
    case 3:
        if (draw(c, 4) == 0)
            for (uint32_t k = 0; k < CROWD_SIZE; k++)
                c->side[k] = (unsigned)draw(c, 2);
        break;
    case 4:
        if (leads)
            step(c, i,
                 (struct raft_input){.kind = RAFT_INPUT_TRANSFER,
                                     .transfer = {1, draw(c, CROWD_SIZE + 1)}});
        break;
    default:
        if (leads && draw(c, 4) == 0) {
            bool joint = draw(c, 2) == 0;
            crowd_change(c, i, next, draw_members(c, h, joint, next), joint);
        } else if (leads) {
            crowd_propose(c, i);
        }
        break;
    }
}

/* Time passes; where nothing else happens, up to what is due next. */
static void pass_time(struct crowd *c)
{
    uint64_t next_us = UINT64_MAX;
    bool busy = c->faults || c->n_packets > 0;
    for (uint32_t i = 0; i < CROWD_SIZE; i++) {
        const struct harness *h = &c->nodes[i];
        if (h->raft != NULL && h->deadline_us < next_us)
            next_us = h->deadline_us;
        busy = busy || h->n_pending > 0;
    }
    c->now_us += MOVE_US;
    if (!busy && next_us != UINT64_MAX && next_us > c->now_us)
        c->now_us = next_us;
}

void crowd_move(struct crowd *c)
{
    pass_time(c);
    for (uint32_t i = 0; i < CROWD_SIZE; i++)
        run(c, i);
    deliver(c);
    if (c->faults && draw(c, 5) == 0)
        meddle(c);
}

struct crowd *crowd_new(uint64_t seed, bool faults)
{
    struct crowd *c = calloc(1, sizeof *c);
    cr_assert_not_null(c);
    c->seed = seed;
    c->random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
    c->faults = faults;
    for (raft_id id = 1; id <= CROWD_SIZE; id++) {
        struct raft_config config = harness_config(id);
        config.random_seed = seed * 100 + id;
        config.election_timeout_min_us = 60000;
        config.election_timeout_max_us = 120000;
        config.heartbeat_interval_us = 20000;
        config.pre_vote = seed % 2 == 0;
        config.check_quorum = seed / 2 % 2 == 0;
        config.catch_up = seed / 4 % 2 == 0;
        config.priority_takeover = seed / 8 % 2 == 0;
        config.max_entries_per_message = seed / 16 % 2 == 0 ? 2 : 64;
        config.max_bytes_per_message = seed / 32 % 2 == 0 ? 50 : 100000;
        member_list_init(&c->nodes[id - 1], &config, id <= 3 ? "1 2 3" : "");
        harness_boot(&c->nodes[id - 1]);
    }
    return c;
}

void crowd_heal(struct crowd *c)
{
    c->faults = false;
    memset(c->side, 0, sizeof c->side);
    for (uint32_t i = 0; i < CROWD_SIZE; i++)
        if (c->nodes[i].raft == NULL)
            crowd_boot(c, i);
}

/* --- looking -------------------------------------------------------------- */

bool crowd_has_settled(const struct crowd *c, uint64_t at_least)
{
    uint32_t leader = crowd_leader(c), n;
    if (leader == CROWD_SIZE ||
        harness_view(&c->nodes[leader]).configuration.index >
            harness_view(&c->nodes[leader]).commit_index)
        return false;
    const struct raft_member *members = raft_members(c->nodes[leader].raft, &n);
    for (uint32_t k = 0; k < n; k++) {
        const struct harness *h = &c->nodes[members[k].id - 1];
        if (h->raft == NULL || h->applied < at_least ||
            (members[k].flags & RAFT_MEMBER_OLD_VOTER) != 0)
            return false;
    }
    return true;
}

void crowd_free(struct crowd *c)
{
    for (uint32_t i = 0; i < CROWD_SIZE; i++)
        harness_free(&c->nodes[i]);
    for (size_t k = 0; k < c->n_packets; k++)
        free(c->packets[k].letter.bytes);
    for (uint64_t k = 0; k < c->n_committed; k++)
        free((void *)(uintptr_t)c->committed[k].data);
    free(c->packets);
    free(c->committed);
    free(c);
}

uint32_t crowd_leader(const struct crowd *c)
{
    uint32_t leader = CROWD_SIZE;
    uint64_t latest = 0;
    for (uint32_t i = 0; i < CROWD_SIZE; i++) {
        if (c->nodes[i].raft == NULL)
            continue;
        struct raft_view v = harness_view(&c->nodes[i]);
        if (v.role == RAFT_LEADER && v.hard_state.current_term > latest) {
            latest = v.hard_state.current_term;
            leader = i;
        }
    }
    return leader;
}
