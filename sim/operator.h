/* The operator: carries out what a scenario wishes of members and leaders.
 *
 * A wish about members says who shall become what. It takes more than one
 * change to come true, and each can be refused: so the operator looks at the
 * members by the log of the server that it asks (the leader, or a stated one),
 * proposes what comes next, and does so again, at most every 10 ms, until the
 * members are those wished for and not joint:
 *   - whoever is to become a voter becomes a learner first, if the scenario
 *     asks for that (catch_up); a witness does not;
 *   - then the rest changes: by joint consensus if more than one voter differs
 *     (if one does, where "joint" is true), or one voter at a time, those that
 *     come before those that go (where "joint" is false).
 * What can be done is done. If somebody is then not what the wish says, because
 * he was a witness or is no member of the right sort, the wish is refused for
 * good: nothing but wishes changes members, so that waiting would not help. The
 * same holds for what the leader refuses as no possible change, and for a wish
 * that would leave no voter who stores commands, which is not carried out.
 *
 * A wish for another leader has come true when the server that leads accepts
 * it; whether the other one wins is left to them. One for a former witness is
 * refused for good.
 *
 * There is one wish of each of the two sorts at a time; a newer one takes the
 * place of the older. A patient wish (a script's) waits for as long as it
 * takes; one that is not (a nemesis') may be dropped, and if it is for another
 * leader has one attempt. The trace tells a wish when it is made, when it is
 * put off for the first time, and when it is refused for good.
 */
#ifndef SIM_OPERATOR_H
#define SIM_OPERATOR_H

#include "sim/cluster.h"
#include "sim/reach.h"

/* Between two attempts of one wish. */
#define SIM_OPERATOR_PAUSE_US UINT64_C(10000)

enum sim_wish_state {
    SIM_WISH_UNDER_WAY,
    SIM_WISH_TRUE,     /* it came true */
    SIM_WISH_GIVEN_UP, /* refused for good, or dropped, or not patient */
    SIM_WISH_REPLACED, /* by a newer one */
};

/* Of all wishes so far. Those that are neither true nor refused are under way,
 * were dropped, were replaced, or found no leader. */
struct sim_wish_counts {
    uint64_t made, came_true;
    uint64_t refused; /* and not tried again */
};

struct sim_operator;

/* Nothing is wished for yet. The cluster outlives it. */
struct sim_operator *sim_operator_new(struct sim_cluster *cluster);
void sim_operator_free(struct sim_operator *op);

/* Whether the action is a wish: the operator's, and no damage. */
bool sim_action_is_wish(const struct sim_action *action);

/* Makes a wish, whose targets are in `reach`, and tries it at once. Returns its
 * number, never 0. `action` outlives the wish. */
uint64_t sim_operator_wish(struct sim_operator *op,
                           const struct sim_action *action,
                           const struct sim_reach *reach, bool patient);

/* SIM_QUEUE_OPERATOR: it is time for the wish's next attempt. */
void sim_operator_due(struct sim_operator *op, uint64_t number);

/* After each event: sees what came true in it. */
void sim_operator_look(struct sim_operator *op);

/* Ends the wishes that are not patient, or all of them. */
void sim_operator_drop(struct sim_operator *op, bool patient_too);

/* What became of the wish of this number. Patient ones are remembered for ever;
 * of the others the latest of each sort, and that there came a newer one. */
enum sim_wish_state sim_operator_state(const struct sim_operator *op,
                                       uint64_t number);

/* Why it has not come true, for people: "there was no leader to ask", or "add 3
 * as voter" is refused for good: 3 was a witness, and becomes nothing else.
 * Lives until the next wish. */
const char *sim_operator_reason(const struct sim_operator *op, uint64_t number);

struct sim_wish_counts sim_operator_count(const struct sim_operator *op);

#endif
