# Shared by quickstart and test, which source it from the top of the tree:
# installs what is missing, and configures builds. Needs a POSIX shell only.

say() {
    printf '%s\n' "$*"
}

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

seconds() {
    date +%s
}

# What building needs, by the names of Debian's and Ubuntu's packages.
build_packages='meson ninja-build gcc libc6-dev pkg-config libcriterion-dev
    libcjson-dev patch'

# Whether what the package $1 is needed for is there, wherever it came from.
have() {
    case $1 in
    ninja-build) command -v ninja ;;
    libc6-dev) echo '#include <stdio.h>' | gcc -E - ;;
    libcriterion-dev) pkg-config --exists criterion ;;
    libcjson-dev) pkg-config --exists libcjson ;;
    libraft-dev) pkg-config --exists 'raft >= 0.15' 'raft < 0.16' ;;
    libclang-rt-*) can_fuzz ;;
    parallel) parallel --version | grep GNU ;;
    python3-jsonschema) python3 -c 'import jsonschema' ;;
    *) command -v "$1" ;;
    esac >/dev/null 2>&1
}

# Whether clang can link a libFuzzer target with its sanitizers.
can_fuzz() {
    probe=$(mktemp -d) || return 1
    cat >"$probe/probe.c" <<'END'
#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    return bytes == NULL && size > 0;
}
END
    clang -fsanitize=fuzzer,address,undefined "$probe/probe.c" \
        -o "$probe/probe" >/dev/null 2>&1
    linked=$?
    rm -r "$probe"
    return $linked
}

missing_of() {
    for package in "$@"; do
        have "$package" || printf '%s ' "$package"
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "$@"
}

# Installs those of the packages that are missing, or ends with their names.
# Nothing is fetched when nothing is missing.
install_missing() {
    missing=$(missing_of "$@")
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null 2>&1 ||
        fail "please install what these Debian packages hold: $missing"
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null 2>&1 ||
        fail "not root, and no sudo. As root: apt-get install $missing"
    say "Installing $missing(up to a minute; the log is in $log)"
    # The lists may be absent, or too old to find the packages they name.
    # shellcheck disable=SC2086  # a list of words
    apt_install $missing >"$log" 2>&1 ||
        { as_root apt-get update && apt_install $missing; } >>"$log" 2>&1 ||
        true # what is still missing says it
    still=$(missing_of "$@")
    [ -z "$still" ] && return 0
    tail -n 15 "$log" >&2
    fail "could not be installed: $still(on Ubuntu: is 'universe' enabled?)"
}

# configure DIRECTORY COMPILER [OPTION...]: sets a build up, once.
configure() {
    directory=$1
    compiler=$2
    shift 2
    [ -f "$directory/build.ninja" ] ||
        CC=$compiler meson setup "$directory" "$@"
}
