#!/usr/bin/env python3
"""Holds the simulator's verdicts against a second opinion, property and step.

Usage: test_second_opinion.py RAFTSIM SOURCE [MUTANTS]

RAFTSIM is the command, SOURCE the top folder. MUTANTS is a folder with commands
raftsim-NAME, which run a raft/ with one defect each: enough of them have to be
compared. Without it only sound runs are.

Each run is made twice: once as it is, for the simulator's verdict; once without
its checks, for a trace that does not stop where they found something, which
second_opinion.py judges. The two have to be the same run: their hashes are
equal. Where a violation ended the first, the second goes on for some steps;
then both are made once more, to the step before the violation, for their
hashes. (Not to its own step: what is broken may show after it, when a message
leaves, and a run that is stopped by --max-steps does not come to that.)
"""

import glob
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import second_opinion  # noqa: E402

SOUND_STEPS = 1200  # of a sound run
MUTANT_STEPS = 3000  # of a mutant's
STEPS_AFTER = 40  # that a trace goes on after a violation
SEEDS = 12  # tried to make a mutant show itself
# What has to be compared, with mutants.
LEAST_RUNS = 200  # half of them of mutants
LEAST_PROPERTIES = 12  # that both found
MOST_UNDECIDED = 0.02  # of the runs
WHOLE = ["figure-8", "first-election", "lease-beyond-drift", "nodes-1",
         "quorum-loss", "single-server-2015", "vote-kept", "vote-lost",
         "no-majority", "lease-after-restart"]  # to their ends
# Whole runs of mutants in which rarer properties were broken.
RARE = [("half-is-majority", 44), ("vote-ignores-log", 25),
        ("window-never-empty", 20)]


def run(command, scenario, seed, steps, *options):
    arguments = [command, "run", scenario, "--seed", str(seed), "--json",
                 *options]
    if steps is not None:
        arguments += ["--max-steps", str(steps)]
    done = subprocess.run(arguments, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1, 3):
        sys.exit(f"{' '.join(arguments)}: {done.stderr.decode()}")
    return json.loads(done.stdout)


class Comparison:
    def __init__(self, folder):
        self.trace = os.path.join(folder, "trace.jsonl")
        self.runs = 0
        self.mutant_runs = 0
        self.undecided = 0  # runs whose history was too much for the second
        self.found = {}  # property: runs in which both found it
        self.disagreements = []

    def compare(self, command, scenario, seed, steps, result, is_mutant):
        """`result` is the simulator's, of a run that kept the contract."""
        violation = result.get("violation")
        ended = violation is not None and \
            violation["property"] != "linearizability"
        stop = violation["step"] + STEPS_AFTER if ended else steps
        second = run(command, scenario, seed, stop, "--no-checks", "--trace",
                     self.trace, "--trace-format", "jsonl")
        with open(self.trace, encoding="utf-8") as lines:
            opinion = second_opinion.verdict_of(lines)
        mine = (opinion["property"], opinion["step"])
        theirs = (violation["property"], violation["step"]) if violation \
            else (None, None)
        if ended:
            before = violation["step"] - 1
            result = run(command, scenario, seed, before)
            second = run(command, scenario, seed, before, "--no-checks")
        same_run = second["hash"] == result["hash"]
        self.runs += 1
        self.mutant_runs += is_mutant
        self.undecided += bool(opinion["keys_undecided"])
        if mine != theirs or not same_run:
            self.disagreements.append(
                f"{os.path.basename(command)} {os.path.basename(scenario)} "
                f"--seed {seed} --max-steps {steps}: simulator {theirs}, "
                f"second opinion {mine} {opinion['text']}"
                f"{'' if same_run else ', and the runs differ'}")
        elif violation is not None:
            name = violation["property"]
            self.found[name] = self.found.get(name, 0) + 1


def sound_runs(comparison, raftsim, source):
    for scenario in sorted(glob.glob(source + "/scenarios/*.json")):
        name = os.path.basename(scenario)[:-5]
        if name in ("nodes-49", "swarm", "swarm-leases"):
            continue  # too large, or below
        steps = None if name in WHOLE else SOUND_STEPS
        result = run(raftsim, scenario, 7, steps)
        comparison.compare(raftsim, scenario, 7, steps, result, False)
    for name in ("swarm", "swarm-leases"):
        scenario = f"{source}/scenarios/{name}.json"
        for seed in range(1, 21):
            result = run(raftsim, scenario, seed, SOUND_STEPS)
            comparison.compare(raftsim, scenario, seed, SOUND_STEPS, result,
                               False)


def mutant_runs(comparison, command, source):
    """Three in which the defect shows, if it does so soon, and two more."""
    shown = hidden = 0
    for seed in range(1, SEEDS + 1):
        name = ("swarm", "swarm-leases")[seed % 2]
        scenario = f"{source}/scenarios/{name}.json"
        result = run(command, scenario, seed, MUTANT_STEPS)
        if result["verdict"] == "contract":
            continue  # its judgement ends there
        if result.get("violation") is not None and shown < 3:
            shown += 1
        elif result.get("violation") is None and hidden < 2:
            hidden += 1
        else:
            continue
        comparison.compare(command, scenario, seed, MUTANT_STEPS, result, True)
        if shown == 3 and hidden == 2:
            break


def shortcomings(comparison):
    """Of a comparison with mutants: what it has too little of."""
    if comparison.runs < LEAST_RUNS:
        yield f"{comparison.runs} runs, expected {LEAST_RUNS}"
    if 2 * comparison.mutant_runs < comparison.runs:
        yield "less than half of the runs are of mutants"
    if len(comparison.found) < LEAST_PROPERTIES:
        yield (f"both found {len(comparison.found)} properties broken, "
               f"expected {LEAST_PROPERTIES}")
    if comparison.undecided > MOST_UNDECIDED * comparison.runs:
        yield f"{comparison.undecided} runs are undecided"


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    raftsim, source = sys.argv[1], sys.argv[2]
    mutants = []
    if len(sys.argv) == 4:
        mutants = sorted(path for path in glob.glob(sys.argv[3] + "/raftsim-*")
                         if os.path.isfile(path) and os.access(path, os.X_OK))
    with tempfile.TemporaryDirectory() as folder:
        comparison = Comparison(folder)
        sound_runs(comparison, raftsim, source)
        for command in mutants:
            mutant_runs(comparison, command, source)
        for name, seed in RARE:
            command = f"{sys.argv[-1]}/raftsim-{name}"
            if command in mutants:
                scenario = f"{source}/scenarios/swarm.json"
                result = run(command, scenario, seed, None)
                comparison.compare(command, scenario, seed, None, result, True)
    for line in comparison.disagreements:
        print("DISAGREE", line)
    print(f"{comparison.runs} runs compared, {comparison.mutant_runs} of them "
          f"of {len(mutants)} mutants; {len(comparison.disagreements)} "
          "disagreements")
    if comparison.undecided:
        print(f"in {comparison.undecided} of them the second opinion did not "
              "know whether the history has an order")
    for name, count in sorted(comparison.found.items()):
        print(f"  both found {name} {count} times")
    missing = []
    if len(sys.argv) == 4:
        missing = list(shortcomings(comparison))
    else:
        print("no mutants were given: only sound runs were compared")
    for line in missing:
        print("TOO LITTLE:", line)
    sys.exit(1 if comparison.disagreements or missing else 0)


if __name__ == "__main__":
    main()
