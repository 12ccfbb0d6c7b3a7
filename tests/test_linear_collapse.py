"""PF301: which programs have affine layers with nothing between them, and what a measured collapse is worth."""

from __future__ import annotations

import ast
import math
from dataclasses import replace
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitfallcheck.analysis.remainder import noise_left
from pitfallcheck.finding import Finding
from pitfallcheck.lint.source import Source
from pitfallcheck.observe.events import Place, TrainingSeen
from pitfallcheck.observe.learning import AffineFit
from pitfallcheck.pitfalls.linear_collapse import runtime, static

IMPORTS = """import keras
import numpy as np
import torch
from keras import layers
from math import sin
from torch import nn
"""
FIT = "model.compile('sgd', 'mse')\nmodel.fit(load_x(), load_y())\n"
STEP = "loss = ((model(x) - y) ** 2).mean()\nloss.backward()\n"
MODULE = """
class Net(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.first = nn.Linear(1, width)
        self.second = nn.Linear(width, 1)
        self.act = nn.Tanh()
    def forward(self, x):
{body}
model = Net()
x, y = load()
"""
NUMPY = """
x = np.linspace(-3, 3, 100)[:, None]
y = {target}
w1, b1 = np.random.randn(1, 16), np.zeros(16)
w2, b2 = np.random.randn(16, 1), np.zeros(1)
for _ in range(100):
    h = {hidden}
    p = h @ w2 + b2
    e = p - y
    back = e @ w2.T
    w2 -= 0.1 * h.T @ e
    w1 -= 0.1 * x.T @ back
    b1 -= 0.1 * back.sum(0)
"""
BY_HAND = """
class Linear:
    def __init__(self, n, m):
        self.w = np.random.randn(n, m)
        self.b = np.zeros(m)
    def forward(self, data):
        self.data = data
        self.out = np.dot(data, self.w) + self.b
        return self.out
    def update(self, rate):
        self.w -= rate * self.data.T @ self.grad
class Tanh:
    def forward(self, data):
        return np.tanh(data)
class Net:
    def __init__(self):
        self.layers = []
    def append(self, layer):
        self.layers.append(layer)
def target(x):
    return {target}
X = np.linspace(-3, 3, 1000).reshape(-1, 1)
f = np.vectorize(target)
net = Net()
{net}
for i in range(100):
    net.optimize(X[i : i + 1], f(X[i : i + 1]).astype("float32"), 0.01)
"""


def module(*body: str) -> str:
    return MODULE.format(body="\n".join(f"        {line}" for line in body)) + STEP


