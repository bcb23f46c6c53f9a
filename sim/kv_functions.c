/* The map, as nodes that keep one of their own see it (sim/node.h). */
#include "sim/kv.h"

static struct sim_kv *kv_of(struct sim_state_machine *machine)
{
    return (struct sim_kv *)machine;
}

static const struct sim_kv *const_kv_of(const struct sim_state_machine *machine)
{
    return (const struct sim_kv *)machine;
}

static struct sim_state_machine *create(void)
{
    return (struct sim_state_machine *)sim_kv_new();
}

static void apply(struct sim_state_machine *machine, uint64_t index,
                  const struct sim_entry *entry)
{
    sim_kv_apply(kv_of(machine), index, entry);
}

static size_t image_size(const struct sim_state_machine *machine)
{
    return sim_kv_image_size(const_kv_of(machine));
}

static void image(const struct sim_state_machine *machine, uint8_t *bytes)
{
    sim_kv_image(const_kv_of(machine), bytes);
}

static bool restore(struct sim_state_machine *machine, const uint8_t *bytes,
                    size_t size)
{
    return sim_kv_restore(kv_of(machine), bytes, size);
}

static void destroy(struct sim_state_machine *machine)
{
    sim_kv_free(kv_of(machine));
}

const struct sim_state_machine_functions sim_kv_functions = {
    .create = create,
    .apply = apply,
    .image_size = image_size,
    .image = image,
    .restore = restore,
    .destroy = destroy,
};
