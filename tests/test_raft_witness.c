/* Witnesses: voters that store no commands and never lead. What a majority of
 * them holds is nothing, so an entry is committed only where a full voter has
 * it durably, too. Written from raft/raft.h; neither paper nor dissertation has
 * them. The harness compares all that a witness is sent with the leader's log
 * and snapshots, without commands and images. */
#include "tests/member_lists.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define MAX_US ((uint64_t)300000)

static void lead(struct harness *h, const char *members)
{
    struct raft_config config = harness_config(1);
    member_list_lead(h, &config, members);
    cr_assert_eq(harness_view(h).commit_index, 1);
}

static void ack(struct harness *h, raft_id from, uint64_t index)
{
    struct raft_message yes =
        harness_append_success(harness_view(h).hard_state.current_term, index);
    harness_receive(h, from, &yes);
}

/* Benches of servers 1 to n, which know each other, but those that do not occur
 * among the members know nobody. */
static void start_all(struct harness *s, struct harness **nodes, uint32_t n,
                      const char *members)
{
    struct raft_member list[MEMBER_LIST_MAX];
    uint32_t n_members = member_list(members, list);
    for (raft_id id = 1; id <= n; id++) {
        struct raft_config config = harness_config(id);
        bool knows = false;
        for (uint32_t i = 0; i < n_members; i++)
            knows = knows || list[i].id == id;
        member_list_init(&s[id - 1], &config, knows ? members : "");
        harness_boot(&s[id - 1]);
        nodes[id - 1] = &s[id - 1];
    }
}

static void free_all(struct harness *s, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        harness_free(&s[i]);
}

/* --- what they hold ------------------------------------------------------- */

/* Commands come without payload, with their place and session; all else is
 * whole. A full member is sent everything, in the same step. */
Test(raft_witness, entries_without_payload)
{
    static const enum raft_entry_kind kinds[] = {
        RAFT_ENTRY_NOOP, RAFT_ENTRY_SESSION, RAFT_ENTRY_COMMAND,
        RAFT_ENTRY_CONFIGURATION, RAFT_ENTRY_COMMAND};
    for (int order = 0; order < 2; order++) { /* whose message is first? */
        raft_id witness = order ? 2 : 3, full = order ? 3 : 2;
        struct harness s[3], *nodes[3];
        start_all(s, nodes, 3, order ? "1 2W 3" : "1 2 3W");
        harness_campaign(&s[0]);
        harness_exchange(nodes, 3);
        harness_session(&s[0], 1);
        harness_propose_in(&s[0], 2, 2, 1, "a command");
        member_list_change(&s[0], order ? "1 2W 3=1" : "1 2=1 3W", false);
        harness_propose(&s[0], 3, "another");
        harness_exchange(nodes, 3);
        harness_timer(&s[0]);
        harness_exchange(nodes, 3);
        for (uint64_t i = 1; i <= 5; i++) {
            const struct raft_entry *own = raft_entry_at(s[0].raft, i);
            const struct raft_entry *bare =
                raft_entry_at(s[witness - 1].raft, i);
            cr_assert_eq(own->kind, kinds[i - 1]);
            cr_assert(
                harness_same_entry(own, raft_entry_at(s[full - 1].raft, i)));
            cr_assert_eq(bare->term, own->term);
            cr_assert_eq(bare->kind, own->kind);
            cr_assert_eq(bare->sequence, own->sequence);
            cr_assert_eq(bare->omitted, own->kind == RAFT_ENTRY_COMMAND);
            cr_assert_eq(bare->size, bare->omitted ? 0 : own->size);
        }
        cr_assert_eq(raft_entry_at(s[witness - 1].raft, 3)->session, 2);
        cr_assert_eq(s[witness - 1].applied, 5);
        cr_assert_eq(s[witness - 1].n_sessions, 1);
        free_all(s, 3);
    }
}

/* The last entry that server `to` was sent in this step; 0: none. */
static uint64_t last_sent(const struct harness *h, raft_id to)
{
    struct raft_message m;
    if (harness_sent(h, to, RAFT_MESSAGE_APPEND_REQUEST, &m) == NULL ||
        m.append_request.n_entries == 0)
        return 0;
    return m.append_request.prev.index + m.append_request.n_entries;
}

/* A witness gets what is durable on a full voter, be it the leader, and never
 * more: else it might be the only one that has an entry, and refuse its vote to
 * everybody for ever. */
