#include "tests/disk_harness.h"

sim_tip disk_extend(struct sim_log_tree *tree, sim_tip tip, uint64_t term,
                    uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        struct sim_entry entry = {.term = term, .kind = SIM_ENTRY_COMMAND};
        tip = sim_log_tree_append(tree, tip, &entry, NULL);
    }
    return tip;
}

uint64_t disk_index_of(const struct sim_log_tree *tree, sim_tip tip)
{
    return sim_log_tree_position(tree, tip).index;
}

bool disk_same_hard_state(struct sim_hard_state x, struct sim_hard_state y)
{
    return x.term == y.term && x.vote == y.vote;
}

sim_snapshot_number disk_put(struct sim_archive *archive,
                             const struct sim_log_tree *tree, sim_tip tip)
{
    struct sim_snapshot snapshot = {.position =
                                        sim_log_tree_position(tree, tip)};
    return sim_archive_put(archive, tip, &snapshot);
}

unsigned disk_walk(struct sim_disk *disk)
{
    struct sim_disk_write write;
    unsigned count = 0;
    while (sim_disk_next_durable(disk, &write)) {
        count++;
    }
    return count;
}
