/* One step as words of the hash.
 *
 * Everything of it is folded in, fields of fixed width one after the other and
 * bytes behind their number, so that no two steps give the same words.
 */
#include "sim/trace_internal.h"

static void fold_position(struct sim_hash *hash, struct sim_position position)
{
    sim_hash_word(hash, position.term);
    sim_hash_word(hash, position.index);
}

static void fold_set(struct sim_hash *hash, const struct sim_set *set)
{
    for (size_t i = 0; i < sizeof set->words / sizeof *set->words; i++) {
        sim_hash_word(hash, set->words[i]);
    }
}

static void fold_configuration(struct sim_hash *hash,
                               const struct sim_configuration *configuration)
{
    fold_set(hash, &configuration->voters);
    fold_set(hash, &configuration->old_voters);
    fold_set(hash, &configuration->learners);
    fold_set(hash, &configuration->witnesses);
    sim_hash_bytes(hash, configuration->priorities,
                   sizeof configuration->priorities);
}

static void fold_entry(struct sim_hash *hash, const struct sim_entry *entry)
{
    sim_hash_word(hash, entry->term);
    sim_hash_word(hash, (uint64_t)entry->kind | (uint64_t)entry->omitted << 32 |
                            (uint64_t)entry->verdict << 33);
    sim_hash_word(hash, entry->session);
    sim_hash_word(hash, entry->sequence);
    sim_hash_bytes(hash, entry->data, entry->size);
}

static void fold_entries(struct sim_hash *hash, uint64_t first_index,
                         const struct sim_entry *entries, uint32_t n_entries)
{
    sim_hash_word(hash, first_index);
    sim_hash_word(hash, n_entries);
    for (uint32_t i = 0; i < n_entries; i++) {
        fold_entry(hash, &entries[i]);
    }
}

static void fold_proposal(struct sim_hash *hash, const struct sim_input *input)
{
    sim_hash_word(hash, input->proposal.tag);
    sim_hash_word(hash, input->proposal.session);
    sim_hash_word(hash, input->proposal.sequence);
    sim_hash_bytes(hash, input->proposal.data, input->proposal.size);
}

static void fold_input(struct sim_hash *hash, const struct sim_input *input)
{
    sim_hash_word(hash, (uint64_t)input->kind);
    sim_hash_word(hash, input->now_us);
    switch (input->kind) {
    case SIM_INPUT_START:
    case SIM_INPUT_TIMER:
        break;
    case SIM_INPUT_MESSAGE:
        sim_hash_word(hash, input->message.from);
        sim_hash_bytes(hash, input->message.bytes, input->message.size);
        break;
    case SIM_INPUT_WRITTEN:
        sim_hash_word(hash, input->written.write_id);
        break;
    case SIM_INPUT_FAILED:
        sim_hash_word(hash, input->failed.write_id);
        break;
    case SIM_INPUT_PROPOSAL:
        fold_proposal(hash, input);
        break;
    case SIM_INPUT_SESSION:
        sim_hash_word(hash, input->session.tag);
        break;
    case SIM_INPUT_CHANGE:
        sim_hash_word(hash, input->change.tag);
        fold_configuration(hash, input->change.members);
        sim_hash_word(hash, input->change.joint);
        break;
    case SIM_INPUT_TRANSFER:
        sim_hash_word(hash, input->transfer.tag);
        sim_hash_word(hash, input->transfer.to);
        break;
    case SIM_INPUT_READ:
        sim_hash_word(hash, input->read.tag);
        sim_hash_word(hash, input->read.lease);
        break;
    case SIM_INPUT_SNAPSHOT:
        sim_hash_word(hash, input->snapshot.index);
        sim_hash_word(hash, input->snapshot.keep_from);
        sim_hash_bytes(hash, input->snapshot.image, input->snapshot.size);
        break;
    }
}

