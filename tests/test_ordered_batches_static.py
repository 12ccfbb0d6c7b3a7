"""The static half of ordered-batches against small programs: batches of neighbours in sorted data, and what only looks like it."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported, source

from pitfallcheck.pitfalls.ordered_batches import PITFALL
from pitfallcheck.pitfalls.ordered_batches.static import judge

BROKEN = {
    "C4": """
        X = np.linspace(-3, 3, 1000, dtype=np.float32).reshape(-1, 1)
        f = np.vectorize(lambda x: 2 * x + 3)
        def trainNet(size, steps=1000, batchsize=10, rate=1e-2):
            net = Net()
            for i in range(steps):
                idx = np.random.randint(0, 1001 - batchsize)
                x = X[idx:idx + batchsize]  # PF105 warning: X
                y = f(x)
                net.optimize(x, y, rate)
        trainNet(2, steps=100)
        """,
    "script numpy": """
        x = np.linspace(-1, 1, 200)[:, None]
        y = 3 * x + 1
        w, b = 0.0, 0.0
        for epoch in range(10):
            for i in range(0, len(x), 20):
                xb, yb = x[i:i+20], y[i:i+20]  # PF105 warning: x
                pred = xb * w + b
                err = pred - yb
                w -= 0.1 * (err * xb).mean()
                b -= 0.1 * err.mean()
        """,
    "torch loader": """
        x = torch.linspace(-1, 1, 100).unsqueeze(1)
        y = x ** 2
        loader = DataLoader(TensorDataset(x, y), batch_size=10)  # PF105 warning: TensorDataset(x, y)
        for epoch in range(5):
            for xb, yb in loader:
                loss = ((model(xb) - yb) ** 2).mean()
                opt.zero_grad()
                loss.backward()
                opt.step()
        """,
    "by class": """
        a, b = torch.randn(50, 2), torch.randn(50, 2) + 2
        x = torch.cat([a, b])
        y = torch.cat([torch.zeros(50), torch.ones(50)])
        loader = DataLoader(TensorDataset(x, y), batch_size=10, shuffle=False)  # PF105 warning: TensorDataset(x, y)
        def train(loader):
            for xb, yb in loader:
                loss = lossf(model(xb), yb)
                loss.backward()
        train(loader)
        """,
    "keras fit": """
        x = np.linspace(0, 1, 500)
        model.fit(x, 2 * x, epochs=3, shuffle=False)  # PF105 warning: x
        """,
    "tf.data": """
        x = np.sort(np.random.uniform(-1, 1, 500))
        ds = tf.data.Dataset.from_tensor_slices((x, x ** 2)).batch(32).prefetch(1)  # PF105 warning: (x, x ** 2)
        model.fit(ds, epochs=3)
        """,
    "generator": """
        x = np.arange(1000.0)
        def gen(bs):
            while True:
                for i in range(0, len(x), bs):
                    yield x[i:i+bs], 2 * x[i:i+bs]  # PF105 warning: x
        model.fit(gen(10), steps_per_epoch=100, epochs=3)
        """,
    "sequence": """
        class S(keras.utils.PyDataset):
            def __init__(self, x, y, bs):
                super().__init__()
                self.x, self.y, self.bs = x, y, bs
            def __len__(self): return len(self.x) // self.bs
            def __getitem__(self, i):
                part = slice(i * self.bs, (i + 1) * self.bs)
                return self.x[i * self.bs:(i + 1) * self.bs], self.y[i * self.bs:(i + 1) * self.bs]  # PF105 warning: self.x
        x = np.linspace(0, 1, 640)
        model.fit(S(x, 2 * x, 32), epochs=2)
        """,
    "dataset class": """
        class D(Dataset):
            def __init__(self, n):
                self.x = torch.linspace(0, 1, n)
                self.y = torch.sin(self.x)
            def __len__(self): return len(self.x)
            def __getitem__(self, i):
                return self.x[i], self.y[i]
        loader = DataLoader(D(1000), batch_size=20)  # PF105 warning: D(1000)
        for xb, yb in loader:
            loss = f(model(xb), yb)
            loss.backward()
        """,
    "labels list": """
        y = np.array([0] * 50 + [1] * 50)
        x = np.random.randn(100, 2) + y[:, None]
        model.fit(x, y, shuffle=False, batch_size=10)  # PF105 warning: y
        """,
    "jax": """
        x = jnp.linspace(0, 1, 100)
        def loss(w, x): return ((x * w) ** 2).mean()
        step = jax.grad(loss)
        w = 1.0
        for i in range(0, 100, 10):
            g = step(w, x[i:i+10])  # PF105 warning: x
            w = w - 0.1 * g
        """,
    "argsort": """
        x = np.random.rand(100); y = 2 * x
        order = np.argsort(y)
        x, y = x[order], y[order]
        w = 0.
        for i in range(0, 100, 10):
            w -= 0.1 * ((x[i:i+10] * w - y[i:i+10]) * x[i:i+10]).mean()  # PF105 warning: x
        """,
    "arange idx sorted": """
        x = np.sort(np.random.rand(100))
        idx = np.arange(100)
        w = 0.
        for e in range(3):
            for i in range(0, 100, 10):
                part = idx[i:i+10]
                b = x[part]  # PF105 warning: x
                w -= 0.1 * ((b * w - 2 * b) * b).mean()
        """,
    "net by hand": """
        class Linear:
            def __init__(self, n, m):
                self.w = np.zeros((n, m))
            def forward(self, x):
                self.x = x
                return x @ self.w
            def backward(self, grad):
                self.grad = self.x.T @ grad
                return grad @ self.w.T
            def update(self, lr):
                self.w -= lr * self.grad
        net = Linear(1, 1)
        X = np.linspace(-1, 1, 200)[:, None]
        Y = 3 * X
        for epoch in range(5):
            for i in range(0, len(X), 20):
                x, y = X[i:i + 20], Y[i:i + 20]  # PF105 warning: X
                p = net.forward(x)
                net.backward(2 * (p - y) / len(y))
                net.update(0.1)
        """,
}

FINE = {
    "C4 batch 1": """
        X = np.linspace(-3, 3, 1000, dtype=np.float32).reshape(-1, 1)
        def trainNet(size, steps=1000, batchsize=10, rate=1e-2):
            for i in range(steps):
                idx = np.random.randint(0, 1001 - batchsize)
                x = X[idx:idx + batchsize]
                net.optimize(x, 2 * x, rate)
        trainNet(2, batchsize=1)
        """,
    "permuted": """
        x = np.linspace(-1, 1, 200)[:, None]
        perm = np.random.permutation(200)
        x = x[perm]
        w = 0.0
        for epoch in range(10):
            for i in range(0, len(x), 20):
                xb = x[i:i+20]
                w -= 0.1 * (xb * w).mean()
        """,
    "evaluation": """
        x = np.linspace(-1, 1, 200)[:, None]
        total = 0
        for i in range(0, 200, 20):
            total += (x[i:i+20] ** 2).sum()
        print(total)
        """,
    "torch eval loader": """
        x = torch.linspace(-1, 1, 100).unsqueeze(1)
        train = DataLoader(TensorDataset(x, x), batch_size=10, shuffle=True)
        test = DataLoader(TensorDataset(x, x), batch_size=10)
        for epoch in range(5):
            for xb, yb in train:
                loss = ((model(xb) - yb) ** 2).mean()
                loss.backward()
        with torch.no_grad():
            for xb, yb in test:
                print(((model(xb) - yb) ** 2).mean())
        """,
    "full": """
        x = torch.linspace(-1, 1, 100).unsqueeze(1)
        loader = DataLoader(TensorDataset(x, x), batch_size=100)
        for xb, yb in loader:
            lossf(model(xb), yb).backward()
        """,
    "keras fit default": """
        x = np.linspace(0, 1, 500)
        model.fit(x, 2 * x, epochs=3)
        """,
    "tf.data shuffled": """
        x = np.sort(np.random.uniform(-1, 1, 500))
        ds = tf.data.Dataset.from_tensor_slices((x, x ** 2)).shuffle(500).batch(32).prefetch(1)
        model.fit(ds, epochs=3)
        """,
    "validation generator": """
        x = np.arange(1000.0)
        def gen(bs):
            while True:
                for i in range(0, len(x), bs):
                    yield x[i:i+bs], 2 * x[i:i+bs]
        model.fit(a, b, validation_data=gen(10), validation_steps=100)
        """,
    "perm window": """
        x = np.linspace(0, 1, 100)
        w = 0.
        for e in range(3):
            idx = np.random.permutation(100)
            for i in range(0, 100, 10):
                b = x[idx[i:i+10]]
                w -= 0.1 * ((b * w - 2 * b) * b).mean()
        """,
    "arange idx": """
        x = np.random.rand(100)
        idx = np.arange(100)
        w = 0.
        for e in range(3):
            np.random.shuffle(idx)
            for i in range(0, 100, 10):
                b = x[idx[i:i+10]]
                w -= 0.1 * ((b * w - 2 * b) * b).mean()
        """,
    "arange idx unshuffled": """
        x = np.random.rand(100)
        idx = np.arange(100)
        w = 0.
        for e in range(3):
            for i in range(0, 100, 10):
                b = x[idx[i:i+10]]
                w -= 0.1 * ((b * w - 2 * b) * b).mean()
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
