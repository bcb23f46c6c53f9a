#undef NDEBUG
#include "sim/archive.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

struct slot {
    uint32_t holders; /* 0: nothing is in it */
    sim_tip tip;
    sim_snapshot_number next_free; /* while nothing is in it */
    struct sim_snapshot snapshot;
    uint8_t *bytes; /* the meta, then the image */
};

struct sim_archive {
    struct slot *slots; /* by number; [SIM_NO_SNAPSHOT] stays empty */
    size_t n_slots;
    size_t capacity;
    sim_snapshot_number free; /* the number to be given next, or none */
    uint32_t count;
};

struct sim_archive *sim_archive_new(void)
{
    struct sim_archive *archive = sim_calloc(1, sizeof *archive);
    archive->slots =
        sim_grow(NULL, &archive->capacity, 1, sizeof *archive->slots);
    archive->slots[SIM_NO_SNAPSHOT] = (struct slot){.tip = SIM_ROOT};
    archive->n_slots = 1;
    return archive;
}

void sim_archive_free(struct sim_archive *archive)
{
    if (archive == NULL) {
        return;
    }
    for (size_t i = 0; i < archive->n_slots; i++) {
        free(archive->slots[i].bytes);
    }
    free(archive->slots);
    free(archive);
}

static sim_snapshot_number take_number(struct sim_archive *archive)
{
    if (archive->free != SIM_NO_SNAPSHOT) {
        sim_snapshot_number number = archive->free;
        archive->free = archive->slots[number].next_free;
        return number;
    }
    assert(archive->n_slots < UINT32_MAX);
    archive->slots = sim_grow(archive->slots, &archive->capacity,
                              archive->n_slots + 1, sizeof *archive->slots);
    return (sim_snapshot_number)archive->n_slots++;
}

sim_snapshot_number sim_archive_put(struct sim_archive *archive, sim_tip tip,
                                    const struct sim_snapshot *snapshot)
{
    assert(snapshot->meta != NULL || snapshot->meta_size == 0);
    assert(snapshot->image != NULL || snapshot->image_size == 0);
    assert(snapshot->image_size <= SIZE_MAX - snapshot->meta_size);
    sim_snapshot_number number = take_number(archive);
    struct slot *slot = &archive->slots[number];
    *slot = (struct slot){
        .holders = 1,
        .tip = tip,
        .snapshot = {.position = snapshot->position,
                     .meta_size = snapshot->meta_size,
                     .image_size = snapshot->image_size},
        .bytes = sim_calloc(1, snapshot->meta_size + snapshot->image_size),
    };
    if (snapshot->meta_size > 0) {
        slot->snapshot.meta = slot->bytes;
        memcpy(slot->bytes, snapshot->meta, snapshot->meta_size);
    }
    if (snapshot->image_size > 0) {
        uint8_t *image = slot->bytes + snapshot->meta_size;
        slot->snapshot.image = image;
        memcpy(image, snapshot->image, snapshot->image_size);
    }
    archive->count++;
    return number;
}

static struct slot *held(const struct sim_archive *archive,
                         sim_snapshot_number number)
{
    assert(number < archive->n_slots);
    struct slot *slot = &archive->slots[number];
    assert(number == SIM_NO_SNAPSHOT || slot->holders > 0);
    return slot;
}

void sim_archive_hold(struct sim_archive *archive, sim_snapshot_number number)
{
    struct slot *slot = held(archive, number);
    if (number != SIM_NO_SNAPSHOT) {
        assert(slot->holders < UINT32_MAX);
        slot->holders++;
    }
}

void sim_archive_release(struct sim_archive *archive,
                         sim_snapshot_number number)
{
    struct slot *slot = held(archive, number);
    if (number == SIM_NO_SNAPSHOT || --slot->holders > 0) {
        return;
    }
    free(slot->bytes);
    *slot = (struct slot){.next_free = archive->free};
    archive->free = number;
    archive->count--;
}

struct sim_snapshot sim_archive_get(const struct sim_archive *archive,
                                    sim_snapshot_number number)
{
    return held(archive, number)->snapshot;
}

sim_tip sim_archive_tip(const struct sim_archive *archive,
                        sim_snapshot_number number)
{
    return held(archive, number)->tip;
}

uint32_t sim_archive_count(const struct sim_archive *archive)
{
    return archive->count;
}