STATIC: dict[str, tuple[str, str]] = {
    "a Keras stack": (
        "model = keras.Sequential([keras.Input((1,)), layers.Dense(16), layers.Dense(1)])\n" + FIT, "layers.Dense(16)",
    ),
    "a Keras stack with linear said": (
        "model = keras.Sequential([layers.Dense(16, activation='linear'), layers.Dense(1)])\n" + FIT,
        "layers.Dense(16, activation='linear')",
    ),
    "a Keras stack with dropout between": (
        "model = keras.Sequential([layers.Dense(16), layers.Dropout(0.1), layers.Dense(1)])\n" + FIT,
        "layers.Dense(16)",
    ),
    "a Keras stack that ends in a sigmoid": (
        "model = keras.Sequential()\nmodel.add(layers.Dense(16))\n"
        "model.add(layers.Dense(1, activation='sigmoid'))\n" + FIT,
        "layers.Dense(16)",
    ),
    "Keras' functional style": (
        "i = keras.Input((1,))\nh = layers.Dense(16)(i)\no = layers.Dense(1)(h)\nmodel = keras.Model(i, o)\n" + FIT,
        "layers.Dense(16)(i)",
    ),
    "Keras layers that have names": (
        "model = keras.Sequential()\nfirst = layers.Dense(16)\nmodel.add(first)\nlast = layers.Dense(1)\n"
        "model.add(last)\n" + FIT,
        "layers.Dense(16)",
    ),
    "a list of torch layers that have names": (
        "first = nn.Linear(1, 16)\nlast = nn.Linear(16, 1)\nmodel = nn.Sequential(first, last)\n" + STEP,
        "nn.Linear(1, 16)",
    ),
    "torch's Sequential": (
        "x = torch.rand(9, 1)\ny = torch.sin(x)\nmodel = nn.Sequential(nn.Linear(1, 16), nn.Linear(16, 1))\n" + STEP,
        "nn.Linear(1, 16)",
    ),
    "a module": (module("x = self.first(x)", "return self.second(x)"), "self.first(x)"),
    "a module in one line": (module("return self.second(self.first(x))"), "self.first(x)"),
    "a module that ends in a tanh": (module("return torch.tanh(self.second(self.first(x)))"), "self.first(x)"),
    "NumPy by hand": (NUMPY.format(target="x ** 2", hidden="x @ w1 + b1"), "x @ w1"),
    "NumPy by hand with dot": (NUMPY.format(target="np.sin(x)", hidden="np.dot(x, w1) + b1"), "np.dot(x, w1)"),
    "layers by hand": (
        BY_HAND.format(target="2 * sin(x) + 5", net="net.append(Linear(1, 2))\nnet.append(Linear(2, 1))"),
        "Linear(1, 2)",
    ),
    "layers by hand in a list": (
        BY_HAND.format(target="x * x", net="net.layers = [Linear(1, 2), Linear(2, 1)]"), "Linear(1, 2)",
    ),
    "a stack built in a loop": (
        "model = keras.Sequential([keras.Input((1,))])\nfor _ in range(3):\n    model.add(layers.Dense(16))\n"
        "model.add(layers.Dense(1))\n" + FIT,
        "layers.Dense(16)",
    ),
    "a hidden pair behind a recurrent layer": (
        "model = keras.Sequential([layers.LSTM(50), layers.Dense(25), layers.Dense(1)])\n" + FIT, "layers.Dense(25)",
    ),
    "a hidden pair behind convolutions": (
        "model = keras.Sequential([layers.Conv2D(8, 3, activation='relu'), layers.Flatten(), layers.Dense(128), "
        "layers.Dropout(0.5), layers.Dense(10, activation='softmax')])\n" + FIT, "layers.Dense(128)",
    ),
    "two convolutions in a row": (
        "model = keras.Sequential([layers.Conv2D(8, 3), layers.Conv2D(16, 3), layers.MaxPooling2D(), "
        "layers.Flatten(), layers.Dense(10, activation='softmax')])\n" + FIT, "layers.Conv2D(8, 3)",
    ),
    "a hidden pair in torch": (
        "model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(99, 64), nn.Linear(64, 9))\n"
        + STEP, "nn.Linear(99, 64)",
    ),
    "Keras 1": (
        "from keras.layers.core import Dense\nmodel = keras.Sequential()\nmodel.add(Dense(output_dim=9, input_dim=2))\n"
        "model.add(Dense(output_dim=1))\n" + FIT, "Dense(output_dim=9, input_dim=2)",
    ),
    "a dense layer on an image": (
        "model = keras.Sequential([layers.Conv2D(8, 3, activation='relu'), layers.MaxPooling2D(), "
        "layers.Dense(10, activation='softmax')])\n" + FIT, "layers.Dense(10, activation='softmax')",
    ),
    "a linear layer on an image": (
        "model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Linear(8 * 26 * 26, 10))\n" + STEP,
        "nn.Linear(8 * 26 * 26, 10)",
    ),
}  # fmt: skip

