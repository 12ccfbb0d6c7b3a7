"""Recognises random draws, in every library's spelling: what is drawn, between which bounds, how many, from what."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Literal

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.evaluation import Evaluation, argument, constant
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.shapes.vocabulary import words

GENERATORS = {
    "numpy.random.default_rng": "generator",
    "numpy.random.Generator": "generator",
    "numpy.random.RandomState": "state",
    "numpy.random.mtrand.RandomState": "state",
    "sklearn.utils.check_random_state": "state",
    "random.Random": "random",
    "random.SystemRandom": "random",
    "torch.Generator": "torch",
}
"""What makes an object to draw from, and in whose spelling its methods are called."""

SEEDING = words("""
    numpy.random.seed random.seed torch.manual_seed torch.random.manual_seed tensorflow.random.set_seed
    keras.utils.set_random_seed torch.cuda.manual_seed_all jax.random.PRNGKey jax.random.key
    """)
"""What starts a library's own generator anew."""

_NUMPY_VALUES = words("""
    rand randn random random_sample sample ranf normal uniform standard_normal exponential lognormal laplace gamma beta
    poisson binomial multivariate_normal standard_t chisquare
    """)
_VALUES = {
    "torch": words("rand randn normal"),
    "tensorflow.random": words("normal uniform truncated_normal stateless_normal stateless_uniform"),
    "keras.random": words("normal uniform truncated_normal"),
    "jax.random": words("normal uniform truncated_normal bernoulli exponential gamma laplace"),
    "random": words("random uniform gauss normalvariate triangular"),
}
_INTEGERS = frozenset({"tensorflow.int32", "tensorflow.int64", "int32", "int64"})

NAMED = frozenset().union(_NUMPY_VALUES, *_VALUES.values()) | {
    *(
        "integers",
        "randint",
        "random_integers",
        "choice",
        "permutation",
        "permuted",
        "randrange",
        "choices",
        "randperm",
    ),
    *("shuffle", "int"),
}
"""What the function of every draw is called, whatever its library; asks before anything is resolved."""

Kind = Literal["integers", "order", "values"]


@dataclass(frozen=True, eq=False, slots=True)
class Draw:
    """A random draw by `call`.

    `integers` lie between `low` (None: 0) and `high`, or are items of `pool`; `beyond` is 1 where `high` itself can be
    drawn and 0 where it cannot. An `order` is a permutation of `pool`, or of as many numbers as `high` says. `values`
    are numbers of another kind. `size` is how many are drawn (None: one), `origin` the generator object or the key that
    they come from (None: the library's own).
    """

    call: ast.Call
    kind: Kind
    library: str
    low: ast.expr | None = None
    high: ast.expr | None = None
    beyond: int = 0
    pool: ast.expr | None = None
    size: ast.expr | None = None
    origin: ast.expr | None = None


class GeneratorKind(Evaluation[str]):
    """Whose spelling the methods of a generator object have: `generator`, `state`, `random` or `torch`."""

    def expression(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Call):
            called = self.program.called(node)
            if called in GENERATORS:
                return GENERATORS[called]
            # torch.Generator().manual_seed(0) gives the generator back.
            if isinstance(node.func, ast.Attribute) and node.func.attr == "manual_seed":
                return self.of(node.func.value)
        if isinstance(node, ast.BoolOp | ast.IfExp):
            parts = node.values if isinstance(node, ast.BoolOp) else [node.body, node.orelse]
            return next((kind for part in parts if (kind := self.of(part)) is not None), None)
        return None

    def name(self, node: ast.expr) -> str | None:
        if self.program.qualify(node) == "numpy.random":
            return "state"
        return super().name(node)

    def bound(self, binding: Binding) -> str | None:
        found = super().bound(binding)
        if found is None and isinstance(binding.node, ast.arg) and binding.node.annotation is not None:
            return GENERATORS.get(self.program.qualify(binding.node.annotation))
        return found


