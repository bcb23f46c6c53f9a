/* The record of a run: its story. And the words of sim/names.c. */
#include "sim/trace.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "sim/kv.h"

/* --- a node type whose messages are their kind and text ------------------ */

static void classify(const uint8_t *bytes, size_t size,
                     struct sim_message *message)
{
    *message = (struct sim_message){.kind = SIM_MESSAGE_OTHER};
    if (size > 0 && bytes[0] < SIM_MESSAGE_KIND_COUNT) {
        message->kind = (enum sim_message_kind)bytes[0];
    }
}

static void describe(const uint8_t *bytes, size_t size, char *text)
{
    snprintf(text, SIM_DESCRIPTION_SIZE, "%.*s", size > 0 ? (int)size - 1 : 0,
             (const char *)bytes + 1);
}

static const struct sim_node_type plain_type = {
    .shows = SIM_SHOWS_ALL,
    .name = "plain",
    .classify = classify,
    .describe = describe,
};

/* --- a sink that keeps everything ---------------------------------------- */

struct book {
    struct sim_trace_sink base;
    uint32_t records;
    size_t size;
    char text[65536];
};

static void take(struct sim_trace_sink *self, const char *text, size_t size)
{
    struct book *book = (struct book *)self;
    cr_assert_lt(book->size + size, sizeof book->text);
    cr_assert_gt(size, 0);
    cr_assert_eq(text[size - 1], '\n', "a record is whole lines");
    memcpy(book->text + book->size, text, size);
    book->size += size;
    book->text[book->size] = '\0';
    book->records++;
}

static void open_book(struct book *book)
{
    *book = (struct book){.base.line = take};
}

/* What was written since the last call. */
static const char *read_book(struct book *book)
{
    book->size = 0;
    return book->text;
}

/* --- the story ----------------------------------------------------------- */

#define VIEW(role_, term_, leader_, commit_)                                   \
    {                                                                          \
        .role = (role_), .hard_state = {(term_), 0}, .leader = (leader_),      \
        .commit_index = (commit_)                                              \
    }

static void expect_members_story(const struct sim_input *input,
                                 const struct sim_view *before,
                                 const struct sim_view *after,
                                 const struct sim_configuration *members,
                                 const struct sim_output *items, size_t count,
                                 const char *expected)
{
    static struct book book;
    open_book(&book);
    struct sim_trace *trace = sim_trace_new(&plain_type, &book.base, 0);
    struct sim_outputs outputs = {items, count};
    struct sim_trace_step step = {
        .step = 1,
        .time_us = 1152340,
        .node = 2,
        .input = input,
        .outputs = &outputs,
        .before = before,
        .after = after,
        .members = members,
    };
    sim_trace_step(trace, &step);
    cr_assert_str_eq(book.text, expected, "got\n%sexpected\n%s", book.text,
                     expected);
    cr_assert_eq(book.records, 1);
    sim_trace_free(trace);
}

static void expect_story(const struct sim_input *input,
                         const struct sim_view *before,
                         const struct sim_view *after,
                         const struct sim_output *items, size_t count,
                         const char *expected)
{
    expect_members_story(input, before, after, NULL, items, count, expected);
}

#define AT "[   1.152340] 2  "

/* The bytes of any snapshot. */
static const uint8_t image[120];

