#include "sim/checker_internal.h"

#include <inttypes.h>
#include <string.h>

#include "sim/memory.h"

/* The place of the first election of a term that is not below `term`. */
static size_t election_place(const struct sim_checker *checker, uint64_t term)
{
    size_t low = 0;
    size_t high = checker->n_elections;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (checker->elections[middle].term < term) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct checker_election *checker__election(const struct sim_checker *checker,
                                           uint64_t term)
{
    size_t count = checker->n_elections;
    if (count == 0 || checker->elections[count - 1].term < term) {
        return NULL;
    }
    /* Most questions are about the newest leader. */
    if (checker->elections[count - 1].term == term) {
        return &checker->elections[count - 1];
    }
    struct checker_election *election =
        &checker->elections[election_place(checker, term)];
    return election->term == term ? election : NULL;
}

static void add_election(struct sim_checker *checker,
                         const struct checker_election *election)
{
    size_t place = election_place(checker, election->term);
    checker->elections =
        sim_grow(checker->elections, &checker->elections_capacity,
                 checker->n_elections + 1, sizeof(*checker->elections));
    memmove(&checker->elections[place + 1], &checker->elections[place],
            (checker->n_elections - place) * sizeof(*checker->elections));
    checker->elections[place] = *election;
    checker->n_elections++;
}

uint64_t checker__committed_before(const struct sim_checker *checker,
                                   uint64_t term)
{
    uint64_t gone = checker->committed.first - 1;
    uint64_t low = gone;
    uint64_t high = checker->n_committed;
    while (low < high) {
        /* Nearly always all of them: look at the last first. */
        uint64_t middle =
            high == checker->n_committed ? high : low + (high - low + 1) / 2;
        if (checker__committed(checker, middle)->term < term) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low == gone && checker->first_term >= term ? 0 : low;
}

/* What was committed in older terms is in the log of the new leader (paper,
 * 5.4): to hold the last of it is to hold all. */
static bool complete(struct sim_checker *checker, uint32_t id, uint64_t term,
                     sim_tip tip)
{
    uint64_t index = checker__committed_before(checker, term);
    if (index == 0) {
        return true;
    }
    checker__count(checker, SIM_LEADER_COMPLETENESS);
    index = checker__known(checker, index);
    const struct checker_commit *commit = checker__committed(checker, index);
    if (sim_log_tree_contains(checker->tree, tip, commit->tip)) {
        return true;
    }
    return checker__violate(
        checker, SIM_LEADER_COMPLETENESS, id, commit->node,
        "node %" PRIu32 " became leader of term %" PRIu64
        " without %s, which node %" PRIu32 " held committed in term %" PRIu64
        "; node %" PRIu32 " has %s there.",
        id, term, checker__entry(checker, commit->tip).text, commit->node,
        commit->term, id, checker__entry_at(checker, tip, index).text);
}

/* A leader of `term` only adds to the log `from`. */
static bool append_only(struct sim_checker *checker, uint32_t id, uint64_t term,
                        sim_tip from, sim_tip to)
{
    if (from == to) {
        return true;
    }
    checker__count(checker, SIM_LEADER_APPEND_ONLY);
    if (sim_log_tree_contains(checker->tree, to, from)) {
        return true;
    }
    return checker__violate(checker, SIM_LEADER_APPEND_ONLY, id, SIM_NONE,
                            "node %" PRIu32 ", leader of term %" PRIu64
                            ", overwrote or deleted its log from index %" PRIu64
                            " on: it ended with %s, and now it ends with %s.",
                            id, term, checker__fork(checker, from, to),
                            checker__entry(checker, from).text,
                            checker__entry(checker, to).text);
}

static bool elect(struct sim_checker *checker, uint32_t id, uint64_t term,
                  sim_tip tip)
{
    sim_tip before = checker->nodes[id].tip;
    if (!checker__voted(checker, id, term, id, "leads") ||
        !complete(checker, id, term, before) ||
        !append_only(checker, id, term, before, tip)) {
        return false;
    }
    add_election(checker, &(struct checker_election){
                              .term = term,
                              .time_us = checker->time_us,
                              .node = id,
                              .elected_tip = before,
                              .tip = tip,
                          });
    return true;
}

bool checker__leader(struct sim_checker *checker, uint32_t id, uint64_t term,
                     sim_tip tip)
{
    checker__count(checker, SIM_ELECTION_SAFETY);
    struct checker_election *election = checker__election(checker, term);
    if (election == NULL) {
        return elect(checker, id, term, tip);
    }
    if (election->node != id) {
        return checker__violate(
            checker, SIM_ELECTION_SAFETY, election->node, id,
            "node %" PRIu32 " became leader of term %" PRIu64
            ", in which node %" PRIu32 " was elected at %s.",
            id, term, election->node, checker__seconds(election->time_us).text);
    }
    if (!append_only(checker, id, term, election->tip, tip)) {
        return false;
    }
    election->tip = tip;
    return true;
}
