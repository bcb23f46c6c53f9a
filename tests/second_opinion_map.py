"""The replicated map, once more: what the entries of a log make of it, and what
an image of it says. Written from tests/TRACE.md; it shares nothing with the
simulator's own.
"""

SET, COMPARE_AND_SET, GET = 1, 2, 3
NO_VALUE = 0xFFFFFFFF


def number(data, at, size):
    return int.from_bytes(data[at:at + size], "little")


def read_command(payload):
    """(operation, client, number, key, value, expected), or None if the payload
    is no command."""
    if len(payload) < 32:
        return None
    operation, client = number(payload, 0, 4), number(payload, 4, 4)
    key_size, value_size = number(payload, 16, 4), number(payload, 20, 4)
    expected_size = number(payload, 24, 4)
    has_expected = expected_size != NO_VALUE
    sizes = [key_size, value_size, expected_size if has_expected else 0]
    if (operation not in (SET, COMPARE_AND_SET, GET) or key_size == 0
            or number(payload, 28, 4) != 0 or len(payload) != 32 + sum(sizes)):
        return None
    key = payload[32:32 + key_size]
    value = payload[32 + key_size:32 + key_size + value_size]
    expected = payload[32 + key_size + value_size:] if has_expected else None
    return operation, client, number(payload, 8, 8), key, value, expected


class Map:
    """The state after the entries that were applied so far."""

    def __init__(self):
        self.applied = 0
        self.content = {}
        self.answers = {}  # asker: (number, success, value or None)

    def copy(self):
        other = Map()
        other.applied = self.applied
        other.content = dict(self.content)
        other.answers = dict(self.answers)
        return other

    def apply(self, kind, payload, session, verdict, closed):
        """One more entry. `verdict` is what its session says of a command,
        `closed` the session that is closed for a new one."""
        self.applied += 1
        if kind == "session" and closed:
            self.answers.pop((closed, 0), None)
        if kind != "command" or payload is None:
            return
        command = read_command(payload)
        if command is None:
            return
        operation, client, count, key, value, expected = command
        asker = (session, 0) if session else (0, client)
        if session:
            fresh = verdict == "fresh"
        else:
            fresh = count > self.answers.get(asker, (0,))[0]
        if fresh:
            self.carry_out(asker, operation, count, key, value, expected)

    def carry_out(self, asker, operation, count, key, value, expected):
        before = self.content.get(key)
        success = operation != COMPARE_AND_SET or before == expected
        told = None if operation == SET else before
        self.answers[asker] = (count, success, told)
        if success and operation != GET:
            self.content[key] = value


def read_pairs(data, at, count):
    pairs = []
    for _ in range(count):
        key_size, value_size = number(data, at, 4), number(data, at + 4, 4)
        at += 8
        key = data[at:at + key_size]
        value = data[at + key_size:at + key_size + value_size]
        if len(key) != key_size or len(value) != value_size:
            return None, at
        pairs.append((key, value))
        at += key_size + value_size
    return pairs, at


def read_image(data):
    """(the map, the word about payloads that were no commands), or None if the
    bytes are no image."""
    if len(data) < 32:
        return None
    content, at = read_pairs(data, 32, number(data, 16, 8))
    if content is None:
        return None
    answers, at = read_pairs(data, at, number(data, 24, 8))
    if answers is None or at != len(data):
        return None
    state = Map()
    state.applied = number(data, 0, 8)
    state.content = dict(content)
    for key, value in answers:
        asker = (number(key, 0, 8), number(key, 8, 4))
        flags = value[8]
        told = value[9:] if flags & 2 else None
        state.answers[asker] = (number(value, 0, 8), bool(flags & 1), told)
    return state, number(data, 8, 8)


def same_state(a, b):
    return (a.applied == b.applied and a.content == b.content
            and a.answers == b.answers)
