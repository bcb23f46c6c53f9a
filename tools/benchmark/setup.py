"""Builds what is measured, and says on what machine."""

import json
import os
import shutil
import subprocess

BUILD = "build-bench"


class Missing(Exception):
    """What cannot be done without."""


def _run(command, source):
    return subprocess.run(
        command,
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CC": os.environ.get("CC", "gcc")},
    )


def _must(command, source):
    done = _run(command, source)
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).strip().split("\n")[-20:]
        raise Missing("\n".join([f"'{' '.join(command)}' failed:", *lines]))
    return done.stdout


def build(source):
    """Returns the build directory, and whether libraft's cluster is in it."""
    for program, package in ("meson", "meson"), ("ninja", "ninja-build"):
        if shutil.which(program) is None:
            raise Missing(
                f"{program} is not there (package {package}); ./tools/quickstart "
                "installs what building needs"
            )
    folder = os.path.join(source, BUILD)
    if not os.path.exists(os.path.join(folder, "build.ninja")):
        _must(
            ["meson", "setup", BUILD, "-Dtests=disabled", "-Dmutants=disabled"], source
        )
    # ninja configures anew if a meson.build has changed; then there may be others.
    _must(["ninja", "-C", BUILD, "tools/raftsim", "tools/benchmark/measure"], source)
    targets = json.loads(_must(["meson", "introspect", "--targets", BUILD], source))
    has_libraft = any(target["name"] == "fixture" for target in targets)
    if has_libraft:
        _must(["ninja", "-C", BUILD, "tools/benchmark/fixture"], source)
    return folder, has_libraft


def _first(command, source):
    try:
        return _run(command, source).stdout.strip().split("\n")[0]
    except OSError:
        return ""


def _processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return "an unknown processor"


def about(source):
    """Where the figures come from: the machine, the compiler, the tree."""
    compiler = os.environ.get("CC", "gcc")
    tree = _first(["git", "describe", "--always"], source) or "unknown"
    # (The file with the figures is no change that could have changed them.)
    changed = _first(
        ["git", "status", "--porcelain", "--", "raft", "sim", "tools/benchmark/*.c"],
        source,
    )
    return (
        f"{_processor()}, {os.cpu_count()} processors; "
        f"{_first([compiler, '--version'], source)}; "
        f"revision {tree}{' with changes' if changed else ''}."
    )
