#!/usr/bin/env python3
"""Runs the commands of README.md whose output stands there, and compares.

    check_readme.py README RAFTSIM

Such a block begins with "$ build/tools/raftsim"; a line with ">" goes on with the
command. RAFTSIM stands in for build/tools/raftsim; the working folder is the
root of the tree.
"""

import re
import subprocess
import sys


def blocks(text):
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.S | re.M):
        lines = block.split("\n")[:-1]
        if not lines[0].startswith("$ build/tools/raftsim "):
            continue
        n = 1
        while n < len(lines) and lines[n].startswith("> "):
            n += 1
        yield " ".join(line[2:] for line in lines[:n]), lines[n:]


def main():
    readme, raftsim = sys.argv[1:]
    with open(readme, encoding="utf-8") as file:
        found = list(blocks(file.read()))
    bad = 0
    for command, wanted in found:
        command = command.replace("build/tools/raftsim", raftsim)
        got = subprocess.run(
            command, shell=True, capture_output=True, text=True, check=False
        ).stdout.split("\n")[:-1]
        if got != wanted:
            bad += 1
            print(f"$ {command}\ngives\n  " + "\n  ".join(got))
            print("README has\n  " + "\n  ".join(wanted))
    print(f"{len(found)} examples, {bad} differ")
    return 1 if bad or not found else 0


if __name__ == "__main__":
    sys.exit(main())
