/* InstallSnapshot at the leader that sends it: who gets one, chunk by chunk,
 * and what becomes of it when answers are lost, late or old
 * (dissertation, 5.1). */
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_US ((uint64_t)150000) /* the least election timeout */

static const char IMAGE[] = "the state after the tenth entry, byte by byte";

/* Server 1 leads term 2 of these members; its log is a snapshot at {1, 10},
 * entries 11 and 12, and its no-op, which server 2 has: all is committed. */
static void start_with(struct harness *h, const struct raft_config *config,
                       const struct raft_member *members, uint32_t n)
{
    static const uint64_t terms[] = {1, 1};
    harness_init(h, config, 3);
    if (n > 0)
        harness_bootstrap(h, members, n);
    harness_preload_snapshot(h, 1, 10, IMAGE, strlen(IMAGE));
    harness_preload(h, 1, RAFT_NONE, terms, 2);
    harness_boot(h);
    harness_elect(h);
    harness_written(h);
    struct raft_message ok = harness_append_success(2, 13);
    harness_receive(h, 2, &ok);
    cr_assert_eq(h->applied, 13);
}

static void start(struct harness *h, uint32_t max_bytes)
{
    struct raft_config config = harness_config(1);
    config.max_bytes_per_message = max_bytes;
    start_with(h, &config, NULL, 0);
}

/* Server 3 has nothing of the log. */
static void refuse(struct harness *h)
{
    struct raft_message no = harness_append_failure(2, 12, 0, 1);
    harness_receive(h, 3, &no);
    cr_assert_eq(harness_progress(h, 3).state, RAFT_SNAPSHOT);
}

static void say_arrived(struct harness *h, uint64_t offset)
{
    struct raft_message m = harness_installing(2, 10, offset);
    harness_receive(h, 3, &m);
}

static void say_installed(struct harness *h, uint64_t index)
{
    struct raft_message m = harness_installed(2, index);
    harness_receive(h, 3, &m);
}

/* The chunk that was sent to server 3 in the last step; one at most. */
static bool sent_chunk(const struct harness *h, struct raft_message *m)
{
    size_t n = harness_sent_count(h, 3, RAFT_MESSAGE_INSTALL_REQUEST);
    cr_assert_leq(n, 1);
    cr_assert_eq(harness_sent_count(h, 3, RAFT_MESSAGE_APPEND_REQUEST), 0);
    return harness_sent(h, 3, RAFT_MESSAGE_INSTALL_REQUEST, m) != NULL;
}

static void expect_chunk(const struct harness *h, uint64_t offset,
                         uint32_t size)
{
    struct raft_message m;
    cr_assert(sent_chunk(h, &m));
    cr_assert_eq(m.install_request.offset, offset);
    cr_assert_eq(m.install_request.size, size);
}

static void expect_nothing(const struct harness *h)
{
    cr_assert_eq(h->n_items, 0);
}

/* The next heartbeat, as the clock has it. */
static void beat(struct harness *h)
{
    harness_timer(h);
    cr_assert_eq(harness_view(h).role, RAFT_LEADER);
}

static size_t total_size(const struct harness *h)
{
    size_t size;
    free(harness_travel_form(&h->durable.snapshot, false, &size));
    return size;
}

/* --- chunk by chunk ------------------------------------------------------- */

/* Each within the limit, the next after the answer; together they are it. Then
 * entries go on behind it. */
