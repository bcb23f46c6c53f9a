"""What a group of measurements is given, and what it gives."""

import collections

from . import runs
from .table import number, spread

# A promise of speed, and what came of it. `value` is what `limit` is about.
Target = collections.namedtuple("Target", "what wanted value kept")

# What a group gives: the text below its title, and its targets.
Section = collections.namedtuple("Section", "title text targets")


class Job:
    """What all groups are given: the workbench, and how much is to be done."""

    def __init__(self, bench, progress, repeats, quick, long, counts):
        self.bench = bench
        self.progress = progress
        self.repeats = repeats
        self.quick = quick
        self.long = long
        self.counts = counts  # whether callgrind is there

    def amount(self, many):
        return many // 10 if self.quick else many

    def run(self, what, cases, repeats=None):
        told = runs.interleaved(cases, repeats or self.repeats, self.progress, what)
        found = runs.counted(cases, self.progress, what) if self.counts else {}
        return told, found


def at_most(what, limit, value, show=number):
    kept = value.median <= limit
    return Target(what, "at most " + show(limit), spread(value, show), kept)


def at_least(what, limit, value, show=number):
    kept = value.median >= limit
    return Target(what, "at least " + show(limit), spread(value, show), kept)


def per_step(counted):
    return None if counted is None else counted.instructions / counted.told["steps"]


def ns_a_step(run):
    return run["ns"] / run["steps"]
