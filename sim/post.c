/* The part of the cluster between machines: messages, requests of clients
 * and answers under way. */
#undef NDEBUG
#include <assert.h>

#include "sim/cluster_internal.h"
#include "sim/history_judge.h"
#include "sim/memory.h"

/* See the contract in sim/node.h. */
#define TIMER_REPEATS_MAX 1000u

/* Far more than the largest cluster has under way: beyond, messages make more
 * messages, and would until there is no memory left. */
#define LETTERS_MAX 1000000u

static void note_message(struct sim_cluster *cluster, enum sim_event_kind event,
                         uint32_t node, uint32_t from, uint32_t to,
                         enum sim_message_kind kind)
{
    cluster__note(cluster, &(struct sim_happening){.kind = event,
                                                   .node = node,
                                                   .from = from,
                                                   .to = to,
                                                   .message = kind});
}

/* A message was lost: was it for a cut? */
static void note_loss(struct sim_cluster *cluster, uint32_t from, uint32_t to,
                      uint32_t why_letter)
{
    if (cluster->situations == NULL) {
        return;
    }
    bool cut = sim_network_is_blocked(cluster->network, from, to);
    if (cut) {
        sim_situations_cut(cluster->situations, from, to);
    }
    if (cluster->why != NULL) {
        sim_why_lost(cluster->why, why_letter,
                     cut ? SIM_WHY_LOST_BY_CUT : SIM_WHY_LOST_BY_CHANCE);
    }
}

void cluster__post(struct sim_cluster *cluster, uint32_t slot)
{
    struct sim_letter *letter = sim_mail_letter(cluster->mail, slot);
    uint32_t from = letter->from;
    uint32_t to = letter->to;
    const uint8_t *bytes = letter->bytes;
    size_t size = letter->size;
    const struct sim_message *message = &letter->message;
    cluster->bytes_sent += size;
    sim_trace_leave(cluster->trace, cluster__moment(cluster), from, to, bytes,
                    size);
    if (cluster->why != NULL) {
        sim_why_leaves(cluster->why, letter->why_letter);
    }
    if (cluster->checker != NULL) {
        sim_checker_send(cluster->checker, from, to, message);
        sim_situations_send(cluster->situations, from, to, message);
    }
    note_message(cluster, SIM_EVENT_SENT, from, from, to, message->kind);
    struct sim_delivery delivery = sim_network_send(
        cluster->network, cluster->now_us, from, to, message->kind, size);
    if (delivery.copies == 0) {
        note_loss(cluster, from, to, letter->why_letter);
        sim_trace_message(cluster->trace, cluster->now_us, from, to, bytes,
                          size, "lost");
        sim_mail_drop(cluster->mail, slot);
        return;
    }
    if (delivery.copies > 1) {
        sim_trace_message(cluster->trace, cluster->now_us, from, to, bytes,
                          size, "doubled");
    }
    if (sim_mail_count(cluster->mail) > LETTERS_MAX) {
        sim_cluster_breach(cluster,
                           "node %u: SEND, with %u messages under way: they "
                           "make each other, without end",
                           from, LETTERS_MAX);
        sim_mail_drop(cluster->mail, slot);
        return;
    }
    letter->copies = delivery.copies;
    letter->posted_us = cluster->now_us;
    for (uint32_t i = 0; i < delivery.copies; i++) {
        sim_event_queue_push(cluster->queue, delivery.arrival_us[i],
                             SIM_QUEUE_ARRIVAL, to, slot);
    }
}

/* From a client to the node, or back. */
static uint64_t client_delay_us(struct sim_cluster *cluster, uint32_t node)
{
    return sim_distribution_draw(&cluster->scenario->workload.delay,
                                 &cluster->machines[node].client_luck);
}

