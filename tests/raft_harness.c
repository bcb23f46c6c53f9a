#include "tests/raft_harness_internal.h"

#undef NDEBUG
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* --- memory --------------------------------------------------------------- */

/* The size of a block is kept in front of it, to check the node's old_size. */
enum { BLOCK_HEADER = 16 };

static void *memory_resize(struct raft_allocator *self, void *block,
                           size_t old_size, size_t new_size)
{
    struct harness_memory *memory = (struct harness_memory *)self;
    uint8_t *old = block == NULL ? NULL : (uint8_t *)block - BLOCK_HEADER;
    size_t held = 0;
    if (old != NULL)
        memcpy(&held, old, sizeof held);
    assert(held == old_size);
    uint8_t *new = NULL;
    if (new_size > 0) {
        memory->n_requests++;
        if (memory->refuse_in > 0 && --memory->refuse_in == 0) {
            memory->refused = true;
            return NULL;
        }
        new = malloc(BLOCK_HEADER + new_size);
        assert(new != NULL);
        memset(new, 0xa5, BLOCK_HEADER + new_size);
        memcpy(new, &new_size, sizeof new_size);
        memory->n_blocks++;
        if (old != NULL)
            memcpy(new + BLOCK_HEADER, old + BLOCK_HEADER,
                   held < new_size ? held : new_size);
    }
    if (old != NULL) {
        memory->n_blocks--;
        free(old);
    }
    return new == NULL ? NULL : new + BLOCK_HEADER;
}

void harness_memory_init(struct harness_memory *memory)
{
    *memory = (struct harness_memory){.base = {.resize = memory_resize}};
}

/* --- the last answer ------------------------------------------------------ */

static void release(const void *block)
{
    free((void *)(uintptr_t)block);
}

static void free_write(const struct raft_write *write)
{
    harness__free_entries(write->entries, write->n_entries);
    if (write->has_snapshot)
        harness__free_snapshot(&write->snapshot);
}

static struct raft_write copy_write(const struct raft_write *write)
{
    struct raft_write copy = *write;
    copy.entries = harness__copy_entries(write->entries, write->n_entries);
    if (write->has_snapshot)
        copy.snapshot = harness__copy_snapshot(&write->snapshot);
    return copy;
}

static void forget_answer(struct harness *h)
{
    for (size_t i = 0; i < h->n_items; i++) {
        struct raft_output *item = &h->items[i];
        if (item->kind == RAFT_OUTPUT_WRITE)
            free_write(&item->write);
        else if (item->kind == RAFT_OUTPUT_APPLY)
            harness__free_entries(item->apply.entries, item->apply.n_entries);
        else if (item->kind == RAFT_OUTPUT_RESTORE)
            release(item->restore.image);
        else if (item->kind == RAFT_OUTPUT_SEND)
            release(item->send.bytes);
    }
    free(h->items);
    h->items = NULL;
    h->n_items = 0;
}

static void copy_answer(struct harness *h, const struct raft_outputs *outputs)
{
    h->items = harness__copy(outputs->items, outputs->count * sizeof *h->items);
    h->n_items = outputs->count;
    for (size_t i = 0; i < h->n_items; i++) {
        struct raft_output *item = &h->items[i];
        if (item->kind == RAFT_OUTPUT_WRITE)
            item->write = copy_write(&item->write);
        else if (item->kind == RAFT_OUTPUT_APPLY)
            item->apply.entries = harness__copy_entries(item->apply.entries,
                                                        item->apply.n_entries);
        else if (item->kind == RAFT_OUTPUT_RESTORE)
            item->restore.image =
                harness__copy(item->restore.image, item->restore.size);
        else if (item->kind == RAFT_OUTPUT_SEND)
            item->send.bytes = harness__copy(item->send.bytes, item->send.size);
    }
}

/* --- the host's side ------------------------------------------------------ */

