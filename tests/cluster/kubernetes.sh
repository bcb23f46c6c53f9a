#!/bin/sh
# The command of tools/cluster/kubernetes.yaml, as the pods of a Job run it.
# shellcheck source=tests/cluster/common.sh
. "$(dirname "$0")/common.sh"

command=$(sed -n 's/^ *- \(exec .*\)/\1/p' tools/cluster/kubernetes.yaml |
    sed "s|/results|$scratch/results|; s|scenarios/swarm.json|$scratch/some.json|
        s|--seeds [0-9.]*|--seeds $seeds|")
shards=$(sed -n 's/^ *completions: //p' tools/cluster/kubernetes.yaml)
[ "$shards" = 4 ] || fail "the file is of $shards shards"
for index in 2 0 1 3; do
    # A pod that failed is started again.
    JOB_COMPLETION_INDEX=$index sh -c "$command" >"$scratch/log" 2>&1 ||
        JOB_COMPLETION_INDEX=$index sh -c "$command" >"$scratch/log" 2>&1 ||
        fail "shard $((index + 1))"
done
"$raftsim" merge "$scratch"/results/*.json --json "$scratch/all.json" \
    >"$scratch/merged" || true
expect_whole "$scratch/all.json"
