/* A line of the story, in Raft's words. */
#include <inttypes.h>
#include <string.h>

#include "sim/why_internal.h"

/* "its log ends with entry 8 of term 3"; "… is empty" */
static void add_end(struct why_text *text, const char *whose,
                    struct sim_position last)
{
    why__add(text, "%s%s", whose, last.index == 0 ? "is empty" : "ends with ");
    if (last.index > 0) {
        why__add_place(text, last);
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
        why__add_indexes(text, kept + 1, last);
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
    struct sim_position last = sim_log_tree_position(why->tree, r->tip);
    why__add(text, last.index == 0 ? ", an empty log" : ", its log up to ");
    if (last.index > 0) {
        why__add_place(text, last);
    }
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
    add_end(text, "; its log ", why__view_before(why, record).last);
}

static void add_leader(struct why_text *text, const struct sim_why *why,
                       uint32_t record)
{
    const struct why_record *r = why__get(why, record);
    struct sim_set stale;
    struct sim_set votes = why__votes(why, record, &stale);
    struct sim_position last = why__view_before(why, record).last;
    why__add(text, "becomes leader of term %" PRIu64 " with ",
             r->view.hard_state.term);
    why__add(text, last.index == 0 ? "an empty log" : "its log up to ");
    if (last.index > 0) {
        why__add_place(text, last);
    }
    why__add(text, ", by the votes of ");
    why__add_set(text, &votes);
    why__add(text, " (");
    why__add_share(text, &votes,
                   why__members(why, why__tip_before(why, record)));
    why__add(text, ")");
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

/* When it last heard a leader, which leases count on. */
static void add_last_heard(struct why_text *text, const struct sim_why *why,
                           uint32_t record)
{
    uint32_t at = why__get(why, record)->before;
    for (; at != WHY_NONE; at = why__get(why, at)->before) {
        const struct why_letter *letter = why__letter(why, at);
        if (why__get(why, at)->kind == WHY_LIFE) {
            why__add(text, "; since it started at ");
            why__add_seconds(text, why__get(why, at)->time_us);
            why__add(text, " it has heard no leader");
            return;
        }
        if (letter != NULL &&
            (letter->message.kind == SIM_MESSAGE_APPEND_REQUEST ||
             letter->message.kind == SIM_MESSAGE_INSTALL_REQUEST) &&
            letter->message.term == why__get(why, at)->view.hard_state.term) {
            why__add(text, "; it heard leader %" PRIu32 " last at ",
                     letter->from);
            why__add_seconds(text, why__get(why, at)->time_us);
            return;
        }
    }
}

static void of_vote(const struct why_walk *walk, uint32_t record,
                    struct why_text *text)
{
    const struct sim_why *why = walk->why;
    const struct why_record *r = why__get(why, record);
    const struct why_letter *letter = why__letter(why, record);
    why__add(text, "votes for %" PRIu32 " in term %" PRIu64,
             r->view.hard_state.vote, r->view.hard_state.term);
    why__add_way(text, why, record, "asked for");
    if (letter != NULL && letter->message.kind == SIM_MESSAGE_VOTE_REQUEST) {
        add_end(text, "; the candidate's log ", letter->message.place);
        add_end(text, ", its own ", why__view_before(why, record).last);
    }
    if (walk->lease) {
        add_last_heard(text, why, record);
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
             why__leads(why, record) ? "commits up to"
                                     : "learns that all is committed up to");
    if (r->view.commit_index > r->view.last.index) {
        why__add(text, "%" PRIu64, r->view.commit_index);
    } else {
        why__add_place(text, sim_log_tree_position(
                                 why->tree, why__commit_tip(why, record)));
    }
    if (why__leads(why, record)) {
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
    why__add_indexes(text, r->applied_from, r->applied_from + r->n_applied - 1);
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

/* --- the world ------------------------------------------------------------ */

/* "isolate: 3 (12 links) (/nemeses/4)": of links only the number, but for one
 * or two. */
static void of_event(const struct sim_why *why, uint32_t record,
                     struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    const char *words = why->texts + r->text;
    const char *end = strrchr(words, '(');
    size_t n = 0;
    for (const char *at = strstr(words, "->"); at != NULL;
         at = strstr(at + 2, "->")) {
        n++;
    }
    if (n <= 2) {
        why__add(text, "%s", words);
        return;
    }
    const char *first = strstr(words, "->");
    while (first > words && first[-1] != ' ') {
        first--;
    }
    why__add(text, "%.*s%zu links%s%s", (int)(first - words), words, n,
             end != NULL ? " " : "", end != NULL ? end : "");
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
        of_vote(walk, fact->record, text);
        break;
    case WHY_OF_LOG:
        why__words_of_log(why, fact, text);
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
        why__words_of_question(why, fact->record, text);
        break;
    case WHY_OF_ANSWER:
        why__words_of_answer(why, fact->record, text);
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
        of_event(why, fact->record, text);
        break;
    case WHY_OF_STATE:
        why__words_of_state(why, fact->number, text);
        break;
    case WHY_ASPECT_COUNT:
        break;
    }
}
