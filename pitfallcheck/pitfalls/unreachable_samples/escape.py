"""Whether a drawn number is used for more than the reads that are known: then nobody knows what it reaches."""

from __future__ import annotations

import ast

from pitfallcheck.lint.flow.bindings import dotted
from pitfallcheck.lint.flow.evaluation import constant
from pitfallcheck.lint.flow.reads import Read
from pitfallcheck.lint.flow.sizes import Sizes
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.pitfalls.unreachable_samples.reach import Reach

HARMLESS = words("""
    print len type str isinstance repr numpy.bincount torch.bincount numpy.unique torch.unique collections.Counter
    numpy.add.at
    """)
"""What tells or counts numbers, and reads nothing by them."""

COUNTING = frozenset({"add", "update", "discard"})
"""Methods of a set or a counter that only note what was drawn."""


def escapes(sizes: Sizes, reach: Reach, own: list[Read], nodes: list[ast.AST]) -> bool:
    """Whether one of `nodes` reads the number and is neither an index of `own`, nor harmless, nor a name for it."""
    program = sizes.program
    indices = {found.of.index for found in own}
    for node in nodes:
        if not isinstance(node, ast.Name | ast.Attribute) or dotted(node) is None:
            continue
        if isinstance(node.ctx, ast.Store):
            parent = program.source.parents.get(node)
            if not isinstance(parent, ast.AugAssign):
                continue
        if not _still(sizes, node, reach):
            if _may_be(sizes, node, reach):
                return True
            continue
        if not _accounted_for(sizes, node, reach, indices):
            return True
    return reach.draw is not None and not _accounted_for(sizes, reach.node, reach, indices)


def _accounted_for(sizes: Sizes, node: ast.AST, reach: Reach, indices: set[ast.expr]) -> bool:
    parents = sizes.program.source.parents
    at, above = node, parents.get(node)
    while above is not None:
        if at in indices:
            return True
        match above:
            case ast.Assign() | ast.AnnAssign() | ast.NamedExpr():
                return isinstance(at, ast.expr) and _still(sizes, at, reach)
            case ast.For() | ast.comprehension():
                return at is above.iter and isinstance(at, ast.expr) and _still(sizes, at, reach)
            case ast.Subscript() if at is above.slice and isinstance(above.ctx, ast.Store):
                return not _is_left_out(parents.get(above))
            case ast.Compare() | ast.FormattedValue() | ast.Expr() | ast.Assert():
                return True
            case ast.Call() if at is not above.func:
                if isinstance(above.func, ast.Attribute) and above.func.attr in COUNTING:
                    return isinstance(parents.get(above), ast.Expr)
                if sizes.program.called(above) in HARMLESS:
                    return True
                if sizes.program.called(above) == "enumerate":
                    return isinstance(parents.get(above), ast.For | ast.comprehension)
                return _still(sizes, above, reach) and _accounted_for(sizes, above, reach, indices)
            case ast.stmt():
                return False
        at, above = above, parents.get(above)
    return False


def _is_left_out(statement: ast.AST | None) -> bool:
    """Whether a mark says `not these` of the drawn samples, and so chooses the others: `mask[i] = False`."""
    return isinstance(statement, ast.Assign) and constant(statement.value) in (False, 0)


def _may_be(sizes: Sizes, node: ast.expr, reach: Reach) -> bool:
    """Whether a name has the drawn number on one of several paths."""
    bindings = sizes.program.bindings(node)
    found = (
        (sizes.integers.bound(binding) for binding in bindings if binding.kind == "value") if len(bindings) > 1 else ()
    )
    return any(number is not None and any(atom.key == reach.key for atom in number.atoms) for number in found)


def _still(sizes: Sizes, node: ast.expr, reach: Reach) -> bool:
    """Whether the value of `node` is still followed as a number from the draw."""
    number = sizes.integers.of(node)
    return number is not None and any(atom.key == reach.key for atom in number.atoms)
