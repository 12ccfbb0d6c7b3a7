"""Finds attention by hand whose softmax runs along another axis than the product after it sums over."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from pitfallcheck.lint.flow.bindings import NAMES
from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.source import Source

PRODUCTS = frozenset({"torch.matmul", "torch.bmm", "torch.einsum", "torch.functional.einsum"})
SOFTMAXES = frozenset({"torch.softmax", "torch.nn.functional.softmax", "torch.special.softmax"})
KEEPING = frozenset(
    {"masked_fill", "masked_fill_", "float", "to", "type_as", "contiguous", "half", "type", "clone", "cuda"}
)
"""Methods that leave the axes of scores, and of weights, what they are."""

MAX_STEPS = 12


@dataclass(frozen=True, eq=False, slots=True)
class Misdirected:
    """A softmax `node` along `axis`, whose weights `product` sums over the last axis, which the softmax is not."""

    node: ast.Call
    axis: int
    written: ast.expr
    product: ast.expr


def misdirected(source: Source, program: Program) -> Iterator[Misdirected]:
    """Every softmax over the scores of two tensors that does not share 1 along the axis that is summed over."""
    for node in source.nodes:
        if not isinstance(node, ast.Call):
            continue
        found = _softmax(program, node)
        if found is None:
            continue
        scores, written = found
        axis = constant(written)
        if not isinstance(axis, int) or isinstance(axis, bool) or axis == -1:
            continue
        rank = _rank_of_scores(program, scores)
        # A positive axis is surely not the last one where there are at least two more.
        if rank is None or (axis >= 0 and axis + 1 >= rank):
            continue
        product = _product(program, node)
        if product is not None:
            yield Misdirected(node, axis, written, product)


def _softmax(program: Program, node: ast.Call) -> tuple[ast.expr, ast.expr] | None:
    """What a softmax is of, and where its axis is written."""
    called = program.called(node)
    made = program.origin(node.func) if isinstance(node.func, NAMES) and not called else None
    if called in SOFTMAXES:
        given, axis = argument(node, 0, "input"), argument(node, 1, "dim")
    elif isinstance(made, ast.Call):
        layer = program.called(made) == "torch.nn.Softmax"
        given, axis = argument(node, 0, "input"), argument(made, 0, "dim") if layer else None
    elif not called and isinstance(node.func, ast.Attribute) and node.func.attr == "softmax":
        given, axis = node.func.value, argument(node, 0, "dim")
    else:
        return None
    return None if given is None or axis is None else (given, axis)


def _rank_of_scores(program: Program, node: ast.expr) -> int | None:
    """How many axes the product of two tensors, divided and masked since, has at least; None for anything else."""
    for _ in range(MAX_STEPS):
        made = _origin(program, node)
        match made:
            case ast.BinOp(op=ast.Div() | ast.Mult() | ast.Add() | ast.Sub()):
                node = made.left
            case ast.Call(func=ast.Attribute(attr=name)) if name in KEEPING and not program.called(made):
                node = made.func.value  # type: ignore[attr-defined]
            case _:
                operands = _operands(program, made)
                if operands is None or any(_is_weight(program, one) for one in operands):
                    return None
                if _letters(program, made) is not None:
                    return len((_letters(program, made) or ("", ""))[1])
                least = max(_rank(program, one) for one in operands)
                return 3 if program.called(made) == "torch.bmm" or _method(made) == "bmm" else least
    return None


def _origin(program: Program, node: ast.expr) -> ast.expr:
    """What a name was made by; where a branch masks it on the way, by the first of its bindings that is a product."""
    made = program.origin(node)
    if not isinstance(made, NAMES):
        return made
    bindings = [one for one in program.bindings(made) if one.kind == "value" and one.value is not None]
    if not bindings or len(bindings) != len(program.bindings(made)):
        return made
    return min((one.value for one in bindings if one.value is not None), key=lambda value: value.lineno)


def _operands(program: Program, node: ast.expr) -> list[ast.expr] | None:
    """The two tensors that a product is of."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return [node.left, node.right]
    if not isinstance(node, ast.Call):
        return None
    if program.called(node) in PRODUCTS:
        given = node.args[1:] if program.called(node).endswith("einsum") else node.args
        return list(given) if len(given) == 2 else None
    if _method(node) in ("matmul", "bmm") and not program.called(node) and len(node.args) == 1:
        return [node.func.value, node.args[0]]  # type: ignore[attr-defined]
    return None


def _method(node: ast.AST) -> str:
    return node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""