static void post(struct harness *h, const struct raft_output *send)
{
    struct harness_letter letter = {
        .to = send->send.to,
        .after_write = send->send.after_write,
        .bytes = harness__copy(send->send.bytes, send->send.size),
        .size = send->send.size,
    };
    h->outbox = harness__grow(h->outbox, (h->n_outbox + 1) * sizeof *h->outbox);
    h->outbox[h->n_outbox++] = letter;
}

static void queue_write(struct harness *h, const struct raft_write *write)
{
    h->pending =
        harness__grow(h->pending, (h->n_pending + 1) * sizeof *h->pending);
    h->pending[h->n_pending++] = copy_write(write);
}

static void act_on_answer(struct harness *h)
{
    for (size_t i = 0; i < h->n_items; i++) {
        const struct raft_output *item = &h->items[i];
        if (item->kind == RAFT_OUTPUT_WRITE)
            queue_write(h, &item->write);
        else if (item->kind == RAFT_OUTPUT_SEND)
            post(h, item);
        else if (item->kind == RAFT_OUTPUT_TIMER)
            h->deadline_us = item->timer.deadline_us;
    }
}

enum raft_status harness_step(struct harness *h, const struct raft_input *input)
{
    struct raft_view before = harness_view(h);
    struct raft_outputs outputs;
    enum raft_status status = raft_step(h->raft, input, &outputs);
    forget_answer(h);
    if (status == RAFT_OK) {
        copy_answer(h, &outputs);
        h->now_us = input->now_us;
        harness__check_answer(h, input, &before);
        act_on_answer(h);
        return status;
    }
    assert(outputs.count == 0);
    harness__check_refusal(h, &before);
    return status;
}

static void give(struct harness *h, struct raft_input input)
{
    input.now_us = h->now_us;
    enum raft_status status = harness_step(h, &input);
    assert(status == RAFT_OK);
}

/* --- a bench's life ------------------------------------------------------- */

struct raft_config harness_config(raft_id id)
{
    return (struct raft_config){
        .id = id,
        .random_seed = id,
        .election_timeout_min_us = 150000,
        .election_timeout_max_us = 300000,
        .heartbeat_interval_us = 50000,
        .max_entries_per_message = 64,
        .max_bytes_per_message = 1u << 20,
        .max_inflight_messages = 8,
        .max_inflight_bytes = UINT64_C(1) << 30,
        .max_uncommitted_bytes = UINT64_C(1) << 30,
        .max_pending_reads = 64,
        .max_sessions = 64,
    };
}

void harness_init(struct harness *h, const struct raft_config *config,
                  uint32_t n_voters)
{
    struct raft_member voters[RAFT_MAX_MEMBERS];
    *h = (struct harness){.config = *config};
    harness_memory_init(&h->memory);
    harness__disk_put_snapshot(&h->durable, &h->durable.snapshot);
    for (uint32_t i = 0; i < n_voters; i++)
        voters[i] =
            (struct raft_member){.id = i + 1, .flags = RAFT_MEMBER_VOTER};
    if (n_voters > 0)
        harness_bootstrap(h, voters, n_voters);
}

void harness_bootstrap(struct harness *h, const struct raft_member *members,
                       uint32_t n_members)
{
    uint8_t *meta = malloc(raft_bootstrap_size(n_members));
    assert(meta != NULL);
    raft_bootstrap(members, n_members, meta);
    struct raft_snapshot snapshot = {
        .meta = meta, .meta_size = raft_bootstrap_size(n_members)};
    harness__disk_put_snapshot(&h->durable, &snapshot);
    free(meta);
}

void harness_preload_snapshot(struct harness *h, uint64_t term, uint64_t index,
                              const void *image, size_t size)
{
    struct raft_member members[RAFT_MAX_MEMBERS];
    uint8_t meta[HARNESS_META_SIZE(RAFT_MAX_MEMBERS)];
    uint32_t n = 0;
    struct raft_position place =
        harness__disk_members(&h->durable, 0, members, &n);
    struct raft_snapshot snapshot = {
        .position = {term, index}, .image = image, .image_size = size};
    snapshot.meta = meta;
    snapshot.meta_size =
        harness_meta(snapshot.position, place, members, n, meta);
    harness__disk_put_snapshot(&h->durable, &snapshot);
}

