#undef NDEBUG
#include "sim/intern.h"

#include <assert.h>
#include <stdlib.h>

#include "sim/bytes.h"
#include "sim/memory.h"
#include "sim/table.h"

struct text {
    const uint8_t *bytes; /* the table's key, which stays where it is */
    uint32_t size;
};

struct sim_intern {
    struct sim_table numbers; /* strings to numbers */
    struct text *texts;       /* of number i + 1 */
    size_t capacity;
    size_t count;
};

#define NUMBER_SIZE 8u

struct sim_intern *sim_intern_new(void)
{
    return sim_calloc(1, sizeof(struct sim_intern));
}

uint64_t sim_intern_add(struct sim_intern *intern, const uint8_t *bytes,
                        uint32_t size)
{
    const uint8_t *value;
    uint32_t value_size;
    if (sim_table_get(&intern->numbers, bytes, size, &value, &value_size)) {
        return sim_get_le(value, NUMBER_SIZE);
    }
    uint8_t number[NUMBER_SIZE];
    sim_put_le(number, (uint64_t)intern->count + 1, NUMBER_SIZE);
    sim_table_put(&intern->numbers, bytes, size, number, NUMBER_SIZE);
    sim_table_get(&intern->numbers, bytes, size, &value, &value_size);
    intern->texts = sim_grow(intern->texts, &intern->capacity,
                             intern->count + 1, sizeof *intern->texts);
    /* The table keeps the value right behind the key. */
    intern->texts[intern->count++] =
        (struct text){.bytes = value - size, .size = size};
    return intern->count;
}

const uint8_t *sim_intern_bytes(const struct sim_intern *intern,
                                uint64_t number, uint32_t *size)
{
    assert(number > 0);
    assert(number <= intern->count);
    const struct text *text = &intern->texts[number - 1];
    *size = text->size;
    return text->bytes;
}

void sim_intern_free(struct sim_intern *intern)
{
    if (intern != NULL) {
        sim_table_clear(&intern->numbers);
        free(intern->texts);
        free(intern);
    }
}
