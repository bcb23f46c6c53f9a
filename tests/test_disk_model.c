/* The disk against a plain model: unfinished work as a list of states. */
#include "tests/disk_harness.h"

#include <criterion/criterion.h>

/* Unfinished work as a list of states: what is on the disk after each part. The
 * parts are taken apart one by one when they are submitted. */
enum { MAX_STATES = 4096, MAX_WRITES = 512 };

struct state {
    sim_tip tip;
    uint64_t first;
    sim_snapshot_number snapshot;
    sim_tip snapshot_tip;
    struct sim_hard_state hard_state;
};

struct model {
    struct state durable;
    struct state states[MAX_STATES];
    size_t n_states;
    size_t ends[MAX_WRITES]; /* how many states each unfinished write ends at */
    size_t n_writes;
    size_t n_batch; /* of the writes, those in progress */
    struct sim_prng latencies;
};

static struct state model_last(const struct model *model)
{
    return model->n_states > 0 ? model->states[model->n_states - 1]
                               : model->durable;
}

static bool is_prefix(const struct sim_log_tree *tree, sim_tip prefix,
                      sim_tip tip)
{
    while (tip != prefix && tip != SIM_ROOT) {
        tip = sim_log_tree_parent(tree, tip);
    }
    return tip == prefix;
}

static sim_tip model_log(const struct sim_log_tree *tree, struct state state)
{
    return is_prefix(tree, state.snapshot_tip, state.tip) ? state.tip
                                                          : state.snapshot_tip;
}

static void model_submit(struct model *model, const struct sim_log_tree *tree,
                         const struct sim_disk_write *write,
                         sim_tip snapshot_tip)
{
    struct state state = model_last(model);
    if (write->has_hard_state) {
        state.hard_state = write->hard_state;
        model->states[model->n_states++] = state;
    }
    if (write->snapshot != SIM_NO_SNAPSHOT) {
        state.snapshot = write->snapshot;
        state.snapshot_tip = snapshot_tip;
        model->states[model->n_states++] = state;
    }
    if (write->base != state.tip) {
        if (!is_prefix(tree, write->base, state.tip)) {
            state.first = disk_index_of(tree, write->base) + 1;
        }
        state.tip = write->base;
        model->states[model->n_states++] = state;
    }
    if (write->drop_before > 0) {
        if (state.first < write->drop_before) {
            state.first = write->drop_before;
        }
        model->states[model->n_states++] = state;
    }
    for (uint64_t i = disk_index_of(tree, write->base) + 1;
         i <= disk_index_of(tree, write->tip); i++) {
        state.tip = sim_log_tree_ancestor(tree, write->tip, i);
        model->states[model->n_states++] = state;
    }
    model->ends[model->n_writes++] = model->n_states;
}

static uint64_t model_start(struct model *model, uint64_t now_us,
                            const struct sim_distribution *write,
                            const struct sim_distribution *fsync)
{
    uint64_t end_us = now_us;
    model->n_batch = model->n_writes;
    for (size_t i = 0; i < model->n_batch; i++) {
        end_us += sim_distribution_draw(write, &model->latencies);
    }
    return end_us + sim_distribution_draw(fsync, &model->latencies);
}

/* The first unfinished write becomes durable. */
static void model_finish_one(struct model *model)
{
    size_t parts = model->ends[0];
    if (parts > 0) {
        model->durable = model->states[parts - 1];
    }
    model->n_states -= parts;
    for (size_t i = 0; i < model->n_states; i++) {
        model->states[i] = model->states[i + parts];
    }
    model->n_writes--;
    for (size_t i = 0; i < model->n_writes; i++) {
        model->ends[i] = model->ends[i + 1] - parts;
    }
}

static void model_crash(struct model *model, enum sim_unfinished unfinished,
                        struct sim_prng prng)
{
    size_t parts = 0;
    if (unfinished == SIM_UNFINISHED_KEPT) {
        parts = model->n_states;
    } else if (unfinished == SIM_UNFINISHED_RANDOM && model->n_states > 0) {
        parts = (size_t)sim_prng_below(&prng, model->n_states + 1);
    }
    if (parts > 0) {
        model->durable = model->states[parts - 1];
    }
    model->n_states = 0;
    model->n_writes = 0;
}

static void check_same(const struct model *model,
                       const struct sim_log_tree *tree,
                       const struct sim_disk *disk)
{
    cr_assert_eq(sim_disk_tip(disk), model->durable.tip);
    cr_assert_eq(sim_disk_first(disk), model->durable.first);
    cr_assert_eq(sim_disk_snapshot(disk), model->durable.snapshot);
    cr_assert_eq(sim_disk_log(disk), model_log(tree, model->durable));
    cr_assert(disk_same_hard_state(sim_disk_hard_state(disk),
                                   model->durable.hard_state));
    cr_assert_eq(sim_disk_has_unfinished(disk), model->n_writes > 0);
}

/* One run: writes of all shapes, completions and crashes at random, crashes in
 * the middle of a walk among them. */
struct run {
    struct sim_log_tree *tree;
    struct sim_archive *archive;
    struct sim_disk *disk;
    struct sim_prng prng;
    struct model model;
    const struct sim_distribution *write, *fsync;
    uint64_t now_us;
    uint64_t next_id;
    uint64_t completes_us; /* 0: no batch is in progress */
};

/* A snapshot of a part of the log, which may let old entries go; or of another
 * log, which takes the place of all that is there. Returns its log. */
