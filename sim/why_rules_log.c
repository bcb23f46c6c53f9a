/* Changes of a log, and of the members by it, that the paper forbids. */
#include <inttypes.h>

#include "sim/why_rules.h"

/* --- by a leader's request ------------------------------------------------ */

/* A request of the node's own term, and its log as the request would have it.
 */
struct request {
    struct sim_position prev;
    uint64_t end;     /* the last index that it covers */
    sim_tip expected; /* the sender's log up to there */
    sim_tip before, after;
};

/* False if the step is not about one that is of its term. */
static bool find_request(const struct sim_why *why, uint32_t record,
                         struct request *request)
{
    const struct why_letter *letter = why__letter(why, record);
    const struct why_record *r = why__get(why, record);
    if (letter == NULL || letter->message.kind != SIM_MESSAGE_APPEND_REQUEST ||
        letter->message.term != r->view.hard_state.term ||
        r->view.role != SIM_FOLLOWER) {
        return false;
    }
    *request = (struct request){
        .prev = letter->message.place,
        .end = letter->message.place.index + letter->message.n_entries,
        .before = why__tip_before(why, record),
        .after = r->tip,
    };
    request->expected = sim_log_tree_ancestor(
        why->tree, why__get(why, letter->made)->tip, request->end);
    return request->expected != SIM_NO_TIP;
}

static bool has_previous(const struct sim_why *why,
                         const struct request *request)
{
    sim_tip own =
        sim_log_tree_ancestor(why->tree, request->before, request->prev.index);
    return own != SIM_NO_TIP &&
           sim_log_tree_position(why->tree, own).term == request->prev.term;
}

/* Whether the log before and what was sent differ where both have an entry. */
static bool conflicts(const struct sim_why *why, const struct request *request)
{
    uint64_t end = sim_log_tree_position(why->tree, request->before).index;
    end = request->end < end ? request->end : end;
    return sim_log_tree_ancestor(why->tree, request->before, end) !=
           sim_log_tree_ancestor(why->tree, request->expected, end);
}

/* The first index at which the log after is not as the request would have it.
 */
static uint64_t first_difference(const struct sim_why *why,
                                 const struct request *request)
{
    uint64_t index = request->end;
    while (index > 1 &&
           sim_log_tree_ancestor(why->tree, request->after, index - 1) !=
               sim_log_tree_ancestor(why->tree, request->expected, index - 1)) {
        index--;
    }
    return index;
}

/* What the leader has at the first difference; what the node kept before what
 * it got, if it is that. */
static void add_difference(const struct sim_why *why,
                           const struct request *request, struct why_text *text)
{
    uint64_t index = first_difference(why, request);
    sim_tip own = sim_log_tree_ancestor(why->tree, request->after, index);
    sim_tip other = sim_log_tree_ancestor(why->tree, request->expected, index);
    bool alike =
        own != SIM_NO_TIP &&
        sim_position_compare(sim_log_tree_position(why->tree, own),
                             sim_log_tree_position(why->tree, other)) == 0;
    if (index < request->end) {
        why__add(text, "it keeps ");
        why__add_entry_at(text, why, request->after, index);
        why__add(text, " where ");
    }
    why__add(text, "the leader has %s", alike ? "another " : "");
    why__add_entry_at(text, why, request->expected, index);
}

static enum why_rule of_changed_log(const struct sim_why *why,
                                    const struct request *request,
                                    struct why_text *text)
{
    if (!has_previous(why, request)) {
        why__add(text, ", though the request goes on after ");
        why__add_place(text, request->prev);
        why__add(text, ", where its own log had ");
        why__add_entry_at(text, why, request->before, request->prev.index);
        return WHY_CONSISTENCY_CHECK;
    }
    if (!sim_log_tree_contains(why->tree, request->after, request->expected)) {
        why__add(text, ", though ");
        add_difference(why, request, text);
        return WHY_CONFLICT_IS_DELETED;
    }
    uint64_t last = sim_log_tree_position(why->tree, request->after).index;
    if (last > request->end &&
        last > sim_log_tree_position(why->tree, request->before).index) {
        why__add(text,
                 ", though the request has entries up to %" PRIu64 " only",
                 request->end);
        return WHY_APPENDS_WHAT_IS_SENT;
    }
    if (!sim_log_tree_contains(why->tree, request->after, request->before) &&
        !conflicts(why, request)) {
        why__add(text, ", though none of them was in conflict");
        return WHY_NO_MATCH_IS_DELETED;
    }
    return WHY_KEEPS_RULES;
}

/* The log stays as it is: an answer that it matches has to be right. */
static enum why_rule of_same_log(const struct sim_why *why, uint32_t record,
                                 const struct request *request,
                                 struct why_text *text)
{
    for (uint32_t i = why__letters_from(why, record);
         i < why->n_letters && why->letters[i].made == record; i++) {
        const struct sim_message *answer = &why->letters[i].message;
        if (answer->kind != SIM_MESSAGE_APPEND_RESPONSE || !answer->granted) {
            continue;
        }
        if (!has_previous(why, request)) {
            why__add(text, ", and says that its log matches, which has ");
            why__add_entry_at(text, why, request->before, request->prev.index);
            why__add(text, " where the leader has ");
            why__add_place(text, request->prev);
            return WHY_CONSISTENCY_CHECK;
        }
        if (!sim_log_tree_contains(why->tree, request->after,
                                   request->expected)) {
            uint64_t index = first_difference(why, request);
            why__add(text, ", and says that its log matches, which has ");
            why__add_entry_at(text, why, request->after, index);
            why__add(text, " where the leader has ");
            why__add_entry_at(text, why, request->expected, index);
            return WHY_CONFLICT_IS_DELETED;
        }
    }
    return WHY_KEEPS_RULES;
}

