/* Letters in numbered slots: bytes are copied, slots are used again. */
#include "sim/mail.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "sim/prng.h"

static const uint8_t hello[] = {'h', 'e', 'l', 'l', 'o'};

Test(mail, keeps_a_copy_with_its_address)
{
    struct sim_mail *mail = sim_mail_new();
    uint8_t bytes[5];
    memcpy(bytes, hello, sizeof bytes);
    uint32_t slot = sim_mail_put(mail, 3, 7, bytes, sizeof bytes, 2);
    memset(bytes, 0, sizeof bytes);
    const struct sim_letter *letter = sim_mail_letter(mail, slot);
    cr_expect_eq(letter->from, 3);
    cr_expect_eq(letter->to, 7);
    cr_expect_eq(letter->size, 5);
    cr_expect_eq(letter->copies, 2);
    cr_expect_eq(letter->tag, 0);
    cr_expect_eq(letter->message.kind, SIM_MESSAGE_OTHER);
    cr_expect_arr_eq(letter->bytes, hello, 5);
    sim_mail_free(mail);
}

Test(mail, stays_until_all_copies_are_taken)
{
    struct sim_mail *mail = sim_mail_new();
    uint32_t slot = sim_mail_put(mail, 1, 2, hello, 5, 2);
    cr_expect_eq(sim_mail_count(mail), 1);
    sim_mail_drop(mail, slot);
    cr_expect_eq(sim_mail_count(mail), 1);
    cr_expect_arr_eq(sim_mail_letter(mail, slot)->bytes, hello, 5);
    sim_mail_drop(mail, slot);
    cr_expect_eq(sim_mail_count(mail), 0);
    sim_mail_free(mail);
}

/* What the letter before left in its slot is gone. */
Test(mail, uses_slots_again_and_clean)
{
    struct sim_mail *mail = sim_mail_new();
    uint32_t slot = sim_mail_put(mail, SIM_NONE, 2, hello, 5, 1);
    sim_mail_letter(mail, slot)->tag = 99;
    sim_mail_letter(mail, slot)->message.kind = SIM_MESSAGE_VOTE_REQUEST;
    sim_mail_drop(mail, slot);
    cr_expect_eq(sim_mail_put(mail, 4, 5, NULL, 0, 1), slot);
    const struct sim_letter *letter = sim_mail_letter(mail, slot);
    cr_expect_eq(letter->tag, 0);
    cr_expect_eq(letter->message.kind, SIM_MESSAGE_OTHER);
    cr_expect_eq(letter->size, 0);
    cr_expect_eq(letter->from, 4);
    sim_mail_free(mail);
}

Test(mail, dropping_too_often_is_a_mistake, .signal = SIGABRT)
{
    struct sim_mail *mail = sim_mail_new();
    uint32_t slot = sim_mail_put(mail, 1, 2, hello, 5, 1);
    sim_mail_drop(mail, slot);
    sim_mail_drop(mail, slot);
}

Test(mail, no_copy_at_all_is_a_mistake, .signal = SIGABRT)
{
    sim_mail_put(sim_mail_new(), 1, 2, hello, 5, 0);
}

#define N_LETTERS 64u

struct model {
    uint32_t slot, size, copies;
    uint8_t first;
};

static void check_letter(struct sim_mail *mail, const struct model *model)
{
    const struct sim_letter *letter = sim_mail_letter(mail, model->slot);
    cr_assert_eq(letter->size, model->size);
    cr_assert_eq(letter->copies, model->copies);
    for (uint32_t i = 0; i < model->size; i++) {
        cr_assert_eq(letter->bytes[i], (uint8_t)(model->first + i));
    }
}

/* Against a plain array: no letter touches another one's bytes, and slots in
 * use are never given twice. */
