"""What is told of the batches that torch programs train on: which line, loader and source, and what they held."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch_observing import marked, run_alone, run_torch

from pitfallcheck.observe.events import DataFed, Leaf, SourceWatched

pytestmark = pytest.mark.frameworks("torch")

DATA = """
x = torch.rand(96, 3)
y = x.sum(1, keepdim=True)
class Pairs(Dataset):
    def __len__(self): return 96
    def __getitem__(self, i): return x[i], y[i]
class Stream(IterableDataset):
    def __iter__(self):
        for i in range(0, 96, 32):
            yield x[i:i + 32], y[i:i + 32]
model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
def learn(loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
EPOCHS = """
for epoch in range(3):
    for xb, yb in loader:
        learn(F.mse_loss(model(xb), yb))  # here
"""

LOOPS = {
    "a loader of tensors": (
        "loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)  # made" + EPOCHS,
        9,
    ),
    "a loader in its order": ("loader = DataLoader(TensorDataset(x, y), batch_size=32)  # made" + EPOCHS, 9),
    "a data set of the user's": ("loader = DataLoader(Pairs(), batch_size=32, shuffle=True)  # made" + EPOCHS, 9),
    "workers": ("loader = DataLoader(Pairs(), batch_size=32, num_workers=2)  # made" + EPOCHS, 9),
    "a stream that makes batches": ("loader = DataLoader(Stream(), batch_size=None)  # made" + EPOCHS, 9),
    "a collate function": (
        """
def collate(items): return torch.stack([a for a, _ in items]), torch.stack([b for _, b in items])
loader = DataLoader(Pairs(), batch_size=32, collate_fn=collate)  # made"""
        + EPOCHS,
        9,
    ),
    "all data at once": ("xb, yb = x + 0, y + 0\nfor _ in range(9):\n    learn(F.mse_loss(model(xb), yb))  # here", 1),
    "slices": (
        """
for epoch in range(3):
    for i in range(0, 96, 32):
        xb, yb = x[i:i + 32], y[i:i + 32]
        learn(F.mse_loss(model(xb), yb))  # here
""",
        9,
    ),
    "rows drawn": (
        """
for _ in range(9):
    rows = torch.randint(0, 96, (32,))
    xb, yb = x[rows], y[rows]
    learn(F.mse_loss(model(xb), yb))  # here
""",
        9,
    ),
    "a loss by hand": (
        """
for i in range(9):
    xb = torch.rand(32, 3)
    yb = xb.sum(1, keepdim=True)
    learn(((model(xb) - yb) ** 2).mean())  # here
""",
        9,
    ),
    "a loss by hand in a function": (
        """
def train():
    for i in range(9):
        xb = torch.rand(32, 3)
        yb = xb.sum(1, keepdim=True)
        predicted = model(xb)  # here
        loss = (yb - predicted).abs().mean()
        learn(loss)
train()
""",
        9,
    ),
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_training_loop_tells_what_it_was_fed(name: str, tmp_path: Path) -> None:
    text, batches = LOOPS[name]
    program = DATA + text
    (fed,) = run_torch(tmp_path, program).fed
    assert fed.at.line == marked(program)[0]
    assert [place.line for place in [fed.made] if place] == marked(program, "made")
    given, wanted = fed.inputs[0], fed.targets[0]
    assert (len(fed.inputs), given.name, given.dtype, wanted.name) == (1, "xb", "float32", "yb")
    assert given.shape[1:] == (3,) and wanted.shape[1:] == (1,)
    assert given.values is not None and wanted.values is not None
    assert (given.values.batches, wanted.values.batches) == (batches, batches)
    assert min(given.values.minima) >= 0 and max(given.values.maxima) <= 1
    assert 0 < wanted.values.minima[0] < wanted.values.maxima[0] < 3


def _fed(tmp_path: Path, text: str) -> DataFed:
    (fed,) = run_torch(tmp_path, DATA + text).fed
    return fed


@pytest.mark.parametrize(
    ("loader", "shuffled"),
    [
        ("DataLoader(TensorDataset(x, y), batch_size=32)", False),
        ("DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)", True),
        (
            "DataLoader(TensorDataset(x, y), 32, sampler=torch.utils.data.WeightedRandomSampler(torch.ones(96), 96))",
            True,
        ),
        ("DataLoader(Stream(), batch_size=None)", None),
        ("DataLoader(TensorDataset(x, y), batch_sampler=[[0, 1, 2], [3, 4, 5]])", None),
    ],
)
def test_whether_a_loader_shuffles(loader: str, shuffled: bool | None, tmp_path: Path) -> None:
    assert _fed(tmp_path, f"loader = {loader}{EPOCHS}").shuffled is shuffled


@pytest.mark.parametrize("loader", ["DataLoader(Pairs(), batch_size=32)", "DataLoader(Stream(), batch_size=None)"])
def test_batches_are_linked_to_the_source_that_is_watched(loader: str, tmp_path: Path) -> None:
    seen = run_torch(tmp_path, f"{DATA}loader = {loader}{EPOCHS}")
    (watched,) = [event for event in seen.events if isinstance(event, SourceWatched)]
    assert seen.fed[0].source == watched.key


def test_batches_of_a_generator_are_linked_to_it(tmp_path: Path) -> None:
    program = """
def batches():
    while True:
        xb = np.random.rand(32, 3).astype(np.float32)
        yield xb, xb.sum(1, keepdims=True)
def others():
    while True:
        yield np.zeros((5, 3))
source, other = batches(), others()
for step in range(20):
    xb, yb = next(source)
    next(other)
    learn(F.mse_loss(model(torch.from_numpy(xb)), torch.tensor(yb)))
"""
    seen = run_torch(tmp_path, DATA + program)
    keys = {
        event.defined.function: event.key for event in seen.events if isinstance(event, SourceWatched) and event.defined
    }
    assert seen.fed[0].source == keys["batches"]


NAN = """
for step in range({steps}):
    xb = torch.rand(32, 3)
    yb = xb.sum(1, keepdim=True)
    if step == {bad}:
        {what}
    learn({loss})
"""
LOSSES = ["F.mse_loss(model(xb), yb)", "((model(xb) - yb) ** 2).mean()"]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("bad", [0, 7, 101, 1203])
def test_nan_in_an_input_is_named_with_its_batch(bad: int, loss: str, tmp_path: Path) -> None:
    fed = _fed(tmp_path, NAN.format(steps=1300, bad=bad, what="xb[5, 2] = float('nan')", loss=loss))
    assert fed.inputs[0].values is not None
    found = fed.inputs[0].values.nonfinite
    assert found is not None
    assert (found.first_batch, found.index, found.value, found.count) == (bad + 1, (5, 2), "nan", 1)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("bad", [7, 1203])
def test_infinity_in_a_target_is_named_with_its_batch(bad: int, loss: str, tmp_path: Path) -> None:
    fed = _fed(tmp_path, NAN.format(steps=1300, bad=bad, what="yb[9, 0] = -float('inf')", loss=loss))
    assert fed.targets[0].values is not None
    found = fed.targets[0].values.nonfinite
    assert found is not None
    assert (found.first_batch, found.index, found.value) == (bad + 1, (9, 0), "-inf")


def test_rows_in_order_spread_and_rows_drawn_do_not(tmp_path: Path) -> None:
    ordered = "x = torch.linspace(0, 1, 96)[:, None].repeat(1, 3); y = x[:, :1]\n"
    loader = "loader = DataLoader(TensorDataset(x, y), batch_size=8{})" + EPOCHS
    in_order = _values(_fed(tmp_path, ordered + loader.format("")).inputs[0])
    drawn = _values(_fed(tmp_path, ordered + loader.format(", shuffle=True")).inputs[0])
    assert in_order.batch_means_spread > 7
    assert in_order.sorted_inside == 1
    assert drawn.batch_means_spread < 3


def _values(leaf: Leaf):  # type: ignore[no-untyped-def]
    assert leaf.values is not None
    return leaf.values


def test_each_position_and_each_line_has_its_own(tmp_path: Path) -> None:
    program = """
class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 1)
    def forward(self, left, *, right): return self.layer(torch.cat([left, right["b"]], 1))
two = Two()
optimizer = torch.optim.SGD(two.parameters(), lr=0.1)
for _ in range(5):
    learn(F.mse_loss(two(x, right={"b": y}), y))
for _ in range(5):
    learn(F.mse_loss(two(x + 1, right={"b": y}), y))
"""
    first, second = run_torch(tmp_path, DATA + program).fed
    assert [leaf.shape for leaf in first.inputs] == [(96, 3), (96, 1)]
    assert _values(second.inputs[0]).maxima[0] > 1 > _values(first.inputs[0]).maxima[0]
    assert second.inputs[0].name == "x + 1"


def test_what_is_not_trained_on_is_not_told_of(tmp_path: Path) -> None:
    program = """
for _ in range(5):
    learn(F.mse_loss(model(x), y))  # here
    F.mse_loss(model(x + 100), y)
    with torch.no_grad():
        F.mse_loss(model(x + 200), y)
"""
    (fed,) = run_torch(tmp_path, DATA + program).fed
    assert fed.at.line == marked(DATA + program)[0]
    assert _values(fed.inputs[0]).maxima[0] < 1


KINDS = {
    "tokens": ("nn.Sequential(nn.Embedding(10, 4), nn.Flatten(), nn.Linear(20, 1))", "torch.randint(0, 10, (32, 5))"),
    "half precision": ("nn.Linear(3, 1).bfloat16()", "torch.rand(32, 3).bfloat16()"),
    "images": ("nn.Sequential(nn.Flatten(), nn.Linear(1024, 1))", "torch.rand(32, 1, 32, 32)"),
    "sequences of every length": ("nn.RNN(3, 1)", "torch.rand(32, int(torch.randint(1, 9, (1,))), 3)"),
    "complex numbers": ("nn.Linear(3, 1, dtype=torch.complex64)", "torch.rand(32, 3, dtype=torch.complex64)"),
    "sparse rows": ("nn.Linear(3, 1)", "torch.eye(3).to_sparse()"),
    "no rows": ("nn.Linear(3, 1)", "torch.rand(0, 3)"),
    "one row without a batch axis": ("nn.Linear(3, 1)", "torch.rand(3)"),
}


@pytest.mark.parametrize("name", KINDS)
def test_inputs_of_every_kind_harm_nothing(name: str, tmp_path: Path) -> None:
    model, given = KINDS[name]
    program = f"""
model = {model}
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for _ in range(40):
    out = model({given})
    learn((out[0] if isinstance(out, tuple) else out).abs().float().mean())
with torch.no_grad():
    model({given})
"""
    seen = run_torch(tmp_path, DATA + program)
    assert len(seen.fed) == 1
    failures = [event for event in seen.events if "failed" in event.key]
    assert failures == []


def test_nothing_of_the_programs_is_kept_alive(tmp_path: Path) -> None:
    program = """
import gc, weakref
alive = []
for step in range(200):
    xb = torch.rand(32, 3); yb = xb.sum(1, keepdim=True)
    F.mse_loss(model(xb), yb).backward()
    given, wanted = weakref.ref(xb), weakref.ref(yb)
    del xb, yb
    alive.append((given() is not None, wanted() is not None))
asked = torch.rand(4, 3)
model(asked)
given = weakref.ref(asked)
del asked
alive.append((given() is not None, False))
owner = weakref.ref(model)
del model, optimizer
gc.collect()
model_alive = owner() is not None
"""
    seen = run_torch(tmp_path, DATA + program)
    assert set(seen.namespace["alive"]) == {(False, False)}
    assert seen.namespace["model_alive"] is False


def test_weights_and_random_state_are_the_programs_own_bit_for_bit(tmp_path: Path) -> None:
    import torch

    program = """
loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
model = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.3), nn.Linear(8, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(80):
    for xb, yb in loader:
        learn(((model(xb) - yb) ** 2).mean())
model.eval()
asked = model(x * 3).detach()
state = torch.get_rng_state()
"""
    alone, seen = run_alone(tmp_path, DATA + program), run_torch(tmp_path, DATA + program)
    assert len(seen.fed) == 1
    for name in ("asked", "state"):
        assert torch.equal(alone[name], seen.namespace[name])


def test_a_compiled_model_a_copy_and_a_pickled_one_work(tmp_path: Path) -> None:
    program = """
import copy, pickle
compiled = torch.compile(model, backend="eager", fullgraph=True)
for _ in range(6):
    learn(F.mse_loss(compiled(x), y))  # here
twin = pickle.loads(pickle.dumps(copy.deepcopy(model)))
import warnings
with warnings.catch_warnings():
    warnings.simplefilter("error", torch.jit.TracerWarning)
    scripted = torch.jit.trace(twin, x)
with torch.no_grad():
    same = bool(torch.equal(twin(x), model(x)) and torch.allclose(scripted(x), twin(x)))
hooks = sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in model.modules())
"""
    seen = run_torch(tmp_path, DATA + program)
    assert (seen.namespace["same"], seen.namespace["hooks"]) == (True, 0)
    assert [event for event in seen.events if "failed" in event.key] == []
    assert [fed.at.line for fed in seen.fed] == marked(DATA + program)
