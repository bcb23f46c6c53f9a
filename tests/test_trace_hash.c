/* The record of a run: its hash. */
#include "sim/trace.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static void classify(const uint8_t *bytes, size_t size,
                     struct sim_message *message)
{
    (void)bytes;
    (void)size;
    *message = (struct sim_message){.kind = SIM_MESSAGE_OTHER};
}

static void describe(const uint8_t *bytes, size_t size, char *text)
{
    (void)bytes;
    snprintf(text, SIM_DESCRIPTION_SIZE, "%zu bytes", size);
}

static const struct sim_node_type plain_type = {
    .shows = SIM_SHOWS_ALL,
    .name = "plain",
    .classify = classify,
    .describe = describe,
};

static void count_record(struct sim_trace_sink *self, const char *text,
                         size_t size)
{
    (void)self;
    cr_assert_eq(text[size - 1], '\n');
}

/* --- the hash of a step -------------------------------------------------- */

/* A step that has one of everything. */
struct scene {
    struct sim_trace_step step;
    struct sim_input input;
    struct sim_outputs outputs;
    struct sim_output items[8];
    struct sim_entry entries[4];
    struct sim_entry applied[2];
    struct sim_view before, after;
    struct sim_configuration members;
    uint8_t in[9], out[3], payload[5], meta[7], image[11], restored[11];
};

static void set_scene(struct scene *scene)
{
    *scene = (struct scene){
        .step = {.step = 5, .time_us = 6, .node = 7},
        .input = {.kind = SIM_INPUT_MESSAGE, .now_us = 8},
        .entries = {{.term = 2, .kind = SIM_ENTRY_COMMAND},
                    {.term = 3, .kind = SIM_ENTRY_INTERNAL}},
        .applied = {{.term = 1, .kind = SIM_ENTRY_COMMAND}},
        .after = {SIM_LEADER, {4, 1}, 2, {3, 9}, 5, 6, {2, 4}, {3, 7}},
        .in = {1, 2, 3, 4, 5, 6, 7, 8, 9},
        .out = {11, 12, 13},
        .payload = {21, 22, 23, 24, 25},
        .meta = {31, 32, 33, 34, 35, 36, 37},
        .restored = {61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71},
        .image = {41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51},
    };
    scene->input.message.from = 9;
    scene->input.message.bytes = scene->in;
    scene->input.message.size = sizeof scene->in;
    scene->entries[0].data = scene->payload;
    scene->entries[0].size = 5;
    scene->applied[0].data = scene->payload;
    scene->applied[0].size = 2;
    struct sim_write write = {
        .id = 1,
        .has_hard_state = true,
        .hard_state = {4, 1},
        .has_snapshot = true,
        .snapshot = {{2, 4}, scene->meta, 7, scene->image, 11},
        .truncate_from = 8,
        .drop_before = 3,
        .first_index = 8,
        .entries = scene->entries,
        .n_entries = 2};
    struct sim_output items[8] = {
        {.kind = SIM_OUTPUT_WRITE, .write = write},
        {.kind = SIM_OUTPUT_SEND, .send = {3, 1, scene->out, 3}},
        {.kind = SIM_OUTPUT_TIMER, .timer = {99}},
        {.kind = SIM_OUTPUT_ACCEPTED, .accepted = {41, {4, 9}}},
        {.kind = SIM_OUTPUT_REJECTED, .rejected = {42, SIM_NOT_LEADER, 3}},
        {.kind = SIM_OUTPUT_APPLY, .apply = {6, scene->applied, 1}},
        {.kind = SIM_OUTPUT_RESTORE, .restore = {{2, 4}, scene->restored, 11}},
        {.kind = SIM_OUTPUT_READY, .ready = {43, 17}},
    };
    memcpy(scene->items, items, sizeof items);
    scene->outputs = (struct sim_outputs){scene->items, 8};
    scene->step.input = &scene->input;
    scene->step.outputs = &scene->outputs;
    scene->step.before = &scene->before;
    scene->step.after = &scene->after;
}

/* Where the scene can change by one bit, and how wide the number there is. */
struct field {
    size_t offset, size;
};

