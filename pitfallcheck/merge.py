"""Makes one finding of what the source shows and what the run showed, where both see the same fault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pitfallcheck.finding import LEVELS, Evidence, Finding


def merge(static: Iterable[Finding], runtime: Iterable[Finding]) -> list[Finding]:
    """All findings, each fault once, in the order of a report."""
    unread, unmeasured = list(runtime), list(static)
    merged = []
    for same in (_same_fault, _same_line):
        for measured in list(unread):
            read = next((finding for finding in unmeasured if same(finding, measured)), None)
            if read is not None:
                unread.remove(measured)
                unmeasured.remove(read)
                merged.append(_one(read, measured))
    return sorted([*merged, *unread, *unmeasured], key=Finding.sort_key)


def without_consequences(findings: Iterable[Finding], explained_by: Mapping[str, tuple[str, ...]]) -> list[Finding]:
    """The findings without those that only a run showed, and that a graver or equal finding explains.

    `explained_by` gives for a code the codes, or the beginnings of codes, of its causes.
    """
    findings = list(findings)
    kept = []
    for finding in findings:
        causes = explained_by.get(finding.code, ())
        explained = any(
            cause.code != finding.code and cause.fails and cause.code.startswith(causes) for cause in findings
        )
        if not (causes and explained and "static" not in finding.sources):
            kept.append(finding)
    return kept


def _same_line(read: Finding, measured: Finding) -> bool:
    """What the two halves call differently (`x` and `batch[0]`) but see at one place is one fault, too."""
    return (read.code, read.location.path, read.location.line) == (
        measured.code,
        measured.location.path,
        measured.location.line,
    )


def _same_fault(read: Finding, measured: Finding) -> bool:
    if read.code != measured.code or read.location.path != measured.location.path:
        return False
    if read.location.line == measured.location.line:
        return not (read.subject and measured.subject) or read.subject == measured.subject
    if measured.subject and measured.scope is None:
        # What has no place of its own in a function: a class, which is one wherever it is made.
        return read.subject == measured.subject
    if read.scope is None:
        return False
    if measured.subject:
        return read.subject == measured.subject and _inside(measured.location.line, read.scope)
    # Measured without a name, as a whole: the same fault if one of the places it rests on is where the source shows it.
    places = (fact.line for fact in measured.evidence if fact.path == read.location.path and fact.line is not None)
    return any(_inside(line, read.scope) for line in places)


def _inside(line: int, scope: tuple[int, int]) -> bool:
    return scope[0] <= line <= scope[1]


def _one(read: Finding, measured: Finding) -> Finding:
    """The run tells what happened, the source where exactly and how to mend it.

    A hazard that the source shows is as grave as the run found it; what follows on every path of the source stays so.
    """
    level = read.level if read.level == "error" else measured.level
    if level != measured.level:
        # The run saw less than the source shows, so its account of the consumer would say too little.
        measured = replace(
            measured,
            message=read.message,
            evidence=tuple(fact for fact in measured.evidence if fact.kind not in _HAPPENED),
        )
    return replace(
        measured,
        level=max(level, measured.level, key=LEVELS.index),
        location=read.location,
        remedy=read.remedy,
        subject=read.subject or measured.subject,
        scope=read.scope,
        evidence=_together(read.evidence, measured.evidence),
        sources=(*read.sources, *measured.sources),
        fix=read.fix,
    )


def _together(read: tuple[Evidence, ...], measured: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Where a line was written or bound the source knows best, what was done with a batch the run does."""
    # Where the loss is defined only led here.
    measured = tuple(fact for fact in measured if fact.kind != "defined")
    happened = {fact.kind for fact in measured if fact.kind in _HAPPENED}
    shown = {fact.kind for fact in read if fact.line is not None} - happened
    return (
        *(fact for fact in read if fact.kind not in happened),
        *(fact for fact in measured if fact.line is None or fact.kind not in shown),
    )


_HAPPENED = frozenset({"consumer", "consumed"})
