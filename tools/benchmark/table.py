"""Figures as people read them, and tables in Markdown."""

import math

from .runs import Figure

NOTHING = "-"


def number(value):
    """Three digits that count: 0.0421, 3.14, 271, 12,300."""
    if value is None:
        return NOTHING
    if value == 0:
        return "0"
    digits = 2 - math.floor(math.log10(abs(value)))
    return f"{round(value, digits):,.{max(digits, 0)}f}"


def whole(value):
    return NOTHING if value is None else f"{value:,.0f}"


def spread(value, show=number):
    """The median, and beside it the lowest and the highest."""
    if value is None:
        return NOTHING
    low, high = show(value.low), show(value.high)
    return show(value.median) + ("" if low == high else f" ({low}..{high})")


def size(value):
    """Bytes, in a unit that fits."""
    value = value.median if isinstance(value, Figure) else value
    for unit, bytes_each in ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10):
        if value >= bytes_each:
            return f"{number(value / bytes_each)} {unit}"
    return f"{number(value)} B"


def percent(value):
    return f"{100 * value:.1f}%"


def times(value):
    return number(value) + "x"


def table(heads, rows):
    """The first column to the left, the others to the right; all as wide as their
    widest cell, to be read as it is."""
    rows = [[str(cell) for cell in row] for row in [heads, *rows]]
    widths = [max(map(len, column)) for column in zip(*rows)]

    def line(row):
        cells = [cell.rjust(width) for cell, width in zip(row, widths)]
        cells[0] = row[0].ljust(widths[0])
        return "| " + " | ".join(cells) + " |"

    rule = "|" + "-" * (widths[0] + 2) + "|"
    rule += "".join("-" * (width + 1) + ":|" for width in widths[1:])
    return "\n".join([line(rows[0]), rule, *map(line, rows[1:])]) + "\n"
