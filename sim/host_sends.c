/* Messages that wait until what they promise is durable. */
#include <inttypes.h>

#include "sim/cluster_internal.h"

static struct sim_waiting_send *send_at(struct sim_machine *machine, size_t i)
{
    return &machine
                ->sends[(machine->sends_first + i) % machine->sends_capacity];
}

/* Its slot in the mail. */
static uint32_t put_letter(struct sim_cluster *cluster, uint32_t node,
                           const struct sim_output *output)
{
    uint32_t slot = sim_mail_put(cluster->mail, node, output->send.to,
                                 output->send.bytes, output->send.size, 1);
    struct sim_letter *letter = sim_mail_letter(cluster->mail, slot);
    cluster__classify(cluster, node, letter->bytes, letter->size,
                      &letter->message);
    letter->why_letter =
        cluster->why == NULL
            ? SIM_WHY_NO_LETTER
            : sim_why_send(cluster->why, node, letter->to, &letter->message);
    return slot;
}

/* Messages wait in the order of their writes, and of coming. */
void cluster__take_send(struct sim_cluster *cluster, uint32_t node,
                        const struct sim_output *output)
{
    struct sim_machine *machine = &cluster->machines[node];
    uint32_t to = output->send.to;
    if (to < 1 || to > cluster->n || to == node) {
        sim_cluster_breach(cluster, "node %u: SEND to %u, which is no peer",
                           node, to);
        return;
    }
    if (output->send.after_write > machine->last_write_id) {
        sim_cluster_breach(
            cluster,
            "node %u: SEND after write %" PRIu64 ", the last one is %" PRIu64,
            node, output->send.after_write, machine->last_write_id);
        return;
    }
    uint32_t slot = put_letter(cluster, node, output);
    if (output->send.after_write <= machine->durable_write_id) {
        cluster__post(cluster, slot);
        return;
    }
    machine->sends = cluster__grow_ring(
        machine->sends, &machine->sends_capacity, machine->sends_first,
        machine->sends_count, sizeof *machine->sends);
    struct sim_waiting_send send = {
        .after_write = output->send.after_write,
        .letter = slot,
    };
    size_t at = machine->sends_count;
    machine->sends_count++;
    for (; at > 0 && send_at(machine, at - 1)->after_write > send.after_write;
         at--) {
        *send_at(machine, at) = *send_at(machine, at - 1);
    }
    *send_at(machine, at) = send;
}

void cluster__release_sends(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    while (machine->sends_count > 0) {
        struct sim_waiting_send *send = &machine->sends[machine->sends_first];
        if (send->after_write > machine->durable_write_id) {
            return;
        }
        uint32_t slot = send->letter;
        machine->sends_first =
            (machine->sends_first + 1) % machine->sends_capacity;
        machine->sends_count--;
        cluster__post(cluster, slot);
    }
}
