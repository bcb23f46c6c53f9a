#include "sim/log_tree.h"
#include "sim/prng.h"

#include <criterion/criterion.h>
#include <string.h>

/* --- against a model that does everything the slow way ------------------- */

#define MODEL_NODES 400u
#define MODEL_BYTES 3u

/* The tree as plain arrays; every answer comes of walking parents or of looking
 * at all nodes. */
struct model {
    uint32_t count;
    struct model_node {
        sim_tip parent;
        uint64_t index;
        uint64_t term;
        enum sim_entry_kind kind;
        uint64_t session;
        uint64_t sequence;
        uint8_t bytes[MODEL_BYTES];
        uint32_t size;
        const uint8_t *kept; /* where the tree showed it when it was new */
    } nodes[MODEL_NODES];
};

static sim_tip model_find(const struct model *model, sim_tip parent,
                          const struct sim_entry *entry)
{
    for (sim_tip tip = 1; tip < model->count; tip++) {
        const struct model_node *node = &model->nodes[tip];
        if (node->parent == parent && node->term == entry->term &&
            node->kind == entry->kind && node->session == entry->session &&
            node->sequence == entry->sequence && node->size == entry->size &&
            memcmp(node->bytes, entry->data, entry->size) == 0)
            return tip;
    }
    return SIM_NO_TIP;
}

static sim_tip model_ancestor(const struct model *model, sim_tip tip,
                              uint64_t index)
{
    if (index > model->nodes[tip].index)
        return SIM_NO_TIP;
    while (model->nodes[tip].index != index)
        tip = model->nodes[tip].parent;
    return tip;
}

static sim_tip model_configuration(const struct model *model, sim_tip tip)
{
    while (tip != SIM_ROOT &&
           model->nodes[tip].kind != SIM_ENTRY_CONFIGURATION) {
        tip = model->nodes[tip].parent;
    }
    return tip;
}

static bool model_has_twin(const struct model *model, sim_tip tip)
{
    for (sim_tip other = 1; other < model->count; other++) {
        if (other != tip &&
            model->nodes[other].index == model->nodes[tip].index &&
            model->nodes[other].term == model->nodes[tip].term)
            return true;
    }
    return false;
}

/* One append to both, of an entry out of so few that they come again; to a late
 * node mostly, so that the tree gets deep. */
static void append_both(struct sim_log_tree *tree, struct model *model,
                        struct sim_prng *prng)
{
    uint64_t back = sim_prng_below(prng, 4) == 0
                        ? sim_prng_below(prng, model->count)
                        : sim_prng_below(prng, 4) % model->count;
    sim_tip parent = (sim_tip)(model->count - 1 - back);
    uint8_t bytes[MODEL_BYTES] = {0};
    bytes[0] = (uint8_t)sim_prng_below(prng, 2);
    static const enum sim_entry_kind kinds[] = {
        SIM_ENTRY_COMMAND,       SIM_ENTRY_COMMAND, SIM_ENTRY_INTERNAL,
        SIM_ENTRY_CONFIGURATION, SIM_ENTRY_SESSION,
    };
    struct sim_entry entry = {
        .term = 1 + sim_prng_below(prng, 5),
        .data = bytes,
        .size = (uint32_t)sim_prng_below(prng, MODEL_BYTES + 1),
        .kind = kinds[sim_prng_below(prng, 5)],
        .sequence = sim_prng_below(prng, 8) == 0 ? 1 : 0,
    };
    if (entry.kind == SIM_ENTRY_COMMAND && sim_prng_below(prng, 8) == 0) {
        entry.session = 1;
    }
    sim_tip expected = model_find(model, parent, &entry);
    bool created;
    sim_tip tip = sim_log_tree_append(tree, parent, &entry, &created);
    cr_assert_eq(created, expected == SIM_NO_TIP);
    cr_assert_eq(tip, created ? model->count : expected);
    if (!created)
        return;
    struct model_node *node = &model->nodes[model->count++];
    *node = (struct model_node){
        .parent = parent,
        .index = model->nodes[parent].index + 1,
        .term = entry.term,
        .kind = entry.kind,
        .session = entry.session,
        .sequence = entry.sequence,
        .size = entry.size,
        .kept = sim_log_tree_entry(tree, tip).data,
    };
    memcpy(node->bytes, bytes, sizeof(bytes));
}

