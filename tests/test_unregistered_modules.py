"""PF307: which layers and parameters a module keeps where the framework does not look, and which are registered."""

from __future__ import annotations

import ast

import pytest

from pitfallcheck.finding import Finding
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.unregistered_modules import PITFALL, static

IMPORTS = "import copy\nimport torch\nfrom collections import OrderedDict\nfrom torch import nn, optim\n"
APPLIED = "for layer in self.kept: x = layer(x)"
ITEMS = "for layer in self.kept.values(): x = layer(x)"


def module(*init: str, forward: str = APPLIED, body: str = "", base: str = "nn.Module", before: str = "") -> str:
    """A module that `init` builds, that `forward` uses, and that an optimizer trains."""
    built = "".join(f"        {line}\n" for line in init)
    return (
        f"{IMPORTS}{before}class Net({base}):\n{body}    def __init__(self, n=3):\n        super().__init__()\n{built}"
        f"    def forward(self, x):\n        {forward}\n        return x\n"
        "net = Net()\nopt = optim.Adam(net.parameters())  # nn.Module\n"
    )


def keras(*init: str, body: str = "    rate = 1\n") -> str:
    built = "".join(f"        {line}\n" for line in init)
    return (
        f"from tensorflow import keras\nfrom keras.layers import Dense\nclass Net(keras.Model):\n{body}"
        f"    def __init__(self, n=3):\n        super().__init__()\n{built}"
        f"    def call(self, x):\n        {APPLIED}\n        return x\n"
        "net = Net()\nnet.compile('adam', 'mse')\nnet.fit(x, y)\n"
    )


BLOCK = """class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)
"""
PLAIN = """class Block:
    def __init__(self):
        self.fc = nn.Linear(2, 2)
    def __call__(self, x):
        return self.fc(x)
"""
HELPER = """    def make(self, n):
        layers = []
        for _ in range(n):
            layers += [nn.Linear(2, 2)]
        return layers
"""
FACTORY = """def conv(n):
    return nn.Sequential(nn.Conv2d(n, n, 3), nn.ReLU())
"""

