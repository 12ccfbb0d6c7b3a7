"""A line of the user's source, as events name it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the user's source; `path` is absolute, `function` the qualified name of what the line stands in."""

    path: str
    line: int
    function: str = ""
