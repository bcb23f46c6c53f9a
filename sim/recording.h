/* What chance decided in a run, and the steps that came of it: enough to repeat
 * the run without its seed, also after the code that draws has changed.
 *
 * Each stream of random numbers (sim/prng.h) has a track here, and on it, in
 * order, what was decided: not the bits that were drawn, but what they meant:
 * this chance came true, the second of these nodes, a delay of 3,127 us. For
 * messages there is a track for each directed link and kind, with the fate of
 * each message that met no cut. What is fixed by the scenario is not on any
 * track.
 *
 * A recording is written by one run. Then others can follow it: decisions come
 * from the tracks, not from the seed. As long as the nodes do what they did,
 * the whole run is the same. Where they do something else, it parts: the first
 * step that differs is kept. From then on the tracks go on to be used while
 * they have something that fits; the seed decides the rest.
 *
 * Not recorded: what the scenario leaves to the seed before the run begins (its
 * expanded text says it, sim/scenario_expand.h), and what a node makes of the
 * random number that it gets for each life.
 */
#ifndef SIM_RECORDING_H
#define SIM_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/json_write.h"
#include "sim/prng.h"
#include "sim/table.h"

/* The decisions of one stream. */
struct sim_track {
    enum sim_stream purpose; /* with a and b: whose stream (sim/prng.h) */
    uint64_t a, b;
    uint32_t kind;    /* of messages; 0 elsewhere */
    bool follows;     /* decisions come from here */
    uint64_t *values; /* in order */
    size_t count, capacity;
    size_t next; /* the one to follow */
};

/* One step, as far as another run can be held against it. */
struct sim_recorded_step {
    uint64_t time_us;
    uint32_t node;
    uint8_t input;   /* enum sim_input_kind */
    uint8_t message; /* enum sim_message_kind, of a message; else 0 */
    uint32_t from;   /* who sent it; else SIM_NONE */
};

/* Where a run no longer is what was recorded. */
struct sim_parting {
    bool parted;
    uint64_t step;     /* the first that differs, from 1 */
    bool has_recorded; /* false: the recording was at its end */
    bool has_here;     /* false: this run was */
    struct sim_recorded_step recorded, here;
};

/* All of a run; to be read, and filled by who reads one from a file. */
struct sim_recording {
    bool follows;
    struct sim_track **tracks; /* in the order in which they were asked for */
    size_t n_tracks, tracks_capacity;
    struct sim_table places; /* of the tracks, by whose they are */
    struct sim_recorded_step *steps;
    size_t n_steps, steps_capacity;
    uint64_t steps_here;         /* of the run that follows */
    struct sim_json_writer acts; /* items of a list: sim/recording_acts.h */
    struct sim_parting parting;
};

/* An empty one, to be written. */
struct sim_recording *sim_recording_new(void);

/* From now on runs follow it, this one from its beginning. */
void sim_recording_follow(struct sim_recording *recording);

/* The track of a stream, made if there is none; NULL if `recording` is NULL.
 * Owned by the recording. */
struct sim_track *sim_recording_track(struct sim_recording *recording,
                                      enum sim_stream purpose, uint64_t a,
                                      uint64_t b, uint32_t kind);

/* The stream as sim_prng_stream() gives it, on its track. `recording` may be
 * NULL: then it has none. */
struct sim_prng sim_recording_stream(struct sim_recording *recording,
                                     uint64_t seed, enum sim_stream purpose,
                                     uint64_t a, uint64_t b);

/* Puts a value at the end of a track, or of the steps: for who reads one. */
void sim_track_add(struct sim_track *track, uint64_t value);
void sim_recording_add_step(struct sim_recording *recording,
                            const struct sim_recorded_step *step);

/* sim_track_decide() on a track. */
uint64_t sim_track_take(struct sim_track *track, uint64_t drawn, uint64_t low,
                        uint64_t high);

/* A decision between `low` and `high`, `drawn` by the seed: recorded, or
 * replaced by what the recording has. `track` may be NULL. */
static inline uint64_t sim_track_decide(struct sim_track *track, uint64_t drawn,
                                        uint64_t low, uint64_t high)
{
    return track == NULL ? drawn : sim_track_take(track, drawn, low, high);
}

/* A step is made: recorded, or held against the recording. */
void sim_recording_step(struct sim_recording *recording,
                        const struct sim_recorded_step *step);

/* The run is over. If it followed, and the recording has more steps, they part
 * here. */
void sim_recording_end(struct sim_recording *recording);

/* `recording` may be NULL. */
void sim_recording_free(struct sim_recording *recording);

#endif
