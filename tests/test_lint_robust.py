"""Whatever stands in a file: `lint` neither crashes nor hangs, and what it mends still parses and stays as it is."""

from __future__ import annotations

import ast
import random
from pathlib import Path

import pytest

from pitfallcheck.config import load
from pitfallcheck.finding import Finding
from pitfallcheck.lint.engine import lint_bytes
from pitfallcheck.lint.mend import mend

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = sorted((ROOT / "fixtures").rglob("*.py"))
MUTANTS = 120
"""Programs in a test run; `python tests/test_lint_robust.py 10000` tries more."""

OPERATORS = ("delete", "double", "swap", "cut", "indent", "letter")


def mutant(seed: int) -> str:
    """A fixture in which lines were lost, doubled, swapped, cut, moved or spoiled."""
    rng = random.Random(seed)
    lines = rng.choice(FIXTURES).read_text("utf-8").split("\n")
    for _ in range(rng.randint(1, 4)):
        at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        match rng.choice(OPERATORS):
            case "delete":
                lines[at] = ""
            case "double":
                lines.insert(other, lines[at])
            case "swap":
                lines[at], lines[other] = lines[other], lines[at]
            case "cut":
                lines[at] = lines[at][: rng.randrange(len(lines[at]) + 1)]
            case "indent":
                lines[at] = "    " + lines[at]
            case "letter":
                place = rng.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:place] + rng.choice("()[]{}:=.,'\"#@\\é\t0x*") + lines[at][place:]
    return "\n".join(lines)


def everything(findings: object, text: str) -> list[Finding]:
    return list(findings)  # type: ignore[call-overload, no-any-return]


def check(text: str) -> None:
    """No rule fails on `text`, and the fixes of what is found parse and leave nothing to mend."""
    settings, data = load(), text.encode("utf-8")
    result = lint_bytes("a.py", data, settings)
    assert not [item for item in result.skipped if "report" in item.why], result.skipped
    if any(finding.fix for finding in result.findings):
        mended = mend("a.py", data, settings, keep=everything, unsafe=True)
        ast.parse(mended.data)
        assert mend("a.py", mended.data, settings, keep=everything, unsafe=True).data == mended.data


@pytest.mark.parametrize("seed", range(0, MUTANTS, 10))
def test_nothing_that_can_be_written_makes_it_fail(seed: int) -> None:
    for number in range(seed, seed + 10):
        check(mutant(number))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("import torch\nx = " + "(" * 150 + "1" + ")" * 150, id="brackets"),
        pytest.param("import torch\nloss.backward()\nx = " + " + ".join(["1"] * 3000), id="a long sum"),
        pytest.param("import torch\nloss.backward()\nx = y" + ".z" * 900, id="a long chain"),
        pytest.param("import torch\nloss.backward()\n" + "x = 1\n" * 30_000, id="many lines"),
        pytest.param("import torch\nloss.backward()\nx = [" + "1, " * 50_000 + "]", id="a long list"),
        pytest.param("import torch\nloss.backward()\n" + 'x = """' + "a" * 300_000 + '"""', id="a long string"),
        pytest.param("import torch\nloss.backward()\nx = '" + "\\\\" * 100_000 + "'", id="backslashes"),
        pytest.param("import torch\nloss.backward()\n# " + "'" * 100_000, id="quotes in a comment"),
        pytest.param("import torch\nx = " + "a = " * 500 + "loss.backward()", id="a chain of assignments"),
        pytest.param("import numpy\nfor i in x:\n w -= lr * g\n" + "x[i] = y[i] = 1.5 \n" * 5000, id="many stores"),
    ],
)
def test_what_is_large_or_deep_is_read_in_time(text: str) -> None:
    check(text)


if __name__ == "__main__":
    import sys
    import time

    slowest = 0.0
    for each in range(int(sys.argv[1])):
        start = time.perf_counter()
        try:
            check(mutant(each))
        except Exception as error:
            print(f"seed {each}: {type(error).__name__}: {error}")
        slowest = max(slowest, time.perf_counter() - start)
    print(f"{sys.argv[1]} programs, the slowest in {slowest:.1f} s")
