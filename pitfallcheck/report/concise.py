"""Findings as one line each: what a terminal with little room, `grep` and an editor's list of errors read."""

from __future__ import annotations

from collections.abc import Iterable

from pitfallcheck.finding import Finding
from pitfallcheck.report.wording import headline


def render(findings: Iterable[Finding]) -> str:
    """`path:line:col: CODE name: message. Remedy.` for each finding."""
    return "".join(f"{headline(finding)}\n" for finding in findings)
