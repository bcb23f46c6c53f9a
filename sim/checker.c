#undef NDEBUG
#include "sim/checker_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "sim/memory.h"

struct sim_checker *sim_checker_new(struct sim_log_tree *tree,
                                    struct sim_memberships *memberships,
                                    uint32_t n_nodes)
{
    assert(tree != NULL);
    assert(memberships != NULL);
    assert(n_nodes >= 1);
    assert(n_nodes <= SIM_MAX_NODES);
    struct sim_checker *checker = sim_calloc(1, sizeof *checker);
    checker->tree = tree;
    checker->memberships = memberships;
    checker->n_nodes = n_nodes;
    checker->nodes = sim_calloc((size_t)n_nodes + 1, sizeof(*checker->nodes));
    checker->root = (struct checker_commit){.tip = SIM_ROOT};
    checker->committed = sim_window_new(sizeof(struct checker_commit), 1);
    checker->verdicts = sim_window_new(sizeof(uint8_t), 1);
    checker->states = sim_window_new(sizeof(struct checker_state), 1);
    checker->n_judged = 1; /* the root is nobody's twin */
    return checker;
}

void sim_checker_free(struct sim_checker *checker)
{
    if (checker == NULL) {
        return;
    }
    free(checker->nodes);
    free(checker->elections);
    sim_window_free(&checker->committed);
    sim_window_free(&checker->verdicts);
    free(checker->sessions);
    sim_window_free(&checker->states);
    free(checker);
}

void sim_checker_set_time(struct sim_checker *checker, uint64_t step,
                          uint64_t time_us)
{
    checker->step = step;
    checker->time_us = time_us;
}

static struct checker_node *node_of(const struct sim_checker *checker,
                                    uint32_t id)
{
    assert(id >= 1);
    assert(id <= checker->n_nodes);
    return &checker->nodes[id];
}

void sim_checker_boot(struct sim_checker *checker, uint32_t id, sim_tip durable,
                      struct sim_hard_state hard_state,
                      const struct sim_view *view,
                      const struct sim_configuration *members)
{
    struct checker_node *node = node_of(checker, id);
    if (checker->violated) {
        return;
    }
    assert(!node->alive);
    node->alive = true;
    if (!checker__disk(checker, id, hard_state) ||
        !checker__store(checker, id, durable)) {
        return;
    }
    /* Memory starts as what is durable: a node that shows less has forgotten
     * it. */
    node->term = hard_state.term;
    node->commit_index = view->commit_index;
    node->applied = 0; /* whatever it says: its state machine is new */
    node->before = durable;
    node->knows_start = node->knew_start;
    if (!checker__term(checker, id, view->hard_state.term) ||
        !checker__log(checker, id, durable, view) ||
        !checker__configuration(checker, id, view->configuration, members)) {
        return;
    }
    node->knew_start = node->knows_start;
    if (view->commit_index > 0 &&
        !checker__commit(checker, id, node->term, view->commit_index)) {
        return;
    }
    checker__first_snapshot(checker, id, view->snapshot);
}

static bool commit_holds(struct sim_checker *checker,
                         const struct sim_observation *observation,
                         bool rewritten)
{
    struct checker_node *node = &checker->nodes[observation->node];
    uint64_t index = observation->after->commit_index;
    checker__count(checker, SIM_MONOTONIC_COMMIT);
    if (index < node->commit_index) {
        return checker__violate(
            checker, SIM_MONOTONIC_COMMIT, observation->node, SIM_NONE,
            "node %" PRIu32 " held its log committed up to %" PRIu64
            " and now up to %" PRIu64 " only.",
            observation->node, node->commit_index, index);
    }
    if (index == node->commit_index && !rewritten) {
        return true;
    }
    node->commit_index = index;
    return checker__commit(checker, observation->node, node->term, index);
}

static bool log_holds(struct sim_checker *checker,
                      const struct sim_observation *observation)
{
    uint32_t id = observation->node;
    const struct sim_view *after = observation->after;
    sim_tip tip = observation->tip_after;
    bool holds = tip == observation->tip_before
                     ? checker__last(checker, id, after->last)
                     : checker__log(checker, id, tip, after);
    return holds && checker__configuration(checker, id, after->configuration,
                                           observation->members);
}

