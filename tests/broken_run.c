#include "tests/broken_run.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/sim_harness.h"

struct sim_result broken_run(const char *body, const char *violation,
                             const struct sim_node_type *type, uint64_t seed)
{
    struct harness_options options = {.type = type, .max_steps = 5000000};
    char text[4096];
    int size = snprintf(text, sizeof text,
                        "{'description': 'For a test.', %s, "
                        "'expect': {'violation': '%s'}}",
                        body, violation);
    cr_assert(size > 0 && (size_t)size < sizeof text);
    return harness_run(text, seed, &options);
}
