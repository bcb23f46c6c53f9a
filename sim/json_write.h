/* JSON as text that grows: the other direction of sim/json.h.
 *
 * A writer makes one value after the other, in a line each, without spaces.
 * Members of objects are named, items of lists are not (`name` is NULL). The
 * caller closes what it opens; nothing is checked. Whole numbers of 64 bits are
 * written as they are: who reads them must not go by way of doubles.
 */
#ifndef SIM_JSON_WRITE_H
#define SIM_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: nothing written. */
struct sim_json_writer {
    char *text; /* `size` bytes, not ended by a NUL */
    size_t size, capacity;
    bool follows; /* a value stands before the next one, at its level */
};

/* Begins an object or a list. */
void sim_json_open_object(struct sim_json_writer *writer, const char *name);
void sim_json_open_list(struct sim_json_writer *writer, const char *name);

void sim_json_put_number(struct sim_json_writer *writer, const char *name,
                         uint64_t number);
void sim_json_put_bool(struct sim_json_writer *writer, const char *name,
                       bool value);
void sim_json_put_null(struct sim_json_writer *writer, const char *name);

/* A string; `text` is UTF-8. */
void sim_json_put_text(struct sim_json_writer *writer, const char *name,
                       const char *text);

/* A string of two hexadecimal digits for each byte. `bytes` may be NULL when
 * `size` is 0. */
void sim_json_put_bytes(struct sim_json_writer *writer, const char *name,
                        const uint8_t *bytes, size_t size);

/* A value that is JSON already, `size` bytes. */
void sim_json_put_raw(struct sim_json_writer *writer, const char *name,
                      const char *text, size_t size);

/* A NUL after all that was written, not counted in `size`. */
void sim_json_put_end(struct sim_json_writer *writer);

/* Ends the object or the list that was opened last. */
void sim_json_close_object(struct sim_json_writer *writer);
void sim_json_close_list(struct sim_json_writer *writer);

/* Ends the line, after the outermost value. */
void sim_json_end_line(struct sim_json_writer *writer);

/* Forgets the text, but keeps its room. */
void sim_json_rewind(struct sim_json_writer *writer);

/* Frees what the writer owns. */
void sim_json_writer_clear(struct sim_json_writer *writer);

/* The bytes of the character of UTF-8 that the text begins with; 0: none. */
size_t sim_json_character(const char *text);

#endif
