/* What clients wait for at a machine: commands until they are applied, reads
 * until the node says that they may be answered. */
#include "sim/cluster_internal.h"
#include "sim/memory.h"

static void reply(struct sim_cluster *cluster, uint32_t node, uint64_t tag,
                  enum sim_answer answer)
{
    cluster__reply(cluster, node,
                   &(struct sim_reply){.answer = answer, .tag = tag});
}

/* --- commands ------------------------------------------------------------- */

static struct sim_pending_command *command_at(struct sim_machine *machine,
                                              size_t i)
{
    return &machine->commands[(machine->commands_first + i) %
                              machine->commands_capacity];
}

static void drop_first_command(struct sim_machine *machine)
{
    machine->commands_first =
        (machine->commands_first + 1) % machine->commands_capacity;
    machine->commands_count--;
}

/* An entry accepted at an index that was accepted before: the older one was
 * truncated. */
void cluster__await_command(struct sim_cluster *cluster, uint32_t node,
                            const struct sim_output *output)
{
    struct sim_machine *machine = &cluster->machines[node];
    struct sim_position position = output->accepted.position;
    while (machine->commands_count > 0) {
        struct sim_pending_command *last =
            command_at(machine, machine->commands_count - 1);
        if (last->position.index < position.index) {
            break;
        }
        reply(cluster, node, last->tag, SIM_ANSWER_UNKNOWN);
        machine->commands_count--;
    }
    machine->commands = cluster__grow_ring(
        machine->commands, &machine->commands_capacity, machine->commands_first,
        machine->commands_count, sizeof *machine->commands);
    machine->commands_count++;
    *command_at(machine, machine->commands_count - 1) =
        (struct sim_pending_command){position, output->accepted.tag};
}

/* What the applied entry says to the client who waited for it. */
static struct sim_reply answer_of(uint64_t index, const struct sim_entry *entry,
                                  const struct sim_kv_result *result)
{
    struct sim_reply answer = {.answer = SIM_ANSWER_UNKNOWN};
    if (entry->kind == SIM_ENTRY_SESSION) {
        answer.answer = SIM_ANSWER_DONE;
        answer.session = index;
        return answer;
    }
    if (result == NULL) {
        return answer;
    }
    switch (result->outcome) {
    case SIM_KV_APPLIED:
    case SIM_KV_REPEATED:
        answer.answer = SIM_ANSWER_DONE;
        answer.success = result->answer.success;
        answer.has_value = result->answer.has_value;
        if (answer.has_value) {
            answer.value = result->answer.value;
            answer.value_size = result->answer.value_size;
        }
        break;
    case SIM_KV_IGNORED:
        answer.answer = SIM_ANSWER_DONE;
        break;
    case SIM_KV_STALE:
        break;
    case SIM_KV_EXPIRED:
        answer.answer = SIM_ANSWER_EXPIRED;
        break;
    }
    return answer;
}

void cluster__answer_commands(struct sim_cluster *cluster, uint32_t node,
                              uint64_t index, const struct sim_entry *entry,
                              const struct sim_kv_result *result)
{
    struct sim_machine *machine = &cluster->machines[node];
    while (machine->commands_count > 0) {
        struct sim_pending_command first = *command_at(machine, 0);
        if (first.position.index > index) {
            return;
        }
        struct sim_reply answer = {.answer = SIM_ANSWER_UNKNOWN};
        if (first.position.index == index &&
            first.position.term == entry->term) {
            answer = answer_of(index, entry, result);
        }
        answer.tag = first.tag;
        cluster__reply(cluster, node, &answer);
        drop_first_command(machine);
    }
}

void cluster__skip_commands(struct sim_cluster *cluster, uint32_t node,
                            uint64_t index)
{
    struct sim_machine *machine = &cluster->machines[node];
    while (machine->commands_count > 0 &&
           command_at(machine, 0)->position.index <= index) {
        reply(cluster, node, command_at(machine, 0)->tag, SIM_ANSWER_UNKNOWN);
        drop_first_command(machine);
    }
}

/* --- reads ---------------------------------------------------------------- */

