"""Logs as whole lists, and who has a majority: the parts of a second opinion that
are about no node in particular.

An entry is a tuple (term, kind, payload, session, sequence); the payload is None
where it was left out. The entry at index i of a log is log[i - 1].
"""

from collections import namedtuple

Entry = namedtuple("Entry", "term kind payload session sequence")

_known = {}


def read_entry(record):
    """The same object for equal entries, so that lists compare quickly."""
    payload = record["payload"]
    session = record.get("session", 0) if record["kind"] == "command" else 0
    entry = Entry(record["term"], record["kind"],
                  None if payload is None else bytes.fromhex(payload),
                  session, record.get("sequence", 0))
    return _known.setdefault(entry, entry)


def read_entries(records):
    return [read_entry(record) for record in records]


def same_entry(a, b):
    """Equal, as far as both have a payload."""
    if a is b:
        return True
    if a.payload is None or b.payload is None:
        return a.term == b.term and a.kind == b.kind
    return a == b


def same_up_to(a, b, index):
    """Whether two logs reach an index and are equal up to it."""
    if len(a) < index or len(b) < index:
        return False
    return a[:index] == b[:index] or all(map(same_entry, a[:index], b[:index]))


def begins_with(log, prefix):
    return same_up_to(log, prefix, len(prefix))


def last_shared_place(a, b):
    """The highest index at which both have an entry of the same term, or 0."""
    index = min(len(a), len(b))
    while index > 0 and a[index - 1].term != b[index - 1].term:
        index -= 1
    return index


def place_of(log, index):
    """(term, index)"""
    return (log[index - 1].term if index > 0 else 0, index)


def last_configuration(log):
    """The index of the latest one, or 0."""
    index = len(log)
    while index > 0 and log[index - 1].kind != "configuration":
        index -= 1
    return index


# --- members -----------------------------------------------------------------

class Members:
    """A configuration."""

    def __init__(self, record):
        self.voters = frozenset(record["voters"])
        self.old_voters = frozenset(record["old_voters"])
        self.learners = frozenset(record["learners"])
        self.witnesses = frozenset(record["witnesses"])
        self.priorities = tuple(sorted(record["priorities"].items()))

    def all(self):
        return self.voters | self.old_voters | self.learners

    def __eq__(self, other):
        return vars(self) == vars(other)

    def decide(self, holders):
        """Whether they are a majority of the voters, of both groups where there
        are two, and one of them has the payloads."""
        groups = [self.voters] + ([self.old_voters] if self.old_voters else [])
        everybody = self.voters | self.old_voters
        return (all(2 * len(group & holders) > len(group) for group in groups)
                and bool((everybody - self.witnesses) & holders))


def read_members(record):
    return None if record is None else Members(record)


# --- disks -------------------------------------------------------------------

class Disk:
    """What is durable on a node."""

    def __init__(self):
        self.term = 0
        self.vote = 0
        self.snapshot_log = []  # the whole log that its snapshot stands for
        self.snapshot_members = None
        self.written = []  # the log as written, void or not

    def log(self):
        """What it stands for: a log that does not contain the snapshot is
        void."""
        if begins_with(self.written, self.snapshot_log):
            return self.written
        return self.snapshot_log
