#include "sim/service.h"

#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

struct sim_service_damage {
    uint64_t time_us;
    size_t n_entries; /* that existed then */
};

void sim_service_free(struct sim_service *service)
{
    free(service->open);
}

void sim_service_pass(struct sim_service *service,
                      const struct sim_cluster *cluster, uint64_t time_us)
{
    if (cluster->leader == SIM_NONE) {
        service->leaderless_us += time_us - service->seen_us;
    }
    service->seen_us = time_us;
}

/* The latest entry that is committed, as some node's log has it. */
static sim_tip find_committed(const struct sim_cluster *cluster)
{
    for (uint32_t node = 1; node <= cluster->n; node++) {
        const struct sim_machine *machine = &cluster->machines[node];
        if (machine->node != NULL &&
            machine->view.commit_index == cluster->committed) {
            return sim_log_tree_ancestor(cluster->tree, machine->tip,
                                         cluster->committed);
        }
    }
    return SIM_NO_TIP;
}

static void recover(struct sim_service *service, uint64_t now_us, sim_tip tip)
{
    size_t n = 0;
    while (n < service->n_open && service->open[n].n_entries <= tip) {
        uint64_t took_us = now_us - service->open[n].time_us;
        service->recoveries++;
        service->recovery_us += took_us;
        if (took_us > service->longest_us) {
            service->longest_us = took_us;
        }
        n++;
    }
    service->n_open -= n;
    memmove(service->open, service->open + n,
            service->n_open * sizeof *service->open);
}

void sim_service_look(struct sim_service *service,
                      const struct sim_cluster *cluster, uint64_t damages)
{
    for (; service->seen_damages < damages; service->seen_damages++) {
        service->open = sim_grow(service->open, &service->capacity,
                                 service->n_open + 1, sizeof *service->open);
        service->open[service->n_open++] = (struct sim_service_damage){
            cluster->now_us, sim_log_tree_count(cluster->tree)};
    }
    if (service->n_open == 0 || cluster->committed == service->seen_commits) {
        service->seen_commits = cluster->committed;
        return;
    }
    service->seen_commits = cluster->committed;
    sim_tip tip = find_committed(cluster);
    if (tip != SIM_NO_TIP) {
        recover(service, cluster->now_us, tip);
    }
}
