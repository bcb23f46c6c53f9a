#undef NDEBUG
#include "tools/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/memory.h"

void text_add(struct text *text, const char *more)
{
    size_t size = strlen(more);
    text->bytes =
        sim_grow(text->bytes, &text->capacity, text->size + size + 1, 1);
    memcpy(text->bytes + text->size, more, size + 1);
    text->size += size;
}

void text_add_format(struct text *text, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int size = vsnprintf(NULL, 0, format, list);
    va_end(list);
    assert(size >= 0);
    text->bytes = sim_grow(text->bytes, &text->capacity,
                           text->size + (size_t)size + 1, 1);
    va_start(list, format);
    vsnprintf(text->bytes + text->size, (size_t)size + 1, format, list);
    va_end(list);
    text->size += (size_t)size;
}
