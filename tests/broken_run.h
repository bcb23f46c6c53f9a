/* Whole runs of broken nodes. */
#ifndef TESTS_BROKEN_RUN_H
#define TESTS_BROKEN_RUN_H

#include "sim/simulation.h"

/* Parts of scenarios, with ' in place of ". Three nodes and nothing but the
 * script; elections are quick where it lets timers expire, and rare elsewhere.
 */
#define BROKEN_QUIET                                                           \
    "'raft': {'pre_vote': false, 'check_quorum': false, 'catch_up': false,"    \
    "         'election_timeout': ['300ms', '500ms']},"                        \
    "'disk': {'fsync': '2ms'}"
#define BROKEN_STAGE                                                           \
    "'nodes': 3, 'duration': '2s', 'workload': {'clients': 0},"                \
    "'network': {'delay': '1ms'}," BROKEN_QUIET

#define BROKEN_BUSY                                                            \
    "'nodes': 3, 'duration': '3s', 'workload': {'clients': 4, 'rate': "        \
    "'400/s'}"

/* A leader is elected, and nothing else happens. */
#define BROKEN_ELECTION                                                        \
    BROKEN_STAGE ", 'faults': [{'at': '10ms', 'expire_timer': 1}]"

/* Everybody compacts all the time, and a follower comes back to its snapshot.
 */
#define BROKEN_COMPACTING                                                      \
    BROKEN_BUSY ", 'snapshots': {'every': 20},"                                \
                "'faults': [{'at': '1s', 'crash': 'a follower',"               \
                "            'for': '500ms'}]"

/* Everybody compacts all the time; a follower falls behind, and gets a snapshot
 * on top of the entries that it has. */
#define BROKEN_INSTALLING                                                      \
    BROKEN_BUSY ", 'snapshots': {'every': 20}, 'faults': ["                    \
                "{'at': '1s', 'isolate': 'a follower', 'for': '1s'}]"

/* As in scenarios/vote-kept.json: node 2 has its vote for node 1 on its disk
 * when it crashes, and is asked by node 3 in the same term when it is back. */
#define BROKEN_VOTE_KEPT                                                       \
    BROKEN_STAGE ", 'faults': ["                                               \
                 "{'at': '0s', 'isolate': 3},"                                 \
                 "{'at': '10ms', 'expire_timer': 1},"                          \
                 "{'when': {'writing': 2, 'what': 'vote'}, 'crash': 2,"        \
                 " 'unfinished_writes': 'kept'},"                              \
                 "{'after': '5ms', 'heal': 'network'},"                        \
                 "{'after': '0s', 'isolate': 1},"                              \
                 "{'after': '0s', 'restart': 2},"                              \
                 "{'after': '5ms', 'expire_timer': 3},"                        \
                 "{'after': '100ms', 'heal': 'network'}]"

/* `body` is a scenario without its braces, "description" and "expect", where
 * `violation` is expected: a property's name, or "none". */
struct sim_result broken_run(const char *body, const char *violation,
                             const struct sim_node_type *type, uint64_t seed);

#endif
