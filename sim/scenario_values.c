/* Single values: words, numbers, numbers with units, distributions. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/scenario_reader.h"

static const char duration_hint[] =
    "write a number with a unit, such as \"150ms\" or \"2s\" "
    "(units: us, ms, s, m, h)";

void scenario__join(char text[SCENARIO_WORDS_SIZE], const char *const *words,
                    size_t n_words)
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < n_words; i++) {
        const char *before = i == 0 ? "" : i + 1 == n_words ? " or " : ", ";
        size_t room = SCENARIO_WORDS_SIZE - length;
        int added = snprintf(text + length, room, "%s\"%s\"", before, words[i]);
        if (added < 0 || (size_t)added >= room) {
            return; /* cut; no list of the format is that long */
        }
        length += (size_t)added;
    }
}

bool scenario__word(struct scenario_reader *reader,
                    const struct sim_json_value *value,
                    const char *const *words, size_t n_words, size_t *place)
{
    char list[SCENARIO_WORDS_SIZE];
    char found[SIM_JSON_FOUND_SIZE];
    const char *text = sim_json_string(value);
    const char *nearest = NULL;
    if (text != NULL) {
        for (size_t i = 0; i < n_words; i++) {
            if (strcmp(text, words[i]) == 0) {
                *place = i;
                return true;
            }
        }
        nearest = sim_json_nearest(text, words, n_words);
    }
    scenario__join(list, words, n_words);
    sim_json_found(&reader->json, value, found);
    if (n_words == 1) { /* beside which numbers stand */
        sim_json_refuse(&reader->json, value,
                        "%s is not known; write a node's number or %s", found,
                        list);
    } else if (nearest != NULL) {
        sim_json_refuse(&reader->json, value,
                        "%s is not known; did you mean \"%s\"? (it can be %s)",
                        found, nearest, list);
    } else {
        sim_json_refuse(&reader->json, value, "%s is not known; write %s",
                        found, list);
    }
    return false;
}

void scenario__comment(struct scenario_reader *reader,
                       const struct sim_json_value *value,
                       const struct scenario_key *key, void *out)
{
    (void)key;
    (void)out;
    if (value->kind != SIM_JSON_STRING) {
        sim_json_unfit(&reader->json, value, "a string",
                       "write a text in quotation marks");
    }
}

void scenario__boolean(struct scenario_reader *reader,
                       const struct sim_json_value *value,
                       const struct scenario_key *key, void *out)
{
    (void)key;
    if (value->kind != SIM_JSON_BOOLEAN) {
        sim_json_unfit(&reader->json, value, "true or false",
                       "write one of them, without quotation marks");
        return;
    }
    *(bool *)out = sim_json_true(value);
}

/* --- numbers -------------------------------------------------------------- */

static bool read_integer(struct scenario_reader *reader,
                         const struct sim_json_value *value,
                         const struct scenario_key *key, uint64_t *number)
{
    char found[SIM_JSON_FOUND_SIZE];
    int64_t integer = 0;
    uint64_t max = key->max > 0 ? key->max : (uint64_t)SIM_JSON_MAX_INTEGER;
    if (!sim_json_integer(value, &integer) || integer < 0 ||
        (uint64_t)integer < key->min || (uint64_t)integer > max) {
        sim_json_found(&reader->json, value, found);
        sim_json_refuse(&reader->json, value,
                        "%s is not a whole number from %" PRIu64 " to %" PRIu64,
                        found, key->min, max);
        return false;
    }
    *number = (uint64_t)integer;
    return true;
}

void scenario__count32(struct scenario_reader *reader,
                       const struct sim_json_value *value,
                       const struct scenario_key *key, void *out)
{
    uint64_t number = 0;
    if (read_integer(reader, value, key, &number)) {
        *(uint32_t *)out = (uint32_t)number;
    }
}

void scenario__count64(struct scenario_reader *reader,
                       const struct sim_json_value *value,
                       const struct scenario_key *key, void *out)
{
    uint64_t number = 0;
    if (read_integer(reader, value, key, &number)) {
        *(uint64_t *)out = number;
    }
}

uint64_t *scenario__terms(struct scenario_reader *reader,
                          const struct sim_json_value *value, uint32_t *count)
{
    static const struct scenario_key term = {.min = 1};
    uint64_t before = 0;
    *count = 0;
    if (!scenario__is_list(reader, value,
                           "write the terms of the entries, "
                           "such as [1, 1, 4]")) {
        return NULL;
    }
    uint64_t *terms = scenario__take(reader, value->n_values, sizeof *terms);
    const struct sim_json_value *each = sim_json_first(&reader->json, value);
    for (; each != NULL; each = sim_json_next(&reader->json, each)) {
        if (!read_integer(reader, each, &term, &terms[*count])) {
            continue;
        }
        if (terms[*count] < before) {
            sim_json_refuse(&reader->json, each,
                            "the terms of a log never fall, and this one "
                            "follows %" PRIu64,
                            before);
        }
        before = terms[(*count)++];
    }
    return terms;
}

