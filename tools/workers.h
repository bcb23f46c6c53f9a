/* What all share who run raftsim in a pool of workers. */
#ifndef TOOLS_WORKERS_H
#define TOOLS_WORKERS_H

#include "tools/pool.h"

/* Far more than a run takes; what leaks shall not take the machine. Sanitizers
 * reserve much more address space, so there is no limit with them. */
#if defined(__SANITIZE_ADDRESS__)
#define WORKERS_MEMORY_BYTES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WORKERS_MEMORY_BYTES 0
#endif
#endif
#ifndef WORKERS_MEMORY_BYTES
#define WORKERS_MEMORY_BYTES (UINT64_C(2) << 30)
#endif

/* By the wall clock: a run takes some milliseconds, seldom a second. */
#define WORKERS_SILENCE_US UINT64_C(30000000)

/* Room for a refusal in words. */
#define WORKERS_PROBLEM_SIZE (POOL_COMPLAINT_SIZE + 64u)

/* Whether so many workers can run at the same time; false, after saying so on
 * stderr, if the limit on open files forbids it. */
bool workers_afford(uint32_t workers);

/* Whether a worker did not do its work at all, and no other would: it was not
 * started, was used wrongly, or was not found by a shell. Why, in `problem`. */
bool workers_refuse(const struct pool_end *end,
                    char problem[WORKERS_PROBLEM_SIZE]);

/* What steers a terminal, or is no text at all, becomes '?'; newlines stay. */
void workers_clean(char *text);

/* Room for how a worker died, in a line. */
#define WORKERS_HOW_SIZE 384u

/* "killed by SIGABRT: raft.c:7: ... failed" */
void workers_tell_how(const struct pool_end *end, uint64_t silence_us,
                      char how[WORKERS_HOW_SIZE]);

#endif