static void compare_node(const struct sim_log_tree *tree,
                         const struct model *model, sim_tip tip)
{
    const struct model_node *node = &model->nodes[tip];
    struct sim_position place = sim_log_tree_position(tree, tip);
    cr_assert_eq(place.index, node->index);
    cr_assert_eq(place.term, node->term);
    cr_assert_eq(sim_log_tree_parent(tree, tip), node->parent);
    cr_assert_eq(sim_log_tree_configuration(tree, tip),
                 model_configuration(model, tip));

    sim_tip twin = sim_log_tree_twin(tree, tip);
    cr_assert_eq(twin != SIM_NO_TIP, model_has_twin(model, tip));
    if (twin != SIM_NO_TIP) {
        cr_assert_neq(twin, tip);
        cr_assert_eq(model->nodes[twin].index, node->index);
        cr_assert_eq(model->nodes[twin].term, node->term);
    }
    for (uint64_t index = 0; index <= node->index + 1; index++) {
        cr_assert_eq(sim_log_tree_ancestor(tree, tip, index),
                     model_ancestor(model, tip, index));
    }
    if (tip == SIM_ROOT)
        return;
    struct sim_entry entry = sim_log_tree_entry(tree, tip);
    cr_assert_eq(entry.term, node->term);
    cr_assert_eq(entry.kind, node->kind);
    cr_assert_eq(entry.size, node->size);
    cr_assert_eq(entry.session, node->session);
    cr_assert_eq(entry.sequence, node->sequence);
    cr_assert_not(entry.omitted);
    cr_assert_eq(entry.data == NULL, entry.size == 0);
    cr_assert_eq(entry.data, node->kept, "a payload moved");
    if (entry.size > 0)
        cr_assert_eq(memcmp(entry.data, node->bytes, entry.size), 0);
}

/* By term, and then by index. */
Test(log_tree, places_are_older_or_newer)
{
    static const struct sim_position places[] = {
        {0, 0}, {0, 1},          {1, 1},         {1, 7},
        {2, 1}, {2, UINT64_MAX}, {UINT64_MAX, 0}};
    int count = (int)(sizeof places / sizeof places[0]);
    for (int a = 0; a < count; a++) {
        for (int b = 0; b < count; b++) {
            int order = sim_position_compare(places[a], places[b]);
            cr_assert_eq(order < 0, a < b);
            cr_assert_eq(order > 0, a > b);
        }
    }
}

Test(log_tree, answers_like_the_model)
{
    static struct model model;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct sim_prng prng = sim_prng_stream(seed, SIM_STREAM_SCENARIO, 0, 0);
        struct sim_log_tree *tree = sim_log_tree_new();
        memset(&model, 0, sizeof(model));
        model.count = 1;
        uint64_t size = 1 + sim_prng_below(&prng, MODEL_NODES);
        while (model.count < size)
            append_both(tree, &model, &prng);
        cr_assert_eq(sim_log_tree_count(tree), model.count);
        for (sim_tip tip = 0; tip < model.count; tip++)
            compare_node(tree, &model, tip);
        for (int i = 0; i < 2000; i++) {
            sim_tip a = (sim_tip)sim_prng_below(&prng, model.count);
            sim_tip b = (sim_tip)sim_prng_below(&prng, model.count);
            cr_assert_eq(sim_log_tree_contains(tree, a, b),
                         model_ancestor(&model, a, model.nodes[b].index) == b);
        }
        sim_log_tree_free(tree);
    }
}

