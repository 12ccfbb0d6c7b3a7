"""Loops that are watched: nothing about them changes for the program, and functions run where their hooks are not."""

from __future__ import annotations

import builtins
import traceback
from pathlib import Path
from textwrap import dedent

import pytest
from observing import installed, observe

from pitfallcheck.observe.events import LoopDrained
from pitfallcheck.observe.hooking import LOOP_HOOK, LOOP_LOCAL, may_loop
from pitfallcheck.observe.rewrite import compiled

FAILING = {
    "what it goes over is missing": "for x in missing:\n    pass\n",
    "it is nothing to go over": "number = 3\nfor x in number:\n    pass\n",
    "a generator fails": "g = (1 / x for x in (1, 0))\nfor y in g:\n    pass\n",
    "in a function": "def f(g):\n    'It fails.'\n    for a, b in g:\n        print(a)\nf([1])\n",
    "in a comprehension": "def f(g):\n    return [x + 1 for x in g]\nf(['a'])\n",
    "under zip": "def f(g):\n    for x, y in zip(g, 3):\n        pass\nf([1])\n",
    "in a generator": "def f(g):\n    for x in g:\n        yield 1 / x\ndata = f([0])\nfor x in data:\n    pass\n",
    "in the body": "def f(g):\n    for x in g: x = 1 / x\nf([0])\n",
    "in a method": "class A:\n    def f(self):\n        for x in self.items:\n            pass\nA().f()\n",
}


@pytest.mark.parametrize("name", FAILING)
def test_a_traceback_shows_the_lines_and_marks_of_the_source(name: str, tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(FAILING[name], encoding="utf-8")

    def traceback_of(code: object) -> list[str]:
        try:
            exec(code, {"__name__": "__main__"})  # type: ignore[arg-type]
        except Exception as error:
            return traceback.format_exception(error)[2:]
        raise AssertionError("it did not fail")

    plain = traceback_of(compile(FAILING[name], str(path), "exec"))
    with installed() as session:
        code = compiled(FAILING[name].encode(), str(path), session)
        assert LOOP_HOOK in str([code.co_names, code.co_consts]) or LOOP_HOOK in _names(code)
        assert traceback_of(code) == plain


def _names(code: object) -> set[str]:
    """Every name that a piece of code, and what is nested in it, refers to."""
    inner = [constant for constant in code.co_consts if hasattr(constant, "co_names")]  # type: ignore[attr-defined]
    return {*code.co_names}.union(*map(_names, inner))  # type: ignore[attr-defined]


PROGRAM = """
    class Rows:
        order = [i for i in (3, 1, 2)]
        for one in order: last = one
        def __init__(self, rows, shown=[r for r in (1, 2)]): self.rows, self.shown = rows, shown
        def sums(self): return {key: [x for x in values] for key, values in self.rows.items()}

    def names(rows):
        "Its variables, which it looks at."
        for row in rows: pass
        return sorted(locals())

    def total(rows):
        "What it does."
        result = 0
        for i, row in enumerate(rows):
            for x in row: result += i * x
        return result

    rows = Rows({"a": (1, 2)})
    same = iter([1, 2, 3])
    taken = [x for x in same]
    GOT = [rows.sums(), rows.shown, Rows.last, names([1]), total([[1], [2, 3]]), taken, total.__doc__]
    GOT.append(sorted(vars(Rows)))
"""


def test_a_program_with_loops_of_all_kinds_runs_as_it_does(tmp_path: Path) -> None:
    plain: dict[str, object] = {}
    exec(dedent(PROGRAM), plain)
    seen = observe(tmp_path, PROGRAM)
    assert seen.namespace["GOT"] == plain["GOT"]
    assert not [name for name in seen.namespace if name.startswith(".")]
    assert [event for event in seen.events if isinstance(event, LoopDrained)] == []
    # The hooks are gone: as in a worker to which the function was pickled by value.
    assert not hasattr(builtins, LOOP_HOOK)
    assert seen.namespace["total"]([[1], [2, 3]]) == 5  # type: ignore[operator]


@pytest.mark.parametrize(
    "word", ["import numba", "model = torch.compile(model)"], ids=["compiled by numba", "compiled by torch"]
)
def test_code_that_others_compile_is_left_alone(word: str) -> None:
    assert may_loop(b"for x in data: pass")
    assert not may_loop(f"{word}\nfor x in data: pass".encode())


def test_a_function_that_is_compiled_is_left_alone(tmp_path: Path) -> None:
    program = """
        def jit(function): return function
        @jit
        def fast(rows):
            for row in rows: pass
        def slow(rows):
            for row in rows: pass
        NAMES = [function.__code__.co_varnames for function in (fast, slow)]
    """
    assert observe(tmp_path, program).namespace["NAMES"] == [("rows", "row"), ("rows", LOOP_LOCAL, "row")]


COUNTED = """
    def feed(n):
        for i in range(n): yield i
    def passes(batches, times):
        for _ in range(times):
            for batch in batches: pass
    {call}
"""


@pytest.mark.parametrize(
    ("call", "times", "batches"),
    [
        pytest.param("passes(feed(5), 3)", 2, 5, id="in one function"),
        pytest.param("g = feed(5)\n    passes(g, 1)\n    passes(g, 1)", 1, 5, id="in two calls of it"),
        pytest.param("g = feed(5)\n    next(g)\n    passes(g, 2)", 1, 0, id="after a look at the first"),
        pytest.param("passes((i for i in range(5)), 2)", 1, 0, id="an expression that generates"),
        pytest.param("passes(zip(feed(5), feed(6)), 3)", 2, 0, id="a zip of generators"),
        pytest.param("passes(zip(np.zeros(5), [1] * 5), 3)", 2, 0, id="a zip of an array and a list"),
        pytest.param("passes(map(str, range(5)), 2)", 1, 0, id="a map"),
        pytest.param("passes(enumerate([1, 2]), 2)", 1, 0, id="an enumeration"),
        pytest.param("passes(iter([1, 2]), 2)", 1, 0, id="an iterator of a list"),
        pytest.param("passes(filter(None, [0, 0]), 2)", 0, 0, id="a filter that lets nothing through"),
        pytest.param("passes(zip([], []), 3)", 0, 0, id="an empty zip"),
        pytest.param("passes(np.zeros(3), 3)", 0, 0, id="an array"),
        pytest.param("passes(feed(5), 1)", 0, 0, id="once"),
        pytest.param("passes(feed(0), 3)", 0, 0, id="empty"),
        pytest.param("passes((i for i in ()), 3)", 0, 0, id="an empty expression"),
        pytest.param("passes(list(feed(5)), 3)", 0, 0, id="a list"),
        pytest.param("[passes(feed(5), 1) for _ in range(3)]", 0, 0, id="made anew"),
    ],
)
def test_how_often_a_loop_ran_no_turn(call: str, times: int, batches: int, tmp_path: Path) -> None:
    seen = observe(tmp_path, COUNTED.format(call=call))
    drained = [event for event in seen.events if isinstance(event, LoopDrained)]
    assert [(event.times, event.batches, event.name) for event in drained] == [(times, batches, "batches")][:times]
