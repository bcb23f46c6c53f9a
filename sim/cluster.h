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
 *     waited for them; what arrives is lost. A machine also goes down when a
 *     write fails: its node stops, and is created again from what is durable.
 *
 * A start reads back what is durable. The torn end of what was being written is
 * dropped; a record that has rotten ends the start, and the machine stays down
 * for good: which promise the record was (a vote, the last copy of a committed
 * entry) cannot be told, so to go on without it could break one. Such a server
 * is replaced by one with a fresh id, as one that lost its disk is.
 *
 * What all machines have put into snapshots is let go in batches, so that
 * memory follows what is alive and not how long it has been: see
 * sim/cluster_reclaim.c, also for who keeps it all.
 *
 * Shared by the files of the simulator that drive a run; not for others.
 */
#ifndef SIM_CLUSTER_H
#define SIM_CLUSTER_H

#include "sim/archive.h"
#include "sim/checker.h"
#include "sim/clients.h"
#include "sim/clock.h"
#include "sim/disk.h"
#include "sim/event_queue.h"
#include "sim/kv.h"
#include "sim/mail.h"
#include "sim/memberships.h"
#include "sim/network.h"
#include "sim/simulation.h"
#include "sim/situations.h"
#include "sim/trace_records.h"
#include "sim/why.h"

/* What lies in a run's event queue. */
enum sim_queue_kind {
    /* The cluster's: */
    SIM_QUEUE_ARRIVAL, /* b: letter at the end of its link */
    SIM_QUEUE_RECEIPT, /* b: letter that had arrived at a paused machine */
    SIM_QUEUE_TIMER,   /* a: node, b: generation */
    SIM_QUEUE_DISK,    /* a: node, b: generation */
    SIM_QUEUE_REQUEST, /* b: letter of a client */
    SIM_QUEUE_COMPACT, /* a: node: a snapshot may be due */
    /* The simulation's: */
    SIM_QUEUE_ANSWER,   /* b: letter to a client */
    SIM_QUEUE_WAKE,     /* a: client */
    SIM_QUEUE_OPERATOR, /* b: number of the wish */
    SIM_QUEUE_FAULT,    /* a: step of the script */
    SIM_QUEUE_UNDO,     /* a: damage, b: its serial number */
    SIM_QUEUE_NEMESIS,  /* a: nemesis; b: see sim/faults_nemeses.c */
    SIM_QUEUE_END,      /* the scenario's duration is over */
    SIM_QUEUE_DEADLINE, /* a wait for progress ends; b: its number */
};

/* A message that waits for a write of its sender. */
struct sim_waiting_send {
    uint64_t after_write;
    uint32_t letter;
};

/* A command that a node took, or the opening of a session, waiting for its
 * place to be applied there. */
struct sim_pending_command {
    struct sim_position position;
    uint64_t tag;
};

/* A read that a node was given and has not answered. */
struct sim_pending_read {
    uint64_t tag;
    uint32_t letter; /* says which key */
    uint64_t step;   /* in which it was given */
    bool led;        /* the node was a leader then */
};

struct sim_machine {
    struct sim_node *node; /* NULL: down */
    uint32_t lives;        /* how often a node was started here */
    bool paused;
    bool stopped; /* down, or about to be, because a write failed */
    bool refused; /* down for good: its disk has rotten, and it found that */
    struct sim_view view; /* of the node; of its last moment when down */
    sim_tip tip;          /* the log in its memory; SIM_NO_TIP when down */
    uint64_t first_index; /* of the entries that this log still has */
    bool void_log; /* its disk has entries that the snapshot made void, and its
                      next write may say so */
    uint64_t snapshot_index; /* of the latest snapshot that it wrote or began
                                with */
    struct sim_configuration members; /* by its log, see type->members(); of its
                                         last moment when down */
    struct sim_disk *disk;
    struct sim_clock clock;
    int32_t usual_rate_ppm; /* of the clock, by /clocks */
    struct sim_kv *kv;
    bool blind; /* entries or images without their payload came to its state
                   machine: a witness. Nothing in `kv` means anything */
    uint64_t *omitted; /* bit per tree node: on this disk without payload */
    size_t omitted_capacity, n_omitted; /* words */
    struct sim_prng seeds;              /* for the node's lives */
    struct sim_prng crash_luck;         /* what of unfinished writes survives */
    struct sim_prng client_luck;        /* delays from and to clients */

    uint64_t last_write_id;    /* handed out in this life */
    uint64_t durable_write_id; /* of those */
    uint64_t last_applied;
    bool compaction_asked; /* an event for it is in the queue */

