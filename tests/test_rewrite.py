"""Instrumented code: what is watched in a file and where, and that a failure of the watch is never the program's."""

from __future__ import annotations

import traceback
from pathlib import Path
from textwrap import dedent

import pytest
from observing import installed, observe

from pitfallcheck.observe import watch
from pitfallcheck.observe.rewrite import compiled, needs_watching
from pitfallcheck.observe.session import Session

WATCHED: dict[str, tuple[str, list[tuple[str, str, int]]]] = {
    "a generator": (
        """
        def feed():
            yield np.zeros(2)
        list(feed())
        """,
        [("generator", "feed", 4)],
    ),
    "every yield of it": (
        """
        def feed():
            yield np.zeros(2)
            while True:
                yield (
                    np.zeros(2),
                    1,
                )
                return
        list(feed())
        """,
        [("generator", "feed", 4), ("generator", "feed", 6)],
    ),
    "a nested one": (
        """
        def make(n):
            def feed():
                yield np.zeros(n)
            return feed()
        list(make(3))
        """,
        [("generator", "make.<locals>.feed", 5)],
    ),
    "a method, a static one and a class's": (
        """
        class Feed:
            def __iter__(self): yield np.zeros(2)
            @staticmethod
            def static(): yield np.zeros(2)
            @classmethod
            def of(cls): yield np.zeros(2)
        list(Feed()); list(Feed.static()); list(Feed.of())
        """,
        [("generator", "Feed.__iter__", 4), ("generator", "Feed.of", 8), ("generator", "Feed.static", 6)],
    ),
    "a decorated one": (
        """
        import functools
        def twice(f):
            @functools.wraps(f)
            def wrapper(): return list(f()) * 2
            return wrapper
        @twice
        def feed():
            yield np.zeros(2)
        feed()
        """,
        [("generator", "feed", 10)],
    ),
    "an asynchronous one": (
        """
        import asyncio
        async def feed():
            for i in range(3):
                await asyncio.sleep(0)
                yield np.zeros(2)
        async def go(): return [x async for x in feed()]
        asyncio.run(go())
        """,
        [("generator", "feed", 7)],
    ),
    "an iterator and a data set": (
        """
        class Rows:
            left = 3
            def __next__(self):
                self.left -= 1
                return np.zeros(2)
            def __getitem__(self, i):
                if i: return np.zeros(2)
                return np.ones(2)
        rows = Rows(); next(rows); rows[0]; rows[1]
        """,
        [("dataset", "Rows.__getitem__", 9), ("dataset", "Rows.__getitem__", 10), ("iterator", "Rows.__next__", 7)],
    ),
    "yielded in a lambda, a comprehension, a context manager": (
        """
        import contextlib
        @contextlib.contextmanager
        def managed(): yield np.zeros(2)
        with managed(): pass
        list((lambda: (yield np.zeros(2)))())
        list(np.zeros(2) for _ in range(3))
        """,
        [],
    ),
    "a function called __getitem__ that is no method": (
        """
        def __getitem__(i): return np.zeros(2)
        __getitem__(1)
        """,
        [],
    ),
    "nothing but constants": (
        """
        def feed():
            yield
            yield None
            yield "x"
        list(feed())
        """,
        [],
    ),
}


@pytest.mark.parametrize("name", WATCHED)
def test_what_is_watched(name: str, tmp_path: Path) -> None:
    program, expected = WATCHED[name]
    seen = observe(tmp_path, program)
    assert sorted((source.kind, source.at.function, source.at.line) for source in seen.sources) == expected
    assert all(source.at.path == str(tmp_path / "program.py") for source in seen.sources)


def test_a_generator_that_looks_at_its_own_variables_is_left_alone_and_named(tmp_path: Path) -> None:
    program = "def feed():\n    a = np.zeros(2)\n    yield dict(locals())\nVALUE = list(feed())"
    seen = observe(tmp_path, program)
    assert seen.sources == []
    assert [(item.what, item.why) for item in seen.skipped] == [("feed", "it looks at its own local variables")]
    assert [sorted(value) for value in seen.namespace["VALUE"]] == [["a"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize("broken", ["leaves_of", "consumer_of", "owner_name"])
def test_a_failure_of_ours_is_told_and_not_felt(broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(watch, broken, fail)
    program = """
        def feed():
            x = np.zeros(2)
            for i in range(5):
                x[:] = i + 1
                yield x
        SUMS = [batch.sum() for batch in feed()]
    """
    seen = observe(tmp_path, program)
    assert seen.namespace["SUMS"] == [2.0, 4.0, 6.0, 8.0, 10.0]
    assert [item.why for item in seen.skipped] == ["pitfallcheck itself failed here: ZeroDivisionError: ours"]


FAILING = """
def feed(values):
    for value in values:
        x = [value]
        yield (1 / value,
               x["a"] if value == 2 else x)


def outer():
    yield from feed(VALUES)


list(outer())
"""


@pytest.mark.parametrize("values", [[1, 0], [2], [None]])
def test_a_traceback_shows_the_lines_and_marks_of_the_source(values: list[object], tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(FAILING, encoding="utf-8")

    def traceback_of(code: object) -> list[str]:
        try:
            exec(code, {"VALUES": values})  # type: ignore[arg-type]
        except Exception as error:
            return traceback.format_exception(error)[2:]
        raise AssertionError("it did not fail")

    plain = traceback_of(compile(FAILING, str(path), "exec"))
    with installed() as session:
        assert traceback_of(compiled(FAILING.encode(), str(path), session)) == plain


def test_a_file_without_anything_to_watch_is_compiled_as_it_is() -> None:
    assert not needs_watching(b"import numpy as np\nx = np.zeros(3)\n")
    code = compiled(b"x = 1\n", "/nowhere/x.py", Session())
    assert code == compile(b"x = 1\n", "/nowhere/x.py", "exec", dont_inherit=True)


@pytest.mark.parametrize("text", ["def f(:\n    yield 1\n", "yield 1\n", "def f():\n    yield = 3\n", "x = '\0yield'"])
def test_a_syntax_error_is_that_of_python(text: str) -> None:
    with pytest.raises((SyntaxError, ValueError)) as plain:
        compile(text, "/nowhere/x.py", "exec")
    with pytest.raises((SyntaxError, ValueError)) as ours:
        compiled(text.encode(), "/nowhere/x.py", Session())
    assert ours.value.args == plain.value.args
    assert ours.value.__context__ is None or ours.value.__suppress_context__


def test_the_name_of_a_function_survives(tmp_path: Path) -> None:
    program = dedent(
        """
        def feed(n: int = 3) -> "int":
            "What it does."
            yield n
        """
    )
    feed = observe(tmp_path, program).namespace["feed"]
    assert (feed.__name__, feed.__doc__, feed.__defaults__) == ("feed", "What it does.", (3,))  # type: ignore[attr-defined]
    assert feed.__annotations__ == {"n": int, "return": "int"}


def test_a_function_runs_where_its_hooks_are_not(tmp_path: Path) -> None:
    program = """
        def feed(n):
            "Pickled by value, it is run in a worker that is not observed."
            got = yield [n]
            yield [got]
        class Rows:
            def __getitem__(self, i): return [i]
    """
    namespace = observe(tmp_path, program).namespace
    generator = namespace["feed"](3)  # type: ignore[operator]
    assert (next(generator), generator.send(4)) == ([3], [4])
    assert namespace["Rows"]()[5] == [5]  # type: ignore[operator]
