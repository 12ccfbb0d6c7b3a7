"""What tells a finding from every other one when lines move: its file, its code, the text of its line, and its turn."""

from __future__ import annotations

import linecache
import os
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from pitfallcheck.finding import Finding

LineOf = Callable[[str, int], str]


class Identity(NamedTuple):
    """A finding without its line number: `nth` (from 1) counts those that agree in all else, from the top of a file."""

    path: str
    code: str
    text: str
    nth: int = 1

    @property
    def digest(self) -> str:
        """32 hexadecimal digits that stand for it."""
        from hashlib import sha256

        return sha256("\0".join(map(str, self)).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def identities(findings: Iterable[Finding], base: str, line_of: LineOf | None = None) -> list[tuple[Finding, Identity]]:
    """Each finding, in the order of a report, with its identity; paths are relative to the folder `base`.

    `line_of` gives a line of a source by its number, for a text that stands in no file yet.
    """
    ordered = sorted(findings, key=Finding.sort_key)
    for path in {finding.location.path for finding in ordered}:
        linecache.checkcache(path)
    seen: Counter[Identity] = Counter()
    told = []
    for finding in ordered:
        one = Identity(
            path_from(finding.location.path, base), finding.code, _text(finding, line_of or linecache.getline)
        )
        seen[one] += 1
        told.append((finding, one._replace(nth=seen[one])))
    return told


def _text(finding: Finding, line_of: LineOf) -> str:
    """The line of a finding, however it is indented and spaced; what it is about, where there is no such line."""
    place = finding.location
    source = place.path if place.cell is None else f"{place.path}:cell {place.cell}"
    return " ".join(line_of(source, place.line).split()) or finding.subject


def path_from(path: str, base: str) -> str:
    """A path with forward slashes, relative to the folder `base` where it lies in it or not far beside it."""
    if path.startswith("<"):  # code that was typed in
        return path
    try:
        relative = os.path.relpath(path, base)
    except ValueError:  # on another drive
        relative = os.path.abspath(path)
    return relative.replace(os.sep, "/")
