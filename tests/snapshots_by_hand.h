/* Snapshots by hand, for the suites about them: servers that make some, and
 * InstallSnapshot for servers that receive one, with what they may have on
 * their disks before. */
#ifndef TESTS_SNAPSHOTS_BY_HAND_H
#define TESTS_SNAPSHOTS_BY_HAND_H

#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* --- servers that make them ----------------------------------------------- */

/* The only voter, leading term 1, with `n_applied` entries applied. */
static inline void start_alone(struct harness *h, uint64_t n_applied)
{
    struct raft_config config = harness_config(1);
    harness_start(h, &config, 1);
    harness_campaign(h);
    while (h->applied < n_applied) {
        harness_propose(h, 0, "set x");
        harness_written(h);
    }
    cr_assert_eq(h->applied, n_applied);
}

/* A follower of three, of whose log of `n` entries the leader of term 1, server
 * 2, has told it that `commit` are committed. */
static inline void start_following(struct harness *h, uint64_t n,
                                   uint64_t commit)
{
    static const uint64_t terms[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    struct raft_config config = harness_config(1);
    harness_init(h, &config, 3);
    harness_preload(h, 1, 2, terms, n);
    harness_boot(h);
    struct raft_message beat = harness_append(1, 1, n, commit, NULL, 0);
    harness_receive(h, 2, &beat);
    cr_assert_eq(h->applied, commit);
}

/* Crashes with all on the disk, and starts again. */
static inline void restart(struct harness *h)
{
    harness_crash(h, UINT64_MAX);
    harness_boot(h);
}

/* What the last answer has to restore: its index; 0: nothing. */
static inline uint64_t restored(const struct harness *h)
{
    const struct raft_output *o = harness_output(h, RAFT_OUTPUT_RESTORE);
    return o == NULL ? 0 : o->restore.position.index;
}

/* A snapshot's meta, as a host keeps it until the image is ready. */
struct meta {
    uint64_t index;
    size_t size;
    uint8_t bytes[1024];
};

static inline struct meta take_meta(const struct harness *h)
{
    struct meta meta = {.index = h->applied, .size = raft_meta_size(h->raft)};
    cr_assert_leq(meta.size, sizeof meta.bytes);
    raft_meta(h->raft, meta.bytes);
    return meta;
}

static inline enum raft_status give_snapshot(struct harness *h,
                                             const struct meta *meta,
                                             uint64_t keep_from,
                                             const char *image)
{
    struct raft_input input = {.kind = RAFT_INPUT_SNAPSHOT,
                               .now_us = h->now_us,
                               .snapshot = {.index = meta->index,
                                            .meta = meta->bytes,
                                            .meta_size = meta->size,
                                            .keep_from = keep_from,
                                            .image = (const uint8_t *)image,
                                            .size = strlen(image)}};
    return harness_step(h, &input);
}

/* --- snapshots that are sent ---------------------------------------------- */

static const struct raft_member MEMBERS[] = {
    {.id = 1, .flags = RAFT_MEMBER_VOTER},
    {.id = 2, .flags = RAFT_MEMBER_VOTER},
    {.id = 3, .flags = RAFT_MEMBER_VOTER},
    {.id = 9, .flags = RAFT_MEMBER_LEARNER, .priority = 4}};

enum { IMAGE_SIZE = 37 };

/* A snapshot as it travels. */
struct whole {
    struct raft_position place;
    size_t size;
    uint64_t digest;
    uint8_t bytes[256];
};

/* Its image is made of one letter; the members were made so by {1, 2}. */
static inline struct whole make_whole(uint64_t term, uint64_t index,
                                      char letter)
{
    struct whole whole = {.place = {term, index}};
    uint8_t meta[HARNESS_META_SIZE(4)], image[IMAGE_SIZE];
    struct raft_position origin = {1, 2};
    memset(image, letter, sizeof image);
    struct raft_snapshot snapshot = {.position = whole.place,
                                     .meta = meta,
                                     .image = image,
                                     .image_size = sizeof image};
    snapshot.meta_size = harness_meta(whole.place, origin, MEMBERS, 4, meta);
    uint8_t *bytes = harness_travel_form(&snapshot, false, &whole.size);
    cr_assert_leq(whole.size, sizeof whole.bytes);
    memcpy(whole.bytes, bytes, whole.size);
    whole.digest = harness_digest(bytes, whole.size);
    free(bytes);
    return whole;
}

/* Server `from`, leading `term`, sends a part of it; gives the answer. */
static inline struct raft_message give(struct harness *h, raft_id from,
                                       uint64_t term, const struct whole *whole,
                                       size_t offset, size_t size)
{
    struct raft_message m = {
        .kind = RAFT_MESSAGE_INSTALL_REQUEST,
        .term = term,
        .install_request = {.position = whole->place,
                            .total = whole->size,
                            .digest = whole->digest,
                            .offset = offset,
                            .size = (uint32_t)size,
                            .bytes = whole->bytes + offset}};
    harness_receive(h, from, &m);
    cr_assert_eq(harness_sent_count(h, from, RAFT_MESSAGE_INSTALL_RESPONSE), 1);
    harness_sent(h, from, RAFT_MESSAGE_INSTALL_RESPONSE, &m);
    cr_assert_eq(m.install_response.index, whole->place.index);
    return m;
}

static inline struct raft_message give_all(struct harness *h, raft_id from,
                                           uint64_t term,
                                           const struct whole *whole)
{
    return give(h, from, term, whole, 0, whole->size);
}

static inline void expect_arrived(struct raft_message answer, size_t offset)
{
    cr_assert(!answer.install_response.installed);
    cr_assert_eq(answer.install_response.offset, offset);
}

/* The state machine is restored in this step, to this letter. */
static inline bool restores(const struct harness *h, const struct whole *whole,
                            char letter)
{
    uint8_t image[IMAGE_SIZE];
    const struct raft_output *o = harness_output(h, RAFT_OUTPUT_RESTORE);
    memset(image, letter, sizeof image);
    return o != NULL && o->restore.position.index == whole->place.index &&
           o->restore.size == sizeof image &&
           memcmp(o->restore.image, image, sizeof image) == 0;
}

/* --- servers that receive them -------------------------------------------- */

/* What the receiver has: in term 5, voted for `vote`; commands of these terms
 * after a snapshot of {1, snapshot}, or none. */
struct disk {
    raft_id vote;
    uint64_t snapshot;
    uint64_t n;
    uint64_t terms[12];
};

static inline void start_from(struct harness *h, const struct disk *disk)
{
    struct raft_config config = harness_config(1);
    harness_init(h, &config, 3);
    harness_preload(h, 5, disk->vote, NULL, 0);
    if (disk->snapshot > 0)
        harness_preload_snapshot(h, 1, disk->snapshot, "old", 3);
    harness_preload(h, 5, disk->vote, disk->terms, disk->n);
    harness_boot(h);
}

static const struct disk EMPTY = {.n = 0};

/* Logs that lack {3, 10}. */
static const struct disk DISKS[] = {
    {.n = 0},
    {.n = 3, .terms = {1, 1, 2}},
    {.n = 9, .terms = {1, 1, 2, 3, 3, 3, 3, 3, 3}},
    {.n = 10, .terms = {1, 1, 2, 2, 2, 2, 2, 2, 2, 2}},
    {.n = 12, .terms = {1, 1, 1, 1, 4, 4, 4, 4, 4, 4, 4, 5}},
    {.snapshot = 6, .n = 0},
    {.snapshot = 6, .n = 2, .terms = {1, 2}},
    {.snapshot = 6, .n = 6, .terms = {1, 2, 4, 4, 5, 5}},
};

enum { N_DISKS = sizeof DISKS / sizeof *DISKS };

#endif
