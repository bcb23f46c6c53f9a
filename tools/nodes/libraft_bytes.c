#include <stdlib.h>
#include <string.h>

#include "tools/nodes/libraft.h"

void bytes_put(struct bytes *bytes, const void *more, size_t size)
{
    while (bytes->capacity - bytes->size < size) {
        bytes->at =
            sim_answers_grow(bytes->at, &bytes->capacity, bytes->capacity, 1);
    }
    if (size > 0) {
        memcpy(bytes->at + bytes->size, more, size);
        bytes->size += size;
    }
}

void bytes_put_number(struct bytes *bytes, uint64_t number)
{
    uint8_t eight[8];
    for (unsigned i = 0; i < 8; i++) {
        eight[i] = (uint8_t)(number >> (8 * i));
    }
    bytes_put(bytes, eight, sizeof eight);
}

void bytes_free(struct bytes *bytes)
{
    free(bytes->at);
    *bytes = (struct bytes){NULL, 0, 0};
}

const uint8_t *bytes_get(struct reader *reader, size_t size)
{
    const uint8_t *at = reader->at;
    reader->good = reader->good && size <= reader->left;
    if (!reader->good) {
        return NULL;
    }
    reader->at += size;
    reader->left -= size;
    return at;
}

uint64_t bytes_get_number(struct reader *reader)
{
    const uint8_t *eight = bytes_get(reader, 8);
    uint64_t number = 0;
    for (unsigned i = 0; i < 8 && eight != NULL; i++) {
        number |= (uint64_t)eight[i] << (8 * i);
    }
    return number;
}
