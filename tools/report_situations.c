/* The situations that a run reached, for people. */
#include <inttypes.h>

#include "tools/report.h"
#include "tools/terminal.h"

uint32_t report_situations_reached(const struct sim_result *result)
{
    uint32_t reached = 0;
    for (unsigned i = 0; i < SIM_SITUATION_COUNT; i++) {
        reached += result->situations[i] > 0 ? 1 : 0;
    }
    return reached;
}

void report_print_situations(const struct sim_result *result, FILE *out)
{
    fprintf(out, "\n  %-60s%18s\n", "situation", "times reached");
    for (unsigned i = 0; i < SIM_SITUATION_COUNT; i++) {
        enum sim_situation situation = (enum sim_situation)i;
        uint64_t times = result->situations[i];
        const char *heading = sim_situation_heading(situation);
        if (heading != NULL) {
            fprintf(out, "    %s\n", heading);
        }
        fprintf(out, "      %-56s", sim_situation_name(situation));
        if (times == 0) {
            terminal_print(out, TERMINAL_CAUTION, "             never");
        } else {
            fprintf(out, "%18" PRIu64, times);
        }
        fputc('\n', out);
    }
}