static sim_tip add_snapshot(struct run *run, struct sim_disk_write *write,
                            uint64_t earliest)
{
    uint64_t length = disk_index_of(run->tree, write->base);
    uint64_t index = sim_prng_between(&run->prng, earliest, length);
    sim_tip tip = sim_log_tree_ancestor(run->tree, write->base, index);
    if (sim_prng_chance(&run->prng, 500000)) {
        tip = disk_extend(run->tree, tip, run->next_id,
                          sim_prng_between(&run->prng, 1, 3));
        write->base = tip;
    } else if (sim_prng_chance(&run->prng, 500000)) {
        write->drop_before = sim_prng_between(&run->prng, 1, index + 1);
    }
    write->snapshot = disk_put(run->archive, run->tree, tip);
    return tip;
}

static void run_submit(struct run *run, bool busy)
{
    struct state last = model_last(&run->model);
    sim_tip log = model_log(run->tree, last);
    struct sim_disk_write write = {.id = run->next_id++, .base = log};
    uint64_t earliest = disk_index_of(run->tree, last.snapshot_tip);
    sim_tip snapshot_tip = SIM_ROOT;
    if (sim_prng_chance(&run->prng, 200000)) {
        snapshot_tip = add_snapshot(run, &write, earliest);
    } else if (sim_prng_chance(&run->prng, 300000)) {
        write.base = sim_log_tree_ancestor(
            run->tree, log,
            sim_prng_between(&run->prng, earliest,
                             disk_index_of(run->tree, log)));
    }
    write.tip = disk_extend(run->tree, write.base, run->next_id,
                            sim_prng_below(&run->prng, 4));
    if (sim_prng_chance(&run->prng, 300000)) {
        write.has_hard_state = true;
        write.hard_state.term = last.hard_state.term + 1;
        write.hard_state.vote = (uint32_t)sim_prng_below(&run->prng, 4);
    }
    model_submit(&run->model, run->tree, &write, snapshot_tip);
    uint64_t completes_us = 0;
    bool started =
        sim_disk_submit(run->disk, run->now_us, &write, &completes_us);
    cr_assert_eq(started, !busy);
    if (started) {
        run->completes_us =
            model_start(&run->model, run->now_us, run->write, run->fsync);
        cr_assert_eq(completes_us, run->completes_us);
    }
}

static void run_crash(struct run *run)
{
    static const enum sim_unfinished fates[] = {
        SIM_UNFINISHED_RANDOM, SIM_UNFINISHED_LOST, SIM_UNFINISHED_KEPT};
    enum sim_unfinished fate = fates[sim_prng_below(&run->prng, 3)];
    model_crash(&run->model, fate, run->prng);
    sim_disk_crash(run->disk, fate, &run->prng);
    disk_walk(run->disk);
    run->completes_us = 0;
}

/* The walk over a batch; it may be cut short by a crash, and writes may come in
 * its middle. */
static void run_complete(struct run *run)
{
    struct sim_disk_write write;
    run->now_us = run->completes_us;
    cr_assert(sim_disk_complete(run->disk, sim_disk_generation(run->disk)));
    for (size_t i = run->model.n_batch; i > 0; i--) {
        cr_assert(sim_disk_next_durable(run->disk, &write));
        model_finish_one(&run->model);
        check_same(&run->model, run->tree, run->disk);
        if (sim_prng_chance(&run->prng, 200000)) {
            run_submit(run, true);
        }
        if (sim_prng_chance(&run->prng, 20000)) {
            run_crash(run);
            return;
        }
    }
    cr_assert_not(sim_disk_next_durable(run->disk, &write));
    uint64_t completes_us = 0;
    bool started = sim_disk_start_next(run->disk, run->now_us, &completes_us);
    cr_assert_eq(started, run->model.n_writes > 0);
    run->completes_us = 0;
    if (started) {
        run->completes_us =
            model_start(&run->model, run->now_us, run->write, run->fsync);
        cr_assert_eq(completes_us, run->completes_us);
    }
}

Test(disk_model, agrees_with_a_list_of_states)
{
    static const struct sim_distribution jitter = {
        .kind = SIM_EXPONENTIAL, .low_us = 500, .high_us = 2000};
    static const struct sim_distribution even = {
        .kind = SIM_UNIFORM, .low_us = 0, .high_us = 300};
    static struct run run;
    for (uint64_t seed = 0; seed < 200; seed++) {
        run = (struct run){
            .tree = sim_log_tree_new(),
            .archive = sim_archive_new(),
            .model.durable.first = 1,
            .prng = sim_prng_stream(seed, SIM_STREAM_CLIENT, 0, 0),
            .model.latencies = sim_prng_stream(seed, SIM_STREAM_DISK, 3, 0),
            .write = &even,
            .fsync = &jitter,
            .next_id = 1,
        };
        run.disk = sim_disk_new(run.tree, run.archive, seed, 3, &even, &jitter);
        uint32_t submit_ppm =
            (uint32_t)sim_prng_between(&run.prng, 200000, 900000);
        for (int n = 0; n < 300; n++) {
            if (sim_prng_chance(&run.prng, submit_ppm)) {
                run_submit(&run, run.completes_us != 0);
            } else if (sim_prng_chance(&run.prng, 50000)) {
                run_crash(&run);
            } else if (run.completes_us != 0) {
                run_complete(&run);
            }
            check_same(&run.model, run.tree, run.disk);
        }
        sim_disk_free(run.disk);
        cr_assert_eq(sim_archive_count(run.archive), 0);
        sim_archive_free(run.archive);
        sim_log_tree_free(run.tree);
    }
}
