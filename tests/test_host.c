/* What machines do beyond messages and writes: first snapshots, snapshots and
 * what a restart finds after them, witnesses, reads, sessions, and the contract
 * of all that. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/ruler_node.h"
#include "tests/sim_harness.h"

#define MS UINT64_C(1000)

#define QUIET                                                                  \
    "{'description': 'x', 'nodes': 4, 'duration': '100s', 'members':"          \
    " [1, {'node': 2, 'as': 'learner'}, {'node': 3, 'as': 'witness'}],"        \
    " 'disk': {'write': '0us', 'fsync': '1ms'},"                               \
    " 'workload': {'clients': 0, 'delay': '100us'}"

/* A leader with `n` commands applied: k1 to kn, vn. */
static struct rig *rig_with(const char *text, uint32_t n)
{
    struct rig *rig = rig_new(text, 1, &ruler_node_type);
    for (uint32_t i = 1; i <= n; i++) {
        char key[16];
        char value[16];
        snprintf(key, sizeof key, "k%u", i);
        snprintf(value, sizeof value, "v%u", i);
        rig_ask(rig, 1, SIM_REQUEST_COMMAND, key, value);
        rig_run_until(rig, rig->cluster->now_us + 5 * MS);
    }
    cr_assert_eq(rig->cluster->machines[1].last_applied, n);
    return rig;
}

static void expect_read(struct rig *rig, uint32_t node, const char *key,
                        const char *value)
{
    uint64_t done = rig->answers[SIM_ANSWER_DONE];
    rig_ask(rig, node, SIM_REQUEST_READ, key, NULL);
    rig_run_until(rig, rig->cluster->now_us + 1 * MS);
    cr_assert_eq(rig->answers[SIM_ANSWER_DONE], done + 1, "of %s", key);
    cr_expect(rig->reply.success);
    cr_expect_eq(rig->reply.has_value, value != NULL);
    cr_expect_str_eq(rig->value, value == NULL ? "" : value);
}

static void restart(struct rig *rig, uint32_t node)
{
    cr_assert(sim_cluster_crash(rig->cluster, node, SIM_UNFINISHED_LOST));
    cr_assert(sim_cluster_start(rig->cluster, node));
}

/* --- the start ------------------------------------------------------------ */

Test(host, members_begin_with_a_snapshot_and_strangers_with_nothing)
{
    struct rig *rig = rig_new(QUIET "}", 1, &ruler_node_type);
    for (uint32_t node = 1; node <= 3; node++) {
        struct ruler_node *ruler = rig_ruler(rig, node);
        cr_expect_eq(ruler->meta_size, RULER_META_SIZE);
        cr_expect_eq(ruler->image_size, 0);
        cr_expect_eq(ruler->snapshot.index, 0);
        cr_expect(
            sim_configuration_equal(&ruler->members, &rig->cluster->initial));
    }
    cr_expect_eq(rig_ruler(rig, 4)->meta_size, 0);
    cr_expect(sim_configuration_is_empty(&rig_ruler(rig, 4)->members));
    const struct sim_configuration *members = sim_cluster_members(rig->cluster);
    cr_expect(sim_set_has(&members->voters, 1));
    cr_expect(sim_set_has(&members->learners, 2));
    cr_expect(!sim_set_has(&members->voters, 2));
    cr_expect(sim_set_has(&members->voters, 3));
    cr_expect(sim_set_has(&members->witnesses, 3));
    cr_expect_eq(rig->cluster->installs, 0);
    rig_free(rig);
}

Test(host, nodes_that_know_no_members_begin_with_nothing)
{
    struct rig *rig = rig_new(QUIET "}", 1, &echo_node_type);
    for (uint32_t node = 1; node <= 4; node++) {
        cr_expect_eq(sim_disk_snapshot(rig->cluster->machines[node].disk),
                     SIM_NO_SNAPSHOT);
        cr_expect(
            sim_set_has(&sim_cluster_members(rig->cluster)->voters, node));
    }
    rig_free(rig);
}

/* --- snapshots ------------------------------------------------------------ */

