"""Words that reports and commands have in common, without what a whole report needs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pitfallcheck.finding import Evidence, Finding, Location


def count_of(number: int, noun: str, plural: str = "") -> str:
    """`1 error`, `2 errors`, `3 batches`."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or f'{noun}s'}"


def said(finding: Finding) -> str:
    """What a finding says, on one line: `Message. Remedy.`"""
    return f"{_sentence(finding.message)} {_sentence(finding.remedy)}".strip()


def headline(finding: Finding) -> str:
    """`path:line:col: CODE name: message. Remedy.`, on one line."""
    return f"{where(finding.location)}: {finding.code} {finding.name}: {said(finding)}"


def where(place: Location) -> str:
    """`path:line:col`, in a notebook `path:cell 3:line:col`."""
    return f"{source_of(place)}:{place.line}:{place.column}"


def said_in(finding: Finding) -> str:
    """What a finding says, behind its cell if it has one: for a reader that knows of files and their lines only."""
    cell = finding.location.cell
    place = "" if cell is None else f"cell {cell}:{finding.location.line}:{finding.location.column}: "
    return f"{place}{said(finding)}"


def source_of(place: Location | Evidence) -> str:
    """The name of the text that lines are counted in: a file, or a cell of a notebook."""
    path = place.path or ""
    return path if place.cell is None else f"{path}:cell {place.cell}"


def _sentence(text: str) -> str:
    """`text` with a capital and a stop; a word of code at its beginning stays as it is."""
    text = " ".join(text.split())
    if not text:
        return ""
    if re.match(r"[a-z]+[ ,]", text):
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
