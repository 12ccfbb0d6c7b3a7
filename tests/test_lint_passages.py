"""Linting the programs in text: Markdown that is named, and docstrings on request."""

from __future__ import annotations

import pytest
from lint_sources import BROKEN, CLEAN, Shell

FENCED = f"# Title\n\nSome *text*.\n\n```python\n{BROKEN}```\n"
DOCUMENTED = f'''"""A module.

Example:

{"".join(f"    >>> {line}" if line[:1].strip() else f"    ... {line}" for line in BROKEN.splitlines(keepends=True))}"""

x = 1
'''


@pytest.mark.parametrize(
    ("text", "places"),
    [
        pytest.param(FENCED, ["a.md:13:15"], id="a block"),
        pytest.param(FENCED.replace("```python", "```py title=x"), ["a.md:13:15"], id="another name for it"),
        pytest.param(FENCED.replace("```python", "```text"), [], id="no Python"),
        pytest.param(
            "- item\n\n" + "".join(f"  {line}" for line in FENCED.splitlines(keepends=True)),
            ["a.md:15:17"],
            id="indented",
        ),
        pytest.param(
            FENCED.replace("\n\nSome", "\n```python\nimport torch\n```\nSome"), ["a.md:15:15"], id="two blocks"
        ),
        pytest.param("```python\ndef f(:\n```\n" + FENCED, ["a.md:16:15"], id="a block that does not parse"),
        pytest.param(FENCED.replace("yield x", "yield x  # noqa: PF101"), [], id="an ignore comment"),
        pytest.param("# Title\n", [], id="nothing"),
    ],
)
def test_blocks_of_markdown_are_read_if_the_file_is_named(shell: Shell, text: str, places: list[str]) -> None:
    shell.write("a.md", text)
    told = shell("lint", "--format", "concise", "-q", "a.md")
    assert [line.partition(": PF101")[0] for line in told.out.splitlines()] == places
    assert (told.status, told.err) == (bool(places), "")
    assert shell("lint", "-q").out == "", "below a folder it is not read"


def test_markdown_is_never_changed(shell: Shell) -> None:
    path = shell.write("a.md", FENCED)
    assert "--fix" not in shell("lint", "a.md").out
    for option in ("--fix", "--add-ignores"):
        assert shell("lint", option, "a.md").status == 1
    assert path.read_text() == FENCED


def test_a_useless_comment_in_markdown_is_noted(shell: Shell) -> None:
    shell.write(
        "a.md", f"# pitfallcheck: ignore[PF101]\n\n```python\n{CLEAN.strip()}  # pitfallcheck: ignore[PF101]\n```\n"
    )
    (line,) = shell("lint", "--format", "concise", "-q", "a.md").out.splitlines()
    assert line.startswith("a.md:4:26: PF001 unused-ignore: ")


def test_docstrings_are_read_on_request(shell: Shell) -> None:
    path = shell.write("a.py", DOCUMENTED)
    assert shell("lint", "-q").out == ""
    for _ in range(2):  # the second time from the cache, which knows the two ways of reading apart
        told = shell("lint", "--docstrings", "--format", "concise", "-q")
        (line,) = told.out.splitlines()
        assert line.startswith("a.py:12:23: PF101 reused-buffer: ")
    assert shell("lint", "-q").out == ""
    assert shell("lint", "--docstrings", "--fix").status == 1
    assert path.read_text() == DOCUMENTED


def test_an_example_in_a_docstring_is_silenced_behind_it(shell: Shell) -> None:
    path = shell.write("a.py", DOCUMENTED)
    shell("lint", "--docstrings", "--add-ignores")
    assert path.read_text() == DOCUMENTED.replace('\n"""\n', '\n"""  # pitfallcheck: ignore[reused-buffer]\n')
    assert shell("lint", "--docstrings").status == 0
