"""What gives a name its value: an assignment, an item of a loop, a parameter, a change in place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import Scope

Kind = Literal["value", "part", "item", "parameter", "augmented", "changed", "opaque"]

Loop = ast.For | ast.AsyncFor | ast.While
NAMES = ast.Name | ast.Attribute


@dataclass(frozen=True, eq=False, slots=True)
class Binding:
    """One way in which `name` (`x`, or `self.x`) gets its value, by the statement, target or call `node` of `scope`.

    kind         value                                  place
    value        the expression that it is now          ()
    part         the expression that is unpacked        the positions in it
    item         what a loop runs over                  the positions in each item
    parameter    None                                   ()
    augmented    the right side of `x += value`         ()
    changed      None: an item was stored, or a method changed the object; `target` is the name as it stands there
    opaque       None: an import, a function, a `with`, and whatever else is not followed
    """

    name: str
    kind: Kind
    node: ast.AST
    scope: Scope
    value: ast.expr | None = None
    place: tuple[int, ...] = ()
    target: ast.expr | None = None


def dotted(node: ast.AST) -> str | None:
    """The name under which a variable is kept: `x`, or `self.x` for an attribute of a name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return None


def unpacked(
    target: ast.expr, value: ast.expr | None, place: tuple[int, ...] = ()
) -> Iterator[tuple[ast.expr, ast.expr | None, tuple[int, ...] | None]]:
    """The single targets in `target`, each with the expression it comes from and the positions in that.

    The positions are None where a starred target hides them.
    """
    if isinstance(target, ast.Tuple | ast.List):
        starred = any(isinstance(part, ast.Starred) for part in target.elts)
        parts = value.elts if isinstance(value, ast.Tuple | ast.List) and not place else None
        if parts is not None and (starred or len(parts) != len(target.elts)):
            parts = None
        for position, part in enumerate(target.elts):
            if starred:
                single = part.value if isinstance(part, ast.Starred) else part
                yield from ((each, None, None) for each, _, _ in unpacked(single, None))
            elif parts is not None:
                yield from unpacked(part, parts[position])
            else:
                yield from unpacked(part, value, (*place, position))
    else:
        yield target, value, place


CHANGING = words("""
    sort shuffle append extend insert pop remove reverse clear update add fill fill_ copy_ random_ normal_ uniform_
    put resize resize_ zero_ masked_fill_ index_fill_ scatter_ add_ sub_ mul_ div_ setdefault popleft appendleft
    """)
"""Methods that change their object, when nothing is done with what they return."""


def changed_by(call: ast.Call) -> Iterator[ast.expr]:
    """The names that a call, standing alone as a statement, changes in place: `x.sort()`, `rng.shuffle(x)`."""
    function = call.func
    if isinstance(function, ast.Attribute) and function.attr in CHANGING and dotted(function.value) is not None:
        yield function.value
    called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if called in ("shuffle", "put", "copyto", "random_shuffle"):
        yield from (argument for argument in call.args[:1] if dotted(argument) is not None)
