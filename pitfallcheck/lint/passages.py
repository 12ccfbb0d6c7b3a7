"""Lints the programs that stand in text: the blocks of a Markdown file, and the examples in docstrings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pitfallcheck.config import Settings
from pitfallcheck.finding import Finding, Location
from pitfallcheck.lint.blocks import Program, of_docstrings, of_markdown
from pitfallcheck.lint.engine import LintResult, lint_program, unreadable
from pitfallcheck.lint.parse import UnreadableError, decode, read, tree_of

SIGNS = (b">>>", b"```", b"~~~", b".. code", b".. sourcecode", b".. testcode")
"""What a docstring with an example has at least one of."""


def lint_markdown(path: str, data: bytes, settings: Settings) -> LintResult:
    """Lint the blocks of Python in `data`, the content of a Markdown file, as one program."""
    try:
        program = of_markdown(decode(data))
    except UnreadableError as error:
        return unreadable(path, error)
    if program is None:
        return LintResult(files=(path,))
    return LintResult(tuple(_found(path, program, settings)), files=(path,))


def found_in_docstrings(path: str, data: bytes, settings: Settings) -> list[Finding]:
    """What is found in the examples of the docstrings of a program, each docstring a program of its own."""
    if not any(sign in data for sign in SIGNS):
        return []
    try:
        text = decode(data)
        tree = tree_of(text)
    except UnreadableError:
        return []  # the program itself is what cannot be read
    return [one for program in of_docstrings(text, tree) for one in _found(path, program, settings)]


def program_of(path: str) -> str:
    """The program in a Markdown file, its lines where they are in the file."""
    program = of_markdown(decode(read(path)))
    return "" if program is None else program.text


def _found(path: str, program: Program, settings: Settings) -> Iterable[Finding]:
    """What is found in a program, at its place in the text. An example that does not parse is no program."""
    own = settings._replace(docstrings=False)
    for finding in lint_program(path, program.text.encode("utf-8", "surrogatepass"), own, named=False).findings:
        # Fixes are for programs: what an example looks like is up to its text.
        yield replace(finding, location=_shifted(finding.location, program), fix=None)


def _shifted(place: Location, program: Program) -> Location:
    end = place.end_column
    if end is not None:
        end += program.shifts.get(place.end_line or place.line, 0)
    return replace(place, column=place.column + program.shifts.get(place.line, 0), end_column=end)
