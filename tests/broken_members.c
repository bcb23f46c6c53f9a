/* Defects of changes of the members. */
#include "raft/bytes.h"
#include "tests/broken_internal.h"

/* --- one change at a time ------------------------------------------------- */

static struct sim_write *write_of_a_change(struct broken_node *self)
{
    struct sim_output *output = broken__output(self, SIM_OUTPUT_WRITE);
    struct sim_write *write = output == NULL ? NULL : &output->write;
    return write != NULL && write->n_entries > 0 &&
                   write->entries[write->n_entries - 1].kind ==
                       SIM_ENTRY_CONFIGURATION
               ? write
               : NULL;
}

static void append_the_change_twice(struct broken_node *self,
                                    const struct sim_input *input)
{
    struct sim_write *write = write_of_a_change(self);
    if (input->kind == SIM_INPUT_CHANGE && write != NULL) {
        struct sim_entry *entries =
            broken__entries(self, &write->entries, write->n_entries);
        entries[write->n_entries] = entries[write->n_entries - 1];
        write->n_entries++;
        self->holds_on = true;
    }
}

static void show_the_second(const struct broken_node *self,
                            struct sim_view *view)
{
    if (self->holds_on) {
        view->last.index++;
        view->configuration.index++;
    }
}

BROKEN_TYPE(changes_twice, .outputs = append_the_change_twice,
            .view = show_the_second);

/* The entry that the inner node does not have. */
static void append_a_change(struct broken_node *self,
                            const struct sim_configuration *members)
{
    struct sim_entry none = {.term = self->after.hard_state.term};
    const struct sim_entry *entries = &none;
    struct sim_entry *entry = broken__entries(self, &entries, 1);
    broken__put_members(self, entry, members);
    self->members = *members;
    self->place =
        (struct sim_position){entry->term, self->after.last.index + 1};
    self->holds_on = true;
    struct sim_write *write = &broken__add(self, SIM_OUTPUT_WRITE)->write;
    write->id = self->last_write_id + 1;
    write->first_index = self->place.index;
    write->entries = entry;
    write->n_entries = 1;
}

static void accept_what_has_to_wait(struct broken_node *self,
                                    const struct sim_input *input)
{
    struct sim_output *answer = broken__output(self, SIM_OUTPUT_REJECTED);
    if (input->kind != SIM_INPUT_CHANGE || answer == NULL ||
        answer->rejected.reason != SIM_LATER ||
        broken__output(self, SIM_OUTPUT_WRITE) != NULL) {
        return;
    }
    uint64_t tag = answer->rejected.tag;
    append_a_change(self, input->change.members);
    *answer = (struct sim_output){.kind = SIM_OUTPUT_ACCEPTED};
    answer->accepted.tag = tag;
    answer->accepted.position = self->place;
}

static void show_the_change(const struct broken_node *self,
                            struct sim_view *view)
{
    if (self->holds_on) {
        view->last = self->place;
        view->configuration = self->place;
    }
}

static void show_held_members(const struct broken_node *self,
                              struct sim_configuration *members)
{
    if (self->holds_on) {
        *members = self->members;
    }
}

BROKEN_TYPE(accepts_every_change, .outputs = accept_what_has_to_wait,
            .view = show_the_change, .members = show_held_members);

/* In the place of the no-op. */
static void begin_with_a_change(struct broken_node *self,
                                const struct sim_input *input)
{
    (void)input;
    struct sim_output *output = broken__output(self, SIM_OUTPUT_WRITE);
    bool is_elected =
        self->after.role == SIM_LEADER && self->before.role != SIM_LEADER;
    if (!is_elected || output == NULL || output->write.n_entries != 1) {
        return;
    }
    sim_raft_node_type.members(self->inner, &self->members);
    broken__put_members(self, broken__entries(self, &output->write.entries, 1),
                        &self->members);
    self->place = self->after.last;
    self->holds_on = true;
}

BROKEN_TYPE(leads_with_a_change, .outputs = begin_with_a_change,
            .view = show_the_change, .members = show_held_members);

/* --- the members of the log ----------------------------------------------- */

static void keep_committed_members(struct broken_node *self,
                                   const struct sim_input *input)
{
    (void)input;
    if (self->after.configuration.index <= self->after.commit_index) {
        sim_raft_node_type.members(self->inner, &self->members);
        self->place = self->after.configuration;
        self->holds_on = true;
    }
}

static void show_held_place(const struct broken_node *self,
                            struct sim_view *view)
{
    if (self->holds_on) {
        view->configuration = self->place;
    }
}

BROKEN_TYPE(goes_by_committed_members, .outputs = keep_committed_members,
            .view = show_held_place, .members = show_held_members);

/* The place is right, the members are not. */
BROKEN_TYPE(shows_committed_members, .outputs = keep_committed_members,
            .members = show_held_members);

static void keep_truncated_members(struct broken_node *self,
                                   const struct sim_input *input)
{
    (void)input;
    self->holds_on = self->after.configuration.index < self->place.index;
    if (!self->holds_on) {
        sim_raft_node_type.members(self->inner, &self->members);
        self->place = self->after.configuration;
    }
}

BROKEN_TYPE(keeps_truncated_members, .outputs = keep_truncated_members,
            .view = show_held_place, .members = show_held_members);

/* As many as the snapshot tells, but those with the first numbers. In its meta
 * the members follow a head that ends with their number: see raft/snapshot.c.
 */
static bool come_back_with_the_first(struct broken_node *self,
                                     struct sim_image *image)
{
    struct raft_member first[RAFT_MAX_MEMBERS];
    struct sim_snapshot *snapshot = &image->snapshot;
    if (snapshot->position.index == 0) {
        return true;
    }
    uint8_t *meta = broken__bytes(self, snapshot->meta, snapshot->meta_size, 0);
    uint32_t n = (uint32_t)raft__get64(meta + 32);
    for (uint32_t i = 0; i < n; i++) {
        first[i] =
            (struct raft_member){.id = i + 1, .flags = RAFT_MEMBER_VOTER};
    }
    raft_configuration_encode(first, n, meta + 40);
    snapshot->meta = meta;
    return true;
}

BROKEN_TYPE(comes_back_with_others, .image = come_back_with_the_first);

/* --- who counts ----------------------------------------------------------- */

static bool hear_learners_as_voters(struct broken_node *self,
                                    struct sim_input *input)
{
    struct raft_message message;
    if (self->before.role != SIM_LEADER ||
        !broken__hears(self, input, RAFT_MESSAGE_APPEND_RESPONSE, &message)) {
        return true;
    }
    struct sim_configuration members;
    sim_raft_node_type.members(self->inner, &members);
    for (uint32_t node = 1; node <= self->n_nodes; node++) {
        if (sim_set_has(&members.learners, input->message.from) &&
            sim_set_has(&members.voters, node) && node != self->id) {
            input->message.from = node;
        }
    }
    return true;
}

BROKEN_TYPE(counts_learners, .input = hear_learners_as_voters);