    bool has_timer;
    uint64_t timer_local_us; /* the node's deadline, by its clock */
    uint64_t timer_event_us; /* the event that will look at it; SIM_NO_EVENT */
    uint64_t timer_generation; /* of that event */
    uint64_t timer_us;         /* when its timer was last due, */
    uint32_t timer_repeats;    /* and how often at that moment */
    uint32_t hurry; /* ticks that still may follow each other at once */

    struct sim_waiting_send *sends; /* ring, by after_write */
    size_t sends_capacity, sends_first, sends_count;
    struct sim_pending_command *commands; /* ring, by index */
    size_t commands_capacity, commands_first, commands_count;
    struct sim_pending_read *reads; /* in the order in which they came */
    size_t reads_capacity, reads_count;
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
    bool vote, entries, snapshot; /* SIM_EVENT_WRITING: what the write holds */
    bool joint;                   /* SIM_EVENT_CONFIGURED */
};

/* What became of an order of the operator. */
struct sim_order_answer {
    bool accepted;
    enum sim_reason reason; /* if not */
};

#define SIM_MAX_WAKINGS 2u

/* When a client is to be woken: what it asked for last. No event is queued for
 * that as long as one comes before it anyway, for something that the client
 * does not wait for any more; when that comes, it is put off to the time and
 * the number of what was asked for last. So a client that asks with a time-out
 * for one thing after the other has one event in the queue for all of them. */
struct sim_waking {
    uint64_t at_us;
    uint64_t at_sequence;
    uint32_t n_queued; /* events that are known to be in the queue; there may be
                          others, which come for nothing */
    struct {
        uint64_t time_us;
        uint64_t sequence;
    } queued[SIM_MAX_WAKINGS];
};

struct sim_cluster {
    const struct sim_scenario *scenario;
    const struct sim_node_type *type; /* `complete` */
    struct sim_node_type complete;    /* the nodes', see sim/node_type.h */
    bool knows_leaders;
    struct sim_event_queue *queue;
    struct sim_log_tree *tree;
    struct sim_archive *archive;
    struct sim_configuration initial; /* the members at the start */
    struct sim_memberships *memberships;
    struct sim_network *network;
    struct sim_mail *mail;
    struct sim_waking *wakings; /* by client */
    size_t n_wakings, wakings_capacity;
    struct sim_checker *checker;       /* NULL: no checks */
    struct sim_situations *situations; /* with the checker */
    struct sim_why *why;               /* NULL: nobody will ask */
    struct sim_trace *trace;
    struct sim_recording *recording; /* NULL: none */
    struct sim_machine *machines;    /* [1] to [n]; [0] is unused */
    uint32_t n;
    uint32_t n_running;       /* machines that are up and not paused */
    uint32_t n_refused;       /* machines that are down for good */
    uint32_t fsync_error_ppm; /* of a disk that no fault is at */
    sim_tip *tips;   /* a copy of each machine's tip, for expectations */
    uint64_t now_us; /* virtual */
    uint64_t step;   /* the last one's number */

    uint32_t leader; /* the live leader of the highest term; SIM_NONE */
    const struct sim_configuration *members; /* by the log of this leader, or of
                                                the last one there was */
    struct sim_set witnesses; /* all that the members of any node, at any time,
                                 were said to have */
    uint64_t elections, highest_term, committed, crashes, restarts;
    uint64_t bytes_sent;
    uint64_t messages_delivered, messages_lost_at_machines, writes;
    uint64_t write_errors; /* batches that failed */
    uint64_t torn_records; /* found at a start, and dropped */
    uint64_t snapshots;    /* made by nodes of their own state machine */
    uint64_t installs;     /* taken over, other than at the start of a life */
    uint64_t reads;        /* answered, other than through the log */
    struct sim_read_counts read_counts; /* what a machine can know of them */
    uint64_t configurations; /* appended by leaders, those that leave a joint
                                one included */
    uint64_t changes; /* of the members, that the operator got accepted */
    uint64_t views;   /* counts leaders found or lost, and members that
                         became other ones somewhere */

    struct sim_order_answer order;      /* to the current step's order */
    const struct sim_letter *delivered; /* in the current step; NULL: none */
    /* What the current step did to the state machine: */
    bool restored;
    sim_tip restored_tip;
    uint64_t restored_state;
    uint64_t *states; /* after each entry that it applied */
    size_t states_capacity, n_states;
    sim_tip snapshot_tip; /* of the snapshot that it wrote, or SIM_NO_TIP */
    uint8_t *image;       /* room for a state machine's */
    size_t image_capacity;

    uint32_t reclaim_at; /* when the log tree has had so many tree nodes, what
                            lies behind is let go; UINT32_MAX: never */
    uint32_t reclaim_every; /* 0: as usual */
    uint32_t reclaim_wait;  /* tree nodes until the next attempt */