Test(raft_install_leader, chunks_follow_the_answers)
{
    struct harness h;
    start(&h, 1000);
    size_t total = total_size(&h);
    harness_free(&h);
    const size_t limits[] = {1, 7, 64, total - 1, total, total + 1, 1u << 20};
    for (size_t i = 0; i < 7; i++) {
        start(&h, (uint32_t)limits[i]);
        size_t n_bytes;
        uint8_t *bytes =
            harness_travel_form(&h.durable.snapshot, false, &n_bytes);
        refuse(&h);
        for (size_t at = 0; at < total; at += limits[i]) {
            struct raft_message m;
            size_t rest = total - at;
            cr_assert(sent_chunk(&h, &m));
            cr_assert_eq(m.install_request.position.term, 1);
            cr_assert_eq(m.install_request.position.index, 10);
            cr_assert_eq(m.install_request.total, total);
            cr_assert_eq(m.install_request.offset, at);
            cr_assert_eq(m.install_request.size,
                         rest < limits[i] ? rest : limits[i]);
            cr_assert_arr_eq(m.install_request.bytes, bytes + at,
                             m.install_request.size);
            cr_assert_eq(harness_progress(&h, 3).snapshot_offset, at);
            if (rest > limits[i])
                say_arrived(&h, at + limits[i]);
        }
        say_installed(&h, 10);
        struct raft_message m;
        harness_sent(&h, 3, RAFT_MESSAGE_APPEND_REQUEST, &m);
        cr_assert_eq(m.append_request.prev.index, 10);
        cr_assert_eq(m.append_request.prev.term, 1);
        cr_assert_geq(m.append_request.n_entries, 1);
        cr_assert_eq(harness_progress(&h, 3).match_index, 10);
        cr_assert_eq(harness_progress(&h, 3).state, RAFT_REPLICATE);
        free(bytes);
        harness_free(&h);
    }
}

/* Proposals, commits and late answers send nothing more meanwhile. */
Test(raft_install_leader, one_chunk_at_a_time)
{
    struct harness h;
    struct raft_message m;
    start(&h, 20);
    refuse(&h);
    expect_chunk(&h, 0, 20);
    for (int i = 0; i < 3; i++) {
        harness_propose(&h, 0, "x");
        cr_assert(!sent_chunk(&h, &m));
        harness_written(&h);
        cr_assert(!sent_chunk(&h, &m));
        m = harness_append_failure(2, 12, 0, 1);
        harness_receive(&h, 3, &m); /* once more */
        expect_nothing(&h);
    }
    harness_free(&h);
}

/* --- loss and delay ------------------------------------------------------- */

/* A heartbeat asks how far it is. The answer brings the chunk again once it
 * must be lost, and not while it may be slow. */
Test(raft_install_leader, a_lost_chunk_is_sent_again)
{
    struct harness h;
    start(&h, 20);
    refuse(&h);
    say_arrived(&h, 20);
    expect_chunk(&h, 20, 20);
    uint64_t sent_us = h.now_us;
    for (int i = 0; h.now_us - sent_us < PATIENCE_US; i++) {
        cr_assert_lt(i, 10);
        say_arrived(&h, 20);
        expect_nothing(&h);
        beat(&h);
        expect_chunk(&h, 20, 0);
    }
    say_arrived(&h, 20);
    expect_chunk(&h, 20, 20);
    say_arrived(&h, 20); /* the patience begins again */
    expect_nothing(&h);
    harness_free(&h);
}

/* A lost answer costs nothing but time: the next one tells as much. */
Test(raft_install_leader, a_lost_answer_is_asked_for)
{
    struct harness h;
    start(&h, 20);
    refuse(&h);
    beat(&h);
    expect_chunk(&h, 0, 0);
    say_arrived(&h, 20);
    expect_chunk(&h, 20, 20);
    say_arrived(&h, 20); /* twice */
    expect_nothing(&h);
    say_arrived(&h, 40);
    expect_chunk(&h, 40, 20);
    say_arrived(&h, 20); /* late */
    expect_nothing(&h);
    cr_assert_eq(harness_progress(&h, 3).snapshot_offset, 40);
    harness_free(&h);
}

/* The follower restarted and has nothing: from the beginning. */
Test(raft_install_leader, a_restarted_follower_gets_it_anew)
{
    struct harness h;
    start(&h, 20);
    refuse(&h);
    say_arrived(&h, 20);
    say_arrived(&h, 40);
    say_arrived(&h, 0);
    expect_nothing(&h);
    h.now_us += PATIENCE_US;
    say_arrived(&h, 0);
    expect_chunk(&h, 0, 20);
    cr_assert_eq(harness_progress(&h, 3).snapshot_offset, 0);
    say_arrived(&h, 20);
    expect_chunk(&h, 20, 20);
    harness_free(&h);
}

