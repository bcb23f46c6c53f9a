/* Those who get the log and count in nothing, and how they become voters
 * (dissertation, 4.2.1); servers that come and go; room for as many as may be.
 */
#include "tests/member_lists.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define MAX_US ((uint64_t)300000)

static struct raft_config configure(bool catch_up, bool check_quorum)
{
    struct raft_config config = harness_config(1);
    config.catch_up = catch_up;
    config.check_quorum = check_quorum;
    return config;
}

static void ack(struct harness *h, raft_id from, uint64_t index)
{
    struct raft_message yes =
        harness_append_success(harness_view(h).hard_state.current_term, index);
    harness_receive(h, from, &yes);
}

static bool takes(struct harness *h, const char *members)
{
    member_list_change(h, members, false);
    return harness_output(h, RAFT_OUTPUT_ACCEPTED) != NULL;
}

/* --- they count in nothing ------------------------------------------------ */

Test(raft_learners, count_for_no_commit)
{
    struct raft_config config = configure(false, false);
    struct harness h;
    member_list_lead(&h, &config, "1 2 3 4L 5L 6L");
    harness_propose(&h, 1, "x");
    harness_written(&h);
    for (raft_id id = 4; id <= 6; id++)
        ack(&h, id, 2);
    cr_assert_eq(harness_view(&h).commit_index, 1);
    ack(&h, 3, 2);
    cr_assert_eq(harness_view(&h).commit_index, 2);
    harness_free(&h);
}

/* Nobody asks them; nor would it help. */
Test(raft_learners, count_for_no_election)
{
    for (int pre_vote = 0; pre_vote < 2; pre_vote++) {
        struct raft_config config = configure(false, false);
        struct raft_message m, yes = pre_vote ? harness_pre_vote_response(1, 1)
                                              : harness_vote_response(1, 1);
        enum raft_message_kind asks = pre_vote ? RAFT_MESSAGE_PRE_VOTE_REQUEST
                                               : RAFT_MESSAGE_VOTE_REQUEST;
        enum raft_role role = pre_vote ? RAFT_PRE_CANDIDATE : RAFT_CANDIDATE;
        struct harness h;
        config.pre_vote = pre_vote == 1;
        member_list_init(&h, &config, "1 2 3 4L 5L 6L");
        harness_boot(&h);
        harness_timer(&h);
        for (raft_id id = 4; id <= 6; id++) {
            cr_assert_null(harness_sent(&h, id, asks, &m));
        }
        cr_assert_not_null(harness_sent(&h, 2, asks, &m));
        harness_written(&h);
        for (raft_id id = 4; id <= 6; id++)
            harness_receive(&h, id, &yes);
        cr_assert_eq(harness_view(&h).role, role);
        harness_receive(&h, 3, &yes);
        cr_assert_neq(harness_view(&h).role, role);
        harness_free(&h);
    }
}

/* A leader that hears learners alone makes way (6.2). */
Test(raft_learners, count_for_no_quorum_check)
{
    for (raft_id heard = 3; heard <= 4; heard++) {
        struct raft_config config = configure(false, true);
        struct harness h;
        member_list_lead(&h, &config, "1 2 3 4L 5L");
        for (uint64_t t = h.now_us; h.now_us < t + 2 * MAX_US;) {
            ack(&h, heard, 1);
            ack(&h, 5, 1);
            harness_timer(&h);
        }
        cr_assert_eq(harness_view(&h).role == RAFT_LEADER, heard == 3);
        harness_free(&h);
    }
}

/* Nor does their answer tell that it still leads (6.4). */
Test(raft_learners, count_for_no_read)
{
    struct raft_config config = configure(false, false);
    struct harness h;
    member_list_lead(&h, &config, "1 2 3 4L 5L");
    harness_read(&h, 7, false);
    ack(&h, 4, 1);
    ack(&h, 5, 1);
    cr_assert_null(harness_output(&h, RAFT_OUTPUT_READY));
    ack(&h, 3, 1);
    cr_assert_not_null(harness_output(&h, RAFT_OUTPUT_READY));
    harness_free(&h);
}

/* --- catching up ---------------------------------------------------------- */

/* The log goes to the new server in rounds, each up to where it ended when the
 * round began; it has caught up when one takes no longer than an election
 * timeout. */
