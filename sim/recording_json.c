#undef NDEBUG
#include "sim/recording_json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/node.h"
#include "sim/scenario.h"

/* The streams of delays from and to clients are told from those of the clients
 * by this. */
#define OF_DELAYS (UINT64_C(1) << 32)

static const struct stream_word {
    const char *name;
    enum sim_stream purpose;
    uint64_t b;
} stream_words[] = {
    {"node", SIM_STREAM_NODE, 0},
    {"disk", SIM_STREAM_DISK, 0},
    {"crash", SIM_STREAM_CRASH, 0},
    {"fault", SIM_STREAM_FAULT, 0},
    {"nemesis", SIM_STREAM_NEMESIS, 0},
    {"client", SIM_STREAM_CLIENT, 0},
    {"client_delays", SIM_STREAM_CLIENT, OF_DELAYS},
    {"silence", SIM_STREAM_SILENCE, 0},
};

#define N_STREAM_WORDS (sizeof stream_words / sizeof *stream_words)

/* --- writing -------------------------------------------------------------- */

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
    for (size_t i = 0; i < N_STREAM_WORDS; i++) {
        if (stream_words[i].purpose == track->purpose &&
            stream_words[i].b == track->b) {
            return stream_words[i].name;
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

static const char *input_word(uint8_t input)
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

const char *sim_recorded_step_print(const struct sim_recorded_step *step,
                                    char *text)
{
    int size =
        snprintf(text, SIM_RECORDED_STEP_SIZE, "%" PRIu64 " %" PRIu32 " %s",
                 step->time_us, step->node, input_word(step->input));
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

/* --- reading -------------------------------------------------------------- */

/* What one item of a list says, if it is good. */
typedef bool read_item(struct sim_json *json, const struct sim_json_value *item,
                       struct sim_recording *recording);

static bool read_list(struct sim_json *json,
                      const struct sim_json_value *object, const char *name,
                      read_item *read, struct sim_recording *recording)
{
    const struct sim_json_value *list = sim_json_member(json, object, name);
    const struct sim_json_value *item;
    if (list == NULL || list->kind != SIM_JSON_LIST) {
        sim_json_refuse(json, list == NULL ? object : list,
                        "\"%s\" is no list here", name);
        return false;
    }
    for (item = sim_json_first(json, list); item != NULL;
         item = sim_json_next(json, item)) {
        if (!read(json, item, recording)) {
            return false;
        }
    }
    return true;
}

static bool refuse(struct sim_json *json, const struct sim_json_value *value,
                   const char *expected)
{
    char found[SIM_JSON_FOUND_SIZE];
    sim_json_found(json, value, found);
    sim_json_refuse(json, value, "%s is not %s", found, expected);
    return false;
}

/* A number of `object` from `low` to `high`. */
static bool read_number(struct sim_json *json,
                        const struct sim_json_value *object, const char *name,
                        uint64_t low, uint64_t high, uint64_t *number)
{
    const struct sim_json_value *value = sim_json_member(json, object, name);
    int64_t integer;
    if (value == NULL || !sim_json_integer(value, &integer) || integer < 0 ||
        (uint64_t)integer < low || (uint64_t)integer > high) {
        sim_json_refuse(json, value == NULL ? object : value,
                        "\"%s\" is no number from %" PRIu64 " to %" PRIu64,
                        name, low, high);
        return false;
    }
    *number = (uint64_t)integer;
    return true;
}

static bool find_kind(const char *word, uint32_t *kind)
{
    for (uint32_t i = 0; word != NULL && i < SIM_MESSAGE_KIND_COUNT; i++) {
        if (strcmp(word, sim_message_kind_name((enum sim_message_kind)i)) ==
            0) {
            *kind = i;
            return true;
        }
    }
    return false;
}

static bool read_delay(struct sim_json *json,
                       const struct sim_json_value *value, uint64_t *delay_us)
{
    int64_t integer;
    if (!sim_json_integer(value, &integer) || integer < 0 ||
        (uint64_t)integer > 2 * SIM_MAX_DURATION_US) {
        return refuse(json, value, "a delay in microseconds");
    }
    *delay_us = (uint64_t)integer;
    return true;
}

static bool read_fate(struct sim_json *json, const struct sim_json_value *fate,
                      struct sim_track *track)
{
    const char *word = sim_json_string(fate);
    const struct sim_json_value *second = NULL;
    uint64_t first_us;
    uint64_t second_us = 0;
    if (word != NULL && strcmp(word, "lost") == 0) {
        sim_track_add(track, 0);
        return true;
    }
    if (fate->kind == SIM_JSON_LIST && fate->n_values == 2) {
        fate = sim_json_first(json, fate);
        second = sim_json_next(json, fate);
    }
    if (!read_delay(json, fate, &first_us) ||
        (second != NULL && !read_delay(json, second, &second_us))) {
        return false;
    }
    sim_track_add(track, first_us + 1);
    sim_track_add(track, second != NULL ? second_us + 1 : 0);
    return true;
}

static bool read_link(struct sim_json *json, const struct sim_json_value *item,
                      struct sim_recording *recording)
{
    const struct sim_json_value *kind_value =
        sim_json_member(json, item, "kind");
    const struct sim_json_value *fates = sim_json_member(json, item, "fates");
    const struct sim_json_value *fate;
    uint64_t from;
    uint64_t to;
    uint32_t kind = 0;
    if (!read_number(json, item, "from", 1, SIM_MAX_NODES, &from) ||
        !read_number(json, item, "to", 1, SIM_MAX_NODES, &to)) {
        return false;
    }
    if (kind_value == NULL || !find_kind(sim_json_string(kind_value), &kind)) {
        return refuse(json, kind_value == NULL ? item : kind_value,
                      "a link with a \"kind\" of messages");
    }
    if (fates == NULL || fates->kind != SIM_JSON_LIST) {
        return refuse(json, fates == NULL ? item : fates,
                      "a link with a list of \"fates\"");
    }
    struct sim_track *track =
        sim_recording_track(recording, SIM_STREAM_LINK, from, to, kind);
    for (fate = sim_json_first(json, fates); fate != NULL;
         fate = sim_json_next(json, fate)) {
        if (!read_fate(json, fate, track)) {
            return false;
        }
    }
    return true;
}

static bool read_value(struct sim_json *json,
                       const struct sim_json_value *value, uint64_t *number)
{
    int64_t integer;
    const char *text = sim_json_string(value);
    if (sim_json_integer(value, &integer) && integer >= 0) {
        *number = (uint64_t)integer;
        return true;
    }
    *number = 0;
    for (const char *at = text; at != NULL; at++) {
        if (*at == '\0' && at > text) {
            return true;
        }
        uint64_t digit = (uint64_t)(*at - '0');
        if (*at < '0' || *at > '9' || *number > (UINT64_MAX - digit) / 10) {
            break;
        }
        *number = *number * 10 + digit;
    }
    return refuse(json, value, "a number from 0 to 2^64 - 1");
}

static bool read_stream(struct sim_json *json,
                        const struct sim_json_value *item,
                        struct sim_recording *recording)
{
    const struct sim_json_value *of = sim_json_member(json, item, "of");
    const struct sim_json_value *values = sim_json_member(json, item, "values");
    const struct sim_json_value *each;
    const struct stream_word *word = NULL;
    uint64_t number;
    for (size_t i = 0; of != NULL && i < N_STREAM_WORDS; i++) {
        const char *name = sim_json_string(of);
        if (name != NULL && strcmp(name, stream_words[i].name) == 0) {
            word = &stream_words[i];
        }
    }
    if (word == NULL || values == NULL || values->kind != SIM_JSON_LIST) {
        return refuse(json, item,
                      "a stream: {\"of\": \"node\", \"number\": 1, \"values\": "
                      "[...]}");
    }
    if (!read_number(json, item, "number", 0, UINT32_MAX, &number)) {
        return false;
    }
    struct sim_track *track =
        sim_recording_track(recording, word->purpose, number, word->b, 0);
    for (each = sim_json_first(json, values); each != NULL;
         each = sim_json_next(json, each)) {
        uint64_t value;
        if (!read_value(json, each, &value)) {
            return false;
        }
        sim_track_add(track, value);
    }
    return true;
}

/* Words of a step are at most so long. */
#define STEP_WORD "%31s"

static bool parse_step(const char *text, struct sim_recorded_step *step)
{
    char input[32];
    char kind_word[32];
    char printed[SIM_RECORDED_STEP_SIZE];
    uint32_t kind = 0;
    uint32_t from = SIM_NONE;
    int found = sscanf(
        text, "%" SCNu64 " %" SCNu32 " " STEP_WORD " " STEP_WORD " %" SCNu32,
        &step->time_us, &step->node, input, kind_word, &from);
    if ((found != 3 && found != 5) ||
        (found == 5 && !find_kind(kind_word, &kind))) {
        return false;
    }
    step->message = (uint8_t)kind;
    step->from = from;
    for (uint8_t i = 0; i <= SIM_INPUT_FAILED; i++) {
        if (strcmp(input, input_word(i)) == 0) {
            step->input = i;
            /* Nothing else was in the text. */
            return strcmp(sim_recorded_step_print(step, printed), text) == 0;
        }
    }
    return false;
}

static bool read_step(struct sim_json *json, const struct sim_json_value *item,
                      struct sim_recording *recording)
{
    const char *text = sim_json_string(item);
    struct sim_recorded_step step = {0};
    if (text == NULL || !parse_step(text, &step)) {
        return refuse(json, item,
                      "a step, such as \"152911 3 message vote_request 2\"");
    }
    sim_recording_add_step(recording, &step);
    return true;
}

struct sim_recording *sim_recording_read(struct sim_json *json,
                                         const struct sim_json_value *object)
{
    struct sim_recording *recording = sim_recording_new();
    if (!read_list(json, object, "messages", read_link, recording) ||
        !read_list(json, object, "streams", read_stream, recording) ||
        !read_list(json, object, "steps", read_step, recording)) {
        sim_recording_free(recording);
        return NULL;
    }
    return recording;
}