void harness_preload_entries(struct harness *h, uint64_t first_index,
                             const struct raft_entry *entries, uint64_t n)
{
    harness__disk_put_entries(&h->durable, first_index, entries, n);
}

void harness_preload(struct harness *h, uint64_t current_term, raft_id vote,
                     const uint64_t *terms, uint64_t n_terms)
{
    uint64_t before = h->durable.snapshot.position.index;
    size_t n = (size_t)n_terms;
    struct raft_entry *entries = malloc((n + 1) * sizeof *entries);
    uint8_t(*payloads)[8] = calloc(n + 1, sizeof *payloads);
    assert(entries != NULL && payloads != NULL);
    h->durable.hard_state = (struct raft_hard_state){current_term, vote};
    for (size_t i = 0; i < n; i++) {
        uint64_t index = before + 1 + i;
        payloads[i][0] = (uint8_t)terms[i];
        payloads[i][1] = (uint8_t)(terms[i] >> 8);
        payloads[i][2] = (uint8_t)index;
        payloads[i][3] = (uint8_t)(index >> 8);
        entries[i] = (struct raft_entry){.term = terms[i],
                                         .data = payloads[i],
                                         .size = sizeof *payloads,
                                         .kind = RAFT_ENTRY_COMMAND};
    }
    harness_preload_entries(h, before + 1, entries, n_terms);
    free(payloads);
    free(entries);
}

static void forget_snapshots(struct harness *h)
{
    for (size_t i = 0; i < h->n_snapshots; i++)
        harness__free_snapshot(&h->snapshots[i]);
    h->n_snapshots = 0;
}

/* What the contract is checked with, at the beginning of a life. */
static void begin_life(struct harness *h)
{
    harness__disk_load(&h->written, &h->durable);
    h->last_write = h->durable_write = h->hard_state_write = h->applied = 0;
    h->n_reads = h->n_sessions = h->n_sent = 0;
    h->n_members = 0;
    forget_snapshots(h);
    h->snapshots = harness__grow(h->snapshots, sizeof *h->snapshots);
    h->snapshots[0] = harness__copy_snapshot(&h->durable.snapshot);
    h->n_snapshots = 1;
}

void harness_boot(struct harness *h)
{
    struct raft_image image = {.hard_state = h->durable.hard_state,
                               .snapshot = h->durable.snapshot,
                               .first_index = h->durable.log.first_index,
                               .entries = h->durable.log.entries,
                               .n_entries = h->durable.log.count};
    begin_life(h);
    enum raft_status status =
        raft_new(&h->config, &image, &h->memory.base, &h->raft);
    assert(status == RAFT_OK);
    give(h, (struct raft_input){.kind = RAFT_INPUT_START});
    harness__check_start(h);
}

void harness_start(struct harness *h, const struct raft_config *config,
                   uint32_t n_voters)
{
    harness_init(h, config, n_voters);
    harness_boot(h);
}

void harness_persist(struct harness *h, uint64_t write_id)
{
    size_t n = 0;
    while (n < h->n_pending && h->pending[n].id <= write_id) {
        harness__disk_write(&h->durable, &h->pending[n], UINT64_MAX);
        h->durable_write = h->pending[n].id;
        free_write(&h->pending[n]);
        n++;
    }
    assert(n > 0);
    h->n_pending -= n;
    memmove(h->pending, h->pending + n, h->n_pending * sizeof *h->pending);
}

static void end_life(struct harness *h)
{
    raft_free(h->raft);
    h->raft = NULL;
    assert(h->memory.n_blocks == 0);
    forget_answer(h);
}

/* What of a write lies in the files that got so far. */
static struct raft_write part_of(const struct raft_write *write,
                                 bool has_hard_state, bool has_snapshot)
{
    struct raft_write part = *write;
    part.has_hard_state = write->has_hard_state && has_hard_state;
    part.has_snapshot = write->has_snapshot && has_snapshot;
    return part;
}

