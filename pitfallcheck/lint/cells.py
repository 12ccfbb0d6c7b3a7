"""Lints a notebook as the one program that its cells are, tells every place by its cell, and mends cell by cell."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, TypeVar

from pitfallcheck.config import Settings
from pitfallcheck.finding import Edit, Evidence, Finding, Fix, Location, Skipped
from pitfallcheck.lint.engine import LintResult, lint_program, unreadable
from pitfallcheck.lint.magics import without_magics
from pitfallcheck.lint.notebook import Cell, Notebook
from pitfallcheck.lint.parse import UnreadableError, read
from pitfallcheck.lint.screen import screen_of
from pitfallcheck.lint.signs import FRAMEWORKS

if TYPE_CHECKING:
    Place = TypeVar("Place", Location, Evidence)

_BOUNDARY = "# pitfallcheck: the end of a cell\n"


class CellChangedError(Exception):
    """A cell whose change cannot be written back; the message is a clause for the user."""


def lint_notebook(path: str, data: bytes, settings: Settings, *, named: bool) -> LintResult:
    """Lint `data` as the content of the notebook `path`."""
    try:
        notebook = Notebook(data)
    except UnreadableError as error:
        # Below a folder that was named, notebooks of other languages and other trades are nobody's concern here.
        foreign = "not in Python" in error.why or not any(word in data for word in FRAMEWORKS)
        return LintResult() if foreign and not named else unreadable(path, error)
    program = notebook.program.encode("utf-8", "surrogatepass")
    result = lint_program(path, program, settings, named=named)
    unread = [
        Skipped(f"{path}:cell {number}" if line is None else f"{path}:cell {number}:{line}", why)
        for number, line, why in notebook.unread
        if named or screen_of(settings.codes).candidates(program)
    ]
    findings = in_cells(result.findings, notebook)
    return LintResult(tuple(findings), (*unread, *_told(result.skipped, path, notebook)), result.files)


def _told(skipped: Iterable[Skipped], path: str, notebook: Notebook) -> list[Skipped]:
    """What was skipped, with the lines of the program told by their cells."""
    told = []
    for item in skipped:
        line = item.what.removeprefix(f"{path}:")
        cell, within = notebook.place(int(line)) if line.isdecimal() else (0, 0)
        told.append(item if not cell else Skipped(f"{path}:cell {cell}:{within}", item.why))
    return told


def in_cells(findings: Iterable[Finding], notebook: Notebook) -> list[Finding]:
    """Findings in the program of a notebook, told by its cells. Their fixes stay those of the program."""
    return [
        replace(
            one,
            location=_in_cell(one.location, notebook),
            evidence=tuple(
                _in_cell(fact, notebook) if fact.path == one.location.path else fact for fact in one.evidence
            ),
        )
        for one in findings
    ]


def _in_cell(place: Place, notebook: Notebook) -> Place:
    if place.line is None or place.cell is not None:
        return place
    cell, line = notebook.place(place.line)
    if isinstance(place, Location) and place.end_line is not None:
        return replace(place, cell=cell, line=line, end_line=notebook.place(place.end_line)[1])
    return replace(place, cell=cell, line=line)


def in_program(findings: Iterable[Finding], notebook: Notebook) -> list[Finding]:
    """Findings in cells, told by the lines of the notebook's program; their evidence stays as it is."""
    told = []
    for one in findings:
        place, cell = one.location, one.location.cell
        if cell is not None:
            end = None if place.end_line is None else notebook.line(cell, place.end_line)
            place = replace(place, cell=None, line=notebook.line(cell, place.line), end_line=end)
        told.append(replace(one, location=place))
    return told


def opened(path: str) -> Notebook:
    """The notebook in a file, and its cells where `linecache` finds their lines; raises UnreadableError."""
    notebook = Notebook(read(path))
    for cell in notebook.cells:
        lines = [f"{line}\n" for line in notebook.lines_of(cell.number)]
        linecache.cache[f"{path}:cell {cell.number}"] = (len(cell.text), None, lines, path)
    return notebook


def mended(notebook: Notebook, fixes: Sequence[Fix]) -> bytes:
    """The notebook with the edits of `fixes`, which are those of its program; raises CellChangedError and FixError."""
    from pitfallcheck.lint.fix import apply

    parts = [_part(notebook, number) for number in range(len(notebook.cells))]
    program = "".join(f"{part}{_BOUNDARY}" for part in parts)
    changed = apply(program, [_moved(fix, notebook) for fix in fixes]).split(_BOUNDARY)
    texts = {}
    for cell, before, after in zip(notebook.cells, parts, changed, strict=False):
        if before != after:
            texts[cell.number] = _restored(cell, before, after)
    return notebook.with_cells(texts)


def changed_cells(
    notebook: Notebook, findings: Iterable[Finding], change: Callable[[str, Sequence[Finding]], str]
) -> bytes:
    """The notebook with the text of each cell that findings are in as `change` makes it; raises CellChangedError."""
    of_cell: dict[int, list[Finding]] = {}
    for one in findings:
        of_cell.setdefault(one.location.cell or 0, []).append(replace(one, location=replace(one.location, cell=None)))
    texts = {}
    for number, cell in enumerate(notebook.cells):
        if cell.number in of_cell:
            before = _part(notebook, number)
            texts[cell.number] = _restored(cell, before, change(before, of_cell[cell.number]))
    return notebook.with_cells(texts)


def _part(notebook: Notebook, number: int) -> str:
    """The lines of a cell in the program."""
    return f"{without_magics(notebook.cells[number].text).text}\n"


def _moved(fix: Fix, notebook: Notebook) -> Fix:
    """The fix for a program with a line more at the end of each cell."""

    def moved(place: tuple[int, int]) -> tuple[int, int]:
        line, column = place
        return line + sum(cell.first <= line for cell in notebook.cells) - 1, column

    return Fix(tuple(Edit(moved(edit.start), moved(edit.end), edit.replacement) for edit in fix.edits), fix.safe)


def _restored(cell: Cell, before: str, after: str) -> str:
    """The new text of a cell, with the magics that the program did not have."""
    written, old, new = f"{cell.text}\n".split("\n"), before.split("\n"), after.split("\n")
    if written == old:
        return "\n".join(new)[:-1]
    if len(written) != len(old):
        raise CellChangedError(f"cell {cell.number} has magics, and its lines are not those of the program")
    lines: list[str] = []
    for how, first, last, begin, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        lines += written[first:last] if how == "equal" else new[begin:end]
    return "\n".join(lines)[:-1]