Test(trace, what_became_of_the_node)
{
    static const struct {
        enum sim_input_kind input;
        struct sim_view before, after;
        const char *story;
    } cases[] = {
        {SIM_INPUT_TIMER, VIEW(SIM_FOLLOWER, 4, 3, 0),
         VIEW(SIM_PRE_CANDIDATE, 4, 0, 0),
         AT "timer: heard from no leader, asks for pre-votes in term 4\n"},
        {SIM_INPUT_TIMER, VIEW(SIM_FOLLOWER, 4, 3, 0),
         VIEW(SIM_CANDIDATE, 5, 0, 0),
         AT "timer: heard from no leader, campaigns in term 5\n"},
        {SIM_INPUT_TIMER, VIEW(SIM_FOLLOWER, 0, 0, 0),
         VIEW(SIM_LEADER, 1, 2, 0),
         AT "timer: heard from no leader\n" AT "becomes leader of term 1\n"},
        {SIM_INPUT_TIMER, VIEW(SIM_PRE_CANDIDATE, 4, 0, 0),
         VIEW(SIM_PRE_CANDIDATE, 4, 0, 0),
         AT "timer: too few pre-votes, asks for pre-votes in term 4\n"},
        {SIM_INPUT_TIMER, VIEW(SIM_CANDIDATE, 4, 0, 0),
         VIEW(SIM_CANDIDATE, 5, 0, 0),
         AT "timer: too few votes, campaigns in term 5\n"},
        {SIM_INPUT_TIMER, VIEW(SIM_CANDIDATE, 4, 0, 0),
         VIEW(SIM_PRE_CANDIDATE, 4, 0, 0),
         AT "timer: too few votes, asks for pre-votes in term 4\n"},
        {SIM_INPUT_TIMER, VIEW(SIM_LEADER, 4, 2, 0), VIEW(SIM_LEADER, 4, 2, 0),
         AT "timer\n"},
        {SIM_INPUT_TIMER, VIEW(SIM_FOLLOWER, 4, 2, 0),
         VIEW(SIM_FOLLOWER, 4, 2, 0), AT "timer\n"},
        {SIM_INPUT_TIMER, VIEW(SIM_LEADER, 4, 2, 0),
         VIEW(SIM_FOLLOWER, 4, 0, 0),
         AT "timer: heard from no majority\n" AT
            "steps down, follower in term 4\n"},
        {SIM_INPUT_WRITTEN, VIEW(SIM_CANDIDATE, 4, 0, 0),
         VIEW(SIM_LEADER, 4, 2, 0),
         AT "write 7 durable\n" AT "becomes leader of term 4\n"},
        {SIM_INPUT_WRITTEN, VIEW(SIM_PRE_CANDIDATE, 4, 0, 0),
         VIEW(SIM_CANDIDATE, 5, 0, 0),
         AT "write 7 durable\n" AT "campaigns in term 5\n"},
        {SIM_INPUT_WRITTEN, VIEW(SIM_FOLLOWER, 4, 0, 0),
         VIEW(SIM_PRE_CANDIDATE, 4, 0, 0),
         AT "write 7 durable\n" AT "asks for pre-votes in term 4\n"},
        {SIM_INPUT_WRITTEN, VIEW(SIM_LEADER, 4, 2, 0),
         VIEW(SIM_FOLLOWER, 6, 3, 0),
         AT "write 7 durable\n" AT "steps down, follows 3 in term 6\n"},
        {SIM_INPUT_WRITTEN, VIEW(SIM_CANDIDATE, 4, 0, 0),
         VIEW(SIM_FOLLOWER, 4, 3, 0),
         AT "write 7 durable\n" AT "gives up, follows 3 in term 4\n"},
        {SIM_INPUT_WRITTEN, VIEW(SIM_PRE_CANDIDATE, 4, 0, 0),
         VIEW(SIM_FOLLOWER, 5, 0, 0),
         AT "write 7 durable\n" AT "gives up, follower in term 5\n"},
        {SIM_INPUT_WRITTEN, VIEW(SIM_FOLLOWER, 4, 3, 0),
         VIEW(SIM_FOLLOWER, 5, 0, 0),
         AT "write 7 durable\n" AT "follower in term 5\n"},
        {SIM_INPUT_WRITTEN, VIEW(SIM_FOLLOWER, 4, 3, 0),
         VIEW(SIM_FOLLOWER, 5, 3, 0),
         AT "write 7 durable\n" AT "follows 3 in term 5\n"},
        {SIM_INPUT_WRITTEN, VIEW(SIM_FOLLOWER, 4, 0, 0),
         VIEW(SIM_FOLLOWER, 4, 3, 0),
         AT "write 7 durable\n" AT "follows 3 in term 4\n"},
        {SIM_INPUT_WRITTEN, VIEW(SIM_FOLLOWER, 4, 3, 0),
         VIEW(SIM_FOLLOWER, 4, 3, 0), AT "write 7 durable\n"},
        {SIM_INPUT_WRITTEN, VIEW(SIM_LEADER, 4, 2, 0),
         VIEW(SIM_LEADER, 6, 2, 0),
         AT "write 7 durable\n" AT "becomes leader of term 6\n"},
        {SIM_INPUT_WRITTEN, VIEW(SIM_LEADER, 4, 2, 8),
         VIEW(SIM_LEADER, 4, 2, 11),
         AT "write 7 durable\n" AT "commit 8 -> 11\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_input input = {.kind = cases[i].input};
        if (input.kind == SIM_INPUT_WRITTEN) {
            input.written.write_id = 7;
        }
        expect_story(&input, &cases[i].before, &cases[i].after, NULL, 0,
                     cases[i].story);
    }
}

Test(trace, how_a_life_starts)
{
    static const struct {
        struct sim_view view;
        const char *story;
    } cases[] = {
        {{.role = SIM_FOLLOWER}, AT "starts: term 0, empty log\n"},
        {{.hard_state = {3, 1}}, AT "starts: term 3, vote 1, empty log\n"},
        {{.hard_state = {3, 0}, .last = {2, 17}},
         AT "starts: term 3, log to 17 of term 2\n"},
        {{.hard_state = {3, 0}, .snapshot = {1, 12}, .last = {2, 17}},
         AT "starts: term 3, snapshot up to 12 of term 1, log to 17 of "
            "term 2\n"},
    };
    struct sim_input input = {.kind = SIM_INPUT_START};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_story(&input, &cases[i].view, &cases[i].view, NULL, 0,
                     cases[i].story);
    }
    const struct sim_configuration members = sim_configuration_of(3);
    const struct sim_configuration nobody = {0};
    const struct sim_view view = {.role = SIM_FOLLOWER};
    expect_members_story(&input, &view, &view, &members, NULL, 0,
                         AT "starts: term 0, empty log, members: 1, 2, 3\n");
    expect_members_story(&input, &view, &view, &nobody, NULL, 0,
                         AT "starts: term 0, empty log, members: nobody\n");
}

