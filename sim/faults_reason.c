/* Why a step of the script has not happened. */
#include "sim/faults_internal.h"

#include <inttypes.h>
#include <stdio.h>

const char *faults__inability(const struct sim_faults *faults,
                              const struct sim_action *action)
{
    const struct sim_cluster *cluster = faults->cluster;
    if (action->kind == SIM_ACTION_COMPACT) {
        return sim_cluster_can(cluster, SIM_FEATURE_SNAPSHOTS)
                   ? NULL
                   : "this node cannot make snapshots";
    }
    if (action->kind == SIM_ACTION_TRANSFER) {
        return sim_cluster_can(cluster, SIM_FEATURE_TRANSFER)
                   ? NULL
                   : "this node cannot hand over its leadership";
    }
    if (sim_action_is_wish(action) &&
        !sim_cluster_can(cluster, SIM_FEATURE_MEMBERS)) {
        return "this node cannot change its members";
    }
    if (action->kind == SIM_ACTION_ADD && action->as == SIM_AS_WITNESS &&
        !sim_cluster_can(cluster, SIM_FEATURE_WITNESSES)) {
        return "this node cannot have witnesses";
    }
    return NULL;
}

bool faults__is_to_watch(const struct sim_faults *faults, uint32_t i)
{
    enum faults_step_state state = faults->steps[i].state;
    return (state == STEP_ABOVE || state == STEP_WATCHES) &&
           faults__step(faults, i)->trigger.kind == SIM_TRIGGER_WHEN;
}

uint32_t sim_faults_missing(const struct sim_faults *faults, uint32_t from)
{
    uint32_t n = faults->cluster->scenario->n_faults;
    for (uint32_t i = from; i < n; i++) {
        if (faults->steps[i].state != STEP_HAPPENED &&
            !faults__step(faults, i)->optional) {
            return i;
        }
    }
    return n;
}

/* For whom and since when it waits, and whether it came too early. */
static const char *why_it_waits(struct sim_faults *faults, uint32_t i)
{
    const struct faults_step *step = &faults->steps[i];
    char event[SIM_TRIGGER_TEXT_SIZE] = "";
    char missed[96] = "";
    size_t size = sizeof faults->reason;
    if (faults__is_to_watch(faults, i)) {
        sim_trigger_describe(&faults__step(faults, i)->trigger, event);
    }
    if (step->missed_us != NEVER) {
        snprintf(missed, sizeof missed,
                 ", which was so at %" PRIu64 ".%06" PRIu64 " s, while a step "
                 "above held the script",
                 step->missed_us / 1000000, step->missed_us % 1000000);
    }
    if (step->state == STEP_WATCHES) {
        snprintf(faults->reason, size,
                 "it waits since %" PRIu64 ".%06" PRIu64 " s for %s%s",
                 step->since_us / 1000000, step->since_us % 1000000, event,
                 missed);
    } else {
        snprintf(faults->reason, size, "it waits for /faults/%" PRIu32 "%s%s%s",
                 faults->first_open, *event != '\0' ? ", then for " : "", event,
                 missed);
    }
    return faults->reason;
}

const char *sim_faults_reason(struct sim_faults *faults, uint32_t step)
{
    const char *cannot =
        faults__inability(faults, &faults__step(faults, step)->action);
    switch (faults->steps[step].state) {
    case STEP_ABOVE:
    case STEP_WATCHES:
        return why_it_waits(faults, step);
    case STEP_TIMED:
        return "its time comes after the end";
    case STEP_DUE:
        return cannot != NULL ? cannot : "there was no such node";
    case STEP_WISHED:
    case STEP_REFUSED:
        return sim_operator_reason(faults->op, faults->steps[step].wish);
    case STEP_HAPPENED:
        break;
    }
    return "it did happen";
}
