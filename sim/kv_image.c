#include <stdlib.h>
#include <string.h>

#include "sim/bytes.h"
#include "sim/kv_internal.h"

/* An image:
 *
 *   offset size
 *        0    8  the index applied last
 *        8    8  the hash of what was no command
 *       16    8  how many keys there are
 *       24    8  how many answers there are
 *       32    …  the keys and their values, by rising key, then the askers and
 *                their answers, by rising asker: each with the first's size
 *                (4 bytes) and the second's (4), then both
 *
 * little-endian. An image has one form only: what is restored from it has the
 * same image. */
#define IMAGE_HEADER_SIZE 32u
#define PAIR_HEADER_SIZE 8u

static size_t pairs_size(const struct sim_table *table)
{
    size_t size = 0;
    for (size_t i = 0; i < table->capacity; i++) {
        const struct sim_table_pair *pair = &table->pairs[i];
        if (pair->bytes != NULL) {
            size += PAIR_HEADER_SIZE + pair->key_size;
            size += pair->value_size;
        }
    }
    return size;
}

static uint8_t *put_pairs(const struct sim_table *table, uint8_t *bytes)
{
    const struct sim_table_pair **sorted = sim_table_sort(table);
    for (size_t i = 0; i < table->count; i++) {
        const struct sim_table_pair *pair = sorted[i];
        size_t size = (size_t)pair->key_size + pair->value_size;
        sim_put_le(bytes, pair->key_size, 4);
        sim_put_le(bytes + 4, pair->value_size, 4);
        memcpy(bytes + PAIR_HEADER_SIZE, pair->bytes, size);
        bytes += PAIR_HEADER_SIZE + size;
    }
    free(sorted);
    return bytes;
}

size_t sim_kv_image_size(const struct sim_kv *kv)
{
    return IMAGE_HEADER_SIZE + pairs_size(&kv->content) +
           pairs_size(&kv->answers);
}

void sim_kv_image(const struct sim_kv *kv, uint8_t *bytes)
{
    sim_put_le(bytes, kv->applied, 8);
    sim_put_le(bytes + 8, kv->ignored.state, 8);
    sim_put_le(bytes + 16, kv->content.count, 8);
    sim_put_le(bytes + 24, kv->answers.count, 8);
    bytes = put_pairs(&kv->content, bytes + IMAGE_HEADER_SIZE);
    put_pairs(&kv->answers, bytes);
}

/* What is left to read of an image. */
struct reader {
    const uint8_t *bytes;
    size_t left;
};

/* A pair as it stands in an image. */
struct image_pair {
    const uint8_t *key, *value;
    uint32_t key_size, value_size;
};

/* Whether a key or an asker may have this value. */
typedef bool pair_check(const struct image_pair *pair);

static bool is_content(const struct image_pair *pair)
{
    return pair->key_size > 0 &&
           (uint64_t)pair->key_size + pair->value_size <= SIM_COMMAND_MAX_BYTES;
}

static bool is_answer(const struct image_pair *pair)
{
    if (pair->key_size != ASKER_SIZE || pair->value_size < ANSWER_HEADER_SIZE ||
        pair->value_size > ANSWER_HEADER_SIZE + SIM_COMMAND_MAX_BYTES) {
        return false;
    }
    bool has_session = sim_get_le(pair->key, 8) != 0;
    bool has_client = sim_get_le(pair->key + 8, 4) != 0;
    uint64_t number = sim_get_le(pair->value, 8);
    unsigned flags = pair->value[8];
    bool has_value = (flags & FLAG_HAS_VALUE) != 0;
    return flags <= (FLAG_SUCCESS | FLAG_HAS_VALUE) &&
           (has_value || pair->value_size == ANSWER_HEADER_SIZE) &&
           (has_session ? !has_client : number > 0);
}

static bool read_pair(struct reader *reader, struct image_pair *pair)
{
    if (reader->left < PAIR_HEADER_SIZE) {
        return false;
    }
    pair->key_size = (uint32_t)sim_get_le(reader->bytes, 4);
    pair->value_size = (uint32_t)sim_get_le(reader->bytes + 4, 4);
    uint64_t size = (uint64_t)pair->key_size + pair->value_size;
    if (size > reader->left - PAIR_HEADER_SIZE) {
        return false;
    }
    pair->key = reader->bytes + PAIR_HEADER_SIZE;
    pair->value = pair->key + pair->key_size;
    reader->bytes += PAIR_HEADER_SIZE + (size_t)size;
    reader->left -= PAIR_HEADER_SIZE + (size_t)size;
    return true;
}

static bool read_pairs(struct reader *reader, uint64_t count,
                       pair_check *is_valid, struct sim_table *table)
{
    struct image_pair before = {0};
    for (uint64_t i = 0; i < count; i++) {
        struct image_pair pair;
        if (!read_pair(reader, &pair) || !is_valid(&pair) ||
            (i > 0 && sim_table_compare(before.key, before.key_size, pair.key,
                                        pair.key_size) >= 0)) {
            return false;
        }
        sim_table_put(table, pair.key, pair.key_size, pair.value,
                      pair.value_size);
        before = pair;
    }
    return true;
}

bool sim_kv_restore(struct sim_kv *kv, const uint8_t *bytes, size_t size)
{
    sim_kv_clear(kv);
    if (size < IMAGE_HEADER_SIZE) {
        return false;
    }
    struct reader reader = {
        .bytes = bytes + IMAGE_HEADER_SIZE,
        .left = size - IMAGE_HEADER_SIZE,
    };
    kv->applied = sim_get_le(bytes, 8);
    kv->ignored.state = sim_get_le(bytes + 8, 8);
    if (!read_pairs(&reader, sim_get_le(bytes + 16, 8), is_content,
                    &kv->content) ||
        !read_pairs(&reader, sim_get_le(bytes + 24, 8), is_answer,
                    &kv->answers) ||
        reader.left > 0) {
        sim_kv_clear(kv);
        return false;
    }
    return true;
}
