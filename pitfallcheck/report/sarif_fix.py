"""The fixes of a finding as SARIF writes them: a region that goes, and the text that comes."""

from __future__ import annotations

import linecache
import re
from typing import Any

from pitfallcheck.finding import Edit, Finding

_ATOM = re.compile(r"[^\W\d][\w.]*(\[[^][]*\]|\([^()]*\))*")
"""Expressions that never need parentheses: a name, an attribute, a simple call or subscript."""


def fixes(finding: Finding, artifact: dict[str, Any]) -> list[dict[str, Any]]:
    """The fix of a finding whose file `artifact` names; nothing where it has none, or the file is not at hand."""
    if finding.fix is None or not finding.fix.edits:
        return []
    lines = linecache.getlines(finding.location.path)
    replacements = []
    for edit in finding.fix.edits:
        old = _between(lines, edit)
        if not old:
            return []
        region = {
            "startLine": edit.start[0],
            "startColumn": edit.start[1],
            "endLine": edit.end[0],
            "endColumn": edit.end[1],
        }
        replacements.append({"deletedRegion": region, "insertedContent": {"text": _filled(edit.replacement, old)}})
    kind = "safe" if finding.fix.safe else "unsafe: it may change more than the fault"
    change = {"artifactLocation": artifact, "replacements": replacements}
    return [{"description": {"text": f"{finding.code} {finding.name} ({kind})"}, "artifactChanges": [change]}]


def _between(lines: list[str], edit: Edit) -> str:
    (first, start), (last, end) = edit.start, edit.end
    if not 0 < first <= last <= len(lines):
        return ""
    if first == last:
        return lines[first - 1][start - 1 : end - 1]
    return "".join((lines[first - 1][start - 1 :], *lines[first : last - 1], lines[last - 1][: end - 1]))


def _filled(replacement: str, old: str) -> str:
    """The replacement with the old text where it has `{}`, closed in parentheses unless it surely needs none."""
    bare = replacement == "{}" or _ATOM.fullmatch(old)
    return replacement.replace("{}", old if bare else f"({old})")