Test(host, a_snapshot_is_made_when_so_many_entries_were_applied)
{
    struct rig *rig =
        rig_with(QUIET ", 'snapshots': {'every': 4, 'keep': 2}}", 11);
    struct ruler_node *ruler = rig_ruler(rig, 1);
    cr_expect_eq(ruler->n_snapshots, 2);
    cr_expect_eq(ruler->snapshot.index, 8);
    cr_expect_eq(ruler->keep_from, 7);
    cr_expect_eq(rig->cluster->snapshots, 2);
    cr_expect_eq(rig->cluster->machines[1].snapshot_index, 8);
    cr_expect_eq(rig->cluster->machines[1].first_index, 7);
    rig_free(rig);
}

Test(host, a_restart_finds_the_snapshot_and_what_was_kept)
{
    static const struct {
        const char *keep;
        uint64_t first, entries;
    } cases[] = {{"0", 6, 2}, {"3", 3, 5}, {"5", 1, 7}, {"100", 1, 7}};
    for (size_t i = 0; i < 4; i++) {
        char text[600];
        snprintf(text, sizeof text,
                 QUIET ", 'snapshots': {'every': 5, 'keep': %s}}",
                 cases[i].keep);
        struct rig *rig = rig_with(text, 7);
        uint64_t state = sim_kv_hash(rig->cluster->machines[1].kv);
        restart(rig, 1);
        struct ruler_node *ruler = rig_ruler(rig, 1);
        cr_expect_eq(ruler->snapshot.index, 5);
        cr_expect_eq(ruler->image_first, cases[i].first);
        cr_expect_eq(ruler->image_entries, cases[i].entries);
        cr_expect_eq(rig->cluster->machines[1].last_applied, 7);
        cr_expect_eq(sim_kv_hash(rig->cluster->machines[1].kv), state);
        cr_expect_eq(rig->cluster->installs, 0);
        expect_read(rig, 1, "k2", "v2");
        expect_read(rig, 1, "k7", "v7");
        expect_read(rig, 1, "k8", NULL);
        rig_free(rig);
    }
}

Test(host, compaction_at_any_moment_but_only_of_something_new)
{
    struct rig *rig = rig_with(
        QUIET ", 'faults': [{'at': '99s', 'compact': [1, 2], 'keep': 1}]}", 3);
    cr_expect(rig_do(rig, 0));
    cr_expect_eq(rig_ruler(rig, 1)->n_snapshots, 1);
    cr_expect_eq(rig_ruler(rig, 1)->keep_from, 3);
    cr_expect_eq(rig_ruler(rig, 2)->n_snapshots, 0);
    cr_expect(!sim_cluster_compact(rig->cluster, 1, 0), "nothing new");
    rig_ask(rig, 1, SIM_REQUEST_COMMAND, "k", "v");
    rig_run_until(rig, rig->cluster->now_us + 5 * MS);
    sim_cluster_pause(rig->cluster, 1);
    cr_expect(!sim_cluster_compact(rig->cluster, 1, 0), "paused");
    sim_cluster_resume(rig->cluster, 1);
    cr_expect(sim_cluster_compact(rig->cluster, 1, 0));
    cr_expect_eq(rig_ruler(rig, 1)->keep_from, 5);
    sim_cluster_crash(rig->cluster, 1, SIM_UNFINISHED_LOST);
    cr_expect(!sim_cluster_compact(rig->cluster, 1, 0), "down");
    cr_expect_eq(rig->cluster->snapshots, 2);
    rig_free(rig);
}

/* A snapshot is due for a machine that is paused: it comes when it goes on. */
Test(host, a_paused_machine_makes_no_snapshot)
{
    struct rig *rig =
        rig_new(QUIET ", 'snapshots': {'every': 1}}", 1, &ruler_node_type);
    rig_ask(rig, 1, SIM_REQUEST_COMMAND, "k", "v");
    while (rig->cluster->machines[1].last_applied == 0) {
        rig_step(rig);
    }
    sim_cluster_pause(rig->cluster, 1);
    rig_run_until(rig, rig->cluster->now_us + 5 * MS);
    cr_expect_eq(rig->cluster->snapshots, 0);
    sim_cluster_resume(rig->cluster, 1);
    rig_run_until(rig, rig->cluster->now_us);
    cr_expect_eq(rig->cluster->snapshots, 1);
    rig_free(rig);
}

