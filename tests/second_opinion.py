#!/usr/bin/env python3
"""A second opinion: judges a run from its trace, with nothing of the simulator.

Usage: second_opinion.py [TRACE]      (a file of --trace-format jsonl, or stdin)

It prints one line of JSON: the first property that the run broke and the step,
or null. It is naive where the simulator is clever: each node's log is a whole
list, in memory and on disk, nothing is ever dropped, and whole lists are compared
with each other. What the properties say is in README.md; what the records are,
in tests/TRACE.md.

Where one record breaks several properties, the first counts, in this order: the
term; if the node leads, its vote, that it is the only leader, its log; the log;
the members; what is committed; changes; what is applied; snapshots.
"""

import json
import sys

sys.dont_write_bytecode = True
from second_opinion_applied import Broken  # noqa: E402
from second_opinion_world import World  # noqa: E402


def verdict_of(lines):
    world = World()
    verdict = {"property": None, "step": None, "text": None}
    records = 0
    try:
        for line in lines:
            records += 1
            world.take(json.loads(line))
    except Broken as broken:
        verdict["property"] = broken.name
        verdict["step"] = world.step
        verdict["text"] = broken.text
    verdict["records"] = records
    verdict["complete"] = world.complete
    verdict["keys_undecided"] = world.undecided
    return verdict


def main():
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    if len(sys.argv) == 2:
        with open(sys.argv[1], encoding="utf-8") as lines:
            verdict = verdict_of(lines)
    else:
        verdict = verdict_of(sys.stdin)
    print(json.dumps(verdict))


if __name__ == "__main__":
    main()
