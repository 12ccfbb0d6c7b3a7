"""Small programs against the static half of ordered-batches: batches of neighbours in sorted data."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported, source

from pitfallcheck.pitfalls.ordered_batches import PITFALL
from pitfallcheck.pitfalls.ordered_batches.static import judge

BROKEN = {
    "random windows in a function": """
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
    "windows one after the other": """
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
    "a torch loader": """
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
    "a loader of class after class": """
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
    "fit that must not shuffle": """
        x = np.linspace(0, 1, 500)
        model.fit(x, 2 * x, epochs=3, shuffle=False)  # PF105 warning: x
        """,
    "a tf.data pipeline": """
        x = np.sort(np.random.uniform(-1, 1, 500))
        ds = tf.data.Dataset.from_tensor_slices((x, x ** 2)).batch(32).prefetch(1)  # PF105 warning: (x, x ** 2)
        model.fit(ds, epochs=3)
        """,
    "a generator for fit": """
        x = np.arange(1000.0)
        def gen(bs):
            while True:
                for i in range(0, len(x), bs):
                    yield x[i:i+bs], 2 * x[i:i+bs]  # PF105 warning: x
        model.fit(gen(10), steps_per_epoch=100, epochs=3)
        """,
    "a Keras data set": """
        class S(keras.utils.PyDataset):
            def __init__(self, x, y, bs):
                super().__init__()
                self.x, self.y, self.bs = x, y, bs
            def __len__(self): return len(self.x) // self.bs
            def __getitem__(self, i):
                a, b = i * self.bs, (i + 1) * self.bs
                return self.x[a:b], self.y[a:b]  # PF105 warning: self.x
        x = np.linspace(0, 1, 640)
        model.fit(S(x, 2 * x, 32), epochs=2)
        """,
    "a torch data set of the file": """
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
    "labels from lists": """
        y = np.array([0] * 50 + [1] * 50)
        x = np.random.randn(100, 2) + y[:, None]
        model.fit(x, y, shuffle=False, batch_size=10)  # PF105 warning: y
        """,
    "a JAX gradient": """
        x = jnp.linspace(0, 1, 100)
        def loss(w, x): return ((x * w) ** 2).mean()
        step = jax.grad(loss)
        w = 1.0
        for i in range(0, 100, 10):
            g = step(w, x[i:i+10])  # PF105 warning: x
            w = w - 0.1 * g
        """,
    "sorted by argsort": """
        x = np.random.rand(100); y = 2 * x
        order = np.argsort(y)
        x, y = x[order], y[order]
        w = 0.
        for i in range(0, 100, 10):
            w -= 0.1 * ((x[i:i+10] * w - y[i:i+10]) * x[i:i+10]).mean()  # PF105 warning: x
        """,
    "windows of indices into sorted data": """
        x = np.sort(np.random.rand(100))
        idx = np.arange(100)
        w = 0.
        for e in range(3):
            for i in range(0, 100, 10):
                part = idx[i:i+10]
                b = x[part]  # PF105 warning: x
                w -= 0.1 * ((b * w - 2 * b) * b).mean()
        """,
    "a network by hand": """
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
    "batches counted": """
        X = np.arange(-5, 5, 0.01)
        Y = 2 * X
        w = 0.0
        for epoch in range(10):
            for b in range(len(X) // 50):
                xb = X[b * 50:(b + 1) * 50]  # PF105 warning: X
                yb = Y[b * 50:(b + 1) * 50]
                w -= 0.01 * ((w * xb - yb) * xb).mean()
        """,
    "a sorted table": """
        import pandas as pd
        df = pd.read_csv("a.csv").sort_values("y")
        x = torch.tensor(df[["a", "b"]].values)
        y = torch.tensor(df["y"].values)
        loader = DataLoader(TensorDataset(x, y), batch_size=32)  # PF105 warning: TensorDataset(x, y)
        for xb, yb in loader:
            loss = f(model(xb), yb)
            loss.backward()
        """,
    "one of Iris' classes after the other": """
        from sklearn.datasets import load_iris
        X, y = load_iris(return_X_y=True)
        model.fit(X, y, shuffle=False, batch_size=10, epochs=5)  # PF105 warning: X
        """,
    "split arrays": """
        x = np.sort(np.random.rand(1000))
        w = 0.0
        for xb in np.array_split(x, 20):  # PF105 warning: x
            w -= 0.1 * ((w * xb - 2 * xb) * xb).mean()
        """,
    "arrays that a function returns": """
        def make_data(n=256):
            x = torch.linspace(-1, 1, n)
            y = 2 * x + 3 + 0.2 * torch.randn(n)
            return x, y
        def train():
            x, y = make_data()
            loader = DataLoader(TensorDataset(x, y), batch_size=32)  # PF105 warning: TensorDataset(x, y)
            for xb, yb in loader:
                criterion(model(xb), yb).backward()
        """,
    "labels in blocks that a function returns": """
        def make_data(n):
            x = torch.cat([torch.randn(n, 2) - 1, torch.randn(n, 2) + 1])
            y = torch.cat([torch.zeros(n), torch.ones(n)])
            return x, y
        x, y = make_data(100)
        ds = TensorDataset(x, y)
        loader = DataLoader(ds, batch_size=32, shuffle=False)  # PF105 warning: ds
        for xb, yb in loader:
            criterion(model(xb), yb).backward()
        """,
    "one array that a function returns": """
        def inputs():
            return torch.linspace(-1, 1, 100).unsqueeze(1)
        x = inputs()
        loader = DataLoader(TensorDataset(x, x ** 2), batch_size=10)  # PF105 warning: TensorDataset(x, x ** 2)
        for xb, yb in loader:
            criterion(model(xb), yb).backward()
        """,
}

FINE = {
    "arrays that a function shuffles and returns": """
        def make_data(n=256):
            x = torch.linspace(-1, 1, n)
            order = torch.randperm(n)
            return x[order], (2 * x)[order]
        x, y = make_data()
        for xb, yb in DataLoader(TensorDataset(x, y), batch_size=32):
            criterion(model(xb), yb).backward()
        """,
    "one of several ends of a function": """
        def make_data(n, test):
            if test:
                return torch.linspace(-1, 1, n), None
            return torch.rand(n), None
        x, y = make_data(100, False)
        for xb, yb in DataLoader(TensorDataset(x, x), batch_size=32):
            criterion(model(xb), yb).backward()
        """,
    "windows of one sample": """
        X = np.linspace(-3, 3, 1000, dtype=np.float32).reshape(-1, 1)
        def trainNet(size, steps=1000, batchsize=10, rate=1e-2):
            for i in range(steps):
                idx = np.random.randint(0, 1001 - batchsize)
                x = X[idx:idx + batchsize]
                net.optimize(x, 2 * x, rate)
        trainNet(2, batchsize=1)
        """,
    "permuted before": """
        x = np.linspace(-1, 1, 200)[:, None]
        perm = np.random.permutation(200)
        x = x[perm]
        w = 0.0
        for epoch in range(10):
            for i in range(0, len(x), 20):
                xb = x[i:i+20]
                w -= 0.1 * (xb * w).mean()
        """,
    "gone through for a sum": """
        x = np.linspace(-1, 1, 200)[:, None]
        total = 0
        for i in range(0, 200, 20):
            total += (x[i:i+20] ** 2).sum()
        print(total)
        """,
    "a torch loader for evaluation": """
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
    "a loader of one batch": """
        x = torch.linspace(-1, 1, 100).unsqueeze(1)
        loader = DataLoader(TensorDataset(x, x), batch_size=100)
        for xb, yb in loader:
            lossf(model(xb), yb).backward()
        """,
    "fit that shuffles": """
        x = np.linspace(0, 1, 500)
        model.fit(x, 2 * x, epochs=3)
        """,
    "a tf.data pipeline that shuffles": """
        x = np.sort(np.random.uniform(-1, 1, 500))
        ds = tf.data.Dataset.from_tensor_slices((x, x ** 2)).shuffle(500).batch(32).prefetch(1)
        model.fit(ds, epochs=3)
        """,
    "a generator for validation": """
        x = np.arange(1000.0)
        def gen(bs):
            while True:
                for i in range(0, len(x), bs):
                    yield x[i:i+bs], 2 * x[i:i+bs]
        model.fit(a, b, validation_data=gen(10), validation_steps=100)
        """,
    "windows of a permutation": """
        x = np.linspace(0, 1, 100)
        w = 0.
        for e in range(3):
            idx = np.random.permutation(100)
            for i in range(0, 100, 10):
                b = x[idx[i:i+10]]
                w -= 0.1 * ((b * w - 2 * b) * b).mean()
        """,
    "windows of shuffled indices": """
        x = np.random.rand(100)
        idx = np.arange(100)
        w = 0.
        for e in range(3):
            np.random.shuffle(idx)
            for i in range(0, 100, 10):
                b = x[idx[i:i+10]]
                w -= 0.1 * ((b * w - 2 * b) * b).mean()
        """,
    "windows of indices into unsorted data": """
        x = np.random.rand(100)
        idx = np.arange(100)
        w = 0.
        for e in range(3):
            for i in range(0, 100, 10):
                b = x[idx[i:i+10]]
                w -= 0.1 * ((b * w - 2 * b) * b).mean()
        """,
    "shuffled pairs": """
        import random
        x = np.linspace(0, 1, 100)
        data = list(zip(x, 2 * x))
        random.shuffle(data)
        w = 0.0
        for i in range(0, 100, 10):
            for a, b in data[i:i + 10]:
                w -= 0.1 * (w * a - b) * a
        """,
    "split at random": """
        from torch.utils.data import random_split
        x = torch.linspace(0, 1, 100)
        train, test = random_split(TensorDataset(x, 2 * x), [80, 20])
        for xb, yb in DataLoader(train, batch_size=10):
            loss = f(model(xb), yb)
            loss.backward()
        """,
    "a noisy grid in one batch": """
        x = torch.linspace(-1, 1, 64).unsqueeze(1)
        y = x ** 2 + 0.1 * torch.randn(64, 1)
        for step in range(100):
            loss = ((model(x) - y) ** 2).mean()
            loss.backward()
        """,
    "a recurrent network": """
        t = torch.linspace(0, 100, 1000)
        rnn = torch.nn.LSTM(1, 8)
        for i in range(0, 1000, 50):
            out, _ = rnn(t[i:i + 50])
            out.sum().backward()
        """,
    "a split in two": """
        x = np.linspace(0, 1, 100)
        n = 80
        train, test = x[:n], x[n:]
        model.fit(train, 2 * train)
        """,
    "collocation points": """
        x = torch.linspace(0, 1, 100, requires_grad=True)
        for step in range(100):
            loss = residual(model, x).mean()
            loss.backward()
        """,
    "sampler": """
        from torch.utils.data import RandomSampler
        x = torch.linspace(0, 1, 100)
        data = TensorDataset(x, x)
        for xb, yb in DataLoader(data, batch_size=10, sampler=RandomSampler(data)):
            f(model(xb), yb).backward()
        """,
    "a switch that shuffles": """
        x = torch.linspace(0, 1, 100)
        def loader(train):
            return DataLoader(TensorDataset(x, x), batch_size=10, shuffle=train)
        for xb, yb in loader(True):
            f(model(xb), yb).backward()
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


def test_the_share_of_a_batch_is_told_in_numbers() -> None:
    program = """
        X = np.linspace(-3, 3, 1000)
        for i in range(0, 1000, 10):
            net.train_step(X[i:i + 10])
        """
    (found,) = judge(source(program))
    assert "each batch holds 10 neighbours out of 1000 samples, 1.0% of them" in found.message
