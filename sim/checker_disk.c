#include "sim/checker_internal.h"

#include <inttypes.h>

bool checker__term(struct sim_checker *checker, uint32_t id, uint64_t term)
{
    struct checker_node *node = &checker->nodes[id];
    checker__count(checker, SIM_MONOTONIC_TERM);
    if (term < node->term) {
        return checker__violate(checker, SIM_MONOTONIC_TERM, id, SIM_NONE,
                                "node %" PRIu32 " went back from term %" PRIu64
                                " to term %" PRIu64 ".",
                                id, node->term, term);
    }
    node->term = term;
    return true;
}

/* A vote that can not be taken back: it is the only one in its term. */
static bool one_vote(struct sim_checker *checker, uint32_t id, uint64_t term,
                     uint32_t candidate)
{
    struct sim_hard_state *vote = &checker->nodes[id].vote;
    checker__count(checker, SIM_ONE_VOTE_PER_TERM);
    if (term == vote->term && candidate != vote->vote &&
        vote->vote != SIM_NONE) {
        return checker__violate(checker, SIM_ONE_VOTE_PER_TERM, id, SIM_NONE,
                                "node %" PRIu32 " voted twice in term %" PRIu64
                                ": for node %" PRIu32
                                " before, and now for node %" PRIu32 ".",
                                id, term, vote->vote, candidate);
    }
    if (term >= vote->term) {
        *vote = (struct sim_hard_state){.term = term, .vote = candidate};
    }
    return true;
}

/* The durable term never goes back. No message leaves with a higher one (see
 * term_is_durable()), so this also holds a new life to what others have seen of
 * the lives before. */
bool checker__disk(struct sim_checker *checker, uint32_t id,
                   struct sim_hard_state hard_state)
{
    struct checker_node *node = &checker->nodes[id];
    checker__count(checker, SIM_MONOTONIC_TERM);
    if (hard_state.term < node->hard_state.term) {
        return checker__violate(
            checker, SIM_MONOTONIC_TERM, id, SIM_NONE,
            "node %" PRIu32 " had term %" PRIu64
            " on its disk and now goes on from term %" PRIu64 " there.",
            id, node->hard_state.term, hard_state.term);
    }
    bool is_new = hard_state.term != node->hard_state.term ||
                  hard_state.vote != node->hard_state.vote;
    node->hard_state = hard_state;
    return !is_new || hard_state.vote == SIM_NONE ||
           one_vote(checker, id, hard_state.term, hard_state.vote);
}

/* The disk holds exactly this vote. Not "at least": a message leaves before any
 * write that comes after the ones it waited for. */
bool checker__voted(struct sim_checker *checker, uint32_t id, uint64_t term,
                    uint32_t candidate, const char *deed)
{
    if (!one_vote(checker, id, term, candidate)) {
        return false;
    }
    checker__count(checker, SIM_DURABLE_BEFORE_ACKNOWLEDGED);
    struct sim_hard_state durable = checker->nodes[id].hard_state;
    if (durable.term == term && durable.vote == candidate) {
        return true;
    }
    return checker__violate(
        checker, SIM_DURABLE_BEFORE_ACKNOWLEDGED, id, candidate,
        "node %" PRIu32 " %s in term %" PRIu64
        ", but its disk does not hold the vote for node %" PRIu32
        " that this takes: it holds %s.",
        id, deed, term, candidate, checker__hard_state(durable).text);
}

/* What was said in a term must not be forgotten: `term` is durable. */
static bool term_is_durable(struct sim_checker *checker, uint32_t id,
                            uint32_t to, uint64_t term)
{
    checker__count(checker, SIM_DURABLE_BEFORE_ACKNOWLEDGED);
    struct sim_hard_state durable = checker->nodes[id].hard_state;
    if (durable.term >= term) {
        return true;
    }
    return checker__violate(checker, SIM_DURABLE_BEFORE_ACKNOWLEDGED, id, to,
                            "a message of term %" PRIu64 " from node %" PRIu32
                            " to node %" PRIu32 " left, but its disk holds %s.",
                            term, id, to, checker__hard_state(durable).text);
}

