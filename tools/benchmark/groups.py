"""The groups of measurements: each makes a section of the file."""

import os

from . import runs
from .cases import LOADS, NODES, part
from .runs import Figure, figure
from .section import Section, at_least, at_most, ns_a_step, per_step
from .table import number, percent, size, spread, table, times, whole

SKIP = ["--skip-steps", "20000"]


# --- nodes and loads ------------------------------------------------------------


def nodes(job):
    cases = []
    for load in LOADS:
        for n in NODES:
            steps = job.amount(100000 if load == "saturating" and n > 9 else 300000)
            cases.append(
                job.bench.measure(
                    f"{load} {n}",
                    job.bench.loaded(n, load),
                    part(SKIP, steps),
                    part(SKIP, 30000),
                )
            )
    told, counts = job.run("nodes", cases)
    text = (
        "No faults. Idle: no clients. Steady: 8 clients, together 1000 commands a "
        "second. Saturating: 256 clients, each with a command on its way at any "
        "time. The memory of a node is that of the whole run after 20,000 steps, "
        "checks and clients included, divided by the nodes.\n"
    )
    for load in LOADS:
        rows = []
        for n in NODES:
            each = told[f"{load} {n}"]
            of_five = runs.ratio(
                each, told[f"{load} 5"], ns_a_step
            )
            rows.append(
                [
                    n,
                    spread(runs.ns_a(each, "steps")),
                    times(of_five.median),
                    whole(per_step(counts.get(f"{load} {n}"))),
                    number(runs.rate(each, "steps").median),
                    number(runs.rate(each, "commits").median),
                    size(each[0]["skipped_heap_bytes"] / n),
                    size(runs.of(each, "peak_bytes")),
                    number(runs.of(each, "start_ns").median / 1e6),
                ]
            )
        heads = ["nodes", "ns a step", "of 5 nodes'", "instructions a step"]
        heads += ["steps/s", "commits/s", "memory a node", "peak", "start, ms"]
        text += f"\n**{load.capitalize()}**\n\n" + table(heads, rows)
    targets = [
        at_most(f"ns a step, {n} nodes, steady", 150, runs.ns_a(told[f"steady {n}"], "steps"))
        for n in (3, 5)
    ]
    many = runs.ratio(
        told["steady 101"], told["steady 5"], ns_a_step
    )
    targets.append(at_most("ns a step, 101 nodes to 5, steady", 2, many, times))
    start = figure(run["start_ns"] / 1e6 for run in told["steady 101"])
    targets.append(at_most("ms until 101 nodes have started", 50, start))
    return Section("Nodes and loads", text, targets)


# --- faults ---------------------------------------------------------------------


def faults(job):
    kinds = [
        ("swarm", "swarm", 100),
        ("swarm with leases", "swarm-leases", 100),
        ("members change, with snapshots", "nodes-9-churn", 20),
    ]
    cases = [
        job.bench.measure(
            name,
            job.bench.shipped(file),
            ["--seeds", str(max(1, job.amount(seeds)))],
            ["--seeds", "2"],
        )
        for name, file, seeds in kinds
    ]
    told, counts = job.run("faults", cases)
    rows = []
    for name, file, _ in kinds:
        each = told[name]
        rows.append(
            [
                f"{name} (`{file}`)",
                spread(runs.rate(each, "seeds")),
                spread(runs.ns_a(each, "steps")),
                whole(per_step(counts.get(name))),
                number(runs.rate(each, "steps").median),
                number(runs.rate(each, "commits").median),
                size(runs.of(each, "peak_bytes")),
            ]
        )
    text = (
        "Whole runs of the scenarios of these names, from the scenario's text to the "
        "verdict, one seed after the other on one processor. (Instructions: of two "
        "seeds.)\n\n"
    )
    heads = ["", "seeds/s", "ns a step", "instructions a step", "steps/s"]
    return Section(
        "Faults", text + table(heads + ["commits/s", "peak"], rows), []
    )


