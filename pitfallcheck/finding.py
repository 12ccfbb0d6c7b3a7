"""What pitfallcheck tells a user: a finding, where it is, what shows it, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Level = Literal["error", "warning", "note"]
Source = Literal["static", "runtime"]

LEVELS: tuple[Level, ...] = ("note", "warning", "error")
"""From the mildest to the gravest."""


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file. Lines and columns start at 1, columns count characters, ends are exclusive columns.

    In a notebook, lines are those of the cell whose number, from 1 and among cells of all kinds, is `cell`.
    """

    path: str
    line: int
    column: int = 1
    end_line: int | None = None
    end_column: int | None = None
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact behind a finding: `kind` is a word (`allocated`, `rewritten`, `measured`), `text` says it to the user.

    `path` and `line` are given where the fact has a place in the source, and are both `None` where it was measured.
    `cell` is as in `Location`.
    """

    kind: str
    text: str
    path: str | None = None
    line: int | None = None
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the expression that spans `start` to `end` by `replacement`, in which `{}` stands for the old text.

    `start` and `end` are (line, column), both counted from 1, columns in characters, `end` exclusive. Where both
    are where a line's first statement begins, `replacement` is a statement that goes in front of it.
    """

    start: tuple[int, int]
    end: tuple[int, int]
    replacement: str


@dataclass(frozen=True, slots=True)
class Fix:
    """The edits that mend a finding. A safe fix changes nothing that the program computes but the fault."""

    edits: tuple[Edit, ...]
    safe: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault in the user's program.

    `message` says what was seen in this program's numbers and `remedy` what to do; both are sentences without a final
    stop or, where one sentence does not do, with inner stops only. `subject` is what the fault is about as the user
    wrote it (a variable, a layer): two halves that see one fault agree on code, path and subject, and are merged.
    `scope` is the first and the last line of the function, class or script in which both halves would look for it.
    """

    code: str
    name: str
    level: Level
    location: Location
    message: str
    remedy: str
    subject: str = ""
    scope: tuple[int, int] | None = None
    evidence: tuple[Evidence, ...] = ()
    sources: tuple[Source, ...] = ("static",)
    fix: Fix | None = field(default=None, compare=False)

    @property
    def fails(self) -> bool:
        """Whether this finding alone makes the exit status 1."""
        return self.level != "note"

    def sort_key(self) -> tuple[Any, ...]:
        """Order in a report: by place, then by code."""
        place = self.location
        return (place.path, place.cell or 0, place.line, place.column, self.code, self.message)


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was not looked at: `what` names it as the user would, `why` says the reason in a clause."""

    what: str
    why: str
