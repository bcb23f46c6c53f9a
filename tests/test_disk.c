#include "sim/disk.h"

#include <criterion/criterion.h>
#include <signal.h>

/* --- helpers -------------------------------------------------------------- */

static const struct sim_distribution write_20us = {.kind = SIM_FIXED,
                                                   .low_us = 20};
static const struct sim_distribution fsync_1ms = {.kind = SIM_FIXED,
                                                  .low_us = 1000};

/* The log `tip` and `count` new entries of `term`. */
static sim_tip extend(struct sim_log_tree *tree, sim_tip tip, uint64_t term,
                      uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        struct sim_entry entry = {.term = term, .kind = SIM_ENTRY_COMMAND};
        tip = sim_log_tree_append(tree, tip, &entry, NULL);
    }
    return tip;
}

static uint64_t index_of(const struct sim_log_tree *tree, sim_tip tip)
{
    return sim_log_tree_position(tree, tip).index;
}

static bool same_hard_state(struct sim_hard_state x, struct sim_hard_state y)
{
    return x.term == y.term && x.vote == y.vote;
}

static struct sim_disk_write entries(uint64_t id, sim_tip base, sim_tip tip)
{
    return (struct sim_disk_write){.id = id, .base = base, .tip = tip};
}

/* How many writes the walk gives. */
static unsigned walk(struct sim_disk *disk)
{
    struct sim_disk_write write;
    unsigned count = 0;
    while (sim_disk_next_durable(disk, &write)) {
        count++;
    }
    return count;
}

/* --- the life of a batch -------------------------------------------------- */

Test(disk, groups_what_queues_behind_an_fsync)
{
    struct sim_log_tree *tree = sim_log_tree_new();
    struct sim_disk *disk = sim_disk_new(tree, 1, 1, &write_20us, &fsync_1ms);
    sim_tip tips[6] = {SIM_ROOT};
    for (uint64_t i = 1; i < 6; i++) {
        tips[i] = extend(tree, tips[i - 1], 1, 1);
    }
    struct sim_disk_write write;
    uint64_t completes_us = 0;

    cr_assert_not(sim_disk_has_unfinished(disk));
    write = entries(1, tips[0], tips[1]);
    cr_assert(sim_disk_submit(disk, 100, &write, &completes_us));
    cr_assert_eq(completes_us, 1120u);
    write = entries(2, tips[1], tips[2]);
    cr_assert_not(sim_disk_submit(disk, 200, &write, &completes_us));
    write = entries(3, tips[2], tips[3]);
    cr_assert_not(sim_disk_submit(disk, 1120, &write, &completes_us));
    cr_assert_eq(sim_disk_tip(disk), SIM_ROOT);
    cr_assert_not(sim_disk_next_durable(disk, &write));

    cr_assert(sim_disk_complete(disk, 0));
    cr_assert_eq(sim_disk_tip(disk), SIM_ROOT);
    cr_assert(sim_disk_next_durable(disk, &write));
    cr_assert_eq(write.id, 1u);
    cr_assert_eq(sim_disk_tip(disk), tips[1]);
    cr_assert_not(sim_disk_next_durable(disk, &write));
    /* A write of the walk itself waits like the others. */
    write = entries(4, tips[3], tips[4]);
    cr_assert_not(sim_disk_submit(disk, 1120, &write, &completes_us));
    cr_assert_not(sim_disk_next_durable(disk, &write));
    cr_assert(sim_disk_start_next(disk, 1120, &completes_us));
    cr_assert_eq(completes_us, 1120u + 3 * 20 + 1000);

    cr_assert(sim_disk_complete(disk, 0));
    for (uint64_t id = 2; id <= 4; id++) {
        cr_assert(sim_disk_has_unfinished(disk));
        cr_assert(sim_disk_next_durable(disk, &write));
        cr_assert_eq(write.id, id);
        cr_assert_eq(sim_disk_tip(disk), tips[id]);
    }
    cr_assert_not(sim_disk_next_durable(disk, &write));
    cr_assert_not(sim_disk_has_unfinished(disk));
    cr_assert_not(sim_disk_start_next(disk, 2180, &completes_us));

    /* Idle again. */
    write = entries(5, tips[4], tips[5]);
    cr_assert(sim_disk_submit(disk, 5000, &write, &completes_us));
    cr_assert_eq(completes_us, 6020u);
    sim_disk_free(disk);
    sim_log_tree_free(tree);
}

