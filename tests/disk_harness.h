/* What the two suites of the disk share. */
#ifndef TESTS_DISK_HARNESS_H
#define TESTS_DISK_HARNESS_H

#include "sim/disk.h"

/* The log `tip` and `count` new entries of `term`. */
sim_tip disk_extend(struct sim_log_tree *tree, sim_tip tip, uint64_t term,
                    uint64_t count);

uint64_t disk_index_of(const struct sim_log_tree *tree, sim_tip tip);

bool disk_same_hard_state(struct sim_hard_state x, struct sim_hard_state y);

/* A snapshot without content that stands for the log `tip`. */
sim_snapshot_number disk_put(struct sim_archive *archive,
                             const struct sim_log_tree *tree, sim_tip tip);

/* Walks over what is to become durable: how many writes that gives. */
unsigned disk_walk(struct sim_disk *disk);

#endif
