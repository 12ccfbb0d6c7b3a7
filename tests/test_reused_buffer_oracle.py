"""The static half of PF101 against the truth: generated generators are judged from source, then really run on NumPy."""

from __future__ import annotations

import ast
import itertools
import re
from textwrap import indent

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.reused_buffer.static import judge

HEAD = """\
import itertools
import numpy as np
ticks = itertools.count(1, 7)
def tick():
    return next(ticks)
def fill(target, value):
    for i in range(len(target)):
        target[i] = value
def fresh():
    return np.zeros((4, 3))
"""

BUFFERS = """\
x = np.zeros((4, 3))
y = np.ones((4, 3))
v = x[:2]
ring = [np.zeros((4, 3)) for _ in range(2)]
"""

HOMES = {
    "local": "def batches():\n{buffers_4}{turns_4}",
    "global": "{buffers_0}def batches():\n    global x, y, v, ring\n{turns_4}",
    "closure": "def make():\n{buffers_4}    def inner():\n        nonlocal x, y, v, ring\n{turns_8}    return inner\n"
    "batches = make()\n",
    "default": "def batches(x=np.zeros((4, 3)), y=np.ones((4, 3)), ring=[np.zeros((4, 3)), np.zeros((4, 3))]):\n"
    "    v = x[:2]\n{turns_4}",
    "attribute": "class Batches:\n    def __init__(self):\n{buffers_8}    def __iter__(self):\n{turns_8}"
    "def batches():\n    return iter(Batches())\n",
}
"""Where the buffers live; `{turns_4}` is the loop, 4 spaces deep."""

LOOPS = ("for k in itertools.count():", "for k in range(50):", "k = -1\nwhile True:\n    k += 1")

WRITES = (
    "x[:] = tick()",
    "x += tick()",
    "x[0] = tick()",
    "for i in range(4):\n    x[i] = tick()",
    "for i in range(4):\n    x[i][0] = tick()",
    "for row in x:\n    row[:] = tick()",
    "np.copyto(x, tick())",
    "x.fill(tick())",
    "v[:] = tick()",
    "v += tick()",
    "y[:] = tick()",
    "y[0] = tick()",
    "fill(x, tick())",
    "fill(y, tick())",
    "np.add(x, tick(), out=y)",
    "x[:, 0] += tick()",
    "ring[k % 2][:] = tick()",
    "n = 0\nwhile n < 3:\n    x[n] = tick()\n    n += 1",
    "try:\n    x[0] = tick()\nfinally:\n    y[0] = tick()",
    "if k > 2:\n    x[:] = tick()",
)

BINDINGS = (
    "x = x.copy()",
    "x = np.zeros((4, 3))",
    "x = fresh()",
    "v = x[:2]",
    "v = x.T",
    "v = x",
    "v = v.copy()",
    "y = x + 1",
    "y = np.ones((4, 3))",
    "x = y",
    "x, y = y, x",
    "x = ring[k % 2]",
    "v, x = x, np.zeros((4, 3))",
    "y, x = x, fresh()",
    "x = np.asarray(x)",
    "if k == 0:\n    x = np.zeros((4, 3))",
    "if x is None:\n    x = np.zeros((4, 3))",
)

LEAVES = (
    "x",
    "v",
    "y",
    "x[:2]",
    "x[0]",
    "x.T",
    "x.copy()",
    "x[:, 0]",
    "x + 1",
    "x[[0, 1]]",
    "x.reshape(4, 3)",
    "np.expand_dims(x, 0)",
    "ring[k % 2]",
    "x.sum()",
    "np.transpose(x)",
)

statements = st.sampled_from(WRITES + BINDINGS)


@st.composite
def programs(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A generator, and the expressions of which each batch is a list."""
    body = draw(st.lists(statements, min_size=1, max_size=4))
    leaves = draw(st.lists(st.sampled_from(LEAVES), min_size=1, max_size=3, unique=True))
    after = draw(st.lists(statements, max_size=2))
    home = draw(st.sampled_from(sorted(HOMES)))
    turn = "\n".join((*body, f"yield [{', '.join(leaves)}]", *after))
    turns = draw(st.sampled_from(LOOPS)) + "\n" + indent(turn, "    ") + "\n"
    parts = {"buffers": BUFFERS, "turns": turns}
    if home == "attribute":
        parts = {part: re.sub(r"\b(x|y|v|ring)\b", r"self.\1", text) for part, text in parts.items()}
        leaves = [re.sub(r"\b(x|y|v|ring)\b", r"self.\1", leaf) for leaf in leaves]
    placed = {f"{part}_{depth}": indent(text, " " * depth) for part, text in parts.items() for depth in (0, 4, 8)}
    return HEAD + HOMES[home].format(**placed), leaves


def changed(program: str, leaves: list[str]) -> set[str]:
    """The expressions whose arrays read something else later than when handed over, in the first 9 batches."""
    names: dict[str, object] = {}
    exec(compile(program, "program.py", "exec"), names)
    found: set[str] = set()
    held: list[tuple[list[object], list[object]]] = []
    for batch in itertools.islice(names["batches"](), 9):  # type: ignore[operator]
        for arrays, copies in held:
            found |= {leaf for leaf, a, c in zip(leaves, arrays, copies, strict=True) if not np.array_equal(a, c)}
        held.append((batch, [np.array(array) for array in batch]))
    return found


def reported(program: str) -> set[str]:
    """The expressions that the static half reports as errors or warnings."""
    return {f.subject for f in judge(Source("program.py", program, ast.parse(program))) if f.fails}


@settings(max_examples=300, deadline=None)
@given(programs())
def test_reports_only_what_changes(made: tuple[str, list[str]]) -> None:
    program, leaves = made
    assert reported(program) <= changed(program, leaves), program


@settings(max_examples=400, deadline=None, derandomize=True)
@given(programs())
def test_reports_exactly_what_changes(made: tuple[str, list[str]]) -> None:
    program, leaves = made
    assert reported(program) == changed(program, leaves), program
