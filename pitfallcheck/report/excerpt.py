"""The source line of a finding, with carets below what it is about."""

from __future__ import annotations

import linecache
import unicodedata

from pitfallcheck.finding import Location
from pitfallcheck.report.wording import source_of

_LONGEST = 160
"""Cells of a line that are shown where no width says how many: generated code has lines of thousands."""
_LEAST = 20
_CUT = "..."


def source_line(source: str, line: int) -> str:
    """A line of a file, or of a notebook's cell, as `source_of` names it; empty where there is none.

    It has no end, and spaces for tabs and for all that a terminal does not print.
    """
    text = linecache.getline(source, line).rstrip("\r\n")
    return "".join(char if char.isprintable() else " " for char in text)


def excerpt(place: Location, indent: str, width: int | None) -> list[tuple[str, str]]:
    """Two rows, each of a gutter and what stands beside it: the source line, and carets below the place in it.

    Nothing where the line cannot be read. Lines that are wider than `width` are cut around the carets.
    """
    line = source_line(source_of(place), place.line)
    if not line.strip():
        return []
    lead = len(line) - len(line.lstrip())
    text = line.strip()
    start = min(max(place.column - 1 - lead, 0), len(text) - 1)
    ends_here = place.end_column is not None and place.end_line in {None, place.line}
    end = place.end_column - 1 - lead if ends_here and place.end_column is not None else len(text)
    end = min(max(end, start + 1), len(text))
    gutter = f"{indent}{place.line} | "
    room = max((width or len(gutter) + _LONGEST) - len(gutter), _LEAST)
    before, marked, after = _cut(text[:start], text[start:end], text[end:], room)
    return [
        (gutter, (before + marked + after).rstrip()),
        (f"{indent}{' ' * len(str(place.line))} | ", " " * _cells(before) + "^" * _cells(marked)),
    ]


def _cut(before: str, marked: str, after: str, room: int) -> tuple[str, str, str]:
    """The parts of a line, cut so that they fill at most `room` cells and show where the marked part begins."""
    if _cells(before + marked + after) <= room:
        return before, marked, after
    if _cells(before) > room // 2:
        kept = before
        while _cells(kept) > room // 3 - len(_CUT):
            kept = kept[1:]
        before = _CUT + kept
    left = room - _cells(before)
    if _cells(marked + after) <= left:
        return before, marked, after
    if _cells(marked) + len(_CUT) <= left:
        while _cells(marked + after) + len(_CUT) > left:
            after = after[:-1]
        return before, marked, after + _CUT
    while _cells(marked) + len(_CUT) > left and len(marked) > 1:
        marked = marked[:-1]
    return before, marked, _CUT


def _cells(text: str) -> int:
    """The columns of a terminal that `text` fills: two for a wide character, none for one that combines."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF") for char in text)
