#!/usr/bin/env python3
"""Replays traces of --trace-format etcd-tla by the specification's actions.

Usage: test_etcd_trace.py RAFTSIM SOURCE

TLC is not run here: it needs Java and two jars that no package brings. Instead,
the actions that tla/etcdraft.tla of etcd-io/raft has for these lines are
written down here once more, in Python, and each line has to be one of them:
enabled in the state that the lines before led to, with the state that the line
tells. That covers which fields a line has, and the order of lines. What TLC
would check beyond, that the specification's invariants hold in these states, is
not repeated.

The scenarios run with one fixed delay on all links, because most traces on
links that reorder end before anything goes wrong (sim/trace_etcd.h), and with
fewer requests, to come to their faults, and mostly to their ends, in few steps.
"""

import collections
import hashlib
import json
import os
import subprocess
import sys
import tempfile

STATE_KEYS = {"term", "vote", "commit"}
MESSAGE_KEYS = {"type", "term", "from", "to", "entries", "logTerm", "index",
                "commit", "vote", "reject", "rejectHint"}
RECEIVED = {"ReceiveRequestVoteRequest": "MsgVote",
            "ReceiveRequestVoteResponse": "MsgVoteResp",
            "ReceiveAppendEntriesRequest": "MsgApp",
            "ReceiveAppendEntriesResponse": "MsgAppResp"}
SENT = {"SendRequestVoteRequest": "MsgVote",
        "SendRequestVoteResponse": "MsgVoteResp",
        "SendAppendEntriesRequest": "MsgApp",
        "SendAppendEntriesResponse": "MsgAppResp"}
NODE_EVENTS = {"InitState", "BecomeCandidate", "BecomeFollower", "BecomeLeader",
               "Replicate", "Commit", "Ready"}
DELAY = "1ms"
RATE = "50/s"
STEPS = 6000
SEEDS = (7, 9)
# The reasons for which a trace may end early.
REASONS = {"a request begins below the commit index and reaches beyond",
           "a crash left another state than the last Ready made durable",
           "a higher term came with a message that has no counterpart"}
LINES = 300  # at least, of a trace that ends early
RESTARTS = 20  # at least, of all traces
NIL, FOLLOWER, CANDIDATE, LEADER = ("0", "StateFollower", "StateCandidate",
                                    "StateLeader")


class Refused(Exception):
    pass


def need(condition, why):
    if not condition:
        raise Refused(why)


class Node:
    """The variables of one server."""

    def __init__(self, event):
        self.term = event["state"]["term"]
        self.vote = event["state"]["vote"]
        self.commit = event["state"]["commit"]
        self.role = event["role"]
        self.conf = set(event["conf"][0])
        self.log = []  # terms
        self.responded, self.granted = set(), set()
        self.match = collections.Counter()
        self.pending = []
        self.persist()

    def persist(self):
        self.durable = (self.term, self.vote, self.commit, list(self.log))

    def restart(self):
        self.term, self.vote, self.commit, log = self.durable
        self.log, self.role, self.pending = list(log), FOLLOWER, []
        self.responded, self.granted = set(), set()
        self.match = collections.Counter()

    def last_term(self):
        return self.log[-1] if self.log else 0

    def is_quorum(self, nodes):
        return 2 * len(self.conf & nodes) > len(self.conf)


def message(kind, source, target, **fields):
    """Hashable, to lie in a bag."""
    return (kind, source, target, tuple(sorted(fields.items())))


def check_fields(event):
    need(event["name"] in NODE_EVENTS | set(SENT) | set(RECEIVED),
         "no such event")
    need(set(event["state"]) == STATE_KEYS, "state's fields")
    need(isinstance(event["nid"], str) and isinstance(event["state"]["vote"],
                                                      str), "ids are strings")
    need(len(event["conf"]) == 2 and isinstance(event["log"], int), "conf, log")
    need(event["role"] in (FOLLOWER, CANDIDATE, LEADER), "role")
    kind = SENT.get(event["name"]) or RECEIVED.get(event["name"])
    need(("msg" in event) == (kind is not None), "msg")
    if kind is not None:
        need(set(event["msg"]) == MESSAGE_KEYS, "msg's fields")
        need(event["msg"]["type"] == kind, "msg's type")


