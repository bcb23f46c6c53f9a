#!/bin/sh
# Makes mutated copies of files of raft/: DIRECTORY/NAME-FILE for each FILE, NAME
# being the patch's. The patch must fit exactly, and change these files and no
# others.
# usage: mutate.sh PATCH_PROGRAM PATCH RAFT DIRECTORY FILE...
set -eu
program=$1
patch=$2
raft=$3
directory=$4
shift 4

fail() {
    echo "$patch: $*" >&2
    exit 1
}

room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
mkdir "$room/raft"
for file in "$@"; do
    cp "$raft/$file" "$room/raft"
done

# A file of the patch that is not there, is one that meson.build does not name.
"$program" --batch --silent --fuzz=0 --strip=1 --directory="$room" \
    --no-backup-if-mismatch --reject-file=- <"$patch" ||
    fail "does not fit raft/ any more, or changes other files than $*"

name=$(basename "$patch" .patch)
for file in "$@"; do
    if cmp -s "$raft/$file" "$room/raft/$file"; then
        fail "leaves $file as it is"
    fi
    cp "$room/raft/$file" "$directory/$name-$file"
done
