#define _POSIX_C_SOURCE 200809L

#include "tools/self.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/memory.h"

/* An empty item of PATH is the current directory. */
static char *in_directory(const char *directory, size_t size,
                          const char *program)
{
    size_t room = size + strlen(program) + 3;
    char *path = sim_calloc(room, 1);
    snprintf(path, room, "%.*s/%s", size > 0 ? (int)size : 1,
             size > 0 ? directory : ".", program);
    if (access(path, X_OK) == 0) {
        return path;
    }
    free(path);
    return NULL;
}

char *self_path(const char *program)
{
    const char *at = getenv("PATH");
    if (strchr(program, '/') != NULL) {
        return sim_strdup(program);
    }
    while (at != NULL) {
        size_t size = strcspn(at, ":");
        char *path = in_directory(at, size, program);
        if (path != NULL) {
            return path;
        }
        at = at[size] == ':' ? at + size + 1 : NULL;
    }
    return NULL;
}
