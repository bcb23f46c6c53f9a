"""The world of a trace, record by record, and the properties held against it.

The first that does not hold is raised as Broken. World takes the records and
keeps what every node has; second_opinion_rules.py says what must hold of it.
"""

from second_opinion_applied import Broken
from second_opinion_history import judge
from second_opinion_logs import (Disk, Members, begins_with, read_entries,
                                 read_members, same_entry)
from second_opinion_rules import Rules


class TraceError(Exception):
    """The trace contradicts itself: the simulator, or its trace, is wrong."""


class Node:
    def __init__(self, number):
        self.number = number
        self.alive = False
        self.disk = Disk()
        self.log = []  # in memory
        self.view = None
        self.members = None  # as it shows them
        self.applied = 0
        self.commit = 0
        self.term = 0
        self.snapshot = 0  # the index of its latest
        self.booted_snapshot = 0
        self.hard_state = (0, 0)  # (term, vote) when the disk changed last
        self.vote = (0, 0)  # the last (term, vote) that anybody can know of
        self.knows_start = False  # it showed the members of the empty log
        self.void = False  # its disk has entries that its snapshot made void
        self.writes = {}  # of this life, not durable yet


class Write:
    """What a write makes of the log on the disk."""

    def __init__(self, record, base, entries, snapshot_log):
        self.record = record
        self.base = base
        self.entries = entries
        self.snapshot_log = snapshot_log


