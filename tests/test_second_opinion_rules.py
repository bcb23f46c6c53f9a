#!/usr/bin/env python3
"""Sees second_opinion.py find what is wrong: sound traces with one lie each.

Usage: test_second_opinion_rules.py RAFTSIM SOURCE
"""

import copy
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import second_opinion  # noqa: E402
from second_opinion_world import TraceError  # noqa: E402


def steps(records, start=0):
    for i in range(start, len(records)):
        if records[i]["record"] == "step":
            yield i, records[i], records[i]["view"]


def outputs(records, kind):
    for _, step, view in steps(records):
        for output in step["outputs"]:
            if output["kind"] == kind:
                yield step, view, output


def flip(payload):
    return payload[:-2] + format(int(payload[-2:], 16) ^ 1, "02x")


# --- lies: each changes the records; the first one that it can ----------------

def two_leaders(records):
    leader = None
    for _, step, view in steps(records):
        if view["role"] == "leader":
            leader = (step["node"], view["term"])
        elif leader is not None and view["term"] == leader[1]:
            view["role"] = "leader"
            return


def overwriting_leader(records):
    for step, view, output in outputs(records, "write"):
        if view["role"] == "leader" and output["first_index"] > 2:
            place = output["first_index"] - 1
            output["truncate_from"] = output["first_index"] = place
            output["entries"].insert(0, copy.deepcopy(output["entries"][0]))
            return


def other_entry(records):
    for step, view, output in outputs(records, "write"):
        for entry in output["entries"]:
            if view["role"] == "follower" and entry["kind"] == "command":
                entry["payload"] = flip(entry["payload"])
                return


def other_applied(records):
    for step, _, output in outputs(records, "apply"):
        for entry in output["entries"]:
            if entry["kind"] == "command":
                entry["payload"] = flip(entry["payload"])
                return


def second_vote(records):
    for record in records:
        if record["record"] == "leave" and record["message"]["granted"] and \
                record["message"]["kind"] == "vote_response":
            record["to"] = 6 - record["to"] - record["from"]
            return


def term_goes_back(records):
    for _, step, view in steps(records):
        if view["term"] > 1 and step["cause"]["kind"] == "written":
            view["term"] -= 1
            return


def commit_goes_back(records):
    seen = {}
    for _, step, view in steps(records):
        if seen.get(step["node"], 0) > 2:
            view["commit"] = 1
            return
        seen[step["node"]] = view["commit"]


def commit_beyond_log(records):
    for _, _, view in steps(records):
        if view["role"] == "follower" and view["last"]["index"] > 3:
            view["commit"] = view["last"]["index"] + 1
            return


def hasty_answer(records):
    for i, record in enumerate(records):
        if record["record"] == "leave" and record["message"]["granted"] and \
                record["message"]["kind"] == "append_response" and \
                records[i - 1]["record"] == "durable" and \
                records[i - 1]["entries"] > 0:
            records[i - 1], records[i] = records[i], records[i - 1]
            return


def hasty_commit(records):
    for step, view, output in outputs(records, "write"):
        if view["role"] == "leader" and output["first_index"] > 3:
            view["commit"] = view["last"]["index"]
            return


def two_changes(records):
    for step, view, output in outputs(records, "write"):
        entries = output["entries"]
        if view["role"] == "leader" and entries and \
                entries[-1]["kind"] == "configuration":
            entries.append(copy.deepcopy(entries[-1]))
            view["last"]["index"] += 1
            view["configuration"]["index"] += 1
            return


def other_configuration(records):
    for _, _, view in steps(records):
        if view["configuration"]["index"] > 0:
            view["configuration"]["index"] = 0
            return


def other_members(records):
    for _, step, _ in steps(records):
        if "members" in step and len(step["members"]["voters"]) > 1:
            step["members"]["voters"].pop()
            return


def snapshot_of_uncommitted(records):
    for step, view, output in outputs(records, "write"):
        if "snapshot" in output and step["cause"]["kind"] == "snapshot" and \
                view["last"]["index"] > view["commit"] and \
                view["role"] == "leader":
            output["snapshot"].update(view["last"])
            return


def snapshot_of_others(records):
    for _, _, output in outputs(records, "write"):
        if "snapshot" in output:
            output["snapshot"]["members"]["voters"].pop()
            return


def other_state(records):
    for step, _, output in outputs(records, "restore"):
        if output["image"] and output["place"]["index"] > 0:
            output["image"] = flip(output["image"])
            return


def applied_twice(records):
    for _, _, output in outputs(records, "apply"):
        for entry in output["entries"]:
            if entry["kind"] == "command" and entry.get("session"):
                entry["verdict"] = "repeated"
                return


def old_value(records):
    for record in records:
        if record["record"] == "answer" and record.get("value"):
            record["value"] = "00"
            return


def too_late(records):
    for i, record in enumerate(records):
        if record["record"] == "wait":
            records.insert(i + 1, {"record": "deadline",
                                   "number": record["number"]})
            return


LIES = [
    ("leader-crash", two_leaders, "election_safety"),
    ("leader-crash", overwriting_leader, "leader_append_only"),
    ("leader-crash", other_entry, "log_matching"),
    ("leader-crash", other_applied, "state_machine_safety"),
    ("leader-crash", second_vote, "one_vote_per_term"),
    ("leader-crash", term_goes_back, "monotonic_term"),
    ("leader-crash", commit_goes_back, "monotonic_commit"),
    ("leader-crash", commit_beyond_log, "monotonic_commit"),
    ("leader-crash", hasty_answer, "durable_before_acknowledged"),
    ("leader-crash", hasty_commit, "committed_on_quorum"),
    ("swap-all-members", two_changes, "one_change_at_a_time"),
    ("swap-all-members", other_configuration, "configuration_matches_log"),
    ("swap-all-members", other_members, "configuration_matches_log"),
    ("snapshot-install", snapshot_of_uncommitted, "snapshot_of_committed"),
    ("snapshot-install", snapshot_of_others, "snapshot_equals_replay"),
    ("snapshot-install", other_state, "snapshot_equals_replay"),
    ("leader-crash", applied_twice, "exactly_once"),
    ("leader-crash", old_value, "linearizability"),
    ("leader-crash", too_late, "progress"),
]


def read_trace(raftsim, scenario):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "trace.jsonl")
        subprocess.run([raftsim, "run", scenario, "--seed", "7", "--json",
                        "--trace", path, "--trace-format", "jsonl"],
                       stdout=subprocess.DEVNULL, check=True)
        with open(path, encoding="utf-8") as lines:
            return lines.readlines()


def tells_runs_apart(trace):
    """Whether two runs in one trace are refused, not judged as one."""
    try:
        second_opinion.verdict_of(trace + trace)
    except TraceError as error:
        return "second run" in str(error)
    return False


def main():
    raftsim, source = sys.argv[1:3]
    traces, wrong = {}, 0
    for name, lie, expected in LIES:
        if name not in traces:
            traces[name] = read_trace(raftsim, f"{source}/scenarios/{name}.json")
            sound = second_opinion.verdict_of(traces[name])
            if sound["property"] is not None:
                sys.exit(f"{name} is sound, but: {sound}")
        records = [json.loads(line) for line in traces[name]]
        lie(records)
        found = second_opinion.verdict_of(json.dumps(r) for r in records)
        if found["property"] != expected:
            wrong += 1
            print(f"{lie.__name__}: expected {expected}, found {found}")
    print(f"{len(LIES) - wrong} of {len(LIES)} lies found")
    if not tells_runs_apart(traces[LIES[0][0]]):
        wrong += 1
        print("two runs in one trace: expected a TraceError")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
