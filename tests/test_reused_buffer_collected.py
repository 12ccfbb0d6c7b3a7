"""PF101: arrays that are put into a container turn after turn, one array several times, states kept by reference."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from pitfallcheck.finding import Finding
from pitfallcheck.lint.fix import apply
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.reused_buffer import PITFALL, static

IMPORTS = "import copy\nimport queue\nfrom collections import deque\nimport jax\nimport numpy as np\nimport torch\n"


def turns(*body: str, kept: str = "kept = []", buffer: str = "x = np.zeros(4)") -> str:
    """A script that fills a buffer and puts it somewhere, ten times."""
    return "\n".join([buffer, kept, "for i in range(10):", *(f"    {line}" for line in body)]) + "\n"


TRAINED = """
def train(model, optimizer, loader):
    lowest, weights = 1e9, []
    for x, y in loader:
        loss = model(x).sub(y).square().mean()
        if loss < lowest:
            {kept}
        loss.backward()
        optimizer.step()
    model.load_state_dict(best)
    return weights
"""

FOUND: dict[str, tuple[str, str, str]] = {
    "appended": (turns("x[:] = i", "kept.append(x)"), "x", "error"),
    "appended with its target": (turns("x[:] = i", "kept.append((x, i))"), "x", "error"),
    "a view of it": (turns("x[:] = i", "kept.append(x[1:])"), "x[1:]", "error"),
    "a tensor of it": (turns("x[:] = i", "kept.append(torch.from_numpy(x))"), "torch.from_numpy(x)", "error"),
    "as_tensor": (turns("x += i", "kept.append(torch.as_tensor(x))"), "torch.as_tensor(x)", "error"),
    "device_put": (turns("x += i", "kept.append(jax.device_put(x))"), "jax.device_put(x)", "warning"),
    "a state that moves": (turns("x += np.random.randn(4)", "kept.append(x)"), "x", "error"),
    "a deque": (turns("x[0] = i", "kept.append((x, 1.0))", kept="kept = deque(maxlen=5)"), "x", "error"),
    "a queue": (turns("x[:] = i", "kept.put(x)", kept="kept = queue.Queue()"), "x", "warning"),
    "in place, in torch": (
        turns("x.add_(1.0)", "kept.append(x)", buffer="x = torch.zeros(4)"), "x", "error",
    ),
    "items of a dict": (turns("x[0] = i", "kept[i] = x", kept="kept = {}"), "x", "error"),
    "written after it is put": (turns("kept.append(x)", "x[0] = i"), "x", "error"),
    "a history on self": (
        """
        class Walk:
            def __init__(self):
                self.x = np.zeros(2)
                self.path = []
            def step(self):
                self.x += 1
                self.path.append(self.x)
        """,
        "self.x", "error",
    ),
    "one array several times": (
        "rows = [np.zeros(3)] * 4\nfor i in range(4):\n    rows[i][0] = i\n", "[np.zeros(3)] * 4", "error",
    ),
    "the best state": (TRAINED.format(kept="best = model.state_dict()"), "model.state_dict()", "error"),
    "the weights of each step": (
        TRAINED.format(kept="weights.append(model.weight.detach().numpy())"), "model.weight.detach().numpy()", "error",
    ),
}  # fmt: skip

SILENT: dict[str, str] = {
    "a copy": turns("x[:] = i", "kept.append(x.copy())"),
    "a new array": turns("x[:] = i", "kept.append(np.array(x))"),
    "a tensor of its own": turns("x[:] = i", "kept.append(torch.tensor(x))"),
    "computed": turns("x[:] = i", "kept.append(x * 2)", "kept.append(x.mean())", "kept.append(x[0])"),
    "bound anew": turns("x[:] = i", "kept.append(x)", "x = np.zeros(4)"),
    "allocated in the loop": turns("x = np.zeros(4)", "x[:] = i", "kept.append(x)"),
    "a sum that makes a new one": turns("x = x + i", "kept.append(x)"),
    "put once, behind the loop": turns("x[i % 4] = i") + "kept.append(x)\n",
    "a number": turns("x += i", "kept.append(x)", buffer="x = 0"),
    "emptied in each turn": turns("x[:] = i", "kept.append(x)", "print(np.sum(kept))", "kept.clear()"),
    "a list of each turn": turns("x[:] = i", "kept = []", "kept.append(x)"),
    "rows that are written once": turns("x[i] = i", "kept.append(x[i])", buffer="x = np.zeros((10, 4))"),
    "stored into an array": turns("x[:] = i", "kept[i] = x", kept="kept = np.zeros((10, 4))"),
    "taken out again": turns("x[:] = i", "kept.append(x)", "use(kept.pop())"),
    "parameters that are updated in place": (
        "w = np.zeros(4)\nparams = []\nparams.append(w)\nlosses = []\nfor i in range(9):\n    w -= 0.1\n"
        "    losses.append(float(w.sum()))\n"
    ),
    "the same number in each item": "rows = [0.0] * 4\nrows[1] = 2.0\n",
    "items that are replaced": (
        "rows = [np.zeros(3)] * 4\nfor i in range(4):\n    rows[i] = np.ones(3)\n    rows[i][0] = i\n"
    ),
    "a deep copy of the best state": TRAINED.format(kept="best = copy.deepcopy(model.state_dict())"),
    "a clone of the weights": TRAINED.format(kept="weights.append(model.weight.detach().clone())"),
    "a state that is kept behind the loop": "best = model.state_dict()\nmodel.load_state_dict(best)\n",
}


def findings(program: str) -> list[Finding]:
    text = IMPORTS + dedent(program)
    return list(static.judge(Source("program.py", text, ast.parse(text))))


@pytest.mark.parametrize("name", FOUND)
def test_a_reference_that_was_meant_as_a_copy_is_found_where_it_stands(name: str) -> None:
    program, written, level = FOUND[name]
    (finding,) = findings(program)
    place = finding.location
    line = (IMPORTS + dedent(program)).splitlines()[place.line - 1]
    assert place.end_column is not None
    assert line[place.column - 1 : place.end_column - 1] == written
    assert finding.level == level


@pytest.mark.parametrize("name", SILENT)
def test_copies_and_new_arrays_are_left_alone(name: str) -> None:
    assert findings(SILENT[name]) == []


@pytest.mark.parametrize("name", ["appended", "a tensor of it", "one array several times", "the weights of each step"])
def test_the_fix_ends_the_finding(name: str) -> None:
    program = FOUND[name][0]
    (finding,) = findings(program)
    assert finding.fix is not None
    mended = apply(IMPORTS + dedent(program), [finding.fix])
    assert list(static.judge(Source("program.py", mended, ast.parse(mended)))) == []


@pytest.mark.parametrize("name", ["appended", "a tensor of it", "a queue", "one array several times", "the best state"])
def test_the_screen_lets_them_through(name: str) -> None:
    assert PITFALL.may_be_in((IMPORTS + dedent(FOUND[name][0])).encode())