class World:
    def __init__(self):
        self.step = 0
        self.time_us = 0
        self.nodes = {}
        self.initial = None
        self.past = []  # logs that no memory has any more
        self.readable = {}  # a configuration's payload: its members, or None
        self.wait = None  # (number, command) while progress is waited for
        self.operations = {}
        self.n_events = 0
        self.complete = False
        self.undecided = []
        self.rules = Rules(self)

    def take(self, record):
        self.step = record.get("step", self.step)
        self.time_us = record.get("time_us", self.time_us)
        handler = getattr(self, "take_" + record["record"], None)
        if handler is not None:
            handler(record)
        if self.wait is not None and self.rules.progress_is_made(self.wait):
            self.wait = None

    # --- questions -----------------------------------------------------------

    def members_of(self, log):
        """By the latest configuration in a log; None if nobody can read it."""
        for entry in reversed(log):
            if entry.kind == "configuration":
                return self.readable[entry.payload]
        return self.initial

    def find_log(self, node, term, index):
        """The log up to a place, as anybody has it."""
        logs = [node.log]
        logs += [other.log for other in self.nodes.values() if other.alive]
        logs += [other.disk.log() for other in self.nodes.values()]
        for log in logs + self.past:
            if index == 0 or (len(log) >= index and log[index - 1].term == term):
                return log[:index]
        raise TraceError(f"nobody has the entry {index} of term {term}")

    def read_log(self, records):
        for record in records:
            if record["kind"] == "configuration" and record["payload"] is not None:
                payload = bytes.fromhex(record["payload"])
                self.readable[payload] = read_members(record["members"])
        return read_entries(records)

    # --- records: lives ------------------------------------------------------

    def take_run(self, record):
        if record["version"] != 1:
            raise TraceError("not a version that is known here")
        if self.initial is not None:
            raise TraceError("a second run begins: judge each by itself")
        self.initial = Members(record["members"])
        self.rules.note_witnesses(self.initial)
        for number in range(1, record["nodes"] + 1):
            self.nodes[number] = Node(number)

    def take_life(self, record):
        node = self.nodes[record["node"]]
        if record["life"] == 1:
            self.lay_down(node, record["disk"])
        self.compare_disk(node, record["disk"])
        node.alive = True
        node.writes = {}
        node.log = list(node.disk.log())
        node.void = node.log != node.disk.written
        node.view = record["view"]
        node.members = read_members(record["members"])
        self.rules.life(node)

    def lay_down(self, node, disk):
        """What was on a disk before the run."""
        node.disk.term, node.disk.vote = disk["term"], disk["vote"]
        node.disk.written = self.read_log(disk["entries"])
        if disk["snapshot"] is not None:
            node.disk.snapshot_members = read_members(disk["snapshot"]["members"])

    def compare_disk(self, node, disk):
        """The simulator read from the disk what was written to it."""
        mine = node.disk
        snapshot = disk["snapshot"]
        entries = self.read_log(disk["entries"])
        if ((mine.term, mine.vote) != (disk["term"], disk["vote"])
                or len(mine.snapshot_log) != (snapshot or {"index": 0})["index"]
                or len(mine.written) - len(entries) not in
                (disk["first_index"] - 1, len(mine.written))
                or not all(map(same_entry, entries,
                               mine.written[disk["first_index"] - 1:]))):
            raise TraceError(f"node {node.number} starts from another disk")

    def take_crash(self, record):
        node = self.nodes[record["node"]]
        self.keep(node.log, node.disk.log())
        node.alive = False
        node.log = []

    def keep(self, old, new):
        """A log that is gone may still be compared with."""
        if not begins_with(new, old):
            self.past.append(old)

    # --- records: steps ------------------------------------------------------

    def take_step(self, record):
        node = self.nodes[record["node"]]
        before = node.log
        node.view = record["view"]
        if "members" in record:
            node.members = read_members(record["members"])
        for output in record["outputs"]:
            if output["kind"] == "write":
                self.take_write(node, output)
        self.keep(before, node.log)
        self.rules.step(node, before, record)

    def take_write(self, node, record):
        snapshot = record.get("snapshot")
        snapshot_log = None
        base = node.log
        cut = record["truncate_from"]
        if snapshot is not None:
            snapshot_log = self.find_log(node, snapshot["term"],
                                         snapshot["index"])
        if cut > 0 and not (node.void and cut <= len(node.log) + 1):
            base = base[:cut - 1]
        if snapshot_log is not None and not begins_with(base, snapshot_log):
            base = snapshot_log
        node.void = False
        entries = self.read_log(record["entries"])
        if entries and record["first_index"] != len(base) + 1:
            raise TraceError(f"node {node.number} writes beside its log")
        node.log = base + entries
        node.writes[record["write"]] = Write(record, base, entries,
                                             snapshot_log)

    def take_durable(self, record):
        node = self.nodes[record["node"]]
        disk = node.disk
        write = node.writes.pop(record["write"])
        before = disk.log()
        if record["hard_state"]:
            disk.term = write.record["hard_state"]["term"]
            disk.vote = write.record["hard_state"]["vote"]
        if record["snapshot"]:
            disk.snapshot_log = write.snapshot_log
            disk.snapshot_members = read_members(
                write.record["snapshot"]["members"])
        if record["truncated"]:
            disk.written = write.base
        if record["entries"] > 0:
            disk.written = disk.written + write.entries[:record["entries"]]
        self.rules.disk(node, before)

    def take_leave(self, record):
        self.rules.message(self.nodes[record["from"]], record["to"],
                           record["message"])

    # --- records: clients and waits ------------------------------------------

    def take_call(self, record):
        self.n_events += 1
        self.operations[record["operation"]] = {
            "kind": record["kind"], "key": record["key"],
            "value": record.get("value"), "expected": record.get("expected"),
            "called": self.n_events, "returned": None}

    def take_answer(self, record):
        self.n_events += 1
        operation = self.operations[record["operation"]]
        operation["returned"] = self.n_events
        operation["told"] = record.get("value")
        operation["succeeded"] = record.get("succeeded")

    def take_wait(self, record):
        self.wait = (record["number"], bytes.fromhex(record["command"]))

    def take_wait_off(self, record):
        if self.wait is not None and self.wait[0] == record["number"]:
            self.wait = None

    def take_deadline(self, record):
        if self.wait is not None and self.wait[0] == record["number"]:
            raise Broken("progress", "nothing new was committed and applied by "
                         "all members, led by one of them, in time")

    def take_end(self, record):
        self.complete = record["complete"]
        if self.complete:
            wrong, self.undecided = judge(self.operations.values())
            if wrong:
                keys = ", ".join(repr(bytes.fromhex(key)) for key in wrong)
                raise Broken("linearizability", f"no order explains {keys}")