def draw_of(generators: GeneratorKind, node: ast.AST) -> Draw | None:
    """The draw that `node` is, if it is one."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
        return None
    if isinstance(node.func, ast.Attribute) and node.func.attr not in NAMED:
        return None
    called = generators.program.called(node)
    library, _, function = called.rpartition(".")
    if library == "numpy.random":
        return _numpy(node, function, None)
    if library in ("jax.random", "tensorflow.random", "torch", "random", "keras.random"):
        return _other(generators.program, node, library, function)
    if called == "int":
        return _scaled(generators, node)
    if isinstance(node.func, ast.Attribute) and not called and node.func.attr in _METHODS:
        kind = generators.of(node.func.value)
        if kind in ("generator", "state"):
            return _numpy(node, node.func.attr, node.func.value)
        if kind == "random":
            return _python(node, node.func.attr, node.func.value)
    return None


_METHODS = _NUMPY_VALUES | {
    *("integers", "randint", "random_integers", "choice", "permutation", "permuted", "randrange", "sample", "choices")
}


def _numpy(call: ast.Call, function: str, origin: ast.expr | None) -> Draw | None:
    if function in ("randint", "integers", "random_integers"):
        low, high = argument(call, 0, "low"), argument(call, 1, "high")
        if high is None or constant(high) is None:
            low, high = None, low
        closed = function == "random_integers" or constant(argument(call, 4, "endpoint")) is True
        size = argument(call, 2, "size")
        return Draw(call, "integers", "numpy", low, high, int(closed), None, size, origin)
    if function == "choice":
        return Draw(
            call, "integers", "numpy", pool=argument(call, 0, "a"), size=argument(call, 1, "size"), origin=origin
        )
    if function in ("permutation", "permuted"):
        return Draw(call, "order", "numpy", pool=argument(call, 0, "x"), origin=origin)
    if function in _NUMPY_VALUES:
        size = argument(call, None, "size")
        if size is None and call.args:
            size = (
                call.args[0]
                if function in ("rand", "randn", "random", "random_sample", "standard_normal")
                else (argument(call, 2))
            )
        return Draw(call, "values", "numpy", size=size, origin=origin)
    return None


def _python(call: ast.Call, function: str, origin: ast.expr | None) -> Draw | None:
    if function == "randint":
        return Draw(call, "integers", "random", argument(call, 0, "a"), argument(call, 1, "b"), 1, origin=origin)
    if function == "randrange":
        low, high = argument(call, 0), argument(call, 1)
        low, high = (None, low) if high is None else (low, high)
        return None if len(call.args) > 2 else Draw(call, "integers", "random", low, high, origin=origin)
    if function in ("choice", "choices", "sample"):
        size = None if function == "choice" else argument(call, None if function == "choices" else 1, "k")
        return Draw(call, "integers", "random", pool=argument(call, 0), size=size, origin=origin)
    return Draw(call, "values", "random", origin=origin) if function in _VALUES["random"] else None


def _other(program: Program, call: ast.Call, library: str, function: str) -> Draw | None:
    if library == "random":
        return _python(call, function, None)
    if function in _VALUES[library] and not _draws_integers(program, call):
        place = 1 if library == "jax.random" else 0
        return Draw(call, "values", library, size=argument(call, place, "shape", "size"), origin=_origin(call, library))
    if library == "torch":
        return _torch(call, function)
    if library == "jax.random":
        key = _origin(call, library)
        if function == "randint":
            low, high = argument(call, 2, "minval"), argument(call, 3, "maxval")
            return Draw(call, "integers", library, low, high, size=argument(call, 1, "shape"), origin=key)
        if function == "choice":
            pool, size = argument(call, 1, "a"), argument(call, 2, "shape")
            return Draw(call, "integers", library, pool=pool, size=size, origin=key)
        if function == "permutation":
            return Draw(call, "order", library, pool=argument(call, 1, "x"), origin=key)
        return None
    if function in ("uniform", "randint"):
        low, high = argument(call, 1, "minval"), argument(call, 2, "maxval")
        return Draw(call, "integers", library, low, high, size=argument(call, 0, "shape"))
    return Draw(call, "order", library, pool=argument(call, 0, "value", "x")) if function == "shuffle" else None


def _torch(call: ast.Call, function: str) -> Draw | None:
    origin = argument(call, None, "generator")
    if function == "randperm":
        return Draw(call, "order", "torch", pool=argument(call, 0, "n"), origin=origin)
    if function != "randint":
        return None
    first, second = argument(call, 0), argument(call, 1)
    high, size = argument(call, None, "high"), argument(call, None, "size")
    if high is None:
        short = isinstance(second, ast.Tuple | ast.List) or (size is not None and second is None)
        low, high = (None, first) if short else (first, second)
        size = size or argument(call, 1 if short else 2)
    else:
        low, size = argument(call, 0, "low"), size or argument(call, 1)
    return Draw(call, "integers", "torch", low, high, size=size, origin=origin)


def _draws_integers(program: Program, call: ast.Call) -> bool:
    kind = argument(call, 3, "dtype")
    return kind is not None and (program.qualify(kind) in _INTEGERS or constant(kind) in _INTEGERS)


def _origin(call: ast.Call, library: str) -> ast.expr | None:
    if library == "jax.random":
        return argument(call, 0, "key")
    return argument(call, None, "generator")


def _scaled(generators: GeneratorKind, call: ast.Call) -> Draw | None:
    """`int(random.random() * n)` and `int(rng.uniform(0, n))`: a number from 0 to n - 1."""
    inner = call.args[0] if len(call.args) == 1 else None
    if isinstance(inner, ast.Call):
        draw = draw_of(generators, inner)
        if draw is not None and draw.kind == "values" and _function(inner) == "uniform" and len(inner.args) == 2:
            return Draw(call, "integers", draw.library, inner.args[0], inner.args[1], origin=draw.origin)
    if not isinstance(inner, ast.BinOp) or not isinstance(inner.op, ast.Mult):
        return None
    for unit, scale in ((inner.left, inner.right), (inner.right, inner.left)):
        draw = draw_of(generators, unit)
        plain = draw is not None and not draw.call.args and not draw.call.keywords
        if draw is not None and plain and _function(draw.call) in ("random", "rand"):
            return Draw(call, "integers", draw.library, high=scale, origin=draw.origin)
    return None


def _function(call: ast.Call) -> str:
    """The last part of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