Test(trace, what_the_node_writes)
{
    static const struct sim_entry entries[] = {
        {.term = 3}, {.term = 3}, {.term = 5}};
    static const struct sim_entry omitted[] = {{.term = 3},
                                               {.term = 3, .omitted = true},
                                               {.term = 3, .omitted = true}};
    static const struct {
        struct sim_write write;
        const char *story;
    } cases[] = {
        {{.id = 1, .has_hard_state = true, .hard_state = {3, 2}},
         AT "writes #1: term 3, vote 2\n"},
        {{.id = 1, .has_hard_state = true, .hard_state = {3, 0}},
         AT "writes #1: term 3, no vote\n"},
        {{.id = 4, .truncate_from = 12}, AT "writes #4: truncates from 12\n"},
        {{.id = 4, .first_index = 8, .entries = entries, .n_entries = 1},
         AT "writes #4: entry 8 of term 3\n"},
        {{.id = 4, .first_index = 8, .entries = entries, .n_entries = 2},
         AT "writes #4: entries 8..9 of term 3\n"},
        {{.id = 4, .first_index = 8, .entries = entries, .n_entries = 3},
         AT "writes #4: entries 8..10 of terms 3..5\n"},
        {{.id = 9,
          .has_hard_state = true,
          .hard_state = {5, 1},
          .truncate_from = 8,
          .first_index = 8,
          .entries = entries,
          .n_entries = 3},
         AT "writes #9: term 5, vote 1; truncates from 8; "
            "entries 8..10 of terms 3..5\n"},
        {{.id = 9,
          .truncate_from = 8,
          .first_index = 8,
          .entries = entries,
          .n_entries = 1},
         AT "writes #9: truncates from 8; entry 8 of term 3\n"},
        {{.id = 4, .first_index = 8, .entries = omitted, .n_entries = 3},
         AT "writes #4: entries 8..10 of term 3, 2 without payload\n"},
        {{.id = 4,
          .has_snapshot = true,
          .snapshot = {.position = {3, 40}, .image = image, .image_size = 120},
          .drop_before = 31},
         AT "writes #4: snapshot up to 40 of term 3 (120 bytes); "
            "drops what is before 31\n"},
        {{.id = 9,
          .has_hard_state = true,
          .hard_state = {5, 1},
          .has_snapshot = true,
          .snapshot = {.position = {3, 40}, .image = image, .image_size = 1},
          .truncate_from = 8,
          .drop_before = 8,
          .first_index = 41,
          .entries = entries,
          .n_entries = 1},
         AT "writes #9: term 5, vote 1; snapshot up to 40 of term 3 (1 byte); "
            "truncates from 8; drops what is before 8; entry 41 of term 3\n"},
    };
    struct sim_view view = VIEW(SIM_FOLLOWER, 5, 1, 0);
    struct sim_input input = {.kind = SIM_INPUT_TIMER};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_output output = {.kind = SIM_OUTPUT_WRITE,
                                    .write = cases[i].write};
        char story[256];
        snprintf(story, sizeof story, AT "timer\n%s", cases[i].story);
        expect_story(&input, &view, &view, &output, 1, story);
    }
}

