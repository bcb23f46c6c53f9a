/* Breaches of the contract about answers, and what a state machine is given. */
#include "tests/broken_internal.h"

static void skip_an_apply(struct broken_node *self,
                          const struct sim_input *input)
{
    (void)input;
    struct sim_output *apply = broken__output(self, SIM_OUTPUT_APPLY);
    if (apply != NULL) {
        apply->apply.first_index++;
    }
}

BROKEN_TYPE(skips_an_apply, .outputs = skip_an_apply);

static void accept_unasked(struct broken_node *self,
                           const struct sim_input *input)
{
    if (input->kind == SIM_INPUT_TIMER) {
        broken__add(self, SIM_OUTPUT_ACCEPTED)->accepted.position =
            (struct sim_position){1, 1};
    }
}

BROKEN_TYPE(accepts_unasked, .outputs = accept_unasked);

static void reject_unasked(struct broken_node *self,
                           const struct sim_input *input)
{
    if (input->kind == SIM_INPUT_TIMER) {
        broken__add(self, SIM_OUTPUT_REJECTED);
    }
}

BROKEN_TYPE(rejects_unasked, .outputs = reject_unasked);

static void answer_another(struct broken_node *self,
                           const struct sim_input *input)
{
    (void)input;
    struct sim_output *accepted = broken__output(self, SIM_OUTPUT_ACCEPTED);
    if (accepted != NULL) {
        accepted->accepted.tag++;
    }
}

BROKEN_TYPE(answers_another, .outputs = answer_another);

static void answer_twice(struct broken_node *self,
                         const struct sim_input *input)
{
    (void)input;
    struct sim_output *accepted = broken__output(self, SIM_OUTPUT_ACCEPTED);
    if (accepted != NULL) {
        *broken__add(self, SIM_OUTPUT_ACCEPTED) = *accepted;
    }
}

BROKEN_TYPE(answers_twice, .outputs = answer_twice);

/* --- questions ------------------------------------------------------------ */

BROKEN_TYPE(ignores_clients, .deaf_to = 1u << SIM_INPUT_PROPOSAL);
BROKEN_TYPE(ignores_sessions, .deaf_to = 1u << SIM_INPUT_SESSION);
BROKEN_TYPE(ignores_changes, .deaf_to = 1u << SIM_INPUT_CHANGE);
BROKEN_TYPE(ignores_transfers, .deaf_to = 1u << SIM_INPUT_TRANSFER);

static void reject_the_accepted(struct broken_node *self,
                                const struct sim_input *input)
{
    (void)input;
    struct sim_output *accepted = broken__output(self, SIM_OUTPUT_ACCEPTED);
    if (accepted != NULL) {
        uint64_t tag = accepted->accepted.tag;
        broken__add(self, SIM_OUTPUT_REJECTED)->rejected.tag = tag;
    }
}

BROKEN_TYPE(accepts_and_rejects, .outputs = reject_the_accepted);

/* --- reads ---------------------------------------------------------------- */

static void be_ready_twice(struct broken_node *self,
                           const struct sim_input *input)
{
    (void)input;
    struct sim_output *ready = broken__output(self, SIM_OUTPUT_READY);
    if (ready != NULL) {
        *broken__add(self, SIM_OUTPUT_READY) = *ready;
    }
}

BROKEN_TYPE(is_ready_twice, .outputs = be_ready_twice);

static void be_ready_unasked(struct broken_node *self,
                             const struct sim_input *input)
{
    if (input->kind == SIM_INPUT_TIMER) {
        broken__add(self, SIM_OUTPUT_READY)->ready.tag = 7;
    }
}

BROKEN_TYPE(is_ready_unasked, .outputs = be_ready_unasked);

static void be_ready_too_early(struct broken_node *self,
                               const struct sim_input *input)
{
    (void)input;
    struct sim_output *ready = broken__output(self, SIM_OUTPUT_READY);
    if (ready != NULL) {
        ready->ready.index = self->after.last_applied + 1;
    }
}

BROKEN_TYPE(is_ready_too_early, .outputs = be_ready_too_early);

static void reject_the_ready(struct broken_node *self,
                             const struct sim_input *input)
{
    (void)input;
    struct sim_output *ready = broken__output(self, SIM_OUTPUT_READY);
    if (ready != NULL) {
        uint64_t tag = ready->ready.tag;
        broken__add(self, SIM_OUTPUT_REJECTED)->rejected.tag = tag;
    }
}

BROKEN_TYPE(is_ready_and_rejects, .outputs = reject_the_ready);

