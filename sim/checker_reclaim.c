/* What no check will ask for any more. That is told from the disks: a server
 * never goes back behind its durable term, nor behind its durable snapshot. */
#include "sim/checker_internal.h"

#include <string.h>

/* The lowest term that a server can still be in. */
static uint64_t lowest_term(const struct sim_checker *checker,
                            const struct sim_set *gone)
{
    uint64_t lowest = UINT64_MAX;
    for (uint32_t id = 1; id <= checker->n_nodes; id++) {
        uint64_t term = checker->nodes[id].hard_state.term;
        if (!sim_set_has(gone, id) && term < lowest) {
            lowest = term;
        }
    }
    return lowest;
}

static uint64_t lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t sim_checker_bound(const struct sim_checker *checker, uint64_t index,
                           const struct sim_set *gone)
{
    index = lower(index, checker->n_applied);
    index = lower(index, checker->n_states);
    for (uint32_t id = 1; id <= checker->n_nodes; id++) {
        const struct checker_node *node = &checker->nodes[id];
        if (node->alive) {
            index = lower(index, lower(node->applied, node->commit_index));
        }
    }
    /* What a server will hold committed from now on, it holds so in a term from
     * the lowest on: no earlier one will be found for what lies below. */
    uint64_t lowest = lowest_term(checker, gone);
    uint64_t settled = lowest == UINT64_MAX
                           ? 0
                           : checker__committed_before(checker, lowest + 1);
    index = lower(index, settled);
    return index < checker->committed.first ? 0 : index;
}

sim_tip sim_checker_committed_tip(const struct sim_checker *checker,
                                  uint64_t index)
{
    return checker__committed(checker, index)->tip;
}

void sim_checker_tips(const struct sim_checker *checker,
                      const struct sim_set *gone, struct sim_tips *live,
                      struct sim_tips *asked)
{
    for (uint32_t id = 1; id <= checker->n_nodes; id++) {
        const struct checker_node *node = &checker->nodes[id];
        sim_tips_add(sim_set_has(gone, id) ? asked : live, node->durable);
        if (node->alive) {
            sim_tips_add(live, node->tip);
        }
    }
    uint64_t lowest = lowest_term(checker, gone);
    for (size_t i = checker->n_elections; i > 0; i--) {
        const struct checker_election *election = &checker->elections[i - 1];
        if (election->term < lowest) {
            break;
        }
        sim_tips_add(asked, election->elected_tip);
        sim_tips_add(asked, election->tip);
    }
}

void sim_checker_rulers(const struct sim_checker *checker,
                        const struct sim_configuration *rulers[2])
{
    rulers[0] = checker->ruling.after;
    rulers[1] = checker->ruling.before;
}

/* Elections of terms that nobody can be in. */
static void forget_elections(struct sim_checker *checker, uint64_t lowest)
{
    size_t n = 0;
    while (n < checker->n_elections && checker->elections[n].term < lowest) {
        n++;
    }
    checker->n_elections -= n;
    if (n > 0 && checker->n_elections > 0) {
        memmove(checker->elections, checker->elections + n,
                checker->n_elections * sizeof *checker->elections);
    }
}

/* A session that is closed is for its commands as one that never was; that it
 * was opened at an index below `index` is never judged again. */
static void forget_sessions(struct sim_checker *checker, uint64_t index)
{
    size_t left = 0;
    for (size_t i = 0; i < checker->n_sessions; i++) {
        const struct checker_session *session = &checker->sessions[i];
        if (session->open || session->name >= index) {
            checker->sessions[left++] = *session;
        }
    }
    checker->n_sessions = left;
}

void sim_checker_reclaim(struct sim_checker *checker, uint64_t index,
                         const struct sim_set *gone)
{
    if (checker->committed.first == 1 && index > 1) {
        checker->first_term = checker__committed(checker, 1)->term;
    }
    sim_window_drop(&checker->committed, index);
    sim_window_drop(&checker->states, index);
    sim_window_drop(&checker->verdicts, index);
    forget_elections(checker, lowest_term(checker, gone));
    forget_sessions(checker, index);
}