SILENT = {
    "an activation in each hidden layer": (
        "model = keras.Sequential([layers.Dense(16, activation='relu'), layers.Dense(1)])\n" + FIT
    ),
    "a positional activation": "model = keras.Sequential([layers.Dense(16, 'relu'), layers.Dense(1)])\n" + FIT,
    "an activation that the file computes": (
        "model = keras.Sequential([layers.Dense(16, activation=act), layers.Dense(1)])\n" + FIT
    ),
    "an activation layer": ("model = keras.Sequential([layers.Dense(16), layers.ReLU(), layers.Dense(1)])\n" + FIT),
    "a layer of unknown kind": ("model = keras.Sequential([layers.Dense(16), Mystery(), layers.Dense(1)])\n" + FIT),
    "linear regression": "model = keras.Sequential([layers.Dense(1)])\n" + FIT,
    "a projection before a block that bends": (
        "model = nn.Sequential(nn.Linear(9, 4), nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 1))\n" + STEP
    ),
    "a narrow layer between two hidden ones": (
        "model = keras.Sequential([layers.Dense(64, 'relu'), layers.Dense(8), layers.Dense(64, 'sigmoid')])\n" + FIT
    ),
    "normalised, then bent": (
        "model = keras.Sequential([layers.LSTM(8), layers.Dense(64), layers.BatchNormalization(), layers.ReLU(), "
        "layers.Dense(1)])\n" + FIT
    ),
    "an embedding that is projected": "model = keras.Sequential([layers.Embedding(9, 4), layers.Dense(8)])\n" + FIT,
    "convolutions of rows and columns": (
        "model = keras.Sequential([layers.Conv2D(8, (1, 7)), layers.Conv2D(8, (7, 1), activation='relu'), "
        "layers.Flatten(), layers.Dense(3, 'softmax')])\n" + FIT
    ),
    "two models under one name": (
        "model = keras.Sequential()\nmodel.add(layers.Dense(64, 'relu'))\nmodel.add(layers.Dense(9))\n"
        + FIT
        + "model = keras.Sequential()\nmodel.add(layers.Dense(5))\n"
        + FIT
    ),
    "an image that is flattened": (
        "model = keras.Sequential([layers.Conv2D(8, 3, activation='relu'), layers.Flatten(), layers.Dense(9)])\n" + FIT
    ),
    "an image that is pooled away": (
        "model = keras.Sequential([layers.Conv2D(8, 3, activation='relu'), layers.GlobalAveragePooling2D(), "
        "layers.Dense(9)])\n" + FIT
    ),
    "one number for each pixel": (
        "model = keras.Sequential([layers.Conv2D(8, 3, activation='relu'), layers.Dense(1)])\n" + FIT
    ),
    "a linear autoencoder": "model = nn.Sequential(nn.Linear(9, 2), nn.Linear(2, 9))\n" + STEP,
    "a linear autoencoder of named widths": "model = nn.Sequential(nn.Linear(n, k), nn.Linear(k, n))\n" + STEP,
    "a factorised matrix": "model = nn.Sequential(nn.Linear(9, 12, bias=False), nn.Linear(12, 9))\n" + STEP,
    "a model that nothing trains here": "model = nn.Sequential(nn.Linear(1, 16), nn.Linear(16, 1))\n",
    "an affine target": (
        "x = torch.rand(9, 2)\ny = x[:, :1] - x[:, 1:] + 0.1 * torch.randn(9, 1)\n"
        "model = nn.Sequential(nn.Linear(2, 16), nn.Linear(16, 1))\n" + STEP
    ),
    "an affine target by hand": NUMPY.format(target="2 * x + 3", hidden="x @ w1 + b1"),
    "an affine rule by hand": BY_HAND.format(
        target="2 * x + 3", net="net.append(Linear(1, 2))\nnet.append(Linear(2, 1))"
    ),
    "an activation by hand": NUMPY.format(target="x ** 2", hidden="np.maximum(0, x @ w1 + b1)"),
    "an activation by hand as a layer": BY_HAND.format(
        target="x * x", net="net.append(Linear(1, 2))\nnet.append(Tanh())\nnet.append(Linear(2, 1))"
    ),
    "a module with its activation": module("x = self.act(self.first(x))", "return self.second(x)"),
    "a module with a function": module("x = torch.relu(self.first(x))", "return self.second(x)"),
    "a module with a function of the file": module("x = bend(self.first(x))", "return self.second(x)"),
    "a module with a branch": module("x = self.first(x)", "if self.deep:", "    x = bend(x)", "return self.second(x)"),
    "a module that adds its input": module("return self.second(x + self.first(x))"),
    "layers added under a condition": (
        "model = keras.Sequential()\nmodel.add(layers.Dense(16))\nif deep:\n    model.add(layers.ReLU())\n"
        "model.add(layers.Dense(1))\n" + FIT
    ),
    "a product of matrices that nothing learns": "p = (x @ a + b) @ c + d\nn -= 1\n",
    "named layers with an activation between": (
        "model = keras.Sequential()\nfirst = layers.Dense(16)\nmodel.add(first)\nbend = layers.ReLU()\n"
        "model.add(bend)\nlast = layers.Dense(1)\nmodel.add(last)\n" + FIT
    ),
    "a named layer that is one of two": (
        "first = layers.Dense(16)\nif bent:\n    first = layers.Dense(16, activation='relu')\n"
        "model = keras.Sequential([first, layers.Dense(1)])\n" + FIT
    ),
}


