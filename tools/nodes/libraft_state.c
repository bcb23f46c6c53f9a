/* The state machine behind libraft, and what is told of the library's own
 * state. libraft takes a snapshot when it has applied enough, and wants the
 * state at that moment: so the adapter keeps a state machine of its own, which
 * applies what the simulator's is about to. */
#include <stdlib.h>
#include <string.h>

#include "tools/nodes/libraft.h"

const struct raft_entry *libraft_entry(const struct libraft *self,
                                       uint64_t index)
{
    const struct raft_log *log = &self->raft.log;
    size_t n = log->front <= log->back ? log->back - log->front
                                       : log->size - log->front + log->back;
    if (index <= log->offset || index > log->offset + n) {
        return NULL;
    }
    size_t at = log->front + (size_t)(index - log->offset - 1);
    return &log->entries[at % log->size];
}

static uint64_t term_of(const struct libraft *self, uint64_t index)
{
    const struct raft_log *log = &self->raft.log;
    const struct raft_entry *entry = libraft_entry(self, index);
    if (entry != NULL) {
        return entry->term;
    }
    return index == log->snapshot.last_index ? log->snapshot.last_term : 0;
}

/* --- applied -------------------------------------------------------------- */

enum sim_entry_kind libraft_kind(unsigned short type)
{
    return type == RAFT_COMMAND  ? SIM_ENTRY_COMMAND
           : type == RAFT_CHANGE ? SIM_ENTRY_CONFIGURATION
                                 : SIM_ENTRY_INTERNAL;
}

static void apply(struct libraft *self, const struct raft_entry *entry)
{
    struct sim_entry applied = {.term = entry->term,
                                .data = entry->buf.base,
                                .size = (uint32_t)entry->buf.len,
                                .kind = libraft_kind(entry->type)};
    self->applied++;
    self->options.state_machine->apply(self->machine, self->applied, &applied);
    sim_answers_apply(&self->answers, &applied);
}

/* Up to what libraft has applied: it tells of commands only. */
static void catch_up(struct libraft *self)
{
    while (self->applied < self->raft.last_applied) {
        const struct raft_entry *entry = libraft_entry(self, self->applied + 1);
        if (entry == NULL) {
            return;
        }
        apply(self, entry);
    }
}

void libraft_state_settle(struct libraft *self)
{
    if (!self->started) {
        return;
    }
    catch_up(self);
}

/* --- what libraft calls --------------------------------------------------- */

static struct libraft *self_of(struct raft_fsm *fsm)
{
    return fsm->data;
}

static int fsm_apply(struct raft_fsm *fsm, const struct raft_buffer *buf,
                     void **result)
{
    (void)fsm;
    (void)buf;
    *result = NULL;
    return 0;
}

static int fsm_snapshot(struct raft_fsm *fsm, struct raft_buffer *bufs[],
                        unsigned *n_bufs)
{
    struct libraft *self = self_of(fsm);
    const struct sim_state_machine_functions *functions =
        self->options.state_machine;
    catch_up(self);
    if (self->applied != self->raft.last_applied) {
        return RAFT_BUSY;
    }
    struct raft_buffer *one = raft_malloc(sizeof *one);
    one->len = functions->image_size(self->machine);
    one->base = raft_malloc(one->len + 1);
    functions->image(self->machine, one->base);
    *bufs = one;
    *n_bufs = 1;
    raft_set_snapshot_threshold(&self->raft, SNAPSHOT_NEVER);
    return 0;
}

/* The image is libraft's snapshot. It owns the buffer no longer. */
static int fsm_restore(struct raft_fsm *fsm, struct raft_buffer *buf)
{
    struct libraft *self = self_of(fsm);
    const struct stored *stored = &self->snapshot;
    sim_answers_restore(&self->answers, stored->position, buf->base, buf->len);
    bool good = self->options.state_machine->restore(self->machine, buf->base,
                                                     buf->len);
    raft_free(buf->base);
    self->applied = stored->position.index;
    return good ? 0 : RAFT_CORRUPT;
}

void libraft_fsm_init(struct libraft *self)
{
    self->fsm = (struct raft_fsm){.version = 1,
                                  .data = self,
                                  .apply = fsm_apply,
                                  .snapshot = fsm_snapshot,
                                  .restore = fsm_restore};
}

/* --- what it shows -------------------------------------------------------- */

static enum sim_role role_of(const struct raft *raft)
{
    switch (raft->state) {
    case RAFT_LEADER:
        return SIM_LEADER;
    case RAFT_CANDIDATE:
        return raft->candidate_state.in_pre_vote ? SIM_PRE_CANDIDATE
                                                 : SIM_CANDIDATE;
    default:
        return SIM_FOLLOWER;
    }
}

void libraft_inspect(const struct sim_node *node, struct sim_view *view)
{
    const struct libraft *self = (const struct libraft *)node;
    const struct raft *raft = &self->raft;
    if (!self->started) {
        view->role = SIM_FOLLOWER;
        view->hard_state = self->hard_state;
        view->last = self->last;
        view->commit_index = self->snapshot.position.index;
        view->last_applied = 0;
        return;
    }
    uint64_t last = raft_last_index((struct raft *)raft);
    view->role = role_of(raft);
    view->hard_state.term = raft->current_term;
    view->hard_state.vote = (uint32_t)raft->voted_for;
    view->last = (struct sim_position){term_of(self, last), last};
    view->commit_index = raft->commit_index;
    view->last_applied = raft->last_applied;
    view->leader = SIM_NONE;
    if (raft->state == RAFT_LEADER) {
        view->leader = (uint32_t)raft->id;
    } else if (raft->state == RAFT_FOLLOWER) {
        view->leader = (uint32_t)raft->follower_state.current_leader.id;
    }
}
