"""What must hold of state machines, sessions and snapshots; and what it is to
break something. The other rules are in second_opinion_rules.py.
"""

from second_opinion_logs import place_of, read_entry, read_members, same_up_to
from second_opinion_map import Map, read_image, same_state


class Broken(Exception):
    def __init__(self, name, text):
        super().__init__(name, text)
        self.name = name
        self.text = text


def hold(condition, name, text):
    if not condition:
        raise Broken(name, text)


class Applied:
    """A part of Rules."""

    def __init__(self):
        self.map = Map()  # after all entries that any node applied
        self.states = {}  # by index: the map that a node had then
        self.words = {}  # by index: what images say of what was no command
        self.verdicts = {}  # by index: what sessions say of a command there
        self.sessions = {}  # open ones: the highest sequence
        self.closed_for = {}  # by index of a session's entry: which was closed

    # --- what is applied -----------------------------------------------------

    def outputs(self, node, outputs):
        restored = written = None
        for output in outputs:
            if output["kind"] == "restore":
                restored = output
                self.restore(node, output)
            elif output["kind"] == "apply":
                self.apply(node, output)
            elif output["kind"] == "write":
                written = output.get("snapshot")
        if written is not None:
            self.snapshot(node, written)
        if restored is not None and restored["image"]:
            self.restored_state(node, restored)

    def apply(self, node, output):
        name = "state_machine_safety"
        hold(output["first_index"] == node.applied + 1, name,
             f"node {node.number} applies out of order")
        for index, record in enumerate(output["entries"],
                                       output["first_index"]):
            entry = read_entry(record)
            hold(index <= node.commit, name,
                 f"node {node.number} applies {index}, not committed")
            mine = self.committed[index - 1]
            hold((entry.term, entry.kind, entry.session, entry.sequence) ==
                 (mine.term, mine.kind, mine.session, mine.sequence) and
                 entry.payload in (None, mine.payload), name,
                 f"node {node.number} applies another entry at {index}")
            hold(entry.payload is not None or node.number in self.witnesses,
                 name, f"node {node.number}, no witness, applies {index} "
                 "without its payload")
            self.session(node, index, entry, record)
            node.applied = index

    def session(self, node, index, entry, record):
        """The first that applies an entry decides which session is closed for
        a new one; the rest follows from the log."""
        name = "exactly_once"
        closed = record.get("session", 0) if entry.kind == "session" else 0
        if index > self.map.applied:
            if closed:
                hold(closed in self.sessions, name,
                     f"node {node.number} closes {closed}, no open session")
                del self.sessions[closed]
            if entry.kind == "session":
                self.sessions[index] = 0
                self.closed_for[index] = closed
            self.verdicts[index] = self.use_session(entry)
            self.map.apply(entry.kind, self.committed[index - 1].payload,
                           entry.session, self.verdicts[index], closed)
        if entry.kind == "session":
            hold(closed == self.closed_for[index], name,
                 f"node {node.number} closes {closed} at {index}, not "
                 f"{self.closed_for[index]} as others did")
        if entry.kind == "command":
            hold(record["verdict"] == self.verdicts[index], name,
                 f"node {node.number} takes {index} as {record['verdict']}, "
                 f"not as {self.verdicts[index]}")
        if entry.payload is not None or index not in self.states:
            self.states.setdefault(index, self.map.copy())

    def use_session(self, entry):
        if entry.kind != "command" or entry.session == 0:
            return "fresh"
        if entry.session not in self.sessions:
            return "expired"
        if entry.sequence <= self.sessions[entry.session]:
            return "repeated"
        self.sessions[entry.session] = entry.sequence
        return "fresh"

    # --- snapshots -----------------------------------------------------------

    def is_committed(self, log):
        return len(log) == 0 or same_up_to(log, self.committed, len(log))

    def first_snapshot(self, node):
        name = "snapshot_of_committed"
        shown = node.view["snapshot"]
        index = shown["index"]
        hold(index >= node.booted_snapshot, name,
             f"node {node.number} comes back with an older snapshot")
        node.snapshot = node.booted_snapshot = index
        hold(index <= len(node.log) and
             place_of(node.log, index) == (shown["term"], index) and
             self.is_committed(node.log[:index]), name,
             f"node {node.number} begins with a snapshot of what is not "
             "committed")

    def snapshot(self, node, record):
        index = record["index"]
        log = self.world.find_log(node, record["term"], index)
        hold(self.is_committed(log), "snapshot_of_committed",
             f"node {node.number}'s snapshot up to {index} is of what is not "
             "committed")
        hold(index >= node.snapshot, "snapshot_of_committed",
             f"node {node.number}'s snapshot up to {index} replaces one up to "
             f"{node.snapshot}")
        node.snapshot = index
        members = read_members(record["members"])
        hold(members is not None and self.may_show(node, log, members),
             "snapshot_equals_replay",
             f"node {node.number}'s snapshot up to {index} has other members "
             "than the log")

    def restore(self, node, output):
        place = output["place"]
        index = place["index"]
        hold(node.applied <= index <= node.commit and
             place_of(self.committed, index) == (place["term"], index),
             "state_machine_safety",
             f"node {node.number} takes the state after {index}, which is not "
             "committed there, or behind what it applied")
        hold(index <= self.map.applied, "snapshot_equals_replay",
             f"node {node.number} takes a state after {index} that nobody had")
        node.applied = index

    def restored_state(self, node, output):
        name = "snapshot_equals_replay"
        index = output["place"]["index"]
        if index == 0:
            return
        found = read_image(bytes.fromhex(output["image"]))
        hold(found is not None and index in self.states and
             same_state(found[0], self.states[index]) and
             found[1] == self.words.setdefault(index, found[1]), name,
             f"node {node.number} takes another state after {index} than the "
             "log gives")
