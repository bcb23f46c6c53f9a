/* What the cluster's files call of each other.
 *
 *   cluster.c        the whole: new, free, notes, questions
 *   cluster_lives.c  machines that start, crash, pause; their clocks
 *   cluster_disks.c  disks that fail, and disks that rot
 *   cluster_reclaim.c  what nobody can ask for any more
 *   host.c           a step: an input in, the outputs walked, the step judged
 *   host_disk.c      writes, and what waits for them
 *   host_gate.c      what a node answers, looked at before it is used
 *   host_judge.c     what observes a step
 *   host_sends.c     messages that wait for a write
 *   host_view.c      what a node does not show of itself
 *   host_state.c     the state machine: applied entries, snapshots
 *   host_answers.c   what clients wait for at a machine
 *   post.c           between machines, and from and to clients
 */
#ifndef SIM_CLUSTER_INTERNAL_H
#define SIM_CLUSTER_INTERNAL_H

#include "sim/cluster.h"

/* --- cluster.c ------------------------------------------------------------ */

/* Notes a happening if somebody waits for its kind. */
void cluster__note(struct sim_cluster *cluster,
                   const struct sim_happening *happening);

/* Somebody became a leader, or is none any more. */
void cluster__find_leader(struct sim_cluster *cluster);

/* The log of `node` may hold another configuration now: looks at its members
 * again. True if they are other ones than before. */
bool cluster__look_at_members(struct sim_cluster *cluster, uint32_t node);

/* Makes a full ring larger: what lies before its first goes behind the old
 * end. The same for all rings of a machine. */
void *cluster__grow_ring(void *ring, size_t *capacity, size_t first,
                         size_t count, size_t size);

/* Now, for the trace. */
struct sim_trace_moment cluster__moment(const struct sim_cluster *cluster);

/* --- cluster_lives.c ------------------------------------------------------ */

/* The machine is down: memory is lost, and of the unfinished writes what
 * `unfinished` says, by chance of `prng`. */
void cluster__go_down(struct sim_cluster *cluster, uint32_t node,
                      enum sim_unfinished unfinished, struct sim_prng *prng);

/* After a tick, in which the node has sent something or not: lets the next one
 * come at once, if its time-out is to expire. */
void cluster__hurry(struct sim_cluster *cluster, uint32_t node, bool has_sent);

/* --- cluster_disks.c ------------------------------------------------------ */

/* A batch of the disk failed: the node hears of it, and the machine goes down.
 */
void cluster__write_failed(struct sim_cluster *cluster, uint32_t node);

/* Before a start: reads back what is durable. False if some of it has rotten.
 */
bool cluster__read_back(struct sim_cluster *cluster, uint32_t node);

/* Whether those that are not down for good have every committed entry, and can
 * elect a leader. */
bool cluster__can_recover(const struct sim_cluster *cluster);

/* What a crash leaves if it does not say. */
enum sim_unfinished cluster__unfinished(const struct sim_cluster *cluster,
                                        enum sim_unfinished said);

/* --- cluster_reclaim.c -----------------------------------------------------
 */

/* A cluster that is new: whether, and when, it will let anything go. */
void cluster__plan_reclaim(struct sim_cluster *cluster,
                           const struct sim_options *options);

/* Between two events: lets go of the past what can go, or puts it off. */
void cluster__reclaim(struct sim_cluster *cluster);

/* --- host.c --------------------------------------------------------------- */

/* Hands a node one input and walks its outputs. */
void cluster__step(struct sim_cluster *cluster, uint32_t node,
                   struct sim_input *input);

/* The timer's event, if the one in the queue would come too late. */
void cluster__arm_timer(struct sim_cluster *cluster, uint32_t node);

/* --- host_gate.c ---------------------------------------------------------- */

/* Whether the answer of a step, and what a node shows then, can be used; false
 * after a breach of the contract. */
bool cluster__look_at_outputs(struct sim_cluster *cluster, uint32_t node,
                              const struct sim_outputs *outputs);
bool cluster__look_at_view(struct sim_cluster *cluster, uint32_t node);

/* type->members() of `node`, which is up. */
void cluster__ask_for_members(struct sim_cluster *cluster, uint32_t node,
                              struct sim_configuration *members);

/* type->classify() of a message that `node` sends. */
void cluster__classify(struct sim_cluster *cluster, uint32_t node,
                       const uint8_t *bytes, size_t size,
                       struct sim_message *message);

/* --- host_judge.c --------------------------------------------------------- */

/* Shows a step that is over to all that observe. `members`: if it may have
 * changed them, else NULL. */
