"""The static half of unreachable-samples against small programs: draws that leave samples out, and what only looks like it."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported, source

from pitfallcheck.pitfalls.unreachable_samples import PITFALL
from pitfallcheck.pitfalls.unreachable_samples.static import judge

BROKEN = {
    "C3": """
        X = np.linspace(-3, 3, 1000).reshape(-1, 1)
        def train(size, steps=100, batchsize=10):
            for i in range(steps):
                idx = np.random.randint(0, 1000 - batchsize)  # PF104 warning: X
                x = X[idx:idx + batchsize]
        train(2, batchsize=1)
        train(3)
        """,
    "len - 1": """
        rng = np.random.default_rng(0)
        x = rng.normal(size=(500, 2)); y = x.sum(axis=1)
        for _ in range(10):
            i = rng.integers(0, len(x) - 1, size=32)  # PF104 warning: x
            xb, yb = x[i], y[i]
        """,
    "nanogpt broken": """
        data = torch.randn(1000, 3)
        def get_batch(block, bs):
            ix = torch.randint(len(data) - block, (bs,))  # PF104 warning: data
            x = torch.stack([data[i:i+block] for i in ix])
            return x
        """,
    "std randrange": """
        import random
        def f(x):
            i = random.randrange(len(x) - 1)  # PF104 warning: x
            return x[i]
        """,
    "size gap": """
        def f(x, y, batch):
            n = x.shape[0]
            i = np.random.randint(0, n - batch, batch)  # PF104 warning: x
            return x[i], y[i]
        """,
    "rng param": """
        def f(x, rng: np.random.Generator):
            i = rng.integers(0, len(x) - 1)  # PF104 warning: x
            return x[i]
        """,
    "dataset": """
        class W(Dataset):
            def __init__(self, data, w):
                self.data, self.w = data, w
            def __len__(self):
                return len(self.data) - self.w  # PF104 warning: self.data
            def __getitem__(self, i):
                return self.data[i:i + self.w]
        """,
    "int random": """
        import random
        X = list(range(100))
        i = int(random.random() * (len(X) - 1))  # PF104 warning: X
        print(X[i])
        """,
    "tf": """
        X = tf.random.normal([100, 2])
        i = tf.random.uniform([32], 0, 99, dtype=tf.int32)  # PF104 warning: X
        b = tf.gather(X, i)
        """,
    "jax": """
        X = jax.random.normal(jax.random.PRNGKey(0), (100, 2))
        i = jax.random.randint(jax.random.PRNGKey(0), (8,), 0, X.shape[0] - 1)  # PF104 warning: X
        b = X[i]
        """,
    "choice": """
        X = np.random.rand(100, 2)
        i = np.random.choice(len(X) - 1, 32)  # PF104 warning: X
        b = X[i]
        """,
    "window before": """
        def f(x, w):
            i = np.random.randint(w, len(x))  # PF104 warning: x
            return x[i - w:i]
        """,
    "self": """
        class T:
            def __init__(self, x, bs):
                self.x = x
                self.n = len(x)
                self.bs = bs
            def batch(self):
                s = np.random.randint(0, self.n - self.bs)  # PF104 warning: self.x
                return self.x[s:s + self.bs]
        """,
    "strides": """
        x = np.random.rand(1000, 2)
        for i in range(0, len(x) - 100, 100):  # PF104 warning: x
            b = x[i:i + 100]
        """,
}

FINE = {
    "C3 fixed": """
        X = np.linspace(-3, 3, 1000).reshape(-1, 1)
        def train(size, steps=100, batchsize=10):
            for i in range(steps):
                idx = np.random.randint(0, 1000 - batchsize + 1)
                x = X[idx:idx + batchsize]
        """,
    "nanogpt": """
        data = torch.randint(0, 10, (1000,))
        def get_batch(block, bs):
            ix = torch.randint(len(data) - block, (bs,))
            x = torch.stack([data[i:i+block] for i in ix])
            y = torch.stack([data[i+1:i+1+block] for i in ix])
            return x, y
        """,
    "std": """
        import random
        def f(x):
            i = random.randint(0, len(x) - 1)
            return x[i]
        """,
    "next step": """
        def f(x):
            i = np.random.randint(0, len(x) - 1)
            return x[i], x[i + 1]
        """,
    "endpoint": """
        def f(x, rng: np.random.Generator):
            i = rng.integers(0, len(x) - 1, endpoint=True)
            return x[i]
        """,
    "dataset": """
        class W(Dataset):
            def __init__(self, data, w):
                self.data, self.w = data, w
            def __len__(self):
                return len(self.data) - self.w
            def __getitem__(self, i):
                return self.data[i:i + self.w], self.data[i + self.w]
        """,
    "skip trick": """
        def f(x, i):
            j = np.random.randint(0, len(x) - 1)
            if j >= i:
                j += 1
            return x[j]
        """,
    "held out": """
        def f(x):
            j = np.random.randint(0, len(x) - 1)
            return x[j], x[-1]
        """,
    "choice range": """
        import random
        X = [1,2,3]
        b = X[random.choice(range(len(X)))]
        """,
    "escape": """
        def f(x, g):
            i = np.random.randint(0, len(x) - 1)
            return x[i], g(i)
        """,
    "modulo": """
        def f(x):
            i = np.random.randint(0, len(x) - 1)
            return x[i], x[(i + 5) % 10]
        """,
    "strides": """
        x = np.random.rand(1000, 2)
        for i in range(0, len(x) - 100 + 1, 100):
            b = x[i:i + 100]
        """,
    "strides rest": """
        x = np.random.rand(1000, 2)
        for i in range(0, len(x) - 32, 32):
            b = x[i:i + 32]
        """,
    "strides shuffled": """
        x = np.random.rand(1000, 2)
        for epoch in range(3):
            x = x[np.random.permutation(1000)]
            for i in range(0, len(x) - 100, 100):
                b = x[i:i + 100]
        """,
    "strides perm": """
        x = np.random.rand(1000, 2)
        for epoch in range(3):
            p = np.random.permutation(1000)
            for i in range(0, 1000 - 100, 100):
                b = x[p[i:i + 100]]
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
