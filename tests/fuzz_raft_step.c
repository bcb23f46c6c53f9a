/* libFuzzer target: a byte string plays the host, the network, the operator
 * and, if its first byte says so, a liar.
 *
 * The first two bytes pick the cluster: one or three voters, what the third of
 * them is, what is switched on, and whether messages are forged too; the other
 * machines have an empty disk and may be made members. Then each command is a
 * byte, with operands behind it: deliver, repeat or drop a message, part the
 * network, let a timer fire, a write finish, a server crash and restart,
 * propose, open a session, change the members, hand leadership over, read, take
 * a snapshot, hand over raw bytes, forge a message.
 *
 * The harness checks each server's side of the contract at every step. What
 * they must agree on is checked here, unless there is a liar: one leader a term
 * (Election Safety), the same entries committed and the same state at each
 * index, by replay or by a snapshot (State Machine Safety), and that a read
 * sees what was committed before it came.
 */
#include "tests/message_forge.h"
#include "tests/raft_harness.h"

#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    MAX_NODES = 5,
    MAX_LETTERS = 64,
    MAX_COMMANDS = 600,
    MAX_INDEX = 2048,
    MAX_TERM = 2048,
    MAX_READS = 256
};

struct letter {
    raft_id from;
    struct harness_letter letter;
};

/* A machine's state machine: a number that each entry changes. */
struct machine {
    struct harness h;
    bool is_witness; /* knows no commands: it has no state */
    uint64_t state;
    uint8_t *meta; /* of a snapshot that was begun, or NULL */
    size_t meta_size;
    uint64_t meta_index, meta_state;
};

struct game {
    const uint8_t *data;
    size_t size;
    bool forges;
    bool leases;
    uint8_t side; /* of a partition: a bit a machine */
    struct machine nodes[MAX_NODES];
    struct letter letters[MAX_LETTERS];
    size_t n_letters;
    /* what all must agree on */
    raft_id leaders[MAX_TERM];
    uint64_t committed[MAX_INDEX]; /* the term at an index; 0: not known yet */
    uint64_t n_committed;
    uint64_t states[MAX_INDEX];  /* 0: not known yet */
    uint64_t members[MAX_INDEX]; /* of snapshots; 0: not known yet */
    uint64_t reads[MAX_READS];   /* what was committed when it came */
    uint64_t n_reads;
};

static uint8_t next(struct game *g)
{
    if (g->size == 0)
        return 0;
    g->size--;
    return *g->data++;
}

static void drop(struct game *g, size_t at)
{
    free(g->letters[at].letter.bytes);
    g->letters[at] = g->letters[--g->n_letters];
}

/* --- what they agree on --------------------------------------------------- */

