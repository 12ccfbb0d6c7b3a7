"""Follows the targets of a training back to what shows their kind: a data set, an encoding, numbers, arithmetic."""

from __future__ import annotations

import ast
from dataclasses import replace
from math import inf

from pitfallcheck.lint.flow.bindings import NAMES, Binding
from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.objectives.facts import Labels
from pitfallcheck.lint.objectives.labels_batches import of_batches
from pitfallcheck.lint.objectives.labels_calls import drawn, one_hot, ranged, text_of
from pitfallcheck.lint.objectives.labels_known import (
    ENCODERS,
    JOINING,
    KERAS_DATASETS,
    ONE_HOT,
    RESHAPING,
    SAME_ATTRIBUTES,
    SAME_FUNCTIONS,
    SAME_LIBRARIES,
    SAME_METHODS,
    SKLEARN_DATASETS,
    Shown,
    integers,
)
from pitfallcheck.lint.objectives.labels_lists import encoded_row, is_list, laid_out
from pitfallcheck.lint.objectives.labels_numbers import computed, joined, written
from pitfallcheck.lint.objectives.resolve import Calls, Resolver
from pitfallcheck.lint.tree import walk

Place = tuple[int, ...]
"""Positions in nested tuples: (1, 1) is the second of the second."""

MAX_OPEN = 30


