#include "tools/shrink_words.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "tools/shrink_script.h"

struct words {
    char *text;
    size_t size, capacity;
};

static void add(struct words *words, const char *more)
{
    size_t size = strlen(more);
    words->text =
        sim_grow(words->text, &words->capacity, words->size + size + 1, 1);
    memcpy(words->text + words->size, more, size + 1);
    words->size += size;
}

static cJSON *get(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* --- steps ---------------------------------------------------------------- */

static void add_number(struct words *words, const cJSON *number)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%.0f", number->valuedouble);
    add(words, digits);
}

/* "node 2", "nodes 1 and 3", or as it is written: "all". */
static void add_nodes(struct words *words, const cJSON *nodes)
{
    if (cJSON_IsString(nodes)) {
        add(words, nodes->valuestring);
    } else if (cJSON_IsNumber(nodes)) {
        add(words, "node ");
        add_number(words, nodes);
    } else if (cJSON_IsArray(nodes)) {
        add(words, cJSON_GetArraySize(nodes) == 1 ? "node " : "nodes ");
        for (const cJSON *each = nodes->child; each != NULL;
             each = each->next) {
            add(words, each == nodes->child ? ""
                       : each->next == NULL ? " and "
                                            : ", ");
            if (cJSON_IsNumber(each)) {
                add_number(words, each);
            } else if (cJSON_IsArray(each)) {
                add_nodes(words, each);
            }
        }
    }
}

/* An action on nodes, with words before and after them. */
static const struct plain {
    const char *key;
    const char *before, *after;
} plain[] = {
    {"crash", "", " crashes"},
    {"restart", "", " restarts"},
    {"pause", "", " pauses"},
    {"resume", "", " goes on"},
    {"isolate", "", " is isolated"},
    {"expire_timer", "the timer of ", " expires"},
    {"compact", "", " makes a snapshot"},
    {"corrupt", "a record of ", " rots"},
    {"add", "", " is to be added"},
    {"remove", "", " is to be removed"},
    {"promote", "", " is to be promoted"},
    {"demote", "", " is to be demoted"},
    {"members", "the members are to be ", ""},
    {"transfer", "leadership is to go to ", ""},
};

static void add_from_to(struct words *words, const cJSON *what,
                        const char *verb)
{
    add(words, "what ");
    add_nodes(words, get(what, "from"));
    add(words, " sends to ");
    add_nodes(words, get(what, "to"));
    if (cJSON_IsTrue(get(what, "both_ways"))) {
        add(words, ", and back,");
    }
    add(words, verb);
}

static void add_request(struct words *words, const cJSON *what,
                        const char *verb)
{
    if (get(what, "client") != NULL) {
        add(words, "client ");
        add_number(words, get(what, "client"));
    } else {
        add(words, "a client");
    }
    add(words, verb);
    add(words, cJSON_GetStringValue(get(what, "key")));
    if (get(what, "value") != NULL) {
        add(words, " = ");
        add(words, cJSON_GetStringValue(get(what, "value")));
    }
    add(words, " at ");
    add_nodes(words, get(what, "to"));
}

static void add_special(struct words *words, const cJSON *step)
{
    if (get(step, "cut") != NULL) {
        add_from_to(words, get(step, "cut"), " is cut off");
    } else if (get(step, "clog") != NULL) {
        add_from_to(words, get(step, "clog"), " is held up");
    } else if (get(step, "link") != NULL) {
        add_from_to(words, get(step, "link"), " fares otherwise");
    } else if (get(step, "partition") != NULL) {
        add(words, "the network is parted");
    } else if (get(step, "propose") != NULL) {
        add_request(words, get(step, "propose"), " writes ");
    } else if (get(step, "read") != NULL) {
        add_request(words, get(step, "read"), " reads ");
    } else if (get(step, "disk") != NULL) {
        add(words, "the disk of ");
        add_nodes(words, get(get(step, "disk"), "nodes"));
        add(words, get(get(step, "disk"), "full") != NULL ? " is full"
                   : get(get(step, "disk"), "fsync_errors") != NULL
                       ? " fails"
                       : " is slow");
    } else if (get(step, "clock") != NULL) {
        add(words, "the clock of ");
        add_nodes(words, get(get(step, "clock"), "nodes"));
        add(words, " goes wrong");
    } else if (get(step, "replace") != NULL) {
        add_nodes(words, get(get(step, "replace"), "node"));
        add(words, " is to be replaced by ");
        add_nodes(words, get(get(step, "replace"), "by"));
    } else if (get(step, "heal") != NULL) {
        add(words, "everything heals");
    }
}

static void add_step(struct words *words, const cJSON *step)
{
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        const cJSON *nodes = get(step, plain[i].key);
        if (nodes != NULL) {
            add(words, plain[i].before);
            add_nodes(words, nodes);
            add(words, plain[i].after);
            return;
        }
    }
    add_special(words, step);
}

