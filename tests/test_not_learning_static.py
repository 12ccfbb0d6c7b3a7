"""Small programs against not-learning: trainings that hardly begin."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported, source

from pitfallcheck.pitfalls.not_learning import PITFALL
from pitfallcheck.pitfalls.not_learning.static import judge

BROKEN = {
    "no epochs for four samples": """
        X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
        y = np.array([0, 1, 1, 0])
        model = keras.Sequential()
        model.add(layers.Dense(8, activation="tanh"))
        model.compile(loss="mse", optimizer="sgd")
        model.fit(X, y)  # PF404 warning: model
        print(model.predict(X))
        """,
    "one epoch, in old Keras": """
        X = np.random.rand(500, 2)
        net = build()
        net.compile(loss="mse", optimizer="sgd")
        net.fit(X, X[:, 0] * 2, nb_epoch=1, batch_size=50)  # PF404 warning: net
        print(net.evaluate(X, X[:, 0] * 2))
        """,
    "one epoch, by a name": """
        EPOCHS = 1
        x = np.linspace(-1, 1, 200)
        model.compile("adam", "mse")
        model.fit(x, np.sin(x), epochs=EPOCHS, verbose=0)  # PF404 warning: model
        model.predict(x)
        """,
    "a return in the loop over batches": """
        def train(model, loader, opt, crit):
            for epoch in range(10):
                for x, t in loader:
                    opt.zero_grad()
                    loss = crit(model(x), t)
                    loss.backward()
                    opt.step()
                    return loss  # PF404: loader
        """,
    "a return in the loop over epochs": """
        def train(model, loader, opt, crit, epochs):
            for epoch in range(epochs):
                for x, t in loader:
                    loss = crit(model(x), t)
                    loss.backward()
                    opt.step()
                return model  # PF404: range(epochs)
        """,
    "a break at the end of a batch": """
        for epoch in range(10):
            for i, (x, t) in enumerate(loader):
                loss = crit(net(x), t)
                loss.backward()
                opt.step()
                break  # PF404 note: enumerate(loader)
        """,
    "one step in all": """
        epochs = 1
        for epoch in range(epochs):  # PF404 warning: range(epochs)
            loss = crit(net(x), t)
            loss.backward()
            opt.step()
        """,
}

FINE = {
    "many epochs": """
        X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
        model.compile("adam", "mse")
        model.fit(X, y, epochs=1000)
        model.predict(X)
        """,
    "data of unknown size": """
        X = np.loadtxt("a.csv")
        model.compile("adam", "mse")
        model.fit(X, y)
        model.predict(X)
        """,
    "many samples": """
        X = np.random.rand(100000, 2)
        model.compile("adam", "mse")
        model.fit(X, y)
        model.predict(X)
        """,
    "a loop around fit": """
        X = np.random.rand(100, 2)
        model.compile("adam", "mse")
        for epoch in range(100):
            model.fit(X, y)
        model.predict(X)
        """,
    "a function that a loop calls": """
        def once():
            model.fit(np.random.rand(100, 2), y, epochs=1)
        model.compile("adam", "mse")
        for episode in range(100):
            once()
        model.predict(x)
        """,
    "no Keras model": """
        X = np.random.rand(100, 2)
        forest.fit(X, y)
        forest.predict(X)
        """,
    "epochs behind two stars": """
        X = np.random.rand(100, 2)
        model.compile("adam", "mse")
        model.fit(X, y, **settings)
        model.predict(X)
        """,
    "a return under a condition": """
        def train(model, loader, opt, crit):
            for x, t in loader:
                loss = crit(model(x), t)
                loss.backward()
                opt.step()
                if loss < 0.1:
                    return loss
            for x, t in loader:
                loss = crit(model(x), t)
                loss.backward()
                opt.step()
                if loss > 1:
                    continue
                break
        """,
    "attempts": """
        def train(model, crit, opt):
            for attempt in range(3):
                try:
                    loss = crit(model(x), t)
                    loss.backward()
                    opt.step()
                except RuntimeError:
                    continue
                return loss
        """,
    "overfitting a batch on purpose": """
        # overfit a single batch first
        for x, t in loader:
            loss = crit(net(x), t)
            loss.backward()
            opt.step()
            break
        """,
    "an evaluation that looks at one batch": """
        for x, t in loader:
            print(net(x))
            break
        for epoch in range(10):
            loss = crit(net(x), t)
            loss.backward()
            opt.step()
        """,
    "one epoch of a loader": """
        for epoch in range(1):
            for x, t in loader:
                loss = crit(net(x), t)
                loss.backward()
                opt.step()
        """,
    "in a test": """
        def test_step():
            for epoch in range(1):
                loss.backward()
                opt.step()
                break
        """,
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_reports_what_is_broken(text: str) -> None:
    assert announced(text)
    assert reported(judge, text) == announced(text)


@pytest.mark.parametrize("text", FINE.values(), ids=FINE)
def test_is_silent_about_what_is_fine(text: str) -> None:
    assert reported(judge, text) == set()


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_the_screen_lets_it_through(text: str) -> None:
    assert PITFALL.may_be_in(source(text).text.encode())
