#!/usr/bin/env python3
"""Goes the whole way with mutants, as a person would: a sweep that turns red,
the file that the failure leaves, its replay, a small scenario, its story, and
the small scenario run again: with other seeds, where it has to fail each time,
and with the library as it is, where nothing may fail.

    walk_mutants.py RAFTSIM BUILD [--only NAME,...] [--output FILE] [--keep DIR]

BUILD has the commands raftsim-NAME. Exits with 1 if a step of the way failed
for a mutant."""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

SCENARIOS = ["scenarios/swarm.json", "scenarios/swarm-leases.json"]
SEEDS = "1..8000"


def call(arguments, expected):
    """Standard output; the command has to end with one of these codes."""
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode not in expected:
        raise RuntimeError(
            f"{' '.join(arguments)}: exit code {done.returncode}\n"
            f"{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return done.stdout


def failures_in(folder):
    return sorted(
        os.path.join(folder, name)
        for name in (os.listdir(folder) if os.path.isdir(folder) else [])
        if name.endswith(".json")
    )


def find_failure(mutant, folder, name):
    """The file of the first failure of a sweep."""
    order = SCENARIOS
    if name.startswith("lease") or name == "campaigns-as-if-told":
        order = SCENARIOS[::-1]
    for scenario in order:
        call(
            [mutant, "sweep", scenario, "--seeds", SEEDS, "--stop-after", "1",
             "--failures", folder],
            [0, 1, 3],
        )
        found = failures_in(folder)
        if found:
            return found[0]
    raise RuntimeError(f"{mutant}: no sweep found it")


def failure_of(mutant, scenario, seed):
    line = call(
        [mutant, "run", "--json", scenario, "--seed", str(seed)], [0, 1, 3]
    )
    return json.loads(line)["failure"]


def walk(raftsim, build, name, folder):
    """One row of the table."""
    mutant = os.path.join(build, "raftsim-" + name)
    small = os.path.join(folder, name + ".json")
    kept = find_failure(mutant, os.path.join(folder, name + "-failures"), name)
    with open(kept, encoding="utf-8") as file:
        artifact = json.load(file)
    replayed = json.loads(call([mutant, "replay", "--json", kept], [1, 3]))
    if replayed["replay"]["end"] != "same" or not replayed["replay"]["followed"]:
        raise RuntimeError(f"{kept}: the replay parted: {replayed['replay']}")
    began = time.monotonic()
    told = subprocess.run(
        [mutant, "shrink", kept, "-o", small], capture_output=True, text=True
    )
    seconds = time.monotonic() - began
    if told.returncode != 0:
        raise RuntimeError(f"{kept}: not shrunk: {told.stderr}")
    with open(small, encoding="utf-8") as file:
        scenario = json.load(file)
    certain = "seed" not in scenario
    for seed in [1, 77, 123456789] if certain else [scenario["seed"]]:
        failure = failure_of(mutant, small, seed)
        if failure is None or failure["what"] != artifact["failure"]["what"]:
            raise RuntimeError(f"{small}, seed {seed}: {failure}")
    control = failure_of(raftsim, small, 1 if certain else scenario["seed"])
    if artifact["failure"]["what"] != "contract":
        call([mutant, "explain", small], [0])
    steps = re.search(r"from (\d+) steps to (\d+)", told.stderr)
    actions = len(scenario.get("faults", [])) + len(
        scenario.get("network", {}).get("messages", [])
    )
    return {
        "name": name,
        "what": artifact["failure"]["what"],
        "nodes": scenario.get("nodes", 3),
        "before": artifact["steps"],
        "steps": int(steps.group(2)),
        "actions": actions if certain else None,
        "seconds": seconds,
        "control": control,
    }


def table(rows, failed, command):
    lines = [
        "# What is left of each failure",
        "",
        "    " + command,
        "",
        "Of each mutant the first failure that a sweep finds, shrunk. Actions are"
        " the steps",
        "of the script and the rules for messages together; \"chance\" stands where"
        " the run",
        "could not be written down without it, and its seed shows the failure."
        " The control",
        "is the small scenario run with the library as it is.",
        "",
        "| mutant | violated | steps | left | actions | nodes | seconds | control |",
        "|---|---|---:|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        actions = "chance" if row["actions"] is None else row["actions"]
        control = "passes" if row["control"] is None else row["control"]["what"]
        lines.append(
            f"| {row['name']} | {row['what']} | {row['before']} | {row['steps']} |"
            f" {actions} | {row['nodes']} | {row['seconds']:.1f} | {control} |"
        )
    actions = [r["actions"] for r in rows if r["actions"] is not None]
    lines += [
        "",
        f"{len(rows)} mutants walked, {len(failed)} failed on the way. Medians:"
        f" {statistics.median(r['steps'] for r in rows):.0f} steps,"
        f" {statistics.median(actions):.0f} actions,"
        f" {statistics.median(r['seconds'] for r in rows):.1f} s;"
        f" the longest took {max(r['seconds'] for r in rows):.1f} s.",
        f"Without any chance left: {len(actions)} of {len(rows)}.",
        "",
    ]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("raftsim")
    parser.add_argument("build")
    parser.add_argument("--only")
    parser.add_argument("--output")
    parser.add_argument("--keep")
    options = parser.parse_args()
    names = sorted(
        name[len("raftsim-"):]
        for name in os.listdir(options.build)
        if name.startswith("raftsim-") and not name.endswith(".p")
    )
    if options.only:
        names = options.only.split(",")
    rows, failed = [], []
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or temporary
        os.makedirs(folder, exist_ok=True)
        for name in names:
            try:
                row = walk(options.raftsim, options.build, name, folder)
                rows.append(row)
                print(f"{name}: {row['before']} steps, {row['steps']} left,"
                      f" {row['actions']} actions, {row['seconds']:.1f} s",
                      flush=True)
            except RuntimeError as error:
                failed.append(name)
                print(f"{name}: FAILED: {error}", flush=True)
    if options.output:
        command = "python3 tests/walk_mutants.py build/tools/raftsim build/tests/mutants --output tests/mutants/SHRUNK.md"
        with open(options.output, "w", encoding="utf-8") as file:
            file.write(table(rows, failed, command))
    bad = [r["name"] for r in rows if r["control"] is not None]
    if bad:
        print("the control fails, too: " + ", ".join(bad))
    return 1 if failed or bad or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
