/* The snapshots of a run: on disks, and on their way to them. Each is kept
 * once, by number, with as many holders as hold it.
 */
#ifndef SIM_ARCHIVE_H
#define SIM_ARCHIVE_H

#include "sim/log_tree.h"
#include "sim/node.h"

/* 0 is no snapshot. */
typedef uint32_t sim_snapshot_number;

#define SIM_NO_SNAPSHOT ((sim_snapshot_number)0)

struct sim_archive;

struct sim_archive *sim_archive_new(void);
void sim_archive_free(struct sim_archive *archive);

/* Takes a copy; `tip` is the log that it stands for. One holder holds it. A
 * number is used again when nobody holds it any more. */
sim_snapshot_number sim_archive_put(struct sim_archive *archive, sim_tip tip,
                                    const struct sim_snapshot *snapshot);

/* One holder more, one less. Of SIM_NO_SNAPSHOT nothing is held. */
void sim_archive_hold(struct sim_archive *archive, sim_snapshot_number number);
void sim_archive_release(struct sim_archive *archive,
                         sim_snapshot_number number);

/* Its content, all zero for SIM_NO_SNAPSHOT; valid while somebody holds it. */
struct sim_snapshot sim_archive_get(const struct sim_archive *archive,
                                    sim_snapshot_number number);

/* The log that it stands for; the root for SIM_NO_SNAPSHOT. */
sim_tip sim_archive_tip(const struct sim_archive *archive,
                        sim_snapshot_number number);

/* How many are held. */
uint32_t sim_archive_count(const struct sim_archive *archive);

#endif
