#include "sim/recording_json_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/node.h"
#include "sim/scenario.h"

/* --- items ---------------------------------------------------------------- */

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

/* The track that `item` is about; NULL, with the problem noted, if another item
 * was about it before: a run has one list for each. */
static struct sim_track *new_track(struct sim_json *json,
                                   const struct sim_json_value *item,
                                   struct sim_recording *recording,
                                   enum sim_stream purpose, uint64_t a,
                                   uint64_t b, uint32_t kind)
{
    size_t before = recording->n_tracks;
    struct sim_track *track =
        sim_recording_track(recording, purpose, a, b, kind);
    if (recording->n_tracks == before) {
        sim_json_refuse(json, item, "there is a list for this stream already");
        return NULL;
    }
    return track;
}

/* --- decisions ------------------------------------------------------------ */

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
        new_track(json, item, recording, SIM_STREAM_LINK, from, to, kind);
    if (track == NULL) {
        return false;
    }
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
    const struct recording_word *word = NULL;
    uint64_t number;
    const char *name = of == NULL ? NULL : sim_json_string(of);
    size_t count;
    const struct recording_word *words = recording__words(&count);
    for (size_t i = 0; name != NULL && i < count; i++) {
        if (strcmp(name, words[i].name) == 0) {
            word = &words[i];
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
        new_track(json, item, recording, word->purpose, number, word->b, 0);
    if (track == NULL) {
        return false;
    }
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

/* --- steps ---------------------------------------------------------------- */

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
        if (strcmp(input, recording__input_word(i)) == 0) {
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
