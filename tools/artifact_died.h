/* The file that a failure leaves which could not leave one itself: its worker
 * died. It is one JSON object that names the scenario and has it, the seed, how
 * the worker died and the last steps before, if they are known. */
#ifndef TOOLS_ARTIFACT_DIED_H
#define TOOLS_ARTIFACT_DIED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARTIFACT_FORMAT "raftsim failure"
#define ARTIFACT_FORMAT_VERSION 1u

struct artifact_died {
    const char *path;     /* of the scenario */
    const char *scenario; /* what is in it: JSON */
    uint64_t seed;
    const char *problem; /* "killed by SIGSEGV" */
    bool died; /* false: the worker told it, but left no file itself */
    const char *last_steps; /* lines; may be empty */
    const char *repeat;     /* the command that repeats it */
};

/* The path of the file of a failure: DIRECTORY/NAME-SEED.json, where NAME is
 * the scenario's file without folders and ".json". To be freed. */
char *artifact_path(const char *directory, const char *path, uint64_t seed);

/* How the scenario is called in there; its size in `*size`. */
const char *artifact_name(const char *path, size_t *size);

/* Writes it, whole or not at all, into a directory that is made if need be, in
 * the place of an older one. False, after saying so on stderr, if that failed.
 */
bool artifact_died_write(const char *directory,
                         const struct artifact_died *artifact);

#endif
