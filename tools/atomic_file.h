/* Files that are there as a whole or not at all: who is killed while it writes
 * leaves the file of before, and who reads never sees half of one. */
#ifndef TOOLS_ATOMIC_FILE_H
#define TOOLS_ATOMIC_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Makes the file, or puts it in the place of one that is there. What is no
 * regular file, such as a pipe or a link (/dev/stdout is one), is written to as
 * it is. False, after saying so
 * on stderr, if that failed. */
bool atomic_file_write(const char *path, const char *bytes, size_t size);

/* Whether atomic_file_write() is going to succeed, as far as one can know;
 * false after saying so on stderr. Leaves nothing behind. */
bool atomic_file_probe(const char *path);

#endif
