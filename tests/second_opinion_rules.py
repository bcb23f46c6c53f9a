"""What must hold, property by property, in the words of README.md.

Nothing is ever forgotten: leaders of all terms, all that was committed and by
whom, all states of the map.
"""

from second_opinion_applied import Applied, hold
from second_opinion_logs import (begins_with, last_configuration,
                                 last_shared_place, place_of, same_up_to)


def follows(before, after):
    """Whether one configuration may come after the other (4.1, 4.3)."""
    if before.old_voters:
        return not after.old_voters and after.voters == before.voters and \
            after.learners == before.learners
    if after.old_voters:
        return after.old_voters == before.voters
    return len(before.voters ^ after.voters) <= 1


class Leader:
    def __init__(self, node, log):
        self.node = node
        self.elected_log = log
        self.log = log  # when it was last seen to lead


class Rules(Applied):
    def __init__(self, world):
        super().__init__()
        self.world = world
        self.leaders = {}  # by term
        self.committed = []  # the entries
        self.committed_in = []  # of each: the lowest term that held it so
        self.deciders = []  # configurations by whom the last was decided
        self.witnesses = set()

    def note_witnesses(self, members):
        self.witnesses |= members.witnesses

    # --- lives and steps -----------------------------------------------------

    def life(self, node):
        disk, view = node.disk, node.view
        self.disk(node, disk.log())
        node.term = disk.term
        node.commit = view["commit"]
        node.applied = 0
        told = disk.snapshot_members
        node.knows_start = told is not None and bool(told.all())
        self.term(node)
        self.log(node)
        self.members(node)
        if node.commit > 0:
            self.commit(node, node.log)
        self.first_snapshot(node)

    def step(self, node, before, record):
        view = record["view"]
        leads = view["role"] == "leader"
        self.term(node)
        if leads:
            self.leader(node, before)
        self.log(node)
        self.members(node)
        hold(view["commit"] >= node.commit, "monotonic_commit",
             f"node {node.number}'s commit index went back")
        moved = view["commit"] > node.commit
        if moved or not begins_with(node.log, before):
            node.commit = view["commit"]
            self.commit(node, before)
        if leads:
            self.changes(node, before)
        self.outputs(node, record["outputs"])

    def term(self, node):
        term = node.view["term"]
        hold(term >= node.term, "monotonic_term",
             f"node {node.number} went back to term {term}")
        node.term = term

    # --- votes and leaders ---------------------------------------------------

    def vote(self, node, term, candidate):
        """Anybody may know by now that the node voted so."""
        voted_term, voted = node.vote
        hold(term != voted_term or voted in (0, candidate), "one_vote_per_term",
             f"node {node.number} voted twice in term {term}")
        if term >= voted_term:
            node.vote = (term, candidate)

    def shown_vote(self, node, term, candidate):
        self.vote(node, term, candidate)
        disk = node.disk
        hold((disk.term, disk.vote) == (term, candidate),
             "durable_before_acknowledged",
             f"node {node.number} shows a vote in term {term} that its disk "
             "does not hold")

    def leader(self, node, before):
        term = node.view["term"]
        leader = self.leaders.get(term)
        if leader is None:
            self.shown_vote(node, term, node.number)
            for index, held_in in enumerate(self.committed_in, 1):
                hold(held_in >= term or
                     same_up_to(before, self.committed, index),
                     "leader_completeness",
                     f"node {node.number} leads term {term} without the "
                     f"committed entry {index}")
            leader = self.leaders[term] = Leader(node.number, before)
        hold(leader.node == node.number, "election_safety",
             f"nodes {leader.node} and {node.number} led term {term}")
        hold(begins_with(node.log, leader.log), "leader_append_only",
             f"node {node.number} leads term {term} and changed its log")
        leader.log = node.log

    # --- logs ----------------------------------------------------------------

    def log(self, node):
        world, log, view = self.world, node.log, node.view
        last = place_of(log, len(log))
        hold((view["last"]["term"], view["last"]["index"]) == last,
             "log_matching", f"node {node.number} shows another log than it "
             "writes")
        others = [other.log for other in world.nodes.values()
                  if other is not node and other.alive]
        others += [other.disk.written for other in world.nodes.values()]
        for other in others + world.past:
            if other is not log:
                hold(same_up_to(log, other, last_shared_place(log, other)),
                     "log_matching", f"node {node.number}'s log has an entry "
                     "that differs, or has other ones before it, elsewhere")
        terms = [entry.term for entry in log]
        hold(terms == sorted(terms) and last[0] <= view["term"],
             "log_matching", f"the terms in node {node.number}'s log go back, "
             "or beyond its own")

    # --- members -------------------------------------------------------------

    def may_show(self, node, log, members):
        """Whether `members` are those by `log`, or nobody, as long as the node
        cannot know."""
        if members == self.world.members_of(log):
            return True
        return (not members.all() and last_configuration(log) == 0
                and node.number not in self.world.initial.all()
                and not node.knows_start)

    def members(self, node):
        log, shown = node.log, node.view["configuration"]
        latest = last_configuration(log)
        members = self.world.members_of(log)
        hold(members is not None, "configuration_matches_log",
             f"nobody can read the configuration at {latest}")
        hold((shown["term"], shown["index"]) == place_of(log, latest),
             "configuration_matches_log",
             f"node {node.number} goes by another configuration than {latest}")
        self.note_witnesses(members)
        hold(self.may_show(node, log, node.members),
             "configuration_matches_log",
             f"node {node.number} has other members than its log at {latest}")
        if latest == 0 and node.members.all():
            node.knows_start = True

    def changes(self, node, before):
        """Of a leader, in one step."""
        log, commit = node.log, node.view["commit"]
        for index in range(len(before) + 1, len(log) + 1):
            if log[index - 1].kind != "configuration":
                continue
            known = min(commit, index - 1)
            former = last_configuration(log[:index - 1])
            hold(former <= known and
                 place_of(log, known)[0] == node.view["term"],
                 "one_change_at_a_time",
                 f"node {node.number} changes the members at {index}, when "
                 f"its log is committed up to {known}")
            former_members = self.world.members_of(log[:former])
            new_members = self.world.members_of(log[:index])
            hold(former_members is None or new_members is None or
                 follows(former_members, new_members), "one_change_at_a_time",
                 f"node {node.number} changes the members at {index} to what "
                 f"does not follow from those of {former}")

    # --- what is committed ---------------------------------------------------

    def commit(self, node, before):
        log, index, term = node.log, node.commit, node.term
        known = len(self.committed)
        hold(index <= len(log), "monotonic_commit",
             f"node {node.number}'s commit index {index} passes its log")
        hold(same_up_to(log, self.committed, min(index, known)),
             "state_machine_safety",
             f"node {node.number} holds other entries committed")
        deciders = self.deciders
        if index > known:
            deciders = self.decided(node, before, index)
        for later, leader in self.leaders.items():
            hold(later <= term or same_up_to(leader.elected_log, log, index),
                 "leader_completeness",
                 f"entry {index} is committed in term {term}, but the leader "
                 f"of term {later} did not have it")
        newer = index > known or (index > 0 and
                                  self.committed_in[index - 1] > term)
        if newer:
            self.deciders = deciders
        self.committed += log[known:index]
        self.committed_in += [term] * (index - known)
        for i in range(min(index, known)):
            self.committed_in[i] = min(self.committed_in[i], term)

    def decided(self, node, before, index):
        """Who decided that the log is committed up to `index`: those of the
        configuration that the node has, or had before this step."""
        world, log = self.world, node.log
        latest = last_configuration(log)
        former = last_configuration(log[:latest - 1]) if latest > 0 else 0
        if len(self.committed) < former <= index:
            # The change after it could begin only when it was committed.
            own = world.members_of(log[:former])
            if own is not None:
                self.on_quorum(log[:former], [own])
        deciders = [world.members_of(log)]
        if begins_with(log, before) and len(before) >= index:
            earlier = world.members_of(before)
            if earlier is not None:
                deciders.append(earlier)
        self.on_quorum(log[:index], deciders)
        return deciders

    def on_quorum(self, log, deciders):
        holders = {number for number, node in self.world.nodes.items()
                   if begins_with(node.disk.log(), log)}
        hold(any(members.decide(holders) for members in deciders),
             "committed_on_quorum",
             f"entry {len(log)} is committed, but durable on {sorted(holders)} "
             "only")

    # --- disks and promises --------------------------------------------------

    def disk(self, node, before):
        """The disk changed; it held the log `before`."""
        disk = node.disk
        term, vote = node.hard_state
        hold(disk.term >= term, "monotonic_term",
             f"the disk of node {node.number} went back to term {disk.term}")
        node.hard_state = (disk.term, disk.vote)
        if node.hard_state != (term, vote) and disk.vote != 0:
            self.vote(node, disk.term, disk.vote)
        if self.committed and not begins_with(disk.log(), before):
            self.on_quorum(self.committed, self.deciders)

    def message(self, node, to, message):
        kind, term = message["kind"], message["term"]
        if kind in ("other", "pre_vote_request", "pre_vote_response"):
            return
        if kind == "vote_request":
            self.shown_vote(node, term, node.number)
            return
        if kind == "vote_response" and message["granted"]:
            self.shown_vote(node, term, to)
            return
        hold(node.disk.term >= term, "durable_before_acknowledged",
             f"node {node.number} speaks in term {term} before it is durable")
        if kind in ("append_response", "install_response") and \
                message["granted"]:
            self.acknowledgement(node, to, term, message["match"])

    def acknowledgement(self, node, to, term, match):
        leader = self.leaders.get(term)
        hold(node.disk.term == term and leader is not None and
             leader.node == to and
             same_up_to(node.disk.log(), leader.log, match),
             "durable_before_acknowledged",
             f"node {node.number} acknowledges {match} entries to {to} in term "
             f"{term}, which its disk does not have as that leader has")

    # --- progress ------------------------------------------------------------

    def progress_is_made(self, wait):
        """Somebody leads, the command is committed, all members by the leader's
        log have applied it, they are not joint, the leader is one of them."""
        leaders = [node for node in self.world.nodes.values()
                   if node.alive and node.view["role"] == "leader"]
        if not leaders:
            return False
        leader = max(leaders, key=lambda node: node.view["term"])
        members = self.world.members_of(leader.log)
        if members is None or members.old_voters or \
                leader.number not in members.voters:
            return False
        for index in range(len(self.committed), 0, -1):
            if self.committed[index - 1].payload == wait[1]:
                return all(self.world.nodes[number].applied >= index
                           for number in members.all())
        return False
