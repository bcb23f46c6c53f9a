/* A strict reader of JSON that knows where everything stands.
 *
 * cJSON builds the tree, but it lets pass what is no JSON (01, 1., a BOM, raw
 * control characters, bad UTF-8), cuts strings at \u0000 and keeps no
 * positions. So the text is scanned first, by the letter of RFC 8259: the scan
 * refuses what is not JSON and lists every value with its place in the text.
 * The list and the tree are then walked side by side.
 *
 * Problems are collected, not returned one by one: a file's faults are all
 * reported at once, in the order in which they stand in it. Duplicate keys are
 * for the reader of an object to find; look-ups give the first.
 *
 * What it does not: texts over SIM_JSON_MAX_BYTES (or what the caller says),
 * values nested deeper than SIM_JSON_MAX_DEPTH, and strings with a NUL in them
 * are refused.
 */
#ifndef SIM_JSON_H
#define SIM_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Nobody writes more by hand; both keep a hostile file cheap. */
#define SIM_JSON_MAX_BYTES ((size_t)8 << 20)
#define SIM_JSON_MAX_DEPTH 64u

/* Up to here a number is the same integer for every reader of JSON: 2^53 - 1 */
#define SIM_JSON_MAX_INTEGER INT64_C(9007199254740991)

struct cJSON;
struct sim_scenario_problems;

enum sim_json_kind {
    SIM_JSON_NULL,
    SIM_JSON_BOOLEAN,
    SIM_JSON_NUMBER,
    SIM_JSON_STRING,
    SIM_JSON_LIST,
    SIM_JSON_OBJECT,
};

/* A value and its place. Values are listed in the order of the text, so what a
 * list or object contains follows it directly. */
struct sim_json_value {
    enum sim_json_kind kind;
    const struct cJSON *item;
    size_t key;        /* where its key begins; `begin` if it has none */
    size_t begin, end; /* in the text; `end` is one past it */
    uint32_t parent;   /* number of the value that contains it; 0 for the top */
    uint32_t place;    /* among the values of its parent, from 0 */
    uint32_t n_values; /* that it contains directly */
    uint32_t following; /* number of the first value after it and its content */
};

/* A problem before lines and columns are counted. */
struct sim_json_problem {
    size_t offset;
    size_t number; /* in the order found */
    char *pointer, *message;
};

struct sim_json {
    const char *text;
    size_t size;
    struct cJSON *tree;
    struct sim_json_value *values;
    size_t n_values, capacity;
    struct sim_json_problem *problems;
    size_t n_problems, problems_capacity;
};

/* Whether two keys are the same. Most differ in their first letter: no call is
 * made for those. */
static inline bool sim_json_same_key(const char *a, const char *b)
{
    return a[0] == b[0] && strcmp(a, b) == 0;
}

/* Reads `text` (`size` bytes), which must outlive `json`. False if it is not
 * JSON, with the problem noted. Close it in both cases. */
bool sim_json_open(struct sim_json *json, const char *text, size_t size);

/* The same for texts that no hand has written, of up to `most` bytes. */
bool sim_json_open_large(struct sim_json *json, const char *text, size_t size,
                         size_t most);

/* Notes a problem of `value`: a sentence without a newline, as for printf(). */
void sim_json_refuse(struct sim_json *json, const struct sim_json_value *value,
                     const char *format, ...);

/* The same, placed at the value's key. */
void sim_json_refuse_key(struct sim_json *json,
                         const struct sim_json_value *value, const char *format,
                         ...);

/* Notes `<what was found> is not <what>; <hint>`. */
void sim_json_unfit(struct sim_json *json, const struct sim_json_value *value,
                    const char *what, const char *hint);

/* The whole text's value. */
const struct sim_json_value *sim_json_top(const struct sim_json *json);

/* The values in a list or object in their order; NULL after the last. */
const struct sim_json_value *sim_json_first(const struct sim_json *json,
                                            const struct sim_json_value *value);
const struct sim_json_value *sim_json_next(const struct sim_json *json,
                                           const struct sim_json_value *value);

/* The first value of key `name`; NULL if there is none or `object` is none. */
const struct sim_json_value *
sim_json_member(const struct sim_json *json,
                const struct sim_json_value *object, const char *name);

/* Its key; "" if it has none. Owned by `json`. */
const char *sim_json_key(const struct sim_json_value *value);

/* The content of a string; NULL of any other value. Owned by `json`. */
const char *sim_json_string(const struct sim_json_value *value);

bool sim_json_true(const struct sim_json_value *value);

/* True if it is a number without a fraction of at most SIM_JSON_MAX_INTEGER
 * either way; then in `*integer`. */
bool sim_json_integer(const struct sim_json_value *value, int64_t *integer);

#define SIM_JSON_FOUND_SIZE 64u

/* What stands there, for a message: as written, cut if long, or "a list". */
void sim_json_found(const struct sim_json *json,
                    const struct sim_json_value *value,
                    char found[SIM_JSON_FOUND_SIZE]);

/* The value's JSON pointer (RFC 6901, with its escapes). The caller frees it.
 */
char *sim_json_pointer(const struct sim_json *json,
                       const struct sim_json_value *value);

/* The word that `word` was probably meant to be, or NULL. */
const char *sim_json_nearest(const char *word, const char *const *words,
                             size_t n_words);

/* Frees everything and hands over the problems, in the order of the text. */
void sim_json_close(struct sim_json *json,
                    struct sim_scenario_problems *problems);

/* --- inside the module ---------------------------------------------------- */

/* Checks the syntax and lists the values, without their items. False at the
 * first fault, with the problem noted. (json_scan.c) */
bool json__scan(struct sim_json *json);

/* Notes a problem at a place of the text; `pointer` is handed over. */
void json__note(struct sim_json *json, size_t offset, char *pointer,
                const char *format, ...);

#endif
