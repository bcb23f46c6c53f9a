/* The words for reads. */
#include <inttypes.h>

#include "sim/why_rules.h"

static void add_standing(struct why_text *text, const struct why_record *r)
{
    why__add(text,
             ", as %s of term %" PRIu64 " with %" PRIu64
             " committed and %" PRIu64 " applied",
             sim_role_name(r->view.role), r->view.hard_state.term,
             r->view.commit_index, r->view.last_applied);
}

void why__words_of_answer(const struct sim_why *why, uint32_t record,
                          struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    uint32_t asked = why__asked(why, record, 0);
    why__add(text, "answers client %" PRIu32,
             sim_clients_number(why->tags[r->ready]));
    if (r->n_ready > 1) {
        why__add(text, " and %zu more", r->n_ready - 1);
    }
    if (asked == WHY_NONE) {
        return;
    }
    if (asked == record) {
        why__add(text, "'s read at once%s",
                 r->lease ? ", which was asked for by lease" : "");
    } else {
        struct sim_set doubtful;
        struct sim_set heard = why__heard_from(why, asked, record, &doubtful);
        sim_set_remove(&heard, r->node);
        why__add(text, "'s read; to what it sent since it was asked, it had "
                       "answers of ");
        why__add_set(text, &heard);
    }
    add_standing(text, r);
}

void why__words_of_question(const struct sim_why *why, uint32_t record,
                            struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    why__add(text, "is asked for a read by client %" PRIu32 "%s",
             sim_clients_number(r->tag), r->lease ? ", by lease" : "");
    add_standing(text, r);
}
