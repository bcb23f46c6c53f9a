#include "tests/checker_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* --- the cluster ---------------------------------------------------------- */

/* On paper a configuration is written as it lies in memory. */
static bool read_configuration(const uint8_t *payload, size_t size,
                               struct sim_configuration *configuration)
{
    if (size != sizeof(*configuration)) {
        return false;
    }
    memcpy(configuration, payload, size);
    return true;
}

static const struct sim_node_type paper_type = {
    .shows = SIM_SHOWS_ALL,
    .name = "paper", .configuration = read_configuration};

struct paper *paper_new(uint32_t n_nodes,
                        const struct sim_configuration *initial)
{
    struct paper *c = calloc(1, sizeof(*c));
    struct sim_set members = sim_configuration_members(initial);
    c->tree = sim_log_tree_new();
    c->memberships = sim_memberships_new(c->tree, &paper_type, initial);
    c->checker = sim_checker_new(c->tree, c->memberships, n_nodes);
    c->n_nodes = n_nodes;
    for (uint32_t id = 1; id <= n_nodes; id++) {
        c->servers[id].stranger = !sim_set_has(&members, id);
    }
    return c;
}

struct paper *paper_start_of(uint32_t n_nodes,
                             const struct sim_configuration *initial)
{
    struct paper *c = paper_new(n_nodes, initial);
    for (uint32_t id = 1; id <= n_nodes; id++) {
        paper_boot(c, id);
    }
    return c;
}

struct paper *paper_start(uint32_t n_nodes)
{
    struct sim_configuration all = sim_configuration_of(n_nodes);
    return paper_start_of(n_nodes, &all);
}

struct paper *paper_start_with_leader(uint64_t committed)
{
    struct paper *c = paper_start(3);
    paper_elect(c, 1, 1);
    paper_append(c, 1, "a");
    paper_append(c, 1, "b");
    paper_append(c, 1, "c");
    paper_store(c, 1);
    paper_replicate(c, 1, 2);
    paper_replicate(c, 1, 3);
    paper_commit(c, 1, committed);
    return c;
}

void paper_finish(struct paper *c, enum sim_property property)
{
    const struct sim_violation *violation = sim_checker_violation(c->checker);
    if (property == HOLDS) {
        cr_assert_null(violation, "%s", violation->text);
    } else {
        const char *name = sim_property_name(property);
        cr_assert_not_null(violation, "%s does not trip", name);
        cr_assert_eq(violation->property, property, "not %s: %s", name,
                     violation->text);
        cr_assert_eq(violation->time_us, violation->step * 1000);
        const char *title = sim_property_title(property);
        cr_assert_eq(strncmp(violation->text, title, strlen(title)), 0);
        cr_assert_gt(sim_checker_evaluated(c->checker, property), 0);
    }
    sim_checker_free(c->checker);
    sim_memberships_free(c->memberships);
    sim_log_tree_free(c->tree);
    free(c);
}

/* --- servers -------------------------------------------------------------- */

void paper_set_log(struct paper *c, uint32_t id, sim_tip tip)
{
    struct paper_server *s = &c->servers[id];
    sim_tip latest = sim_log_tree_configuration(c->tree, tip);
    s->tip = tip;
    s->view.last = sim_log_tree_position(c->tree, tip);
    s->view.configuration = sim_log_tree_position(c->tree, latest);
    s->members = (struct sim_configuration){0};
    const struct sim_configuration *members =
        sim_memberships_of(c->memberships, tip);
    if (members != NULL && !(s->stranger && latest == SIM_ROOT)) {
        s->members = *members;
    }
}

void paper_boot_as_it_is(struct paper *c, uint32_t id)
{
    struct paper_server *s = &c->servers[id];
    sim_checker_boot(c->checker, id, s->durable, s->disk, &s->view,
                     &s->members);
}

void paper_boot(struct paper *c, uint32_t id)
{
    struct paper_server *s = &c->servers[id];
    s->view = (struct sim_view){.hard_state = s->disk};
    paper_set_log(c, id, s->durable);
    paper_boot_as_it_is(c, id);
}

static void tick(struct paper *c)
{
    c->step++;
    sim_checker_set_time(c->checker, c->step, c->step * 1000);
}

void paper_observe(struct paper *c, uint32_t id, sim_tip tip_before,
                   const struct sim_output *output)
{
    struct paper_server *s = &c->servers[id];
    struct sim_view before = s->view;
    struct sim_outputs outputs = {output, output == NULL ? 0 : 1};
    bool has_changed = sim_log_tree_configuration(c->tree, s->tip) !=
                       sim_log_tree_configuration(c->tree, tip_before);
    tick(c);
    sim_checker_step(
        c->checker, &(struct sim_observation){
                        .step = c->step,
                        .time_us = c->step * 1000,
                        .node = id,
                        .before = &before,
                        .after = &s->view,
                        .outputs = &outputs,
                        .tip_before = tip_before,
                        .tip_after = s->tip,
                        .members = has_changed || s->tells ? &s->members : NULL,
                    });
}

