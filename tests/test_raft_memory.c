/* Memory, from the contract in raft/raft.h: when the allocator refuses,
 * whichever request it refuses, nothing changes, the same input given again
 * succeeds, and nothing leaks.
 *
 * A script of inputs leads a node through all its roles. For every step of the
 * script and every k, a fresh node is led to that step and refused its k-th
 * request in it. A twin that was never refused says what the answers must be,
 * there and to the end of the script. A node may also go on without the memory
 * to send: then messages are missing, as if the network had lost them, and
 * nothing else is.
 */
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_STEPS = 64, N_ENTRIES = 40 };

enum action { RECEIVE, TIMER, WRITTEN, PROPOSE };

struct step {
    enum action action;
    raft_id from;
    struct raft_message message;
    uint32_t size;
};

struct script {
    struct raft_entry old[N_ENTRIES];
    struct raft_entry newer[1];
    struct raft_entry newest[1];
    uint8_t payload[20000];
    struct step steps[MAX_STEPS];
    size_t count;
};

static void add(struct script *s, enum action action, uint32_t size)
{
    cr_assert_lt(s->count, MAX_STEPS);
    s->steps[s->count++] = (struct step){.action = action, .size = size};
}

static void receive(struct script *s, raft_id from, struct raft_message message)
{
    add(s, RECEIVE, 0);
    s->steps[s->count - 1].from = from;
    s->steps[s->count - 1].message = message;
}

static void write_script(struct script *s)
{
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < N_ENTRIES; i++)
        s->old[i] = (struct raft_entry){2, s->payload, 700, RAFT_ENTRY_COMMAND};
    s->newer[0] = (struct raft_entry){3, NULL, 0, RAFT_ENTRY_NOOP};
    s->newest[0] = (struct raft_entry){5, NULL, 0, RAFT_ENTRY_NOOP};
    /* it votes, follows, and is overruled by the leader of term 3 */
    receive(s, 2, harness_vote_request(1, 0, 0));
    receive(s, 2, harness_append(2, 0, 0, 0, s->old, N_ENTRIES));
    add(s, WRITTEN, 0);
    receive(s, 2, harness_append(2, 2, 40, 10, s->old, N_ENTRIES));
    receive(s, 3, harness_append(3, 2, 35, 30, s->newer, 1));
    add(s, WRITTEN, 0);
    receive(s, 3, harness_append(3, 3, 99, 30, NULL, 0));
    receive(s, 2, harness_pre_vote_request(9, 9, 9));
    /* it campaigns and wins */
    add(s, PROPOSE, 10);
    add(s, TIMER, 0);
    receive(s, 3, harness_pre_vote_response(4, true));
    add(s, WRITTEN, 0);
    receive(s, 2, harness_vote_response(4, true));
    add(s, WRITTEN, 0);
    /* it replicates: to one that follows, and to one that lags */
    receive(s, 2, harness_append_success(4, 37));
    receive(s, 3, harness_append_failure(4, 36, 0, 1));
    for (uint32_t i = 0; i < 20; i++) {
        add(s, PROPOSE, i * 997);
        if (i % 5 == 4)
            add(s, WRITTEN, 0);
    }
    receive(s, 2, harness_append_success(4, 45));
    add(s, TIMER, 0);
    receive(s, 3, harness_append_success(4, 36));
    add(s, TIMER, 0);
    for (uint32_t i = 0; i < 10; i++)
        add(s, PROPOSE, 1);
    /* it is deposed */
    receive(s, 3, harness_append(5, 4, 45, 45, s->newest, 1));
    add(s, WRITTEN, 0);
}

/* Prepares step `i`: from here on giving it is one call of harness_step(). The
 * bytes of a message are the caller's to free. */
static struct raft_input prepare(struct harness *h, const struct script *s,
                                 size_t i, uint8_t **bytes)
{
    const struct step *step = &s->steps[i];
    struct raft_input input = {.now_us = h->now_us};
    *bytes = NULL;
    switch (step->action) {
    case RECEIVE:
        *bytes = malloc(raft_message_size(&step->message));
        cr_assert_not_null(*bytes);
        input.kind = RAFT_INPUT_MESSAGE;
        input.message.from = step->from;
        input.message.bytes = *bytes;
        input.message.size = raft_message_encode(&step->message, *bytes);
        break;
    case TIMER:
        input.kind = RAFT_INPUT_TIMER;
        input.now_us = h->deadline_us;
        break;
    case WRITTEN:
        harness_persist(h, h->last_write);
        input.kind = RAFT_INPUT_WRITTEN;
        input.written.write_id = h->last_write;
        break;
    case PROPOSE:
        input.kind = RAFT_INPUT_PROPOSAL;
        input.proposal.tag = i;
        input.proposal.data = step->size > 0 ? s->payload : NULL;
        input.proposal.size = step->size;
        break;
    }
    return input;
}