    uint32_t calling; /* the node one of whose functions is being called */
    uint32_t watched; /* bit per sim_event_kind: somebody waits for it */
    struct sim_happening *happenings; /* of the current event, in order */
    size_t happenings_capacity, n_happenings;
    uint32_t it; /* whom the event happened to that the present action follows;
                    SIM_NONE: it follows none */

    char contract[256];        /* empty, or how the contract was broken */
    const char *contract_kind; /* its words, as a format of printf() */
};

/* The cluster of `scenario`, all machines down. The checker and the trace are
 * the cluster's. Disks hold what /members and /initial say. */
struct sim_cluster *sim_cluster_new(const struct sim_scenario *scenario,
                                    const struct sim_options *options,
                                    struct sim_event_queue *queue);
void sim_cluster_free(struct sim_cluster *cluster);

/* Handles an event of the cluster's own. */
void sim_cluster_handle(struct sim_cluster *cluster,
                        const struct sim_event *event);

/* Does what a client asked for: its request on its way, its next waking. */
void sim_cluster_carry_out(struct sim_cluster *cluster,
                           const struct sim_client_action *action);

/* Whether the client of a SIM_QUEUE_WAKE is to be woken now: false if that was
 * put off. */
bool sim_cluster_is_waking(struct sim_cluster *cluster,
                           const struct sim_event *event);

/* --- what is done to machines; each does nothing where it does not apply -- */

/* Starts a node from what is durable: boot and restart are the same. False also
 * if it refuses, because the disk has rotten. */
bool sim_cluster_start(struct sim_cluster *cluster, uint32_t node);

/* From now on a write fails only where a fault makes it fail. */
void sim_cluster_end_errors(struct sim_cluster *cluster);

/* Lets a record on the node's disk rot. Not if that left too few sound disks
 * among the voters for a majority (of both sets, if they are joint; by every
 * log; witnesses count as unsound, for they hold no commands), unless `beyond`.
 */
bool sim_cluster_corrupt(struct sim_cluster *cluster, uint32_t node,
                         enum sim_record record, bool beyond);
bool sim_cluster_crash(struct sim_cluster *cluster, uint32_t node,
                       enum sim_unfinished unfinished);
bool sim_cluster_pause(struct sim_cluster *cluster, uint32_t node);
bool sim_cluster_resume(struct sim_cluster *cluster, uint32_t node);
void sim_cluster_set_clock_rate(struct sim_cluster *cluster, uint32_t node,
                                int32_t rate_ppm);
void sim_cluster_jump_clock(struct sim_cluster *cluster, uint32_t node,
                            uint64_t by_us);

/* The clock jumps to the deadline of the node's timer, which is then due. Of a
 * node that counts ticks, to the next one and so on, until it sends something.
 */
bool sim_cluster_expire_timer(struct sim_cluster *cluster, uint32_t node);

/* The node gets its state machine's image, if that is newer than its latest
 * snapshot, and may drop all entries but the `keep` before it. */
bool sim_cluster_compact(struct sim_cluster *cluster, uint32_t node,
                         uint64_t keep);

/* Hands an order of the operator (CHANGE or TRANSFER) to a node that runs. */
struct sim_order_answer sim_cluster_order(struct sim_cluster *cluster,
                                          uint32_t node,
                                          struct sim_input *input);

/* Lets go what the network released. */
void sim_cluster_forward_released(struct sim_cluster *cluster);

/* The first breach of the contract is kept; the run ends. printf's format. */
void sim_cluster_breach(struct sim_cluster *cluster, const char *format, ...);

/* --- questions ------------------------------------------------------------ */

bool sim_cluster_is_up(const struct sim_cluster *cluster, uint32_t node);

/* Whether it is up and not paused. */
bool sim_cluster_runs(const struct sim_cluster *cluster, uint32_t node);

/* Whether every machine is up and none is paused, but for those that are down
 * for good, and these are no majority of the voters. O(1) where there are none.
 */
bool sim_cluster_is_whole(const struct sim_cluster *cluster);

/* The members by the log of the leader, of the last one while there is none,
 * of the start before the first. Never NULL; lives as long as the cluster. */
const struct sim_configuration *
sim_cluster_members(const struct sim_cluster *cluster);

/* Whether it can be told who leads (otherwise nobody ever seems to). */
bool sim_cluster_knows_leaders(const struct sim_cluster *cluster);

/* Whether the nodes have all these SIM_FEATURE_…s. */
bool sim_cluster_can(const struct sim_cluster *cluster, uint32_t features);

#endif
