/* What a state machine rests on: what it applied, and the snapshot before. */
#include "sim/why_internal.h"

/* Where another node applied the entry first, and this one did. */
static void rest_on_applies(struct why_walk *walk, uint32_t node, sim_tip entry,
                            uint32_t record)
{
    const struct sim_why *why = walk->why;
    uint64_t index = sim_log_tree_position(why->tree, entry).index;
    bool other = false;
    for (uint32_t at = 0; at < record; at++) {
        const struct why_record *r = why__get(why, at);
        if (r->n_applied == 0 || r->applied_from > index ||
            index >= r->applied_from + r->n_applied ||
            (r->node != node && other)) {
            continue;
        }
        other = other || r->node != node;
        why__rest_on(walk, 1, WHY_OF_APPLY, at);
    }
}

/* Entries of the same command before the one at `entry`; and its session. */
static void of_command(struct why_walk *walk, uint32_t record, sim_tip entry)
{
    const struct sim_why *why = walk->why;
    const struct why_record *r = why__get(why, record);
    struct sim_entry of = sim_log_tree_entry(why->tree, entry);
    rest_on_applies(walk, r->node, entry, record);
    why__rest_on_entry(walk, 1, r->node, entry, record);
    for (sim_tip tip = sim_log_tree_parent(why->tree, entry); tip != SIM_ROOT;
         tip = sim_log_tree_parent(why->tree, tip)) {
        struct sim_entry other = sim_log_tree_entry(why->tree, tip);
        uint64_t index = sim_log_tree_position(why->tree, tip).index;
        if (index < of.session) {
            return;
        }
        if (other.kind == SIM_ENTRY_COMMAND && other.session == of.session &&
            other.sequence == of.sequence) {
            rest_on_applies(walk, r->node, tip, record);
            why__rest_on_entry(walk, 1, r->node, tip, record);
        } else if (index == of.session) {
            why__rest_on_entry(walk, 2, r->node, tip, record);
        }
    }
}

static bool is_repeated(const struct sim_why *why, sim_tip entry)
{
    struct sim_entry of = sim_log_tree_entry(why->tree, entry);
    if (of.kind != SIM_ENTRY_COMMAND || of.session == 0) {
        return false;
    }
    for (sim_tip tip = sim_log_tree_parent(why->tree, entry); tip != SIM_ROOT;
         tip = sim_log_tree_parent(why->tree, tip)) {
        struct sim_entry other = sim_log_tree_entry(why->tree, tip);
        if (other.kind == SIM_ENTRY_COMMAND && other.session == of.session &&
            other.sequence == of.sequence) {
            return true;
        }
    }
    return false;
}

/* The last snapshot that the node took before the step, and in it. */
void why__find_applied(struct why_walk *walk, uint32_t record)
{
    const struct sim_why *why = walk->why;
    const struct why_record *r = why__get(why, record);
    why__rest_on_step(walk, 0, record);
    for (uint32_t at = record; at != WHY_NONE; at = why__get(why, at)->before) {
        if (why__get(why, at)->restored.index > 0) {
            why__rest_on(walk, 1, WHY_OF_SNAPSHOT, at);
            break;
        }
    }
    for (uint64_t i = 0; i < r->n_applied; i++) {
        sim_tip entry =
            sim_log_tree_ancestor(why->tree, r->tip, r->applied_from + i);
        if (entry != SIM_NO_TIP && is_repeated(why, entry)) {
            of_command(walk, record, entry);
            return;
        }
    }
    if (r->n_applied > 0) {
        rest_on_applies(
            walk, r->node,
            sim_log_tree_ancestor(why->tree, r->tip,
                                  r->applied_from + r->n_applied - 1),
            record);
    }
}