/* The one that was due is forgotten in a crash, but not that one is due. */
Test(host, a_snapshot_that_was_due_is_due_again_after_a_crash)
{
    struct rig *rig =
        rig_new("{'description': 'x', 'nodes': 1, 'duration': '100s',"
                " 'snapshots': {'every': 1}, 'workload': {'clients': 0}}",
                1, &ruler_node_type);
    rig_ask(rig, 1, SIM_REQUEST_COMMAND, "k", "v");
    while (rig->cluster->machines[1].last_applied == 0) {
        rig_step(rig);
    }
    sim_cluster_pause(rig->cluster, 1);
    rig_run_until(rig, rig->cluster->now_us);
    restart(rig, 1);
    rig_run_until(rig, rig->cluster->now_us + 10 * MS);
    cr_expect_eq(rig->cluster->snapshots, 1);
    cr_expect_eq(sim_archive_count(rig->cluster->archive), 1,
                 "nobody holds the first one any more");
    rig_free(rig);
}

/* Node 2 takes over the leader's snapshot, while its state machine is empty,
 * and again behind a log of its own. */
Test(host, a_snapshot_of_another_node_is_taken_over)
{
    struct rig *rig = rig_with(QUIET "}", 6);
    struct ruler_node *follower = rig_ruler(rig, 2);
    cr_assert(sim_cluster_compact(rig->cluster, 1, 0));
    rig_run_until(rig, rig->cluster->now_us + 5 * MS);
    restart(rig, 1);
    struct ruler_node *leader = rig_ruler(rig, 1);
    struct sim_write write = {.id = 1,
                              .has_snapshot = true,
                              .snapshot = {.position = {1, 6},
                                           .meta = leader->meta,
                                           .meta_size = leader->meta_size,
                                           .image = leader->image,
                                           .image_size = leader->image_size}};
    struct sim_output restore = {.kind = SIM_OUTPUT_RESTORE};
    restore.restore.position = write.snapshot.position;
    restore.restore.image = leader->image;
    restore.restore.size = leader->image_size;
    rig->cluster->watched = 1u << SIM_EVENT_RESTORED;
    follower->forced = &write;
    follower->extra = &restore;
    rig_run_until(rig, rig->cluster->now_us + 20 * MS);
    const struct sim_machine *machine = &rig->cluster->machines[2];
    cr_expect_eq(rig->cluster->installs, 1);
    cr_expect_eq(machine->tip, rig->cluster->machines[1].tip);
    cr_expect_eq(machine->first_index, 7);
    cr_expect_eq(machine->last_applied, 6);
    cr_expect_eq(sim_kv_hash(machine->kv),
                 sim_kv_hash(rig->cluster->machines[1].kv));
    expect_read(rig, 2, "k5", "v5");
    restart(rig, 2);
    cr_expect_eq(rig_ruler(rig, 2)->snapshot.index, 6);
    cr_expect_eq(rig_ruler(rig, 2)->image_entries, 0);
    cr_expect_eq(rig->cluster->installs, 1, "no second one at the start");
    expect_read(rig, 2, "k5", "v5");
    rig_free(rig);
}

/* --- witnesses ------------------------------------------------------------ */

/* Payloads that a machine did not write are not there after a restart, though
 * the tree has them; its snapshots have no image, and it knows no state. */
Test(host, a_witness_knows_no_state)
{
    struct rig *rig =
        rig_new("{'description': 'x', 'nodes': 2, 'duration': '100s',"
                " 'disk': {'write': '0us', 'fsync': '1ms'},"
                " 'members': [{'node': 1, 'as': 'witness'}, 2],"
                " 'workload': {'clients': 0, 'delay': '100us'}}",
                1, &ruler_node_type);
    rig_ruler(rig, 1)->omits = true;
    rig_ask(rig, 1, SIM_REQUEST_COMMAND, "k", "v");
    rig_run_until(rig, rig->cluster->now_us + 5 * MS);
    cr_expect_eq(rig->answers[SIM_ANSWER_UNKNOWN], 1);
    cr_expect(rig->cluster->machines[1].blind);
    /* The same entry, whole: the tree has its payload from now on. */
    uint8_t bytes[64];
    struct sim_command command = {.op = SIM_COMMAND_SET,
                                  .client = 1000000,
                                  .number = 1,
                                  .key = (const uint8_t *)"k",
                                  .key_size = 1,
                                  .value = (const uint8_t *)"v",
                                  .value_size = 1};
    struct sim_entry whole = {.term = 1,
                              .kind = SIM_ENTRY_COMMAND,
                              .data = bytes,
                              .size = sim_command_encode(&command, bytes)};
    struct sim_write write = {
        .id = 1, .first_index = 1, .entries = &whole, .n_entries = 1};
    rig_ruler(rig, 2)->forced = &write;
    rig_run_until(rig, rig->cluster->now_us + 20 * MS);
    cr_expect_eq(rig->cluster->machines[2].tip, rig->cluster->machines[1].tip);
    restart(rig, 1);
    restart(rig, 2);
    cr_expect_eq(rig_ruler(rig, 1)->image_omitted, 1);
    cr_expect_eq(rig_ruler(rig, 2)->image_omitted, 0);
    cr_assert(sim_cluster_compact(rig->cluster, 1, 0));
    rig_run_until(rig, rig->cluster->now_us + 5 * MS);
    restart(rig, 1);
    cr_expect_eq(rig_ruler(rig, 1)->snapshot.index, 1);
    cr_expect_eq(rig_ruler(rig, 1)->image_size, 0);
    cr_expect(rig->cluster->machines[1].blind);
    rig_free(rig);
}

