#include "tools/workers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/failure.h"

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

/* --- how ------------------------------------------------------------------ */

/* The last line that it wrote to standard error, cut off. */
static void last_words(const char *complaint, char *text, size_t room)
{
    size_t end = strlen(complaint);
    while (end > 0 && complaint[end - 1] == '\n') {
        end--;
    }
    size_t begin = end;
    while (begin > 0 && complaint[begin - 1] != '\n') {
        begin--;
    }
    snprintf(text, room, "%.*s", (int)(end - begin), complaint + begin);
}

void workers_clean(char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if ((byte < 0x20 && byte != '\n') || byte >= 0x7f) {
            *text = '?';
        }
    }
}

void workers_tell_how(const struct pool_end *end, uint64_t silence_us,
                      char how[WORKERS_HOW_SIZE])
{
    char words[WORKERS_HOW_SIZE / 2];
    size_t size = 0;
    last_words(end->complaint, words, sizeof words);
    if (end->kind == POOL_KILLED && failure_signal_name(end->code) != NULL) {
        size = (size_t)snprintf(how, WORKERS_HOW_SIZE, "killed by %s",
                                failure_signal_name(end->code));
    } else if (end->kind == POOL_KILLED) {
        size = (size_t)snprintf(how, WORKERS_HOW_SIZE, "killed by signal %d",
                                end->code);
    } else if (end->kind == POOL_SILENT) {
        size =
            (size_t)snprintf(how, WORKERS_HOW_SIZE,
                             "no sign of life for %" PRIu64 ".%03" PRIu64 " s",
                             silence_us / 1000000u, silence_us / 1000u % 1000u);
    } else if (end->kind == POOL_CPU_LIMIT) {
        size = (size_t)snprintf(how, WORKERS_HOW_SIZE, "out of processor time");
    } else if (end->kind == POOL_LONG_LINE) {
        size = (size_t)snprintf(how, WORKERS_HOW_SIZE,
                                "printed a line without end");
    } else {
        size = (size_t)snprintf(how, WORKERS_HOW_SIZE,
                                "ended with exit code %d before its report",
                                end->code);
    }
    if (words[0] != '\0') {
        snprintf(how + size, WORKERS_HOW_SIZE - size, ": %s", words);
    }
    workers_clean(how);
}
