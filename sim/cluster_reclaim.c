/* What is let go in a run: of the log tree, of what the checker knows index by
 * index, and of configurations, so that memory follows what is alive and not
 * the steps so far.
 *
 * Gone is what lies below the highest index F that is committed, and up to
 * which each machine, up, paused or down, has its log in a durable snapshot:
 * its entries, on its disk and in its memory, begin after F, it has applied and
 * holds committed all up to F, and all logs that it may go on from contain the
 * committed entry at F. No request that is under way begins before F. Servers
 * never go back behind what is durable, so from then on a correct one asks for
 * nothing below F, and a broken one that does is told so: a write, or a
 * restored snapshot, whose place "no log has" breaks the contract, and entries
 * applied from nowhere break State Machine Safety.
 *
 * So nothing is let go while a machine has no snapshot, or an old one: one that
 * was never a member, or is none any more, one that is down for long. Machines
 * that refuse to start for good do not count. And nothing ever is where
 *   - somebody will ask why (sim/why.h tells of entries since the start),
 *   - /expect/log counts entries from the first on.
 *
 * What still grows with the steps: one bit per tree node for a witness
 * (`omitted` of a machine), leaders of terms that some disk has not reached,
 * and what clients remember. */
#include "sim/cluster_internal.h"

/* As many tree nodes come between two looks at what can be let go; of those
 * that are left then, a half. */
#define USUAL_WAIT 65536u

/* --- whether, and when ---------------------------------------------------- */

static bool expects_logs(const struct sim_expect *expect)
{
    bool expects = expect->whole.n_logs > 0;
    for (uint32_t i = 0; i < expect->n_during; i++) {
        expects = expects || expect->during[i].n_logs > 0;
    }
    return expects;
}

static uint32_t usual_wait(const struct sim_cluster *cluster)
{
    if (cluster->reclaim_every > 0) {
        return cluster->reclaim_every;
    }
    uint32_t left =
        sim_log_tree_count(cluster->tree) - sim_log_tree_base(cluster->tree);
    return left / 2 > USUAL_WAIT ? left / 2 : USUAL_WAIT;
}

static void wait_for(struct sim_cluster *cluster, uint32_t tree_nodes)
{
    uint32_t count = sim_log_tree_count(cluster->tree);
    cluster->reclaim_wait = tree_nodes;
    cluster->reclaim_at =
        tree_nodes < UINT32_MAX - count ? count + tree_nodes : UINT32_MAX;
}

void cluster__plan_reclaim(struct sim_cluster *cluster,
                           const struct sim_options *options)
{
    cluster->reclaim_every = options->reclaim_every;
    cluster->reclaim_at = UINT32_MAX;
    if (cluster->why == NULL && !expects_logs(&cluster->scenario->expect)) {
        wait_for(cluster, usual_wait(cluster));
    }
}

/* --- what is alive -------------------------------------------------------- */

struct survey {
    struct sim_tips live;  /* logs that have to contain the base */
    struct sim_tips asked; /* others that may be asked about */
    struct sim_set gone;   /* machines that never start again */
    uint64_t index;        /* F, as far as it is known */
};

static void lower(struct survey *survey, uint64_t index)
{
    if (index < survey->index) {
        survey->index = index;
    }
}

static void look_at_machine(const struct sim_cluster *cluster, uint32_t node,
                            struct survey *survey)
{
    const struct sim_machine *machine = &cluster->machines[node];
    if (machine->refused) {
        sim_set_add(&survey->gone, node);
        sim_disk_tips(machine->disk, &survey->asked);
        return;
    }
    sim_disk_tips(machine->disk, &survey->live);
    lower(survey, sim_disk_first(machine->disk) - 1);
    if (machine->node != NULL) {
        sim_tips_add(&survey->live, machine->tip);
        lower(survey, machine->first_index - 1);
        lower(survey, machine->snapshot_index);
        lower(survey, machine->last_applied);
        lower(survey, machine->view.commit_index);
    }
}

/* What a node makes of a late request is its own affair; but the situations
 * look at where the request begins, and a node that takes an old snapshot for a
 * new one is to be found out by what it does, not by what was let go. */
