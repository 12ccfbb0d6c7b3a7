"""PF305: which networks start with equal hidden units, and which zeros are right."""

from __future__ import annotations

import ast

import pytest

from pitfallcheck.finding import Finding
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.symmetric_start import PITFALL, static

KERAS = "import keras\nfrom keras.layers import Activation, Dense\n"
FIT = "model.compile('adam', 'mse')\nmodel.fit(x, y)\n"
TORCH = "import torch\nfrom torch import nn\nnet = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))\n"
STEP = "opt = torch.optim.SGD(net.parameters(), lr=0.1)\nloss = net(x).mean()\nloss.backward()\n"
NUMPY = """import numpy as np
W1 = {first}
W2 = {second}
for _ in range(100):
    h = np.tanh(x @ W1)
    d = h @ W2 - y
    W2 -= 0.1 * h.T @ d
    W1 -= 0.1 * x.T @ (d @ W2.T * (1 - h**2))
"""


def stack(*layers: str) -> str:
    return f"{KERAS}model = keras.Sequential([{', '.join(layers)}])\n{FIT}"


def apply(*body: str, test: str = "isinstance(m, nn.Linear)") -> str:
    lines = "".join(f"        {line}\n" for line in body)
    return f"{TORCH}def start(m):\n    if {test}:\n{lines}net.apply(start)\n{STEP}"


MODULE = """import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(2, 8)
        self.fc2 = nn.Linear(8, 1)
        {start}
    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))
net = Net()
loss.backward()
"""
ZEROS = "Dense(8, activation='tanh', kernel_initializer='zeros')"

FOUND: dict[str, tuple[str, str, str]] = {
    "Keras, all zeros": (stack(ZEROS, "Dense(1, kernel_initializer='zeros')"), "error", "stay equal"),
    "Keras 1": (stack("Dense(8, init='zero')", "Activation('tanh')", "Dense(1, init='zero')"), "error", "init='zero'"),
    "Keras, a constant": (
        stack("Dense(8, kernel_initializer=keras.initializers.Constant(0.5))", "Dense(1, kernel_initializer='ones')"),
        "error", "Constant(0.5)",
    ),
    "Keras, a ReLU at zero": (
        stack("Dense(8, activation='relu', kernel_initializer='zeros')", "Dense(1)"), "error", "passes no gradient",
    ),
    "Keras, random behind": (stack(ZEROS, "Dense(1)"), "warning", "only the random weights behind them"),
    "torch, apply": (apply("nn.init.zeros_(m.weight)"), "error", "every layer"),
    "torch, apply by type": (apply("m.weight.data.fill_(1.0)", test="type(m) == nn.Linear"), "error", "every layer"),
    "torch, every parameter": (
        TORCH + "for p in net.parameters():\n    p.data.fill_(0.01)\n" + STEP, "error", "p.data.fill_(0.01)",
    ),
    "torch, layer by layer": (
        MODULE.format(start="nn.init.ones_(self.fc1.weight); nn.init.ones_(self.fc2.weight)"),
        "error", "self.fc2.weight",
    ),
    "NumPy": (NUMPY.format(first="np.zeros((2, 8))", second="np.zeros((8, 1))"), "error", "W1 = np.zeros((2, 8))"),
    "NumPy, random behind": (
        NUMPY.format(first="np.ones((2, 8))", second="np.random.randn(8, 1)"), "warning", "pull them apart",
    ),
}  # fmt: skip

SILENT: dict[str, str] = {
    "Keras, one layer": stack("Dense(9, activation='softmax', kernel_initializer='zeros')"),
    "Keras, the output": stack("Dense(8, activation='relu')", "Dense(1, kernel_initializer='zeros')"),
    "Keras, biases": stack("Dense(8, bias_initializer='zeros')", "Dense(1, bias_initializer='zeros')"),
    "Keras, one hidden unit": stack("Dense(1, kernel_initializer='ones')", "Dense(1, kernel_initializer='zeros')"),
    "torch, biases": apply("nn.init.xavier_uniform_(m.weight)", "nn.init.zeros_(m.bias)"),
    "torch, norms": apply("nn.init.ones_(m.weight)", test="isinstance(m, nn.BatchNorm1d)"),
    "torch, not applied": apply("nn.init.zeros_(m.weight)").replace("net.apply(start)\n", ""),
    "torch, the last layer": MODULE.format(start="nn.init.zeros_(self.fc2.weight)"),
    "torch, gradients": TORCH + "for p in net.parameters():\n    p.grad.zero_()\n" + STEP,
    "torch, vectors only": (TORCH + "for p in net.parameters():\n    if p.dim() < 2:\n        p.data.zero_()\n" + STEP),
    "torch, an average of weights": (
        TORCH + "average = net2()\nfor p in average.parameters():\n    p.data.zero_()\n" + STEP
    ),
    "NumPy, the output": NUMPY.format(first="np.random.randn(2, 8)", second="np.zeros((8, 1))"),
    "NumPy, one layer": (
        "import numpy as np\nW = np.zeros((784, 10))\nfor _ in range(9):\n    W -= 0.1 * x.T @ (softmax(x @ W) - y)\n"
    ),
    "NumPy, filled later": NUMPY.format(first="np.zeros((2, 8))\nW1 = load()", second="np.zeros((8, 1))"),
}


def findings(text: str) -> list[Finding]:
    assert PITFALL.may_be_in(text.encode())
    return list(static.judge(Source("net.py", text, ast.parse(text))))


@pytest.mark.parametrize("name", FOUND)
def test_equal_hidden_units_are_found(name: str) -> None:
    text, level, said = FOUND[name]
    (finding,) = findings(text)
    assert finding.level == level
    assert said in finding.message


@pytest.mark.parametrize("name", SILENT)
def test_zeros_in_their_place_are_left_alone(name: str) -> None:
    text = SILENT[name]
    assert list(static.judge(Source("net.py", text, ast.parse(text)))) == []