/* --- answers, folded to numbers ------------------------------------------- */

static void fold(uint64_t *hash, uint64_t value)
{
    *hash = (*hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    *hash ^= *hash >> 29;
}

static void fold_bytes(uint64_t *hash, const uint8_t *bytes, size_t size)
{
    fold(hash, size);
    for (size_t i = 0; i < size; i++)
        fold(hash, bytes[i]);
}

static void fold_entries(uint64_t *hash, const struct raft_entry *entries,
                         uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        fold(hash, entries[i].term);
        fold(hash, entries[i].kind);
        fold_bytes(hash, entries[i].data, entries[i].size);
    }
}

struct answer {
    uint64_t sends;
    uint64_t others; /* all other outputs, and the node's view afterwards */
};

static void fold_output(struct answer *a, const struct raft_output *o)
{
    uint64_t *hash = o->kind == RAFT_OUTPUT_SEND ? &a->sends : &a->others;
    fold(hash, o->kind);
    switch (o->kind) {
    case RAFT_OUTPUT_WRITE:
        fold(hash, o->write.id);
        fold(hash, o->write.has_hard_state);
        if (o->write.has_hard_state) {
            fold(hash, o->write.hard_state.current_term);
            fold(hash, o->write.hard_state.voted_for);
        }
        fold(hash, o->write.truncate_from);
        fold_entries(hash, o->write.entries, o->write.n_entries);
        break;
    case RAFT_OUTPUT_SEND:
        fold(hash, o->send.to);
        fold(hash, o->send.after_write);
        fold_bytes(hash, o->send.bytes, o->send.size);
        break;
    case RAFT_OUTPUT_TIMER:
        fold(hash, o->timer.deadline_us);
        break;
    case RAFT_OUTPUT_ACCEPTED:
        fold(hash, o->accepted.tag);
        fold(hash, o->accepted.position.term);
        fold(hash, o->accepted.position.index);
        break;
    case RAFT_OUTPUT_REJECTED:
        fold(hash, o->rejected.tag);
        fold(hash, o->rejected.leader);
        break;
    case RAFT_OUTPUT_APPLY:
        fold(hash, o->apply.first_index);
        fold_entries(hash, o->apply.entries, o->apply.n_entries);
        break;
    }
}

static struct answer answer_of(const struct harness *h)
{
    struct answer a = {1, 1};
    struct raft_view v = harness_view(h);
    for (size_t i = 0; i < h->n_items; i++)
        fold_output(&a, &h->items[i]);
    fold(&a.others, v.role);
    fold(&a.others, v.hard_state.current_term);
    fold(&a.others, v.hard_state.voted_for);
    fold(&a.others, v.leader);
    fold(&a.others, v.last.term);
    fold(&a.others, v.last.index);
    fold(&a.others, v.durable_index);
    fold(&a.others, v.commit_index);
    fold(&a.others, v.last_applied);
    return a;
}

/* --- the tests ------------------------------------------------------------ */

static struct raft_config configure(void)
{
    struct raft_config config = harness_config(1, 3);
    config.pre_vote = true;
    return config;
}

struct run {
    bool refused;      /* the step made at least k requests */
    bool without_send; /* and went on without */
};

/* Plays the script, refusing request `k` in step `at` (k 0: none). Answers are
 * kept in `answers`, or compared with them if k is not 0. */
