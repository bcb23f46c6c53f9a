#include "tools/durations.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    uint64_t us;
} units[] = {
    {"h", UINT64_C(3600000000)}, {"m", UINT64_C(60000000)},
    {"s", UINT64_C(1000000)},    {"ms", UINT64_C(1000)},
    {"us", UINT64_C(1)},
};

#define N_UNITS (sizeof units / sizeof *units)

const char *durations_print(uint64_t us, char *text)
{
    size_t i = 0;
    while (us % units[i].us != 0) {
        i++;
    }
    i = us == 0 ? N_UNITS - 1 : i;
    snprintf(text, DURATIONS_SIZE, "%" PRIu64 "%s", us / units[i].us,
             units[i].name);
    return text;
}

bool durations_read(const char *text, uint64_t *us)
{
    double number = 0;
    char unit[8];
    if (text == NULL || sscanf(text, "%lf%7s", &number, unit) != 2) {
        return false;
    }
    for (size_t i = 0; i < N_UNITS; i++) {
        if (strcmp(unit, units[i].name) == 0) {
            *us = (uint64_t)(number * (double)units[i].us + 0.5);
            return true;
        }
    }
    return false;
}