/* It has no answer to give, and must not say that it has. */
Test(host, a_witness_answers_no_read)
{
    struct rig *rig =
        rig_new("{'description': 'x', 'nodes': 2, 'duration': '100s',"
                " 'disk': {'write': '0us', 'fsync': '1ms'},"
                " 'members': [{'node': 1, 'as': 'witness'}, 2],"
                " 'workload': {'clients': 0, 'delay': '100us'}}",
                1, &ruler_node_type);
    rig_ruler(rig, 1)->omits = true;
    rig_ask(rig, 1, SIM_REQUEST_COMMAND, "k", "v");
    rig_run_until(rig, rig->cluster->now_us + 5 * MS);
    rig->may_breach = true;
    rig_ask(rig, 1, SIM_REQUEST_READ, "k", NULL);
    rig_run_until(rig, rig->cluster->now_us + 5 * MS);
    cr_expect_not_null(strstr(rig->cluster->contract, "its state lacks"), "%s",
                       rig->cluster->contract);
    rig_free(rig);
}

/* --- reads and sessions --------------------------------------------------- */

Test(host, a_read_waits_until_the_node_is_ready)
{
    struct rig *rig = rig_with(QUIET "}", 1);
    struct ruler_node *ruler = rig_ruler(rig, 1);
    ruler->holds_reads = true;
    uint64_t done = rig->answers[SIM_ANSWER_DONE];
    rig_ask(rig, 1, SIM_REQUEST_READ_LEASE, "k1", NULL);
    rig_run_until(rig, rig->cluster->now_us + 1 * MS);
    cr_expect_eq(ruler->n_reads_asked, 1);
    cr_expect(ruler->lease);
    rig_ask(rig, 1, SIM_REQUEST_READ, "k2", NULL);
    rig_run_until(rig, rig->cluster->now_us + 1 * MS);
    cr_expect(!ruler->lease);
    cr_expect_eq(rig->answers[SIM_ANSWER_DONE], done);
    cr_expect_eq(rig->cluster->machines[1].reads_count, 2);
    rig_run_until(rig, rig->cluster->now_us + 20 * MS);
    cr_expect_eq(rig->answers[SIM_ANSWER_DONE], done + 2);
    cr_expect_eq(rig->cluster->reads, 2);
    cr_expect_eq(rig->cluster->machines[1].reads_count, 0);
    cr_expect_eq(sim_mail_count(rig->cluster->mail), 0);
    rig_free(rig);
}

Test(host, a_read_may_be_lost_and_dies_with_its_machine)
{
    struct rig *rig = rig_with(QUIET "}", 1);
    struct ruler_node *ruler = rig_ruler(rig, 1);
    ruler->holds_reads = true;
    ruler->refuses_reads = true;
    rig_ask(rig, 1, SIM_REQUEST_READ, "k1", NULL);
    rig_run_until(rig, rig->cluster->now_us + 20 * MS);
    cr_expect_eq(rig->answers[SIM_ANSWER_NOT_LEADER], 1);
    cr_expect_eq(rig->reply.leader, SIM_NONE);
    rig_ask(rig, 1, SIM_REQUEST_READ, "k1", NULL);
    rig_run_until(rig, rig->cluster->now_us + 1 * MS);
    cr_expect_eq(sim_mail_count(rig->cluster->mail), 1);
    sim_cluster_crash(rig->cluster, 1, SIM_UNFINISHED_LOST);
    cr_expect_eq(sim_mail_count(rig->cluster->mail), 0);
    cr_expect_eq(rig->cluster->machines[1].reads_count, 0);
    cr_expect_eq(rig->cluster->reads, 0);
    rig_free(rig);
}

