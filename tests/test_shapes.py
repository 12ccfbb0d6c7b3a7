"""What the walk says about an array is what NumPy makes of it, for programs that nobody thought of."""

from __future__ import annotations

import ast
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pitfallcheck.lint.shapes.values import Array, Number, Value
from pitfallcheck.lint.shapes.walk import Walk
from pitfallcheck.lint.source import Source

NAMES = ("a", "b", "c")


def words(text: str) -> list[str]:
    """The expressions in `text`, between bars."""
    return text.split("|")


name = st.sampled_from(NAMES)
axis = st.sampled_from(["0", "1", "-1", "2", "None", "(0, 1)"])
made = st.sampled_from(
    words(
        "np.zeros((4, 2))|np.zeros(4)|np.ones((4,))|np.arange(5)|rng.normal(size=(4, 1))|np.eye(3)"
        "|rng.random((4, 3, 2))|np.random.rand(4, 2)|np.full((2, 3), 1.0)|np.array([1, 2, 3])"
        "|np.array([[1.0], [2.0]])|np.array(3.0)|np.float64(2)|np.array([float(i) for i in range(4)])"
        "|np.array([[i, i + 1] for i in range(4)])|np.linspace(0, 1, 7)|rng.integers(0, 9, 4)|rng.integers(0, 3)"
        "|np.random.randn(3)"
    )
)
index = st.lists(
    st.sampled_from(words(":|0|-1|:1|0:1|1:|None|...|np.newaxis|::2|:-1|-1:|1:3|[0, 1]|np.array([0, 1])")),
    min_size=1,
    max_size=3,
).map(", ".join)
reduction = st.sampled_from(["mean", "sum", "max", "std", "argmax"])
function = st.sampled_from(
    words(
        "np.sin(@)|@.astype(float)|np.sqrt(np.abs(@))|@.copy()|@.T|@.ravel()|@.flatten()|@.reshape(-1)"
        "|@.reshape(-1, 1)|-@|@.reshape((1, -1))|np.squeeze(@)|@.squeeze(-1)|np.squeeze(@, axis=1)"
        "|np.expand_dims(@, -1)|np.expand_dims(@, 0)|@ ** 2|2 * @|@.transpose()|np.atleast_1d(@)|np.atleast_2d(@)"
        "|np.asarray(@)|np.zeros_like(@)|np.where(@ > 0, 1, @)|np.stack([@, @])|np.stack([@, @], axis=-1)"
        "|np.concatenate([@, @])|np.concatenate([@, @], axis=-1)|np.vstack([@, @])|np.column_stack([@, @])"
        "|np.hstack([@, @])|abs(@)|np.cumsum(@)|np.cumsum(@, axis=0)|np.zeros(@.shape)|np.diff(@)"
        "|np.zeros(@.shape[0])|np.zeros(len(@))|np.zeros((@.shape[0], 1))|np.zeros(@.shape[:-1] + (1,))|@ > 0"
        "|np.tile(@, 2)|np.array([r.sum() for r in @])|np.swapaxes(@, 0, 1)|np.matmul(@, @)|np.linalg.norm(@)"
        "|np.linalg.norm(@, axis=1)|np.median(@, axis=1)|np.average(@, axis=0)|np.percentile(@, 50)"
        "|np.percentile(@, [5, 50])|np.sort(@, axis=None)|np.sum(@, 0, float)|np.array([r for r in @])"
        "|np.empty_like(@, shape=(3,))|np.unique(@)|np.repeat(@, 2)"
    )
)
expression: st.SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        name,
        made,
        st.builds(lambda text, inner: text.replace("@", f"({inner})"), function, st.one_of(name, expression)),
        st.builds("{}[{}]".format, name, index),
        st.builds("np.{}({}, axis={})".format, reduction, name, axis),
        st.builds("{}.{}({}, keepdims=True)".format, name, reduction, axis),
        st.builds("({} {} {})".format, expression, st.sampled_from(["+", "-", "*", "@"]), expression),
    )
)


