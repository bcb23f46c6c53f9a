/* Breaches of the contract about writes, sends and steps. */
#include "tests/broken_internal.h"

/* --- writes --------------------------------------------------------------- */

static void write_next_but_one(struct broken_node *self,
                               const struct sim_input *input)
{
    (void)input;
    struct sim_output *write = broken__output(self, SIM_OUTPUT_WRITE);
    if (write != NULL) {
        write->write.id++;
    }
}

BROKEN_TYPE(skips_a_write_id, .outputs = write_next_but_one);

static void write_with_a_gap(struct broken_node *self,
                             const struct sim_input *input)
{
    (void)input;
    struct sim_output *write = broken__output(self, SIM_OUTPUT_WRITE);
    if (write != NULL && write->write.n_entries > 0) {
        write->write.first_index++;
    }
}

BROKEN_TYPE(writes_with_a_gap, .outputs = write_with_a_gap);

static void truncate_beyond(struct broken_node *self,
                            const struct sim_input *input)
{
    (void)input;
    struct sim_output *write = broken__output(self, SIM_OUTPUT_WRITE);
    if (write != NULL) {
        write->write.truncate_from = self->before.last.index + 2;
    }
}

BROKEN_TYPE(truncates_beyond_its_log, .outputs = truncate_beyond);

static void send_to(struct broken_node *self, uint32_t to)
{
    struct sim_output *send = broken__output(self, SIM_OUTPUT_SEND);
    if (send != NULL) {
        send->send.to = to;
    }
}

static void send_to_itself(struct broken_node *self,
                           const struct sim_input *input)
{
    (void)input;
    send_to(self, self->id);
}

BROKEN_TYPE(sends_to_itself, .outputs = send_to_itself);

static void send_to_nobody(struct broken_node *self,
                           const struct sim_input *input)
{
    (void)input;
    send_to(self, SIM_NONE);
}

BROKEN_TYPE(sends_to_nobody, .outputs = send_to_nobody);

static void send_to_a_stranger(struct broken_node *self,
                               const struct sim_input *input)
{
    (void)input;
    send_to(self, self->n_nodes + 1);
}

BROKEN_TYPE(sends_to_a_stranger, .outputs = send_to_a_stranger);

static void wait_for_a_future_write(struct broken_node *self,
                                    const struct sim_input *input)
{
    (void)input;
    struct sim_output *send = broken__output(self, SIM_OUTPUT_SEND);
    struct sim_output *write = broken__output(self, SIM_OUTPUT_WRITE);
    if (send != NULL && write != NULL) {
        send->send.after_write = write->write.id + 1;
    }
}

BROKEN_TYPE(waits_for_a_future_write, .outputs = wait_for_a_future_write);

static bool refuse_a_used_disk(struct broken_node *self,
                               struct sim_image *image)
{
    (void)self;
    return image->hard_state.term == 0;
}

BROKEN_TYPE(refuses_to_start, .image = refuse_a_used_disk);

BROKEN_TYPE(refuses_timers, .timer_status = SIM_NODE_REFUSED);

BROKEN_TYPE(finds_no_memory, .timer_status = SIM_NODE_NO_MEMORY);

BROKEN_TYPE(stops_by_itself, .timer_status = SIM_NODE_STOPPED);

BROKEN_TYPE(answers_when_it_stops, .answers_when_it_stops = true);

/* The inner node's write k goes as the writes 2k - 1 and 2k. */
static void write_twice(struct broken_node *self, const struct sim_input *input)
{
    (void)input;
    struct sim_output *first = broken__output(self, SIM_OUTPUT_WRITE);
    if (first != NULL) {
        struct sim_write whole = first->write;
        first->write =
            (struct sim_write){.id = 2 * whole.id - 1,
                               .has_hard_state = whole.has_hard_state,
                               .hard_state = whole.hard_state};
        struct sim_write *second = &broken__add(self, SIM_OUTPUT_WRITE)->write;
        *second = whole;
        second->id = 2 * whole.id;
        second->has_hard_state = false;
    }
    for (size_t i = 0; i < self->count; i++) {
        if (self->items[i].kind == SIM_OUTPUT_SEND) {
            self->items[i].send.after_write *= 2;
        }
    }
}

static bool hear_of_second_writes(struct broken_node *self,
                                  struct sim_input *input)
{
    if (input->kind != SIM_INPUT_WRITTEN) {
        return true;
    }
    input->written.write_id /= 2;
    bool is_new = input->written.write_id > self->written_id;
    self->written_id = input->written.write_id;
    return is_new;
}

BROKEN_TYPE(writes_twice, .input = hear_of_second_writes,
            .outputs = write_twice);

/* --- snapshots and what they drop ----------------------------------------- */

static struct sim_write *write_of(struct broken_node *self)
{
    struct sim_output *output = broken__output(self, SIM_OUTPUT_WRITE);
    return output == NULL ? NULL : &output->write;
}

static void truncate_before(struct broken_node *self,
                            const struct sim_input *input)
{
    (void)input;
    struct sim_write *write = write_of(self);
    if (write == NULL) {
        return;
    }
    if (self->dropped_before > 1) {
        write->truncate_from = self->dropped_before - 1;
    }
    if (write->drop_before > 0) {
        self->dropped_before = write->drop_before;
    }
}

BROKEN_TYPE(truncates_before_its_log, .outputs = truncate_before);

static void drop_too_much(struct broken_node *self,
                          const struct sim_input *input)
{
    (void)input;
    struct sim_write *write = write_of(self);
    if (write != NULL && write->drop_before > 0) {
        write->drop_before = write->snapshot.position.index + 2;
    }
}

BROKEN_TYPE(drops_beyond_its_snapshot, .outputs = drop_too_much);

static void drop_without_a_snapshot(struct broken_node *self,
                                    const struct sim_input *input)
{
    (void)input;
    struct sim_write *write = write_of(self);
    if (write != NULL && write->drop_before > 0) {
        write->has_snapshot = false;
    }
}

BROKEN_TYPE(drops_without_a_snapshot, .outputs = drop_without_a_snapshot);

static void keep_the_log(struct broken_node *self,
                         const struct sim_input *input)
{
    (void)input;
    struct sim_write *write = write_of(self);
    if (write != NULL && write->has_snapshot) {
        write->truncate_from = 0;
    }
}

BROKEN_TYPE(keeps_a_log_of_another_past, .outputs = keep_the_log);

static void write_of_no_log(struct broken_node *self,
                            const struct sim_input *input)
{
    (void)input;
    struct sim_write *write = write_of(self);
    if (write != NULL && write->has_snapshot) {
        write->snapshot.position.term += 1000;
    }
}

BROKEN_TYPE(snapshots_no_log, .outputs = write_of_no_log);
