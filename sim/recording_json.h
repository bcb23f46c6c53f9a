/* A recording as JSON: the "decisions" and "steps" of a failure's file.
 *
 *   "messages": [{"from": 1, "to": 2, "kind": "append_request",
 *                 "fates": [3127, "lost", [3000, 7000]]}, …]
 *       what became of the link's messages of this kind, in the order in which
 *       they were sent: the delay of each in microseconds, "lost", or the
 *       delays of two copies. Those that met a cut are not counted.
 *   "streams": [{"of": "nemesis", "number": 3, "values": [20173, 2, 1, …]}, …]
 *       what each other stream decided, in order: durations in microseconds,
 *       1 or 0 for what came true or did not, places in a list from 0, random
 *       numbers as such. "number" is the node, the client, or the place in
 *       /faults or /nemeses. Above 2^53 - 1 they are strings.
 *   "acts": […]
 *       what was done when, and to whom: sim/recording_acts.h. For readers; a
 *       run that follows does not need it.
 *   "steps": ["152340 2 timer", "152911 3 message vote_request 2", …]
 *       each step: its time in microseconds, the node, the input, and of a
 *       message its kind and who sent it.
 */
#ifndef SIM_RECORDING_JSON_H
#define SIM_RECORDING_JSON_H

#include "sim/json.h"
#include "sim/json_write.h"
#include "sim/recording.h"

/* Writes these members into the object that is open. */
void sim_recording_write(const struct sim_recording *recording,
                         struct sim_json_writer *writer);

/* Reads them back out of `object`, to be freed; what does not fit is noted as a
 * problem, and NULL given. */
struct sim_recording *sim_recording_read(struct sim_json *json,
                                         const struct sim_json_value *object);

#define SIM_RECORDED_STEP_SIZE 80u

/* "152911 3 message vote_request 2", in `text` of SIM_RECORDED_STEP_SIZE bytes.
 * Returns it. */
const char *sim_recorded_step_print(const struct sim_recorded_step *step,
                                    char *text);

#endif
