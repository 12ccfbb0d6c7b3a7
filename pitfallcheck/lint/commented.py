"""Notes that a source has ignore comments of ours, so that whoever sifts the findings can ask whether they are of use.

The note is the finding that a comment is unused; it is withdrawn where the comment held something back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pitfallcheck.catalog import UNUSED_IGNORE

if TYPE_CHECKING:
    from pitfallcheck.config import Settings
    from pitfallcheck.finding import Finding

SIGN = b"pitfallcheck:"
"""What every ignore comment holds."""


def commented(path: str, data: bytes, settings: Settings) -> tuple[Finding, ...]:
    """One note if `data` may hold an ignore comment and the settings ask for unused ones."""
    if SIGN not in data or UNUSED_IGNORE.code not in settings.codes:
        return ()
    from pitfallcheck.finding import Location

    line = data.count(b"\n", 0, data.index(SIGN)) + 1
    return (UNUSED_IGNORE.finding("note", Location(path, line), "not yet looked at", remedy="", source="static"),)
