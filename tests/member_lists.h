/* Members in a line, for tests: "1 2=9 3W 4L 5O 6VO".
 *
 * Each is its id, then letters for what it is (V voter, O old voter, L learner,
 * W witness; a voter where none of V, O and L is said), then perhaps = and its
 * priority. Ids may come in any order, and as often as a test likes. */
#ifndef TESTS_MEMBER_LISTS_H
#define TESTS_MEMBER_LISTS_H

#include <stdlib.h>
#include <string.h>

#include "raft/raft.h"
#include "tests/raft_harness.h"

/* One more than there may be. */
enum { MEMBER_LIST_MAX = RAFT_MAX_MEMBERS + 1 };

static inline uint8_t member_flag(char letter)
{
    switch (letter) {
    case 'V':
        return RAFT_MEMBER_VOTER;
    case 'O':
        return RAFT_MEMBER_OLD_VOTER;
    case 'L':
        return RAFT_MEMBER_LEARNER;
    case 'W':
        return RAFT_MEMBER_WITNESS;
    }
    return 0;
}

/* Writes them to `members`, at most MEMBER_LIST_MAX; returns how many they are.
 */
static inline uint32_t member_list(const char *text,
                                   struct raft_member *members)
{
    uint32_t n = 0;
    while (*text != '\0') {
        char *end;
        struct raft_member member = {.id = strtoull(text, &end, 10)};
        for (; member_flag(*end) != 0; end++)
            member.flags |= member_flag(*end);
        if ((member.flags & ~RAFT_MEMBER_WITNESS) == 0)
            member.flags |= RAFT_MEMBER_VOTER;
        if (*end == '=')
            member.priority = (uint8_t)strtoul(end + 1, &end, 10);
        members[n++] = member;
        text = end + strspn(end, " ");
    }
    return n;
}

/* Whether these are the members in force at `h`, in this order. */
static inline bool member_list_holds(const struct harness *h, const char *text)
{
    struct raft_member members[MEMBER_LIST_MAX];
    uint32_t n_told;
    uint32_t n = member_list(text, members);
    const struct raft_member *told = raft_members(h->raft, &n_told);
    for (uint32_t i = 0; i < n && n_told == n; i++)
        if (told[i].id != members[i].id || told[i].flags != members[i].flags ||
            told[i].priority != members[i].priority)
            return false;
    return n_told == n;
}

/* Asks for these members; the answer is to be looked at. */
static inline void member_list_change(struct harness *h, const char *text,
                                      bool joint)
{
    struct raft_member members[MEMBER_LIST_MAX];
    uint32_t n = member_list(text, members);
    harness_change(h, 1, members, n, joint);
}

/* A bench whose server knows these members from the start; "" knows nobody. */
static inline void member_list_init(struct harness *h,
                                    const struct raft_config *config,
                                    const char *text)
{
    struct raft_member members[MEMBER_LIST_MAX];
    uint32_t n = member_list(text, members);
    harness_init(h, config, 0);
    if (n > 0)
        harness_bootstrap(h, members, n);
}

/* A configuration entry of this term that says so; its payload lies in `bytes`,
 * which has room for RAFT_MEMBER_SIZE a member. */
static inline struct raft_entry
member_list_entry(uint64_t term, const char *text, uint8_t *bytes)
{
    struct raft_member members[MEMBER_LIST_MAX];
    uint32_t n = member_list(text, members);
    raft_configuration_encode(members, n, bytes);
    return (struct raft_entry){.term = term,
                               .kind = RAFT_ENTRY_CONFIGURATION,
                               .data = bytes,
                               .size = n * (uint32_t)RAFT_MEMBER_SIZE};
}

/* Server config->id is elected by the other voters of these members in term 1,
 * and its no-op, index 1, is durable with everybody that is no learner. */
static inline void member_list_lead(struct harness *h,
                                    const struct raft_config *config,
                                    const char *text)
{
    struct raft_member members[MEMBER_LIST_MAX];
    uint32_t n = member_list(text, members);
    struct raft_message yes = harness_append_success(1, 1);
    member_list_init(h, config, text);
    harness_boot(h);
    harness_elect(h);
    harness_written(h);
    for (uint32_t i = 0; i < n; i++)
        if (members[i].id != config->id &&
            (members[i].flags & RAFT_MEMBER_LEARNER) == 0)
            harness_receive(h, members[i].id, &yes);
}

#endif
