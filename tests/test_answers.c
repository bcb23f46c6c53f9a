/* sim/answers.h: what a step of an adapter answers, put together. */
#include "sim/answers.h"

#include <criterion/criterion.h>

static struct sim_answers answers;
static struct sim_outputs outputs;

static void begin_life(uint64_t first, uint64_t n, bool waits)
{
    static struct sim_entry entries[8];
    struct sim_image image = {
        .first_index = first, .entries = entries, .n_entries = n};
    answers = (struct sim_answers){.waits = false};
    sim_answers_init(&answers, &image, waits);
    sim_answers_begin(&answers);
}

static void end_step(void)
{
    sim_answers_end(&answers, &outputs);
}

static void append(uint64_t term, const char *data)
{
    struct sim_entry entry = {.term = term,
                              .data = (const uint8_t *)data,
                              .size = (uint32_t)strlen(data),
                              .kind = SIM_ENTRY_COMMAND};
    sim_answers_append(&answers, &entry);
}

static void apply(const char *data)
{
    struct sim_entry entry = {.data = (const uint8_t *)data,
                              .size = (uint32_t)strlen(data)};
    sim_answers_apply(&answers, &entry);
}

static const struct sim_write *write_of(void)
{
    cr_assert_gt(outputs.count, 0);
    cr_assert_eq(outputs.items[0].kind, SIM_OUTPUT_WRITE);
    return &outputs.items[0].write;
}

Test(answers, copies_what_it_is_given)
{
    char data[] = "abc";
    begin_life(1, 0, false);
    append(1, data);
    sim_answers_send(&answers, 2, (const uint8_t *)data, 3);
    memset(data, 'x', 3);
    end_step();
    cr_assert_eq(outputs.count, 2);
    cr_expect_eq(memcmp(write_of()->entries[0].data, "abc", 3), 0);
    cr_expect_eq(memcmp(outputs.items[1].send.bytes, "abc", 3), 0);
    sim_answers_free(&answers);
}

/* Whatever order it was asked for in, and as one. */
Test(answers, puts_the_write_first)
{
    begin_life(1, 0, false);
    sim_answers_timer(&answers, 7);
    sim_answers_send(&answers, 2, NULL, 0);
    sim_answers_hard_state(&answers, 3, 1);
    append(3, "a");
    append(3, "b");
    end_step();
    const struct sim_write *write = write_of();
    cr_expect_eq(write->id, 1);
    cr_expect_eq(write->hard_state.term, 3);
    cr_expect_eq(write->first_index, 1);
    cr_expect_eq(write->n_entries, 2);
    cr_expect_eq(outputs.items[1].kind, SIM_OUTPUT_TIMER);
    cr_expect_eq(outputs.items[2].kind, SIM_OUTPUT_SEND);
    cr_expect_eq(outputs.items[2].send.after_write, 0);
    sim_answers_begin(&answers);
    end_step();
    cr_expect_eq(outputs.count, 0);
    sim_answers_begin(&answers);
    append(3, "c");
    end_step();
    cr_expect_eq(write_of()->id, 2);
    cr_expect_eq(write_of()->first_index, 3);
    cr_expect_not(write_of()->has_hard_state);
    sim_answers_free(&answers);
}