/* Most steps change nothing but a timer: they pay for a few comparisons. */
void sim_checker_step(struct sim_checker *checker,
                      const struct sim_observation *observation)
{
    uint32_t id = observation->node;
    const struct sim_view *after = observation->after;
    sim_tip tip = observation->tip_after;
    struct checker_node *node = node_of(checker, id);
    if (checker->violated) {
        return;
    }
    assert(node->alive);
    assert(node->tip == observation->tip_before);
    node->before = node->tip;
    sim_checker_set_time(checker, observation->step, observation->time_us);

    if (!checker__term(checker, id, after->hard_state.term)) {
        return;
    }
    if (after->role == SIM_LEADER &&
        !checker__leader(checker, id, after->hard_state.term, tip)) {
        return;
    }
    bool rewritten = !sim_log_tree_contains(checker->tree, tip, node->before);
    if (!log_holds(checker, observation) ||
        !commit_holds(checker, observation, rewritten)) {
        return;
    }
    if (after->role == SIM_LEADER &&
        !checker__changes(checker, id, after->hard_state.term,
                          after->commit_index)) {
        return;
    }
    checker__outputs(checker, id, observation->outputs);
}

void sim_checker_durable(struct sim_checker *checker, uint32_t id,
                         sim_tip durable, struct sim_hard_state hard_state)
{
    node_of(checker, id);
    if (checker->violated) {
        return;
    }
    if (checker__disk(checker, id, hard_state)) {
        checker__store(checker, id, durable);
    }
}

void sim_checker_send(struct sim_checker *checker, uint32_t id, uint32_t to,
                      const struct sim_message *message)
{
    assert(node_of(checker, id)->alive || checker->violated);
    if (checker->violated) {
        return;
    }
    checker__message(checker, id, to, message);
}

void sim_checker_crash(struct sim_checker *checker, uint32_t id)
{
    struct checker_node *node = node_of(checker, id);
    assert(node->alive || checker->violated);
    if (checker->violated) {
        return;
    }
    node->alive = false;
}

void sim_checker_state(struct sim_checker *checker, uint32_t id, uint64_t index,
                       uint64_t state_hash)
{
    if (checker->violated) {
        return;
    }
    assert(index >= checker->states.first);
    assert(index <= checker->n_states + 1);
    if (index > checker->n_states) {
        struct checker_state *state = sim_window_add(&checker->states);
        *state = (struct checker_state){state_hash, id};
        checker->n_states = index;
        return;
    }
    const struct checker_state *first =
        sim_window_at(&checker->states, index, sizeof *first);
    checker__count(checker, SIM_STATE_MACHINE_SAFETY);
    if (state_hash != first->hash) {
        checker__violate(checker, SIM_STATE_MACHINE_SAFETY, id, first->node,
                         "node %" PRIu32 " has another state than node %" PRIu32
                         " had, after both applied the entries up to %" PRIu64
                         ".",
                         id, first->node, index);
    }
}

void sim_checker_snapshot(struct sim_checker *checker, uint32_t id, sim_tip tip,
                          const struct sim_configuration *members)
{
    assert(node_of(checker, id)->alive || checker->violated);
    if (checker->violated) {
        return;
    }
    checker__snapshot(checker, id, tip, members);
}

void sim_checker_restored(struct sim_checker *checker, uint32_t id, sim_tip tip,
                          uint64_t state_hash)
{
    assert(node_of(checker, id)->alive || checker->violated);
    if (checker->violated) {
        return;
    }
    checker__restored(checker, id, tip, state_hash);
}

void sim_checker_history(struct sim_checker *checker, uint64_t n_operations,
                         const char *text)
{
    if (checker->violated) {
        return;
    }
    checker->evaluated[SIM_LINEARIZABILITY] += n_operations;
    if (text != NULL) {
        checker__violate(checker, SIM_LINEARIZABILITY, SIM_NONE, SIM_NONE,
                         "%s.", text);
    }
}

void sim_checker_progress(struct sim_checker *checker, bool reached,
                          const char *missing)
{
    if (checker->violated) {
        return;
    }
    checker__count(checker, SIM_PROGRESS);
    if (!reached) {
        checker__violate(checker, SIM_PROGRESS, SIM_NONE, SIM_NONE,
                         "when the time to recover was over: %s.", missing);
    }
}

const struct sim_violation *
sim_checker_violation(const struct sim_checker *checker)
{
    return checker->violated ? &checker->violation : NULL;
}

uint64_t sim_checker_evaluated(const struct sim_checker *checker,
                               enum sim_property property)
{
    assert((unsigned)property < SIM_PROPERTY_COUNT);
    return checker->hidden[property] ? 0 : checker->evaluated[property];
}

uint64_t sim_checker_committed(const struct sim_checker *checker)
{
    return checker->n_committed;
}
