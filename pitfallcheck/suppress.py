"""Ignore comments: what a user has looked at and wants to hear no more about, in source and at run time alike."""

from __future__ import annotations

import io
import os
import re
import tokenize
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache

from pitfallcheck.finding import Finding

EVERYTHING = frozenset({""})
"""The patterns of a comment that names none: the empty beginning is that of every code."""

_IGNORE = re.compile(
    r"#\s*pitfallcheck:\s*ignore(?P<file>-file)?(?![\w-])\s*(?:\[(?P<listed>[^\]]*)\])?", re.IGNORECASE
)
_NOQA = re.compile(r"#\s*noqa(?![\w-])(?P<colon>\s*:\s*(?P<listed>[\w-]+(?:\s*,?\s*[A-Z]+[0-9]+)*)?)?", re.IGNORECASE)

UNUSED_IGNORE = "PF001"
"""The code of a note on an ignore comment."""

Patterns = frozenset[str]
Reader = Callable[[str], str]


@dataclass(eq=False, slots=True)
class Ignore:
    """One ignore comment of ours, or one `noqa`: where it stands, what it names, and what of that was there to ignore.

    `column` and `end_column` (both from 1, the end exclusive) are those of the comment, `close` is the column of the
    bracket that closes its list, if it has one. An empty pattern is that of a comment without a list.
    """

    line: int
    column: int
    end_column: int
    patterns: Patterns
    close: int | None = None
    whole_file: bool = False
    noqa: bool = False
    used: set[str] = field(default_factory=set)


class Comments:
    """The ignore comments of one source.

    A comment speaks for the logical line (the statement, or the head of a block) that it stands in: for findings that
    cover its own line, and from the first and the last of these lines for all of them.
    """

    def __init__(self, text: str, *, extents: bool = False) -> None:
        """Of a text without comments, logical lines are only known where `extents` asks for them."""
        self.ignores: list[Ignore] = []
        self._extent: dict[int, tuple[int, int]] = {}
        if extents or "pitfallcheck:" in text.lower() or "noqa" in text.lower():
            self._read(text)

    def silence(self, finding: Finding) -> bool:
        """Whether a comment asks not to report `finding`; the comment remembers that it was of use."""
        place = finding.location
        first, last = self.extent(place.line)
        covered = {first, last, *range(place.line, min(place.end_line or place.line, last) + 1)}
        silenced = False
        for ignore in self.ignores:
            if ignore.whole_file or ignore.line in covered:
                named = {pattern for pattern in ignore.patterns if _names(pattern, finding)}
                ignore.used |= named
                silenced = silenced or bool(named)
        return silenced

    def extent(self, line: int) -> tuple[int, int]:
        """The first and the last line of the logical line that `line` is in."""
        return self._extent.get(line, (line, line))

    def _read(self, text: str) -> None:
        """Go through the tokens, so that a string that looks like a comment is none."""
        first = 0  # of the logical line that is being read
        head = True  # nothing but comments, the docstring and imports so far
        lines = io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n"))
        try:
            for token in tokenize.generate_tokens(lines.readline):
                if token.type == tokenize.COMMENT:
                    self._note(token, in_head=head and not first)
                elif token.type == tokenize.NEWLINE:
                    for line in range(first, token.end[0] + 1):
                        self._extent[line] = (first, token.start[0])
                    first = 0
                elif not first and token.type not in _LAYOUT:
                    first = token.start[0]
                    head = head and (token.type == tokenize.STRING or token.string in {"import", "from"})
        except (tokenize.TokenError, SyntaxError):
            return  # what was read so far holds; the parser has more to say about the rest

    def _note(self, token: tokenize.TokenInfo, *, in_head: bool) -> None:
        line, start = token.start[0], token.start[1] + 1
        for match in _IGNORE.finditer(token.string):
            if match["file"] and not in_head:
                continue
            listed = match["listed"]
            self.ignores.append(
                Ignore(
                    line,
                    start + match.start(),
                    start + len(token.string[: match.end()].rstrip()),
                    _listed(listed),
                    close=None if listed is None else start + match.end() - 1,
                    whole_file=bool(match["file"]),
                )
            )
        if noqa := _NOQA.search(token.string):
            patterns = _listed(noqa["listed"] or "") if noqa["colon"] else EVERYTHING
            self.ignores.append(Ignore(line, start + noqa.start(), start + noqa.end(), patterns, noqa=True))


_LAYOUT = frozenset({tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER})


def _listed(text: str | None) -> Patterns:
    """The codes, beginnings of codes and names of a list; everything where there is no list."""
    if text is None:
        return EVERYTHING
    return frozenset(word.lower().replace("_", "-") for word in re.split(r"[\s,]+", text) if word)


def _names(pattern: str, finding: Finding) -> bool:
    return pattern == finding.name or (
        (not pattern or pattern.startswith("pf")) and finding.code.lower().startswith(pattern)
    )


class Suppression:
    """The ignore comments of the files that findings are in, each read once.

    `read` gives the text of a path; by default, the file's.
    """

    def __init__(self, read: Reader | None = None) -> None:
        self.comments_of = cache(lambda path: Comments((read or read_text)(path)))

    def keep(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings that no comment silences; notes on comments are not among them, they are judged by `unused`."""
        return [
            one
            for one in findings
            if one.code != UNUSED_IGNORE and not self.comments_of(one.location.path).silence(one)
        ]


def silence(findings: Iterable[Finding], read: Reader | None = None) -> list[Finding]:
    """The findings that no comment in their files silences. `read` gives the text of a path; by default, the file's."""
    return Suppression(read).keep(findings)


def read_text(path: str) -> str:
    """The text of a source; empty where there is none, such as for a finding in code that was typed in."""
    try:
        if not os.path.isfile(path):
            return ""
        with tokenize.open(path) as file:
            return file.read()
    except (OSError, SyntaxError, UnicodeDecodeError):
        return ""