static struct sim_waking *waking_of(struct sim_cluster *cluster,
                                    uint32_t client)
{
    if (client >= cluster->n_wakings) {
        cluster->wakings =
            sim_grow(cluster->wakings, &cluster->wakings_capacity,
                     (size_t)client + 1, sizeof *cluster->wakings);
    }
    for (; cluster->n_wakings <= client; cluster->n_wakings++) {
        cluster->wakings[cluster->n_wakings] = (struct sim_waking){0};
    }
    return &cluster->wakings[client];
}

/* An event for what the client asked for last, unless one comes before it. */
static void queue_waking(struct sim_cluster *cluster, uint32_t client,
                         struct sim_waking *waking)
{
    for (uint32_t i = 0; i < waking->n_queued; i++) {
        if (waking->queued[i].time_us <= waking->at_us) {
            return;
        }
    }
    if (waking->n_queued < SIM_MAX_WAKINGS) {
        waking->queued[waking->n_queued].time_us = waking->at_us;
        waking->queued[waking->n_queued].sequence = waking->at_sequence;
        waking->n_queued++;
    }
    sim_event_queue_insert(cluster->queue,
                           &(struct sim_event){.time_us = waking->at_us,
                                               .sequence = waking->at_sequence,
                                               .kind = SIM_QUEUE_WAKE,
                                               .a = client});
}

static void wake_at(struct sim_cluster *cluster, uint32_t client,
                    uint64_t at_us)
{
    struct sim_waking *waking = waking_of(cluster, client);
    waking->at_us = at_us;
    waking->at_sequence = sim_event_queue_number(cluster->queue);
    queue_waking(cluster, client, waking);
}

bool sim_cluster_is_waking(struct sim_cluster *cluster,
                           const struct sim_event *event)
{
    struct sim_waking *waking = waking_of(cluster, event->a);
    for (uint32_t i = 0; i < waking->n_queued; i++) {
        if (waking->queued[i].sequence == event->sequence) {
            waking->queued[i] = waking->queued[--waking->n_queued];
            break;
        }
    }
    if (event->time_us >= waking->at_us) {
        return true;
    }
    queue_waking(cluster, event->a, waking);
    return false;
}

void sim_cluster_carry_out(struct sim_cluster *cluster,
                           const struct sim_client_action *action)
{
    sim_history_tell(cluster->trace, cluster__moment(cluster), action);
    if (action->send) {
        uint32_t slot = sim_mail_put(cluster->mail, SIM_NONE, action->node,
                                     action->data, action->size, 1);
        struct sim_letter *letter = sim_mail_letter(cluster->mail, slot);
        letter->request = action->request;
        letter->tag = action->tag;
        letter->session = action->session;
        letter->sequence = action->sequence;
        uint64_t delay_us = client_delay_us(cluster, action->node);
        sim_event_queue_push(cluster->queue, cluster->now_us + delay_us,
                             SIM_QUEUE_REQUEST, action->node, slot);
    }
    if (action->wake_at_us != SIM_NEVER) {
        wake_at(cluster, action->client, action->wake_at_us);
    }
}

void cluster__reply(struct sim_cluster *cluster, uint32_t node,
                    const struct sim_reply *reply)
{
    uint64_t delay_us = client_delay_us(cluster, node);
    uint32_t slot = sim_mail_put_reply(cluster->mail, node, reply);
    sim_event_queue_push(cluster->queue, cluster->now_us + delay_us,
                         SIM_QUEUE_ANSWER, 0, slot);
}

/* --- arriving ------------------------------------------------------------- */

static void pile_up(struct sim_machine *machine, uint32_t kind,
                    const struct sim_event *event)
{
    machine->piled = sim_grow(machine->piled, &machine->piled_capacity,
                              machine->piled_count + 1, sizeof *machine->piled);
    machine->piled[machine->piled_count] = *event;
    machine->piled[machine->piled_count].kind = kind;
    machine->piled_count++;
}

/* The letter's bytes stay where they are while its copy is not taken. */
static struct sim_input message_input(const struct sim_letter *letter)
{
    struct sim_input input = {.kind = SIM_INPUT_MESSAGE};
    input.message.from = letter->from;
    input.message.bytes = letter->bytes;
    input.message.size = letter->size;
    return input;
}