FOUND: dict[str, tuple[str, str, str]] = {
    "appended in a loop": (
        module("self.kept = []", "for i in range(n):", "    self.kept.append(nn.Linear(2, 2))"), "[]", "plain list",
    ),
    "a comprehension": (
        module("self.kept = [nn.Conv2d(1, 8, k) for k in (3, 5)]"),
        "[nn.Conv2d(1, 8, k) for k in (3, 5)]", "`nn.Conv2d(1, 8, k)`",
    ),
    "modules of the file": (
        module("self.kept = [Block() for _ in range(n)]", before=BLOCK), "[Block() for _ in range(n)]", "`Block()`",
    ),
    "a dict": (
        module("self.kept = {'a': nn.Linear(2, 2), 'b': nn.Linear(2, 2)}", forward=ITEMS),
        "{'a': nn.Linear(2, 2), 'b': nn.Linear(2, 2)}", "plain dict",
    ),
    "items of a dict, by a name": (
        module("self.kept = OrderedDict()", "for i in 'ab':", "    head = nn.Linear(2, 2)", "    self.kept[i] = head",
               forward=ITEMS), "OrderedDict()", "plain dict",
    ),
    "a tuple": (module("self.kept = (nn.LSTM(2, 2), nn.LSTM(2, 2))"), "(nn.LSTM(2, 2), nn.LSTM(2, 2))", "plain tuple"),
    "a local list, kept": (
        module("layers = []", "for i in range(n):", "    layers.append(nn.Linear(2, 2))", "self.kept = layers"),
        "layers", "plain list",
    ),
    "a list that a method makes": (module("self.kept = self.make(n)", body=HELPER), "self.make(n)", "plain list"),
    "a factory of the file": (
        module("self.kept = list()", "self.kept.append(conv(1))", before=FACTORY), "list()", "`conv(1)`",
    ),
    "lists in a list": (
        module("self.kept = [[nn.Linear(2, 2) for _ in 'ab'] for _ in range(n)]",
               forward="for row in self.kept: x = row[0](x)"),
        "[[nn.Linear(2, 2) for _ in 'ab'] for _ in range(n)]", "plain list",
    ),
    "one layer, several times": (module("self.kept = [nn.Linear(2, 2)] * n"), "[nn.Linear(2, 2)] * n", "plain list"),
    "copies of a layer": (
        module("layer = nn.Linear(2, 2)", "self.kept = [copy.deepcopy(layer) for _ in range(n)]"),
        "[copy.deepcopy(layer) for _ in range(n)]", "plain list",
    ),
    "layers that are initialised": (
        module("self.kept = [nn.Linear(2, 2) for _ in 'ab']", "for layer in self.kept:",
               "    nn.init.zeros_(layer.bias)"), "[nn.Linear(2, 2) for _ in 'ab']", "plain list",
    ),
    "layers put together in the forward pass": (
        module("self.kept = [nn.Linear(2, 2), nn.ReLU()]", forward="x = nn.Sequential(*self.kept)(x)"),
        "[nn.Linear(2, 2), nn.ReLU()]", "plain list",
    ),
    "parameters": (
        module("self.kept = [nn.Parameter(torch.rand(3)) for _ in 'ab']", forward="for w in self.kept: x = x * w"),
        "[nn.Parameter(torch.rand(3)) for _ in 'ab']", "the parameters in it",
    ),
    "a parameter, scaled": (
        module("self.kept = nn.Parameter(torch.rand(3)) * 0.1", forward="x = x * self.kept"),
        "nn.Parameter(torch.rand(3)) * 0.1", "computed from `nn.Parameter(torch.rand(3))`",
    ),
    "a parameter, moved": (
        module("self.kept = nn.Parameter(torch.rand(3)).cuda()", forward="x = x * self.kept"),
        "nn.Parameter(torch.rand(3)).cuda()", "no parameter itself",
    ),
    "a tensor that asks for its gradient": (
        module("self.kept = torch.rand(3).requires_grad_()", forward="x = x * self.kept"),
        "torch.rand(3).requires_grad_()", "plain tensor",
    ),
    "a layer of the class": (
        module("pass", body="    fc = nn.Linear(2, 2)\n", forward="x = self.fc(x)"), "nn.Linear(2, 2)", "body of `Net`",
    ),
    "an object that is no module": (
        module("self.kept = Block()", before=PLAIN, forward="x = self.kept(x)"), "Block()", "`Block`, which makes",
    ),
    "a Lightning module": (
        "import pytorch_lightning as pl\n"
        + module("self.kept = [nn.Linear(2, 2) for _ in 'ab']", base="pl.LightningModule"),
        "[nn.Linear(2, 2) for _ in 'ab']", "plain list",
    ),
    "Keras: a layer of the class": (
        keras("pass", body="    d = Dense(2)\n").replace(APPLIED, "x = self.d(x)"), "Dense(2)", "body of `Net`",
    ),
    "Keras: an item replaced": (
        keras("self.kept = [None] * n", "for i in range(n):", "    self.kept[i] = Dense(2)"), "self.kept[i]", "Keras 3",
    ),
    "Keras: appended by the other name": (
        keras("layers = []", "self.kept = layers", "layers.append(Dense(2))"), "layers", "Keras 3",
    ),
}  # fmt: skip

LINEARS = "self.kept = [nn.Linear(2, 2) for _ in 'ab']"

