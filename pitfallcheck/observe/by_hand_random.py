"""Keeps the random numbers of a program as they were while its functions are called once more than it asks for."""

from __future__ import annotations

import copy
import inspect
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from pitfallcheck.observe.by_hand_calls import code_of


@contextmanager
def random_kept(functions: Iterable[Any] = ()) -> Iterator[None]:
    """Put back, after the block, the state of Python's and NumPy's global generators, and of every NumPy or Python
    generator that `functions` hold: in a closure, a global that they name, a default, or an attribute of their `self`.
    """
    kept: list[tuple[Callable[[Any], None], Any]] = [
        (random.setstate, random.getstate()),
        (np.random.set_state, np.random.get_state()),
    ]
    for generator in {id(found): found for function in functions for found in _generators(function)}.values():
        if isinstance(generator, random.Random):
            kept.append((generator.setstate, generator.getstate()))
        elif isinstance(generator, np.random.RandomState):
            kept.append((generator.set_state, generator.get_state()))
        else:
            kept.append((_setter(generator.bit_generator), copy.deepcopy(generator.bit_generator.state)))
    try:
        yield
    finally:
        for restore, state in kept:
            restore(state)


def _setter(bits: Any) -> Callable[[Any], None]:
    return lambda state: setattr(bits, "state", state)


def _generators(function: Any) -> Iterator[Any]:
    """The random generators within reach of a function."""
    for value in _held(function):
        inside = list(vars(value).values()) if hasattr(value, "__dict__") and not inspect.ismodule(value) else []
        for thing in (value, *inside):
            if isinstance(thing, np.random.Generator | np.random.RandomState | random.Random):
                yield thing


def _held(function: Any) -> Iterator[Any]:
    yield function
    owner = getattr(function, "__self__", None)
    if owner is not None and not inspect.ismodule(owner):
        yield owner
    inner = inspect.unwrap(function) if callable(function) else function
    inner = getattr(inner, "__func__", inner)
    yield from getattr(inner, "__defaults__", None) or ()
    for cell in getattr(inner, "__closure__", None) or ():
        try:
            yield cell.cell_contents
        except ValueError:
            continue
    code = code_of(function)
    space = getattr(inner, "__globals__", {})
    for name in code.co_names if code is not None else ():
        if name in space:
            yield space[name]
