#include "tick_raft.h"

#include <stdlib.h>
#include <string.h>

struct tick_raft {
    struct tick_settings settings;
    struct tick_calls calls;
    void *user;

    uint64_t term;
    uint32_t voted_for;
    struct tick_entry *log; /* entry i is log[i - 1] */
    size_t n, capacity;

    enum tick_role role;
    uint32_t leader;
    uint64_t committed, applied;
    unsigned elapsed, patience;            /* ticks */
    bool votes[TICK_MAX_MEMBERS + 1];      /* of a candidate */
    uint64_t next[TICK_MAX_MEMBERS + 1];   /* of a leader */
    uint64_t stored[TICK_MAX_MEMBERS + 1]; /* of a leader: known to be */
};

/* --- its log -------------------------------------------------------------- */

static uint64_t term_at(const struct tick_raft *raft, uint64_t index)
{
    return index == 0 || index > raft->n ? 0 : raft->log[index - 1].term;
}

static void put(struct tick_raft *raft, const struct tick_entry *entry)
{
    if (raft->n == raft->capacity) {
        raft->capacity = raft->capacity == 0 ? 16 : raft->capacity * 2;
        raft->log = realloc(raft->log, raft->capacity * sizeof *raft->log);
        if (raft->log == NULL) {
            abort();
        }
    }
    void *data = malloc(entry->size + 1);
    if (data == NULL) {
        abort();
    }
    if (entry->size > 0) {
        memcpy(data, entry->data, entry->size);
    }
    raft->log[raft->n++] = (struct tick_entry){
        .term = entry->term, .size = entry->size, .data = data};
}

static void drop_from(struct tick_raft *raft, uint64_t index)
{
    while (raft->n >= index) {
        free(raft->log[--raft->n].data);
    }
}

static void commit(struct tick_raft *raft, uint64_t index)
{
    if (index > raft->committed) {
        raft->committed = index;
    }
    while (raft->applied < raft->committed) {
        raft->applied++;
        raft->calls.apply(raft->user, raft->applied,
                          &raft->log[raft->applied - 1]);
    }
}

/* --- roles ---------------------------------------------------------------- */

static void be_patient(struct tick_raft *raft)
{
    unsigned least = raft->settings.election_ticks;
    raft->elapsed = 0;
    raft->patience = least + raft->calls.random(raft->user, least);
}

static void follow(struct tick_raft *raft, uint64_t term)
{
    if (raft->role == TICK_LEADER) {
        be_patient(raft);
    }
    raft->role = TICK_FOLLOWER;
    if (term > raft->term) {
        raft->term = term;
        raft->voted_for = 0;
        raft->leader = 0;
        raft->calls.save_vote(raft->user, term, 0);
    }
}

static void send_entries(struct tick_raft *raft, uint32_t to)
{
    uint64_t before = raft->next[to] - 1;
    size_t n = raft->n - before;
    raft->calls.send(
        raft->user, to,
        &(struct tick_message){
            .type = TICK_APPEND,
            .term = raft->term,
            .index = before,
            .index_term = term_at(raft, before),
            .committed = raft->committed,
            .n_entries = n < raft->settings.batch ? n : raft->settings.batch,
            .entries = raft->log + before});
}

static void send_all(struct tick_raft *raft)
{
    for (uint32_t to = 1; to <= raft->settings.members; to++) {
        if (to != raft->settings.id) {
            send_entries(raft, to);
        }
    }
}

/* The last entry that most members have, if it is of this term (5.4.2). */
static void advance(struct tick_raft *raft)
{
    for (uint64_t index = raft->n;
         index > raft->committed && term_at(raft, index) == raft->term;
         index--) {
        uint32_t have = 0;
        for (uint32_t id = 1; id <= raft->settings.members; id++) {
            have += raft->stored[id] >= index ? 1 : 0;
        }
        if (have > raft->settings.members / 2) {
            commit(raft, index);
            return;
        }
    }
}

static void add_own(struct tick_raft *raft, const void *data, size_t size)
{
    put(raft, &(struct tick_entry){
                  .term = raft->term, .size = size, .data = (void *)data});
    raft->calls.save_log(raft->user, raft->n, raft->log + raft->n - 1, 1);
    raft->stored[raft->settings.id] = raft->n;
    advance(raft);
    send_all(raft);
}

static void lead(struct tick_raft *raft)
{
    raft->role = TICK_LEADER;
    raft->leader = raft->settings.id;
    raft->elapsed = 0;
    for (uint32_t id = 1; id <= raft->settings.members; id++) {
        raft->next[id] = raft->n + 1;
        raft->stored[id] = 0;
    }
    add_own(raft, NULL, 0);
}

static void count_votes(struct tick_raft *raft)
{
    uint32_t n = 0;
    for (uint32_t id = 1; id <= raft->settings.members; id++) {
        n += raft->votes[id] ? 1 : 0;
    }
    if (n > raft->settings.members / 2) {
        lead(raft);
    }
}

static void campaign(struct tick_raft *raft)
{
    uint32_t id = raft->settings.id;
    raft->role = TICK_CANDIDATE;
    raft->leader = 0;
    raft->term++;
    raft->voted_for = id;
    raft->calls.save_vote(raft->user, raft->term, id);
    be_patient(raft);
    memset(raft->votes, 0, sizeof raft->votes);
    raft->votes[id] = true;
    for (uint32_t to = 1; to <= raft->settings.members; to++) {
        if (to != id) {
            raft->calls.send(
                raft->user, to,
                &(struct tick_message){.type = TICK_ASK_VOTE,
                                       .term = raft->term,
                                       .index = raft->n,
                                       .index_term = term_at(raft, raft->n)});
        }
    }
    count_votes(raft);
}