#define FIELD(name)                                                            \
    {                                                                          \
        offsetof(struct scene, name), sizeof((struct scene *)0)->name          \
    }

/* With a message as input. */
static const struct field fields[] = {
    FIELD(step.step),
    FIELD(step.time_us),
    FIELD(step.node),
    FIELD(input.now_us),
    FIELD(input.message.from),
    FIELD(input.message.size),
    FIELD(in[0]),
    FIELD(in[7]),
    FIELD(in[8]),
    FIELD(outputs.count),
    FIELD(items[0].write.id),
    FIELD(items[0].write.has_hard_state),
    FIELD(items[0].write.hard_state.term),
    FIELD(items[0].write.hard_state.vote),
    FIELD(items[0].write.has_snapshot),
    FIELD(items[0].write.snapshot.position.term),
    FIELD(items[0].write.snapshot.position.index),
    FIELD(items[0].write.snapshot.meta_size),
    FIELD(items[0].write.snapshot.image_size),
    FIELD(meta[6]),
    FIELD(image[10]),
    FIELD(items[0].write.truncate_from),
    FIELD(items[0].write.drop_before),
    FIELD(items[0].write.first_index),
    FIELD(items[0].write.n_entries),
    FIELD(entries[0].term),
    FIELD(entries[0].size),
    FIELD(entries[0].kind),
    FIELD(entries[0].omitted),
    FIELD(entries[0].verdict),
    FIELD(entries[0].session),
    FIELD(entries[0].sequence),
    FIELD(entries[1].term),
    FIELD(entries[1].kind),
    FIELD(payload[3]),
    FIELD(items[1].send.to),
    FIELD(items[1].send.after_write),
    FIELD(items[1].send.size),
    FIELD(out[2]),
    FIELD(items[2].timer.deadline_us),
    FIELD(items[3].accepted.tag),
    FIELD(items[3].accepted.position.term),
    FIELD(items[3].accepted.position.index),
    FIELD(items[4].rejected.tag),
    FIELD(items[4].rejected.reason),
    FIELD(items[4].rejected.leader),
    FIELD(items[5].apply.first_index),
    FIELD(items[5].apply.n_entries),
    FIELD(applied[0].size),
    FIELD(applied[0].verdict),
    FIELD(applied[0].session),
    FIELD(applied[0].sequence),
    FIELD(items[6].restore.position.term),
    FIELD(items[6].restore.position.index),
    FIELD(items[6].restore.size),
    FIELD(restored[10]),
    FIELD(items[7].ready.tag),
    FIELD(items[7].ready.index),
    FIELD(after.role),
    FIELD(after.hard_state.term),
    FIELD(after.hard_state.vote),
    FIELD(after.leader),
    FIELD(after.last.term),
    FIELD(after.last.index),
    FIELD(after.commit_index),
    FIELD(after.last_applied),
    FIELD(after.snapshot.term),
    FIELD(after.snapshot.index),
    FIELD(after.configuration.term),
    FIELD(after.configuration.index),
};

#define N_FIELDS (sizeof fields / sizeof *fields)

/* Flips the lowest bit of the number. */
static void change(struct scene *scene, const struct field *field)
{
    unsigned char *place = (unsigned char *)scene + field->offset;
    uint64_t wide;
    uint32_t narrow;
    if (field->size == sizeof wide) {
        memcpy(&wide, place, sizeof wide);
        wide ^= 1;
        memcpy(place, &wide, sizeof wide);
    } else if (field->size == sizeof narrow) {
        memcpy(&narrow, place, sizeof narrow);
        narrow ^= 1;
        memcpy(place, &narrow, sizeof narrow);
    } else {
        cr_assert_eq(field->size, 1);
        *place ^= 1;
    }
}

