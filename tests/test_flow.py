"""What the static halves know of a file's values: which bindings reach a name, and what numbers and lengths are."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from pitfallcheck.lint.flow.program import Program, program_of
from pitfallcheck.lint.flow.sizes import Sizes
from pitfallcheck.lint.source import Source


def program(text: str) -> Program:
    text = "import numpy as np\nimport torch\n" + dedent(text)
    return program_of(Source("program.py", text, ast.parse(text)))


def shown(of: Program) -> ast.expr:
    """The argument of the last `show(...)` in the program."""
    calls = [node for node in of.source.nodes if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "show"]
    return max(calls, key=lambda call: call.lineno).args[0]


REACHING = {
    "the last of several": ("x = 1\nx = 2\nshow(x)", {4}),
    "either branch": ("if a:\n    x = 1\nelse:\n    x = 2\nshow(x)", {4, 6}),
    "a branch that ends": ("x = 1\nif a:\n    x = 2\n    raise E\nshow(x)", {3}),
    "what a loop may have changed": ("x = 1\nfor i in y:\n    show(x)\n    x = 2", {3, 6}),
    "set anew in each turn": ("x = 1\nfor i in y:\n    x = 2\n    show(x)", {5}),
    "a loop left by break": ("while True:\n    x = 1\n    if a:\n        break\n    x = 2\nshow(x)", {4}),
    "a loop gone on with": (
        "x = 0\nfor i in y:\n    if i:\n        x = 1\n        continue\n    x = 2\nshow(x)",
        {3, 6, 8},
    ),
    "an exception": ("x = 0\ntry:\n    x = f()\nexcept E:\n    pass\nshow(x)", {3, 5}),
    "a comprehension's own name": ("i = 1\nz = [i for i in y]\nshow(i)", {3}),
    "the module's name in a function": ("x = 1\ndef f():\n    show(x)", {3}),
    "changed in place": ("x = [1]\nx.sort()\nshow(x)", {4}),
    "an item stored": ("x = [1]\nx[0] = 2\nshow(x)", {4}),
    "a name that functions share": ("x = 1\ndef g():\n    global x\n    x = 2\ndef f():\n    show(x)", set()),
}


@pytest.mark.parametrize(("text", "lines"), REACHING.values(), ids=REACHING)
def test_the_bindings_that_reach_a_name(text: str, lines: set[int]) -> None:
    of = program(text)
    assert {getattr(binding.node, "lineno", 0) for binding in of.bindings(shown(of))} == lines


NUMBERS = {
    "arithmetic": ("n = 10\nshow(2 * n - 3)", "17"),
    "a length": ("x = np.zeros((5, 2))\nshow(len(x) - 1)", "4"),
    "a shape, unpacked": ("x = np.zeros((5, 2))\nn, d = x.shape\nshow(n)", "5"),
    "an unknown length": ("def f(x):\n    show(len(x) - 1)", "len(x) - 1"),
    "what cancels": ("def f(n, b):\n    show(n - b + b)", "n"),
    "a product, multiplied out": ("def f(i, b):\n    show((i + 1) * b - i * b)", "b"),
    "a quotient": ("show(1000 // 32)", "31"),
    "a quotient, rounded up": ("import math\nshow(math.ceil(1000 / 32))", "32"),
    "the argument of the only call": ("def f(n):\n    show(n)\nf(7)", "7"),
    "arguments that differ": ("def f(n):\n    show(n)\nf(7)\nf(8)", "n"),
    "an attribute of the object": (
        "class A:\n    def __init__(self, x):\n        self.n = len(x)\n    def f(self):\n        show(self.n + 1)\n"
        "A(np.arange(4))",
        "5",
    ),
    "negative first": ("def f(b):\n    show(9 - b)", "9 - b"),
}


@pytest.mark.parametrize(("text", "expected"), NUMBERS.values(), ids=NUMBERS)
def test_the_number_that_an_expression_is(text: str, expected: str) -> None:
    of = program(text)
    number = Sizes(of).integers.of(shown(of))
    assert number is not None
    assert number.text() == expected


LENGTHS = {
    "linspace, reshaped": ("x = np.linspace(0, 1, 50).reshape(-1, 1)", "50"),
    "linspace, without a number": ("x = np.linspace(0, 1)", "50"),
    "arange of two bounds": ("x = np.arange(3, 9)", "6"),
    "a range with steps": ("x = list(range(0, 10, 3))", "4"),
    "drawn with a size": ("x = np.random.default_rng(0).normal(size=(7, 2))", "7"),
    "drawn by torch": ("x = torch.randn(8, 3)", "8"),
    "arithmetic": ("a = np.zeros(6)\nx = 2 * a + 1", "6"),
    "two parts joined": ("x = np.concatenate([np.zeros(4), np.ones(5)])", "9"),
    "two columns": ("a = np.zeros(4)\nx = np.column_stack([a, a ** 2])", "4"),
    "a list that is repeated": ("x = [0] * 3 + [1] * 4", "7"),
    "a slice": ("a = np.zeros(10)\nx = a[2:8]", "6"),
    "a permutation of rows": ("a = np.zeros((10, 2))\nx = a[np.random.permutation(10)]", "10"),
    "shuffled and stored into": ("x = np.zeros(3)\nnp.random.shuffle(x)\nx[0] = 1", "3"),
}


@pytest.mark.parametrize(("text", "expected"), LENGTHS.values(), ids=LENGTHS)
def test_the_length_of_an_array(text: str, expected: str) -> None:
    of = program(text + "\nshow(x)")
    length = Sizes(of).lengths.of(shown(of))
    assert length is not None
    assert length.text() == expected


def test_a_list_that_grows_has_no_length() -> None:
    of = program("x = [1, 2]\nx.append(3)\nshow(x)")
    assert Sizes(of).lengths.of(shown(of)) is None
