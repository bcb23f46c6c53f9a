/* libFuzzer target: a byte string plays the host, the network and, if its first
 * byte says so, a liar.
 *
 * The first byte picks the cluster: one or three servers, pre-vote,
 * check-quorum, and whether messages are forged too. Then each command is a
 * byte, with operands behind it: deliver, repeat or drop a message, let a timer
 * fire, a write finish, a server crash and restart, propose, hand over raw
 * bytes, forge a message. The harness checks the contract at every step, so
 * that ids count up, terms never fall and nothing is promised too early.
 */
#include "tests/raft_harness.h"

#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_NODES = 3, MAX_LETTERS = 64, MAX_COMMANDS = 400 };

struct letter {
    raft_id from;
    struct harness_letter letter;
};

struct game {
    const uint8_t *data;
    size_t size;
    bool forges;
    uint32_t n;
    struct harness nodes[MAX_NODES];
    struct letter letters[MAX_LETTERS];
    size_t n_letters;
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

/* What may leave enters the network; a full network loses it. */
static void collect(struct game *g, uint32_t i)
{
    struct harness_letter letter;
    while (harness_take(&g->nodes[i], &letter)) {
        if (g->n_letters == MAX_LETTERS || letter.to > g->n) {
            free(letter.bytes);
            continue;
        }
        g->letters[g->n_letters++] = (struct letter){i + 1, letter};
    }
}

static void hand_over(struct game *g, uint32_t to, raft_id from,
                      const uint8_t *bytes, size_t size)
{
    struct raft_input input = {.kind = RAFT_INPUT_MESSAGE,
                               .now_us = g->nodes[to].now_us,
                               .message = {from, bytes, size}};
    enum raft_status status = harness_step(&g->nodes[to], &input);
    assert(status == RAFT_OK || status == RAFT_CORRUPT ||
           status == RAFT_BAD_INPUT);
    collect(g, to);
}

static void deliver(struct game *g, bool keep)
{
    if (g->n_letters == 0)
        return;
    size_t at = next(g) % g->n_letters;
    struct letter *l = &g->letters[at];
    uint8_t *bytes = malloc(l->letter.size);
    assert(bytes != NULL);
    size_t size = l->letter.size;
    raft_id from = l->from;
    uint32_t to = (uint32_t)l->letter.to - 1;
    memcpy(bytes, l->letter.bytes, size);
    if (!keep)
        drop(g, at);
    hand_over(g, to, from, bytes, size);
    free(bytes);
}

/* Small numbers meet each other more often. */
static uint64_t number(struct game *g)
{
    uint8_t b = next(g);
    if (b < 0xf0)
        return b % 16;
    return (uint64_t)b << (next(g) % 56);
}

static void forge(struct game *g, uint32_t to)
{
    struct raft_entry entries[8];
    struct raft_message m = {.kind = (enum raft_message_kind)(1 + next(g) % 6)};
    m.term = number(g);
    switch (m.kind) {
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
    case RAFT_MESSAGE_VOTE_REQUEST:
        m.vote_request.last.term = number(g);
        m.vote_request.last.index = number(g);
        break;
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
    case RAFT_MESSAGE_VOTE_RESPONSE:
        m.vote_response.granted = next(g) % 2 == 0;
        break;
    case RAFT_MESSAGE_APPEND_REQUEST:
        m.append_request.prev.term = number(g);
        m.append_request.prev.index = number(g);
        m.append_request.leader_commit = number(g);
        m.append_request.n_entries = next(g) % 9;
        m.append_request.entries = entries;
        for (uint32_t i = 0; i < m.append_request.n_entries; i++) {
            uint32_t size = next(g) % 8;
            if (size > g->size)
                size = (uint32_t)g->size;
            entries[i] = (struct raft_entry){
                .term = number(g),
                .data = size > 0 ? g->data : NULL,
                .size = size,
                .kind = size > 0 ? RAFT_ENTRY_COMMAND : RAFT_ENTRY_NOOP};
            if (size > g->size) /* number() took of the same bytes */
                entries[i].size = 0, entries[i].data = NULL;
        }
        break;
    case RAFT_MESSAGE_APPEND_RESPONSE:
        m.append_response.success = next(g) % 2 == 0;
        m.append_response.match_index = number(g);
        m.append_response.rejected = number(g);
        m.append_response.conflict.term = number(g);
        m.append_response.conflict.index = number(g);
        break;
    }
    uint8_t *bytes = malloc(raft_message_size(&m));
    assert(bytes != NULL);
    size_t size = raft_message_encode(&m, bytes);
    hand_over(g, to, next(g) % 5, bytes, size);
    free(bytes);
}

static void give(struct game *g, uint32_t i, struct raft_input input)
{
    struct harness *h = &g->nodes[i];
    input.now_us = h->now_us;
    harness_step(h, &input);
    collect(g, i);
}

static void play_one(struct game *g)
{
    uint8_t command = next(g);
    uint32_t i = command / 16 % g->n;
    struct harness *h = &g->nodes[i];
    switch (command % 16) {
    case 0:
    case 1:
    case 2:
    case 3:
        deliver(g, false);
        break;
    case 4:
        deliver(g, true);
        break;
    case 5:
        if (g->n_letters > 0)
            drop(g, next(g) % g->n_letters);
        break;
    case 6:
    case 7:
        harness_timer(h);
        collect(g, i);
        break;
    case 8: /* too early, perhaps */
        give(g, i, (struct raft_input){.kind = RAFT_INPUT_TIMER});
        break;
    case 9:
    case 10:
        if (h->n_pending > 0)
            harness_written_to(h, h->pending[next(g) % h->n_pending].id);
        collect(g, i);
        break;
    case 11:
        harness_propose(h, next(g), "command");
        collect(g, i);
        break;
    case 12:
        harness_crash(h, next(g) % 16);
        harness_boot(h);
        break;
    case 13:
        h->now_us += (uint64_t)next(g) * 1000;
        break;
    case 14: {
        size_t size = next(g);
        if (size > g->size)
            size = g->size;
        hand_over(g, i, 1 + next(g) % 3, g->data, size > g->size ? 0 : size);
        break;
    }
    case 15:
        if (g->forges)
            forge(g, i);
        else /* a write that nobody asked for */
            give(g, i,
                 (struct raft_input){.kind = RAFT_INPUT_WRITTEN,
                                     .written = {h->last_write + 1}});
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct game *g = calloc(1, sizeof *g);
    assert(g != NULL);
    g->data = data;
    g->size = size;
    uint8_t flags = next(g);
    g->n = (flags & 1) != 0 ? 3 : 1;
    g->forges = (flags & 2) != 0;
    for (uint32_t i = 0; i < g->n; i++) {
        struct raft_config config = harness_config(i + 1, g->n);
        config.pre_vote = (flags & 4) != 0;
        config.check_quorum = (flags & 8) != 0;
        config.max_entries_per_message = (flags & 16) != 0 ? 1 : 64;
        config.max_bytes_per_message = (flags & 32) != 0 ? 10 : 1000;
        config.max_inflight_messages = (flags & 64) != 0 ? 1 : 3;
        harness_init(&g->nodes[i], &config);
        g->nodes[i].forged = g->forges;
        harness_boot(&g->nodes[i]);
    }
    for (int k = 0; k < MAX_COMMANDS && g->size > 0; k++)
        play_one(g);
    while (g->n_letters > 0)
        drop(g, 0);
    for (uint32_t i = 0; i < g->n; i++)
        harness_free(&g->nodes[i]);
    free(g);
    return 0;
}