void paper_become(struct paper *c, uint32_t id, enum sim_role role,
                  uint64_t term, uint32_t vote)
{
    struct paper_server *s = &c->servers[id];
    s->view.role = role;
    s->view.hard_state = (struct sim_hard_state){term, vote};
    paper_observe(c, id, s->tip, NULL);
}

void paper_store(struct paper *c, uint32_t id)
{
    struct paper_server *s = &c->servers[id];
    s->durable = s->tip;
    s->disk = s->view.hard_state;
    tick(c);
    sim_checker_durable(c->checker, id, s->durable, s->disk);
}

void paper_crash(struct paper *c, uint32_t id)
{
    tick(c);
    sim_checker_crash(c->checker, id);
}

void paper_restart(struct paper *c, uint32_t id)
{
    paper_crash(c, id);
    paper_boot(c, id);
}

void paper_follow(struct paper *c, uint32_t id, uint64_t term)
{
    paper_become(c, id, SIM_FOLLOWER, term, SIM_NONE);
}

void paper_vote(struct paper *c, uint32_t id, uint64_t term, uint32_t candidate)
{
    paper_become(c, id, candidate == id ? SIM_CANDIDATE : SIM_FOLLOWER, term,
                 candidate);
}

void paper_elect(struct paper *c, uint32_t id, uint64_t term)
{
    paper_vote(c, id, term, id);
    paper_store(c, id);
    paper_become(c, id, SIM_LEADER, term, id);
}

sim_tip paper_extend(struct paper *c, sim_tip tip, uint64_t term,
                     const char *command)
{
    struct sim_entry entry = {
        .term = term,
        .data = (const uint8_t *)command,
        .size = (uint32_t)strlen(command),
        .kind = SIM_ENTRY_COMMAND,
    };
    return sim_log_tree_append(c->tree, tip, &entry, NULL);
}

sim_tip paper_configure(struct paper *c, sim_tip tip, uint64_t term,
                        const struct sim_configuration *members)
{
    struct sim_entry entry = {
        .term = term,
        .data = (const uint8_t *)members,
        .size = (uint32_t)sizeof(*members),
        .kind = SIM_ENTRY_CONFIGURATION,
    };
    return sim_log_tree_append(c->tree, tip, &entry, NULL);
}

void paper_hold(struct paper *c, uint32_t id, sim_tip tip)
{
    sim_tip before = c->servers[id].tip;
    paper_set_log(c, id, tip);
    paper_observe(c, id, before, NULL);
}

void paper_change(struct paper *c, uint32_t id,
                  const struct sim_configuration *members)
{
    struct paper_server *s = &c->servers[id];
    paper_hold(c, id,
               paper_configure(c, s->tip, s->view.hard_state.term, members));
}

void paper_append(struct paper *c, uint32_t id, const char *command)
{
    struct paper_server *s = &c->servers[id];
    paper_hold(c, id,
               paper_extend(c, s->tip, s->view.hard_state.term, command));
}

void paper_replicate(struct paper *c, uint32_t from, uint32_t to)
{
    uint64_t term = c->servers[from].view.hard_state.term;
    if (c->servers[to].view.hard_state.term < term)
        paper_follow(c, to, term);
    paper_hold(c, to, c->servers[from].tip);
    paper_store(c, to);
}

void paper_commit(struct paper *c, uint32_t id, uint64_t index)
{
    struct paper_server *s = &c->servers[id];
    s->view.commit_index = index;
    paper_observe(c, id, s->tip, NULL);
}

void paper_apply(struct paper *c, uint32_t id, uint64_t index,
                 struct sim_entry entry)
{
    struct sim_output output = {
        .kind = SIM_OUTPUT_APPLY,
        .apply = {.first_index = index, .entries = &entry, .n_entries = 1},
    };
    c->servers[id].view.last_applied = index;
    paper_observe(c, id, c->servers[id].tip, &output);
}

void paper_apply_own(struct paper *c, uint32_t id, uint64_t index)
{
    sim_tip tip = sim_log_tree_ancestor(c->tree, c->servers[id].tip, index);
    paper_apply(c, id, index, sim_log_tree_entry(c->tree, tip));
}

void paper_send(struct paper *c, uint32_t id, uint32_t to,
                struct sim_message message)
{
    tick(c);
    sim_checker_send(c->checker, id, to, &message);
}

void paper_grant(struct paper *c, uint32_t id, uint32_t to, uint64_t term)
{
    paper_send(c, id, to,
               (struct sim_message){.kind = SIM_MESSAGE_VOTE_RESPONSE,
                                    .term = term,
                                    .granted = true});
}

void paper_acknowledge(struct paper *c, uint32_t id, uint32_t to, uint64_t term,
                       uint64_t match)
{
    paper_send(c, id, to,
               (struct sim_message){.kind = SIM_MESSAGE_APPEND_RESPONSE,
                                    .term = term,
                                    .granted = true,
                                    .match_index = match});
}