Test(raft_witness, gets_what_a_full_voter_holds)
{
    for (int own = 0; own < 2; own++) {
        struct harness h;
        lead(&h, "1 2 3W");
        harness_propose(&h, 1, "x");
        cr_assert_eq(last_sent(&h, 2), 2);
        cr_assert_eq(last_sent(&h, 3), 0);
        harness_timer(&h);
        ack(&h, 3, 1);
        cr_assert_eq(last_sent(&h, 3), 0);
        harness_propose(&h, 1, "y");
        if (own)
            harness_written(&h);
        else
            ack(&h, 2, 2);
        cr_assert_eq(last_sent(&h, 3), own ? 3 : 2);
        harness_free(&h);
    }
}

/* A leader that is on its way out is not one of them. */
Test(raft_witness, gets_what_a_remaining_voter_holds)
{
    static const char *const lists[] = {"2 3W", "1L 2 3W"};
    for (size_t i = 0; i < 2; i++) {
        struct harness h;
        lead(&h, "1 2 3W");
        member_list_change(&h, lists[i], false);
        harness_propose(&h, 1, "x");
        harness_written(&h);
        harness_timer(&h);
        cr_assert_eq(last_sent(&h, 3), 0);
        ack(&h, 2, 2);
        cr_assert_eq(last_sent(&h, 3), 2);
        harness_free(&h);
    }
}

/* So a cluster with one full voter survives its crash at any moment. */
Test(raft_witness, a_lone_full_voter_comes_back)
{
    for (uint64_t keep_parts = 0; keep_parts < 3; keep_parts++) {
        struct harness s[3], *nodes[3];
        start_all(s, nodes, 3, "1 2W 3W");
        harness_campaign(&s[0]);
        harness_exchange(nodes, 3);
        harness_propose(&s[0], 1, "x");
        harness_propose(&s[0], 2, "y");
        for (struct harness_letter letter; harness_take(&s[0], &letter);) {
            struct raft_input input = {
                .kind = RAFT_INPUT_MESSAGE,
                .now_us = s[letter.to - 1].now_us,
                .message = {1, letter.bytes, letter.size}};
            cr_assert_eq(harness_step(&s[letter.to - 1], &input), RAFT_OK);
            free(letter.bytes);
        }
        harness_crash(&s[0], keep_parts);
        harness_exchange(nodes, 3);
        harness_boot(&s[0]);
        harness_timer(&s[0]);
        harness_exchange(nodes, 3);
        cr_assert_eq(harness_view(&s[0]).role, RAFT_LEADER);
        cr_assert_eq(harness_view(&s[0]).commit_index, 2 + keep_parts);
        free_all(s, 3);
    }
}

/* A snapshot comes without image, to the one and not to the other. */
Test(raft_witness, snapshots_without_image)
{
    struct harness s[5], *nodes[5];
    start_all(s, nodes, 5, "1 2 3W");
    harness_campaign(&s[0]);
    harness_exchange(nodes, 5);
    harness_propose(&s[0], 1, "a command");
    harness_exchange(nodes, 5);
    harness_snapshot(&s[0], "an image", 8, 3);
    for (raft_id id = 4; id <= 5; id++) {
        member_list_change(&s[0], id == 4 ? "1 2 3W 4" : "1 2 3W 4 5W", false);
        harness_exchange(nodes, 5);
    }
    for (raft_id id = 4; id <= 5; id++) {
        const struct raft_snapshot *snapshot = &s[id - 1].durable.snapshot;
        cr_assert_eq(snapshot->position.index, 2);
        cr_assert_eq(snapshot->image_size, id == 4 ? 8 : 0);
        cr_assert_eq(s[id - 1].durable.log.count, 2);
        cr_assert(member_list_holds(&s[id - 1], "1 2 3W 4 5W"));
        harness_crash(&s[id - 1], 0);
        harness_boot(&s[id - 1]);
        cr_assert_eq(harness_view(&s[id - 1]).last.index, 4);
    }
    harness_snapshot(&s[4], NULL, 0, 1); /* of nothing new: ignored */
    cr_assert_eq(harness_view(&s[4]).snapshot.index, 2);
    free_all(s, 5);
}

