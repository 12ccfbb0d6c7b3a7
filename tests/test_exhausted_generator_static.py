"""Small programs against the static half of exhausted-generator: iterators that are gone through twice."""

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
    "a generator function, enumerated": """
        def batches(X, b):
            for i in range(0, len(X), b):
                yield X[i:i+b]
        gen = batches([1,2,3], 2)
        for epoch in range(10):
            for step, xb in enumerate(gen):  # PF109: gen
                print(xb)
        """,
    "a parameter that is given zip": """
        def train(data, epochs):
            for epoch in range(epochs):
                for x, y in data:  # PF109: data
                    print(x)
        train(zip([1], [2]), 10)
        """,
    "a helper that goes through it": """
        def one_epoch(model, data):
            for x in data:
                model(x)
        gen = (x for x in [1,2])
        for epoch in range(3):
            one_epoch(print, gen)  # PF109: gen
        """,
    "an attribute": """
        class T:
            def __init__(self, loader):
                self.it = iter(loader)
            def train(self, n):
                for e in range(n):
                    for x in self.it:  # PF109: self.it
                        print(x)
        """,
    "fit without steps": """
        def gen(x, y, b):
            for i in range(0, len(x), b):
                yield x[i:i+b], y[i:i+b]
        x = np.random.rand(1000, 2); y = x.sum(axis=1)
        model.fit(gen(x, y, 32), epochs=5)  # PF109: gen(x, y, 32)
        """,
    "fit with as many steps as batches": """
        def gen(x, y, b):
            for i in range(0, len(x), b):
                yield x[i:i+b], y[i:i+b]
        x = np.random.rand(1000, 2); y = x.sum(axis=1)
        model.fit(gen(x, y, 32), steps_per_epoch=len(x) // 32, epochs=5)  # PF109: gen(x, y, 32)
        """,
    "fit with sizes that are not known": """
        import math
        def gen(x, y, b):
            for i in range(0, len(x), b):
                yield x[i:i+b], y[i:i+b]
        def main(x, y, bs):
            model.fit(gen(x, y, bs), steps_per_epoch=math.ceil(len(x) / bs), epochs=3)  # PF109: gen(x, y, bs)
        """,
    "fit in a loop": """
        def gen(x, y, b):
            for i in range(0, len(x), b):
                yield x[i:i+b], y[i:i+b]
        g = gen([1],[1],1)
        for epoch in range(3):
            model.fit(g)  # PF109: g
        """,
    "map and filter": """
        xs = filter(None, map(float, ["1", "2"]))
        for epoch in range(3):
            for x in xs:  # PF109: xs
                print(x)
        """,
    "a comprehension in each epoch": """
        gen = (i * i for i in range(10))
        for epoch in range(3):
            losses = [x + 1 for x in gen]  # PF109: gen
        """,
    "a list in each epoch": """
        import itertools
        it = itertools.islice(range(100), 10)
        for epoch in range(3):
            batch = list(it)  # PF109: it
        """,
    "in a function with a while loop": """
        def train(n):
            data = zip(range(3), range(3))
            epoch = 0
            while epoch < n:
                for a, b in data:  # PF109: data
                    print(a, b)
                epoch += 1
        train(5)
        """,
    "a progress bar": """
        from tqdm import tqdm
        def batches():
            for i in range(3):
                yield i
        source = batches()
        for epoch in range(3):
            for x in tqdm(source):  # PF109: source
                print(x)
        """,
    "fit with too many steps in one epoch": """
        x = np.random.rand(640, 2)
        def gen(bs):
            for i in range(0, len(x), bs):
                yield x[i:i + bs], x[i:i + bs]
        model.fit(gen(32), steps_per_epoch=50)  # PF109: gen(32)
        """,
    "generator expression into fit": """
        x = np.random.rand(640, 2)
        model.fit((x[i:i + 9] for i in range(0, 640, 9)), epochs=4)  # PF109: (x[i:i + 9] for i in range(0, 640, 9))
        """,
}

FINE = {
    "a list of zip": """
        pairs = list(zip([1], [2]))
        for epoch in range(10):
            for x, y in pairs:
                print(x, y)
        """,
    "zip in each epoch": """
        for epoch in range(10):
            pairs = zip([1], [2])
            for x, y in pairs:
                print(x, y)
        """,
    "a parameter that is given both": """
        def train(data, epochs):
            for epoch in range(epochs):
                for x, y in data:
                    print(x)
        train(list(zip([1], [2])), 10)
        train(zip([1], [2]), 10)
        """,
    "one item for each epoch": """
        it = iter([1,2,3])
        for epoch in range(10):
            for x in it:
                print(x)
                break
        """,
    "made anew from the second epoch on": """
        it = iter([1,2])
        for e in range(3):
            if e > 0:
                it = iter([1,2])
            for x in it: print(x)
        """,
    "fit with a generator of all epochs": """
        def gen(x, y, b):
            for _ in range(5):
                for i in range(0, len(x), b):
                    yield x[i:i+b], y[i:i+b]
        x = np.random.rand(1000, 2); y = x.sum(axis=1)
        model.fit(gen(x, y, 32), steps_per_epoch=len(x) // 32, epochs=5)
        """,
    "fit with an endless generator": """
        def gen(x, y, b):
            while True:
                for i in range(0, len(x), b):
                    yield x[i:i+b], y[i:i+b]
        model.fit(gen(x, y, 32), steps_per_epoch=10, epochs=5)
        """,
    "fit for one epoch": """
        def gen(x, y, b):
            for i in range(0, len(x), b):
                yield x[i:i+b], y[i:i+b]
        model.fit(gen(x, y, 32), epochs=1)
        """,
    "itertools.cycle": """
        import itertools
        it = itertools.cycle([1,2])
        for e in range(3):
            for x in it:
                print(x)
        """,
    "a class with __iter__": """
        class B:
            def __iter__(self):
                for i in range(3): yield i
        b = B()
        for e in range(3):
            for x in b:
                print(x)
        """,
    "a loader is no iterator": """
        loader = DataLoader(TensorDataset(x, y), batch_size=8)
        for epoch in range(3):
            for a, b in loader:
                print(a)
            for a, b in enumerate(loader):
                print(a)
        """,
    "an iterator of the epoch": """
        for epoch in range(3):
            it = iter([1, 2])
            for x in it:
                print(x)
        """,
    "only once": """
        gen = (i for i in range(3))
        for x in gen:
            print(x)
        """,
    "the first loop returns": """
        def first(gen):
            for attempt in range(3):
                for x in gen:
                    print(x)
                return x
        first(i for i in range(3))
        """,
    "what is left is taken later": """
        it = iter(range(10))
        for part in range(3):
            for x in it:
                if x % 3 == 2:
                    break
        """,
    "two different": """
        def show(rows):
            for row in rows:
                print(row)
        for epoch in range(3):
            show(zip(range(3), range(3)))
        """,
    "fit counts more batches than steps": """
        x = np.random.rand(640, 2)
        def gen(bs):
            for _ in range(10):
                for i in range(0, len(x), bs):
                    yield x[i:i + bs], x[i:i + bs]
        model.fit(gen(32), steps_per_epoch=20, epochs=10)
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


def test_the_batches_a_generator_has_and_fit_asks_for_are_counted() -> None:
    program = """
        x = np.zeros((640, 2))
        def batches(size):
            for i in range(0, len(x), size):
                yield x[i:i + size]
        model.fit(batches(100), steps_per_epoch=7, epochs=3)
        """
    (found,) = judge(source(program))
    assert "`batches(100)` gives 7 batches and ends, and `fit` asks for 21" in found.message
