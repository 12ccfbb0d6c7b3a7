"""Writes ignore comments for what was found, and leaves everything else in a source as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pitfallcheck.finding import Finding
from pitfallcheck.suppress import Comments, Ignore


def with_ignores(text: str, findings: Iterable[Finding]) -> str:
    """`text` with a comment for each finding in it, on the last line of the statement that the finding is about.

    A line that has such a comment with a list gets the names into that list. Comments of others stay, line ends too.
    """
    comments = Comments(text, extents=True)
    names: dict[int, set[str]] = {}
    for finding in findings:
        if not comments.silence(finding):
            names.setdefault(comments.extent(finding.location.line)[1], set()).add(finding.name)
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)
    for number, wanted in names.items():
        if 0 < number <= len(lines):
            lines[number - 1] = _commented(lines[number - 1], sorted(wanted), _list_in(comments, number))
    return "".join(lines)


def _list_in(comments: Comments, line: int) -> Ignore | None:
    """The comment of ours in `line` that has a list."""
    own = (one for one in comments.ignores if one.line == line and one.close is not None and not one.whole_file)
    return next(own, None)


def _commented(line: str, names: list[str], there: Ignore | None) -> str:
    if there is not None and there.close is not None:
        before, after = line[: there.close - 1], line[there.close - 1 :]
        return f"{before.rstrip(', ')}{', ' if there.patterns else ''}{', '.join(names)}{after}"
    code = line.rstrip("\r\n")
    end = line[len(code) :]
    return f"{code.rstrip()}  # pitfallcheck: ignore[{', '.join(names)}]{end}"
