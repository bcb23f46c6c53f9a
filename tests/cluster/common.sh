# Shared by the tests of tools/cluster/, which run from the top of the tree: a
# sweep in four shards, one of which is killed in its first try. Needs
# build/tools/raftsim.
# shellcheck shell=sh

set -eu
cd "$(dirname "$0")/../.."
raftsim=$PWD/build/tools/raftsim
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Some of its seeds fail, which is no reason to run a shard again.
cat >"$scratch/some.json" <<'END'
{"description": "Some seeds fail.", "duration": "1s",
 "expect": {"commits_at_least": 43}}
END
seeds=1..400

# The command of the shards: the third one is killed in its first try, when it
# has found something. (With more seeds than it can finish before.)
cat >"$scratch/raftsim" <<END
#!/bin/sh
case "\$*" in
*"--shard 3/4"*)
    if ! [ -f "$scratch/killed" ]; then
        "$raftsim" "\$@" --seeds 1..100000000 >"$scratch/third" 2>&1 &
        until grep -q 'seed' "$scratch/third"; do sleep 0.01; done
        kill -KILL \$!
        : >"$scratch/killed"
        exit 137
    fi ;;
esac
exec "$raftsim" "\$@"
END
chmod +x "$scratch/raftsim"
RAFTSIM=$scratch/raftsim
export RAFTSIM
unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY

fail() {
    echo "FAILED: $*"
    exit 1
}

# The report $1 is that of the sweep without shards.
expect_whole() {
    "$raftsim" sweep "$scratch/some.json" --seeds "$seeds" \
        --json "$scratch/whole.json" --failures "$scratch/f" >"$scratch/out" \
        2>&1 && fail "no seed failed, that proves little"
    cmp "$1" "$scratch/whole.json" || fail "the merged report is another one"
    [ -f "$scratch/killed" ] || fail "no shard was killed"
    grep -q '"failed":[1-9]' "$1" || fail "no seed failed, that proves little"
    echo "the merged report of 4 shards, one killed and run again, is that of" \
        "the sweep without shards"
}
