"""Small programs against shuffled-time: series that are dealt out at random."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported, source

from pitfallcheck.pitfalls.shuffled_time import PITFALL
from pitfallcheck.pitfalls.shuffled_time.static import judge

SHARED = """
        import pandas as pd
        from sklearn.model_selection import KFold, TimeSeriesSplit, train_test_split
        from torch.utils.data import random_split
        def create_dataset(dataset, look_back=1):
            dataX, dataY = [], []
            for i in range(len(dataset) - look_back - 1):
                a = dataset[i:(i + look_back), 0]
                dataX.append(a)
                dataY.append(dataset[i + look_back, 0])
            return np.array(dataX), np.array(dataY)
        def split_sequence(sequence, n_steps):
            X, y = list(), list()
            for i in range(len(sequence)):
                end_ix = i + n_steps
                if end_ix > len(sequence) - 1:
                    break
                seq_x, seq_y = sequence[i:end_ix], sequence[end_ix]
                X.append(seq_x)
                y.append(seq_y)
            return np.array(X), np.array(y)
        class Windows(Dataset):
            def __init__(self, data, w):
                self.data, self.w = data, w
            def __len__(self):
                return len(self.data) - self.w
            def __getitem__(self, i):
                return self.data[i:i + self.w], self.data[i + self.w]
        """

BROKEN = {
    "windows of a helper": """
        X, y = create_dataset(series, 3)
        X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2)  # PF505 warning: dataset
        model.fit(X_train, y_train)
        """,
    "the end of the window under a name": """
        X, y = split_sequence(series, 3)
        X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=42)  # PF505 warning: sequence
        model.fit(X_train, y_train)
        """,
    "a target some steps behind": """
        xs, ys = [], []
        for i in range(len(data) - back - ahead + 1):
            xs.append(data[i:(i + back), :])
            ys.append(data[i + back + ahead - 1, :])
        X_train, X_test, y_train, y_test = train_test_split(np.array(xs), np.array(ys))  # PF505 warning: data
        model.fit(X_train, y_train)
        """,
    "windows that look back": """
        xs, ys = [], []
        for i in range(60, len(scaled)):
            xs.append(scaled[i - 60:i, 0])
            ys.append(scaled[i, 0])
        xs, ys = np.array(xs), np.array(ys)
        X_train, X_test, y_train, y_test = train_test_split(xs, ys, shuffle=True)  # PF505 warning: scaled
        model.fit(X_train, y_train)
        """,
    "a data set of windows": """
        ds = Windows(series, 10)
        train_set, test_set = random_split(ds, [80, 20])  # PF505 warning: self.data
        loss.backward()
        """,
    "a permutation before the cut": """
        X, y = create_dataset(series, 3)
        idx = np.random.permutation(len(X))
        X = X[idx]  # PF505 warning: dataset
        X_train, X_test = X[:800], X[800:]
        model.fit(X_train)
        """,
    "a shuffle before the cut": """
        X, y = create_dataset(series, 3)
        np.random.shuffle(X)  # PF505 warning: dataset
        X_train, X_test = X[:800], X[800:]
        model.fit(X_train)
        """,
    "shuffled folds": """
        X, y = create_dataset(series, 3)
        for train, test in KFold(5, shuffle=True).split(X):  # PF505 warning: dataset
            model.fit(X[train], y[train])
        """,
    "the next row beside this one": """
        df["next"] = df["close"].shift(-1)
        df = df.dropna()
        X_train, X_test, y_train, y_test = train_test_split(df[["open"]], df["next"])  # PF505 warning: df['close']
        model.fit(X_train, y_train)
        """,
}

FINE = {
    "cut in time": """
        X, y = create_dataset(series, 3)
        X_train, X_test, y_train, y_test = train_test_split(X, y, shuffle=False)
        model.fit(X_train, y_train, shuffle=True, validation_split=0.1)
        """,
    "cut before the windows": """
        train, test = series[:800], series[800:]
        X_train, y_train = create_dataset(train, 3)
        X_test, y_test = create_dataset(test, 3)
        order = np.random.permutation(len(X_train))
        X_train, y_train = X_train[order], y_train[order]
        model.fit(X_train, y_train)
        """,
    "folds in time": """
        X, y = create_dataset(series, 3)
        for train, test in TimeSeriesSplit().split(X):
            model.fit(X[train], y[train])
        for train, test in KFold(5).split(X):
            model.fit(X[train], y[train])
        """,
    "no series": """
        df = pd.read_csv("a.csv")
        X_train, X_test, y_train, y_test = train_test_split(df[["a"]], df["b"])
        model.fit(X_train, y_train)
        """,
    "batches of samples": """
        batches = []
        for i in range(0, len(X), 32):
            batches.append(X[i:i + 32])
        train, test = train_test_split(batches)
        model.fit(train)
        """,
    "windows of text": """
        xs, ys = [], []
        for i in range(len(text) - 40):
            xs.append(text[i:i + 40])
            ys.append(text[i + 40])
        X_train, X_test, y_train, y_test = train_test_split(xs, ys)
        model.fit(X_train, y_train)
        """,
    "segments with labels of their own": """
        segments, labels = [], []
        for i in range(0, len(signal) - 90, 90):
            segments.append(signal[i:i + 90])
            labels.append(marks[i])
        X_train, X_test, y_train, y_test = train_test_split(segments, labels)
        model.fit(X_train, y_train)
        """,
    "a lag of another kind": """
        df["shifted"] = np.roll(df["a"], 1)
        train, test = train_test_split(df)
        model.fit(train)
        """,
    "in a test": """
        def test_windows():
            X, y = create_dataset(series, 3)
            X_train, X_test = train_test_split(X, y)
            model.fit(X_train)
        """,
}


def program(text: str) -> str:
    """The case below the imports that these cases share."""
    return SHARED + text


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_reports_what_is_broken(text: str) -> None:
    assert announced(program(text))
    assert reported(judge, program(text)) == announced(program(text))


@pytest.mark.parametrize("text", FINE.values(), ids=FINE)
def test_is_silent_about_what_is_fine(text: str) -> None:
    assert reported(judge, program(text)) == set()


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_the_screen_lets_it_through(text: str) -> None:
    assert PITFALL.may_be_in(source(program(text)).text.encode())