/* --- messages ------------------------------------------------------------- */

static void answer(struct tick_raft *raft, uint32_t to,
                   enum tick_message_type type, bool yes, uint64_t index)
{
    raft->calls.send(
        raft->user, to,
        &(struct tick_message){
            .type = type, .term = raft->term, .yes = yes, .index = index});
}

static void take_ask(struct tick_raft *raft, uint32_t from,
                     const struct tick_message *m)
{
    uint64_t own = term_at(raft, raft->n);
    bool recent =
        m->index_term > own || (m->index_term == own && m->index >= raft->n);
    bool free_to = raft->voted_for == 0 || raft->voted_for == from;
    bool yes = m->term == raft->term && free_to && recent;
    if (yes && raft->voted_for == 0) {
        raft->voted_for = from;
        raft->calls.save_vote(raft->user, raft->term, from);
        be_patient(raft);
    }
    answer(raft, from, TICK_ANSWER_VOTE, yes, 0);
}

/* Entries that it has already are left alone: the message may be an old one. */
static void store(struct tick_raft *raft, const struct tick_message *m)
{
    for (size_t i = 0; i < m->n_entries; i++) {
        uint64_t index = m->index + 1 + i;
        if (term_at(raft, index) != m->entries[i].term) {
            drop_from(raft, index);
            for (size_t j = i; j < m->n_entries; j++) {
                put(raft, &m->entries[j]);
            }
            raft->calls.save_log(raft->user, index, raft->log + index - 1,
                                 m->n_entries - i);
            return;
        }
    }
}

static void take_append(struct tick_raft *raft, uint32_t from,
                        const struct tick_message *m)
{
    if (m->term < raft->term) {
        answer(raft, from, TICK_ANSWER_APPEND, false, 0);
        return;
    }
    follow(raft, m->term);
    raft->leader = from;
    be_patient(raft);
    if (m->index > raft->n || term_at(raft, m->index) != m->index_term) {
        uint64_t before = m->index > raft->n ? raft->n : m->index - 1;
        answer(raft, from, TICK_ANSWER_APPEND, false, before);
        return;
    }
    store(raft, m);
    uint64_t end = m->index + m->n_entries;
    commit(raft, m->committed < end ? m->committed : end);
    answer(raft, from, TICK_ANSWER_APPEND, true, end);
}

static void take_answer(struct tick_raft *raft, uint32_t from,
                        const struct tick_message *m)
{
    if (!m->yes) {
        /* One that brings nothing new is old, or comes twice. To answer it
         * would make two chains of questions and answers of one, and so on. */
        if (m->index + 1 < raft->next[from] && m->index >= raft->stored[from]) {
            raft->next[from] = m->index + 1;
            send_entries(raft, from);
        }
        return;
    }
    bool is_news = m->index > raft->stored[from];
    if (is_news) {
        raft->stored[from] = m->index;
        advance(raft);
    }
    if (raft->next[from] <= m->index) {
        raft->next[from] = m->index + 1;
    }
    if (is_news && raft->next[from] <= raft->n) {
        send_entries(raft, from);
    }
}

void tick_receive(struct tick_raft *raft, uint32_t from,
                  const struct tick_message *m)
{
    if (m->term > raft->term) {
        follow(raft, m->term);
    }
    switch (m->type) {
    case TICK_ASK_VOTE:
        take_ask(raft, from, m);
        return;
    case TICK_APPEND:
        take_append(raft, from, m);
        return;
    case TICK_ANSWER_VOTE:
        if (raft->role == TICK_CANDIDATE && m->term == raft->term && m->yes) {
            raft->votes[from] = true;
            count_votes(raft);
        }
        return;
    case TICK_ANSWER_APPEND:
        if (raft->role == TICK_LEADER && m->term == raft->term) {
            take_answer(raft, from, m);
        }
        return;
    }
}

/* --- the rest ------------------------------------------------------------- */

void tick_tick(struct tick_raft *raft)
{
    raft->elapsed++;
    if (raft->role == TICK_LEADER) {
        if (raft->elapsed >= raft->settings.heartbeat_ticks) {
            raft->elapsed = 0;
            send_all(raft);
        }
    } else if (raft->elapsed >= raft->patience) {
        campaign(raft);
    }
}

uint64_t tick_propose(struct tick_raft *raft, const void *data, size_t size)
{
    if (raft->role != TICK_LEADER) {
        return 0;
    }
    add_own(raft, data, size);
    return raft->n;
}

struct tick_raft *tick_new(const struct tick_settings *settings,
                           const struct tick_calls *calls, void *user,
                           uint64_t term, uint32_t voted_for,
                           const struct tick_entry *entries, size_t n)
{
    struct tick_raft *raft = calloc(1, sizeof *raft);
    if (raft == NULL) {
        return NULL;
    }
    raft->settings = *settings;
    raft->calls = *calls;
    raft->user = user;
    raft->term = term;
    raft->voted_for = voted_for;
    for (size_t i = 0; i < n; i++) {
        put(raft, &entries[i]);
    }
    be_patient(raft);
    return raft;
}

void tick_free(struct tick_raft *raft)
{
    drop_from(raft, 1);
    free(raft->log);
    free(raft);
}

uint64_t tick_term(const struct tick_raft *raft)
{
    return raft->term;
}

enum tick_role tick_role(const struct tick_raft *raft)
{
    return raft->role;
}

uint32_t tick_leader(const struct tick_raft *raft)
{
    return raft->leader;
}
