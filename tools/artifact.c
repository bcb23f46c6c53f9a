#include "tools/artifact.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/recording_json.h"
#include "tools/input.h"
#include "tools/node.h"
#include "tools/options.h"

static bool is_one(struct sim_json *json, const struct artifact_text *text)
{
    return sim_json_open_large(json, text->bytes, text->size,
                               ARTIFACT_MAX_BYTES) &&
           sim_json_member(json, sim_json_top(json), "format") != NULL &&
           sim_json_member(json, sim_json_top(json), "failure") != NULL;
}

static void close_quietly(struct sim_json *json)
{
    struct sim_scenario_problems problems;
    sim_json_close(json, &problems);
    sim_scenario_problems_free(&problems);
}

bool artifact_is_one(const struct artifact_text *text)
{
    struct sim_json json;
    bool is = is_one(&json, text);
    close_quietly(&json);
    return is;
}

static bool says(struct sim_json *json, const struct sim_json_value *object,
                 const char *name, const char *text)
{
    const struct sim_json_value *value = sim_json_member(json, object, name);
    const char *said = value == NULL ? NULL : sim_json_string(value);
    return said != NULL && strcmp(said, text) == 0;
}

bool artifact_is_of(const struct artifact_text *text, const char *file,
                    const char *what)
{
    struct sim_json json;
    bool is =
        is_one(&json, text) && says(&json, sim_json_top(&json), "file", file) &&
        says(&json, sim_json_member(&json, sim_json_top(&json), "failure"),
             "what", what);
    close_quietly(&json);
    return is;
}

/* A string of `object`; NULL, with the problem noted, if there is none. */
static const char *text_of(struct sim_json *json,
                           const struct sim_json_value *object,
                           const char *name)
{
    const struct sim_json_value *value =
        object == NULL ? NULL : sim_json_member(json, object, name);
    const char *text = value == NULL ? NULL : sim_json_string(value);
    if (text == NULL) {
        sim_json_refuse(json,
                        value != NULL    ? value
                        : object != NULL ? object
                                         : sim_json_top(json),
                        "\"%s\" is no string here", name);
    }
    return text;
}

static void read_number(struct sim_json *json, const char *name,
                        uint64_t *number)
{
    const struct sim_json_value *value =
        sim_json_member(json, sim_json_top(json), name);
    int64_t integer = 0;
    if (value == NULL) {
        return;
    }
    if (!sim_json_integer(value, &integer) || integer < 0) {
        sim_json_refuse(json, value, "this is no number of \"%s\"", name);
        return;
    }
    *number = (uint64_t)integer;
}

static void read_failure(struct sim_json *json, struct artifact *artifact)
{
    const struct sim_json_value *failure =
        sim_json_member(json, sim_json_top(json), "failure");
    const char *what = text_of(json, failure, "what");
    const char *kind = text_of(json, failure, "kind");
    const char *text = text_of(json, failure, "text");
    if (what != NULL && kind != NULL && text != NULL) {
        snprintf(artifact->failure.what, sizeof artifact->failure.what, "%s",
                 what);
        snprintf(artifact->failure.kind, sizeof artifact->failure.kind, "%s",
                 kind);
        artifact->text = sim_strdup(text);
    }
}

/* None: the one that is built in. */
static void read_node(struct sim_json *json, struct artifact *artifact)
{
    const struct sim_json_value *top = sim_json_top(json);
    const char *node = sim_json_member(json, top, "node") == NULL
                           ? NODE_BUILTIN
                           : text_of(json, top, "node");
    artifact->node = node == NULL ? NULL : sim_strdup(node);
}

