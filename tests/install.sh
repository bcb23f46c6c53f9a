#!/bin/sh
# What is installed is enough: outside of this tree, and without raft/, an adapter
# is built by one line, and a program that runs scenarios by another.
# usage: install.sh MESON BUILD CC [OPTION...]
set -eu
meson=$1
build=$2
shift 2 # what is left is the compiler
source=$(cd "$(dirname "$0")" && pwd)

fail() {
    printf 'install: %s\n' "$*" >&2
    exit 1
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
DESTDIR=$scratch/root "$meson" install -C "$build" --no-rebuild --quiet \
    >"$scratch/log" 2>&1 || { cat "$scratch/log"; fail "meson install"; }
pc=$(find "$scratch/root" -name raftsim.pc)
[ -n "$pc" ] || fail "no raftsim.pc"
lib=$(dirname "$(dirname "$pc")")
raftsim=$(find "$scratch/root" -path '*/bin/raftsim')
export PKG_CONFIG_SYSROOT_DIR="$scratch/root"
export PKG_CONFIG_PATH="$lib/pkgconfig"
export LD_LIBRARY_PATH="$lib"

mkdir "$scratch/mine"
cp "$source"/nodes/tick_* "$source"/nodes/embed.c "$scratch/mine"
cd "$scratch/mine"
cat >some.json <<'END'
{"description": "The leader dies.", "duration": "3s",
 "faults": [{"at": "1s", "crash": "leader", "for": "500ms"}],
 "expect": {"elections_at_least": 2, "commits_at_least": 50}}
END

# shellcheck disable=SC2046  # words
"$@" -shared -fPIC tick_node.c tick_raft.c $(pkg-config --cflags raftsim) \
    -o tick.so || fail "an adapter by one line"
"$raftsim" run some.json --node ./tick.so --seed 5 >out || fail "$(cat out)"
hash=$(sed -n 's/^  hash *//p' out)

# shellcheck disable=SC2046
"$@" embed.c tick_node.c tick_raft.c $(pkg-config --cflags --libs raftsim) \
    -o shared || fail "a program by one line"
# shellcheck disable=SC2046
"$@" embed.c tick_node.c tick_raft.c $(pkg-config --cflags raftsim) \
    "$lib/libraftsim.a" $(PKG_CONFIG_SYSROOT_DIR='' pkg-config --libs libcjson) \
    -o static || fail "a program with the static library"
for program in shared static; do
    [ "$(./$program some.json 5)" = "$hash holds" ] ||
        fail "$program ran otherwise than the command"
    if nm -g "$program" | grep -q ' raft_'; then
        fail "$program has something of raft/"
    fi
done
nm -D --defined-only "$lib/libraftsim.so" | awk '{ print $3 }' |
    grep -v '^sim_' && fail "these are shown, and should not be"

# The headers are C++ as well.
for header in node.h answers.h; do
    for cxx in c++ clang++; do
        command -v $cxx >/dev/null || continue
        # shellcheck disable=SC2046
        echo "#include \"sim/$header\"" |
            $cxx -x c++ -std=c++17 -Wall -Wextra -Werror -fsyntax-only \
                $(pkg-config --cflags raftsim) - || fail "$header in C++"
    done
done
echo "installed, built with and run, without raft/"
