#define _POSIX_C_SOURCE 200809L

#include "tools/atomic_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/memory.h"

static bool complain(const char *path)
{
    fprintf(stderr, "raftsim: cannot write %s: %s\n", path, strerror(errno));
    return false;
}

static bool is_special(const char *path)
{
    struct stat file;
    return lstat(path, &file) == 0 && !S_ISREG(file.st_mode);
}

/* Beside the file, so that it can take its place; to be freed. */
static char *temporary_name(const char *path)
{
    size_t room = strlen(path) + 48;
    char *name = sim_calloc(room, 1);
    snprintf(name, room, "%s.tmp.%ld", path, (long)getpid());
    return name;
}

static bool write_all(const char *path, const char *bytes, size_t size,
                      bool sync)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return false;
    }
    bool good = fwrite(bytes, 1, size, file) == size && fflush(file) == 0 &&
                (!sync || fsync(fileno(file)) == 0);
    int error = errno;
    good = fclose(file) == 0 && good;
    errno = error;
    return good;
}

bool atomic_file_write(const char *path, const char *bytes, size_t size)
{
    if (is_special(path)) {
        return write_all(path, bytes, size, false) || complain(path);
    }
    char *name = temporary_name(path);
    bool good = write_all(name, bytes, size, true) && rename(name, path) == 0;
    if (!good) {
        int error = errno;
        unlink(name);
        errno = error;
        complain(path);
    }
    free(name);
    return good;
}

bool atomic_file_probe(const char *path)
{
    if (is_special(path) && access(path, F_OK) == 0) {
        return access(path, W_OK) == 0 || complain(path);
    }
    char *name = temporary_name(path);
    bool good = write_all(name, "", 0, false);
    if (good) {
        unlink(name);
    } else {
        complain(path);
    }
    free(name);
    return good;
}
