#include "tests/pool_harness.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

uint32_t recorder_submit(struct pool_recorder *recorder, const char *script,
                         const struct pool_limits *limits)
{
    static const struct pool_limits none = {0};
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    return pool_submit(recorder->pool, argv, limits != NULL ? limits : &none);
}

static void note(struct pool_recorder *recorder, const char *text)
{
    size_t room = POOL_TEST_TRANSCRIPT - recorder->size;
    int size =
        snprintf(recorder->transcript + recorder->size, room, "%s", text);
    cr_assert_lt((size_t)size, room);
    recorder->size += (size_t)size;
}

static void take_line(struct pool_client *self, uint32_t job, const char *line,
                      size_t size)
{
    struct pool_recorder *recorder = (struct pool_recorder *)self;
    char text[64];
    cr_expect_eq(line[size], '\0');
    if (!recorder->silent) {
        snprintf(text, sizeof text, "%u:%.40s\n", (unsigned)job, line);
        note(recorder, text);
    }
    recorder->lines++;
    recorder->longest = size > recorder->longest ? size : recorder->longest;
    if (recorder->lines == recorder->stop_after) {
        pool_stop(recorder->pool, recorder->stop);
    }
}

static void take_end(struct pool_client *self, uint32_t job,
                     const struct pool_end *end)
{
    struct pool_recorder *recorder = (struct pool_recorder *)self;
    char text[32];
    cr_assert_lt(job, POOL_TEST_JOBS);
    cr_assert_not(recorder->ended[job], "job %u ended twice", (unsigned)job);
    recorder->ended[job] = true;
    recorder->ends[job] = *end;
    snprintf(recorder->complaint, sizeof recorder->complaint, "%s",
             end->complaint);
    snprintf(text, sizeof text, "%u.\n", (unsigned)job);
    note(recorder, text);
    if (recorder->more != NULL) {
        recorder_submit(recorder, recorder->more, NULL);
        recorder->more = NULL;
    }
}

void recorder_begin(struct pool_recorder *recorder, uint32_t workers,
                    bool ordered, bool (*is_interrupted)(void))
{
    struct pool_options options = {workers, ordered, is_interrupted};
    *recorder =
        (struct pool_recorder){.client = {.line = take_line, .end = take_end}};
    recorder->pool = pool_new(&options, &recorder->client);
}