/* The members but for the scenario and the decisions. */
static void read_head(struct sim_json *json, struct artifact *artifact)
{
    const struct sim_json_value *top = sim_json_top(json);
    const char *format = text_of(json, top, "format");
    const char *file = text_of(json, top, "file");
    const char *seed = text_of(json, top, "seed");
    const struct sim_json_value *hash = sim_json_member(json, top, "hash");
    if (format != NULL && strcmp(format, ARTIFACT_FORMAT) != 0) {
        sim_json_refuse(json, sim_json_member(json, top, "format"),
                        "this raftsim reads \"" ARTIFACT_FORMAT "\"");
    }
    if (seed != NULL && !options_number(seed, &artifact->seed)) {
        sim_json_refuse(json, sim_json_member(json, top, "seed"),
                        "this is no seed");
    }
    artifact->file = file == NULL ? NULL : sim_strdup(file);
    read_node(json, artifact);
    artifact->max_steps = SIM_UNLIMITED;
    read_number(json, "max_steps", &artifact->max_steps);
    read_number(json, "max_time_us", &artifact->max_time_us);
    read_number(json, "steps", &artifact->steps);
    if (hash != NULL && sim_json_string(hash) != NULL) {
        artifact->hash = strtoull(sim_json_string(hash), NULL, 16);
    }
    read_failure(json, artifact);
}

static void read_scenario(struct sim_json *json, const char *path,
                          struct artifact *artifact)
{
    const struct sim_json_value *value =
        sim_json_member(json, sim_json_top(json), "scenario");
    if (value == NULL) {
        sim_json_refuse(json, sim_json_top(json),
                        "there is no \"scenario\" here");
        return;
    }
    size_t size = value->end - value->begin;
    char *text = sim_calloc(size + 1, 1);
    memcpy(text, json->text + value->begin, size);
    artifact->expanded = (struct artifact_text){text, size};
    artifact->scenario = input_parse(path, text, size, &artifact->seed, stderr);
    if (artifact->scenario == NULL) {
        sim_json_refuse(json, value, "this scenario is not valid");
    }
}

static void read_all(struct sim_json *json, const char *path,
                     struct artifact *artifact)
{
    const struct sim_json_value *decisions =
        sim_json_member(json, sim_json_top(json), "decisions");
    read_head(json, artifact);
    read_scenario(json, path, artifact);
    if (decisions != NULL) {
        artifact->recording = sim_recording_read(json, decisions);
    }
}

char *artifact_input(const char *path, size_t *size)
{
    return input_read_any(path, ARTIFACT_MAX_BYTES, "failure", size);
}

bool artifact_parse(const char *path, const struct artifact_text *text,
                    struct artifact *artifact)
{
    struct sim_json json;
    struct sim_scenario_problems problems;
    *artifact = (struct artifact){.text = NULL};
    if (sim_json_open_large(&json, text->bytes, text->size,
                            ARTIFACT_MAX_BYTES)) {
        read_all(&json, path, artifact);
    }
    sim_json_close(&json, &problems);
    bool good = problems.count == 0;
    input_print_problems(path, &problems, stderr);
    sim_scenario_problems_free(&problems);
    return good;
}

bool artifact_read(const char *path, struct artifact *artifact)
{
    struct artifact_text text;
    *artifact = (struct artifact){.text = NULL};
    char *bytes = artifact_input(path, &text.size);
    if (bytes == NULL) {
        return false;
    }
    text.bytes = bytes;
    bool good = artifact_parse(path, &text, artifact);
    free(bytes);
    return good;
}

const char *artifact_words(const struct artifact *artifact, char *room)
{
    /* Of what a scenario expected, the places say more than one of the texts.
     */
    bool told = artifact->text[0] != '\0' &&
                strcmp(artifact->failure.what, "expectation") != 0 &&
                strcmp(artifact->failure.what, "died") != 0;
    return told ? artifact->text : failure_print(&artifact->failure, room);
}

void artifact_clear(struct artifact *artifact)
{
    free(artifact->text);
    free(artifact->file);
    free(artifact->node);
    free((char *)artifact->expanded.bytes);
    sim_scenario_free(artifact->scenario);
    sim_recording_free(artifact->recording);
    *artifact = (struct artifact){.text = NULL};
}
