/* Numbers with a unit, exactly and in integers. */
#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "sim/scenario_reader.h"

/* `factor` smallest units make one of this; it is divisible by ten to the power
 * of `decimals`, which is how many decimals may stand before it. */
struct unit {
    const char *name;
    uint64_t factor;
    uint32_t decimals;
};

static const struct unit durations[] = {
    {"us", 1, 0},
    {"ms", 1000, 3},
    {"s", 1000000, 6},
    {"m", 60000000, 7},
    {"h", UINT64_C(3600000000), 8},
    {NULL, 0, 0},
};

static const struct unit parts[] = {
    {"%", 10000, 4},
    {"ppm", 1, 0},
    {NULL, 0, 0},
};

static const struct unit sizes[] = {
    {"B", 1, 0},
    {"KB", 1000, 3},
    {"MB", 1000000, 6},
    {"GB", 1000000000, 9},
    {"KiB", 1024, 0},
    {"MiB", 1048576, 0},
    {"GiB", 1073741824, 0},
    {NULL, 0, 0},
};

static const struct unit bandwidths[] = {
    {"B/s", 1, 0},
    {"KB/s", 1000, 3},
    {"MB/s", 1000000, 6},
    {"GB/s", 1000000000, 9},
    {"KiB/s", 1024, 0},
    {"MiB/s", 1048576, 0},
    {"GiB/s", 1073741824, 0},
    {NULL, 0, 0},
};

static const struct unit frequencies[] = {
    {"/s", 1000, 3},
    {NULL, 0, 0},
};

static const struct unit *units_of(enum scenario_quantity quantity)
{
    const struct unit *units = NULL;
    switch (quantity) {
    case SCENARIO_DURATION:
        units = durations;
        break;
    case SCENARIO_PART:
        units = parts;
        break;
    case SCENARIO_SIZE:
        units = sizes;
        break;
    case SCENARIO_BANDWIDTH:
        units = bandwidths;
        break;
    case SCENARIO_FREQUENCY:
        units = frequencies;
        break;
    }
    assert(units != NULL);
    return units;
}

/* The digits at `*text`, which moves past them; false if there is none. A
 * number that is too large for 64 bits is UINT64_MAX. */
static bool read_digits(const char **text, size_t count, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < count; i++, (*text)++) {
        uint64_t digit = (uint64_t)(**text - '0');
        *value = *value > (UINT64_MAX - digit) / 10 ? UINT64_MAX
                                                    : *value * 10 + digit;
    }
    return count > 0;
}

/* The decimals at `*text`, zeros at the end not counted. */
static bool read_decimals(const char **text, uint64_t *value, size_t *count)
{
    size_t digits = strspn(*text, "0123456789");
    const char *after = *text + digits;
    *count = digits;
    while (*count > 0 && (*text)[*count - 1] == '0') {
        (*count)--;
    }
    read_digits(text, *count, value);
    *text = after;
    return digits > 0;
}

/* whole + decimals / 10^count, in smallest units; UINT64_MAX if too large. */
static uint64_t scale(const struct unit *unit, uint64_t whole,
                      uint64_t decimals, size_t count)
{
    uint64_t step = unit->factor;
    for (size_t i = 0; i < count; i++) {
        assert(step % 10 == 0);
        step /= 10;
    }
    uint64_t rest = decimals * step; /* below factor */
    if (whole > (UINT64_MAX - rest) / unit->factor) {
        return UINT64_MAX;
    }
    return whole * unit->factor + rest;
}

enum scenario_fit scenario__quantity(const char *text,
                                     enum scenario_quantity quantity,
                                     uint64_t max, uint64_t *value)
{
    const struct unit *unit = units_of(quantity);
    uint64_t whole = 0;
    uint64_t decimals = 0;
    size_t count = 0;
    if (!read_digits(&text, strspn(text, "0123456789"), &whole)) {
        return SCENARIO_NO_QUANTITY;
    }
    if (*text == '.') {
        text++;
        if (!read_decimals(&text, &decimals, &count)) {
            return SCENARIO_NO_QUANTITY;
        }
    }
    while (unit->name != NULL && strcmp(text, unit->name) != 0) {
        unit++;
    }
    if (unit->name == NULL) {
        return SCENARIO_NO_QUANTITY;
    }
    if (count > unit->decimals) {
        return SCENARIO_TOO_FINE;
    }
    *value = scale(unit, whole, decimals, count);
    return *value > max ? SCENARIO_TOO_LARGE : SCENARIO_FITS;
}
