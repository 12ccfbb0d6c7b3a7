"""What a pitfall is: its code, its name, and in which halves it can be seen."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from pitfallcheck.finding import Evidence, Finding, Fix, Level, Location, Source

FAMILIES = {
    "PF1": "data",
    "PF2": "shapes and losses",
    "PF3": "models",
    "PF4": "optimisation",
    "PF5": "evaluation and coverage",
}

HEADINGS = (
    "What it is",
    "Why it hurts training",
    "How it is detected, and what that cannot see",
    "Example",
    "Instead",
    "When it is fine",
    "References",
)
"""The headings of an explanation, in their order, each underlined with dashes."""

Words = tuple[tuple[bytes, ...], ...]

BRIEF = b"a brief source"
"""Among the words of a group: a source of at most `BRIEF_BYTES`, which costs less to judge than it is worth."""

BRIEF_BYTES = 8000


def holds(source: bytes, word: bytes) -> bool:
    """Whether a word of a screen is in `source`."""
    return len(source) <= BRIEF_BYTES if word is BRIEF else word in source


class Pitfall(NamedTuple):
    """One pitfall of the catalogue. (A named tuple, so that screening a file need not load `dataclasses`.)

    `words` is the screen of the static half: a source can only hold the pitfall if it holds, of every group, at least
    one word; `shapes` are regular expressions, or groups of them, for where words do not suffice, and `hint` says that
    the folder has a module `hint` with a `may_be_in` for where these do not. All of them are asked of the bytes without
    comments and docstrings. `words=None` declares that there is no static half. `runtime` declares a run-time half,
    `fix` what the fixes of the static half are. `consequence_of` holds codes, or beginnings of codes, of pitfalls that
    explain this one: where a run shows one of them, this one is not reported beside it.
    """

    code: str
    name: str
    summary: str
    words: Words | None
    runtime: bool
    fix: Literal["safe", "unsafe"] | None = None
    consequence_of: tuple[str, ...] = ()
    shapes: tuple[bytes | tuple[bytes, ...], ...] = ()
    hint: bool = False

    @property
    def package(self) -> str:
        """The dotted name of the folder that holds this pitfall."""
        return f"pitfallcheck.pitfalls.{self.name.replace('-', '_')}"

    @property
    def explanation(self) -> str:
        """The docstring of the pitfall's package: title line, then the sections named in HEADINGS."""
        package = sys.modules.get(self.package)
        return (package and package.__doc__) or f"{self.code} {self.name}: {self.summary}"

    def may_be_in(self, source: bytes) -> bool:
        """Whether `source` holds that without which the static half has nothing to judge."""
        if self.words is None or not all(any(holds(source, word) for word in group) for group in self.words):
            return False
        if self.shapes:
            import re

            groups = (shape if isinstance(shape, tuple) else (shape,) for shape in self.shapes)
            if not all(any(re.search(shape, source) for shape in group) for group in groups):
                return False
        return self.is_hinted_at(source)

    def is_hinted_at(self, source: bytes) -> bool:
        """What the module `hint` of the pitfall's folder says of `source`; True where there is none."""
        if not self.hint:
            return True
        from importlib import import_module

        return bool(import_module(f"{self.package}.hint").may_be_in(source))

    def finding(
        self,
        level: Level,
        location: Location,
        message: str,
        *,
        remedy: str,
        source: Source,
        subject: str = "",
        scope: tuple[int, int] | None = None,
        evidence: tuple[Evidence, ...] = (),
        fix: Fix | None = None,
    ) -> Finding:
        """A finding of this pitfall; see `Finding` for what the arguments hold."""
        from pitfallcheck.finding import Finding

        return Finding(
            code=self.code,
            name=self.name,
            level=level,
            location=location,
            message=message,
            remedy=remedy,
            subject=subject,
            scope=scope,
            evidence=evidence,
            sources=(source,),
            fix=fix,
        )
