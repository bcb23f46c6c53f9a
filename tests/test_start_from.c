/* Where a sweep of a commit begins. */
#include <criterion/criterion.h>

#include "tests/sweep_harness.h"
#include "tools/start_from.h"

Test(start_from, follows_from_the_hash)
{
    static const struct {
        const char *hash;
        uint64_t start;
    } list[] = {
        {"0000000000000000000000000000000000000000", 1},
        {"00000000f424000000000000000000000000000f", 1000001},
        {"00000000f423f000000000000000000000000000", 1},
        {"ab99cf2e1d0c4b5a69788796a5b4c3d2e1f00112",
         UINT64_C(3018833508000001)},
        {"ffffffffffffffffffffffffffffffffffffffff",
         UINT64_C(4503599627000001)},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        uint64_t start = 0;
        cr_expect(start_from_commit(list[i].hash, &start), "%s", list[i].hash);
        cr_expect_eq(start, list[i].start, "%s: %llu", list[i].hash,
                     (unsigned long long)start);
    }
    uint64_t start;
    cr_expect_not(start_from_commit("", &start));
    cr_expect_not(start_from_commit("abc", &start));
    cr_expect_not(start_from_commit("HEAD", &start));
}

#define COMMIT(name)                                                           \
    "git -c user.name=x -c user.email=x@example.org commit -q --allow-empty "  \
    "-m " name " && "

/* Seeds of the first runs, from the report. */
#define FIRST                                                                  \
    "sweep good.json --seeds 1..30 --start-from git --json r >/dev/null; "     \
    "grep -o '\"seeds\":[^]]*' r "

Test(start_from, takes_each_commit_elsewhere)
{
    static const struct shell_expectation list[] = {
        /* The same again, and another one after the next commit. */
        {"git init -q . && " COMMIT("one") FIRST ">1; " FIRST ">2; " COMMIT(
             "two") FIRST ">3; cmp 1 2 && ! cmp -s 1 3 && grep -c 000001 1 3",
         0, "1:1\n3:1\n"},
        {"git init -q . && " COMMIT(
             "one") "git rev-parse HEAD | cut -c 1-13 >h;" FIRST
                    "| tr -dc '0-9,' | tr , ' ' >s; read a b <s; "
                    "h=$((0x$(cat h))); "
                    "[ $a = $((h - h % 1000000 + 1)) ] && [ $b = $((a + 29)) ] "
                    "&& "
                    "echo right",
         0, "right\n"},
        {"git init -q . && sweep good.json --time 1s --start-from git", 2, ""},
        {"git init -q . && $RAFTSIM sweep good.json --time 1s --start-from git "
         "2>&1",
         2, "--start-from git: git does not tell which commit this is\n"},
        {"sweep good.json --seeds 1..30 --start-from 1001 --json - | grep -o "
         "'\"done\":[^]]*'",
         0, "[[\"1001\",\"1030\""},
        {"sweep good.json --seeds 0..0 --start-from 1 --json - | grep -o "
         "'\"done\":[^]]*'",
         0, "[[\"0\",\"0\""},
    };
    EXPECT_ALL(list);
}
