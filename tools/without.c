#include "tools/without.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "tools/input.h"
#include "tools/options.h"

#define PREFIX "/nemeses/"

/* Room for the digits of a place. */
#define MAX_DIGITS 12u

/* One item of `size` bytes. */
static bool parse_item(const char *item, size_t size, uint32_t *place)
{
    char digits[MAX_DIGITS];
    uint64_t number;
    size_t prefix = strlen(PREFIX);
    if (size <= prefix || size - prefix >= sizeof digits ||
        strncmp(item, PREFIX, prefix) != 0) {
        return false;
    }
    snprintf(digits, sizeof digits, "%.*s", (int)(size - prefix),
             item + prefix);
    if (digits[strspn(digits, "0123456789")] != '\0' ||
        !options_number(digits, &number) || number > UINT32_MAX) {
        return false;
    }
    *place = (uint32_t)number;
    return true;
}

bool without_parse(const char *text, struct without *without)
{
    without->text = text;
    for (const char *item = text;; item++) {
        size_t size = strcspn(item, ",");
        uint32_t place;
        if (!parse_item(item, size, &place)) {
            fprintf(stderr,
                    "raftsim: --without '%s': expected a list such as "
                    "/nemeses/3,/nemeses/7\n",
                    text);
            return false;
        }
        without->places = sim_grow(without->places, &without->capacity,
                                   without->count + 1, sizeof(uint32_t));
        without->places[without->count++] = place;
        item += size;
        if (*item == '\0') {
            return true;
        }
    }
}

bool without_apply(const struct without *without, struct sim_scenario *scenario,
                   const char *path)
{
    for (size_t i = 0; i < without->count; i++) {
        uint32_t place = without->places[i];
        if (place >= scenario->n_nemeses) {
            fprintf(stderr,
                    "raftsim: --without " PREFIX "%" PRIu32 ": %s has %" PRIu32
                    " nemes%s, counted from " PREFIX "0\n",
                    place, input_name(path), scenario->n_nemeses,
                    scenario->n_nemeses == 1 ? "is" : "es");
            return false;
        }
        scenario->nemeses[place].enabled = false;
    }
    return true;
}

void without_free(struct without *without)
{
    free(without->places);
    *without = (struct without){0};
}
