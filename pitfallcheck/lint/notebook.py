"""Reads a Jupyter notebook as one program, tells the cell of each of its lines, and writes changed cells back."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from json.decoder import JSONDecoder
from typing import Any

from pitfallcheck.lint.magics import without_magics
from pitfallcheck.lint.parse import UnreadableError

SUFFIX = ".ipynb"

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of Python. `number` counts all cells of the notebook from 1, `first` is its first line in the program."""

    number: int
    first: int
    text: str
    span: Span
    """Where its `source` stands in the notebook's own text."""


class Notebook:
    """A notebook's code cells in their order, as one program.

    `program` has the lines of the cells one for one. IPython's own syntax stands in it as statements that do nothing;
    a cell that is not Python even so stands in it as empty lines, and `unread` says why.
    """

    def __init__(self, data: bytes) -> None:
        """Raises UnreadableError where `data` is no notebook, or one of another language."""
        try:
            self._text = data.decode("utf-8-sig")
            whole = json.loads(self._text)
        except ValueError as error:
            line = error.lineno if isinstance(error, json.JSONDecodeError) else None
            raise UnreadableError("not a notebook, its JSON cannot be read; save it again from Jupyter", line) from None
        except RecursionError:
            raise UnreadableError("not a notebook, its JSON is nested too deeply; check the file") from None
        cells = whole.get("cells") if isinstance(whole, dict) else None
        if not isinstance(cells, list):
            old = isinstance(whole, dict) and "worksheets" in whole
            why = (
                "a notebook of an old format; open and save it in Jupyter" if old else "not a notebook; check the file"
            )
            raise UnreadableError(why)
        language = _language(whole)
        if language != "python":
            raise UnreadableError(f"a notebook in {language}, not in Python; leave it out with `exclude`")
        self.unread: list[tuple[int, int | None, str]] = []
        self.cells: list[Cell] = []
        self.program = "".join(self._program(cells))
        self._firsts = [cell.first for cell in self.cells]

    def _program(self, cells: list[Any]) -> Iterator[str]:
        spans = _source_spans(self._text)
        first = 1
        for number, cell in enumerate(cells, 1):
            if not isinstance(cell, dict) or cell.get("cell_type") != "code" or number not in spans:
                continue
            source = cell.get("source")
            text = "".join(source) if isinstance(source, list) else str(source)
            self.cells.append(Cell(number, first, text, spans[number]))
            read = without_magics(text)
            if read.why is not None:
                self.unread.append((number, read.line, read.why))
            # A cell without a final line end must not run into the next one.
            first += read.text.count("\n") + 1
            yield f"{read.text}\n"

    def place(self, line: int) -> tuple[int, int]:
        """The number of the cell in which a line of the program stands, and the line in it."""
        cell = self.cells[max(0, bisect_right(self._firsts, line) - 1)]
        return cell.number, line - cell.first + 1

    def line(self, number: int, line: int) -> int:
        """The line of the program in which line `line` of cell `number` stands."""
        return next((cell.first for cell in self.cells if cell.number == number), 1) + line - 1

    def lines_of(self, number: int) -> list[str]:
        """The lines of a cell as the user wrote them."""
        return next((cell.text.split("\n") for cell in self.cells if cell.number == number), [])

    def with_cells(self, changed: Mapping[int, str]) -> bytes:
        """The notebook with the texts of some cells, by number, changed; every other byte is as it was."""
        parts, at = [], 0
        for cell in self.cells:
            if cell.number in changed and changed[cell.number] != cell.text:
                start, end = cell.span
                parts += [self._text[at:start], self._written(self._text[start:end], changed[cell.number])]
                at = end
        return "".join([*parts, self._text[at:]]).encode("utf-8")

    def _written(self, old: str, text: str) -> str:
        """`text` as JSON, in the way that `old` is written."""
        ascii_only = self._text.isascii() and "\\u" in self._text
        if not old.startswith("["):
            return json.dumps(text, ensure_ascii=ascii_only)
        lines = [json.dumps(line, ensure_ascii=ascii_only) for line in text.splitlines(keepends=True)]
        layout = re.match(r"\[(\s*).*?(\s*)\]$", old, re.DOTALL)
        before, after = (layout[1], layout[2]) if layout is not None else ("", "")
        return f"[{before}{(',' + (before or ' ')).join(lines)}{after}]"


def _language(whole: dict[str, Any]) -> str:
    metadata = whole.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    for part, key in (("language_info", "name"), ("kernelspec", "language")):
        known = metadata.get(part)
        if isinstance(known, dict) and isinstance(known.get(key), str):
            name = str(known[key]).lower()
            return "python" if name.startswith(("python", "ipython")) else name
    return "python"


def _source_spans(text: str) -> dict[int, Span]:
    """Where the `source` of each cell stands in a notebook's text, by the number of the cell."""
    spans: dict[int, Span] = {}
    for key, start, _ in _members(text, _past_space(text, 0)):
        if key == "cells" and text[start] == "[":
            spans.clear()
            for number, (begin, _) in enumerate(_items(text, start), 1):
                if text[begin] != "{":
                    continue
                for name, at, end in _members(text, begin):
                    if name == "source":
                        spans[number] = (at, end)
    return spans


_DECODER = JSONDecoder()


def _past_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _members(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """The keys of the object that begins at `at`, with where their values begin and end."""
    at = _past_space(text, at + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _past_space(text, _past_space(text, at) + 1)
        _, end = _DECODER.raw_decode(text, at)
        yield key, at, end
        at = _past_space(text, end)
        if text[at] == ",":
            at = _past_space(text, at + 1)


def _items(text: str, at: int) -> Iterator[Span]:
    """Where the items of the array that begins at `at` begin and end."""
    at = _past_space(text, at + 1)
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        yield at, end
        at = _past_space(text, end)
        if text[at] == ",":
            at = _past_space(text, at + 1)