class LabelsOf:
    """The labels of one file, asked for on demand."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self._open: set[tuple[ast.AST, Place, Calls]] = set()
        self._known: dict[tuple[ast.AST, Place, Calls], Shown | None] = {}

    def labels(self, node: ast.expr | None, calls: Calls = (), place: Place = ()) -> Labels | None:
        """What the targets that `node` hands over are; None where the file does not show it."""
        shown = self.of(node, calls, place) if node is not None else None
        if node is None or shown is None or shown.drawn:
            return None
        return of_shown(node, shown)

    def of(self, node: ast.expr, calls: Calls = (), place: Place = ()) -> Shown | None:
        """What the values of `node`, or of what is at `place` in it, are."""
        key = (node, place, calls)
        if key not in self._known:
            if key in self._open or len(self._open) > MAX_OPEN:
                return None
            self._open.add(key)
            self._known[key] = self._of(node, calls, place)
            self._open.discard(key)
        return self._known[key]

    def _of(self, node: ast.expr, calls: Calls, place: Place) -> Shown | None:
        if isinstance(node, NAMES):
            bindings = self.resolver.settled(node)
            if any(binding.kind == "changed" and not _only_moves(binding.node) for binding in bindings):
                return self._gathered(node, calls) if not place else None
            if bindings:
                return joined([self._bound(binding, calls, place) for binding in bindings])
            return self._attribute(node, calls, place) if isinstance(node, ast.Attribute) else None
        if place:
            return self._within(node, calls, place)
        match node:
            case ast.Call():
                return self._call(node, calls)
            case ast.Subscript():
                return self._subscript(node, calls, ())
            case ast.List() | ast.Tuple():
                return written(node) or joined([self.of(part, calls) for part in node.elts])
            case ast.Constant():
                value = constant(node)
                plain = isinstance(value, int | float) and not isinstance(value, bool)
                return Shown(None, None, value, value) if plain else None  # type: ignore[arg-type]
            case ast.IfExp():
                return joined([self.of(node.body, calls), self.of(node.orelse, calls)])
            case ast.Compare():
                return Shown("binary", 2, 0, 1, f"`{text_of(self.resolver, node)}` gives 0 and 1")
            case ast.ListComp():
                return encoded_row(self.resolver, node, calls) or self.of(node.elt, calls)
            case ast.UnaryOp(op=ast.USub()):
                zero = Shown(None, None, 0, 0)
                inner = self.of(node.operand, calls)
                return None if inner is None else computed(ast.Sub(), zero, inner, text_of(self.resolver, node))
            case ast.BinOp():
                return self._arithmetic(node, calls)
        return None

    # Names.

    def _bound(self, binding: Binding, calls: Calls, place: Place) -> Shown | None:
        match binding.kind:
            case "value" if binding.value is not None:
                return self.of(binding.value, calls, place)
            case "part" if binding.value is not None:
                return self.of(binding.value, calls, (*binding.place, *place))
            case "parameter":
                given = self.resolver.given(binding, calls)
                return joined([self.of(one.node, one.calls, place) for one in given]) if given else None
            case "item" if binding.value is not None:
                return of_batches(self, binding.value, calls, (*binding.place, *place))
            case "augmented" if binding.value is not None and isinstance(binding.node, ast.AugAssign):
                before, step = binding.node.target, self.of(binding.value, calls)
                old = [
                    self._bound(one, calls, place) for one in self.resolver.program.bindings(before) if one != binding
                ]
                known = joined(old)
                return (
                    None
                    if known is None or step is None
                    else computed(binding.node.op, known, step, text_of(self.resolver, binding.node))
                )
            case "changed" if binding.target is not None:
                return self.of(binding.target, calls, place)
        return None

    def _gathered(self, node: ast.expr, calls: Calls) -> Shown | None:
        """What was appended, one by one, to a list that began empty."""
        roots, changes = self.resolver.program.roots(node)
        empty = all(isinstance(root.value, ast.List) and not root.value.elts for root in roots)
        added = [change.node for change in changes]
        if not empty or not all(_appends(one) for one in added):
            return None
        return joined([self.of(one.args[0], calls) for one in added if isinstance(one, ast.Call)])

    def _attribute(self, node: ast.Attribute, calls: Calls, place: Place) -> Shown | None:
        if node.attr in SAME_ATTRIBUTES:
            return self.of(node.value, calls, place)
        if node.attr == "target":
            return self._sklearn(node.value, calls)
        return None

    def _sklearn(self, node: ast.expr, calls: Calls) -> Shown | None:
        """The target of an object that a loader of scikit-learn returns."""
        found = [self.resolver.called(held.node) for held in self.resolver.alternatives(node, calls)]
        module, _, short = found[0].rpartition(".")
        return SKLEARN_DATASETS.get(short) if len(found) == 1 and module.startswith("sklearn.datasets") else None

    # Parts of tuples.

    def _within(self, node: ast.expr, calls: Calls, place: Place) -> Shown | None:
        if isinstance(node, ast.Tuple | ast.List):
            inside = place[0] < len(node.elts) and not any(isinstance(part, ast.Starred) for part in node.elts)
            return self.of(node.elts[place[0]], calls, place[1:]) if inside else None
        if isinstance(node, ast.Subscript):
            return self._subscript(node, calls, place)
        if not isinstance(node, ast.Call):
            return None
        name = self.resolver.called(node)
        module, _, short = name.rpartition(".")
        if module.startswith("keras.datasets") and short == "load_data":
            dataset = module.rpartition(".")[2]
            return KERAS_DATASETS.get(dataset) if len(place) == 2 and place[1] == 1 else None
        if module.startswith("sklearn.datasets"):
            return self._made(node, calls, short) if place == (1,) else None
        if short == "train_test_split" and place[0] < 2 * len(node.args):
            return self.of(node.args[place[0] // 2], calls, place[1:])
        results = self.resolver.returns(node, calls)
        return None if results is None else joined([self.of(held.node, held.calls, place) for held in results])

    def _made(self, call: ast.Call, calls: Calls, short: str) -> Shown | None:
        if short == "make_classification":
            given = argument(call, None, "n_classes")
            classes = 2 if given is None else self.resolver.constant(given, calls)
            return (
                integers(classes, f"make_classification gives {classes} classes") if isinstance(classes, int) else None
            )
        if short == "make_blobs":
            centers = self.resolver.constant(argument(call, 2, "centers"), calls)
            return integers(centers, f"make_blobs gives {centers} classes") if isinstance(centers, int) else None
        return SKLEARN_DATASETS.get(short)

    def _subscript(self, node: ast.Subscript, calls: Calls, place: Place) -> Shown | None:
        index = constant(node.slice)
        if index == "target":
            return self._sklearn(node.value, calls)
        if (
            isinstance(index, int)
            and not isinstance(index, bool)
            and index >= 0
            and (place or isinstance(node.value, ast.Call | ast.Subscript))
        ):
            return self.of(node.value, calls, (index, *place))
        made = node.value
        if isinstance(made, ast.Call) and self.resolver.called(made) in ("numpy.eye", "numpy.identity", "torch.eye"):
            classes = self.resolver.constant(made.args[0], calls) if made.args else ...
            return Shown(
                "one-hot", classes if isinstance(classes, int) else None, 0, 1, f"`{text_of(self.resolver, node)}`"
            )
        if place or isinstance(index, str):
            return None
        inner = self.of(node.value, calls)
        # A column of a matrix is no row of it.
        column = isinstance(node.slice, ast.Tuple) and inner is not None and inner.kind == "one-hot"
        return None if column else inner

    # Calls.

    def _call(self, call: ast.Call, calls: Calls) -> Shown | None:
        name = self.resolver.called(call)
        module, _, short = name.rpartition(".")
        first = call.args[0] if call.args else None
        if name in ONE_HOT or (not module and short == "to_categorical"):
            return one_hot(self, call, calls)
        if name == "pandas.get_dummies" and argument(call, None, "drop_first") is None:
            return Shown("one-hot", None, 0, 1, "`get_dummies` makes one column of each class")
        if first is not None and short in SAME_FUNCTIONS and (module in SAME_LIBRARIES or name == "list"):
            known = self.of(first, calls)
            return known if known is None or short not in RESHAPING else replace(known, width=None)
        if short in JOINING and module in SAME_LIBRARIES and isinstance(first, ast.Tuple | ast.List):
            return joined([self.of(part, calls) for part in first.elts])
        if random := drawn(self, call, calls):
            return random
        if module in (*SAME_LIBRARIES, "math", "tensorflow.math") and first is not None:
            return ranged(self, call, calls, short, first)
        if module.startswith("sklearn.datasets"):
            return None
        if not name and isinstance(call.func, ast.Attribute):
            method = self._method(call, call.func, calls)
            if method is not None:
                return method
        results = self.resolver.returns(call, calls)
        return None if results is None else joined([self.of(held.node, held.calls) for held in results])

    def _method(self, call: ast.Call, function: ast.Attribute, calls: Calls) -> Shown | None:
        if function.attr in ("fit_transform", "transform"):
            made = [self.resolver.called(held.node) for held in self.resolver.alternatives(function.value, calls)]
            kind = ENCODERS.get(made[0]) if len(made) == 1 else None
            short = made[0].rpartition(".")[2]
            if kind is None and len(made) == 1 and short in ("StandardScaler", "RobustScaler"):
                return Shown("reals", None, -inf, inf, f"`{short}` gives them both signs")
            width = 1 if kind == "integers" else None
            return None if kind is None else Shown(kind, None, 0, None, f"`{short}` makes them", width=width)
        if function.attr == "argmax":
            return Shown("integers", None, 0, None, f"`{text_of(self.resolver, call)}` gives class numbers")
        known = self.of(function.value, calls) if function.attr in SAME_METHODS else None
        return known if known is None or function.attr not in RESHAPING else replace(known, width=None)

    def _variables(self, node: ast.expr) -> set[str]:
        """The variables in an expression, and those that they were computed from in one step."""
        own = [part for part in walk(node) if isinstance(part, ast.Name)]
        behind = [
            part for name in own for part in walk(self.resolver.program.origin(name)) if isinstance(part, ast.Name)
        ]
        return {name.id for name in (*own, *behind) if not self.resolver.source.qualify(name)}

    def _arithmetic(self, node: ast.BinOp, calls: Calls) -> Shown | None:
        if isinstance(node.op, ast.Add | ast.Mult):
            lists = [is_list(self.resolver, side, calls) for side in (node.left, node.right)]
            if all(lists) or (any(lists) and isinstance(node.op, ast.Mult)):
                return laid_out(self, node, calls)
        if self._variables(node.left) & self._variables(node.right):
            return None  # `x - x * x`: the parts do not reach their ends together
        left, right = self.of(node.left, calls), self.of(node.right, calls)
        return None if left is None or right is None else computed(node.op, left, right, text_of(self.resolver, node))


def of_shown(node: ast.expr, shown: Shown) -> Labels:
    """The labels that `node` hands over."""
    return Labels(node, shown.kind, shown.classes, shown.low, shown.high, shown.why, shown.width)


def _appends(node: ast.AST) -> bool:
    called = node.func if isinstance(node, ast.Call) and len(node.args) == 1 else None
    return isinstance(called, ast.Attribute) and called.attr == "append"


def _only_moves(node: ast.AST) -> bool:
    """Whether a change in place leaves an array with the values that it had: a shuffle."""
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(called, ast.Attribute | ast.Name) and (
        called.attr if isinstance(called, ast.Attribute) else called.id
    ) in ("shuffle", "sort", "reverse")