def _is_weight(program: Program, node: ast.expr) -> bool:
    """Whether a tensor belongs to the module: then the scores are of clusters or slots, not of a sequence."""
    made = program.origin(node)
    while isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute) and not program.called(made):
        if isinstance(made.func.value, ast.Name) and made.func.value.id == "self":
            return False
        made = program.origin(made.func.value)
    while isinstance(made, ast.Attribute) and made.attr in ("T", "mT", "weight", "data"):
        made = made.value
    return isinstance(made, ast.Attribute) or program.called(made) in (
        "torch.nn.Parameter",
        "torch.nn.parameter.Parameter",
    )


def _rank(program: Program, node: ast.expr) -> int:
    """How many axes a tensor visibly has at least."""
    least = 0
    for _ in range(MAX_STEPS):
        node = _origin(program, node)
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            break
        axes = [constant(one) for one in node.args]
        plain = bool(axes) and not any(isinstance(one, ast.Starred) for one in node.args)
        named = bool(program.called(node))
        axes = axes[1:] if named else axes
        if node.func.attr in ("transpose", "swapaxes") and len(axes) == 2:
            known = [one for one in axes if isinstance(one, int)]
            least = max([least, *(one + 1 if one >= 0 else -one for one in known)])
        elif node.func.attr in ("permute", "view", "reshape") and plain and not named and len(axes) > 1:
            return max(least, len(axes))
        elif node.func.attr not in KEEPING:
            break
        node = node.args[0] if named and node.args else node.func.value
    return least


def _product(program: Program, softmax: ast.Call) -> ast.expr | None:
    """The product that sums over the last axis of the weights, which come to it as the softmax gave them."""
    waiting: list[ast.expr] = [softmax]
    for _ in range(MAX_STEPS):
        if not waiting:
            return None
        one = waiting.pop(0)
        above = program.source.parents.get(one)
        if isinstance(above, ast.Attribute) and above.value is one:
            outer = program.source.parents.get(above)
            if isinstance(outer, ast.Call) and outer.func is above:
                if above.attr in ("matmul", "bmm"):
                    return outer
                if above.attr in KEEPING:
                    waiting.append(outer)
        elif isinstance(above, ast.BinOp) and isinstance(above.op, ast.MatMult) and above.left is one:
            return above
        elif isinstance(above, ast.Call) and one in above.args:
            if _sums_last(program, above, one):
                return above
            if _is_dropout(program, above) and above.args[0] is one:
                waiting.append(above)
        elif isinstance(above, ast.Assign) and len(above.targets) == 1 and isinstance(above.targets[0], ast.Name):
            for binding in program.reaching(program.scope(one)).by.get(above, []):
                reads = [read for read in program.reads(binding) if len(program.bindings(read)) == 1]
                if any(_normalizes(program, read) for read in reads):
                    return None
                waiting += reads
    return None


def _normalizes(program: Program, read: ast.expr) -> bool:
    """Whether weights are divided in place, or by what they sum to."""
    above = program.source.parents.get(read)
    divided = isinstance(above, ast.BinOp) and isinstance(above.op, ast.Div)
    return divided or (isinstance(above, ast.Attribute) and above.attr in ("div_", "sum", "div"))


def _sums_last(program: Program, call: ast.Call, weights: ast.expr) -> bool:
    """Whether a product sums over the last axis of `weights`."""
    called = program.called(call)
    if called in ("torch.matmul", "torch.bmm"):
        return call.args[0] is weights
    letters = _letters(program, call)
    if letters is None or weights not in call.args[1:]:
        return False
    terms, result = letters
    parts = terms.split(",")
    place = call.args[1:].index(weights)
    if place >= len(parts) or len(parts) != 2:
        return False
    own, other = parts[place], parts[1 - place]
    return own[-1:] not in result and own[-1:] in other and all(letter in result for letter in own[:-1])


def _letters(program: Program, node: ast.expr) -> tuple[str, str] | None:
    """The terms of an einsum and its result, where they are written down in full."""
    if not isinstance(node, ast.Call) or program.called(node) not in ("torch.einsum", "torch.functional.einsum"):
        return None
    text = constant(node.args[0]) if node.args else None
    if not isinstance(text, str) or "->" not in text or "." in text:
        return None
    terms, _, result = text.replace(" ", "").partition("->")
    return terms, result


def _is_dropout(program: Program, call: ast.Call) -> bool:
    called = program.called(call)
    if called == "torch.nn.functional.dropout":
        return True
    made = program.origin(call.func) if isinstance(call.func, NAMES) else call.func
    return isinstance(made, ast.Call) and program.called(made) == "torch.nn.Dropout"