Test(answers, truncates_what_the_disk_has)
{
    static const struct {
        uint64_t from;    /* the log has 1 to 4 */
        unsigned appends; /* before the truncation */
        uint64_t truncate_from, end;
    } cases[] = {
        {3, 0, 3, 2}, {5, 0, 0, 4}, {6, 2, 0, 5},
        {5, 2, 0, 4}, {3, 2, 3, 2}, {9, 0, 0, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin_life(1, 4, false);
        for (unsigned k = 0; k < cases[i].appends; k++) {
            append(2, "old");
        }
        sim_answers_truncate(&answers, cases[i].from);
        append(3, "new");
        end_step();
        const struct sim_write *write = write_of();
        uint64_t first = cases[i].end + 1;
        cr_expect_eq(write->truncate_from, cases[i].truncate_from, "%zu", i);
        cr_expect_eq(answers.end, first, "%zu", i);
        cr_expect_eq(write->first_index + write->n_entries, first + 1, "%zu",
                     i);
        cr_expect_eq(write->entries[write->n_entries - 1].term, 3, "%zu", i);
        sim_answers_free(&answers);
    }
}

/* Of nothing, it is no write: a library may ask with each heartbeat. */
Test(answers, truncates_nothing)
{
    begin_life(1, 4, true);
    sim_answers_truncate(&answers, 5);
    end_step();
    cr_expect_eq(outputs.count, 0);
    sim_answers_free(&answers);
}

Test(answers, truncates_further)
{
    begin_life(1, 4, false);
    sim_answers_truncate(&answers, 4);
    append(2, "a");
    sim_answers_truncate(&answers, 2);
    sim_answers_truncate(&answers, 3);
    append(2, "b");
    end_step();
    cr_expect_eq(write_of()->truncate_from, 2);
    cr_expect_eq(write_of()->first_index, 2);
    cr_expect_eq(write_of()->n_entries, 1);
    sim_answers_free(&answers);
}

/* A library that waits: nothing leaves, and nothing is applied, before what was
 * written is durable. */
Test(answers, waits_for_the_disk)
{
    begin_life(1, 0, true);
    cr_expect(sim_answers_has_voted(&answers));
    sim_answers_hard_state(&answers, 1, 1);
    append(1, "a");
    apply("a");
    sim_answers_send(&answers, 2, NULL, 0);
    end_step();
    cr_assert_eq(outputs.count, 2);
    cr_expect_eq(outputs.items[1].send.after_write, 1);
    cr_expect_not(sim_answers_has_voted(&answers));

    /* More comes before the first is durable: it does not wait for ever. */
    sim_answers_begin(&answers);
    append(1, "b");
    apply("b");
    end_step();
    cr_expect_eq(outputs.count, 1);

    sim_answers_begin(&answers);
    sim_answers_written(&answers, 1);
    end_step();
    cr_expect(sim_answers_has_voted(&answers));
    cr_assert_eq(outputs.count, 1);
    cr_expect_eq(outputs.items[0].kind, SIM_OUTPUT_APPLY);
    cr_expect_eq(outputs.items[0].apply.first_index, 1);
    cr_expect_eq(outputs.items[0].apply.n_entries, 1);

    sim_answers_begin(&answers);
    sim_answers_written(&answers, 2);
    end_step();
    cr_assert_eq(outputs.count, 1);
    cr_expect_eq(outputs.items[0].apply.first_index, 2);
    cr_expect_eq(outputs.items[0].apply.entries[0].data[0], 'b');
    sim_answers_free(&answers);
}

Test(answers, restores_and_goes_on)
{
    struct sim_position at = {2, 10};
    begin_life(1, 0, false);
    apply("lost");
    sim_answers_restore(&answers, at, (const uint8_t *)"image", 5);
    apply("c");
    end_step();
    cr_assert_eq(outputs.count, 2);
    cr_expect_eq(outputs.items[0].kind, SIM_OUTPUT_RESTORE);
    cr_expect_eq(outputs.items[0].restore.size, 5);
    cr_expect_eq(outputs.items[1].apply.first_index, 11);
    cr_expect_eq(outputs.items[1].apply.n_entries, 1);
    sim_answers_free(&answers);
}

Test(answers, takes_snapshots)
{
    struct sim_snapshot snapshot = {
        .position = {2, 3}, .image = (const uint8_t *)"i", .image_size = 1};
    /* Of its own state: entries before 3 go. */
    begin_life(1, 4, false);
    sim_answers_snapshot(&answers, &snapshot, 3);
    append(2, "e");
    end_step();
    cr_expect_eq(write_of()->drop_before, 3);
    cr_expect_eq(write_of()->truncate_from, 0);
    cr_expect_eq(write_of()->first_index, 5);
    sim_answers_free(&answers);

    /* A leader's, of what it has not: in place of all. */
    snapshot.position.index = 9;
    begin_life(2, 3, false);
    sim_answers_snapshot(&answers, &snapshot, 0);
    append(2, "e");
    end_step();
    cr_expect_eq(write_of()->truncate_from, 2);
    cr_expect_eq(write_of()->first_index, 10);
    sim_answers_free(&answers);

    /* And then another: it is still the whole of what the disk has. */
    begin_life(2, 3, false);
    sim_answers_snapshot(&answers, &snapshot, 0);
    snapshot.position.index = 20;
    sim_answers_snapshot(&answers, &snapshot, 0);
    append(2, "e");
    end_step();
    cr_expect_eq(write_of()->truncate_from, 2);
    cr_expect_eq(write_of()->first_index, 21);
    sim_answers_free(&answers);
}

/* After a crash between a leader's snapshot and the drop of the log. */
Test(answers, drops_a_log_that_is_void)
{
    struct sim_entry entries[] = {{.term = 1}, {.term = 1}};
    struct sim_image image = {.snapshot = {.position = {3, 9}},
                              .first_index = 4,
                              .entries = entries,
                              .n_entries = 2};
    answers = (struct sim_answers){.waits = false};
    sim_answers_init(&answers, &image, false);
    cr_assert(answers.log_is_void);
    sim_answers_begin(&answers);
    append(3, "a");
    end_step();
    cr_expect_eq(write_of()->truncate_from, 4);
    cr_expect_eq(write_of()->first_index, 10);
    cr_expect_not(answers.log_is_void);
    sim_answers_free(&answers);

    /* A log without entries goes on behind its snapshot, too. */
    image.n_entries = 0;
    answers = (struct sim_answers){.waits = false};
    sim_answers_init(&answers, &image, false);
    sim_answers_begin(&answers);
    append(3, "a");
    end_step();
    cr_expect_eq(write_of()->first_index, 10);
    sim_answers_free(&answers);
    image.n_entries = 2;

    image.snapshot.position = (struct sim_position){1, 5};
    cr_expect_not(sim_answers_log_is_void(&image));
    image.snapshot.position = (struct sim_position){2, 5};
    cr_expect(sim_answers_log_is_void(&image));
    image.snapshot.position = (struct sim_position){1, 3};
    cr_expect_not(sim_answers_log_is_void(&image));
}
