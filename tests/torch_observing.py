"""Runs a small torch program in this process with the observers of data, losses and predictions attached to it."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

from pitfallcheck.observe.events import DataFed, Event, LossMeasured, PredictionSeen
from pitfallcheck.observe.rewrite import GENERATOR_HOOK, ITEM_HOOK, compiled, install
from pitfallcheck.observe.session import Session

HEAD = """\
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset
torch.manual_seed(0)
"""


@contextmanager
def attached() -> Iterator[Session]:
    """A session that torch's functions tell of what they do, until the block ends."""
    import torch

    from pitfallcheck.frameworks import torch_data, torch_frames, torch_inference, torch_loss
    from pitfallcheck.frameworks.torch_calls import ModuleCalls
    from pitfallcheck.frameworks.torch_origins import Origins

    session, calls, origins = Session(), ModuleCalls(), Origins()
    calls.follow(torch.nn.Module)
    for part in (torch_loss, torch_data, torch_inference):
        part.attach(torch, session, calls, origins)
    install(session)
    try:
        yield session
        session.finish()
    finally:
        for name in (GENERATOR_HOOK, ITEM_HOOK):
            delattr(builtins, name)
        torch_loss.told.clear()
        for hooks in torch_frames._LISTENED.values():
            hooks.before, hooks.after = hooks.before and _nothing, hooks.after and _nothing


def _nothing(*_: Any) -> None:
    """Stands where a hook was."""


class Seen:
    """What came of a program: its events, and its global names."""

    def __init__(self, events: list[Event], namespace: dict[str, Any]) -> None:
        self.events = events
        self.namespace = namespace

    @property
    def losses(self) -> list[LossMeasured]:
        """The losses that were measured."""
        return [event for event in self.events if isinstance(event, LossMeasured)]

    @property
    def fed(self) -> list[DataFed]:
        """The lines that trained."""
        return [event for event in self.events if isinstance(event, DataFed)]

    @property
    def asked(self) -> list[PredictionSeen]:
        """The lines that asked for predictions."""
        return [event for event in self.events if isinstance(event, PredictionSeen)]


def run_torch(folder: Path, program: str) -> Seen:
    """Run `program` below `HEAD`, as the file program.py of `folder`."""
    path, namespace = _written(folder, program)
    with attached() as session:
        exec(compiled(path.read_bytes(), str(path), session), namespace)
    return Seen(session.events(), namespace)


def run_alone(folder: Path, program: str) -> dict[str, Any]:
    """Run the same program unobserved; returns its global names."""
    path, namespace = _written(folder, program)
    exec(compile(path.read_bytes(), str(path), "exec", dont_inherit=True), namespace)
    return namespace


def _written(folder: Path, program: str) -> tuple[Path, dict[str, Any]]:
    path = folder / "program.py"
    path.write_text(HEAD + dedent(program).strip() + "\n", encoding="utf-8")
    return path, {"__name__": "__main__", "__file__": str(path)}


def marked(program: str, mark: str = "here") -> list[int]:
    """The lines, in the file, that end in the comment `mark`."""
    lines = (HEAD + dedent(program).strip()).splitlines()
    return [number for number, line in enumerate(lines, 1) if re.search(rf"# {mark}$", line)]
