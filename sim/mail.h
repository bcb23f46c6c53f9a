/* Messages on their way, and commands of clients on theirs: bytes with an
 * address, in numbered slots that are used again. */
#ifndef SIM_MAIL_H
#define SIM_MAIL_H

#include "sim/node.h"

/* One message. It lies in its slot until all its copies are taken. */
struct sim_letter {
    uint32_t from; /* SIM_NONE: a client */
    uint32_t to;
    uint64_t tag; /* of a client's attempt */
    uint8_t *bytes;
    size_t size;
    enum sim_message_kind kind;
    uint32_t copies; /* not yet taken; 0: the slot is free */
    size_t capacity;
};

struct sim_mail;

struct sim_mail *sim_mail_new(void);
void sim_mail_free(struct sim_mail *mail);

/* Takes a copy of the bytes, for `copies` (1 or more) deliveries; gives the
 * slot's number. */
uint32_t sim_mail_put(struct sim_mail *mail, uint32_t from, uint32_t to,
                      const uint8_t *bytes, size_t size, uint32_t copies);

/* The letter in a slot; valid until the next sim_mail_put(), its bytes until
 * the slot is free. */
struct sim_letter *sim_mail_letter(struct sim_mail *mail, uint32_t slot);

/* One copy was delivered or lost. */
void sim_mail_drop(struct sim_mail *mail, uint32_t slot);

/* Slots in use: what is on its way. */
uint32_t sim_mail_count(const struct sim_mail *mail);

#endif
