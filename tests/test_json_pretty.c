/* JSON for people: the same values, in lines that can be read. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/json_pretty.h"
#include "sim/memory.h"
#include "sim/prng.h"
#include "tests/sim_harness.h"

/* --- helpers -------------------------------------------------------------- */

static char *pretty_of(const char *text)
{
    return sim_json_pretty(text, strlen(text));
}

static void expect_pretty(const char *text, const char *wanted)
{
    char *pretty = pretty_of(text);
    cr_expect_str_eq(pretty, wanted, "%s\nis\n%s\nnot\n%s", text, pretty,
                     wanted);
    free(pretty);
}

/* Columns of a line, as characters of UTF-8. */
static size_t width_of(const char *line, size_t size)
{
    size_t width = 0;
    for (size_t i = 0; i < size; i++) {
        width += ((unsigned char)line[i] & 0xc0) != 0x80;
    }
    return width;
}

/* Whether a line is one plain value, with its name if it has one. */
static bool is_alone(const char *line, size_t size)
{
    char *text = sim_calloc(size + 3, 1);
    size -= line[size - 1] == ',' ? 1 : 0;
    snprintf(text, size + 3, "{%.*s}", (int)size, line);
    cJSON *named = cJSON_Parse(text);
    text[0] = '[';
    text[size + 1] = ']';
    cJSON *nameless = cJSON_Parse(text);
    const cJSON *list = named != NULL ? named : nameless;
    bool alone = list != NULL && cJSON_GetArraySize(list) == 1 &&
                 list->child->child == NULL;
    cJSON_Delete(named);
    cJSON_Delete(nameless);
    free(text);
    return alone;
}

/* No line is too long that could be shorter, and none ends with a space. */
static void expect_widths(const char *pretty)
{
    while (*pretty != '\0') {
        size_t size = strcspn(pretty, "\n");
        cr_assert(width_of(pretty, size) <= 80 || is_alone(pretty, size),
                  "%.*s", (int)size, pretty);
        cr_assert(size == 0 || pretty[size - 1] != ' ', "a space at the end");
        pretty += size + 1;
    }
}

static void expect_round_trip(const char *text)
{
    cJSON *before = cJSON_Parse(text);
    char *pretty = pretty_of(text);
    cJSON *after = cJSON_Parse(pretty);
    cr_assert_not_null(before, "%s", text);
    cr_assert_not_null(after, "%s", pretty);
    cr_assert(cJSON_Compare(before, after, true), "%s\n%s", text, pretty);
    char *again = cJSON_PrintUnformatted(after);
    char *once = cJSON_PrintUnformatted(before);
    cr_assert_str_eq(again, once);
    cr_assert_eq(pretty[strlen(pretty) - 1], '\n');
    expect_widths(pretty);
    free(again);
    free(once);
    free(pretty);
    cJSON_Delete(before);
    cJSON_Delete(after);
}

/* --- forms ---------------------------------------------------------------- */

Test(json_pretty, what_fits_stays_on_its_line)
{
    expect_pretty("{\"a\":1,\"b\":[1,2,{\"c\":null}],\"d\":{\"e\":true}}",
                  "{\n"
                  "  \"a\": 1,\n"
                  "  \"b\": [1, 2, {\"c\": null}],\n"
                  "  \"d\": {\"e\": true}\n"
                  "}\n");
}

Test(json_pretty, what_is_empty_stays_so)
{
    expect_pretty("{}", "{}\n");
    expect_pretty("[]", "[]\n");
    expect_pretty("{\"a\":[],\"b\":{},\"c\":[[],{}],\"\":\"\"}",
                  "{\n"
                  "  \"a\": [],\n"
                  "  \"b\": {},\n"
                  "  \"c\": [[], {}],\n"
                  "  \"\": \"\"\n"
                  "}\n");
}

Test(json_pretty, plain_values_are_their_own_line)
{
    expect_pretty("10", "10\n");
    expect_pretty("-1.5e3", "-1.5e3\n");
    expect_pretty("\"a,b\"", "\"a,b\"\n");
    expect_pretty("null", "null\n");
}

/* Commas, colons, braces and quotation marks of strings are no tokens. */
Test(json_pretty, strings_are_left_alone)
{
    expect_pretty("{\"a:b,\\\"c\":\"{[,:\\\\\",\"d\":[\"]}\",\"\\\\\\\"\"]}",
                  "{\n"
                  "  \"a:b,\\\"c\": \"{[,:\\\\\",\n"
                  "  \"d\": [\"]}\", \"\\\\\\\"\"]\n"
                  "}\n");
}

Test(json_pretty, a_list_of_plain_values_fills_its_lines)
{
    expect_pretty("{\"list\":[1000000,1000001,1000002,1000003,1000004,1000005,"
                  "1000006,1000007,1000008,1000009,1000010]}",
                  "{\n"
                  "  \"list\": [\n"
                  "    1000000, 1000001, 1000002, 1000003, 1000004, 1000005, "
                  "1000006, 1000007,\n"
                  "    1000008, 1000009, 1000010\n"
                  "  ]\n"
                  "}\n");
}