/* --- by hand -------------------------------------------------------------- */

static sim_tip append(struct sim_log_tree *tree, sim_tip parent, uint64_t term,
                      const char *command)
{
    struct sim_entry entry = {
        .term = term,
        .data = (const uint8_t *)command,
        .size = (uint32_t)strlen(command),
        .kind = SIM_ENTRY_COMMAND,
    };
    return sim_log_tree_append(tree, parent, &entry, NULL);
}

Test(log_tree, is_born_with_the_empty_log)
{
    struct sim_log_tree *tree = sim_log_tree_new();
    cr_assert_eq(sim_log_tree_count(tree), 1);
    cr_assert_eq(sim_log_tree_position(tree, SIM_ROOT).index, 0);
    cr_assert_eq(sim_log_tree_position(tree, SIM_ROOT).term, 0);
    cr_assert_eq(sim_log_tree_parent(tree, SIM_ROOT), SIM_ROOT);
    cr_assert_eq(sim_log_tree_ancestor(tree, SIM_ROOT, 0), SIM_ROOT);
    cr_assert_eq(sim_log_tree_ancestor(tree, SIM_ROOT, 1), SIM_NO_TIP);
    cr_assert_eq(sim_log_tree_twin(tree, SIM_ROOT), SIM_NO_TIP);
    cr_assert(sim_log_tree_contains(tree, SIM_ROOT, SIM_ROOT));
    sim_log_tree_free(tree);
    sim_log_tree_free(NULL);
}

Test(log_tree, tells_entries_apart_by_parent_term_kind_and_payload)
{
    struct sim_log_tree *tree = sim_log_tree_new();
    struct sim_entry internal = {.term = 1, .kind = SIM_ENTRY_INTERNAL};
    sim_tip tips[] = {
        append(tree, SIM_ROOT, 1, "a"),
        append(tree, SIM_ROOT, 1, "b"),
        append(tree, SIM_ROOT, 1, "ab"),
        append(tree, SIM_ROOT, 1, ""),
        sim_log_tree_append(tree, SIM_ROOT, &internal, NULL),
        append(tree, SIM_ROOT, 2, "a"),
        append(tree, 1, 1, "a"),
        append(tree, 2, 1, "a"),
    };
    size_t count = sizeof(tips) / sizeof(tips[0]);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(tips[i], i + 1);
    cr_assert_eq(append(tree, SIM_ROOT, 1, "a"), tips[0]);
    cr_assert_eq(append(tree, 2, 1, "a"), tips[7]);
    cr_assert_eq(sim_log_tree_count(tree), count + 1);
    sim_log_tree_free(tree);
}

Test(log_tree, tells_commands_apart_by_session_and_sequence)
{
    struct sim_log_tree *tree = sim_log_tree_new();
    struct sim_entry entry = {.term = 1, .kind = SIM_ENTRY_COMMAND};
    for (sim_tip i = 0; i < 4; i++) {
        entry.session = i / 2;
        entry.sequence = i % 2;
        for (int again = 0; again <= 1; again++) {
            cr_assert_eq(sim_log_tree_append(tree, SIM_ROOT, &entry, NULL),
                         i + 1);
        }
        struct sim_entry kept = sim_log_tree_entry(tree, i + 1);
        cr_assert_eq(kept.session, i / 2);
        cr_assert_eq(kept.sequence, i % 2);
    }
    sim_log_tree_free(tree);
}