Test(trace, proposals_and_their_answers)
{
    uint8_t bytes[64];
    struct sim_command command = {
        .op = SIM_COMMAND_SET,
        .client = 3,
        .number = 4,
        .key = (const uint8_t *)"x",
        .value = (const uint8_t *)"1",
        .key_size = 1,
        .value_size = 1,
    };
    struct sim_input input = {.kind = SIM_INPUT_PROPOSAL};
    input.proposal.tag = 77;
    input.proposal.data = bytes;
    input.proposal.size = sim_command_encode(&command, bytes);
    struct sim_view view = VIEW(SIM_FOLLOWER, 5, 1, 0);
    struct sim_output outputs[] = {
        {.kind = SIM_OUTPUT_ACCEPTED, .accepted = {77, {5, 12}}},
        {.kind = SIM_OUTPUT_ACCEPTED, .accepted = {76, {5, 11}}},
        {.kind = SIM_OUTPUT_REJECTED, .rejected = {77, SIM_NOT_LEADER, 1}},
        {.kind = SIM_OUTPUT_REJECTED, .rejected = {76, SIM_NOT_LEADER, 0}},
        {.kind = SIM_OUTPUT_TIMER, .timer = {2000000}},
    };
    expect_story(&input, &view, &view, outputs, 5,
                 AT "proposal: client 3 command 4: sets x = 1\n" AT
                    "takes it as entry 12 of term 5\n" AT
                    "takes an earlier request as entry 11 of term 5\n" AT
                    "refuses it: the leader is 1\n" AT
                    "refuses an earlier request: knows no leader\n");
    input.proposal.session = 12;
    input.proposal.sequence = 9;
    expect_story(&input, &view, &view, NULL, 0,
                 AT "proposal: client 3 command 4: sets x = 1 (session 12, "
                    "number 9)\n");
}

/* In a tag. */
#define CLIENT_6 (UINT64_C(6) << 32)

