#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/json_pretty.h"
#include "sim/json_write.h"
#include "sim/memory.h"
#include "sim/recording_json.h"
#include "sim/scenario_expand.h"
#include "tools/artifact.h"
#include "tools/atomic_file.h"
#include "tools/node.h"
#include "tools/text.h"

/* How many of the steps that led to a failure are told. */
#define STORY_STEPS 40u

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* --- what happened -------------------------------------------------------- */

/* Of a story, the lines about the world that a fault or a nemesis caused, and
 * the last steps. */
struct witness {
    struct sim_trace_sink base;
    struct sim_json_writer faults; /* items of a list */
    char *last[STORY_STEPS * 4];   /* lines, the latest at `next` - 1 */
    size_t next;
};

static bool is_of_fault(const char *line)
{
    return strstr(line, "] -- ") != NULL &&
           (strstr(line, " (/faults/") != NULL || strstr(line, " (/nemeses/"));
}

static void witness_line(struct witness *witness, const char *line)
{
    size_t place = witness->next++ % (sizeof witness->last / sizeof(char *));
    free(witness->last[place]);
    witness->last[place] = sim_strdup(line);
    if (is_of_fault(line)) {
        sim_json_put_text(&witness->faults, NULL, line);
    }
}

static void witness_record(struct sim_trace_sink *base, const char *text,
                           size_t size)
{
    struct witness *witness = (struct witness *)base;
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t length = end == NULL ? size : (size_t)(end - text);
        char *line = sim_calloc(length + 1, 1);
        memcpy(line, text, length);
        witness_line(witness, line);
        free(line);
        length += end == NULL ? 0 : 1;
        text += length;
        size -= length;
    }
}

static void put_last_steps(const struct witness *witness,
                           struct sim_json_writer *writer)
{
    size_t room = sizeof witness->last / sizeof(char *);
    size_t first = witness->next > room ? witness->next - room : 0;
    sim_json_open_list(writer, "last_steps");
    for (size_t i = first; i < witness->next; i++) {
        sim_json_put_text(writer, NULL, witness->last[i % room]);
    }
    sim_json_close_list(writer);
}

static void witness_clear(struct witness *witness)
{
    for (size_t i = 0; i < sizeof witness->last / sizeof(char *); i++) {
        free(witness->last[i]);
    }
    sim_json_writer_clear(&witness->faults);
}

/* --- the file ------------------------------------------------------------- */

const char *artifact_name(const char *file, size_t *size)
{
    const char *slash = strrchr(file, '/');
    const char *name = slash != NULL ? slash + 1 : file;
    if (strcmp(file, "-") == 0) {
        name = "stdin";
    }
    *size = strlen(name);
    if (*size > 5 && strcmp(name + *size - 5, ".json") == 0) {
        *size -= 5;
    }
    return name;
}

/* A file that is not there may hold it. */
static bool may_hold(const char *path, const char *file, const char *what)
{
    struct artifact_text text;
    if (access(path, F_OK) != 0) {
        return true;
    }
    char *bytes = artifact_input(path, &text.size);
    text.bytes = bytes;
    bool may = bytes != NULL && artifact_is_of(&text, file, what);
    free(bytes);
    return may;
}

char *artifact_path(const char *directory, const char *file, uint64_t seed,
                    const char *what)
{
    size_t size;
    const char *name = artifact_name(file, &size);
    for (unsigned nth = 0;; nth++) {
        struct text path = {0};
        text_add_format(&path, "%s/%.*s-%" PRIu64, directory, (int)size, name,
                        seed);
        if (nth > 0) {
            text_add_format(&path, "-%s", what);
        }
        if (nth > 1) {
            text_add_format(&path, "-%u", nth);
        }
        text_add(&path, ".json");
        if (may_hold(path.bytes, file, what)) {
            return path.bytes;
        }
        free(path.bytes);
    }
}

static bool make_directory(const char *directory)
{
    struct stat there;
    if (mkdir(directory, 0777) == 0 ||
        (errno == EEXIST && stat(directory, &there) == 0 &&
         S_ISDIR(there.st_mode))) {
        return true;
    }
    fprintf(stderr, "raftsim: cannot make the directory %s: %s\n", directory,
            strerror(errno));
    return false;
}

