/* The inside of the network, shared by its files:
 *
 *   network.c           links, what faults do to them, and arrivals
 *   network_messages.c  what becomes of a message that is sent
 */
#ifndef SIM_NETWORK_INTERNAL_H
#define SIM_NETWORK_INTERNAL_H

#include "sim/network.h"

/* No place in the array of weathers. */
#define NETWORK_NOWHERE SIZE_MAX

/* What decides the fate of a message. */
struct network_conditions {
    const struct sim_distribution *delay;
    uint32_t drop_ppm;
    uint32_t duplicate_ppm;
};

struct network_link {
    struct sim_prng prng;            /* gives one number for each message */
    struct network_conditions usual; /* without faults */
    uint64_t bandwidth;              /* bytes a second; 0: unlimited */
    uint64_t busy_until_us;   /* the messages sent so far have left then ... */
    uint64_t last_arrival_us; /* of ordered links: nothing comes before it */
    uint64_t busy_rest; /* ... and a part of a microsecond later, counted in
                           1/bandwidth: small messages add up exactly */
    uint32_t n_blocks;
    uint32_t n_holds;
    size_t
        weather; /* place of the one applied last; NETWORK_NOWHERE if none is */
    struct sim_track **tracks; /* by kind of message; NULL: none yet */
    uint64_t sent; /* messages that met no cut, and those of each kind */
    uint64_t *sent_of_kind; /* NULL: none yet */
    uint32_t *held;         /* handles, in order of arrival */
    size_t n_held;
    size_t held_capacity;
};

/* A weather that was applied to a link and not removed. */
struct network_applied {
    const struct sim_weather *weather;
    size_t link;
    uint32_t id;
    size_t before; /* place of the one that the link had before it */
};

struct network_released {
    size_t link;
    uint32_t handle;
};

struct sim_network {
    uint32_t n_nodes;
    struct network_link
        *links; /* [from - 1][to - 1]; from a node to itself: unused */
    size_t n_links;
    struct network_applied *applied; /* in order of application */
    size_t n_applied;
    size_t applied_capacity;
    struct network_released *released; /* those from `next_released` on are to
                                  be given to the caller */
    size_t n_released;
    size_t released_capacity;
    size_t next_released;
    struct sim_network_counts counts;
    bool fifo;
    struct sim_recording *recording; /* NULL: none */
    const struct sim_message_rule *rules;
    uint32_t n_rules;
};

struct network_link *network__link(const struct sim_network *network,
                                   uint32_t from, uint32_t to);

#endif