static void fold(uint64_t *hash, uint64_t value)
{
    *hash = (*hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    *hash = (*hash ^ *hash >> 29) | 1;
}

static void agree_on_state(struct game *g, uint64_t index, uint64_t state)
{
    if (g->forges)
        return;
    assert(index < MAX_INDEX);
    assert(g->states[index] == 0 || g->states[index] == state);
    g->states[index] = state;
}

static void apply(struct game *g, struct machine *m,
                  const struct raft_output *o)
{
    for (uint32_t i = 0; i < o->apply.n_entries; i++) {
        const struct raft_entry *entry = &o->apply.entries[i];
        fold(&m->state, entry->verdict);
        fold(&m->state, entry->kind);
        fold(&m->state, entry->session);
        for (uint32_t k = 0; k < entry->size; k++)
            fold(&m->state, entry->data[k]);
        agree_on_state(g, o->apply.first_index + i, m->state);
    }
}

static void restore(struct game *g, struct machine *m,
                    const struct raft_output *o)
{
    assert(g->forges || o->restore.size == 8);
    m->state = 0;
    for (size_t i = 0; i < o->restore.size && i < 8; i++)
        m->state |= (uint64_t)o->restore.image[i] << (8 * i);
    agree_on_state(g, o->restore.position.index, m->state);
}

static void watch_snapshot(struct game *g, const struct raft_write *write)
{
    struct raft_member members[RAFT_MAX_MEMBERS];
    uint32_t n = 0;
    uint64_t index = write->snapshot.position.index;
    uint64_t hash = 1;
    assert(raft_meta_members(write->snapshot.meta, write->snapshot.meta_size,
                             members, &n));
    for (uint32_t i = 0; i < n; i++) {
        fold(&hash, members[i].id);
        fold(&hash, members[i].flags);
        fold(&hash, members[i].priority);
    }
    assert(index < MAX_INDEX);
    assert(g->members[index] == 0 || g->members[index] == hash);
    g->members[index] = hash;
}

static void watch_commit(struct game *g, struct machine *m)
{
    struct raft_view v = harness_view(&m->h);
    for (uint64_t i = v.first_index; i <= v.commit_index; i++) {
        uint64_t term = raft_entry_at(m->h.raft, i)->term;
        assert(i < MAX_INDEX);
        assert(g->committed[i] == 0 || g->committed[i] == term);
        g->committed[i] = term;
    }
    if (v.commit_index > g->n_committed)
        g->n_committed = v.commit_index;
    if (v.role == RAFT_LEADER) {
        raft_id *leader = &g->leaders[v.hard_state.current_term % MAX_TERM];
        assert(v.hard_state.current_term < MAX_TERM);
        assert(*leader == RAFT_NONE || *leader == v.id);
        *leader = v.id;
    }
}

/* After each step: the state machine follows, what may leave enters the
 * network, a full network loses it. */
static void collect(struct game *g, uint32_t i)
{
    struct machine *m = &g->nodes[i];
    struct harness_letter letter;
    for (size_t k = 0; k < m->h.n_items; k++) {
        const struct raft_output *o = &m->h.items[k];
        if (o->kind == RAFT_OUTPUT_APPLY && !m->is_witness)
            apply(g, m, o);
        else if (o->kind == RAFT_OUTPUT_RESTORE && !m->is_witness)
            restore(g, m, o);
        else if (o->kind == RAFT_OUTPUT_WRITE && o->write.has_snapshot &&
                 !g->forges)
            watch_snapshot(g, &o->write);
        else if (o->kind == RAFT_OUTPUT_READY && !g->forges && !g->leases)
            assert(m->h.applied >= g->reads[o->ready.tag]);
    }
    if (!g->forges)
        watch_commit(g, m);
    while (harness_take(&m->h, &letter)) {
        if (g->n_letters == MAX_LETTERS || letter.to > MAX_NODES) {
            free(letter.bytes);
            continue;
        }
        g->letters[g->n_letters++] = (struct letter){i + 1, letter};
    }
}

/* --- the network ---------------------------------------------------------- */

static void hand_over(struct game *g, uint32_t to, raft_id from,
                      const uint8_t *bytes, size_t size)
{
    struct harness *h = &g->nodes[to].h;
    struct raft_input input = {.kind = RAFT_INPUT_MESSAGE,
                               .now_us = h->now_us,
                               .message = {from, bytes, size}};
    enum raft_status status = harness_step(h, &input);
    assert(status == RAFT_OK || status == RAFT_CORRUPT ||
           status == RAFT_BAD_INPUT);
    if (status == RAFT_OK)
        collect(g, to);
}

static void deliver(struct game *g, size_t at, bool keep)
{
    struct letter *l = &g->letters[at];
    uint8_t *bytes = malloc(l->letter.size);
    assert(bytes != NULL);
    size_t size = l->letter.size;
    raft_id from = l->from;
    uint32_t to = (uint32_t)l->letter.to - 1;
    memcpy(bytes, l->letter.bytes, size);
    if (!keep)
        drop(g, at);
    if ((g->side >> to & 1) == (g->side >> (from - 1) & 1))
        hand_over(g, to, from, bytes, size);
    free(bytes);
}

static void deliver_one(struct game *g, bool keep)
{
    if (g->n_letters > 0)
        deliver(g, next(g) % g->n_letters, keep);
}

static void finish_write(struct game *g, uint32_t i, size_t nth)
{
    struct harness *h = &g->nodes[i].h;
    if (nth < h->n_pending) {
        harness_written_to(h, h->pending[nth].id);
        collect(g, i);
    }
}

/* A while without trouble, but for a partition. */
static void calm(struct game *g)
{
    for (int k = 0; k < 40; k++) {
        for (uint32_t i = 0; i < MAX_NODES; i++)
            finish_write(g, i, 0);
        if (g->n_letters == 0)
            return;
        deliver(g, 0, false);
    }
}

/* --- the liar ------------------------------------------------------------- */

/* Small numbers meet each other more often. */
static uint64_t number(struct game *g)
{
    uint8_t b = next(g);
    if (b < 0xf0)
        return b % 16;
    return (uint64_t)b << (next(g) % 56);
}

/* The sequence of something that the server did send, or about that. */
static uint64_t sequence(struct game *g, uint32_t to)
{
    const struct harness *h = &g->nodes[to].h;
    uint8_t b = next(g);
    if (h->n_sent == 0)
        return b;
    return h->sent[b / 8 % h->n_sent].sequence + b % 8 - 6;
}

/* Some bytes of the input, and how many. */
static const uint8_t *piece(struct game *g, uint32_t most, uint32_t *size)
{
    const uint8_t *bytes = g->data + 1;
    *size = next(g) % (most + 1);
    if (*size > g->size)
        *size = (uint32_t)g->size;
    g->data += *size;
    g->size -= *size;
    return *size > 0 ? bytes : NULL;
}

/* Valid ones, mostly. */
static uint32_t forge_members(struct game *g, struct raft_member *members)
{
    uint32_t n = 1 + next(g) % 6;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t b = next(g);
        members[i] = (struct raft_member){
            .id = i + 1 + b / 64, .flags = b % 16, .priority = b % 3};
        if (i > 0 && members[i].id <= members[i - 1].id)
            members[i].id = members[i - 1].id + 1;
        if (b % 4 == 0)
            members[i].flags = RAFT_MEMBER_VOTER;
    }
    return n;
}

