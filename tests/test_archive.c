#include "sim/archive.h"
#include "sim/prng.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static sim_snapshot_number put(struct sim_archive *archive, sim_tip tip,
                               const char *meta, const char *image)
{
    return sim_archive_put(
        archive, tip,
        &(struct sim_snapshot){.position = {1, tip},
                               .meta = (const uint8_t *)meta,
                               .meta_size = strlen(meta),
                               .image = (const uint8_t *)image,
                               .image_size = strlen(image)});
}

static void check_bytes(const uint8_t *bytes, size_t size, const char *text)
{
    cr_assert_eq(size, strlen(text));
    cr_assert_eq(bytes == NULL, size == 0);
    cr_assert(size == 0 || memcmp(bytes, text, size) == 0);
}

static void check(const struct sim_archive *archive, sim_snapshot_number number,
                  sim_tip tip, const char *meta, const char *image)
{
    struct sim_snapshot snapshot = sim_archive_get(archive, number);
    cr_assert_eq(snapshot.position.term, 1);
    cr_assert_eq(snapshot.position.index, tip);
    check_bytes(snapshot.meta, snapshot.meta_size, meta);
    check_bytes(snapshot.image, snapshot.image_size, image);
    cr_assert_eq(sim_archive_tip(archive, number), tip);
}

Test(archive, keeps_a_copy)
{
    struct sim_archive *archive = sim_archive_new();
    char meta[] = "members";
    char image[] = "state";
    sim_snapshot_number number = put(archive, 7, meta, image);
    memset(meta, 'x', sizeof(meta));
    memset(image, 'x', sizeof(image));
    cr_assert_neq(number, SIM_NO_SNAPSHOT);
    check(archive, number, 7, "members", "state");
    sim_archive_free(archive);
}

Test(archive, keeps_empty_parts)
{
    struct sim_archive *archive = sim_archive_new();
    sim_snapshot_number a = put(archive, 1, "", "state");
    sim_snapshot_number b = put(archive, 2, "members", "");
    sim_snapshot_number c = put(archive, 3, "", "");
    check(archive, a, 1, "", "state");
    check(archive, b, 2, "members", "");
    check(archive, c, 3, "", "");
    sim_archive_free(archive);
}

Test(archive, has_nothing_for_no_snapshot)
{
    struct sim_archive *archive = sim_archive_new();
    cr_assert_eq(sim_archive_count(archive), 0);
    for (int i = 0; i < 2; i++) {
        struct sim_snapshot none = sim_archive_get(archive, SIM_NO_SNAPSHOT);
        cr_assert_eq(none.position.index, 0);
        cr_assert_eq(none.position.term, 0);
        cr_assert_null(none.meta);
        cr_assert_eq(none.meta_size, 0);
        cr_assert_null(none.image);
        cr_assert_eq(none.image_size, 0);
        cr_assert_eq(sim_archive_tip(archive, SIM_NO_SNAPSHOT), SIM_ROOT);
        sim_archive_release(archive, SIM_NO_SNAPSHOT);
        sim_archive_hold(archive, SIM_NO_SNAPSHOT);
        sim_archive_release(archive, SIM_NO_SNAPSHOT);
    }
    cr_assert_eq(put(archive, 1, "a", ""), 1);
    sim_archive_free(archive);
    sim_archive_free(NULL);
}

Test(archive, keeps_a_snapshot_as_long_as_somebody_holds_it)
{
    struct sim_archive *archive = sim_archive_new();
    sim_snapshot_number a = put(archive, 1, "a", "A");
    sim_archive_hold(archive, a);
    sim_archive_hold(archive, a);
    for (int i = 0; i < 2; i++) {
        sim_archive_release(archive, a);
        check(archive, a, 1, "a", "A");
        cr_assert_eq(sim_archive_count(archive), 1);
    }
    sim_snapshot_number b = put(archive, 2, "b", "B");
    cr_assert_neq(a, b);
    sim_archive_release(archive, a);
    cr_assert_eq(sim_archive_count(archive), 1);
    cr_assert_eq(put(archive, 3, "c", "C"), a);
    check(archive, a, 3, "c", "C");
    check(archive, b, 2, "b", "B");
    sim_archive_free(archive);
}

/* Holders come and go at random; every content is right at every time, stays
 * where it is, and no more numbers are given than were ever held at once. */
Test(archive, agrees_with_a_list_of_holders)
{
    enum { ROOM = 60 };
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct sim_prng prng = sim_prng_stream(seed, SIM_STREAM_SCENARIO, 0, 0);
        struct sim_archive *archive = sim_archive_new();
        struct held {
            unsigned holders;
            sim_tip tip;
            char text[12];
            const uint8_t *meta;
        } model[ROOM + 1] = {{0}};
        uint32_t count = 0;
        uint32_t most = 0;
        for (sim_tip step = 1; step <= 1000; step++) {
            uint64_t pick = 1 + sim_prng_below(&prng, ROOM);
            struct held *held = &model[pick];
            if (held->holders > 0 && sim_prng_chance(&prng, 600000)) {
                sim_archive_release(archive, (sim_snapshot_number)pick);
                count -= --held->holders == 0;
            } else if (held->holders > 0) {
                sim_archive_hold(archive, (sim_snapshot_number)pick);
                held->holders++;
            } else if (count < ROOM) {
                char text[12];
                snprintf(text, sizeof(text), "%u", step);
                sim_snapshot_number number = put(archive, step, text, "i");
                cr_assert_leq(number, ROOM);
                held = &model[number];
                cr_assert_eq(held->holders, 0);
                *held = (struct held){.holders = 1, .tip = step};
                memcpy(held->text, text, sizeof(text));
                held->meta = sim_archive_get(archive, number).meta;
                count++;
                most = count > most ? count : most;
                cr_assert_leq(number, most);
            }
            cr_assert_eq(sim_archive_count(archive), count);
        }
        for (sim_snapshot_number i = 1; i <= ROOM; i++) {
            if (model[i].holders > 0) {
                check(archive, i, model[i].tip, model[i].text, "i");
                cr_assert_eq(sim_archive_get(archive, i).meta, model[i].meta);
            }
        }
        sim_archive_free(archive);
    }
}

Test(archive, refuses_what_nobody_holds, .signal = SIGABRT)
{
    struct sim_archive *archive = sim_archive_new();
    sim_snapshot_number a = put(archive, 1, "a", "A");
    sim_archive_release(archive, a);
    sim_archive_get(archive, a);
}

Test(archive, refuses_numbers_that_it_never_gave, .signal = SIGABRT)
{
    struct sim_archive *archive = sim_archive_new();
    sim_archive_hold(archive, 1);
}
