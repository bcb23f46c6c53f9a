#define _POSIX_C_SOURCE 200809L

#include "tools/start_from.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/options.h"

/* Digits of a hash that are used; all that it has to have. */
#define DIGITS 13u
#define MIN_DIGITS 40u

bool start_from_commit(const char *hash, uint64_t *start)
{
    char text[DIGITS + 3];
    if (strspn(hash, "0123456789abcdef") < MIN_DIGITS) {
        return false;
    }
    snprintf(text, sizeof text, "0x%.*s", (int)DIGITS, hash);
    if (!options_number(text, start)) {
        return false;
    }
    *start += 1 - *start % START_FROM_DISTANCE;
    return true;
}

static bool read_commit(uint64_t *start)
{
    char hash[128] = "";
    FILE *pipe = popen("git rev-parse --verify HEAD", "r");
    bool read = pipe != NULL && fgets(hash, sizeof hash, pipe) != NULL;
    int status = pipe != NULL ? pclose(pipe) : -1;
    if (!read || status != 0 || !start_from_commit(hash, start)) {
        fputs("raftsim: --start-from git: git does not tell which commit this "
              "is\n",
              stderr);
        return false;
    }
    return true;
}

bool start_from_parse(const char *text, uint64_t *start)
{
    if (strcmp(text, "git") == 0) {
        return read_commit(start);
    }
    if (options_number(text, start)) {
        return true;
    }
    fprintf(stderr,
            "raftsim: --start-from '%s': expected git, or a number from 0 to "
            "%" PRIu64 "\n",
            text, UINT64_MAX);
    return false;
}