static struct sim_input request_input(const struct sim_letter *letter)
{
    struct sim_input input = {.kind = SIM_INPUT_PROPOSAL};
    switch (letter->request) {
    case SIM_REQUEST_COMMAND:
        input.proposal.tag = letter->tag;
        input.proposal.session = letter->session;
        input.proposal.sequence = letter->sequence;
        input.proposal.data = letter->bytes;
        input.proposal.size = (uint32_t)letter->size;
        break;
    case SIM_REQUEST_SESSION:
        input.kind = SIM_INPUT_SESSION;
        input.session.tag = letter->tag;
        break;
    case SIM_REQUEST_READ:
    case SIM_REQUEST_READ_LEASE:
        input.kind = SIM_INPUT_READ;
        input.read.tag = letter->tag;
        input.read.lease = letter->request == SIM_REQUEST_READ_LEASE;
        break;
    }
    return input;
}

/* A read's letter stays until it is answered. */
static void hand_over(struct sim_cluster *cluster, uint32_t slot)
{
    const struct sim_letter *letter = sim_mail_letter(cluster->mail, slot);
    uint32_t to = letter->to;
    struct sim_input input;
    if (letter->from != SIM_NONE) {
        input = message_input(letter);
        cluster->messages_delivered++;
        note_message(cluster, SIM_EVENT_RECEIVED, to, letter->from, to,
                     letter->message.kind);
        cluster->delivered = letter;
    } else {
        input = request_input(letter);
    }
    if (input.kind == SIM_INPUT_READ) {
        cluster__await_read(cluster, to, slot);
        cluster__step(cluster, to, &input);
        return;
    }
    cluster__step(cluster, to, &input);
    cluster->delivered = NULL;
    sim_mail_drop(cluster->mail, slot);
}

void cluster__lose(struct sim_cluster *cluster, uint32_t slot)
{
    const struct sim_letter *letter = sim_mail_letter(cluster->mail, slot);
    if (letter->from != SIM_NONE) {
        cluster->messages_lost_at_machines++;
        if (cluster->why != NULL) {
            sim_why_lost(cluster->why, letter->why_letter, SIM_WHY_FOUND_DOWN);
        }
        sim_trace_message(cluster->trace, cluster->now_us, letter->from,
                          letter->to, letter->bytes, letter->size,
                          "finds the node down");
    }
    sim_mail_drop(cluster->mail, slot);
}

/* At a machine, whatever its state. */
static void receive(struct sim_cluster *cluster, uint32_t kind,
                    const struct sim_event *event)
{
    uint32_t slot = (uint32_t)event->b;
    const struct sim_letter *letter = sim_mail_letter(cluster->mail, slot);
    struct sim_machine *machine = &cluster->machines[letter->to];
    if (machine->node == NULL) {
        cluster__lose(cluster, slot);
        return;
    }
    if (machine->paused) {
        pile_up(machine, kind, event);
        return;
    }
    hand_over(cluster, slot);
}

static void arrive(struct sim_cluster *cluster, const struct sim_event *event)
{
    uint32_t slot = (uint32_t)event->b;
    const struct sim_letter *letter = sim_mail_letter(cluster->mail, slot);
    switch (sim_network_arrive(cluster->network, letter->from, letter->to)) {
    case SIM_ARRIVAL_DELIVER:
        receive(cluster, SIM_QUEUE_RECEIPT, event);
        return;
    case SIM_ARRIVAL_DROP:
        note_loss(cluster, letter->from, letter->to, letter->why_letter);
        sim_trace_message(cluster->trace, cluster->now_us, letter->from,
                          letter->to, letter->bytes, letter->size,
                          "lost on the way");
        sim_mail_drop(cluster->mail, slot);
        return;
    case SIM_ARRIVAL_HOLD:
        sim_trace_message(cluster->trace, cluster->now_us, letter->from,
                          letter->to, letter->bytes, letter->size, "held");
        sim_network_hold_message(cluster->network, letter->from, letter->to,
                                 slot);
        return;
    }
}

