#!/bin/sh
# One shard of a sweep, for engines that start many and those that failed again:
#
#     tools/cluster/shard.sh I N DIRECTORY FILE... [OPTION]...
#
# runs part I, from 1, of N of 'raftsim sweep FILE... [OPTION]...' and leaves
# DIRECTORY/I.json. It fails only if the shard was not run to its end. A seed that
# fails is no reason: it stands in the report, and would only fail again.
#
# RAFTSIM=COMMAND  instead of build/tools/raftsim
set -u
shard=$1
shards=$2
directory=$3
shift 3
report=$directory/$shard.json

mkdir -p "$directory" || exit
# Whatever ends this try, no report of an earlier one shall stand for it.
rm -f "$report"
"${RAFTSIM:-build/tools/raftsim}" sweep "$@" --shard "$shard/$shards" \
    --json "$report" --failures "$directory/failures"
code=$?
case $code in
0 | 1 | 3) [ -f "$report" ] && exit 0 ;;
esac
[ "$code" != 0 ] && exit "$code"
exit 1
