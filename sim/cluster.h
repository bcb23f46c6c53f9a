/* The machines of a run and what lies between them: nodes with their disks,
 * clocks and state machines, and the network. It hands nodes their inputs,
 * walks their outputs, and knows how machines die and come back. What is done
 * to them, and when, is decided elsewhere (sim/faults.h, sim/clients.h).
 *
 * A machine is up, paused or down:
 *   - up: inputs are handed to its node when they come;
 *   - paused: messages, timers, finished writes and commands pile up, and are
 *     handled in their order on resumption; nothing leaves it, and its disk
 *     makes no progress (a virtual machine that is stopped);
 *   - down: the node is gone with its unfinished writes and the messages that
 *     waited for them; what arrives is lost.
 *
 * Shared by the files of the simulator that drive a run; not for others.
 */
#ifndef SIM_CLUSTER_H
#define SIM_CLUSTER_H

#include "sim/checker.h"
#include "sim/clients.h"
#include "sim/clock.h"
#include "sim/disk.h"
#include "sim/event_queue.h"
#include "sim/kv.h"
#include "sim/mail.h"
#include "sim/network.h"
#include "sim/simulation.h"
#include "sim/trace.h"

/* What lies in a run's event queue. */
enum sim_queue_kind {
    /* The cluster's: */
    SIM_QUEUE_ARRIVAL, /* b: letter at the end of its link */
    SIM_QUEUE_RECEIPT, /* b: letter that had arrived at a paused machine */
    SIM_QUEUE_TIMER,   /* a: node, b: generation */
    SIM_QUEUE_DISK,    /* a: node, b: generation */
    SIM_QUEUE_REQUEST, /* b: letter of a client */
    /* The simulation's: */
    SIM_QUEUE_ANSWER,   /* a: enum sim_answer + 256 * leader, b: tag */
    SIM_QUEUE_WAKE,     /* a: client */
    SIM_QUEUE_FAULT,    /* a: step of the script */
    SIM_QUEUE_UNDO,     /* a: damage, b: its serial number */
    SIM_QUEUE_NEMESIS,  /* a: nemesis */
    SIM_QUEUE_END,      /* the scenario's duration is over */
    SIM_QUEUE_DEADLINE, /* a wait for progress ends; b: its number */
};

/* A message that waits for a write of its sender. */
struct sim_waiting_send {
    uint64_t after_write;
    uint32_t letter;
};

/* A command that a node took, waiting for its place to be applied there. */
struct sim_pending_command {
    struct sim_position position;
    uint64_t tag;
};

struct sim_machine {
    struct sim_node *node; /* NULL: down */
    uint32_t lives;        /* how often a node was started here */
    bool paused;
    struct sim_view view; /* of the node; of its last moment when down */
    sim_tip tip;          /* the log in its memory; SIM_NO_TIP when down */
    struct sim_disk *disk;
    struct sim_clock clock;
    int32_t usual_rate_ppm; /* of the clock, by /clocks */
    struct sim_kv *kv;
    struct sim_prng seeds;       /* for the node's lives */
    struct sim_prng crash_luck;  /* what of unfinished writes survives */
    struct sim_prng client_luck; /* delays from and to clients */

    uint64_t last_write_id;    /* handed out in this life */
    uint64_t durable_write_id; /* of those */
    uint64_t last_applied;

    bool has_timer;
    uint64_t timer_local_us; /* the node's deadline, by its clock */
    uint64_t timer_event_us; /* the event that will look at it; SIM_NO_EVENT */
    uint64_t timer_generation; /* of that event */

    struct sim_waiting_send *sends; /* ring, by after_write */
    size_t sends_capacity, sends_first, sends_count;
    struct sim_pending_command *commands; /* ring, by index */
    size_t commands_capacity, commands_first, commands_count;
    struct sim_event *piled; /* while paused */
    size_t piled_capacity, piled_count;
};

/* Something that the script may wait for. */
struct sim_happening {
    enum sim_event_kind kind;
    uint32_t node; /* whom it happened to */
    uint32_t from, to;
    uint64_t term;
    uint64_t index;
    enum sim_message_kind message;
    bool vote, entries; /* SIM_EVENT_WRITING: what the write holds */
};

