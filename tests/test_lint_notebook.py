"""Linting a notebook: places told by cells, comments, fixes and reports, with everything else in it left alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lint_sources import BROKEN, CLEAN, Shell

IMPORTS = "%matplotlib inline\nimport numpy as np\n!pip install numpy"
GENERATOR = (
    "def batches(n):\n    x = np.zeros((n, 2))\n    while True:\n        x[:] = np.random.rand(n, 2)\n        yield x"
)
MAGIC = GENERATOR.replace("    while", "    %time print(n)\n    while")
HELD = GENERATOR.replace("yield x", "yield x  # pitfallcheck: ignore[PF101]")


def notebook(*sources: str, language: str = "python", indent: int | None = 1) -> bytes:
    """A notebook with a cell of Markdown and these cells of code."""
    output = {"output_type": "stream", "name": "stdout", "text": ["größe: \\u00fc\n"]}
    cells: list[dict[str, Any]] = [{"cell_type": "markdown", "metadata": {}, "source": ["# Title\n", "x = 1"]}]
    for source in sources:
        cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [output]}
        cells.append(cell | {"source": source.splitlines(keepends=True)})
    whole = {"cells": cells, "metadata": {"language_info": {"name": language}}, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(whole, indent=indent, ensure_ascii=False) + "\n").encode()


@pytest.mark.parametrize(
    ("sources", "places"),
    [
        pytest.param([IMPORTS, GENERATOR], ["nb.ipynb:cell 3:5:15"], id="imports in another cell"),
        pytest.param([BROKEN], ["nb.ipynb:cell 2:8:15"], id="one cell"),
        pytest.param([IMPORTS, CLEAN, MAGIC], ["nb.ipynb:cell 4:6:15"], id="a magic in the block"),
        pytest.param([IMPORTS, GENERATOR, GENERATOR], ["nb.ipynb:cell 3:5:15", "nb.ipynb:cell 4:5:15"], id="two"),
        pytest.param([IMPORTS, HELD], [], id="an ignore comment"),
        pytest.param(["# pitfallcheck: ignore-file\n" + IMPORTS, GENERATOR], [], id="one for the whole notebook"),
        pytest.param(["%%bash\nls", IMPORTS, GENERATOR], ["nb.ipynb:cell 4:5:15"], id="a cell of another language"),
        pytest.param([IMPORTS], [], id="nothing"),
    ],
)
@pytest.mark.parametrize("arguments", [["nb.ipynb"], []], ids=["named", "below a folder"])
def test_places_are_told_by_their_cells(
    shell: Shell, sources: list[str], places: list[str], arguments: list[str]
) -> None:
    shell.write("nb.ipynb", notebook(*sources))
    for _ in range(2):  # the second time from the cache
        told = shell("lint", "--format", "concise", "-q", *arguments)
        assert [line.partition(": PF101")[0] for line in told.out.splitlines()] == places
        assert (told.status, told.err) == (bool(places), "")


def test_the_lines_of_a_cell_are_shown(shell: Shell) -> None:
    shell.write("nb.ipynb", notebook(IMPORTS, MAGIC))
    lines = shell("lint", "nb.ipynb").out.splitlines()
    assert lines[1:5] == [
        "    6 | yield x",
        "      |       ^",
        "    nb.ipynb:cell 3:2    x = np.zeros((n, 2))               allocated once, before the loop",
        "    nb.ipynb:cell 3:5    x[:] = np.random.rand(n, 2)        rewritten here, for the next batch",
    ]


@pytest.mark.parametrize("indent", [None, 1, 4])
@pytest.mark.parametrize("cell", [GENERATOR, MAGIC])
def test_a_fix_changes_its_line_and_nothing_else(shell: Shell, cell: str, indent: int | None) -> None:
    before = notebook(IMPORTS, cell, HELD, indent=indent)
    path = shell.write("nb.ipynb", before)
    told = shell("lint", "--fix")
    assert (told.status, told.err) == (0, "")
    assert "mended 1 finding." in told.out
    after = path.read_bytes()
    assert after == before.replace(b'yield x"', b'yield x.copy()"')
    assert shell("lint", "--fix").status == 0
    assert path.read_bytes() == after


def test_a_patch_of_a_notebook_can_be_read(shell: Shell) -> None:
    path = shell.write("nb.ipynb", notebook(IMPORTS, GENERATOR))
    before = path.read_bytes()
    told = shell("lint", "--diff")
    assert '-    "        yield x"\n+    "        yield x.copy()"\n' in told.out
    assert (told.status, path.read_bytes()) == (1, before)


@pytest.mark.parametrize("cell", [GENERATOR, MAGIC])
def test_comments_are_written_into_cells(shell: Shell, cell: str) -> None:
    before = notebook(IMPORTS, cell)
    path = shell.write("nb.ipynb", before)
    assert "wrote ignore comments for 1 finding." in shell("lint", "--add-ignores").out
    assert path.read_bytes() == before.replace(b'yield x"', b'yield x  # pitfallcheck: ignore[reused-buffer]"')
    assert shell("lint").status == 0


def test_a_useless_comment_in_a_cell_is_noted(shell: Shell) -> None:
    shell.write("nb.ipynb", notebook(CLEAN, "x = 1\ny = 2  # pitfallcheck: ignore[PF101]"))
    (line,) = shell("lint", "--format", "concise", "-q").out.splitlines()
    assert line.startswith("nb.ipynb:cell 3:2:8: PF001 unused-ignore: ")


def test_a_baseline_outlives_moved_cells(shell: Shell) -> None:
    shell.write("nb.ipynb", notebook(IMPORTS, GENERATOR))
    shell("lint", "--write-baseline", "known.json")
    shell.write("nb.ipynb", notebook(CLEAN, IMPORTS, "# more\n" + GENERATOR))
    assert shell("lint", "--baseline", "known.json").status == 0
    shell.write("nb.ipynb", notebook(IMPORTS, GENERATOR, GENERATOR))
    assert shell("lint", "--baseline", "known.json").out.count(": PF101") == 1


def test_reports_for_machines_name_the_cell(shell: Shell) -> None:
    shell.write("nb.ipynb", notebook(IMPORTS, GENERATOR))
    (found,) = json.loads(shell("lint", "--format", "json").out)["findings"]
    assert (found["path"], found["cell"], found["line"], found["column"]) == ("nb.ipynb", 3, 5, 15)
    assert [fact["cell"] for fact in found["evidence"]] == [3, 3]
    said = "::warning file=nb.ipynb,title=PF101 reused-buffer::cell 3:5:15: `x` is"
    assert shell("lint", "--format", "github").out.startswith(said)
    (item,) = json.loads(shell("lint", "--format", "gitlab").out)
    assert item["description"].startswith("reused-buffer: cell 3:5:15: `x` is")
    assert item["location"] == {"path": "nb.ipynb", "lines": {"begin": 1, "end": 1}}
    assert "(cell 3:5:15)" in shell("lint", "--format", "junit").out
    (result,) = json.loads(shell("lint", "--format", "sarif").out)["runs"][0]["results"]
    assert result["message"]["text"].startswith("cell 3:5:15: `x` is")
    assert "fixes" not in result


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"{", "nb.ipynb:1 skipped: not a notebook, its JSON cannot be read", id="no JSON"),
        pytest.param(b"[]", "nb.ipynb skipped: not a notebook", id="other JSON"),
        pytest.param(notebook("x <- 1", language="R"), "nb.ipynb skipped: a notebook in r, not in Python", id="R"),
        pytest.param(notebook("x = 1", "def f(:"), "nb.ipynb:cell 3:1 skipped: ", id="a cell that does not parse"),
    ],
)
def test_what_cannot_be_read_is_named_where_the_user_named_it(shell: Shell, content: bytes, said: str) -> None:
    shell.write("nb.ipynb", content)
    shell.write("a.py")
    told = shell("lint", "nb.ipynb", "a.py")
    assert (told.status, told.found) == (2, ["a.py"])
    assert told.err.startswith(f"pitfallcheck: {said}")
    assert shell("lint", ".").status == 1, "below a folder it is nobody's concern"


def test_a_cell_that_does_not_parse_leaves_the_others_to_be_judged(shell: Shell) -> None:
    shell.write("nb.ipynb", notebook(IMPORTS, "def f(:", GENERATOR))
    told = shell("lint")
    assert told.status == 2
    assert "nb.ipynb:cell 4:5:15: PF101" in told.out
    assert told.err.startswith("pitfallcheck: nb.ipynb:cell 3:1 skipped: ")


def test_a_notebook_is_not_run(shell: Shell) -> None:
    Path("nb.ipynb").write_bytes(notebook(IMPORTS))
    told = shell("run", "nb.ipynb")
    assert (told.status, told.out) == (2, "")
    assert told.err.startswith("pitfallcheck: nb.ipynb: notebooks are not run; export it with")


def test_a_fix_that_adds_a_line_goes_between_magics(shell: Shell) -> None:
    made = "import torch\nmodel = torch.nn.Linear(1, 1)\noptimizer = torch.optim.SGD(model.parameters(), 0.1)"
    loop = "!ls\nfor x in torch.rand(9, 5, 1):\n    %time 1\n    model(x).mean().backward()\n    optimizer.step()"
    shell.write("nb.ipynb", notebook(made, loop))
    shell("lint", "--fix", "--select", "PF405", "nb.ipynb")
    mended = loop.replace("    model(x)", "    optimizer.zero_grad()\n    model(x)")
    assert (shell.folder / "nb.ipynb").read_bytes() == notebook(made, mended)