Test(disk, latency_may_change_between_batches)
{
    static const struct sim_distribution slow = {.kind = SIM_FIXED,
                                                 .low_us = 70000};
    struct sim_log_tree *tree = sim_log_tree_new();
    struct sim_disk *disk = sim_disk_new(tree, 1, 1, &write_20us, &fsync_1ms);
    struct sim_disk_write write = entries(1, SIM_ROOT, SIM_ROOT);
    uint64_t completes_us = 0;
    cr_assert(sim_disk_submit(disk, 0, &write, &completes_us));
    cr_assert_not(sim_disk_submit(disk, 0, &write, &completes_us));
    sim_disk_set_latency(disk, &fsync_1ms, &slow);
    cr_assert(sim_disk_complete(disk, 0));
    cr_assert_eq(walk(disk), 1u);
    cr_assert(sim_disk_start_next(disk, 1020, &completes_us));
    cr_assert_eq(completes_us, 1020u + 1000 + 70000);
    sim_disk_free(disk);
    sim_log_tree_free(tree);
}

Test(disk, absurd_latencies_do_not_overflow)
{
    static const struct sim_distribution for_ever = {
        .kind = SIM_FIXED, .low_us = SIM_MAX_DURATION_US};
    struct sim_log_tree *tree = sim_log_tree_new();
    struct sim_disk *disk = sim_disk_new(tree, 1, 1, &for_ever, &for_ever);
    struct sim_disk_write write = entries(1, SIM_ROOT, SIM_ROOT);
    uint64_t completes_us = 0;
    cr_assert(sim_disk_submit(disk, 1, &write, &completes_us));
    cr_assert_eq(completes_us, 1 + 2 * SIM_MAX_DURATION_US);
    for (int n = 0; n < 1000; n++) {
        cr_assert_not(sim_disk_submit(disk, 1, &write, &completes_us));
    }
    cr_assert(sim_disk_complete(disk, 0));
    cr_assert_eq(walk(disk), 1u);
    cr_assert(sim_disk_start_next(disk, 2, &completes_us));
    cr_assert_eq(completes_us, 2 + 2 * SIM_MAX_DURATION_US);
    sim_disk_free(disk);
    sim_log_tree_free(tree);
}

Test(disk, begins_with_what_was_preloaded)
{
    struct sim_log_tree *tree = sim_log_tree_new();
    struct sim_disk *disk = sim_disk_new(tree, 1, 1, &write_20us, &fsync_1ms);
    struct sim_hard_state hard_state = {.term = 8, .vote = 2};
    sim_tip tip = extend(tree, SIM_ROOT, 7, 5);
    struct sim_prng prng = {.state = 0};
    sim_disk_preload(disk, tip, hard_state);
    sim_disk_crash(disk, SIM_UNFINISHED_RANDOM, &prng);
    cr_assert_eq(prng.state, 0u, "nothing to draw");
    cr_assert_eq(sim_disk_tip(disk), tip);
    cr_assert(same_hard_state(sim_disk_hard_state(disk), hard_state));
    struct sim_disk_write write =
        entries(1, sim_log_tree_ancestor(tree, tip, 2), tip);
    uint64_t completes_us = 0;
    cr_assert(sim_disk_submit(disk, 0, &write, &completes_us));
    sim_disk_free(disk);
    sim_log_tree_free(tree);
}

Test(disk, a_completion_of_an_older_life_is_recognised)
{
    struct sim_log_tree *tree = sim_log_tree_new();
    struct sim_disk *disk = sim_disk_new(tree, 1, 1, &write_20us, &fsync_1ms);
    struct sim_prng prng = {.state = 0};
    struct sim_disk_write write =
        entries(1, SIM_ROOT, extend(tree, SIM_ROOT, 1, 1));
    uint64_t completes_us = 0;
    cr_assert(sim_disk_submit(disk, 0, &write, &completes_us));
    uint64_t old = sim_disk_generation(disk);
    sim_disk_crash(disk, SIM_UNFINISHED_LOST, &prng);
    cr_assert_not(sim_disk_has_unfinished(disk));
    cr_assert_not(sim_disk_next_durable(disk, &write));
    cr_assert_not(sim_disk_complete(disk, old));
    /* Also when another batch is in progress by then. */
    write = entries(1, SIM_ROOT, SIM_ROOT);
    cr_assert(sim_disk_submit(disk, 0, &write, &completes_us));
    cr_assert_not(sim_disk_complete(disk, old));
    cr_assert_not(sim_disk_next_durable(disk, &write));
    cr_assert(sim_disk_complete(disk, sim_disk_generation(disk)));
    cr_assert_eq(walk(disk), 1u);
    sim_disk_free(disk);
    sim_log_tree_free(tree);
}

