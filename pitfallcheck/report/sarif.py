"""Findings as SARIF 2.1.0, the interchange format that code scanning of GitHub and editors read.

The format is that of https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html, within what
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
says of it.
"""

from __future__ import annotations

import json
import linecache
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote
from urllib.request import pathname2url

from pitfallcheck import __version__
from pitfallcheck.finding import Evidence, Finding, Location, Skipped
from pitfallcheck.identity import identities, path_from
from pitfallcheck.pitfall import FAMILIES, Pitfall
from pitfallcheck.report.catalogue import explanation, markdown, section
from pitfallcheck.report.sarif_fix import fixes
from pitfallcheck.report.wording import said, said_in

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
"""The name that code scanning knows for the root of the repository."""

FINGERPRINT = "pitfallcheck/v1"
_LONGEST = 1024
"""Characters that code scanning takes of a description."""

Object = dict[str, Any]


def render(
    findings: Iterable[Finding],
    *,
    skipped: Iterable[Skipped] = (),
    pitfalls: Mapping[str, Pitfall],
    base: str,
) -> str:
    """The report as JSON, with an end of line.

    Paths are relative to `base`, the root of the repository. `pitfalls`, by their codes, hold those that were found.
    """
    told = identities(findings, base)
    codes = sorted({finding.code for finding, _ in told})
    results = [
        _result(finding, codes.index(finding.code), base)
        | {"partialFingerprints": {FINGERPRINT: f"{identity.digest}:{identity.nth}"}}
        for finding, identity in told
    ]
    run = {
        "tool": {
            "driver": {
                "name": "pitfallcheck",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(pitfalls[code]) for code in codes],
            }
        },
        "originalUriBaseIds": {ROOT: {"uri": _folder(base)}},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(skipped)],
        "results": results,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(pitfall: Pitfall) -> Object:
    what = section(pitfall, "What it is") or pitfall.summary
    rule: Object = {
        "id": pitfall.code,
        "name": pitfall.name,
        "shortDescription": {"text": pitfall.summary},
        "fullDescription": {"text": _shortened(" ".join(what.split("\n\n")[0].split()))},
        "help": {"text": explanation(pitfall), "markdown": markdown(pitfall)},
        "defaultConfiguration": {"level": "warning"},
        "properties": {"tags": [FAMILIES.get(pitfall.code[:3], "pitfallcheck")], "precision": "high"},
    }
    if reference := re.search(r"https?://\S+[\w/]", section(pitfall, "References")):
        rule["helpUri"] = reference[0]
    return rule


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _result(finding: Finding, index: int, base: str) -> Object:
    measured = [f"In {'this run' if not fact.path else fact.path}: {fact.text}." for fact in _unplaced(finding)]
    placed = [fact for fact in finding.evidence if fact.path and fact.line]
    result: Object = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": finding.level,
        "message": {"text": " ".join([said_in(finding), *measured])},
        "locations": [{"physicalLocation": _place(finding.location, base)}],
    }
    if placed:
        result["relatedLocations"] = [{"id": number, **_fact(fact, base)} for number, fact in enumerate(placed, 1)]
        here = {"physicalLocation": _place(finding.location, base), "message": {"text": said(finding)}}
        steps = [*({"location": _fact(fact, base)} for fact in placed), {"location": here}]
        result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    if finding.location.cell is None and (written := fixes(finding, _artifact(finding.location.path, base))):
        result["fixes"] = written
    return result


def _unplaced(finding: Finding) -> Sequence[Evidence]:
    return [fact for fact in finding.evidence if not fact.path or not fact.line]


def _fact(fact: Evidence, base: str) -> Object:
    at = Location(fact.path or "", fact.line or 1, cell=fact.cell)
    written = linecache.getline(at.path, at.line)
    first = len(written) - len(written.lstrip()) + 1  # of a fact no column is known: it is about a whole line
    return {"physicalLocation": _place(replace(at, column=first), base), "message": {"text": fact.text}}


def _place(place: Location, base: str) -> Object:
    """A place with both its ends, which code scanning asks for.

    One in a notebook is the beginning of the file, as no reader of SARIF counts lines in cells.
    """
    region = {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}
    if place.cell is None:
        last = place.end_line or place.line
        end = place.end_column or len(linecache.getline(place.path, last).rstrip()) + 1
        if last == place.line:
            end = max(end, place.column)
        region = {"startLine": place.line, "startColumn": place.column, "endLine": last, "endColumn": end}
    return {"artifactLocation": _artifact(place.path, base), "region": region}


def _artifact(path: str, base: str) -> Object:
    shown = path_from(path, base)
    if os.path.isabs(shown) or shown.startswith("../"):
        return {"uri": _uri(os.path.abspath(path))}
    return {"uri": quote(shown), "uriBaseId": ROOT}


def _folder(path: str) -> str:
    return _uri(os.path.abspath(path)).rstrip("/") + "/"


def _uri(path: str) -> str:
    return f"file:{'' if pathname2url(path).startswith('//') else '//'}{pathname2url(path)}"


def _invocation(skipped: Iterable[Skipped]) -> Object:
    """That the tool came to its end, and what it could not look at."""
    notes = [{"level": "warning", "message": {"text": f"{item.what} skipped: {item.why}"}} for item in skipped]
    return {"executionSuccessful": True, "toolExecutionNotifications": notes}
