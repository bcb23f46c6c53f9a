#define _POSIX_C_SOURCE 200809L

#include "tools/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/memory.h"

bool files_make_directory(const char *directory)
{
    struct stat there;
    if (mkdir(directory, 0777) == 0 ||
        (errno == EEXIST && stat(directory, &there) == 0 &&
         S_ISDIR(there.st_mode))) {
        return true;
    }
    fprintf(stderr, "raftsim: cannot make the directory %s: %s\n", directory,
            strerror(errno));
    return false;
}

bool files_replace(const char *path, const char *text)
{
    size_t room = strlen(path) + 32;
    char *fresh = sim_calloc(room, 1);
    snprintf(fresh, room, "%s.%ld.tmp", path, (long)getpid());
    FILE *file = fopen(fresh, "w");
    bool good = file != NULL && fputs(text, file) >= 0 && fflush(file) == 0 &&
                fsync(fileno(file)) == 0;
    int error = errno;
    if (file != NULL && fclose(file) != 0 && good) {
        error = errno;
        good = false;
    }
    if (good && rename(fresh, path) != 0) {
        error = errno;
        good = false;
    }
    if (!good) {
        fprintf(stderr, "raftsim: cannot write %s: %s\n", path,
                strerror(error));
        remove(fresh);
    }
    free(fresh);
    return good;
}
