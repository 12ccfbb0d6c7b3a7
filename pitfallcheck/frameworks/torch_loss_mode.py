"""Listens to every torch function of a thread for a step, whatever modes the program enters and leaves meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


def listening(torch: ModuleType, saw: Callable[..., None]) -> Any:
    """A mode that hands on every function as it is, and calls `saw(function, args, kwargs, value)` afterwards.

    A traceback shows it, which is why it is not entered where nothing is suspected.
    """

    class Listening(torch.overrides.TorchFunctionMode):  # type: ignore[misc,name-defined]
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            value = function(*args, **(kwargs or {}))
            saw(function, args, kwargs or {}, value)
            return value

    return Listening()


def enter_below(torch: ModuleType, mode: Any) -> None:
    """Enter `mode` below the modes that the program has entered: when it leaves one of them, it leaves its own."""
    with _unstacked(torch) as modes:
        modes.insert(1 if modes and _keeps_to_the_bottom(modes[0]) else 0, mode)


def leave(torch: ModuleType, mode: Any) -> None:
    """Leave `mode`, wherever it stands by now."""
    with _unstacked(torch) as modes:
        if mode in modes:
            modes.remove(mode)


@contextmanager
def _unstacked(torch: Any) -> Iterator[list[Any]]:
    """The modes of this thread from the bottom up, as a list that becomes the stack again."""
    overrides = torch.overrides
    modes = [overrides._pop_mode() for _ in range(overrides._len_torch_function_stack())][::-1]
    try:
        yield modes
    finally:
        for mode in modes:
            overrides._push_mode(mode)


def _keeps_to_the_bottom(mode: Any) -> bool:
    """Whether a mode is `torch.device` as a context, which since torch 2.6 insists on the bottom of the stack."""
    code = getattr(getattr(type(mode), "__enter__", None), "__code__", None)
    return type(mode).__name__ == "DeviceContext" and "_push_mode" in getattr(code, "co_names", ())