/* --- crashes -------------------------------------------------------------- */

/* A disk with 3 entries of term 1, and two unfinished writes: a hard state with
 * a truncation to 1 and two entries of term 2; and one more entry. */
struct stage {
    struct sim_log_tree *tree;
    struct sim_disk *disk;
    sim_tip old, base, tip, last;
};

static struct stage set_stage(void)
{
    struct stage stage = {.tree = sim_log_tree_new()};
    stage.disk = sim_disk_new(stage.tree, 1, 1, &write_20us, &fsync_1ms);
    stage.old = extend(stage.tree, SIM_ROOT, 1, 3);
    stage.base = sim_log_tree_ancestor(stage.tree, stage.old, 1);
    stage.tip = extend(stage.tree, stage.base, 2, 2);
    stage.last = extend(stage.tree, stage.tip, 2, 1);
    sim_disk_preload(stage.disk, stage.old, (struct sim_hard_state){1, 1});
    struct sim_disk_write first = {
        .id = 1,
        .has_hard_state = true,
        .hard_state = {2, 3},
        .base = stage.base,
        .tip = stage.tip,
    };
    struct sim_disk_write second = entries(2, stage.tip, stage.last);
    uint64_t completes_us = 0;
    cr_assert(sim_disk_submit(stage.disk, 0, &first, &completes_us));
    cr_assert_not(sim_disk_submit(stage.disk, 0, &second, &completes_us));
    return stage;
}

static void clear_stage(struct stage *stage)
{
    sim_disk_free(stage->disk);
    sim_log_tree_free(stage->tree);
}

/* What is on the disk if the first `parts` of the five survived. */
static void check_survivors(const struct stage *stage, unsigned parts)
{
    const sim_tip tips[] = {
        stage->old,  stage->old,
        stage->base, sim_log_tree_ancestor(stage->tree, stage->tip, 2),
        stage->tip,  stage->last,
    };
    static const unsigned writes[] = {0, 1, 1, 1, 1, 2};
    struct sim_disk_write write;
    unsigned given = 0;
    while (sim_disk_next_durable(stage->disk, &write)) {
        given++;
        cr_assert_eq(write.id, given);
        cr_assert_eq(write.has_hard_state, given == 1);
        cr_assert_eq(sim_disk_tip(stage->disk), write.tip);
    }
    cr_assert_eq(given, writes[parts]);
    cr_assert_eq(sim_disk_tip(stage->disk), tips[parts]);
    cr_assert(parts == 0 || write.tip == tips[parts]);
    cr_assert(parts != 1 || write.base == stage->old);
    struct sim_hard_state hard_state = {parts > 0 ? 2 : 1, parts > 0 ? 3 : 1};
    cr_assert(same_hard_state(sim_disk_hard_state(stage->disk), hard_state));
}

Test(disk, a_crash_may_lose_all_that_is_unfinished)
{
    struct stage stage = set_stage();
    struct sim_prng prng = {.state = 0};
    sim_disk_crash(stage.disk, SIM_UNFINISHED_LOST, &prng);
    check_survivors(&stage, 0);
    cr_assert_eq(prng.state, 0u);
    clear_stage(&stage);
}

Test(disk, a_crash_may_keep_all_that_is_unfinished)
{
    struct stage stage = set_stage();
    struct sim_prng prng = {.state = 0};
    sim_disk_crash(stage.disk, SIM_UNFINISHED_KEPT, &prng);
    check_survivors(&stage, 5);
    cr_assert_eq(prng.state, 0u);
    clear_stage(&stage);
}

/* Each prefix of the parts, 0 to 5, once in six crashes; `prng` says which. */
Test(disk, a_crash_may_keep_any_prefix_of_parts)
{
    unsigned seen[6] = {0};
    for (uint64_t seed = 0; seed < 3000; seed++) {
        struct stage stage = set_stage();
        struct sim_prng prng = sim_prng_stream(seed, SIM_STREAM_CRASH, 1, 0);
        struct sim_prng copy = prng;
        unsigned parts = (unsigned)sim_prng_between(&copy, 0, 5);
        sim_disk_crash(stage.disk, SIM_UNFINISHED_RANDOM, &prng);
        cr_assert_eq(prng.state, copy.state);
        check_survivors(&stage, parts);
        seen[parts]++;
        clear_stage(&stage);
    }
    for (int parts = 0; parts <= 5; parts++) {
        cr_assert(seen[parts] > 400 && seen[parts] < 600);
    }
}