def lint(program: str) -> list[Finding]:
    text = IMPORTS + dedent(program)
    return list(static.judge(Source("program.py", text, ast.parse(text))))


@pytest.mark.parametrize("name", STATIC)
def test_a_collapse_is_seen_at_its_first_hidden_layer(name: str) -> None:
    program, first = STATIC[name]
    (finding,) = lint(program)
    place = finding.location
    assert finding.level == ("note" if name == "two convolutions in a row" else "warning")
    line = (IMPORTS + dedent(program)).splitlines()[place.line - 1]
    assert place.end_column is not None
    assert line[place.column - 1 : place.end_column - 1] == first


@pytest.mark.parametrize("name", SILENT)
def test_what_is_no_collapse(name: str) -> None:
    assert lint(SILENT[name]) == []


HERE = Place(__file__, 1)
FITTED = AffineFit(samples=1000, features=1, outputs=1, constant=2.09, error=0.662, r2=0.684)
SEEN = TrainingSeen(
    "a", "torch", "model", Place(__file__, 9), HERE, None, 49, "MSELoss", "mse", 32, 500, affine=FITTED, midpoint=1e-7
)


def fitted(r2: float, noise: float = math.nan) -> AffineFit:
    """A fit to targets of variance 1, with so much noise estimated."""
    return replace(FITTED, constant=1.0, error=1 - r2, r2=r2, noise=noise)


MEASURED: dict[str, tuple[TrainingSeen, str]] = {
    "a line for a sine": (SEEN, "warning"),
    "a line for a sine, with neighbours that agree": (replace(SEEN, affine=replace(FITTED, noise=1e-4)), "error"),
    "a line for a line": (replace(SEEN, affine=fitted(1.0)), "note"),
    "a line for noisy data": (replace(SEEN, affine=fitted(0.5, 0.48)), "note"),
    "a line for a curve in some noise": (replace(SEEN, affine=fitted(0.5, 0.1)), "error"),
    "a line for what may be either": (replace(SEEN, affine=fitted(0.5, 0.25)), "warning"),
    "a single layer": (replace(SEEN, parameters=2), ""),
    "a network that bends": (replace(SEEN, midpoint=0.05), ""),
    "a network nobody asked for midpoints": (replace(SEEN, midpoint=math.nan), ""),
    "a classifier": (replace(SEEN, loss_kind="crossentropy"), ""),
    "targets that never vary": (replace(SEEN, affine=replace(FITTED, constant=0.0, error=0.0)), ""),
    "targets that were not seen": (replace(SEEN, affine=None), ""),
    "a model of unknown origin": (replace(SEEN, made=None, at=None), ""),
}


@pytest.mark.parametrize("name", MEASURED)
def test_the_level_of_a_measured_collapse(name: str) -> None:
    event, level = MEASURED[name]
    assert "".join(finding.level for finding in runtime.judge([event])) == level


def test_the_bound_is_told() -> None:
    (finding,) = runtime.judge([SEEN])
    assert "0.662 (R² 0.684): no training can go below it" in finding.message
    assert "49 parameters say no more than the 2 of one linear layer" in finding.message


def test_a_model_trained_twice_is_told_of_once() -> None:
    assert len(list(runtime.judge([SEEN, replace(SEEN, key="b")]))) == 1


@given(st.floats(0.05, 3.0), st.integers(0, 2**31))
def test_noise_around_a_line_is_estimated_as_noise(deviation: float, seed: int) -> None:
    import numpy as np

    rng = np.random.default_rng(seed)
    inputs = rng.uniform(-3, 3, (600, 1))
    noisy = 2 * inputs + 3 + deviation * rng.normal(size=inputs.shape)
    assert noise_left(inputs, noisy) == pytest.approx(deviation**2, rel=0.4)


def test_a_curve_is_no_noise_and_repeats_tell_nothing() -> None:
    import numpy as np

    inputs = np.linspace(-3, 3, 300)[:, None]
    assert noise_left(inputs, np.sin(inputs)) < 1e-3
    rng = np.random.default_rng(0)
    few = rng.normal(size=(100, 2))
    noisy = rng.normal(size=(100, 1))
    assert noise_left(np.tile(few, (9, 1)), np.tile(noisy, (9, 1))) == noise_left(few, noisy) > 0.5
    assert math.isnan(noise_left(few[:10], noisy[:10]))
    assert math.isnan(noise_left(np.ones((100, 1)), noisy))