struct forgery {
    struct raft_entry entries[8];
    uint8_t configurations[8][6 * RAFT_MEMBER_SIZE];
    uint8_t snapshot[8 + HARNESS_META_SIZE(6) + 64];
};

static void forge_entry(struct game *g, struct forgery *f, uint32_t i)
{
    struct raft_entry *entry = &f->entries[i];
    struct raft_member members[6];
    *entry = (struct raft_entry){.term = number(g)};
    entry->kind = (enum raft_entry_kind)(next(g) % 4);
    if (entry->kind == RAFT_ENTRY_CONFIGURATION) {
        uint32_t n = forge_members(g, members);
        raft_configuration_encode(members, n, f->configurations[i]);
        entry->data = f->configurations[i];
        entry->size = (uint32_t)(n * RAFT_MEMBER_SIZE);
    } else if (entry->kind == RAFT_ENTRY_COMMAND) {
        entry->data = piece(g, 12, &entry->size);
        entry->session = next(g) % 4;
        entry->sequence = entry->session > 0 ? 1 + number(g) : 0;
        entry->omitted = entry->size == 0 && next(g) % 2 == 0;
    } else if (entry->kind == RAFT_ENTRY_SESSION) {
        entry->sequence = 1 + number(g);
    }
}

/* A chunk of a whole snapshot of that place, or of anything. */
static void forge_install(struct game *g, struct forgery *f,
                          struct raft_message *m)
{
    struct raft_member members[6];
    struct raft_position place = {number(g), number(g)};
    size_t total = 1 + next(g) % sizeof f->snapshot;
    uint8_t b = next(g);
    memset(f->snapshot, b, sizeof f->snapshot);
    if (b % 2 == 0) {
        uint32_t n = forge_members(g, members);
        total = harness_meta(place, (struct raft_position){0, 0}, members, n,
                             f->snapshot + 8);
        memset(f->snapshot, 0, 8);
        f->snapshot[0] = (uint8_t)total;
        f->snapshot[1] = (uint8_t)(total >> 8);
        total += 8 + b / 4;
    }
    size_t offset = number(g) % (total + 1);
    uint32_t size = (uint32_t)(total - offset);
    if (next(g) % 2 == 0)
        size = next(g) % (size + 1);
    *m = harness_install(m->term, place, f->snapshot, total, offset, size);
    m->install_request.sequence = number(g);
}

static void forge_append(struct game *g, struct forgery *f,
                         struct raft_message *m)
{
    m->append_request.prev.term = number(g);
    m->append_request.prev.index = number(g);
    m->append_request.leader_commit = number(g);
    m->append_request.sequence = number(g);
    m->append_request.n_entries = next(g) % 9;
    m->append_request.entries = f->entries;
    m->append_request.omit_commands = next(g) % 2 == 0;
    for (uint32_t i = 0; i < m->append_request.n_entries; i++)
        forge_entry(g, f, i);
}

