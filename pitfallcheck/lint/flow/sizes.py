"""The whole numbers, the lengths and the draws of one file, each of which asks the others."""

from __future__ import annotations

import ast
from collections.abc import Hashable

from pitfallcheck.lint.flow.draws import Draw, GeneratorKind, draw_of
from pitfallcheck.lint.flow.integers import Integers
from pitfallcheck.lint.flow.lengths import Lengths
from pitfallcheck.lint.flow.linear import Atom, Linear
from pitfallcheck.lint.flow.program import Program


class Sizes:
    """The lengths and whole numbers of one program; each asks the other."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.generators = GeneratorKind(program)
        self.integers = Integers(program, self)
        self.lengths = Lengths(program, self)
        self.draws: dict[Hashable, Draw] = {}

    def draw(self, node: ast.AST | None) -> Draw | None:
        """The draw that an expression is."""
        return draw_of(self.generators, node) if node is not None else None

    def drawn(self, number: Linear) -> list[tuple[Atom, Draw]]:
        """The draws that a number depends on."""
        return [(atom, self.draws[atom.key]) for atom in number.atoms if atom.key in self.draws]
