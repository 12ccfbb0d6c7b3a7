"""One parsed source file as the static halves see it: its tree, its names, its functions and its places."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from pitfallcheck.finding import Location
from pitfallcheck.lint.names import Names
from pitfallcheck.lint.tree import children

Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


class Source:
    """A file that parsed.

    `path` is as the user would write it, `text` the decoded source with its own line ends, `tree` its module.
    Everything derived is computed once, when a rule first asks for it.
    """

    def __init__(self, path: str, text: str, tree: ast.Module) -> None:
        self.path = path
        self.text = text
        self.tree = tree

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends; line 1 is `lines[0]`. Splits only where Python's parser does."""
        return self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    @cached_property
    def names(self) -> Names:
        """What the file's imports call things."""
        return Names(self.nodes)

    def qualify(self, node: ast.AST) -> str | None:
        """The canonical dotted name of a Name or Attribute (`numpy.zeros`, `keras.layers.Lambda`), if imports tell."""
        return self.names.qualify(node)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the tree, outer ones first; shared, so that rules do not walk again."""
        return self._walked[0]

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The parent of each node."""
        return self._walked[1]

    @cached_property
    def _walked(self) -> tuple[list[ast.AST], dict[ast.AST, ast.AST]]:
        """The nodes and their parents, from one walk: hardly a rule does with one of the two."""
        nodes: list[ast.AST] = [self.tree]
        parents: dict[ast.AST, ast.AST] = {}
        for node in nodes:
            found = children(node)
            nodes.extend(found)
            for child in found:
                parents[child] = node
        return nodes, parents

    @cached_property
    def functions(self) -> list[Function]:
        """Every `def` and `async def`, outer ones first."""
        return [node for node in self.nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    @cached_property
    def classes(self) -> list[ast.ClassDef]:
        """Every class, outer ones first."""
        return [node for node in self.nodes if isinstance(node, ast.ClassDef)]

    def scope_of(self, node: ast.AST) -> Scope:
        """The function, lambda, class or module whose own block holds `node` (a `def` belongs to its parent's)."""
        parent = self.parents.get(node)
        while parent is not None:
            if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda | ast.Module):
                return parent
            parent = self.parents.get(parent)
        return self.tree

    def class_of(self, function: Function) -> ast.ClassDef | None:
        """The class of which `function` is a method, if it is one."""
        parent = self.parents.get(function)
        return parent if isinstance(parent, ast.ClassDef) else None

    def location(self, node: ast.AST) -> Location:
        """Where `node` (a statement or an expression) stands, in characters."""
        end_line = getattr(node, "end_lineno", None) or node.lineno  # type: ignore[attr-defined]
        return Location(
            self.path,
            node.lineno,  # type: ignore[attr-defined]
            self._column(node.lineno, node.col_offset),  # type: ignore[attr-defined]
            end_line,
            self._column(end_line, node.end_col_offset or 0),  # type: ignore[attr-defined]
        )

    def span(self, node: ast.AST) -> tuple[tuple[int, int], tuple[int, int]]:
        """Start and end of `node` as an `Edit` wants them."""
        place = self.location(node)
        assert place.end_line is not None and place.end_column is not None
        return (place.line, place.column), (place.end_line, place.end_column)

    def segment(self, node: ast.AST) -> str:
        """The text of an expression, on one line."""
        return ast.unparse(node)

    def line(self, number: int) -> str:
        """The text of line `number`, stripped; empty where there is none."""
        return self.lines[number - 1].strip() if 0 < number <= len(self.lines) else ""

    def _column(self, line: int, byte_offset: int) -> int:
        """`ast` counts UTF-8 bytes from 0; people and editors count characters from 1."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        if text.isascii():
            return byte_offset + 1
        return len(text.encode("utf-8")[:byte_offset].decode("utf-8", "replace")) + 1


def own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of `scope` without those of functions, lambdas and classes nested in it (they themselves are given)."""
    stack = list(children(scope))
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            stack.extend(children(node))
