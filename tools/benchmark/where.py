"""Where the time goes: instructions by area of the source."""

from . import callgrind, runs
from .cases import part
from .groups import SKIP
from .section import Section
from .table import number, percent, table

STEPS = 50000


def profile(job):
    if not job.counts:
        return Section("Where the time goes", "Left out: no valgrind.\n", [])
    bench = job.bench
    kinds = {
        "3 nodes, steady": (bench.loaded(3, "steady"), part(SKIP, STEPS)),
        "5 nodes, saturating": (bench.loaded(5, "saturating"), part(SKIP, STEPS)),
        "101 nodes, steady": (bench.loaded(101, "steady"), part(SKIP, STEPS)),
        "swarm, 10 seeds": (bench.shipped("swarm"), ["--seeds", "10"]),
    }
    cases = [
        bench.measure(name, scenario, options, options)
        for name, (scenario, options) in kinds.items()
    ]
    found = runs.counted(cases, job.progress, "profile")
    areas = {name: dict(callgrind.by_area(found[name].by_file)) for name in kinds}
    rows = []
    for area in callgrind.AREAS:
        row = [area]
        for name in kinds:
            cost = areas[name].get(area, 0)
            row += [
                number(cost / found[name].told["steps"]),
                percent(cost / found[name].instructions),
            ]
        rows.append(row)
    row = ["**all**"]
    for name in kinds:
        row += [number(found[name].instructions / found[name].told["steps"]), "100%"]
    rows.append(row)
    heads = [""]
    for name in kinds:
        heads += [name, ""]
    text = (
        "Instructions a step, and their share. Inlined code counts for the file that it "
        "stands in.\n\n" + table(heads, rows)
    )
    return Section("Where the time goes", text, [])
