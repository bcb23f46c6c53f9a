"""The file that tools/bench writes."""

import os
import sys
import textwrap

from .table import table

TOP = """\
# How fast raftsim is

Made by `tools/bench`, which measures all of this again. {about}

A figure is the median of {repeats} runs (of fewer, where a run takes long), with the
lowest and the highest in brackets. The runs of a group take turns; ratios are of runs
of the same turn. Times are of one processor, with every check on and the hash made,
where nothing else is said. Instructions are counted by callgrind, and repeat exactly.
"""


def _wrapped(content):
    """Paragraphs in lines as long as a terminal is wide; tables as they are."""
    blocks = content.strip("\n").split("\n\n")
    return "\n\n".join(
        block.strip("\n")
        if block.startswith("|") or "\n|" in block
        else textwrap.fill(block, 80, break_long_words=False, break_on_hyphens=False)
        for block in blocks
    )


def text(sections, left_out, about, repeats):
    parts = [TOP.format(about=about, repeats=repeats)]
    parts += [f"Left out: {why}." for why in left_out]
    rows = [
        [target.what, target.wanted, target.value, "yes" if target.kept else "**no**"]
        for section in sections
        for target in section.targets
    ]
    if rows:
        parts += ["## Targets", table(["", "wanted", "measured", "met"], rows)]
    for section in sections:
        parts += ["## " + section.title, section.text]
    return "\n\n".join(map(_wrapped, parts)) + "\n"


def write(output, content):
    """A file is there as a whole, or as it was."""
    if output == "-":
        sys.stdout.write(content)
        return
    beside = output + ".new"
    with open(beside, "w", encoding="utf-8") as file:
        file.write(content)
    os.replace(beside, output)
    print(f"bench: {os.path.relpath(output)}", file=sys.stderr)
