"""Judges whether inputs and targets that are learned from together were put into different random orders."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.evaluation import argument
from pitfallcheck.lint.flow.program import Program, program_of
from pitfallcheck.lint.flow.training import Forward
from pitfallcheck.lint.shapes.told import scope_lines
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.misaligned_shuffle import PITFALL
from pitfallcheck.pitfalls.misaligned_shuffle.orders import Order, Orders

FITTING = frozenset({"fit", "partial_fit", "train_on_batch"})
PAIRING = frozenset({"TensorDataset", "train_test_split"})
SLICING = frozenset({"from_tensor_slices", "from_tensors"})
DRAWING = frozenset({"shuffle", "permutation", "permuted", "randperm", "sample", "randint", "choice", "integers"})
"""What a call that puts rows into a random order is called; asks before anything is resolved."""

MEANT = re.compile(r"perm|shuf|rand|null|fake|noise|noisy|corrupt", re.IGNORECASE)
"""What targets are called whose pairing is broken on purpose, as for a permutation test."""

COPYING = frozenset({"list", "copy", "deepcopy", "array", "asarray", "permutation"})
COPIES = 8
"""Copies of copies that are followed."""

LONG = 60
"""Characters of an expression that a message shows."""

Pair = tuple[ast.Call, ast.expr, ast.expr]


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each pair of inputs and targets, where one of them was shuffled last."""
    if not any(isinstance(node, ast.Call) and _name(node) in DRAWING for node in source.nodes):
        return
    program = program_of(source)
    orders = Orders(program)
    told = set[ast.AST]()
    for call, inputs, targets in pairs(program):
        one, other = orders.of(inputs), orders.of(targets)
        if one is None or other is None or not _differ(one, other) or not _learns(program, call):
            continue
        if MEANT.search(ast.unparse(targets)) or _are_copies(program, inputs, targets):
            continue
        place = (other.drawn or one.drawn)[-1]
        if place not in told:
            told.add(place)
            yield _finding(source, call, (inputs, one), (targets, other))


def _differ(one: Order, other: Order) -> bool:
    """Whether two arrays whose rows belonged together, do no more."""
    if one.orders == other.orders or len(one.orders) > 1 or len(other.orders) > 1:
        return False
    if one.orders and other.orders:
        return True
    # Only one of the two is shuffled: then the file must show that their rows belonged together before.
    return one.base is not None and one.base is other.base


def _are_copies(program: Program, inputs: ast.expr, targets: ast.expr) -> bool:
    """Whether one of them is a copy of the other, or both of a third: copies were never each other's targets."""
    return not _copied(program, inputs).isdisjoint(_copied(program, targets))


def _copied(program: Program, node: ast.expr) -> set[Binding]:
    """What gives its value to a name, and to each name that it is a whole copy of."""
    found: set[Binding] = set()
    for _ in range(COPIES):
        match node:
            case ast.Name() | ast.Attribute():
                roots, _ = program.roots(node)
                found |= roots
                root = next(iter(roots)) if len(roots) == 1 else None
                if root is None or root.kind != "value" or root.value is None:
                    break
                node = root.value
            case ast.Subscript(slice=ast.Slice(lower=None, upper=None, step=None)):
                node = node.value
            case ast.Call(func=ast.Attribute(attr="copy" | "clone" | "tolist"), args=[]) if isinstance(
                node.func, ast.Attribute
            ):
                node = node.func.value
            case ast.Call(args=[inner]) if _name(node) in COPYING:
                node = inner
            case _:
                break
    return found


def pairs(program: Program) -> Iterator[Pair]:
    """Inputs and targets that go together into a fit, a data set, a split or what may be a loss."""
    by_hand = "backward" in program.mentions
    for node in program.source.nodes:
        if not isinstance(node, ast.Call):
            continue
        name = _name(node)
        if name in FITTING or name in PAIRING:
            inputs, targets = argument(node, 0, "x", "X"), argument(node, 1, "y")
        elif name in SLICING and node.args and isinstance(node.args[0], ast.Tuple):
            inputs, targets = (*node.args[0].elts, None, None)[:2]
        elif by_hand and len(node.args) == 2 and isinstance(node.args[0], ast.Name | ast.Call):
            inputs, targets = _input_of(program, node.args[0]), node.args[1]
        else:
            continue
        if inputs is not None and targets is not None:
            yield node, inputs, targets


def _input_of(program: Program, output: ast.expr) -> ast.expr | None:
    """The only argument of the call that made an output: the input, where that was a network."""
    made = program.origin(output)
    if not isinstance(made, ast.Call) or len(made.args) != 1 or program.source.qualify(made.func) is not None:
        return None
    return made.args[0]


def _learns(program: Program, call: ast.Call) -> bool:
    """Whether a pairing is learned from; what is fitted or put into a data set is taken to be."""
    return _name(call) in FITTING | PAIRING | SLICING or bool(Forward(program).follow(call).learns)


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _finding(
    source: Source, call: ast.Call, inputs: tuple[ast.expr, Order], targets: tuple[ast.expr, Order]
) -> Finding:
    (x, one), (y, other) = inputs, targets
    names = _short(source.segment(x)), _short(source.segment(y))
    last, first = (other, one) if other.drawn else (one, other)
    place = last.drawn[-1]
    draw = _short(source.segment(place))
    if first.drawn:
        message = (
            f"`{names[0]}` and `{names[1]}` are shuffled apart, by `{_short(source.segment(first.drawn[-1]))}` and "
            f"`{draw}`, which draw two different orders: no input keeps its own target"
        )
        evidence = [
            Evidence(
                "shuffled", "the other of the two is shuffled here", source.path, getattr(first.drawn[-1], "lineno", 0)
            )
        ]
    else:
        moved, kept = names if last is one else names[::-1]
        message = f"`{draw}` shuffles `{moved}` and leaves `{kept}` in its order: no input keeps its own target"
        evidence = []
    evidence.append(Evidence("paired", "they are taken for pairs here", source.path, call.lineno))
    return PITFALL.finding(
        "error",
        source.location(place),
        message,
        remedy=f"draw one order for both, `order = np.random.permutation(len({names[0]}))`, and index both with it",
        source="static",
        subject=names[0],
        scope=scope_lines(source, place),
        evidence=tuple(evidence),
    )


def _short(text: str) -> str:
    return text if len(text) <= LONG else f"{text[: LONG - 3]}..."
