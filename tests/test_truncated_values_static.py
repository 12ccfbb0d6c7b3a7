"""Small programs against the static half of truncated-values: floats that are cut to integers."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported, source

from pitfallcheck.lint.fix import apply
from pitfallcheck.pitfalls.truncated_values import PITFALL
from pitfallcheck.pitfalls.truncated_values.static import judge

BROKEN = {
    "halves of odd numbers": """
        f = np.vectorize(lambda v: v / 2 if v % 2 else v // 2)  # PF107 warning: lambda v: v / 2 if v % 2 else v // 2
        print(f([0, 1, 3]))
        """,
    "zero or the input": """
        relu = np.vectorize(lambda v: v if v > 0 else 0)  # PF107 warning: lambda v: v if v > 0 else 0
        relu(np.array([-1., .5]))
        """,
    "two returns": """
        def step(v):
            if v < 0:
                return 0
            return v * 0.5
        g = np.vectorize(step)  # PF107 warning: step
        """,
    "two values of one name": """
        def step(v):
            if v < 0:
                y = 0
            else:
                y = v * 0.5
            return y
        g = np.vectorize(step)  # PF107 warning: step
        """,
    "as a decorator": """
        @np.vectorize  # PF107 warning: np.vectorize
        def g(v):
            return 0 if v < 0 else v / 2
        """,
    "a quotient into np.zeros of integers": """
        y = np.zeros(10, dtype=int)
        for i in range(10):
            y[i] = i / 2  # PF107 warning: y
        """,
    "np.zeros_like of np.arange": """
        x = np.arange(10)
        y = np.zeros_like(x)
        for i in range(10):
            y[i] = 0.5 * x[i] + 1  # PF107: y
        """,
    "one number augmented": """
        a = np.arange(4)
        a[1] += 0.5  # PF107: a
        for i in range(3):
            a[i] /= 2
        """,
    "a torch tensor of long": """
        y = torch.zeros(5, dtype=torch.long)
        y[0] = 0.5  # PF107 warning: y
        y.fill_(0.25)
        """,
    "np.full of an integer": """
        y = np.full(5, 0)
        y[:] = np.random.rand(5)  # PF107: y
        """,
    "np.full_like of integers": """
        x = np.array([1, 2, 3])
        y = np.full_like(x, 0.5)  # PF107: x
        """,
    "a function of the file": """
        def rule(x):
            return 2.5 * x + 1
        y = np.empty(3, dtype=np.int64)
        y[0] = rule(2)  # PF107 warning: y
        """,
    "an array that a parameter is given": """
        def grad(f, x):
            g = np.zeros_like(x)
            for i in range(x.size):
                g[i] = (f(x[i] + 1e-4) - f(x[i])) / 1e-4  # PF107: g
            return g
        grad(lambda v: v**2, np.array([3, 4]))
        """,
    "an attribute": """
        class A:
            def __init__(self, n):
                self.y = np.zeros(n, int)
            def set(self, i):
                self.y[i] = i / 3  # PF107 warning: self.y
        """,
    "means of columns": """
        x = np.random.rand(10, 3)
        m = np.array([0, 0, 0])
        for j in range(3):
            m[j] = x[:, j].mean()  # PF107: m
        """,
    "label smoothing": """
        y = np.array([0, 1, 1])
        y[1] = 0.9  # PF107: y
        """,
    "standardised in place": """
        X = np.array([[1, 2], [3, 4]])
        for j in range(2):
            X[:, j] = (X[:, j] - X[:, j].mean()) / X[:, j].std()  # PF107: X
        """,
    "weights of integers": """
        w = np.array([1, 2, 3])
        for step in range(10):
            for j in range(3):
                w[j] -= 0.1 * gradient(w)[j]  # PF107: w
        """,
    "drawn integers": """
        rng = np.random.default_rng(0)
        x = rng.integers(0, 10, size=5)
        x[0] = x.mean()  # PF107: x
        """,
    "a named lambda": """
        clip = lambda v: 0 if v < 0 else v * 0.5
        f = np.vectorize(clip)  # PF107 warning: clip
        """,
    "imported by name": """
        from numpy import vectorize, arange
        f = vectorize(lambda v: 0 if v < 0 else v / 3)  # PF107 warning: lambda v: 0 if v < 0 else v / 3
        x = arange(4)
        x[1] = 0.25  # PF107: x
        """,
    "numbers of a grid in targets of integers": """
        X = np.linspace(-3, 3, 1000)
        Y = np.zeros(1000, dtype=int)
        for i in range(1000):
            Y[i] = 2 * X[i] + 3  # PF107 warning: Y
        """,
}

FINE = {
    "a function of floats": """
        def func(x):
            return 2 * x + 3
        f = np.vectorize(func)
        f(np.linspace(0, 1, 10))
        """,
    "0.0 or the input": """
        relu = np.vectorize(lambda v: v if v > 0 else 0.0)
        relu(np.array([-1., .5]))
        """,
    "the type is said": """
        g = np.vectorize(lambda v: 0 if v < 0 else v * 0.5, otypes=[float])
        """,
    "zero or an integer input": """
        relu = np.vectorize(lambda v: v if v > 0 else 0)
        relu(np.array([-1, 2]))
        """,
    "np.zeros_like of floats": """
        x = np.arange(10).astype(float)
        y = np.zeros_like(x)
        y[0] = 0.5
        """,
    "whole numbers in many spellings": """
        y = np.zeros(10, dtype=int)
        for i in range(10):
            y[i] = i // 2
            y[i] = round(i / 2)
            y[i] = int(i / 2)
            y[i] = i > 2
            y[i] = 1.0
            y[i] = np.floor(i / 2)
        """,
    "what raises in NumPy": """
        a = np.arange(4)
        a[1:] += 0.5
        """,
    "what raises in torch": """
        y = torch.arange(5)
        y[0] += 0.5
        """,
    "an array that calls give in both types": """
        def grad(f, x):
            g = np.zeros_like(x)
            g[0] = (f(x[0] + 1e-4) - f(x[0])) / 1e-4
            return g
        grad(lambda v: v**2, np.array([3., 4]))
        grad(lambda v: v**2, np.array([3, 4]))
        """,
    "a picture of bytes": """
        img = np.zeros((10, 10), dtype=np.uint8)
        img[:] = np.random.rand(10, 10) * 255
        """,
    "a list": """
        y = [0, 0]
        y[0] = 0.5
        """,
    "floats asked for": """
        X = np.array([[1, 2], [3, 4]], dtype=float)
        X[:, 0] = X[:, 0] / 2
        z = np.array([1, 2.5])
        z[0] = 0.5
        o = np.zeros(3)
        o[0] = 0.5
        t = torch.zeros(3)
        t[0] = 0.5
        """,
    "assigned, not stored": """
        x = np.arange(5)
        x = x / 2
        x[0] = 0.25
        """,
    "whole quotients": """
        idx = np.zeros(4, dtype=int)
        for i in range(4):
            idx[i] = np.floor(i / 2)
            idx[i] = np.argmax([0.1, 0.9])
            idx[i] = len([1]) * 2
        """,
    "two kinds on two paths": """
        def f(flag):
            x = np.arange(3) if flag else np.zeros(3)
            x[0] = 0.5
            return x
        """,
    "always an integer": """
        sign = np.vectorize(lambda v: 1 if v > 0 else 0)
        sign(np.linspace(-1, 1, 5))
        """,
    "an unknown function": """
        from mine import rule
        f = np.vectorize(rule)
        y = np.zeros(3, dtype=int)
        y[0] = rule(2)
        """,
    "a grid of whole numbers": """
        def inverse(P, n):
            p = np.zeros(n, dtype=int)
            p[P] = np.linspace(0, n - 1, n)
            q = np.zeros(5, dtype=int)
            q[:] = np.linspace(0, 8, 5)
            return p, q
        """,
}


@pytest.mark.parametrize("program", BROKEN.values(), ids=BROKEN)
def test_reports_what_is_broken(program: str) -> None:
    assert announced(program)
    assert reported(judge, program) == announced(program)


@pytest.mark.parametrize("program", FINE.values(), ids=FINE)
def test_is_silent_about_what_is_fine(program: str) -> None:
    assert reported(judge, program) == set()


@pytest.mark.parametrize("program", BROKEN.values(), ids=BROKEN)
def test_the_screen_lets_it_through(program: str) -> None:
    assert PITFALL.may_be_in(source(program).text.encode())


MENDED = {
    "a lambda": (
        "f = np.vectorize(lambda v: 0 if v < 0 else v / 2)\n",
        "f = np.vectorize(lambda v: 0 if v < 0 else v / 2, otypes=[float])\n",
        True,
    ),
    "a function": (
        "def half(v):\n    if v < 0:\n        return 0\n    return v * 0.5\n\nprint(np.vectorize(half)([1, 2]))\n",
        "def half(v):\n    if v < 0:\n        return 0\n    return v * 0.5\n\n"
        "print(np.vectorize(half, otypes=[float])([1, 2]))\n",
        True,
    ),
    # The results may be float32 now, if the input is, and would be float64 then.
    "an input that is handed back": (
        "relu = np.vectorize(lambda v: v if v > 0 else 0)\n",
        "relu = np.vectorize(lambda v: v if v > 0 else 0, otypes=[float])\n",
        False,
    ),
}


@pytest.mark.parametrize(("program", "expected", "safe"), MENDED.values(), ids=MENDED)
def test_vectorize_is_told_the_type(program: str, expected: str, safe: bool) -> None:
    parsed = source(program)
    (found,) = judge(parsed)
    assert found.fix is not None
    assert found.fix.safe is safe
    assert apply(parsed.text, [found.fix]) == source(expected).text
    assert list(judge(source(expected))) == []


def test_an_array_is_reported_once_with_the_places_of_its_other_stores() -> None:
    (found,) = judge(source("x = np.arange(4)\nx[0] = 0.5\nx[1] = 0.25\n"))
    assert [fact.kind for fact in found.evidence] == ["allocated", "stored"]
    assert found.location.line + 1 == found.evidence[1].line