/* Node `id` tells `to`, the leader of `term`, that its log is the leader's up
 * to `match`. */
static bool entries_are_durable(struct sim_checker *checker, uint32_t id,
                                uint32_t to, uint64_t term, uint64_t match)
{
    const struct sim_log_tree *tree = checker->tree;
    const struct checker_node *node = &checker->nodes[id];
    if (node->hard_state.term != term) {
        return checker__violate(
            checker, SIM_DURABLE_BEFORE_ACKNOWLEDGED, id, to,
            "node %" PRIu32 " acknowledged entries to node %" PRIu32
            " in term %" PRIu64 ", but its disk holds %s by then.",
            id, to, term, checker__hard_state(node->hard_state).text);
    }
    uint64_t known = checker__known(checker, match);
    sim_tip entry = sim_log_tree_ancestor(tree, node->durable, known);
    if (entry == SIM_NO_TIP) {
        return checker__violate(
            checker, SIM_DURABLE_BEFORE_ACKNOWLEDGED, id, to,
            "node %" PRIu32 " acknowledged entries up to %" PRIu64
            " to node %" PRIu32 " in term %" PRIu64
            ", but the log on its disk ends with %s.",
            id, match, to, term, checker__entry(checker, node->durable).text);
    }
    const struct checker_election *leader = checker__election(checker, term);
    if (leader == NULL || leader->node != to) {
        return checker__violate(
            checker, SIM_DURABLE_BEFORE_ACKNOWLEDGED, id, to,
            "node %" PRIu32 " acknowledged entries to node %" PRIu32
            " in term %" PRIu64 ", in which that was never leader.",
            id, to, term);
    }
    if (sim_log_tree_contains(tree, leader->tip, entry) ||
        (known > match &&
         sim_log_tree_common(tree, leader->tip, entry) >= match)) {
        return true;
    }
    return checker__violate(
        checker, SIM_DURABLE_BEFORE_ACKNOWLEDGED, id, to,
        "node %" PRIu32 " acknowledged entries up to %" PRIu64
        " to node %" PRIu32 ", the leader of term %" PRIu64
        ", but its disk has %s where the leader has %s.",
        id, match, to, term, checker__entry(checker, entry).text,
        checker__entry_at(checker, leader->tip, match).text);
}

bool checker__message(struct sim_checker *checker, uint32_t id, uint32_t to,
                      const struct sim_message *message)
{
    switch (message->kind) {
    case SIM_MESSAGE_OTHER:
    case SIM_MESSAGE_PRE_VOTE_REQUEST:
    case SIM_MESSAGE_PRE_VOTE_RESPONSE:
        /* A pre-vote asks about a term that nobody is in yet and promises
         * nothing (dissertation, 9.6). */
        return true;
    case SIM_MESSAGE_VOTE_REQUEST:
        return checker__voted(checker, id, message->term, id, "asks for votes");
    case SIM_MESSAGE_VOTE_RESPONSE:
        if (message->granted) {
            return checker__voted(checker, id, message->term, to,
                                  "grants a vote");
        }
        return term_is_durable(checker, id, to, message->term);
    case SIM_MESSAGE_APPEND_REQUEST:
    case SIM_MESSAGE_INSTALL_REQUEST:
    case SIM_MESSAGE_TIMEOUT_NOW:
    case SIM_MESSAGE_READ_REQUEST:
    case SIM_MESSAGE_READ_RESPONSE:
        return term_is_durable(checker, id, to, message->term);
    case SIM_MESSAGE_APPEND_RESPONSE:
    case SIM_MESSAGE_INSTALL_RESPONSE:
        /* To have a snapshot is to have the entries that it stands for. */
        return term_is_durable(checker, id, to, message->term) &&
               (!message->granted ||
                entries_are_durable(checker, id, to, message->term,
                                    message->match_index));
    case SIM_MESSAGE_KIND_COUNT:
        break;
    }
    return true;
}