Test(host, a_session_is_named_by_the_index_of_its_entry)
{
    struct rig *rig = rig_with(QUIET "}", 4);
    rig_ask(rig, 1, SIM_REQUEST_SESSION, NULL, NULL);
    rig_run_until(rig, rig->cluster->now_us + 5 * MS);
    cr_expect_eq(rig->answers[SIM_ANSWER_DONE], 5);
    cr_expect_eq(rig->reply.session, 5);
    rig_ask(rig, 2, SIM_REQUEST_SESSION, NULL, NULL);
    rig_run_until(rig, rig->cluster->now_us + 5 * MS);
    cr_expect_eq(rig->answers[SIM_ANSWER_NOT_LEADER], 1);
    cr_expect_eq(rig->reply.leader, 1);
    rig_free(rig);
}

/* Who waited at a machine that crashed hears nothing of it, even if his command
 * was kept and is applied in the next life. */
Test(host, nobody_waits_at_a_machine_after_a_crash)
{
    struct rig *rig = rig_with(QUIET "}", 1);
    uint64_t done = rig->answers[SIM_ANSWER_DONE];
    rig_ask(rig, 1, SIM_REQUEST_COMMAND, "k", "v");
    rig_run_until(rig, rig->cluster->now_us + 500);
    cr_assert_eq(rig->cluster->machines[1].commands_count, 1);
    sim_cluster_crash(rig->cluster, 1, SIM_UNFINISHED_KEPT);
    sim_cluster_start(rig->cluster, 1);
    rig_run_until(rig, rig->cluster->now_us + 20 * MS);
    cr_expect_eq(rig->cluster->machines[1].last_applied, 2);
    cr_expect_eq(rig->answers[SIM_ANSWER_DONE], done);
    cr_expect_eq(rig->answers[SIM_ANSWER_UNKNOWN], 0);
    rig_free(rig);
}

/* What was accepted at places that a restored snapshot passes over has an
 * answer, but not the good one. */
Test(host, a_command_that_is_passed_over_is_not_known)
{
    struct rig *rig = rig_with(QUIET "}", 2);
    cr_assert(sim_cluster_compact(rig->cluster, 1, 0));
    rig_run_until(rig, rig->cluster->now_us + 5 * MS);
    size_t size = sim_kv_image_size(rig->cluster->machines[1].kv);
    uint8_t image[4096];
    cr_assert_lt(size, sizeof image);
    sim_kv_image(rig->cluster->machines[1].kv, image);
    struct sim_output accepted = {.kind = SIM_OUTPUT_RESTORE};
    accepted.restore.position = (struct sim_position){1, 3};
    accepted.restore.image = image;
    accepted.restore.size = size;
    /* Just before its tick the leader appends entry 3, which is not durable at
     * the tick; the image says that it is applied, with the state of 2. */
    struct ruler_node *ruler = rig_ruler(rig, 1);
    uint64_t now_us = rig->cluster->now_us;
    rig_run_until(rig, now_us / RULER_TICK_US * RULER_TICK_US + RULER_TICK_US +
                           RULER_TICK_US - 300);
    ruler->extra = &accepted;
    rig_ask(rig, 1, SIM_REQUEST_COMMAND, "k3", "v3");
    rig_run_until(rig, rig->cluster->now_us + 600);
    cr_expect_eq(rig->answers[SIM_ANSWER_UNKNOWN], 1);
    cr_expect(rig->cluster->machines[1].blind, "no state of that place");
    rig_free(rig);
}

/* --- the contract --------------------------------------------------------- */

struct breach {
    const char *words;
    struct sim_write write; /* id 0: none */
    struct sim_output output;
    bool has_output;
};

static const uint8_t rubbish[] = "rubbish";

