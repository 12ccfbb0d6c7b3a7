"""Runs small Keras programs as `pitfallcheck run` does, on any of Keras's backends, and gives their events."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from programs import lay

from pitfallcheck.observe.events import Event
from pitfallcheck.observe.runner import Plan
from pitfallcheck.observe.supervisor import Observed, Supervision

BACKENDS = ("tensorflow", "torch", "jax")
Kind = TypeVar("Kind", bound=Event)


def observed(folder: Path, program: str, backend: str = "tensorflow") -> Observed:
    """One run of `program`, as the file train.py of `folder`; what it prints is dropped."""
    lay(folder, {"train.py": program})
    with _environment(KERAS_BACKEND=backend, TF_CPP_MIN_LOG_LEVEL="3"), open(os.devnull, "w") as nowhere:
        return Supervision(Plan(kind="script", target=str(folder / "train.py")), stdout=nowhere).wait()


def of_kind(events: list[Event], kind: type[Kind]) -> list[Kind]:
    """The events of one kind, in their order."""
    return [event for event in events if isinstance(event, kind)]


@contextmanager
def _environment(**names: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