/* Every request and every answer to it, told of it and of an earlier one. */
Test(trace, requests_and_their_answers)
{
    struct sim_configuration members = sim_configuration_of(3);
    struct sim_view view = VIEW(SIM_LEADER, 5, 2, 0);
    sim_set_add(&members.learners, 4);
    const struct {
        struct sim_input input;
        const char *story;
    } requests[] = {
        {{.kind = SIM_INPUT_SESSION, .session = {CLIENT_6 | 77}},
         AT "is asked for a session by client 6\n"},
        {{.kind = SIM_INPUT_CHANGE, .change = {CLIENT_6 | 77, &members, false}},
         AT "is asked for members 1, 2, 3 and learner 4\n"},
        {{.kind = SIM_INPUT_CHANGE, .change = {CLIENT_6 | 77, &members, true}},
         AT "is asked for members 1, 2, 3 and learner 4; joint\n"},
        {{.kind = SIM_INPUT_TRANSFER, .transfer = {CLIENT_6 | 77, 3}},
         AT "is asked to let 3 lead\n"},
        {{.kind = SIM_INPUT_TRANSFER, .transfer = {CLIENT_6 | 77, SIM_NONE}},
         AT "is asked to let the best suited lead\n"},
        {{.kind = SIM_INPUT_READ, .read = {CLIENT_6 | 77, false}},
         AT "is asked for a read by client 6\n"},
        {{.kind = SIM_INPUT_READ, .read = {CLIENT_6 | 77, true}},
         AT "is asked for a read by lease by client 6\n"},
    };
    static const struct {
        struct sim_output output;
        const char *now, *earlier;
    } answers[] = {
        {{.kind = SIM_OUTPUT_ACCEPTED, .accepted = {CLIENT_6 | 77, {5, 12}}},
         AT "takes it as entry 12 of term 5\n",
         AT "takes an earlier request as entry 12 of term 5\n"},
        {{.kind = SIM_OUTPUT_REJECTED,
          .rejected = {CLIENT_6 | 77, SIM_NOT_LEADER, 3}},
         AT "refuses it: the leader is 3\n",
         AT "refuses an earlier request: the leader is 3\n"},
        {{.kind = SIM_OUTPUT_REJECTED,
          .rejected = {CLIENT_6 | 77, SIM_NOT_LEADER, 0}},
         AT "refuses it: knows no leader\n",
         AT "refuses an earlier request: knows no leader\n"},
        {{.kind = SIM_OUTPUT_REJECTED,
          .rejected = {CLIENT_6 | 77, SIM_LATER, 2}},
         AT "refuses it for now: something else is first\n",
         AT "refuses an earlier request for now: something else is first\n"},
        {{.kind = SIM_OUTPUT_REJECTED,
          .rejected = {CLIENT_6 | 77, SIM_NEVER_SO, 2}},
         AT "refuses it: not possible in this form\n",
         AT "refuses an earlier request: not possible in this form\n"},
        {{.kind = SIM_OUTPUT_REJECTED,
          .rejected = {CLIENT_6 | 77, SIM_READ_LOST, 3}},
         AT "gives up the read: who was to allow it leads no more\n",
         AT "gives up the earlier read of client 6: who was to allow it leads "
            "no more\n"},
        {{.kind = SIM_OUTPUT_READY, .ready = {CLIENT_6 | 77, 17}},
         AT "may answer the read at 17\n",
         AT "may answer the earlier read of client 6 at 17\n"},
    };
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        bool transfer = requests[i].input.kind == SIM_INPUT_TRANSFER;
        for (size_t j = 0; j < sizeof answers / sizeof *answers; j++) {
            char story[512];
            struct sim_output output = answers[j].output;
            snprintf(story, sizeof story, "%s%s", requests[i].story,
                     transfer && j == 0 ? AT "begins the transfer\n"
                                        : answers[j].now);
            expect_story(&requests[i].input, &view, &view, &output, 1, story);
        }
    }
    struct sim_input timer = {.kind = SIM_INPUT_TIMER};
    for (size_t j = 0; j < sizeof answers / sizeof *answers; j++) {
        char story[512];
        snprintf(story, sizeof story, AT "timer\n%s", answers[j].earlier);
        expect_story(&timer, &view, &view, &answers[j].output, 1, story);
    }
}

