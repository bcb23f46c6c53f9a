/* The adapter (sim/raft_node.h) from word to word: what a value of raft/ is to
 * the simulator, and the other way round.
 *
 *   raft_node.c           a node's life and its steps
 *   raft_node_values.c    kinds, reasons, entries, members
 *   raft_node_messages.c  messages
 */
#ifndef SIM_RAFT_NODE_WORDS_H
#define SIM_RAFT_NODE_WORDS_H

#include "raft/raft.h"
#include "sim/node.h"

/* Ids of the library are wider than the simulator's; what is no node's number
 * does not become one. */
uint32_t raft_node__id(raft_id id);

enum sim_role raft_node__role(enum raft_role role);
enum raft_entry_kind raft_node__kind(enum sim_entry_kind kind);
enum sim_reason raft_node__reason(enum raft_reason reason);
struct sim_entry raft_node__entry(const struct raft_entry *entry);
struct sim_position raft_node__position(struct raft_position position);

void raft_node__members(const struct raft_member *members, uint32_t n,
                        struct sim_configuration *out);

/* The members by rising id, with room for RAFT_MAX_MEMBERS; how many. */
uint32_t raft_node__list(const struct sim_configuration *configuration,
                         struct raft_member *members);

/* Functions of struct sim_node_type. */
size_t raft_node__bootstrap(const struct sim_configuration *configuration,
                            uint8_t *bytes);
bool raft_node__configuration(const uint8_t *payload, size_t size,
                              struct sim_configuration *configuration);
bool raft_node__snapshot_configuration(const uint8_t *meta, size_t size,
                                       struct sim_configuration *configuration);
void raft_node__classify(const uint8_t *bytes, size_t size,
                         struct sim_message *message);
void raft_node__describe(const uint8_t *bytes, size_t size, char *text);

#endif
