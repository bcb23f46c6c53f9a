/* tick_raft as a node: the adapter that tools/nodes/README.md explains. It
 * needs sim/node.h, sim/answers.h, and nothing to link with. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/answers.h"
#include "tick_raft.h"

#define TICKS_PER_HEARTBEAT 4

extern const struct sim_node_type raftsim_node_type;

struct tick_node {
    struct sim_node base; /* first */
    struct sim_answers answers;
    struct tick_raft *raft;
    uint64_t random, tick_us, next_tick_us;
};

static struct sim_entry sim_from_tick(const struct tick_entry *entry)
{
    return (struct sim_entry){.term = entry->term,
                              .data = entry->data,
                              .size = (uint32_t)entry->size,
                              .kind = entry->size == 0 ? SIM_ENTRY_INTERNAL
                                                       : SIM_ENTRY_COMMAND};
}

/* --- messages as bytes ---------------------------------------------------- */

/* Numbers of eight bytes, the least first; entries follow. */
#define N_NUMBERS 7

static uint8_t *put(uint8_t *to, uint64_t number)
{
    for (unsigned i = 0; i < 8; i++) {
        *to++ = (uint8_t)(number >> (8 * i));
    }
    return to;
}

static uint64_t get(const uint8_t **from)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < 8; i++) {
        number |= (uint64_t) * (*from)++ << (8 * i);
    }
    return number;
}

static uint8_t *encode(const struct tick_message *m, size_t *size)
{
    *size = N_NUMBERS * 8;
    for (size_t i = 0; i < m->n_entries; i++) {
        *size += 16 + m->entries[i].size;
    }
    uint8_t *bytes = malloc(*size), *to = bytes;
    if (bytes == NULL) {
        abort();
    }
    to = put(to, m->type);
    to = put(to, m->term);
    to = put(to, m->yes);
    to = put(to, m->index);
    to = put(to, m->index_term);
    to = put(to, m->committed);
    to = put(to, m->n_entries);
    for (size_t i = 0; i < m->n_entries; i++) {
        const struct tick_entry *entry = &m->entries[i];
        to = put(put(to, entry->term), entry->size);
        if (entry->size > 0) {
            memcpy(to, entry->data, entry->size);
            to += entry->size;
        }
    }
    return bytes;
}

/* All but the entries; where those begin. */
static const uint8_t *decode(const uint8_t *from, struct tick_message *m)
{
    m->type = (enum tick_message_type)get(&from);
    m->term = get(&from);
    m->yes = get(&from) != 0;
    m->index = get(&from);
    m->index_term = get(&from);
    m->committed = get(&from);
    m->n_entries = (size_t)get(&from);
    m->entries = NULL;
    return from;
}

/* Its type is the first number. */
static bool is_message(const uint8_t *bytes, size_t size)
{
    return size >= N_NUMBERS * 8 && get(&bytes) <= TICK_ANSWER_APPEND;
}

/* --- what tick_raft calls ------------------------------------------------- */

static void send(void *user, uint32_t to, const struct tick_message *message)
{
    struct tick_node *self = user;
    size_t size;
    uint8_t *bytes = encode(message, &size);
    sim_answers_send(&self->answers, to, bytes, size);
    free(bytes);
}

static void save_vote(void *user, uint64_t term, uint32_t voted_for)
{
    struct tick_node *self = user;
    sim_answers_hard_state(&self->answers, term, voted_for);
}

static void save_log(void *user, uint64_t from, const struct tick_entry *items,
                     size_t n)
{
    struct tick_node *self = user;
    sim_answers_truncate(&self->answers, from);
    for (size_t i = 0; i < n; i++) {
        struct sim_entry entry = sim_from_tick(&items[i]);
        sim_answers_append(&self->answers, &entry);
    }
}

static void apply(void *user, uint64_t index, const struct tick_entry *item)
{
    struct tick_node *self = user;
    struct sim_entry entry = sim_from_tick(item);
    (void)index;
    sim_answers_apply(&self->answers, &entry);
}

static unsigned draw(void *user, unsigned below)
{
    struct tick_node *self = user;
    self->random = self->random * UINT64_C(6364136223846793005) + 1;
    return (unsigned)((self->random >> 33) % below);
}

/* --- a step --------------------------------------------------------------- */

static void take_message(struct tick_node *self, const struct sim_input *input)
{
    struct tick_message message;
    const uint8_t *from = decode(input->message.bytes, &message);
    struct tick_entry *entries = calloc(message.n_entries + 1, sizeof *entries);
    if (entries == NULL) {
        abort();
    }
    for (size_t i = 0; i < message.n_entries; i++) {
        entries[i].term = get(&from);
        entries[i].size = (size_t)get(&from);
        entries[i].data = (void *)from;
        from += entries[i].size;
    }
    message.entries = entries;
    tick_receive(self->raft, input->message.from, &message);
    free(entries);
}

static void take_proposal(struct tick_node *self, const struct sim_input *input)
{
    uint64_t tag = input->proposal.tag;
    if (!sim_answers_has_voted(&self->answers)) { /* it waits in save_vote() */
        sim_answers_reject(&self->answers, tag, SIM_LATER, SIM_NONE);
        return;
    }
    uint64_t index =
        tick_propose(self->raft, input->proposal.data, input->proposal.size);
    if (index == 0) {
        sim_answers_reject(&self->answers, tag, SIM_NOT_LEADER,
                           tick_leader(self->raft));
        return;
    }
    sim_answers_accept(&self->answers, tag,
                       (struct sim_position){tick_term(self->raft), index});
}

static void tick_after(struct tick_node *self, uint64_t now_us, uint64_t in_us)
{
    self->next_tick_us = now_us + in_us;
    sim_answers_timer(&self->answers, self->next_tick_us);
}

