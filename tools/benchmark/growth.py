"""What becomes of speed and memory as logs and runs grow."""

from . import runs
from .cases import WRITES, part
from .section import Section, Target, at_most, ns_a_step, per_step
from .table import number, size, spread, table, times, whole

COMPACTING = {"every": 1000, "keep": 100}

# Without compaction a log takes as much, for each entry, with all that is kept of
# it: so many bytes must be free.
BYTES_AN_ENTRY = 1500


def fits(entries):
    free = runs.free_bytes()
    return free is None or free > entries * BYTES_AN_ENTRY


def log(job):
    sizes = [1000, 100000] + ([] if job.quick else [10000000])
    left_out = []
    cases = []
    names = {}
    for way, keys in (("on", {"snapshots": COMPACTING}), ("off", {})):
        for entries in sizes:
            if entries > 1000000 and (way == "off" and not job.long):
                left_out.append(
                    f"{entries:,} entries without compaction are measured with `--long`"
                )
                continue
            if not fits(entries):
                left_out.append(
                    f"{entries:,} entries, compaction {way}: too little memory was free"
                )
                continue
            name = f"compaction {way}, {entries:,} entries"
            scenario = job.bench.scenario(f"log {way}", nodes=3, workload=WRITES, **keys)
            skip = ["--skip-commits", str(entries)]
            counted = part(skip, 30000) if entries <= 100000 else None
            cases.append(job.bench.measure(name, scenario, part(skip, 200000), counted))
            names[name] = (way, entries)
    slow = [case for case in cases if names[case.name][1] > 1000000]
    told, counts = job.run("log", cases, 3 if slow else None)
    rows = []
    targets = []
    for name, (way, entries) in names.items():
        against = runs.ratio(
            told[name], told[f"compaction {way}, 1,000 entries"], ns_a_step
        )
        rows.append(
            [
                name,
                spread(runs.ns_a(told[name], "steps")),
                spread(against, times),
                whole(per_step(counts.get(name))),
                number(runs.rate(told[name], "commits").median),
                size(told[name][0]["skipped_heap_bytes"]),
                size(runs.of(told[name], "peak_bytes")),
            ]
        )
        if entries == sizes[-1]:
            targets.append(
                at_most(f"ns a step, {name}, to 1,000 entries", 1.2, against, times)
            )
    heads = ["", "ns a step", "of 1,000's", "instructions a step", "commits/s"]
    text = (
        "200,000 steps from there on, with 3 nodes and 256 clients that write. "
        "Compaction: every 1000 entries, 100 kept. The heap is that of the whole "
        "process where the part begins, and what it asked for; the peak is what was "
        "resident.\n\n"
    )
    text += table(heads + ["heap", "peak"], rows)
    text += "".join(f"\nLeft out: {why}.\n" for why in left_out)
    return Section("Long logs", text, targets)


LONG_TITLE = "A long run"
LONG_PEAK = 256 * 10**6
LONG_MEMORY = 4 * LONG_PEAK  # of a run that keeps more than it should


def long(job):
    scenario = job.bench.scenario(
        "long",
        nodes=3,
        workload={"clients": 8, "rate": "1000/s"},
        snapshots=COMPACTING,
    )
    steps = 10**8 if job.quick else 10**9
    what = f"peak memory of {steps:,} steps"
    case = job.bench.measure(f"{steps:,} steps", scenario, part([], steps))
    job.progress.say("long: some minutes")
    try:
        run = runs.run(case, LONG_MEMORY)
    except runs.OutOfMemory:
        most = "more than " + size(LONG_MEMORY)
        return Section(
            LONG_TITLE,
            f"3 nodes, steady load, with compaction: it was ended when it took {most}.",
            [Target(what, "at most " + size(LONG_PEAK), most, False)],
        )
    rows = [
        [
            f"{run['steps']:,}",
            f"{run['commits']:,}",
            number(run["ns"] / 1e9),
            number(ns_a_step(run)),
            size(run["heap_bytes"]),
            size(run["peak_bytes"]),
        ]
    ]
    heads = ["steps", "commits", "seconds", "ns a step", "heap at the end", "peak"]
    text = "One run, 3 nodes, steady load, with compaction.\n\n" + table(heads, rows)
    peak = runs.of([run], "peak_bytes")
    return Section(LONG_TITLE, text, [at_most(what, LONG_PEAK, peak, size)])