/* What an APPLY adds: the verdict, and which session was closed. */
Test(log_tree, does_not_tell_entries_apart_by_their_outcome)
{
    static const struct sim_entry pairs[][2] = {
        {{.term = 1, .kind = SIM_ENTRY_COMMAND, .session = 3},
         {.term = 1,
          .kind = SIM_ENTRY_COMMAND,
          .session = 3,
          .verdict = SIM_COMMAND_REPEATED}},
        {{.term = 1, .kind = SIM_ENTRY_SESSION, .sequence = 8},
         {.term = 1, .kind = SIM_ENTRY_SESSION, .sequence = 8, .session = 2}},
    };
    for (size_t i = 0; i < 2; i++) {
        for (size_t first = 0; first < 2; first++) {
            struct sim_log_tree *tree = sim_log_tree_new();
            sim_log_tree_append(tree, SIM_ROOT, &pairs[i][first], NULL);
            bool created;
            sim_log_tree_append(tree, SIM_ROOT, &pairs[i][1 - first], &created);
            cr_assert_not(created);
            struct sim_entry kept = sim_log_tree_entry(tree, 1);
            cr_assert_eq(kept.verdict, SIM_COMMAND_FRESH);
            cr_assert_eq(kept.session, pairs[i][0].session);
            sim_log_tree_free(tree);
        }
    }
}

/* --- entries without their payload ---------------------------------------- */

static const struct sim_entry omitted = {
    .term = 1, .kind = SIM_ENTRY_COMMAND, .omitted = true};

/* With the same parent, term and kind it is the entry that is there. */
Test(log_tree, finds_an_entry_without_its_payload)
{
    struct sim_log_tree *tree = sim_log_tree_new();
    sim_tip a = append(tree, SIM_ROOT, 1, "a");
    sim_tip b = append(tree, a, 1, "b");
    cr_assert_eq(sim_log_tree_append(tree, SIM_ROOT, &omitted, NULL), a);
    cr_assert_eq(sim_log_tree_append(tree, a, &omitted, NULL), b);
    cr_assert_not(sim_log_tree_entry(tree, a).omitted);
    cr_assert_eq(sim_log_tree_entry(tree, a).size, 1);
    struct sim_entry other = omitted;
    other.term = 2;
    bool created;
    sim_log_tree_append(tree, a, &other, &created);
    cr_assert(created);
    other = omitted;
    other.kind = SIM_ENTRY_INTERNAL;
    sim_log_tree_append(tree, a, &other, &created);
    cr_assert(created);
    sim_log_tree_append(tree, b, &omitted, &created);
    cr_assert(created);
    cr_assert_eq(sim_log_tree_count(tree), 6);
    sim_log_tree_free(tree);
}

/* A payload that comes later is its own; the next one is another entry's. */
Test(log_tree, fills_in_a_payload_that_comes_later)
{
    struct sim_log_tree *tree = sim_log_tree_new();
    sim_tip tip = sim_log_tree_append(tree, SIM_ROOT, &omitted, NULL);
    cr_assert(sim_log_tree_entry(tree, tip).omitted);
    cr_assert_null(sim_log_tree_entry(tree, tip).data);
    cr_assert_eq(sim_log_tree_append(tree, SIM_ROOT, &omitted, NULL), tip);
    struct sim_entry full = {.term = 1,
                             .kind = SIM_ENTRY_COMMAND,
                             .data = (const uint8_t *)"ab",
                             .size = 2,
                             .session = 4,
                             .sequence = 5};
    bool created;
    cr_assert_eq(sim_log_tree_append(tree, SIM_ROOT, &full, &created), tip);
    cr_assert_not(created);
    struct sim_entry kept = sim_log_tree_entry(tree, tip);
    cr_assert_not(kept.omitted);
    cr_assert_eq(kept.size, 2);
    cr_assert_eq(memcmp(kept.data, "ab", 2), 0);
    cr_assert_eq(kept.session, 4);
    cr_assert_eq(kept.sequence, 5);
    cr_assert_eq(sim_log_tree_append(tree, SIM_ROOT, &omitted, NULL), tip);
    cr_assert_not(sim_log_tree_entry(tree, tip).omitted);
    full.data = (const uint8_t *)"aB";
    sim_tip other = sim_log_tree_append(tree, SIM_ROOT, &full, &created);
    cr_assert(created);
    cr_assert_eq(sim_log_tree_twin(tree, tip), other);
    sim_log_tree_free(tree);
}

