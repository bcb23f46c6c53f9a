"""What is measured: scenarios, and the parts of their runs."""

import json
import os

from .runs import Case

NODES = [3, 5, 9, 25, 49, 101]

# How a run is loaded. The clients' own delays and the operations are the defaults
# of scenarios; only what differs is here.
LOADS = {
    "idle": {"workload": {"clients": 0}},
    "steady": {
        "workload": {"clients": 8, "rate": "1000/s"},
        "snapshots": {"every": 1000, "keep": 100},
    },
    "saturating": {
        "workload": {"clients": 256, "rate": "max"},
        "snapshots": {"every": 10000, "keep": 1000},
    },
}

# A log grows fast where clients only write.
WRITES = {"clients": 256, "rate": "max", "operations": {"set": 1}}

# Virtual time that no part of a run reaches the end of.
FOREVER = "1000000s"

# libraft's fixture: 8 commands of 16 bytes on their way, 15 ms from server to
# server, 10 ms for a write, from the client to the leader no time at all.
INFLIGHT = 8
FIXTURE = {
    "raft": {"election_timeout": ["1000ms", "2000ms"], "heartbeat_interval": "100ms"},
    "network": {"delay": "15ms"},
    "disk": {"write": "0us", "fsync": "10ms"},
    "workload": {
        "clients": INFLIGHT,
        "rate": "max",
        "delay": "0us",
        "operations": {"set": 1},
        "value_bytes": 16,
        "timeout": "10s",
    },
}


def part(skip=(), steps=None, commits=None):
    """The options of measure (and of fixture, with commits) for a part of a run."""
    options = list(skip)
    if steps is not None:
        options += ["--steps", str(steps)]
    if commits is not None:
        options += ["--commits", str(commits)]
    return options


class Workbench:
    """Where the programs are, and the scenarios that are written for them."""

    def __init__(self, source, build, folder):
        self.source = source
        self.build = build
        self.folder = folder

    def program(self, name):
        where = "tools" if name == "raftsim" else "tools/benchmark"
        return os.path.join(self.build, where, name)

    def shipped(self, name):
        return os.path.join(self.source, "scenarios", name + ".json")

    def scenario(self, name, **keys):
        """Writes one, and returns its file's name."""
        whole = {
            "description": name,
            "duration": FOREVER,
            **keys,
            "expect": {"progress_within": "never"},
        }
        path = os.path.join(self.folder, name.replace(" ", "-") + ".json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(whole, file)
        return path

    def loaded(self, nodes, load):
        return self.scenario(f"{nodes} nodes {load}", nodes=nodes, **LOADS[load])

    def measure(self, name, scenario, options, counted=None):
        """A case of measure; `counted`: the options for callgrind."""
        command = [self.program("measure"), scenario]
        return Case(
            name, command + options, None if counted is None else command + counted
        )

    def fixture(self, name, options, part_options, counted):
        command = [self.program("fixture"), *map(str, options)]
        return Case(name, command + part_options, command + counted)
