"""Code in documentation is found where it stands: fenced blocks, directives and sessions, with lines and columns."""

from __future__ import annotations

import ast
import textwrap

import pytest

from pitfallcheck.lint.blocks import Program, of_docstrings, of_markdown


def code(program: Program | None) -> dict[int, tuple[int, str]]:
    """The lines of a program that are not empty: by number, the shift and the code."""
    if program is None:
        return {}
    lines = enumerate(program.lines, 1)
    return {number: (program.shifts.get(number, 0), line) for number, line in lines if line.strip()}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("# T\n```python\nx = 1\n```\n", {3: (0, "x = 1")}, id="a block"),
        pytest.param("```py\nx = 1\n```\n~~~python3\ny = x\n~~~", {2: (0, "x = 1"), 5: (0, "y = x")}, id="two blocks"),
        pytest.param("1. a\n   ```python\n   if x:\n     y\n   ```\n", {3: (3, "if x:"), 4: (3, "  y")}, id="indented"),
        pytest.param("```\nx = 1\n```\n```bash\nls\n```\n", {}, id="other languages"),
        pytest.param("````markdown\n```python\nx = 1\n```\n````\n", {}, id="a block in a block"),
        pytest.param("```python\nx = = 1\n```\n```python\ny = 2\n```", {5: (0, "y = 2")}, id="one that does not parse"),
        pytest.param("```python title='a'\nx = 1\n```", {2: (0, "x = 1")}, id="more behind the language"),
        pytest.param("```{python}\nx = 1\n```", {2: (0, "x = 1")}, id="as in R Markdown"),
        pytest.param("```python\n>>> x = f(\n...     1)\n3\n```", {2: (4, "x = f("), 3: (4, "    1)")}, id="a session"),
        pytest.param("```python\n!pip install x\ny = 2\n```", {2: (0, "pass"), 3: (0, "y = 2")}, id="a shell line"),
        pytest.param("```python\nx = 1\n", {}, id="never closed"),
        pytest.param("a ```python``` b\nx = 1\n", {}, id="in a line"),
        pytest.param("```python\r\nx = 1\r\n```\r\n", {2: (0, "x = 1")}, id="with line ends of Windows"),
    ],
)
def test_markdown(text: str, found: dict[int, tuple[int, str]]) -> None:
    assert code(of_markdown(text)) == found


DOCUMENTED = textwrap.dedent(
    '''
    """A module.

    >>> x = 1
    >>> x
    1
    """

    def f():
        """A function.

        ```python
        y = 2
        ```

        .. code-block:: python
           :linenos:

           z = 3
           if z:
               w = 4

        The end.
        """

    class A:
        "None here."
        def g(self):
            """Text ... of three dots."""
    '''
)


def test_docstrings_are_programs_of_their_own() -> None:
    first, second = of_docstrings(DOCUMENTED, ast.parse(DOCUMENTED))
    assert code(first) == {4: (4, "x = 1"), 5: (4, "x")}
    assert code(second) == {
        13: (4, "y = 2"),
        19: (7, "z = 3"),
        20: (7, "if z:"),
        21: (7, "    w = 4"),
    }
    lines = DOCUMENTED.split("\n")
    for program in (first, second):
        for number, (shift, line) in code(program).items():
            assert lines[number - 1][shift:] == line
