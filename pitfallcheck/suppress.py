"""Ignore comments: what a user has looked at and wants to hear no more about, in source and at run time alike."""

from __future__ import annotations

import io
import os
import re
import tokenize
from collections.abc import Callable, Iterable
from functools import cache

from pitfallcheck.finding import Finding

EVERYTHING = frozenset({""})
"""The patterns of a comment that names none: the empty beginning is that of every code."""

_IGNORE = re.compile(
    r"#\s*pitfallcheck:\s*ignore(?P<file>-file)?(?![\w-])\s*(?:\[(?P<listed>[^\]]*)\])?", re.IGNORECASE
)
_NOQA = re.compile(r"#\s*noqa(?![\w-])(?P<colon>\s*:\s*(?P<listed>[\w-]+(?:\s*,?\s*[A-Z]+[0-9]+)*)?)?", re.IGNORECASE)

Patterns = frozenset[str]
Reader = Callable[[str], str]


class Comments:
    """The ignore comments of one source.

    A comment speaks for the logical line (the statement, or the head of a block) that it stands in: for findings that
    cover its own line, and from the first and the last of these lines for all of them.
    """

    def __init__(self, text: str) -> None:
        self._whole_file: Patterns = frozenset()
        self._of_line: dict[int, Patterns] = {}
        self._extent: dict[int, tuple[int, int]] = {}
        if "pitfallcheck:" in text.lower() or "noqa" in text.lower():
            self._read(text)

    def silence(self, finding: Finding) -> bool:
        """Whether a comment asks not to report `finding`."""
        place = finding.location
        first, last = self._extent.get(place.line, (place.line, place.line))
        covered = range(place.line, min(place.end_line or place.line, last) + 1)
        patterns = self._whole_file.union(*(self._of_line.get(line, ()) for line in {first, last, *covered}))
        return any(_names(pattern, finding) for pattern in patterns)

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
        for match in _IGNORE.finditer(token.string):
            if not match["file"]:
                self._add(token.start[0], _listed(match["listed"]))
            elif in_head:
                self._whole_file |= _listed(match["listed"])
        if noqa := _NOQA.search(token.string):
            self._add(token.start[0], _listed(noqa["listed"] or "") if noqa["colon"] else EVERYTHING)

    def _add(self, line: int, patterns: Patterns) -> None:
        self._of_line[line] = self._of_line.get(line, frozenset()) | patterns


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


def silence(findings: Iterable[Finding], read: Reader | None = None) -> list[Finding]:
    """The findings that no comment in their files silences. `read` gives the text of a path; by default, the file's."""
    comments = cache(lambda path: Comments((read or _read_text)(path)))
    return [finding for finding in findings if not comments(finding.location.path).silence(finding)]


def _read_text(path: str) -> str:
    """The text of a source; empty where there is none, such as for a finding in code that was typed in."""
    try:
        if not os.path.isfile(path):
            return ""
        with tokenize.open(path) as file:
            return file.read()
    except (OSError, SyntaxError, UnicodeDecodeError):
        return ""