Test(disk, a_crash_in_the_walk_finds_the_rest_unfinished)
{
    static const enum sim_unfinished fates[] = {SIM_UNFINISHED_LOST,
                                                SIM_UNFINISHED_KEPT};
    for (int i = 0; i < 2; i++) {
        struct stage stage = set_stage();
        struct sim_prng prng = {.state = 0};
        struct sim_disk_write write;
        uint64_t completes_us = 0;
        cr_assert(sim_disk_complete(stage.disk, 0));
        cr_assert(sim_disk_next_durable(stage.disk, &write));
        sim_disk_crash(stage.disk, fates[i], &prng);
        cr_assert_eq(walk(stage.disk), (unsigned)i);
        cr_assert_eq(sim_disk_tip(stage.disk), i == 0 ? stage.tip : stage.last);
        cr_assert_not(sim_disk_start_next(stage.disk, 0, &completes_us));
        cr_assert_not(sim_disk_has_unfinished(stage.disk));
        clear_stage(&stage);
    }
}

/* A node that restarts and writes while the walk of its last life is still on
 * the stack: that walk must not start the new batch a second time. */
Test(disk, a_walk_cut_short_leaves_the_next_life_alone)
{
    struct stage stage = set_stage();
    struct sim_prng prng = {.state = 0};
    struct sim_disk_write write;
    uint64_t completes_us = 0;
    cr_assert(sim_disk_complete(stage.disk, 0));
    cr_assert(sim_disk_next_durable(stage.disk, &write));
    sim_disk_crash(stage.disk, SIM_UNFINISHED_LOST, &prng);
    write = entries(1, stage.tip, stage.last);
    cr_assert(sim_disk_submit(stage.disk, 50, &write, &completes_us));
    cr_assert_not(sim_disk_next_durable(stage.disk, &write));
    cr_assert_not(sim_disk_start_next(stage.disk, 50, &completes_us));
    cr_assert_eq(sim_disk_tip(stage.disk), stage.tip);
    cr_assert(sim_disk_complete(stage.disk, 1));
    cr_assert_eq(walk(stage.disk), 1u);
    cr_assert_eq(sim_disk_tip(stage.disk), stage.last);
    clear_stage(&stage);
}

/* --- against a plain model ------------------------------------------------ */

/* Unfinished work as a list of states: what is on the disk after each part. The
 * parts are taken apart one by one when they are submitted. */
enum { MAX_STATES = 4096, MAX_WRITES = 512 };

