"""Runs of the programs that measure: repeated, interleaved, and what came of them."""

import collections
import json
import os
import resource
import statistics
import subprocess
import sys
import time

from . import callgrind

SECONDS = 1800

# What is run: a name that is unique, a command, and how it is counted under
# callgrind (the command again, with a smaller part of the same run; None: not at
# all). Told by wall-clock where the command tells nothing itself.
Case = collections.namedtuple("Case", "name command counted wall")
Case.__new__.__defaults__ = (None, False)

# The middle of several figures, and how far they go.
Figure = collections.namedtuple("Figure", "median low high")


class Failed(Exception):
    """A run that came to nothing; what it said."""


class OutOfMemory(Failed):
    """It needed more than it was given."""


def figure(values):
    values = list(values)
    return Figure(statistics.median(values), min(values), max(values))


class Progress:
    """What is being done, on standard error: in one line on a terminal."""

    def __init__(self):
        self.on_terminal = sys.stderr.isatty()
        self.began = time.monotonic()

    def say(self, text):
        minutes, seconds = divmod(int(time.monotonic() - self.began), 60)
        line = f"[{minutes:2}:{seconds:02}] {text}"
        if self.on_terminal:
            sys.stderr.write("\r\033[K" + line[:100])
        else:
            sys.stderr.write(line + "\n")
        sys.stderr.flush()

    def end(self):
        if self.on_terminal:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


def free_bytes():
    """Of memory; None: not known."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def processor_ns():
    """Taken by all runs so far, and by the processes that they started."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return int((usage.ru_utime + usage.ru_stime) * 1e9)


def run(case, memory=None):
    """One run of a case: what it told, or its times.

    `memory` is how many bytes it may have, of those that are free in any case: a run
    that takes too much ends, and not the machine.
    """
    free = free_bytes()
    limits = [each for each in (memory, free and free * 9 // 10) if each]

    def limit():
        if limits:
            resource.setrlimit(resource.RLIMIT_DATA, (min(limits), min(limits)))

    used = processor_ns()
    began = time.monotonic_ns()
    try:
        done = subprocess.run(
            case.command,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
            preexec_fn=limit,
        )
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{case.name}: not done after {SECONDS} s") from late
    wall_ns = time.monotonic_ns() - began
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-1000:]
        if "memory" in said.lower():
            raise OutOfMemory(f"{case.name}: {said}")
        raise Failed(f"{case.name}: exit code {done.returncode}: {said}")
    if case.wall:
        return {"wall_ns": wall_ns, "processor_ns": processor_ns() - used}
    return json.loads(done.stdout)


def interleaved(cases, repeats, progress, what):
    """All cases in turn, as often as `repeats` says: {name: [told, ...]}.

    What else the machine does at a time hits them alike, so that those of one turn
    may be compared with each other.
    """
    told = {case.name: [] for case in cases}
    for turn in range(repeats):
        if not progress.on_terminal:
            progress.say(f"{what}: turn {turn + 1} of {repeats}")
        for case in cases:
            if progress.on_terminal:
                progress.say(f"{what}: {case.name}, turn {turn + 1} of {repeats}")
            told[case.name].append(run(case))
    return told


def counted(cases, progress, what):
    """{name: Counted}, of those that are counted; side by side on all processors."""
    wanted = [case for case in cases if case.counted]
    if not wanted:
        return {}
    progress.say(f"{what}: counting instructions, {len(wanted)} runs")
    return callgrind.count_all(
        {case.name: case.counted for case in wanted}, os.cpu_count() or 1
    )


# --- figures of what was told ---------------------------------------------------


def rate(told, key, per="ns"):
    """So many a second."""
    return figure(each[key] * 1e9 / each[per] for each in told)


def ns_a(told, key):
    return figure(each["ns"] / each[key] for each in told)


def of(told, key):
    return figure(each[key] for each in told)


def ratio(told, base, value):
    """Of runs of the same turns: value(run) / value(run of base)."""
    return figure(value(a) / value(b) for a, b in zip(told, base))
