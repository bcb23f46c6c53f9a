/* The scan: RFC 8259 by the letter, and where each value stands.
 *
 * One function a rule of the grammar. A rule that fails notes the problem and
 * gives false; the first fault of syntax ends the scan, since what follows it
 * has no sure meaning. */
#include <stdio.h>
#include <string.h>

#include "sim/json.h"
#include "sim/memory.h"

/* No honest number is longer; cJSON stops at 63. */
#define MAX_NUMBER_BYTES 60u

struct scan {
    struct sim_json *json;
    size_t at; /* the next byte */
    uint32_t depth;
};

/* The byte `ahead` of the next; -1 beyond the text's end. */
static int peek(const struct scan *scan, size_t ahead)
{
    if (ahead >= scan->json->size - scan->at) {
        return -1;
    }
    return (unsigned char)scan->json->text[scan->at + ahead];
}

static bool fail(struct scan *scan, size_t offset, const char *what)
{
    json__note(scan->json, offset, sim_strdup(""), "%s", what);
    return false;
}

/* Fails at the next byte, naming it. */
static bool fail_here(struct scan *scan, const char *expected)
{
    int byte = peek(scan, 0);
    char found[32];
    if (byte < 0) {
        snprintf(found, sizeof found, "the file ends here");
    } else if (byte > ' ' && byte < 0x7f) {
        snprintf(found, sizeof found, "found '%c'", byte);
    } else {
        snprintf(found, sizeof found, "found the byte 0x%02x", (unsigned)byte);
    }
    json__note(scan->json, scan->at, sim_strdup(""),
               "%s, where JSON expects %s", found, expected);
    return false;
}

static bool is_digit(int byte)
{
    return byte >= '0' && byte <= '9';
}

static void skip_space(struct scan *scan)
{
    for (;;) {
        int byte = peek(scan, 0);
        if (byte != ' ' && byte != '\t' && byte != '\n' && byte != '\r') {
            return;
        }
        scan->at++;
    }
}

/* The length of the well-formed UTF-8 sequence that is next (Unicode, table
 * 3-7: no overlong forms, no surrogates, nothing above U+10FFFF); 0 if it is
 * none. */
static size_t utf8_length(const struct scan *scan)
{
    int lead = peek(scan, 0);
    int second = peek(scan, 1);
    int low = 0x80;
    int high = 0xbf;
    size_t length = 0;
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xc2 && lead <= 0xdf) {
        length = 2;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        length = 3;
        low = lead == 0xe0 ? 0xa0 : low;
        high = lead == 0xed ? 0x9f : high;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        length = 4;
        low = lead == 0xf0 ? 0x90 : low;
        high = lead == 0xf4 ? 0x8f : high;
    }
    if (length == 0 || second < low || second > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        int byte = peek(scan, i);
        if (byte < 0x80 || byte > 0xbf) {
            return 0;
        }
    }
    return length;
}

/* The value of the four hexadecimal digits that stand `ahead`; -1 if they are
 * none. */
