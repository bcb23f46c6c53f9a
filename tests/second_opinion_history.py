"""Whether what clients were told can be put into one order (Wing and Gong, 1993):
by trying, key by key, with a memory of the situations that were tried.

An operation is a dictionary: "kind", "value", "expected" as called; "called" and
"returned", its places among all calls and answers (None: never answered);
"succeeded" and "told" as answered.
"""

LIMIT = 200000  # situations of one key; then nobody knows
NEVER = float("inf")


def effect(operation, value):
    """The value after the operation happened at once, when it was `value`;
    None if that does not fit what was answered. In a tuple, for None is a
    value."""
    answered = operation["returned"] is not None
    if operation["kind"] == "read":
        return (value,) if operation["told"] == value else None
    if operation["kind"] == "write":
        return (operation["value"],)
    fits = operation["expected"] == value
    if answered and (operation["succeeded"] != fits
                     or operation["told"] != value):
        return None
    return (operation["value"],) if fits else (value,)


def may_be_next(operations, done, value):
    """Those not done that were called before the first answer to one not
    done; the one that was answered first comes last, to be tried first. A
    read that fits the value changes nothing and may as well happen at once:
    then it is the only one."""
    first = (~done & (done + 1)).bit_length() - 1  # that is not done
    earliest = NEVER
    candidates = []
    for i in range(first, len(operations)):
        operation = operations[i]
        if operation["called"] > earliest:
            break  # and so were all that come after
        if not done >> i & 1:
            candidates.append((operation["returned"] or NEVER, i))
            earliest = min(candidates)[0]
    candidates = [(returned, i) for returned, i in candidates
                  if operations[i]["called"] < earliest]
    for _, i in candidates:
        if operations[i]["kind"] == "read" and effect(operations[i], value):
            return [i]
    return [i for _, i in sorted(candidates, reverse=True)]


def judge_key(operations):
    """True, False, or None if the limit was reached. A key has no value at
    first."""
    operations = sorted(operations, key=lambda o: o["called"])
    needed = 0
    for i, operation in enumerate(operations):
        if operation["returned"] is not None:
            needed |= 1 << i
    seen = {(0, None)}
    stack = [(0, None)]
    while stack:
        done, value = stack.pop()
        if done & needed == needed:
            return True
        for i in may_be_next(operations, done, value):
            after = effect(operations[i], value)
            if after is None:
                continue
            situation = (done | 1 << i, after[0])
            if situation not in seen:
                if len(seen) >= LIMIT:
                    return None
                seen.add(situation)
                stack.append(situation)
    return False


def judge(operations):
    """(the keys that have no order, the keys that nobody knows about)."""
    keys = {}
    for operation in operations:
        if operation["kind"] != "read" or operation["returned"] is not None:
            keys.setdefault(operation["key"], []).append(operation)
    wrong, unknown = [], []
    for key in sorted(keys):
        verdict = judge_key(keys[key])
        if verdict is False:
            wrong.append(key)
        elif verdict is None:
            unknown.append(key)
    return wrong, unknown
