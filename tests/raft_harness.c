#include "tests/raft_harness.h"

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

static void *copy_bytes(const void *bytes, size_t size)
{
    void *copy = malloc(size > 0 ? size : 1);
    assert(copy != NULL);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

static void *grow(void *block, size_t size)
{
    void *new = realloc(block, size);
    assert(new != NULL);
    return new;
}

/* --- entries and logs ----------------------------------------------------- */

bool harness_same_entry(const struct raft_entry *a, const struct raft_entry *b)
{
    return a->term == b->term && a->kind == b->kind && a->size == b->size &&
           (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

static struct raft_entry copy_entry(const struct raft_entry *entry)
{
    struct raft_entry copy = *entry;
    assert((entry->size == 0) == (entry->data == NULL));
    copy.data = entry->size == 0 ? NULL : copy_bytes(entry->data, entry->size);
    return copy;
}

static struct raft_entry *copy_entries(const struct raft_entry *entries,
                                       uint32_t n_entries)
{
    struct raft_entry *copy = malloc((n_entries + (size_t)1) * sizeof *copy);
    assert(copy != NULL);
    for (uint32_t i = 0; i < n_entries; i++)
        copy[i] = copy_entry(&entries[i]);
    return copy;
}

static void free_entries(const struct raft_entry *entries, uint32_t n_entries)
{
    for (uint32_t i = 0; i < n_entries; i++)
        free((void *)(uintptr_t)entries[i].data);
    free((void *)(uintptr_t)entries);
}

static void log_append(struct harness_log *log, const struct raft_entry *entry,
                       uint64_t write_id)
{
    if (log->count == log->capacity) {
        log->capacity = 2 * log->capacity + 16;
        log->entries = grow(log->entries, log->capacity * sizeof *log->entries);
        log->write_ids =
            grow(log->write_ids, log->capacity * sizeof *log->write_ids);
    }
    log->entries[log->count] = copy_entry(entry);
    log->write_ids[log->count] = write_id;
    log->count++;
}

static void log_truncate(struct harness_log *log, uint64_t count)
{
    while (log->count > count)
        free((void *)(uintptr_t)log->entries[--log->count].data);
}

static void log_free(struct harness_log *log)
{
    log_truncate(log, 0);
    free(log->entries);
    free(log->write_ids);
    *log = (struct harness_log){0};
}

/* --- the node's side of the contract -------------------------------------- */

static bool same_view(const struct raft_view *a, const struct raft_view *b)
{
    return a->id == b->id && a->role == b->role &&
           a->hard_state.current_term == b->hard_state.current_term &&
           a->hard_state.voted_for == b->hard_state.voted_for &&
           a->leader == b->leader && a->last.term == b->last.term &&
           a->last.index == b->last.index &&
           a->durable_index == b->durable_index &&
           a->commit_index == b->commit_index &&
           a->last_applied == b->last_applied;
}

/* Once this write is durable, is that one? */
static bool covered(const struct harness *h, uint64_t write_id, uint64_t after)
{
    return write_id <= after || write_id <= h->durable_write;
}

static void check_write(struct harness *h, const struct raft_write *write,
                        const struct raft_view *before)
{
    assert(write->id == h->last_write + 1);
    assert(write->has_hard_state || write->truncate_from > 0 ||
           write->n_entries > 0);
    h->last_write = write->id;
    if (write->has_hard_state) {
        h->written_hard_state = write->hard_state;
        h->hard_state_write = write->id;
    }
    if (write->truncate_from > 0) {
        assert(write->truncate_from <= h->written.count);
        assert(h->forged || write->truncate_from > before->commit_index);
        assert(write->truncate_from > h->applied);
        log_truncate(&h->written, write->truncate_from - 1);
    }
    if (write->n_entries > 0)
        assert(write->first_index == h->written.count + 1);
    for (uint32_t i = 0; i < write->n_entries; i++)
        log_append(&h->written, &write->entries[i], write->id);
}

static void check_append_request(const struct harness *h, uint64_t after_write,
                                 const struct raft_message *message,
                                 const struct raft_view *now)
{
    struct raft_position prev = message->append_request.prev;
    struct raft_entry_cursor cursor = message->append_request.cursor;
    struct raft_entry entry;
    uint64_t index = prev.index;
    uint64_t n_bytes = 0;
    assert(now->role == RAFT_LEADER);
    assert(after_write == 0); /* dissertation, 10.2.1 */
    assert(prev.index <= h->written.count);
    assert(prev.index == 0 ||
           prev.term == h->written.entries[prev.index - 1].term);
    assert(message->append_request.leader_commit <= now->commit_index);
    while (raft_entry_cursor_next(&cursor, &entry)) {
        index++;
        assert(index <= h->written.count);
        assert(harness_same_entry(&entry, &h->written.entries[index - 1]));
        n_bytes += entry.size;
    }
    assert(index - prev.index == message->append_request.n_entries);
    assert(index - prev.index <= h->config.max_entries_per_message);
    assert(n_bytes <= h->config.max_bytes_per_message ||
           index - prev.index == 1);
}

static void check_send(const struct harness *h, const struct raft_output *send,
                       const struct raft_view *now)
{
    struct raft_message m;
    uint64_t after = send->send.after_write;
    bool member = false;
    for (uint32_t i = 0; i < h->config.n_voters; i++)
        member = member || h->config.voters[i] == send->send.to;
    assert(member || h->forged);
    assert(send->send.to != h->config.id);
    assert(after <= h->last_write);
    assert(raft_message_decode(send->send.bytes, send->send.size, &m));
    switch (m.kind) {
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
        assert(h->config.pre_vote);
        assert(now->role == RAFT_PRE_CANDIDATE);
        assert(m.term == now->hard_state.current_term + 1);
        assert(raft_position_compare(m.vote_request.last, now->last) == 0);
        break;
    case RAFT_MESSAGE_VOTE_REQUEST:
        assert(now->role == RAFT_CANDIDATE);
        assert(m.term == now->hard_state.current_term);
        assert(raft_position_compare(m.vote_request.last, now->last) == 0);
        assert(now->hard_state.voted_for == h->config.id);
        assert(covered(h, h->hard_state_write, after));
        break;
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
        assert(m.vote_response.granted ||
               m.term == now->hard_state.current_term);
        break;
    case RAFT_MESSAGE_VOTE_RESPONSE:
        assert(m.term == now->hard_state.current_term);
        if (m.vote_response.granted) {
            assert(now->hard_state.voted_for == send->send.to);
            assert(covered(h, h->hard_state_write, after));
        }
        break;
    case RAFT_MESSAGE_APPEND_REQUEST:
        assert(m.term == now->hard_state.current_term);
        check_append_request(h, after, &m, now);
        break;
    case RAFT_MESSAGE_APPEND_RESPONSE:
        assert(m.term == now->hard_state.current_term);
        if (m.append_response.success && m.append_response.match_index > 0) {
            uint64_t match = m.append_response.match_index;
            assert(match <= h->written.count);
            assert(covered(h, h->written.write_ids[match - 1], after));
        }
        break;
    }
}

static void check_apply(struct harness *h, const struct raft_output *apply,
                        const struct raft_view *now)
{
    assert(apply->apply.n_entries > 0);
    assert(apply->apply.first_index == h->applied + 1);
    for (uint32_t i = 0; i < apply->apply.n_entries; i++) {
        h->applied++;
        assert(h->applied <= now->commit_index);
        assert(h->applied <= now->durable_index);
        assert(harness_same_entry(&apply->apply.entries[i],
                                  &h->written.entries[h->applied - 1]));
    }
}

/* What holds between any two states of one life (paper, Figures 2 and 3). */
static void check_change(const struct harness *h, const struct raft_view *a,
                         const struct raft_view *b)
{
    struct raft_hard_state old = a->hard_state, new = b->hard_state;
    assert(new.current_term >= old.current_term);
    if (new.current_term == old.current_term && old.voted_for != RAFT_NONE)
        assert(new.voted_for == old.voted_for);
    assert(new.current_term == h->written_hard_state.current_term);
    assert(new.voted_for == h->written_hard_state.voted_for);
    assert(b->commit_index >= a->commit_index);
    assert(b->commit_index <= b->last.index);
    assert(b->last_applied == h->applied);
    assert(b->last.index == h->written.count);
    if (a->role == RAFT_LEADER && b->role == RAFT_LEADER &&
        old.current_term == new.current_term) {
        assert(b->last.index >= a->last.index);
        assert(h->n_items == 0 || h->items[0].kind != RAFT_OUTPUT_WRITE ||
               h->items[0].write.truncate_from == 0);
    }
    if (b->role == RAFT_LEADER)
        assert(b->leader == h->config.id);
    if (b->role == RAFT_CANDIDATE)
        assert(new.voted_for == h->config.id);
    uint64_t durable = 0;
    while (durable < h->written.count &&
           h->written.write_ids[durable] <= h->durable_write)
        durable++;
    assert(b->durable_index == durable);
}

static void check_log(const struct harness *h)
{
    uint64_t term = 0;
    for (uint64_t index = 1; index <= h->written.count; index++) {
        const struct raft_entry *entry = raft_entry_at(h->raft, index);
        assert(entry != NULL);
        assert(harness_same_entry(entry, &h->written.entries[index - 1]));
        assert(entry->term >= term);
        term = entry->term;
    }
    assert(term <= h->written_hard_state.current_term);
    assert(raft_entry_at(h->raft, 0) == NULL);
    assert(raft_entry_at(h->raft, h->written.count + 1) == NULL);
    assert(harness_view(h).last.term == term);
}

/* --- the host's side ------------------------------------------------------ */

static void forget_answer(struct harness *h)
{
    for (size_t i = 0; i < h->n_items; i++) {
        struct raft_output *item = &h->items[i];
        if (item->kind == RAFT_OUTPUT_WRITE)
            free_entries(item->write.entries, item->write.n_entries);
        else if (item->kind == RAFT_OUTPUT_APPLY)
            free_entries(item->apply.entries, item->apply.n_entries);
        else if (item->kind == RAFT_OUTPUT_SEND)
            free((void *)(uintptr_t)item->send.bytes);
    }
    free(h->items);
    h->items = NULL;
    h->n_items = 0;
}

static void copy_answer(struct harness *h, const struct raft_outputs *outputs)
{
    h->items = copy_bytes(outputs->items, outputs->count * sizeof *h->items);
    h->n_items = outputs->count;
    for (size_t i = 0; i < h->n_items; i++) {
        struct raft_output *item = &h->items[i];
        if (item->kind == RAFT_OUTPUT_WRITE)
            item->write.entries =
                copy_entries(item->write.entries, item->write.n_entries);
        else if (item->kind == RAFT_OUTPUT_APPLY)
            item->apply.entries =
                copy_entries(item->apply.entries, item->apply.n_entries);
        else if (item->kind == RAFT_OUTPUT_SEND)
            item->send.bytes = copy_bytes(item->send.bytes, item->send.size);
    }
}

static void post(struct harness *h, const struct raft_output *send)
{
    struct harness_letter letter = {
        .to = send->send.to,
        .after_write = send->send.after_write,
        .bytes = copy_bytes(send->send.bytes, send->send.size),
        .size = send->send.size,
    };
    h->outbox = grow(h->outbox, (h->n_outbox + 1) * sizeof *h->outbox);
    h->outbox[h->n_outbox++] = letter;
}

static void queue_write(struct harness *h, const struct raft_write *write)
{
    struct raft_write copy = *write;
    copy.entries = copy_entries(write->entries, write->n_entries);
    h->pending = grow(h->pending, (h->n_pending + 1) * sizeof *h->pending);
    h->pending[h->n_pending++] = copy;
}

static void take_answer(struct harness *h, const struct raft_view *before)
{
    struct raft_view now = harness_view(h);
    for (size_t i = 0; i < h->n_items; i++) {
        const struct raft_output *item = &h->items[i];
        switch (item->kind) {
        case RAFT_OUTPUT_WRITE:
            assert(i == 0); /* at most one, before everything else */
            check_write(h, &item->write, before);
            queue_write(h, &item->write);
            break;
        case RAFT_OUTPUT_SEND:
            check_send(h, item, &now);
            post(h, item);
            break;
        case RAFT_OUTPUT_TIMER:
            assert(item->timer.deadline_us >= h->now_us);
            h->deadline_us = item->timer.deadline_us;
            break;
        case RAFT_OUTPUT_ACCEPTED:
            assert(now.role == RAFT_LEADER);
            assert(raft_position_compare(item->accepted.position, now.last) ==
                   0);
            break;
        case RAFT_OUTPUT_REJECTED:
            assert(now.role != RAFT_LEADER);
            assert(item->rejected.leader == now.leader);
            break;
        case RAFT_OUTPUT_APPLY:
            check_apply(h, item, &now);
            break;
        }
    }
    check_change(h, before, &now);
    if (h->n_items > 0 && h->items[0].kind == RAFT_OUTPUT_WRITE)
        check_log(h);
}

enum raft_status harness_step(struct harness *h, const struct raft_input *input)
{
    struct raft_view before = harness_view(h);
    struct raft_outputs outputs;
    enum raft_status status = raft_step(h->raft, input, &outputs);
    struct raft_view after;
    forget_answer(h);
    if (status == RAFT_OK) {
        copy_answer(h, &outputs);
        h->now_us = input->now_us;
        take_answer(h, &before);
        return status;
    }
    assert(outputs.count == 0);
    after = harness_view(h);
    assert(same_view(&before, &after));
    return status;
}

/* --- a life --------------------------------------------------------------- */

struct raft_config harness_config(raft_id id, uint32_t n_voters)
{
    static const raft_id voters[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    assert(n_voters <= 9);
    return (struct raft_config){
        .id = id,
        .voters = voters,
        .n_voters = n_voters,
        .random_seed = id,
        .election_timeout_min_us = 150000,
        .election_timeout_max_us = 300000,
        .heartbeat_interval_us = 50000,
        .max_entries_per_message = 64,
        .max_bytes_per_message = 1u << 20,
        .max_inflight_messages = 8,
    };
}

void harness_init(struct harness *h, const struct raft_config *config)
{
    *h = (struct harness){.config = *config};
    memcpy(h->voters, config->voters, config->n_voters * sizeof *h->voters);
    h->config.voters = h->voters;
    harness_memory_init(&h->memory);
}

void harness_preload(struct harness *h, uint64_t current_term, raft_id vote,
                     const uint64_t *terms, uint64_t n_terms)
{
    h->durable_hard_state = (struct raft_hard_state){current_term, vote};
    log_truncate(&h->durable, 0);
    for (uint64_t i = 0; i < n_terms; i++) {
        uint8_t payload[8] = {(uint8_t)terms[i], (uint8_t)(terms[i] >> 8),
                              (uint8_t)(i + 1), (uint8_t)((i + 1) >> 8)};
        struct raft_entry entry = {.term = terms[i],
                                   .data = payload,
                                   .size = sizeof payload,
                                   .kind = RAFT_ENTRY_COMMAND};
        log_append(&h->durable, &entry, 0);
    }
}

void harness_boot(struct harness *h)
{
    struct raft_image image = {.hard_state = h->durable_hard_state,
                               .entries = h->durable.entries,
                               .n_entries = h->durable.count};
    struct raft_input start = {.kind = RAFT_INPUT_START, .now_us = h->now_us};
    h->written_hard_state = h->durable_hard_state;
    log_truncate(&h->written, 0);
    for (uint64_t i = 0; i < h->durable.count; i++)
        log_append(&h->written, &h->durable.entries[i], 0);
    h->last_write = h->durable_write = h->hard_state_write = h->applied = 0;
    enum raft_status status =
        raft_new(&h->config, &image, &h->memory.base, &h->raft);
    assert(status == RAFT_OK);
    status = harness_step(h, &start);
    assert(status == RAFT_OK);
    check_log(h);
}

void harness_start(struct harness *h, const struct raft_config *config)
{
    harness_init(h, config);
    harness_boot(h);
}

void harness_receive(struct harness *h, raft_id from,
                     const struct raft_message *message)
{
    uint8_t *bytes = malloc(raft_message_size(message));
    assert(bytes != NULL);
    size_t size = raft_message_encode(message, bytes);
    struct raft_input input = {
        .kind = RAFT_INPUT_MESSAGE,
        .now_us = h->now_us,
        .message = {.from = from, .bytes = bytes, .size = size}};
    enum raft_status status = harness_step(h, &input);
    free(bytes);
    assert(status == RAFT_OK);
}

void harness_propose(struct harness *h, uint64_t tag, const char *command)
{
    struct raft_input input = {.kind = RAFT_INPUT_PROPOSAL,
                               .now_us = h->now_us,
                               .proposal = {
                                   .tag = tag,
                                   .data = (const uint8_t *)command,
                                   .size = (uint32_t)strlen(command),
                               }};
    enum raft_status status = harness_step(h, &input);
    assert(status == RAFT_OK);
    assert(harness_count(h, RAFT_OUTPUT_ACCEPTED) +
               harness_count(h, RAFT_OUTPUT_REJECTED) ==
           1);
}

void harness_timer(struct harness *h)
{
    struct raft_input input = {.kind = RAFT_INPUT_TIMER};
    if (h->now_us < h->deadline_us)
        h->now_us = h->deadline_us;
    input.now_us = h->now_us;
    enum raft_status status = harness_step(h, &input);
    assert(status == RAFT_OK);
    assert(h->deadline_us > h->now_us); /* no node falls asleep for ever */
}

/* Makes at most `n_parts` parts of the write durable; returns how many. */
static uint64_t persist(struct harness *h, const struct raft_write *write,
                        uint64_t n_parts)
{
    uint64_t done = 0;
    if (write->has_hard_state && done < n_parts) {
        h->durable_hard_state = write->hard_state;
        done++;
    }
    if (write->truncate_from > 0 && done < n_parts) {
        log_truncate(&h->durable, write->truncate_from - 1);
        done++;
    }
    for (uint32_t i = 0; i < write->n_entries && done < n_parts; i++, done++)
        log_append(&h->durable, &write->entries[i], write->id);
    return done;
}

void harness_persist(struct harness *h, uint64_t write_id)
{
    size_t n = 0;
    while (n < h->n_pending && h->pending[n].id <= write_id) {
        persist(h, &h->pending[n], UINT64_MAX);
        h->durable_write = h->pending[n].id;
        free_entries(h->pending[n].entries, h->pending[n].n_entries);
        n++;
    }
    assert(n > 0);
    h->n_pending -= n;
    memmove(h->pending, h->pending + n, h->n_pending * sizeof *h->pending);
}

void harness_written_to(struct harness *h, uint64_t write_id)
{
    struct raft_input input = {.kind = RAFT_INPUT_WRITTEN,
                               .now_us = h->now_us,
                               .written = {.write_id = write_id}};
    harness_persist(h, write_id);
    enum raft_status status = harness_step(h, &input);
    assert(status == RAFT_OK);
}

void harness_written(struct harness *h)
{
    while (h->n_pending > 0)
        harness_written_to(h, h->last_write);
}

void harness_crash(struct harness *h, uint64_t keep_parts)
{
    raft_free(h->raft);
    h->raft = NULL;
    assert(h->memory.n_blocks == 0);
    forget_answer(h);
    for (size_t i = 0; i < h->n_pending; i++) {
        keep_parts -= persist(h, &h->pending[i], keep_parts);
        free_entries(h->pending[i].entries, h->pending[i].n_entries);
    }
    h->n_pending = 0;
    harness_clear_outbox(h);
}

void harness_free(struct harness *h)
{
    harness_crash(h, 0);
    log_free(&h->durable);
    log_free(&h->written);
    free(h->pending);
    free(h->outbox);
}

/* --- longer ways ---------------------------------------------------------- */

void harness_campaign(struct harness *h)
{
    uint64_t first = harness_view(h).hard_state.current_term;
    for (int tries = 0; true; tries++) {
        assert(tries < 10); /* it campaigns before long */
        harness_timer(h);
        if (harness_view(h).role == RAFT_PRE_CANDIDATE) {
            struct raft_message yes = harness_pre_vote_response(
                harness_view(h).hard_state.current_term + 1, true);
            for (uint32_t i = 0; i < h->config.n_voters; i++)
                if (h->voters[i] != h->config.id &&
                    harness_view(h).role == RAFT_PRE_CANDIDATE)
                    harness_receive(h, h->voters[i], &yes);
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
    for (uint32_t i = 0; i < h->config.n_voters; i++)
        if (h->voters[i] != h->config.id &&
            harness_view(h).role == RAFT_CANDIDATE)
            harness_receive(h, h->voters[i], &yes);
    assert(harness_view(h).role == RAFT_LEADER);
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
            struct harness *to =
                letter.to <= n_nodes ? nodes[letter.to - 1] : NULL;
            if (to != NULL && to->raft != NULL) {
                struct raft_input input = {
                    .kind = RAFT_INPUT_MESSAGE,
                    .now_us = to->now_us,
                    .message = {i + 1, letter.bytes, letter.size}};
                enum raft_status status = harness_step(to, &input);
                assert(status == RAFT_OK);
            }
            free(letter.bytes);
        }
    }
}

/* --- looking -------------------------------------------------------------- */

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

/* --- messages ------------------------------------------------------------- */

struct raft_message harness_vote_request(uint64_t term, uint64_t last_term,
                                         uint64_t last_index)
{
    return (struct raft_message){.kind = RAFT_MESSAGE_VOTE_REQUEST,
                                 .term = term,
                                 .vote_request = {{last_term, last_index}}};
}

struct raft_message harness_pre_vote_request(uint64_t term, uint64_t last_term,
                                             uint64_t last_index)
{
    return (struct raft_message){.kind = RAFT_MESSAGE_PRE_VOTE_REQUEST,
                                 .term = term,
                                 .vote_request = {{last_term, last_index}}};
}

struct raft_message harness_vote_response(uint64_t term, bool granted)
{
    return (struct raft_message){.kind = RAFT_MESSAGE_VOTE_RESPONSE,
                                 .term = term,
                                 .vote_response = {granted}};
}

struct raft_message harness_pre_vote_response(uint64_t term, bool granted)
{
    return (struct raft_message){.kind = RAFT_MESSAGE_PRE_VOTE_RESPONSE,
                                 .term = term,
                                 .vote_response = {granted}};
}

struct raft_message harness_append(uint64_t term, uint64_t prev_term,
                                   uint64_t prev_index, uint64_t leader_commit,
                                   const struct raft_entry *entries,
                                   uint32_t n_entries)
{
    return (struct raft_message){
        .kind = RAFT_MESSAGE_APPEND_REQUEST,
        .term = term,
        .append_request = {.prev = {prev_term, prev_index},
                           .leader_commit = leader_commit,
                           .n_entries = n_entries,
                           .entries = entries}};
}

struct raft_message harness_append_success(uint64_t term, uint64_t match_index)
{
    return (struct raft_message){
        .kind = RAFT_MESSAGE_APPEND_RESPONSE,
        .term = term,
        .append_response = {.success = true, .match_index = match_index}};
}

struct raft_message harness_append_failure(uint64_t term, uint64_t rejected,
                                           uint64_t conflict_term,
                                           uint64_t conflict_index)
{
    return (struct raft_message){
        .kind = RAFT_MESSAGE_APPEND_RESPONSE,
        .term = term,
        .append_response = {.rejected = rejected,
                            .conflict = {conflict_term, conflict_index}}};
}
