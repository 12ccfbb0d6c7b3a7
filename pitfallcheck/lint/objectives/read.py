"""Gathers the objectives of a file, of every framework that it uses; read once, whichever rule asks first."""

from __future__ import annotations

from functools import lru_cache

from pitfallcheck.lint.objectives.facts import Objective
from pitfallcheck.lint.source import Source


@lru_cache(maxsize=1)
def _read(source: Source) -> list[Objective]:
    found: list[Objective] = []
    if source.names.imports("keras", "tensorflow", "tf_keras"):
        from pitfallcheck.lint.objectives.keras_training import keras_objectives
        from pitfallcheck.lint.objectives.resolve import resolver_of

        found += keras_objectives(resolver_of(source))
    if source.names.imports("torch", "lightning", "pytorch_lightning"):
        from pitfallcheck.lint.objectives.torch_read import torch_objectives

        found += torch_objectives(source)
    return found


def objectives_of(source: Source) -> list[Objective]:
    """What the trainings in `source` compare."""
    return _read(source)