class Replay:
    def __init__(self):
        self.nodes = {}
        # Messages under way, by kind, sender and receiver.
        self.bags = collections.defaultdict(collections.Counter)
        self.begun = set()  # their bootstrap is over
        self.before = {}  # each node's line before
        self.counts = collections.Counter()

    def line(self, event):
        check_fields(event)
        name, nid = event["name"], event["nid"]
        if name not in ("InitState", "BecomeFollower"):
            self.begun.add(nid)
        if nid not in self.nodes or nid not in self.begun:
            need(name == "InitState", "a node begins with InitState")
            need(event["log"] == 0, "logs are empty at first")
            self.nodes[nid] = Node(event)
        else:
            self.act(event, self.nodes[nid])
            name = "Restart" if name == "InitState" else name
        self.counts[name] += 1
        self.before[nid] = event

    def act(self, event, node):
        name = event["name"]
        if name in RECEIVED:
            self.same(event, node)
            self.receive(event, node)
            return
        if name == "BecomeFollower" and self.follows_receive(event):
            return
        if name in ("SendRequestVoteResponse", "SendAppendEntriesResponse") \
                and event["msg"]["from"] != event["msg"]["to"]:
            return
        getattr(self, name)(event, node)
        if name != "Replicate":  # which is not compared there either
            self.same(event, node)

    def same(self, event, node):
        state = event["state"]
        need((state["term"], state["vote"], state["commit"], event["role"],
              event["log"]) == (node.term, node.vote, node.commit, node.role,
                                len(node.log)), f"the state is {vars(node)}")

    def follows_receive(self, event):
        before = self.before[event["nid"]]
        if before["name"] not in RECEIVED:
            return False
        term = before["msg"]["term"]
        return term == event["state"]["term"] and (
            before["state"]["term"] < term or
            (before["name"] == "ReceiveAppendEntriesRequest" and
             before["state"]["term"] == term and before["role"] == CANDIDATE))

    # --- actions of a node ---------------------------------------------------

    def InitState(self, _, node):
        node.restart()

    def BecomeCandidate(self, event, node):
        need(node.role != LEADER and event["nid"] in node.conf, "Timeout")
        node.role, node.term, node.vote = (CANDIDATE, node.term + 1,
                                           event["nid"])
        node.responded, node.granted = set(), set()

    def BecomeFollower(self, _, node):
        need(node.role != FOLLOWER, "StepDownToFollower")
        node.role = FOLLOWER

    def BecomeLeader(self, event, node):
        need(node.role == CANDIDATE and node.is_quorum(node.granted),
             "BecomeLeader: no quorum")
        node.role = LEADER
        node.match = collections.Counter({event["nid"]: len(node.log)})

    def Replicate(self, _, node):
        need(node.role == LEADER, "ClientRequest")
        node.log.append(node.term)

    def Commit(self, _, node):
        need(node.role == LEADER, "AdvanceCommitIndex")
        agreed = max((index for index in range(1, len(node.log) + 1)
                      if node.is_quorum({peer for peer in node.conf
                                         if node.match[peer] >= index})),
                     default=0)
        if agreed > 0 and node.log[agreed - 1] == node.term:
            node.commit = max(node.commit, agreed)

    def Ready(self, _, node):
        node.persist()
        for sent in node.pending:
            self.bags[sent[:3]][sent] += 1
        node.pending = []

    # --- what is sent --------------------------------------------------------

    def SendRequestVoteRequest(self, event, node):
        msg = event["msg"]
        need(node.role == CANDIDATE and msg["to"] in node.conf - node.responded
             and msg["from"] == event["nid"], "RequestVote")
        need((msg["term"], msg["index"], msg["logTerm"]) ==
             (node.term, len(node.log), node.last_term()), "RequestVote: msg")
        node.pending.append(message("vote", msg["from"], msg["to"],
                                    term=node.term, index=len(node.log),
                                    log_term=node.last_term()))

    def SendRequestVoteResponse(self, event, node):
        msg = event["msg"]
        need(node.role == CANDIDATE and not msg["reject"] and
             msg["term"] == node.term, "RequestVote of itself")
        node.pending.append(message("voted", msg["from"], msg["to"],
                                    term=node.term, granted=True))

    def SendAppendEntriesRequest(self, event, node):
        msg = event["msg"]
        first, last = msg["index"] + 1, msg["index"] + msg["entries"]
        need(node.role == LEADER and msg["to"] in node.conf and
             msg["term"] == node.term, "AppendEntries")
        need(node.match[msg["to"]] < first and last <= len(node.log),
             "AppendEntries: range")
        need(msg["commit"] == min(node.commit, last), "AppendEntries: commit")
        need(msg["logTerm"] == (node.log[first - 2] if first > 1 else 0),
             "AppendEntries: logTerm")
        node.pending.append(message("app", msg["from"], msg["to"],
                                    term=node.term, prev=msg["index"],
                                    prev_term=msg["logTerm"],
                                    entries=tuple(node.log[first - 1:last]),
                                    commit=msg["commit"]))

    def SendAppendEntriesResponse(self, event, node):
        msg = event["msg"]
        need(node.role == LEADER and msg["index"] == len(node.log) and
             msg["term"] == node.term, "AppendEntriesToSelf")
        node.pending.append(message("appended", msg["from"], msg["to"],
                                    term=node.term, success=True,
                                    match=len(node.log)))

    # --- what is received ----------------------------------------------------

    def under_way(self, event):
        """The message of the line, as it lies in the bag."""
        msg = event["msg"]
        kind = {"MsgVote": "vote", "MsgVoteResp": "voted", "MsgApp": "app",
                "MsgAppResp": "appended"}[msg["type"]]
        for found in self.bags[(kind, msg["from"], msg["to"])]:
            fields = dict(found[3])
            if fields["term"] != msg["term"]:
                continue
            if kind == "vote":
                fits = (fields["index"], fields["log_term"]) == (
                    msg["index"], msg["logTerm"])
            elif kind == "voted":
                fits = fields["granted"] != msg["reject"]
            elif kind == "app":
                fits = (fields["prev"], fields["prev_term"], fields["commit"],
                        len(fields["entries"])) == (
                            msg["index"], msg["logTerm"], msg["commit"],
                            msg["entries"])
            else:
                fits = fields["success"] != msg["reject"] and (
                    msg["reject"] or fields["match"] == msg["index"])
            if fits:
                return found, fields
        raise Refused("no such message is under way")

    def receive(self, event, node):
        found, fields = self.under_way(event)
        kind, source, target = found[:3]
        bag = self.bags[found[:3]]
        bag[found] -= 1
        if bag[found] == 0:
            del bag[found]
        need(target == event["nid"], "it goes to another node")
        if fields["term"] > node.term:
            node.term, node.role, node.vote = fields["term"], FOLLOWER, NIL
        stale = fields["term"] < node.term
        if kind == "vote":
            self.answer_vote(node, source, target, fields)
        elif kind == "app":
            self.answer_append(node, source, target, fields, stale)
        elif kind == "voted" and not stale:
            node.responded.add(source)
            if fields["granted"]:
                node.granted.add(source)
        elif kind == "appended" and not stale and fields["success"]:
            node.match[source] = max(node.match[source], fields["match"])

    def answer_vote(self, node, source, target, fields):
        log_ok = (fields["log_term"], fields["index"]) >= (node.last_term(),
                                                           len(node.log))
        grant = (fields["term"] == node.term and log_ok and
                 node.vote in (NIL, source))
        if grant:
            node.vote = source
        node.pending.append(message("voted", target, source, term=node.term,
                                    granted=grant))

    def answer_append(self, node, source, target, fields, stale):
        prev, entries = fields["prev"], list(fields["entries"])
        if not stale and node.role == CANDIDATE:
            node.role = FOLLOWER
        log_ok = prev == 0 or (prev <= len(node.log) and
                               node.log[prev - 1] == fields["prev_term"])
        if stale or not log_ok:
            node.pending.append(message("appended", target, source,
                                        term=node.term, success=False, match=0))
            return
        need(node.role == FOLLOWER, "a leader gets an append of its term")
        match = node.commit
        if prev + 1 > node.commit:
            match = prev + len(entries)
            held = node.log[prev:match]
            if held != entries[:len(held)]:
                same = 0
                while held[same] == entries[same]:
                    same += 1
                need(prev + same >= node.commit, "what is committed conflicts")
                node.log = node.log[:prev + same]
            node.log += entries[len(node.log) - prev:]
            node.commit = max(node.commit, min(fields["commit"], match))
        node.pending.append(message("appended", target, source, term=node.term,
                                    success=True, match=match))


