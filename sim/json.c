#undef NDEBUG
#include "sim/json.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/scenario.h"

/* Values and tree hold the same things in the same order: hand each value its
 * item. Both are as deep as SIM_JSON_MAX_DEPTH at most. */
static size_t attach(struct sim_json *json, const cJSON *item, size_t number)
{
    assert(number < json->n_values);
    json->values[number].item = item;
    number++;
    for (const cJSON *child = item->child; child != NULL; child = child->next) {
        number = attach(json, child, number);
    }
    return number;
}

bool sim_json_open(struct sim_json *json, const char *text, size_t size)
{
    return sim_json_open_large(json, text, size, SIM_JSON_MAX_BYTES);
}

bool sim_json_open_large(struct sim_json *json, const char *text, size_t size,
                         size_t most)
{
    *json = (struct sim_json){.text = text, .size = size};
    if (size > most) {
        json__note(json, 0, sim_strdup(""), "the file is larger than %zu MiB",
                   most >> 20);
        return false;
    }
    if (!json__scan(json)) {
        return false;
    }
    json->tree = cJSON_ParseWithLengthOpts(text, size, NULL, 0);
    if (json->tree == NULL) {
        json__note(json, 0, sim_strdup(""), "there is no memory to read this");
        return false;
    }
    size_t attached = attach(json, json->tree, 0);
    assert(attached == json->n_values);
    return true;
}

/* --- problems ------------------------------------------------------------- */

static char *format_text(const char *format, va_list arguments)
{
    assert(format != NULL);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    assert(length >= 0);
    char *text = sim_calloc((size_t)length + 1, 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

static void note(struct sim_json *json, size_t offset, char *pointer,
                 const char *format, va_list arguments)
{
    json->problems = sim_grow(json->problems, &json->problems_capacity,
                              json->n_problems + 1, sizeof *json->problems);
    json->problems[json->n_problems] =
        (struct sim_json_problem){.offset = offset,
                                  .number = json->n_problems,
                                  .pointer = pointer,
                                  .message = format_text(format, arguments)};
    json->n_problems++;
}

void json__note(struct sim_json *json, size_t offset, char *pointer,
                const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    note(json, offset, pointer, format, arguments);
    va_end(arguments);
}

void sim_json_refuse(struct sim_json *json, const struct sim_json_value *value,
                     const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    note(json, value->begin, sim_json_pointer(json, value), format, arguments);
    va_end(arguments);
}

void sim_json_refuse_key(struct sim_json *json,
                         const struct sim_json_value *value, const char *format,
                         ...)
{
    va_list arguments;
    va_start(arguments, format);
    note(json, value->key, sim_json_pointer(json, value), format, arguments);
    va_end(arguments);
}

void sim_json_unfit(struct sim_json *json, const struct sim_json_value *value,
                    const char *what, const char *hint)
{
    char found[SIM_JSON_FOUND_SIZE];
    sim_json_found(json, value, found);
    sim_json_refuse(json, value, "%s is not %s; %s", found, what, hint);
}

/* --- values --------------------------------------------------------------- */

const struct sim_json_value *sim_json_top(const struct sim_json *json)
{
    assert(json->n_values > 0);
    return &json->values[0];
}

const struct sim_json_value *sim_json_first(const struct sim_json *json,
                                            const struct sim_json_value *value)
{
    (void)json;
    return value->n_values > 0 ? value + 1 : NULL;
}

const struct sim_json_value *sim_json_next(const struct sim_json *json,
                                           const struct sim_json_value *value)
{
    const struct sim_json_value *parent = &json->values[value->parent];
    if (value == parent || value->place + 1 == parent->n_values) {
        return NULL;
    }
    return &json->values[value->following];
}

const struct sim_json_value *
sim_json_member(const struct sim_json *json,
                const struct sim_json_value *object, const char *name)
{
    if (object->kind != SIM_JSON_OBJECT) {
        return NULL;
    }
    const struct sim_json_value *value = sim_json_first(json, object);
    while (value != NULL && !sim_json_same_key(sim_json_key(value), name)) {
        value = sim_json_next(json, value);
    }
    return value;
}

const char *sim_json_key(const struct sim_json_value *value)
{
    return value->item->string != NULL ? value->item->string : "";
}

const char *sim_json_string(const struct sim_json_value *value)
{
    return value->kind == SIM_JSON_STRING ? value->item->valuestring : NULL;
}

bool sim_json_true(const struct sim_json_value *value)
{
    return cJSON_IsTrue(value->item) != 0;
}

/* A double only carries the number from cJSON: within these limits every
 * integer is exact in it. */
bool sim_json_integer(const struct sim_json_value *value, int64_t *integer)
{
    if (value->kind != SIM_JSON_NUMBER) {
        return false;
    }
    double number = value->item->valuedouble;
    if (!(number >= -(double)SIM_JSON_MAX_INTEGER &&
          number <= (double)SIM_JSON_MAX_INTEGER)) {
        return false;
    }
    int64_t whole = (int64_t)number;
    if ((double)whole < number || (double)whole > number) {
        return false;
    }
    *integer = whole;
    return true;
}

/* The text as written needs no escapes: control characters are escaped in it
 * already. Long ones are cut between two characters. */
void sim_json_found(const struct sim_json *json,
                    const struct sim_json_value *value,
                    char found[SIM_JSON_FOUND_SIZE])
{
    const size_t room = SIM_JSON_FOUND_SIZE - 8;
    const char *text = json->text + value->begin;
    size_t length = value->end - value->begin;
    switch (value->kind) {
    case SIM_JSON_LIST:
        strcpy(found, "a list");
        return;
    case SIM_JSON_OBJECT:
        strcpy(found, "an object");
        return;
    case SIM_JSON_NULL:
    case SIM_JSON_BOOLEAN:
    case SIM_JSON_NUMBER:
    case SIM_JSON_STRING:
        break;
    }
    if (length <= room) {
        snprintf(found, SIM_JSON_FOUND_SIZE, "%.*s", (int)length, text);
        return;
    }
    length = room - 4;
    while (((unsigned char)text[length] & 0xc0u) == 0x80u) {
        length--;
    }
    snprintf(found, SIM_JSON_FOUND_SIZE, "%.*s...%s", (int)length, text,
             value->kind == SIM_JSON_STRING ? "\"" : "");
}

static void append(char **text, size_t *length, size_t *capacity, char byte)
{
    *text = sim_grow(*text, capacity, *length + 2, 1);
    (*text)[(*length)++] = byte;
    (*text)[*length] = '\0';
}

/* Control characters as JSON has them, so that a pointer stays on its line. */
static void append_escaped(char **text, size_t *length, size_t *capacity,
                           char byte)
{
    char escaped[8] = {byte, '\0'};
    if (byte == '~' || byte == '/') {
        snprintf(escaped, sizeof escaped, "~%c", byte == '~' ? '0' : '1');
    } else if ((unsigned char)byte < ' ') {
        snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)byte);
    }
    for (const char *next = escaped; *next != '\0'; next++) {
        append(text, length, capacity, *next);
    }
}