/* --- numbers with units --------------------------------------------------- */

/* Notes why a text is not the quantity it should be; true if it is. */
static bool check_fit(struct scenario_reader *reader,
                      const struct sim_json_value *value, enum scenario_fit fit,
                      const char *what, const char *hint, const char *too_fine,
                      const char *too_large)
{
    char found[SIM_JSON_FOUND_SIZE];
    const char *text = sim_json_string(value);
    sim_json_found(&reader->json, value, found);
    switch (fit) {
    case SCENARIO_FITS:
        return true;
    case SCENARIO_NO_QUANTITY:
        if (text != NULL && text[0] == '-') {
            hint = "it cannot be negative";
        }
        sim_json_unfit(&reader->json, value, what, hint);
        return false;
    case SCENARIO_TOO_FINE:
        sim_json_refuse(&reader->json, value, "%s is finer than %s", found,
                        too_fine);
        return false;
    case SCENARIO_TOO_LARGE:
        sim_json_refuse(&reader->json, value, "%s is more than %s", found,
                        too_large);
        return false;
    }
    return false;
}

static enum scenario_fit read_quantity(const struct sim_json_value *value,
                                       enum scenario_quantity quantity,
                                       uint64_t max, uint64_t *number)
{
    const char *text = sim_json_string(value);
    return text == NULL ? SCENARIO_NO_QUANTITY
                        : scenario__quantity(text, quantity, max, number);
}

static bool read_duration(struct scenario_reader *reader,
                          const struct sim_json_value *value, uint64_t *us)
{
    enum scenario_fit fit =
        read_quantity(value, SCENARIO_DURATION, SIM_MAX_SCENARIO_US, us);
    return check_fit(reader, value, fit, "a duration", duration_hint,
                     "a microsecond, the smallest step of time here",
                     "a hundred years, the longest time here");
}

static void refuse_zero(struct scenario_reader *reader,
                        const struct sim_json_value *value)
{
    sim_json_unfit(&reader->json, value, "possible here",
                   "write a duration of more than 0");
}

void scenario__duration(struct scenario_reader *reader,
                        const struct sim_json_value *value,
                        const struct scenario_key *key, void *out)
{
    uint64_t us = 0;
    if (!read_duration(reader, value, &us)) {
        return;
    }
    if (us < key->min) {
        refuse_zero(reader, value);
    }
    *(uint64_t *)out = us;
}

void scenario__duration_or_never(struct scenario_reader *reader,
                                 const struct sim_json_value *value,
                                 const struct scenario_key *key, void *out)
{
    const char *text = sim_json_string(value);
    if (text != NULL && strcmp(text, "never") == 0) {
        *(uint64_t *)out = SIM_UNLIMITED;
    } else if (text == NULL || strchr("-0123456789", text[0]) == NULL) {
        sim_json_unfit(&reader->json, value, "a duration",
                       "write a time such as \"5s\", or \"never\"");
    } else {
        scenario__duration(reader, value, key, out);
    }
}

void scenario__chance(struct scenario_reader *reader,
                      const struct sim_json_value *value,
                      const struct scenario_key *key, void *out)
{
    int64_t integer = 0;
    uint64_t ppm = 0;
    (void)key;
    if (sim_json_integer(value, &integer) && (integer == 0 || integer == 1)) {
        *(uint32_t *)out = integer == 0 ? 0 : 1000000;
        return;
    }
    enum scenario_fit fit = read_quantity(value, SCENARIO_PART, 1000000, &ppm);
    if (check_fit(reader, value, fit, "a chance",
                  "write a part of 100 or of a million, such as \"2.5%\" or "
                  "\"300ppm\", or 0 or 1",
                  "one in a million, the smallest chance here",
                  "always, which is \"100%\"")) {
        *(uint32_t *)out = (uint32_t)ppm;
    }
}

