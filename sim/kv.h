/* The state machine that is replicated: a map from keys to values.
 *
 * Each simulated server has one map and applies the committed entries of its
 * log to it, in order. A command is the payload of an entry:
 *
 *   offset size
 *        0    4  operation, enum sim_command_op
 *        4    4  client
 *        8    8  number: 1, 2, 3 … within one client
 *       16    4  key's size, 1 or more
 *       20    4  value's size
 *       24    4  expected value's size; 2^32 - 1: that there is none, and in
 *                what is no COMPARE_AND_SET
 *       28    4  0
 *       32    …  key, value, expected value
 *
 * all little-endian. A payload that is no command (of a scenario's initial
 * log, say) changes nothing in the map; that it was applied still counts in
 * the state's hash. So does an entry whose payload is omitted, on a witness.
 *
 * A client that retries an unanswered command may leave it in the log several
 * times; it is applied once and answered alike (paper, section 8; dissertation,
 * 6.3). Whether an entry is a repetition is said by its session, if it has one
 * (struct sim_entry); if not, the map itself keeps the latest number of each
 * client. In both cases the map keeps the answer to each client's, or
 * session's, latest command. When a session is closed, its answer goes.
 *
 * The map is volatile: a restarted server restores its snapshot's image, if it
 * has one, and applies its log from there.
 */
#ifndef SIM_KV_H
#define SIM_KV_H

#include "sim/node.h"

/* --- commands ------------------------------------------------------------ */

enum sim_command_op {
    SIM_COMMAND_SET = 1,         /* the key's value becomes this one */
    SIM_COMMAND_COMPARE_AND_SET, /* so too, if its value is the expected one */
    SIM_COMMAND_GET,             /* changes nothing */
};

#define SIM_COMMAND_HEADER_SIZE 32u

/* A command's key and values together are at most this, so that its size is a
 * 32-bit number that any node takes. */
#define SIM_COMMAND_MAX_BYTES (1u << 20)

struct sim_command {
    enum sim_command_op op;
    uint32_t client;
    uint64_t number;
    const uint8_t *key;   /* decoded: points into the payload */
    const uint8_t *value; /* a SET's or COMPARE_AND_SET's; else its size is 0 */
    const uint8_t *expected; /* a COMPARE_AND_SET's; NULL: that there is none */
    uint32_t key_size;       /* 1 or more */
    uint32_t value_size;
    uint32_t expected_size;
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
#define SIM_COMMAND_TEXT_SIZE 160u

/* One line for people: "client 3 command 7: sets k12 (16 bytes)", "compares and
 * sets k12 from old to new", "reads k12"; for bytes that are no command "8
 * bytes that are no command". `text` has room for SIM_COMMAND_TEXT_SIZE bytes.
 */
void sim_command_describe(const uint8_t *bytes, size_t size, char *text);

/* Keys and values are shown to people as they are up to this size, if they are
 * readable: printable ASCII without spaces, and not empty. */
#define SIM_COMMAND_MAX_SHOWN 24u

/* Whether a key or a value is shown as it is; it is then in `text`, which has
 * room for SIM_COMMAND_MAX_SHOWN bytes and a NUL. */
bool sim_command_show(const uint8_t *bytes, uint32_t size, char *text);

/* --- the map ------------------------------------------------------------- */

enum sim_kv_outcome {
    SIM_KV_APPLIED,  /* a command, applied now */
    SIM_KV_REPEATED, /* a command that was applied before: nothing changed, the
                        answer is that of then */
    SIM_KV_STALE,    /* a command that is older than its client's latest:
                        nothing changed, nobody waits for an answer */
    SIM_KV_EXPIRED,  /* a command of a session that is closed: nothing changed,
                        and it may have been applied before */
    SIM_KV_IGNORED,  /* no command: nothing changed */
};

/* What a command answers. */
struct sim_kv_answer {
    bool success;   /* COMPARE_AND_SET: it was set; SET, GET: true */
    bool has_value; /* GET: the key has this value; COMPARE_AND_SET: it had,
                       before it was set or not */
    const uint8_t *value; /* valid until the next change of the map */
    uint32_t value_size;
};

struct sim_kv_result {
    enum sim_kv_outcome outcome;
    struct sim_kv_answer answer; /* of SIM_KV_APPLIED and SIM_KV_REPEATED */
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

/* The whole state as an image: its size, and its bytes for a place with room
 * for them. Maps in the same state give the same bytes. O(state). */
size_t sim_kv_image_size(const struct sim_kv *kv);
void sim_kv_image(const struct sim_kv *kv, uint8_t *bytes);

/* Takes the state of an image in place of its own, whatever that was; false,
 * and an empty map, if `bytes` are no image: then no map has them as its own.
 * Nothing outside of them is read; `bytes` may be NULL when `size` is 0. */
bool sim_kv_restore(struct sim_kv *kv, const uint8_t *bytes, size_t size);

/* The key's value, or false if it has none. `*value` is valid until the next
 * change of the map. */
bool sim_kv_get(const struct sim_kv *kv, const uint8_t *key, uint32_t key_size,
                const uint8_t **value, uint32_t *value_size);

/* The index of the entry applied last; 0 if none. */
uint64_t sim_kv_applied(const struct sim_kv *kv);

/* A digest of the whole state: keys and values, the clients' latest numbers
 * and answers, the payloads that were no commands, the index applied last. Maps
 * that applied the same entries have equal hashes; others differ, but for the
 * luck of 64 bits. O(1). */
uint64_t sim_kv_hash(const struct sim_kv *kv);

void sim_kv_free(struct sim_kv *kv);

/* It as nodes see it. */
extern const struct sim_state_machine_functions sim_kv_functions;

#endif
