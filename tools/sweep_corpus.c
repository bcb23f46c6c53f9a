/* The corpus of a sweep: failures that were kept, replayed before it begins.
 *
 * Each has a worker of its own, which may crash or hang as with a seed. What
 * became of them is told in the order of their names. */
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/memory.h"
#include "tools/artifact.h"
#include "tools/input.h"
#include "tools/node.h"
#include "tools/report.h"
#include "tools/runner.h"
#include "tools/sweep_internal.h"
#include "tools/text.h"
#include "tools/workers.h"

/* A failure of the corpus, and what is known of its replay. */
struct sweep_old_failure {
    char *name, *path;
    uint64_t content; /* a hash of the file's bytes */
    struct failure failure;
    char *was; /* the same, for people */
    uint64_t seed;
    bool asked_again; /* its worker was sent away, and another one asked */
    bool done;
    struct sweep_kept kept; /* once it is done; handed on when it is told */
};

/* --- reading it ----------------------------------------------------------- */

static bool is_wanted(const char *name)
{
    size_t size = strlen(name);
    return name[0] != '.' && size > 5 && strcmp(name + size - 5, ".json") == 0;
}

static void add_name(struct sweep *sweep, const char *name)
{
    struct text path = {0};
    struct stat file;
    text_add_format(&path, "%s/%s", sweep->options.failures, name);
    if (stat(path.bytes, &file) == 0 && !S_ISREG(file.st_mode)) {
        free(path.bytes);
        return;
    }
    sweep->corpus = sim_grow(sweep->corpus, &sweep->corpus_capacity,
                             sweep->n_corpus + 1, sizeof *sweep->corpus);
    sweep->corpus[sweep->n_corpus++] = (struct sweep_old_failure){
        .name = sim_strdup(name), .path = path.bytes};
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct sweep_old_failure *)a)->name,
                  ((const struct sweep_old_failure *)b)->name);
}

/* A directory that is not there is made with the first failure. */
static bool list(struct sweep *sweep)
{
    const char *directory = sweep->options.failures;
    DIR *folder = opendir(directory);
    if (folder == NULL) {
        if (errno != ENOENT) {
            fprintf(stderr, "raftsim: cannot read the corpus %s: %s\n",
                    directory, strerror(errno));
        }
        return errno == ENOENT;
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (is_wanted(entry->d_name)) {
            add_name(sweep, entry->d_name);
        }
    }
    closedir(folder);
    if (sweep->n_corpus > 0) {
        qsort(sweep->corpus, sweep->n_corpus, sizeof *sweep->corpus,
              compare_names);
    }
    return true;
}

static bool read_one(struct sweep_old_failure *old)
{
    struct artifact artifact;
    struct artifact_text text;
    struct sim_hash hash = {0};
    char *bytes = artifact_input(old->path, &text.size);
    if (bytes == NULL) {
        return false;
    }
    text.bytes = bytes;
    sim_hash_bytes(&hash, (const uint8_t *)bytes, text.size);
    old->content = sim_hash_value(&hash);
    if (!artifact_is_one(&text)) {
        free(bytes);
        fprintf(stderr,
                "raftsim: %s is no failure that was kept, as all files of a "
                "corpus that end with .json are\n",
                old->path);
        return false;
    }
    char words[FAILURE_TEXT_SIZE];
    bool good = artifact_parse(old->path, &text, &artifact);
    free(bytes);
    if (good) {
        old->was = sim_strdup(artifact_words(&artifact, words));
    }
    old->failure = artifact.failure;
    old->seed = artifact.seed;
    artifact_clear(&artifact);
    return good;
}

bool sweep__read_corpus(struct sweep *sweep)
{
    bool good = true;
    if (!sweep->options.corpus) {
        return true;
    }
    sweep->report.corpus.wanted = true;
    if (!list(sweep)) {
        return false;
    }
    for (size_t i = 0; i < sweep->n_corpus; i++) {
        good = read_one(&sweep->corpus[i]) && good;
    }
    return good;
}

