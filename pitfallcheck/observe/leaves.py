"""Takes a batch apart: every array in a nest of tuples, lists, dicts, named tuples and tensors, with its position."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from pitfallcheck.frameworks import tensors
from pitfallcheck.observe.handover import Path
from pitfallcheck.observe.memory import Array

MOST_LEAVES = 64
"""Of a batch with more arrays than this, the first are watched."""
_MOST_NODES = 256
_PLAIN = (int, float, complex, str, bytes, bool, type(None))


def leaves_of(batch: Any) -> list[tuple[Path, Any, Array]]:
    """The arrays of `batch`: for each its position, the object handed over, and a NumPy view of its memory."""
    if type(batch) is np.ndarray:
        return [((), batch, batch)]
    found: list[tuple[Path, Any, Array]] = []
    _collect(batch, (), found, _MOST_NODES)
    return found


def _collect(node: Any, path: Path, found: list[tuple[Path, Any, Array]], budget: int) -> int:
    """Append the leaves below `node`; returns what is left of the number of nodes to visit."""
    if budget <= 0 or len(found) >= MOST_LEAVES:
        return 0
    budget -= 1
    if isinstance(node, np.ndarray):
        found.append((path, node, node))
    elif isinstance(node, _PLAIN):
        pass
    elif isinstance(node, tuple | list):
        if not node or (len(node) > 8 and isinstance(node[0], _PLAIN) and isinstance(node[-1], _PLAIN)):
            return budget
        for position, child in _steps(node):
            if type(child) is np.ndarray and len(found) < MOST_LEAVES:
                found.append(((*path, position), child, child))
                continue
            budget = _collect(child, (*path, position), found, budget)
            if budget <= 0:
                break
    elif isinstance(node, Mapping):
        for key, child in _items(node):
            budget = _collect(child, (*path, key if isinstance(key, str) else repr(key)), found, budget)
            if budget <= 0:
                break
    elif (view := tensors.view(node)) is not None:
        found.append((path, node, view))
    elif hasattr(type(node), "__dataclass_fields__"):
        for name in type(node).__dataclass_fields__:
            budget = _collect(_field(node, name), (*path, name), found, budget)
    return budget


def _steps(node: Sequence[Any]) -> Iterable[tuple[int | str, Any]]:
    """The elements of a sequence with their positions, of a named tuple with its fields."""
    fields = getattr(type(node), "_fields", None)
    return zip(fields, node, strict=False) if isinstance(fields, tuple) else enumerate(node)


def _items(node: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
    """What a mapping holds; nothing where its own code fails, which is not for us to tell."""
    try:
        return list(node.items())
    except Exception:
        return []


def _field(node: Any, name: str) -> Any:
    try:
        return getattr(node, name, None)
    except Exception:
        return None
