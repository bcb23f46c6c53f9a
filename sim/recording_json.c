#undef NDEBUG
#include "sim/recording_json_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "sim/node.h"
#include "sim/scenario.h"

/* --- words ---------------------------------------------------------------- */

/* The streams of delays from and to clients are told from those of the clients
 * by this. */
#define OF_DELAYS (UINT64_C(1) << 32)

const struct recording_word *recording__words(size_t *count)
{
    static const struct recording_word words[] = {
        {"node", SIM_STREAM_NODE, 0},
        {"disk", SIM_STREAM_DISK, 0},
        {"crash", SIM_STREAM_CRASH, 0},
        {"fault", SIM_STREAM_FAULT, 0},
        {"nemesis", SIM_STREAM_NEMESIS, 0},
        {"client", SIM_STREAM_CLIENT, 0},
        {"client_delays", SIM_STREAM_CLIENT, OF_DELAYS},
        {"silence", SIM_STREAM_SILENCE, 0},
    };
    *count = sizeof words / sizeof *words;
    return words;
}

const char *recording__input_word(uint8_t input)
{
    switch ((enum sim_input_kind)input) {
    case SIM_INPUT_START:
        return "start";
    case SIM_INPUT_MESSAGE:
        return "message";
    case SIM_INPUT_TIMER:
        return "timer";
    case SIM_INPUT_WRITTEN:
        return "written";
    case SIM_INPUT_PROPOSAL:
        return "proposal";
    case SIM_INPUT_SESSION:
        return "session";
    case SIM_INPUT_CHANGE:
        return "change";
    case SIM_INPUT_TRANSFER:
        return "transfer";
    case SIM_INPUT_READ:
        return "read";
    case SIM_INPUT_SNAPSHOT:
        return "snapshot";
    case SIM_INPUT_FAILED:
        return "failed";
    }
    return NULL;
}

/* --- decisions ------------------------------------------------------------ */

static void put_value(struct sim_json_writer *writer, uint64_t value)
{
    char text[32];
    if (value <= (uint64_t)SIM_JSON_MAX_INTEGER) {
        sim_json_put_number(writer, NULL, value);
    } else {
        snprintf(text, sizeof text, "%" PRIu64, value);
        sim_json_put_text(writer, NULL, text);
    }
}

static void write_fates(const struct sim_track *track,
                        struct sim_json_writer *writer)
{
    sim_json_open_list(writer, "fates");
    for (size_t i = 0; i < track->count; i++) {
        if (track->values[i] == 0) {
            sim_json_put_text(writer, NULL, "lost");
            continue;
        }
        uint64_t first_us = track->values[i] - 1;
        i++;
        if (i == track->count || track->values[i] == 0) {
            sim_json_put_number(writer, NULL, first_us);
            continue;
        }
        sim_json_open_list(writer, NULL);
        sim_json_put_number(writer, NULL, first_us);
        sim_json_put_number(writer, NULL, track->values[i] - 1);
        sim_json_close_list(writer);
    }
    sim_json_close_list(writer);
}

static void write_messages(const struct sim_recording *recording,
                           struct sim_json_writer *writer)
{
    sim_json_open_list(writer, "messages");
    for (size_t i = 0; i < recording->n_tracks; i++) {
        const struct sim_track *track = recording->tracks[i];
        if (track->purpose != SIM_STREAM_LINK || track->count == 0) {
            continue;
        }
        sim_json_open_object(writer, NULL);
        sim_json_put_number(writer, "from", track->a);
        sim_json_put_number(writer, "to", track->b);
        sim_json_put_text(
            writer, "kind",
            sim_message_kind_name((enum sim_message_kind)track->kind));
        write_fates(track, writer);
        sim_json_close_object(writer);
    }
    sim_json_close_list(writer);
}

static const char *word_of(const struct sim_track *track)
{
    size_t count;
    const struct recording_word *words = recording__words(&count);
    for (size_t i = 0; i < count; i++) {
        if (words[i].purpose == track->purpose && words[i].b == track->b) {
            return words[i].name;
        }
    }
    assert(track->purpose == SIM_STREAM_LINK);
    return NULL;
}

static void write_streams(const struct sim_recording *recording,
                          struct sim_json_writer *writer)
{
    sim_json_open_list(writer, "streams");
    for (size_t i = 0; i < recording->n_tracks; i++) {
        const struct sim_track *track = recording->tracks[i];
        const char *word = word_of(track);
        if (word == NULL || track->count == 0) {
            continue;
        }
        sim_json_open_object(writer, NULL);
        sim_json_put_text(writer, "of", word);
        sim_json_put_number(writer, "number", track->a);
        sim_json_open_list(writer, "values");
        for (size_t j = 0; j < track->count; j++) {
            put_value(writer, track->values[j]);
        }
        sim_json_close_list(writer);
        sim_json_close_object(writer);
    }
    sim_json_close_list(writer);
}

/* --- steps ---------------------------------------------------------------- */

const char *sim_recorded_step_print(const struct sim_recorded_step *step,
                                    char *text)
{
    int size =
        snprintf(text, SIM_RECORDED_STEP_SIZE, "%" PRIu64 " %" PRIu32 " %s",
                 step->time_us, step->node, recording__input_word(step->input));
    if (step->from != SIM_NONE) {
        snprintf(text + size, SIM_RECORDED_STEP_SIZE - (size_t)size,
                 " %s %" PRIu32,
                 sim_message_kind_name((enum sim_message_kind)step->message),
                 step->from);
    }
    return text;
}

void sim_recording_write(const struct sim_recording *recording,
                         struct sim_json_writer *writer)
{
    char text[SIM_RECORDED_STEP_SIZE];
    write_messages(recording, writer);
    write_streams(recording, writer);
    sim_json_open_list(writer, "acts");
    if (recording->acts.size > 0) {
        sim_json_put_raw(writer, NULL, recording->acts.text,
                         recording->acts.size);
    }
    sim_json_close_list(writer);
    sim_json_open_list(writer, "steps");
    for (size_t i = 0; i < recording->n_steps; i++) {
        sim_json_put_text(writer, NULL,
                          sim_recorded_step_print(&recording->steps[i], text));
    }
    sim_json_close_list(writer);
}
