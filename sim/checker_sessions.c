#undef NDEBUG
#include "sim/checker_internal.h"

#include <assert.h>
#include <inttypes.h>

#include "sim/memory.h"

/* The session of this name, or NULL: none was ever opened, or it was closed,
 * and is forgotten. */
static struct checker_session *find(const struct sim_checker *checker,
                                    uint64_t name)
{
    size_t low = 0;
    size_t high = checker->n_sessions;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (checker->sessions[middle].name < name) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool known =
        low < checker->n_sessions && checker->sessions[low].name == name;
    return known ? &checker->sessions[low] : NULL;
}

/* The first node applies the entry that opens a session. Which one is closed
 * for it is that node's choice, of those that are open. */
static bool open_session(struct sim_checker *checker, uint32_t id,
                         uint64_t index, uint64_t closed)
{
    if (closed != 0) {
        checker__count(checker, SIM_EXACTLY_ONCE);
        struct checker_session *session = find(checker, closed);
        if (session == NULL || !session->open) {
            return checker__violate(
                checker, SIM_EXACTLY_ONCE, id, SIM_NONE,
                "node %" PRIu32 " closed session %" PRIu64
                " when it applied entry %" PRIu64
                ", but there is no such session, or it was closed before.",
                id, closed, index);
        }
        session->open = false;
    }
    checker->sessions =
        sim_grow(checker->sessions, &checker->sessions_capacity,
                 checker->n_sessions + 1, sizeof *checker->sessions);
    checker->sessions[checker->n_sessions++] =
        (struct checker_session){.name = index, .closed = closed, .open = true};
    return true;
}

/* Another node applies it: what it does must be what the first did. */
static bool reopen_session(struct sim_checker *checker, uint32_t id,
                           uint64_t index, uint64_t closed)
{
    const struct checker_session *session = find(checker, index);
    assert(session != NULL);
    checker__count(checker, SIM_EXACTLY_ONCE);
    if (closed == session->closed) {
        return true;
    }
    return checker__violate(
        checker, SIM_EXACTLY_ONCE, id, SIM_NONE,
        "node %" PRIu32 " closed session %" PRIu64
        " when it applied entry %" PRIu64
        ", where the first that applied it closed session %" PRIu64
        " (0 is none).",
        id, closed, index, session->closed);
}

/* What the sessions say of a command that is applied for the first time. */
static enum sim_verdict_of_session use_session(struct sim_checker *checker,
                                               uint64_t name, uint64_t sequence)
{
    if (name == 0) {
        return SIM_COMMAND_FRESH;
    }
    struct checker_session *session = find(checker, name);
    if (session == NULL || !session->open) {
        return SIM_COMMAND_EXPIRED;
    }
    if (sequence <= session->latest) {
        return SIM_COMMAND_REPEATED;
    }
    session->latest = sequence;
    return SIM_COMMAND_FRESH;
}

static const char *verdict_words(enum sim_verdict_of_session verdict)
{
    switch (verdict) {
    case SIM_COMMAND_FRESH:
        return "as new";
    case SIM_COMMAND_REPEATED:
        return "as applied before";
    case SIM_COMMAND_EXPIRED:
        return "as one of a closed session";
    }
    return "as nobody knows what";
}

static bool judge_command(struct sim_checker *checker, uint32_t id,
                          uint64_t index, const struct sim_entry *entry)
{
    enum sim_verdict_of_session right =
        (enum sim_verdict_of_session) *
        (const uint8_t *)sim_window_at(&checker->verdicts, index,
                                       sizeof(uint8_t));
    /* Without a session there is nothing to tell apart. */
    if (entry->session == 0 && entry->verdict == right) {
        return true;
    }
    checker__count(checker, SIM_EXACTLY_ONCE);
    if (entry->verdict == right) {
        return true;
    }
    return checker__violate(checker, SIM_EXACTLY_ONCE, id, SIM_NONE,
                            "node %" PRIu32 " took entry %" PRIu64
                            ", command %" PRIu64 " of session %" PRIu64
                            ", %s; by the log before it, it is to be taken %s.",
                            id, index, entry->sequence, entry->session,
                            verdict_words(entry->verdict),
                            verdict_words(right));
}

static void note_verdict(struct sim_checker *checker, uint64_t index,
                         enum sim_verdict_of_session verdict)
{
    uint8_t *noted = sim_window_add(&checker->verdicts);
    *noted = (uint8_t)verdict;
    checker->n_applied = index;
}

bool checker__session(struct sim_checker *checker, uint32_t id, uint64_t index,
                      const struct sim_entry *entry)
{
    assert(index <= checker->n_applied + 1);
    bool is_first = index > checker->n_applied;
    enum sim_verdict_of_session verdict = SIM_COMMAND_FRESH;
    if (entry->kind == SIM_ENTRY_SESSION) {
        bool holds = is_first
                         ? open_session(checker, id, index, entry->session)
                         : reopen_session(checker, id, index, entry->session);
        if (!holds) {
            return false;
        }
    } else if (entry->kind == SIM_ENTRY_COMMAND && is_first) {
        verdict = use_session(checker, entry->session, entry->sequence);
    }
    if (is_first) {
        note_verdict(checker, index, verdict);
    }
    return entry->kind != SIM_ENTRY_COMMAND ||
           judge_command(checker, id, index, entry);
}