char *sim_json_pointer(const struct sim_json *json,
                       const struct sim_json_value *value)
{
    const struct sim_json_value *path[SIM_JSON_MAX_DEPTH + 1];
    uint32_t depth = 0;
    char *text = sim_strdup("");
    size_t length = 0;
    size_t capacity = 0;
    for (; value != sim_json_top(json); value = &json->values[value->parent]) {
        path[depth++] = value;
    }
    while (depth > 0) {
        char place[16];
        const struct sim_json_value *step = path[--depth];
        const char *name = step->item->string;
        if (name == NULL) {
            snprintf(place, sizeof place, "%u", (unsigned)step->place);
            name = place;
        }
        append(&text, &length, &capacity, '/');
        for (; *name != '\0'; name++) {
            append_escaped(&text, &length, &capacity, *name);
        }
    }
    return text;
}

/* --- the end -------------------------------------------------------------- */

static int compare_problems(const void *left, const void *right)
{
    const struct sim_json_problem *a = left;
    const struct sim_json_problem *b = right;
    if (a->offset != b->offset) {
        return a->offset < b->offset ? -1 : 1;
    }
    return a->number < b->number ? -1 : a->number > b->number;
}

void sim_json_close(struct sim_json *json,
                    struct sim_scenario_problems *problems)
{
    uint32_t line = 1;
    uint32_t column = 1;
    size_t at = 0;
    *problems = (struct sim_scenario_problems){0};
    if (json->n_problems > 0) {
        qsort(json->problems, json->n_problems, sizeof *json->problems,
              compare_problems);
        problems->items = sim_calloc(json->n_problems, sizeof *problems->items);
    }
    for (size_t i = 0; i < json->n_problems; i++) {
        for (; at < json->problems[i].offset; at++) {
            if (json->text[at] == '\n') {
                line++;
                column = 1;
            } else if (((unsigned char)json->text[at] & 0xc0u) != 0x80u) {
                column++; /* characters, not bytes */
            }
        }
        problems->items[i] =
            (struct sim_scenario_problem){.pointer = json->problems[i].pointer,
                                          .line = line,
                                          .column = column,
                                          .message = json->problems[i].message};
    }
    problems->count = (uint32_t)json->n_problems;
    free(json->problems);
    free(json->values);
    cJSON_Delete(json->tree);
    *json = (struct sim_json){0};
}
