"""Puts a Keras model and every random state back as they were, bit for bit, after it was looked at."""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray


@contextmanager
def as_it_was(model: Any) -> Iterator[None]:
    """Put back every variable, every loss that layers have noted and every random state that the block changed."""
    from keras.src.backend.common import global_state
    from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR

    # Layers without a seed of their own draw from this one; it is made when the first of them does.
    seeds = global_state.get_global_attribute(GLOBAL_SEED_GENERATOR)
    variables = [*model.variables, *getattr(model, "metrics_variables", ())]
    if seeds is not None:
        variables.append(seeds.state)
    before = [(variable, value_of(variable)) for variable in variables]
    layers = [layer for layer in model._flatten_layers() if hasattr(layer, "_losses")]
    losses = [(layer, list(layer._losses), set(getattr(layer, "_loss_ids", ()))) for layer in layers]
    generators = [(put, get()) for get, put in _random_states()]
    try:
        yield
    finally:
        for variable, value in before:
            if not np.array_equal(value_of(variable), value, equal_nan=np.issubdtype(value.dtype, np.inexact)):
                variable.assign(value)
        for layer, noted, identities in losses:
            layer._losses[:] = noted
            if hasattr(layer, "_loss_ids"):
                layer._loss_ids.clear()
                layer._loss_ids.update(identities)
        global_state.set_global_attribute(GLOBAL_SEED_GENERATOR, seeds)
        for put, state in generators:
            put(state)


def value_of(variable: Any) -> NDArray[Any]:
    """A copy of a variable's value."""
    from keras.src import ops

    return np.array(ops.convert_to_numpy(variable))


def _random_states() -> Iterator[tuple[Any, Any]]:
    """What gives and what sets the state of each generator that layers may draw from."""
    yield random.getstate, random.setstate
    yield np.random.get_state, np.random.set_state
    context = sys.modules.get("tensorflow.python.eager.context")
    # The generator from which eager operations without a seed of their own draw theirs, once it is seeded.
    generator = getattr(context.context(), "_rng", None) if context is not None else None
    if generator is not None:
        yield generator.getstate, generator.setstate
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "get_rng_state"):
        yield torch.get_rng_state, torch.set_rng_state
        if torch.cuda.is_available():
            yield torch.cuda.get_rng_state_all, torch.cuda.set_rng_state_all


class _Muted:
    """A stream that drops what one thread writes, and passes on what the others do."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._thread = threading.get_ident()

    def write(self, text: str) -> int:
        return len(text) if threading.get_ident() == self._thread else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def unheard() -> Iterator[None]:
    """What layers print, or warn of, when we call them, the program did not."""
    import warnings

    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Muted(sys.stdout), _Muted(sys.stderr)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.stdout, sys.stderr = streams
