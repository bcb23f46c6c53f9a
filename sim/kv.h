/* The state machine that is replicated: a map from keys to values.
 *
 * Each simulated server has one map and applies the committed entries of its
 * log to it, in order. A command is the payload of an entry:
 *
 *   offset size
 *        0    4  operation, enum sim_command_op
 *        4    4  client
 *        8    8  sequence: 1, 2, 3 … within one client
 *       16    4  key's size, 1 or more
 *       20    4  value's size
 *       24    …  key, value
 *
 * all little-endian. A payload that is no command (of a scenario's initial
 * log, say) changes nothing in the map; that it was applied still counts in
 * the state's hash.
 *
 * The map keeps the latest sequence of each client and does not apply a
 * command twice (paper, section 8): a client that retries an unanswered
 * command may leave it in the log several times.
 *
 * The map is volatile: a restarted server applies its log again.
 */
#ifndef SIM_KV_H
#define SIM_KV_H

#include "sim/node.h"

/* --- commands ------------------------------------------------------------ */

enum sim_command_op {
    SIM_COMMAND_SET = 1, /* the key's value becomes this one */
};

#define SIM_COMMAND_HEADER_SIZE 24u

/* A command's key and value together are at most this, so that its size is a
 * 32-bit number that any node takes. */
#define SIM_COMMAND_MAX_BYTES (1u << 20)

struct sim_command {
    enum sim_command_op op;
    uint32_t client;
    uint64_t sequence;
    const uint8_t *key; /* decoded: points into the payload */
    const uint8_t *value;
    uint32_t key_size; /* 1 or more */
    uint32_t value_size;
};

/* How many bytes the command takes. */
uint32_t sim_command_size(const struct sim_command *command);

/* Writes the command to `bytes`, which has room for sim_command_size() of
 * them. Returns that size. */
uint32_t sim_command_encode(const struct sim_command *command, uint8_t *bytes);

/* Reads a command; false if `bytes` are not exactly one. Nothing outside of
 * them is read. `bytes` may be NULL when `size` is 0. */
bool sim_command_decode(const uint8_t *bytes, size_t size,
                        struct sim_command *command);

/* The key of the probe's commands, which have no value. */
#define SIM_PROBE_KEY "probe"

/* Long enough for one line about any command, its NUL included. */
#define SIM_COMMAND_TEXT_SIZE 128u

/* One line for people: "client 3 command 7: sets k12 (16 bytes)"; for bytes
 * that are no command "8 bytes that are no command". `text` has room for
 * SIM_COMMAND_TEXT_SIZE bytes. */
void sim_command_describe(const uint8_t *bytes, size_t size, char *text);

/* --- the map ------------------------------------------------------------- */

enum sim_kv_outcome {
    SIM_KV_APPLIED,  /* a command, applied now */
    SIM_KV_REPEATED, /* a command that was applied before, or is older than the
                        client's latest: nothing changed */
    SIM_KV_IGNORED,  /* no command: nothing changed */
};

struct sim_kv_result {
    enum sim_kv_outcome outcome;
    uint32_t client;   /* of the command; 0 if SIM_KV_IGNORED */
    uint64_t sequence; /* of the command; 0 if SIM_KV_IGNORED */
};

struct sim_kv;

/* An empty map that has applied nothing. */
struct sim_kv *sim_kv_new(void);

/* Applies the entry at `index`, which follows directly on the last one applied
 * (the first is 1). The entry is copied where needed. O(1) but for the bytes.
 */
struct sim_kv_result sim_kv_apply(struct sim_kv *kv, uint64_t index,
                                  const struct sim_entry *entry);

/* Back to an empty map that has applied nothing: a restart. */
void sim_kv_clear(struct sim_kv *kv);

/* The key's value, or false if it has none. `*value` is valid until the next
 * change of the map. */
bool sim_kv_get(const struct sim_kv *kv, const uint8_t *key, uint32_t key_size,
                const uint8_t **value, uint32_t *value_size);

/* The index of the entry applied last; 0 if none. */
uint64_t sim_kv_applied(const struct sim_kv *kv);

/* A digest of the whole state: keys and values, the clients' latest sequences,
 * the payloads that were no commands, the index applied last. Maps that applied
 * the same entries have equal hashes; others differ, but for the luck of 64
 * bits. O(1). */
uint64_t sim_kv_hash(const struct sim_kv *kv);

void sim_kv_free(struct sim_kv *kv);

#endif
