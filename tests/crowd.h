/* A crowd: servers that become members and cease to be, under any faults, and
 * watched by a naive oracle (Raft paper, Figure 3). It remembers every leader
 * and every committed entry, and looks at the disks when one is committed: with
 * both majorities, if there are two, and with somebody who could lead.
 *
 * Its servers are those of tests/raft_harness.h, held to their contract at
 * every step. One move is one thing that happens to each; time is what moves
 * take. What breaks fails the Criterion test that runs. */
#ifndef TESTS_CROWD_H
#define TESTS_CROWD_H

#include "tests/raft_harness.h"

/* Servers 1 to 6, and 7, which is a witness or nothing. */
enum { CROWD_SIZE = 7, CROWD_MAX_TERMS = 4096 };

struct crowd_packet {
    raft_id from;
    struct harness_letter letter;
};

struct crowd {
    uint64_t seed;
    uint64_t random;
    uint64_t now_us;
    struct harness nodes[CROWD_SIZE]; /* server i + 1 */
    bool faults;               /* lost, doubled, reordered; slow; meddling */
    unsigned side[CROWD_SIZE]; /* of the partition */
    uint64_t n_proposed;
    struct crowd_packet *packets;
    size_t n_packets;

    raft_id leaders[CROWD_MAX_TERMS];
    struct raft_entry *committed;
    uint64_t n_committed;
    uint64_t seen[CROWD_SIZE]; /* how far their commit indexes were looked at */
    uint64_t n_leaders, n_configurations, n_crashes, n_installed;
};

/* Servers 1 to 3 are the members, the others know nobody. The seed says which
 * options they have, and what chance does. The caller frees it. */
struct crowd *crowd_new(uint64_t seed, bool faults);

/* Time passes, disks and timers are served, a message arrives; with faults
 * somebody crashes, starts, compacts, is cut off, is asked for something. */
void crowd_move(struct crowd *c);

/* Of the last unfinished writes the first `keep_parts` parts survive. */
void crowd_crash(struct crowd *c, uint32_t i, uint64_t keep_parts);
void crowd_boot(struct crowd *c, uint32_t i);
void crowd_propose(struct crowd *c, uint32_t i);

/* Whether it was accepted. */
bool crowd_change(struct crowd *c, uint32_t i,
                  const struct raft_member *members, uint32_t n, bool joint);

/* All faults end, everybody runs. */
void crowd_heal(struct crowd *c);

/* Whoever leads the latest term, or CROWD_SIZE. */
uint32_t crowd_leader(const struct crowd *c);

/* Whether somebody leads, its members are settled, and they have all applied
 * `at_least` entries. */
bool crowd_has_settled(const struct crowd *c, uint64_t at_least);

void crowd_free(struct crowd *c);

#endif