static void fold_write(struct sim_hash *hash, const struct sim_write *write)
{
    sim_hash_word(hash, write->id);
    sim_hash_word(hash, write->has_hard_state);
    if (write->has_hard_state) {
        sim_hash_word(hash, write->hard_state.term);
        sim_hash_word(hash, write->hard_state.vote);
    }
    sim_hash_word(hash, write->has_snapshot);
    if (write->has_snapshot) {
        const struct sim_snapshot *snapshot = &write->snapshot;
        fold_position(hash, snapshot->position);
        sim_hash_bytes(hash, snapshot->meta, snapshot->meta_size);
        sim_hash_bytes(hash, snapshot->image, snapshot->image_size);
    }
    sim_hash_word(hash, write->truncate_from);
    sim_hash_word(hash, write->drop_before);
    fold_entries(hash, write->n_entries > 0 ? write->first_index : 0,
                 write->entries, write->n_entries);
}

static void fold_output(struct sim_hash *hash, const struct sim_output *output)
{
    sim_hash_word(hash, (uint64_t)output->kind);
    switch (output->kind) {
    case SIM_OUTPUT_WRITE:
        fold_write(hash, &output->write);
        break;
    case SIM_OUTPUT_SEND:
        sim_hash_word(hash, output->send.to);
        sim_hash_word(hash, output->send.after_write);
        sim_hash_bytes(hash, output->send.bytes, output->send.size);
        break;
    case SIM_OUTPUT_TIMER:
        sim_hash_word(hash, output->timer.deadline_us);
        break;
    case SIM_OUTPUT_ACCEPTED:
        sim_hash_word(hash, output->accepted.tag);
        fold_position(hash, output->accepted.position);
        break;
    case SIM_OUTPUT_REJECTED:
        sim_hash_word(hash, output->rejected.tag);
        sim_hash_word(hash, (uint64_t)output->rejected.reason);
        sim_hash_word(hash, output->rejected.leader);
        break;
    case SIM_OUTPUT_RESTORE:
        fold_position(hash, output->restore.position);
        sim_hash_bytes(hash, output->restore.image, output->restore.size);
        break;
    case SIM_OUTPUT_APPLY:
        fold_entries(hash, output->apply.first_index, output->apply.entries,
                     output->apply.n_entries);
        break;
    case SIM_OUTPUT_READY:
        sim_hash_word(hash, output->ready.tag);
        sim_hash_word(hash, output->ready.index);
        break;
    }
}

static void fold_view(struct sim_hash *hash, const struct sim_view *view)
{
    sim_hash_word(hash, (uint64_t)view->role);
    sim_hash_word(hash, view->hard_state.term);
    sim_hash_word(hash, view->hard_state.vote);
    sim_hash_word(hash, view->leader);
    fold_position(hash, view->last);
    sim_hash_word(hash, view->commit_index);
    sim_hash_word(hash, view->last_applied);
    fold_position(hash, view->snapshot);
    fold_position(hash, view->configuration);
}

static void fold_outputs(struct sim_hash *hash,
                         const struct sim_outputs *outputs)
{
    sim_hash_word(hash, outputs->count);
    for (size_t i = 0; i < outputs->count; i++) {
        fold_output(hash, &outputs->items[i]);
    }
}

uint64_t sim_trace_part_hash(const struct sim_trace_step *step,
                             enum sim_step_part part)
{
    struct sim_hash hash = {0};
    switch (part) {
    case SIM_PART_MOMENT:
        sim_hash_word(&hash, step->time_us);
        sim_hash_word(&hash, step->node);
        break;
    case SIM_PART_INPUT:
        fold_input(&hash, step->input);
        break;
    case SIM_PART_OUTPUTS:
        fold_outputs(&hash, step->outputs);
        break;
    case SIM_PART_STATE:
        fold_view(&hash, step->after);
        break;
    case SIM_PART_COUNT:
        break;
    }
    return sim_hash_value(&hash);
}

void trace__fold_input(struct sim_hash *hash, const struct sim_trace_step *step)
{
    sim_hash_word(hash, step->step);
    sim_hash_word(hash, step->time_us);
    sim_hash_word(hash, step->node);
    fold_input(hash, step->input);
}

void trace__fold_answer(struct sim_hash *hash,
                        const struct sim_trace_step *step)
{
    fold_outputs(hash, step->outputs);
    fold_view(hash, step->after);
}
