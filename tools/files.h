/* Files that are written so that nothing is lost. */
#ifndef TOOLS_FILES_H
#define TOOLS_FILES_H

#include <stdbool.h>

/* Each says on stderr what went wrong, and is false then. */

/* Makes the directory if it is not there. */
bool files_make_directory(const char *directory);

/* Writes a text to a new file, which takes the old one's name once all of it is
 * on the disk: there is the old text or the new one, whatever happens. */
bool files_replace(const char *path, const char *text);

#endif
