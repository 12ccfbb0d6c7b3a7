"""Small programs against the static half of unreachable-samples: draws that leave samples out."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported, source

from pitfallcheck.pitfalls.unreachable_samples import PITFALL
from pitfallcheck.pitfalls.unreachable_samples.static import judge

BROKEN = {
    "windows between drawn starts": """
        X = np.linspace(-3, 3, 1000).reshape(-1, 1)
        def train(size, steps=100, batchsize=10):
            for i in range(steps):
                idx = np.random.randint(0, 1000 - batchsize)  # PF104 warning: X
                x = X[idx:idx + batchsize]
        train(2, batchsize=1)
        train(3)
        """,
    "an index below len - 1": """
        rng = np.random.default_rng(0)
        x = rng.normal(size=(500, 2)); y = x.sum(axis=1)
        for _ in range(10):
            i = rng.integers(0, len(x) - 1, size=32)  # PF104 warning: x
            xb, yb = x[i], y[i]
        """,
    "windows of a comprehension, without targets": """
        data = torch.randn(1000, 3)
        def get_batch(block, bs):
            ix = torch.randint(len(data) - block, (bs,))  # PF104 warning: data
            x = torch.stack([data[i:i+block] for i in ix])
            return x
        """,
    "the exclusive bound of randrange": """
        import random
        def f(x):
            i = random.randrange(len(x) - 1)  # PF104 warning: x
            return x[i]
        """,
    "a batch left out for indices": """
        def f(x, y, batch):
            n = x.shape[0]
            i = np.random.randint(0, n - batch, batch)  # PF104 warning: x
            return x[i], y[i]
        """,
    "a generator object that an annotation names": """
        def f(x, rng: np.random.Generator):
            i = rng.integers(0, len(x) - 1)  # PF104 warning: x
            return x[i]
        """,
    "windows of a data set": """
        class W(Dataset):
            def __init__(self, data, w):
                self.data, self.w = data, w
            def __len__(self):
                return len(self.data) - self.w  # PF104 warning: self.data
            def __getitem__(self, i):
                return self.data[i:i + self.w]
        """,
    "int of a random number times a length": """
        import random
        X = list(range(100))
        i = int(random.random() * (len(X) - 1))  # PF104 warning: X
        print(X[i])
        """,
    "tf.gather": """
        X = tf.random.normal([100, 2])
        i = tf.random.uniform([32], 0, 99, dtype=tf.int32)  # PF104 warning: X
        b = tf.gather(X, i)
        """,
    "JAX": """
        X = jax.random.normal(jax.random.PRNGKey(0), (100, 2))
        i = jax.random.randint(jax.random.PRNGKey(0), (8,), 0, X.shape[0] - 1)  # PF104 warning: X
        b = X[i]
        """,
    "choice of a number": """
        X = np.random.rand(100, 2)
        i = np.random.choice(len(X) - 1, 32)  # PF104 warning: X
        b = X[i]
        """,
    "a window that ends before the drawn index": """
        def f(x, w):
            i = np.random.randint(w, len(x))  # PF104 warning: x
            return x[i - w:i]
        """,
    "a method and its object's attributes": """
        class T:
            def __init__(self, x, bs):
                self.x = x
                self.n = len(x)
                self.bs = bs
            def batch(self):
                s = np.random.randint(0, self.n - self.bs)  # PF104 warning: self.x
                return self.x[s:s + self.bs]
        """,
    "a loop that stops one batch early": """
        x = np.random.rand(1000, 2)
        for i in range(0, len(x) - 100, 100):  # PF104 warning: x
            b = x[i:i + 100]
        """,
    "list of draws": """
        import random
        X = np.random.rand(100, 2)
        picked = [random.randrange(0, len(X) - 1) for _ in range(16)]  # PF104 warning: X
        xb = X[picked]
        """,
    "inclusive and one too low": """
        import random
        def f(data, length):
            start = random.randint(0, len(data) - length - 2)  # PF104 warning: data
            return data[start:start + length], data[start + 1:start + length + 1]
        """,
    "one argument": """
        rng = np.random.default_rng(0)
        X = rng.random((500, 3))
        s = rng.integers(len(X) - 16)  # PF104 warning: X
        b = X[s:s + 16]
        """,
    "item of a torch draw": """
        def sample_batch(data, bs):
            i = torch.randint(0, len(data) - bs, (1,)).item()  # PF104 warning: data
            return data[i:i + bs]
        """,
    "int of uniform": """
        X = np.random.rand(100, 2)
        i = int(np.random.uniform(0, len(X) - 1))  # PF104 warning: X
        b = X[i]
        """,
    "counts beside": """
        X = np.random.rand(100, 2)
        hits = np.zeros(100, int)
        seen = set()
        for _ in range(1000):
            idx = np.random.randint(0, len(X) - 1, 8)  # PF104 warning: X
            hits[idx] += 1
            seen.update(idx.tolist())
            b = X[idx]
        """,
    "length minus one in a data set": """
        class D(Dataset):
            def __init__(self, x, y):
                self.x, self.y = x, y
            def __len__(self):
                return len(self.x) - 1  # PF104 warning: self.x
            def __getitem__(self, i):
                return self.x[i], self.y[i]
        """,
}

FINE = {
    "a seed for text that a loop learned from": """
        import random
        import numpy as np
        text = open("a.txt").read()
        sentences, following = [], []
        for i in range(0, len(text) - 40, 3):
            sentences.append(text[i : i + 40])
            following.append(text[i + 40])
        model.fit(np.array(sentences), np.array(following))
        start = random.randint(0, len(text) - 40 - 1)
        seed = text[start : start + 40]
    """,
    "windows that reach the end": """
        X = np.linspace(-3, 3, 1000).reshape(-1, 1)
        def train(size, steps=100, batchsize=10):
            for i in range(steps):
                idx = np.random.randint(0, 1000 - batchsize + 1)
                x = X[idx:idx + batchsize]
        """,
    "windows with targets one step on": """
        data = torch.randint(0, 10, (1000,))
        def get_batch(block, bs):
            ix = torch.randint(len(data) - block, (bs,))
            x = torch.stack([data[i:i+block] for i in ix])
            y = torch.stack([data[i+1:i+1+block] for i in ix])
            return x, y
        """,
    "the inclusive bound of the standard library": """
        import random
        def f(x):
            i = random.randint(0, len(x) - 1)
            return x[i]
        """,
    "the next sample is read as well": """
        def f(x):
            i = np.random.randint(0, len(x) - 1)
            return x[i], x[i + 1]
        """,
    "an inclusive bound by endpoint": """
        def f(x, rng: np.random.Generator):
            i = rng.integers(0, len(x) - 1, endpoint=True)
            return x[i]
        """,
    "windows of a data set with a target": """
        class W(Dataset):
            def __init__(self, data, w):
                self.data, self.w = data, w
            def __len__(self):
                return len(self.data) - self.w
            def __getitem__(self, i):
                return self.data[i:i + self.w], self.data[i + self.w]
        """,
    "an index that skips another": """
        def f(x, i):
            j = np.random.randint(0, len(x) - 1)
            if j >= i:
                j += 1
            return x[j]
        """,
    "the last sample is held out": """
        def f(x):
            j = np.random.randint(0, len(x) - 1)
            return x[j], x[-1]
        """,
    "choice of a range": """
        import random
        X = [1,2,3]
        b = X[random.choice(range(len(X)))]
        """,
    "an index that goes elsewhere as well": """
        def f(x, g):
            i = np.random.randint(0, len(x) - 1)
            return x[i], g(i)
        """,
    "an index taken round the end": """
        def f(x):
            i = np.random.randint(0, len(x) - 1)
            return x[i], x[(i + 5) % 10]
        """,
    "a loop that stops one batch early": """
        x = np.random.rand(1000, 2)
        for i in range(0, len(x) - 100 + 1, 100):
            b = x[i:i + 100]
        """,
    "a rest smaller than a batch": """
        x = np.random.rand(1000, 2)
        for i in range(0, len(x) - 32, 32):
            b = x[i:i + 32]
        """,
    "windows of data shuffled in each epoch": """
        x = np.random.rand(1000, 2)
        for epoch in range(3):
            x = x[np.random.permutation(1000)]
            for i in range(0, len(x) - 100, 100):
                b = x[i:i + 100]
        """,
    "windows of a permutation for each epoch": """
        x = np.random.rand(1000, 2)
        for epoch in range(3):
            p = np.random.permutation(1000)
            for i in range(0, 1000 - 100, 100):
                b = x[p[i:i + 100]]
        """,
    "inclusive with next step": """
        import random
        def f(data, length):
            start = random.randint(0, len(data) - length - 1)
            return data[start:start + length], data[start + 1:start + length + 1]
        """,
    "item of a torch draw, right": """
        def sample_batch(data, bs):
            i = torch.randint(0, len(data) - bs + 1, (1,)).item()
            return data[i:i + bs]
        """,
    "marked and the rest chosen": """
        X = np.random.rand(100, 2)
        idx = np.random.choice(len(X) - 1, 8)
        rest = np.ones(100, bool)
        rest[idx] = False
        a, b = X[idx], X[rest]
        """,
    "steps in time of a data set": """
        class D(Dataset):
            def __init__(self, x):
                self.x = x
            def __len__(self):
                return len(self.x) - 1
            def __getitem__(self, i):
                return self.x[i], self.x[i + 1]
        """,
    "two lengths": """
        def f(x, y):
            i = np.random.randint(0, len(y) - 1)
            return x[i]
        """,
    "rejection": """
        def f(x, wrong):
            i = np.random.randint(0, len(x) - 1)
            while i == wrong:
                i = np.random.randint(0, len(x))
            return x[i]
        """,
    "wrapped around": """
        def f(x, b):
            i = np.random.randint(0, len(x) - b)
            rows = np.arange(i, i + b) % len(x)
            return x[rows]
        """,
    "validation from behind": """
        x = np.random.rand(1000, 2)
        i = np.random.randint(0, len(x) - 200, 32)
        train, val = x[i], x[len(x) - 200:]
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


