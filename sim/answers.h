/* What a step of an adapter answers, put together: the outputs, the memory that
 * they point to, and the one write of the step. All of it is inline: there is
 * nothing to link with. An adapter need not use it.
 *
 * A library asks for things one by one, in any order and in its own memory; a
 * step answers with a list that stays valid until the next one. So each
 * function here copies what it is given, and what belongs to the disk becomes
 * one write, which stands before all else.
 *
 *     sim_answers_begin(&node->answers);
 *     ...                                      the library's callbacks, which
 *                                              call the functions below
 *     sim_answers_end(&node->answers, outputs);
 *
 * Many libraries wait for their disk: what they asked it for is durable when it
 * returns. A node here cannot wait; what comes to the same is that all they do
 * afterwards waits for the write. With `waits`, messages leave when the writes
 * asked for before them are durable, and entries are told to be applied then.
 *
 * Memory that is not given ends the process.
 */
#ifndef SIM_ANSWERS_H
#define SIM_ANSWERS_H

#include <stdlib.h>
#include <string.h>

#include "sim/node.h"

struct sim_answers {
    bool waits;
    uint64_t first_index; /* of the log on the disk, all writes done */
    uint64_t end;         /* its last index */
    bool log_is_void;     /* what the disk has is not behind its snapshot: to be
                             treated as empty; the first write drops it */

    /* The rest is its own. */
    struct sim_output *items;
    size_t n_items, items_capacity;
    void **kept;
    size_t n_kept, kept_capacity;
    struct sim_write write;
    bool has_write;
    struct sim_entry *written;
    size_t n_written, written_capacity;
    uint64_t first_before, end_before; /* the same when the step began */
    uint64_t last_write, last_durable, last_hard_state; /* ids of writes */
    struct sim_entry *applied; /* from index `told` + 1 on */
    size_t n_applied, applied_capacity;
    uint64_t told;       /* the state machine is told up to here */
    uint64_t to_tell;    /* and is told up to here as soon as this write is */
    uint64_t told_after; /* durable */
};

/* --- memory --------------------------------------------------------------- */

/* Room for one more item. */
static inline void *sim_answers_grow(void *array, size_t *capacity, size_t n,
                                     size_t size)
{
    if (n == *capacity) {
        *capacity = *capacity * 2 + 8;
        array = realloc(array, *capacity * size);
        if (array == NULL) {
            abort();
        }
    }
    return array;
}

/* Memory from malloc() that is freed when the next step begins. */
static inline void *sim_answers_own(struct sim_answers *answers, void *memory)
{
    answers->kept =
        (void **)sim_answers_grow(answers->kept, &answers->kept_capacity,
                                  answers->n_kept, sizeof(void *));
    return answers->kept[answers->n_kept++] = memory;
}

/* A copy, to be freed; NULL of no bytes. */
static inline uint8_t *sim_answers_copy(const void *bytes, size_t size)
{
    uint8_t *copy = size == 0 ? NULL : (uint8_t *)malloc(size);
    if (copy == NULL && size > 0) {
        abort();
    }
    return size == 0 ? NULL : (uint8_t *)memcpy(copy, bytes, size);
}

/* A copy that lives until the next step begins. */
static inline const uint8_t *sim_answers_keep(struct sim_answers *answers,
                                              const void *bytes, size_t size)
{
    return (const uint8_t *)sim_answers_own(answers,
                                            sim_answers_copy(bytes, size));
}

/* --- a life --------------------------------------------------------------- */

/* Whether the log goes on from the snapshot, or has its last entry: it does
 * not, if a crash came between a leader's snapshot and what drops the log. */
static inline bool sim_answers_log_is_void(const struct sim_image *image)
{
    struct sim_position at = image->snapshot.position;
    return image->n_entries > 0 && at.index + 1 != image->first_index &&
           (at.index < image->first_index ||
            at.index - image->first_index >= image->n_entries ||
            image->entries[at.index - image->first_index].term != at.term);
}

/* A life begins: with all zero, and the image that create() was given. The
 * state machine has applied nothing. */
static inline void sim_answers_init(struct sim_answers *answers,
                                    const struct sim_image *image, bool waits)
{
    answers->waits = waits;
    answers->first_index = image->first_index;
    answers->log_is_void = sim_answers_log_is_void(image);
    answers->end = answers->log_is_void || image->n_entries == 0
                       ? image->snapshot.position.index
                       : image->first_index + image->n_entries - 1;
}

/* A step begins: what the last one answered is gone. */
static inline void sim_answers_begin(struct sim_answers *answers)
{
    while (answers->n_kept > 0) {
        free(answers->kept[--answers->n_kept]);
    }
    answers->n_items = 0;
    answers->has_write = false;
    answers->first_before = answers->first_index;
    answers->end_before = answers->end;
}