static void forge(struct game *g, uint32_t to)
{
    struct forgery f;
    struct raft_message m = {.kind = (enum raft_message_kind)(
                                 1 + next(g) % RAFT_MESSAGE_READ_RESPONSE)};
    m.term = number(g);
    switch (m.kind) {
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
    case RAFT_MESSAGE_VOTE_REQUEST:
        m.vote_request.last.term = number(g);
        m.vote_request.last.index = number(g);
        m.vote_request.transfer =
            m.kind == RAFT_MESSAGE_VOTE_REQUEST && next(g) % 2 == 0;
        break;
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
    case RAFT_MESSAGE_VOTE_RESPONSE:
        m.vote_response.granted = next(g) % 2 == 0;
        break;
    case RAFT_MESSAGE_APPEND_REQUEST:
        forge_append(g, &f, &m);
        break;
    case RAFT_MESSAGE_APPEND_RESPONSE:
        m.append_response.sequence = sequence(g, to);
        m.append_response.success = next(g) % 2 == 0;
        if (m.append_response.success) {
            m.append_response.match_index = number(g);
            break;
        }
        m.append_response.rejected = number(g);
        m.append_response.conflict.term = number(g);
        m.append_response.conflict.index = number(g);
        break;
    case RAFT_MESSAGE_INSTALL_REQUEST:
        forge_install(g, &f, &m);
        break;
    case RAFT_MESSAGE_INSTALL_RESPONSE:
        m.install_response.sequence = sequence(g, to);
        m.install_response.installed = next(g) % 2 == 0;
        m.install_response.index = number(g);
        m.install_response.offset =
            m.install_response.installed ? 0 : number(g);
        break;
    case RAFT_MESSAGE_TIMEOUT_NOW:
        break;
    case RAFT_MESSAGE_READ_REQUEST:
        m.read_request.id = number(g);
        m.read_request.lease = next(g) % 2 == 0;
        break;
    case RAFT_MESSAGE_READ_RESPONSE:
        m.read_response.id = g->nodes[to].h.last_read;
        m.read_response.granted = next(g) % 2 == 0;
        m.read_response.index = m.read_response.granted ? number(g) : 0;
        break;
    }
    uint8_t *bytes = malloc(raft_message_size(&m));
    assert(bytes != NULL);
    size_t size = raft_message_encode(&m, bytes);
    hand_over(g, to, next(g) % 6, bytes, size);
    free(bytes);
}

/* Any bytes at all; with the right checksum, perhaps. */
static void raw(struct game *g, uint32_t to)
{
    uint8_t bytes[256];
    uint32_t size;
    bool sealed = next(g) % 2 == 0;
    const uint8_t *from = piece(g, 255, &size);
    if (size > 0)
        memcpy(bytes, from, size);
    if (sealed && g->forges && size >= 16) {
        size = size / 8 * 8;
        message_seal(bytes, size);
    }
    hand_over(g, to, 1 + next(g) % 5, bytes, size);
}

/* --- the host and the operator -------------------------------------------- */

static void give(struct game *g, uint32_t i, struct raft_input input)
{
    struct harness *h = &g->nodes[i].h;
    input.now_us = h->now_us;
    if (harness_step(h, &input) == RAFT_OK)
        collect(g, i);
}

/* The node hears that a write failed, and stops. */
static void fail_write(struct game *g, uint32_t i)
{
    struct harness *h = &g->nodes[i].h;
    struct raft_input input = {.kind = RAFT_INPUT_FAILED,
                               .now_us = h->now_us,
                               .failed = {h->durable_write + 1}};
    if (h->n_pending == 0)
        return;
    enum raft_status status = harness_step(h, &input);
    assert(status == RAFT_STOPPED);
}

static void restart(struct game *g, uint32_t i)
{
    struct machine *m = &g->nodes[i];
    uint8_t how = next(g);
    if ((how & 64) != 0)
        fail_write(g, i);
    if ((how & 128) == 0) {
        harness_crash(&m->h, how % 16);
    } else {
        struct harness_parts keep = {.n_hard_states = how % 8,
                                     .n_changes = next(g) % 16};
        keep.n_snapshots = next(g) % (keep.n_hard_states + 1);
        harness_crash_apart(&m->h, keep);
    }
    free(m->meta);
    m->meta = NULL;
    m->state = 1;
    harness_boot(&m->h);
    collect(g, i);
}

