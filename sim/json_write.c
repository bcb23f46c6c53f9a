#include "sim/json_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

static void add(struct sim_json_writer *writer, const char *text, size_t size)
{
    writer->text =
        sim_grow(writer->text, &writer->capacity, writer->size + size, 1);
    memcpy(writer->text + writer->size, text, size);
    writer->size += size;
}

static void add_text(struct sim_json_writer *writer, const char *text)
{
    add(writer, text, strlen(text));
}

/* Quotes, backslashes and what cannot be seen are escaped. */
static void add_string(struct sim_json_writer *writer, const char *text)
{
    add_text(writer, "\"");
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        char escaped[8];
        if (byte == '"' || byte == '\\') {
            snprintf(escaped, sizeof escaped, "\\%c", byte);
            add_text(writer, escaped);
        } else if (byte < 0x20) {
            snprintf(escaped, sizeof escaped, "\\u%04x", byte);
            add_text(writer, escaped);
        } else {
            add(writer, text, 1);
        }
    }
    add_text(writer, "\"");
}

/* What stands before a value. */
static void begin(struct sim_json_writer *writer, const char *name)
{
    if (writer->follows) {
        add_text(writer, ",");
    }
    if (name != NULL) {
        add_string(writer, name);
        add_text(writer, ":");
    }
    writer->follows = true;
}

void sim_json_open_object(struct sim_json_writer *writer, const char *name)
{
    begin(writer, name);
    add_text(writer, "{");
    writer->follows = false;
}

void sim_json_open_list(struct sim_json_writer *writer, const char *name)
{
    begin(writer, name);
    add_text(writer, "[");
    writer->follows = false;
}

void sim_json_put_number(struct sim_json_writer *writer, const char *name,
                         uint64_t number)
{
    char digits[24];
    begin(writer, name);
    snprintf(digits, sizeof digits, "%" PRIu64, number);
    add_text(writer, digits);
}

void sim_json_put_bool(struct sim_json_writer *writer, const char *name,
                       bool value)
{
    begin(writer, name);
    add_text(writer, value ? "true" : "false");
}

void sim_json_put_null(struct sim_json_writer *writer, const char *name)
{
    begin(writer, name);
    add_text(writer, "null");
}

void sim_json_put_text(struct sim_json_writer *writer, const char *name,
                       const char *text)
{
    begin(writer, name);
    add_string(writer, text);
}

void sim_json_put_bytes(struct sim_json_writer *writer, const char *name,
                        const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    begin(writer, name);
    add_text(writer, "\"");
    for (size_t i = 0; i < size; i++) {
        char pair[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
        add(writer, pair, sizeof pair);
    }
    add_text(writer, "\"");
}

void sim_json_put_raw(struct sim_json_writer *writer, const char *name,
                      const char *text, size_t size)
{
    begin(writer, name);
    add(writer, text, size);
}

void sim_json_put_end(struct sim_json_writer *writer)
{
    add(writer, "", 1);
    writer->size--;
}

void sim_json_close_object(struct sim_json_writer *writer)
{
    add_text(writer, "}");
    writer->follows = true;
}

void sim_json_close_list(struct sim_json_writer *writer)
{
    add_text(writer, "]");
    writer->follows = true;
}

void sim_json_end_line(struct sim_json_writer *writer)
{
    add_text(writer, "\n");
    writer->follows = false;
}

void sim_json_rewind(struct sim_json_writer *writer)
{
    writer->size = 0;
    writer->follows = false;
}

void sim_json_writer_clear(struct sim_json_writer *writer)
{
    free(writer->text);
    *writer = (struct sim_json_writer){.text = NULL};
}
