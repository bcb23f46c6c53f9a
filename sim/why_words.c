/* A line of the story, in Raft's words. */
#include <inttypes.h>

#include "sim/kv.h"
#include "sim/why_internal.h"

/* A message that was under way for longer is worth a word. */
#define LONG_WAY_US UINT64_C(50000)

static void add_seconds(struct why_text *text, uint64_t time_us)
{
    why__add(text, "%" PRIu64 ".%06" PRIu64 " s", time_us / 1000000,
             time_us % 1000000);
}

/* ", sent at 1.2 s" if that was long ago. */
static void add_way(struct why_text *text, const struct sim_why *why,
                    uint32_t record)
{
    const struct why_letter *letter = why__letter(why, record);
    if (letter == NULL || letter->left_us == SIM_NEVER ||
        why__get(why, record)->time_us < letter->left_us + LONG_WAY_US) {
        return;
    }
    why__add(text, ", which was sent at ");
    add_seconds(text, letter->left_us);
}

static void add_indexes(struct why_text *text, uint64_t first, uint64_t last)
{
    if (first == last) {
        why__add(text, "entry %" PRIu64, first);
    } else {
        why__add(text, "entries %" PRIu64 "..%" PRIu64, first, last);
    }
}

/* --- lives ---------------------------------------------------------------- */

/* The words in parentheses at the end of the event that was told right before:
 * the place in the scenario that did it. */
static void add_culprit(struct why_text *text, const struct sim_why *why,
                        uint32_t record)
{
    for (uint32_t at = record; at > 0 && record - at < 8; at--) {
        const struct why_record *r = why__get(why, at - 1);
        if (r->kind != WHY_EVENT ||
            r->time_us != why__get(why, record)->time_us) {
            continue;
        }
        const char *words = why->texts + r->text;
        size_t begin = r->text_size;
        while (begin > 0 && words[begin - 1] != '(') {
            begin--;
        }
        if (begin > 0 && words[begin] == '/') {
            why__add(text, " (%s", words + begin);
        }
        return;
    }
}

static void of_crash(const struct sim_why *why, uint32_t record,
                     struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    why__add(text, "%s as %s of term %" PRIu64,
             r->by_write ? "goes down, for a write failed," : "crashes",
             sim_role_name(r->view.role), r->view.hard_state.term);
    add_culprit(text, why, record);
}

static void add_loss(struct why_text *text, const struct sim_why *why,
                     uint32_t record)
{
    const struct why_record *r = why__get(why, record);
    const struct why_record *crash = why__get(why, r->before);
    struct sim_hard_state had = crash->view.hard_state;
    uint64_t last = crash->view.last.index;
    uint64_t kept = sim_log_tree_position(why->tree, r->tip).index;
    bool lost_vote = had.vote != SIM_NONE &&
                     (had.term != r->disk.term || had.vote != r->disk.vote);
    bool lost_log = !sim_log_tree_contains(why->tree, r->tip, crash->tip);
    while (lost_log && kept > 0 &&
           !sim_log_tree_contains(
               why->tree, crash->tip,
               sim_log_tree_ancestor(why->tree, r->tip, kept))) {
        kept--;
    }
    if (!lost_vote && !lost_log && had.term == r->disk.term) {
        return;
    }
    why__add(text, "; the crash lost");
    if (lost_vote) {
        why__add(text, " its vote of term %" PRIu64 " for %" PRIu32, had.term,
                 had.vote);
    } else if (had.term != r->disk.term) {
        why__add(text, " term %" PRIu64, had.term);
    }
    if (lost_log) {
        why__add(text, "%s ",
                 lost_vote || had.term != r->disk.term ? " and" : "");
        add_indexes(text, kept + 1, last);
    }
}

static void of_life(const struct sim_why *why, uint32_t record,
                    struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    why__add(text, "%s: term %" PRIu64,
             r->before == WHY_NONE ? "starts" : "restarts from its disk",
             r->disk.term);
    if (r->disk.vote != SIM_NONE) {
        why__add(text, ", its vote for %" PRIu32, r->disk.vote);
    }
    why__add(text, ", its log up to ");
    why__add_place(text, sim_log_tree_position(why->tree, r->tip));
    if (r->view.snapshot.index > 0) {
        why__add(text, ", a snapshot up to %" PRIu64, r->view.snapshot.index);
    }
    if (r->before != WHY_NONE) {
        add_loss(text, why, record);
    }
}

