/* Whose Raft is run: the one that is built in, or a shared object that was made
 * elsewhere (see sim/node.h). */
#ifndef TOOLS_NODE_H
#define TOOLS_NODE_H

#include "tools/command.h"
#include "tools/runner.h"

#define NODE_BUILTIN "builtin"

bool node_is_builtin(const char *word);

/* Sets `options->simulation.node_type` to the type of the word `options->node`:
 * "builtin"; the path of a shared object, with a '/' in it; or the name of one,
 * NAME.so in one of the directories of RAFTSIM_NODES (a list with ':'), or that
 * came with the command. It stays loaded. EXIT_AS_EXPECTED; or, after saying so
 * on stderr, EXIT_BAD_INPUT if there is no such file, and EXIT_BROKEN if it is
 * no adapter that can be used. */
enum exit_code node_set(struct runner_options *options);

#endif
