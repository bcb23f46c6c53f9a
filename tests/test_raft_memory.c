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

enum { MAX_STEPS = 96, N_ENTRIES = 40, N_SCRIPTS = 2, MANY = 100 };

enum action {
    RECEIVE,
    TIMER,
    WRITTEN,
    PROPOSE,
    SESSION,
    CHANGE,
    TRANSFER,
    READ,
    SNAPSHOT
};

struct step {
    enum action action;
    raft_id from;
    struct raft_message message;
    uint32_t size;
};

struct script {
    struct raft_config config;
    struct raft_entry old[N_ENTRIES];
    struct raft_entry newer[4];
    struct raft_entry newest[1];
    uint8_t payload[20000];
    struct raft_member members[MANY]; /* 1 to 3 are voters, all others learn */
    uint8_t configuration[MANY * RAFT_MEMBER_SIZE];
    uint8_t snapshot[12000]; /* as it travels */
    size_t snapshot_size;
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

static void begin_script(struct script *s)
{
    memset(s, 0, sizeof *s);
    s->config = harness_config(1);
    s->config.pre_vote = true;
    for (size_t i = 0; i < MANY; i++)
        s->members[i] = (struct raft_member){
            .id = i + 1,
            .flags = i < 3 ? RAFT_MEMBER_VOTER : RAFT_MEMBER_LEARNER};
}

static void lead_through_roles(struct script *s)
{
    begin_script(s);
    for (size_t i = 0; i < N_ENTRIES; i++)
        s->old[i] = (struct raft_entry){.term = 2,
                                        .data = s->payload,
                                        .size = 700,
                                        .kind = RAFT_ENTRY_COMMAND};
    s->newer[0] = (struct raft_entry){.term = 3, .kind = RAFT_ENTRY_NOOP};
    s->newest[0] = (struct raft_entry){.term = 5, .kind = RAFT_ENTRY_NOOP};
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

/* A snapshot at {3, 50} of many members and sessions. */
static void make_snapshot(struct script *s)
{
    const size_t n_sessions = 30;
    struct raft_position place = {3, 50};
    uint8_t meta[HARNESS_META_SIZE(MANY) + 30 * 24] = {0};
    struct raft_snapshot snapshot = {.position = place,
                                     .meta = meta,
                                     .image = s->payload,
                                     .image_size = 5000};
    size_t size = harness_meta(place, (struct raft_position){2, 9}, s->members,
                               MANY, meta);
    meta[size - 8] = (uint8_t)n_sessions;
    for (size_t i = 0; i < n_sessions; i++, size += 24) {
        meta[size] = (uint8_t)(i + 1);
        meta[size + 8] = 7;
        meta[size + 16] = (uint8_t)(i + 5);
    }
    snapshot.meta_size = size;
    uint8_t *bytes = harness_travel_form(&snapshot, false, &s->snapshot_size);
    cr_assert_leq(s->snapshot_size, sizeof s->snapshot);
    memcpy(s->snapshot, bytes, s->snapshot_size);
    free(bytes);
}

static void receive_chunk(struct script *s, size_t offset, uint32_t size)
{
    struct raft_position place = {3, 50};
    if (size > s->snapshot_size - offset)
        size = (uint32_t)(s->snapshot_size - offset);
    receive(
        s, 3,
        harness_install(4, place, s->snapshot, s->snapshot_size, offset, size));
}

static void lead_through_members_and_snapshots(struct script *s)
{
    begin_script(s);
    s->config.max_bytes_per_message = 1000;
    make_snapshot(s);
    /* it leads; the members grow, and are compacted */
    add(s, TIMER, 0);
    receive(s, 2, harness_pre_vote_response(1, true));
    add(s, WRITTEN, 0);
    receive(s, 2, harness_vote_response(1, true));
    add(s, WRITTEN, 0);
    receive(s, 2, harness_append_success(1, 1));
    for (uint32_t i = 0; i < 10; i++) {
        add(s, SESSION, 0);
        add(s, READ, i % 2);
    }
    add(s, WRITTEN, 0);
    receive(s, 3, harness_append_success(1, 11));
    receive(s, 3, harness_read_request(1, 77, false));
    receive(s, 3, harness_append_success(1, 11));
    add(s, CHANGE, 40);
    add(s, WRITTEN, 0);
    receive(s, 2, harness_append_success(1, 12));
    add(s, WRITTEN, 0);
    receive(s, 2, harness_append_success(1, 13));
    add(s, SNAPSHOT, 3000);
    /* it sends the snapshot, hands over, gives up */
    receive(s, 9, harness_append_failure(1, 11, 0, 1));
    receive(s, 9, harness_installing(1, 13, 1000));
    receive(s, 9, harness_installing(1, 13, 2000));
    add(s, TIMER, 0);
    add(s, TRANSFER, 2);
    add(s, PROPOSE, 5);
    for (int i = 0; i < 8; i++)
        add(s, TIMER, 0);
    receive(s, 9, harness_installed(1, 13));
    add(s, READ, 0);
    /* others lead: one whose members are never committed, one that sends a
     * snapshot */
    raft_configuration_encode(s->members, 80, s->configuration);
    s->newer[0] = (struct raft_entry){.term = 3, .kind = RAFT_ENTRY_NOOP};
    s->newer[1] = (struct raft_entry){.term = 3,
                                      .kind = RAFT_ENTRY_CONFIGURATION,
                                      .data = s->configuration,
                                      .size = 80 * RAFT_MEMBER_SIZE};
    s->newer[2] = (struct raft_entry){
        .term = 3, .kind = RAFT_ENTRY_SESSION, .sequence = 50};
    s->newer[3] = (struct raft_entry){.term = 3,
                                      .kind = RAFT_ENTRY_COMMAND,
                                      .session = 2,
                                      .sequence = 1,
                                      .data = s->payload,
                                      .size = 10};
    s->newest[0] = (struct raft_entry){.term = 4, .kind = RAFT_ENTRY_NOOP};
    receive(s, 2, harness_append(3, 1, 13, 13, s->newer, 4));
    add(s, READ, 0);
    receive(s, 3, harness_append(4, 3, 14, 14, s->newest, 1));
    add(s, READ, 0);
    add(s, WRITTEN, 0);
    for (size_t at = 0; at < s->snapshot_size; at += 2500)
        receive_chunk(s, at, 2500);
    add(s, WRITTEN, 0);
    receive(s, 3, harness_append(4, 3, 50, 51, s->newest, 1));
    add(s, WRITTEN, 0);
    add(s, SNAPSHOT, 4000);
    receive(s, 3, harness_timeout_now(4));
    add(s, WRITTEN, 0);
}

static void prepare_message(struct raft_input *input, const struct step *step,
                            uint8_t **bytes)
{
    struct raft_message m = step->message;
    *bytes = malloc(raft_message_size(&m));
    cr_assert_not_null(*bytes);
    input->kind = RAFT_INPUT_MESSAGE;
    input->message.from = step->from;
    input->message.bytes = *bytes;
    input->message.size = raft_message_encode(&m, *bytes);
}

static void prepare_snapshot(struct raft_input *input, const struct harness *h,
                             const struct script *s, size_t i, uint8_t **bytes)
{
    *bytes = malloc(raft_meta_size(h->raft));
    cr_assert_not_null(*bytes);
    raft_meta(h->raft, *bytes);
    input->kind = RAFT_INPUT_SNAPSHOT;
    input->snapshot.index = h->applied;
    input->snapshot.meta = *bytes;
    input->snapshot.meta_size = raft_meta_size(h->raft);
    input->snapshot.keep_from = h->applied + 1;
    input->snapshot.image = s->payload;
    input->snapshot.size = s->steps[i].size;
}

/* Prepares step `i`: from here on giving it is one call of harness_step().
 * `*bytes` is the caller's to free. */
static struct raft_input prepare(struct harness *h, const struct script *s,
                                 size_t i, uint8_t **bytes)
{
    const struct step *step = &s->steps[i];
    struct raft_input input = {.now_us = h->now_us};
    *bytes = NULL;
    switch (step->action) {
    case RECEIVE:
        prepare_message(&input, step, bytes);
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
    case SESSION:
        input.kind = RAFT_INPUT_SESSION;
        input.session.tag = i;
        break;
    case CHANGE:
        input.kind = RAFT_INPUT_CHANGE;
        input.change.tag = i;
        input.change.members = s->members;
        input.change.n_members = step->size;
        input.change.joint = true;
        break;
    case TRANSFER:
        input.kind = RAFT_INPUT_TRANSFER;
        input.transfer.tag = i;
        input.transfer.to = step->size;
        break;
    case READ:
        input.kind = RAFT_INPUT_READ;
        input.read.tag = i;
        input.read.lease = step->size != 0;
        break;
    case SNAPSHOT:
        prepare_snapshot(&input, h, s, i, bytes);
        break;
    }
    return input;
}

static uint64_t last_sequence(const struct harness *h, raft_id to)
{
    for (size_t i = 0; i < h->n_sent; i++)
        if (h->sent[i].to == to)
            return h->sent[i].sequence;
    return 0;
}

/* Each answer is to all that was sent before, also where some of that is lost
 * later on. */
static void answer_all(struct script *s)
{
    struct harness h;
    harness_start(&h, &s->config, 3);
    for (size_t i = 0; i < s->count; i++) {
        struct step *step = &s->steps[i];
        uint8_t *bytes;
        if (step->message.kind == RAFT_MESSAGE_APPEND_RESPONSE)
            step->message.append_response.sequence =
                last_sequence(&h, step->from);
        if (step->message.kind == RAFT_MESSAGE_INSTALL_RESPONSE)
            step->message.install_response.sequence =
                last_sequence(&h, step->from);
        struct raft_input input = prepare(&h, s, i, &bytes);
        cr_assert_eq(harness_step(&h, &input), RAFT_OK, "step %zu", i);
        free(bytes);
    }
    harness_free(&h);
}

static void write_script(struct script *s, int which)
{
    if (which == 0)
        lead_through_roles(s);
    else
        lead_through_members_and_snapshots(s);
    answer_all(s);
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
        fold(hash, entries[i].verdict);
        fold(hash, entries[i].session);
        fold(hash, entries[i].sequence);
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
        if (o->write.has_snapshot) {
            fold(hash, o->write.snapshot.position.index);
            fold_bytes(hash, o->write.snapshot.meta,
                       o->write.snapshot.meta_size);
            fold_bytes(hash, o->write.snapshot.image,
                       o->write.snapshot.image_size);
        }
        fold(hash, o->write.truncate_from);
        fold(hash, o->write.drop_before);
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
        fold(hash, o->rejected.reason);
        fold(hash, o->rejected.leader);
        break;
    case RAFT_OUTPUT_RESTORE:
        fold(hash, o->restore.position.index);
        fold_bytes(hash, o->restore.image, o->restore.size);
        break;
    case RAFT_OUTPUT_READY:
        fold(hash, o->ready.tag);
        fold(hash, o->ready.index);
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
    fold(&a.others, v.transfer_to);
    fold(&a.others, v.first_index);
    fold(&a.others, v.snapshot.index);
    fold(&a.others, v.configuration.index);
    fold(&a.others, h->n_members);
    return a;
}

/* --- the tests ------------------------------------------------------------ */

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
    struct run run = {0};
    harness_start(&h, &s->config, 3);
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
    for (int which = 0; which < N_SCRIPTS; which++) {
        uint64_t n_refused = 0, n_no_memory = 0;
        write_script(&script, which);
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
}

struct seen {
    bool roles[4];
    bool outputs[RAFT_OUTPUT_READY + 1];
    bool messages[RAFT_MESSAGE_READ_RESPONSE + 1];
};

static void look(struct seen *seen, const struct harness *h)
{
    struct raft_message m;
    seen->roles[harness_view(h).role] = true;
    for (size_t i = 0; i < h->n_items; i++) {
        const struct raft_output *o = &h->items[i];
        seen->outputs[o->kind] = true;
        if (o->kind != RAFT_OUTPUT_SEND)
            continue;
        cr_assert(raft_message_decode(o->send.bytes, o->send.size, &m));
        seen->messages[m.kind] = true;
    }
}

/* The scripts do lead through all the roles, and to all that a node can answer,
 * or the test above says little. */
Test(raft_memory, the_scripts_lead_everywhere)
{
    static struct script script;
    static const struct {
        uint64_t term, last, applied, snapshot;
        uint32_t n_members;
    } ends[N_SCRIPTS] = {{5, 46, 45, 0, 3}, {5, 51, 51, 51, MANY}};
    struct seen seen = {.roles = {false}};
    for (int which = 0; which < N_SCRIPTS; which++) {
        struct harness h;
        write_script(&script, which);
        harness_start(&h, &script.config, 3);
        for (size_t i = 0; i < script.count; i++) {
            uint8_t *bytes;
            struct raft_input input = prepare(&h, &script, i, &bytes);
            cr_assert_eq(harness_step(&h, &input), RAFT_OK);
            look(&seen, &h);
            free(bytes);
        }
        struct raft_view v = harness_view(&h);
        cr_assert_eq(v.hard_state.current_term, ends[which].term);
        cr_assert_eq(v.last.index, ends[which].last);
        cr_assert_eq(v.last_applied, ends[which].applied);
        cr_assert_eq(v.snapshot.index, ends[which].snapshot);
        cr_assert_eq(h.n_members, ends[which].n_members);
        harness_free(&h);
    }
    for (size_t i = 0; i < 4; i++)
        cr_assert(seen.roles[i], "role %zu", i);
    for (size_t i = 0; i <= RAFT_OUTPUT_READY; i++)
        cr_assert(seen.outputs[i], "output %zu", i);
    for (size_t i = 1; i <= RAFT_MESSAGE_READ_RESPONSE; i++)
        cr_assert(seen.messages[i], "message %zu", i);
}

/* A snapshot that arrives is not given up for another one for which there is no
 * memory. */
Test(raft_memory, a_refused_chunk_leaves_the_snapshot_before)
{
    static struct script s;
    static uint8_t bytes[sizeof s.snapshot + 100];
    const struct raft_position before = {3, 60}, whole = {3, 50};
    uint64_t n_refused = 0;
    begin_script(&s);
    make_snapshot(&s);
    for (bool refused = true; refused;) {
        struct harness h;
        harness_start(&h, &s.config, 3);
        struct raft_message m =
            harness_install(4, before, s.snapshot, s.snapshot_size, 0, 900);
        harness_receive(&h, 3, &m);
        m = harness_install(4, whole, s.snapshot, s.snapshot_size, 0,
                            (uint32_t)s.snapshot_size);
        struct raft_input input = {.kind = RAFT_INPUT_MESSAGE};
        input.message.from = 3;
        input.message.bytes = bytes;
        input.message.size = raft_message_encode(&m, bytes);
        h.memory.refuse_in = n_refused + 1;
        enum raft_status status = harness_step(&h, &input);
        h.memory.refuse_in = 0;
        refused = h.memory.refused;
        n_refused += refused;
        m = harness_install(4, before, s.snapshot, s.snapshot_size, 900, 0);
        harness_receive(&h, 3, &m);
        cr_assert(harness_sent(&h, 3, RAFT_MESSAGE_INSTALL_RESPONSE, &m));
        cr_assert_eq(m.install_response.offset, status == RAFT_OK ? 0 : 900);
        harness_free(&h);
    }
    cr_assert_geq(n_refused, 5);
}

/* Creation, from an image of some size, and the first step. */
Test(raft_memory, a_refused_creation_leaves_nothing)
{
    static uint8_t payload[3000];
    static struct script script;
    struct raft_entry entries[30];
    struct raft_config config = harness_config(1);
    uint64_t n_refused = 0;
    for (size_t i = 0; i < 30; i++)
        entries[i] = (struct raft_entry){.term = 3,
                                         .data = payload,
                                         .size = (uint32_t)(100 * i + 1),
                                         .kind = RAFT_ENTRY_COMMAND};
    begin_script(&script);
    make_snapshot(&script);
    raft_configuration_encode(script.members, 5, script.configuration);
    entries[20].kind = RAFT_ENTRY_CONFIGURATION;
    entries[20].data = script.configuration;
    entries[20].size = 5 * RAFT_MEMBER_SIZE;
    entries[21] = (struct raft_entry){
        .term = 3, .kind = RAFT_ENTRY_SESSION, .sequence = 9};
    size_t meta_size = script.snapshot_size - 8 - 5000;
    struct raft_image image = {.hard_state = {3, 2},
                               .snapshot = {.position = {3, 50},
                                            .meta = script.snapshot + 8,
                                            .meta_size = meta_size,
                                            .image = payload,
                                            .image_size = sizeof payload},
                               .first_index = 40,
                               .entries = entries,
                               .n_entries = 30};
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
        cr_assert_eq(outputs.count, 2);
        cr_assert_eq(outputs.items[0].kind, RAFT_OUTPUT_TIMER);
        cr_assert_eq(outputs.items[1].kind, RAFT_OUTPUT_RESTORE);
        raft_free(raft);
        cr_assert_eq(memory.n_blocks, 0);
        if (!memory.refused)
            break;
    }
    cr_assert_geq(n_refused, 1);
}
