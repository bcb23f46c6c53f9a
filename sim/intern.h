/* Numbers for byte strings: equal strings have the same number, others another.
 *
 * Exact, whatever the luck of a hash: the strings are kept and compared. The
 * numbers are 1, 2, 3 … in the order in which the strings came first; 0 stands
 * for "none" and is never given. The empty string is a string.
 *
 * Strings that nobody will ask about any more can be dropped: all those that
 * were not marked. Their numbers are not given again; a string that comes again
 * after it was dropped is a new one.
 */
#ifndef SIM_INTERN_H
#define SIM_INTERN_H

#include <stddef.h>
#include <stdint.h>

struct sim_intern;

struct sim_intern *sim_intern_new(void);

/* The number of a string, which is copied if it is new. `bytes` may be NULL
 * when `size` is 0; they are not the table's own. */
uint64_t sim_intern_add(struct sim_intern *intern, const uint8_t *bytes,
                        uint32_t size);

/* The string of a number that was given and not dropped. Never NULL; valid
 * until the next sim_intern_add() or sim_intern_sweep(). */
const uint8_t *sim_intern_bytes(const struct sim_intern *intern,
                                uint64_t number, uint32_t *size);

/* What a string's note says before anybody writes there. */
#define SIM_INTERN_NO_NOTE UINT32_MAX

/* Room for something to know about the string; valid as its bytes are. */
uint32_t *sim_intern_note(struct sim_intern *intern, uint64_t number);

/* How many strings there are. */
size_t sim_intern_count(const struct sim_intern *intern);

/* The string is not dropped by the next sweep. 0: nothing is marked. */
void sim_intern_mark(struct sim_intern *intern, uint64_t number);

/* Drops all strings that were not marked since the last sweep. */
void sim_intern_sweep(struct sim_intern *intern);

/* May be NULL. */
void sim_intern_free(struct sim_intern *intern);

#endif
