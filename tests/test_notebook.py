"""Notebooks are read as one program, magics are tolerated, and only changed cells are written back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitfallcheck.lint.magics import without_magics
from pitfallcheck.lint.notebook import Notebook
from pitfallcheck.lint.parse import UnreadableError, tree_of

MARKDOWN = {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n", '`%` ünd "mehr"']}


def code(source: str | list[str]) -> dict[str, Any]:
    """A code cell as Jupyter writes it."""
    output = {"output_type": "stream", "name": "stdout", "text": ["source: 1\n"]}
    return {
        "cell_type": "code",
        "execution_count": 1,
        "metadata": {"tags": ["x"]},
        "outputs": [output],
        "source": source,
    }


def notebook(*cells: dict[str, Any], indent: int | None = 1, language: str = "python") -> bytes:
    """The bytes of a notebook of these cells."""
    whole = {
        "cells": list(cells),
        "metadata": {"language_info": {"name": language}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return (json.dumps(whole, indent=indent, ensure_ascii=False) + "\n").encode()


def test_the_cells_of_code_are_one_program() -> None:
    read = Notebook(notebook(code("a = 1\nb = 2"), MARKDOWN, code(["def f():\n", "    return a\n"]), code([])))
    assert read.program == "a = 1\nb = 2\ndef f():\n    return a\n\n\n"
    assert [read.place(line) for line in (1, 2, 3, 4)] == [(1, 1), (1, 2), (3, 1), (3, 2)]
    assert [read.line(*place) for place in ((1, 1), (1, 2), (3, 1), (3, 2))] == [1, 2, 3, 4]
    assert read.lines_of(3)[1] == "    return a"


@pytest.mark.parametrize(
    ("cell", "left"),
    [
        pytest.param("%matplotlib inline\nx = 1", "pass\nx = 1", id="a magic"),
        pytest.param("!pip install keras\nx = 1", "pass\nx = 1", id="a shell line"),
        pytest.param("if x:\n    !ls\n    y = 2", "if x:\n    pass\n    y = 2", id="a shell line in a block"),
        pytest.param("!pip install \\\n  keras \\\n  numpy\nx = 1", "pass\n\n\nx = 1", id="one over several lines"),
        pytest.param("?model\nmodel.fit??\nx = 1", "pass\npass\nx = 1", id="questions"),
        pytest.param("files = !ls\nn = %timeit -o f()", "files = None\nn = None", id="results of magics"),
        pytest.param("%time model.fit(x, y)", "pass; model.fit(x, y)", id="a magic that runs a statement"),
        pytest.param("%timeit  f(x)", "pass;    f(x)", id="a longer one"),
        pytest.param("%%time\nmodel.fit(x)", "\nmodel.fit(x)", id="a magic over a cell of Python"),
        pytest.param("%%bash\nls | wc\necho hi", "\n\n", id="a cell of another language"),
        pytest.param("\n%%html\n<b>", "\n\n", id="one below an empty line"),
        pytest.param("y = (a\n% b)\nz = a != b", "y = (a\n% b)\nz = a != b", id="an operator at the start of a line"),
        pytest.param("s = '''\n%magic?\n'''", "s = '''\n%magic?\n'''", id="a string"),
        pytest.param("await f()\nasync with g(): pass", "await f()\nasync with g(): pass", id="await on its own"),
        pytest.param("print(x)?\n", "pass\n", id="a call that is asked about"),
        pytest.param("x = 1 # why?\n%cd ..", "x = 1 # why?\npass", id="a comment with a question"),
    ],
)
def test_magics_become_statements_that_do_nothing(cell: str, left: str) -> None:
    read = without_magics(cell)
    assert (read.text, read.why) == (left, None)
    tree_of(read.text)


def test_a_cell_that_is_not_python_is_told_and_the_others_are_read() -> None:
    read = Notebook(notebook(code("x = 1"), code("y = = 2\nz"), code("w = 3")))
    assert read.program == "x = 1\n\n\nw = 3\n"
    [(cell, line, why)] = read.unread
    assert (cell, line) == (2, 1) and "syntax error" in why


@pytest.mark.parametrize("indent", [None, 1, 4])
@pytest.mark.parametrize("source", ["x = 1\ny = 2", ["x = 1\n", "y = 2"], ["x = 1\n"], [], ""])
def test_changed_cells_are_written_as_they_were_and_nothing_else_changes(
    indent: int | None, source: str | list[str]
) -> None:
    before = notebook(MARKDOWN, code("a = 'ü'"), code(source), MARKDOWN, indent=indent)
    read = Notebook(before)
    assert read.with_cells({}) == before
    assert read.with_cells({cell.number: cell.text for cell in read.cells}) == before
    changed = "x = 1\ny = 'ü\\n'\n"
    after = read.with_cells({3: changed})
    wanted = source if isinstance(source, str) else list(source)
    expected = notebook(
        MARKDOWN,
        code("a = 'ü'"),
        code(changed if isinstance(wanted, str) else changed.splitlines(keepends=True)),
        MARKDOWN,
        indent=indent,
    )
    assert json.loads(after) == json.loads(expected)
    if source:
        assert after == expected


@given(st.lists(st.tuples(st.booleans(), st.text(max_size=40)), max_size=5), st.sampled_from([None, 0, 1, "\t"]))
def test_any_notebook_comes_back_as_it_was(cells: list[tuple[bool, str]], indent: Any) -> None:
    made = [code(text) if is_code else {**MARKDOWN, "source": text} for is_code, text in cells]
    data = json.dumps({"metadata": {}, "cells": made}, indent=indent).encode()
    read = Notebook(data)
    assert read.with_cells({cell.number: cell.text for cell in read.cells}) == data
    assert [cell.text for cell in read.cells] == [text for is_code, text in cells if is_code]
    tree_of(read.program)
    for cell in read.cells:
        assert read.place(read.line(cell.number, 1)) == (cell.number, 1)
    changed = {cell.number: f"{cell.text}\nz = 1" for cell in read.cells}
    again = Notebook(read.with_cells(changed))
    assert {cell.number: cell.text for cell in again.cells} == changed


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"x = 1", "its JSON cannot be read", id="Python"),
        pytest.param(b'{"cells": [', "its JSON cannot be read", id="cut off"),
        pytest.param(b"[1, 2]", "not a notebook", id="a list"),
        pytest.param(b'{"worksheets": []}', "of an old format", id="format 3"),
        pytest.param(notebook(language="julia"), "a notebook in julia", id="another language"),
        pytest.param(b"\xff\xfe{}", "its JSON cannot be read", id="another encoding"),
    ],
)
def test_what_is_no_notebook_of_python_is_one_clear_line(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableError, match=said):
        Notebook(data)