bool artifact_probe(const char *directory)
{
    struct stat there;
    bool is_there = stat(directory, &there) == 0;
    if (is_there && !S_ISDIR(there.st_mode)) {
        errno = ENOTDIR;
    } else if (is_there) {
        if (access(directory, W_OK | X_OK) == 0) {
            return true;
        }
    } else if (errno == ENOENT) {
        char *parent = sim_strdup(directory);
        char *slash = strrchr(parent, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
        const char *above = slash == NULL     ? "."
                            : slash == parent ? "/"
                                              : parent;
        bool good = *directory != '\0' && access(above, W_OK | X_OK) == 0;
        int error = errno;
        free(parent);
        errno = *directory == '\0' ? ENOENT : error;
        if (good) {
            return true;
        }
    }
    fprintf(stderr, "raftsim: cannot keep failures in '%s': %s\n", directory,
            strerror(errno));
    return false;
}

static bool finish(const char *directory, struct sim_json_writer *writer,
                   char *file_path, char **path)
{
    sim_json_close_object(writer);
    char *pretty = sim_json_pretty(writer->text, writer->size);
    bool good = make_directory(directory) &&
                atomic_file_write(file_path, pretty, strlen(pretty));
    free(pretty);
    sim_json_writer_clear(writer);
    if (!good) {
        free(file_path);
        return false;
    }
    *path = file_path;
    return true;
}

static void put_hex(struct sim_json_writer *writer, const char *name,
                    uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%016" PRIx64, number);
    sim_json_put_text(writer, name, text);
}

/* Who ran what, and what went wrong. */
static void begin(struct sim_json_writer *writer, const char *file,
                  uint64_t seed, const struct runner_options *options,
                  const struct failure *failure, const char *text)
{
    const struct sim_options *limits = &options->simulation;
    char digits[24];
    sim_json_open_object(writer, NULL);
    sim_json_put_text(writer, "format", ARTIFACT_FORMAT);
    sim_json_put_text(writer, "version", RAFTSIM_VERSION);
    sim_json_put_text(writer, "compiler", COMPILER);
    sim_json_put_text(writer, "file", file);
    snprintf(digits, sizeof digits, "%" PRIu64, seed);
    sim_json_put_text(writer, "seed", digits);
    if (!node_is_builtin(options->node)) {
        sim_json_put_text(writer, "node", options->node);
    }
    if (limits->max_steps != SIM_UNLIMITED) {
        sim_json_put_number(writer, "max_steps", limits->max_steps);
    }
    if (limits->max_time_us > 0) {
        sim_json_put_number(writer, "max_time_us", limits->max_time_us);
    }
    sim_json_open_object(writer, "failure");
    sim_json_put_text(writer, "what", failure->what);
    sim_json_put_text(writer, "kind", failure->kind);
    sim_json_put_text(writer, "text", text);
    sim_json_close_object(writer);
}

static void put_scenario(struct sim_json_writer *writer,
                         const struct artifact_text *text, uint64_t seed)
{
    char *expanded = sim_scenario_expand(text->bytes, text->size, seed);
    sim_json_put_raw(writer, "scenario", expanded, strlen(expanded));
    free(expanded);
}

/* The run once more, with its decisions and its story; if it does not repeat,
 * for not much longer than it was. */
static void record(const struct sim_scenario *scenario,
                   const struct runner_options *options,
                   const struct sim_result *first,
                   struct sim_recording *recording, struct witness *witness,
                   struct sim_result *result)
{
    struct sim_options again = options->simulation;
    again.recording = recording;
    again.trace = &witness->base;
    again.trace_format = SIM_TRACE_STORY;
    again.trace_from_step = 0;
    if (again.max_steps > first->steps + 1000) {
        again.max_steps = first->steps + 1000;
    }
    struct sim_simulation *simulation = sim_simulation_new(scenario, &again);
    while (sim_simulation_advance(simulation, UINT64_MAX) ==
           SIM_VERDICT_RUNNING) {
    }
    *result = *sim_simulation_result(simulation);
    sim_simulation_free(simulation);
}

/* More than could be read back is left out: the run is then repeated from its
 * seed. (Printed for people, they take up to a third more.) */
static void put_decisions(struct sim_json_writer *writer,
                          const struct sim_recording *recording)
{
    struct sim_json_writer decisions = {.text = NULL};
    sim_json_open_object(&decisions, NULL);
    sim_recording_write(recording, &decisions);
    sim_json_close_object(&decisions);
    if (decisions.size < ARTIFACT_MAX_BYTES / 2) {
        sim_json_put_raw(writer, "decisions", decisions.text, decisions.size);
    }
    sim_json_writer_clear(&decisions);
}

bool artifact_keep(const char *directory, const char *file,
                   const struct artifact_text *text,
                   const struct runner_options *options,
                   const struct runner_outcome *outcome, bool differs,
                   char **path)
{
    uint64_t seed = options->simulation.seed;
    struct sim_scenario_problems problems;
    struct sim_scenario *scenario =
        sim_scenario_parse(text->bytes, text->size, &seed, &problems);
    struct sim_recording *recording = sim_recording_new();
    struct witness witness = {.base.line = witness_record};
    struct sim_json_writer writer = {.text = NULL};
    struct sim_result result;
    struct failure failure;
    sim_scenario_problems_free(&problems);
    record(scenario, options, &outcome->result, recording, &witness, &result);
    bool repeats = !differs && result.hash == outcome->result.hash;
    failure_of(&failure, &outcome->result, !repeats);
    begin(&writer, file, seed, options, &failure,
          !repeats ? "the run does not repeat"
                   : failure_words(&outcome->result));
    sim_json_put_number(&writer, "steps", result.steps);
    sim_json_put_number(&writer, "time_us", result.time_us);
    put_hex(&writer, "hash", result.hash);
    sim_json_open_list(&writer, "faults");
    if (witness.faults.size > 0) {
        sim_json_put_raw(&writer, NULL, witness.faults.text,
                         witness.faults.size);
    }
    sim_json_close_list(&writer);
    put_last_steps(&witness, &writer);
    put_scenario(&writer, text, seed);
    put_decisions(&writer, recording);
    witness_clear(&witness);
    sim_recording_free(recording);
    sim_scenario_free(scenario);
    return finish(directory, &writer,
                  artifact_path(directory, file, seed, failure.what), path);
}

bool artifact_keep_told(const char *directory, const char *file,
                        const struct artifact_text *text, uint64_t seed,
                        const struct runner_options *limits,
                        const struct failure *failure, const char *words,
                        const char *last_steps)
{
    struct witness witness = {.base.line = witness_record};
    struct sim_json_writer writer = {.text = NULL};
    char *path = NULL;
    witness_record(&witness.base, last_steps, strlen(last_steps));
    begin(&writer, file, seed, limits, failure, words);
    put_last_steps(&witness, &writer);
    put_scenario(&writer, text, seed);
    witness_clear(&witness);
    bool good =
        finish(directory, &writer,
               artifact_path(directory, file, seed, failure->what), &path);
    free(path);
    return good;
}
