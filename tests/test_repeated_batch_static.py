"""Small programs against the static half of repeated-batch: batches that are proven to repeat."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported, source

from pitfallcheck.pitfalls.repeated_batch import PITFALL
from pitfallcheck.pitfalls.repeated_batch.static import judge

BROKEN = {
    "drawn before the loop of a NumPy network": """
        rng = np.random.default_rng(0)
        X = rng.normal(size=(1000, 2)); y = X @ np.array([1., -1.])
        w = np.zeros(2)
        idx = rng.choice(1000, 32, replace=False)  # PF103: idx
        for step in range(100):
            xb, yb = X[idx], y[idx]
            grad = 2 * xb.T @ (xb @ w - yb) / len(xb)
            w -= 0.1 * grad
        """,
    "drawn before the loop of a generator": """
        def batches(x, y, batch_size):
            idx = np.random.permutation(len(x))[:batch_size]  # PF103: idx
            while True:
                yield x[idx], y[idx]
        model.fit(batches(a, b, 32), steps_per_epoch=10, epochs=5)
        """,
    "seeded in the loop of a generator": """
        def batches(batch_size):
            while True:
                np.random.seed(0)  # PF103: np.random.uniform(0, 100, (batch_size, 2))
                x = np.random.uniform(0, 100, (batch_size, 2))
                yield x, x.mean(axis=1)
        model.fit(batches(32), steps_per_epoch=10, epochs=5)
        """,
    "a seeded generator object made in the loop": """
        def batches(x, y, batch_size, seed=1):
            while True:
                rng = np.random.default_rng(42)  # PF103: x[idx]
                idx = rng.integers(0, len(x), batch_size)
                yield x[idx], y[idx]
        model.fit(batches(a, b, 32), steps_per_epoch=10, epochs=5)
        """,
    "an offset set back in the loop": """
        X = np.random.rand(1000, 2); y = X.sum(1); w = np.zeros(2)
        for step in range(100):
            start = 0  # PF103: start
            xb, yb = X[start:start + 32], y[start:start + 32]
            w -= 0.1 * xb.T @ (xb @ w - yb)
            start += 32
        """,
    "an offset set back in the loop of a generator": """
        def gen(x, y, bs):
            while True:
                i = 0  # PF103: i
                yield x[i:i + bs], y[i:i + bs]
                i += bs
        model.fit(gen(X, Y, 32), steps_per_epoch=3)
        """,
    "an offset that nothing moves on": """
        def gen(x, y, bs):
            i = 0
            while True:
                yield x[i:i + bs], y[i:i + bs]  # PF103: i
        model.fit(gen(X, Y, 32), steps_per_epoch=3)
        """,
    "the first batch of an unshuffled loader": """
        loader = DataLoader(TensorDataset(x, y), batch_size=32)
        for step in range(100):
            xb, yb = next(iter(loader))  # PF103: next(iter(loader))
            loss = ((model(xb) - yb) ** 2).mean()
            opt.zero_grad(); loss.backward(); opt.step()
        """,
    "the beginning of a torch permutation": """
        x = torch.randn(500, 3); y = x.sum(1, keepdim=True)
        perm = torch.randperm(len(x))  # PF103: perm
        idx = perm[:64]
        for step in range(100):
            loss = ((model(x[idx]) - y[idx]) ** 2).mean()
            opt.zero_grad(); loss.backward(); opt.step()
        """,
    "a JAX key that is never split": """
        key = jax.random.PRNGKey(0)
        def loss(w, x, y): return ((x @ w - y) ** 2).mean()
        for step in range(100):
            idx = jax.random.randint(key, (32,), 0, len(X))  # PF103: key
            g = jax.grad(loss)(w, X[idx], Y[idx])
            w = w - 0.1 * g
        """,
    "torch seeded in the loop": """
        for step in range(100):
            torch.manual_seed(0)  # PF103: torch.rand(64, 2)
            x = torch.rand(64, 2)
            y = x.mean(1, keepdim=True)
            loss = ((model(x) - y) ** 2).mean()
            opt.zero_grad(); loss.backward(); opt.step()
        """,
    "a helper that seeds its own generator object": """
        def get_batch(X, y, bs):
            rng = np.random.RandomState(0)  # PF103: X[idx]
            idx = rng.choice(len(X), bs)
            return X[idx], y[idx]
        w = np.zeros(2)
        for step in range(100):
            xb, yb = get_batch(X, y, 32)
            w -= 0.1 * xb.T @ (xb @ w - yb)
        """,
    "a helper with indices of the module": """
        X = np.random.rand(1000, 2); y = X.sum(1)
        idx = np.random.choice(1000, 32)  # PF103: idx
        def get_batch():
            return X[idx], y[idx]
        w = np.zeros(2)
        for step in range(100):
            xb, yb = get_batch()
            w -= 0.1 * xb.T @ (xb @ w - yb)
        """,
    "a Keras data set that draws in its constructor": """
        class S(keras.utils.Sequence):
            def __init__(self, x, y, bs):
                self.x, self.y, self.bs = x, y, bs
                self.idx = np.random.choice(len(x), bs)  # PF103: self.idx
            def __len__(self): return len(self.x) // self.bs
            def __getitem__(self, i):
                return self.x[self.idx], self.y[self.idx]
        model.fit(S(X, Y, 32), epochs=2)
        """,
    "a training step that is a function": """
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
    "the first batch of a new generator": """
        def batches(x, y, bs):
            for i in range(0, len(x), bs):
                yield x[i:i+bs], y[i:i+bs]
        for step in range(100):
            xb, yb = next(batches(X, Y, 32))  # PF103: next(batches(X, Y, 32))
            model.train_on_batch(xb, yb)
        """,
    "drawn at the beginning of a method": """
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
    "a counter that is not read": """
        X = np.random.rand(1000, 2); y = X.sum(1); w = np.zeros(2)
        for epoch in range(3):
            for i in range(0, len(X), 32):
                xb, yb = X[:32], y[:32]  # PF103: i
                w -= 0.1 * xb.T @ (xb @ w - yb)
        """,
    "an index that is not read": """
        class S(keras.utils.PyDataset):
            def __init__(self, x, y, bs):
                self.x, self.y, self.bs = x, y, bs
            def __len__(self):
                return len(self.x) // self.bs
            def __getitem__(self, index):
                return self.x[:self.bs], self.y[:self.bs]  # PF103: index
        model.fit(S(X, Y, 32), epochs=3)
        """,
    "a data set that seeds before it draws": """
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
    "the first batch of an unshuffled pipeline": """
        ds = tf.data.Dataset.from_tensor_slices((x, y)).batch(32)
        for step in range(100):
            xb, yb = next(iter(ds))  # PF103: next(iter(ds))
            model.train_on_batch(xb, yb)
        """,
    "torch in main": """
        def main(epochs=10, batch_size=16):
            torch.manual_seed(0)
            x = torch.randn(400, 3); y = x.sum(1, keepdim=True)
            model = torch.nn.Linear(3, 1)
            opt = torch.optim.SGD(model.parameters(), lr=0.1)
            idx = torch.randint(0, len(x), (batch_size,))  # PF103: idx
            for epoch in range(epochs):
                model.train()
                pred = model(x[idx])
                loss = ((pred - y[idx]) ** 2).mean()
                opt.zero_grad()
                loss.backward()
                opt.step()
        main()
        """,
    "random.sample before the loop": """
        import random
        X = np.random.rand(1000, 2); y = X.sum(1); w = np.zeros(2)
        idx = random.sample(range(len(X)), 16)  # PF103: idx
        for step in range(100):
            err = X[idx] @ w - y[idx]
            w = w - 0.1 * X[idx].T @ err
        """,
    "permutation sliced at its beginning": """
        x = torch.randn(500, 3); y = x.sum(1, keepdim=True)
        perm = torch.randperm(500)  # PF103: perm
        for epoch in range(3):
            for i in range(0, 500, 50):
                idx = perm[:50]
                loss = ((model(x[idx]) - y[idx]) ** 2).mean()
                opt.zero_grad(); loss.backward(); opt.step()
        """,
    "method that resets": """
        class Batches:
            def __init__(self, x, y, bs):
                self.x, self.y, self.bs = x, y, bs
                self.i = 0
            def next_batch(self):
                self.i = 0  # PF103: self.i
                a, b = self.x[self.i:self.i + self.bs], self.y[self.i:self.i + self.bs]
                self.i += self.bs
                return a, b
        batches = Batches(X, Y, 32)
        for step in range(100):
            xb, yb = batches.next_batch()
            model.train_on_batch(xb, yb)
        """,
    "iterator and next in one turn": """
        loader = DataLoader(TensorDataset(x, y), batch_size=32)
        for step in range(100):
            batches = iter(loader)
            xb, yb = next(batches)  # PF103: next(batches)
            loss = ((model(xb) - yb) ** 2).mean()
            opt.zero_grad(); loss.backward(); opt.step()
        """,
    "tensorflow seed in the loop": """
        for step in range(100):
            tf.random.set_seed(1)  # PF103: tf.gather(X, idx)
            idx = tf.random.uniform((32,), 0, 1000, dtype=tf.int32)
            xb, yb = tf.gather(X, idx), tf.gather(Y, idx)
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((model(xb) - yb) ** 2)
            grads = tape.gradient(loss, model.trainable_variables)
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
    "a permutation that windows move over": """
        def batches(x, y, batch_size):
            idx = np.random.permutation(len(x))
            while True:
                for i in range(0, len(x), batch_size):
                    part = idx[i:i + batch_size]
                    yield x[part], y[part]
        model.fit(batches(a, b, 32), steps_per_epoch=10, epochs=5)
        """,
    "a seeded generator object made before the loop": """
        def batches(x, y, batch_size, seed=1):
            rng = np.random.default_rng(42)
            while True:
                idx = rng.integers(0, len(x), batch_size)
                yield x[idx], y[idx]
        model.fit(batches(a, b, 32), steps_per_epoch=10, epochs=5)
        """,
    "an offset that goes round": """
        def gen(x, y, bs):
            i = 0
            while True:
                yield x[i:i + bs], y[i:i + bs]
                i += bs
                if i >= len(x): i = 0
        model.fit(gen(X, Y, 32), steps_per_epoch=3)
        """,
    "an offset set back by each epoch": """
        X = np.random.rand(1000, 2); y = X.sum(1); w = np.zeros(2)
        for epoch in range(100):
            start = 0
            while start < len(X):
                xb, yb = X[start:start + 32], y[start:start + 32]
                w -= 0.1 * xb.T @ (xb @ w - yb)
                start += 32
        """,
    "the first batch of a shuffled loader": """
        loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
        for step in range(100):
            xb, yb = next(iter(loader))
            loss = ((model(xb) - yb) ** 2).mean()
            opt.zero_grad(); loss.backward(); opt.step()
        """,
    "one batch learned by heart on purpose": """
        loader = DataLoader(TensorDataset(x, y), batch_size=32)
        xb, yb = next(iter(loader))
        for step in range(100):
            loss = ((model(xb) - yb) ** 2).mean()
            opt.zero_grad(); loss.backward(); opt.step()
        """,
    "a split of a permutation": """
        x = torch.randn(500, 3); y = x.sum(1, keepdim=True)
        perm = torch.randperm(len(x))
        train, val = perm[:400], perm[400:]
        for step in range(100):
            loss = ((model(x[train]) - y[train]) ** 2).mean()
            opt.zero_grad(); loss.backward(); opt.step()
            print(((model(x[val]) - y[val]) ** 2).mean())
        """,
    "a fixed validation set beside fresh batches": """
        x = torch.randn(500, 3); y = x.sum(1, keepdim=True)
        val = torch.randint(0, 500, (50,))
        for step in range(100):
            idx = torch.randint(0, 500, (32,))
            loss = ((model(x[idx]) - y[idx]) ** 2).mean()
            opt.zero_grad(); loss.backward(); opt.step()
            with torch.no_grad():
                print(((model(x[val]) - y[val]) ** 2).mean())
        """,
    "a JAX key that is split": """
        key = jax.random.PRNGKey(0)
        def loss(w, x, y): return ((x @ w - y) ** 2).mean()
        for step in range(100):
            key, sub = jax.random.split(key)
            idx = jax.random.randint(sub, (32,), 0, len(X))
            g = jax.grad(loss)(w, X[idx], Y[idx])
            w = w - 0.1 * g
        """,
    "experiments that begin with one seed": """
        for lr in [0.1, 0.01]:
            torch.manual_seed(0)
            model = torch.nn.Linear(2, 1)
            opt = torch.optim.SGD(model.parameters(), lr=lr)
            x = torch.rand(64, 2)
            for step in range(100):
                loss = ((model(x) - x.mean(1, keepdim=True)) ** 2).mean()
                opt.zero_grad(); loss.backward(); opt.step()
        """,
    "another seed for each step": """
        for step in range(100):
            torch.manual_seed(step)
            x = torch.rand(64, 2)
            loss = ((model(x) - x.mean(1, keepdim=True)) ** 2).mean()
            opt.zero_grad(); loss.backward(); opt.step()
        """,
    "a Keras data set that shuffles after each epoch": """
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
    "all samples in another order": """
        X = np.random.rand(1000, 2); y = X.sum(1); w = np.zeros(2)
        perm = np.random.permutation(1000)
        for step in range(100):
            xb, yb = X[perm], y[perm]
            w -= 0.1 * xb.T @ (xb @ w - yb)
        """,
    "an index that is read": """
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
    "a data set that draws its batches": """
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
    "a permutation for each epoch": """
        rng = np.random.default_rng(0)
        X = rng.random((1000, 2)); y = X.sum(1); w = np.zeros(2)
        for epoch in range(3):
            order = rng.permutation(len(X))
            for i in range(0, len(X), 32):
                b = order[i:i + 32]
                w -= 0.1 * X[b].T @ (X[b] @ w - y[b])
        """,
    "an iterator over a shuffled pipeline": """
        ds = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(100).batch(32).repeat()
        it = iter(ds)
        for step in range(100):
            xb, yb = next(it)
            model.train_on_batch(xb, yb)
        """,
    "method that moves on": """
        class Batches:
            def __init__(self, x, y, bs):
                self.x, self.y, self.bs = x, y, bs
                self.i = 0
            def next_batch(self):
                a, b = self.x[self.i:self.i + self.bs], self.y[self.i:self.i + self.bs]
                self.i = (self.i + self.bs) % len(self.x)
                return a, b
        batches = Batches(X, Y, 32)
        for step in range(100):
            xb, yb = batches.next_batch()
            model.train_on_batch(xb, yb)
        """,
    "iterator made once": """
        loader = DataLoader(TensorDataset(x, y), batch_size=32)
        batches = iter(loader)
        for step in range(10):
            xb, yb = next(batches)
            loss = ((model(xb) - yb) ** 2).mean()
            opt.zero_grad(); loss.backward(); opt.step()
        """,
    "fixed noise beside fresh batches": """
        noise = torch.randn(16, 8)
        pick = torch.randint(0, 1000, (16,))
        for step in range(100):
            idx = torch.randint(0, 1000, (16,))
            loss = ((model(x[idx]) - y[idx]) ** 2).mean() + ((model(x[pick]) - y[pick]) ** 2).mean()
            opt.zero_grad(); loss.backward(); opt.step()
        """,
    "bootstrap sample": """
        X = np.random.rand(100, 2); y = X.sum(1); w = np.zeros(2)
        idx = np.random.randint(0, len(X), len(X))
        for step in range(100):
            w -= 0.1 * X[idx].T @ (X[idx] @ w - y[idx])
        """,
    "subset drawn before, used before": """
        X = np.random.rand(100, 2); y = X.sum(1); w = np.zeros(2)
        idx = np.random.choice(len(X), 20)
        xs, ys = X[idx], y[idx]
        for step in range(100):
            w -= 0.1 * xs.T @ (xs @ w - ys)
        """,
    "landmarks": """
        X = np.random.rand(1000, 2); w = np.zeros(2)
        centers = X[np.random.choice(1000, 10)]
        for step in range(100):
            i = np.random.randint(0, 1000, 32)
            phi = np.exp(-((X[i][:, None] - centers) ** 2).sum(-1))
            w -= 0.1 * phi.mean(0)[:2]
        """,
    "coordinates for a plot": """
        X = np.random.rand(1000, 2); y = X.sum(1); w = np.zeros(2)
        shown = np.random.choice(1000, 10)
        for step in range(100):
            i = np.random.randint(0, 1000, 32)
            w -= 0.1 * X[i].T @ (X[i] @ w - y[i])
            plot(X[shown], X[shown] @ w)
        """,
    "reinforcement inner epochs": """
        for it in range(10):
            idx = torch.randint(0, 1000, (64,))
            for _ in range(4):
                loss = ((model(x[idx]) - y[idx]) ** 2).mean()
                opt.zero_grad(); loss.backward(); opt.step()
        """,
    "cross validation": """
        X = np.random.rand(1000, 2); y = X.sum(1)
        order = np.random.permutation(1000)
        folds = np.array_split(order, 5)
        for k in range(5):
            test = folds[k]
            train = np.concatenate(folds[:k] + folds[k+1:])
            w = np.zeros(2)
            for step in range(50):
                w -= 0.1 * X[train].T @ (X[train] @ w - y[train])
        """,
    "gradient check in a loop": """
        for size in (1, 2, 3):
            rng = np.random.default_rng(0)
            x = rng.normal(size=(size, 2))
            assert check(x)
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
