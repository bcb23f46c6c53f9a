#undef NDEBUG
#include "sim/intern.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sim/hash.h"
#include "sim/memory.h"

/* Strings up to this size lie in the list. A value of the workload has so many
 * bytes unless the scenario says otherwise. */
#define SHORT_SIZE 16u

#define FIRST_TABLE_SIZE ((size_t)32)

struct text {
    uint64_t number;
    uint32_t hash;
    uint32_t size;
    uint32_t note;
    bool marked;
    union {
        uint8_t here[SHORT_SIZE];
        uint8_t *there; /* owned; of longer ones */
    } bytes;
};

struct sim_intern {
    struct text *texts; /* by number */
    size_t count, capacity;
    size_t dense;    /* from this place on no number is missing */
    uint64_t given;  /* the highest number */
    uint32_t *table; /* open addressing, at most half full: a place plus one, or
                        0 */
    size_t table_size; /* a power of two */
};

struct sim_intern *sim_intern_new(void)
{
    struct sim_intern *intern = sim_calloc(1, sizeof *intern);
    intern->table_size = FIRST_TABLE_SIZE;
    intern->table = sim_calloc(intern->table_size, sizeof *intern->table);
    return intern;
}

static const uint8_t *bytes_of(const struct text *text)
{
    return text->size <= SHORT_SIZE ? text->bytes.here : text->bytes.there;
}

/* --- by bytes ------------------------------------------------------------- */

/* Where the table has the string, or could have it. */
static size_t find(const struct sim_intern *intern, uint32_t hash,
                   const uint8_t *bytes, uint32_t size)
{
    size_t mask = intern->table_size - 1;
    size_t at = hash & mask;
    for (; intern->table[at] != 0; at = (at + 1) & mask) {
        const struct text *text = &intern->texts[intern->table[at] - 1];
        if (text->hash == hash && text->size == size &&
            (size == 0 || memcmp(bytes_of(text), bytes, size) == 0)) {
            break;
        }
    }
    return at;
}

/* Makes the table anew; all strings are different. */
static void fill_table(struct sim_intern *intern)
{
    size_t mask = intern->table_size - 1;
    memset(intern->table, 0, intern->table_size * sizeof *intern->table);
    for (size_t place = 0; place < intern->count; place++) {
        size_t at = intern->texts[place].hash & mask;
        while (intern->table[at] != 0) {
            at = (at + 1) & mask;
        }
        intern->table[at] = (uint32_t)place + 1;
    }
}

static void append(struct sim_intern *intern, uint32_t hash,
                   const uint8_t *bytes, uint32_t size)
{
    assert(intern->count < UINT32_MAX);
    intern->texts = sim_grow(intern->texts, &intern->capacity,
                             intern->count + 1, sizeof *intern->texts);
    struct text *text = &intern->texts[intern->count++];
    *text = (struct text){.number = ++intern->given,
                          .hash = hash,
                          .size = size,
                          .note = SIM_INTERN_NO_NOTE};
    if (size > SHORT_SIZE) {
        text->bytes.there = sim_realloc(NULL, size, 1);
        memcpy(text->bytes.there, bytes, size);
    } else if (size > 0) {
        memcpy(text->bytes.here, bytes, size);
    }
}

uint64_t sim_intern_add(struct sim_intern *intern, const uint8_t *bytes,
                        uint32_t size)
{
    struct sim_hash hashed = {0};
    sim_hash_bytes(&hashed, bytes, size);
    uint32_t hash = (uint32_t)sim_hash_value(&hashed);
    size_t at = find(intern, hash, bytes, size);
    if (intern->table[at] != 0) {
        return intern->texts[intern->table[at] - 1].number;
    }
    append(intern, hash, bytes, size);
    intern->table[at] = (uint32_t)intern->count;
    if (intern->count > intern->table_size / 2) {
        intern->table_size *= 2;
        intern->table = sim_realloc(intern->table, intern->table_size,
                                    sizeof *intern->table);
        fill_table(intern);
    }
    return intern->given;
}

/* --- by number ------------------------------------------------------------ */

static struct text *get(const struct sim_intern *intern, uint64_t number)
{
    assert(number > 0);
    assert(number <= intern->given);
    uint64_t from_end = intern->given - number + 1;
    if (from_end <= intern->count - intern->dense) {
        return &intern->texts[intern->count - (size_t)from_end];
    }
    size_t low = 0;
    size_t high = intern->dense;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (intern->texts[middle].number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    assert(low < intern->count);
    assert(intern->texts[low].number == number);
    return &intern->texts[low];
}

const uint8_t *sim_intern_bytes(const struct sim_intern *intern,
                                uint64_t number, uint32_t *size)
{
    const struct text *text = get(intern, number);
    *size = text->size;
    return bytes_of(text);
}

uint32_t *sim_intern_note(struct sim_intern *intern, uint64_t number)
{
    return &get(intern, number)->note;
}

size_t sim_intern_count(const struct sim_intern *intern)
{
    return intern->count;
}

/* --- what is kept --------------------------------------------------------- */

static void drop(struct text *text)
{
    if (text->size > SHORT_SIZE) {
        free(text->bytes.there);
    }
}

void sim_intern_mark(struct sim_intern *intern, uint64_t number)
{
    if (number != 0) {
        get(intern, number)->marked = true;
    }
}

void sim_intern_sweep(struct sim_intern *intern)
{
    size_t n = 0;
    for (size_t i = 0; i < intern->count; i++) {
        if (intern->texts[i].marked) {
            intern->texts[n] = intern->texts[i];
            intern->texts[n++].marked = false;
        } else {
            drop(&intern->texts[i]);
        }
    }
    intern->count = n;
    intern->dense = n;
    while (intern->dense > 0 &&
           intern->texts[intern->dense - 1].number + (n - intern->dense) ==
               intern->given) {
        intern->dense--;
    }
    fill_table(intern);
}

void sim_intern_free(struct sim_intern *intern)
{
    if (intern == NULL) {
        return;
    }
    for (size_t i = 0; i < intern->count; i++) {
        drop(&intern->texts[i]);
    }
    free(intern->texts);
    free(intern->table);
    free(intern);
}
