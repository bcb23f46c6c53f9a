/* The words for what a step did to a log. */
#include <inttypes.h>

#include "sim/kv.h"
#include "sim/why_internal.h"

static void add_payload(struct why_text *text, const struct sim_why *why,
                        sim_tip tip)
{
    struct sim_entry entry = sim_log_tree_entry(why->tree, tip);
    char words[SIM_CONFIGURATION_TEXT_SIZE];
    switch (entry.kind) {
    case SIM_ENTRY_INTERNAL:
        why__add(text, " (a no-op)");
        break;
    case SIM_ENTRY_COMMAND:
        if (entry.omitted) {
            break;
        }
        sim_command_describe(entry.data, entry.size, words);
        why__add(text, " (%s)", words);
        break;
    case SIM_ENTRY_CONFIGURATION:
        if (why__members(why, tip) != NULL) {
            sim_configuration_describe(why__members(why, tip), words);
            why__add(text, " (members %s)", words);
        }
        break;
    case SIM_ENTRY_SESSION:
        why__add(text, " (opens a session)");
        break;
    }
}

/* "entry 7 of term 2", "entries 5..7 of term 2", "… of terms 1..2" */
static void add_range(struct why_text *text, const struct sim_why *why,
                      sim_tip tip, uint64_t first)
{
    struct sim_position last = sim_log_tree_position(why->tree, tip);
    uint64_t term = sim_log_tree_position(
                        why->tree, sim_log_tree_ancestor(why->tree, tip, first))
                        .term;
    why__add_indexes(text, first, last.index);
    if (term == last.term) {
        why__add(text, " of term %" PRIu64, term);
    } else {
        why__add(text, " of terms %" PRIu64 "..%" PRIu64, term, last.term);
    }
}

/* Who stores what a leader appended need not say again what it is. */
void why__words_of_log(const struct sim_why *why, const struct why_fact *fact,
                       struct why_text *text)
{
    const struct why_record *r = why__get(why, fact->record);
    const struct why_letter *letter = why__letter(why, fact->record);
    sim_tip before = why__tip_before(why, fact->record);
    uint64_t last = sim_log_tree_position(why->tree, before).index;
    uint64_t end = sim_log_tree_position(why->tree, r->tip).index;
    uint64_t kept = last < end ? last : end;
    bool leads = r->view.role == SIM_LEADER;
    while (sim_log_tree_ancestor(why->tree, r->tip, kept) !=
           sim_log_tree_ancestor(why->tree, before, kept)) {
        kept--;
    }
    if (kept < last) {
        why__add(text, "cuts off ");
        add_range(text, why, before, kept + 1);
        why__add(text, "%s", kept < end ? ", " : "");
    }
    if (kept < end) {
        why__add(text, "%s ", leads ? "appends" : "stores");
        add_range(text, why, r->tip, kept + 1);
        if (kept + 1 == end && leads) {
            add_payload(text, why, r->tip);
        } else if (fact->entry != SIM_NO_TIP && fact->entry != r->tip &&
                   sim_log_tree_entry(why->tree, fact->entry).kind ==
                       SIM_ENTRY_CONFIGURATION) {
            why__add(text, ", among them %" PRIu64,
                     sim_log_tree_position(why->tree, fact->entry).index);
            add_payload(text, why, fact->entry);
        }
    }
    if (letter != NULL && !leads) {
        why__add(text, " from %" PRIu32, letter->from);
        if (letter->message.kind == SIM_MESSAGE_INSTALL_REQUEST) {
            why__add(text, " as a snapshot");
        }
        why__add_way(text, why, fact->record, "sent");
    }
}