/* "from node 1"; nothing for any. */
static void add_end(struct words *words, const char *word, const cJSON *nodes)
{
    if (nodes != NULL && !cJSON_IsString(nodes)) {
        add(words, word);
        add_nodes(words, nodes);
    }
}

static void add_rule(struct words *words, const cJSON *rule)
{
    const char *kind = cJSON_GetStringValue(get(rule, "kind"));
    const cJSON *number = get(rule, "number");
    add(words, number != NULL ? "the " : "each ");
    add(words, kind != NULL ? kind : "message");
    if (cJSON_IsArray(number)) {
        add(words, "s number ");
        add_number(words, cJSON_GetArrayItem(number, 0));
        add(words, " to ");
        add_number(words, cJSON_GetArrayItem(number, 1));
    } else if (number != NULL) {
        add(words, " number ");
        add_number(words, number);
    }
    add_end(words, " from ", get(rule, "from"));
    add_end(words, " to ", get(rule, "to"));
    add(words, cJSON_IsTrue(get(rule, "lost")) ? " is lost"
               : get(rule, "again") != NULL    ? " comes twice"
                                               : " comes late");
}

/* One after the other, as far as anybody would read. */
#define MAX_TOLD 12

static void add_script(struct words *words, const cJSON *scenario)
{
    const cJSON *lists[] = {get(get(scenario, "network"), "messages"),
                            get(scenario, "faults")};
    int told = 0;
    for (size_t i = 0; i < 2; i++) {
        const cJSON *each;
        cJSON_ArrayForEach(each, lists[i])
        {
            if (told == MAX_TOLD) {
                add(words, "; and so on");
                return;
            }
            add(words, told++ == 0 ? " " : "; ");
            if (i == 0) {
                add_rule(words, each);
            } else {
                add_step(words, each);
            }
        }
    }
    add(words, told == 0 ? " nothing has to go wrong." : ".");
}

/* --- the whole ------------------------------------------------------------ */

static char *description(const struct shrink *shrink, const char *file,
                         unsigned long long seed, bool certain)
{
    char numbers[96];
    struct words words = {.text = NULL};
    snprintf(numbers, sizeof numbers, ", seed %llu", seed);
    add(&words, "What is left of ");
    add(&words, file);
    add(&words, numbers);
    add(&words, ":");
    if (certain) {
        add_script(&words, shrink->best);
    } else {
        snprintf(numbers, sizeof numbers,
                 " chance is left in it, and seed %" PRIu64 " shows it.",
                 shrink->found.seed);
        add(&words, numbers);
    }
    snprintf(numbers, sizeof numbers,
             " When it was found, after %" PRIu64 " step%s: ",
             shrink->found.steps, shrink->found.steps == 1 ? "" : "s");
    add(&words, numbers);
    if (strcmp(shrink->trials.wanted.what, "died") == 0) {
        add(&words, shrink->trials.wanted.kind);
    } else {
        struct sim_result result = shrink_run(shrink, NULL);
        add(&words, failure_words(&result));
    }
    return words.text;
}

static const char *const order[] = {
    "description", "seed",      "nodes",   "members", "duration",
    "raft",        "snapshots", "network", "disk",    "clocks",
    "workload",    "initial",   "faults",  "nemeses", "expect"};

static void put_in_order(cJSON *scenario)
{
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        cJSON *item =
            cJSON_DetachItemFromObjectCaseSensitive(scenario, order[i]);
        if (item != NULL) {
            cJSON_AddItemToObject(scenario, order[i], item);
        }
    }
}

void shrink_describe(struct shrink *shrink, const char *file,
                     unsigned long long seed, bool certain)
{
    cJSON *best = shrink->best;
    cJSON *step;
    if (shrink->is_script && get(best, "faults") != NULL) {
        script_sort(best); /* rounding may have changed it */
    }
    char *text = description(shrink, file, seed, certain);
    cJSON_DeleteItemFromObjectCaseSensitive(best, "description");
    cJSON_AddStringToObject(best, "description", text);
    cJSON_DeleteItemFromObjectCaseSensitive(best, "seed");
    if (!certain) {
        char digits[24];
        snprintf(digits, sizeof digits, "%" PRIu64, shrink->found.seed);
        cJSON_AddStringToObject(best, "seed", digits);
    }
    cJSON_ArrayForEach(step, get(best, "nemeses"))
    {
        cJSON_DeleteItemFromObjectCaseSensitive(step, "comment");
    }
    if (cJSON_GetArraySize(get(best, "faults")) == 0) {
        cJSON_DeleteItemFromObjectCaseSensitive(best, "faults");
    }
    cJSON *expect = get(best, "expect");
    const char *violation = cJSON_GetStringValue(get(expect, "violation"));
    if (violation != NULL && strcmp(violation, "none") == 0) {
        cJSON_DeleteItemFromObjectCaseSensitive(expect, "violation");
    }
    put_in_order(best);
    free(text);
}
