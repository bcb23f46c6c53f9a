#undef NDEBUG
#include "sim/recording.h"

#include <assert.h>
#include <stdlib.h>

#include "sim/bytes.h"
#include "sim/memory.h"

struct sim_recording *sim_recording_new(void)
{
    return sim_calloc(1, sizeof(struct sim_recording));
}

void sim_recording_follow(struct sim_recording *recording)
{
    recording->follows = true;
    recording->steps_here = 0;
    sim_json_rewind(&recording->acts);
    recording->parting = (struct sim_parting){.parted = false};
    for (size_t i = 0; i < recording->n_tracks; i++) {
        recording->tracks[i]->follows = true;
        recording->tracks[i]->next = 0;
    }
}

/* --- tracks --------------------------------------------------------------- */

/* Of `places`: purpose and kind, a and b; and a place. */
#define TRACK_KEY_SIZE 24u
#define PLACE_SIZE 8u

struct sim_track *sim_recording_track(struct sim_recording *recording,
                                      enum sim_stream purpose, uint64_t a,
                                      uint64_t b, uint32_t kind)
{
    if (recording == NULL) {
        return NULL;
    }
    uint8_t key[TRACK_KEY_SIZE];
    uint8_t place[PLACE_SIZE];
    const uint8_t *found;
    uint32_t size;
    sim_put_le(key, (uint64_t)purpose, 4);
    sim_put_le(key + 4, kind, 4);
    sim_put_le(key + 8, a, 8);
    sim_put_le(key + 16, b, 8);
    if (sim_table_get(&recording->places, key, sizeof key, &found, &size)) {
        return recording->tracks[sim_get_le(found, PLACE_SIZE)];
    }
    sim_put_le(place, recording->n_tracks, PLACE_SIZE);
    sim_table_put(&recording->places, key, sizeof key, place, sizeof place);
    struct sim_track *track = sim_calloc(1, sizeof *track);
    track->purpose = purpose;
    track->a = a;
    track->b = b;
    track->kind = kind;
    track->follows = recording->follows;
    recording->tracks =
        sim_grow(recording->tracks, &recording->tracks_capacity,
                 recording->n_tracks + 1, sizeof *recording->tracks);
    recording->tracks[recording->n_tracks++] = track;
    return track;
}

struct sim_prng sim_recording_stream(struct sim_recording *recording,
                                     uint64_t seed, enum sim_stream purpose,
                                     uint64_t a, uint64_t b)
{
    struct sim_prng prng = sim_prng_stream(seed, purpose, a, b);
    prng.track = sim_recording_track(recording, purpose, a, b, 0);
    return prng;
}

void sim_track_add(struct sim_track *track, uint64_t value)
{
    track->values = sim_grow(track->values, &track->capacity, track->count + 1,
                             sizeof *track->values);
    track->values[track->count++] = value;
}

uint64_t sim_track_take(struct sim_track *track, uint64_t drawn, uint64_t low,
                        uint64_t high)
{
    assert(low <= drawn);
    assert(drawn <= high);
    if (!track->follows) {
        sim_track_add(track, drawn);
        return drawn;
    }
    if (track->next == track->count) {
        return drawn;
    }
    uint64_t recorded = track->values[track->next++];
    return recorded >= low && recorded <= high ? recorded : drawn;
}

/* --- steps ---------------------------------------------------------------- */

void sim_recording_add_step(struct sim_recording *recording,
                            const struct sim_recorded_step *step)
{
    recording->steps =
        sim_grow(recording->steps, &recording->steps_capacity,
                 recording->n_steps + 1, sizeof *recording->steps);
    recording->steps[recording->n_steps++] = *step;
}

static bool is_same_step(const struct sim_recorded_step *a,
                         const struct sim_recorded_step *b)
{
    return a->time_us == b->time_us && a->node == b->node &&
           a->input == b->input && a->message == b->message &&
           a->from == b->from;
}

void sim_recording_step(struct sim_recording *recording,
                        const struct sim_recorded_step *step)
{
    struct sim_parting *parting = &recording->parting;
    if (!recording->follows) {
        sim_recording_add_step(recording, step);
        return;
    }
    uint64_t i = recording->steps_here++;
    if (parting->parted) {
        return;
    }
    bool has_recorded = i < recording->n_steps;
    if (!has_recorded || !is_same_step(&recording->steps[i], step)) {
        *parting = (struct sim_parting){.parted = true,
                                        .step = i + 1,
                                        .has_recorded = has_recorded,
                                        .has_here = true,
                                        .here = *step};
        if (has_recorded) {
            parting->recorded = recording->steps[i];
        }
    }
}

void sim_recording_end(struct sim_recording *recording)
{
    struct sim_parting *parting = &recording->parting;
    if (recording->follows && !parting->parted &&
        recording->steps_here < recording->n_steps) {
        *parting = (struct sim_parting){
            .parted = true,
            .step = recording->steps_here + 1,
            .has_recorded = true,
            .recorded = recording->steps[recording->steps_here],
        };
    }
}

void sim_recording_free(struct sim_recording *recording)
{
    if (recording == NULL) {
        return;
    }
    for (size_t i = 0; i < recording->n_tracks; i++) {
        free(recording->tracks[i]->values);
        free(recording->tracks[i]);
    }
    sim_json_writer_clear(&recording->acts);
    free(recording->tracks);
    sim_table_clear(&recording->places);
    free(recording->steps);
    free(recording);
}
