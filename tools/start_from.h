/* Where a sweep begins to look: --start-from. */
#ifndef TOOLS_START_FROM_H
#define TOOLS_START_FROM_H

#include <stdbool.h>
#include <stdint.h>

/* The starts of two commits are a multiple of it apart. */
#define START_FROM_DISTANCE UINT64_C(1000000)

/* Reads a seed, or "git": then it comes of the hash of the commit that is
 * checked out in the current directory, so that each commit looks at other
 * seeds, and always at the same. False, after saying so on stderr, if that
 * failed. */
bool start_from_parse(const char *text, uint64_t *start);

/* The start of a commit: the first 52 bits of its hash, rounded down, and 1:
 * there a batch begins. False if that is no hash. */
bool start_from_commit(const char *hash, uint64_t *start);

#endif
