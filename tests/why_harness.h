/* Runs whose violations are explained. */
#ifndef TESTS_WHY_HARNESS_H
#define TESTS_WHY_HARNESS_H

#include "sim/simulation.h"
#include "sim/why.h"

struct told {
    struct sim_result result;
    bool told; /* there was something to tell */
    struct sim_why_story story;
};

/* Runs the scenario of `body`, as broken_run() takes it, and tells why it
 * failed, in at most `max_lines` lines. NULL for `type`: the Raft of raft/. To
 * be freed with sim_why_story_free(). */
struct told why_told(const char *body, const struct sim_node_type *type,
                     uint64_t seed, size_t max_lines);

/* The first line whose words hold `words`; NULL: none does. */
const struct sim_why_line *why_line(const struct sim_why_story *story,
                                    const char *words);

#endif
