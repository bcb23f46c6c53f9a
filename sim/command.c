#undef NDEBUG
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/bytes.h"
#include "sim/kv.h"

/* Stands for the expected value's size where none is expected. */
#define NONE_EXPECTED UINT32_MAX

/* --- bytes --------------------------------------------------------------- */

uint32_t sim_command_size(const struct sim_command *command)
{
    uint64_t size = (uint64_t)command->key_size + command->value_size +
                    (command->expected == NULL ? 0 : command->expected_size);
    assert(size <= SIM_COMMAND_MAX_BYTES);
    return SIM_COMMAND_HEADER_SIZE + (uint32_t)size;
}

/* Writes a string and returns the place behind it. */
static uint8_t *put_string(uint8_t *bytes, const uint8_t *string, uint32_t size)
{
    if (size > 0) {
        memcpy(bytes, string, size);
    }
    return bytes + size;
}

uint32_t sim_command_encode(const struct sim_command *command, uint8_t *bytes)
{
    uint32_t size = sim_command_size(command);
    bool expects = command->expected != NULL;
    uint32_t expected_size = expects ? command->expected_size : 0;
    assert(command->key_size > 0);
    assert(command->op != SIM_COMMAND_GET || command->value_size == 0);
    assert(command->op == SIM_COMMAND_COMPARE_AND_SET || !expects);
    sim_put_le(bytes, (uint64_t)command->op, 4);
    sim_put_le(bytes + 4, command->client, 4);
    sim_put_le(bytes + 8, command->number, 8);
    sim_put_le(bytes + 16, command->key_size, 4);
    sim_put_le(bytes + 20, command->value_size, 4);
    sim_put_le(bytes + 24, expects ? expected_size : NONE_EXPECTED, 4);
    sim_put_le(bytes + 28, 0, 4);
    bytes += SIM_COMMAND_HEADER_SIZE;
    bytes = put_string(bytes, command->key, command->key_size);
    bytes = put_string(bytes, command->value, command->value_size);
    put_string(bytes, command->expected, expected_size);
    return size;
}

/* Whether an operation of this number may have such a value and expectation.
 */
static bool is_operation(uint64_t op, bool has_value, bool expects)
{
    switch (op) {
    case SIM_COMMAND_SET:
        return !expects;
    case SIM_COMMAND_COMPARE_AND_SET:
        return true;
    case SIM_COMMAND_GET:
        return !has_value && !expects;
    }
    return false;
}

bool sim_command_decode(const uint8_t *bytes, size_t size,
                        struct sim_command *command)
{
    if (size <= SIM_COMMAND_HEADER_SIZE ||
        size - SIM_COMMAND_HEADER_SIZE > SIM_COMMAND_MAX_BYTES) {
        return false;
    }
    uint64_t op = sim_get_le(bytes, 4);
    uint64_t key_size = sim_get_le(bytes + 16, 4);
    uint64_t value_size = sim_get_le(bytes + 20, 4);
    uint64_t expected_size = sim_get_le(bytes + 24, 4);
    bool expects = expected_size != NONE_EXPECTED;
    if (!expects) {
        expected_size = 0;
    }
    if (!is_operation(op, value_size > 0, expects) || key_size == 0 ||
        key_size + value_size + expected_size !=
            size - SIM_COMMAND_HEADER_SIZE ||
        sim_get_le(bytes + 28, 4) != 0) {
        return false;
    }
    const uint8_t *key = bytes + SIM_COMMAND_HEADER_SIZE;
    *command = (struct sim_command){
        .op = (enum sim_command_op)op,
        .client = (uint32_t)sim_get_le(bytes + 4, 4),
        .number = sim_get_le(bytes + 8, 8),
        .key = key,
        .value = key + key_size,
        .expected = expects ? key + key_size + value_size : NULL,
        .key_size = (uint32_t)key_size,
        .value_size = (uint32_t)value_size,
        .expected_size = (uint32_t)expected_size,
    };
    return true;
}

/* --- words --------------------------------------------------------------- */

/* Room for a string that is shown, and for the longest words in its place, "a
 * key of 4294967295 bytes". */
#define SHOWN_SIZE (SIM_COMMAND_MAX_SHOWN + 2u)

bool sim_command_show(const uint8_t *bytes, uint32_t size, char *text)
{
    if (size == 0 || size > SIM_COMMAND_MAX_SHOWN) {
        return false;
    }
    for (uint32_t i = 0; i < size; i++) {
        if (bytes[i] <= 0x20 || bytes[i] >= 0x7f) {
            return false;
        }
    }
    memcpy(text, bytes, size);
    text[size] = '\0';
    return true;
}

static void show_key(const struct sim_command *command, char text[SHOWN_SIZE])
{
    if (!sim_command_show(command->key, command->key_size, text)) {
        snprintf(text, SHOWN_SIZE, "a key of %" PRIu32 " bytes",
                 command->key_size);
    }
}

static void show_value(const uint8_t *value, uint32_t size,
                       char text[SHOWN_SIZE])
{
    if (value == NULL) {
        snprintf(text, SHOWN_SIZE, "nothing");
    } else if (!sim_command_show(value, size, text)) {
        snprintf(text, SHOWN_SIZE, "%" PRIu32 " bytes", size);
    }
}

static bool is_probe(const struct sim_command *command)
{
    static const char key[] = SIM_PROBE_KEY;
    return command->op == SIM_COMMAND_SET && command->value_size == 0 &&
           command->key_size == sizeof key - 1 &&
           memcmp(command->key, key, sizeof key - 1) == 0;
}

static void describe_operation(const struct sim_command *command, char *text,
                               size_t size)
{
    char key[SHOWN_SIZE], value[SHOWN_SIZE], expected[SHOWN_SIZE];
    show_key(command, key);
    show_value(command->value, command->value_size, value);
    switch (command->op) {
    case SIM_COMMAND_SET:
        if (sim_command_show(command->value, command->value_size, value)) {
            snprintf(text, size, "sets %s = %s", key, value);
        } else {
            snprintf(text, size, "sets %s (%s)", key, value);
        }
        break;
    case SIM_COMMAND_COMPARE_AND_SET:
        show_value(command->expected, command->expected_size, expected);
        snprintf(text, size, "compares and sets %s from %s to %s", key,
                 expected, value);
        break;
    case SIM_COMMAND_GET:
        snprintf(text, size, "reads %s", key);
        break;
    }
}

void sim_command_describe(const uint8_t *bytes, size_t size, char *text)
{
    struct sim_command command;
    if (!sim_command_decode(bytes, size, &command)) {
        snprintf(text, SIM_COMMAND_TEXT_SIZE, "%zu bytes that are no command",
                 size);
    } else if (is_probe(&command)) {
        snprintf(text, SIM_COMMAND_TEXT_SIZE, "the simulator's probe %" PRIu64,
                 command.number);
    } else {
        int length = snprintf(text, SIM_COMMAND_TEXT_SIZE,
                              "client %" PRIu32 " command %" PRIu64 ": ",
                              command.client, command.number);
        describe_operation(&command, text + length,
                           SIM_COMMAND_TEXT_SIZE - (size_t)length);
    }
}
