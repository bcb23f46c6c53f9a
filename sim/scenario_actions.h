/* What the steps and nemeses of a scenario do, and to whom: a part of
 * sim/scenario.h, which says how values are written. */
#ifndef SIM_SCENARIO_ACTIONS_H
#define SIM_SCENARIO_ACTIONS_H

#include "sim/distribution.h"
#include "sim/node.h"

/* --- who ----------------------------------------------------------------- */

enum sim_target_kind {
    SIM_TARGET_NODE,      /* 3 */
    SIM_TARGET_LEADER,    /* "leader": the live one of the highest term */
    SIM_TARGET_FOLLOWER,  /* "a follower": any live one, a voter */
    SIM_TARGET_FOLLOWERS, /* "followers": all live ones, voters */
    SIM_TARGET_CANDIDATE, /* "a candidate", pre-candidates included */
    SIM_TARGET_ANY,       /* "a node": any live one (in
                              restart and resume: one that is down, paused) */
    SIM_TARGET_ALL,       /* "all": live or not */
    SIM_TARGET_CRASHED,   /* "crashed": all that are down */
    SIM_TARGET_PAUSED,    /* "paused": all that are */
    SIM_TARGET_MAJORITY,  /* "majority": a random set of n/2 + 1 of the
                             n voters */
    SIM_TARGET_MINORITY,  /* "minority": a random set of (n - 1)/2 of
                             them */
    SIM_TARGET_MAJORITY_WITH_LEADER, /* "majority with leader" */
    SIM_TARGET_MINORITY_WITH_LEADER, /* "minority with leader" */
    SIM_TARGET_REST,      /* "rest": those not named before in this step */
    SIM_TARGET_MEMBER,    /* "a member": any live voter */
    SIM_TARGET_LEARNER,   /* "a learner": any live one */
    SIM_TARGET_STRANGER,  /* "a stranger": any live one that is no member */
    SIM_TARGET_LEARNERS,  /* "learners": all live ones */
    SIM_TARGET_STRANGERS, /* "strangers": all live ones */
    SIM_TARGET_IT, /* "it": beside "when": whom the event happened to; the
                      sender of what is sent, the receiver of what is received;
                      live or not */
};

/* Whether it means one node at most. */
bool sim_target_is_one(enum sim_target_kind kind);

struct sim_target {
    enum sim_target_kind kind;
    uint32_t node; /* of SIM_TARGET_NODE */
};

/* In the order written; a node named twice counts once. */
struct sim_targets {
    struct sim_target *items;
    uint32_t count;
};

/* --- what ---------------------------------------------------------------- */

enum sim_action_kind {
    SIM_ACTION_CRASH,   /* "crash": nodes; "unfinished_writes" */
    SIM_ACTION_RESTART, /* "restart": nodes */
    SIM_ACTION_PAUSE,   /* "pause": nodes */
    SIM_ACTION_RESUME,  /* "resume": nodes */

    /* From here to LINK: those about links. */

    /* "partition": [nodes, nodes, …]: traffic inside a group only; those in no
     * group form one more */
    SIM_ACTION_PARTITION,
    /* "isolate": nodes: each from all others */
    SIM_ACTION_ISOLATE,
    /* "cut": {"from": nodes, "to": nodes, "both_ways"} */
    SIM_ACTION_CUT,
    /* "bridge": node: two halves that only it sees */
    SIM_ACTION_BRIDGE,
    /* "mesh": [[1, 2], [2, 3]]: only these pairs talk */
    SIM_ACTION_MESH,
    /* "clog": {"from", "to", "both_ways"}: hold what is sent; all of it is
     * released at the end */
    SIM_ACTION_CLOG,
    /* "link": {"from", "to", "both_ways", "messages", "delay", "drop",
     * "duplicate"}: other weather */
    SIM_ACTION_LINK,

    /* "disk": {"nodes", "write", "fsync", "fsync_errors", "full"}. At its end
     * those start again that went down because a write failed */
    SIM_ACTION_DISK,
    /* "corrupt": nodes; "what": "entry" (default), "hard_state" or "snapshot";
     * "beyond" */
    SIM_ACTION_CORRUPT,
    /* "clock": {"nodes", "jump", "rate"} */
    SIM_ACTION_CLOCK,
    /* "expire_timer": nodes: their clocks jump to the deadline of their timer
     */
    SIM_ACTION_EXPIRE,
    /* "propose": {"to": node, "key", "value", "compare", "client"} */
    SIM_ACTION_PROPOSE,
    /* "read": {"to": node, "key", "by", "client"} */
    SIM_ACTION_READ,
    /* "heal": "network" or "all" */
    SIM_ACTION_HEAL,

    /* From here to MEMBERS: those about members. An operator carries them out
     * at the leader (or at "ask": node): first as learners, where
     * /raft/catch_up asks for it, then as voters when they have caught up;
     * "joint": true, false (one voter at a time), by default where more than
     * one voter changes. The step has happened when the last of these changes
     * is in the leader's log. A newer wish takes the place of an older one. */

