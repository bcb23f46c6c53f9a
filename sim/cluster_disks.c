/* Disks that fail, and disks that rot: what a machine makes of it. */
#include <inttypes.h>
#include <stdio.h>

#include "sim/cluster_internal.h"

/* --- errors --------------------------------------------------------------- */

enum sim_unfinished cluster__unfinished(const struct sim_cluster *cluster,
                                        enum sim_unfinished said)
{
    return said == SIM_UNFINISHED_USUAL ? cluster->scenario->unfinished_writes
                                        : said;
}

/* Whether the node stops; one that cannot be told stops with its machine. */
static bool tell_node(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    struct sim_input input = {.kind = SIM_INPUT_FAILED};
    input.failed.write_id = machine->durable_write_id + 1;
    if (!sim_cluster_can(cluster, SIM_FEATURE_DISK_ERRORS)) {
        machine->stopped = true;
        return true;
    }
    cluster__step(cluster, node, &input);
    return machine->stopped;
}

void cluster__write_failed(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    cluster->write_errors++;
    sim_trace_event(cluster->trace, cluster->now_us,
                    "disk of node %u: write %" PRIu64 " failed", node,
                    machine->durable_write_id + 1);
    if (!tell_node(cluster, node)) {
        return;
    }
    sim_trace_event(cluster->trace, cluster->now_us,
                    "node %u is down: a write failed", node);
    cluster__go_down(cluster, node,
                     cluster__unfinished(cluster, SIM_UNFINISHED_USUAL),
                     sim_disk_luck(machine->disk));
}

/* --- rot ------------------------------------------------------------------ */

/* A majority of voters that store all commands has every committed entry, and
 * elects one of its own. With witnesses in its place that is not certain: what
 * they hold may be complete on one full voter only. While the members change,
 * any configuration that some log has may turn out to rule: whoever is no
 * member by the leader's log has one of the past, if `settled`. */
static bool is_enough(const struct sim_cluster *cluster,
                      const struct sim_set *nodes, bool settled)
{
    struct sim_set members =
        sim_configuration_members(sim_cluster_members(cluster));
    struct sim_set full = sim_set_without(nodes, &cluster->witnesses);
    for (uint32_t node = 1; node <= cluster->n; node++) {
        const struct sim_machine *machine = &cluster->machines[node];
        if (!machine->refused && (!settled || sim_set_has(&members, node)) &&
            !sim_set_is_empty(&machine->members.voters) &&
            !sim_configuration_is_quorum(&machine->members, &full)) {
            return false;
        }
    }
    return sim_configuration_is_quorum(sim_cluster_members(cluster), &full);
}

bool cluster__can_recover(const struct sim_cluster *cluster)
{
    struct sim_set startable = {0};
    for (uint32_t node = 1; node <= cluster->n; node++) {
        if (!cluster->machines[node].refused) {
            sim_set_add(&startable, node);
        }
    }
    return is_enough(cluster, &startable, true);
}

/* In any log. */
static bool is_voter(const struct sim_cluster *cluster, uint32_t node)
{
    bool found = sim_configuration_is_voter(sim_cluster_members(cluster), node);
    for (uint32_t i = 1; i <= cluster->n; i++) {
        found = found ||
                sim_configuration_is_voter(&cluster->machines[i].members, node);
    }
    return found;
}

/* Whether enough sound disks are left without this one. */
static bool can_spare(const struct sim_cluster *cluster, uint32_t node)
{
    struct sim_set sound = {0};
    for (uint32_t i = 1; i <= cluster->n; i++) {
        if (i != node && sim_disk_is_sound(cluster->machines[i].disk)) {
            sim_set_add(&sound, i);
        }
    }
    return !is_voter(cluster, node) || is_enough(cluster, &sound, false);
}

bool sim_cluster_corrupt(struct sim_cluster *cluster, uint32_t node,
                         enum sim_record record, bool beyond)
{
    if (!beyond && !can_spare(cluster, node)) {
        sim_trace_event(cluster->trace, cluster->now_us,
                        "the disk of node %u is spared: too few sound ones "
                        "would be left",
                        node);
        return false;
    }
    if (!sim_disk_rot(cluster->machines[node].disk, record)) {
        sim_trace_event(cluster->trace, cluster->now_us,
                        "the disk of node %u is spared: it has no such record",
                        node);
        return false;
    }
    if (cluster->situations != NULL) {
        sim_situations_rot(cluster->situations, node, true);
    }
    return true;
}

void sim_cluster_end_errors(struct sim_cluster *cluster)
{
    cluster->fsync_error_ppm = 0;
    for (uint32_t node = 1; node <= cluster->n; node++) {
        sim_disk_set_errors(cluster->machines[node].disk, 0, false);
    }
}

static void tell_refusal(struct sim_cluster *cluster, uint32_t node,
                         const struct sim_disk_finding *finding)
{
    char entry[48] = "";
    if (finding->rotten[SIM_RECORD_ENTRY]) {
        snprintf(entry, sizeof entry, "entry %" PRIu64, finding->rotten_index);
    }
    sim_trace_event(cluster->trace, cluster->now_us,
                    "node %u refuses to start: the checksum does not fit of %s",
                    node,
                    *entry != '\0'                           ? entry
                    : finding->rotten[SIM_RECORD_HARD_STATE] ? "the hard state"
                                                             : "the snapshot");
}

bool cluster__read_back(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    bool is_sound = sim_disk_is_sound(machine->disk);
    struct sim_disk_finding finding = sim_disk_read_back(machine->disk);
    if (finding.torn_index > 0) {
        cluster->torn_records++;
        sim_trace_event(cluster->trace, cluster->now_us,
                        "node %u drops the torn record of entry %" PRIu64, node,
                        finding.torn_index);
    }
    if (cluster->situations != NULL) {
        sim_situations_start(
            cluster->situations, node,
            &(struct sim_situation_start){
                .torn = finding.torn_index > 0,
                .rotten = !is_sound,
                .void_log = sim_disk_log_is_void(machine->disk)});
    }
    if (!is_sound) {
        tell_refusal(cluster, node, &finding);
        cluster->n_refused += machine->refused ? 0 : 1;
        machine->refused = true;
    }
    return is_sound;
}
