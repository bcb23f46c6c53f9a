"""Counts instructions with valgrind's callgrind, by source file.

Callgrind counts only while the function `measured` of measure.c (or fixture.c)
is on the stack. Such counts repeat exactly, on a busy machine as well.
"""

import collections
import concurrent.futures
import json
import os
import re
import subprocess
import tempfile

# The C library chooses its copying and comparing by the processor it finds. With
# these off it chooses the same on each, so that counts can be compared.
TUNABLES = "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX2,-ERMS,-FSRM"

SECONDS = 600

Counted = collections.namedtuple("Counted", "told instructions by_file")
Counted.__doc__ = """What the program told (its line of JSON), how many instructions it
took in all, and for each source file; what has none counts for its object."""

_NAME = re.compile(r"(fl|fi|fe|cfi|cfl|fn|cfn|ob|cob)=\((\d+)\)(?: (.*))?$")
_COST = re.compile(r"(?:[+-]?\d+|\*) (\d+)$")

# Names are written once and are numbers from then on; each of these shares its
# numbers with the others of its kind.
_KINDS = {
    "fl": "file",
    "fi": "file",
    "fe": "file",
    "cfi": "file",
    "cfl": "file",
    "fn": "function",
    "cfn": "function",
    "ob": "object",
    "cob": "object",
}


def parse(lines):
    """The instructions of each source file, of a profile as callgrind writes it.

    A line "fi=" or "fe=" says that the code from there on was inlined from another
    file. After "calls=" stands what was called, which counts for itself.
    """
    names = {}
    costs = collections.Counter()
    where = {"file": "???", "object": "???"}
    is_callee = False
    for line in lines:
        line = line.rstrip("\n")
        match = _NAME.match(line)
        if match:
            key, number, name = match.groups()
            kind = _KINDS[key]
            if name is not None:
                names[kind, number] = name
            if key in ("fl", "fi", "fe", "ob"):
                where[kind] = names[kind, number]
            continue
        if line.startswith("calls="):
            is_callee = True
            continue
        match = _COST.match(line)
        if match and is_callee:
            is_callee = False
        elif match:
            is_known = where["file"] != "???"
            costs[where["file" if is_known else "object"]] += int(match.group(1))
    return costs


def count(command):
    """Runs it under callgrind."""
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "callgrind.out")
        done = subprocess.run(
            [
                "valgrind",
                "--tool=callgrind",
                "--callgrind-out-file=" + output,
                "--toggle-collect=measured",
                *command,
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
            env={**os.environ, "GLIBC_TUNABLES": TUNABLES},
        )
        if done.returncode != 0:
            raise RuntimeError("valgrind: " + done.stderr.strip()[-2000:])
        with open(output, encoding="utf-8") as file:
            lines = file.readlines()
    by_file = parse(lines)
    totals = [line.split()[1] for line in lines if line.startswith("totals: ")]
    if totals != [str(sum(by_file.values()))]:
        raise RuntimeError(f"callgrind counted {totals}, and its lines do not say so")
    return Counted(json.loads(done.stdout), int(totals[0]), by_file)


def count_all(commands, jobs):
    """{key: Counted} of {key: command}, so many at a time."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return dict(zip(commands, pool.map(count, commands.values())))


# --- areas ----------------------------------------------------------------------

# What a source file belongs to, by the beginning of its name below the top of the
# tree; the longest one counts.
_AREAS = {
    "queue": ["sim/event_queue"],
    "network and mail": ["sim/network", "sim/mail", "sim/post"],
    "codec": ["raft/message", "raft/bytes", "sim/raft_node_messages"],
    "node (raft/ and its adapter)": [
        "raft/",
        "sim/raft_node",
        "sim/node",
        "sim/asks",
        "sim/answers",
    ],
    "host, disks and clocks": [
        "sim/host",
        "sim/cluster",
        "sim/disk",
        "sim/clock",
        "sim/archive",
        "sim/damage",
        "sim/simulation",
        "sim/service",
        "sim/progress",
        "sim/reach",
        "sim/expect",
    ],
    "checks": [
        "sim/checker",
        "sim/log_tree",
        "sim/window",
        "sim/situations",
        "sim/memberships",
        "sim/configuration",
        "sim/linearizability",
        "sim/history",
        "sim/intern",
        "sim/double_check",
    ],
    "clients and state machine": ["sim/clients", "sim/kv", "sim/command"],
    "faults and chance": [
        "sim/faults",
        "sim/operator",
        "sim/trigger",
        "sim/targets",
        "sim/prng",
        "sim/distribution",
        "sim/recording",
    ],
    "hash and trace": ["sim/hash", "sim/trace", "sim/json"],
    "memory and tables": ["sim/memory", "sim/table", "sim/bytes"],
}

REST = "the rest"
LIBRARY = "the C library"
AREAS = [*_AREAS, REST, LIBRARY]


def area_of(name):
    match = re.search(r"(?:^|/)((?:raft|sim|tools/benchmark)/[^/]+\.[ch])$", name)
    if not match:
        return LIBRARY
    found = [
        (len(start), area)
        for area, starts in _AREAS.items()
        for start in starts
        if match.group(1).startswith(start)
    ]
    return max(found)[1] if found else REST


def by_area(by_file):
    """(area, instructions), in the order of AREAS; none that took nothing."""
    costs = collections.Counter()
    for name, cost in by_file.items():
        costs[area_of(name)] += cost
    return [(area, costs[area]) for area in AREAS if costs[area]]
