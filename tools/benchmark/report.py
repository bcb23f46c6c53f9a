"""The file that tools/bench writes."""

import os
import sys

from .table import table

TOP = """\
# How fast raftsim is

Made by `tools/bench`, which measures all of this again. {about}

A figure is the median of {repeats} runs (of fewer, where a run takes long), with the
lowest and the highest in brackets. The runs of a group take turns; ratios are of runs
of the same turn. Times are of one processor, with every check on and the hash made,
where nothing else is said. Instructions are counted by callgrind, and repeat exactly.
"""


def text(sections, left_out, about, repeats):
    parts = [TOP.format(about=about, repeats=repeats)]
    parts += [f"Left out: {why}.\n" for why in left_out]
    rows = [
        [target.what, target.wanted, target.value, "yes" if target.kept else "**no**"]
        for section in sections
        for target in section.targets
    ]
    if rows:
        parts.append("## Targets\n\n" + table(["", "wanted", "measured", "met"], rows))
    parts += [f"## {section.title}\n\n{section.text}" for section in sections]
    return "\n".join(parts)


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
