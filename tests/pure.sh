#!/bin/sh
# raft/ does no I/O, reads no clock and takes memory only from the allocator it
# is given: its archive must need nothing from outside but what is listed here.
# usage: pure.sh NM ARCHIVE
set -eu
nm=$1
archive=$2

# Memory and assertions, and what compilers call for those on their own; names
# of the second kind belong to the instrumentation of test builds.
allowed='memcpy|memmove|memset|memcmp|__assert_fail|__stack_chk_fail'
allowed="$allowed|__(mem|asan|ubsan|sanitizer|gcov|llvm)[a-z0-9_]*"
allowed="$allowed|_GLOBAL_OFFSET_TABLE_"

symbols=$(mktemp)
trap 'rm -f "$symbols"' EXIT
"$nm" -P -g "$archive" >"$symbols"

# Columns of nm -P: name, type. U is undefined.
awk -v allowed="^($allowed)\$" '
    $2 == "U" { needed[$1] = 1; next }
    NF >= 3 || $2 ~ /^[A-Z]$/ { defined[$1] = 1 }
    END {
        for (name in defined)
            if (name ~ /^raft_/) own++
        if (own == 0) {
            print "no raft_ symbol in the archive: nothing was checked"
            exit 1
        }
        for (name in needed)
            if (!(name in defined) && name !~ allowed) {
                print "raft/ needs " name
                bad = 1
            }
        exit bad
    }' "$symbols"
echo "raft/ needs nothing from outside but memory functions and assert()"
