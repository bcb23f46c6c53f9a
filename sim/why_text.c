/* The pieces that lines are made of. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/why_internal.h"

/* A message that was under way for longer is worth a word. */
#define LONG_WAY_US UINT64_C(50000)

void why__add(struct why_text *text, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    size_t room = text->size - text->used;
    int n = vsnprintf(text->text + text->used, room, format, list);
    va_end(list);
    if (n >= 0 && (size_t)n < room) {
        text->used += (size_t)n;
    } else {
        memcpy(text->text + text->size - sizeof "...", "...", sizeof "...");
        text->used = text->size - 1;
    }
}

void why__add_set(struct why_text *text, const struct sim_set *set)
{
    bool first = true;
    for (uint32_t node = 1; node <= SIM_MAX_NODES; node++) {
        if (sim_set_has(set, node)) {
            why__add(text, "%s%" PRIu32, first ? "" : ", ", node);
            first = false;
        }
    }
    why__add(text, "%s", first ? "nobody" : "");
}

void why__add_place(struct why_text *text, struct sim_position place)
{
    if (place.index == 0) {
        why__add(text, "no entry");
    } else {
        why__add(text, "entry %" PRIu64 " of term %" PRIu64, place.index,
                 place.term);
    }
}

void why__add_entry_at(struct why_text *text, const struct sim_why *why,
                       sim_tip tip, uint64_t index)
{
    sim_tip entry = sim_log_tree_ancestor(why->tree, tip, index);
    if (entry == SIM_NO_TIP) {
        why__add(text, "no entry %" PRIu64 " (its log ends at %" PRIu64 ")",
                 index, sim_log_tree_position(why->tree, tip).index);
    } else {
        why__add_place(text, sim_log_tree_position(why->tree, entry));
    }
}

static void add_share(struct why_text *text, const struct sim_set *set,
                      const struct sim_set *voters, const char *name,
                      const char *names)
{
    struct sim_set without = sim_set_without(voters, set);
    uint32_t n = sim_set_count(voters);
    why__add(text, "%" PRIu32 " of %" PRIu32 " %s", n - sim_set_count(&without),
             n, n == 1 ? name : names);
}

void why__add_share(struct why_text *text, const struct sim_set *set,
                    const struct sim_configuration *members)
{
    if (members == NULL) {
        return;
    }
    if (!sim_configuration_is_joint(members)) {
        add_share(text, set, &members->voters, "voter", "voters");
        return;
    }
    add_share(text, set, &members->voters, "new voter", "new voters");
    why__add(text, ", ");
    add_share(text, set, &members->old_voters, "old one", "old ones");
}

void why__add_members(struct why_text *text,
                      const struct sim_configuration *members)
{
    char words[SIM_CONFIGURATION_TEXT_SIZE];
    if (members != NULL) {
        sim_configuration_describe(members, words);
        why__add(text, "%s", words);
    }
}

void why__add_seconds(struct why_text *text, uint64_t time_us)
{
    why__add(text, "%" PRIu64 ".%06" PRIu64 " s", time_us / 1000000,
             time_us % 1000000);
}

void why__add_way(struct why_text *text, const struct sim_why *why,
                  uint32_t record, const char *words)
{
    const struct why_letter *letter = why__letter(why, record);
    if (letter == NULL || letter->left_us == SIM_NEVER ||
        why__get(why, record)->time_us < letter->left_us + LONG_WAY_US) {
        return;
    }
    why__add(text, ", %s at ", words);
    why__add_seconds(text, letter->left_us);
}

void why__add_indexes(struct why_text *text, uint64_t first, uint64_t last)
{
    if (first == last) {
        why__add(text, "entry %" PRIu64, first);
    } else {
        why__add(text, "entries %" PRIu64 "..%" PRIu64, first, last);
    }
}
