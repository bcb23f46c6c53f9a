/* The words of sim/recording_json.h, shared by its files only:
 *
 *   recording_json.c  writes
 *   recording_read.c  reads back
 */
#ifndef SIM_RECORDING_JSON_INTERNAL_H
#define SIM_RECORDING_JSON_INTERNAL_H

#include "sim/recording_json.h"

/* What the streams of a purpose are called; those of links have a list of their
 * own. With `b`, two sorts of one purpose are told apart (sim/prng.h). */
struct recording_word {
    const char *name;
    enum sim_stream purpose;
    uint64_t b;
};

const struct recording_word *recording__words(size_t *count);

/* What an enum sim_input_kind is called; NULL if it is none. */
const char *recording__input_word(uint8_t input);

#endif