void sim_cluster_forward_released(struct sim_cluster *cluster)
{
    uint32_t from;
    uint32_t to;
    uint32_t slot;
    while (sim_network_next_released(cluster->network, &from, &to, &slot)) {
        const struct sim_letter *letter = sim_mail_letter(cluster->mail, slot);
        sim_trace_message(cluster->trace, cluster->now_us, from, to,
                          letter->bytes, letter->size, "released");
        sim_event_queue_push(cluster->queue, cluster->now_us, SIM_QUEUE_ARRIVAL,
                             to, slot);
    }
}

/* A paused machine's own events wait for it as well. */
static bool is_paused(struct sim_cluster *cluster,
                      const struct sim_event *event)
{
    struct sim_machine *machine = &cluster->machines[event->a];
    if (machine->node == NULL || !machine->paused) {
        return false;
    }
    pile_up(machine, event->kind, event);
    return true;
}

/* Whether the node sets its deadline for the same moment again and again. */
static bool time_stands_still(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    if (machine->timer_us != cluster->now_us) {
        machine->timer_us = cluster->now_us;
        machine->timer_repeats = 0;
    }
    if (++machine->timer_repeats <= TIMER_REPEATS_MAX) {
        return false;
    }
    sim_cluster_breach(cluster,
                       "node %u: TIMER is set more than %u times for the "
                       "moment at which it is due: time stands still",
                       node, TIMER_REPEATS_MAX);
    return true;
}

static void timer_event(struct sim_cluster *cluster,
                        const struct sim_event *event)
{
    struct sim_machine *machine = &cluster->machines[event->a];
    if (machine->node == NULL || event->b != machine->timer_generation ||
        is_paused(cluster, event)) {
        return;
    }
    machine->timer_event_us = SIM_NO_EVENT;
    uint64_t local_us =
        sim_clock_local_from_virtual(&machine->clock, cluster->now_us);
    if (machine->has_timer && machine->timer_local_us <= local_us) {
        machine->has_timer = false;
        if (machine->hurry > 0 || !time_stands_still(cluster, event->a)) {
            cluster__step(cluster, event->a,
                          &(struct sim_input){.kind = SIM_INPUT_TIMER});
        }
    } else {
        cluster__arm_timer(cluster, event->a);
    }
}

void sim_cluster_handle(struct sim_cluster *cluster,
                        const struct sim_event *event)
{
    switch ((enum sim_queue_kind)event->kind) {
    case SIM_QUEUE_ARRIVAL:
        arrive(cluster, event);
        return;
    case SIM_QUEUE_RECEIPT:
    case SIM_QUEUE_REQUEST:
        receive(cluster, event->kind, event);
        return;
    case SIM_QUEUE_TIMER:
        timer_event(cluster, event);
        return;
    case SIM_QUEUE_DISK:
        if (!is_paused(cluster, event)) {
            cluster__disk_event(cluster, event->a, event->b);
        }
        if (sim_log_tree_count(cluster->tree) >= cluster->reclaim_at) {
            cluster__reclaim(cluster);
        }
        return;
    case SIM_QUEUE_COMPACT:
        if (!is_paused(cluster, event)) {
            cluster__compact_event(cluster, event);
        }
        return;
    case SIM_QUEUE_ANSWER:
    case SIM_QUEUE_WAKE:
    case SIM_QUEUE_OPERATOR:
    case SIM_QUEUE_FAULT:
    case SIM_QUEUE_UNDO:
    case SIM_QUEUE_NEMESIS:
    case SIM_QUEUE_END:
    case SIM_QUEUE_DEADLINE:
        assert(event->kind <= SIM_QUEUE_COMPACT);
        return;
    }
}