class Trace:
    """One that was replayed."""

    def __init__(self, lines, name):
        self.name = name
        self.reason = None  # for which it ended early
        self.after_step = None  # the last that it tells, if so
        self.lines = 0
        run = Replay()
        for line in lines:
            record = json.loads(line)
            if self.reason is not None:
                sys.exit(f"{name}: goes on after its end\n{line}")
            if record["tag"] != "trace":
                self.reason = record["unmapped"]
                self.after_step = record["after_step"]
                continue
            self.lines += 1
            try:
                run.line(record["event"])
            except Refused as refused:
                sys.exit(f"{name}:{self.lines}: {refused}\n{line}")
        self.counts = run.counts

    def problem(self, steps):
        """What is wrong with a trace of a run of so many steps, or None. Most
        steps are told, and in more than a line."""
        if self.reason is None:
            fewest = steps
        elif self.reason in REASONS:
            fewest = max(LINES, self.after_step)
        else:
            return f"ends because {self.reason}"
        if self.lines < fewest:
            return f"only {self.lines} lines, expected {fewest}"
        return None


def run(raftsim, scenario, seed, path):
    """Writes the trace, and returns the number of steps."""
    done = subprocess.run([raftsim, "run", scenario, "--seed", str(seed),
                           "--max-steps", str(STEPS), "--json", "--trace",
                           path, "--trace-format", "etcd-tla"],
                          stdout=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{scenario}: raftsim ended with {done.returncode}")
    return json.loads(done.stdout)["steps"]


def read(path):
    with open(path, encoding="utf-8") as lines:
        return lines.read()


def without_reordering(scenario, path):
    """Writes a copy of the scenario to the path."""
    changed = json.loads(read(scenario))
    changed["network"] = {"delay": DELAY}
    if "rate" in changed["workload"]:
        changed["workload"]["rate"] = RATE
    with open(path, "w", encoding="utf-8") as copy:
        json.dump(changed, copy)


def replay_all(raftsim, source, scenarios, folder):
    """The traces, no two of which are equal."""
    copy = os.path.join(folder, "scenario.json")
    path = os.path.join(folder, "trace.ndjson")
    traces, seen = [], {}
    for scenario in scenarios:
        without_reordering(f"{source}/scenarios/{scenario}.json", copy)
        for seed in SEEDS:
            name = f"{scenario}, seed {seed}"
            steps = run(raftsim, copy, seed, path)
            text = read(path)
            trace = Trace(text.splitlines(), name)
            problem = trace.problem(steps)
            if problem is not None:
                sys.exit(f"{name}: {problem}")
            digest = hashlib.sha256(text.encode()).digest()
            first = seen.setdefault(digest, name)
            if first != name:
                sys.exit(f"{name}: the trace is that of {first}")
            traces.append(trace)
    return traces


def main():
    raftsim, source = sys.argv[1:3]
    scenarios = ["bridge", "deaf-leader", "first-election", "flapping-link",
                 "frozen-leader", "isolated-node", "leader-crash",
                 "lease-reads",
                 "majority-leader", "minority-leader", "no-majority", "nodes-1",
                 "nodes-2", "nodes-4", "nodes-7", "one-way-link", "power-loss",
                 "reads-from-followers", "rolling-restarts", "slow-disk",
                 "switch-failure-without-pre-vote", "transfer"]
    with tempfile.TemporaryDirectory() as folder:
        traces = replay_all(raftsim, source, scenarios, folder)
        golden = f"{source}/tests/golden/first-election.ndjson"
        path = os.path.join(folder, "first-election.ndjson")
        run(raftsim, f"{source}/scenarios/first-election.json", 7, path)
        if read(path) != read(golden):
            sys.exit(f"{golden} is not what raftsim writes now")
    counts = sum((trace.counts for trace in traces), collections.Counter())
    reasons = collections.Counter(trace.reason for trace in traces)
    whole = reasons.pop(None, 0)
    print(f"{sum(counts.values())} lines of {len(traces)} traces are of the "
          f"specification: {dict(counts)}")
    print(f"{whole} traces are whole; the others end because {dict(reasons)}")
    missing = (NODE_EVENTS | set(SENT) | set(RECEIVED)) - set(counts)
    if missing:
        sys.exit(f"never seen: {sorted(missing)}")
    if counts["Restart"] < RESTARTS:
        sys.exit(f"{counts['Restart']} restarts, expected {RESTARTS}")
    if 2 * whole < len(traces):
        sys.exit("most traces end early")


if __name__ == "__main__":
    main()
