#!/bin/sh
# A sweep in shards under GNU parallel, on this machine or on several over ssh:
#
#     tools/cluster/parallel.sh DIRECTORY FILE... [OPTION]...
#
# runs 'raftsim sweep FILE... [OPTION]...' from the top of the tree, a shard on
# each processor, starts again those that fail, and merges the reports into
# DIRECTORY/all.json. The exit code is that of 'raftsim merge'. DIRECTORY is
# relative to the top of the tree.
#
# SHARDS=N         so many; without it, four for each processor here
# HOSTS=A,B,...    machines for ssh, with the tree in the same place and built;
#                  ':' is this one. Without it, this one only
# RAFTSIM=COMMAND  instead of build/tools/raftsim
set -u
cd "$(dirname "$0")/../.." || exit
directory=$1
shift
shards=${SHARDS:-$((4 * $(getconf _NPROCESSORS_ONLN)))}
raftsim=${RAFTSIM:-build/tools/raftsim}
export RAFTSIM="$raftsim"

mkdir -p "$directory" || exit
rm -f "$directory"/*.json
if [ -n "${HOSTS:-}" ]; then
    set -- --sshlogin "$HOSTS" --workdir "$PWD" --env RAFTSIM \
        --return "$directory/{}.json" \
        tools/cluster/shard.sh '{}' "$shards" "$directory" "$@"
else
    set -- tools/cluster/shard.sh '{}' "$shards" "$directory" "$@"
fi
seq "$shards" | parallel --quote --retries 3 --joblog "$directory/joblog" \
    "$@" --jobs 1 >"$directory/log" 2>&1 ||
    echo "parallel: not all shards were run: see $directory/log"
"$raftsim" merge "$directory"/*.json --json "$directory/all.json"