static void look_at_mail(const struct sim_cluster *cluster,
                         struct survey *survey)
{
    uint32_t n = sim_mail_slots(cluster->mail);
    for (uint32_t slot = 0; slot < n; slot++) {
        const struct sim_message *message =
            sim_mail_message(cluster->mail, slot);
        if (message != NULL && (message->kind == SIM_MESSAGE_APPEND_REQUEST ||
                                message->kind == SIM_MESSAGE_INSTALL_REQUEST)) {
            lower(survey, message->place.index);
        }
    }
}

static void look_around(const struct sim_cluster *cluster,
                        struct survey *survey)
{
    *survey = (struct survey){.index = cluster->committed};
    for (uint32_t node = 1; node <= cluster->n && survey->index > 0; node++) {
        look_at_machine(cluster, node, survey);
    }
    if (survey->index == 0) {
        return;
    }
    look_at_mail(cluster, survey);
    if (cluster->checker != NULL) {
        sim_checker_tips(cluster->checker, &survey->gone, &survey->live,
                         &survey->asked);
        sim_situations_tips(cluster->situations, &survey->gone, &survey->live);
    }
    for (size_t i = 0; i < survey->live.count; i++) {
        lower(
            survey,
            sim_log_tree_position(cluster->tree, survey->live.items[i]).index);
    }
    if (cluster->checker != NULL) {
        survey->index =
            sim_checker_bound(cluster->checker, survey->index, &survey->gone);
    }
}

/* The log up to F, if all that are alive contain it; else SIM_NO_TIP: something
 * is about to be found. */
static sim_tip find_base(const struct sim_cluster *cluster,
                         const struct survey *survey)
{
    const struct sim_log_tree *tree = cluster->tree;
    if (survey->index == 0 || survey->live.count == 0) {
        return SIM_NO_TIP;
    }
    sim_tip base =
        cluster->checker != NULL
            ? sim_checker_committed_tip(cluster->checker, survey->index)
            : sim_log_tree_ancestor(tree, survey->live.items[0], survey->index);
    for (size_t i = 0; i < survey->live.count; i++) {
        if (!sim_log_tree_contains(tree, survey->live.items[i], base)) {
            return SIM_NO_TIP;
        }
    }
    return base;
}

/* --- letting go ----------------------------------------------------------- */

static void let_go(struct sim_cluster *cluster, const struct survey *survey,
                   sim_tip base)
{
    const struct sim_configuration *held[3] = {cluster->members, NULL, NULL};
    if (cluster->checker != NULL) {
        sim_checker_rulers(cluster->checker, held + 1);
    }
    sim_memberships_reclaim(cluster->memberships, base, held, 3);
    sim_log_tree_reclaim(cluster->tree, base, &survey->asked);
    if (cluster->checker != NULL) {
        sim_checker_reclaim(cluster->checker, survey->index, &survey->gone);
    }
}

/* Whether the run goes on: after a violation or a breach its words are made of
 * what is there. */
static bool goes_on(const struct sim_cluster *cluster)
{
    return cluster->contract[0] == '\0' &&
           (cluster->checker == NULL ||
            sim_checker_violation(cluster->checker) == NULL);
}

/* What is not worth it yet is put off, for longer each time. */
void cluster__reclaim(struct sim_cluster *cluster)
{
    if (!goes_on(cluster)) {
        return;
    }
    struct survey survey;
    look_around(cluster, &survey);
    sim_tip base = find_base(cluster, &survey);
    uint32_t before = sim_log_tree_base(cluster->tree);
    bool is_worth_it =
        base != SIM_NO_TIP && base > before &&
        (base - before >= USUAL_WAIT / 2 || cluster->reclaim_every > 0);
    if (is_worth_it) {
        let_go(cluster, &survey, base);
    }
    bool is_patient = !is_worth_it && cluster->reclaim_every == 0 &&
                      cluster->reclaim_wait <= UINT32_MAX / 2;
    wait_for(cluster,
             is_patient ? cluster->reclaim_wait * 2 : usual_wait(cluster));
    sim_tips_free(&survey.live);
    sim_tips_free(&survey.asked);
}
