"""PF202 at run time in torch: which losses are measured to compare all pairs, where, and that nothing is left."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch_observing import marked, run_alone, run_torch

pytestmark = pytest.mark.frameworks("torch")

TRAIN = """
x = torch.rand(64, 3)
y = x.sum(1)
column = y[:, None].clone()
model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
def steps(loss_of, count=40):
    for _ in range(count):
        optimizer.zero_grad()
        loss_of().backward()
        optimizer.step()
"""

BROKEN = {
    "written out in the loop": """
        for _ in range(5):
            loss = ((model(x) - y) ** 2).mean()  # here
            optimizer.zero_grad(); loss.backward(); optimizer.step()
        """,
    "the target first": "steps(lambda: (y - model(x)).abs().mean())  # here",
    "summed": "steps(lambda: 1e-4 * ((model(x) - y) ** 2).sum())  # here",
    "a flat prediction and a column": "steps(lambda: ((model(x).squeeze(1) - column) ** 2).mean())  # here",
    "MSELoss": """
        criterion = nn.MSELoss()
        steps(lambda: criterion(model(x), y))  # here
        """,
    "MSELoss in a variable of the loop": """
        criterion = nn.MSELoss()
        for _ in range(3):
            output = model(x)
            loss = criterion(output, y)  # here
            optimizer.zero_grad(); loss.backward(); optimizer.step()
        """,
    "l1_loss": "steps(lambda: F.l1_loss(model(x), y))  # here",
    "SmoothL1Loss, column and flat exchanged": "steps(lambda: nn.SmoothL1Loss()(model(x)[:, 0], column))  # here",
    "huber_loss, summed": "steps(lambda: F.huber_loss(model(x), y, reduction='sum'))  # here",
    "PoissonNLLLoss, of which torch says nothing": "steps(lambda: nn.PoissonNLLLoss()(model(x), y))  # here",
    "GaussianNLLLoss": "steps(lambda: nn.GaussianNLLLoss()(model(x), y, torch.ones(64, 1)))  # here",
    "a function of the user's": """
        def rmse(predicted, wanted):
            difference = predicted - wanted  # here
            return torch.sqrt(torch.mean(difference ** 2))
        steps(lambda: rmse(model(x), y))
        """,
    "a module of the user's": """
        class LogCosh(nn.Module):
            def forward(self, predicted, wanted):
                return torch.log(torch.cosh(predicted - wanted)).mean()  # here
        steps(lambda: LogCosh()(model(x), y))
        """,
    "an entropy by hand": """
        y = (y > 1.5).float()
        def entropy():
            p = torch.sigmoid(model(x))
            return -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()  # here
        steps(entropy)
        """,
    "relative errors": "steps(lambda: ((model(x) / (y + 1) - 1) ** 2).mean())  # here",
    "without a module": """
        w = torch.zeros(3, 1, requires_grad=True)
        for _ in range(5):
            loss = ((x @ w - y) ** 2).mean()  # here
            loss.backward()
            with torch.no_grad():
                w -= 0.1 * w.grad
                w.grad = None
        """,
    "with decay added": """
        steps(lambda: ((model(x) - y) ** 2).mean() + 1e-3 * sum((w ** 2).sum() for w in model.parameters()))  # here
        """,
    "gradients accumulated": """
        for i in range(8):
            loss = ((model(x) - y) ** 2).mean() / 2  # here
            loss.backward()
            if i % 2:
                optimizer.step(); optimizer.zero_grad()
        """,
    "batches of a loader": """
        for epoch in range(2):
            for xb, yb in DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True):
                loss = ((model(xb) - yb) ** 2).mean()  # here
                optimizer.zero_grad(); loss.backward(); optimizer.step()
        """,
    "more than 256 samples": """
        x = torch.rand(1000, 3); y = x.sum(1)
        steps(lambda: ((model(x) - y) ** 2).mean())  # here
        """,
    "the values of actions": """
        net = nn.Linear(3, 4)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
        actions = torch.randint(0, 4, (64, 1))
        steps(lambda: ((net(x).gather(1, actions) - y) ** 2).mean())  # here
        """,
    "a mode of the program's around each step": """
        from torch.overrides import TorchFunctionMode
        class Counting(TorchFunctionMode):
            seen = 0
            def __torch_function__(self, func, types, args=(), kwargs=None):
                Counting.seen += 1
                return func(*args, **(kwargs or {}))
        for _ in range(5):
            with Counting():
                loss = ((model(x) - y) ** 2).mean()  # here
            optimizer.zero_grad(); loss.backward(); optimizer.step()
        """,
    "a default device, left while we listen": """
        for _ in range(5):
            with torch.device("cpu"):
                loss = ((model(x) - y) ** 2).mean()  # here
                optimizer.zero_grad(); loss.backward(); optimizer.step()
        """,
    "a first batch that tells nothing": """
        for i in range(6):
            wanted = torch.ones(64) if i < 2 else y
            loss = F.mse_loss(model(x), wanted)  # here
            optimizer.zero_grad(); loss.backward(); optimizer.step()
        """,
}

CLEAN = {
    "columns": "steps(lambda: ((model(x) - column) ** 2).mean())",
    "both flat": "steps(lambda: F.mse_loss(model(x)[:, 0], y))",
    "an axis put in on the spot": "steps(lambda: ((model(x) - y[:, None]) ** 2).mean())",
    "a weight for each sample": "steps(lambda: (y * (model(x)[:, 0] - y) ** 2).mean())",
    "weights beside a column of errors": "steps(lambda: (y * (model(x) - column) ** 2).mean())",
    "a mask": "steps(lambda: ((model(x)[:, 0] - y)[y > 1] ** 2).mean())",
    "all pairs, written out": "steps(lambda: torch.exp(-(model(x)[:, 0][:, None] - y) ** 2).mean())",
    "all pairs, by unsqueeze": """
        def spread():
            p = model(x)[:, 0]
            return ((p.unsqueeze(1) - p) ** 2).mean() + ((p.unsqueeze(1) - y) ** 2).mean()
        steps(spread)
        """,
    "distances": "steps(lambda: torch.cdist(model(x), column).mean())",
    "a product of predictions": "steps(lambda: (model(x) @ model(x).T - torch.eye(64)).pow(2).mean())",
    "a constant": "steps(lambda: ((model(x) - y[:1]) ** 2).mean())",
    "one sample": "steps(lambda: ((model(x[:1]) - y[:1]) ** 2).mean())",
    "class labels": """
        model = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        steps(lambda: nn.CrossEntropyLoss()(model(x), (y > 1.5).long()))
        """,
    "one class of one": "steps(lambda: F.cross_entropy(model(x), torch.zeros(64, dtype=torch.long)))",
    "logits": "steps(lambda: nn.BCEWithLogitsLoss()(model(x)[:, 0], (y > 1.5).float()))",
    "none of it differentiated": """
        with torch.no_grad():
            for _ in range(5):
                F.mse_loss(model(x), y.expand(64, 64).T[:, :1])
        """,
    "inputs scaled in the model": """
        class Scaled(nn.Module):
            def __init__(self):
                super().__init__()
                self.inner = nn.Linear(3, 1)
            def forward(self, x):
                return self.inner(x) * torch.ones(64, 1) + x.sum(1, keepdim=True)
        net = Scaled()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        steps(lambda: ((net(x) - column) ** 2).mean())
        """,
}


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize("name", BROKEN)
def test_a_loss_that_compares_all_pairs_is_measured_where_it_stands(name: str, tmp_path: Path) -> None:
    program = TRAIN + _dedented(BROKEN[name])
    seen = run_torch(tmp_path, program)
    assert [(loss.fed.line, loss.broadcasts) for loss in seen.losses if loss.fed] == [(marked(program)[0], True)]
    assert [event for event in seen.events if type(event).__name__ == "NotLooked"] == []


@pytest.mark.parametrize("name", CLEAN)
def test_a_loss_that_compares_what_it_should_is_left_alone(name: str, tmp_path: Path) -> None:
    seen = run_torch(tmp_path, TRAIN + _dedented(CLEAN[name]))
    assert seen.losses == []
    assert [event for event in seen.events if type(event).__name__ == "NotLooked"] == []


def _dedented(program: str) -> str:
    from textwrap import dedent

    return dedent(program).strip()


def test_the_numbers_are_those_of_the_program(tmp_path: Path) -> None:
    program = (
        TRAIN
        + """
