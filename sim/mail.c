#undef NDEBUG
#include "sim/mail.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

/* Letters lie in blocks of so many, which stay where they are. */
#define BLOCK 64u

struct sim_mail {
    struct sim_letter **letters; /* by slot */
    size_t capacity;
    uint32_t n_letters;
    uint32_t *free_slots; /* the one given back last is used first */
    size_t free_capacity;
    uint32_t n_free;
};

struct sim_mail *sim_mail_new(void)
{
    return sim_calloc(1, sizeof(struct sim_mail));
}

void sim_mail_free(struct sim_mail *mail)
{
    if (mail == NULL) {
        return;
    }
    for (uint32_t i = 0; i < mail->n_letters; i++) {
        free(mail->letters[i]->bytes);
    }
    for (uint32_t i = 0; i < mail->n_letters; i += BLOCK) {
        free(mail->letters[i]);
    }
    free(mail->letters);
    free(mail->free_slots);
    free(mail);
}

static void add_block(struct sim_mail *mail)
{
    size_t n = mail->n_letters;
    struct sim_letter *block = sim_calloc(BLOCK, sizeof *block);
    mail->letters = sim_grow(mail->letters, &mail->capacity, n + BLOCK,
                             sizeof(*mail->letters));
    for (size_t i = 0; i < BLOCK; i++) {
        mail->letters[n + i] = &block[i];
    }
}

static uint32_t take_slot(struct sim_mail *mail)
{
    if (mail->n_free > 0) {
        mail->n_free--;
        return mail->free_slots[mail->n_free];
    }
    assert(mail->n_letters < UINT32_MAX);
    if (mail->n_letters % BLOCK == 0) {
        add_block(mail);
    }
    mail->free_slots =
        sim_grow(mail->free_slots, &mail->free_capacity,
                 (size_t)mail->n_letters + 1, sizeof *mail->free_slots);
    return mail->n_letters++;
}

uint32_t sim_mail_put(struct sim_mail *mail, uint32_t from, uint32_t to,
                      const uint8_t *bytes, size_t size, uint32_t copies)
{
    assert(copies > 0);
    uint32_t slot = take_slot(mail);
    struct sim_letter *letter = mail->letters[slot];
    uint8_t *room = letter->bytes;
    size_t capacity = letter->capacity;
    if (size > capacity) {
        room = sim_grow(room, &capacity, size, 1);
    }
    *letter = (struct sim_letter){.from = from,
                                  .to = to,
                                  .copies = copies,
                                  .bytes = room,
                                  .size = size,
                                  .capacity = capacity};
    if (size > 0) {
        memcpy(letter->bytes, bytes, size);
    }
    return slot;
}

uint32_t sim_mail_put_reply(struct sim_mail *mail, uint32_t from,
                            const struct sim_reply *reply)
{
    uint32_t slot =
        sim_mail_put(mail, from, SIM_NONE, reply->value, reply->value_size, 1);
    struct sim_letter *letter = mail->letters[slot];
    letter->reply = *reply;
    letter->reply.value = NULL;
    return slot;
}

struct sim_letter *sim_mail_letter(struct sim_mail *mail, uint32_t slot)
{
    assert(slot < mail->n_letters);
    struct sim_letter *letter = mail->letters[slot];
    assert(letter->copies > 0);
    return letter;
}

struct sim_reply sim_mail_reply(struct sim_mail *mail, uint32_t slot)
{
    const struct sim_letter *letter = sim_mail_letter(mail, slot);
    struct sim_reply reply = letter->reply;
    reply.node = letter->from;
    reply.value = letter->bytes;
    return reply;
}

void sim_mail_drop(struct sim_mail *mail, uint32_t slot)
{
    struct sim_letter *letter = sim_mail_letter(mail, slot);
    letter->copies--;
    if (letter->copies == 0) {
        mail->free_slots[mail->n_free] = slot;
        mail->n_free++;
    }
}

uint32_t sim_mail_count(const struct sim_mail *mail)
{
    return mail->n_letters - mail->n_free;
}

uint32_t sim_mail_slots(const struct sim_mail *mail)
{
    return mail->n_letters;
}

const struct sim_message *sim_mail_message(const struct sim_mail *mail,
                                           uint32_t slot)
{
    assert(slot < mail->n_letters);
    const struct sim_letter *letter = mail->letters[slot];
    bool is_message = letter->copies > 0 && letter->from != SIM_NONE &&
                      letter->to != SIM_NONE;
    return is_message ? &letter->message : NULL;
}