def indented(*lines: str) -> list[str]:
    return [f"    {line}" for line in lines]


block: st.SearchStrategy[list[str]] = st.deferred(
    lambda: st.lists(statement, min_size=1, max_size=3).map(lambda parts: [line for part in parts for line in part])
)
statement: st.SearchStrategy[list[str]] = st.one_of(
    st.builds(lambda to, value: [f"{to} = {value}"], name, expression),
    st.builds(lambda to, value: [f"{to} += {value}"], name, expression),
    st.builds(lambda one, two: ["if flag:", *indented(*one), "else:", *indented(*two)], block, block),
    st.builds(lambda body: ["for i in range(3):", *indented(*body)], block),
    st.builds(lambda body: ["for i in range(3):", *indented("if flag:", "    continue", *body)], block),
    st.builds(lambda body: ["while True:", *indented(*body, "break")], block),
    st.builds(
        lambda one, two: ["try:", *indented(*one, "1 / flag"), "except Exception:", *indented(*two)], block, block
    ),
    st.builds(
        lambda to, value: [f"def f({to}, k=3):", *indented(f"return {value}"), f"{to} = f({to})"], name, expression
    ),
    st.builds(lambda to, value: [f"{to} = (lambda {to}: {value})({to})"], name, expression),
)
program = st.builds(
    lambda first, rest: [*(f"{to} = {value}" for to, value in zip(NAMES, first, strict=True)), *rest],
    st.tuples(made, made, made),
    block,
)


def walked(text: str) -> Walk:
    walk = Walk(Source("program.py", text, ast.parse(text)))
    walk.block(walk.source.tree.body)
    return walk


def holds(said: Value, real: object) -> bool:
    """Whether `said` is true of the value that the program really computed."""
    if isinstance(said, Number):
        return np.ndim(real) == 0
    if not isinstance(said, Array):
        return True
    shape = np.shape(real)  # type: ignore[arg-type]
    return len(shape) == len(said.dims) and all(
        dim in (None, length) for dim, length in zip(said.dims, shape, strict=True)
    )


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(program, st.booleans())
def test_a_shape_that_is_told_is_the_real_one(lines: list[str], flag: bool) -> None:
    text = "\n".join(["import numpy as np", "rng = np.random.default_rng(0)", *lines, ""])
    real: dict[str, object] = {"flag": flag}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(text, real)
        except Exception:
            return
    said = walked(text).state.names
    assert all(holds(said.get(to), real[to]) for to in NAMES), {to: (said.get(to), np.shape(real[to])) for to in NAMES}


@pytest.mark.parametrize(
    ("statement", "dims"),
    [
        ("y = np.zeros((n, 2))[:, 0]", (None,)),
        ("y = np.zeros((n, 2))[:, :1]", (None, 1)),
        ("y = np.zeros((n, 2)).mean(axis=1, keepdims=True)", (None, 1)),
        ("y = np.zeros(batch_size)", (None,)),
        ("y = np.zeros(shape)", None),
        ("y = np.load('y.npy')", None),
        ("y = np.zeros(4)\nif n:\n    y = y[:, None]", None),
        ("y = np.zeros((4, 1))\nfor i in range(n):\n    y = np.squeeze(y)", None),
        ("y = np.zeros(4)\ny.shape = (4, 1)", None),
        ("y = np.zeros(4)\ny.resize((4, 1))", None),
        ("y = [1.0]\ny.append(2.0)\ny = np.array(y)", None),
        ("def f():\n    global y\n    y = np.zeros((4, 1))\ny = np.zeros(4)\nf()", None),
    ],
)
def test_what_is_told_and_what_stays_unknown(statement: str, dims: tuple[int | None, ...] | None) -> None:
    walk = walked(f"import numpy as np\n{statement}\n")
    said = walk.lookup("y")
    assert (said.dims if isinstance(said, Array) else None) == dims
