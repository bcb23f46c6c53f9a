"""libraft's own in-memory cluster, and raftsim at the same work."""

from . import runs
from .cases import FIXTURE, INFLIGHT, part
from .runs import figure
from .section import Section, at_least
from .table import number, size, spread, table, times, whole

# Entries from one snapshot to the next, and those kept before it.
COMPACTING = [(1024, 128), (100, 10)]
LOG = 10000

ALIKE = f"""\
Alike: {INFLIGHT} commands of 16 bytes on their way at any time, the next one when one
has been applied by the leader; 15 ms from server to server, nothing lost; 10 ms for a
write; heartbeats each 100 ms, election time-outs from 1 s; snapshots after as many
entries, and as many kept; no faults, so that one leader leads from the beginning. A
commit is an entry of a command. Both then commit as many a virtual second, which the
tables show. Times are of the processor, with one process after the other, in turns; the
ratios are of runs of the same turn.

Different: libraft's cluster checks Election Safety after each step, and Leader
Append-Only, by walking the log, until the log is first compacted; raftsim checks all
its properties after each step, and that what its clients saw is linearizable. libraft's state machine
counts, and its commands are 16 bytes of which 8 are a number. raftsim's is the map of
keys, whose commands hold a session, a key and a value of 16 bytes; its clients are
simulated as well (they ask the server that answered last, and it takes no time).
raftsim's messages are encoded and decoded as for a wire; in libraft's cluster they
stay structures. libraft's servers are ticked each 100 ms; raftsim's have timers.
"""


def scenario(job, nodes, snapshots):
    keys = {**FIXTURE, "nodes": nodes}
    name = f"beside libraft {nodes}"
    if snapshots is not None:
        keys["snapshots"] = {"every": snapshots[0], "keep": snapshots[1]}
        name += f" every {snapshots[0]}"
    return job.bench.scenario(name, **keys)


def per_commit(counted):
    return None if counted is None else counted.instructions / counted.told["commits"]


def rows_of(told, counts, names):
    """A row for each pair of runs, and the ratios."""
    rows = []
    ratios = []
    for label, ours, theirs in names:
        ratio = runs.ratio(
            told[ours], told[theirs], lambda run: run["commits"] / run["ns"]
        )
        ratios.append(ratio)
        for who, name in ("libraft's cluster", theirs), ("raftsim, all checks", ours):
            each = told[name]
            rows.append(
                [
                    f"{label}: {who}",
                    spread(runs.rate(each, "commits")),
                    spread(ratio, times) if name == ours else "1x",
                    whole(per_commit(counts.get(name))),
                    number(runs.rate(each, "deliveries").median),
                    number(runs.rate(each, "steps").median),
                    number(
                        figure(
                            run["commits"] * 1e6 / run["virtual_us"] for run in each
                        ).median
                    ),
                    f"{each[0]['commits']:,}",
                    size(runs.of(each, "peak_bytes")),
                ]
            )
    return rows, ratios


HEADS = ["", "commits/s", "ratio", "instructions a commit"]
HEADS += ["deliveries/s", "steps/s"]
HEADS += ["commits a virtual second", "commits in all", "peak"]


def compacted(job):
    commits = job.amount(100000)
    cases = []
    names = []
    for every, keep in COMPACTING:
        for nodes in 3, 5:
            label = f"{nodes} nodes, every {every}"
            skip = ["--skip-commits", str(3 * COMPACTING[0][0])]
            parts = part(skip, commits=commits), part(skip, commits=5000)
            sizes = ["--nodes", nodes, "--every", every, "--keep", keep]
            cases.append(job.bench.fixture("libraft, " + label, sizes, *parts))
            cases.append(
                job.bench.measure(
                    "raftsim, " + label, scenario(job, nodes, (every, keep)), *parts
                )
            )
            names.append((label, "raftsim, " + label, "libraft, " + label))
    told, counts = job.run("libraft", cases)
    rows, ratios = rows_of(told, counts, names)
    text = (
        f"\n**With snapshots**, every 1024 entries, 128 kept (libraft's defaults), and "
        "every 100, 10 kept; after the first snapshots were made.\n\n"
        + table(HEADS, rows)
    )
    targets = [
        at_least(f"commits/s, {label}, to libraft's cluster", 3, ratio, times)
        for (label, _, _), ratio in zip(names, ratios)
    ]
    return text, targets


def uncompacted(job):
    cases = []
    names = []
    for nodes in 3, 5:
        label = f"{nodes} nodes"
        options = ["--nodes", nodes, "--no-snapshots", "--log", LOG]
        first = ["--skip-commits", str(INFLIGHT)]
        few = part(first, commits=max(3 * INFLIGHT, job.amount(8 * INFLIGHT)))
        fewer = part(first, commits=2 * INFLIGHT)
        cases.append(job.bench.fixture("libraft, " + label, options, few, fewer))
        skip = ["--skip-commits", str(LOG)]
        parts = part(skip, commits=LOG), part(skip, commits=5000)
        cases.append(
            job.bench.measure("raftsim, " + label, scenario(job, nodes, None), *parts)
        )
        names.append((label, "raftsim, " + label, "libraft, " + label))
    told, counts = job.run("libraft, no compaction", cases)
    rows, ratios = rows_of(told, counts, names)
    text = (
        f"\n**Without compaction**, from a log of {LOG:,} entries on: libraft's cluster "
        "finds it on its disks at the start, raftsim has written it in the same run. "
        "raftsim is measured over more commits, as it would be over too soon; its log "
        f"grows to {2 * LOG:,} entries meanwhile.\n\n" + table(HEADS, rows)
    )
    targets = [
        at_least(
            f"commits/s, {label}, no compaction at {LOG:,} entries, to libraft's cluster",
            1000,
            ratio,
            times,
        )
        for (label, _, _), ratio in zip(names, ratios)
    ]
    return text, targets


def libraft(job):
    first, targets = compacted(job)
    second, more = uncompacted(job)
    return Section("Beside libraft", ALIKE + first + second, targets + more)