Test(raft_learners, catch_up_by_rounds)
{
    struct raft_config config = configure(true, false);
    struct harness h;
    member_list_lead(&h, &config, "1 2 3");
    cr_assert_not(takes(&h, "1 2 3 4"));
    cr_assert(harness_was_rejected(&h, RAFT_NOT_CAUGHT_UP));
    cr_assert(takes(&h, "1 2 3 4L")); /* index 2, and its first round */
    harness_written(&h);
    ack(&h, 2, 2);
    ack(&h, 4, 1); /* not all that there was when the round began */
    cr_assert_not(harness_progress(&h, 4).caught_up);
    cr_assert_not(takes(&h, "1 2 3 4"));
    cr_assert(harness_was_rejected(&h, RAFT_NOT_CAUGHT_UP));
    harness_propose(&h, 1, "x"); /* 3: in the next round */
    h.now_us += MAX_US + 1;
    ack(&h, 4, 2); /* at last */
    cr_assert_not(harness_progress(&h, 4).caught_up);
    cr_assert_not(takes(&h, "1 2 3 4"));
    h.now_us += MAX_US;
    ack(&h, 4, 3);
    cr_assert(harness_progress(&h, 4).caught_up);
    cr_assert(takes(&h, "1 2 3 4"));
    harness_free(&h);
}

/* It has to stay so: whoever falls silent, or behind, has to catch up anew. */
Test(raft_learners, fall_behind_again)
{
    for (int answers = 0; answers < 2; answers++) {
        struct raft_config config = configure(true, false);
        struct harness h;
        member_list_lead(&h, &config, "1 2 3 4L");
        ack(&h, 4, 1);
        cr_assert(harness_progress(&h, 4).caught_up);
        cr_assert(takes(&h, "1 2 3 4L 5L"));
        harness_written(&h);
        for (int i = 0; i < 4; i++) {
            h.now_us += MAX_US / 2;
            ack(&h, 2, 2);
            if (answers)
                ack(&h, 4, 1); /* alive, but no further */
            cr_assert_eq(harness_progress(&h, 4).caught_up, i < 2 + answers);
        }
        cr_assert_not(takes(&h, "1 2 3 4 5L"));
        cr_assert(harness_was_rejected(&h, RAFT_NOT_CAUGHT_UP));
        ack(&h, 4, 2); /* it took long */
        cr_assert_not(takes(&h, "1 2 3 4 5L"));
        ack(&h, 4, 2);
        cr_assert(takes(&h, "1 2 3 4 5L"));
        harness_free(&h);
    }
}

/* Without the option anybody may join at once; with it, in one step and by
 * joint consensus alike, only who has caught up. Who leaves, or steps down,
 * needs nothing, and a witness has little to catch up with. */
Test(raft_learners, who_has_to_catch_up)
{
    static const struct {
        const char *members;
        bool free; /* needs nothing */
    } cases[] = {
        {"1 2 3 4 5L", false}, {"1 2 3 4L 5", false},
        {"1 2 3 5L 6", false}, {"1 2 3 4L 5L 6L", true},
        {"1 2 4L 5L", true},   {"1 2 3L 4L", true},
        {"2 3", true},         {"1 2 3 7W", true},
    };
    for (size_t i = 0; i < 4 * sizeof cases / sizeof *cases; i++) {
        bool catch_up = i % 2 == 1, joint = i / 2 % 2 == 1;
        bool expected = cases[i / 4].free || !catch_up;
        struct raft_config config = configure(catch_up, false);
        struct harness h;
        member_list_lead(&h, &config, "1 2 3 4L 5L");
        member_list_change(&h, cases[i / 4].members, joint);
        cr_assert_eq(harness_output(&h, RAFT_OUTPUT_ACCEPTED) != NULL, expected,
                     "%s", cases[i / 4].members);
        cr_assert_eq(harness_was_rejected(&h, RAFT_NOT_CAUGHT_UP), !expected);
        harness_free(&h);
    }
}

/* What another leader found out says nothing now. */
Test(raft_learners, a_new_leader_looks_for_itself)
{
    struct raft_config config = configure(true, false);
    struct harness h;
    member_list_lead(&h, &config, "1 2 3 4L");
    ack(&h, 4, 1);
    cr_assert(harness_progress(&h, 4).caught_up);
    struct raft_message m = harness_append(2, 1, 1, 1, NULL, 0);
    harness_receive(&h, 2, &m);
    harness_elect(&h);
    harness_written(&h);
    ack(&h, 3, 2);
    cr_assert_not(harness_progress(&h, 4).caught_up);
    cr_assert_not(takes(&h, "1 2 3 4"));
    ack(&h, 4, 2);
    cr_assert(takes(&h, "1 2 3 4"));
    harness_free(&h);
}

/* --- coming and going ----------------------------------------------------- */

/* A server that knew nobody learns the log, votes, steps down, leaves; each
 * time the others go on, and who is told knows who they are. */