struct sim_cluster {
    const struct sim_scenario *scenario;
    const struct sim_node_type *type;
    struct sim_event_queue *queue;
    struct sim_log_tree *tree;
    struct sim_network *network;
    struct sim_mail *mail;
    struct sim_checker *checker; /* NULL: no checks */
    struct sim_trace *trace;
    struct sim_machine *machines; /* [1] to [n]; [0] is unused */
    uint32_t n;
    uint32_t n_running; /* machines that are up and not paused */
    sim_tip *tips;      /* a copy of each machine's tip, for expectations */
    uint64_t now_us;    /* virtual */
    uint64_t step;      /* the last one's number */

    uint32_t leader; /* the live leader of the highest term; SIM_NONE */
    uint64_t elections, highest_term, committed, crashes, restarts;
    uint64_t messages_delivered, messages_lost_at_machines, writes;

    uint64_t *states; /* of the state machine, after each entry that the current
                         step applied */
    size_t states_capacity, n_states;

    uint32_t watched; /* bit per sim_event_kind: somebody waits for it */
    struct sim_happening *happenings; /* of the current event, in order */
    size_t happenings_capacity, n_happenings;

    char contract[256]; /* empty, or how the contract was broken */
};

/* The cluster of `scenario`, all machines down. The checker and the trace are
 * the cluster's. Disks hold what /initial says. */
struct sim_cluster *sim_cluster_new(const struct sim_scenario *scenario,
                                    const struct sim_options *options,
                                    struct sim_event_queue *queue);
void sim_cluster_free(struct sim_cluster *cluster);

/* Handles an event of the cluster's own. */
void sim_cluster_handle(struct sim_cluster *cluster,
                        const struct sim_event *event);

/* Does what a client asked for: its command on its way, its next waking. */
void sim_cluster_carry_out(struct sim_cluster *cluster,
                           const struct sim_client_action *action);

/* --- what is done to machines; each does nothing where it does not apply ---
 */

/* Starts a node from what is durable: boot and restart are the same. */
bool sim_cluster_start(struct sim_cluster *cluster, uint32_t node);
bool sim_cluster_crash(struct sim_cluster *cluster, uint32_t node,
                       enum sim_unfinished unfinished);
bool sim_cluster_pause(struct sim_cluster *cluster, uint32_t node);
bool sim_cluster_resume(struct sim_cluster *cluster, uint32_t node);
void sim_cluster_set_clock_rate(struct sim_cluster *cluster, uint32_t node,
                                int32_t rate_ppm);
void sim_cluster_jump_clock(struct sim_cluster *cluster, uint32_t node,
                            uint64_t by_us);

/* The clock jumps to the deadline of the node's timer, which is then due. */
bool sim_cluster_expire_timer(struct sim_cluster *cluster, uint32_t node);

/* Lets go what the network released. */
void sim_cluster_forward_released(struct sim_cluster *cluster);

bool sim_cluster_is_up(const struct sim_cluster *cluster, uint32_t node);

/* Whether every machine is up and none is paused. O(1). */
bool sim_cluster_is_whole(const struct sim_cluster *cluster);

/* --- shared by cluster.c, host.c and post.c ------------------------------- */

/* Hands a node one input and walks its outputs. */
void sim__host_step(struct sim_cluster *cluster, uint32_t node,
                    struct sim_input *input);

/* A batch of the disk is complete. */
void sim__host_disk(struct sim_cluster *cluster, uint32_t node,
                    uint64_t generation);

/* Makes durable what the disk gives, and lets go what waited for it. */
void sim__host_walk_durable(struct sim_cluster *cluster, uint32_t node);

void sim__host_arm_timer(struct sim_cluster *cluster, uint32_t node);
void sim__cluster_find_leader(struct sim_cluster *cluster);

/* A message leaves its machine. */
void sim__post_send(struct sim_cluster *cluster, uint32_t from, uint32_t to,
                    const uint8_t *bytes, size_t size);

/* A letter finds its machine down. */
void sim__post_lose(struct sim_cluster *cluster, uint32_t slot);
void sim__post_answer(struct sim_cluster *cluster, uint32_t node, uint64_t tag,
                      uint32_t answer, uint32_t leader);

/* Notes a happening if somebody waits for its kind. */
void sim__cluster_note(struct sim_cluster *cluster,
                       const struct sim_happening *happening);

/* The first breach of the contract is kept; the run ends. printf's format. */
void sim__cluster_breach(struct sim_cluster *cluster, const char *format, ...);

#endif
