"""The static half of truncated-values against small programs: floats that are cut to integers, and what only looks like it."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported, source

from pitfallcheck.pitfalls.truncated_values import PITFALL
from pitfallcheck.pitfalls.truncated_values.static import judge

BROKEN = {
    "C5": """
        f = np.vectorize(lambda v: v / 2 if v % 2 else v // 2)  # PF107 warning: lambda v: v / 2 if v % 2 else v // 2
        print(f([0, 1, 3]))
        """,
    "relu": """
        relu = np.vectorize(lambda v: v if v > 0 else 0)  # PF107 warning: lambda v: v if v > 0 else 0
        relu(np.array([-1., .5]))
        """,
    "def": """
        def step(v):
            if v < 0:
                return 0
            return v * 0.5
        g = np.vectorize(step)  # PF107 warning: step
        """,
    "name": """
        def step(v):
            if v < 0:
                y = 0
            else:
                y = v * 0.5
            return y
        g = np.vectorize(step)  # PF107 warning: step
        """,
    "decorator": """
        @np.vectorize  # PF107 warning: np.vectorize
        def g(v):
            return 0 if v < 0 else v / 2
        """,
    "store": """
        y = np.zeros(10, dtype=int)
        for i in range(10):
            y[i] = i / 2  # PF107 warning: y
        """,
    "zeros_like": """
        x = np.arange(10)
        y = np.zeros_like(x)
        for i in range(10):
            y[i] = 0.5 * x[i] + 1  # PF107: y
        """,
    "aug one": """
        a = np.arange(4)
        a[1] += 0.5  # PF107: a
        for i in range(3):
            a[i] /= 2
        """,
    "torch": """
        y = torch.zeros(5, dtype=torch.long)
        y[0] = 0.5  # PF107 warning: y
        y.fill_(0.25)
        """,
    "full": """
        y = np.full(5, 0)
        y[:] = np.random.rand(5)  # PF107: y
        """,
    "full_like": """
        x = np.array([1, 2, 3])
        y = np.full_like(x, 0.5)  # PF107: x
        """,
    "function": """
        def rule(x):
            return 2.5 * x + 1
        y = np.empty(3, dtype=np.int64)
        y[0] = rule(2)  # PF107 warning: y
        """,
    "param": """
        def grad(f, x):
            g = np.zeros_like(x)
            for i in range(x.size):
                g[i] = (f(x[i] + 1e-4) - f(x[i])) / 1e-4  # PF107: g
            return g
        grad(lambda v: v**2, np.array([3, 4]))
        """,
    "self": """
        class A:
            def __init__(self, n):
                self.y = np.zeros(n, int)
            def set(self, i):
                self.y[i] = i / 3  # PF107 warning: self.y
        """,
    "mean": """
        x = np.random.rand(10, 3)
        m = np.array([0, 0, 0])
        for j in range(3):
            m[j] = x[:, j].mean()  # PF107: m
        """,
}

FINE = {
    "floats": """
        def func(x):
            return 2 * x + 3
        f = np.vectorize(func)
        f(np.linspace(0, 1, 10))
        """,
    "relu ok": """
        relu = np.vectorize(lambda v: v if v > 0 else 0.0)
        relu(np.array([-1., .5]))
        """,
    "otypes": """
        g = np.vectorize(lambda v: 0 if v < 0 else v * 0.5, otypes=[float])
        """,
    "relu ints": """
        relu = np.vectorize(lambda v: v if v > 0 else 0)
        relu(np.array([-1, 2]))
        """,
    "zeros_like float": """
        x = np.arange(10).astype(float)
        y = np.zeros_like(x)
        y[0] = 0.5
        """,
    "floordiv": """
        y = np.zeros(10, dtype=int)
        for i in range(10):
            y[i] = i // 2
            y[i] = round(i / 2)
            y[i] = int(i / 2)
            y[i] = i > 2
            y[i] = 1.0
            y[i] = np.floor(i / 2)
        """,
    "raise": """
        a = np.arange(4)
        a[1:] += 0.5
        """,
    "torch aug (raises)": """
        y = torch.arange(5)
        y[0] += 0.5
        """,
    "param mixed": """
        def grad(f, x):
            g = np.zeros_like(x)
            g[0] = (f(x[0] + 1e-4) - f(x[0])) / 1e-4
            return g
        grad(lambda v: v**2, np.array([3., 4]))
        grad(lambda v: v**2, np.array([3, 4]))
        """,
    "uint8": """
        img = np.zeros((10, 10), dtype=np.uint8)
        img[:] = np.random.rand(10, 10) * 255
        """,
    "list": """
        y = [0, 0]
        y[0] = 0.5
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
