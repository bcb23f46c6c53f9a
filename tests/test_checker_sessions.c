/* Applied entries, by hand: Exactly Once, and entries without a payload. */
#include "tests/checker_harness.h"

#include <criterion/criterion.h>

enum { MAX_ENTRIES = 8 };

static sim_tip extend(struct paper *c, sim_tip tip, struct sim_entry entry)
{
    entry.term = 1;
    entry.verdict = SIM_COMMAND_FRESH;
    if (entry.kind == SIM_ENTRY_SESSION) {
        entry.session = 0;
    }
    return sim_log_tree_append(c->tree, tip, &entry, NULL);
}

/* Node 1 leads a cluster of three with these entries, all committed. What they
 * say of verdicts and closed sessions is for those that apply them. */
static struct paper *start_with(const struct sim_entry *entries, uint64_t n)
{
    struct paper *c = paper_start(3);
    paper_elect(c, 1, 1);
    for (uint64_t i = 0; i < n; i++) {
        paper_hold(c, 1, extend(c, c->servers[1].tip, entries[i]));
    }
    paper_store(c, 1);
    paper_replicate(c, 1, 2);
    paper_commit(c, 1, n);
    paper_commit(c, 2, n);
    return c;
}

static void apply_all(struct paper *c, uint32_t id,
                      const struct sim_entry *entries, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        struct sim_entry entry = entries[i];
        entry.term = 1;
        paper_apply(c, id, i + 1, entry);
    }
}

static struct sim_entry opens(uint64_t closes)
{
    return (struct sim_entry){
        .kind = SIM_ENTRY_SESSION, .sequence = 9, .session = closes};
}

static struct sim_entry command(uint64_t session, uint64_t sequence,
                                enum sim_verdict_of_session verdict)
{
    return (struct sim_entry){.kind = SIM_ENTRY_COMMAND,
                              .session = session,
                              .sequence = sequence,
                              .verdict = verdict};
}

#define FRESH SIM_COMMAND_FRESH
#define REPEATED SIM_COMMAND_REPEATED
#define EXPIRED SIM_COMMAND_EXPIRED

/* --- the first that applies ----------------------------------------------- */

/* The last entry's verdict, after others: one of the three is right. */
Test(checker_sessions, verdict_of_a_command)
{
    const struct {
        enum sim_verdict_of_session right;
        struct sim_entry entries[MAX_ENTRIES];
        uint64_t n;
    } cases[] = {
        {FRESH, {command(0, 0, FRESH)}, 1},
        {FRESH, {command(0, 0, FRESH), command(0, 0, FRESH)}, 2},
        {FRESH, {opens(0), command(1, 1, FRESH)}, 2},
        {FRESH, {opens(0), command(1, 1, FRESH), command(1, 2, FRESH)}, 3},
        {FRESH, {opens(0), command(1, 4, FRESH), command(1, 9, FRESH)}, 3},
        {REPEATED, {opens(0), command(1, 1, FRESH), command(1, 1, FRESH)}, 3},
        {REPEATED, {opens(0), command(1, 9, FRESH), command(1, 4, FRESH)}, 3},
        {REPEATED,
         {opens(0), command(1, 4, FRESH), command(1, 2, REPEATED),
          command(1, 4, FRESH)},
         4},
        {FRESH,
         {opens(0), opens(0), command(1, 1, FRESH), command(2, 1, FRESH)},
         4},
        {EXPIRED, {command(7, 1, FRESH)}, 1},
        {EXPIRED, {opens(0), command(2, 1, FRESH)}, 2},
        {EXPIRED, {command(2, 1, EXPIRED), opens(0), command(1, 1, FRESH)}, 3},
        {EXPIRED, {opens(0), opens(1), command(1, 1, FRESH)}, 3},
        {EXPIRED,
         {opens(0), command(1, 1, FRESH), opens(1), command(1, 1, FRESH)},
         4},
        {FRESH, {opens(0), opens(1), command(2, 1, FRESH)}, 3},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int verdict = 0; verdict <= 3; verdict++) {
            struct sim_entry entries[MAX_ENTRIES];
            for (size_t k = 0; k < MAX_ENTRIES; k++) {
                entries[k] = cases[i].entries[k];
            }
            uint64_t n = cases[i].n;
            entries[n - 1].verdict = (enum sim_verdict_of_session)verdict;
            struct paper *c = start_with(entries, n);
            apply_all(c, 1, entries, n);
            bool right = verdict == (int)cases[i].right;
            paper_finish(c, right ? HOLDS : SIM_EXACTLY_ONCE);
        }
    }
}

/* A session can be closed once, if it was ever open. */
Test(checker_sessions, closes_what_is_open)
{
    for (uint64_t closes = 0; closes <= 5; closes++) {
        struct sim_entry entries[] = {opens(0), opens(0), opens(1),
                                      opens(closes)};
        struct paper *c = start_with(entries, 4);
        apply_all(c, 1, entries, 4);
        bool open = closes == 0 || closes == 2 || closes == 3;
        paper_finish(c, open ? HOLDS : SIM_EXACTLY_ONCE);
    }
}

