#!/bin/sh
# A sweep in shards under GNU parallel, on this machine or on several over ssh:
#
#     tools/cluster/parallel.sh DIRECTORY FILE... [OPTION]...
#
# runs 'raftsim sweep FILE... [OPTION]...' from the top of the tree, a shard on
# each processor, starts again those that fail, and merges the reports into
# DIRECTORY/all.json. The exit code is that of 'raftsim merge'. Paths are
# relative to the top of the tree. It says nothing until all is run: how far it
# is stands in DIRECTORY/joblog. Failures leave their files in
# DIRECTORY/failures, on the machine that found them.
#
# SHARDS=N         so many; without it, four for each processor here
# HOSTS=A,B,...    machines for ssh, with the tree in the same place and built;
#                  ':' is this one. Without it, this one only
# RAFTSIM=COMMAND  instead of build/tools/raftsim
set -u
if [ $# -lt 2 ] || [ "${1#-}" != "$1" ]; then
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
cd "$(dirname "$0")/../.." || exit
directory=$1
shift
shards=${SHARDS:-$((4 * $(getconf _NPROCESSORS_ONLN)))}
raftsim=${RAFTSIM:-build/tools/raftsim}
export RAFTSIM="$raftsim"

mkdir -p "$directory" || exit
rm -f "$directory/all.json"
for shard in $(seq "$shards"); do
    rm -f "$directory/$shard.json"
done
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
set --
for shard in $(seq "$shards"); do
    report=$directory/$shard.json
    [ -f "$report" ] && set -- "$@" "$report"
done
if [ $# = 0 ]; then
    echo "parallel: no shard left a report: see $directory/log" >&2
    exit 2
fi
code=0
"$raftsim" merge "$@" --json "$directory/all.json" || code=$?
[ -d "$directory/failures" ] && echo "Files of failures are in $directory/failures."
exit "$code"