/* --- roles and votes ------------------------------------------------------ */

static void add_campaign(struct why_text *text, const struct sim_why *why,
                         uint32_t record)
{
    const struct why_record *r = why__get(why, record);
    const struct why_letter *letter = why__letter(why, record);
    why__add(text, "campaigns in term %" PRIu64, r->view.hard_state.term);
    if (letter != NULL && letter->message.kind == SIM_MESSAGE_TIMEOUT_NOW) {
        why__add(text, ", as %" PRIu32 " told it", letter->from);
    } else if (letter != NULL &&
               letter->message.kind == SIM_MESSAGE_PRE_VOTE_RESPONSE) {
        why__add(text, ", as a majority would vote for it");
    }
    why__add(text, "; its log ends with ");
    why__add_place(text, why__view_before(why, record).last);
}

static void add_leader(struct why_text *text, const struct sim_why *why,
                       uint32_t record)
{
    const struct why_record *r = why__get(why, record);
    struct sim_set stale;
    struct sim_set votes = why__votes(why, record, &stale);
    why__add(text, "becomes leader of term %" PRIu64 " by the votes of ",
             r->view.hard_state.term);
    why__add_set(text, &votes);
    why__add(text, " (");
    why__add_share(text, &votes,
                   why__members(why, why__tip_before(why, record)));
    why__add(text, "); its log ends with ");
    why__add_place(text, why__view_before(why, record).last);
}

static void of_role(const struct sim_why *why, uint32_t record,
                    struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    struct sim_view before = why__view_before(why, record);
    switch (r->view.role) {
    case SIM_LEADER:
        add_leader(text, why, record);
        break;
    case SIM_CANDIDATE:
        add_campaign(text, why, record);
        break;
    case SIM_PRE_CANDIDATE:
        why__add(text, "asks for pre-votes; it is in term %" PRIu64,
                 r->view.hard_state.term);
        break;
    case SIM_FOLLOWER:
        why__add(text, "%s in term %" PRIu64,
                 before.role == SIM_LEADER ? "steps down, follower"
                                           : "is follower",
                 r->view.hard_state.term);
        break;
    }
}

static void of_vote(const struct sim_why *why, uint32_t record,
                    struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    const struct why_letter *letter = why__letter(why, record);
    why__add(text, "votes for %" PRIu32 " in term %" PRIu64,
             r->view.hard_state.vote, r->view.hard_state.term);
    add_way(text, why, record);
    if (letter != NULL && letter->message.kind == SIM_MESSAGE_VOTE_REQUEST) {
        why__add(text, "; the candidate's log ends with ");
        why__add_place(text, letter->message.place);
        why__add(text, ", its own with ");
        why__add_place(text, why__view_before(why, record).last);
    }
}

/* --- logs ----------------------------------------------------------------- */

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
    add_indexes(text, first, last.index);
    if (term == last.term) {
        why__add(text, " of term %" PRIu64, term);
    } else {
        why__add(text, " of terms %" PRIu64 "..%" PRIu64, term, last.term);
    }
}

static void of_log(const struct sim_why *why, const struct why_fact *fact,
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
        if (kept + 1 == end) {
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
        add_way(text, why, fact->record);
    }
}

/* --- commits and snapshots ------------------------------------------------ */

static void of_commit(const struct sim_why *why, uint32_t record,
                      struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    struct sim_view before = why__view_before(why, record);
    if (r->view.commit_index < before.commit_index) {
        why__add(text, "holds its log committed up to %" PRIu64 " only",
                 r->view.commit_index);
        return;
    }
    why__add(text, "%s ",
             r->view.role == SIM_LEADER ? "commits up to"
                                        : "learns that all is committed up to");
    why__add_place(
        text, sim_log_tree_position(why->tree, why__commit_tip(why, record)));
    if (r->view.role == SIM_LEADER) {
        struct sim_set set =
            why__acknowledged(why, record, r->view.commit_index);
        why__add(text, ", as stored by ");
        why__add_set(text, &set);
        why__add(text, " (");
        why__add_share(text, &set, why__members(why, r->tip));
        why__add(text, ")");
    }
}

