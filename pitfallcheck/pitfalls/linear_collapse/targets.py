"""Tells whether the targets of a file are visibly an affine function of its inputs, or visibly not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Literal

from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import Scope, Source, own_nodes
from pitfallcheck.lint.tree import walk

Kind = Literal["constant", "affine", "bent", "unknown"]

BENDING = words(
    """
    sin cos tan sinh cosh tanh exp expm1 log log1p log2 log10 sqrt cbrt square abs absolute fabs sign power pow
    hypot maximum minimum max min clip clamp where floor ceil round rint relu sigmoid norm logical_xor
    bitwise_xor heaviside arctan arctan2 arcsin arccos atan atan2 sinc make_moons make_circles make_friedman1
    make_friedman2 make_friedman3 make_swiss_roll make_s_curve
    """
)
DRAWN = words(
    """
    rand randn random uniform normal standard_normal randint integers random_sample choice permutation shuffle
    linspace arange logspace meshgrid multivariate_normal make_regression range enumerate random_normal
    random_uniform beta
    """
)
KEPT = words(
    """
    array asarray astype reshape float float32 double from_numpy tensor as_tensor Tensor FloatTensor constant
    convert_to_tensor concatenate stack hstack vstack column_stack cat unsqueeze squeeze expand_dims mean sum
    view flatten ravel to copy matmul dot einsum transpose cumsum list tuple zip DataFrame to_numpy numpy add
    subtract multiply clone detach T
    """
)
_COEFFICIENT = re.compile(
    r"^(w|b|a|c|k|m)\d*$|weight|coef|slope|beta|theta|bias|scale|true|sigma|noise|std", re.IGNORECASE
)
_LOSS = re.compile(r"loss|crit|mse|cost|error|objective", re.IGNORECASE)
_DEPTH = 40
"""Expressions within expressions and names for names, until nothing more is claimed."""


class Targets:
    """The targets of one file, as its source computes them."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._asked: set[ast.AST] = set()

    def kind(self) -> Kind:
        """`bent` where one of the targets is, `affine` where those that show are, else `unknown`."""
        kinds = {self.of(node, {}) for node in self._candidates()}
        if "bent" in kinds:
            return "bent"
        return "affine" if "affine" in kinds else "unknown"

    def _candidates(self) -> Iterator[ast.expr]:
        """The expressions that are handed over as targets, or compared with something."""
        for node in self.source.nodes:
            if isinstance(node, ast.Call):
                yield from self._handed_over(node)
            elif isinstance(node, ast.Yield | ast.Return) and isinstance(node.value, ast.Tuple):
                if len(node.value.elts) == 2:
                    yield node.value.elts[1]
            elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
                for one, other in ((node.left, node.right), (node.right, node.left)):
                    if isinstance(one, ast.Name) and isinstance(other, ast.Name | ast.Call | ast.Attribute):
                        yield one

    def _handed_over(self, call: ast.Call) -> Iterator[ast.expr]:
        name = _last_name(call.func)
        named = [keyword.value for keyword in call.keywords if keyword.arg in ("y", "target", "targets", "y_true")]
        yield from named
        if (
            name in ("fit", "train_on_batch", "TensorDataset", "optimize", "train_step", "train", "step")
            and len(call.args) > 1
        ):
            yield call.args[1]
        elif name == "from_tensor_slices" and call.args and isinstance(call.args[0], ast.Tuple):
            yield call.args[0].elts[-1]
        elif _LOSS.search(name):
            yield from call.args[:2]

    def of(self, node: ast.expr, given: dict[str, Kind], depth: int = 0) -> Kind:
        """What an expression is, with the kinds of the names `given`."""
        if depth > _DEPTH or node in self._asked:
            return "unknown"
        self._asked.add(node)
        try:
            return self._of(node, given, depth + 1)
        finally:
            self._asked.discard(node)

    def _of(self, node: ast.expr, given: dict[str, Kind], depth: int) -> Kind:
        if isinstance(node, ast.Constant):
            return "constant"
        if isinstance(node, ast.Name):
            return given[node.id] if node.id in given else self._named(node, given, depth)
        if isinstance(node, ast.Tuple | ast.List):
            return _join([self.of(part, given, depth) for part in node.elts])
        if isinstance(node, ast.Subscript | ast.UnaryOp | ast.Attribute):
            inner = node.operand if isinstance(node, ast.UnaryOp) else node.value
            return self.of(inner, given, depth)
        if isinstance(node, ast.Compare):
            return _join([self.of(part, given, depth) for part in (node.left, *node.comparators)])
        if isinstance(node, ast.IfExp):
            return "bent" if self.of(node.test, given, depth) == "affine" else self.of(node.body, given, depth)
        if isinstance(node, ast.ListComp | ast.GeneratorExp):
            over = {
                part.id: self.of(loop.iter, given, depth)
                for loop in node.generators for part in walk(loop.target) if isinstance(part, ast.Name)
            }  # fmt: skip
            return self.of(node.elt, {**given, **over}, depth)
        if isinstance(node, ast.BinOp):
            return self._operation(node, given, depth)
        return self._call(node, given, depth) if isinstance(node, ast.Call) else "unknown"

    def _operation(self, node: ast.BinOp, given: dict[str, Kind], depth: int) -> Kind:
        left, right = self.of(node.left, given, depth), self.of(node.right, given, depth)
        both = _join([left, right])
        if isinstance(node.op, ast.Add | ast.Sub | ast.MatMult) or both != "affine":
            return both
        if isinstance(node.op, ast.Mult) and left == right:
            factors = (_root(node.left), _root(node.right))
            return "affine" if any(_COEFFICIENT.search(name) for name in factors) else "bent"
        if (isinstance(node.op, ast.Div) and right == "constant") or isinstance(node.op, ast.Mult):
            return "affine"
        if isinstance(node.op, ast.Pow) and isinstance(node.right, ast.Constant) and node.right.value == 1:
            return "affine"
        return "bent"

    def _call(self, node: ast.Call, given: dict[str, Kind], depth: int) -> Kind:
        name = _last_name(node.func)
        args = [arg.value if isinstance(arg, ast.Starred) else arg for arg in node.args]
        own = self._function(node.func)
        if own is not None:
            return self._returned(own, [self.of(arg, given, depth) for arg in args], depth)
        known = (self.source.qualify(node.func) or "").partition(".")[0]
        if name in BENDING and not (name in ("max", "min", "round") and known == ""):
            kinds = [self.of(arg, given, depth) for arg in args]
            if isinstance(node.func, ast.Attribute) and not known:
                kinds.append(self.of(node.func.value, given, depth))
            return "bent" if "affine" in kinds or name.startswith("make_") else _join(kinds)
        if name in DRAWN:
            return "affine"
        if name in KEPT:
            kinds = [self.of(arg, given, depth) for arg in args]
            if isinstance(node.func, ast.Attribute) and not known:
                kinds = [self.of(node.func.value, given, depth)]
            return _join(kinds)
        return "unknown"

    def _named(self, node: ast.Name, given: dict[str, Kind], depth: int) -> Kind:
        scope: Scope = self.source.scope_of(node)
        while True:
            kinds = [self.of(value, given, depth) for value in self._assigned(node.id, scope)]
            if kinds:
                return _join(kinds)
            if isinstance(scope, ast.Module) or node.id in _parameters(scope):
                return "unknown"
            scope = self.source.scope_of(scope)

    def _assigned(self, name: str, scope: ast.AST) -> Iterator[ast.expr]:
        for node in own_nodes(scope):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name) and target.id == name:
                        yield node.value
                    elif isinstance(target, ast.Tuple) and name in [_root(part) for part in target.elts]:
                        place = [_root(part) for part in target.elts].index(name)
                        pair = isinstance(node.value, ast.Tuple) and len(node.value.elts) == len(target.elts)
                        yield node.value.elts[place] if pair and isinstance(node.value, ast.Tuple) else node.value
            elif isinstance(node, ast.AugAssign) and _root(node.target) == name:
                yield node.value
            elif isinstance(node, ast.For) and isinstance(node.target, ast.Name) and node.target.id == name:
                yield node.iter

    def _function(self, node: ast.expr) -> ast.FunctionDef | ast.Lambda | None:
        """The function of the file that a call runs, element by element where it is vectorised."""
        if isinstance(node, ast.Lambda):
            return node
        if isinstance(node, ast.Call) and _last_name(node.func) in ("vectorize", "frompyfunc", "vmap") and node.args:
            return self._function(node.args[0])
        if not isinstance(node, ast.Name):
            return None
        for function in self.source.functions:
            if function.name == node.id and isinstance(function, ast.FunctionDef):
                return function
        for value in self._assigned(node.id, self.source.tree):
            if isinstance(value, ast.Lambda | ast.Call):
                return self._function(value)
        return None

    def _returned(self, function: ast.FunctionDef | ast.Lambda, args: list[Kind], depth: int) -> Kind:
        given = dict(zip([arg.arg for arg in function.args.args], args, strict=False))
        if isinstance(function, ast.Lambda):
            return self.of(function.body, given, depth)
        returns = [
            node.value for node in own_nodes(function) if isinstance(node, ast.Return) and node.value is not None
        ]
        kinds = [self.of(node, given, depth) for node in returns]
        if len(kinds) > 1 and "affine" in kinds:
            return "bent"
        return _join(kinds) if kinds else "unknown"


def _join(kinds: list[Kind]) -> Kind:
    """The kind of a sum: whatever bends bends it, and nothing is known beside something unknown."""
    for kind in ("bent", "unknown", "affine"):
        if kind in kinds:
            return kind
    return "constant"


def _parameters(scope: ast.AST) -> set[str]:
    arguments = getattr(scope, "args", None)
    return {arg.arg for arg in walk(arguments) if isinstance(arg, ast.arg)} if arguments is not None else set()


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
