"""PF501 at run time in torch: what is asked after training beside what training covered."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch_observing import Seen, marked, run_torch

from pitfallcheck.judge import judge_events

pytestmark = pytest.mark.frameworks("torch")

TRAINED = """
x = torch.rand(200, 2)
y = x[:, :1] - x[:, 1:]
model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
def train(model=model, x=x, y=y, count=30):
    for _ in range(count):
        rows = torch.randint(0, len(x), (32,))
        loss = F.mse_loss(model(x[rows]), y[rows])
        optimizer.zero_grad(); loss.backward(); optimizer.step()
train()
"""

FAR = {
    "without gradient": "with torch.no_grad():\n    model(torch.tensor([[5.0, 3.0], [-2.0, 1.0]]))  # here",
    "in inference mode": "with torch.inference_mode():\n    model(torch.tensor([[8.0, 4.0]]))  # here",
    "with gradient, which nobody takes": "model(torch.tensor([[8.0, 4.0]]))  # here",
    "in evaluation mode": "model.eval()\nprint(model(torch.tensor([[8.0, 4.0]])).item())  # here",
    "one sample without a batch axis": "model(torch.tensor([8.0, 4.0])).item()  # here",
    "in a function": """
def predict(a, b):
    model.eval()
    with torch.no_grad():
        return model(torch.tensor([[a, b]])).item()  # here
predict(8.0, 4.0)
predict(0.5, 0.4)
""",
    "a data set of another scale": """
model.eval()
with torch.no_grad():
    for (batch,) in DataLoader(TensorDataset(torch.rand(64, 2) * 100), batch_size=16):
        model(batch)  # here
""",
    "a grid": """
a, b = torch.meshgrid(torch.linspace(-3, 3, 10), torch.linspace(-3, 3, 10), indexing="ij")
with torch.no_grad():
    model(torch.stack([a, b], -1))  # here
""",
    "after which training goes on": """
with torch.no_grad():
    model(x * 50)  # here
train()
""",
}

NEAR = {
    "new samples of the same kind": "with torch.no_grad():\n    model(torch.rand(1000, 2))",
    "what it was trained on": "model.eval()\nmodel(x)",
    "before training": """
net = nn.Sequential(nn.Linear(2, 1))
net(x * 100)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
train(net)
""",
    "what a later training covers": """
with torch.no_grad():
    model(x * 50)
x = x * 50
for _ in range(10):
    loss = F.mse_loss(model(x), y)
    optimizer.zero_grad(); loss.backward(); optimizer.step()
""",
    "another model": "with torch.no_grad():\n    nn.Linear(2, 1)(x * 100)",
    "a training on other values": """
for _ in range(40):
    loss = F.mse_loss(model(x * 30), y)
    optimizer.zero_grad(); loss.backward(); optimizer.step()
""",
    "tokens": """
words = nn.Sequential(nn.Embedding(50, 4), nn.Flatten(), nn.Linear(12, 1))
optimizer = torch.optim.SGD(words.parameters(), lr=0.1)
train(words, torch.randint(0, 9, (200, 3)), y)
with torch.no_grad():
    words(torch.randint(20, 50, (8, 3)))
""",
    "pixels": """
images = torch.rand(200, 1, 20, 20)
net = nn.Sequential(nn.Flatten(), nn.Linear(400, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.001)
train(net, images, y)
with torch.no_grad():
    net(images * 50)
""",
    "a test split": """
data = torch.randn(300, 2)
net = nn.Linear(2, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
train(net, data[:240], data[:240, :1])
net.eval()
with torch.no_grad():
    net(data[240:])
""",
}


def _lines(seen: Seen) -> list[int]:
    findings, _ = judge_events(seen.events, ["PF501"])
    return [finding.location.line for finding in findings]


@pytest.mark.parametrize("name", FAR)
def test_what_is_asked_far_outside_is_found_on_its_line(name: str, tmp_path: Path) -> None:
    program = TRAINED + FAR[name].strip()
    assert _lines(run_torch(tmp_path, program)) == marked(program)


@pytest.mark.parametrize("name", NEAR)
def test_what_is_asked_inside_is_left_alone(name: str, tmp_path: Path) -> None:
    assert _lines(run_torch(tmp_path, TRAINED + NEAR[name].strip())) == []


def test_the_counts_are_honest(tmp_path: Path) -> None:
    program = """
x = torch.linspace(0, 1, 101)[:, None] * torch.tensor([1.0, 2.0])
y = x[:, :1]
model = nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for _ in range(5):
    loss = F.mse_loss(model(x), y)
    optimizer.zero_grad(); loss.backward(); optimizer.step()
with torch.no_grad():
    model(torch.tensor([[0.0, 2.0], [1.5, 1.0], [-0.5, 1.0], [1.25, 9.0]]))
"""
    (asked,) = run_torch(tmp_path, program).asked
    assert (asked.samples, asked.outside_samples, asked.trained_samples, asked.model) == (4, 3, 101, "model")
    first, second = sorted(asked.outside, key=lambda outside: outside.feature)
    assert (first.trained_low, first.trained_high, first.asked_low, first.asked_high) == (0, 1, -0.5, 1.5)
    assert (second.trained_low, second.trained_high, second.asked_low, second.asked_high) == (0, 2, 1, 9)
    assert (first.samples, second.samples) == (3, 1)