/* --- the others ----------------------------------------------------------- */

/* The second is held to what the first did, at every index, and the first of
 * them in a new life to itself. */
Test(checker_sessions, verdicts_are_the_same_everywhere)
{
    const struct sim_entry right[] = {
        opens(0),
        opens(0),
        command(1, 1, FRESH),
        command(1, 1, REPEATED),
        opens(2),
        command(2, 1, EXPIRED),
        command(1, 2, FRESH),
    };
    enum { N = sizeof(right) / sizeof(right[0]) };
    for (uint32_t id = 1; id <= 2; id++) {
        for (size_t wrong = 0; wrong <= N; wrong++) {
            struct paper *c = start_with(right, N);
            apply_all(c, 1, right, N);
            if (id == 1) {
                paper_restart(c, 1);
                paper_commit(c, 1, N);
            }
            struct sim_entry entries[N];
            for (size_t i = 0; i < N; i++) {
                entries[i] = right[i];
            }
            if (wrong < N && entries[wrong].kind == SIM_ENTRY_SESSION) {
                entries[wrong].session = entries[wrong].session == 1 ? 2 : 1;
            } else if (wrong < N) {
                entries[wrong].verdict =
                    entries[wrong].verdict == FRESH ? REPEATED : FRESH;
            }
            apply_all(c, id, entries, N);
            paper_finish(c, wrong == N ? HOLDS : SIM_EXACTLY_ONCE);
        }
    }
}

/* One that took a snapshot goes on with the sessions in it. */
Test(checker_sessions, go_on_after_a_snapshot)
{
    for (int forgot = 0; forgot <= 1; forgot++) {
        struct sim_entry entries[] = {opens(0), command(1, 1, FRESH),
                                      command(1, 1, REPEATED)};
        struct paper *c = start_with(entries, 3);
        apply_all(c, 1, entries, 2);
        struct sim_output output = {.kind = SIM_OUTPUT_RESTORE,
                                    .restore = {.position = {1, 2}}};
        paper_observe(c, 2, c->servers[2].tip, &output);
        entries[2].term = 1;
        entries[2].verdict = forgot ? FRESH : REPEATED;
        paper_apply(c, 2, 3, entries[2]);
        paper_finish(c, forgot ? SIM_EXACTLY_ONCE : HOLDS);
    }
}

/* --- the entries themselves ----------------------------------------------- */

/* Session and sequence are parts of the entry. */
Test(checker_sessions, are_parts_of_the_entry)
{
    for (int i = 0; i <= 3; i++) {
        struct sim_entry entries[] = {opens(0), opens(0), command(1, 5, FRESH)};
        struct paper *c = start_with(entries, 3);
        switch (i) {
        case 1:
            entries[2].session = 2;
            break;
        case 2:
            entries[2].sequence = 6;
            break;
        case 3:
            entries[1].sequence = 8;
            break;
        }
        apply_all(c, 1, entries, 3);
        paper_finish(c, i == 0 ? HOLDS : SIM_STATE_MACHINE_SAFETY);
    }
}

/* Node 3 applies the entry without its payload: a witness may, even before it
 * has the configuration that makes it one; but not another entry. */
Test(checker_sessions, witnesses_apply_entries_without_a_payload)
{
    enum { RIGHT, OTHER_SEQUENCE, OTHER_KIND, NO_WITNESS, CASES };
    for (int i = 0; i < CASES; i++) {
        for (int added_later = 0; added_later <= 1; added_later++) {
            struct sim_configuration witness = sim_configuration_of(3);
            sim_set_add(&witness.witnesses, 3);
            struct sim_configuration plain = sim_configuration_of(3);
            bool at_first = !added_later && i != NO_WITNESS;
            struct paper *c = paper_start_of(3, at_first ? &witness : &plain);
            struct sim_entry entries[] = {opens(0), command(1, 2, FRESH)};
            entries[1].data = (const uint8_t *)"x";
            entries[1].size = 1;
            paper_elect(c, 1, 1);
            paper_hold(c, 1, extend(c, SIM_ROOT, entries[0]));
            paper_hold(c, 1, extend(c, c->servers[1].tip, entries[1]));
            paper_store(c, 1);
            paper_replicate(c, 1, 2);
            paper_commit(c, 1, 2);
            sim_tip two = c->servers[1].tip;
            if (added_later && i != NO_WITNESS) {
                paper_change(c, 1, &witness);
            }
            paper_follow(c, 3, 1);
            paper_hold(c, 3, two);
            paper_commit(c, 3, 2);
            entries[1].omitted = true;
            entries[1].data = NULL;
            entries[1].size = 0;
            entries[1].sequence = i == OTHER_SEQUENCE ? 3 : 2;
            if (i == OTHER_KIND) {
                entries[1].kind = SIM_ENTRY_INTERNAL;
            }
            apply_all(c, 3, entries, 2);
            paper_finish(c, i == RIGHT ? HOLDS : SIM_STATE_MACHINE_SAFETY);
        }
    }
}