static void accept_the_read(struct broken_node *self,
                            const struct sim_input *input)
{
    if (input->kind == SIM_INPUT_READ) {
        broken__add(self, SIM_OUTPUT_ACCEPTED)->accepted.tag = input->read.tag;
    }
}

BROKEN_TYPE(accepts_reads, .outputs = accept_the_read);

static void reject_the_read_twice(struct broken_node *self,
                                  const struct sim_input *input)
{
    struct sim_output *rejected = broken__output(self, SIM_OUTPUT_REJECTED);
    if (input->kind == SIM_INPUT_READ && rejected != NULL) {
        *broken__add(self, SIM_OUTPUT_REJECTED) = *rejected;
    }
}

BROKEN_TYPE(rejects_reads_twice, .outputs = reject_the_read_twice);

/* --- states --------------------------------------------------------------- */

static void restore_no_state(struct broken_node *self,
                             const struct sim_input *input)
{
    (void)input;
    struct sim_output *restore = broken__output(self, SIM_OUTPUT_RESTORE);
    if (restore != NULL) {
        broken__drop(self, restore);
    }
}

BROKEN_TYPE(skips_a_restore, .outputs = restore_no_state);

static void restore_again(struct broken_node *self,
                          const struct sim_input *input)
{
    (void)input;
    const struct sim_output *restore = broken__output(self, SIM_OUTPUT_RESTORE);
    if (restore != NULL) {
        self->place = restore->restore.position;
    } else if (self->place.index > 0 &&
               self->before.last_applied > self->place.index) {
        broken__add(self, SIM_OUTPUT_RESTORE)->restore.position = self->place;
    }
}

BROKEN_TYPE(restores_again, .outputs = restore_again);

static void restore_of_no_log(struct broken_node *self,
                              const struct sim_input *input)
{
    (void)input;
    struct sim_output *restore = broken__output(self, SIM_OUTPUT_RESTORE);
    if (restore != NULL) {
        restore->restore.position.term += 1000;
    }
}

BROKEN_TYPE(restores_no_log, .outputs = restore_of_no_log);

static void restore_half_an_image(struct broken_node *self,
                                  const struct sim_input *input)
{
    (void)input;
    struct sim_output *restore = broken__output(self, SIM_OUTPUT_RESTORE);
    if (restore != NULL) {
        restore->restore.size /= 2;
    }
}

BROKEN_TYPE(restores_half_an_image, .outputs = restore_half_an_image);

static void restore_nothing(struct broken_node *self,
                            const struct sim_input *input)
{
    (void)input;
    struct sim_output *restore = broken__output(self, SIM_OUTPUT_RESTORE);
    if (restore != NULL) {
        restore->restore.size = 0;
    }
}

BROKEN_TYPE(restores_no_image, .outputs = restore_nothing);

static void apply_the_restored(struct broken_node *self,
                               const struct sim_input *input)
{
    (void)input;
    const struct sim_output *restore = broken__output(self, SIM_OUTPUT_RESTORE);
    struct sim_output *apply = broken__output(self, SIM_OUTPUT_APPLY);
    self->holds_on = self->holds_on || restore != NULL;
    if (apply != NULL && self->holds_on) {
        apply->apply.first_index--;
    }
}

BROKEN_TYPE(applies_what_it_restored, .outputs = apply_the_restored);

static void omit_payloads(struct broken_node *self,
                          const struct sim_entry **entries, uint32_t n)
{
    struct sim_entry *altered = broken__entries(self, entries, n);
    for (uint32_t i = 0; i < n; i++) {
        if (altered[i].kind == SIM_ENTRY_COMMAND) {
            altered[i].data = NULL;
            altered[i].size = 0;
            altered[i].omitted = true;
        }
    }
}

static void apply_without_payload(struct broken_node *self,
                                  const struct sim_input *input)
{
    (void)input;
    struct sim_output *apply = broken__output(self, SIM_OUTPUT_APPLY);
    if (apply != NULL) {
        omit_payloads(self, &apply->apply.entries, apply->apply.n_entries);
    }
}

BROKEN_TYPE(applies_without_payload, .outputs = apply_without_payload);

static void store_without_payload(struct broken_node *self,
                                  const struct sim_input *input)
{
    (void)input;
    struct sim_output *write = broken__output(self, SIM_OUTPUT_WRITE);
    if (write != NULL && self->after.role != SIM_LEADER) {
        omit_payloads(self, &write->write.entries, write->write.n_entries);
    }
}

BROKEN_TYPE(stores_no_payload, .outputs = store_without_payload);
