/* Where the report of a sweep, or of several that were merged, is written to.
 */
#ifndef TOOLS_SWEEP_FILES_H
#define TOOLS_SWEEP_FILES_H

#include "tools/sweep_report.h"

/* Paths, or NULL; "-" is standard output. */
struct sweep_files {
    const char *json, *junit;
};

/* Whether they can be written, and overwrite none of `read`; false, after
 * saying so on stderr, if not. A sweep may take hours: better before than
 * after. */
bool sweep_files_check(const struct sweep_files *files, const char *const *read,
                       uint32_t n_read);

/* Where what people read goes: standard output, or standard error if a report
 * goes there. */
FILE *sweep_files_out(const struct sweep_files *files);

/* Writes the files, and tells GitHub where it runs the command. False, after
 * saying so on stderr, if one could not be written. */
bool sweep_files_write(const struct sweep_files *files,
                       const struct sweep_report *report);

#endif
