"""Says of a value whether a backward pass can get from it to any parameter, and where it was cut off."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from pitfallcheck.lint.flow.bindings import NAMES, Binding, dotted
from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.source import own_nodes
from pitfallcheck.lint.steps.acts import name_of
from pitfallcheck.lint.steps.cuts import (
    DETACHING,
    FUNCTIONS,
    LISTED,
    LOADERS,
    LOSSES,
    PICKING,
    WITHOUT,
    Cut,
    How,
    State,
)
from pitfallcheck.lint.steps.moments import QUIET
from pitfallcheck.lint.steps.things import Frame, Things
from pitfallcheck.lint.tree import walk

DEPTH = 14


class Graph:
    """The graphs of one file's tensors."""

    def __init__(self, things: Things) -> None:
        self.things = things
        self.program = things.program
        self._known: dict[tuple[ast.expr, Frame | None], State] = {}
        self._depth = 0

    def of(self, node: ast.expr, frame: Frame | None = None) -> State:
        """The state of the value of `node`."""
        key = (node, frame)
        if key not in self._known:
            if self._depth > DEPTH:
                return None
            self._known[key] = None
            self._depth += 1
            self._known[key] = self._of(node, frame)
            self._depth -= 1
        return self._known[key]

    def _of(self, node: ast.expr, frame: Frame | None) -> State:
        if isinstance(node, ast.Constant | ast.JoinedStr):
            return "data"
        if isinstance(node, ast.Call):
            return self._quietly(node, self._call(node, frame))
        if isinstance(node, ast.Attribute) and node.attr == "data":
            return self._end(node, node.value, "detached", frame)
        if isinstance(node, ast.Attribute) and node.attr in WITHOUT:
            return "data"
        if isinstance(node, NAMES):
            return self._name(node, frame)
        if isinstance(node, ast.BinOp):
            return self._quietly(node, self._joined([node.left, node.right], frame))
        if isinstance(node, ast.UnaryOp):
            return self.of(node.operand, frame)
        if isinstance(node, ast.Compare):
            return self._end(node, node.left, "decided", frame)
        if isinstance(node, ast.IfExp):
            return _either([self.of(node.body, frame), self.of(node.orelse, frame)])
        if isinstance(node, ast.List | ast.Tuple):
            return self._joined(node.elts, frame)
        if isinstance(node, ast.Subscript):
            return self._item(node.value, node.slice, node, frame)
        return None

    # Names.

    def _name(self, node: ast.expr, frame: Frame | None) -> State:
        bindings = self.program.bindings(node)
        if not bindings:
            return self.of(node.value, frame) if isinstance(node, ast.Attribute) and self._is_output(node) else None
        return _either(
            self._bound(binding, frame if frame is not None and binding.scope is frame.function else None)
            for binding in bindings
        )

    def _is_output(self, node: ast.Attribute) -> bool:
        """`out.logits`, `out.loss`, `x.T`: what hangs together with the tensor before it."""
        return node.attr in ("logits", "loss", "T", "mT", "last_hidden_state", "pooler_output")

    def _bound(self, binding: Binding, frame: Frame | None) -> State:
        if binding.kind == "value" and binding.value is not None:
            if self._is_leaf(binding):
                return "graph"
            return self.of(binding.value, frame)
        if binding.kind == "part" and binding.value is not None:
            return self._part(binding, frame)
        if binding.kind == "augmented" and isinstance(binding.node, ast.AugAssign) and binding.value is not None:
            return _all([self.of(binding.value, frame), self.of(binding.node.target, frame)])
        if binding.kind == "item":
            state = self._item_of(binding.value, frame)
            return "data" if state is None and binding.place else state
        if binding.kind == "parameter":
            if frame is not None:
                given = self.program.argument(frame.function, frame.call, binding.name)
                if given is not None and self.program.source.class_of(frame.function) is None:
                    return self.of(given, frame.outer)
            return None
        return None

    def _item_of(self, over: ast.expr | None, frame: Frame | None) -> State:
        """What a loop meets: batches of a loader are data, items of a list are what the list holds."""
        if isinstance(over, ast.Call) and name_of(over) in ("enumerate", "zip", "tqdm", "iter", "islice") and over.args:
            return _all([self._item_of(part, frame) for part in over.args])
        state = self.of(over, frame) if over is not None else None
        name = over.id if isinstance(over, ast.Name) else over.attr if isinstance(over, ast.Attribute) else ""
        return "data" if state is None and (LOADERS.search(name) or isinstance(over, ast.Call)) else state

    def _part(self, binding: Binding, frame: Frame | None) -> State:
        assert binding.value is not None
        value = binding.value
        if isinstance(value, ast.Call) and name_of(value) in PICKING and binding.place == (1,):
            inner = self._subject(value)
            return self._end(value, inner, "decided", frame) if inner is not None else None
        return self.of(value, frame)

    def _is_leaf(self, binding: Binding) -> bool:
        """Whether a value is made a parameter afterwards: `w.requires_grad_()`, `w.requires_grad = True`.

        That of a loss is no parameter: it is what people write when `backward` complains.
        """
        if self._is_backwarded(binding.name):
            return False
        asked = any(
            isinstance(mention, ast.Attribute) and dotted(mention.value) == binding.name
            for mention in self.program.mentions.get("requires_grad_", [])
        )
        return asked or f"{binding.name}.requires_grad" in self.program.reaching(binding.scope).all

    def _is_backwarded(self, name: str) -> bool:
        return any(
            isinstance(mention, ast.Attribute) and dotted(mention.value) == name
            for mention in self.program.mentions.get("backward", [])
        )

    # Calls.

    def _call(self, node: ast.Call, frame: Frame | None) -> State:
        name = self.program.called(node)
        if name in FUNCTIONS and self._asks_gradient(node):
            return self._leaf(node, argument(node, 0, "data", "input"), FUNCTIONS[name], frame)
        if name in FUNCTIONS:
            return self._end(node, argument(node, 0, "data", "input"), FUNCTIONS[name], frame)
        if name.startswith("numpy."):
            return self._end(node, argument(node, 0), "numpy", frame)
        if name in LISTED and node.args:
            if isinstance(node.args[0], ast.List):
                return self._end(node, node.args[0], "copied", frame)
            return self.of(node.args[0], frame)
        if name in ("torch.randn", "torch.zeros", "torch.ones", "torch.rand", "torch.arange", "torch.full"):
            asks = argument(node, None, "requires_grad")
            return "graph" if asks is not None and constant(asks) is not False else "data"
        if name.startswith(("torch.nn.functional.", "torch.", "tensorflow.", "keras.losses.", "keras.ops.")):
            if name.startswith("torch.nn.") and not name.startswith("torch.nn.functional."):
                return None
            return self._compared(node, frame) if name.rpartition(".")[2] in LOSSES else self._arguments(node, frame)
        if name in ("sum", "abs", "min", "max"):
            return self._arguments(node, frame)
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if method in DETACHING and isinstance(node.func, ast.Attribute):
            return self._end(node, node.func.value, DETACHING[method], frame)
        if method == "requires_grad_" and isinstance(node.func, ast.Attribute):
            state = self.of(node.func.value, frame)
            return state if isinstance(state, Cut) and not self._is_parameter(node, state) else "graph"
        if method in WITHOUT:
            return "data"
        return self._of_the_file(node, frame, method)

    def _asks_gradient(self, node: ast.Call) -> bool:
        asked = argument(node, None, "requires_grad")
        return asked is not None and constant(asked) is not False

    def _leaf(self, node: ast.Call, inner: ast.expr | None, how: How, frame: Frame | None) -> State:
        """A tensor made from another one, to be a parameter of its own, or the loss that lost its graph."""
        state = self._end(node, inner, how, frame)
        return state if isinstance(state, Cut) and not self._is_parameter(node, state) else "graph"

    def _is_parameter(self, node: ast.Call, cut: Cut) -> bool:
        """Whether the new tensor is meant to be moved or looked at itself; a loss is not."""
        parent = self.program.source.parents.get(node)
        name = dotted(parent.targets[0]) if isinstance(parent, ast.Assign) and len(parent.targets) == 1 else None
        if name is None or self._is_backwarded(name):
            return False
        if not cut.from_graph or any(dotted(part) == name for part in walk(node) if isinstance(part, NAMES)):
            return True
        above = [self.program.source.parents.get(one) for one in self.program.mentions.get(name.rpartition(".")[2], [])]
        return any(
            isinstance(one, ast.List | ast.Tuple) or (isinstance(one, ast.Attribute) and one.attr == "grad")
            for one in above
        )

    def _of_the_file(self, node: ast.Call, frame: Frame | None, method: str) -> State:
        if self._is_module(node.func, frame):
            return self._forward(node, frame)
        if self._is_loss(node.func, frame):
            return self._compared(node, frame)
        function = self.program.function(node)
        if function is not None:
            inner = Frame(function, node, frame)
            found = [
                self.of(part.value, inner)
                for part in own_nodes(function)
                if isinstance(part, ast.Return) and part.value is not None
            ]
            return _either(found) if found else None
        if method and isinstance(node.func, ast.Attribute) and not self.program.qualify(node.func):
            of_object = self.of(node.func.value, frame)
            if of_object is None or of_object == "graph":
                return of_object
            rest = self._arguments(node, frame) if node.args else "data"
            return _all([of_object, rest])
        return None

    def _forward(self, node: ast.Call, frame: Frame | None) -> State:
        """What a network puts out: a graph, unless its own `forward` cuts it."""
        made = self.things.module(node.func, frame)
        method = self.program.method(made, "forward") if isinstance(made, ast.ClassDef) else None
        found = [
            self.of(part.value)
            for part in (own_nodes(method) if method is not None else ())
            if isinstance(part, ast.Return) and part.value is not None
        ]
        return found[0] if found and all(isinstance(state, Cut) for state in found) else "graph"

    def _is_module(self, node: ast.expr, frame: Frame | None) -> bool:
        made = self.things.module(node, frame)
        if made is None:
            return False
        return not (isinstance(made, ast.Call) and self.program.called(made).endswith("Loss"))

    def _is_loss(self, node: ast.expr, frame: Frame | None) -> bool:
        """Whether a call is of a loss of torch or Keras, which has no parameters of its own."""
        if isinstance(node, ast.Call):
            return self.program.called(node).startswith(("torch.nn.", "keras.losses.")) and name_of(node)[-4:] == "Loss"
        names = self.things.classes(node, frame)
        return bool(names) and all(
            (name.startswith("torch.nn.") and name.endswith("Loss")) or name.startswith("keras.losses.")
            for name in names
        )

    def _subject(self, call: ast.Call) -> ast.expr | None:
        """The tensor of `torch.max(x, 1)` and of `x.max(1)`."""
        if self.program.called(call).startswith("torch."):
            return argument(call, 0, "input")
        return call.func.value if isinstance(call.func, ast.Attribute) else None

    def _item(self, value: ast.expr, index: ast.expr, node: ast.Subscript, frame: Frame | None) -> State:
        if isinstance(value, ast.Call) and name_of(value) in PICKING and constant(index) == 1:
            inner = self._subject(value)
            return self._end(node, inner, "decided", frame) if inner is not None else None
        return self.of(value, frame)

    # Joining.

    def _end(self, node: ast.expr, inner: ast.expr | None, how: How, frame: Frame | None) -> State:
        if inner is None:
            return None
        state = self.of(inner, frame)
        if state == "data" or isinstance(state, Cut):
            return state
        return Cut(node, how, state == "graph")

    def _arguments(self, node: ast.Call, frame: Frame | None) -> State:
        return self._joined([*node.args, *(keyword.value for keyword in node.keywords)], frame)

    def _compared(self, node: ast.Call, frame: Frame | None) -> State:
        """A loss: what a function is given to compare the prediction with is taken for data."""
        parts = [*node.args, *(keyword.value for keyword in node.keywords)]
        states = [self.of(part, frame) for part in parts]
        for place, part in enumerate(parts):
            if place and states[place] is None and self._from_parameter(part):
                states[place] = "data"
        return _all(states)

    def _from_parameter(self, node: ast.expr) -> bool:
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            node = node.func.value
        bindings = self.program.roots(node)[0] if isinstance(node, ast.Name) else ()
        return bool(bindings) and all(binding.kind == "parameter" for binding in bindings)

    def _joined(self, parts: Iterable[ast.expr], frame: Frame | None) -> State:
        return _all([self.of(part, frame) for part in parts])

    def _quietly(self, node: ast.expr, state: State) -> State:
        """What is computed under `torch.no_grad` has no graph, whatever it is computed from."""
        if state != "graph":
            return state
        parent = self.program.source.parents.get(node)
        while parent is not None and not isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            if isinstance(parent, ast.With):
                names = {self.program.called(item.context_expr) for item in parent.items}
                if "torch.enable_grad" in names or "torch.set_grad_enabled" in names:
                    return state
                if names & QUIET:
                    return Cut(parent.items[0].context_expr, "quiet", True)
            parent = self.program.source.parents.get(parent)
        return state


def _all(states: list[State]) -> State:
    """What is computed from all of these: it has a graph if one has."""
    if "graph" in states:
        return "graph"
    if None in states:
        return None
    return next((state for state in states if isinstance(state, Cut)), "data")


def _either(states: Iterable[State]) -> State:
    """What is one of these: cut only where each is."""
    found = list(states)
    if found and all(isinstance(state, Cut) for state in found):
        return found[0]
    if "graph" in found:
        return "graph"
    return "data" if found and all(state == "data" for state in found) else None