Test(trace, snapshots_made_and_taken_over)
{
    struct sim_view before = {.commit_index = 40};
    struct sim_view after = {.commit_index = 40, .snapshot = {3, 40}};
    struct sim_input made = {.kind = SIM_INPUT_SNAPSHOT};
    made.snapshot.index = 40;
    made.snapshot.keep_from = 31;
    made.snapshot.image = image;
    made.snapshot.size = sizeof image;
    struct sim_write write = {
        .id = 2,
        .has_snapshot = true,
        .snapshot = {.position = {3, 40}, .image = image, .image_size = 120},
        .drop_before = 31,
    };
    struct sim_output outputs[] = {
        {.kind = SIM_OUTPUT_WRITE, .write = write},
        {.kind = SIM_OUTPUT_RESTORE, .restore = {{3, 40}, image, 120}},
    };
    expect_story(&made, &before, &after, outputs, 1,
                 AT "makes a snapshot up to 40 (120 bytes), keeps entries from "
                    "31\n" AT
                    "writes #2: snapshot up to 40 of term 3 (120 bytes); drops "
                    "what is before 31\n");
    made.snapshot.keep_from = 40;
    expect_story(&made, &before, &before, NULL, 0,
                 AT "makes a snapshot up to 40 (120 bytes), keeps entries from "
                    "40\n");
    made.snapshot.keep_from = 41;
    expect_story(&made, &before, &before, NULL, 0,
                 AT "makes a snapshot up to 40 (120 bytes), keeps no entry of "
                    "it\n");

    static const uint8_t last_part[] = "\x07term 5, last part";
    struct sim_input taken = {.kind = SIM_INPUT_MESSAGE};
    taken.message.from = 1;
    taken.message.bytes = last_part;
    taken.message.size = sizeof last_part - 1;
    expect_story(&taken, &before, &after, outputs, 2,
                 AT "<- 1  install_request: term 5, last part\n" AT
                    "writes #2: the leader's snapshot up to 40 of term 3 (120 "
                    "bytes); drops what is before 31\n" AT
                    "restores the state up to 40 of term 3 (120 bytes)\n");
}

/* Entries that are not as every other get a line of their own. */
Test(trace, what_is_applied)
{
    static const struct sim_entry entries[] = {
        {.kind = SIM_ENTRY_INTERNAL},
        {.kind = SIM_ENTRY_COMMAND, .session = 3, .sequence = 1},
        {.kind = SIM_ENTRY_SESSION, .sequence = 100},
        {.kind = SIM_ENTRY_SESSION, .sequence = 2, .session = 3},
        {.kind = SIM_ENTRY_COMMAND,
         .verdict = SIM_COMMAND_REPEATED,
         .session = 13,
         .sequence = 5},
        {.kind = SIM_ENTRY_COMMAND,
         .verdict = SIM_COMMAND_EXPIRED,
         .session = 3,
         .sequence = 2},
        {.kind = SIM_ENTRY_CONFIGURATION},
    };
    struct sim_input input = {.kind = SIM_INPUT_TIMER};
    struct sim_view view = VIEW(SIM_FOLLOWER, 5, 1, 0);
    struct sim_output output = {.kind = SIM_OUTPUT_APPLY,
                                .apply = {10, entries, 7}};
    expect_story(&input, &view, &view, &output, 1,
                 AT "timer\n" AT "applies 10..16\n" AT "opens session 12\n" AT
                    "opens session 13, closes session 3 for it\n" AT
                    "14 is a repetition: number 5 of session 13 was applied "
                    "before\n" AT "15 is not applied: session 3 is closed\n" AT
                    "the members of entry 16 are committed\n");
}

