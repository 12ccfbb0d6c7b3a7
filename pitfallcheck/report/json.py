"""Findings as one JSON object whose keys stay: what a program reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pitfallcheck import __version__
from pitfallcheck.finding import Finding, Skipped


def render(
    findings: Iterable[Finding],
    *,
    skipped: Iterable[Skipped] = (),
    checked: Mapping[str, int],
    looked: Sequence[tuple[str, str]] | None = None,
) -> str:
    """The report as JSON, with an end of line. `checked` counts what was looked at: `files`, `batches` and the like.

    `looked`, where it was asked for, is the table of what was looked at: pairs of what and how it was found.
    """
    report = {
        "version": __version__,
        "findings": [_finding(finding) for finding in findings],
        "skipped": [{"what": item.what, "why": item.why} for item in skipped],
        "checked": dict(checked),
    }
    if looked is not None:
        report["looked"] = [{"about": about, "seen": seen} for about, seen in looked]
    return json.dumps(report, indent=2) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    place = finding.location
    cell = {} if place.cell is None else {"cell": place.cell}  # where lines are those of a notebook's cell
    return {
        "code": finding.code,
        "name": finding.name,
        "level": finding.level,
        "path": place.path,
        **cell,
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
        "message": finding.message,
        "remedy": finding.remedy,
        "evidence": [
            {
                "kind": fact.kind,
                "path": fact.path,
                **({} if fact.cell is None else {"cell": fact.cell}),
                "line": fact.line,
                "text": fact.text,
            }
            for fact in finding.evidence
        ],
        "sources": list(finding.sources),
        "fix": None if finding.fix is None else ("safe" if finding.fix.safe else "unsafe"),
    }