void cluster__await_read(struct sim_cluster *cluster, uint32_t node,
                         uint32_t letter)
{
    struct sim_machine *machine = &cluster->machines[node];
    machine->reads = sim_grow(machine->reads, &machine->reads_capacity,
                              machine->reads_count + 1, sizeof *machine->reads);
    machine->reads[machine->reads_count] = (struct sim_pending_read){
        .tag = sim_mail_letter(cluster->mail, letter)->tag,
        .letter = letter,
        .step = cluster->step + 1,
        .led = machine->view.role == SIM_LEADER,
    };
    machine->reads_count++;
}

/* Takes the read of this tag out; false if there is none. They are answered
 * about in the order in which they came. */
static bool take_read(struct sim_machine *machine, uint64_t tag,
                      struct sim_pending_read *read)
{
    size_t i = 0;
    while (i < machine->reads_count && machine->reads[i].tag != tag) {
        i++;
    }
    if (i == machine->reads_count) {
        return false;
    }
    *read = machine->reads[i];
    machine->reads_count--;
    for (; i < machine->reads_count; i++) {
        machine->reads[i] = machine->reads[i + 1];
    }
    return true;
}

/* A node does not tell whether a lease served a read. But where it was asked
 * for by lease, and a leader answers in the very step in which it was asked, it
 * can have asked nobody. */
static enum sim_history_way way_of(const struct sim_cluster *cluster,
                                   const struct sim_pending_read *read,
                                   const struct sim_letter *letter)
{
    if (!read->led) {
        return SIM_WAY_FOLLOWER;
    }
    return letter->request == SIM_REQUEST_READ_LEASE &&
                   cluster->scenario->raft.lease_reads &&
                   read->step == cluster->step
               ? SIM_WAY_LEASE
               : SIM_WAY_READ_INDEX;
}

/* From the state machine as it is now. */
bool cluster__answer_read(struct sim_cluster *cluster, uint32_t node,
                          uint64_t tag)
{
    struct sim_machine *machine = &cluster->machines[node];
    struct sim_pending_read read;
    struct sim_command command;
    if (!take_read(machine, tag, &read)) {
        return false;
    }
    const struct sim_letter *letter =
        sim_mail_letter(cluster->mail, read.letter);
    struct sim_reply answer = {.answer = SIM_ANSWER_NOT_LEADER, .tag = tag};
    if (sim_command_decode(letter->bytes, letter->size, &command)) {
        answer.answer = SIM_ANSWER_DONE;
        answer.success = true;
        answer.has_value =
            sim_kv_get(machine->kv, command.key, command.key_size,
                       &answer.value, &answer.value_size);
        answer.way = way_of(cluster, &read, letter);
        cluster->reads++;
        cluster->read_counts.by_way[answer.way]++;
    } else {
        cluster->read_counts.refused++;
    }
    cluster__reply(cluster, node, &answer);
    sim_mail_drop(cluster->mail, read.letter);
    return true;
}

bool cluster__refuse_read(struct sim_cluster *cluster, uint32_t node,
                          const struct sim_output *output)
{
    struct sim_pending_read read;
    if (!take_read(&cluster->machines[node], output->rejected.tag, &read)) {
        return false;
    }
    cluster->read_counts.refused++;
    cluster__refuse(cluster, node, output);
    sim_mail_drop(cluster->mail, read.letter);
    return true;
}

/* --- refusals, and the end ------------------------------------------------ */

void cluster__refuse(struct sim_cluster *cluster, uint32_t node,
                     const struct sim_output *output)
{
    struct sim_reply answer = {.answer = SIM_ANSWER_NOT_LEADER,
                               .tag = output->rejected.tag};
    switch (output->rejected.reason) {
    case SIM_NOT_LEADER:
        if (output->rejected.leader <= cluster->n) {
            answer.leader = output->rejected.leader;
        }
        break;
    case SIM_LATER:
        answer.answer = SIM_ANSWER_LATER;
        break;
    case SIM_NEVER_SO:
    case SIM_READ_LOST:
        break;
    }
    cluster__reply(cluster, node, &answer);
}

void cluster__forget_clients(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    machine->commands_count = 0;
    for (size_t i = 0; i < machine->reads_count; i++) {
        sim_mail_drop(cluster->mail, machine->reads[i].letter);
    }
    machine->reads_count = 0;
}