/* The other inputs, with what each has of its own; a size of 0 ends a list. */
static const struct {
    enum sim_input_kind kind;
    struct field fields[9];
} inputs[] = {
    {SIM_INPUT_START, {{0, 0}}},
    {SIM_INPUT_TIMER, {{0, 0}}},
    {SIM_INPUT_WRITTEN, {FIELD(input.written.write_id)}},
    {SIM_INPUT_FAILED, {FIELD(input.failed.write_id)}},
    {SIM_INPUT_PROPOSAL,
     {FIELD(input.proposal.tag), FIELD(input.proposal.session),
      FIELD(input.proposal.sequence), FIELD(input.proposal.size),
      FIELD(in[8])}},
    {SIM_INPUT_SESSION, {FIELD(input.session.tag)}},
    {SIM_INPUT_CHANGE,
     {FIELD(input.change.tag), FIELD(members.voters.words[0]),
      FIELD(members.voters.words[1]), FIELD(members.old_voters.words[0]),
      FIELD(members.learners.words[0]), FIELD(members.witnesses.words[1]),
      FIELD(members.priorities[127]), FIELD(input.change.joint)}},
    {SIM_INPUT_TRANSFER, {FIELD(input.transfer.tag), FIELD(input.transfer.to)}},
    {SIM_INPUT_READ, {FIELD(input.read.tag), FIELD(input.read.lease)}},
    {SIM_INPUT_SNAPSHOT,
     {FIELD(input.snapshot.index), FIELD(input.snapshot.keep_from),
      FIELD(input.snapshot.size), FIELD(in[8])}},
};

#define N_INPUTS (sizeof inputs / sizeof *inputs)

static void set_input(struct scene *scene, enum sim_input_kind kind)
{
    struct sim_input *input = &scene->input;
    set_scene(scene);
    *input = (struct sim_input){.kind = kind, .now_us = 8};
    if (kind == SIM_INPUT_PROPOSAL) {
        input->proposal.data = scene->in;
        input->proposal.size = sizeof scene->in;
    } else if (kind == SIM_INPUT_CHANGE) {
        input->change.members = &scene->members;
    } else if (kind == SIM_INPUT_SNAPSHOT) {
        input->snapshot.image = scene->in;
        input->snapshot.size = sizeof scene->in;
    }
}

static uint64_t hash_of(const struct scene *scene, struct sim_trace_sink *sink)
{
    struct sim_trace *trace = sim_trace_new(&plain_type, sink, 0);
    sim_trace_step(trace, &scene->step);
    uint64_t hash = sim_trace_hash(trace);
    sim_trace_free(trace);
    return hash;
}

Test(trace_hash, everything_of_a_step_is_in_the_hash)
{
    static struct scene scene;
    uint64_t hashes[N_FIELDS + 9 * N_INPUTS + 2];
    uint32_t count = 0;
    set_scene(&scene);
    hashes[count++] = hash_of(&scene, NULL);
    struct sim_output first = scene.items[0];
    scene.items[0] = scene.items[1];
    scene.items[1] = first;
    hashes[count++] = hash_of(&scene, NULL);
    for (uint32_t i = 0; i < N_FIELDS; i++) {
        set_scene(&scene);
        change(&scene, &fields[i]);
        hashes[count++] = hash_of(&scene, NULL);
    }
    for (uint32_t i = 0; i < N_INPUTS; i++) {
        set_input(&scene, inputs[i].kind);
        hashes[count++] = hash_of(&scene, NULL);
        for (uint32_t j = 0; inputs[i].fields[j].size > 0; j++) {
            set_input(&scene, inputs[i].kind);
            change(&scene, &inputs[i].fields[j]);
            hashes[count++] = hash_of(&scene, NULL);
        }
    }
    cr_assert_eq(count, 2 + N_FIELDS + N_INPUTS + 24);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            cr_assert_neq(hashes[i], hashes[j], "changes %u and %u", j, i);
        }
    }
}

Test(trace_hash, text_and_the_past_leave_the_hash_as_it_was)
{
    static struct scene scene;
    struct sim_trace_sink sink = {count_record};
    set_scene(&scene);
    uint64_t hash = hash_of(&scene, NULL);
    cr_assert_eq(hash_of(&scene, &sink), hash);
    scene.before.commit_index = 3; /* it was in the step before */
    cr_assert_eq(hash_of(&scene, NULL), hash);
    /* Bytes that no field names are not read. */
    set_scene(&scene);
    scene.items[0].write.has_hard_state = false;
    hash = hash_of(&scene, NULL);
    scene.items[0].write.hard_state.term = 1234;
    cr_assert_eq(hash_of(&scene, NULL), hash);
    scene.items[0].write.has_snapshot = false;
    hash = hash_of(&scene, NULL);
    scene.items[0].write.snapshot.position.index = 1234;
    cr_assert_eq(hash_of(&scene, NULL), hash);
    scene.items[0].write.n_entries = 0;
    hash = hash_of(&scene, NULL);
    scene.items[0].write.first_index = 1234;
    cr_assert_eq(hash_of(&scene, NULL), hash);
    scene.step.members = &scene.members; /* they are for the story */
    cr_assert_eq(hash_of(&scene, NULL), hash);
}