void harness_crash_apart(struct harness *h, struct harness_parts keep)
{
    assert(keep.n_snapshots <= keep.n_hard_states);
    end_life(h);
    for (size_t i = 0; i < h->n_pending; i++) {
        struct raft_write part = part_of(&h->pending[i], i < keep.n_hard_states,
                                         i < keep.n_snapshots);
        uint64_t others = (uint64_t)part.has_hard_state + part.has_snapshot;
        uint64_t changes = i < keep.n_snapshots ? keep.n_changes : 0;
        keep.n_changes -=
            harness__disk_write(&h->durable, &part, others + changes) - others;
        free_write(&h->pending[i]);
    }
    h->n_pending = 0;
    harness_clear_outbox(h);
}

void harness_crash(struct harness *h, uint64_t keep_parts)
{
    end_life(h);
    for (size_t i = 0; i < h->n_pending; i++) {
        keep_parts -=
            harness__disk_write(&h->durable, &h->pending[i], keep_parts);
        free_write(&h->pending[i]);
    }
    h->n_pending = 0;
    harness_clear_outbox(h);
}

void harness_free(struct harness *h)
{
    harness_crash(h, 0);
    harness__disk_free(&h->durable);
    harness__disk_free(&h->written);
    forget_snapshots(h);
    free(h->snapshots);
    free(h->reads);
    free(h->sessions);
    free(h->sent);
    free(h->pending);
    free(h->outbox);
}

/* --- inputs --------------------------------------------------------------- */

static uint64_t last_sequence(const struct harness *h, raft_id id)
{
    for (size_t i = 0; i < h->n_sent; i++)
        if (h->sent[i].to == id)
            return h->sent[i].sequence;
    return 0;
}

void harness_receive(struct harness *h, raft_id from,
                     const struct raft_message *message)
{
    struct raft_message m = *message;
    if (m.kind == RAFT_MESSAGE_APPEND_RESPONSE &&
        m.append_response.sequence == 0)
        m.append_response.sequence = last_sequence(h, from);
    if (m.kind == RAFT_MESSAGE_INSTALL_RESPONSE &&
        m.install_response.sequence == 0)
        m.install_response.sequence = last_sequence(h, from);
    uint8_t *bytes = malloc(raft_message_size(&m));
    assert(bytes != NULL);
    size_t size = raft_message_encode(&m, bytes);
    give(h, (struct raft_input){.kind = RAFT_INPUT_MESSAGE,
                                .message = {from, bytes, size}});
    free(bytes);
}

void harness_propose(struct harness *h, uint64_t tag, const char *command)
{
    harness_propose_in(h, tag, 0, 0, command);
}

void harness_propose_in(struct harness *h, uint64_t tag, uint64_t session,
                        uint64_t sequence, const char *command)
{
    give(h, (struct raft_input){.kind = RAFT_INPUT_PROPOSAL,
                                .proposal = {
                                    .tag = tag,
                                    .session = session,
                                    .sequence = sequence,
                                    .data = (const uint8_t *)command,
                                    .size = (uint32_t)strlen(command),
                                }});
}

void harness_session(struct harness *h, uint64_t tag)
{
    give(h, (struct raft_input){.kind = RAFT_INPUT_SESSION, .session = {tag}});
}

void harness_change(struct harness *h, uint64_t tag,
                    const struct raft_member *members, uint32_t n, bool joint)
{
    give(h, (struct raft_input){.kind = RAFT_INPUT_CHANGE,
                                .change = {tag, members, n, joint}});
}

void harness_transfer(struct harness *h, uint64_t tag, raft_id to)
{
    give(h, (struct raft_input){.kind = RAFT_INPUT_TRANSFER,
                                .transfer = {tag, to}});
}

