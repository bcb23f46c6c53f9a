#include "tools/amounts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/options.h"

#define MAX_DIGITS 24u

/* A hundred years. */
#define MAX_DURATION_US (UINT64_C(3155760000) * 1000000u)

bool amounts_count(const char *option, const char *text, uint64_t min,
                   uint64_t max, uint64_t *value)
{
    if (options_number(text, value) && *value >= min && *value <= max) {
        return true;
    }
    fprintf(stderr,
            "raftsim: --%s '%s': expected a number from %" PRIu64 " to %" PRIu64
            "\n",
            option, text, min, max);
    return false;
}

/* The whole number at the beginning of `text`; what follows it in `*rest`. */
static bool leading_number(const char *text, uint64_t *value, const char **rest)
{
    char digits[MAX_DIGITS];
    size_t size = strspn(text, "0123456789");
    if (size == 0 || size >= sizeof digits) {
        return false;
    }
    snprintf(digits, sizeof digits, "%.*s", (int)size, text);
    *rest = text + size;
    return options_number(digits, value);
}

bool amounts_duration(const char *option, const char *text, uint64_t *value_us)
{
    static const struct {
        const char *name;
        uint64_t us;
    } units[] = {{"ms", 1000u},
                 {"s", 1000000u},
                 {"m", UINT64_C(60000000)},
                 {"h", UINT64_C(3600000000)}};
    uint64_t number;
    const char *unit;
    if (leading_number(text, &number, &unit) && number > 0) {
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
            if (strcmp(unit, units[i].name) == 0 &&
                number <= MAX_DURATION_US / units[i].us) {
                *value_us = number * units[i].us;
                return true;
            }
        }
    }
    fprintf(stderr,
            "raftsim: --%s '%s': expected a duration such as 500ms, 60s, 5m or "
            "1h\n",
            option, text);
    return false;
}

bool amounts_percent(const char *option, const char *text, uint32_t *percent)
{
    uint64_t number;
    const char *unit;
    if (leading_number(text, &number, &unit) && number <= 100 &&
        strcmp(unit, "%") == 0) {
        *percent = (uint32_t)number;
        return true;
    }
    fprintf(stderr, "raftsim: --%s '%s': expected a share such as 90%%\n",
            option, text);
    return false;
}
