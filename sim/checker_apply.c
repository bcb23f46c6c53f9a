#include "sim/checker_internal.h"

#include <inttypes.h>
#include <string.h>

/* Equal as far as both sides show it. What an APPLY says of sessions beyond the
 * entry is checker__session()'s. */
static bool same_entry(const struct sim_entry *given,
                       const struct sim_entry *entry)
{
    bool is_command = entry->kind == SIM_ENTRY_COMMAND;
    if (given->term != entry->term || given->kind != entry->kind) {
        return false;
    }
    if (given->sequence != entry->sequence ||
        (is_command && given->session != entry->session)) {
        return false;
    }
    return given->omitted ||
           (given->size == entry->size &&
            (entry->size == 0 ||
             memcmp(given->data, entry->data, entry->size) == 0));
}

static bool report_other(struct sim_checker *checker, uint32_t id,
                         uint64_t index, const struct sim_entry *given,
                         const struct sim_entry *entry)
{
    const struct checker_commit *commit = checker__committed(checker, index);
    return checker__violate(
        checker, SIM_STATE_MACHINE_SAFETY, id, commit->node,
        "node %" PRIu32 " applied another entry at %" PRIu64
        " than the committed one: its own is of term %" PRIu64 " with %" PRIu32
        " bytes; node %" PRIu32 " held %s with %" PRIu32
        " bytes committed in term %" PRIu64 ".",
        id, index, given->term, given->size, commit->node,
        checker__entry(checker, commit->tip).text, entry->size, commit->term);
}

/* `given` is the committed entry. */
static bool applies(struct sim_checker *checker, uint32_t id, uint64_t index,
                    const struct sim_entry *given)
{
    checker__count(checker, SIM_STATE_MACHINE_SAFETY);
    if (checker__is_gone(checker, index)) {
        return checker__violate(
            checker, SIM_STATE_MACHINE_SAFETY, id, SIM_NONE,
            "node %" PRIu32 " applied entry %" PRIu64
            ", which it can have from nowhere: all servers have replaced the "
            "entries up to %" PRIu64 " at least by snapshots.",
            id, index, checker->committed.first - 1);
    }
    struct sim_entry entry = sim_log_tree_entry(
        checker->tree, checker__committed(checker, index)->tip);
    if (!same_entry(given, &entry)) {
        return report_other(checker, id, index, given, &entry);
    }
    if (given->omitted && !sim_set_has(&checker->witnesses, id)) {
        return checker__violate(
            checker, SIM_STATE_MACHINE_SAFETY, id, SIM_NONE,
            "node %" PRIu32 " applied entry %" PRIu64
            " without its payload, but never was a witness.",
            id, index);
    }
    return true;
}

static bool apply(struct sim_checker *checker, uint32_t id,
                  uint64_t first_index, const struct sim_entry *entries,
                  uint32_t n_entries)
{
    struct checker_node *node = &checker->nodes[id];
    checker__count(checker, SIM_STATE_MACHINE_SAFETY);
    if (first_index != node->applied + 1) {
        return checker__violate(checker, SIM_STATE_MACHINE_SAFETY, id, SIM_NONE,
                                "node %" PRIu32 " applied entry %" PRIu64
                                " after entry %" PRIu64 ", out of order.",
                                id, first_index, node->applied);
    }
    for (uint32_t i = 0; i < n_entries; i++) {
        uint64_t index = first_index + i;
        if (index > node->commit_index) {
            return checker__violate(
                checker, SIM_STATE_MACHINE_SAFETY, id, SIM_NONE,
                "node %" PRIu32 " applied entry %" PRIu64
                ", but holds its log committed up to %" PRIu64 " only.",
                id, index, node->commit_index);
        }
        if (!applies(checker, id, index, &entries[i]) ||
            !checker__session(checker, id, index, &entries[i])) {
            return false;
        }
        node->applied = index;
    }
    return true;
}

bool checker__outputs(struct sim_checker *checker, uint32_t id,
                      const struct sim_outputs *outputs)
{
    for (size_t i = 0; i < outputs->count; i++) {
        const struct sim_output *output = &outputs->items[i];
        bool holds = true;
        if (output->kind == SIM_OUTPUT_RESTORE) {
            holds = checker__restore(checker, id, output->restore.position);
        } else if (output->kind == SIM_OUTPUT_APPLY) {
            holds = apply(checker, id, output->apply.first_index,
                          output->apply.entries, output->apply.n_entries);
        }
        if (!holds) {
            return false;
        }
    }
    return true;
}
