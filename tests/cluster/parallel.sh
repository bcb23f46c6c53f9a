#!/bin/sh
# tools/cluster/parallel.sh under real GNU parallel.
# shellcheck source=tests/cluster/common.sh
. "$(dirname "$0")/common.sh"

code=0
SHARDS=4 tools/cluster/parallel.sh "$scratch/shards" "$scratch/some.json" \
    --seeds "$seeds" >"$scratch/merged" || code=$?
[ "$code" = 1 ] || fail "exit code $code: some seeds fail, none died"
expect_whole "$scratch/shards/all.json"
