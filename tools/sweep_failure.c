#include "tools/sweep_failure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

enum exit_code sweep_failure_code(const struct sweep_failure *failure)
{
    static const char *const broken[] = {"contract", "not_repeatable", "died"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        if (strcmp(failure->what, broken[i]) == 0) {
            return EXIT_BROKEN;
        }
    }
    return EXIT_UNEXPECTED;
}

void sweep_failure_free(struct sweep_failure *failure)
{
    free(failure->problem);
    free(failure->detail);
    free(failure->repeat);
    free(failure->last_steps);
}

bool sweep_failure_same_end(const struct sweep_failure *a,
                            const struct sweep_failure *b)
{
    return strcmp(a->what, b->what) == 0 && strcmp(a->hash, b->hash) == 0 &&
           a->steps == b->steps;
}

void sweep_failure_describe(const char *where,
                            const struct sweep_failure *failure)
{
    if (failure == NULL) {
        fprintf(stderr, "    %s: as expected\n", where);
        return;
    }
    fprintf(stderr, "    %s: %s", where, failure->problem);
    if (failure->hash[0] != '\0') {
        fprintf(stderr, " (hash %s)", failure->hash);
    }
    fputc('\n', stderr);
}

struct sweep_failure sweep_failure_copy(const struct sweep_failure *failure)
{
    struct sweep_failure copy = *failure;
    copy.problem = sim_strdup(failure->problem);
    copy.detail = sim_strdup(failure->detail);
    copy.repeat = sim_strdup(failure->repeat);
    copy.last_steps = sim_strdup(failure->last_steps);
    return copy;
}

/* Of two texts the lesser one, whichever came first. */
static void choose(char **text, const char *other)
{
    if (strcmp(other, *text) < 0) {
        free(*text);
        *text = sim_strdup(other);
    }
}

void sweep_failure_join(struct sweep_failure *failure,
                        const struct sweep_failure *other)
{
    choose(&failure->problem, other->problem);
    choose(&failure->detail, other->detail);
    choose(&failure->repeat, other->repeat);
    choose(&failure->last_steps, other->last_steps);
}
