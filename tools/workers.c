#include "tools/workers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool workers_afford(uint32_t workers)
{
    uint32_t most = pool_afford(workers);
    if (most < workers) {
        fprintf(stderr,
                "raftsim: --jobs %" PRIu32 ": the limit on open files "
                "(ulimit -n) allows %" PRIu32 "\n",
                workers, most);
    }
    return most >= workers;
}

bool workers_refuse(const struct pool_end *end,
                    char problem[WORKERS_PROBLEM_SIZE])
{
    if (end->kind == POOL_NOT_STARTED) {
        snprintf(problem, WORKERS_PROBLEM_SIZE, "could not be started: %s",
                 strerror(end->code));
        return true;
    }
    if (end->kind == POOL_EXITED &&
        (end->code == 2 || end->code == 126 || end->code == 127)) {
        size_t size = strlen(end->complaint);
        size -= size > 0 && end->complaint[size - 1] == '\n' ? 1 : 0;
        snprintf(problem, WORKERS_PROBLEM_SIZE,
                 "refused its work (exit code %d):\n%.*s", end->code, (int)size,
                 end->complaint);
        return true;
    }
    return false;
}