void sweep__free_corpus(struct sweep *sweep)
{
    for (size_t i = 0; i < sweep->n_corpus; i++) {
        free(sweep->corpus[i].name);
        free(sweep->corpus[i].path);
        free(sweep->corpus[i].was);
    }
    free(sweep->corpus);
}

/* --- what became of one --------------------------------------------------- */

struct replayer {
    struct pool_client client;
    struct sweep *sweep;
    struct pool *pool;
    size_t *files; /* by job */
    size_t n_jobs, capacity;
    size_t n_done, next_told;
    struct progress_bar bar;
};

static void note(struct replayer *replayer, struct sweep_old_failure *old,
                 const struct run_line *line, enum replay_end end)
{
    old->done = true;
    replayer->n_done++;
    old->kept = (struct sweep_kept){
        .file = sim_strdup(old->name),
        .content = old->content,
        .was = sim_strdup(old->was),
        .end = end,
        .run = {.seed = old->seed,
                .steps = line->steps,
                .problem = sim_strdup(line->problem),
                .detail = sim_strdup(line->detail),
                .repeat = report_command(replayer->sweep->options.program,
                                         "replay", old->path),
                .last_steps = sim_strdup("")}};
    memcpy(old->kept.run.what, line->what, sizeof line->what);
    memcpy(old->kept.run.hash, line->hash, sizeof line->hash);
}

/* The worker is gone, or may as well be. */
static void note_death(struct replayer *replayer, struct sweep_old_failure *old,
                       const char *how)
{
    struct run_line line = {.what = "died"};
    struct failure failure = {.what = "died"};
    struct failure before = old->failure;
    snprintf(line.problem, sizeof line.problem, "%s", how);
    sweep__kind_of_death(how, failure.kind);
    sweep__kind_of_death(old->failure.kind, before.kind);
    note(replayer, old, &line,
         failure_equal(&failure, &before) ? REPLAY_SAME : REPLAY_OTHER);
}

/* False if the line tells of no replay, or of another one. */
static bool note_replay(struct replayer *replayer,
                        struct sweep_old_failure *old,
                        const struct run_line *line, const char *text)
{
    struct run_line_replay replay;
    if (line->seed != old->seed || !run_line_read_replay(text, &replay)) {
        return false;
    }
    for (int i = REPLAY_SAME; i < REPLAY_INTERRUPTED; i++) {
        enum replay_end end = (enum replay_end)i;
        bool fails = end != REPLAY_FIXED;
        if (strcmp(replay.end, replay_word(end)) == 0 &&
            fails == (line->what[0] != '\0')) {
            note(replayer, old, line, end);
            old->kept.parted = replay.parted;
            old->kept.parted_at = replay.parted_at;
            return true;
        }
    }
    return false;
}

/* In the order of names. */
static void tell(struct replayer *replayer)
{
    struct sweep *sweep = replayer->sweep;
    while (replayer->next_told < sweep->n_corpus &&
           sweep->corpus[replayer->next_told].done) {
        struct sweep_kept *kept = &sweep->corpus[replayer->next_told++].kept;
        progress_bar_clear(&replayer->bar);
        sweep_kept_print(kept, sweep->options.out);
        sweep_corpus_add(&sweep->report.corpus, *kept);
    }
    fflush(sweep->options.out);
}

/* --- the client of the pool ----------------------------------------------- */

static void submit(struct replayer *replayer, size_t file)
{
    const struct sweep_options *options = &replayer->sweep->options;
    const char *argv[8] = {options->executable, "replay", "--json"};
    size_t n = 3;
    if (!node_is_builtin(options->node)) {
        argv[n++] = "--node";
        argv[n++] = options->node;
    }
    argv[n++] = "--";
    argv[n++] = replayer->sweep->corpus[file].path;
    struct pool_limits limits = {.cpu_us = options->silence_us,
                                 .silence_us = options->silence_us,
                                 .memory_bytes = options->memory_bytes};
    replayer->files = sim_grow(replayer->files, &replayer->capacity,
                               replayer->n_jobs + 1, sizeof *replayer->files);
    replayer->files[replayer->n_jobs++] = file;
    pool_submit(replayer->pool, argv, &limits);
}

