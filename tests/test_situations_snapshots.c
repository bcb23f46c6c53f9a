/* Situations of snapshots: each played, and nearly. */
#include "tests/situation_harness.h"

#include <criterion/criterion.h>

/* A chunk of the snapshot to `index` comes from `from` in term `term`; if
 * `whole`, node 2 takes that over. */
static void chunk(struct stage *s, uint32_t from, uint64_t term, uint64_t index,
                  uint64_t offset, bool whole)
{
    struct turn turn =
        turn_hears(s, 2, from, SIM_MESSAGE_INSTALL_REQUEST, term);
    turn.message.place = (struct sim_position){1, index};
    turn.message.offset = offset;
    turn.message.chunk_size = 10;
    turn.after.hard_state.term = term;
    if (whole) {
        turn.tip = SIM_ROOT;
        for (uint64_t i = 0; i < index; i++) {
            turn.tip = stage_entry(s, turn.tip, 1);
        }
        turn_says(&turn, SIM_OUTPUT_WRITE)->write.has_snapshot = true;
        turn.after.commit_index = index;
        turn.after.snapshot = turn.message.place;
    }
    turn_play(s, &turn);
}

static void make(struct stage *s, uint32_t id, bool ignored)
{
    struct turn turn = turn_of(s, id, SIM_INPUT_SNAPSHOT);
    if (!ignored) {
        struct sim_write *write = &turn_says(&turn, SIM_OUTPUT_WRITE)->write;
        write->has_snapshot = true;
        write->drop_before = 1;
    }
    turn_play(s, &turn);
}

static void snapshot_made(struct stage *s, bool nearly)
{
    make(s, 1, nearly);
}

static void snapshot_installed(struct stage *s, bool nearly)
{
    chunk(s, 1, 1, 5, 0, !nearly);
}

static void snapshot_installed_in_chunks(struct stage *s, bool nearly)
{
    chunk(s, 1, 1, 5, nearly ? 0 : 10, true);
}

static void snapshot_installed_after_crash(struct stage *s, bool nearly)
{
    if (!nearly) {
        chunk(s, 1, 1, 5, 0, false);
    }
    stage_crash(s, 2);
    stage_boot(s, 2);
    chunk(s, 1, 1, 5, 0, true);
}

/* Nearly: the next leader begins anew. */
static void snapshot_continued_by_next_leader(struct stage *s, bool nearly)
{
    chunk(s, 1, 1, 5, 0, false);
    chunk(s, 3, 2, 5, nearly ? 0 : 10, false);
}

static void snapshot_superseded(struct stage *s, bool nearly)
{
    chunk(s, 1, 1, 5, 0, false);
    chunk(s, 1, 1, nearly ? 5 : 8, 0, false);
}

static void snapshot_not_needed(struct stage *s, bool nearly)
{
    s->nodes[2].view.commit_index = 5;
    chunk(s, 1, 1, nearly ? 6 : 5, 0, false);
}

static void snapshot_twice_in_a_row(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 3, 1);
    chunk(s, 1, 1, 5, 0, true);
    if (nearly) {
        stage_append(s, 2, 1, 6, stage_entry(s, s->nodes[2].tip, 1));
    }
    chunk(s, 1, 1, 8, 0, true);
}

/* Nearly: the follower has it. */
static void log_compacted_while_sending(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    stage_send(s, 1, 2, SIM_MESSAGE_INSTALL_REQUEST);
    if (nearly) {
        struct turn turn = turn_hears(s, 1, 2, SIM_MESSAGE_INSTALL_RESPONSE, 1);
        turn.message.granted = true;
        turn_play(s, &turn);
    }
    make(s, 1, false);
}

static void restart_from_snapshot(struct stage *s, bool nearly)
{
    struct turn turn = turn_of(s, 1, SIM_INPUT_START);
    turn_says(&turn, SIM_OUTPUT_RESTORE)->restore.position =
        (struct sim_position){nearly ? 0 : 1, nearly ? 0 : 5};
    turn_play(s, &turn);
}

static void snapshot_lost_in_crash(struct stage *s, bool nearly)
{
    chunk(s, 1, 1, 5, 0, true);
    stage_crash(s, 2);
    if (!nearly) {
        s->nodes[2].view.snapshot = (struct sim_position){0, 0};
    }
    stage_boot(s, 2);
}

