"""Small programs against leaked-preprocessing: fits on all samples before they are divided."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported, source

from pitfallcheck.pitfalls.leaked_preprocessing import PITFALL
from pitfallcheck.pitfalls.leaked_preprocessing.static import judge

SHARED = """
        import pandas as pd
        from sklearn.datasets import make_classification
        from sklearn.feature_selection import SelectKBest
        from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit, cross_val_score, train_test_split
        from sklearn.preprocessing import LabelEncoder, MinMaxScaler, Normalizer, StandardScaler
        """

BROKEN = {
    "scaled, then split": """
        df = pd.read_csv("a.csv")
        X, y = df.iloc[:, :-1].values, df.iloc[:, -1].values
        sc = StandardScaler()
        X = sc.fit_transform(X)  # PF502 warning: X
        X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2)
        """,
    "fitted and transformed apart": """
        sc = MinMaxScaler()
        sc.fit(data)  # PF502 warning: data
        scaled = sc.transform(data)
        train, test = train_test_split(scaled)
        """,
    "fitted where it is made": """
        sc = StandardScaler().fit(X)  # PF502 warning: X
        X_train, X_test = train_test_split(sc.transform(X))
        """,
    "a series that is cut in two": """
        def main(dataframe):
            dataset = dataframe.values.astype("float32")
            scaler = MinMaxScaler(feature_range=(0, 1))
            dataset = scaler.fit_transform(dataset)  # PF502 warning: dataset
            train_size = int(len(dataset) * 0.67)
            train, test = dataset[0:train_size, :], dataset[train_size:len(dataset), :]
        """,
    "windows of a scaled series": """
        def create(series, n):
            xs, ys = [], []
            for i in range(len(series) - n):
                xs.append(series[i:i + n])
                ys.append(series[i + n])
            return np.array(xs), np.array(ys)
        scaled = MinMaxScaler().fit_transform(prices)  # PF502 warning: prices
        X, y = create(scaled, 10)
        X_train, X_test, y_train, y_test = train_test_split(X, y, shuffle=False)
        """,
    "scaled by a function": """
        from sklearn.preprocessing import minmax_scale
        scaled = minmax_scale(data, (-1, 1))  # PF502 warning: data
        X_train, X_test, y_train, y_test = train_test_split(scaled, targets)
        """,
    "column after column": """
        for name in ["a", "b"]:
            df[name] = MinMaxScaler().fit_transform(df[[name]])  # PF502 warning: df[[name]]
        train, test = train_test_split(df)
        """,
    "selected by the labels, then cross-validated": """
        X_new = SelectKBest(k=20).fit_transform(X, y)  # PF502: X
        print(cross_val_score(clf, X_new, y))
        """,
    "oversampled, then split": """
        from imblearn.over_sampling import SMOTE
        X_res, y_res = SMOTE(random_state=0).fit_resample(X, y)  # PF502: X
        X_train, X_test, y_train, y_test = train_test_split(X_res, y_res)
        """,
    "scaled, then folded": """
        X = StandardScaler().fit_transform(X)  # PF502 warning: X
        kf = KFold(5, shuffle=True)
        for train, test in kf.split(X):
            model.fit(X[train], y[train])
        """,
    "in a helper": """
        def prepare(frame):
            values = frame.values
            return StandardScaler().fit_transform(values)  # PF502 warning: values
        def main():
            X = prepare(pd.read_csv("a.csv"))
            X_train, X_test = train_test_split(X)
        main()
        """,
    "by hand, in one line": """
        X = np.loadtxt("a.csv")
        X = (X - X.mean(axis=0)) / X.std(axis=0)  # PF502 warning: X
        X_train, X_test = X[:800], X[800:]
        """,
    "by hand, through names": """
        mu, sigma = np.mean(X, axis=0), np.std(X, axis=0)
        Xn = (X - mu) / (sigma + 1e-8)  # PF502 warning: X
        X_train, X_test = train_test_split(Xn)
        """,
    "a torch data set": """
        x = torch.randn(1000, 4)
        x = (x - x.mean(0)) / x.std(0)  # PF502 warning: x
        train_set, test_set = torch.utils.data.random_split(TensorDataset(x, y), [800, 200])
        """,
}

FINE = {
    "split first": """
        X_train, X_test, y_train, y_test = train_test_split(X, y)
        sc = StandardScaler()
        X_train = sc.fit_transform(X_train)
        X_test = sc.transform(X_test)
        """,
    "validation cut from a scaled training part": """
        X_train, X_test, y_train, y_test = train_test_split(X, y)
        X_train = StandardScaler().fit_transform(X_train)
        X_train, X_val, y_train, y_val = train_test_split(X_train, y_train)
        """,
    "a part that is called training": """
        def prepare(X_train, y_train):
            X_train = StandardScaler().fit_transform(X_train)
            return train_test_split(X_train, y_train)
        """,
    "each row by a function": """
        from sklearn.preprocessing import scale
        X_train, X_test = train_test_split(scale(X, axis=1))
        """,
    "within a pipeline": """
        from sklearn.pipeline import make_pipeline
        model = make_pipeline(StandardScaler(), SelectKBest(k=3), clf)
        print(cross_val_score(model, X, y))
        """,
    "labels are numbered": """
        y = LabelEncoder().fit_transform(y)
        X_train, X_test, y_train, y_test = train_test_split(X, y)
        """,
    "each sample by itself": """
        X = Normalizer().fit_transform(X)
        X = (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)
        X_train, X_test = train_test_split(X)
        """,
    "each signal by itself": """
        for i in range(len(X)):
            X[i] = StandardScaler().fit_transform(X[i])
        signals = [StandardScaler().fit_transform(s) for s in X]
        X_train, X_test = train_test_split(signals)
        """,
    "a helper for any part": """
        def scale(part):
            return (part - part.mean(0)) / part.std(0)
        for name in parts:
            data = scale(load(name))
        train, test = train_test_split(data)
        """,
    "pixels": """
        X = images / 255.0
        X_train, X_test = train_test_split(X)
        """,
    "fitted on a slice": """
        sc = MinMaxScaler()
        sc.fit(data[:800])
        data = sc.transform(data)
        train, test = data[:800], data[800:]
        """,
    "fitted for a picture": """
        shown = StandardScaler().fit_transform(X)
        plt.plot(shown)
        X_train, X_test = train_test_split(X)
        """,
    "halves that are no training and test": """
        x = (x - x.mean(0)) / x.std(0)
        left, right = x[:32], x[32:]
        """,
    "numbers of another data set": """
        X = (X - reference.mean(0)) / reference.std(0)
        X_train, X_test = train_test_split(X)
        """,
    "in a test": """
        def test_scores():
            X = StandardScaler().fit_transform(make_classification()[0])
            X_train, X_test = train_test_split(X)
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
