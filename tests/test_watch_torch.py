"""PF101 at run time where the batches are torch tensors that share a buffer's memory."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from observing import observe

pytestmark = pytest.mark.frameworks("torch")

DATA = """
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

class Shared(Dataset):
    def __init__(self): self.buf = np.zeros(4, np.float32)
    def __len__(self): return 12
    def __getitem__(self, i):
        self.buf[:] = i + 1
        return torch.from_numpy(self.buf), i

class Own(Shared):
    def __getitem__(self, i):
        return torch.full((4,), float(i)), i

class Streamed(IterableDataset):
    def __iter__(self):
        buf = torch.zeros(4)
        for i in range(12):
            buf[:] = i + 1
            yield buf
"""

PROGRAMS: dict[str, tuple[str, list[str]]] = {
    "tensors over one buffer, kept": (
        """
        def feed():
            x = np.zeros(4)
            for i in range(8):
                x[:] = i + 1
                yield torch.from_numpy(x), i
        held = list(feed())
        """,
        ["error torch.from_numpy(x)"],
    ),
    "tensors over one buffer, done with": (
        """
        def feed():
            x = np.zeros(4)
            for i in range(8):
                x[:] = i + 1
                yield torch.from_numpy(x)
        for batch in feed(): batch.sum()
        """,
        ["note torch.from_numpy(x)"],
    ),
    "a tensor filled in place, kept": (
        """
        def feed():
            x = torch.zeros(4, 2)
            for i in range(8):
                x.fill_(i + 1)
                yield x[:3]
        held = list(feed())
        """,
        ["error x[:3]"],
    ),
    "clones": (
        """
        def feed():
            x = torch.zeros(4)
            for i in range(8):
                x.fill_(i + 1)
                yield x.clone()
        held = list(feed())
        """,
        [],
    ),
    "tensors that need gradients, sparse and of odd types": (
        """
        def feed():
            w = torch.ones(4, requires_grad=True)
            for i in range(8):
                yield w * i, torch.eye(3).to_sparse(), torch.zeros(2, dtype=torch.bfloat16), w.conj(), torch.empty(0)
        held = list(feed())
        """,
        [],
    ),
    "items of one buffer, collated": (
        "for x, i in DataLoader(Shared(), batch_size=4): x.sum()",
        ["error torch.from_numpy(self.buf)"],
    ),
    "items of one buffer, one at a time": (
        "for x, i in DataLoader(Shared(), batch_size=None): x.sum()",
        ["note torch.from_numpy(self.buf)"],
    ),
    "items of their own, collated": ("for x, i in DataLoader(Own(), batch_size=4, shuffle=True): x.sum()", []),
    "a stream of one tensor, collated": ("for x in DataLoader(Streamed(), batch_size=4): x.sum()", ["error buf"]),
    "tensors of a library's data set": (
        "for x, y in DataLoader(TensorDataset(torch.rand(20, 2), torch.rand(20)), batch_size=4): x.sum()",
        [],
    ),
    "an update of weights that are handed out": (
        """
        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__(); self.layers = torch.nn.ModuleList([torch.nn.Linear(2, 2)])
            def __getitem__(self, i): return self.layers[i]
        net = Net()
        opt = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(5):
            loss = net[0](torch.ones(3, 2)).sum(); opt.zero_grad(); loss.backward(); opt.step()
        """,
        [],
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_found_in_a_program(name: str, tmp_path: Path) -> None:
    program, told = PROGRAMS[name]
    seen = observe(tmp_path, DATA + dedent(program))
    assert seen.told == told
    assert seen.skipped == []
