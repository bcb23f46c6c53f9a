/* Text that grows. */
#ifndef TOOLS_TEXT_H
#define TOOLS_TEXT_H

#include <stddef.h>

/* All zero: nothing yet. `bytes` end with a zero once something was added, and
 * are the owner's to free. */
struct text {
    char *bytes;
    size_t size, capacity;
};

void text_add(struct text *text, const char *more);

/* As printf() would. */
void text_add_format(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
