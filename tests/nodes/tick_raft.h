/* A small Raft of another make: elections and replication among members that
 * never change (paper, 5.1 to 5.4). No snapshots.
 *
 * It is what one finds in the wild: it counts ticks, of which it does not know
 * how long they are; it calls back for whatever it wants done, and takes it for
 * done when the call returns; its messages are structs with pointers in them.
 * It knows nothing of the simulator. tests/nodes/tick_node.c is its adapter.
 */
#ifndef TICK_RAFT_H
#define TICK_RAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TICK_MAX_MEMBERS 128

/* One of no bytes is the leader's own: it begins its term with it. */
struct tick_entry {
    uint64_t term;
    size_t size;
    void *data;
};

enum tick_message_type {
    TICK_ASK_VOTE,
    TICK_ANSWER_VOTE,
    TICK_APPEND,
    TICK_ANSWER_APPEND,
};

struct tick_message {
    enum tick_message_type type;
    uint64_t term;
    bool yes;            /* ANSWER_…: granted, or appended */
    uint64_t index;      /* ASK_VOTE: the end of the log; APPEND: the entry
                            before the first; ANSWER_APPEND: the log is the
                            leader's up to here; or if not: try after this */
    uint64_t index_term; /* ASK_VOTE, APPEND: of that entry */
    uint64_t committed;  /* APPEND */
    size_t n_entries;    /* APPEND */
    const struct tick_entry *entries;
};

/* All of them are there. `user` is the caller's. */
struct tick_calls {
    void (*send)(void *user, uint32_t to, const struct tick_message *message);
    /* Durable when they return. */
    void (*save_vote)(void *user, uint64_t term, uint32_t voted_for);
    void (*save_log)(void *user, uint64_t from, const struct tick_entry *items,
                     size_t n); /* in place of all entries from `from` on */
    void (*apply)(void *user, uint64_t index, const struct tick_entry *entry);
    unsigned (*random)(void *user, unsigned below);
};

struct tick_settings {
    uint32_t id; /* 1 to members */
    uint32_t members;
    unsigned heartbeat_ticks;
    unsigned election_ticks; /* at least; and less than twice as many */
    size_t batch;            /* entries in a message, at most */
};

enum tick_role { TICK_FOLLOWER, TICK_CANDIDATE, TICK_LEADER };

struct tick_raft;

/* What was saved goes on: `entries` are copied. NULL: no memory. */
struct tick_raft *tick_new(const struct tick_settings *settings,
                           const struct tick_calls *calls, void *user,
                           uint64_t term, uint32_t voted_for,
                           const struct tick_entry *entries, size_t n);
void tick_free(struct tick_raft *raft);

void tick_tick(struct tick_raft *raft);
void tick_receive(struct tick_raft *raft, uint32_t from,
                  const struct tick_message *message);

/* Its index in the log; 0 if this is not the leader. */
uint64_t tick_propose(struct tick_raft *raft, const void *data, size_t size);

uint64_t tick_term(const struct tick_raft *raft);
enum tick_role tick_role(const struct tick_raft *raft);
uint32_t tick_leader(const struct tick_raft *raft); /* 0: not known */

#endif