numbers = torch.randn(64, 1)
class Perfect(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
    def forward(self, numbers):
        return self.scale * numbers
model = Perfect()
optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
steps(lambda: ((model(numbers) - numbers[:, 0]) ** 2).mean())
honest = float(((numbers - numbers[:, 0]) ** 2).mean())
"""
    )
    seen = run_torch(tmp_path, program)
    (loss,) = seen.losses
    assert loss.batch == pytest.approx(seen.namespace["honest"], rel=1e-6)
    assert (loss.alone, loss.aligned, loss.target, loss.output) == (0, 0, (64,), (64, 1))
    assert loss.loss == "model(numbers) - numbers[:, 0]"


AFTERWARDS = (
    TRAIN
    + """
model = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.3), nn.Linear(8, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(12):
    loss = ((model(x) - y) ** 2).mean()
    optimizer.zero_grad(); loss.backward(); optimizer.step()
    F.mse_loss(model(x), y).backward()
modes = torch.overrides._len_torch_function_stack()
weights = [p.detach().clone() for p in model.parameters()]
state = torch.get_rng_state()
"""
)


@pytest.mark.filterwarnings("ignore:Using a target size")
def test_weights_and_random_state_are_the_programs_own_bit_for_bit(tmp_path: Path) -> None:
    import torch

    alone, seen = run_alone(tmp_path, AFTERWARDS), run_torch(tmp_path, AFTERWARDS)
    assert len(seen.losses) == 2
    assert seen.namespace["modes"] == 0
    assert torch.equal(alone["state"], seen.namespace["state"])
    assert all(torch.equal(a, b) for a, b in zip(alone["weights"], seen.namespace["weights"], strict=True))


def test_torch_warns_as_often_as_without_us(tmp_path: Path) -> None:
    program = (
        TRAIN
        + """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("default")
    steps(lambda: nn.MSELoss()(model(x), y))
told = [str(warning.message)[:20] for warning in caught]
"""
    )
    alone = run_alone(tmp_path, program)["told"]
    assert run_torch(tmp_path, program).namespace["told"] == alone != []


def test_an_error_in_a_step_that_is_not_suspected_shows_no_frame_of_ours(tmp_path: Path) -> None:
    program = (
        TRAIN
        + """
import traceback
steps(lambda: ((model(x) - column) ** 2).mean())
try:
    steps(lambda: ((model(x) - column[:7]) ** 2).mean())
except RuntimeError:
    text = traceback.format_exc()
"""
    )
    assert run_torch(tmp_path, program).namespace["text"] == run_alone(tmp_path, program)["text"]
