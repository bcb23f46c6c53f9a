#include "sim/configuration.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define N_WORDS (SIM_MAX_NODES / 64)

/* More nodes in a row than this are told by the first and the last. */
#define LONGEST_ROW 5u

bool sim_set_equal(const struct sim_set *a, const struct sim_set *b)
{
    return memcmp(a->words, b->words, sizeof(a->words)) == 0;
}

bool sim_set_is_empty(const struct sim_set *set)
{
    for (size_t i = 0; i < N_WORDS; i++) {
        if (set->words[i] != 0) {
            return false;
        }
    }
    return true;
}

uint32_t sim_set_count(const struct sim_set *set)
{
    uint32_t count = 0;
    for (size_t i = 0; i < N_WORDS; i++) {
        /* Each turn takes away the lowest one. */
        for (uint64_t word = set->words[i]; word != 0; word &= word - 1) {
            count++;
        }
    }
    return count;
}

struct sim_set sim_set_union(const struct sim_set *a, const struct sim_set *b)
{
    struct sim_set both;
    for (size_t i = 0; i < N_WORDS; i++) {
        both.words[i] = a->words[i] | b->words[i];
    }
    return both;
}

struct sim_set sim_set_without(const struct sim_set *a, const struct sim_set *b)
{
    struct sim_set rest;
    for (size_t i = 0; i < N_WORDS; i++) {
        rest.words[i] = a->words[i] & ~b->words[i];
    }
    return rest;
}

static struct sim_set intersection(const struct sim_set *a,
                                   const struct sim_set *b)
{
    struct sim_set common;
    for (size_t i = 0; i < N_WORDS; i++) {
        common.words[i] = a->words[i] & b->words[i];
    }
    return common;
}

struct sim_configuration sim_configuration_of(uint32_t n)
{
    struct sim_configuration configuration = {0};
    for (uint32_t node = 1; node <= n; node++) {
        sim_set_add(&configuration.voters, node);
    }
    return configuration;
}

bool sim_configuration_equal(const struct sim_configuration *a,
                             const struct sim_configuration *b)
{
    return sim_set_equal(&a->voters, &b->voters) &&
           sim_set_equal(&a->old_voters, &b->old_voters) &&
           sim_set_equal(&a->learners, &b->learners) &&
           sim_set_equal(&a->witnesses, &b->witnesses) &&
           memcmp(a->priorities, b->priorities, sizeof(a->priorities)) == 0;
}

bool sim_configuration_is_joint(const struct sim_configuration *configuration)
{
    return !sim_set_is_empty(&configuration->old_voters);
}

bool sim_configuration_is_empty(const struct sim_configuration *configuration)
{
    struct sim_set members = sim_configuration_members(configuration);
    return sim_set_is_empty(&members);
}

bool sim_configuration_is_voter(const struct sim_configuration *configuration,
                                uint32_t node)
{
    return sim_set_has(&configuration->voters, node) ||
           sim_set_has(&configuration->old_voters, node);
}

struct sim_set
sim_configuration_members(const struct sim_configuration *configuration)
{
    struct sim_set members =
        sim_set_union(&configuration->voters, &configuration->old_voters);
    return sim_set_union(&members, &configuration->learners);
}

bool sim_set_has_majority(const struct sim_set *set, const struct sim_set *of)
{
    struct sim_set common = intersection(set, of);
    return sim_set_count(&common) > sim_set_count(of) / 2;
}

bool sim_configuration_is_quorum(const struct sim_configuration *configuration,
                                 const struct sim_set *set)
{
    return sim_set_has_majority(set, &configuration->voters) &&
           (!sim_configuration_is_joint(configuration) ||
            sim_set_has_majority(set, &configuration->old_voters));
}

/* Appends to the text, which has room for SIM_CONFIGURATION_TEXT_SIZE. */
static void say(char *text, const char *format, ...)
{
    size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, SIM_CONFIGURATION_TEXT_SIZE - used, format,
              arguments);
    va_end(arguments);
}

/* The last of those in a row from `first` on, which is in the set. */
static uint32_t end_of_row(const struct sim_set *set, uint32_t first)
{
    uint32_t last = first;
    while (last < SIM_MAX_NODES && sim_set_has(set, last + 1)) {
        last++;
    }
    return last;
}

/* "1, 2, 3", "1 to 9, 11" */
static void say_set(char *text, const struct sim_set *set)
{
    const char *comma = "";
    for (uint32_t node = 1; node <= SIM_MAX_NODES; node++) {
        if (!sim_set_has(set, node)) {
            continue;
        }
        uint32_t last = end_of_row(set, node);
        if (last - node >= LONGEST_ROW) {
            say(text, "%s%" PRIu32 " to %" PRIu32, comma, node, last);
            node = last;
        } else {
            say(text, "%s%" PRIu32, comma, node);
        }
        comma = ", ";
    }
}

void sim_configuration_describe(const struct sim_configuration *configuration,
                                char *text)
{
    text[0] = '\0';
    if (sim_set_is_empty(&configuration->voters)) {
        say(text, "nobody");
    }
    say_set(text, &configuration->voters);
    if (sim_configuration_is_joint(configuration)) {
        say(text, " with ");
        say_set(text, &configuration->old_voters);
        say(text, " as old ones");
    }
    uint32_t n_learners = sim_set_count(&configuration->learners);
    if (n_learners > 0) {
        say(text, n_learners == 1 ? " and learner " : " and learners ");
        say_set(text, &configuration->learners);
    }
    uint32_t n_witnesses = sim_set_count(&configuration->witnesses);
    if (n_witnesses > 0) {
        say(text, " (");
        say_set(text, &configuration->witnesses);
        say(text, n_witnesses == 1 ? " is a witness)" : " are witnesses)");
    }
}

/* --- changes -------------------------------------------------------------- */

/* The voters that are in one set only. */
static uint32_t count_apart(const struct sim_set *a, const struct sim_set *b)
{
    struct sim_set both = sim_set_union(a, b);
    return 2 * sim_set_count(&both) - sim_set_count(a) - sim_set_count(b);
}

const char *sim_configuration_misstep(const struct sim_configuration *former,
                                      const struct sim_configuration *next)
{
    bool enters = sim_configuration_is_joint(next);
    if (!sim_configuration_is_joint(former)) {
        if (enters) {
            return sim_set_equal(&next->old_voters, &former->voters)
                       ? NULL
                       : "its old voters are not the voters before";
        }
        return count_apart(&former->voters, &next->voters) <= 1
                   ? NULL
                   : "more than one voter changes, and it is not joint";
    }
    if (enters) {
        return "the one before is joint, too";
    }
    return sim_set_equal(&next->voters, &former->voters) &&
                   sim_set_equal(&next->learners, &former->learners)
               ? NULL
               : "its voters and learners are not the new ones of the joint "
                 "one before";
}
