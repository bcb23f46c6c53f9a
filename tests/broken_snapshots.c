/* Defects of snapshots. */
#include <string.h>

#include "raft/bytes.h"
#include "sim/raft_node_words.h"
#include "tests/broken_internal.h"

static struct sim_snapshot *written(struct broken_node *self)
{
    struct sim_output *output = broken__output(self, SIM_OUTPUT_WRITE);
    return output != NULL && output->write.has_snapshot
               ? &output->write.snapshot
               : NULL;
}

/* --- of committed entries, and forward ------------------------------------ */

static void write_the_whole_log(struct broken_node *self,
                                const struct sim_input *input)
{
    (void)input;
    struct sim_snapshot *snapshot = written(self);
    if (snapshot != NULL) {
        snapshot->position = self->after.last;
    }
}

BROKEN_TYPE(snapshots_its_whole_log, .outputs = write_the_whole_log);

static void write_the_one_before_last(struct broken_node *self,
                                      const struct sim_input *input)
{
    (void)input;
    struct sim_snapshot *snapshot = written(self);
    if (snapshot == NULL) {
        return;
    }
    struct sim_position place = snapshot->position;
    if (self->older_place.index > 0) {
        snapshot->position = self->older_place;
        broken__output(self, SIM_OUTPUT_WRITE)->write.drop_before = 0;
    }
    self->older_place = self->place;
    self->place = place;
}

BROKEN_TYPE(snapshot_is_overtaken, .outputs = write_the_one_before_last);

/* --- the state of the log ------------------------------------------------- */

/* A part of it that may have any value: see sim/kv_image.c. */
#define IMAGE_BYTE 8u

static const uint8_t *another_image(struct broken_node *self,
                                    const uint8_t *image, size_t size)
{
    if (size <= IMAGE_BYTE) {
        return image;
    }
    uint8_t *bytes = broken__bytes(self, image, size, 0);
    bytes[IMAGE_BYTE] ^= 1;
    return bytes;
}

static bool take_another_image(struct broken_node *self,
                               struct sim_input *input)
{
    if (input->kind == SIM_INPUT_SNAPSHOT) {
        input->snapshot.image =
            another_image(self, input->snapshot.image, input->snapshot.size);
    }
    return true;
}

BROKEN_TYPE(keeps_another_image, .input = take_another_image);

static void restore_another_image(struct broken_node *self,
                                  const struct sim_input *input)
{
    (void)input;
    struct sim_output *restore = broken__output(self, SIM_OUTPUT_RESTORE);
    if (restore != NULL) {
        restore->restore.image =
            another_image(self, restore->restore.image, restore->restore.size);
    }
}

BROKEN_TYPE(restores_another_image, .outputs = restore_another_image);

/* The first image that it was given, for ever. */
static bool take_the_first_image(struct broken_node *self,
                                 struct sim_input *input)
{
    if (input->kind != SIM_INPUT_SNAPSHOT || input->snapshot.size == 0) {
        return true;
    }
    if (!self->holds_on) {
        self->image_size = input->snapshot.size;
        broken__bytes(self, input->snapshot.image, self->image_size, 0);
        self->holds_on = true;
    }
    input->snapshot.image = self->bytes;
    input->snapshot.size = self->image_size;
    return true;
}

BROKEN_TYPE(keeps_the_first_image, .input = take_the_first_image);

/* --- the members of the log ----------------------------------------------- */

static void leave_the_members_out(struct broken_node *self,
                                  const struct sim_input *input)
{
    (void)input;
    struct sim_snapshot *snapshot = written(self);
    if (snapshot != NULL) {
        snapshot->meta = NULL;
        snapshot->meta_size = 0;
    }
}

BROKEN_TYPE(snapshots_no_members, .outputs = leave_the_members_out);

/* In its meta the members stand between a head, which ends with their number,
 * and the sessions: see raft/snapshot.c. */
static void write_the_latest_members(struct broken_node *self,
                                     const struct sim_input *input)
{
    (void)input;
    struct sim_snapshot *snapshot = written(self);
    if (snapshot == NULL) {
        return;
    }
    struct raft_member latest[RAFT_MAX_MEMBERS];
    struct sim_configuration members;
    sim_raft_node_type.members(self->inner, &members);
    size_t size = raft_node__list(&members, latest) * RAFT_MEMBER_SIZE;
    uint64_t n_before = raft__get64(snapshot->meta + 32);
    size_t sessions_at = 40 + (size_t)n_before * RAFT_MEMBER_SIZE;
    size_t sessions_size = snapshot->meta_size - sessions_at;
    uint8_t *meta =
        broken__bytes(self, snapshot->meta, 40, size + sessions_size);
    raft__put64(meta + 32, size / RAFT_MEMBER_SIZE);
    raft_configuration_encode(latest, (uint32_t)(size / RAFT_MEMBER_SIZE),
                              meta + 40);
    memcpy(meta + 40 + size, snapshot->meta + sessions_at, sessions_size);
    snapshot->meta = meta;
    snapshot->meta_size = 40 + size + sessions_size;
}

BROKEN_TYPE(snapshots_the_latest_members, .outputs = write_the_latest_members);
