/* Questions about what was recorded. They go back record by record: a story is
 * told once a run. */
#include "sim/why_internal.h"

uint32_t why__at(const struct sim_why *why, uint32_t node, uint32_t record)
{
    uint32_t at =
        record < why->n_records ? record + 1 : (uint32_t)why->n_records;
    while (at > 0) {
        at--;
        const struct why_record *r = why__get(why, at);
        if (r->node == node && node != SIM_NONE && r->kind != WHY_DURABLE) {
            return at;
        }
    }
    return WHY_NONE;
}

struct sim_view why__view_before(const struct sim_why *why, uint32_t record)
{
    uint32_t before = why__get(why, record)->before;
    return before == WHY_NONE ? (struct sim_view){0}
                              : why__get(why, before)->view;
}

sim_tip why__tip_before(const struct sim_why *why, uint32_t record)
{
    uint32_t before = why__get(why, record)->before;
    return before == WHY_NONE ? SIM_ROOT : why__get(why, before)->tip;
}

const struct why_record *why__disk(const struct sim_why *why, uint32_t node,
                                   uint32_t record)
{
    for (uint32_t at = record; at > 0; at--) {
        const struct why_record *r = why__get(why, at - 1);
        if (r->node != node) {
            continue;
        }
        bool stores = r->kind == WHY_DURABLE || r->kind == WHY_LIFE;
        return stores                  ? r
               : r->stored == WHY_NONE ? NULL
                                       : why__get(why, r->stored);
    }
    return NULL;
}

