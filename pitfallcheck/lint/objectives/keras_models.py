"""Follows the models and tensors of Keras and TensorFlow back to the layer that makes their output."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import replace

from pitfallcheck.lint.flow.bindings import NAMES, Binding, dotted
from pitfallcheck.lint.objectives.facts import Output
from pitfallcheck.lint.objectives.keras_layers import activated, activation, applied, function_name, layer_name
from pitfallcheck.lint.objectives.keras_outputs import Outputs, merged, one
from pitfallcheck.lint.objectives.resolve import Calls, Held, Resolver, returned, starred
from pitfallcheck.lint.source import own_nodes

SEQUENTIAL = frozenset({"keras.Sequential", "keras.models.Sequential", "keras.engine.sequential.Sequential"})
MODELS = frozenset(
    {"keras.Model", "keras.models.Model", "keras.engine.Model", "keras.engine.training.Model", "keras.Functional"}
)
WRAPPERS = frozenset({"KerasClassifier", "KerasRegressor"})
SAME_MODEL = frozenset({"multi_gpu_model", "keras.utils.multi_gpu_model", "keras.models.clone_model"})
DENSE = frozenset({"tensorflow.layers.dense", "tensorflow.contrib.layers.fully_connected"})
PRODUCTS = frozenset({"tensorflow.matmul", "tensorflow.linalg.matmul", "tensorflow.nn.xw_plus_b"})
LIBRARIES = ("keras.", "tensorflow.", "numpy.", "matplotlib.", "sklearn.")
MAX_DEPTH = 24


class Models:
    """The models of one file. What a call runs is read with that call's arguments."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self._open: set[tuple[ast.AST, Calls]] = set()
        self._known: dict[tuple[str, ast.AST, Calls], Outputs | None] = {}

    # Models.

    def outputs(self, node: ast.expr, calls: Calls = ()) -> Outputs | None:
        """The outputs of the model that `node` stands for; None where that does not show."""
        return self._once("model", node, calls, self._outputs)

    def _once(
        self, what: str, node: ast.expr, calls: Calls, find: Callable[[ast.expr, Calls], Outputs | None]
    ) -> Outputs | None:
        key = (what, node, calls)
        if key not in self._known:
            if (node, calls) in self._open or len(self._open) > MAX_DEPTH:
                return None
            self._open.add((node, calls))
            self._known[key] = find(node, calls)
            self._open.discard((node, calls))
        return self._known[key]

    def _outputs(self, node: ast.expr, calls: Calls) -> Outputs | None:
        if isinstance(node, NAMES):
            bindings = [] if self._handed(node) else self.resolver.settled(node)
            return merged(self._bound(binding, calls) for binding in bindings) if bindings else None
        if isinstance(node, ast.IfExp):
            return merged(self.outputs(part, calls) for part in (node.body, node.orelse))
        return self._made(node, calls) if isinstance(node, ast.Call) else None

    def _handed(self, node: ast.expr) -> bool:
        """Whether a model was handed to what may have added layers to it: a function that does, or an unknown one."""
        program = self.resolver.program
        name = dotted(node) or ""
        for mention in program.mentions.get(name.rpartition(".")[2], []):
            call = self.resolver.source.parents.get(mention)
            if not isinstance(call, ast.Call) or mention not in call.args or dotted(mention) != name:
                continue
            alone = isinstance(self.resolver.source.parents.get(call), ast.Expr)
            if alone and mention.lineno < node.lineno and program.scope(mention) is program.scope(node):
                function = program.function(call)
                if self._adds(function) if function is not None else self._unknown(call):
                    return True
        return False

    def _adds(self, function: ast.AST) -> bool:
        return any(isinstance(node, ast.Attribute) and node.attr == "add" for node in own_nodes(function))

    def _unknown(self, call: ast.Call) -> bool:
        """Whether neither Python, Keras nor a method is called: these add no layers to a model that they are given."""
        name = self.resolver.called(call)
        return isinstance(call.func, ast.Name) and ("." in name or not name) and not name.startswith(LIBRARIES)

    def _bound(self, binding: Binding, calls: Calls) -> Outputs | None:
        if binding.kind == "value" and binding.value is not None:
            return self.outputs(binding.value, calls)
        if binding.kind == "parameter":
            given = self.resolver.given(binding, calls)
            return merged(self.outputs(one.node, one.calls) for one in given) if given else None
        if binding.kind == "changed" and isinstance(binding.node, ast.Call) and binding.target is not None:
            added = self.added(binding.node)
            target = binding.target
            if added is not None:
                return (self.after(added, calls, lambda: one(self.outputs(target, calls))),)
        return None

    def added(self, call: ast.Call) -> ast.expr | None:
        """The layer that `model.add(layer)` adds."""
        adds = isinstance(call.func, ast.Attribute) and call.func.attr == "add" and len(call.args) == 1
        return call.args[0] if adds else self.resolver.given_to(call, None, "layer") if not call.args else None

    def after(self, layer: ast.expr, calls: Calls, given: Callable[[], Output | None]) -> Output | None:
        """The output of a layer or of a model that is part of another model."""
        found = []
        for held in self.resolver.alternatives(layer, calls):
            if isinstance(held.node, ast.Call) and layer_name(self.resolver, held.node):
                found.append(applied(self.resolver, held.node, held.calls, given))
            else:
                found.append(one(self.outputs(held.node, held.calls)))
        return one(merged((output,) for output in found))

    def _made(self, call: ast.Call, calls: Calls) -> Outputs | None:
        name = self.resolver.called(call)
        short = name.rpartition(".")[2]
        if name in SEQUENTIAL or name == "Sequential":
            layers = self.resolver.given_to(call, 0, "layers")
            return None if layers is None else (self._last(layers, calls),)
        if name in MODELS or name == "Model":
            end = self.resolver.given_to(call, 1, "outputs", "output")
            return None if end is None else self.ends(end, calls)
        if short in SAME_MODEL and call.args:
            return self.outputs(call.args[0], calls)
        if name.startswith("keras.applications."):
            return self._application(call, calls)
        if short in WRAPPERS:
            return self._built(call, calls)
        owner = self.resolver.program.classes.get(call.func.id) if isinstance(call.func, ast.Name) else None
        if owner is not None:
            return self._subclass(owner, calls)
        results = self.resolver.returns(call, calls)
        return None if results is None else merged(self.outputs(held.node, held.calls) for held in results)

    def _last(self, layers: ast.expr, calls: Calls) -> Output | None:
        """The output of a list of layers."""
        if isinstance(layers, NAMES):
            found = [self._listed(binding, calls) for binding in self.resolver.settled(layers)]
            return one(merged((output,) for output in found)) if found else None
        if isinstance(layers, ast.BinOp) and isinstance(layers.op, ast.Add):
            return self._last(layers.right, calls)
        if not isinstance(layers, ast.List | ast.Tuple) or not layers.elts:
            return None
        last = layers.elts[-1]
        if isinstance(last, ast.Starred):
            return self._last(last.value, calls)
        before = ast.copy_location(ast.List(layers.elts[:-1], ast.Load()), layers)
        return self.after(last, calls, lambda: self._last(before, calls))

    def _listed(self, binding: Binding, calls: Calls) -> Output | None:
        if binding.kind == "value" and binding.value is not None and not isinstance(binding.value, NAMES):
            return self._last(binding.value, calls)
        call, target = binding.node, binding.target
        if binding.kind != "changed" or not isinstance(call, ast.Call) or target is None or len(call.args) != 1:
            return None
        if not isinstance(call.func, ast.Attribute) or call.func.attr != "append":
            return None
        return self.after(call.args[0], calls, lambda: self._last(target, calls))

    def ends(self, node: ast.expr, calls: Calls) -> Outputs | None:
        """The outputs given to `Model(inputs, outputs)`: a tensor, a list or a dictionary of them."""
        held = self.resolver.alternatives(node, calls)
        if len(held) == 1 and isinstance(held[0].node, ast.List | ast.Tuple):
            return tuple(self.tensor(end, held[0].calls) for end in held[0].node.elts)
        if len(held) == 1 and isinstance(held[0].node, ast.Dict):
            return tuple(self.tensor(end, held[0].calls) for end in held[0].node.values)
        return (self.tensor(node, calls),)

    def _application(self, call: ast.Call, calls: Calls) -> Outputs | None:
        top = self.resolver.given_to(call, 0, "include_top")
        if starred(call) or (top is not None and self.resolver.constant(top, calls) is not True):
            return None
        chosen = self.resolver.given_to(call, None, "classifier_activation")
        classes = self.resolver.given_to(call, None, "classes")
        units = 1000 if classes is None else self.resolver.constant(classes, calls)
        name = "softmax" if chosen is None else activation(self.resolver, chosen, calls)
        return (Output(call, name, units if isinstance(units, int) else None, axis=-1 if name == "softmax" else None),)

    def _built(self, call: ast.Call, calls: Calls) -> Outputs | None:
        build = self.resolver.given_to(call, 0, "build_fn", "model")
        binding = self.resolver.program.sole(build) if isinstance(build, NAMES) else None
        if binding is None or not isinstance(binding.node, ast.FunctionDef):
            return None
        return merged(self.outputs(result, calls) for result in returned(binding.node))

    def _subclass(self, owner: ast.ClassDef, calls: Calls) -> Outputs | None:
        """The output of `call` of a model of one's own."""
        if not self.resolver.program.bases(owner) & (
            MODELS | {"keras.layers.Layer", "keras.Layer", "tensorflow.Module"}
        ):
            return None
        run = self.resolver.program.method(owner, "call")
        results = returned(run) if isinstance(run, ast.FunctionDef) else []
        if not results or any(isinstance(result, ast.Tuple | ast.Dict | ast.List) for result in results):
            return None
        return merged((self.tensor(result, calls),) for result in results)

    # Tensors.

    def tensor(self, node: ast.expr, calls: Calls = ()) -> Output | None:
        """The end of the network that makes the tensor `node`."""
        return one(self._once("tensor", node, calls, lambda node, calls: (self._tensor(node, calls),)))

    def _tensor(self, node: ast.expr, calls: Calls) -> Output | None:
        if isinstance(node, NAMES):
            if isinstance(node, ast.Attribute) and node.attr in ("output", "outputs"):
                return one(self.outputs(node.value, calls))
            bindings = self.resolver.settled(node)
            return self._joined(held for binding in bindings for held in self._sources(binding, calls))
        if isinstance(node, ast.IfExp):
            return self._joined([Held(node.body, calls), Held(node.orelse, calls)])
        if isinstance(node, ast.BinOp):
            parts = [self.tensor(part, calls) for part in (node.left, node.right)]
            linear = [part for part in parts if part is not None and part.activation == "linear"]
            return linear[0] if linear and isinstance(node.op, ast.Add | ast.MatMult) else None
        return self._call(node, calls) if isinstance(node, ast.Call) else None

    def _joined(self, sources: Iterable[Held | None]) -> Output | None:
        return one(merged((None if held is None else self.tensor(held.node, held.calls),) for held in sources))

    def _sources(self, binding: Binding, calls: Calls) -> list[Held | None]:
        if binding.kind == "value" and binding.value is not None:
            return [Held(binding.value, calls)]
        if binding.kind == "parameter":
            return [*self.resolver.given(binding, calls)] or [None]
        return [None]

    def _call(self, call: ast.Call, calls: Calls) -> Output | None:
        name = self.resolver.called(call)
        if (chosen := function_name(name)) is not None:
            return self._function(call, calls, chosen)
        if name in DENSE:
            return self._dense(call, calls, name)
        if name in PRODUCTS:
            return Output(call, "linear")
        if name in ("tensorflow.add", "tensorflow.nn.bias_add") and call.args:
            return self.tensor(call.args[0], calls) or (self.tensor(call.args[1], calls) if call.args[1:] else None)
        if name in ("tensorflow.reshape", "tensorflow.squeeze", "tensorflow.identity") and call.args:
            before = self.tensor(call.args[0], calls)
            return None if before is None else replace(before, units=None, rank=None)
        if name:
            return None
        results = self.resolver.returns(call, calls)
        if results is not None and not self._is_model(call.func):
            return self._joined(results)
        given = call.args[0] if call.args else None
        layers = self.resolver.alternatives(call.func, calls)
        found = []
        for held in layers:
            if isinstance(held.node, ast.Call) and layer_name(self.resolver, held.node):
                found.append(
                    applied(
                        self.resolver,
                        held.node,
                        held.calls,
                        lambda: None if given is None else self.tensor(given, calls),
                    )
                )
            else:
                found.append(one(self.outputs(held.node, held.calls)))
        return one(merged((output,) for output in found))

    def _is_model(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id in self.resolver.program.classes

    def _function(self, call: ast.Call, calls: Calls, name: str) -> Output | None:
        given = self.resolver.given_to(call, 0, "logits", "features", "x", "_sentinel")
        before = self.tensor(given, calls) if given is not None else None
        axis = self.resolver.given_to(call, 1, "axis", "dim") if name == "softmax" else None
        place = -1 if axis is None else self.resolver.constant(axis, calls)
        return activated(before, name, call, place if isinstance(place, int) else None)

    def _dense(self, call: ast.Call, calls: Calls, name: str) -> Output:
        contrib = name.startswith("tensorflow.contrib")
        chosen = self.resolver.given_to(call, 2, "activation", "activation_fn")
        units = self.resolver.constant(self.resolver.given_to(call, 1, "units", "num_outputs"), calls)
        default = "relu" if contrib else "linear"
        known = default if chosen is None else activation(self.resolver, chosen, calls)
        axis = -1 if known == "softmax" else None
        return Output(call, known, units if isinstance(units, int) else None, axis=axis)