Test(log_tree, finds_twins_whatever_the_order_of_terms)
{
    static const uint64_t terms[][4] = {
        {1, 2, 3, 2}, {3, 2, 1, 2}, {2, 2, 1, 3}, {2, 3, 2, 1}, {1, 2, 2, 3}};
    for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++) {
        struct sim_log_tree *tree = sim_log_tree_new();
        sim_tip second[4];
        for (uint64_t branch = 0; branch < 4; branch++) {
            char name[] = {(char)('a' + branch), '\0'};
            sim_tip first = append(tree, SIM_ROOT, branch + 1, name);
            second[branch] = append(tree, first, terms[i][branch], "x");
        }
        for (uint64_t a = 0; a < 4; a++) {
            sim_tip expected = SIM_NO_TIP;
            for (uint64_t b = 0; b < 4; b++) {
                if (a != b && terms[i][a] == terms[i][b])
                    expected = second[b];
            }
            cr_assert_eq(sim_log_tree_twin(tree, second[a]), expected);
        }
        sim_log_tree_free(tree);
    }
}

/* A long log, with side branches that begin far back in it: skip links reach
 * every ancestor. */
Test(log_tree, reaches_every_ancestor_of_a_long_log)
{
    enum { LENGTH = 20000, BRANCHES = 20, BRANCH_LENGTH = 50 };
    struct sim_log_tree *tree = sim_log_tree_new();
    sim_tip tip = SIM_ROOT;
    for (int i = 0; i < LENGTH; i++)
        tip = append(tree, tip, 1, "x");
    for (uint32_t index = 0; index <= LENGTH; index++)
        cr_assert_eq(sim_log_tree_ancestor(tree, tip, index), index);

    for (uint32_t branch = 0; branch < BRANCHES; branch++) {
        sim_tip fork = branch * (LENGTH / BRANCHES);
        sim_tip end = fork;
        for (int i = 0; i < BRANCH_LENGTH; i++)
            end = append(tree, end, 2 + branch, "y");
        cr_assert(sim_log_tree_contains(tree, end, fork));
        cr_assert_not(sim_log_tree_contains(tree, end, fork + 1));
        cr_assert_not(sim_log_tree_contains(tree, tip, end));
        for (uint32_t index = 0; index <= fork; index++)
            cr_assert_eq(sim_log_tree_ancestor(tree, end, index), index);
        cr_assert_eq(sim_log_tree_parent(
                         tree, sim_log_tree_ancestor(tree, end, fork + 1)),
                     fork);
    }
    sim_log_tree_free(tree);
}

/* Payloads around the size of the blocks they are kept in. */
Test(log_tree, keeps_large_payloads_where_they_are)
{
    static const uint32_t sizes[] = {1, 40000, 30000,  65535, 65536, 65537,
                                     1, 0,     200000, 65535, 2,     25536};
    enum { COUNT = sizeof(sizes) / sizeof(sizes[0]) };
    static uint8_t bytes[200000];
    const uint8_t *kept[COUNT];
    struct sim_log_tree *tree = sim_log_tree_new();
    sim_tip tip = SIM_ROOT;
    for (uint32_t i = 0; i < COUNT; i++) {
        memset(bytes, (int)i + 1, sizes[i]);
        struct sim_entry entry = {
            .term = 1, .data = bytes, .size = sizes[i], .kind = 1};
        tip = sim_log_tree_append(tree, tip, &entry, NULL);
        kept[i] = sim_log_tree_entry(tree, tip).data;
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        struct sim_entry entry = sim_log_tree_entry(tree, i + 1);
        cr_assert_eq(entry.size, sizes[i]);
        cr_assert_eq(entry.data, kept[i]);
        for (uint32_t at = 0; at < sizes[i]; at++)
            cr_assert_eq(entry.data[at], (uint8_t)(i + 1));
    }
    sim_log_tree_free(tree);
}
