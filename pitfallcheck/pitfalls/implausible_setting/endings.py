"""Dropout behind the last layer of a network: it sets predictions to zero that the loss then compares."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.lint.flow.evaluation import argument
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import own_nodes
from pitfallcheck.pitfalls.implausible_setting.judged import Judged

DROPPING = words("Dropout AlphaDropout GaussianDropout dropout")
LAST = words("Dense Linear")
CLOSING = words("softmax log_softmax sigmoid Softmax LogSoftmax Sigmoid Activation Flatten squeeze flatten")
"""What may stand between the last layer and the dropout, or behind the dropout, without making another layer of it."""


class Endings:
    """The ends of the networks of one file that are trained in it."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def judged(self) -> Iterator[Judged]:
        """One verdict for each dropout on an output."""
        for place in dict.fromkeys((*self._stacked(), *self._joined(), *self._forward(), *self._called())):
            text = ast.unparse(place.func)
            yield Judged(
                "warning",
                place,
                f"`{text}` stands behind the last layer: in training it sets predictions themselves to zero before the "
                "loss sees them",
                "put it in front of the last layer, or take it out",
                text,
            )

    def _kind(self, node: ast.AST) -> str:
        """The short name of the framework's layer or function that `node` makes or calls."""
        called = self.program.called(node)
        return called.rpartition(".")[2] if called.startswith(("keras.", "torch.nn.", "tensorflow.nn.")) else ""

    # Keras models that are compiled.

    def _compiled(self) -> Iterator[ast.Call]:
        """What makes the Keras models that are compiled and fitted under a name."""
        for node in self.program.mentions.get("compile", []):
            if isinstance(node, ast.Attribute) and isinstance(made := self.program.origin(node.value), ast.Call):
                yield made

    def _stacked(self) -> Iterator[ast.Call]:
        """Dropout at the end of a compiled `Sequential`."""
        for node in self.program.mentions.get("compile", []):
            if not isinstance(node, ast.Attribute):
                continue
            roots, _ = self.program.roots(node.value)
            made = next(iter(roots)).value if len(roots) == 1 else None
            if not isinstance(made, ast.Call) or self._kind(made) != "Sequential":
                continue
            layers = self._layers(made, node)
            if layers is not None:
                yield from self._ends_in_dropout(layers)

    def _layers(self, made: ast.Call, used: ast.Attribute) -> list[ast.expr] | None:
        listed = argument(made, 0, "layers")
        layers = list(listed.elts) if isinstance(listed, ast.List | ast.Tuple) else []
        if listed is not None and not layers:
            return None
        name = ast.unparse(used.value)
        scope = self.program.source.scope_of(made)
        adds = [
            node
            for node in own_nodes(scope)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("add", "pop")
            and ast.unparse(node.func.value) == name
            and made.lineno < node.lineno < used.lineno
        ]
        for add in sorted(adds, key=lambda node: (node.lineno, node.col_offset)):
            statement = self.program.source.parents.get(self.program.statement(add))
            if len(add.args) != 1 or statement is not self.program.source.parents.get(self.program.statement(made)):
                return None
            layers.append(add.args[0])
        return layers

    def _ends_in_dropout(self, layers: list[ast.expr]) -> Iterator[ast.Call]:
        kinds = [self._kind(layer) for layer in layers]
        while kinds and kinds[-1] in CLOSING:
            kinds.pop()
        if len(kinds) < 3 or kinds[-1] not in DROPPING:
            return
        place = layers[len(kinds) - 1]
        kinds.pop()
        while kinds and kinds[-1] in CLOSING:
            kinds.pop()
        if kinds and kinds[-1] in LAST and isinstance(place, ast.Call):
            yield place

    def _joined(self) -> Iterator[ast.Call]:
        """Dropout at the end of a compiled functional model."""
        for made in self._compiled():
            outputs = argument(made, 1, "outputs") if self._kind(made) == "Model" else None
            if outputs is None:
                continue
            found = self._behind(outputs)
            if found is not None:
                yield found

    def _behind(self, node: ast.expr, layers: dict[str, ast.expr] | None = None) -> ast.Call | None:
        """The dropout that `node` is the outcome of, where it was applied to the outcome of a last layer."""
        dropped: ast.Call | None = None
        for _ in range(6):
            node = self.program.origin(node)
            if not isinstance(node, ast.Call):
                return None
            kind = self._applied(node, layers or {})
            given = node.args[0] if node.args else None
            if kind in CLOSING and isinstance(node.func, ast.Attribute) and not self.program.called(node):
                given = given if layers and ast.unparse(node.func) in layers else node.func.value
            if kind in DROPPING and dropped is None:
                dropped = node
            elif kind in LAST:
                return dropped
            elif kind not in CLOSING:
                return None
            if given is None:
                return None
            node = given
        return None

    def _applied(self, call: ast.Call, layers: dict[str, ast.expr]) -> str:
        """The kind of layer or function that `call` applies to a tensor."""
        if isinstance(call.func, ast.Call):
            return self._kind(call.func)
        made = layers.get(ast.unparse(call.func)) or self.program.origin(call.func)
        if isinstance(made, ast.Call):
            return self._kind(made)
        if isinstance(call.func, ast.Attribute) and not self.program.called(call):
            return (
                call.func.attr if call.func.attr in ("squeeze", "flatten", "softmax", "log_softmax", "sigmoid") else ""
            )
        return self._kind(call)

    # torch modules whose outcome goes into a loss.

    def _forward(self) -> Iterator[ast.Call]:
        """Dropout at the end of the `forward` of a module whose outcome a loss is computed of."""
        for owner in dict.fromkeys(self._compared()):
            forward = self.program.method(owner, "forward")
            returns = [node for node in own_nodes(forward) if isinstance(node, ast.Return)] if forward else []
            if len(returns) != 1 or returns[0].value is None:
                continue
            layers = {
                f"self.{name.partition('.')[2]}": binding.value
                for method in owner.body
                if isinstance(method, ast.FunctionDef) and method.name == "__init__"
                for name, bindings in self.program.reaching(method).all.items()
                for binding in bindings
                if name.startswith("self.") and binding.kind == "value" and binding.value is not None
            }
            found = self._behind(returns[0].value, layers)
            if found is not None:
                yield found

    def _called(self) -> Iterator[ast.Call]:
        """Dropout at the end of a `torch.nn.Sequential` whose outcome a loss is computed of."""
        for applied in self._before_a_loss():
            model = self.program.origin(applied.func)
            while (
                isinstance(model, ast.Call)
                and isinstance(model.func, ast.Attribute)
                and model.func.attr in ("to", "cuda")
            ):
                if self.program.called(model):
                    break
                model = self.program.origin(model.func.value)
            if self.program.called(model) == "torch.nn.Sequential" and isinstance(model, ast.Call):
                yield from self._ends_in_dropout(model.args)

    def _compared(self) -> Iterator[ast.ClassDef]:
        """The classes of the file whose objects' outcome is an argument of a loss that goes backward."""
        for applied in self._before_a_loss():
            owner = self.program.instance(applied.func)
            if owner is not None:
                yield owner

    def _before_a_loss(self) -> Iterator[ast.Call]:
        """The calls whose outcome is an argument of a loss that goes backward."""
        for node in self.program.mentions.get("backward", []):
            loss = self.program.origin(node.value) if isinstance(node, ast.Attribute) else None
            for given in loss.args if isinstance(loss, ast.Call) else []:
                made = self.program.origin(given)
                if isinstance(made, ast.Call):
                    yield made