Test(mail, agrees_with_a_model)
{
    struct sim_prng prng = sim_prng_stream(1, SIM_STREAM_LINK, 0, 0);
    struct model model[N_LETTERS] = {{0}};
    struct sim_mail *mail = sim_mail_new();
    uint32_t in_use = 0;
    for (uint32_t round = 0; round < 20000; round++) {
        struct model *one = &model[sim_prng_below(&prng, N_LETTERS)];
        if (one->copies > 0) {
            check_letter(mail, one);
            sim_mail_drop(mail, one->slot);
            one->copies--;
            in_use -= one->copies == 0;
        } else {
            uint8_t bytes[200];
            one->size = (uint32_t)sim_prng_below(&prng, sizeof bytes);
            one->copies = (uint32_t)sim_prng_between(&prng, 1, 3);
            one->first = (uint8_t)sim_prng_below(&prng, 256);
            for (uint32_t i = 0; i < one->size; i++) {
                bytes[i] = (uint8_t)(one->first + i);
            }
            one->slot = sim_mail_put(mail, 1, 2, bytes, one->size, one->copies);
            cr_assert_lt(one->slot, N_LETTERS);
            in_use++;
        }
        cr_assert_eq(sim_mail_count(mail), in_use);
    }
    sim_mail_free(mail);
    sim_mail_free(NULL);
}

Test(mail, keeps_answers_with_their_value)
{
    struct sim_mail *mail = sim_mail_new();
    uint8_t value[5];
    memcpy(value, hello, sizeof value);
    struct sim_reply reply = {.answer = SIM_ANSWER_DONE,
                              .tag = 77,
                              .session = 5,
                              .success = true,
                              .has_value = true,
                              .value = value,
                              .value_size = sizeof value};
    uint32_t slot = sim_mail_put_reply(mail, 2, &reply);
    memset(value, 0, sizeof value);
    uint32_t other = sim_mail_put_reply(
        mail, 3, &(struct sim_reply){.answer = SIM_ANSWER_EXPIRED, .tag = 78});
    reply = sim_mail_reply(mail, slot);
    cr_expect_eq(sim_mail_letter(mail, slot)->from, 2);
    cr_expect_eq(reply.answer, SIM_ANSWER_DONE);
    cr_expect_eq(reply.tag, 77);
    cr_expect_eq(reply.session, 5);
    cr_expect(reply.success);
    cr_expect(reply.has_value);
    cr_expect_eq(reply.value_size, 5);
    cr_expect_arr_eq(reply.value, hello, 5);
    reply = sim_mail_reply(mail, other);
    cr_expect_eq(reply.answer, SIM_ANSWER_EXPIRED);
    cr_expect_eq(reply.tag, 78);
    cr_expect(!reply.has_value);
    sim_mail_drop(mail, slot);
    sim_mail_drop(mail, other);
    /* A slot that is used again has nothing of what was in it. */
    slot = sim_mail_put(mail, 1, 2, hello, 5, 1);
    cr_expect_eq(sim_mail_letter(mail, slot)->reply.tag, 0);
    sim_mail_free(mail);
}

/* Between nodes only, and while it is under way. */
Test(mail, messages_are_found)
{
    struct sim_mail *mail = sim_mail_new();
    const uint8_t byte = 1;
    cr_assert_eq(sim_mail_slots(mail), 0);
    uint32_t message = sim_mail_put(mail, 1, 2, &byte, 1, 2);
    uint32_t request = sim_mail_put(mail, SIM_NONE, 2, &byte, 1, 1);
    uint32_t reply = sim_mail_put_reply(mail, 2, &(struct sim_reply){.tag = 1});
    sim_mail_letter(mail, message)->message.term = 5;
    cr_assert_eq(sim_mail_slots(mail), 3);
    cr_assert_null(sim_mail_message(mail, request));
    cr_assert_null(sim_mail_message(mail, reply));
    sim_mail_drop(mail, message);
    cr_assert_eq(sim_mail_message(mail, message)->term, 5);
    sim_mail_drop(mail, message);
    cr_assert_null(sim_mail_message(mail, message));
    cr_assert_eq(sim_mail_slots(mail), 3);
    sim_mail_free(mail);
}
