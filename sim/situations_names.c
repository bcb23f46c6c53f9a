/* What each situation is called, and what it is. */
#undef NDEBUG
#include <assert.h>

#include "sim/situations.h"

struct words {
    const char *heading; /* of the group that begins here; else NULL */
    const char *name;
    const char *text;
};

static const struct words all_words[SIM_SITUATION_COUNT] = {
    [SIM_SPLIT_VOTE] = {"Elections", "split_vote",
                        "Two or more candidates of a term gave up and nobody "
                        "was elected in it "
                        "(paper, 5.2)."},
    [SIM_VOTE_REFUSED_FOR_OLDER_LOG] =
        {NULL, "vote_refused_for_older_log",
         "A voter that was free to vote refused, for the candidate's log ended "
         "before its own (5.4.1)."},
    [SIM_VOTE_REFUSED_AS_GIVEN] = {NULL, "vote_refused_as_given",
                                   "A follower was asked for its vote in a "
                                   "term in which it had voted for "
                                   "somebody else (5.2)."},
    [SIM_PRE_VOTE_REFUSED] =
        {NULL, "pre_vote_refused",
         "A pre-candidate was told that it would not get that vote "
         "(dissertation, 9.6)."},
    [SIM_ELECTION_BY_BARE_MAJORITY] =
        {NULL, "election_by_bare_majority",
         "A leader was elected while each voter besides those who elected it "
         "was down, in a later term, or had voted otherwise (5.2)."},
    [SIM_LEADER_BESIDE_OLDER_LEADER] =
        {NULL, "leader_beside_older_leader",
         "A leader was elected while one of an older term still led (5.2)."},
    [SIM_LEADER_DEPOSED_BY_CHECK_QUORUM] =
        {NULL, "leader_deposed_by_check_quorum",
         "A leader heard no majority and stepped down in its own term "
         "(dissertation, 6.2)."},
    [SIM_LEADER_DEPOSED_BY_HIGHER_TERM] =
        {NULL, "leader_deposed_by_higher_term",
         "A leader learned of a higher term from a message and stepped down "
         "(5.1)."},
    [SIM_CANDIDATE_YIELDS_TO_LEADER] =
        {NULL, "candidate_yields_to_leader",
         "A candidate heard from the leader of its own term and followed it "
         "(5.2)."},
    [SIM_PRE_CANDIDATE_YIELDS_TO_LEADER] =
        {NULL, "pre_candidate_yields_to_leader",
         "A pre-candidate heard from the leader of its term again: nobody was "
         "disturbed (dissertation, 9.6)."},
    [SIM_CANDIDATE_OVERTAKEN] =
        {NULL, "candidate_overtaken",
         "A candidate learned of a higher term from a message and gave up "
         "(5.1)."},
    [SIM_LATE_VOTE] =
        {NULL, "late_vote",
         "A vote for an older term arrived, and must not count (5.2)."},

    [SIM_TRUNCATION] = {"Replication", "truncation",
                        "A follower dropped an entry that conflicted with the "
                        "leader's (5.3)."},
    [SIM_TRUNCATION_OF_SEVERAL] =
        {NULL, "truncation_of_several",
         "A follower dropped more than one entry at once (5.3, Figure 7)."},
    [SIM_BACK_OFF_IN_STEPS] =
        {NULL, "back_off_in_steps",
         "A follower refused again, for another term further back in its log, "
         "before the leader found where the logs agree (5.3)."},
    [SIM_OLD_ENTRY_COMMITTED_BY_NEW] =
        {NULL, "old_entry_committed_by_new",
         "A leader committed an entry of an older term, together with one of "
         "its own (5.4.2, Figure 8)."},
    [SIM_COMMIT_BEFORE_OWN_DISK] =
        {NULL, "commit_before_own_disk",
         "A leader committed an entry that was not yet on its own disk "
         "(dissertation, 10.2.1)."},
    [SIM_COMMIT_BY_OWN_DISK] =
        {NULL, "commit_by_own_disk",
         "Of several voters, the leader's own disk was the one that completed "
         "the majority (dissertation, 10.2.1)."},
    [SIM_APPEND_REPEATED] = {NULL, "append_repeated",
                             "An AppendEntries brought nothing but entries "
                             "that were there already, "
                             "not all of them committed (5.3)."},
    [SIM_APPEND_BELOW_COMMIT] =
        {NULL, "append_below_commit",
         "An AppendEntries came so late that all its entries were committed "
         "(5.3)."},
    [SIM_APPEND_BEYOND_END] =
        {NULL, "append_beyond_end",
         "An AppendEntries came before one that has to be earlier, or after "
         "that was lost: it begins behind the log's end (5.3)."},
    [SIM_APPEND_OF_DEPOSED_LEADER] =
        {NULL, "append_of_deposed_leader",
         "An AppendEntries of an older term arrived (5.1)."},
    [SIM_WINDOW_FULL] =
        {NULL, "window_full",
         "Entries had waited, with others under way, until an acknowledgement "
         "made room for them (dissertation, 10.2.2)."},
    [SIM_BACK_PRESSURE] =
        {NULL, "back_pressure",
         "A leader refused a command because too much of its log was "
         "uncommitted (dissertation, 10.2)."},

    [SIM_SNAPSHOT_MADE] = {"Snapshots", "snapshot_made",
                           "A server compacted its log (dissertation, 5.1)."},
    [SIM_SNAPSHOT_INSTALLED] =
        {NULL, "snapshot_installed",
         "A follower took over a leader's snapshot (5.1; paper, Figure 13)."},
    [SIM_SNAPSHOT_INSTALLED_IN_CHUNKS] =
        {NULL, "snapshot_installed_in_chunks",
         "It came in more than one chunk (paper, Figure 13)."},
    [SIM_SNAPSHOT_INSTALLED_AFTER_CRASH] =
        {NULL, "snapshot_installed_after_crash",
         "A follower crashed between the chunks of a snapshot, and took one "
         "over later (paper, Figure 13)."},
    [SIM_SNAPSHOT_CONTINUED_BY_NEXT_LEADER] =
        {NULL, "snapshot_continued_by_next_leader",
         "Another leader went on with a snapshot where the one before had "
         "stopped (paper, Figure 13)."},
    [SIM_SNAPSHOT_SUPERSEDED] =
        {NULL, "snapshot_superseded",
         "A newer snapshot began to arrive before the one before was whole "
         "(paper, section 7)."},
    [SIM_SNAPSHOT_NOT_NEEDED] =
        {NULL, "snapshot_not_needed",
         "A snapshot was offered to a server that had committed all of it "
         "(paper, Figure 13, step 6)."},
    [SIM_SNAPSHOT_TWICE_IN_A_ROW] =
        {NULL, "snapshot_twice_in_a_row",
         "A follower took over a second snapshot before it got a single entry "
         "after the first (paper, section 7)."},
    [SIM_LOG_COMPACTED_WHILE_SENDING] =
        {NULL, "log_compacted_while_sending",
         "A leader compacted its log while a snapshot was on its way to a "
         "follower (dissertation, 5.1.3)."},
    [SIM_RESTART_FROM_SNAPSHOT] =
        {NULL, "restart_from_snapshot",
         "A life began from a snapshot that stands for entries (dissertation, "
         "5.1)."},
    [SIM_SNAPSHOT_LOST_IN_CRASH] =
        {NULL, "snapshot_lost_in_crash",
         "A server crashed while it wrote a snapshot, and came back with the "
         "one before (dissertation, 5.1)."},

    [SIM_JOINT_ENTERED] = {"Members", "joint_entered",
                           "A leader appended a joint configuration "
                           "(dissertation, 4.3)."},
    [SIM_JOINT_LEFT] = {NULL, "joint_left",
                        "A leader appended the configuration that ends a joint "
                        "one (dissertation, 4.3)."},
    [SIM_JOINT_LEFT_BY_LATER_LEADER] =
        {NULL, "joint_left_by_later_leader",
         "It was a leader of a later term than the one who entered it "
         "(dissertation, 4.3)."},
    [SIM_JOINT_SPANS_LEADER_CHANGE] =
        {NULL, "joint_spans_leader_change",
         "A leader was elected by a joint configuration (dissertation, 4.3)."},
    [SIM_JOINT_ROLLED_BACK] =
        {NULL, "joint_rolled_back",
         "A server dropped a joint configuration from its log (dissertation, "
         "4.1)."},
    [SIM_CONFIGURATION_ROLLED_BACK] =
        {NULL, "configuration_rolled_back",
         "A server dropped any configuration from its log, and went back to "
         "the members of before (dissertation, 4.1)."},
    [SIM_CHANGE_REFUSED_BEFORE_NO_OP] =
        {NULL, "change_refused_before_no_op",
         "A leader that had committed nothing of its term refused to change "
         "the members (dissertation, 4.1; the correction of 2015)."},
    [SIM_CHANGE_REFUSED_AS_PENDING] =
        {NULL, "change_refused_as_pending",
         "A change of the members was refused because the one before was not "
         "over (dissertation, 4.1)."},
    [SIM_LEARNER_PROMOTED] =
        {NULL, "learner_promoted",
         "A leader made a voter of a learner (dissertation, 4.2.1)."},
    [SIM_PROMOTION_REFUSED] =
        {NULL, "promotion_refused",
         "A server that lags, or is no learner yet, was not made a voter "
         "(dissertation, 4.2.1)."},
    [SIM_LEADER_REMOVES_ITSELF] =
        {NULL, "leader_removes_itself",
         "A leader appended a configuration in which it does not vote "
         "(dissertation, 4.2.2)."},
    [SIM_REMOVED_LEADER_HANDS_OVER] =
        {NULL, "removed_leader_hands_over",
         "A removed leader told its successor to campaign, and that one was "
         "elected (dissertation, 4.2.2 and 3.10)."},
    [SIM_OUTSIDER_CAMPAIGNS_IN_VAIN] =
        {NULL, "outsider_campaigns_in_vain",
         "A server that is no member asked a voter in a term higher than the "
         "voter's, in vain: it neither got its vote nor raised its term "
         "(dissertation, 4.2.3)."},
    [SIM_STRANGER_GETS_FIRST_ENTRIES] =
        {NULL, "stranger_gets_first_entries",
         "A server with an empty log that is no member, as far as it knows, "
         "got "
         "its first entries (dissertation, 4.2.1)."},
    [SIM_LEADER_OF_UNCOMMITTED_MEMBERS] =
        {NULL, "leader_of_uncommitted_members",
         "A leader was elected by a configuration that it did not hold "
         "committed (dissertation, 4.1)."},
    [SIM_WITNESS_DECIDES_VOTE] =
        {NULL, "witness_decides_vote",
         "A leader was elected with the vote of a witness, and would not have "
         "been without."},
    [SIM_WITNESS_DECIDES_COMMIT] =
        {NULL, "witness_decides_commit",
         "An entry was committed with the acknowledgement of a witness, and "
         "would not have been without."},

    [SIM_READ_CONFIRMED_BY_ROUND] =
        {"Reads, sessions, transfer", "read_confirmed_by_round",
         "A leader answered a read when a server answered it (dissertation, "
         "6.4)."},
    [SIM_READ_REFUSED_WITHOUT_QUORUM] =
        {NULL, "read_refused_without_quorum",
         "A read waited at a leader that stepped down for want of a majority "
         "(dissertation, 6.4 and 6.2)."},
    [SIM_READ_REFUSED_LEADER_LOST] =
        {NULL, "read_refused_leader_lost",
         "A read waited at a leader that learned of a higher term "
         "(dissertation, 6.4)."},
    [SIM_READ_WAITS_FOR_NO_OP] =
        {NULL, "read_waits_for_no_op",
         "A leader was asked for a read before anything of its term was "
         "committed, and let it wait (dissertation, 6.4)."},
    [SIM_READ_FORWARDED] =
        {NULL, "read_forwarded",
         "A follower answered a read, having asked the leader how far it must "
         "apply (dissertation, 6.4)."},
    [SIM_FORWARDED_READ_LOST] =
        {NULL, "forwarded_read_lost",
         "A follower gave up a read, for its leader was silent, unwilling or "
         "none any more (dissertation, 6.4)."},
    [SIM_LEASE_READ_SERVED] =
        {NULL, "lease_read_served",
         "A leader of several voters answered a read by lease, in the step in "
         "which it was asked (dissertation, 6.4.1)."},
    [SIM_LEASE_READ_ASKS] =
        {NULL, "lease_read_asks",
         "A read by lease found none to hold, and the leader had to ask "
         "(dissertation, 6.4.1)."},
    [SIM_SESSION_OPENED] = {NULL, "session_opened",
                            "A leader applied the opening of a client's "
                            "session (dissertation, 6.3)."},
    [SIM_SESSION_EXPIRED] =
        {NULL, "session_expired",
         "A session was closed to make room for another (dissertation, 6.3)."},
    [SIM_RETRY_REPEATED] =
        {NULL, "retry_repeated",
         "A command came to be applied that had been applied before "
         "(dissertation, 6.3)."},
    [SIM_COMMAND_OF_EXPIRED_SESSION] =
        {NULL, "command_of_expired_session",
         "A command came to be applied whose session was closed "
         "(dissertation, 6.3)."},
    [SIM_TRANSFER_SUCCEEDED] =
        {NULL, "transfer_succeeded",
         "The target of a transfer campaigned at once and was elected "
         "(dissertation, 3.10)."},
    [SIM_TRANSFER_ABORTED] =
        {NULL, "transfer_aborted",
         "A leader that was to hand over took commands again (dissertation, "
         "3.10)."},
    [SIM_TRANSFER_TARGET_BEHIND] =
        {NULL, "transfer_target_behind",
         "A transfer began to a server that first had to catch up "
         "(dissertation, 3.10)."},
    [SIM_PROPOSAL_REFUSED_IN_TRANSFER] =
        {NULL, "proposal_refused_in_transfer",
         "A command was refused because leadership was being handed over "
         "(dissertation, 3.10)."},
    [SIM_TAKEOVER_BY_PRIORITY] =
        {NULL, "takeover_by_priority",
         "A leader handed over of itself to a voter of higher priority, and "
         "that one was elected."},

    [SIM_VOTE_STORED_BUT_NEVER_SENT] =
        {"Storage, clocks, links", "vote_stored_but_never_sent",
         "A vote for somebody reached the disk in the crash that kept it from "
         "leaving (paper, Figure 2)."},
    [SIM_VOTE_LOST_IN_CRASH] =
        {NULL, "vote_lost_in_crash",
         "A vote for somebody was in memory only and died with it (paper, "
         "Figure 2)."},
    [SIM_WRITES_PARTLY_SURVIVE] =
        {NULL, "writes_partly_survive",
         "A crash kept some of the entries that were being written, and not "
         "all."},
    [SIM_WRITES_LOST] = {NULL, "writes_lost",
                         "A crash lost all of the entries that were being "
                         "written."},
    [SIM_FORMER_LEADER_RESTARTS] =
        {NULL, "former_leader_restarts",
         "A server that crashed as a leader came back."},
    [SIM_ALL_DOWN] = {NULL, "all_down",
                      "All of two or more servers were down at once."},
    [SIM_CLOCK_JUMP_FIRES_TIMER] =
        {NULL, "clock_jump_fires_timer",
         "A clock jumped past the deadline of a timer."},
    [SIM_MAIL_TO_LATER_LIFE] =
        {NULL, "mail_to_later_life",
         "A message was delivered to a server that had crashed and come back "
         "since it was sent."},
    [SIM_MAIL_OF_EARLIER_LIFE] =
        {NULL, "mail_of_earlier_life",
         "A message was delivered whose sender had crashed and come back since "
         "it was sent."},
    [SIM_MAIL_AFTER_CUT] =
        {NULL, "mail_after_cut",
         "A message was delivered over a link that had lost one because it was "
         "cut."},
    [SIM_WRITE_FAILED_AT_LEADER] =
        {NULL, "write_failed_at_leader",
         "A leader learned that a write of its disk had failed."},
    [SIM_VOTE_WRITE_FAILED] =
        {NULL, "vote_write_failed",
         "A write failed that held a vote, for itself or for somebody (paper, "
         "Figure 2)."},
    [SIM_TORN_ENTRY_DROPPED] =
        {NULL, "torn_entry_dropped",
         "A start dropped the record of an entry that a crash had torn."},
    [SIM_LOG_VOID_AFTER_CRASH] =
        {NULL, "log_void_after_crash",
         "A life began from a new snapshot beside entries of an old log that "
         "it makes void: the crash came before these were truncated "
         "(dissertation, 5.1)."},
    [SIM_START_REFUSED_BY_ROT] =
        {NULL, "start_refused_by_rot",
         "A server was not started, for a checksum on its disk did not fit."},
    [SIM_ROT_OVERWRITTEN_UNSEEN] =
        {NULL, "rot_overwritten_unseen",
         "A record that had rotten was written anew or dropped before a start "
         "read it, so nobody ever knew."},
};

const char *sim_situation_name(enum sim_situation situation)
{
    assert((unsigned)situation < SIM_SITUATION_COUNT);
    return all_words[situation].name;
}

const char *sim_situation_text(enum sim_situation situation)
{
    assert((unsigned)situation < SIM_SITUATION_COUNT);
    return all_words[situation].text;
}

const char *sim_situation_heading(enum sim_situation situation)
{
    assert((unsigned)situation < SIM_SITUATION_COUNT);
    return all_words[situation].heading;
}
