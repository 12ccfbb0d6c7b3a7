"""PF304: which programs leave parameters out, and what is said of those that a run saw learn nothing."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from pitfallcheck.finding import Finding
from pitfallcheck.lint.source import Source
from pitfallcheck.observe.events import Place, TrainingSeen
from pitfallcheck.observe.learning import GradientNorm, Optimizer, Unwired
from pitfallcheck.pitfalls.unwired_parameters import runtime, static

NET = """import keras
import torch
from torch import nn, optim
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(2, 16)
        self.head = nn.Linear(16, 1)
    def forward(self, x):
        return self.head(torch.relu(self.body(x)))
"""
LOOP = """
for _ in range(100):
    opt.zero_grad()
    loss = ((model(x) - y) ** 2).mean()
    loss.backward()
    opt.step()
"""
SGD = "opt = optim.SGD({}, lr=0.1)"
STACK = "model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))"


def program(*lines: str) -> str:
    return "\n".join(lines) + LOOP


def layer(forward: str, *, base: str = "nn.Module", method: str = "forward", init: str = "pass") -> str:
    return (
        f"class Made({base}):\n    def __init__(self):\n        {init}\n    def {method}(self, x):\n        {forward}\n"
    )


FOUND: dict[str, tuple[str, str, str]] = {
    "a layer replaced after the optimizer was made": (
        program("model = Net()", SGD.format("model.parameters()"), "model.head = nn.Linear(16, 2)"),
        "error", "optim.SGD",
    ),
    "an item replaced": (
        program(STACK, SGD.format("model.parameters()"), "model[2] = nn.Linear(16, 2)"), "error", "optim.SGD",
    ),
    "the model replaced": (
        program("model = Net()", SGD.format("model.parameters()"), "model = Net()"), "error", "optim.SGD",
    ),
    "another model": (
        program("model = Net()", "old = Net()", SGD.format("old.parameters()")), "error", "optim.SGD",
    ),
    "a part of the model": (program("model = Net()", SGD.format("model.head.parameters()")), "warning", "optim.SGD"),
    "a list of a part": (
        program("model = Net()", SGD.format("[model.head.weight, model.head.bias]")), "warning", "optim.SGD",
    ),
    "a part of a stack": (program(STACK, SGD.format("model[-1].parameters()")), "warning", "optim.SGD"),
    "a tensor left out": (
        program("w1 = torch.randn(2, 8, requires_grad=True)", "w2 = torch.randn(8, 1, requires_grad=True)",
                "model = lambda x: x @ w1 @ w2", SGD.format("[w1]")), "error", "optim.SGD",
    ),
    "a layer made in forward": (layer("return nn.Linear(2, 1)(x)"), "error", "nn.Linear"),
    "a layer made and named in forward": (layer("l = nn.Linear(2, 1); return l(x)"), "error", "nn.Linear"),
    "a parameter made in forward": (layer("return x @ nn.Parameter(torch.rand(2, 1))"), "error", "nn.Parameter"),
    "a layer made in call": (
        layer("return keras.layers.Dense(1)(x)", base="keras.Model", method="call"), "error", "keras.layers.Dense",
    ),
    "a tensor that is not registered": (
        layer("return x @ self.w", init="self.w = torch.randn(2, 1, requires_grad=True)"), "warning", "self.w",
    ),
}  # fmt: skip

SILENT = {
    "all parameters": program("model = Net()", SGD.format("model.parameters()")),
    "replaced before": program("model = Net()", "model.head = nn.Linear(16, 1)", SGD.format("model.parameters()")),
    "made again after the replacement": program(
        "model = Net()", SGD.format("model.parameters()"), "model.head = nn.Linear(16, 1)",
        SGD.format("model.parameters()"),
    ),
    "given the new layer": program(
        "model = Net()", SGD.format("model.parameters()"), "model.head = nn.Linear(16, 1)",
        "opt.add_param_group({'params': model.head.parameters()})",
    ),
    "moved to a device": program("model = Net()", SGD.format("model.parameters()"), "model = model.to(device)"),
    "wrapped": program("model = Net()", SGD.format("model.parameters()"), "model = nn.DataParallel(model)"),
    "a frozen rest": program(
        "model = Net()", "model.body.requires_grad_(False)", SGD.format("model.head.parameters()")
    ),
    "a loaded rest": program("model = Net()", "model.load_state_dict(s)", SGD.format("model.head.parameters()")),
    "two optimizers": program(
        "model = Net()", SGD.format("model.head.parameters()"), "other = optim.SGD(model.body.parameters(), lr=0.1)"
    ),
    "both parts listed": program(
        "model = Net()", SGD.format("list(model.head.parameters()) + list(model.body.parameters())")
    ),
    "a teacher": program("model = Net()", "teacher = Net()", SGD.format("model.parameters()"), "y = teacher(x)"),
    "a model that a function takes": program(
        "model = Net()", "old = Net()", SGD.format("old.parameters()"), "model = combine(model, old)"
    ),
    "an input with a gradient": program(
        "x = torch.rand(9, 2, requires_grad=True)", "w = torch.rand(2, 1, requires_grad=True)", SGD.format("[w]"),
        "g = torch.autograd.grad(model(x).sum(), x)",
    ),
    "a tensor moved by hand": program(
        "a = torch.rand(2, requires_grad=True)", "b = torch.rand(2, requires_grad=True)", SGD.format("[a]"),
        "print(b.grad)",
    ),
    "activations made in forward": layer("return nn.ReLU()(x) + nn.Dropout(0.1)(x)"),
    "a layer made at the first call": layer("self.l = nn.Linear(2, 1) if self.l is None else self.l; return self.l(x)"),
    "a tensor that the optimizer gets by name": layer(
        "return x @ self.w", init="self.w = torch.randn(2, 1, requires_grad=True)"
    ) + "opt = optim.SGD([made.w], lr=0.1)\n",
}  # fmt: skip


def lint(text: str) -> list[Finding]:
    text = NET + text
    return list(static.judge(Source("program.py", text, ast.parse(text))))


@pytest.mark.parametrize("name", FOUND)
def test_what_is_left_out_is_seen(name: str) -> None:
    text, level, stands = FOUND[name]
    (finding,) = lint(text)
    line = (NET + text).splitlines()[finding.location.line - 1]
    assert finding.level == level
    assert line[finding.location.column - 1 :].startswith(stands)


@pytest.mark.parametrize("name", SILENT)
def test_what_is_wired(name: str) -> None:
    assert lint(SILENT[name]) == []


MADE_OPTIMIZER, MADE_LAYER, AT = Place(__file__, 7), Place(__file__, 4), Place(__file__, 20)
NORM = GradientNorm("body.weight", 32, 1.0, 0.1, 0.1, 0.1, 1)
SEEN = TrainingSeen(
    "a", "torch", "Net", AT, Place(__file__, 6), None, 65, "MSELoss", "mse", 32, 300,
    optimizer=Optimizer("sgd", "SGD", 0.1, at=MADE_OPTIMIZER), gradients=(NORM, replace(NORM, parameter="head.weight")),
)  # fmt: skip
NOT_HELD = Unwired("head.weight", "not in the optimizer", MADE_LAYER)
NO_GRADIENT = Unwired("spare.weight", "no gradient", MADE_LAYER)

RUNS: dict[str, tuple[tuple[Unwired, ...], list[tuple[str, int]]]] = {
    "not held": ((NOT_HELD,), [("warning", 7)]),
    "no gradient": ((NO_GRADIENT,), [("warning", 4)]),
    "both": ((NOT_HELD, NO_GRADIENT), [("warning", 7), ("warning", 4)]),
    "nothing is held": ((NOT_HELD, replace(NOT_HELD, parameter="body.weight")), [("error", 7)]),
    "a target network": ((replace(NO_GRADIENT, parameter="target.body.weight"),), []),
    "all wired": ((), []),
}


@pytest.mark.parametrize("name", RUNS)
def test_where_a_measured_gap_stands(name: str) -> None:
    unwired, due = RUNS[name]
    findings = runtime.judge([replace(SEEN, unwired=unwired)])
    assert [(finding.level, finding.location.line) for finding in findings] == due


def test_the_parameters_are_named() -> None:
    many = tuple(replace(NO_GRADIENT, parameter=f"l{i}.weight") for i in range(5))
    (finding,) = runtime.judge([replace(SEEN, unwired=many)])
    assert finding.message.startswith("`l0.weight`, `l1.weight`, `l2.weight` and 2 more get no gradient")