static void give_up(struct replayer *replayer, const char *problem)
{
    struct sweep *sweep = replayer->sweep;
    if (sweep->failed) {
        return;
    }
    sweep->failed = true;
    progress_bar_clear(&replayer->bar);
    fprintf(stderr, "raftsim: %s: %s\n", sweep->options.executable, problem);
    for (size_t i = 0; i < replayer->n_jobs; i++) {
        pool_stop(replayer->pool, (uint32_t)i);
    }
}

static void take_line(struct pool_client *self, uint32_t job, const char *text,
                      size_t size)
{
    struct replayer *replayer = (struct replayer *)self;
    struct sweep_old_failure *old =
        &replayer->sweep->corpus[replayer->files[job]];
    struct run_line line;
    bool good = run_line_read(text, size, &line);
    if (old->done || (good && !line.decided)) {
        return;
    }
    if (!good || !note_replay(replayer, old, &line, text)) {
        pool_stop(replayer->pool, job);
        note_death(replayer, old, "printed what is no report of a run");
    }
}

static void take_end(struct pool_client *self, uint32_t job,
                     const struct pool_end *end)
{
    struct replayer *replayer = (struct replayer *)self;
    size_t file = replayer->files[job];
    struct sweep_old_failure *old = &replayer->sweep->corpus[file];
    char problem[WORKERS_PROBLEM_SIZE], how[WORKERS_HOW_SIZE];
    bool over = end->kind != POOL_STOPPED && end->kind != POOL_INTERRUPTED;
    if (!old->done && over) {
        /* As with seeds: `raftsim` says why it refuses. */
        if ((end->kind == POOL_NOT_STARTED || end->complaint[0] != '\0') &&
            workers_refuse(end, problem)) {
            give_up(replayer, problem);
        } else if (sweep__was_sent_away(end) && !old->asked_again) {
            old->asked_again = true;
            submit(replayer, file);
        } else {
            workers_tell_how(end, replayer->sweep->options.silence_us, how);
            note_death(replayer, old, how);
        }
    }
    tell(replayer);
}

static void show_progress(struct pool_client *self)
{
    struct replayer *replayer = (struct replayer *)self;
    char text[96];
    if (progress_bar_due(&replayer->bar)) {
        snprintf(text, sizeof text, "%zu of %zu kept failures",
                 replayer->n_done, replayer->sweep->n_corpus);
        progress_bar_draw(&replayer->bar, replayer->n_done,
                          replayer->sweep->n_corpus, text);
    }
}

bool sweep__replay_corpus(struct sweep *sweep)
{
    struct pool_options how = {.workers = sweep->options.workers,
                               .is_interrupted = runner_is_interrupted};
    struct replayer replayer = {.client = {take_line, take_end, show_progress},
                                .sweep = sweep};
    replayer.pool = pool_new(&how, &replayer.client);
    progress_bar_start(&replayer.bar);
    for (size_t i = 0; i < sweep->n_corpus; i++) {
        submit(&replayer, i);
    }
    sweep->interrupted = !pool_run(replayer.pool);
    progress_bar_clear(&replayer.bar);
    /* What came too late to be told in its place. */
    for (size_t i = replayer.next_told; i < sweep->n_corpus; i++) {
        if (sweep->corpus[i].done) {
            sweep_kept_print(&sweep->corpus[i].kept, sweep->options.out);
            sweep_corpus_add(&sweep->report.corpus, sweep->corpus[i].kept);
        }
    }
    free(replayer.files);
    pool_free(replayer.pool);
    return !sweep->failed && !sweep->interrupted;
}
