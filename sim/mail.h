/* What is on its way, in numbered slots that are used again: messages between
 * nodes, requests of clients and the answers to them.
 */
#ifndef SIM_MAIL_H
#define SIM_MAIL_H

#include "sim/clients.h"
#include "sim/node.h"

/* One letter. It lies in its slot until all its copies are taken. */
struct sim_letter {
    uint32_t from;   /* SIM_NONE: a client */
    uint32_t to;     /* SIM_NONE: a client */
    uint32_t copies; /* not yet taken; 0: the slot is free */
    uint8_t *bytes;
    size_t size;
    size_t capacity;
    union {
        struct {                        /* between nodes: */
            struct sim_message message; /* what it is about, */
            uint64_t posted_us;         /* when it was posted, */
            uint32_t why_letter;        /* and what sim/why.h knows it as */
        };
        struct { /* from a client: */
            enum sim_request_kind request;
            uint64_t tag;               /* the attempt, */
            uint64_t session, sequence; /* and the command's place */
        };
        struct sim_reply reply; /* to a client; its value is in `bytes` only */
    };
};

struct sim_mail;

struct sim_mail *sim_mail_new(void);
void sim_mail_free(struct sim_mail *mail);

/* Takes a copy of the bytes, for `copies` (1 or more) deliveries; gives the
 * slot's number. What the letter is besides is all zero. */
uint32_t sim_mail_put(struct sim_mail *mail, uint32_t from, uint32_t to,
                      const uint8_t *bytes, size_t size, uint32_t copies);

/* Takes a copy of an answer of the node `from` to a client, its value
 * included. */
uint32_t sim_mail_put_reply(struct sim_mail *mail, uint32_t from,
                            const struct sim_reply *reply);

/* The letter in a slot; valid, as its bytes are, until the slot is free. */
struct sim_letter *sim_mail_letter(struct sim_mail *mail, uint32_t slot);

/* How many slots there are, used and free. */
uint32_t sim_mail_slots(const struct sim_mail *mail);

/* The message between nodes in a slot, or NULL: it is free, or its letter is
 * none. */
const struct sim_message *sim_mail_message(const struct sim_mail *mail,
                                           uint32_t slot);

/* The answer in a slot, with the node that gave it; its value is valid until
 * the slot is free. */
struct sim_reply sim_mail_reply(struct sim_mail *mail, uint32_t slot);

/* One copy was delivered or lost. */
void sim_mail_drop(struct sim_mail *mail, uint32_t slot);

/* Slots in use: what is on its way. */
uint32_t sim_mail_count(const struct sim_mail *mail);

#endif
