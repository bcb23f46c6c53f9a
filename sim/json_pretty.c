#include "sim/json_pretty.h"

#include <stdbool.h>
#include <string.h>

#include "sim/memory.h"

#define WIDTH 80u
#define INDENT 2u

struct printer {
    const char *end; /* of what is read */
    char *out;
    size_t size, capacity;
    size_t column; /* of the line that is written, from 0 */
};

/* --- reading -------------------------------------------------------------- */

static const char *after_string(const char *at)
{
    for (at++; *at != '"'; at++) {
        at += *at == '\\' ? 1 : 0;
    }
    return at + 1;
}

static bool opens(char byte)
{
    return byte == '{' || byte == '[';
}

static bool closes(char byte)
{
    return byte == '}' || byte == ']';
}

/* The byte after the value that begins here. */
static const char *after_value(const struct printer *p, const char *at)
{
    size_t depth = 0;
    while (at < p->end) {
        if (*at == '"') {
            at = after_string(at);
        } else if (depth == 0 && (*at == ',' || closes(*at))) {
            return at;
        } else {
            depth += opens(*at) ? 1 : 0;
            depth -= closes(*at) ? 1 : 0;
            at++;
        }
        if (depth == 0 && (closes(at[-1]) || at[-1] == '"')) {
            return at;
        }
    }
    return at;
}

/* Columns of the text from `at` to `end` on one line. Bytes that continue a
 * character of UTF-8 take none. */
static size_t columns(const char *at, const char *end)
{
    size_t n = 0;
    while (at < end) {
        const char *next = *at == '"' ? after_string(at) : at + 1;
        n += *at == ',' || *at == ':' ? 1 : 0;
        for (; at < next; at++) {
            n += ((unsigned char)*at & 0xc0) == 0x80 ? 0 : 1;
        }
    }
    return n;
}

/* --- writing -------------------------------------------------------------- */

/* The column is for the caller to count. */
static void put(struct printer *p, const char *text, size_t size)
{
    p->out = sim_grow(p->out, &p->capacity, p->size + size, 1);
    memcpy(p->out + p->size, text, size);
    p->size += size;
}

static void put_space(struct printer *p, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put(p, " ", 1);
    }
    p->column += count;
}

static void new_line(struct printer *p, size_t indent)
{
    put(p, "\n", 1);
    p->column = 0;
    put_space(p, indent);
}

/* The text from `at` to `end` on this line. */
static void put_inline(struct printer *p, const char *at, const char *end)
{
    p->column += columns(at, end);
    while (at < end) {
        const char *next = *at == '"' ? after_string(at) : at + 1;
        put(p, at, (size_t)(next - at));
        if (*at == ',' || *at == ':') {
            put(p, " ", 1);
        }
        at = next;
    }
}

/* Whether a list holds neither lists nor objects. */
static bool is_plain(const char *at, const char *end)
{
    if (*at != '[') {
        return false;
    }
    for (at++; at < end; at = *at == '"' ? after_string(at) : at + 1) {
        if (opens(*at)) {
            return false;
        }
    }
    return true;
}

static void print(struct printer *p, const char *at, const char *end,
                  size_t indent);

/* A value of a list or object, with the name that an object gives it. */
static void print_member(struct printer *p, const char *at, const char *end,
                         size_t indent)
{
    if (*at == '"') {
        const char *name_end = after_string(at);
        if (name_end < end && *name_end == ':') {
            put_inline(p, at, name_end + 1);
            at = name_end + 1;
        }
    }
    print(p, at, end, indent);
}

/* A member of an object with its name, or a value of a list. */
static const char *after_member(const struct printer *p, const char *at)
{
    const char *end = after_value(p, at);
    return end < p->end && *end == ':' ? after_value(p, end + 1) : end;
}

static void print_broken(struct printer *p, const char *at, const char *end,
                         size_t indent)
{
    bool plain = is_plain(at, end);
    put_inline(p, at, at + 1);
    new_line(p, indent + INDENT);
    for (at++; at < end - 1;) {
        const char *next = after_member(p, at);
        bool last = next == end - 1;
        print_member(p, at, next, indent + INDENT);
        if (last) {
            break;
        }
        put(p, ",", 1);
        p->column++;
        at = next + 1;
        if (plain &&
            p->column + 1 + columns(at, after_member(p, at)) + 1 <= WIDTH) {
            put_space(p, 1);
        } else {
            new_line(p, indent + INDENT);
        }
    }
    new_line(p, indent);
    put_inline(p, end - 1, end);
}

/* One column more is kept for a comma. */
static void print(struct printer *p, const char *at, const char *end,
                  size_t indent)
{
    bool is_empty = end - at == 2;
    if (!opens(*at) || is_empty ||
        (indent > 0 && p->column + columns(at, end) + 1 <= WIDTH)) {
        put_inline(p, at, end);
    } else {
        print_broken(p, at, end, indent);
    }
}

char *sim_json_pretty(const char *text, size_t size)
{
    struct printer p = {.end = text + size};
    print(&p, text, text + size, 0);
    put(&p, "\n", 2); /* with its NUL */
    return p.out;
}