/* By node 1, which has six entries and a snapshot of the first three. */
static const struct breach breaches[] = {
    {.words = "snapshot of entry 9 of term 1, which no log has",
     .write = {.id = 1,
               .has_snapshot = true,
               .snapshot = {.position = {1, 9}}}},
    {.words = "snapshot of entry 5 of term 2, which no log has",
     .write = {.id = 1,
               .has_snapshot = true,
               .snapshot = {.position = {2, 5}}}},
    {.words = "drops entries before 5, its snapshot ends at 3",
     .write = {.id = 1, .drop_before = 5}},
    {.words = "drops entries before 7, its snapshot ends at 5",
     .write = {.id = 1,
               .has_snapshot = true,
               .snapshot = {.position = {1, 5}},
               .drop_before = 7}},
    {.words = "truncates from 2, its log begins at 4",
     .write = {.id = 1, .truncate_from = 2}},
    {.words = "RESTORE up to 2, applied was up to 6",
     .output = {.kind = SIM_OUTPUT_RESTORE, .restore = {.position = {1, 2}}},
     .has_output = true},
    {.words = "RESTORE of entry 8 of term 1, which no log has",
     .output = {.kind = SIM_OUTPUT_RESTORE, .restore = {.position = {1, 8}}},
     .has_output = true},
    {.words = "RESTORE up to 6 with 8 bytes that are no image",
     .output = {.kind = SIM_OUTPUT_RESTORE,
                .restore = {.position = {1, 6},
                            .image = rubbish,
                            .size = sizeof rubbish}},
     .has_output = true},
    {.words = "RESTORE up to 6 without its payload, and the node is no witness",
     .output = {.kind = SIM_OUTPUT_RESTORE, .restore = {.position = {1, 6}}},
     .has_output = true},
    {.words = "READY 77, which nobody waits for",
     .output = {.kind = SIM_OUTPUT_READY, .ready = {.tag = 77, .index = 6}},
     .has_output = true},
    {.words = "READY at 7, applied is up to 6",
     .output = {.kind = SIM_OUTPUT_READY, .ready = {.tag = 77, .index = 7}},
     .has_output = true},
    {.words = "REJECTED 77 that was not asked",
     .output = {.kind = SIM_OUTPUT_REJECTED, .rejected = {.tag = 77}},
     .has_output = true},
};

Test(host, breaches_of_the_contract_are_told)
{
    for (size_t i = 0; i < sizeof breaches / sizeof breaches[0]; i++) {
        struct rig *rig = rig_with(QUIET "}", 3);
        cr_assert(sim_cluster_compact(rig->cluster, 1, 0));
        for (int more = 0; more < 3; more++) {
            rig_ask(rig, 1, SIM_REQUEST_COMMAND, "k", "v");
        }
        rig_run_until(rig, rig->cluster->now_us + 5 * MS);
        restart(rig, 1);
        struct ruler_node *ruler = rig_ruler(rig, 1);
        cr_assert_eq(rig->cluster->machines[1].last_applied, 6);
        cr_assert_eq(rig->cluster->machines[1].snapshot_index, 3);
        cr_assert_eq(rig->cluster->machines[1].first_index, 4);
        ruler->forced = breaches[i].write.id > 0 ? &breaches[i].write : NULL;
        ruler->extra = breaches[i].has_output ? &breaches[i].output : NULL;
        rig->may_breach = true;
        rig_run_until(rig, rig->cluster->now_us + RULER_TICK_US);
        cr_expect_not_null(strstr(rig->cluster->contract, breaches[i].words),
                           "%zu: \"%s\"", i, rig->cluster->contract);
        rig_free(rig);
    }
}

/* Node 2 has two entries of its own; the leader's snapshot is not in its log.
 */
Test(host, a_foreign_snapshot_needs_the_log_to_go)
{
    for (uint64_t truncate_from = 0; truncate_from <= 2; truncate_from++) {
        struct rig *rig = rig_with(QUIET "}", 3);
        static const struct sim_entry own[2] = {{.term = 7}, {.term = 7}};
        struct sim_write first = {
            .id = 1, .first_index = 1, .entries = own, .n_entries = 2};
        struct sim_write second = {.id = 2,
                                   .has_snapshot = true,
                                   .snapshot = {.position = {1, 2}},
                                   .truncate_from = truncate_from};
        struct ruler_node *ruler = rig_ruler(rig, 2);
        ruler->forced = &first;
        rig_run_until(rig, rig->cluster->now_us + RULER_TICK_US);
        ruler->forced = &second;
        rig->may_breach = true;
        rig_run_until(rig, rig->cluster->now_us + RULER_TICK_US);
        cr_expect_eq(strstr(rig->cluster->contract, "keeps the log") == NULL,
                     truncate_from == 1, "\"%s\"", rig->cluster->contract);
        const struct sim_machine *machine = &rig->cluster->machines[2];
        if (truncate_from == 1) {
            cr_expect_eq(machine->tip, sim_log_tree_ancestor(
                                           rig->cluster->tree,
                                           rig->cluster->machines[1].tip, 2));
            cr_expect_eq(machine->first_index, 3);
        }
        rig_free(rig);
    }
}