SILENT: dict[str, str] = {
    "a module list": module("self.kept = nn.ModuleList([nn.Linear(2, 2) for _ in 'ab'])"),
    "a module list, appended to": module("self.kept = nn.ModuleList()", "self.kept.append(nn.Linear(2, 2))"),
    "made a module list later": module(LINEARS, "self.kept = nn.ModuleList(self.kept)"),
    "a sequence of the same layers": module(LINEARS, "self.net = nn.Sequential(*self.kept)"),
    "a sequence of the local list": module(
        "layers = [nn.Linear(2, 2), nn.Linear(2, 2)]", "self.net = nn.Sequential(*layers)", "self.kept = layers"
    ),
    "added as modules": module(LINEARS, "for i, layer in enumerate(self.kept):", "    self.add_module(str(i), layer)"),
    "set as attributes": module(LINEARS, "for i, layer in enumerate(self.kept):", "    setattr(self, f'l{i}', layer)"),
    "attributes in a list": module(
        "self.a = nn.Linear(2, 2)", "self.b = nn.Linear(2, 2)", "self.kept = [self.a, self.b]"
    ),
    "attributes by their local names": module("a = nn.Linear(2, 2)", "self.a = a", "self.kept = [a, a]"),
    "gathered by hand": module(LINEARS) + "more = [p for layer in net.kept for p in layer.parameters()]\n",
    "handed to the optimizer": module(
        "self.kept = [nn.Parameter(torch.rand(3)) for _ in 'ab']", forward="x = x * self.kept[0]"
    ) + "opt = optim.Adam(net.kept)\n",
    "optimizers of their own": module(LINEARS, "self.opts = [optim.Adam(layer.parameters()) for layer in self.kept]"),
    "a class that lists its parameters": module(
        LINEARS, body="    def parameters(self):\n        return [p for m in self.kept for p in m.params]\n"
    ),
    "frozen": module(LINEARS, "for layer in self.kept: layer.requires_grad_(False)"),
    "a parameter without gradient": module(
        "self.kept = [nn.Parameter(torch.rand(3), requires_grad=False) for _ in 'ab']"
    ),
    "a module hidden in a list of one": module("self.kept = [nn.Linear(2, 2)]"),
    "what was handed in": module("self.kept = [n, n]"),
    "activations": module("self.kept = [nn.ReLU(), nn.Tanh()]"),
    "kinds and sizes": module("self.kept = [nn.Linear, nn.ReLU]", "self.sizes = [1, 2]", forward="x = self.kept[0](x)"),
    "functions that make layers": module("self.kept = [lambda: nn.Linear(2, 2)] * 3"),
    "never used": module(LINEARS, forward="pass"),
    "not a module": module(LINEARS, base="object"),
    "a base from elsewhere": module(LINEARS, base="Base", before="from elsewhere import Base\n"),
    "flax": "import flax.linen as nn\n" + module("self.kept = [nn.Dense(2) for _ in 'ab']").replace(IMPORTS, ""),
    "a parameter of scaled numbers": module(
        "self.kept = nn.Parameter(torch.rand(3) * 0.1)", forward="x = x * self.kept"
    ),
    "a plain object that looks after itself": module(
        "self.kept = Block()", forward="x = self.kept(x)",
        before=PLAIN + "    def params(self):\n        return self.fc.parameters()\n",
    ),
    "a module object": module("self.kept = Block()", before=BLOCK, forward="x = self.kept(x)"),
    "one of two branches": module(
        "if n:", "    self.kept = nn.ModuleList([nn.Linear(2, 2)])", "else:", f"    {LINEARS}"
    ),
    "Keras follows lists": keras("self.kept = []", "for i in range(n):", "    self.kept.append(Dense(2))"),
    "Keras follows tuples and dicts": keras("self.kept = (Dense(2), Dense(2))", "self.more = {'a': [Dense(2)]}"),
    "Keras: a list that is complete": keras("layers = []", "layers.append(Dense(2))", "self.kept = layers"),
}  # fmt: skip


def findings(text: str) -> list[Finding]:
    assert PITFALL.may_be_in(text.encode())
    return list(static.judge(Source("net.py", text, ast.parse(text))))


@pytest.mark.parametrize(("text", "at", "said"), [pytest.param(*case, id=name) for name, case in FOUND.items()])
def test_what_the_framework_does_not_see_is_found_where_it_is_kept(text: str, at: str, said: str) -> None:
    found = findings(text)
    assert len(found) == 1
    place = found[0].location
    assert text.splitlines()[place.line - 1][place.column - 1 :].startswith(at)
    assert said in found[0].message


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in SILENT.items()])
def test_what_is_registered_or_kept_apart_is_left_alone(text: str) -> None:
    assert findings(text) == []


def test_keras_two_tracks_what_keras_three_misses_so_that_it_is_a_warning() -> None:
    assert [finding.level for finding in findings(FOUND["Keras: an item replaced"][0])] == ["warning"]
    assert [finding.level for finding in findings(FOUND["a tuple"][0])] == ["error"]


def test_the_remedy_is_the_line_to_write() -> None:
    (finding,) = findings(FOUND["a comprehension"][0])
    assert "`self.kept = nn.ModuleList([nn.Conv2d(1, 8, k) for k in (3, 5)])`" in finding.remedy
    (nested,) = findings(FOUND["lists in a list"][0])
    assert "what is nested in it in one of its own" in nested.remedy