Test(json_pretty, other_values_take_a_line_each)
{
    expect_pretty("{\"list\":[{\"number\":1000000,\"word\":\"one million\"},"
                  "{\"number\":1000001,\"word\":\"and one\"}]}",
                  "{\n"
                  "  \"list\": [\n"
                  "    {\"number\": 1000000, \"word\": \"one million\"},\n"
                  "    {\"number\": 1000001, \"word\": \"and one\"}\n"
                  "  ]\n"
                  "}\n");
}

/* --- width ---------------------------------------------------------------- */

/* A value of each size around the edge of the line. */
Test(json_pretty, lines_have_eighty_columns)
{
    for (int size = 1; size < 100; size++) {
        char text[256];
        snprintf(text, sizeof text, "{\"a\":{\"b\":\"%.*s\",\"c\":1},\"d\":2}",
                 size,
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
        char *pretty = pretty_of(text);
        /*   "a": {"b": "…", "c": 1}, */
        bool fits = size + 25 <= 80;
        cr_assert_eq(strstr(pretty, "\", \"c\": 1},") != NULL, fits, "%s",
                     pretty);
        expect_widths(pretty);
        free(pretty);
    }
}

/* An umlaut takes two bytes and one column. */
Test(json_pretty, characters_are_counted_and_not_bytes)
{
    char text[512] = "{\"a\":[\"";
    for (int i = 0; i < 55; i++) {
        strcat(text, "ü");
    }
    strcat(text, "\",\"x\"]}");
    char *pretty = pretty_of(text);
    cr_assert_not_null(strstr(pretty, "ü\", \"x\"]"), "%s", pretty);
    free(pretty);
    expect_round_trip(text);
}

Test(json_pretty, a_long_string_is_not_broken)
{
    char text[512];
    char word[200];
    memset(word, 'w', sizeof word);
    word[sizeof word - 1] = '\0';
    snprintf(text, sizeof text, "{\"a\":[1,\"%s\",2],\"b\":\"%s\"}", word,
             word);
    char *pretty = pretty_of(text);
    cr_assert_not_null(strstr(pretty, word));
    free(pretty);
    expect_round_trip(text);
}

/* --- round trips ---------------------------------------------------------- */

/* Random values, nested in each other. */
static void grow(struct sim_prng *prng, char *text, size_t size, int depth)
{
    static const char *const plain[] = {
        "1",       "-20.5",    "true",     "null",         "\"\"",
        "\"ä€𝄞\"", "\"\\\"\"", "\"\\\\\"", "\"a, b: {[\"", "123456789012"};
    uint64_t kind = depth == 0 ? 2 : sim_prng_below(prng, 4);
    if (kind >= 2) {
        strncat(text, plain[sim_prng_below(prng, 10)], size - strlen(text) - 1);
        return;
    }
    strcat(text, kind == 0 ? "[" : "{");
    uint64_t n = sim_prng_below(prng, 6);
    for (uint64_t i = 0; i < n && strlen(text) + 4096 < size; i++) {
        char key[32];
        snprintf(key, sizeof key, "\"k%d,\\\"\":", (int)i);
        strcat(text, i > 0 ? "," : "");
        strcat(text, kind == 1 ? key : "");
        grow(prng, text, size, depth - 1);
    }
    strcat(text, kind == 0 ? "]" : "}");
}

Test(json_pretty, any_value_is_the_same_afterwards)
{
    static char text[1 << 16];
    struct sim_prng prng = {.state = 1};
    for (int i = 0; i < 2000; i++) {
        text[0] = '\0';
        grow(&prng, text, sizeof text, 7);
        expect_round_trip(text);
    }
}

Test(json_pretty, scenarios_are_the_same_afterwards)
{
    static const char *const files[] = {
        "scenarios/swarm.json", "tests/good_scenarios/script.json",
        "tests/good_scenarios/choices.json",
        "scenarios/schema/scenario.schema.json"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *file = harness_read_file(files[i], NULL);
        cJSON *tree = cJSON_Parse(file);
        char *text = cJSON_PrintUnformatted(tree);
        expect_round_trip(text);
        cJSON_Delete(tree);
        free(text);
        free(file);
    }
}

/* Where the second or third value comes to the edge. */
Test(json_pretty, lists_fill_their_lines_up_to_the_edge)
{
    static const char *const word =
        "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww";
    size_t widest = 0;
    for (int size = 1; size <= 60; size++) {
        char text[256];
        snprintf(text, sizeof text, "[\"%.*s\",\"%.20s\",1,22,\"%.60s\",333]",
                 size, word, word, word);
        char *pretty = pretty_of(text);
        const char *line = strchr(pretty, '\n') + 1;
        size_t width = strcspn(line, "\n");
        widest = width > widest ? width : widest;
        free(pretty);
        expect_round_trip(text);
    }
    cr_assert_eq(widest, 80);
}
