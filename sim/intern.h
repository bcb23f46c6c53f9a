/* Numbers for byte strings: equal strings have the same number, others another.
 *
 * Exact, whatever the luck of a hash: the strings are kept and compared. The
 * numbers are 1, 2, 3 … in the order in which the strings came first; 0 stands
 * for "none" and is never given. The empty string is a string.
 */
#ifndef SIM_INTERN_H
#define SIM_INTERN_H

#include <stdint.h>

struct sim_intern;

struct sim_intern *sim_intern_new(void);

/* The number of a string, which is copied if it is new. `bytes` may be NULL
 * when `size` is 0. */
uint64_t sim_intern_add(struct sim_intern *intern, const uint8_t *bytes,
                        uint32_t size);

/* The string of a number, 1 to the highest. Never NULL; valid until
 * sim_intern_free(). */
const uint8_t *sim_intern_bytes(const struct sim_intern *intern,
                                uint64_t number, uint32_t *size);

void sim_intern_free(struct sim_intern *intern);

#endif