void harness_read(struct harness *h, uint64_t tag, bool lease)
{
    give(h, (struct raft_input){.kind = RAFT_INPUT_READ, .read = {tag, lease}});
}

/* The meta is the library's, but what it says of the applied state is known. */
static void check_meta(const struct harness *h, const uint8_t *meta,
                       size_t size)
{
    struct raft_member told[RAFT_MAX_MEMBERS], members[RAFT_MAX_MEMBERS];
    uint32_t n_told = 0, n = 0;
    size_t n_sessions;
    struct harness_session *sessions =
        harness__meta_sessions(meta, size, &n_sessions);
    struct raft_position place = harness__meta_position(meta);
    harness__disk_members(&h->written, h->applied, members, &n);
    assert(place.index == h->applied);
    assert(place.term == harness__disk_term(&h->written, h->applied));
    assert(raft_meta_members(meta, size, told, &n_told));
    assert(n_told == n);
    for (uint32_t i = 0; i < n; i++)
        assert(told[i].id == members[i].id &&
               told[i].flags == members[i].flags &&
               told[i].priority == members[i].priority);
    assert(n_sessions == h->n_sessions);
    for (size_t i = 0; i < n_sessions; i++)
        assert(sessions[i].name == h->sessions[i].name &&
               sessions[i].sequence == h->sessions[i].sequence &&
               sessions[i].used == h->sessions[i].used);
    free(sessions);
}

void harness_snapshot(struct harness *h, const void *image, size_t size,
                      uint64_t keep_from)
{
    size_t meta_size = raft_meta_size(h->raft);
    uint8_t *meta = malloc(meta_size > 0 ? meta_size : 1);
    assert(meta != NULL);
    raft_meta(h->raft, meta);
    if (h->written.snapshot_write <= h->durable_write)
        check_meta(h, meta, meta_size);
    give(h, (struct raft_input){.kind = RAFT_INPUT_SNAPSHOT,
                                .snapshot = {.index = h->applied,
                                             .meta = meta,
                                             .meta_size = meta_size,
                                             .keep_from = keep_from,
                                             .image = image,
                                             .size = size}});
    free(meta);
}

void harness_timer(struct harness *h)
{
    if (h->now_us < h->deadline_us)
        h->now_us = h->deadline_us;
    give(h, (struct raft_input){.kind = RAFT_INPUT_TIMER});
    assert(h->deadline_us > h->now_us); /* no node falls asleep for ever */
}

void harness_written_to(struct harness *h, uint64_t write_id)
{
    harness_persist(h, write_id);
    give(h, (struct raft_input){.kind = RAFT_INPUT_WRITTEN,
                                .written = {.write_id = write_id}});
}

void harness_written(struct harness *h)
{
    while (h->n_pending > 0)
        harness_written_to(h, h->last_write);
}

/* --- longer ways ---------------------------------------------------------- */

/* The other voters answer, as long as the node asks in this role. */
static void vote(struct harness *h, enum raft_role role,
                 const struct raft_message *yes)
{
    struct raft_member members[RAFT_MAX_MEMBERS];
    uint32_t n;
    const struct raft_member *in_force = raft_members(h->raft, &n);
    memcpy(members, in_force, n * sizeof *members);
    for (uint32_t i = 0; i < n; i++)
        if (members[i].id != h->config.id &&
            (members[i].flags & (RAFT_MEMBER_VOTER | RAFT_MEMBER_OLD_VOTER)) &&
            harness_view(h).role == role)
            harness_receive(h, members[i].id, yes);
}

void harness_campaign(struct harness *h)
{
    uint64_t first = harness_view(h).hard_state.current_term;
    for (int tries = 0; true; tries++) {
        assert(tries < 10); /* it campaigns before long */
        harness_timer(h);
        if (harness_view(h).role == RAFT_PRE_CANDIDATE) {
            struct raft_message yes = harness_pre_vote_response(
                harness_view(h).hard_state.current_term + 1, true);
            vote(h, RAFT_PRE_CANDIDATE, &yes);
        }
        harness_written(h);
        if (harness_view(h).hard_state.current_term > first)
            return;
    }
}

