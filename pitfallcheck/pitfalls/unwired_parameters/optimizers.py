"""Finds optimizers that do not hold what is trained: made too early, from another model, or from a part of one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import Scope, Source, own_nodes
from pitfallcheck.pitfalls.unwired_parameters.made_in_call import framework_of, holds_parameters

HARMLESS = words(
    """
    parameters named_parameters train eval to cuda cpu double float half state_dict load_state_dict zero_grad
    requires_grad_ apply children modules named_modules share_memory
    """
)
"""Methods of a model that do not compute with it."""

FREEZING = ("requires_grad", "no_grad", "detach", "load_state_dict", "from_pretrained", "pretrained", "inference_mode",
            "freeze", "torch.load", "add_param_group", "register_buffer", "autograd.grad", ".data")  # fmt: skip
"""Words of a file in which it may be meant that a part is not trained."""


@dataclass(frozen=True, slots=True)
class Missing:
    """An optimizer made by `call`, what it does not hold, and the place and the words that show it."""

    call: ast.Call
    what: tuple[str, ...]
    shown: ast.AST
    why: str


class Optimizers:
    """The optimizers of one scope of a file."""

    def __init__(self, source: Source, scope: Scope) -> None:
        self.source = source
        self.scope = scope
        self.nodes = sorted(
            (node for node in own_nodes(scope) if hasattr(node, "lineno")),
            key=lambda node: (node.lineno, node.col_offset),  # type: ignore[attr-defined]
        )
        self.made = [(name, call) for name, call in self._assigned() if self.is_optimizer(call)]

    def _assigned(self) -> Iterator[tuple[str, ast.Call]]:
        for node in self.nodes:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and len(node.targets) == 1:
                yield ast.unparse(node.targets[0]), node.value

    def is_optimizer(self, node: ast.AST) -> bool:
        """Whether `node` makes an optimizer of torch from something."""
        name = self.source.qualify(node.func) if isinstance(node, ast.Call) else None
        return name is not None and name.startswith("torch.optim.") and name.count(".") == 2 and bool(_given(node))

    def found(self) -> Iterator[Missing]:
        """What the optimizers of this scope leave out."""
        for name, call in self.made:
            yield from self._made_too_early(name, call)
            yield from self._some_tensors(name, call)
        if len(self.made) == 1:
            yield from self._of_another(*self.made[0])
            yield from self._of_a_part(*self.made[0])

    def _made_too_early(self, name: str, call: ast.Call) -> Iterator[Missing]:
        """`opt = SGD(model.parameters())`, then `model.fc = nn.Linear(...)`, then steps of the same optimizer."""
        model = _whole_model(_given(call))
        if model is None:
            return
        for node in self.nodes:
            if not isinstance(node, ast.Assign) or node.lineno <= call.lineno or node.col_offset < 0:
                continue
            for target in node.targets:
                written = ast.unparse(target)
                part = isinstance(target, ast.Attribute | ast.Subscript) and ast.unparse(target.value) == model
                new = (part or written == model) and self._new_layer(node.value, model)
                if new and self._goes_on(name, node) and self._same_block(call, node):
                    yield Missing(call, (written,), node, "replaced")

    def _new_layer(self, node: ast.expr, model: str) -> bool:
        if not isinstance(node, ast.Call) or any(
            isinstance(part, ast.Name | ast.Attribute) and ast.unparse(part) == model for part in ast.walk(node)
        ):
            return False
        if holds_parameters(self.source, node, "torch"):
            return True
        if self.source.qualify(node.func) == "torch.nn.Sequential":
            return any(holds_parameters(self.source, part, "torch") for part in ast.walk(node))
        return isinstance(node.func, ast.Name) and any(
            of.name == node.func.id and framework_of(self.source, of) == "torch" for of in self.source.classes
        )

    def _goes_on(self, name: str, after: ast.stmt) -> bool:
        """Whether the optimizer is next used as it is, and neither made again nor given more."""
        for node in self.nodes:
            if node.lineno <= (after.end_lineno or after.lineno):
                continue
            if isinstance(node, ast.Assign) and any(ast.unparse(target) == name for target in node.targets):
                return False
            if isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) == name:
                parent = self.source.parents.get(node)
                return not (isinstance(parent, ast.Attribute) and parent.attr not in ("step", "zero_grad"))
        return False

    def _same_block(self, call: ast.Call, later: ast.stmt) -> bool:
        """Whether whoever makes the optimizer also comes to `later`: both stand in one block, or `later` further in."""
        statement: ast.AST | None = call
        while statement is not None and not isinstance(statement, ast.stmt):
            statement = self.source.parents.get(statement)
        return statement is not None and self.source.parents.get(statement) is self.source.parents.get(later)

    def _of_another(self, name: str, call: ast.Call) -> Iterator[Missing]:
        """The optimizer holds a model that is never called, and another model is, and learns from the loss."""
        held = _whole_model(_given(call))
        models = {made: of for made, of in self._assigned() if self._new_layer(of, "")}
        if held is None or held not in models or not self._backward() or self._computes(held):
            return
        others = [other for other in models if other != held and self._called(other, name)]
        if len(others) == 1:
            yield Missing(call, (others[0],), models[others[0]], "another")

    def _backward(self) -> bool:
        return any(isinstance(node, ast.Attribute) and node.attr == "backward" for node in self.source.nodes)

    def _called(self, model: str, optimizer: str) -> bool:
        """Whether a model is called, or handed to a function together with the optimizer."""
        for node in self.nodes:
            if isinstance(node, ast.Call):
                given = {ast.unparse(arg) for arg in node.args}
                if ast.unparse(node.func) == model or {model, optimizer} <= given:
                    return True
        return False

    def _computes(self, model: str) -> bool:
        """Whether a model is used for more than to be made, moved and listed. What a function is given, it may use."""
        for node in self.source.nodes:
            if isinstance(node, ast.Name) and node.id == model and isinstance(node.ctx, ast.Load):
                parent = self.source.parents.get(node)
                if not (isinstance(parent, ast.Attribute) and parent.attr in HARMLESS):
                    return True
        return False

    def _of_a_part(self, name: str, call: ast.Call) -> Iterator[Missing]:
        """The optimizer holds some layers of a model whose class is in the file, and nothing says that it is meant."""
        text = self.source.text
        if any(word in text for word in FREEZING) or not self._backward():
            return
        given = _given(call)
        for model, made in self._assigned():
            if self.source.qualify(made.func) == "torch.nn.Sequential":
                yield from self._of_a_stack(call, model, made)
            if not (isinstance(made.func, ast.Name) and model.isidentifier()):
                continue
            of = next((of for of in self.source.classes if of.name == made.func.id), None)
            if of is None or framework_of(self.source, of) != "torch":
                continue
            held = _parts(given, model)
            layers = self._layers(of)
            left = tuple(layer for layer in layers if layer not in held)
            if held and held <= set(layers) and left and all(self._in_forward(of, layer) for layer in left):
                yield Missing(call, tuple(f"{model}.{layer}" for layer in left), layers[left[0]], "part")

    def _of_a_stack(self, call: ast.Call, model: str, made: ast.Call) -> Iterator[Missing]:
        """`SGD(model[2].parameters())`, where `model` has other layers with parameters."""
        held = _items(_given(call), model)
        places = {place for place, layer in enumerate(made.args) if holds_parameters(self.source, layer, "torch")}
        last = len(made.args)
        left = sorted(places - {place % last for place in held}) if last else []
        if held and left and self._called(model, ""):
            yield Missing(call, tuple(f"{model}[{place}]" for place in left), made.args[left[0]], "part")

    def _layers(self, of: ast.ClassDef) -> dict[str, ast.AST]:
        """The layers with parameters that a class makes as attributes."""
        found: dict[str, ast.AST] = {}
        for node in ast.walk(of):
            if isinstance(node, ast.Assign) and self._new_layer(node.value, ""):
                for target in node.targets:
                    if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self":
                        found[target.attr] = node
        return found

    def _in_forward(self, of: ast.ClassDef, layer: str) -> bool:
        return any(
            isinstance(node, ast.Attribute) and node.attr == layer
            for method in of.body if isinstance(method, ast.FunctionDef) and method.name == "forward"
            for node in ast.walk(method)
        )  # fmt: skip

    def _some_tensors(self, name: str, call: ast.Call) -> Iterator[Missing]:
        """`SGD([w1, b1])`, where `w2` was made to be trained as well, is computed with, and is in no optimizer."""
        given = _given(call)
        if (
            not isinstance(given, ast.List)
            or not given.elts
            or not all(isinstance(one, ast.Name) for one in given.elts)
        ):
            return
        if not self._backward() or "autograd.grad" in self.source.text:
            return
        held = {ast.unparse(part) for _, other in self.made for part in ast.walk(other)}
        trained = {made: node for made, node in self._assigned() if made.isidentifier() and self._trainable(node)}
        if not held & set(trained):
            return
        left = tuple(made for made in trained if made not in held and self._read(made) and not self._by_hand(made))
        if left:
            yield Missing(call, left, trained[left[0]], "tensors")

    def _trainable(self, node: ast.Call) -> bool:
        if self.source.qualify(node.func) in ("torch.nn.Parameter", "torch.nn.parameter.Parameter"):
            return not any(keyword.arg == "requires_grad" for keyword in node.keywords)
        return any(
            keyword.arg == "requires_grad" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True
            for keyword in node.keywords
        )

    def _read(self, name: str) -> bool:
        return any(isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
                   for node in self.source.nodes)  # fmt: skip

    def _by_hand(self, name: str) -> bool:
        """Whether something is done with a tensor's gradient, or the tensor is written to, outside of the optimizer."""
        for node in self.source.nodes:
            if isinstance(node, ast.Attribute) and node.attr in ("grad", "data") and ast.unparse(node.value) == name:
                return True
            if isinstance(node, ast.AugAssign) and ast.unparse(node.target) == name:
                return True
        return False


