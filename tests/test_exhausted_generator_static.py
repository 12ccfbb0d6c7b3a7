"""The static half of exhausted-generator against small programs: iterators that are gone through twice, and what only looks like it."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported, source

from pitfallcheck.pitfalls.exhausted_generator import PITFALL
from pitfallcheck.pitfalls.exhausted_generator.static import judge

BROKEN = {
    "zip": """
        X=[1,2]; Y=[1,2]
        pairs = zip(X, Y)
        for epoch in range(10):
            for x, y in pairs:  # PF109: pairs
                print(x, y)
        """,
    "generator function": """
        def batches(X, b):
            for i in range(0, len(X), b):
                yield X[i:i+b]
        gen = batches([1,2,3], 2)
        for epoch in range(10):
            for step, xb in enumerate(gen):  # PF109: gen
                print(xb)
        """,
    "param": """
        def train(data, epochs):
            for epoch in range(epochs):
                for x, y in data:  # PF109: data
                    print(x)
        train(zip([1], [2]), 10)
        """,
    "helper": """
        def one_epoch(model, data):
            for x in data:
                model(x)
        gen = (x for x in [1,2])
        for epoch in range(3):
            one_epoch(print, gen)  # PF109: gen
        """,
    "self": """
        class T:
            def __init__(self, loader):
                self.it = iter(loader)
            def train(self, n):
                for e in range(n):
                    for x in self.it:  # PF109: self.it
                        print(x)
        """,
    "fit": """
        def gen(x, y, b):
            for i in range(0, len(x), b):
                yield x[i:i+b], y[i:i+b]
        x = np.random.rand(1000, 2); y = x.sum(axis=1)
        model.fit(gen(x, y, 32), epochs=5)  # PF109: gen(x, y, 32)
        """,
    "fit steps": """
        def gen(x, y, b):
            for i in range(0, len(x), b):
                yield x[i:i+b], y[i:i+b]
        x = np.random.rand(1000, 2); y = x.sum(axis=1)
        model.fit(gen(x, y, 32), steps_per_epoch=len(x) // 32, epochs=5)  # PF109: gen(x, y, 32)
        """,
    "fit symbolic": """
        import math
        def gen(x, y, b):
            for i in range(0, len(x), b):
                yield x[i:i+b], y[i:i+b]
        def main(x, y, bs):
            model.fit(gen(x, y, bs), steps_per_epoch=math.ceil(len(x) / bs), epochs=3)  # PF109: gen(x, y, bs)
        """,
    "fit loop": """
        def gen(x, y, b):
            for i in range(0, len(x), b):
                yield x[i:i+b], y[i:i+b]
        g = gen([1],[1],1)
        for epoch in range(3):
            model.fit(g)  # PF109: g
        """,
}

FINE = {
    "list": """
        pairs = list(zip([1], [2]))
        for epoch in range(10):
            for x, y in pairs:
                print(x, y)
        """,
    "inside": """
        for epoch in range(10):
            pairs = zip([1], [2])
            for x, y in pairs:
                print(x, y)
        """,
    "param list": """
        def train(data, epochs):
            for epoch in range(epochs):
                for x, y in data:
                    print(x)
        train(list(zip([1], [2])), 10)
        train(zip([1], [2]), 10)
        """,
    "break": """
        it = iter([1,2,3])
        for epoch in range(10):
            for x in it:
                print(x)
                break
        """,
    "remade": """
        it = iter([1,2])
        for e in range(3):
            if e > 0:
                it = iter([1,2])
            for x in it: print(x)
        """,
    "fit enough": """
        def gen(x, y, b):
            for _ in range(5):
                for i in range(0, len(x), b):
                    yield x[i:i+b], y[i:i+b]
        x = np.random.rand(1000, 2); y = x.sum(axis=1)
        model.fit(gen(x, y, 32), steps_per_epoch=len(x) // 32, epochs=5)
        """,
    "fit while true": """
        def gen(x, y, b):
            while True:
                for i in range(0, len(x), b):
                    yield x[i:i+b], y[i:i+b]
        model.fit(gen(x, y, 32), steps_per_epoch=10, epochs=5)
        """,
    "fit one epoch": """
        def gen(x, y, b):
            for i in range(0, len(x), b):
                yield x[i:i+b], y[i:i+b]
        model.fit(gen(x, y, 32), epochs=1)
        """,
    "cycle": """
        import itertools
        it = itertools.cycle([1,2])
        for e in range(3):
            for x in it:
                print(x)
        """,
    "class": """
        class B:
            def __iter__(self):
                for i in range(3): yield i
        b = B()
        for e in range(3):
            for x in b:
                print(x)
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