/* Nobody can read there. */
Test(raft_witness, has_no_state)
{
    struct harness s[3], *nodes[3];
    start_all(s, nodes, 3, "1 2 3W");
    harness_campaign(&s[0]);
    harness_exchange(nodes, 3);
    harness_read(&s[2], 7, false);
    cr_assert(harness_was_rejected(&s[2], RAFT_NOT_LEADER));
    free_all(s, 3);
}

/* Nor at one that is to become one, and knows it only from what the leader does
 * not send: it asks for no index, and takes none. */
Test(raft_witness, has_no_state_before_it_knows)
{
    for (int asks_first = 0; asks_first < 2; asks_first++) {
        struct harness h;
        struct raft_config config = harness_config(1);
        harness_start(&h, &config, 0);
        struct raft_message beat = harness_append(3, 0, 0, 0, NULL, 0);
        beat.append_request.omit_commands = !asks_first;
        harness_receive(&h, 2, &beat);
        harness_read(&h, 7, false);
        struct raft_message asked;
        bool has_asked =
            harness_sent(&h, 2, RAFT_MESSAGE_READ_REQUEST, &asked) != NULL;
        cr_assert_eq(has_asked, asks_first);
        cr_assert_eq(harness_was_rejected(&h, RAFT_NOT_LEADER), !asks_first);
        if (asks_first) {
            harness_written(&h);
            beat.append_request.omit_commands = true;
            harness_receive(&h, 2, &beat);
            struct raft_message yes = {.kind = RAFT_MESSAGE_READ_RESPONSE,
                                       .term = 3};
            yes.read_response.id = asked.read_request.id;
            yes.read_response.granted = true;
            harness_receive(&h, 2, &yes);
            cr_assert(harness_was_rejected(&h, RAFT_LEADERSHIP_LOST));
            cr_assert_eq(harness_count(&h, RAFT_OUTPUT_READY), 0);
        }
        harness_free(&h);
    }
}

/* --- what they decide ----------------------------------------------------- */

/* A vote counts, and is given and refused like any other's. */
Test(raft_witness, votes)
{
    struct raft_config config = harness_config(1);
    struct raft_message m, yes = harness_vote_response(1, true);
    struct harness h;
    member_list_init(&h, &config, "1 2 3 4W 5W");
    harness_boot(&h);
    harness_timer(&h);
    cr_assert_not_null(harness_sent(&h, 4, RAFT_MESSAGE_VOTE_REQUEST, &m));
    harness_written(&h);
    harness_receive(&h, 4, &yes);
    cr_assert_eq(harness_view(&h).role, RAFT_CANDIDATE);
    harness_receive(&h, 5, &yes);
    cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
    harness_free(&h);
}

Test(raft_witness, votes_for_the_up_to_date)
{
    for (uint64_t last = 1; last <= 2; last++) {
        struct raft_config config = harness_config(1);
        struct raft_entry log[] = {
            {.term = 1, .kind = RAFT_ENTRY_NOOP},
            {.term = 1, .kind = RAFT_ENTRY_COMMAND, .omitted = true}};
        struct raft_message m = harness_append(1, 0, 0, 0, log, 2);
        struct raft_message ask = harness_vote_request(2, 1, last);
        struct harness h;
        member_list_init(&h, &config, "1W 2 3");
        harness_boot(&h);
        harness_receive(&h, 2, &m);
        cr_assert_not_null(
            harness_sent(&h, 2, RAFT_MESSAGE_APPEND_RESPONSE, &m));
        cr_assert(m.append_response.success);
        harness_written(&h);
        harness_crash(&h, 0);
        harness_boot(&h);
        harness_receive(&h, 3, &ask);
        cr_assert_not_null(harness_sent(&h, 3, RAFT_MESSAGE_VOTE_RESPONSE, &m));
        cr_assert_eq(m.vote_response.granted, last == 2);
        harness_free(&h);
    }
}

/* Never, whatever it hears or does not: alone with strangers, in doubt, by
 * order, after a restart, or as one whom somebody calls a full voter. */
