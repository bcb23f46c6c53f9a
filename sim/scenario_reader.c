/* Objects by their tables, and what "one_of" leaves to the seed. */
#undef NDEBUG
#include "sim/scenario_reader.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

/* A list of allowed keys longer than this is no help. */
#define SHORT_LIST 12u
#define MAX_KEYS 32u

void *scenario__take(struct scenario_reader *reader, size_t count, size_t size)
{
    struct sim_scenario_memory *memory = reader->scenario->memory;
    memory->blocks = sim_grow(memory->blocks, &memory->capacity,
                              memory->count + 1, sizeof *memory->blocks);
    memory->blocks[memory->count] = sim_calloc(count > 0 ? count : 1, size);
    return memory->blocks[memory->count++];
}

char *scenario__copy(struct scenario_reader *reader, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = scenario__take(reader, size, 1);
    memcpy(copy, text, size);
    return copy;
}

bool scenario__is_object(struct scenario_reader *reader,
                         const struct sim_json_value *value, const char *hint)
{
    if (value->kind != SIM_JSON_OBJECT) {
        sim_json_unfit(&reader->json, value, "an object", hint);
        return false;
    }
    return true;
}

bool scenario__is_list(struct scenario_reader *reader,
                       const struct sim_json_value *value, const char *hint)
{
    if (value->kind != SIM_JSON_LIST) {
        sim_json_unfit(&reader->json, value, "a list", hint);
        return false;
    }
    return true;
}

bool scenario__has(const struct scenario_reader *reader,
                   const struct sim_json_value *object, const char *name)
{
    return sim_json_member(&reader->json, object, name) != NULL;
}

void scenario__need_any(struct scenario_reader *reader,
                        const struct sim_json_value *object,
                        const char *const *names, size_t n_names)
{
    char words[SCENARIO_WORDS_SIZE];
    for (size_t i = 0; i < n_names; i++) {
        if (scenario__has(reader, object, names[i])) {
            return;
        }
    }
    scenario__join(words, names, n_names);
    sim_json_refuse(&reader->json, object, "changes nothing; add %s", words);
}

/* --- keys ----------------------------------------------------------------- */

static void refuse_unknown(struct scenario_reader *reader,
                           const struct sim_json_value *value,
                           const char *const *names, size_t n_names)
{
    char list[SCENARIO_WORDS_SIZE];
    const char *nearest = sim_json_nearest(sim_json_key(value), names, n_names);
    /* As written, quotation marks and escapes included, but of bounded length.
     */
    struct sim_json_value key = *value;
    char found[SIM_JSON_FOUND_SIZE];
    const char *text = reader->json.text;
    key.kind = SIM_JSON_STRING;
    key.begin = value->key;
    key.end = value->key + 1;
    while (text[key.end] != '"') {
        key.end += text[key.end] == '\\' ? 2u : 1u;
    }
    key.end++;
    sim_json_found(&reader->json, &key, found);
    if (nearest != NULL) {
        sim_json_refuse_key(&reader->json, value,
                            "unknown key %s; did you mean \"%s\"?", found,
                            nearest);
    } else if (n_names <= SHORT_LIST) {
        scenario__join(list, names, n_names);
        sim_json_refuse_key(&reader->json, value,
                            "unknown key %s; the keys here are %s", found,
                            list);
    } else {
        sim_json_refuse_key(&reader->json, value,
                            "unknown key %s; 'raftsim help scenario' lists "
                            "the keys that are known here",
                            found);
    }
}

static bool is_known(const char *key, const char *const *names, size_t n_names)
{
    size_t i = 0;
    while (i < n_names && !sim_json_same_key(key, names[i])) {
        i++;
    }
    return i < n_names;
}

bool scenario__misspelt(const struct scenario_reader *reader,
                        const struct sim_json_value *object, const char *name,
                        const char *const *names, size_t n_names)
{
    const struct sim_json_value *value = sim_json_first(&reader->json, object);
    for (; value != NULL; value = sim_json_next(&reader->json, value)) {
        const char *key = sim_json_key(value);
        if (!is_known(key, names, n_names) &&
            sim_json_nearest(key, names, n_names) == name) {
            return true;
        }
    }
    return false;
}

void scenario__check_keys(struct scenario_reader *reader,
                          const struct sim_json_value *object,
                          const char *const *names, size_t n_names)
{
    const struct sim_json_value *value = sim_json_first(&reader->json, object);
    for (; value != NULL; value = sim_json_next(&reader->json, value)) {
        const char *key = sim_json_key(value);
        if (!is_known(key, names, n_names)) {
            refuse_unknown(reader, value, names, n_names);
        } else if (sim_json_member(&reader->json, object, key) != value) {
            sim_json_refuse_key(&reader->json, value,
                                "the key \"%s\" stands here twice", key);
        }
    }
}

static void list_names(const struct scenario_key *keys, size_t n_keys,
                       const char *names[MAX_KEYS])
{
    assert(n_keys <= MAX_KEYS);
    for (size_t i = 0; i < n_keys; i++) {
        names[i] = keys[i].name;
    }
}

void scenario__read_keys(struct scenario_reader *reader,
                         const struct sim_json_value *object,
                         const struct scenario_key *keys, size_t n_keys,
                         void *out)
{
    const char *names[MAX_KEYS];
    list_names(keys, n_keys, names);
    for (size_t i = 0; i < n_keys; i++) {
        const struct sim_json_value *value =
            sim_json_member(&reader->json, object, names[i]);
        if (value != NULL && keys[i].read != NULL) {
            scenario__read_value(reader, value, &keys[i],
                                 (char *)out + keys[i].offset);
        }
        if (value == NULL && keys[i].required &&
            !scenario__misspelt(reader, object, names[i], names, n_keys)) {
            sim_json_refuse(&reader->json, object, "the key \"%s\" is missing",
                            names[i]);
        }
    }
}

