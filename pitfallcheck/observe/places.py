"""Turns places of the run into places of a report: paths as the user writes them, and the expression on the line."""

from __future__ import annotations

import ast
import os

from pitfallcheck.finding import Location
from pitfallcheck.observe.events import Place
from pitfallcheck.observe.naming import expression_at, tree_of


def shown_path(path: str) -> str:
    """A path relative to the working directory where it lies below it, as it is otherwise."""
    try:
        relative = os.path.relpath(path)
    except (ValueError, OSError):
        # On another drive, or the working directory is gone.
        return path
    return path if relative.startswith(os.pardir) else relative


def location_of(place: Place, expression: str = "") -> Location:
    """Where `expression`, as `ast.unparse` writes it, stands in what is handed over on the line; else the line."""
    whole = expression_at(place)
    if whole is not None and expression:
        for node in ast.walk(whole):
            if isinstance(node, ast.expr) and ast.unparse(node) == expression:
                line = _line(place.path, node.lineno)
                column = len(line.encode()[: node.col_offset].decode("utf-8", "replace")) + 1
                return Location(shown_path(place.path), node.lineno, column)
    text = _line(place.path, place.line)
    return Location(shown_path(place.path), place.line, len(text) - len(text.lstrip()) + 1)


def scope_of(place: Place) -> tuple[int, int] | None:
    """First and last line of the innermost function around a place; the whole file for a place outside of any."""
    tree = tree_of(place.path)
    if tree is None:
        return None
    best: tuple[int, int] | None = None
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            span = (node.lineno, node.end_lineno or node.lineno)
            if span[0] <= place.line <= span[1] and (best is None or span[0] >= best[0]):
                best = span
    return best


def lines_that_allocate_and_write(place: Place, name: str) -> tuple[int | None, int | None]:
    """The first line that binds `name` (`x`, `self.x`, `bufs[0]`) and the first that writes into it, as far as seen.

    Looks through the file by the name alone: good enough to point a reader to, too little to judge by.
    """
    tree = tree_of(place.path)
    root = name.partition("[")[0]
    if tree is None or not root:
        return None, None
    bound: list[int] = []
    written: list[int] = []
    scope = scope_of(place)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                for part in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
                    if ast.unparse(part) == root:
                        (written if isinstance(node, ast.AugAssign) else bound).append(node.lineno)
                    elif isinstance(part, ast.Subscript) and ast.unparse(part).startswith(f"{root}["):
                        written.append(node.lineno)
        elif isinstance(node, ast.Call):
            given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "out")]
            method = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == root
            if any(ast.unparse(argument) == root for argument in given) or (
                method and node.func.attr in {"fill", "sort", "put", "partition"}  # type: ignore[attr-defined]
            ):
                written.append(node.lineno)
    return _nearest(bound, scope), _nearest(written, scope)


def _nearest(lines: list[int], scope: tuple[int, int] | None) -> int | None:
    """The first line inside the function, or else the first at all."""
    inside = [line for line in lines if scope and scope[0] <= line <= scope[1]]
    return min(inside or lines, default=None)


def _line(path: str, number: int) -> str:
    import linecache

    return linecache.getline(path, number).rstrip("\n")
