#define _POSIX_C_SOURCE 200809L

#include "tools/node.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/memory.h"
#include "sim/node_type.h"
#include "sim/raft_node.h"
#include "tools/text.h"

#define SYMBOL "raftsim_node_type"

bool node_is_builtin(const char *word)
{
    return strcmp(word, NODE_BUILTIN) == 0;
}

/* --- where it is ---------------------------------------------------------- */

/* DIRECTORY/NAME.so, to be freed; NULL if there is no such file. */
static char *in_directory(const char *directory, size_t size, const char *name)
{
    struct text path = {0};
    text_add_format(&path, "%.*s/%s.so", (int)size, directory, name);
    if (size > 0 && access(path.bytes, R_OK) == 0) {
        return path.bytes;
    }
    free(path.bytes);
    return NULL;
}

/* Along a list with ':'. */
static char *along(const char *list, const char *name)
{
    char *path = NULL;
    while (list != NULL && path == NULL) {
        size_t size = strcspn(list, ":");
        path = in_directory(list, size, name);
        list = list[size] == ':' ? list + size + 1 : NULL;
    }
    return path;
}

/* Beside this program, as in the folder where it was built. */
static char *beside(const char *name)
{
    char self[4096];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self);
    while (size > 0 && self[size - 1] != '/') {
        size--;
    }
    struct text directory = {0};
    text_add_format(&directory, "%.*snodes", size > 0 ? (int)size : 0, self);
    char *path = in_directory(directory.bytes, strlen(directory.bytes), name);
    free(directory.bytes);
    return path;
}

static char *find(const char *word)
{
    if (strchr(word, '/') != NULL) {
        return sim_strdup(word);
    }
    char *path = along(getenv("RAFTSIM_NODES"), word);
    path = path != NULL ? path : beside(word);
    return path != NULL ? path : along(RAFTSIM_NODE_DIRECTORY, word);
}

/* --- whether it is one ---------------------------------------------------- */

static enum exit_code complain(const char *path, const char *problem)
{
    fprintf(stderr, "raftsim: %s: %s\n", path, problem);
    return EXIT_BROKEN;
}

static enum exit_code load(const char *path, struct runner_options *options)
{
    char problem[SIM_NODE_TYPE_PROBLEM_SIZE];
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        /* The linker's words begin with the path, most of the time. */
        fprintf(stderr, "raftsim: cannot load %s: %s\n", path, dlerror());
        return EXIT_BROKEN;
    }
    const struct sim_node_type *type = dlsym(library, SYMBOL);
    if (type == NULL) {
        dlclose(library);
        return complain(path, "it has no symbol " SYMBOL
                              ", which an adapter defines (see sim/node.h)");
    }
    if (!sim_node_type_check(type, problem)) {
        dlclose(library);
        return complain(path, problem);
    }
    options->simulation.node_type = type;
    return EXIT_AS_EXPECTED;
}

enum exit_code node_set(struct runner_options *options)
{
    const char *word = options->node;
    options->simulation.node_type = &sim_raft_node_type;
    if (node_is_builtin(word)) {
        return EXIT_AS_EXPECTED;
    }
    char *path = find(word);
    if (path == NULL && access(word, R_OK) == 0) {
        fprintf(stderr,
                "raftsim: --node %s: a path has a '/' in it: did you mean "
                "./%s?\n",
                word, word);
        return EXIT_BAD_INPUT;
    }
    if (path == NULL) {
        fprintf(stderr,
                "raftsim: --node %s: there is no %s.so along RAFTSIM_NODES, "
                "nor among those that came with raftsim; a path has a '/' in "
                "it\n",
                word, word);
        return EXIT_BAD_INPUT;
    }
    if (access(path, R_OK) != 0) {
        fprintf(stderr, "raftsim: --node %s: %s\n", word, strerror(errno));
        free(path);
        return EXIT_BAD_INPUT;
    }
    enum exit_code code = load(path, options);
    free(path);
    return code;
}
