"""Calls the plain functions that a user hands to `check`: matches their arguments, and reads what they return."""

from __future__ import annotations

import functools
import inspect
import numbers
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pitfallcheck.frameworks import tensors
from pitfallcheck.observe.memory import Array

ROLES = {
    "inputs": re.compile(r"x\d*|inputs?|in_?data|data|features?|batch_?x|xs|xb|x_batch", re.I),
    "prediction": re.compile(r"p|preds?|predicted|predictions?|y_?pred|y_?hat|outputs?|out|logits|probs?", re.I),
    "target": re.compile(r"y|t|targets?|y_?true|labels?|truth|ys|yb|y_batch|batch_?y", re.I),
    "weight": re.compile(r"(sample_?)?weights?|w", re.I),
    "parameters": re.compile(r"p|params?|parameters?|theta|variables|w|weights?", re.I),
}
"""What the arguments of such functions are called, by what they take."""


class TheirsError(Exception):
    """Carries what a function of the user's raised past those who catch errors of ours."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


class Call:
    """One function of the user's. `argument` is the name it was given under, `roles` what it takes, in its order."""

    def __init__(self, function: Callable[..., Any], argument: str, usual: Sequence[str], may: Sequence[str]) -> None:
        """Match the arguments: by their names where those say it all, else the roles of `usual` by position.

        `may` are the roles that there is a value for; where a name fits several, the first of them. Raises TypeError
        where the function wants other arguments than that.
        """
        self.function = function
        self.argument = argument
        self.roles = _roles(function, argument, usual, may)

    @property
    def name(self) -> str:
        """What the user calls it."""
        function = inspect.unwrap(_plain(self.function))
        name = getattr(function, "__name__", type(function).__name__)
        return self.argument if name == "<lambda>" else name

    def __call__(self, **values: Any) -> Any:
        """What it returns for `values` by role. Raises TheirsError with what it raised."""
        try:
            return self.function(*(values[role] for role in self.roles))
        except Exception as error:
            raise TheirsError(error) from error


def _plain(function: Any) -> Any:
    """The function or method inside of partial applications; what is called for an object with `__call__`."""
    while isinstance(function, functools.partial):
        function = function.func
    if not inspect.isroutine(function) and not isinstance(function, type) and not hasattr(function, "__wrapped__"):
        return getattr(type(function), "__call__", function)  # noqa: B004  (wanted is the method itself)
    return function


def code_of(function: Any) -> Any:
    """The code object that the user wrote for a function; None for one that was not written in Python."""
    function = inspect.unwrap(_plain(function))
    return getattr(getattr(function, "__func__", function), "__code__", None)


def _roles(function: Callable[..., Any], argument: str, usual: Sequence[str], may: Sequence[str]) -> tuple[str, ...]:
    if not callable(function):
        raise TypeError(f"check(): `{argument}` must be a function, not {described(function)}")
    least = 1 if argument == "forward" else 2
    try:
        given = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        # A function of a compiled module does not say what it takes.
        return tuple(usual[:least])
    if needed := [f"`{p.name}`" for p in given if p.kind is p.KEYWORD_ONLY and p.default is p.empty]:
        raise TypeError(f"check(): `{argument}` needs {', '.join(needed)}, which nothing is given for: wrap it")
    by_position = [p for p in given if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    wanted = max(sum(p.default is p.empty for p in by_position), min(least, len(by_position)))
    if any(p.kind is p.VAR_POSITIONAL for p in given):
        wanted = max(wanted, least)
    named = [_role_of(p.name, may) for p in by_position[:wanted]]
    if None not in named and len(set(named)) == len(named) == wanted >= least:
        return tuple(role for role in named if role is not None)
    more = [role for role in usual[least:] if role in may]
    if not 0 <= wanted - least <= len(more):
        takes = " and ".join(f"`{role}`" for role in (*usual[:least], *more))
        raise TypeError(f"check(): `{argument}` takes {wanted} arguments, and is given {takes}: wrap it in a function")
    return (*usual[:least], *more[len(more) - (wanted - least) :])


def _role_of(name: str, may: Sequence[str]) -> str | None:
    return next((role for role in may if ROLES[role].fullmatch(name.strip("_"))), None)


def as_array(value: Any, argument: str) -> Array:
    """The numbers that a function returned, as an array. Raises TypeError where they are none."""
    found = array_or_none(value)
    if found is None:
        raise TypeError(f"check(): `{argument}` must return one array of numbers, and returned {described(value)}")
    return found


def array_or_none(value: Any) -> Array | None:
    """An array of numbers over `value`: an array, a tensor, a number or a list of numbers; None for anything else."""
    if isinstance(value, np.ndarray | np.generic | numbers.Number):
        found = np.asarray(value)
    elif (view := tensors.view(value)) is not None:
        found = view
    elif isinstance(value, list | tuple) and value and all(isinstance(v, int | float | np.generic) for v in value):
        found = np.asarray(value)
    elif hasattr(value, "__array__"):
        try:
            found = np.asarray(value)
        except (TypeError, ValueError, RuntimeError):
            return None
    else:
        return None
    return found if found.dtype.kind in "fiubc" else None


def as_number(value: Any, argument: str) -> float:
    """The number that a function returned. Raises TypeError for anything else."""
    found = array_or_none(value)
    if found is None or found.dtype.kind == "c":
        raise TypeError(f"check(): `{argument}` must return a number, and returned {described(value)}")
    if found.size != 1:
        raise TypeError(
            f"check(): `{argument}` must return one number for a batch, and returned {described(value)}: "
            "take the mean or the sum that the training takes"
        )
    return float(found.reshape(()))


def described(value: Any) -> str:
    """A value as an error message names it."""
    if value is None:
        return "None"
    name = type(value).__name__
    shape = getattr(value, "shape", None)
    if shape is not None:
        return f"an array of shape {tuple(shape)} and type {getattr(value, 'dtype', '?')}"
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
