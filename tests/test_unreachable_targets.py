"""PF210 in Keras: which outputs cannot produce the targets."""

from __future__ import annotations

import pytest
from objective_cases import announced, reported

BROKEN = {
    "a sigmoid for a wave above it": """
        x = np.linspace(0, 10, 1000)
        y = 2 * np.sin(x) + 5
        model = Sequential([Dense(8, activation='relu'), Dense(1, activation='sigmoid')])  # PF210 error
        model.compile(loss='mean_squared_error', optimizer='adam')
        model.fit(x, y)
        """,
    "a relu for a wave, as a layer of its own": """
        y = np.array([np.sin(t) for t in times])
        model = Sequential()
        model.add(Dense(1))
        model.add(Activation('relu'))  # PF210 error
        model.compile(loss='mse', optimizer='adam')
        model.fit(times, y)
        """,
    "numbers that are written down": """
        x = np.array([[1], [2], [3], [4]])
        y = np.array([[2], [4], [6], [8]])
        model = Sequential([Dense(1, activation='tanh')])  # PF210 error
        model.compile(loss='mse', optimizer='adam')
        model.fit(x, y)
        """,
    "prices": """
        (x_train, y_train), _ = boston_housing.load_data()
        model = Sequential([Dense(64, activation='relu'), Dense(1, activation='sigmoid')])  # PF210 error
        model.compile(loss='mae', optimizer='adam')
        model.fit(x_train, y_train)
        """,
    "prices of scikit-learn": """
        from sklearn.datasets import load_boston
        data = load_boston()
        x_train, x_test, y_train, y_test = train_test_split(data.data, data.target)
        model = Sequential([Dense(1, activation='tanh')])  # PF210 error
        model.compile(loss='mse', optimizer='adam')
        model.fit(x_train, y_train)
        """,
    "a softmax before a loss of numbers": """
        (x_train, y_train), _ = mnist.load_data()
        model = Sequential([Flatten(), Dense(10, activation='softmax')])
        model.compile(loss='mean_squared_error', optimizer='sgd', metrics=['accuracy'])  # PF210 warning
        model.fit(x_train, np_utils.to_categorical(y_train, 10))
        """,
    "nine units for ten classes": """
        (x_train, y_train), _ = mnist.load_data()
        model = Sequential([Flatten(), Dense(9, activation='softmax')])  # PF210 error
        model.compile(loss='sparse_categorical_crossentropy', optimizer='sgd')
        model.fit(x_train, y_train)
        """,
    "eleven units for ten one-hot columns": """
        (x_train, y_train), _ = mnist.load_data()
        model = Sequential([Flatten(), Dense(11, activation='softmax')])  # PF210 error
        model.compile(loss='categorical_crossentropy', optimizer='sgd')
        model.fit(x_train, to_categorical(y_train))
        """,
    "a class number as a number": """
        (x_train, y_train), _ = cifar10.load_data()
        model = Sequential([Flatten(), Dense(1)])  # PF210 warning
        model.compile(loss='mse', optimizer='sgd')
        model.fit(x_train, y_train)
        """,
    "a hinge after a sigmoid": """
        model = Sequential([Dense(1, activation='sigmoid')])  # PF210 warning
        model.compile(loss='hinge', optimizer='sgd')
        """,
    "a relu at the end, with targets that do not show": """
        model = Sequential([Dense(8, activation='relu'), Dense(1, activation='relu')])  # PF210 note
        model.compile(loss='mse', optimizer='sgd')
        model.fit(x, y)
        """,
    "xor with a sigmoid, which PF207 notes": """
        x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
        y = np.array([[0], [1], [1], [0]])
        model = Sequential([Dense(8, activation='tanh'), Dense(1, activation='sigmoid')])
        model.compile(loss='mean_squared_error', optimizer='sgd', metrics=['accuracy'])  # PF207 note
        model.fit(x, y)
        """,
    "a falling logistic curve by a lambda": """
        f = lambda x: -1. / (np.exp(10. * x) + 1.)
        x = np.linspace(-1, 1, 111)
        model = Sequential([Dense(1, activation='sigmoid')])  # PF210 error
        model.compile(loss='mse', optimizer='sgd')
        model.fit(x, f(x))
        """,
    "units that are not the classes of one-hot rows, in torch": """
        import torch
        net = torch.nn.Sequential(torch.nn.Linear(20, 5))  # PF210 error
        y = torch.nn.functional.one_hot(classes, num_classes=4).float()
        torch.nn.CrossEntropyLoss()(net(x), y).backward()
        """,
    "fewer units than class numbers, in torch": """
        import torch
        net = torch.nn.Sequential(torch.nn.Linear(20, 4))  # PF210 error
        torch.nn.CrossEntropyLoss()(net(x), torch.randint(0, 5, (8,))).backward()
        """,
}
CLEAN = {
    "a hump behind a sigmoid": """
        model = Sequential([Dense(1, activation='sigmoid')])
        model.compile(loss='mse', optimizer='sgd')
        model.fit(x, np.exp(-x ** 2 / 2))
        """,
    "a logistic curve behind a sigmoid": """
        f = lambda x: 1 / (1 + np.exp(-3 * x))
        x = np.linspace(-2, 2, 50)
        model = Sequential([Dense(1, activation='sigmoid')])
        model.compile(loss='mse', optimizer='sgd')
        model.fit(x, f(x))
        """,
    "exponentials of nobody knows what": """
        model = Sequential([Dense(1, activation='sigmoid')])
        model.compile(loss='mse', optimizer='sgd')
        model.fit(x, 2 / (1 + np.exp(distance)))
        """,
    "as many units as one-hot rows have, in torch": """
        import torch
        net = torch.nn.Sequential(torch.nn.Linear(20, 4))
        y = torch.nn.functional.one_hot(classes, 4).float()
        torch.nn.CrossEntropyLoss()(net(x), y).backward()
        """,
    "more units than class numbers, in torch": """
        import torch
        net = torch.nn.Sequential(torch.nn.Linear(20, 6))
        torch.nn.CrossEntropyLoss()(net(x), torch.randint(0, 5, (8,))).backward()
        """,
    "a wave that a tanh reaches": """
        y = np.sin(x)
        model = Sequential([Dense(1, activation='tanh')])
        model.compile(loss='mse', optimizer='sgd')
        model.fit(x, y)
        """,
    "scaled by what is not known": """
        (x_train, y_train), _ = boston_housing.load_data()
        y_train = (y_train - y_train.min()) / (y_train.max() - y_train.min())
        model = Sequential([Dense(1, activation='sigmoid')])
        model.compile(loss='mse', optimizer='sgd')
        model.fit(x_train, y_train)
        """,
    "divided by a number": """
        (x_train, y_train), _ = boston_housing.load_data()
        y_train = y_train / 50.0
        model = Sequential([Dense(1, activation='sigmoid')])
        model.compile(loss='mse', optimizer='sgd')
        model.fit(x_train, y_train)
        """,
    "divided in place": """
        (x_train, y_train), _ = boston_housing.load_data()
        y_train /= 50.0
        model = Sequential([Dense(1, activation='sigmoid')])
        model.compile(loss='mse', optimizer='sgd')
        model.fit(x_train, y_train)
        """,
    "images again": """
        (x_train, _), _ = mnist.load_data()
        x_train = x_train.astype('float32') / 255
        model = Sequential([Dense(32, activation='relu'), Dense(784, activation='sigmoid')])
        model.compile(loss='mse', optimizer='adam')
        model.fit(x_train, x_train)
        """,
    "a parabola whose parts depend on each other": """
        x = np.random.rand(100)
        y = x - x * x
        model = Sequential([Dense(1, activation='sigmoid')])
        model.compile(loss='mse', optimizer='adam')
        model.fit(x, y)
        """,
    "prices with a relu": """
        (x_train, y_train), _ = boston_housing.load_data()
        model = Sequential([Dense(1, activation='relu')])
        model.compile(loss='mse', optimizer='adam')
        model.fit(x_train, y_train)
        """,
    "more units than classes": """
        (x_train, y_train), _ = mnist.load_data()
        model = Sequential([Flatten(), Dense(1000, activation='softmax')])
        model.compile(loss='sparse_categorical_crossentropy', optimizer='sgd')
        model.fit(x_train, y_train)
        """,
    "numbers drawn to try it out": """
        model = Sequential([Dense(4, activation='relu')])
        model.compile(loss='mse', optimizer='sgd')
        model.fit(np.random.randn(10, 4), np.random.randn(10, 4))
        """,
}


@pytest.mark.parametrize("program", [pytest.param(program, id=case) for case, program in BROKEN.items()])
def test_targets_out_of_reach_are_found(program: str) -> None:
    assert announced(program)
    assert reported(program) == announced(program)


@pytest.mark.parametrize("program", [pytest.param(program, id=case) for case, program in CLEAN.items()])
def test_targets_within_reach_are_left_alone(program: str) -> None:
    assert reported(program) == set()
