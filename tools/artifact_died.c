#define _POSIX_C_SOURCE 200809L

#include "tools/artifact_died.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/memory.h"
#include "tools/atomic_file.h"

const char *artifact_name(const char *path, size_t *size)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    *size = strlen(name);
    if (*size > 5 && strcmp(name + *size - 5, ".json") == 0) {
        *size -= 5;
    }
    return name;
}

char *artifact_path(const char *directory, const char *path, uint64_t seed)
{
    size_t size;
    const char *name = artifact_name(path, &size);
    size_t room = strlen(directory) + size + 48;
    char *text = sim_calloc(room, 1);
    snprintf(text, room, "%s/%.*s-%" PRIu64 ".json", directory, (int)size, name,
             seed);
    return text;
}

/* A text as a list of its lines. */
static void add_lines(cJSON *object, const char *name, const char *text)
{
    cJSON *list = cJSON_AddArrayToObject(object, name);
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        char *line = sim_calloc(size + 1, 1);
        memcpy(line, text, size);
        cJSON_AddItemToArray(list, cJSON_CreateString(line));
        free(line);
        text += size + (text[size] == '\n' ? 1 : 0);
    }
}

static char *make_text(const struct artifact_died *artifact)
{
    char seed[24];
    cJSON *object = cJSON_CreateObject();
    snprintf(seed, sizeof seed, "%" PRIu64, artifact->seed);
    cJSON_AddStringToObject(object, "format", ARTIFACT_FORMAT);
    cJSON_AddNumberToObject(object, "version", ARTIFACT_FORMAT_VERSION);
    cJSON_AddStringToObject(object, "scenario_file", artifact->path);
    cJSON_AddRawToObject(object, "scenario", artifact->scenario);
    cJSON_AddStringToObject(object, "seed", seed);
    cJSON_AddStringToObject(object, artifact->died ? "died" : "problem",
                            artifact->problem);
    add_lines(object, "last_steps", artifact->last_steps);
    cJSON_AddStringToObject(object, "repeat", artifact->repeat);
    char *text = cJSON_Print(object);
    cJSON_Delete(object);
    return text;
}

bool artifact_died_write(const char *directory,
                         const struct artifact_died *artifact)
{
    if (mkdir(directory, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "raftsim: cannot make %s: %s\n", directory,
                strerror(errno));
        return false;
    }
    char *path = artifact_path(directory, artifact->path, artifact->seed);
    char *text = make_text(artifact);
    bool good = text != NULL && atomic_file_write(path, text, strlen(text));
    cJSON_free(text);
    free(path);
    return good;
}