Test(raft_witness, never_campaigns)
{
    static const char *const changes[] = {"1W 2 3", "1W 2 3 4", "2 3",
                                          "1WO 2 3", "1 2 3"};
    for (size_t i = 0; i < 4 * sizeof changes / sizeof *changes; i++) {
        bool pre_vote = i % 2 == 1, restarts = i / 2 % 2 == 1;
        uint8_t bytes[8 * RAFT_MEMBER_SIZE];
        struct raft_entry log[] = {
            {.term = 1, .kind = RAFT_ENTRY_NOOP},
            {.term = 1, .kind = RAFT_ENTRY_COMMAND, .omitted = true},
            member_list_entry(1, changes[i / 4], bytes)};
        struct raft_message m = harness_append(1, 0, 0, 1, log, 3);
        struct raft_message order = harness_timeout_now(1);
        struct raft_config config = harness_config(1);
        struct harness h;
        config.pre_vote = pre_vote;
        member_list_init(&h, &config, "1W 2 3");
        harness_boot(&h);
        for (int k = 0; k < 5; k++)
            harness_timer(&h);
        harness_receive(&h, 2, &m);
        harness_receive(&h, 2, &order);
        harness_written(&h);
        if (restarts) {
            harness_crash(&h, 0);
            harness_boot(&h);
        }
        for (int k = 0; k < 5; k++)
            harness_timer(&h);
        cr_assert_eq(harness_view(&h).role, RAFT_FOLLOWER);
        cr_assert_eq(harness_view(&h).hard_state.current_term, 1);
        cr_assert_eq(h.n_outbox, restarts ? 0 : 1); /* its answer */
        harness_free(&h);
    }
}

/* Whether these are committed where all but server 1 have acknowledged: bits of
 * `set`, bit 1 for the leader's own disk. */
static bool is_enough(const char *text, unsigned set)
{
    struct raft_member members[MEMBER_LIST_MAX];
    uint32_t n = member_list(text, members), voters = 0, there = 0, full = 0;
    for (uint32_t i = 0; i < n; i++) {
        bool holds = (set >> members[i].id & 1) != 0;
        voters += (members[i].flags & RAFT_MEMBER_VOTER) != 0;
        there += (members[i].flags & RAFT_MEMBER_VOTER) != 0 && holds;
        full += members[i].flags == RAFT_MEMBER_VOTER && holds;
    }
    return 2 * there > voters && full > 0;
}

/* A majority, and in it one that could lead. The leader's own disk may be the
 * last of all. */
Test(raft_witness, commits_need_a_full_copy)
{
    static const char *const lists[] = {
        "1 2 3W",     "1 2 3W 4W 5W", "1 2W 3W",
        "1 2W",       "1 2 3 4W 5W",  "1 2W 3W 4W 5W",
        "1 2L 3W 4W", "1 2W 3L 4L",   "1 2 3W 4W 5W 6W",
    };
    for (size_t i = 0; i < 64 * sizeof lists / sizeof *lists; i++) {
        unsigned set = 2 * (unsigned)(i % 64);
        struct harness h;
        lead(&h, lists[i / 64]);
        harness_propose(&h, 1, "x");
        for (raft_id id = 6; id >= 2; id--)
            if ((set >> id & 1) != 0)
                ack(&h, id, 2);
        if ((set & 2) != 0)
            harness_written(&h);
        cr_assert_eq(harness_view(&h).commit_index,
                     is_enough(lists[i / 64], set) ? 2 : 1, "%s, %x",
                     lists[i / 64], set);
        harness_free(&h);
    }
}

/* A leader that is no member any more, or a learner, is none of those. */
Test(raft_witness, commits_need_the_copy_of_a_member)
{
    static const char *const lists[] = {"2 3W 4W 5W", "1L 2 3W 4W 5W"};
    for (size_t i = 0; i < 2; i++) {
        struct harness h;
        lead(&h, "1 2 3W 4W 5W");
        member_list_change(&h, lists[i], false);
        harness_written(&h);
        for (raft_id id = 3; id <= 5; id++)
            ack(&h, id, 2);
        cr_assert_eq(harness_view(&h).commit_index, 1);
        ack(&h, 2, 2);
        cr_assert_eq(harness_view(&h).commit_index, 2);
        harness_free(&h);
    }
}

/* They count where a majority is heard. */
Test(raft_witness, counts_for_quorum_checks_and_reads)
{
    struct raft_config config = harness_config(1);
    struct harness h;
    config.check_quorum = true;
    member_list_lead(&h, &config, "1 2 3 4W 5W");
    for (uint64_t t = h.now_us; h.now_us < t + 3 * MAX_US;) {
        ack(&h, 4, 1);
        ack(&h, 5, 1);
        harness_timer(&h);
    }
    cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
    harness_read(&h, 7, false);
    ack(&h, 4, 1);
    cr_assert_null(harness_output(&h, RAFT_OUTPUT_READY));
    ack(&h, 5, 1);
    cr_assert_not_null(harness_output(&h, RAFT_OUTPUT_READY));
    harness_free(&h);
}

