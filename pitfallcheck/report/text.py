"""Findings as text: a headline each, its source line and the evidence below it, and how to explain and to silence."""

from __future__ import annotations

import linecache
import os
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pitfallcheck.finding import LEVELS, Evidence, Finding, Skipped
from pitfallcheck.report.excerpt import excerpt, source_line
from pitfallcheck.report.wording import count_of, headline, source_of, where

INDENT = "    "
MEASURED = "this run"
"""What stands in the place of a line where a fact was measured."""

_CODE_WIDTH = 48
_LEAST_TEXT = 24
_ROOMY = 100
"""From this width on, columns stand well apart."""
_CODE = re.compile(r"`[^`\n]{1,48}`")
_GLUE = "\x00"
"""Stands for a space that no line may end at, such as those in a piece of code."""

_STYLES: dict[str, str] = {"error": "1;31", "warning": "1;33", "note": "1;36", "bold": "1", "dim": "2"}


def render(
    findings: Sequence[Finding],
    *,
    width: int | None = None,
    color: bool = False,
    skipped: Iterable[Skipped] = (),
    closing: bool = True,
) -> str:
    """The report on `findings`, with an end of line if there is anything to say.

    Lines are wrapped at `width`; without one, as in a file or a pipe, every headline stays on one line for `grep`.
    """
    places: set[str | None] = {fact.path for finding in findings for fact in finding.evidence}
    for path in places | {finding.location.path for finding in findings}:
        linecache.checkcache(path or "")
    blocks = [_block(finding, width, color) for finding in findings]
    lines = [line for block in blocks for line in block]
    notes = [f"skipped: {item.what}: {item.why}" for item in skipped]
    for note in notes:
        lines.extend(wrapped(note, width, INDENT))
    if closing and findings:
        lines.extend(("", *wrapped(summary(findings), width, "")))
    return "".join(f"{line}\n" for line in lines)


def summary(findings: Sequence[Finding]) -> str:
    """How many findings of each level, how to have them explained and how to silence them."""
    counted = Counter(finding.level for finding in findings)
    counts = ", ".join(count_of(counted[level], level) for level in reversed(LEVELS) if counted[level])
    gravest: dict[str, int] = {}
    for finding in findings:
        gravest[finding.code] = max(gravest.get(finding.code, 0), LEVELS.index(finding.level))
    codes = sorted(gravest, key=lambda code: (-gravest[code], code))
    others = f" (or {', '.join(codes[1:])})" if len(codes) > 1 else ""
    name = next(finding.name for finding in findings if finding.code == codes[0])
    return (
        f"{counts}. `pitfallcheck explain {codes[0]}`{others} says more; silence with `# pitfallcheck: ignore[{name}]`."
    )


def _block(finding: Finding, width: int | None, color: bool) -> list[str]:
    lines = wrapped(headline(finding), width, "")
    if color:
        lines = _highlighted(lines, finding)
    shown = excerpt(finding.location, INDENT, width)
    if color and shown:
        (gutter, code), (below, carets) = shown
        shown = [(_styled(gutter, "dim"), code), (_styled(below, "dim"), _styled(carets, finding.level))]
    lines.extend(f"{gutter}{beside}" for gutter, beside in shown)
    return [*lines, *_evidence(finding.evidence, finding.location.path, width, color)]


def _highlighted(lines: list[str], finding: Finding) -> list[str]:
    place = f"{where(finding.location)}:"
    head = "\n".join(lines)
    head = head.replace(place, _styled(place, "bold"), 1)
    head = head.replace(finding.code, _styled(finding.code, finding.level), 1)
    return head.split("\n")


def _evidence(evidence: Sequence[Evidence], home: str, width: int | None, color: bool) -> list[str]:
    """Columns of place, source line and what happened there; what does not fit beside goes below."""
    rows = [(_place(fact, home), _source_line(fact), fact.text) for fact in evidence]
    places = max((len(place) for place, _, _ in rows), default=0)
    codes = max((len(code) for _, code, _ in rows), default=0)
    after_place, after_code = (4, 8) if width is None or width >= _ROOMY else (2, 2)
    at_code = len(INDENT) + places + after_place
    at_text = at_code + codes + after_code
    lines: list[str] = []
    for place, code, said in rows:
        start = f"{INDENT}{place}".ljust(at_code)
        beside = start + code if code else start
        column = at_text if code else at_code
        if width is None or width - column >= _LEAST_TEXT:
            row = wrapped(beside.ljust(column) + said, width, " " * column)
        else:
            below = at_code if width - at_code >= _LEAST_TEXT else 2 * len(INDENT)
            first = _shortened(beside, max(width, len(start))).rstrip()
            row = [first, *wrapped(" " * below + said, width, " " * below)]
        if color:
            row[0] = row[0].replace(place, _styled(place, "dim"), 1)
        lines.extend(row)
    return lines


def _place(fact: Evidence, home: str) -> str:
    """Where a fact stands; in `home`, the file of the headline above it, the file's name says enough."""
    if fact.path is None:
        return MEASURED
    path = os.path.basename(home) if fact.path == home else fact.path
    path = source_of(replace(fact, path=path))
    return path if fact.line is None else f"{path}:{fact.line}"


def _source_line(fact: Evidence) -> str:
    if fact.path is None or fact.line is None:
        return ""
    return _shortened(" ".join(source_line(source_of(fact), fact.line).split()), _CODE_WIDTH)


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(width - 3, 1)] + "..."


def wrapped(text: str, width: int | None, hang: str) -> list[str]:
    """`text` in lines of at most `width`, all but the first behind `hang`; words, paths above all, stay whole."""
    if width is None or len(text) <= width:
        return [text]
    lead = text[: len(text) - len(text.lstrip())]
    lines = textwrap.wrap(
        _CODE.sub(lambda code: code[0].replace(" ", _GLUE), text.lstrip()),
        width,
        initial_indent=lead,
        subsequent_indent=hang,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_GLUE, " ") for line in lines]


def _styled(text: str, style: str) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"
