/* Where this program's own file is, for who starts it again. */
#ifndef TOOLS_SELF_H
#define TOOLS_SELF_H

/* A path that can be executed, to be freed: `program` is the name by which it
 * was started, with a slash in it or found along PATH. NULL if there is none.
 */
char *self_path(const char *program);

#endif