bool scenario__object(struct scenario_reader *reader,
                      const struct sim_json_value *value,
                      const struct scenario_key *keys, size_t n_keys, void *out)
{
    const char *names[MAX_KEYS];
    list_names(keys, n_keys, names);
    if (value->kind != SIM_JSON_OBJECT) {
        char list[SCENARIO_WORDS_SIZE];
        char hint[SCENARIO_WORDS_SIZE + 32];
        scenario__join(list, names, n_keys);
        snprintf(hint, sizeof hint, "write {...} with %s", list);
        return scenario__is_object(reader, value, hint);
    }
    scenario__check_keys(reader, value, names, n_keys);
    scenario__read_keys(reader, value, keys, n_keys, out);
    return true;
}

/* --- what is left to the seed --------------------------------------------- */

struct sim_prng scenario__stream(const struct scenario_reader *reader,
                                 const struct sim_json_value *value)
{
    /* FNV-1a, 64 bits: the pointer says where, so that one choice more
     * elsewhere moves nothing here. */
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    char *pointer = sim_json_pointer(&reader->json, value);
    for (const char *next = pointer; *next != '\0'; next++) {
        hash = (hash ^ (unsigned char)*next) * UINT64_C(0x100000001b3);
    }
    free(pointer);
    return sim_prng_stream(reader->seed, SIM_STREAM_SCENARIO, hash, 0);
}

const struct sim_json_value *
scenario__alternative(const struct scenario_reader *reader,
                      const struct sim_json_value *value,
                      const struct sim_json_value *last)
{
    const struct sim_json_value *list =
        sim_json_member(&reader->json, value, "one_of");
    if (list == NULL || list->kind != SIM_JSON_LIST) {
        return last == NULL ? value : NULL;
    }
    return last == NULL ? sim_json_first(&reader->json, list)
                        : sim_json_next(&reader->json, last);
}

bool scenario__duration_range(const struct scenario_reader *reader,
                              const struct sim_json_value *value, uint64_t *low,
                              uint64_t *high)
{
    const struct sim_json_value *each = NULL;
    if (value == NULL) {
        return true;
    }
    *low = UINT64_MAX;
    *high = 0;
    while ((each = scenario__alternative(reader, value, each)) != NULL) {
        uint64_t us = 0;
        const char *text = sim_json_string(each);
        if (text == NULL ||
            scenario__quantity(text, SCENARIO_DURATION, SIM_MAX_SCENARIO_US,
                               &us) != SCENARIO_FITS) {
            return false;
        }
        *low = us < *low ? us : *low;
        *high = us > *high ? us : *high;
    }
    return *low <= *high;
}

/* Which of the alternatives it is: what "drawn" says, or else the pointer of
 * the list draws (that of the value itself may have something else to draw). */
static uint64_t drawn_place(struct scenario_reader *reader,
                            const struct sim_json_value *value,
                            const struct sim_json_value *list)
{
    const struct sim_json_value *drawn =
        sim_json_member(&reader->json, value, "drawn");
    int64_t place = 0;
    if (drawn == NULL) {
        struct sim_prng prng = scenario__stream(reader, list);
        return sim_prng_below(&prng, list->n_values);
    }
    if (!sim_json_integer(drawn, &place) || place < 0 ||
        place >= (int64_t)list->n_values) {
        sim_json_refuse(&reader->json, drawn,
                        "this is no place in the list of \"one_of\", counted "
                        "from 0");
        return 0;
    }
    return (uint64_t)place;
}

bool scenario__draws(struct scenario_reader *reader,
                     const struct sim_json_value *value, uint64_t *place)
{
    const struct sim_json_value *list =
        sim_json_member(&reader->json, value, "one_of");
    if (list == NULL || list->kind != SIM_JSON_LIST || list->n_values == 0) {
        return false;
    }
    *place = drawn_place(reader, value, list);
    return true;
}

/* All alternatives are read, for their problems; the drawn one last, for its
 * value. */
static void read_one_of(struct scenario_reader *reader,
                        const struct sim_json_value *value,
                        const struct scenario_key *key, void *out)
{
    const char *const names[] = {"one_of", "drawn"};
    const struct sim_json_value *list =
        sim_json_member(&reader->json, value, "one_of");
    const struct sim_json_value *each;
    const struct sim_json_value *drawn = NULL;
    if (!reader->choices || key->fixed) {
        sim_json_refuse(
            &reader->json, value,
            "\"one_of\" cannot stand here; it can under /nodes, "
            "/raft, /members, /snapshots, /network, /disk, /clocks, "
            "/workload and /nemeses, in place of a single value");
        return;
    }
    scenario__check_keys(reader, value, names, SCENARIO_COUNT(names));
    if (!scenario__is_list(reader, list,
                           "write the values to choose from, "
                           "such as {\"one_of\": [3, 5]}")) {
        return;
    }
    if (list->n_values == 0) {
        sim_json_refuse(&reader->json, list,
                        "this list is empty; write the values to choose from");
        return;
    }
    uint64_t place = drawn_place(reader, value, list);
    for (each = sim_json_first(&reader->json, list); each != NULL;
         each = sim_json_next(&reader->json, each)) {
        if (each->place == place) {
            drawn = each;
        } else {
            key->read(reader, each, key, out);
        }
    }
    key->read(reader, drawn, key, out);
}

void scenario__read_value(struct scenario_reader *reader,
                          const struct sim_json_value *value,
                          const struct scenario_key *key, void *out)
{
    if (scenario__has(reader, value, "one_of")) {
        read_one_of(reader, value, key, out);
    } else {
        key->read(reader, value, key, out);
    }
}
