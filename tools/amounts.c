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

struct unit {
    const char *name;
    uint64_t size;
};

/* A whole number above 0 with one of the units, `most` at the most. */
static bool number_with_unit(const char *text, const struct unit *units,
                             size_t n_units, uint64_t most, uint64_t *value)
{
    uint64_t number;
    const char *unit;
    if (!leading_number(text, &number, &unit) || number == 0) {
        return false;
    }
    for (size_t i = 0; i < n_units; i++) {
        if (strcmp(unit, units[i].name) == 0 &&
            number <= most / units[i].size) {
            *value = number * units[i].size;
            return true;
        }
    }
    return false;
}

bool amounts_duration(const char *option, const char *text, uint64_t *value_us)
{
    static const struct unit units[] = {{"ms", 1000u},
                                        {"s", 1000000u},
                                        {"m", UINT64_C(60000000)},
                                        {"h", UINT64_C(3600000000)}};
    if (number_with_unit(text, units, sizeof units / sizeof *units,
                         MAX_DURATION_US, value_us)) {
        return true;
    }
    fprintf(stderr,
            "raftsim: --%s '%s': expected a duration such as 500ms, 60s, 5m or "
            "1h\n",
            option, text);
    return false;
}

bool amounts_size(const char *option, const char *text, uint64_t *bytes)
{
    static const struct unit units[] = {{"MiB", UINT64_C(1) << 20},
                                        {"GiB", UINT64_C(1) << 30}};
    if (number_with_unit(text, units, sizeof units / sizeof *units,
                         UINT64_C(1) << 60, bytes)) {
        return true;
    }
    fprintf(stderr,
            "raftsim: --%s '%s': expected a size such as 512MiB or 2GiB\n",
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