void cluster__judge(struct sim_cluster *cluster, uint32_t node,
                    const struct sim_input *input,
                    const struct sim_outputs *outputs,
                    const struct sim_view *before, sim_tip tip_before,
                    const struct sim_configuration *members);

/* --- host_view.c ---------------------------------------------------------- */

/* The view of a node at the start of a life. */
void cluster__begin_view(struct sim_cluster *cluster, uint32_t node);

/* After a step: adds to what the node shows what its outputs say. */
void cluster__complete_view(struct sim_cluster *cluster, uint32_t node,
                            const struct sim_view *before,
                            const struct sim_outputs *outputs);

/* --- host_disk.c ---------------------------------------------------------- */

void cluster__take_write(struct sim_cluster *cluster, uint32_t node,
                         const struct sim_write *write);

/* Hard states that are durable at once are so before the step is judged: the
 * node waited for them. The trace tells of it after the step. */
void cluster__keep_hard_state(struct sim_cluster *cluster, uint32_t node,
                              const struct sim_outputs *outputs);
void cluster__tell_hard_state(struct sim_cluster *cluster, uint32_t node,
                              const struct sim_outputs *outputs);

/* A batch of the disk is complete. */
void cluster__disk_event(struct sim_cluster *cluster, uint32_t node,
                         uint64_t generation);

/* Makes durable what the disk gives, and lets go what waited for it. */
void cluster__walk_durable(struct sim_cluster *cluster, uint32_t node);

/* The log `position` as some node holds it, `node` itself asked first;
 * SIM_NO_TIP if nobody does. */
sim_tip cluster__find_log(const struct sim_cluster *cluster, uint32_t node,
                          struct sim_position position);

/* Whether the entry `tip` is on the node's disk without its payload. */
bool cluster__is_omitted(const struct sim_machine *machine, sim_tip tip);

/* --- host_sends.c --------------------------------------------------------- */

/* A message of the current step: leaves, or waits for its write. */
void cluster__take_send(struct sim_cluster *cluster, uint32_t node,
                        const struct sim_output *output);

/* Lets go what waited for writes that are durable now. */
void cluster__release_sends(struct sim_cluster *cluster, uint32_t node);

/* --- host_state.c --------------------------------------------------------- */

void cluster__take_restore(struct sim_cluster *cluster, uint32_t node,
                           const struct sim_input *input,
                           const struct sim_output *output);
void cluster__take_apply(struct sim_cluster *cluster, uint32_t node,
                         const struct sim_output *output);

/* After a step: asks for a snapshot if the policy wants one. */
void cluster__look_at_policy(struct sim_cluster *cluster, uint32_t node);

/* SIM_QUEUE_COMPACT. */
void cluster__compact_event(struct sim_cluster *cluster,
                            const struct sim_event *event);

/* --- host_answers.c ------------------------------------------------------- */

/* A command or a session's opening was accepted. */
void cluster__await_command(struct sim_cluster *cluster, uint32_t node,
                            const struct sim_output *output);

/* `entry` was applied at `index`, with this result (NULL: nobody knows): who
 * waited for it gets his answer. */
void cluster__answer_commands(struct sim_cluster *cluster, uint32_t node,
                              uint64_t index, const struct sim_entry *entry,
                              const struct sim_kv_result *result);

/* The state machine passes over all up to `index`: what became of commands
 * there is not known. */
void cluster__skip_commands(struct sim_cluster *cluster, uint32_t node,
                            uint64_t index);

/* The client's read in `letter`, which is kept until it is answered, is about
 * to be given to the node. */
void cluster__await_read(struct sim_cluster *cluster, uint32_t node,
                         uint32_t letter);

/* The node answers one of its reads; false if it has none of this tag. */
bool cluster__answer_read(struct sim_cluster *cluster, uint32_t node,
                          uint64_t tag);
bool cluster__refuse_read(struct sim_cluster *cluster, uint32_t node,
                          const struct sim_output *output);

/* The node did not take what a client asked for. */
void cluster__refuse(struct sim_cluster *cluster, uint32_t node,
                     const struct sim_output *output);

/* A crash: nobody waits at the node any more. */
void cluster__forget_clients(struct sim_cluster *cluster, uint32_t node);

/* --- post.c --------------------------------------------------------------- */

/* The message in a slot of the mail leaves its machine. */
void cluster__post(struct sim_cluster *cluster, uint32_t slot);

/* An answer leaves for its client; the value is copied. */
void cluster__reply(struct sim_cluster *cluster, uint32_t node,
                    const struct sim_reply *reply);

/* A letter finds its machine down. */
void cluster__lose(struct sim_cluster *cluster, uint32_t slot);

#endif
