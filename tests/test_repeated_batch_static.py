"""The static half of repeated-batch against small programs: batches that are proven to repeat, and what only looks like it."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported, source

from pitfallcheck.pitfalls.repeated_batch import PITFALL
from pitfallcheck.pitfalls.repeated_batch.static import judge

BROKEN = {
    "drawn before, numpy": """
        rng = np.random.default_rng(0)
        X = rng.normal(size=(1000, 2)); y = X @ np.array([1., -1.])
        w = np.zeros(2)
        idx = rng.choice(1000, 32, replace=False)  # PF103: idx
        for step in range(100):
            xb, yb = X[idx], y[idx]
            grad = 2 * xb.T @ (xb @ w - yb) / len(xb)
            w -= 0.1 * grad
        """,
    "generator drawn before": """
        def batches(x, y, batch_size):
            idx = np.random.permutation(len(x))[:batch_size]  # PF103: idx
            while True:
                yield x[idx], y[idx]
        model.fit(batches(a, b, 32), steps_per_epoch=10, epochs=5)
        """,
    "generator seed": """
        def batches(batch_size):
            while True:
                np.random.seed(0)  # PF103: np.random.uniform(0, 100, (batch_size, 2))
                x = np.random.uniform(0, 100, (batch_size, 2))
                yield x, x.mean(axis=1)
        model.fit(batches(32), steps_per_epoch=10, epochs=5)
        """,
    "generator rng inside": """
        def batches(x, y, batch_size, seed=1):
            while True:
                rng = np.random.default_rng(42)  # PF103: x[idx]
                idx = rng.integers(0, len(x), batch_size)
                yield x[idx], y[idx]
        model.fit(batches(a, b, 32), steps_per_epoch=10, epochs=5)
        """,
    "reset": """
        X = np.random.rand(1000, 2); y = X.sum(1); w = np.zeros(2)
        for step in range(100):
            start = 0  # PF103: start
            xb, yb = X[start:start + 32], y[start:start + 32]
            w -= 0.1 * xb.T @ (xb @ w - yb)
            start += 32
        """,
    "reset generator": """
        def gen(x, y, bs):
            while True:
                i = 0  # PF103: i
                yield x[i:i + bs], y[i:i + bs]
                i += bs
        model.fit(gen(X, Y, 32), steps_per_epoch=3)
        """,
    "never moved": """
        def gen(x, y, bs):
            i = 0
            while True:
                yield x[i:i + bs], y[i:i + bs]  # PF103: i
        model.fit(gen(X, Y, 32), steps_per_epoch=3)
        """,
    "next iter": """
        loader = DataLoader(TensorDataset(x, y), batch_size=32)
        for step in range(100):
            xb, yb = next(iter(loader))  # PF103: next(iter(loader))
            loss = ((model(xb) - yb) ** 2).mean()
            opt.zero_grad(); loss.backward(); opt.step()
        """,
    "torch randperm": """
        x = torch.randn(500, 3); y = x.sum(1, keepdim=True)
        perm = torch.randperm(len(x))  # PF103: idx
        idx = perm[:64]
        for step in range(100):
            loss = ((model(x[idx]) - y[idx]) ** 2).mean()
            opt.zero_grad(); loss.backward(); opt.step()
        """,
    "jax key": """
        key = jax.random.PRNGKey(0)
        def loss(w, x, y): return ((x @ w - y) ** 2).mean()
        for step in range(100):
            idx = jax.random.randint(key, (32,), 0, len(X))  # PF103: key
            g = jax.grad(loss)(w, X[idx], Y[idx])
            w = w - 0.1 * g
        """,
    "torch seed in loop": """
        for step in range(100):
            torch.manual_seed(0)  # PF103: torch.rand(64, 2)
            x = torch.rand(64, 2)
            y = x.mean(1, keepdim=True)
            loss = ((model(x) - y) ** 2).mean()
            opt.zero_grad(); loss.backward(); opt.step()
        """,
    "helper seeded": """
        def get_batch(X, y, bs):
            rng = np.random.RandomState(0)  # PF103: X[idx]
            idx = rng.choice(len(X), bs)
            return X[idx], y[idx]
        w = np.zeros(2)
        for step in range(100):
            xb, yb = get_batch(X, y, 32)
            w -= 0.1 * xb.T @ (xb @ w - yb)
        """,
    "helper module idx": """
        X = np.random.rand(1000, 2); y = X.sum(1)
        idx = np.random.choice(1000, 32)  # PF103: idx
        def get_batch():
            return X[idx], y[idx]
        w = np.zeros(2)
        for step in range(100):
            xb, yb = get_batch()
            w -= 0.1 * xb.T @ (xb @ w - yb)
        """,
    "keras sequence": """
        class S(keras.utils.Sequence):
            def __init__(self, x, y, bs):
                self.x, self.y, self.bs = x, y, bs
                self.idx = np.random.choice(len(x), bs)  # PF103: self.idx
            def __len__(self): return len(self.x) // self.bs
            def __getitem__(self, i):
                return self.x[self.idx], self.y[self.idx]
        model.fit(S(X, Y, 32), epochs=2)
        """,
    "train step function": """
        X = np.random.rand(1000, 2); Y = X.sum(1)
        def train_step(x, y):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((model(x) - y) ** 2)
            grads = tape.gradient(loss, model.trainable_variables)
            opt.apply_gradients(zip(grads, model.trainable_variables))
            return loss
        idx = np.random.randint(0, len(X), 32)  # PF103: idx
        for step in range(100):
            train_step(X[idx], Y[idx])
        """,
    "train_on_batch": """
        idx = np.random.randint(0, 1000, size=BATCH)  # PF103: idx
        for step in range(100):
            model.train_on_batch(x[idx], y[idx])
        """,
    "next gen": """
        def batches(x, y, bs):
            for i in range(0, len(x), bs):
                yield x[i:i+bs], y[i:i+bs]
        for step in range(100):
            xb, yb = next(batches(X, Y, 32))  # PF103: next(batches(X, Y, 32))
            model.train_on_batch(xb, yb)
        """,
    "method": """
        class T:
            def __init__(self, x, y):
                self.x, self.y = x, y
                self.w = np.zeros(2)
            def train(self, steps, bs):
                idx = np.random.choice(len(self.x), bs)  # PF103: idx
                for s in range(steps):
                    xb, yb = self.x[idx], self.y[idx]
                    err = xb @ self.w - yb
                    self.w -= 0.1 * xb.T @ err
        """,
    "unused counter": """
        X = np.random.rand(1000, 2); y = X.sum(1); w = np.zeros(2)
        for epoch in range(3):
            for i in range(0, len(X), 32):
                xb, yb = X[:32], y[:32]  # PF103: i
                w -= 0.1 * xb.T @ (xb @ w - yb)
        """,
    "getitem unused": """
        class S(keras.utils.PyDataset):
            def __init__(self, x, y, bs):
                self.x, self.y, self.bs = x, y, bs
            def __len__(self):
                return len(self.x) // self.bs
            def __getitem__(self, index):
                return self.x[:self.bs], self.y[:self.bs]  # PF103: index
        model.fit(S(X, Y, 32), epochs=3)
        """,
    "getitem seeded": """
        class S(keras.utils.PyDataset):
            def __init__(self, x, y, bs):
                self.x, self.y, self.bs = x, y, bs
            def __len__(self):
                return len(self.x) // self.bs
            def __getitem__(self, index):
                rng = np.random.default_rng(0)  # PF103: self.x[i]
                i = rng.integers(0, len(self.x), self.bs)
                return self.x[i], self.y[i]
        model.fit(S(X, Y, 32), epochs=3)
        """,
    "tf next iter": """
        ds = tf.data.Dataset.from_tensor_slices((x, y)).batch(32)
        for step in range(100):
            xb, yb = next(iter(ds))  # PF103: next(iter(ds))
            model.train_on_batch(xb, yb)
        """,
}

FINE = {
    "drawn inside": """
        rng = np.random.default_rng(0)
        X = rng.normal(size=(1000, 2)); y = X @ np.array([1., -1.])
        w = np.zeros(2)
        for step in range(100):
            idx = rng.choice(1000, 32, replace=False)
            xb, yb = X[idx], y[idx]
            grad = 2 * xb.T @ (xb @ w - yb) / len(xb)
            w -= 0.1 * grad
        """,
    "generator perm moving": """
        def batches(x, y, batch_size):
            idx = np.random.permutation(len(x))
            while True:
                for i in range(0, len(x), batch_size):
                    part = idx[i:i + batch_size]
                    yield x[part], y[part]
        model.fit(batches(a, b, 32), steps_per_epoch=10, epochs=5)
        """,
    "generator rng outside": """
        def batches(x, y, batch_size, seed=1):
            rng = np.random.default_rng(42)
            while True:
                idx = rng.integers(0, len(x), batch_size)
                yield x[idx], y[idx]
        model.fit(batches(a, b, 32), steps_per_epoch=10, epochs=5)
        """,
    "counter": """
        def gen(x, y, bs):
            i = 0
            while True:
                yield x[i:i + bs], y[i:i + bs]
                i += bs
                if i >= len(x): i = 0
        model.fit(gen(X, Y, 32), steps_per_epoch=3)
        """,
    "epochs counter": """
        X = np.random.rand(1000, 2); y = X.sum(1); w = np.zeros(2)
        for epoch in range(100):
            start = 0
            while start < len(X):
                xb, yb = X[start:start + 32], y[start:start + 32]
                w -= 0.1 * xb.T @ (xb @ w - yb)
                start += 32
        """,
    "next iter shuffle": """
        loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
        for step in range(100):
            xb, yb = next(iter(loader))
            loss = ((model(xb) - yb) ** 2).mean()
            opt.zero_grad(); loss.backward(); opt.step()
        """,
    "overfit": """
        loader = DataLoader(TensorDataset(x, y), batch_size=32)
        xb, yb = next(iter(loader))
        for step in range(100):
            loss = ((model(xb) - yb) ** 2).mean()
            opt.zero_grad(); loss.backward(); opt.step()
        """,
    "split": """
        x = torch.randn(500, 3); y = x.sum(1, keepdim=True)
        perm = torch.randperm(len(x))
        train, val = perm[:400], perm[400:]
        for step in range(100):
            loss = ((model(x[train]) - y[train]) ** 2).mean()
            opt.zero_grad(); loss.backward(); opt.step()
            print(((model(x[val]) - y[val]) ** 2).mean())
        """,
    "fixed val": """
        x = torch.randn(500, 3); y = x.sum(1, keepdim=True)
        val = torch.randint(0, 500, (50,))
        for step in range(100):
            idx = torch.randint(0, 500, (32,))
            loss = ((model(x[idx]) - y[idx]) ** 2).mean()
            opt.zero_grad(); loss.backward(); opt.step()
            with torch.no_grad():
                print(((model(x[val]) - y[val]) ** 2).mean())
        """,
    "jax key": """
        key = jax.random.PRNGKey(0)
        def loss(w, x, y): return ((x @ w - y) ** 2).mean()
        for step in range(100):
            key, sub = jax.random.split(key)
            idx = jax.random.randint(sub, (32,), 0, len(X))
            g = jax.grad(loss)(w, X[idx], Y[idx])
            w = w - 0.1 * g
        """,
    "experiments": """
        for lr in [0.1, 0.01]:
            torch.manual_seed(0)
            model = torch.nn.Linear(2, 1)
            opt = torch.optim.SGD(model.parameters(), lr=lr)
            x = torch.rand(64, 2)
            for step in range(100):
                loss = ((model(x) - x.mean(1, keepdim=True)) ** 2).mean()
                opt.zero_grad(); loss.backward(); opt.step()
        """,
    "seed per step": """
        for step in range(100):
            torch.manual_seed(step)
            x = torch.rand(64, 2)
            loss = ((model(x) - x.mean(1, keepdim=True)) ** 2).mean()
            opt.zero_grad(); loss.backward(); opt.step()
        """,
    "keras sequence shuffled": """
        class S(keras.utils.Sequence):
            def __init__(self, x, y, bs):
                self.x, self.y, self.bs = x, y, bs
                self.idx = np.random.permutation(len(x))
            def __len__(self): return len(self.x) // self.bs
            def __getitem__(self, i):
                part = self.idx[i * self.bs:(i + 1) * self.bs]
                return self.x[part], self.y[part]
            def on_epoch_end(self):
                np.random.shuffle(self.idx)
        model.fit(S(X, Y, 32), epochs=2)
        """,
    "full": """
        X = np.random.rand(1000, 2); y = X.sum(1); w = np.zeros(2)
        perm = np.random.permutation(1000)
        for step in range(100):
            xb, yb = X[perm], y[perm]
            w -= 0.1 * xb.T @ (xb @ w - yb)
        """,
    "getitem used": """
        class S(keras.utils.PyDataset):
            def __init__(self, x, y, bs):
                self.x, self.y, self.bs = x, y, bs
            def __len__(self):
                return len(self.x) // self.bs
            def __getitem__(self, index):
                a = index * self.bs
                return self.x[a:a + self.bs], self.y[a:a + self.bs]
        model.fit(S(X, Y, 32), epochs=3)
        """,
    "getitem random": """
        class S(keras.utils.PyDataset):
            def __init__(self, x, y, bs):
                self.x, self.y, self.bs = x, y, bs
                self.rng = np.random.default_rng(0)
            def __len__(self):
                return len(self.x) // self.bs
            def __getitem__(self, index):
                i = self.rng.integers(0, len(self.x), self.bs)
                return self.x[i], self.y[i]
        model.fit(S(X, Y, 32), epochs=3)
        """,
    "minibatch perm per epoch": """
        rng = np.random.default_rng(0)
        X = rng.random((1000, 2)); y = X.sum(1); w = np.zeros(2)
        for epoch in range(3):
            order = rng.permutation(len(X))
            for i in range(0, len(X), 32):
                b = order[i:i + 32]
                w -= 0.1 * X[b].T @ (X[b] @ w - y[b])
        """,
    "tf range": """
        ds = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(100).batch(32).repeat()
        it = iter(ds)
        for step in range(100):
            xb, yb = next(it)
            model.train_on_batch(xb, yb)
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
