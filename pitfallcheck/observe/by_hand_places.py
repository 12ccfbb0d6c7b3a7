"""Where the functions that a user hands to `check` stand in the source."""

from __future__ import annotations

import ast
import os
from types import FrameType
from typing import Any

from pitfallcheck.observe.by_hand_calls import code_of
from pitfallcheck.observe.consumer import home_of
from pitfallcheck.observe.naming import owner_name, tree_of
from pitfallcheck.observe.place import Place


def defined(function: Any) -> Place | None:
    """The `def` line of a function of the user's own, below its decorators; None for one of a package."""
    code = code_of(function)
    if code is None or home_of(code.co_filename) != "user":
        return None
    path, line = os.path.abspath(code.co_filename), code.co_firstlineno
    tree = tree_of(path)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.FunctionDef) and node.decorator_list and node.decorator_list[0].lineno == line:
            line = node.lineno
    return Place(path, line, code.co_qualname)


def made(forward: Any, frame: FrameType) -> Place | None:
    """Where the network is made: the function itself, or for a method the line that assigns the object it is of.

    That line is looked for above the one `frame` is at, under a name that holds the object there.
    """
    owner = getattr(forward, "__self__", None)
    name = owner_name(frame, owner)
    path = os.path.abspath(frame.f_code.co_filename)
    tree = tree_of(path) if name else None
    lines = [
        node.lineno
        for node in (ast.walk(tree) if tree is not None else ())
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and node.lineno < frame.f_lineno
        if any(ast.unparse(target) == name for target in node.targets)
    ]
    return Place(path, max(lines), frame.f_code.co_qualname) if lines else defined(forward)