struct state {
    sim_tip tip;
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

static void model_submit(struct model *model, const struct sim_log_tree *tree,
                         const struct sim_disk_write *write)
{
    struct state state = model_last(model);
    if (write->has_hard_state) {
        state.hard_state = write->hard_state;
        model->states[model->n_states++] = state;
    }
    if (write->base != state.tip) {
        state.tip = write->base;
        model->states[model->n_states++] = state;
    }
    for (uint64_t i = index_of(tree, write->base) + 1;
         i <= index_of(tree, write->tip); i++) {
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

static void check_same(const struct model *model, const struct sim_disk *disk)
{
    cr_assert_eq(sim_disk_tip(disk), model->durable.tip);
    cr_assert(
        same_hard_state(sim_disk_hard_state(disk), model->durable.hard_state));
    cr_assert_eq(sim_disk_has_unfinished(disk), model->n_writes > 0);
}

/* One run: writes of all shapes, completions and crashes at random, crashes in
 * the middle of a walk among them. */
struct run {
    struct sim_log_tree *tree;
    struct sim_disk *disk;
    struct sim_prng prng;
    struct model model;
    const struct sim_distribution *write, *fsync;
    uint64_t now_us;
    uint64_t next_id;
    uint64_t completes_us; /* 0: no batch is in progress */
};

static void run_submit(struct run *run, bool busy)
{
    struct state last = model_last(&run->model);
    struct sim_disk_write write = {.id = run->next_id++, .base = last.tip};
    uint64_t length = index_of(run->tree, last.tip);
    if (sim_prng_chance(&run->prng, 300000)) {
        write.base = sim_log_tree_ancestor(
            run->tree, last.tip, sim_prng_between(&run->prng, 0, length));
    }
    write.tip = extend(run->tree, write.base, run->next_id,
                       sim_prng_below(&run->prng, 4));
    if (sim_prng_chance(&run->prng, 300000)) {
        write.has_hard_state = true;
        write.hard_state.term = last.hard_state.term + 1;
        write.hard_state.vote = (uint32_t)sim_prng_below(&run->prng, 4);
    }
    model_submit(&run->model, run->tree, &write);
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
    walk(run->disk);
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
        check_same(&run->model, run->disk);
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

Test(disk, agrees_with_a_list_of_states)
{
    static const struct sim_distribution jitter = {
        .kind = SIM_EXPONENTIAL, .low_us = 500, .high_us = 2000};
    static const struct sim_distribution even = {
        .kind = SIM_UNIFORM, .low_us = 0, .high_us = 300};
    static struct run run;
    for (uint64_t seed = 0; seed < 200; seed++) {
        run = (struct run){
            .tree = sim_log_tree_new(),
            .prng = sim_prng_stream(seed, SIM_STREAM_CLIENT, 0, 0),
            .model.latencies = sim_prng_stream(seed, SIM_STREAM_DISK, 3, 0),
            .write = &even,
            .fsync = &jitter,
            .next_id = 1,
        };
        run.disk = sim_disk_new(run.tree, seed, 3, &even, &jitter);
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
            check_same(&run.model, run.disk);
        }
        sim_disk_free(run.disk);
        sim_log_tree_free(run.tree);
    }
}

/* --- what is refused ------------------------------------------------------ */

Test(disk, a_write_before_the_survivors_are_walked_is_refused,
     .signal = SIGABRT)
{
    struct stage stage = set_stage();
    struct sim_prng prng = {.state = 0};
    struct sim_disk_write write = entries(1, stage.last, stage.last);
    uint64_t completes_us = 0;
    sim_disk_crash(stage.disk, SIM_UNFINISHED_KEPT, &prng);
    sim_disk_submit(stage.disk, 0, &write, &completes_us);
}

Test(disk, a_write_on_another_log_is_refused, .signal = SIGABRT)
{
    struct stage stage = set_stage();
    struct sim_disk_write write = entries(3, stage.old, stage.old);
    uint64_t completes_us = 0;
    sim_disk_submit(stage.disk, 0, &write, &completes_us);
}

Test(disk, a_log_that_ends_before_its_base_is_refused, .signal = SIGABRT)
{
    struct stage stage = set_stage();
    struct sim_disk_write write = entries(3, stage.last, stage.tip);
    uint64_t completes_us = 0;
    sim_disk_submit(stage.disk, 0, &write, &completes_us);
}

/* A stuck batch starts over under other latencies, and takes along what waits;
 * its old end means nothing any more. */
Test(disk, a_batch_can_be_started_over)
{
    struct sim_log_tree *tree = sim_log_tree_new();
    struct sim_distribution none = sim_distribution_fixed(0);
    struct sim_distribution stuck = sim_distribution_fixed(1000000);
    struct sim_distribution quick = sim_distribution_fixed(10);
    struct sim_disk *disk = sim_disk_new(tree, 1, 1, &none, &stuck);
    uint64_t at;
    cr_assert_not(sim_disk_start_over(disk, 0, &at));
    struct sim_disk_write write = {.id = 1, .base = SIM_ROOT, .tip = SIM_ROOT};
    cr_assert(sim_disk_submit(disk, 0, &write, &at));
    cr_assert_eq(at, 1000000);
    write.id = 2;
    cr_assert_not(sim_disk_submit(disk, 5, &write, &at));
    uint64_t old = sim_disk_generation(disk);
    sim_disk_set_latency(disk, &none, &quick);
    cr_assert(sim_disk_start_over(disk, 100, &at));
    cr_assert_eq(at, 110);
    cr_assert_not(sim_disk_complete(disk, old));
    cr_assert(sim_disk_complete(disk, sim_disk_generation(disk)));
    for (uint64_t id = 1; id <= 2; id++) {
        cr_assert(sim_disk_next_durable(disk, &write));
        cr_assert_eq(write.id, id);
    }
    cr_assert_not(sim_disk_next_durable(disk, &write));
    sim_disk_free(disk);
    sim_log_tree_free(tree);
}