Test(raft_learners, a_life)
{
    static const char *const lives[] = {"1 2 3 4L", "1 2 3 4", "1 2L 3 4",
                                        "1 2 3 4",  "1 3 4",   "1 2L 3 4"};
    struct harness s[4], *nodes[4];
    for (raft_id id = 1; id <= 4; id++) {
        struct raft_config config = harness_config(id);
        config.catch_up = true;
        harness_start(&s[id - 1], &config, id == 4 ? 0 : 3);
        nodes[id - 1] = &s[id - 1];
    }
    harness_campaign(&s[0]);
    harness_exchange(nodes, 4);
    for (size_t i = 0; i < sizeof lives / sizeof *lives; i++) {
        cr_assert(takes(&s[0], lives[i]), "%s", lives[i]);
        harness_propose(&s[0], 1, "x");
        harness_exchange(nodes, 4);
        harness_timer(&s[0]); /* tells what is committed */
        harness_exchange(nodes, 4);
        for (int k = 0; k < 4; k++) {
            struct raft_progress progress;
            if (k > 0 && !raft_follow(s[0].raft, (raft_id)k + 1, &progress))
                continue;
            cr_assert(member_list_holds(&s[k], lives[i]));
            cr_assert_eq(s[k].applied, harness_view(&s[0]).last.index);
        }
    }
    for (int k = 0; k < 4; k++)
        harness_free(&s[k]);
}

/* --- room ----------------------------------------------------------------- */

/* "1" to "1 2 ... n", each with these letters but the first. */
static const char *crowd(uint32_t n, const char *letters, char *text)
{
    size_t at = (size_t)sprintf(text, "1");
    for (uint32_t id = 2; id <= n; id++)
        at += (size_t)sprintf(text + at, " %u%s", (unsigned)id, letters);
    return text;
}

/* From one server to as many as there may be, and no more; a majority is one of
 * all of them. */
Test(raft_learners, as_many_as_there_may_be)
{
    char text[8 * (RAFT_MAX_MEMBERS + 1)];
    struct raft_config config = configure(false, false);
    struct harness h;
    member_list_lead(&h, &config, "1");
    cr_assert(takes(&h, crowd(RAFT_MAX_MEMBERS, "L", text)));
    cr_assert(member_list_holds(&h, text));
    harness_written(&h);
    cr_assert_eq(harness_view(&h).commit_index, 2);
    member_list_change(&h, crowd(RAFT_MAX_MEMBERS, "", text), true);
    cr_assert_not_null(harness_output(&h, RAFT_OUTPUT_ACCEPTED));
    for (uint64_t index = 3; index <= 4; index++) { /* joint, and after it */
        harness_written(&h);
        for (raft_id id = 2; id <= RAFT_MAX_MEMBERS / 2; id++)
            ack(&h, id, index);
        cr_assert_eq(harness_view(&h).commit_index, index - 1);
        ack(&h, RAFT_MAX_MEMBERS, index);
        cr_assert_eq(harness_view(&h).commit_index, index);
    }
    cr_assert(member_list_holds(&h, text));
    member_list_change(&h, crowd(RAFT_MAX_MEMBERS + 1, "", text), false);
    cr_assert(harness_was_rejected(&h, RAFT_NO_SUCH_CHANGE));
    crowd(RAFT_MAX_MEMBERS - 1, "", text);
    member_list_change(&h, strcat(text, " 500"), true); /* 129 while joint */
    cr_assert(harness_was_rejected(&h, RAFT_NO_SUCH_CHANGE));
    harness_free(&h);
}

/* Without memory for more members nothing changes, and then it goes on. */
Test(raft_learners, no_memory_for_more)
{
    struct raft_config config = configure(false, false);
    struct raft_member members[8];
    struct raft_input input = {.kind = RAFT_INPUT_CHANGE, .change = {.tag = 1}};
    struct harness h;
    member_list_lead(&h, &config, "1 2 3");
    input.change.n_members = member_list("1 2 3 4 5L 6L", members);
    input.change.members = members;
    input.now_us = h.now_us;
    for (uint64_t nth = 1; true; nth++) {
        h.memory.refuse_in = nth;
        enum raft_status status = harness_step(&h, &input);
        if (status == RAFT_OK) {
            cr_assert_gt(nth, 1);
            break;
        }
        cr_assert_eq(status, RAFT_NO_MEMORY);
        cr_assert(member_list_holds(&h, "1 2 3"));
    }
    h.memory.refuse_in = 0;
    cr_assert(member_list_holds(&h, "1 2 3 4 5L 6L"));
    harness_written(&h);
    ack(&h, 2, 2);
    ack(&h, 4, 2);
    cr_assert_eq(harness_view(&h).commit_index, 2);
    harness_free(&h);
}