uint32_t why__letters_from(const struct sim_why *why, uint32_t record)
{
    uint32_t low = 0;
    uint32_t high = (uint32_t)why->n_letters;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (why->letters[middle].made < record) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct why_letter *why__letter(const struct sim_why *why, uint32_t record)
{
    uint32_t letter = why__get(why, record)->letter;
    return letter == SIM_WHY_NO_LETTER ? NULL : &why->letters[letter];
}

/* --- roles ---------------------------------------------------------------- */

static bool has_role(const struct sim_view *view, enum sim_role role,
                     uint64_t term)
{
    return view->role == role && view->hard_state.term == term;
}

static uint32_t became(const struct sim_why *why, uint32_t node,
                       enum sim_role role, uint64_t term, uint32_t record)
{
    for (uint32_t at = why__at(why, node, record); at != WHY_NONE;
         at = why__get(why, at)->before) {
        struct sim_view before = why__view_before(why, at);
        const struct why_record *r = why__get(why, at);
        if (r->kind == WHY_STEP && has_role(&r->view, role, term) &&
            !has_role(&before, role, term)) {
            return at;
        }
    }
    return WHY_NONE;
}

bool why__leads(const struct sim_why *why, uint32_t record)
{
    struct sim_view before = why__view_before(why, record);
    const struct sim_view *after = &why__get(why, record)->view;
    return after->role == SIM_LEADER ||
           has_role(&before, SIM_LEADER, after->hard_state.term);
}

uint32_t why__led(const struct sim_why *why, uint32_t node, uint64_t term,
                  uint32_t record)
{
    return became(why, node, SIM_LEADER, term, record);
}

uint32_t why__campaigned(const struct sim_why *why, uint32_t node,
                         uint64_t term, uint32_t record)
{
    return became(why, node, SIM_CANDIDATE, term, record);
}

uint32_t why__voted(const struct sim_why *why, uint32_t node, uint64_t term,
                    uint32_t candidate, uint32_t record)
{
    for (uint32_t at = why__at(why, node, record); at != WHY_NONE;
         at = why__get(why, at)->before) {
        struct sim_hard_state before = why__view_before(why, at).hard_state;
        struct sim_hard_state after = why__get(why, at)->view.hard_state;
        bool same = before.term == after.term && before.vote == after.vote;
        if (why__get(why, at)->kind == WHY_STEP && !same &&
            after.term == term && after.vote != SIM_NONE &&
            (candidate == SIM_NONE || after.vote == candidate)) {
            return at;
        }
    }
    return WHY_NONE;
}

uint32_t why__crash_between(const struct sim_why *why, uint32_t node,
                            uint32_t from, uint32_t to)
{
    for (uint32_t at = why__at(why, node, to); at != WHY_NONE && at > from;
         at = why__get(why, at)->before) {
        if (why__get(why, at)->kind == WHY_CRASH) {
            return at;
        }
    }
    return WHY_NONE;
}

/* --- logs ----------------------------------------------------------------- */

/* A log that came back from the disk as it was in memory did not come then. */
static uint32_t turned(const struct sim_why *why, uint32_t node, sim_tip entry,
                       uint32_t record, bool has)
{
    for (uint32_t at = why__at(why, node, record); at != WHY_NONE;
         at = why__get(why, at)->before) {
        bool after =
            sim_log_tree_contains(why->tree, why__get(why, at)->tip, entry);
        bool before =
            why__get(why, at)->before != WHY_NONE &&
            sim_log_tree_contains(why->tree, why__tip_before(why, at), entry);
        if (after == has && before != has) {
            return at;
        }
    }
    return WHY_NONE;
}

uint32_t why__got(const struct sim_why *why, uint32_t node, sim_tip entry,
                  uint32_t record)
{
    return turned(why, node, entry, record, true);
}

uint32_t why__lost(const struct sim_why *why, uint32_t node, sim_tip entry,
                   uint32_t record)
{
    uint32_t at = turned(why, node, entry, record, false);
    return at != WHY_NONE && why__get(why, at)->before == WHY_NONE ? WHY_NONE
                                                                   : at;
}

uint32_t why__committed(const struct sim_why *why, uint32_t node,
                        uint64_t index, uint32_t record)
{
    uint32_t found = WHY_NONE;
    for (uint32_t at = why__at(why, node, record); at != WHY_NONE;
         at = why__get(why, at)->before) {
        const struct why_record *r = why__get(why, at);
        if (r->kind == WHY_CRASH && found != WHY_NONE) {
            return found;
        }
        if (r->view.commit_index >= index && r->kind != WHY_CRASH) {
            found = at;
        } else if (found != WHY_NONE) {
            return found;
        }
    }
    return found;
}

uint64_t why__applied(const struct sim_why *why, uint32_t node, uint32_t record)
{
    for (uint32_t at = why__at(why, node, record); at != WHY_NONE;
         at = why__get(why, at)->before) {
        const struct why_record *r = why__get(why, at);
        if (r->kind == WHY_LIFE) {
            return 0;
        }
        if (r->n_applied > 0) {
            return r->applied_from + r->n_applied - 1;
        }
        if (r->restored.index > 0) {
            return r->restored.index;
        }
    }
    return 0;
}

sim_tip why__commit_tip(const struct sim_why *why, uint32_t record)
{
    const struct why_record *r = why__get(why, record);
    sim_tip tip =
        sim_log_tree_ancestor(why->tree, r->tip, r->view.commit_index);
    return tip == SIM_NO_TIP ? r->tip : tip;
}

const struct sim_configuration *why__members(const struct sim_why *why,
                                             sim_tip tip)
{
    return sim_memberships_of(why->memberships, tip);
}

/* --- who counted ---------------------------------------------------------- */

struct sim_set why__votes(const struct sim_why *why, uint32_t record,
                          struct sim_set *stale)
{
    const struct why_record *r = why__get(why, record);
    uint64_t term = r->view.hard_state.term;
    struct sim_set votes = {{0}};
    *stale = votes;
    if (r->view.hard_state.vote == r->node) {
        sim_set_add(&votes, r->node);
    }
    for (uint32_t at = record; at != WHY_NONE; at = why__get(why, at)->before) {
        const struct why_letter *letter = why__letter(why, at);
        if (why__view_before(why, at).hard_state.term != term) {
            break;
        }
        if (letter == NULL ||
            letter->message.kind != SIM_MESSAGE_VOTE_RESPONSE ||
            !letter->message.granted) {
            continue;
        }
        sim_set_add(letter->message.term == term ? &votes : stale,
                    letter->from);
    }
    *stale = sim_set_without(stale, &votes);
    return votes;
}

static bool acknowledges(const struct why_letter *letter, uint64_t term,
                         uint64_t index)
{
    return letter != NULL &&
           (letter->message.kind == SIM_MESSAGE_APPEND_RESPONSE ||
            letter->message.kind == SIM_MESSAGE_INSTALL_RESPONSE) &&
           letter->message.granted && letter->message.term == term &&
           letter->message.match_index >= index;
}

struct sim_set why__acknowledged(const struct sim_why *why, uint32_t record,
                                 uint64_t index)
{
    const struct why_record *r = why__get(why, record);
    uint64_t term = r->view.hard_state.term;
    struct sim_set set = {{0}};
    const struct why_record *disk = why__disk(why, r->node, record);
    sim_tip entry = sim_log_tree_ancestor(why->tree, r->tip, index);
    if (disk != NULL && entry != SIM_NO_TIP &&
        sim_log_tree_contains(why->tree, disk->tip, entry)) {
        sim_set_add(&set, r->node);
    }
    for (uint32_t at = record; at != WHY_NONE; at = why__get(why, at)->before) {
        const struct why_record *step = why__get(why, at);
        struct sim_view before = why__view_before(why, at);
        if (!has_role(&step->view, SIM_LEADER, term) &&
            !has_role(&before, SIM_LEADER, term)) {
            break;
        }
        const struct why_letter *letter = why__letter(why, at);
        if (acknowledges(letter, term, index)) {
            sim_set_add(&set, letter->from);
        }
    }
    return set;
}