static void step_on(struct sim_trace *trace, uint64_t number)
{
    struct sim_input input = {.kind = SIM_INPUT_TIMER};
    struct sim_view view = {.role = SIM_LEADER};
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

Test(trace_hash, the_order_of_steps_is_in_the_hash)
{
    struct sim_trace *trace = sim_trace_new(&plain_type, NULL, 0);
    cr_assert_eq(sim_trace_hash(trace), 0);
    uint64_t last = 0;
    for (uint64_t step = 1; step < 100; step++) {
        step_on(trace, step);
        cr_assert_neq(sim_trace_hash(trace), last);
        last = sim_trace_hash(trace);
    }
    sim_trace_free(trace);
}

/* Part of the identity of every run: the same on every machine. */
Test(trace_hash, the_hash_is_the_same_everywhere)
{
    static struct scene scene;
    set_scene(&scene);
    cr_assert_eq(hash_of(&scene, NULL), UINT64_C(0x576f1983c9f44c29));
    set_input(&scene, SIM_INPUT_CHANGE);
    sim_set_add(&scene.members.voters, 3);
    cr_assert_eq(hash_of(&scene, NULL), UINT64_C(0xcef4a6c19559dfd2));
}

/* --- words and bytes ----------------------------------------------------- */

static uint64_t hash_bytes(uint64_t start, const char *bytes, size_t size)
{
    struct sim_hash hash = {0};
    if (start != 0) {
        sim_hash_word(&hash, start);
    }
    sim_hash_bytes(&hash, (const uint8_t *)bytes, size);
    return sim_hash_value(&hash);
}

Test(trace_hash, hash_of_bytes)
{
    cr_assert_eq(hash_bytes(0, NULL, 0), UINT64_C(0xe8bc15092a6ed3b9));
    cr_assert_eq(hash_bytes(0, "12345678", 8), UINT64_C(0x3257100c0a91a4c));
    cr_assert_eq(hash_bytes(UINT64_MAX, "123456789", 9),
                 UINT64_C(0x20188c5ae1121921));
    /* Zeros at the end, and no byte beyond it, count. */
    uint64_t hashes[40];
    static const char zeros[40] = {0};
    for (size_t n = 0; n < 40; n++) {
        hashes[n] = hash_bytes(0, zeros, n);
        for (size_t i = 0; i < n; i++) {
            cr_assert_neq(hashes[n], hashes[i]);
        }
        char bytes[41];
        memset(bytes, 0, sizeof bytes);
        bytes[n] = 1;
        cr_assert_eq(hash_bytes(0, bytes, n), hashes[n]);
    }
}

/* A flipped bit of the input flips about half of the hash's. */
Test(trace_hash, every_bit_reaches_every_bit)
{
    uint32_t flips[64] = {0};
    for (uint32_t bit = 0; bit < 512; bit++) {
        char bytes[64];
        memset(bytes, 0x5a, sizeof bytes);
        uint64_t before = hash_bytes(0, bytes, sizeof bytes);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        uint64_t changed = before ^ hash_bytes(0, bytes, sizeof bytes);
        uint32_t count = 0;
        for (uint32_t i = 0; i < 64; i++) {
            count += (uint32_t)(changed >> i & 1);
            flips[i] += (uint32_t)(changed >> i & 1);
        }
        cr_assert(count > 10 && count < 54, "bit %u flips %u", bit, count);
    }
    for (uint32_t i = 0; i < 64; i++) {
        cr_assert(flips[i] > 190 && flips[i] < 322, "bit %u: %u of 512", i,
                  flips[i]);
    }
}
