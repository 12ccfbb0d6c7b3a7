"""Findings as a code quality report of GitLab, which compares the branches of a merge request by their fingerprints.

The format is that of https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from pitfallcheck.finding import Finding, Location
from pitfallcheck.identity import identities
from pitfallcheck.report.wording import said_in

_SEVERITIES = {"error": "critical", "warning": "major", "note": "info"}


def render(findings: Iterable[Finding], *, base: str) -> str:
    """The report as JSON, with an end of line; paths are relative to `base`, the root of the repository."""
    report = [
        {
            "description": f"{finding.name}: {said_in(finding)}",
            "check_name": finding.code,
            "fingerprint": identity.digest,
            "severity": _SEVERITIES[finding.level],
            "location": {
                "path": identity.path,
                "lines": _lines(finding.location),
            },
        }
        for finding, identity in identities(findings, base)
    ]
    return json.dumps(report, indent=2) + "\n"


def _lines(place: Location) -> dict[str, int]:
    """The lines in the file; of what is in a notebook's cell, the first one."""
    if place.cell is not None:
        return {"begin": 1, "end": 1}
    return {"begin": place.line, "end": place.end_line or place.line}