def _given(node: ast.AST) -> ast.expr | None:
    """What an optimizer is made from."""
    if not isinstance(node, ast.Call):
        return None
    for keyword in node.keywords:
        if keyword.arg == "params":
            return keyword.value
    return node.args[0] if node.args else None


def _whole_model(given: ast.expr | None) -> str | None:
    """`model` of `model.parameters()`."""
    if isinstance(given, ast.Call) and isinstance(given.func, ast.Attribute) and given.func.attr == "parameters":
        return ast.unparse(given.func.value)
    return None


def _parts(given: ast.expr | None, model: str) -> set[str]:
    """The layers of `model` that an expression names; empty where it may name more than these."""
    parts: set[str] = set()
    for node in ast.walk(given) if given is not None else ():
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == model:
            parts.add(node.attr)
    names = {node.id for node in ast.walk(given) if isinstance(node, ast.Name)} if given is not None else set()
    return parts if names <= {model, "list", "chain", "itertools", "tuple"} else set()


def _items(given: ast.expr | None, model: str) -> set[int]:
    """The places of `model` that an expression names; empty where it may name more than these."""
    found: set[int] = set()
    for node in ast.walk(given) if given is not None else ():
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == model:
            place = _number(node.slice)
            if place is None:
                return set()
            found.add(place)
    names = {node.id for node in ast.walk(given) if isinstance(node, ast.Name)} if given is not None else set()
    return found if names <= {model, "list", "chain", "itertools", "tuple"} else set()


def _number(node: ast.expr) -> int | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _number(node.operand)
        return None if inner is None else -inner
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, int) else None