/* What cannot be, or speaks of another snapshot or another term. */
Test(raft_install_leader, answers_that_mean_nothing)
{
    struct harness h;
    start(&h, 20);
    h.forged = true;
    size_t total = total_size(&h);
    refuse(&h);
    h.now_us += PATIENCE_US;
    const struct raft_message nothing[] = {
        harness_installing(2, 10, total),
        harness_installing(2, 10, total + 1),
        harness_installing(2, 10, UINT64_MAX),
        harness_installing(2, 9, 20),
        harness_installing(2, 11, 20),
        harness_installing(1, 10, 20),
        harness_installed(1, 10),
        harness_installed(2, 14), /* beyond the log */
        harness_installed(2, UINT64_MAX),
        harness_installed(2, 9), /* an earlier one: it needs more */
    };
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        harness_receive(&h, 3, &nothing[i]);
        cr_assert_eq(h.n_items, 0, "answer %zu", i);
        cr_assert_eq(harness_progress(&h, 3).state, RAFT_SNAPSHOT);
        cr_assert_eq(harness_progress(&h, 3).snapshot_offset, 0);
    }
    struct raft_message m = harness_installing(2, 10, 20);
    harness_receive(&h, 7, &m); /* a stranger */
    expect_nothing(&h);
    harness_receive(&h, 2, &m); /* one that needs none */
    expect_nothing(&h);
    harness_free(&h);
}

/* "Installed" may come twice, and late: what is known is not lost by it. */
Test(raft_install_leader, a_late_installed_takes_nothing_back)
{
    struct harness h;
    start(&h, 1000);
    refuse(&h);
    say_installed(&h, 10);
    cr_assert_eq(harness_sent_count(&h, 3, RAFT_MESSAGE_APPEND_REQUEST), 1);
    struct raft_message ok = harness_append_success(2, 13);
    harness_receive(&h, 3, &ok);
    say_installed(&h, 10);
    expect_nothing(&h);
    cr_assert_eq(harness_progress(&h, 3).match_index, 13);
    cr_assert_eq(harness_progress(&h, 3).next_index, 14);
    harness_free(&h);
}

/* The entries had arrived after all: the snapshot is needless. */
Test(raft_install_leader, a_late_success_ends_it)
{
    for (uint64_t match = 1; match <= 13; match++) {
        struct harness h;
        start(&h, 20);
        refuse(&h);
        struct raft_message ok = harness_append_success(2, match);
        harness_receive(&h, 3, &ok);
        cr_assert_eq(harness_progress(&h, 3).state,
                     match < 10 ? RAFT_SNAPSHOT : RAFT_REPLICATE);
        cr_assert_eq(harness_progress(&h, 3).match_index, match);
        beat(&h);
        cr_assert_eq(harness_sent_count(&h, 3, RAFT_MESSAGE_INSTALL_REQUEST),
                     match < 10);
        harness_free(&h);
    }
}

/* --- compaction meanwhile ------------------------------------------------- */

/* What was begun is sent to its end, whatever newer snapshots there are; then
 * comes a newer one if the log does not reach back so far. */
Test(raft_install_leader, the_leader_compacts_while_it_sends)
{
    for (uint64_t keep = 11; keep <= 14; keep++) {
        struct harness h;
        struct raft_message m;
        start(&h, 20);
        size_t total = total_size(&h);
        refuse(&h);
        harness_snapshot(&h, "a newer one", 11, keep);
        harness_written(&h);
        for (size_t at = 20; at < total; at += 20) {
            say_arrived(&h, at);
            cr_assert(sent_chunk(&h, &m));
            cr_assert_eq(m.install_request.position.index, 10);
            cr_assert_eq(m.install_request.offset, at);
        }
        say_installed(&h, 10);
        cr_assert_eq(harness_progress(&h, 3).match_index, 10);
        if (keep == 11) {
            cr_assert_eq(harness_progress(&h, 3).state, RAFT_REPLICATE);
        } else {
            cr_assert(sent_chunk(&h, &m));
            cr_assert_eq(m.install_request.position.index, 13);
            cr_assert_eq(m.install_request.position.term, 2);
            cr_assert_eq(m.install_request.offset, 0);
            say_installed(&h, 13);
            cr_assert_eq(harness_progress(&h, 3).state, RAFT_REPLICATE);
            cr_assert_eq(harness_progress(&h, 3).match_index, 13);
        }
        harness_free(&h);
    }
}

