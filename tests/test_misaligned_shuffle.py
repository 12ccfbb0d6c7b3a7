"""Small programs against misaligned-shuffle: inputs and targets in two different random orders."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported

from pitfallcheck.pitfalls.misaligned_shuffle import PITFALL
from pitfallcheck.pitfalls.misaligned_shuffle.static import judge

BROKEN = {
    "two shuffles": """
        x, y = load()
        np.random.shuffle(x)
        np.random.shuffle(y)  # PF106 error: x
        model.fit(x, y)
        """,
    "lists": """
        import random
        images, labels = [], []
        for p in paths:
            images.append(read(p))
            labels.append(p[0])
        random.shuffle(images)
        random.shuffle(labels)  # PF106 error: np.array(images)
        model.fit(np.array(images), np.array(labels))
        """,
    "two permutations": """
        def train(images, labels):
            p1 = np.random.permutation(len(images))
            p2 = np.random.permutation(len(labels))  # PF106 error: images
            images, labels = images[p1], labels[p2]
            model.fit(images, labels)
        """,
    "inline": """
        x, y = load()
        x = x[np.random.permutation(len(x))]
        y = y[np.random.permutation(len(y))]  # PF106 error: x
        model.fit(x, y)
        """,
    "the inputs alone": """
        x, y = load()
        x = x[np.random.permutation(len(x))]  # PF106 error: x
        model.fit(x, y)
        """,
    "the inputs alone, in place": """
        (x, y), _ = keras.datasets.mnist.load_data()
        np.random.shuffle(x)  # PF106 error: x / 255
        model.fit(x / 255, y)
        """,
    "the targets of the inputs before": """
        x = np.random.rand(100, 1)
        y = 2 * x
        np.random.shuffle(x)  # PF106 error: x
        model.fit(x, y)
        """,
    "scikit-learn's shuffle": """
        from sklearn.utils import shuffle
        x, y = load()
        x = shuffle(x)
        y = shuffle(y)  # PF106 error: x
        model.fit(x, y)
        """,
    "two generators' seeds": """
        x, y = load()
        np.random.RandomState(0).shuffle(x)
        np.random.RandomState(1).shuffle(y)  # PF106 error: x
        model.fit(x, y)
        """,
    "before a split": """
        from sklearn.model_selection import train_test_split
        x, y = load()
        rng = np.random.default_rng(0)
        rng.shuffle(x)
        rng.shuffle(y)  # PF106 error: x
        a, b, c, d = train_test_split(x, y)
        """,
    "data frames": """
        x, y = load()
        x = x.sample(frac=1)
        y = y.sample(frac=1)  # PF106 error: x
        model.fit(x, y)
        """,
    "rows of a batch drawn apart": """
        def train(x, y, net):
            for i in range(3):
                xb = x[torch.randint(0, len(x), (32,))]
                yb = y[torch.randint(0, len(x), (32,))]  # PF106 error: xb
                loss = F.mse_loss(net(xb), yb)
                loss.backward()
        """,
    "indices shuffled again between": """
        x, y = load()
        idx = np.arange(len(x))
        np.random.shuffle(idx)
        x = x[idx]
        np.random.shuffle(idx)  # PF106 error: x
        y = y[idx]
        model.fit(x, y)
        """,
    "into a data set of tensors": """
        x, y = load()
        x = x[torch.randperm(len(x))]
        y = y[torch.randperm(len(y))]  # PF106 error: torch.tensor(x)
        loader = DataLoader(TensorDataset(torch.tensor(x), torch.tensor(y)))
        """,
    "a copy of the targets is shuffled": """
        import random
        x, y = load()
        labels = y[:]
        random.shuffle(labels)  # PF106 error: x
        model.fit(x, labels)
        """,
    "columns of one array": """
        data = np.loadtxt("d.csv")
        x = data[:, :2]
        y = data[:, 2]
        np.random.shuffle(y)  # PF106 error: x
        model.fit(x, y)
        """,
}

CLEAN = {
    "one permutation": """
        x, y = load()
        p = np.random.permutation(len(x))
        x, y = x[p], y[p]
        model.fit(x, y)
        """,
    "one shuffled index": """
        x, y = load()
        idx = np.arange(len(x))
        np.random.shuffle(idx)
        x = x[idx]
        y = y[idx]
        model.fit(x, y)
        """,
    "one seed for both": """
        x, y = load()
        np.random.seed(0)
        np.random.shuffle(x)
        np.random.seed(0)
        np.random.shuffle(y)
        model.fit(x, y)
        """,
    "one state for both": """
        x, y = load()
        state = np.random.get_state()
        np.random.shuffle(x)
        np.random.set_state(state)
        np.random.shuffle(y)
        model.fit(x, y)
        """,
    "one function of random numbers for both": """
        import random
        x, y = load()
        random.shuffle(x, lambda: 0.5)
        random.shuffle(y, lambda: 0.5)
        model.fit(x, y)
        """,
    "equal generators": """
        x, y = load()
        np.random.RandomState(0).shuffle(x)
        np.random.RandomState(0).shuffle(y)
        model.fit(x, y)
        """,
    "a generator made anew": """
        x, y = load()
        rng = np.random.default_rng(3)
        rng.shuffle(x)
        rng = np.random.default_rng(3)
        rng.shuffle(y)
        model.fit(x, y)
        """,
    "both by one call": """
        from sklearn.utils import shuffle
        x, y = load()
        x, y = shuffle(x, y)
        model.fit(x, y)
        """,
    "equal random_state": """
        from sklearn.utils import shuffle
        x, y = load()
        x, y = shuffle(x, random_state=0), shuffle(y, random_state=0)
        model.fit(x, y)
        """,
    "pairs": """
        import random
        pairs = list(zip(*load()))
        random.shuffle(pairs)
        x, y = zip(*pairs)
        model.fit(np.array(x), np.array(y))
        """,
    "columns of one table": """
        data = np.c_[x0, y0]
        np.random.shuffle(data)
        x, y = data[:, :-1], data[:, -1]
        model.fit(x, y)
        """,
    "a data frame, then its columns": """
        import pandas as pd
        df = pd.read_csv("a.csv").sample(frac=1)
        X, y = df.drop("t", axis=1), df["t"]
        model.fit(X, y)
        """,
    "targets computed after the shuffle": """
        x = np.random.rand(100, 1)
        np.random.shuffle(x)
        y = 2 * x
        model.fit(x, y)
        """,
    "targets from elsewhere": """
        x = load_x()
        y = load_y()
        np.random.shuffle(x)
        model.fit(x, y)
        """,
    "two data sets that are no pair": """
        np.random.shuffle(real)
        np.random.shuffle(fake)
        model.fit(np.concatenate([real, fake]), y)
        """,
    "one order in every epoch": """
        def train(x, y, net):
            for epoch in range(3):
                order = torch.randperm(len(x))
                for i in range(0, len(x), 10):
                    rows = order[i:i + 10]
                    loss = F.mse_loss(net(x[rows]), y[rows])
                    loss.backward()
        """,
    "a permutation test": """
        x, y = load()
        y_permuted = np.random.permutation(y)
        model.fit(x, y_permuted)
        """,
    "an autoencoder": """
        x, y = load()
        np.random.shuffle(x)
        model.fit(x, x)
        """,
    "real and generated rows with labels of their own": """
        def step(x, n):
            real = x[np.random.randint(0, len(x), n)]
            valid = np.ones((n, 1))
            model.train_on_batch(real, valid)
        """,
    "an index from elsewhere": """
        x, y = load()
        x, y = x[rows], y[rows]
        model.fit(x, y)
        """,
    "a shuffled copy of the inputs as targets": """
        import random
        x = [[0, 0], [0, 1], [1, 0], [1, 1]]
        y = x[:]
        random.shuffle(y)
        model.fit(x, y)
        """,
    "shuffled copies of one list": """
        import random
        words = read()
        x, y = list(words), words.copy()
        first = list(words)
        second = words.copy()
        random.shuffle(second)
        model.fit(np.array(first), np.array(second))
        """,
    "a permutation of the inputs as targets": """
        x = load()
        y = np.random.permutation(x)
        model.fit(x, y)
        """,
}


@pytest.mark.parametrize("program", [pytest.param(text, id=name) for name, text in BROKEN.items()])
def test_two_orders_are_reported(program: str) -> None:
    assert reported(judge, program) == announced(program)


@pytest.mark.parametrize("program", [pytest.param(text, id=name) for name, text in CLEAN.items()])
def test_one_order_is_left_alone(program: str) -> None:
    assert reported(judge, program) == set()


@pytest.mark.parametrize("program", [pytest.param(text, id=name) for name, text in BROKEN.items()])
def test_the_screen_lets_it_through(program: str) -> None:
    assert PITFALL.may_be_in(program.encode())
