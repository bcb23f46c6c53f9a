#!/usr/bin/env python3
"""What tools/bench makes of its runs; the runs themselves are not made here.

    test_bench.py SOURCE
"""

import glob
import os
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
SOURCE = sys.argv.pop(1)
sys.path.insert(0, os.path.join(SOURCE, "tools"))

# pylint: disable=wrong-import-position
from benchmark import callgrind, runs, table  # noqa: E402

# As callgrind writes it: names that are numbers the second time, code that was
# inlined from b.c, and a call whose cost is that of what was called.
PROFILE = """\
positions: line
events: Ir
ob=(1) /somewhere/measure
fl=(1) /somewhere/build/../sim/a.c
fn=(1) one
10 5
+2 7
fi=(2) /somewhere/build/../sim/b.c
* 11
fe=(1)
-1 13
cob=(2) /somewhere/libc.so.6
cfi=(3) ???
cfn=(2) two
calls=4 100
12 1000

fl=(2)
fn=(3) three
7 17

ob=(2)
fl=(3)
fn=(2)
100 1000

totals: 1053
"""


class Callgrind(unittest.TestCase):
    def test_each_line_counts_for_the_file_it_stands_in(self):
        costs = callgrind.parse(PROFILE.split("\n"))
        self.assertEqual(
            dict(costs),
            {
                "/somewhere/build/../sim/a.c": 5 + 7 + 13,
                "/somewhere/build/../sim/b.c": 11 + 17,
                "/somewhere/libc.so.6": 1000,
            },
        )

    def test_areas(self):
        for name, area in (
            ("/x/build/../sim/event_queue.c", "queue"),
            ("/x/build/../raft/message.c", "codec"),
            ("/x/build/../raft/log.h", "node (raft/ and its adapter)"),
            ("/x/build/../sim/log_tree.c", "checks"),
            ("/x/build/../tools/benchmark/measure.c", callgrind.REST),
            ("./malloc/./malloc/malloc.c", callgrind.LIBRARY),
            ("/usr/lib/libc.so.6", callgrind.LIBRARY),
        ):
            self.assertEqual(callgrind.area_of(name), area, name)

    def test_what_every_step_runs_has_an_area(self):
        for folder in "raft", "sim":
            for name in glob.glob(os.path.join(SOURCE, folder, "*.c")):
                if not os.path.basename(name).startswith(("scenario", "why", "names")):
                    self.assertNotEqual(callgrind.area_of(name), callgrind.REST, name)


class Figures(unittest.TestCase):
    def test_ratios_are_of_runs_of_the_same_turn(self):
        slow = [{"ns": 20, "steps": 2}, {"ns": 400, "steps": 2}]
        fast = [{"ns": 10, "steps": 2}, {"ns": 100, "steps": 2}]
        ratio = runs.ratio(slow, fast, lambda run: run["ns"] / run["steps"])
        self.assertEqual(ratio, runs.Figure(3, 2, 4))

    def test_numbers_have_three_digits_that_count(self):
        for value, text in (
            (0, "0"),
            (0.04211, "0.0421"),
            (3.14159, "3.14"),
            (271.8, "272"),
            (12345, "12,300"),
            (None, table.NOTHING),
        ):
            self.assertEqual(table.number(value), text)
        self.assertEqual(table.size(3 << 19), "1.50 MiB")

    def test_a_spread_is_left_out_where_there_is_none(self):
        self.assertEqual(table.spread(runs.figure([2, 1, 9])), "2.00 (1.00..9.00)")
        self.assertEqual(table.spread(runs.figure([2, 2])), "2.00")

    def test_a_run_that_fails_is_told_with_what_it_said(self):
        case = runs.Case("broken", ["sh", "-c", "echo because >&2; exit 2"])
        with self.assertRaisesRegex(runs.Failed, "broken: exit code 2: because"):
            runs.run(case)

    def test_a_run_out_of_memory_is_told_as_that(self):
        case = runs.Case("greedy", [sys.executable, "-c", "'x' * (1 << 30)"])
        with self.assertRaises(runs.OutOfMemory):
            runs.run(case, 1 << 29)


class Command(unittest.TestCase):
    def bench(self, *arguments):
        return subprocess.run(
            [sys.executable, os.path.join(SOURCE, "tools", "bench"), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )

    def test_help_tells_of_each_group(self):
        told = self.bench("--help")
        self.assertEqual(told.returncode, 0)
        for group in "nodes", "faults", "watching", "sweep", "log", "libraft", "long":
            self.assertIn(f"\n  {group} ", told.stdout)

    def test_bad_usage(self):
        for arguments, said in (
            (["nonsense"], "no group 'nonsense'"),
            (["--repeats", "0"], "--repeats: at least 1"),
        ):
            told = self.bench(*arguments)
            self.assertEqual(told.returncode, 2)
            self.assertIn(said, told.stderr)


if __name__ == "__main__":
    unittest.main()
