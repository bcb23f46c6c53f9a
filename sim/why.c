#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/why_internal.h"

/* --- records -------------------------------------------------------------- */

/* One more, all zero but for time and place. Valid until the next. */
static struct why_record *add(struct sim_why *why, enum why_kind kind,
                              uint32_t node)
{
    assert(node <= why->n);
    assert(why->n_records < WHY_NONE);
    why->records = sim_grow(why->records, &why->records_capacity,
                            why->n_records + 1, sizeof *why->records);
    struct why_record *record = &why->records[why->n_records];
    *record = (struct why_record){
        .kind = kind,
        .node = node,
        .before = why->latest[node],
        .stored = why->stored[node],
        .step = why->step,
        .time_us = why->time_us,
        .letter = SIM_WHY_NO_LETTER,
    };
    if (kind == WHY_LIFE || kind == WHY_CRASH || kind == WHY_STEP) {
        why->latest[node] = (uint32_t)why->n_records;
    }
    if (kind == WHY_LIFE || kind == WHY_DURABLE) {
        why->stored[node] = (uint32_t)why->n_records;
    }
    why->n_records++;
    return record;
}

static void hear(struct sim_trace_sink *base, const char *words, size_t size)
{
    struct sim_why *why = (struct sim_why *)base;
    struct why_record *record = add(why, WHY_EVENT, SIM_NONE);
    why->texts =
        sim_grow(why->texts, &why->texts_capacity, why->n_texts + size + 1, 1);
    memcpy(why->texts + why->n_texts, words, size);
    why->texts[why->n_texts + size] = '\0';
    record->text = why->n_texts;
    record->text_size = size;
    why->n_texts += size + 1;
}

/* --- a life of the recorder ---------------------------------------------- */

struct sim_why *sim_why_new(const struct sim_log_tree *tree,
                            struct sim_memberships *memberships,
                            uint32_t n_nodes, bool leases)
{
    assert(tree != NULL);
    assert(memberships != NULL);
    assert(n_nodes >= 1);
    assert(n_nodes <= SIM_MAX_NODES);
    struct sim_why *why = sim_calloc(1, sizeof *why);
    why->tree = tree;
    why->memberships = memberships;
    why->n = n_nodes;
    why->leases = leases;
    why->hearer.line = hear;
    why->latest = sim_calloc((size_t)n_nodes + 1, sizeof *why->latest);
    why->stored = sim_calloc((size_t)n_nodes + 1, sizeof *why->stored);
    for (uint32_t i = 0; i <= n_nodes; i++) {
        why->latest[i] = WHY_NONE;
        why->stored[i] = WHY_NONE;
    }
    return why;
}

void sim_why_free(struct sim_why *why)
{
    if (why == NULL) {
        return;
    }
    free(why->latest);
    free(why->stored);
    free(why->records);
    free(why->letters);
    free(why->tags);
    free(why->texts);
    free(why);
}

struct sim_trace_sink *sim_why_hearer(struct sim_why *why)
{
    return &why->hearer;
}

void sim_why_set_time(struct sim_why *why, uint64_t step, uint64_t time_us)
{
    why->step = step;
    why->time_us = time_us;
}

/* --- lives of nodes ------------------------------------------------------- */

void sim_why_boot(struct sim_why *why, uint32_t node, sim_tip durable,
                  struct sim_hard_state hard_state, const struct sim_view *view)
{
    struct why_record *record = add(why, WHY_LIFE, node);
    record->view = *view;
    record->disk = hard_state;
    record->tip = durable;
}

void sim_why_durable(struct sim_why *why, uint32_t node, sim_tip durable,
                     struct sim_hard_state hard_state)
{
    struct why_record *record = add(why, WHY_DURABLE, node);
    record->disk = hard_state;
    record->tip = durable;
}

void sim_why_crash(struct sim_why *why, uint32_t node, bool by_write)
{
    struct why_record *record = add(why, WHY_CRASH, node);
    assert(record->before != WHY_NONE);
    record->by_write = by_write;
    record->view = why->records[record->before].view;
    record->tip = why->records[record->before].tip;
}

/* --- a step --------------------------------------------------------------- */

