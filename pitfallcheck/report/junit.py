"""Findings as JUnit's XML, the report of tests that every CI server reads: a test that fails for each finding."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from xml.etree import ElementTree

from pitfallcheck.finding import Evidence, Finding, Skipped
from pitfallcheck.identity import path_from
from pitfallcheck.report.wording import said, source_of, where

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document may hold, not even escaped."""


def render(
    findings: Iterable[Finding], *, skipped: Sequence[Skipped] = (), checked: Mapping[str, int], base: str
) -> str:
    """The report as XML, with an end of line; paths are relative to `base`.

    A suite for each file with findings. Notes pass, as they do everywhere, with what they say as output; what was not
    looked at is an error. What was `checked` is a test that passes, so that no report is empty.
    """
    root = ElementTree.Element("testsuites", name="pitfallcheck")
    for path, group in groupby(sorted(findings, key=Finding.sort_key), lambda finding: finding.location.path):
        shown = path_from(path, base)
        suite = ElementTree.SubElement(root, "testsuite", name=_clean(shown))
        for finding in group:
            _case(suite, finding, shown)
    suite = ElementTree.SubElement(root, "testsuite", name="pitfallcheck")
    what = ", ".join(f"{kind}: {number}" for kind, number in checked.items())
    ElementTree.SubElement(suite, "testcase", classname="pitfallcheck", name=f"checked ({what})", time="0")
    for item in skipped:
        case = ElementTree.SubElement(suite, "testcase", classname="pitfallcheck", name=_clean(item.what), time="0")
        ElementTree.SubElement(case, "error", type="skipped", message=_clean(item.why)).text = _clean(item.why)
    _count(root)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _case(suite: ElementTree.Element, finding: Finding, shown: str) -> None:
    place = finding.location
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=_clean(re.sub(r"\.pyw?$", "", shown).replace("/", ".")),
        name=f"{finding.code} {finding.name} ({where(replace(place, path='')).removeprefix(':')})",
        file=_clean(shown),
        line=str(place.line if place.cell is None else 1),
        time="0",
    )
    text = "\n".join([f"{where(replace(place, path=shown))}: {said(finding)}", *map(_fact, finding.evidence)])
    if finding.fails:
        kind = ElementTree.SubElement(case, "failure", type=finding.level, message=_clean(said(finding)))
    else:
        kind = ElementTree.SubElement(case, "system-out")
    kind.text = _clean(text)


def _fact(fact: Evidence) -> str:
    place = source_of(fact) if fact.line is None else f"{source_of(fact)}:{fact.line}"
    return f"{place if fact.path else 'this run'}: {fact.text}"


def _count(root: ElementTree.Element) -> None:
    """Write into every suite, and into the whole, how many tests it has and how many of them fail."""
    for element in (*root, root):
        counts = {"tests": "testcase", "failures": "failure", "errors": "error"}
        for attribute, tag in counts.items():
            element.set(attribute, str(len(list(element.iter(tag)))))
        element.set("time", "0")


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