static enum sim_node_status step(struct sim_node *node,
                                 const struct sim_input *input,
                                 struct sim_outputs *outputs)
{
    struct tick_node *self = (struct tick_node *)node;
    sim_answers_begin(&self->answers);
    switch (input->kind) {
    case SIM_INPUT_START: /* machines do not tick at the same moment */
        tick_after(self, input->now_us, draw(self, (unsigned)self->tick_us));
        break;
    case SIM_INPUT_TIMER:
        tick_tick(self->raft);
        tick_after(self, input->now_us, self->tick_us);
        break;
    case SIM_INPUT_MESSAGE:
        take_message(self, input);
        break;
    case SIM_INPUT_WRITTEN:
        sim_answers_written(&self->answers, input->written.write_id);
        break;
    case SIM_INPUT_PROPOSAL:
        take_proposal(self, input);
        break;
    case SIM_INPUT_SESSION: /* each of these takes a feature */
    case SIM_INPUT_CHANGE:
    case SIM_INPUT_TRANSFER:
    case SIM_INPUT_READ:
    case SIM_INPUT_SNAPSHOT:
    case SIM_INPUT_FAILED:
        return SIM_NODE_REFUSED;
    }
    sim_answers_end(&self->answers, outputs);
    return SIM_NODE_OK;
}

/* --- its life ------------------------------------------------------------- */

static struct tick_raft *make_raft(struct tick_node *self,
                                   const struct sim_node_options *options,
                                   const struct sim_image *image)
{
    static const struct tick_calls calls = {send, save_vote, save_log, apply,
                                            draw};
    struct tick_settings settings = {
        .id = options->id,
        .members = options->n_nodes,
        .heartbeat_ticks = TICKS_PER_HEARTBEAT,
        .election_ticks =
            (unsigned)(options->election_timeout_min_us / self->tick_us) + 1,
        .batch = options->max_entries_per_message};
    size_t n = (size_t)image->n_entries;
    struct tick_entry *entries = calloc(n + 1, sizeof *entries);
    if (entries == NULL) {
        abort();
    }
    for (size_t i = 0; i < n; i++) {
        const struct sim_entry *entry = &image->entries[i];
        entries[i] =
            (struct tick_entry){entry->term, entry->size, (void *)entry->data};
    }
    struct tick_raft *raft =
        tick_new(&settings, &calls, self, image->hard_state.term,
                 image->hard_state.vote, entries, n);
    free(entries);
    return raft;
}

static struct sim_node *create(const struct sim_node_options *options,
                               const struct sim_image *image)
{
    struct tick_node *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    self->base.type = &raftsim_node_type;
    self->random = options->random_seed;
    self->tick_us = options->heartbeat_interval_us / TICKS_PER_HEARTBEAT + 1;
    sim_answers_init(&self->answers, image, true);
    self->raft = make_raft(self, options, image);
    return &self->base;
}

static void destroy(struct sim_node *node)
{
    struct tick_node *self = (struct tick_node *)node;
    sim_answers_free(&self->answers);
    tick_free(self->raft);
    free(self);
}

/* --- what is told of it --------------------------------------------------- */

static void inspect(const struct sim_node *node, struct sim_view *view)
{
    static const enum sim_role roles[] = {SIM_FOLLOWER, SIM_CANDIDATE,
                                          SIM_LEADER};
    const struct tick_node *self = (const struct tick_node *)node;
    const struct tick_raft *raft = self->raft;
    view->role = roles[tick_role(raft)];
    if (view->role == SIM_LEADER && !sim_answers_has_voted(&self->answers)) {
        view->role = SIM_CANDIDATE; /* the only member: it waits in save_vote */
    }
    view->leader = tick_leader(raft);
}

static void classify(const uint8_t *bytes, size_t size,
                     struct sim_message *message)
{
    static const enum sim_message_kind kinds[] = {
        SIM_MESSAGE_VOTE_REQUEST, SIM_MESSAGE_VOTE_RESPONSE,
        SIM_MESSAGE_APPEND_REQUEST, SIM_MESSAGE_APPEND_RESPONSE};
    struct tick_message m;
    if (!is_message(bytes, size)) {
        *message = (struct sim_message){.kind = SIM_MESSAGE_OTHER};
        return;
    }
    decode(bytes, &m);
    bool stored = m.type == TICK_ANSWER_APPEND && m.yes;
    *message =
        (struct sim_message){.kind = kinds[m.type],
                             .term = m.term,
                             .granted = m.yes,
                             .match_index = stored ? m.index : 0,
                             .n_entries = (uint32_t)m.n_entries,
                             .place = {m.index_term, stored ? 0 : m.index},
                             .commit_index = m.committed};
}

static void describe(const uint8_t *bytes, size_t size, char *text)
{
    struct tick_message m;
    if (!is_message(bytes, size)) {
        snprintf(text, SIM_DESCRIPTION_SIZE, "none of ours");
        return;
    }
    decode(bytes, &m);
    snprintf(text, SIM_DESCRIPTION_SIZE,
             "term %" PRIu64 ", %s%" PRIu64 "/%" PRIu64 ", %zu entries", m.term,
             m.yes ? "yes, " : "", m.index_term, m.index, m.n_entries);
}

const struct sim_node_type raftsim_node_type = {
    .abi = SIM_NODE_ABI,
    .size = sizeof(struct sim_node_type),
    .name = "tick",
    .features = 0,
    .assumes = SIM_ASSUMES_TICKS,
    .shows = SIM_SHOWS_ROLE | SIM_SHOWS_LEADER,
    .create = create,
    .step = step,
    .inspect = inspect,
    .destroy = destroy,
    .classify = classify,
    .describe = describe,
};