static int hex4(const struct scan *scan, size_t ahead)
{
    int value = 0;
    for (size_t i = 0; i < 4; i++) {
        int byte = peek(scan, ahead + i);
        int digit;
        if (is_digit(byte)) {
            digit = byte - '0';
        } else if (byte >= 'a' && byte <= 'f') {
            digit = byte - 'a' + 10;
        } else if (byte >= 'A' && byte <= 'F') {
            digit = byte - 'A' + 10;
        } else {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

/* A \u escape; of two if they are a surrogate pair. */
static bool scan_unicode_escape(struct scan *scan)
{
    int code = hex4(scan, 2);
    if (code < 0) {
        return fail(scan, scan->at, "\\u wants four hexadecimal digits");
    }
    if (code == 0) {
        return fail(scan, scan->at, "\\u0000 (NUL) may not stand in a string");
    }
    if (code < 0xd800 || code > 0xdfff) {
        scan->at += 6;
        return true;
    }
    int low =
        peek(scan, 6) == '\\' && peek(scan, 7) == 'u' ? hex4(scan, 8) : -1;
    if (code > 0xdbff || low < 0xdc00 || low > 0xdfff) {
        return fail(scan, scan->at,
                    "half of a surrogate pair is not a character");
    }
    scan->at += 12;
    return true;
}

static bool scan_escape(struct scan *scan)
{
    int byte = peek(scan, 1);
    if (byte == 'u') {
        return scan_unicode_escape(scan);
    }
    if (byte <= 0 || strchr("\"\\/bfnrt", byte) == NULL) {
        return fail(scan, scan->at,
                    "a backslash in a string stands before one of "
                    "\" \\ / b f n r t u");
    }
    scan->at += 2;
    return true;
}

static bool scan_string(struct scan *scan)
{
    size_t start = scan->at;
    scan->at++;
    for (;;) {
        int byte = peek(scan, 0);
        if (byte < 0) {
            return fail(scan, start,
                        "this string never ends: its closing "
                        "quotation mark is missing");
        }
        if (byte < ' ') {
            return fail(scan, scan->at,
                        byte == '\n' || byte == '\r'
                            ? "a string ends on its own line: a quotation "
                              "mark is missing, or write \\n"
                            : "a control character in a string; write it as "
                              "an escape, such as \\t");
        }
        if (byte == '"') {
            scan->at++;
            return true;
        }
        if (byte == '\\') {
            if (!scan_escape(scan)) {
                return false;
            }
            continue;
        }
        size_t length = utf8_length(scan);
        if (length == 0) {
            return fail(scan, scan->at, "this is not UTF-8");
        }
        scan->at += length;
    }
}

static bool scan_digits(struct scan *scan)
{
    if (!is_digit(peek(scan, 0))) {
        return fail_here(scan, "a digit");
    }
    while (is_digit(peek(scan, 0))) {
        scan->at++;
    }
    return true;
}

static bool scan_number(struct scan *scan)
{
    size_t start = scan->at;
    if (peek(scan, 0) == '-') {
        scan->at++;
    }
    if (peek(scan, 0) == '0' && is_digit(peek(scan, 1))) {
        return fail(scan, start, "a number does not begin with 0");
    }
    if (!scan_digits(scan)) {
        return false;
    }
    if (peek(scan, 0) == '.') {
        scan->at++;
        if (!scan_digits(scan)) {
            return false;
        }
    }
    if (peek(scan, 0) == 'e' || peek(scan, 0) == 'E') {
        scan->at++;
        if (peek(scan, 0) == '+' || peek(scan, 0) == '-') {
            scan->at++;
        }
        if (!scan_digits(scan)) {
            return false;
        }
    }
    if (scan->at - start > MAX_NUMBER_BYTES) {
        return fail(scan, start, "this number has too many digits");
    }
    return true;
}

static bool scan_name(struct scan *scan, const char *name)
{
    for (size_t i = 0; name[i] != '\0'; i++) {
        if (peek(scan, i) != name[i]) {
            return fail_here(scan, "a value (strings stand in quotation "
                                   "marks)");
        }
    }
    scan->at += strlen(name);
    return true;
}

/* Lists a value that begins here; gives its number. */
static uint32_t add_value(struct scan *scan, uint32_t parent, uint32_t place,
                          size_t key)
{
    struct sim_json *json = scan->json;
    json->values = sim_grow(json->values, &json->capacity, json->n_values + 1,
                            sizeof *json->values);
    json->values[json->n_values] = (struct sim_json_value){
        .key = key, .begin = scan->at, .parent = parent, .place = place};
    return (uint32_t)json->n_values++;
}

static bool scan_value(struct scan *scan, uint32_t parent, uint32_t place,
                       size_t key);

/* `"key":`, up to the value. */
static bool scan_key(struct scan *scan)
{
    if (peek(scan, 0) != '"') {
        return fail_here(scan, "a key in quotation marks");
    }
    if (!scan_string(scan)) {
        return false;
    }
    skip_space(scan);
    if (peek(scan, 0) != ':') {
        return fail_here(scan, "':' after the key");
    }
    scan->at++;
    skip_space(scan);
    return true;
}

/* The content of a list or an object, which ends with `close`. */
static bool scan_content(struct scan *scan, uint32_t number, char close)
{
    uint32_t count = 0;
    scan->at++;
    skip_space(scan);
    if (peek(scan, 0) == close) {
        scan->at++;
        return true;
    }
    for (;;) {
        size_t key = scan->at;
        if (close == '}' && !scan_key(scan)) {
            return false;
        }
        if (!scan_value(scan, number, count, close == '}' ? key : scan->at)) {
            return false;
        }
        count++;
        scan->json->values[number].n_values = count;
        skip_space(scan);
        if (peek(scan, 0) == close) {
            scan->at++;
            return true;
        }
        if (peek(scan, 0) != ',') {
            return fail_here(scan, close == '}' ? "',' or '}'" : "',' or ']'");
        }
        scan->at++;
        skip_space(scan);
    }
}

static bool scan_nested(struct scan *scan, uint32_t number, char close)
{
    if (scan->depth == SIM_JSON_MAX_DEPTH) {
        return fail(scan, scan->at,
                    "lists and objects are nested too deep "
                    "here: at most 64 levels");
    }
    scan->depth++;
    bool ok = scan_content(scan, number, close);
    scan->depth--;
    return ok;
}

static bool scan_by_kind(struct scan *scan, uint32_t number,
                         enum sim_json_kind *kind)
{
    int byte = peek(scan, 0);
    if (byte == '{') {
        *kind = SIM_JSON_OBJECT;
        return scan_nested(scan, number, '}');
    }
    if (byte == '[') {
        *kind = SIM_JSON_LIST;
        return scan_nested(scan, number, ']');
    }
    if (byte == '"') {
        *kind = SIM_JSON_STRING;
        return scan_string(scan);
    }
    if (byte == '-' || is_digit(byte)) {
        *kind = SIM_JSON_NUMBER;
        return scan_number(scan);
    }
    if (byte == 't' || byte == 'f') {
        *kind = SIM_JSON_BOOLEAN;
        return scan_name(scan, byte == 't' ? "true" : "false");
    }
    if (byte == 'n') {
        *kind = SIM_JSON_NULL;
        return scan_name(scan, "null");
    }
    return fail_here(scan, "a value (strings stand in quotation marks)");
}

static bool scan_value(struct scan *scan, uint32_t parent, uint32_t place,
                       size_t key)
{
    enum sim_json_kind kind = SIM_JSON_NULL;
    uint32_t number = add_value(scan, parent, place, key);
    bool ok = scan_by_kind(scan, number, &kind);
    /* Scanning the content may have moved the list of values. */
    struct sim_json_value *value = &scan->json->values[number];
    value->kind = kind;
    value->end = scan->at;
    value->following = (uint32_t)scan->json->n_values;
    return ok;
}

bool json__scan(struct sim_json *json)
{
    struct scan scan = {.json = json};
    if (json->size >= 3 && memcmp(json->text, "\xef\xbb\xbf", 3) == 0) {
        return fail(&scan, 0,
                    "the file begins with a byte order mark; save "
                    "it as UTF-8 without one");
    }
    skip_space(&scan);
    if (peek(&scan, 0) < 0) {
        return fail(&scan, scan.at, "the file is empty");
    }
    if (!scan_value(&scan, 0, 0, scan.at)) {
        return false;
    }
    skip_space(&scan);
    if (peek(&scan, 0) >= 0) {
        return fail_here(&scan, "the end of the file");
    }
    return true;
}
