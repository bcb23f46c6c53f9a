#!/usr/bin/env python3
"""Runs the commands of README.md whose output stands there, and compares.

    check_readme.py README RAFTSIM

Such a block begins with "$ build/tools/raftsim", or with a mutant; a line with ">"
goes on with the command. The working folder is an empty one, with scenarios/ and
the build folder in which RAFTSIM is as build/. Examples with mutants are left out
where none are built.

Then the sweeps of its jobs for continuous integration, for a second each: they
have to be clean, and to leave the reports that the job keeps.
"""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree


def blocks(text, tree):
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.S | re.M):
        lines = block.split("\n")[:-1]
        mutant = re.match(r"\$ (build/tests/mutants/\S+)", lines[0])
        if mutant and not os.path.exists(os.path.join(tree, mutant.group(1))):
            continue  # they are not built everywhere
        if not mutant and not lines[0].startswith("$ build/tools/raftsim "):
            continue
        n = 1
        while lines[n - 1].endswith(("\\", "|")):
            n += 1
        yield "\n".join(lines[:n])[2:], lines[n:]


def jobs(text):
    """The sweeps of the jobs; a line that is indented more goes on."""
    for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.S | re.M):
        for sweep in re.findall(
            r"^ *- (?:run: )?(build/tools/raftsim sweep .*(?:\n +--.*)*)", block, re.M
        ):
            yield re.sub(r"\s+", " ", sweep)


def check_job(command, raftsim):
    """What is wrong with it; None: nothing."""
    source = os.getcwd()
    command = command.replace("build/tools/raftsim", os.path.abspath(raftsim))
    command = command.replace("--time 60s", "--time 1s")
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(source + "/scenarios", folder + "/scenarios")
        commit = (
            "git init -q . && git -c user.name=x -c user.email=x@example.org "
            "commit -q --allow-empty -m x && "
        )
        done = subprocess.run(
            commit + command,
            shell=True,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            return done.stdout + done.stderr
        suites = xml.etree.ElementTree.parse(folder + "/junit.xml").getroot()
        if not suites.findall("testsuite/testcase"):
            return "no test case in junit.xml"
        if not os.path.getsize(folder + "/sweep.json"):
            return "nothing in sweep.json"
    return None


def main():
    with contextlib.ExitStack() as stack:
        return check(stack, *sys.argv[1:])


def check(stack, readme, raftsim):
    for name in "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY":
        os.environ.pop(name, None)  # this is not the job that they are meant for
    with open(readme, encoding="utf-8") as file:
        text = file.read()
    tree = stack.enter_context(tempfile.TemporaryDirectory())
    os.symlink(os.path.abspath("scenarios"), tree + "/scenarios")
    os.symlink(os.path.dirname(os.path.dirname(os.path.abspath(raftsim))), tree + "/build")
    found = list(blocks(text, tree))
    bad = 0
    sweeps = list(jobs(text))
    for sweep in sweeps:
        problem = check_job(sweep, raftsim)
        if problem is not None:
            bad += 1
            print(f"$ {sweep}\n{problem}")
    bad += 0 if len(sweeps) == 2 else 1
    print(f"{len(sweeps)} jobs")
    for command, wanted in found:
        got = subprocess.run(
            command, shell=True, cwd=tree, capture_output=True, text=True, check=False
        ).stdout.split("\n")[:-1]
        if got != wanted:
            bad += 1
            print(f"$ {command}\ngives\n  " + "\n  ".join(got))
            print("README has\n  " + "\n  ".join(wanted))
    print(f"{len(found)} examples, {bad} differ")
    return 1 if bad or not found else 0


if __name__ == "__main__":
    sys.exit(main())