void harness_elect(struct harness *h)
{
    harness_campaign(h);
    struct raft_message yes =
        harness_vote_response(harness_view(h).hard_state.current_term, true);
    vote(h, RAFT_CANDIDATE, &yes);
    assert(harness_view(h).role == RAFT_LEADER);
}

static void deliver(struct harness *to, raft_id from,
                    const struct harness_letter *letter)
{
    if (to != NULL && to->raft != NULL)
        give(to, (struct raft_input){
                     .kind = RAFT_INPUT_MESSAGE,
                     .message = {from, letter->bytes, letter->size}});
}

void harness_exchange(struct harness **nodes, size_t n_nodes)
{
    bool moved = true;
    for (int round = 0; moved; round++) {
        assert(round < 100000);
        moved = false;
        for (size_t i = 0; i < n_nodes; i++) {
            struct harness_letter letter;
            if (nodes[i] == NULL || nodes[i]->raft == NULL)
                continue;
            harness_written(nodes[i]);
            if (!harness_take(nodes[i], &letter))
                continue;
            moved = true;
            if (letter.to <= n_nodes)
                deliver(nodes[letter.to - 1], i + 1, &letter);
            free(letter.bytes);
        }
    }
}

/* --- looking -------------------------------------------------------------- */

struct raft_progress harness_progress(const struct harness *h, raft_id id)
{
    struct raft_progress progress;
    bool known = raft_follow(h->raft, id, &progress);
    assert(known);
    return progress;
}

bool harness_was_rejected(const struct harness *h, enum raft_reason reason)
{
    for (size_t i = 0; i < h->n_items; i++)
        if (h->items[i].kind == RAFT_OUTPUT_REJECTED &&
            h->items[i].rejected.reason == reason)
            return true;
    return false;
}

struct raft_view harness_view(const struct harness *h)
{
    struct raft_view view;
    raft_inspect(h->raft, &view);
    return view;
}

const struct raft_output *harness_output(const struct harness *h,
                                         enum raft_output_kind kind)
{
    for (size_t i = 0; i < h->n_items; i++)
        if (h->items[i].kind == kind)
            return &h->items[i];
    return NULL;
}

size_t harness_count(const struct harness *h, enum raft_output_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < h->n_items; i++)
        n += h->items[i].kind == kind;
    return n;
}

static bool is_letter(const struct raft_output *item, raft_id to,
                      enum raft_message_kind kind, struct raft_message *message)
{
    return item->kind == RAFT_OUTPUT_SEND &&
           (to == RAFT_NONE || item->send.to == to) &&
           raft_message_decode(item->send.bytes, item->send.size, message) &&
           message->kind == kind;
}

const struct raft_output *harness_sent(const struct harness *h, raft_id to,
                                       enum raft_message_kind kind,
                                       struct raft_message *message)
{
    for (size_t i = 0; i < h->n_items; i++)
        if (is_letter(&h->items[i], to, kind, message))
            return &h->items[i];
    return NULL;
}

size_t harness_sent_count(const struct harness *h, raft_id to,
                          enum raft_message_kind kind)
{
    struct raft_message message;
    size_t n = 0;
    for (size_t i = 0; i < h->n_items; i++)
        n += is_letter(&h->items[i], to, kind, &message);
    return n;
}

bool harness_take(struct harness *h, struct harness_letter *letter)
{
    for (size_t i = 0; i < h->n_outbox; i++) {
        if (h->outbox[i].after_write > h->durable_write)
            continue;
        *letter = h->outbox[i];
        h->n_outbox--;
        memmove(&h->outbox[i], &h->outbox[i + 1],
                (h->n_outbox - i) * sizeof *h->outbox);
        return true;
    }
    return false;
}

void harness_clear_outbox(struct harness *h)
{
    for (size_t i = 0; i < h->n_outbox; i++)
        free(h->outbox[i].bytes);
    h->n_outbox = 0;
}
