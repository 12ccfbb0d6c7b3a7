"""Proves that an expression has the same value at every turn of a loop, or at every call of a function, and why."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.draws import GENERATORS, SEEDING, Draw
from pitfallcheck.lint.flow.evaluation import constant
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.flow.sizes import Sizes
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import own_nodes

Why = Literal["drawn", "seed", "reset", "first", "unused"]

PURE = words("""
    int float len list tuple range abs min max sum round slice sorted bool zip enumerate str
    """)
IMPURE = ("random", "time", "os", "sys", "io", "secrets", "uuid", "datetime", "pandas.read")
"""Libraries whose functions may give something else each time; draws are recognised before."""

PURE_METHODS = words("""
    reshape view astype float double long int to cuda cpu numpy copy clone mean sum max min std T flatten ravel squeeze
    unsqueeze transpose detach tolist item size expand_dims repeat
    """)

SEEDS = {
    "numpy": frozenset({"numpy.random.seed", "keras.utils.set_random_seed"}),
    "random": frozenset({"random.seed", "keras.utils.set_random_seed"}),
    "torch": frozenset({"torch.manual_seed", "torch.random.manual_seed"}),
    "tensorflow.random": frozenset({"tensorflow.random.set_seed", "keras.utils.set_random_seed"}),
    "keras.random": frozenset({"keras.utils.set_random_seed"}),
}
"""What starts the generator of a library anew."""


@dataclass(frozen=True, eq=False, slots=True)
class Reason:
    """Why what looks as if it changed does not: `node` is the draw, the seed, the reset or the first batch."""

    why: Why
    node: ast.AST
    name: str = ""


class Steady:
    """The expressions that have one value at all turns of `region`, a loop or a function; and the reasons met."""

    def __init__(self, sizes: Sizes, region: ast.AST) -> None:
        self.sizes = sizes
        self.program: Program = sizes.program
        self.region = region
        self.reasons: list[Reason] = []
        self._asked: set[ast.AST] = set()

    def same(self, node: ast.AST | None) -> bool:
        """Whether `node` surely has the same value each time."""
        match node:
            case None | ast.Constant():
                return True
            case ast.Name() | ast.Attribute():
                return self._name(node)
            case ast.Call():
                return self._call(node)
            case ast.Tuple() | ast.List():
                return self._all(node.elts)
            case ast.BinOp():
                return self._all([node.left, node.right])
            case ast.UnaryOp():
                return self.same(node.operand)
            case ast.Compare():
                return self._all([node.left, *node.comparators])
            case ast.BoolOp():
                return self._all(node.values)
            case ast.IfExp():
                return self._all([node.test, node.body, node.orelse])
            case ast.Subscript():
                return self._all([node.value, node.slice])
            case ast.Slice():
                return self._all([node.lower, node.upper, node.step])
            case ast.keyword():
                return self.same(node.value)
        return False

    def _all(self, nodes: Iterable[ast.AST | None]) -> bool:
        return all(self.same(node) for node in nodes)

    def _name(self, node: ast.Name | ast.Attribute) -> bool:
        if node in self._asked:
            return False
        self._asked.add(node)
        try:
            return self._named(node)
        finally:
            self._asked.discard(node)

    def _named(self, node: ast.Name | ast.Attribute) -> bool:
        roots, changes = self.program.roots(node)
        if not roots:
            if isinstance(node, ast.Attribute):
                return self.program.source.qualify(node) is not None or self.same(node.value)
            return node.id not in self.program.shared
        within = [binding for binding in (*roots, *changes) if self._within(binding)]
        if not within:
            return all(self._settled(binding) for binding in (*roots, *changes))
        if len(roots) > 1 or changes:
            return False
        binding = within[0]
        if binding.kind == "parameter":
            return self._parameter(binding)
        if binding.kind not in ("value", "part") or binding.value is None:
            return False
        if binding.kind == "value" and isinstance(constant(binding.value), int) and self._moved(binding):
            self.reasons.append(Reason("reset", binding.node, binding.name))
        return self.same(binding.value)

    def _within(self, binding: Binding) -> bool:
        return self.program.inside(binding.node, self.region)

    def _settled(self, binding: Binding) -> bool:
        """Whether a binding from outside is surely the same one each time."""
        if "." in binding.name:
            return getattr(binding.scope, "name", "") == "__init__" or isinstance(
                binding.scope, ast.ClassDef | ast.Module
            )
        elsewhere = binding.scope is not self.program.scope(self.region)
        return not (elsewhere and self.program.loops_around(binding.node))

    def _moved(self, binding: Binding) -> bool:
        """Whether the region also moves the name on, in vain: `start += batch` after `start = 0`."""
        bound = self.program.reaching(binding.scope).all.get(binding.name, [])
        return any(
            other is not binding and self._within(other) and other.kind in ("augmented", "value") for other in bound
        )

    def _parameter(self, binding: Binding) -> bool:
        """A parameter that all calls in the file give what does not change from call to call."""
        arguments = self.program.arguments(binding)
        if arguments is None or not arguments.complete:
            return False
        for given in arguments.given:
            loops = self.program.loops_around(given)
            if not Steady(self.sizes, loops[-1] if loops else given).same(given):
                return False
        return True

    def _call(self, node: ast.Call) -> bool:
        draw = self.sizes.draw(node)
        if draw is not None:
            return self._drawn(draw)
        called = self.program.called(node)
        given = [*node.args, *node.keywords]
        if called in GENERATORS or called in SEEDING:
            return bool(given) and all(constant(one) is not None for one in node.args) and self._all(given)
        if called == "next" and len(node.args) == 1:
            return self._first(node, node.args[0])
        function = self.program.function(node)
        if function is not None and function.name != "__init__":
            return False
        if called in PURE or ("." in called and not called.startswith(IMPURE) and ".random" not in called):
            return self._all(given)
        if isinstance(node.func, ast.Attribute) and not called and node.func.attr in PURE_METHODS:
            return self.same(node.func.value) and self._all(given)
        return False

    # Draws that a seed makes repeat.

    def _drawn(self, draw: Draw) -> bool:
        given = (*draw.call.args, *draw.call.keywords)
        if draw.origin is not None:
            return self._all(given) and self._seeded_object(draw)
        seed = self._seeding(draw)
        if seed is None or not self._all(given):
            return False
        self.reasons.append(Reason("seed", seed))
        return True

    def _seeded_object(self, draw: Draw) -> bool:
        """Whether the generator object is made anew, with the same seed, before each draw; or a key never changes."""
        assert draw.origin is not None
        if draw.library == "jax.random":
            if not self.same(draw.origin):
                return False
            self.reasons.append(Reason("seed", draw.call, ast.unparse(draw.origin)))
            return True
        made: ast.expr = draw.origin
        binding = self.program.sole(made)
        if binding is not None and binding.kind == "value" and binding.value is not None:
            if not self._within(binding) or self._loop(binding.node) is not self._loop(draw.call):
                return False
            made = binding.value
        if not isinstance(made, ast.Call) or not self.same_generator(made):
            return False
        self.reasons.append(Reason("seed", made))
        return True

    def same_generator(self, made: ast.Call) -> bool:
        """Whether a call makes a generator object with a seed that is always the same."""
        if isinstance(made.func, ast.Attribute) and made.func.attr == "manual_seed":
            return bool(made.args) and self._all(made.args)
        return self.program.called(made) in GENERATORS and self.same(made)

    def _seeding(self, draw: Draw) -> ast.Call | None:
        """The call that starts the library's generator anew before each draw, straight in the same loop."""
        seeds = SEEDS.get(draw.library, frozenset())
        at = self._loop(draw.call)
        block = at.body if isinstance(at, ast.For | ast.AsyncFor | ast.While | ast.FunctionDef) else []
        for statement in block:
            if statement.lineno >= draw.call.lineno:
                break
            call = statement.value if isinstance(statement, ast.Expr) else None
            if not isinstance(call, ast.Call) or self.program.called(call) not in seeds or not call.args:
                continue
            if all(constant(one) is not None for one in call.args) and self._all(call.args):
                return call
        return None

    def _loop(self, node: ast.AST) -> ast.AST | None:
        """The innermost loop around `node` in the region, else the region's function."""
        loops = self.program.loops_around(node)
        return loops[0] if loops else self.program.scope(node)

    # The first batch of a loader.

    def _first(self, node: ast.Call, given: ast.expr) -> bool:
        """`next(iter(loader))` of a loader that always begins with the same batch."""
        binding = self.program.sole(given)
        if binding is not None and binding.kind == "value" and binding.value is not None:
            # `batches = iter(loader)` and `next(batches)`, both in one turn.
            if not self._within(binding) or self._loop(binding.node) is not self._loop(node):
                return False
            given = binding.value
        if not isinstance(given, ast.Call):
            return False
        if self.program.called(given) == "iter" and len(given.args) == 1:
            source = given.args[0]
        else:
            function = self.program.function(given)
            if function is None or not self.program.is_generator(function) or not self._begins_alike(function):
                return False
            source = None
        steady = self._all(given.args) if source is None else self.same_loader(source)
        if steady:
            self.reasons.append(Reason("first", node))
        return steady

    def same_loader(self, node: ast.expr) -> bool:
        """Whether a loader, made outside the region, gives its batches in one order."""
        binding = self.program.sole(node)
        if binding is None or self._within(binding) or not self._settled(binding):
            return False
        made = self.program.origin(node)
        if isinstance(made, ast.ListComp | ast.List):
            return True
        if not isinstance(made, ast.Call):
            return False
        if self.program.called(made).startswith("torch.utils.data") and self.program.called(made).endswith(
            "DataLoader"
        ):
            named = {keyword.arg: keyword.value for keyword in made.keywords}
            shuffle = named.get("shuffle", made.args[2] if len(made.args) > 2 else None)
            plain = not named.keys() & {"sampler", "batch_sampler", None} and len(made.args) < 4
            return plain and (shuffle is None or constant(shuffle) is False) and self._fixed_set(made)
        return self._unshuffled(made)

    def _fixed_set(self, made: ast.Call) -> bool:
        """Whether the samples of a loader's data set are those of arrays: a class of the file may draw them."""
        data = made.args[0] if made.args else next((k.value for k in made.keywords if k.arg == "dataset"), None)
        origin = self.program.origin(data) if data is not None else None
        return isinstance(origin, ast.Call) and self.program.called(origin).endswith("TensorDataset")

    def _unshuffled(self, made: ast.Call) -> bool:
        node: ast.expr = made
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if self.program.called(node) == "tensorflow.data.Dataset.from_tensor_slices":
                return True
            if node.func.attr not in ("batch", "prefetch", "cache", "take", "repeat"):
                return False
            node = self.program.origin(node.func.value)
        return False

    def _begins_alike(self, function: ast.AST) -> bool:
        """Whether a generator function draws nothing and calls nothing that is not known."""
        for part in own_nodes(function):
            if isinstance(part, ast.Call):
                called = self.program.called(part)
                method = part.func.attr if isinstance(part.func, ast.Attribute) and not called else ""
                known = called in PURE or ("." in called and not called.startswith(IMPURE) and ".random" not in called)
                if self.sizes.draw(part) is not None or not (known or method in PURE_METHODS):
                    return False
            elif isinstance(part, ast.Attribute | ast.Global | ast.Nonlocal) and not isinstance(part, ast.Attribute):
                return False
        return True