Test(situations_snapshots, are_told_from_what_nearly_happened)
{
    static const struct stage_case cases[] = {
        {SIM_SNAPSHOT_MADE, snapshot_made, 3, 3, 0, 0, false},
        {SIM_SNAPSHOT_INSTALLED, snapshot_installed, 3, 3, 0, 0, false},
        {SIM_SNAPSHOT_INSTALLED_IN_CHUNKS, snapshot_installed_in_chunks, 3, 3,
         0, 0, false},
        {SIM_SNAPSHOT_INSTALLED_AFTER_CRASH, snapshot_installed_after_crash, 3,
         3, 0, 0, false},
        {SIM_SNAPSHOT_CONTINUED_BY_NEXT_LEADER,
         snapshot_continued_by_next_leader, 3, 3, 0, 0, false},
        {SIM_SNAPSHOT_SUPERSEDED, snapshot_superseded, 3, 3, 0, 0, false},
        {SIM_SNAPSHOT_NOT_NEEDED, snapshot_not_needed, 3, 3, 0, 0, false},
        {SIM_SNAPSHOT_TWICE_IN_A_ROW, snapshot_twice_in_a_row, 3, 3, 0, 0,
         false},
        {SIM_LOG_COMPACTED_WHILE_SENDING, log_compacted_while_sending, 3, 3, 0,
         0, false},
        {SIM_RESTART_FROM_SNAPSHOT, restart_from_snapshot, 3, 3, 0, 0, false},
        {SIM_SNAPSHOT_LOST_IN_CRASH, snapshot_lost_in_crash, 3, 3, 0, 0, false},
    };
    stage_play_all(cases, sizeof(cases) / sizeof(cases[0]), SIM_SNAPSHOT_MADE,
                   SIM_JOINT_ENTERED);
}

/* --- at the edges --------------------------------------------------------- */

/* Nearly: the follower gets entries again, so that it has the snapshot. */
static void compacted_while_nothing_else(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    stage_send(s, 1, 2, SIM_MESSAGE_INSTALL_REQUEST);
    if (nearly) {
        stage_send_entries(s, 1, 2, 5, 1);
    }
    make(s, 1, false);
}

/* Nearly: the log is kept. */
static void compacted_and_dropped(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    stage_send(s, 1, 2, SIM_MESSAGE_INSTALL_REQUEST);
    struct turn turn = turn_of(s, 1, SIM_INPUT_SNAPSHOT);
    struct sim_write *write = &turn_says(&turn, SIM_OUTPUT_WRITE)->write;
    write->has_snapshot = true;
    write->drop_before = nearly ? 0 : 3;
    turn_play(s, &turn);
}

/* Nearly: entries have made it superfluous before. */
static void superseded_in_time(struct stage *s, bool nearly)
{
    chunk(s, 1, 1, 5, 0, false);
    s->nodes[2].view.commit_index = nearly ? 5 : 4;
    chunk(s, 1, 1, 8, 0, false);
}

/* Nearly: none of it ever came. */
static void superseded_after_a_chunk(struct stage *s, bool nearly)
{
    if (!nearly) {
        chunk(s, 1, 1, 5, 0, false);
    }
    chunk(s, 1, 1, 8, 0, false);
}

/* Nearly: it was whole before. */
static void superseded_before_whole(struct stage *s, bool nearly)
{
    chunk(s, 1, 1, 5, 0, nearly);
    s->nodes[2].view.commit_index = 0;
    chunk(s, 1, 1, 8, 0, false);
}

/* Nearly: it only asks how far it is. */
static void continued_with_bytes(struct stage *s, bool nearly)
{
    chunk(s, 1, 1, 5, 0, false);
    struct turn turn = turn_hears(s, 2, 3, SIM_MESSAGE_INSTALL_REQUEST, 2);
    turn.message.place = (struct sim_position){1, 5};
    turn.message.offset = 10;
    turn.message.chunk_size = nearly ? 0 : 10;
    turn.after.hard_state.term = 2;
    turn_play(s, &turn);
}

/* Nearly: of another snapshot. */
static void continued_the_same(struct stage *s, bool nearly)
{
    chunk(s, 1, 1, 5, 0, false);
    chunk(s, 3, 2, nearly ? 6 : 5, 10, false);
}

/* It counts once; nearly: it was whole before the crash. */
static void crash_in_between(struct stage *s, bool nearly)
{
    chunk(s, 1, 1, 5, 0, false);
    if (nearly) {
        chunk(s, 1, 1, 5, 10, true);
        s->nodes[2].view.commit_index = 0;
    }
    stage_crash(s, 2);
    stage_boot(s, 2);
    chunk(s, 1, 1, 5, 0, true);
    chunk(s, 1, 1, 8, 0, true);
}

Test(situations_snapshots, are_told_at_the_edges)
{
    static const struct stage_case cases[] = {
        {SIM_LOG_COMPACTED_WHILE_SENDING, compacted_while_nothing_else, 3, 3, 0,
         0, false},
        {SIM_LOG_COMPACTED_WHILE_SENDING, compacted_and_dropped, 3, 3, 0, 0,
         false},
        {SIM_SNAPSHOT_SUPERSEDED, superseded_in_time, 3, 3, 0, 0, false},
        {SIM_SNAPSHOT_SUPERSEDED, superseded_after_a_chunk, 3, 3, 0, 0, false},
        {SIM_SNAPSHOT_SUPERSEDED, superseded_before_whole, 3, 3, 0, 0, false},
        {SIM_SNAPSHOT_CONTINUED_BY_NEXT_LEADER, continued_with_bytes, 3, 3, 0,
         0, false},
        {SIM_SNAPSHOT_CONTINUED_BY_NEXT_LEADER, continued_the_same, 3, 3, 0, 0,
         false},
        {SIM_SNAPSHOT_INSTALLED_AFTER_CRASH, crash_in_between, 3, 3, 0, 0,
         false},
    };
    stage_play(cases, sizeof(cases) / sizeof(cases[0]));
}
