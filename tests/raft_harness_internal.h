/* What the files of the harness share with each other. */
#ifndef TESTS_RAFT_HARNESS_INTERNAL_H
#define TESTS_RAFT_HARNESS_INTERNAL_H

#include "tests/raft_harness.h"

/* --- blocks --------------------------------------------------------------- */

/* A copy of the bytes, in a block that is never NULL. */
void *harness__copy(const void *bytes, size_t size);
void *harness__grow(void *block, size_t size);
struct raft_entry *harness__copy_entries(const struct raft_entry *entries,
                                         uint64_t n_entries);
void harness__free_entries(const struct raft_entry *entries,
                           uint64_t n_entries);
struct raft_snapshot harness__copy_snapshot(const struct raft_snapshot *from);
void harness__free_snapshot(const struct raft_snapshot *snapshot);

/* --- the disk ------------------------------------------------------------- */

void harness__disk_free(struct harness_disk *disk);

/* `to` becomes what a node finds that is created from `from`. */
void harness__disk_load(struct harness_disk *to,
                        const struct harness_disk *from);

void harness__disk_put_snapshot(struct harness_disk *disk,
                                const struct raft_snapshot *snapshot);

/* In place of the log, these. */
void harness__disk_put_entries(struct harness_disk *disk, uint64_t first_index,
                               const struct raft_entry *entries, uint64_t n);

/* Does at most `n_parts` parts of the write; returns how many it did. */
uint64_t harness__disk_write(struct harness_disk *disk,
                             const struct raft_write *write, uint64_t n_parts);

/* A log that a newer snapshot has made void: it does not reach that far, or
 * has something else there. */
bool harness__disk_is_void(const struct harness_disk *disk);

struct raft_position harness__disk_last(const struct harness_disk *disk);

/* The entry, or NULL. */
const struct raft_entry *harness__disk_entry(const struct harness_disk *disk,
                                             uint64_t index);

/* The term at an index; 0 if it is not known, or the index is 0. */
uint64_t harness__disk_term(const struct harness_disk *disk, uint64_t index);

/* Which write must be durable for the log to be so up to this index. */
uint64_t harness__disk_needs(const struct harness_disk *disk, uint64_t index);

/* The members after the entry at `index`, and which entry made them so. */
struct raft_position harness__disk_members(const struct harness_disk *disk,
                                           uint64_t index,
                                           struct raft_member *members,
                                           uint32_t *n);

/* The open sessions that a meta tells, in a block that the caller frees. */
struct harness_session *harness__meta_sessions(const uint8_t *meta, size_t size,
                                               size_t *n);
struct raft_position harness__meta_position(const uint8_t *meta);

/* --- the contract --------------------------------------------------------- */

/* Of a node that was just created and started. */
void harness__check_start(struct harness *h);

/* Of an answer, which was copied to the bench: also keeps what follows from it
 * for the next ones. */
void harness__check_answer(struct harness *h, const struct raft_input *input,
                           const struct raft_view *before);

/* What changes nothing shows nothing either. */
void harness__check_refusal(const struct harness *h,
                            const struct raft_view *before);

#endif
