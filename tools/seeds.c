#include "tools/seeds.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "tools/options.h"

/* No number is longer. */
#define MAX_DIGITS 64u

bool seeds_parse(const char *option, const char *text, struct seeds *seeds)
{
    char first[MAX_DIGITS];
    const char *dots = strstr(text, "..");
    if (dots == NULL || dots - text >= (ptrdiff_t)sizeof first) {
        dots = text;
    }
    snprintf(first, sizeof first, "%.*s", (int)(dots - text), text);
    if (dots == text || !options_number(first, &seeds->first) ||
        !options_number(dots + 2, &seeds->last)) {
        fprintf(stderr,
                "raftsim: --%s '%s': expected A..B, two numbers from 0 to "
                "%" PRIu64 ", decimal or 0x hexadecimal\n",
                option, text, UINT64_MAX);
        return false;
    }
    if (seeds->first > seeds->last) {
        fprintf(stderr,
                "raftsim: --%s '%s': the first seed is above the last\n",
                option, text);
        return false;
    }
    return true;
}