static struct run play(const struct script *s, size_t at, uint64_t k,
                       struct answer *answers)
{
    struct harness h;
    struct raft_config config = configure();
    struct run run = {0};
    harness_start(&h, &config);
    for (size_t i = 0; i < s->count; i++) {
        uint8_t *bytes;
        struct raft_input input = prepare(&h, s, i, &bytes);
        h.memory.refused = false;
        h.memory.refuse_in = i == at ? k : 0;
        enum raft_status status = harness_step(&h, &input);
        h.memory.refuse_in = 0;
        if (h.memory.refused) {
            run.refused = true;
            run.without_send = status == RAFT_OK;
            if (status != RAFT_OK) { /* the harness saw that nothing changed */
                cr_assert_eq(status, RAFT_NO_MEMORY);
                status = harness_step(&h, &input);
            }
        }
        cr_assert_eq(status, RAFT_OK, "step %zu", i);
        free(bytes);
        struct answer a = answer_of(&h);
        if (k == 0) {
            answers[i] = a;
        } else {
            cr_assert_eq(a.others, answers[i].others,
                         "step %zu, refused %zu/%u", i, at, (unsigned)k);
            cr_assert(run.without_send || a.sends == answers[i].sends,
                      "step %zu, refused %zu/%u", i, at, (unsigned)k);
        }
        if (run.refused == false && i == at && k > 0)
            break; /* there is no k-th request: this step is done */
    }
    harness_free(&h); /* nothing is held any more */
    return run;
}

Test(raft_memory, any_refused_request_changes_nothing)
{
    static struct script script;
    struct answer answers[MAX_STEPS];
    uint64_t n_refused = 0, n_no_memory = 0;
    write_script(&script);
    play(&script, 0, 0, answers);
    for (size_t at = 0; at < script.count; at++)
        for (uint64_t k = 1;; k++) {
            struct run run = play(&script, at, k, answers);
            if (!run.refused)
                break;
            n_refused++;
            n_no_memory += !run.without_send;
        }
    cr_assert_geq(n_refused, 10); /* the script does ask for memory */
    cr_assert_geq(n_no_memory, 5);
}

/* The script does lead through all the roles, or the test above says little. */
Test(raft_memory, the_script_leads_through_all_roles)
{
    static struct script script;
    struct harness h;
    struct raft_config config = configure();
    bool seen[4] = {false};
    write_script(&script);
    harness_start(&h, &config);
    for (size_t i = 0; i < script.count; i++) {
        uint8_t *bytes;
        struct raft_input input = prepare(&h, &script, i, &bytes);
        cr_assert_eq(harness_step(&h, &input), RAFT_OK);
        seen[harness_view(&h).role] = true;
        free(bytes);
    }
    cr_assert(seen[RAFT_FOLLOWER] && seen[RAFT_PRE_CANDIDATE]);
    cr_assert(seen[RAFT_CANDIDATE] && seen[RAFT_LEADER]);
    cr_assert_eq(harness_view(&h).hard_state.current_term, 5);
    cr_assert_eq(harness_view(&h).last.index, 46);
    cr_assert_eq(harness_view(&h).last_applied, 45);
    harness_free(&h);
}

/* Creation, from an image of some size, and the first step. */
Test(raft_memory, a_refused_creation_leaves_nothing)
{
    static uint8_t payload[3000];
    struct raft_entry entries[30];
    struct raft_config config = configure();
    uint64_t n_refused = 0;
    for (size_t i = 0; i < 30; i++)
        entries[i] = (struct raft_entry){1, payload, (uint32_t)(100 * i + 1),
                                         RAFT_ENTRY_COMMAND};
    struct raft_image image = {{1, 2}, entries, 30};
    for (uint64_t k = 1;; k++) {
        struct harness_memory memory;
        struct raft *raft = NULL;
        struct raft_outputs outputs;
        struct raft_input start = {.kind = RAFT_INPUT_START};
        harness_memory_init(&memory);
        memory.refuse_in = k;
        enum raft_status status =
            raft_new(&config, &image, &memory.base, &raft);
        if (status != RAFT_OK) {
            cr_assert_eq(status, RAFT_NO_MEMORY);
            cr_assert(memory.refused);
            cr_assert_eq(memory.n_blocks, 0);
            n_refused++;
            continue;
        }
        cr_assert_not(memory.refused);
        status = raft_step(raft, &start, &outputs);
        if (status != RAFT_OK) {
            cr_assert_eq(status, RAFT_NO_MEMORY);
            cr_assert(memory.refused);
            cr_assert_eq(outputs.count, 0);
            cr_assert_eq(raft_step(raft, &start, &outputs), RAFT_OK);
        }
        cr_assert_eq(outputs.count, 1);
        cr_assert_eq(outputs.items[0].kind, RAFT_OUTPUT_TIMER);
        raft_free(raft);
        cr_assert_eq(memory.n_blocks, 0);
        if (!memory.refused)
            break;
    }
    cr_assert_geq(n_refused, 1);
}
