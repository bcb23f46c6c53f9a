/* Numbers with units, as command lines write them. */
#ifndef TOOLS_AMOUNTS_H
#define TOOLS_AMOUNTS_H

#include <stdbool.h>
#include <stdint.h>

/* What a JSON number can hold exactly, and so the largest count of files that
 * are read back: 2^53 - 1. */
#define AMOUNTS_MAX ((UINT64_C(1) << 53) - 1)

/* Each reads `text` for the option `option` ("budget"); false, after saying on
 * stderr what was expected, if that fails. */

/* A whole number from `min` to `max`. */
bool amounts_count(const char *option, const char *text, uint64_t min,
                   uint64_t max, uint64_t *value);

/* "90s": a whole number above 0 of ms, s, m or h. */
bool amounts_duration(const char *option, const char *text, uint64_t *value_us);

/* "2GiB": a whole number above 0 of MiB or GiB. */
bool amounts_size(const char *option, const char *text, uint64_t *bytes);

/* "90%": from 0% to 100%. */
bool amounts_percent(const char *option, const char *text, uint32_t *percent);

#endif