/* What was committed with a witness's help is there for the next leader: a full
 * voter without it is not elected; when the other is back, it is. */
Test(raft_witness, keeps_what_is_committed)
{
    struct harness s[3], *nodes[3];
    start_all(s, nodes, 3, "1 2 3W");
    harness_campaign(&s[0]);
    harness_exchange(nodes, 3);
    struct harness *without_2[] = {&s[0], NULL, &s[2]};
    struct harness *without_1[] = {NULL, &s[1], &s[2]};
    harness_propose(&s[0], 1, "x");
    harness_exchange(without_2, 3);
    cr_assert_eq(harness_view(&s[0]).commit_index, 2);
    for (int tries = 0; tries < 5; tries++) {
        harness_timer(&s[1]);
        harness_exchange(without_1, 3);
        cr_assert_neq(harness_view(&s[1]).role, RAFT_LEADER);
    }
    harness_crash(&s[0], 0);
    harness_boot(&s[0]);
    for (int tries = 0; harness_view(&s[0]).role != RAFT_LEADER; tries++) {
        cr_assert_lt(tries, 20);
        harness_timer(&s[0]);
        harness_exchange(nodes, 3);
    }
    cr_assert_eq(harness_view(&s[1]).last.index, 3);
    cr_assert_eq(memcmp(raft_entry_at(s[1].raft, 2)->data, "x", 1), 0);
    free_all(s, 3);
}

/* --- who can be one ------------------------------------------------------- */

/* A witness leaves as what it came, and so does everybody else; and somebody
 * must be there who could lead. */
Test(raft_witness, nobody_changes_kind)
{
    static const struct {
        const char *to;
        bool taken;
    } cases[] = {
        {"1 2 3 4L", false},  {"1 2 3L 4L", false}, {"1 2W 3W 4L", false},
        {"1 2 3W 4W", false}, {"1W 2W 3W", false},  {"2W 3W 4L", false},
        {"3W 5W", false},     {"1 2 4L", true},     {"1 2 3W=9 4L", true},
        {"1 2 3W 5W", true},  {"1 3W 4L", true},    {"1 2 3W", true},
    };
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        struct harness h;
        lead(&h, "1 2 3W 4L");
        member_list_change(&h, cases[i / 2].to, i % 2 == 1);
        cr_assert_eq(harness_output(&h, RAFT_OUTPUT_ACCEPTED) != NULL,
                     cases[i / 2].taken, "%s", cases[i / 2].to);
        cr_assert_eq(harness_was_rejected(&h, RAFT_NO_SUCH_CHANGE),
                     !cases[i / 2].taken);
        harness_free(&h);
    }
}

/* Leadership is not handed to one, by name or by choice. */
Test(raft_witness, is_no_heir)
{
    for (int has_other = 0; has_other < 2; has_other++) {
        struct harness h;
        lead(&h, has_other ? "1 2W=9 3W=9 4" : "1 2W=9");
        harness_transfer(&h, 7, 2);
        cr_assert(harness_was_rejected(&h, RAFT_NO_SUCH_CHANGE));
        harness_transfer(&h, 8, RAFT_NONE);
        cr_assert_eq(harness_was_rejected(&h, RAFT_NO_SUCH_CHANGE), !has_other);
        cr_assert_eq(harness_view(&h).transfer_to, has_other ? 4 : RAFT_NONE);
        harness_free(&h);
    }
}

/* Nor by priority, and it is not in the way of others. */
Test(raft_witness, takes_nothing_over)
{
    for (int has_other = 0; has_other < 2; has_other++) {
        struct raft_config config = harness_config(1);
        struct harness h;
        config.priority_takeover = true;
        member_list_lead(&h, &config, has_other ? "1 2W=9 3=5" : "1 2W=9 3");
        h.now_us += 2 * MAX_US;
        harness_timer(&h); /* a new period in which answers count begins */
        ack(&h, 2, 1);
        ack(&h, 3, 1);
        h.now_us = h.deadline_us;
        harness_timer(&h);
        cr_assert_eq(harness_view(&h).transfer_to, has_other ? 3 : RAFT_NONE);
        harness_free(&h);
    }
}
