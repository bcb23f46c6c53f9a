/* The network: a directed link from each node to each other one.
 *
 * A message that is sent may be lost, is delayed, and may come twice; each copy
 * has a delay of its own, so messages overtake each other where delays vary. A
 * link with a bandwidth sends one message after the other, whatever becomes of
 * them: a message starts when the ones before it have left, takes its size over
 * the bandwidth, and then its delay. Copies that the network makes take no
 * bandwidth.
 *
 * Faults are counted per directed link, so that they overlap without knowing of
 * each other; partitions, cuts, bridges and meshes are sets of blocked links:
 *   block    nothing enters the link, and what arrives is dropped;
 *   hold     (a clogged link) what arrives is kept, and all of it is released,
 *            in order, when the last hold of the link ends;
 *   weather  other delay, loss or duplicates, for all messages or one kind;
 *            of several, the one applied last decides, field by field.
 * A message meets the link twice: when it is sent and when it arrives. In
 * between it is the caller's: the network keeps no payloads, only opaque
 * handles of held messages. Corrupted bytes are not simulated (checksums are
 * taken to work), nor are connections.
 *
 * Ordered links (SIM_ASSUMES_FIFO of sim/node.h, or /network/fifo) are those of
 * connections that are made anew when they break: a message never overtakes one
 * that was sent before it, and never comes twice; it may be lost.
 *
 * Luck: each message takes one number from its link's stream, be the link
 * blocked or not, and all its draws (delay, loss, duplicate, second delay, in
 * this order) come from a stream that starts there. So the luck of a link's
 * tenth message does not hang on what happened to the nine before, and a fault
 * that is taken out of a scenario leaves it as it was.
 *
 * Nodes are numbered from 1 to n; `from` and `to` differ.
 */
#ifndef SIM_NETWORK_H
#define SIM_NETWORK_H

#include "sim/node.h"
#include "sim/recording.h"
#include "sim/scenario.h"

struct sim_network;

/* When the copies of a message arrive. */
struct sim_delivery {
    uint32_t copies;        /* 0: it is lost; 1, or 2 */
    uint64_t arrival_us[2]; /* of each copy; the second may be the earlier */
};

/* What becomes of a copy that arrives. */
enum sim_arrival {
    SIM_ARRIVAL_DELIVER,
    SIM_ARRIVAL_DROP, /* the link is blocked */
    SIM_ARRIVAL_HOLD, /* hand it to sim_network_hold_message() */
};

/* Since the start. */
struct sim_network_counts {
    uint64_t sent;       /* messages given to the network */
    uint64_t dropped;    /* messages lost or blocked when sent, and copies
                            blocked when they arrive */
    uint64_t duplicated; /* messages that got a second copy */
};

/* The links of the scenario's nodes, by /network and then /network/links, in
 * order. The scenario outlives the network, which points to its
 * distributions. Never NULL (see sim/memory.h). */
struct sim_network *sim_network_new(const struct sim_scenario *scenario,
                                    uint64_t seed);

/* From now on messages of each link come in their order, and none twice. */
void sim_network_set_fifo(struct sim_network *network);

/* The fates of messages are recorded, or come from there: on a track for each
 * link and kind two values a message, the delay of a copy, counted from when it
 * was sent, and 1; or 0 for none. Of a message that is lost there is only the
 * first. What meets a blocked link is on no track. Before the first message. */
void sim_network_record(struct sim_network *network,
                        struct sim_recording *recording);

/* A message of `size` bytes enters the link. */
struct sim_delivery sim_network_send(struct sim_network *network,
                                     uint64_t now_us, uint32_t from,
                                     uint32_t to, enum sim_message_kind kind,
                                     size_t size);

/* A copy is at the link's end, for the first time or after a release. */
enum sim_arrival sim_network_arrive(struct sim_network *network, uint32_t from,
                                    uint32_t to);

/* Keeps a copy whose arrival was SIM_ARRIVAL_HOLD. `handle` means something to
 * the caller only. */
void sim_network_hold_message(struct sim_network *network, uint32_t from,
                              uint32_t to, uint32_t handle);

/* Gives the handles that were released, link by link, those of one link in the
 * order in which they came; false if there are no more. To be called until then
 * after sim_network_unhold() and sim_network_heal(); the copies arrive at
 * once. */
bool sim_network_next_released(struct sim_network *network, uint32_t *from,
                               uint32_t *to, uint32_t *handle);

/* One more, or one less, reason to block the link. */
void sim_network_block(struct sim_network *network, uint32_t from, uint32_t to);
void sim_network_unblock(struct sim_network *network, uint32_t from,
                         uint32_t to);

/* One more, or one less, reason to hold what arrives. */
void sim_network_hold(struct sim_network *network, uint32_t from, uint32_t to);
void sim_network_unhold(struct sim_network *network, uint32_t from,
                        uint32_t to);

/* The link's weather changes, over all that was applied to it before. `weather`
 * is the caller's and stays until it is removed or healed. `id` is the
 * caller's name for it; one id may cover many links. */
void sim_network_apply_weather(struct sim_network *network, uint32_t from,
                               uint32_t to, const struct sim_weather *weather,
                               uint32_t id);

/* Takes the weather of this id off all links that have it. */
void sim_network_remove_weather(struct sim_network *network, uint32_t id);

/* Ends all blocks, holds (their messages are released, see above) and weather:
 * the network is as the scenario's /network says. To undo one of them by itself
 * after this is a mistake. */
void sim_network_heal(struct sim_network *network);

bool sim_network_is_blocked(const struct sim_network *network, uint32_t from,
                            uint32_t to);
bool sim_network_is_held(const struct sim_network *network, uint32_t from,
                         uint32_t to);

struct sim_network_counts sim_network_counts(const struct sim_network *network);

/* `network` may be NULL. Handles still held are forgotten. */
void sim_network_free(struct sim_network *network);

#endif