# --- watching -------------------------------------------------------------------

WATCHING = {
    "checks, hash": [],
    "no checks, hash": ["--no-checks"],
    "checks, no hash": ["--no-hash"],
    "no checks, no hash": ["--no-checks", "--no-hash"],
    "checks, hash, trace as text": ["--written"],
}


def share(told, without):
    """Of a run, by what is saved where a thing is left out: 0 to 1."""
    saved = runs.ratio(without, told, ns_a_step)
    return Figure(1 - saved.median, 1 - saved.high, 1 - saved.low)


def watching(job):
    kinds = [(f"{n} nodes, {load}", n, load) for n, load in
             ((3, "steady"), (5, "steady"), (5, "saturating"))]
    cases = [
        job.bench.measure(
            f"{kind}: {way}",
            job.bench.loaded(n, load),
            part(SKIP, job.amount(300000)) + options,
            part(SKIP, 30000) + options,
        )
        for kind, n, load in kinds
        for way, options in WATCHING.items()
    ]
    told, counts = job.run("watching", cases)
    text = (
        "What checking and tracing take. A run is the same step for step with and "
        "without them. The ratios are of runs of the same turn.\n"
    )
    targets = []
    for kind, _, _ in kinds:
        all_of_it = f"{kind}: checks, hash"
        rows = []
        for way in WATCHING:
            name = f"{kind}: {way}"
            against = runs.ratio(
                told[name], told[all_of_it], ns_a_step
            )
            some = per_step(counts.get(name))
            rows.append(
                [
                    way,
                    spread(runs.ns_a(told[name], "steps")),
                    spread(against, times),
                    whole(some),
                    number(some and some / per_step(counts[all_of_it])) + "x"
                    if some
                    else "-",
                ]
            )
        heads = ["", "ns a step", "of the first", "instructions a step", "of the first"]
        text += f"\n**{kind[0].upper() + kind[1:]}**\n\n" + table(heads, rows)
        if "steady" in kind:
            for what, way, limit in (
                ("checks", "no checks, hash", 0.25),
                ("hashed trace", "checks, no hash", 0.10),
            ):
                took = share(told[all_of_it], told[f"{kind}: {way}"])
                targets.append(at_most(f"{what}, of a run, {kind}", limit, took, percent))
    return Section("Checks and traces", text, targets)


# --- sweep ----------------------------------------------------------------------


def sweep(job):
    seeds = max(50, job.amount(600))
    both = [1, 2]
    command = [job.bench.program("raftsim"), "sweep", job.bench.shipped("swarm")]
    command += ["--seeds", f"1..{seeds}", "--failures", job.bench.folder, "-j"]
    cases = [runs.Case(f"-j {n}", [*command, str(n)], None, True) for n in both]
    told, _ = job.run("sweep", cases)
    rows = []
    for n in both:
        each = told[f"-j {n}"]
        got = figure(run["processor_ns"] / run["wall_ns"] for run in each)
        on_wall = figure(seeds * 1e9 / run["wall_ns"] for run in each)
        on_processor = figure(seeds * 1e9 / run["processor_ns"] for run in each)
        rows.append([f"`-j {n}`", spread(on_wall), spread(on_processor), spread(got)])
    gain = runs.ratio(told["-j 1"], told["-j 2"], lambda run: run["wall_ns"])
    cores = os.cpu_count() or 1
    text = (
        f"`raftsim sweep scenarios/swarm.json --seeds 1..{seeds}`, by the clock on the "
        f"wall, on a machine with {cores} processors. Where two workers got fewer than "
        "two processors, something else took the rest.\n\n"
    )
    heads = ["", "seeds/s", "seeds a second of a processor", "processors it got"]
    text += table(heads, rows)
    return Section("Sweeps", text, [at_least("sweep, 2 workers to 1", 1.9, gain, times)])
