/* How the map of sim/kv.h keeps its state; shared by its files only. */
#ifndef SIM_KV_INTERNAL_H
#define SIM_KV_INTERNAL_H

#include "sim/hash.h"
#include "sim/kv.h"
#include "sim/table.h"

struct sim_kv {
    struct sim_table content; /* keys to values */
    struct sim_table answers; /* askers to their latest answers */
    struct sim_hash ignored;  /* what was no command, and where */
    uint64_t applied;
    uint8_t *scratch; /* room for an answer */
    size_t scratch_capacity;
};

/* Who asked: a session (8 bytes) and 4 zero bytes; without one, 8 zero bytes
 * and the client. */
#define ASKER_SIZE 12u

/* A kept answer: the command's number (8 bytes), flags (1), the value. */
#define ANSWER_HEADER_SIZE 9u
#define FLAG_SUCCESS 1u
#define FLAG_HAS_VALUE 2u

#endif
