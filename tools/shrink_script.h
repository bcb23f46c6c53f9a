/* Part 2 of shrinking: a run with chance in it, written down as a script. */
#ifndef TOOLS_SHRINK_SCRIPT_H
#define TOOLS_SHRINK_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

struct cJSON;
struct sim_recording;

/* How what a node's timers did is said. */
enum script_elections {
    SCRIPT_EXPIRES, /* timers are long, and expire when the script says so */
    SCRIPT_SEEDED,  /* by the nodes' random numbers, from "random_seed" */
};

struct script_manner {
    enum script_elections elections;
    bool slow_heartbeat; /* leaders are silent unless they have something */
    bool rules;          /* each message's fate is said */
    bool early;          /* what followed an event comes before all else in its
                            microsecond, where it came between; else directly after it */
    bool even_disks;     /* all writes take the same time, */
    unsigned slow_disk;  /* but on this node (0: none), where they take long */
};

/* The scenario `from`, whose run is recorded, as a script of at least this
 * duration. To be freed. */
struct cJSON *script_of(const struct cJSON *from,
                        const struct sim_recording *recording,
                        unsigned long long seed, uint64_t duration_us,
                        const struct script_manner *manner);

/* Its steps alone, for the acts of the run (sim/recording_acts.h). To be freed.
 */
struct cJSON *script_steps_of(const struct cJSON *from,
                              const struct cJSON *acts,
                              const struct script_manner *manner);

/* Its steps are put in the order of their times; those of one time stay as they
 * are. */
void script_sort(struct cJSON *scenario);

/* How many steps and rules it has. */
unsigned script_size(const struct cJSON *scenario);

#endif
