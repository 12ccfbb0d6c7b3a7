"""Finds the network that an object is, and what it does first to its input: scale it, look it up, or multiply it."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from pitfallcheck.lint.flow.bindings import NAMES, Binding
from pitfallcheck.lint.flow.evaluation import Evaluation, argument
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.names import TORCH_MODULES
from pitfallcheck.lint.scaling.layers import (
    APPLICATION,
    LONGEST,
    MULTIPLYING,
    PASSING,
    PASSING_CALLS,
    UNKNOWN,
    WEIGHTED,
    Layers,
    Path,
)
from pitfallcheck.lint.scaling.sources import CALIBRATED
from pitfallcheck.lint.source import Function, own_nodes


class Networks(Evaluation[Layers]):
    """The network that an expression is, told by its layers."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._depth = 0

    def expression(self, node: ast.expr) -> Layers | None:
        if not isinstance(node, ast.Call):
            return None
        called = self.program.called(node)
        library, _, name = called.rpartition(".")
        if called.startswith("keras.") and name == "Sequential":
            listed = argument(node, 0, "layers")
            return self._stack(self._elements(listed), "keras") if listed is not None else Layers(())
        if called == "torch.nn.Sequential":
            return self._stack(self._elements(*node.args), "torch")
        if called.startswith("keras.") and name in ("Model", "Functional"):
            return self._functional(node)
        if name in ("KerasClassifier", "KerasRegressor"):
            return self._built(argument(node, 0, "build_fn", "model"))
        if library == "torch.nn" and name in WEIGHTED:
            return Layers((name,), (node,), framework="torch")
        if library.startswith("sklearn.neural_network") and name.startswith("MLP"):
            return Layers(("Dense", "Dense"), (node,), framework="sklearn")
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("to", "cuda", "cpu", "double", "float", "train"):
            return self.of(node.func.value)
        if called in ("torch.compile", "torch.nn.DataParallel") and node.args:
            return self.of(node.args[0])
        if isinstance(node.func, ast.Name) and node.func.id in self.program.classes:
            return self._module(self.program.classes[node.func.id])
        function = self.program.function(node)
        return self._returned(function) if function is not None else None

    def name(self, node: ast.expr) -> Layers | None:
        roots, changes = self.program.roots(node)
        if not roots:
            return None
        if all(binding.kind == "parameter" for binding in roots) and isinstance(node, ast.Name):
            # A module that calls itself: `self(x)`.
            owner = self.program.instance(node)
            return self._module(owner) if owner is not None else self.joined(self.bound(one) for one in roots)
        found = self.joined(self.bound(binding) for binding in roots)
        if found is None or not changes:
            return found
        return self._added(found, changes)

    def _added(self, found: Layers, changes: Iterable[Binding]) -> Layers | None:
        """The layers of a `Sequential` after its `add`s."""
        calls = [change.node for change in changes]
        if not all(isinstance(call, ast.Call) for call in calls):
            return None
        added = sorted((call for call in calls if isinstance(call, ast.Call)), key=lambda call: call.lineno)
        if any(not isinstance(call.func, ast.Attribute) or call.func.attr != "add" for call in added):
            return None
        more = self._stack([call.args[0] if call.args else None for call in added], found.framework)
        return Layers(found.kinds + more.kinds, found.nodes + more.nodes, found.whole and more.whole, found.framework)

    def _built(self, function: ast.expr | None) -> Layers | None:
        bound = self.program.sole(function) if function is not None else None
        made = bound.node if bound is not None else None
        return self._returned(made) if isinstance(made, ast.FunctionDef) else None

    def _returned(self, function: Function) -> Layers | None:
        if self._depth > 4:
            return None
        self._depth += 1
        values = [node.value for node in own_nodes(function) if isinstance(node, ast.Return)]
        found = self.joined(self.of(value) for value in values)
        self._depth -= 1
        return found

    # Stacks.

    def _elements(self, *nodes: ast.expr) -> list[ast.expr | None]:
        listed = self.program.origin(nodes[0]) if len(nodes) == 1 else None
        if isinstance(listed, ast.List | ast.Tuple):
            nodes = tuple(listed.elts)
        return [None if isinstance(node, ast.Starred) else node for node in nodes]

    def _stack(self, elements: Iterable[ast.expr | None], framework: str) -> Layers:
        kinds: list[str] = []
        nodes: list[ast.expr] = []
        for element in elements:
            found = self._layer(element) if element is not None else None
            if found is None:
                kinds.append(UNKNOWN)
                nodes.append(element or ast.Constant(None))
                continue
            kinds += found.kinds
            nodes += found.nodes
        return Layers(tuple(kinds), tuple(nodes), UNKNOWN not in kinds, framework)

    def _layer(self, node: ast.expr) -> Layers | None:
        """A layer object as the short name of its class; a model as its layers."""
        made = self.program.origin(node)
        if not isinstance(made, ast.Call):
            return self.of(node) if isinstance(node, NAMES) else None
        called = self.program.called(made)
        name = called.rpartition(".")[2]
        if called.startswith("keras.") and name in ("TimeDistributed", "Bidirectional", "Wrapper"):
            return self._layer(made.args[0]) if made.args else None
        if called.startswith(("keras.applications.", "keras.src.applications.")):
            return Layers((UNKNOWN,) if name in CALIBRATED else (f"{APPLICATION}{name}",), (made,))
        if called.startswith(("keras.", "torch.nn.")) and name[:1].isupper() and name not in ("Sequential", "Model"):
            framework = "torch" if called.startswith("torch") else "keras"
            return Layers(() if name == "Input" else (name,), () if name == "Input" else (made,), framework=framework)
        return self.of(node)

    # Models between tensors, and classes.

    def _functional(self, node: ast.Call) -> Layers | None:
        taken = argument(node, 0, "inputs", "input")
        if isinstance(taken, ast.List) and len(taken.elts) == 1:
            taken = taken.elts[0]
        if isinstance(taken, ast.Attribute) and taken.attr in ("input", "inputs"):
            return self._layer(taken.value)
        bound = self.program.sole(taken) if isinstance(taken, ast.Name) else None
        made = bound.value if bound is not None and bound.kind == "value" else None
        if bound is None or self.program.called(made or node).rpartition(".")[2] != "Input":
            return None
        return self._line(self.program.reads(bound), "keras")

    def _module(self, owner: ast.ClassDef) -> Layers | None:
        bases = self.program.bases(owner)
        torch = not TORCH_MODULES.isdisjoint(bases)
        if not torch and not any(base.startswith("keras.") and base.endswith("Model") for base in bases):
            return None
        forward = self.program.method(owner, "forward" if torch else "call")
        if forward is None or len(forward.args.args) < 2:
            return None
        taken = forward.args.args[1]
        bound = next((one for one in self.program.reaching(forward).all.get(taken.arg, []) if one.node is taken), None)
        return self._line(self.program.reads(bound), "torch" if torch else "keras") if bound is not None else None

    # Lines of layers.

    def _line(self, reads: Iterable[ast.expr], framework: str) -> Layers | None:
        """The layers that what is read at these places goes through, one after the other."""
        steps = self._path(list(reads), LONGEST)
        kinds = tuple(kind for kind, _ in steps)
        return Layers(kinds, tuple(node for _, node in steps), UNKNOWN not in kinds, framework)

    def _path(self, reads: list[ast.expr], left: int) -> Path:
        """The first of the ways that a value goes; what is not known if another one is no layer with weights."""
        ways = [way for read in reads if (way := self._way(read, left)) is not None]
        if not ways:
            return ()
        for way in ways:
            first = next((kind for kind, _ in way if kind not in PASSING), None)
            if len(ways) > 1 and first is not None and first not in WEIGHTED:
                return ((UNKNOWN, way[0][1]),)
        return max(ways, key=len)

    def _way(self, node: ast.expr, left: int) -> Path | None:
        """What happens to the value of an expression; None where it is only asked about."""
        parent = self.program.source.parents.get(node)
        if left <= 0:
            return ()
        match parent:
            case ast.Call() if parent.func is not node:
                return self._through(parent, node, left)
            case ast.keyword() if isinstance(above := self.program.source.parents.get(parent), ast.Call):
                return self._through(above, node, left)
            case ast.Attribute():
                above = self.program.source.parents.get(parent)
                if parent.attr in PASSING_CALLS and isinstance(above, ast.Call):
                    return self._way(above, left - 1)
                return None if parent.attr in ("shape", "size", "ndim", "device", "dtype") else ((UNKNOWN, node),)
            case ast.Assign() | ast.AnnAssign():
                bound = self.program.reaching(self.program.scope(parent)).by.get(parent, [])
                return self._path([read for one in bound for read in self.program.reads(one)], left - 1)
            case ast.Expr() | ast.Dict():
                # A placeholder is a key of what is fed.
                return None
            case ast.Return():
                return ()
        return ((UNKNOWN, node),)

    def _through(self, call: ast.Call, node: ast.expr, left: int) -> Path | None:
        called = self.program.called(call)
        name = called.rpartition(".")[2] or (call.func.attr if isinstance(call.func, ast.Attribute) else "")
        if name in ("Model", "Functional", "print", "len", "isinstance", "type"):
            return None
        if called and name in PASSING_CALLS:
            return self._way(call, left - 1)
        if called in MULTIPLYING:
            return (("Dense", call), *(self._way(call, left - 1) or ()))
        function = self.program.function(call) if not called else None
        if function is not None and function.name != "__init__":
            return self._entered(function, call, node, left)
        layers = self._layer(call.func)
        if layers is None:
            return ((UNKNOWN, call),)
        own = tuple(zip(layers.kinds, layers.nodes, strict=False))
        if UNKNOWN in layers.kinds or sum(kind in WEIGHTED for kind in layers.kinds) > 1:
            return own
        return (*own, *(self._way(call, left - 1) or ()))

    def _entered(self, function: Function, call: ast.Call, node: ast.expr, left: int) -> Path:
        """What a function of the file does to a value that it is given."""
        for parameter in (*function.args.posonlyargs, *function.args.args):
            if self.program.argument(function, call, parameter.arg) is node:
                for bound in self.program.reaching(function).all.get(parameter.arg, []):
                    if bound.node is parameter:
                        return self._path(self.program.reads(bound), left - 1)
        return ((UNKNOWN, call),)

    def placeholder(self, node: ast.expr) -> Layers | None:
        """What a placeholder of TensorFlow's graphs is given to."""
        bound = self.program.sole(node)
        made = bound.value if bound is not None else None
        if bound is None or made is None or self.program.called(made).rpartition(".")[2] != "placeholder":
            return None
        return self._line(self.program.reads(bound), "keras")