void scenario__rate(struct scenario_reader *reader,
                    const struct sim_json_value *value,
                    const struct scenario_key *key, void *out)
{
    const char *text = sim_json_string(value);
    enum scenario_fit fit = SCENARIO_NO_QUANTITY;
    uint64_t ppm = 0;
    (void)key;
    if (text != NULL) {
        bool slower = text[0] == '-';
        const char *digits = slower || text[0] == '+' ? text + 1 : text;
        fit = scenario__quantity(digits, SCENARIO_PART,
                                 slower ? 900000 : 9000000, &ppm);
        *(int32_t *)out = slower ? -(int32_t)ppm : (int32_t)ppm;
    }
    if (fit == SCENARIO_NO_QUANTITY) {
        sim_json_unfit(&reader->json, value, "a clock's rate",
                       "write how much faster or slower than time it goes, "
                       "such as \"10%\" or \"-500ppm\"");
        return;
    }
    check_fit(reader, value, fit, "", "",
              "one in a million, the smallest rate here",
              "a clock can be off: \"-90%\" to \"900%\"");
}

static bool read_size(struct scenario_reader *reader,
                      const struct sim_json_value *value, uint64_t min,
                      uint64_t max, uint64_t *bytes)
{
    char range[64];
    int64_t integer = 0;
    enum scenario_fit fit = SCENARIO_FITS;
    snprintf(range, sizeof range,
             "%" PRIu64 " bytes, the most that is possible here", max);
    if (sim_json_integer(value, &integer) && integer >= 0) {
        *bytes = (uint64_t)integer;
        fit = *bytes > max ? SCENARIO_TOO_LARGE : SCENARIO_FITS;
    } else {
        fit = read_quantity(value, SCENARIO_SIZE, max, bytes);
    }
    if (!check_fit(reader, value, fit, "a size",
                   "write a number of bytes, such as 4096, \"64KiB\" or "
                   "\"1MB\" (units: B, KB, MB, GB, KiB, MiB, GiB; decimals "
                   "only with KB, MB, GB)",
                   "a byte", range)) {
        return false;
    }
    if (*bytes < min) {
        sim_json_unfit(&reader->json, value, "possible here",
                       "write 1 byte or more");
        return false;
    }
    return true;
}

void scenario__size32(struct scenario_reader *reader,
                      const struct sim_json_value *value,
                      const struct scenario_key *key, void *out)
{
    uint64_t bytes = 0;
    if (read_size(reader, value, key->min, key->max, &bytes)) {
        *(uint32_t *)out = (uint32_t)bytes;
    }
}

void scenario__size64(struct scenario_reader *reader,
                      const struct sim_json_value *value,
                      const struct scenario_key *key, void *out)
{
    uint64_t bytes = 0;
    if (read_size(reader, value, key->min, key->max, &bytes)) {
        *(uint64_t *)out = bytes;
    }
}

void scenario__bandwidth(struct scenario_reader *reader,
                         const struct sim_json_value *value,
                         const struct scenario_key *key, void *out)
{
    /* A terabyte a second: no link is faster. */
    const uint64_t max = UINT64_C(1000000000000);
    uint64_t bytes = 0;
    (void)key;
    enum scenario_fit fit =
        read_quantity(value, SCENARIO_BANDWIDTH, max, &bytes);
    if (!check_fit(reader, value, fit, "a bandwidth",
                   "write bytes a second, such as \"10MB/s\" (units: B/s, "
                   "KB/s, MB/s, GB/s, KiB/s, MiB/s, GiB/s)",
                   "a byte a second", "1000GB/s, the most that is possible")) {
        return;
    }
    if (bytes == 0) {
        sim_json_unfit(&reader->json, value, "possible here",
                       "leave \"bandwidth\" out for a link without limit, or "
                       "\"cut\" it");
    }
    *(uint64_t *)out = bytes;
}

void scenario__text(struct scenario_reader *reader,
                    const struct sim_json_value *value,
                    const struct scenario_key *key, void *out)
{
    const char *text = sim_json_string(value);
    char found[SIM_JSON_FOUND_SIZE];
    if (text == NULL || strlen(text) < key->min || strlen(text) > key->max) {
        sim_json_found(&reader->json, value, found);
        sim_json_refuse(&reader->json, value,
                        "%s is not a string of %" PRIu64 " to %" PRIu64
                        " bytes",
                        found, key->min, key->max);
        return;
    }
    *(char **)out = scenario__copy(reader, text);
}

void scenario__message_kind(struct scenario_reader *reader,
                            const struct sim_json_value *value,
                            const struct scenario_key *key, void *out)
{
    const char *names[SIM_MESSAGE_KIND_COUNT];
    size_t place = 0;
    (void)key;
    for (size_t i = 0; i < SIM_MESSAGE_KIND_COUNT; i++) {
        names[i] = sim_message_kind_name((enum sim_message_kind)i);
    }
    if (scenario__word(reader, value, names, SCENARIO_COUNT(names), &place)) {
        *(enum sim_message_kind *)out = (enum sim_message_kind)place;
    }
}
