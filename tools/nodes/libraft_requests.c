/* What clients and operators ask for. */
#include <stdio.h>
#include <string.h>

#include "tools/nodes/libraft.h"

static void reject(struct libraft *self, uint64_t tag, int error)
{
    raft_id leader = 0;
    const char *address;
    raft_leader(&self->raft, &leader, &address);
    sim_answers_reject(&self->answers, tag,
                       error == RAFT_NOTLEADER ? SIM_NOT_LEADER : SIM_LATER,
                       leader == self->raft.id ? SIM_NONE : (uint32_t)leader);
}

static void accept(struct libraft *self, uint64_t tag)
{
    sim_answers_accept(&self->answers, tag,
                       (struct sim_position){self->raft.current_term,
                                             raft_last_index(&self->raft)});
}

/* Either way it is known what became of it: by what was applied. */
static void applied(struct raft_apply *req, int status, void *result)
{
    (void)status;
    (void)result;
    raft_free(req);
}

void libraft_take_proposal(struct libraft *self, const struct sim_input *input)
{
    struct raft_apply *req = raft_calloc(1, sizeof *req);
    struct raft_buffer buffer = {raft_malloc(input->proposal.size + 1),
                                 input->proposal.size};
    if (input->proposal.size > 0) {
        memcpy(buffer.base, input->proposal.data, input->proposal.size);
    }
    int error = raft_apply(&self->raft, req, &buffer, 1, applied);
    if (error == 0) {
        accept(self, input->proposal.tag);
        return;
    }
    raft_free(buffer.base);
    raft_free(req);
    reject(self, input->proposal.tag, error);
}

/* --- members -------------------------------------------------------------- */

/* A server becomes a member in two changes: at first it is a spare one. */
struct change {
    struct raft_change base;
    struct libraft *self;
    raft_id id;
    int role;
};

static void changed(struct raft_change *base, int status);

static int assign(struct libraft *self, raft_id id, int role)
{
    struct change *change = raft_calloc(1, sizeof *change);
    *change = (struct change){.self = self, .id = id, .role = RAFT_SPARE};
    int error = raft_assign(&self->raft, &change->base, id, role, changed);
    if (error != 0) {
        raft_free(change);
    }
    return error;
}

static void changed(struct raft_change *base, int status)
{
    struct change *change = (struct change *)base;
    if (status == 0 && change->role != RAFT_SPARE) {
        assign(change->self, change->id, change->role);
    }
    raft_free(change);
}

/* Of a server that is none. */
#define ROLE_NONE (-1)

static int role_in(const struct libraft *self, uint32_t id)
{
    const struct raft_configuration *now = &self->raft.configuration;
    for (unsigned i = 0; i < now->n; i++) {
        if (now->servers[i].id == id) {
            return now->servers[i].role;
        }
    }
    return ROLE_NONE;
}

static int wanted_role(const struct sim_configuration *members, uint32_t id)
{
    return sim_set_has(&members->voters, id)     ? RAFT_VOTER
           : sim_set_has(&members->learners, id) ? RAFT_STANDBY
                                                 : ROLE_NONE;
}

static int add(struct libraft *self, uint32_t id, int role)
{
    struct change *change = raft_calloc(1, sizeof *change);
    char address[WIRE_ADDRESS_SIZE];
    snprintf(address, sizeof address, "%u", (unsigned)id);
    *change = (struct change){.self = self, .id = id, .role = role};
    int error = raft_add(&self->raft, &change->base, id, address, changed);
    if (error != 0) {
        raft_free(change);
    }
    return error;
}

static int drop(struct libraft *self, uint32_t id)
{
    struct change *change = raft_calloc(1, sizeof *change);
    *change = (struct change){.self = self, .id = id, .role = RAFT_SPARE};
    int error = raft_remove(&self->raft, &change->base, id, changed);
    if (error != 0) {
        raft_free(change);
    }
    return error;
}

/* The first server that has another role than it should. */
static int change_one(struct libraft *self,
                      const struct sim_configuration *members)
{
    for (uint32_t id = 1; id <= self->options.n_nodes; id++) {
        int now = role_in(self, id);
        int wanted = wanted_role(members, id);
        if (now == wanted || (now == RAFT_SPARE && wanted == ROLE_NONE)) {
            continue;
        }
        return wanted == ROLE_NONE ? drop(self, id)
               : now == ROLE_NONE  ? add(self, id, wanted)
                                   : assign(self, id, wanted);
    }
    return RAFT_BADROLE;
}

static bool is_empty(const struct sim_set *set)
{
    for (size_t i = 0; i < sizeof set->words / sizeof *set->words; i++) {
        if (set->words[i] != 0) {
            return false;
        }
    }
    return true;
}

void libraft_take_change(struct libraft *self, const struct sim_input *input)
{
    const struct sim_configuration *members = input->change.members;
    bool is_simple = !input->change.joint && is_empty(&members->witnesses);
    uint64_t last_before = raft_last_index(&self->raft);
    int error = is_simple ? change_one(self, members) : 0;
    if (!is_simple) {
        sim_answers_reject(&self->answers, input->change.tag, SIM_NEVER_SO,
                           SIM_NONE);
    } else if (raft_last_index(&self->raft) > last_before) {
        accept(self, input->change.tag);
    } else { /* with error 0, it lets the new voter catch up first */
        reject(self, input->change.tag, error);
    }
}

/* --- leadership and snapshots --------------------------------------------- */

static void transferred(struct raft_transfer *req)
{
    raft_free(req);
}

void libraft_take_transfer(struct libraft *self, const struct sim_input *input)
{
    struct raft_transfer *req = raft_calloc(1, sizeof *req);
    int error =
        raft_transfer(&self->raft, req, input->transfer.to, transferred);
    if (error == 0) {
        accept(self, input->transfer.tag);
        return;
    }
    raft_free(req);
    reject(self, input->transfer.tag, error);
}

/* It takes one with the next entry that it applies. */
void libraft_take_snapshot(struct libraft *self, const struct sim_input *input)
{
    uint64_t keep = input->snapshot.index + 1 - input->snapshot.keep_from;
    raft_set_snapshot_trailing(&self->raft, keep < 1 ? 1 : (unsigned)keep);
    raft_set_snapshot_threshold(&self->raft, 1);
}
