"""Which expressions may be a batch that repeats, told by names alone: a proof costs more than reading the file."""

from __future__ import annotations

import ast
import re
from typing import TypeGuard

from pitfallcheck.lint.flow.bindings import NAMES, dotted
from pitfallcheck.lint.flow.draws import NAMED
from pitfallcheck.lint.flow.evaluation import constant
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.flow.reads import TAKING_NAMED
from pitfallcheck.lint.tree import walk

DRAWS = re.compile(r"rand|choice|permut|integers|sample|normal|uniform|shuffle")
"""What a file must say to draw anything."""


class Candidates:
    """The names of one file that may be counters, or may come from a draw."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.draws = DRAWS.search(program.source.text) is not None
        self.counters: set[str] = set()
        self.drawn: set[str] = set()
        waiting = []
        for node in program.source.nodes:
            if not isinstance(node, ast.Assign):
                continue
            if isinstance(constant(node.value), int):
                self.counters |= _targets(node)
            elif self.draws and not isinstance(node.value, ast.Constant):
                waiting.append((_targets(node), *_said(node.value)))
        # A name for a part of a drawn index, and one for a part of that: two steps are as far as anyone goes.
        for _ in range(3):
            for targets, names, draws in waiting:
                if draws or names & self.drawn:
                    self.drawn |= targets

    def may_repeat(self, node: ast.AST) -> TypeGuard[ast.expr]:
        """Whether `node` is an index by a counter or a draw, a draw, or a first batch."""
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            index = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
            if not isinstance(index, ast.Slice):
                return self._counts(index) or self._may_be_drawn(index)
            if index.lower is None or isinstance(index.lower, ast.Constant):
                return isinstance(index.upper, NAMES | ast.Constant) and self._is_told_a_place(node)
            return self._counts(index.lower) or self._may_be_drawn(index.lower)
        if isinstance(node, ast.Call):
            name = _name(node)
            return (name == "next" and bool(node.args)) or (self.draws and name in NAMED | TAKING_NAMED)
        return False

    def _counts(self, index: ast.expr) -> bool:
        return dotted(index) in self.counters

    def _may_be_drawn(self, node: ast.expr) -> bool:
        if not self.draws or isinstance(node, ast.Constant):
            return False
        names, draws = _said(node)
        return draws or bool(names & self.drawn)

    def _is_told_a_place(self, node: ast.expr) -> bool:
        """Whether a loop over `range(0, n, batch)`, or `__getitem__`, says which batch `node` should be."""
        loops = self.program.loops_around(node)
        if not loops:
            return getattr(self.program.scope(node), "name", "") == "__getitem__"
        over = loops[0].iter if isinstance(loops[0], ast.For) else None
        return isinstance(over, ast.Call) and _name(over) == "range" and len(over.args) == 3


def _said(node: ast.expr) -> tuple[set[str], bool]:
    """The names that an expression reads, and whether it calls what may draw."""
    names, draws = set[str](), False
    for part in walk(node):
        if isinstance(part, ast.Call):
            draws = draws or _name(part) in NAMED
        elif (name := dotted(part)) is not None:
            names.add(name)
    return names, draws


def _name(call: ast.Call) -> str:
    """The last part of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _targets(node: ast.Assign) -> set[str]:
    """The names that an assignment binds, those in tuples too."""
    return {name for target in node.targets for part in walk(target) if (name := dotted(part)) is not None}