SAID = {
    "the numbers of the article's draw": (
        """
        X = np.linspace(-3, 3, 1000)
        def train(batchsize):
            idx = np.random.randint(0, 1000 - batchsize)
            return X[idx:idx + batchsize]
        train(10)
        """,
        "`np.random.randint(0, 1000 - batchsize)` draws 989 at most (its upper bound is exclusive), and "
        "`X[idx:idx + batchsize]` ends short of the end: `X[999]`, the last of 1000 samples, is never drawn",
        "draw up to `1000 - batchsize + 1`",
    ),
    "sizes that are not known": (
        """
        def sample(x, batch):
            i = np.random.randint(0, len(x) - batch, batch)
            return x[i]
        """,
        "`np.random.randint(0, len(x) - batch, batch)` draws `len(x) - batch - 1` at most (its upper bound is "
        "exclusive), and `x[i]` stops short of the end: the last `batch` samples of `x` are never drawn",
        "draw up to `len(x)`",
    ),
    "a batch that a loop leaves out": (
        """
        x = np.zeros((500, 2))
        for i in range(0, len(x) - 50, 50):
            print(x[i:i + 50])
        """,
        "the last `range(0, len(x) - 50, 50)` is 400, and `x[i:i + 50]` ends short of the end: `x[450]` to `x[499]`, "
        "the last 50 of 500 samples, are never read",
        "let the loop go on to `len(x) - 50 + 1`",
    ),
}


@pytest.mark.parametrize(("program", "message", "remedy"), SAID.values(), ids=SAID)
def test_the_samples_and_the_remedy_are_told_in_numbers(program: str, message: str, remedy: str) -> None:
    (found,) = judge(source(program))
    assert (found.message, found.remedy) == (message, remedy)
