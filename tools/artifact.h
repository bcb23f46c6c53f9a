/* The file that a failure leaves: all that is needed to see it again, on its
 * own.
 *
 *   {
 *     "format": "raftsim failure 1",
 *     "version": "0.1.0", "compiler": "gcc 12.2.0",   who ran it
 *     "file": "scenarios/swarm.json", "seed": "7",    what was run
 *     "node": "./mine.so",                            of another Raft's nodes
 *     "max_steps": 100000, "max_time_us": 5000000,    if there were such limits
 *     "failure": {"what": …, "kind": …, "text": …},   tools/failure.h; the text
 *                                                     tells of this one
 *     "steps": 812, "time_us": 1203412, "hash": "…",  of the whole run
 *     "faults": ["[…] -- crash: node 2 (/nemeses/3)", …],  what fell when
 *     "last_steps": ["…", …],                         of the story
 *     "scenario": {…},                                expanded, see
 *                                                     sim/scenario_expand.h
 *     "decisions": {…}                                sim/recording_json.h
 *   }
 *
 * A run that could not be repeated by who keeps it, such as one of a node that
 * took the whole process with it ("what": "died"), has no decisions: it is
 * repeated from the seed. */
#ifndef TOOLS_ARTIFACT_H
#define TOOLS_ARTIFACT_H

#include "sim/recording.h"
#include "tools/failure.h"
#include "tools/runner.h"

#define ARTIFACT_FORMAT "raftsim failure 1"

/* A run of a million steps takes some 70 MiB. */
#define ARTIFACT_MAX_BYTES ((size_t)256 << 20)

/* The text of a scenario file. */
struct artifact_text {
    const char *bytes;
    size_t size;
};

/* A failure read back. */
struct artifact {
    struct failure failure;
    char *text; /* what happened, for people */
    char *file; /* the scenario's path */
    char *node; /* whose Raft (tools/node.h) */
    uint64_t seed;
    uint64_t max_steps;   /* SIM_UNLIMITED: no limit */
    uint64_t max_time_us; /* virtual; 0: no limit */
    uint64_t hash;
    uint64_t steps;
    struct artifact_text expanded; /* the scenario */
    struct sim_scenario *scenario;
    struct sim_recording *recording; /* NULL: there are no decisions */
};

/* Leaves a file for a run that failed with `outcome`: runs it again, to record
 * it. `directory` is made if there is none. True with the file's path in
 * `*path` (to be freed); false, after saying so on stderr, if it could not be
 * written. Either nothing is there or the whole file. */
bool artifact_keep(const char *directory, const char *file,
                   const struct artifact_text *text,
                   const struct runner_options *options,
                   const struct runner_outcome *outcome, bool differs,
                   char **path);

/* The same for a run that could not be repeated here, such as one that took its
 * process with it: what is known of it, and the last of what it told, lines
 * ended by newlines. Of `limits` only those of a run count, and whose
 * Raft it was. It has no decisions.
 */
bool artifact_keep_told(const char *directory, const char *file,
                        const struct artifact_text *text, uint64_t seed,
                        const struct runner_options *limits,
                        const struct failure *failure, const char *words,
                        const char *last_steps);

/* Whether files can be left there, as far as one can know; false after saying
 * so on stderr. Makes nothing. */
bool artifact_probe(const char *directory);

/* The path of a failure's file: DIRECTORY/NAME-SEED.json, where NAME is the
 * scenario's file without folders and ".json". If that one is there and holds
 * anything else than such a failure of this scenario, then NAME-SEED-WHAT.json;
 * then NAME-SEED-WHAT-2.json, and so on: none is lost. To be freed. */
char *artifact_path(const char *directory, const char *file, uint64_t seed,
                    const char *what);

/* NAME, as above; `size` bytes of what is returned, which is a part of `file`.
 */
const char *artifact_name(const char *file, size_t *size);

/* Reads one; false after saying on stderr what is wrong with it. To be cleared
 * in both cases. */
bool artifact_read(const char *path, struct artifact *artifact);

/* The two halves of it, for who takes scenarios as well: the bytes of the file
 * at `path`, as input_read() gives them, ... */
char *artifact_input(const char *path, size_t *size);

/* ... whether that is meant to be an artifact, not a scenario, ... */
bool artifact_is_one(const struct artifact_text *text);

/* ... whether it is one of the scenario in `file`, and of `what` went wrong
 * (tools/failure.h), ... */
bool artifact_is_of(const struct artifact_text *text, const char *file,
                    const char *what);

/* ... and what it says, as artifact_read() gives it. */
bool artifact_parse(const char *path, const struct artifact_text *text,
                    struct artifact *artifact);

/* What went wrong, for people: what happened, as far as that is told; else
 * failure_print(), into `room`, which has FAILURE_TEXT_SIZE bytes. */
const char *artifact_words(const struct artifact *artifact, char *room);

void artifact_clear(struct artifact *artifact);

#endif