/* A life ends. Nothing in it can be used any more. */
static inline void sim_answers_free(struct sim_answers *answers)
{
    sim_answers_begin(answers);
    for (size_t i = 0; i < answers->n_applied; i++) {
        free((void *)answers->applied[i].data);
    }
    free(answers->items);
    free(answers->kept);
    free(answers->written);
    free(answers->applied);
}

/* --- outputs -------------------------------------------------------------- */

/* One more, all zero but for its kind; valid until the next is added. */
static inline struct sim_output *sim_answers_add(struct sim_answers *answers,
                                                 enum sim_output_kind kind)
{
    answers->items = (struct sim_output *)sim_answers_grow(
        answers->items, &answers->items_capacity, answers->n_items,
        sizeof *answers->items);
    struct sim_output *output = &answers->items[answers->n_items++];
    memset(output, 0, sizeof *output);
    output->kind = kind;
    return output;
}

/* Of those below, each adds the output of its name (see sim/node.h). */

static inline void sim_answers_send(struct sim_answers *answers, uint32_t to,
                                    const uint8_t *bytes, size_t size)
{
    const uint8_t *kept = sim_answers_keep(answers, bytes, size);
    struct sim_output *output = sim_answers_add(answers, SIM_OUTPUT_SEND);
    output->send.to = to;
    output->send.after_write = answers->waits ? answers->last_write : 0;
    output->send.bytes = kept;
    output->send.size = size;
}

static inline void sim_answers_timer(struct sim_answers *answers,
                                     uint64_t deadline_us)
{
    sim_answers_add(answers, SIM_OUTPUT_TIMER)->timer.deadline_us = deadline_us;
}

static inline void sim_answers_accept(struct sim_answers *answers, uint64_t tag,
                                      struct sim_position position)
{
    struct sim_output *output = sim_answers_add(answers, SIM_OUTPUT_ACCEPTED);
    output->accepted.tag = tag;
    output->accepted.position = position;
}

static inline void sim_answers_reject(struct sim_answers *answers, uint64_t tag,
                                      enum sim_reason reason, uint32_t leader)
{
    struct sim_output *output = sim_answers_add(answers, SIM_OUTPUT_REJECTED);
    output->rejected.tag = tag;
    output->rejected.reason = reason;
    output->rejected.leader = leader;
}

/* --- the disk ------------------------------------------------------------- */

/* The write of this step, begun with the first thing that is asked for. */
static inline struct sim_write *sim_answers_write(struct sim_answers *answers)
{
    if (!answers->has_write) {
        memset(&answers->write, 0, sizeof answers->write);
        answers->has_write = true;
        answers->n_written = 0;
        answers->write.id = ++answers->last_write;
    }
    return &answers->write;
}

/* The last one of a step counts. */
static inline void sim_answers_hard_state(struct sim_answers *answers,
                                          uint64_t term, uint32_t vote)
{
    struct sim_write *write = sim_answers_write(answers);
    write->has_hard_state = true;
    write->hard_state.term = term;
    write->hard_state.vote = vote;
    answers->last_hard_state = write->id;
}

/* Whether the disk holds the last hard state. A library that waits for it has
 * not gone on before: it does not lead yet by its own vote alone. */
static inline bool sim_answers_has_voted(const struct sim_answers *answers)
{
    return answers->last_durable >= answers->last_hard_state;
}

/* No entries from this index on, which is behind the snapshot. Nothing is
 * written if there are none. */
static inline void sim_answers_truncate(struct sim_answers *answers,
                                        uint64_t from)
{
    if (from > answers->end && !answers->log_is_void) {
        return;
    }
    struct sim_write *write = sim_answers_write(answers);
    if (answers->log_is_void) {
        write->truncate_from = answers->first_index;
        answers->first_index = answers->end + 1;
        answers->log_is_void = false;
    } else if (from <= answers->end_before && write->truncate_from == 0) {
        write->truncate_from = from;
    } else if (from < write->truncate_from) {
        write->truncate_from = from;
    }
    if (from <= answers->end) {
        uint64_t gone = answers->end + 1 - from;
        answers->n_written -=
            (size_t)(gone < answers->n_written ? gone : answers->n_written);
        answers->end = from - 1;
    }
}