Test(host, a_question_without_an_answer_is_a_breach)
{
    struct rig *rig = rig_with(QUIET "}", 1);
    rig_ruler(rig, 1)->silent = true;
    rig->may_breach = true;
    rig_ask(rig, 1, SIM_REQUEST_COMMAND, "k", "v");
    rig_run_until(rig, rig->cluster->now_us + 1 * MS);
    cr_expect_not_null(
        strstr(rig->cluster->contract, "neither ACCEPTED nor REJECTED"), "%s",
        rig->cluster->contract);
    rig_free(rig);
}

/* The crash leaves the snapshot beside the log that was to go. The new life
 * sees the snapshot's log alone, and its first write may let the other go. */
Test(host, a_log_that_a_snapshot_made_void)
{
    static const struct sim_entry own[2] = {{.term = 7}, {.term = 7}};
    uint32_t void_logs = 0;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct rig *rig = rig_with(QUIET "}", 2);
        cr_assert(sim_cluster_compact(rig->cluster, 1, 0));
        rig_run_until(rig, rig->cluster->now_us + 5 * MS);
        restart(rig, 1);
        struct ruler_node *leader = rig_ruler(rig, 1);
        struct sim_write first = {
            .id = 1, .first_index = 1, .entries = own, .n_entries = 2};
        struct sim_write second = {
            .id = 2,
            .has_snapshot = true,
            .snapshot = {.position = {1, 2},
                         .meta = leader->meta,
                         .meta_size = leader->meta_size,
                         .image = leader->image,
                         .image_size = leader->image_size},
            .truncate_from = 1};
        struct sim_write third = {.id = 1, .truncate_from = 1};
        struct sim_machine *machine = &rig->cluster->machines[2];
        machine->crash_luck = sim_prng_stream(seed, SIM_STREAM_CRASH, 2, 0);
        rig_ruler(rig, 2)->forced = &first;
        rig_run_until(rig, rig->cluster->now_us + 2 * RULER_TICK_US);
        rig_ruler(rig, 2)->forced = &second;
        while (!sim_disk_has_unfinished(machine->disk)) {
            rig_step(rig);
        }
        sim_cluster_crash(rig->cluster, 2, SIM_UNFINISHED_RANDOM);
        sim_cluster_start(rig->cluster, 2);
        if (sim_disk_log(machine->disk) != sim_disk_tip(machine->disk)) {
            void_logs++;
            cr_expect(machine->void_log);
            cr_expect_eq(rig_ruler(rig, 2)->image_entries, 2);
            cr_expect_eq(machine->first_index, 3);
            cr_expect_eq(
                sim_log_tree_position(rig->cluster->tree, machine->tip).term,
                1);
            if (seed % 2 == 0) {
                struct sim_write more = {
                    .id = 1, .first_index = 3, .entries = own, .n_entries = 1};
                rig->may_breach = true;
                rig_ruler(rig, 2)->forced = &more;
                rig_run_until(rig, rig->cluster->now_us + 2 * RULER_TICK_US);
                cr_expect_not_null(strstr(rig->cluster->contract,
                                          "does not truncate the log"));
                rig_free(rig);
                continue;
            }
            rig_ruler(rig, 2)->forced = &third;
            rig_run_until(rig, rig->cluster->now_us + 2 * RULER_TICK_US);
            cr_expect_eq(sim_disk_log(machine->disk),
                         sim_disk_tip(machine->disk));
            third.id = 2;
            rig->may_breach = true;
            rig_ruler(rig, 2)->forced = &third;
            rig_run_until(rig, rig->cluster->now_us + 2 * RULER_TICK_US);
            cr_expect_not_null(strstr(rig->cluster->contract, "truncates"));
        }
        rig_free(rig);
    }
    cr_expect_gt(void_logs, 5);
}
