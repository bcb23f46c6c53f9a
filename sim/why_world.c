/* What happened to the world beside a path: why a node did not know. */
#include <stdlib.h>
#include <string.h>

#include "sim/why_internal.h"

/* So many cuts of the network, and so many pauses and the like, are told. */
#define TOLD_EVENTS 2u

/* The stretch of a path and who is on it. */
struct stretch {
    uint32_t first, last; /* records */
    struct sim_set nodes;
};

static struct stretch find_stretch(const struct why_walk *walk)
{
    struct stretch stretch = {WHY_NONE, 0, {{0}}};
    for (size_t i = 0; i < walk->n; i++) {
        const struct why_fact *fact = &walk->facts[i];
        if (fact->record >= walk->why->n_records) {
            continue;
        }
        const struct why_record *r = why__get(walk->why, fact->record);
        stretch.first =
            fact->record < stretch.first ? fact->record : stretch.first;
        stretch.last =
            fact->record > stretch.last ? fact->record : stretch.last;
        if (r->node != SIM_NONE && fact->cost <= 2) {
            sim_set_add(&stretch.nodes, r->node);
        }
    }
    return stretch;
}

static bool begins(const struct sim_why *why, uint32_t record,
                   const char *const *words, size_t count)
{
    const struct why_record *r = why__get(why, record);
    for (size_t i = 0; i < count && r->kind == WHY_EVENT; i++) {
        if (strncmp(why->texts + r->text, words[i], strlen(words[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* The last event before the message was lost that cuts links. */
static uint32_t cut_of(const struct sim_why *why,
                       const struct why_letter *letter)
{
    static const char *const cuts[] = {
        "partition:", "isolate:", "cut:", "bridge:", "mesh:"};
    for (uint32_t at = (uint32_t)why->n_records; at > 0; at--) {
        if (why__get(why, at - 1)->time_us <= letter->lost_us &&
            begins(why, at - 1, cuts, sizeof cuts / sizeof *cuts)) {
            return at - 1;
        }
    }
    return WHY_NONE;
}

/* Cuts that messages between nodes of the path were lost by, the latest first:
 * why a node did not know. */
static void add_cuts(struct why_walk *walk, const struct stretch *stretch)
{
    const struct sim_why *why = walk->why;
    uint64_t from_us = why__get(why, stretch->first)->time_us;
    uint64_t to_us = why__get(why, stretch->last)->time_us;
    uint32_t last = WHY_NONE;
    uint32_t told = 0;
    for (size_t i = why->n_letters; i > 0 && told < TOLD_EVENTS; i--) {
        const struct why_letter *letter = &why->letters[i - 1];
        if (letter->loss != SIM_WHY_LOST_BY_CUT || letter->lost_us < from_us ||
            letter->lost_us > to_us ||
            !sim_set_has(&stretch->nodes, letter->from) ||
            !sim_set_has(&stretch->nodes, letter->to)) {
            continue;
        }
        uint32_t cut = cut_of(why, letter);
        if (cut != WHY_NONE && cut != last) {
            last = cut;
            told++;
            walk->current = WHY_NONE;
            why__rest_on_number(walk, 3, WHY_OF_EVENT, cut, 0);
        }
    }
}

/* Whether the event is about the node: "pause: node 3", "clock: 3 4". */
static bool names(const struct sim_why *why, uint32_t record,
                  const struct sim_set *nodes)
{
    const char *at = strchr(why->texts + why__get(why, record)->text, ':');
    while (at != NULL && *at != '\0' && *at != '(') {
        char *end;
        unsigned long node = strtoul(at, &end, 10);
        if (end != at && node >= 1 && node <= why->n &&
            sim_set_has(nodes, (uint32_t)node)) {
            return true;
        }
        at = end != at ? end : at + 1;
    }
    return false;
}

static void add_disturbances(struct why_walk *walk,
                             const struct stretch *stretch)
{
    static const char *const words[] = {"pause:", "clock:", "clog:"};
    uint32_t told = 0;
    for (uint32_t at = stretch->last + 1; at > stretch->first; at--) {
        if (told < TOLD_EVENTS &&
            begins(walk->why, at - 1, words, sizeof words / sizeof *words) &&
            names(walk->why, at - 1, &stretch->nodes)) {
            told++;
            walk->current = WHY_NONE;
            why__rest_on_number(walk, 4, WHY_OF_EVENT, at - 1, 0);
        }
    }
}

void why__find_world(struct why_walk *walk)
{
    struct stretch stretch = find_stretch(walk);
    if (stretch.first != WHY_NONE) {
        add_cuts(walk, &stretch);
        add_disturbances(walk, &stretch);
    }
}