/* The entry at the log's end; its index. */
static inline uint64_t sim_answers_append(struct sim_answers *answers,
                                          const struct sim_entry *entry)
{
    struct sim_write *write = sim_answers_write(answers);
    if (answers->log_is_void) {
        sim_answers_truncate(answers, answers->end + 1);
    }
    if (answers->n_written == 0) {
        write->first_index = answers->end + 1;
    }
    const uint8_t *data = sim_answers_keep(answers, entry->data, entry->size);
    answers->written = (struct sim_entry *)sim_answers_grow(
        answers->written, &answers->written_capacity, answers->n_written,
        sizeof *entry);
    answers->written[answers->n_written] = *entry;
    answers->written[answers->n_written++].data = data;
    return ++answers->end;
}

/* A snapshot. One of a leader takes the place of the whole log
 * (`drop_before` 0); one of the node's own state has its last entry in the log,
 * or just before it, and entries before `drop_before` go. */
static inline void sim_answers_snapshot(struct sim_answers *answers,
                                        const struct sim_snapshot *snapshot,
                                        uint64_t drop_before)
{
    struct sim_write *write = sim_answers_write(answers);
    write->has_snapshot = true;
    write->snapshot = *snapshot;
    write->snapshot.meta =
        sim_answers_keep(answers, snapshot->meta, snapshot->meta_size);
    write->snapshot.image =
        sim_answers_keep(answers, snapshot->image, snapshot->image_size);
    if (drop_before == 0) {
        answers->n_written = 0;
        answers->log_is_void = false;
        write->truncate_from = answers->first_before;
        answers->end = snapshot->position.index;
        answers->first_index = answers->end + 1;
    } else if (drop_before > answers->first_index) {
        write->drop_before = drop_before;
        answers->first_index = drop_before;
    }
}

/* Of SIM_INPUT_WRITTEN. */
static inline void sim_answers_written(struct sim_answers *answers,
                                       uint64_t write_id)
{
    answers->last_durable = write_id;
}

/* --- the state machine ---------------------------------------------------- */

/* The next entry that is committed. */
static inline void sim_answers_apply(struct sim_answers *answers,
                                     const struct sim_entry *entry)
{
    answers->applied = (struct sim_entry *)sim_answers_grow(
        answers->applied, &answers->applied_capacity, answers->n_applied,
        sizeof *entry);
    answers->applied[answers->n_applied] = *entry;
    answers->applied[answers->n_applied++].data =
        sim_answers_copy(entry->data, entry->size);
}

/* The state machine becomes a snapshot's. What was applied before goes. */
static inline void sim_answers_restore(struct sim_answers *answers,
                                       struct sim_position position,
                                       const uint8_t *image, size_t size)
{
    while (answers->n_applied > 0) {
        free((void *)answers->applied[--answers->n_applied].data);
    }
    const uint8_t *kept = sim_answers_keep(answers, image, size);
    struct sim_output *output = sim_answers_add(answers, SIM_OUTPUT_RESTORE);
    output->restore.position = position;
    output->restore.image = kept;
    output->restore.size = size;
    answers->told = answers->to_tell = position.index;
}

static inline void sim_answers__tell(struct sim_answers *answers)
{
    size_t n = (size_t)(answers->to_tell - answers->told);
    if (n == 0 ||
        (answers->waits && answers->last_durable < answers->told_after)) {
        return;
    }
    struct sim_entry *entries = (struct sim_entry *)sim_answers_own(
        answers, sim_answers_copy(answers->applied, n * sizeof *entries));
    for (size_t i = 0; i < n; i++) {
        sim_answers_own(answers, (void *)entries[i].data);
    }
    struct sim_output *output = sim_answers_add(answers, SIM_OUTPUT_APPLY);
    output->apply.first_index = answers->told + 1;
    output->apply.entries = entries;
    output->apply.n_entries = (uint32_t)n;
    answers->told = answers->to_tell;
    answers->n_applied -= n;
    memmove(answers->applied, answers->applied + n,
            answers->n_applied * sizeof *entries);
}

/* --- all of it ------------------------------------------------------------ */

/* The step is over: `outputs` is its answer, valid until the next one begins.
 */
static inline void sim_answers_end(struct sim_answers *answers,
                                   struct sim_outputs *outputs)
{
    sim_answers__tell(answers);
    if (answers->told == answers->to_tell) {
        answers->to_tell = answers->told + answers->n_applied;
        answers->told_after = answers->last_write;
        sim_answers__tell(answers);
    }
    if (answers->has_write) {
        answers->write.entries = answers->written;
        answers->write.n_entries = (uint32_t)answers->n_written;
        sim_answers_add(answers, SIM_OUTPUT_WRITE);
        memmove(answers->items + 1, answers->items,
                (answers->n_items - 1) * sizeof *answers->items);
        answers->items[0].kind = SIM_OUTPUT_WRITE;
        answers->items[0].write = answers->write;
    }
    outputs->items = answers->items;
    outputs->count = answers->n_items;
}

#endif
