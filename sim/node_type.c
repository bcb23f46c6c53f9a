#include "sim/node_type.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- what is right -------------------------------------------------------- */

struct requirement {
    const char *name;
    bool is_there;
    uint32_t feature; /* that it is needed for; 0: for all */
    const char *of;   /* the feature's name, or NULL */
};

static bool is_missing(const struct requirement *requirement, uint32_t features)
{
    return !requirement->is_there && (requirement->feature == 0 ||
                                      (requirement->feature & features) != 0);
}

static bool has_functions(const struct sim_node_type *type,
                          char problem[SIM_NODE_TYPE_PROBLEM_SIZE])
{
    const struct requirement requirements[] = {
        {"create", type->create != NULL, 0, NULL},
        {"step", type->step != NULL, 0, NULL},
        {"destroy", type->destroy != NULL, 0, NULL},
        {"bootstrap", type->bootstrap != NULL, SIM_FEATURE_MEMBERS, "members"},
        {"configuration", type->configuration != NULL, SIM_FEATURE_MEMBERS,
         "members"},
        {"snapshot_configuration", type->snapshot_configuration != NULL,
         SIM_FEATURE_SNAPSHOTS, "snapshots"},
    };
    for (size_t i = 0; i < sizeof requirements / sizeof *requirements; i++) {
        const struct requirement *each = &requirements[i];
        if (is_missing(each, type->features)) {
            snprintf(problem, SIM_NODE_TYPE_PROBLEM_SIZE, "%s() is NULL%s%s",
                     each->name, each->of == NULL ? "" : ", and it has ",
                     each->of == NULL ? "" : each->of);
            return false;
        }
    }
    if (type->shows != 0 && type->inspect == NULL) {
        snprintf(problem, SIM_NODE_TYPE_PROBLEM_SIZE,
                 "inspect() is NULL, and it is to show something");
        return false;
    }
    return true;
}

/* What a file name, a table and a shell take without quotes. */
static bool is_name(const char *name)
{
    static const char good[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
    return name != NULL && *name != '\0' && *name != '-' &&
           strlen(name) <= SIM_NODE_NAME_MAX &&
           strspn(name, good) == strlen(name);
}

bool sim_node_type_check(const struct sim_node_type *type,
                         char problem[SIM_NODE_TYPE_PROBLEM_SIZE])
{
    if (type->abi != SIM_NODE_ABI) {
        snprintf(problem, SIM_NODE_TYPE_PROBLEM_SIZE,
                 "it is made for interface %" PRIu32 ", and this is %u",
                 type->abi, SIM_NODE_ABI);
        return false;
    }
    if (type->size <
        offsetof(struct sim_node_type, describe) + sizeof type->describe) {
        snprintf(problem, SIM_NODE_TYPE_PROBLEM_SIZE,
                 "its table has %" PRIu32 " bytes, too few", type->size);
        return false;
    }
    if (!is_name(type->name)) {
        snprintf(problem, SIM_NODE_TYPE_PROBLEM_SIZE,
                 "its name is none: letters, digits, '-' and '.', at most %u",
                 SIM_NODE_NAME_MAX);
        return false;
    }
    return has_functions(type, problem);
}

/* --- what stands in ------------------------------------------------------- */

static void inspect_nothing(const struct sim_node *node, struct sim_view *view)
{
    (void)node;
    (void)view;
}

static void classify_nothing(const uint8_t *bytes, size_t size,
                             struct sim_message *message)
{
    (void)bytes;
    (void)size;
    *message = (struct sim_message){.kind = SIM_MESSAGE_OTHER};
}

static void describe_nothing(const uint8_t *bytes, size_t size, char *text)
{
    (void)bytes;
    snprintf(text, SIM_DESCRIPTION_SIZE, "%zu byte%s", size,
             size == 1 ? "" : "s");
}

struct sim_node_type sim_node_type_complete(const struct sim_node_type *type)
{
    struct sim_node_type complete = *type;
    if (complete.inspect == NULL) {
        complete.inspect = inspect_nothing;
    }
    if (complete.classify == NULL) {
        complete.classify = classify_nothing;
    }
    if (complete.describe == NULL) {
        complete.describe = describe_nothing;
    }
    return complete;
}