static void propose(struct game *g, uint32_t i, bool in_session)
{
    uint8_t data[3] = {next(g), next(g), 7};
    uint64_t session = in_session ? 1 + data[0] % 16 : 0;
    const struct harness *h = &g->nodes[i].h;
    if (in_session && h->n_sessions > 0 && data[0] % 4 > 0)
        session = h->sessions[data[0] / 4 % h->n_sessions].name;
    give(g, i,
         (struct raft_input){
             .kind = RAFT_INPUT_PROPOSAL,
             .proposal = {.tag = 1,
                          .session = session,
                          .sequence = session > 0 ? 1 + data[1] % 4 : 0,
                          .data = data,
                          .size = sizeof data}});
}

/* A witness is one for ever, and nobody becomes one. */
static void change(struct game *g, uint32_t i)
{
    struct raft_member members[MAX_NODES];
    uint8_t who = next(g), learners = next(g);
    uint32_t n = 0;
    for (uint32_t k = 0; k < MAX_NODES; k++) {
        if ((who >> k & 1) == 0)
            continue;
        uint8_t flags = RAFT_MEMBER_VOTER;
        if (g->nodes[k].is_witness)
            flags |= RAFT_MEMBER_WITNESS;
        else if ((learners >> k & 1) != 0)
            flags = RAFT_MEMBER_LEARNER;
        members[n++] =
            (struct raft_member){.id = k + 1,
                                 .flags = flags,
                                 .priority = (uint8_t)(learners >> 5 & k)};
    }
    give(g, i,
         (struct raft_input){.kind = RAFT_INPUT_CHANGE,
                             .change = {1, members, n, (who & 32) != 0}});
}

static void read(struct game *g, uint32_t i)
{
    bool lease = next(g) % 2 == 0;
    uint64_t tag = g->n_reads % MAX_READS;
    g->reads[tag] = g->n_committed;
    g->n_reads++;
    if (g->n_reads <= MAX_READS)
        give(
            g, i,
            (struct raft_input){.kind = RAFT_INPUT_READ, .read = {tag, lease}});
}

static void begin_snapshot(struct game *g, uint32_t i)
{
    struct machine *m = &g->nodes[i];
    free(m->meta);
    m->meta_size = raft_meta_size(m->h.raft);
    m->meta = malloc(m->meta_size + 1);
    assert(m->meta != NULL);
    raft_meta(m->h.raft, m->meta);
    m->meta_index = m->h.applied;
    m->meta_state = m->state;
}

/* What is handed over by a good host is taken. */
static void end_snapshot(struct game *g, uint32_t i)
{
    struct machine *m = &g->nodes[i];
    uint8_t image[8];
    uint8_t keep = next(g);
    if (m->meta == NULL)
        return;
    for (size_t k = 0; k < 8; k++)
        image[k] = (uint8_t)(m->meta_state >> (8 * k));
    struct raft_input input = {
        .kind = RAFT_INPUT_SNAPSHOT,
        .now_us = m->h.now_us,
        .snapshot = {.index = m->meta_index,
                     .meta = m->meta,
                     .meta_size = m->meta_size,
                     .keep_from = m->meta_index + 1 -
                                  (keep < 128 ? 0 : keep % (m->meta_index + 1)),
                     .image = image,
                     .size = m->is_witness ? 0 : sizeof image}};
    enum raft_status status = harness_step(&m->h, &input);
    assert(status == RAFT_OK);
    collect(g, i);
    free(m->meta);
    m->meta = NULL;
}