static void note_tag(struct sim_why *why, struct why_record *record,
                     uint64_t tag)
{
    why->tags = sim_grow(why->tags, &why->tags_capacity, why->n_tags + 1,
                         sizeof *why->tags);
    if (record->n_ready == 0) {
        record->ready = why->n_tags;
    }
    why->tags[why->n_tags] = tag;
    why->n_tags++;
    record->n_ready++;
}

static void note_apply(struct why_record *record,
                       const struct sim_output *output)
{
    if (record->n_applied == 0) {
        record->applied_from = output->apply.first_index;
    }
    record->n_applied += output->apply.n_entries;
    for (uint32_t i = 0; i < output->apply.n_entries; i++) {
        const struct sim_entry *entry = &output->apply.entries[i];
        if (entry->kind == SIM_ENTRY_SESSION && entry->session != 0) {
            record->closed = entry->session;
        }
        if (entry->verdict != SIM_COMMAND_FRESH && record->change_index == 0) {
            record->change_index = output->apply.first_index + i;
            record->verdict = entry->verdict;
        }
    }
}

static void note_output(struct sim_why *why, struct why_record *record,
                        const struct sim_output *output)
{
    switch (output->kind) {
    case SIM_OUTPUT_WRITE:
        if (output->write.has_snapshot) {
            record->snapshot = output->write.snapshot.position;
        }
        break;
    case SIM_OUTPUT_ACCEPTED:
        record->accepted = true;
        record->place = output->accepted.position;
        break;
    case SIM_OUTPUT_RESTORE:
        record->restored = output->restore.position;
        break;
    case SIM_OUTPUT_APPLY:
        note_apply(record, output);
        break;
    case SIM_OUTPUT_READY:
        note_tag(why, record, output->ready.tag);
        break;
    case SIM_OUTPUT_SEND:
    case SIM_OUTPUT_TIMER:
    case SIM_OUTPUT_REJECTED:
        break;
    }
}

void sim_why_step(struct sim_why *why, const struct sim_why_step *step)
{
    const struct sim_observation *seen = step->seen;
    sim_why_set_time(why, seen->step, seen->time_us);
    struct why_record *record = add(why, WHY_STEP, seen->node);
    record->view = *seen->after;
    record->tip = seen->tip_after;
    record->input = step->input->kind;
    record->local_us = step->input->now_us;
    record->letter = step->letter;
    record->lease = step->input->kind == SIM_INPUT_READ &&
                    step->input->read.lease && why->leases;
    if (!sim_input_asks(step->input, &record->tag)) {
        record->tag = 0;
    }
    if (step->letter != SIM_WHY_NO_LETTER) {
        struct why_letter *letter = &why->letters[step->letter];
        letter->loss = SIM_WHY_ARRIVED;
        if (letter->arrived == WHY_NONE) {
            letter->arrived = (uint32_t)why->n_records - 1;
        }
    }
    for (size_t i = 0; i < seen->outputs->count; i++) {
        note_output(why, record, &seen->outputs->items[i]);
    }
}

/* --- messages ------------------------------------------------------------- */

uint32_t sim_why_send(struct sim_why *why, uint32_t node, uint32_t to,
                      const struct sim_message *message)
{
    assert(why->n_letters < SIM_WHY_NO_LETTER);
    why->letters = sim_grow(why->letters, &why->letters_capacity,
                            why->n_letters + 1, sizeof *why->letters);
    why->letters[why->n_letters] = (struct why_letter){
        .from = node,
        .to = to,
        .made = why->latest[node],
        .arrived = WHY_NONE,
        .left_us = SIM_NEVER,
        .lost_us = SIM_NEVER,
        .loss = SIM_WHY_NEVER_LEFT,
        .message = *message,
    };
    return (uint32_t)why->n_letters++;
}

void sim_why_leaves(struct sim_why *why, uint32_t number)
{
    struct why_letter *letter = &why->letters[number];
    letter->left_us = why->time_us;
    letter->left_step = why->step;
    letter->left = (uint32_t)why->n_records;
    letter->loss = SIM_WHY_UNDER_WAY;
}

/* One of two copies may have come through. */
void sim_why_lost(struct sim_why *why, uint32_t number, enum sim_why_loss loss)
{
    struct why_letter *letter = &why->letters[number];
    if (letter->loss != SIM_WHY_ARRIVED) {
        letter->loss = loss;
        letter->lost_us = why->time_us;
    }
}