static void of_apply(const struct sim_why *why, uint32_t record,
                     struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    why__add(text, "applies ");
    add_indexes(text, r->applied_from, r->applied_from + r->n_applied - 1);
    if (r->change_index > 0) {
        why__add(text, ", %" PRIu64 " as %s", r->change_index,
                 r->verdict == SIM_COMMAND_REPEATED
                     ? "a repetition"
                     : "one of a closed session");
    }
    if (r->closed > 0) {
        why__add(text, ", and closes session %" PRIu64, r->closed);
    }
}

static void of_snapshot(const struct sim_why *why, uint32_t record,
                        struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    const struct why_letter *letter = why__letter(why, record);
    if (r->snapshot.index > 0) {
        why__add(text,
                 letter != NULL ? "writes the snapshot of %" PRIu32
                                : "makes a snapshot",
                 letter != NULL ? letter->from : 0);
        why__add(text, " up to ");
        why__add_place(text, r->snapshot);
    }
    if (r->restored.index > 0) {
        why__add(text, "%srestores the state of a snapshot up to ",
                 r->snapshot.index > 0 ? ", " : "");
        why__add_place(text, r->restored);
    }
}

/* --- reads ---------------------------------------------------------------- */

static void add_standing(struct why_text *text, const struct why_record *r)
{
    why__add(text,
             ", as %s of term %" PRIu64 " with %" PRIu64
             " committed and %" PRIu64 " applied",
             sim_role_name(r->view.role), r->view.hard_state.term,
             r->view.commit_index, r->view.last_applied);
}

static void of_answer(const struct sim_why *why, uint32_t record,
                      struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    uint32_t asked = why__asked(why, record, 0);
    why__add(text, "answers client %" PRIu32,
             sim_clients_number(why->tags[r->ready]));
    if (r->n_ready > 1) {
        why__add(text, " and %zu more", r->n_ready - 1);
    }
    if (asked == WHY_NONE) {
        return;
    }
    if (asked == record) {
        why__add(text, "'s read at once%s",
                 r->lease ? ", which was asked for by lease" : "");
    } else {
        struct sim_set doubtful;
        struct sim_set heard = why__heard_from(why, asked, record, &doubtful);
        sim_set_remove(&heard, r->node);
        why__add(text, "'s read; to what it sent since it was asked, it had "
                       "answers of ");
        why__add_set(text, &heard);
    }
    add_standing(text, r);
}

static void of_question(const struct sim_why *why, uint32_t record,
                        struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    why__add(text, "is asked for a read by client %" PRIu32 "%s",
             sim_clients_number(r->tag), r->lease ? ", by lease" : "");
    add_standing(text, r);
}

/* -------------------------------------------------------------------------- */

void why__words(const struct why_walk *walk, const struct why_fact *fact,
                struct why_text *text)
{
    const struct sim_why *why = walk->why;
    char room[SIM_OPERATION_TEXT_SIZE];
    switch (fact->aspect) {
    case WHY_OF_LIFE:
        of_life(why, fact->record, text);
        break;
    case WHY_OF_CRASH:
        of_crash(why, fact->record, text);
        break;
    case WHY_OF_ROLE:
        of_role(why, fact->record, text);
        break;
    case WHY_OF_VOTE:
        of_vote(why, fact->record, text);
        break;
    case WHY_OF_LOG:
        of_log(why, fact, text);
        break;
    case WHY_OF_COMMIT:
        of_commit(why, fact->record, text);
        break;
    case WHY_OF_APPLY:
        of_apply(why, fact->record, text);
        break;
    case WHY_OF_SNAPSHOT:
        of_snapshot(why, fact->record, text);
        break;
    case WHY_OF_QUESTION:
        of_question(why, fact->record, text);
        break;
    case WHY_OF_ANSWER:
        of_answer(why, fact->record, text);
        break;
    case WHY_OF_BREACH:
        why__words_of_breach(why, fact->record, text);
        break;
    case WHY_OF_LETTER:
        why__words_of_letter(why, fact->number, text);
        break;
    case WHY_OF_OPERATION:
        why__add(text, "%s",
                 sim_clients_describe(walk->clients, fact->number, room));
        break;
    case WHY_OF_EVENT:
        why__add(text, "%s", why->texts + why__get(why, fact->record)->text);
        break;
    case WHY_OF_STATE:
        why__words_of_state(why, fact->number, text);
        break;
    case WHY_ASPECT_COUNT:
        break;
    }
}