    /* "add": nodes; "as": "voter" (default), "learner" or "witness" */
    SIM_ACTION_ADD,
    SIM_ACTION_REMOVE,  /* "remove": nodes */
    SIM_ACTION_PROMOTE, /* "promote": nodes, learners */
    SIM_ACTION_DEMOTE,  /* "demote": nodes, to learners */
    SIM_ACTION_REPLACE, /* "replace": {"node": nodes, "by": nodes} */
    /* "members": nodes: these shall be the voters, and nobody else a member */
    SIM_ACTION_MEMBERS,

    /* "transfer": node, or "any": to lead next; "ask" */
    SIM_ACTION_TRANSFER,
    /* "compact": nodes; "keep": entries before the snapshot, default 0 */
    SIM_ACTION_COMPACT,
    SIM_ACTION_KIND_COUNT
};

/* What a crash leaves of writes that had not finished; see sim/disk.h. */
enum sim_unfinished {
    SIM_UNFINISHED_USUAL,  /* not said: as /disk/unfinished_writes says */
    SIM_UNFINISHED_RANDOM, /* "random": any prefix of their parts; the default
                              of /disk/unfinished_writes */
    SIM_UNFINISHED_LOST,   /* "lost" */
    SIM_UNFINISHED_KEPT,   /* "kept": durable, but the node never heard of it */
    SIM_UNFINISHED_ANY_ORDER, /* "any order": of each file what its own barriers
                                 allow */
    SIM_UNFINISHED_TORN,      /* "torn": as "random", but it ends in the middle
                                 of an entry, if one was being written */
};

/* What may rot on a disk. */
enum sim_record {
    SIM_RECORD_ENTRY,
    SIM_RECORD_HARD_STATE,
    SIM_RECORD_SNAPSHOT,
    SIM_RECORD_COUNT
};

/* How a read of the script is answered. */
enum sim_read_way {
    SIM_READ_BY_MAJORITY, /* "majority": by asking one (the default) */
    SIM_READ_BY_LEASE,    /* "lease", where one holds */
    SIM_READ_BY_LOG,      /* "log": as an entry of it */
};

/* What somebody is to become by "add". */
enum sim_membership { SIM_AS_VOTER, SIM_AS_LEARNER, SIM_AS_WITNESS };

enum sim_joint { SIM_JOINT_AUTO, SIM_JOINT_ALWAYS, SIM_JOINT_NEVER };

/* What "link" changes; what is not set stays as it is. */
struct sim_weather {
    bool has_delay, has_drop, has_duplicate;
    struct sim_distribution delay;
    uint32_t drop_ppm;
    uint32_t duplicate_ppm;
    bool has_kind;
    enum sim_message_kind kind; /* "messages": only those of this kind */
};

struct sim_pair {
    uint32_t a, b;
};

struct sim_action {
    enum sim_action_kind kind;
    const char *list; /* where it stands in the scenario: it is item `place` */
    uint32_t place;   /* of "/faults" or "/nemeses" (NULL: nowhere) */
    struct sim_targets nodes;   /* crash … isolate, bridge, disk, corrupt,
                                   clock, expire_timer; propose, read: "to"; add …
                                   promote, demote, replace: "node"; members;
                                   transfer (empty: "any"); compact */
    struct sim_targets *groups; /* partition */
    uint32_t n_groups;
    struct sim_targets from, to; /* cut, clog, link */
    bool both_ways;
    struct sim_pair *pairs; /* mesh; both directions */
    uint32_t n_pairs;
    enum sim_unfinished unfinished_writes;
    struct sim_weather weather; /* link */
    bool has_write, has_fsync;  /* disk */
    struct sim_distribution write, fsync;
    bool has_fsync_errors; /* disk */
    uint32_t fsync_error_ppm;
    bool full;              /* disk: every write fails */
    enum sim_record record; /* corrupt: "what" */
    bool beyond;   /* corrupt: even if no majority of the disks is left sound */
    bool has_rate; /* clock */
    int64_t jump_us;   /* clock: forward, 0 or more */
    int32_t rate_ppm;  /* clock: against virtual time: "10%", "-500ppm";
                          -900000 to 9000000 */
    char *key, *value; /* propose, read: each 1 to 64 bytes; no
                          value: a random one */
    bool compare;      /* propose: only if the key has the value still that the
                          client saw last */
    enum sim_read_way by_way; /* read: "by" */
    uint32_t client;          /* propose, read: its name, 1 to 1000; 0: one that
                                 does nothing else, and has no session */
    struct sim_targets by;    /* replace */
    struct sim_targets ask;   /* members and transfer; empty: the leader */
    enum sim_membership as;   /* add */
    enum sim_joint joint;     /* members */
    uint64_t keep;            /* compact; at most 2^53 - 1 */
    bool heal_all; /* heal: "all" also ends all nemeses, restarts what is down,
                      resumes what is paused, and restores disks, clock rates
                      and links; "network" only cuts, clogs and links */
};

#endif
