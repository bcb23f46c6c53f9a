/* JSON as text that grows. */
#include "sim/json_write.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <string.h>

static void expect(const struct sim_json_writer *writer, const char *text)
{
    cr_assert_eq(writer->size, strlen(text), "got %.*s", (int)writer->size,
                 writer->text);
    cr_assert_arr_eq(writer->text, text, writer->size);
}

Test(json_write, values_and_what_stands_between_them)
{
    struct sim_json_writer writer = {.text = NULL};
    const uint8_t bytes[] = {0, 0x1f, 0xff};
    sim_json_open_object(&writer, NULL);
    sim_json_put_number(&writer, "n", UINT64_MAX);
    sim_json_open_list(&writer, "list");
    sim_json_put_bool(&writer, NULL, true);
    sim_json_put_null(&writer, NULL);
    sim_json_open_object(&writer, NULL);
    sim_json_close_object(&writer);
    sim_json_close_list(&writer);
    sim_json_put_bytes(&writer, "b", bytes, sizeof bytes);
    sim_json_put_bytes(&writer, "e", NULL, 0);
    sim_json_close_object(&writer);
    sim_json_end_line(&writer);
    expect(&writer, "{\"n\":18446744073709551615,\"list\":[true,null,{}],"
                    "\"b\":\"001fff\",\"e\":\"\"}\n");
    sim_json_rewind(&writer);
    sim_json_open_list(&writer, NULL);
    sim_json_close_list(&writer);
    expect(&writer, "[]");
    sim_json_writer_clear(&writer);
}

Test(json_write, any_text_comes_back)
{
    static const char *const texts[] = {"", "plain", "\"quoted\\\" \n\t\x01 é"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct sim_json_writer writer = {.text = NULL};
        sim_json_put_text(&writer, NULL, texts[i]);
        cJSON *read = cJSON_ParseWithLength(writer.text, writer.size);
        cr_assert_not_null(read);
        cr_assert_str_eq(cJSON_GetStringValue(read), texts[i]);
        cJSON_Delete(read);
        sim_json_writer_clear(&writer);
    }
}
