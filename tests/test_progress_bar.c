/* The line that says how far something has come. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>

#include "tools/progress_bar.h"
#include "tools/wall_clock.h"

#define SECOND UINT64_C(1000000)

/* Ten seconds after it was started. */
static void expect_line(uint64_t done, uint64_t all, const char *line)
{
    struct progress_bar bar = {.started_us = wall_clock_us() - 10 * SECOND};
    progress_bar_draw(&bar, done, all, "text");
    fflush(stderr);
    cr_expect_stderr_eq_str(line);
}

#define BAR_TEST(name, done, all, line)                                        \
    Test(progress_bar, name, .init = cr_redirect_stderr)                       \
    {                                                                          \
        expect_line(done, all, line);                                          \
    }

BAR_TEST(few, 1, 4, "[=====>              ]  25%  text  0:30 left")
BAR_TEST(none, 0, 4, "[>                   ]   0%  text  0:00 left")
BAR_TEST(all_of_them, 4, 4, "[====================] 100%  text  0:00 left")
BAR_TEST(unknown, 7, 0, "text")

/* Microseconds of virtual time go by faster than those of the wall clock. */
BAR_TEST(many, 20 * SECOND, 60 * SECOND,
         "[======>             ]  33%  text  0:20 left")