/* To one that restarts while a newer one exists, the one begun is sent. */
Test(raft_install_leader, what_was_begun_is_begun_again)
{
    struct harness h;
    struct raft_message m;
    start(&h, 20);
    refuse(&h);
    say_arrived(&h, 20);
    harness_snapshot(&h, "newer", 5, 14);
    h.now_us += PATIENCE_US;
    say_arrived(&h, 0);
    cr_assert(sent_chunk(&h, &m));
    cr_assert_eq(m.install_request.position.index, 10);
    harness_free(&h);
}

/* Messages follow each other to a follower that keeps up; where some were lost,
 * and compacted in the meantime, its refusal brings the snapshot. */
Test(raft_install_leader, from_replicate_back_to_a_snapshot)
{
    struct harness h;
    start(&h, 20);
    struct raft_message m = harness_append_success(2, 12);
    harness_receive(&h, 3, &m);
    cr_assert_eq(harness_progress(&h, 3).state, RAFT_REPLICATE);
    for (int i = 0; i < 5; i++)
        harness_propose(&h, 0, "x");
    harness_written(&h);
    m = harness_append_success(2, 18);
    harness_receive(&h, 2, &m);
    harness_snapshot(&h, "eighteen", 8, 19);
    cr_assert_eq(harness_progress(&h, 3).state, RAFT_REPLICATE);
    m = harness_append_failure(2, 15, 0, 13);
    harness_receive(&h, 3, &m);
    cr_assert_eq(harness_progress(&h, 3).state, RAFT_SNAPSHOT);
    cr_assert(sent_chunk(&h, &m));
    cr_assert_eq(m.install_request.position.index, 18);
    say_installed(&h, 18);
    cr_assert_eq(harness_progress(&h, 3).state, RAFT_REPLICATE);
    harness_propose(&h, 0, "x");
    harness_sent(&h, 3, RAFT_MESSAGE_APPEND_REQUEST, &m);
    cr_assert_eq(m.append_request.prev.index, 18);
    harness_free(&h);
}

/* --- leadership and members ----------------------------------------------- */

/* Answers to chunks and questions keep a leader in office (6.2). */
Test(raft_install_leader, its_answers_count_for_the_quorum)
{
    for (int answers = 0; answers < 2; answers++) {
        struct harness h;
        struct raft_config config = harness_config(1);
        config.check_quorum = true;
        start_with(&h, &config, NULL, 0);
        refuse(&h);
        uint64_t end_us = h.now_us + 2000000;
        while (h.now_us < end_us && harness_view(&h).role == RAFT_LEADER) {
            harness_timer(&h);
            if (answers)
                say_arrived(&h, 0);
        }
        cr_assert_eq(harness_view(&h).role == RAFT_LEADER, answers == 1);
        harness_free(&h);
    }
}

/* They confirm leadership to a read as well (6.4). */
Test(raft_install_leader, its_answers_confirm_a_read)
{
    struct harness h;
    struct raft_message m;
    start(&h, 20);
    refuse(&h);
    harness_read(&h, 7, false);
    cr_assert(sent_chunk(&h, &m));
    cr_assert_eq(m.install_request.size, 0);
    cr_assert_null(harness_output(&h, RAFT_OUTPUT_READY));
    say_arrived(&h, 0);
    cr_assert_eq(harness_output(&h, RAFT_OUTPUT_READY)->ready.tag, 7);
    harness_free(&h);
}

/* A leader no more: nothing is sent, and what comes changes nothing. As leader
 * again it begins anew. */