Test(trace, members_that_come_and_go)
{
    struct sim_configuration members = sim_configuration_of(3);
    struct sim_input input = {.kind = SIM_INPUT_TIMER};
    sim_set_add(&members.learners, 4);
    static const struct {
        uint64_t before, after, truncate_from;
        const char *story;
    } cases[] = {
        {0, 17, 0, "now 1, 2, 3 and learner 4 (entry 17)\n"},
        {12, 17, 0, "now 1, 2, 3 and learner 4 (entry 17)\n"},
        {17, 12, 17, "again 1, 2, 3 and learner 4 (entry 12)\n"},
        {17, 12, 13, "again 1, 2, 3 and learner 4 (entry 12)\n"},
        {17, 0, 9, "again 1, 2, 3 and learner 4 (as at the start)\n"},
        {17, 12, 12, "now 1, 2, 3 and learner 4 (entry 12)\n"}, /* another */
        {17, 18, 18, "now 1, 2, 3 and learner 4 (entry 18)\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_view before = {.configuration = {1, cases[i].before}};
        struct sim_view after = {.configuration = {2, cases[i].after}};
        struct sim_output output = {
            .kind = SIM_OUTPUT_WRITE,
            .write = {.id = 1, .truncate_from = cases[i].truncate_from}};
        size_t n_outputs = cases[i].truncate_from > 0;
        char story[512];
        int used = snprintf(story, sizeof story,
                            AT "timer\n" AT "members by its log are %s",
                            cases[i].story);
        if (n_outputs > 0) {
            snprintf(story + used, sizeof story - (size_t)used,
                     AT "writes #1: truncates from %u\n",
                     (unsigned)cases[i].truncate_from);
        }
        expect_members_story(&input, &before, &after, &members, &output,
                             n_outputs, story);
    }
}

Test(trace, messages_in_and_out_in_order)
{
    static const uint8_t in[] = "\x05term 5, heartbeat";
    static const uint8_t out[] = "\x06term 5, matches";
    static const uint8_t strange[] = "\x7fwho knows";
    struct sim_input input = {.kind = SIM_INPUT_MESSAGE};
    input.message.from = 12;
    input.message.bytes = in;
    input.message.size = sizeof in - 1;
    struct sim_view before = VIEW(SIM_FOLLOWER, 4, 1, 3);
    struct sim_view after = VIEW(SIM_FOLLOWER, 5, 12, 6);
    static const struct sim_entry entries[3];
    struct sim_output outputs[] = {
        {.kind = SIM_OUTPUT_WRITE,
         .write = {.id = 3, .has_hard_state = true, .hard_state = {5, 0}}},
        {.kind = SIM_OUTPUT_SEND, .send = {12, 3, out, sizeof out - 1}},
        {.kind = SIM_OUTPUT_SEND, .send = {1, 0, strange, sizeof strange - 1}},
        {.kind = SIM_OUTPUT_APPLY, .apply = {4, entries, 1}},
        {.kind = SIM_OUTPUT_APPLY, .apply = {5, entries, 2}},
    };
    expect_story(
        &input, &before, &after, outputs, 5,
        AT "<- 12  append_request: term 5, heartbeat\n" AT
           "follows 12 in term 5\n" AT "commit 3 -> 6\n" AT
           "writes #3: term 5, no vote\n" AT
           "-> 12  append_response: term 5, matches (after write 3)\n" AT
           "-> 1  other: who knows\n" AT "applies 4\n" AT "applies 5..6\n");
}

static void step_on(struct sim_trace *trace, uint64_t number)
{
    struct sim_input input = {.kind = SIM_INPUT_TIMER};
    struct sim_view view = VIEW(SIM_LEADER, 1, 101, 0);
    struct sim_outputs outputs = {NULL, 0};
    struct sim_trace_step step = {
        .step = number,
        .time_us = UINT64_C(12345) * 1000000,
        .node = 101,
        .input = &input,
        .outputs = &outputs,
        .before = &view,
        .after = &view,
    };
    sim_trace_step(trace, &step);
}

Test(trace, events_of_the_world)
{
    static struct book book;
    open_book(&book);
    struct sim_trace *trace = sim_trace_new(&plain_type, &book.base, 1);
    sim_trace_event(trace, 1000000, "crash: node %u (%s)", 2u, "leader");
    cr_assert_str_eq(read_book(&book),
                     "[   1.000000] -- crash: node 2 (leader)\n");
    sim_trace_set_cause(trace, "/nemeses", 2);
    sim_trace_event(trace, 1000000, "crash: node %u", 2u);
    cr_assert_str_eq(read_book(&book),
                     "[   1.000000] -- crash: node 2 (/nemeses/2)\n");
    sim_trace_set_cause(trace, NULL, 0);
    sim_trace_event(trace, 1000000, "restart: node %u", 2u);
    cr_assert_str_eq(read_book(&book), "[   1.000000] -- restart: node 2\n");
    static const uint8_t bytes[] = "\x05term 5";
    sim_trace_message(trace, 7, 2, 14, bytes, sizeof bytes - 1, "lost");
    cr_assert_str_eq(read_book(&book),
                     "[   0.000007] -- 2 -> 14  append_request lost: term 5\n");
    step_on(trace, 1);
    cr_assert_str_eq(read_book(&book), "[12345.000000] 101 timer\n");
    sim_trace_free(trace);
}

Test(trace, text_begins_at_its_step_and_with_the_events_before_it)
{
    static struct book book;
    open_book(&book);
    struct sim_trace *trace = sim_trace_new(&plain_type, &book.base, 3);
    static const uint8_t bytes[] = "\x05term 5";
    for (uint64_t step = 1; step <= 4; step++) {
        cr_assert_eq(sim_trace_wants_text(trace), step >= 3);
        sim_trace_event(trace, step, "before %u", (unsigned)step);
        sim_trace_message(trace, step, 1, 2, bytes, sizeof bytes - 1, "held");
        cr_assert_eq(book.records, step < 3 ? 0 : step == 3 ? 2 : 5);
        step_on(trace, step);
        cr_assert_eq(book.records, step < 3 ? 0 : step == 3 ? 3 : 6);
    }
    sim_trace_free(trace);
}

Test(trace, without_a_sink_there_is_no_text)
{
    struct sim_trace *trace = sim_trace_new(&plain_type, NULL, 0);
    cr_assert_not(sim_trace_wants_text(trace));
    sim_trace_event(trace, 0, "nobody hears");
    sim_trace_message(trace, 0, 1, 2, NULL, 0, "lost");
    step_on(trace, 1);
    cr_assert_neq(sim_trace_hash(trace), 0);
    sim_trace_free(trace);
}

Test(trace, a_long_line_is_cut_and_a_long_record_is_parted)
{
    static struct book book;
    static char longest[2000];
    memset(longest, 'x', sizeof longest - 1);
    open_book(&book);
    struct sim_trace *trace = sim_trace_new(&plain_type, &book.base, 0);
    sim_trace_event(trace, 0, "%s and more", longest);
    cr_assert_eq(book.size, 1280);
    cr_assert_eq(book.text[1278], 'x');
    cr_assert_eq(book.text[1279], '\n');
    sim_trace_event(trace, 0, "%.1263s", longest); /* one byte of room left */
    cr_assert_eq(book.size, 1280 + 1280);
    open_book(&book);

    static uint8_t bytes[140];
    memset(bytes, 'm', sizeof bytes);
    static struct sim_output items[300];
    for (size_t i = 0; i < 300; i++) {
        items[i] = (struct sim_output){.kind = SIM_OUTPUT_SEND,
                                       .send = {1, 0, bytes, sizeof bytes}};
    }
    struct sim_input input = {.kind = SIM_INPUT_TIMER};
    struct sim_outputs outputs = {items, 300};
    struct sim_view view = VIEW(SIM_LEADER, 1, 2, 0);
    struct sim_trace_step step = {1,        0,     2,     &input,
                                  &outputs, &view, &view, NULL};
    sim_trace_step(trace, &step);
    cr_assert_gt(book.records, 1);
    size_t lines = 0;
    for (size_t i = 0; i < book.size; i++) {
        lines += book.text[i] == '\n';
    }
    cr_assert_eq(lines, 301);
    sim_trace_free(trace);
}

Test(trace, names)
{
    static const char *const kinds[] = {
        "other",           "pre_vote_request", "pre_vote_response",
        "vote_request",    "vote_response",    "append_request",
        "append_response", "install_request",  "install_response",
        "timeout_now",     "read_request",     "read_response"};
    cr_assert_eq(sizeof kinds / sizeof *kinds, SIM_MESSAGE_KIND_COUNT);
    for (int kind = 0; kind < SIM_MESSAGE_KIND_COUNT; kind++) {
        cr_assert_str_eq(sim_message_kind_name((enum sim_message_kind)kind),
                         kinds[kind]);
    }
    cr_assert_str_eq(sim_role_name(SIM_FOLLOWER), "follower");
    cr_assert_str_eq(sim_role_name(SIM_PRE_CANDIDATE), "pre-candidate");
    cr_assert_str_eq(sim_role_name(SIM_CANDIDATE), "candidate");
    cr_assert_str_eq(sim_role_name(SIM_LEADER), "leader");
}
