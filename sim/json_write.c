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

size_t sim_json_character(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    static const struct {
        unsigned char first, last;     /* of the first byte */
        unsigned char second, highest; /* range of the second one */
        size_t size;
    } forms[] = {
        {0x01, 0x7f, 0x00, 0xff, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2},
        {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
        {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    size_t i = 0;
    while (i < sizeof forms / sizeof *forms &&
           (at[0] < forms[i].first || at[0] > forms[i].last)) {
        i++;
    }
    if (i == sizeof forms / sizeof *forms) {
        return 0;
    }
    size_t size = forms[i].size;
    bool good =
        size == 1 || (at[1] >= forms[i].second && at[1] <= forms[i].highest);
    for (size_t k = 2; k < size && good; k++) {
        good = at[k] >= 0x80 && at[k] <= 0xbf;
    }
    return good ? size : 0;
}

/* Quotes, backslashes and what cannot be seen are escaped; what is no UTF-8,
 * as in a file's name, becomes U+FFFD, a byte each. */
static void add_string(struct sim_json_writer *writer, const char *text)
{
    add_text(writer, "\"");
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        size_t size = sim_json_character(text);
        char escaped[8];
        if (byte == '"' || byte == '\\') {
            snprintf(escaped, sizeof escaped, "\\%c", byte);
            add_text(writer, escaped);
        } else if (byte < 0x20) {
            snprintf(escaped, sizeof escaped, "\\u%04x", byte);
            add_text(writer, escaped);
        } else if (size == 0) {
            add_text(writer, "\xef\xbf\xbd");
        } else {
            add(writer, text, size);
            text += size - 1;
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