static void play_one(struct game *g)
{
    uint8_t command = next(g);
    uint32_t i = command / 32 % MAX_NODES;
    struct harness *h = &g->nodes[i].h;
    switch (command % 32) {
    case 0:
    case 1:
    case 2:
    case 3:
        deliver_one(g, false);
        break;
    case 4:
        deliver_one(g, true);
        break;
    case 5:
        if (g->n_letters > 0)
            drop(g, next(g) % g->n_letters);
        break;
    case 6:
    case 7:
    case 8:
        harness_timer(h);
        collect(g, i);
        break;
    case 9: /* too early, perhaps */
        give(g, i, (struct raft_input){.kind = RAFT_INPUT_TIMER});
        break;
    case 10:
    case 11:
    case 12:
        if (h->n_pending > 0)
            finish_write(g, i, next(g) % h->n_pending);
        break;
    case 13:
    case 14:
        propose(g, i, false);
        break;
    case 15:
        restart(g, i);
        break;
    case 16:
        h->now_us += (uint64_t)next(g) * 1000;
        break;
    case 17:
        raw(g, i);
        break;
    case 18:
    case 19:
        if (g->forges)
            forge(g, i);
        else /* a write that nobody asked for */
            give(g, i,
                 (struct raft_input){.kind = RAFT_INPUT_WRITTEN,
                                     .written = {h->last_write + 1}});
        break;
    case 20:
        give(g, i,
             (struct raft_input){.kind = RAFT_INPUT_SESSION, .session = {1}});
        break;
    case 21:
        propose(g, i, true);
        break;
    case 22:
    case 23:
        change(g, i);
        break;
    case 24:
        give(g, i,
             (struct raft_input){.kind = RAFT_INPUT_TRANSFER,
                                 .transfer = {1, next(g) % 7}});
        break;
    case 25:
        read(g, i);
        break;
    case 26:
        begin_snapshot(g, i);
        break;
    case 27:
        begin_snapshot(g, i);
        end_snapshot(g, i);
        break;
    case 28:
        end_snapshot(g, i);
        break;
    case 29:
    case 30:
        calm(g);
        break;
    case 31:
        g->side = next(g) & next(g);
        break;
    }
}

/* --- the game ------------------------------------------------------------- */

static struct raft_config configure(raft_id id, uint8_t flags, uint8_t more)
{
    struct raft_config config = harness_config(id);
    config.pre_vote = (flags & 4) != 0;
    config.check_quorum = (flags & 8) != 0;
    config.max_entries_per_message = (flags & 16) != 0 ? 1 : 64;
    config.max_bytes_per_message = (flags & 32) != 0 ? 10 : 1000;
    config.max_inflight_messages = (flags & 64) != 0 ? 1 : 3;
    config.max_inflight_bytes = (flags & 64) != 0 ? 1 : 100;
    config.max_uncommitted_bytes = (flags & 128) != 0 ? 8 : 1000;
    config.max_sessions = (more & 1) != 0 ? 1 : 3;
    config.max_pending_reads = (more & 2) != 0 ? 1 : 8;
    config.catch_up = (more & 4) != 0;
    config.priority_takeover = (more & 8) != 0;
    config.lease_reads = (more & 16) != 0 && config.check_quorum;
    config.clock_drift_ppm = 1000;
    return config;
}

static void start(struct game *g)
{
    uint8_t flags = next(g), more = next(g);
    uint32_t n = (flags & 1) != 0 ? 3 : 1;
    struct raft_member members[3] = {{.id = 1, .flags = RAFT_MEMBER_VOTER},
                                     {.id = 2, .flags = RAFT_MEMBER_VOTER},
                                     {.id = 3, .flags = RAFT_MEMBER_VOTER}};
    g->forges = (flags & 2) != 0;
    if (more / 64 == 1)
        members[2].flags = RAFT_MEMBER_LEARNER;
    if (more / 64 == 2)
        members[2].flags |= RAFT_MEMBER_WITNESS;
    if ((more & 32) != 0)
        members[0].priority = 2;
    for (uint32_t i = 0; i < MAX_NODES; i++) {
        struct machine *m = &g->nodes[i];
        struct raft_config config = configure(i + 1, flags, more);
        g->leases = config.lease_reads;
        harness_init(&m->h, &config, 0);
        if (i < n)
            harness_bootstrap(&m->h, members, n);
        m->h.forged = g->forges;
        m->is_witness = i == 2 && more / 64 == 2;
        m->state = 1;
        harness_boot(&m->h);
        collect(g, i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct game *g = calloc(1, sizeof *g);
    assert(g != NULL);
    g->data = data;
    g->size = size;
    start(g);
    for (int k = 0; k < MAX_COMMANDS && g->size > 0; k++)
        play_one(g);
    while (g->n_letters > 0)
        drop(g, 0);
    for (uint32_t i = 0; i < MAX_NODES; i++) {
        harness_free(&g->nodes[i].h);
        free(g->nodes[i].meta);
    }
    free(g);
    return 0;
}
