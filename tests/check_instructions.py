#!/usr/bin/env python3
"""Holds the instructions that a step takes to those that are recorded.

    check_instructions.py MEASURE BUILD [--update]

MEASURE is the program of that name in tools/benchmark, BUILD what made it:
compiler, its major version, optimization and processor, as gcc-12-O2-x86_64. Three
fixed parts of runs are counted by callgrind. Counts repeat exactly and have nothing
to do with how busy the machine is, so 5% more or fewer is a change of the program:
a slow-down, or a gain that is to be recorded, so that it is held from then on.

What was recorded is in instructions.txt beside this file. Where BUILD is not, the
counts have to be within 40% of the nearest that is, and the same a second time.

--update records the counts of BUILD.
"""

import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tools"))

# pylint: disable=wrong-import-position
from benchmark import callgrind  # noqa: E402

RECORDED = os.path.join(HERE, "instructions.txt")
NEAR = 0.05
FAR = 0.40

SNAPSHOTS = {"every": 500, "keep": 50}
PART = ["--skip-steps", "5000", "--steps", "15000"]
RUNS = {
    "steady-3-nodes": (
        {
            "nodes": 3,
            "workload": {"clients": 8, "rate": "1000/s"},
            "snapshots": SNAPSHOTS,
        },
        PART,
    ),
    "saturating-5-nodes": (
        {
            "nodes": 5,
            "workload": {"clients": 64, "rate": "max"},
            "snapshots": SNAPSHOTS,
        },
        PART,
    ),
    "swarm-seed-7": ("swarm", ["--seed", "7", "--seeds", "1"]),
}

HEAD = """\
# Instructions a step; see check_instructions.py. To record them anew, for one build:
#     tests/check_instructions.py build/tools/benchmark/measure BUILD --update
"""


def command_of(measure, name, folder):
    scenario, options = RUNS[name]
    if isinstance(scenario, str):
        path = os.path.join(os.path.dirname(HERE), "scenarios", scenario + ".json")
    else:
        path = os.path.join(folder, name + ".json")
        whole = {
            "description": name,
            "duration": "1h",
            "expect": {"progress_within": "never"},
            **scenario,
        }
        with open(path, "w", encoding="utf-8") as file:
            json.dump(whole, file)
    return [measure, path, *options]


def count(measure):
    """{run: instructions a step}; of a program without what is there for debuggers,
    as there are compilers whose valgrind cannot read."""
    with tempfile.TemporaryDirectory() as folder:
        bare = os.path.join(folder, "measure")
        subprocess.run(["strip", "--strip-debug", "-o", bare, measure], check=True)
        measure = bare
        commands = {name: command_of(measure, name, folder) for name in RUNS}
        found = callgrind.count_all(commands, os.cpu_count() or 1)
    return {
        name: counted.instructions / counted.told["steps"]
        for name, counted in found.items()
    }


def read():
    """{build: {run: instructions a step}}"""
    recorded = {}
    with open(RECORDED, encoding="utf-8") as file:
        for line in file:
            words = line.split("#")[0].split()
            if words:
                build, name, value = words
                recorded.setdefault(build, {})[name] = float(value)
    return recorded


def write(recorded):
    lines = [
        f"{build:<24} {name:<24} {value:12.1f}\n"
        for build in sorted(recorded)
        for name, value in sorted(recorded[build].items())
    ]
    with open(RECORDED, "w", encoding="utf-8") as file:
        file.write(HEAD + "".join(lines))


def differs(name, value, wanted, most):
    """Tells what it is, and what it should be."""
    change = value / wanted - 1
    is_bad = abs(change) > most
    print(
        f"{name}: {value:.1f} instructions a step, {wanted:.1f} are recorded: "
        f"{change:+.2%}{f', more than {most:.0%}' if is_bad else ''}"
    )
    return is_bad


def check_known(values, wanted):
    if set(values) != set(wanted):
        print("recorded are", ", ".join(sorted(wanted)))
        return False
    return not any([differs(name, values[name], wanted[name], NEAR) for name in values])


def check_unknown(values, again, recorded):
    good = bool(recorded)
    for name, value in values.items():
        all_of_it = [each[name] for each in recorded.values() if name in each]
        if not all_of_it:
            print(f"{name}: is not recorded for any build")
            good = False
            continue
        nearest = min(all_of_it, key=lambda each: abs(each - value))
        good = not differs(name, value, nearest, FAR) and good
        if again[name] != value:
            print(f"{name}: {again[name]:.1f} the second time")
            good = False
    return good


def main():
    arguments = [each for each in sys.argv[1:] if each != "--update"]
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    measure, build = arguments
    recorded = read() if os.path.exists(RECORDED) else {}
    try:
        values = count(measure)
    except RuntimeError as problem:
        print(problem)
        return 1
    if "--update" in sys.argv:
        write({**recorded, build: values})
        return 0
    if build in recorded:
        good = check_known(values, recorded[build])
    else:
        print(f"nothing is recorded for {build}")
        good = check_unknown(values, count(measure), recorded)
    if not good:
        print(
            "If that is meant to be so, record it:\n"
            f"    tests/check_instructions.py {os.path.relpath(measure)} {build} --update"
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
