"""Finds what the user calls a leaf: the expression at the hand-over, or the variable that holds its memory."""

from __future__ import annotations

import ast
import linecache
import sys
from functools import lru_cache
from inspect import CO_OPTIMIZED
from types import FrameType
from typing import Any

from pitfallcheck.observe.events import Place
from pitfallcheck.observe.handover import Path, path_text


@lru_cache(maxsize=64)
def tree_of(path: str) -> ast.Module | None:
    """The parsed file, or None where it cannot be read or parsed."""
    try:
        return ast.parse("".join(linecache.getlines(path)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def expression_at(place: Place) -> ast.expr | None:
    """What is yielded, or else returned, on a line of the source; None where that cannot be told."""
    tree = tree_of(place.path)
    if tree is None:
        return None
    fallback = None
    for node in ast.walk(tree):
        if isinstance(node, ast.Yield | ast.Return) and node.lineno == place.line:
            if isinstance(node, ast.Yield):
                return node.value
            fallback = node.value
    return fallback


def first_return(function: Place) -> Place | None:
    """The first `return` with a value of the function that begins on a line."""
    tree = tree_of(function.path)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if first == function.line:
                returns = [n.lineno for n in ast.walk(node) if isinstance(n, ast.Return) and n.value is not None]
                return Place(function.path, min(returns), function.function) if returns else None
    return None


def leaf_name(expression: ast.expr | None, path: Path, variable: str = "") -> str:
    """The part of a handed-over expression that stands at `path`: for `([x], y)` and (0, 0) it is `x`.

    Where the expression is no display there, it is the `variable` that holds the leaf, if one does, and otherwise the
    rest of the path is written behind it: `batch[0]`.
    """
    node = expression
    for depth, step in enumerate(path):
        child = _child(node, step)
        if child is None and variable and isinstance(step, int):
            return variable
        if child is None:
            return (ast.unparse(node) if node is not None else "batch") + path_text(path[depth:])
        node = child
    return ast.unparse(node) if node is not None else "batch"


def _child(node: ast.expr | None, step: int | str) -> ast.expr | None:
    if isinstance(node, ast.Tuple | ast.List) and isinstance(step, int):
        before = node.elts[: step + 1]
        if len(before) > step and not any(isinstance(element, ast.Starred) for element in before):
            return node.elts[step]
    if isinstance(node, ast.Dict) and isinstance(step, str):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and (key.value == step or repr(key.value) == step):
                return value
    if isinstance(node, ast.Call) and isinstance(step, str):
        for keyword in node.keywords:
            if keyword.arg == step:
                return keyword.value
    return None


def locals_of(frame: FrameType) -> dict[str, Any]:
    """The local variables of a frame, with no trace left of the look.

    Before Python 3.13 the frame keeps the dictionary that is made for it, and with it every object in it; it is
    emptied again, unless the program has asked for it, too.
    """
    seen = frame.f_locals
    found = dict(seen)
    if sys.version_info < (3, 13) and frame.f_code.co_flags & CO_OPTIMIZED and sys.getrefcount(seen) <= 3:
        seen.clear()
    return found


def references_from(frame: FrameType, owner: Any) -> int:
    """How many references to `owner` the variables of a producing function hold, views and containers counted in."""
    variables = locals_of(frame)
    instance = variables.get("self")
    values = [*variables.values(), *(vars(instance).values() if hasattr(instance, "__dict__") else ())]
    count = 0
    for value in values:
        if isinstance(value, dict):
            inside = list(value.values())
        else:
            inside = list(value) if isinstance(value, list | tuple) else [value]
        count += sum(1 for thing in inside if thing is owner or getattr(thing, "base", None) is owner)
    return count


def spaces_of(frame: FrameType) -> list[tuple[str, dict[str, Any]]]:
    """The variables that a producing function reads: its locals, its instance's attributes, its globals."""
    variables = locals_of(frame)
    spaces: list[tuple[str, dict[str, Any]]] = [("", variables)]
    instance = variables.get("self")
    if hasattr(instance, "__dict__"):
        spaces.append(("self.", dict(vars(instance))))
    spaces.append(("", dict(frame.f_globals)))
    return spaces


def owner_name(frame: FrameType | None, owner: Any) -> str:
    """The variable of the producing function that holds `owner`: a local, an attribute, an element, or a global.

    Empty where none does. A name that is a plain view of the owner does not count.
    """
    if frame is None or owner is None:
        return ""
    for prefix, space in spaces_of(frame):
        for name, value in space.items():
            if value is owner and not name.startswith("."):
                return prefix + name
        for name, value in space.items():
            if isinstance(value, list | tuple | dict) and len(value) <= 64:
                for key, element in value.items() if isinstance(value, dict) else enumerate(value):
                    if element is owner and not name.startswith((".", "_")):
                        return f"{prefix}{name}[{key!r}]"
    return ""