Test(raft_install_leader, stepping_down_ends_it)
{
    struct harness h;
    start(&h, 20);
    refuse(&h);
    say_arrived(&h, 20);
    struct raft_message m = harness_installing(3, 10, 40);
    harness_receive(&h, 3, &m);
    cr_assert_eq(harness_view(&h).role, RAFT_FOLLOWER);
    cr_assert(!sent_chunk(&h, &m));
    harness_elect(&h);
    struct raft_message no = harness_append_failure(4, 13, 0, 1);
    say_installed(&h, 10); /* of term 2 */
    cr_assert_eq(harness_progress(&h, 3).match_index, 0);
    harness_receive(&h, 3, &no);
    expect_chunk(&h, 0, 20);
    harness_free(&h);
}

/* One that is removed gets no more of it; added again, it begins anew. */
Test(raft_install_leader, leaving_ends_it)
{
    static const struct raft_member all[] = {
        {.id = 1, .flags = RAFT_MEMBER_VOTER},
        {.id = 2, .flags = RAFT_MEMBER_VOTER},
        {.id = 3, .flags = RAFT_MEMBER_LEARNER}};
    struct harness h;
    struct raft_message m;
    struct raft_progress progress;
    start(&h, 20);
    refuse(&h);
    say_arrived(&h, 20);
    harness_change(&h, 0, all, 2, false);
    cr_assert(!raft_follow(h.raft, 3, &progress));
    harness_written(&h);
    m = harness_append_success(2, 14);
    harness_receive(&h, 2, &m);
    say_arrived(&h, 40);
    expect_nothing(&h);
    harness_change(&h, 0, all, 3, false);
    m = harness_append_failure(2, 15, 0, 1);
    harness_receive(&h, 3, &m);
    expect_chunk(&h, 0, 20);
    harness_free(&h);
}

/* Another change while it is sent does not disturb it. */
Test(raft_install_leader, others_may_leave_meanwhile)
{
    static const struct raft_member all[] = {
        {.id = 1, .flags = RAFT_MEMBER_VOTER},
        {.id = 2, .flags = RAFT_MEMBER_VOTER},
        {.id = 3, .flags = RAFT_MEMBER_VOTER},
        {.id = 4, .flags = RAFT_MEMBER_LEARNER}};
    struct harness h;
    start(&h, 20);
    refuse(&h);
    say_arrived(&h, 20);
    harness_change(&h, 0, all, 4, false);
    cr_assert_eq(harness_progress(&h, 3).state, RAFT_SNAPSHOT);
    say_arrived(&h, 40);
    expect_chunk(&h, 40, 20);
    harness_free(&h);
}

/* A witness stores no payloads: it gets the members and the sessions, and no
 * image. */
Test(raft_install_leader, a_witness_gets_no_image)
{
    static const struct raft_member members[] = {
        {.id = 1, .flags = RAFT_MEMBER_VOTER},
        {.id = 2, .flags = RAFT_MEMBER_VOTER},
        {.id = 3, .flags = RAFT_MEMBER_VOTER | RAFT_MEMBER_WITNESS}};
    for (uint32_t limit = 20; limit <= 1000; limit += 980) {
        struct harness h;
        struct raft_message m;
        struct raft_config config = harness_config(1);
        config.max_bytes_per_message = limit;
        start_with(&h, &config, members, 3);
        size_t total = total_size(&h) - strlen(IMAGE);
        cr_assert_eq(total, 8 + h.durable.snapshot.meta_size);
        refuse(&h);
        for (size_t at = 0; at < total; at += limit) {
            cr_assert(sent_chunk(&h, &m));
            cr_assert_eq(m.install_request.total, total);
            cr_assert_eq(m.install_request.offset, at);
            if (at + limit < total)
                say_arrived(&h, at + limit);
        }
        cr_assert_eq(m.install_request.offset + m.install_request.size, total);
        say_installed(&h, 10);
        cr_assert_eq(harness_progress(&h, 3).state, RAFT_REPLICATE);
        harness_free(&h);
    }
}