/* --- by itself ------------------------------------------------------------ */

static enum why_rule of_leader(const struct sim_why *why, uint32_t record,
                               struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    struct sim_view before = why__view_before(why, record);
    if (before.role == SIM_LEADER && r->view.role == SIM_LEADER &&
        before.hard_state.term == r->view.hard_state.term &&
        !sim_log_tree_contains(why->tree, r->tip,
                               why__tip_before(why, record))) {
        why__add(text, ", though it leads");
        return WHY_LEADER_APPENDS;
    }
    return WHY_KEEPS_RULES;
}

/* What the node holds committed is in its log from then on. */
static enum why_rule of_committed(const struct sim_why *why, uint32_t record,
                                  struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    if (r->before == WHY_NONE) {
        return WHY_KEEPS_RULES;
    }
    sim_tip held = why__commit_tip(why, r->before);
    if (why__view_before(why, record).commit_index == 0 ||
        sim_log_tree_contains(why->tree, r->tip, held)) {
        return WHY_KEEPS_RULES;
    }
    why__add(text, ", though it held ");
    why__add_place(text, sim_log_tree_position(why->tree, held));
    why__add(text, " committed");
    return WHY_COMMITTED_STAYS;
}

static enum why_rule of_change(const struct sim_why *why, uint32_t record,
                               struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    sim_tip latest = sim_log_tree_configuration(why->tree, r->tip);
    sim_tip before =
        sim_log_tree_configuration(why->tree, why__tip_before(why, record));
    if (r->view.role != SIM_LEADER || latest == before || latest == SIM_ROOT) {
        return WHY_KEEPS_RULES;
    }
    sim_tip former = sim_log_tree_configuration(
        why->tree, sim_log_tree_parent(why->tree, latest));
    struct sim_position place = sim_log_tree_position(why->tree, former);
    const struct sim_configuration *from = why__members(why, former);
    const struct sim_configuration *to = why__members(why, latest);
    const char *wrong =
        from == NULL || to == NULL ? NULL : sim_configuration_misstep(from, to);
    if (wrong != NULL) {
        why__add(text, ", though the members before are ");
        why__add_members(text, from);
        why__add(text, ": %s", wrong);
        return WHY_CHANGE_BY_MAJORITIES;
    }
    if (place.index > r->view.commit_index) {
        why__add(text, ", though the change before, ");
        why__add_place(text, place);
        why__add(text, ", is not committed (%" PRIu64 " is)",
                 r->view.commit_index);
        return WHY_CHANGES_ONE_BY_ONE;
    }
    struct sim_position committed =
        sim_log_tree_position(why->tree, why__commit_tip(why, record));
    if (committed.term != r->view.hard_state.term) {
        why__add(text, ", though the last committed one is ");
        why__add_place(text, committed);
        return WHY_CHANGE_AFTER_OWN_ENTRY;
    }
    return WHY_KEEPS_RULES;
}

static void add_members_place(struct why_text *text, struct sim_position place)
{
    if (place.index == 0) {
        why__add(text, "the start");
    } else {
        why__add_place(text, place);
    }
}

static enum why_rule of_members(const struct sim_why *why, uint32_t record,
                                struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    struct sim_position shown = r->view.configuration;
    struct sim_position latest = sim_log_tree_position(
        why->tree, sim_log_tree_configuration(why->tree, r->tip));
    if (sim_position_compare(shown, latest) == 0) {
        return WHY_KEEPS_RULES;
    }
    why__add(text, ", and goes by the members of ");
    add_members_place(text, shown);
    why__add(text, ", though the latest in its log are those of ");
    add_members_place(text, latest);
    return WHY_LATEST_MEMBERS;
}

enum why_rule why__breach_of_end(const struct sim_why *why, uint32_t record,
                                 struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    struct sim_position end = sim_log_tree_position(why->tree, r->tip);
    if (sim_position_compare(r->view.last, end) == 0 ||
        (why->refused && r->step == why->step)) {
        return WHY_KEEPS_RULES;
    }
    why__add(text, ", and shows ");
    why__add_place(text, r->view.last);
    why__add(text, " as the last one of its log, though ");
    why__add_place(text, end);
    why__add(text, " is the last that it wrote");
    return WHY_LOG_AS_WRITTEN;
}

enum why_rule why__breach_of_log(const struct sim_why *why, uint32_t record,
                                 struct why_text *text)
{
    struct request request;
    enum why_rule rule = of_leader(why, record, text);
    if (rule == WHY_KEEPS_RULES && find_request(why, record, &request)) {
        rule = request.before != request.after
                   ? of_changed_log(why, &request, text)
                   : of_same_log(why, record, &request, text);
    }
    if (rule == WHY_KEEPS_RULES) {
        rule = of_committed(why, record, text);
    }
    if (rule == WHY_KEEPS_RULES) {
        rule = of_change(why, record, text);
    }
    return rule == WHY_KEEPS_RULES ? of_members(why, record, text) : rule;
}
