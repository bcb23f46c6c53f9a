#include "sim/window.h"

#include <criterion/criterion.h>

/* An element says its index. */
static void check(const struct sim_window *window, uint64_t first, uint64_t end)
{
    cr_assert_eq(window->first, first);
    cr_assert_eq(window->end, end);
    for (uint64_t index = first; index < end; index++) {
        const uint64_t *item = sim_window_at(window, index, sizeof *item);
        cr_assert_eq(*item, index);
    }
}

Test(window, elements_stay_at_their_index)
{
    for (uint64_t step = 1; step < 40; step++) {
        struct sim_window window = sim_window_new(sizeof(uint64_t), 7);
        uint64_t first = 7;
        for (uint64_t index = 7; index < 400; index++) {
            uint64_t *item = sim_window_add(&window);
            *item = index;
            if (index % step == 0 && index > step) {
                first = index - step / 2 > first ? index - step / 2 : first;
                sim_window_drop(&window, first);
            }
            check(&window, first, index + 1);
        }
        sim_window_free(&window);
    }
}

/* All of it, what is gone already, nothing. */
Test(window, drops_to_its_ends)
{
    struct sim_window window = sim_window_new(sizeof(uint64_t), 1);
    sim_window_drop(&window, 1);
    check(&window, 1, 1);
    for (uint64_t index = 1; index < 10; index++) {
        uint64_t *item = sim_window_add(&window);
        *item = index;
    }
    sim_window_drop(&window, 4);
    sim_window_drop(&window, 2);
    check(&window, 4, 10);
    sim_window_drop(&window, 10);
    check(&window, 10, 10);
    uint64_t *item = sim_window_add(&window);
    *item = 10;
    check(&window, 10, 11);
    sim_window_free(&window);
}

/* Room follows what is left. */
Test(window, gives_room_back)
{
    struct sim_window window = sim_window_new(sizeof(uint64_t), 0);
    for (uint64_t index = 0; index < 100000; index++) {
        uint64_t *item = sim_window_add(&window);
        *item = index;
        if (index >= 100) {
            sim_window_drop(&window, index - 100);
        }
    }
    cr_assert_leq(window.capacity, 1000);
    check(&window, 100000 - 101, 100000);
    sim_window_free(&window);
}
