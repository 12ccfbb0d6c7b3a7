"""Joins, for each training with Keras that a file sets up, the model's outputs, its losses, labels and metrics."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from pitfallcheck.lint.flow.bindings import NAMES
from pitfallcheck.lint.objectives.facts import Labels, Loss, Metric, Objective, Output
from pitfallcheck.lint.objectives.keras_losses import called_loss, is_loss_object, loss_of, metrics_of
from pitfallcheck.lint.objectives.keras_models import Models
from pitfallcheck.lint.objectives.keras_outputs import Outputs
from pitfallcheck.lint.objectives.labels import LabelsOf, of_shown
from pitfallcheck.lint.objectives.labels_batches import of_batches
from pitfallcheck.lint.objectives.resolve import Calls, Held, Resolver, starred
from pitfallcheck.lint.source import Source

FITS = frozenset({"fit", "train_on_batch", "fit_generator"})
LEARNING = ("GradientTape", "with_logits", ".minimize(", ".backward(", "value_and_grad")
"""Words without which nothing learns from a loss that is called: tests compute losses, too."""

MAX_ROOTS = 12


@dataclass(frozen=True, slots=True)
class Fit:
    """A call that trains a model; `roots` are the expressions that made the model, each with the calls around it."""

    call: ast.Call
    roots: tuple[Held, ...]


def keras_objectives(resolver: Resolver) -> list[Objective]:
    """The objectives of a file that uses Keras or TensorFlow, in the order of its lines."""
    reader = _Reader(resolver)
    found = [*reader.compiled(), *reader.by_hand()]
    return sorted(found, key=lambda objective: getattr(objective.node, "lineno", 0))


class _Reader:
    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self.models = Models(resolver)
        self.labels = LabelsOf(resolver)
        calls = [node for node in resolver.source.nodes if isinstance(node, ast.Call)]
        self.calls = calls
        self.fits = [
            Fit(call, tuple(self.roots(call.func.value)))
            for call in calls
            if isinstance(call.func, ast.Attribute) and call.func.attr in FITS and not resolver.called(call)
        ]
        self.rebuilt = _rebuilt(resolver.source)

    # Which model is which.

    def roots(self, node: ast.expr, calls: Calls = ()) -> list[Held]:
        """The expressions that made the model `node`, each with the calls that led there."""
        found: list[Held] = []
        waiting, seen = [Held(node, calls)], set[tuple[ast.AST, Calls]]()
        while waiting and len(seen) < 4 * MAX_ROOTS:
            held = waiting.pop()
            if (held.node, held.calls) in seen:
                continue
            seen.add((held.node, held.calls))
            if isinstance(held.node, NAMES):
                waiting += self._behind(held)
            elif isinstance(held.node, ast.Call):
                results = self.resolver.returns(held.node, held.calls)
                if results is not None and not self._is_class(held.node):
                    waiting += results
                else:
                    found.append(held)
        return found[:MAX_ROOTS]

    def _is_class(self, call: ast.Call) -> bool:
        return isinstance(call.func, ast.Name) and call.func.id in self.resolver.program.classes

    def _behind(self, held: Held) -> list[Held]:
        found = []
        bindings, _ = self.resolver.program.roots(held.node)
        for binding in bindings:
            if binding.kind == "value" and binding.value is not None:
                found.append(Held(binding.value, held.calls))
            elif binding.kind == "parameter":
                found += self.resolver.given(binding, held.calls)
        return found

    # Compiled models.

    def compiled(self) -> Iterator[Objective]:
        """An objective for each loss that a `compile` gives to an output, and for each way in which it is trained."""
        for call in self.calls:
            if not isinstance(call.func, ast.Attribute) or call.func.attr != "compile" or self.resolver.called(call):
                continue
            loss = None if starred(call) else self.resolver.given_to(call, 1, "loss")
            yield from self._of_compile(call, call.func.value, loss)

    def _of_compile(self, call: ast.Call, model: ast.expr, loss: ast.expr | None) -> Iterator[Objective]:
        scope = self.resolver.program.scope(call)
        made = {root.node for root in self.roots(model)}
        told = set[object]()
        for fit, calls in [*self._fits(scope, made), (None, ())]:
            if fit is None and told:
                return
            outputs = None if self.rebuilt else self.models.outputs(model, calls)
            metrics = self.resolver.given_to(call, 2, "metrics")
            for place, key, output in _each(outputs):
                count = 1 if outputs is None else len(outputs)
                chosen = None if loss is None else self._loss_for(loss, place, key, calls, count)
                shown = self._labels(fit, place, count)
                known: tuple[Metric, ...] = metrics_of(self.resolver, metrics, calls) if count == 1 else ()
                found = Objective("keras", fit.call if fit else call, output, chosen, shown, known)
                summary = (place, output, chosen, shown and (shown.kind, shown.classes, shown.low, shown.high))
                if summary not in told:
                    told.add(summary)
                    yield found

    def _fits(self, scope: ast.AST, made: set[ast.expr]) -> Iterator[tuple[Fit | None, Calls]]:
        """The trainings of the model that `made` makes, each with the calls in which it was compiled."""
        for fit in self.fits:
            for root in fit.roots:
                if root.node in made:
                    inside = any(self.resolver.program.function(one) is scope for one in root.calls)
                    yield fit, root.calls if inside else ()
                    break

    def _loss_for(self, node: ast.expr, place: int, key: str | None, calls: Calls, count: int) -> Loss | None:
        """The loss of the output at `place`, whose layer is called `key`."""
        held = self.resolver.alternatives(node, calls)
        if len(held) == 1 and isinstance(held[0].node, ast.List | ast.Tuple):
            listed = held[0].node.elts
            return loss_of(self.resolver, listed[place], held[0].calls) if len(listed) == count else None
        if len(held) == 1 and isinstance(held[0].node, ast.Dict):
            for name, value in zip(held[0].node.keys, held[0].node.values, strict=True):
                if name is not None and key is not None and self.resolver.constant(name) == key:
                    return loss_of(self.resolver, value, held[0].calls)
            return None
        return loss_of(self.resolver, node, calls)

    def _labels(self, fit: Fit | None, place: int, count: int) -> Labels | None:
        if fit is None:
            return None
        call = fit.call
        target = self.resolver.given_to(call, 1, "y")
        if isinstance(call.func, ast.Attribute) and call.func.attr == "fit_generator":
            target = None
        if target is None:
            batches = self.resolver.given_to(call, 0, "x", "generator")
            shown = None if batches is None or count > 1 else of_batches(self.labels, batches, (), (1,))
            if batches is None or shown is None or shown.drawn:
                return None
            return of_shown(batches, shown)
        if count > 1:
            listed = self.resolver.alternatives(target)
            node = listed[0].node
            if len(listed) != 1 or not isinstance(node, ast.List | ast.Tuple) or len(node.elts) != count:
                return None
            target = node.elts[place]
        return self.labels.labels(target)

    # Losses that are called.

    def by_hand(self) -> Iterator[Objective]:
        """An objective for each call of a loss with labels and a prediction, as under a gradient tape."""
        if not any(word in self.resolver.source.text for word in LEARNING):
            return
        objects = any(is_loss_object(self.resolver, call) for call in self.calls)
        for call in self.calls:
            if len(call.args) + len(call.keywords) < 2 or not (objects or self.resolver.called(call)):
                continue
            loss = called_loss(self.resolver, call)
            if loss is None:
                continue
            target, value = self._compared(call, loss)
            output: Output | None = self.models.tensor(value) if value is not None and not self.rebuilt else None
            if output is not None:
                yield Objective("keras", call, output, loss, self.labels.labels(target))

    def _compared(self, call: ast.Call, loss: Loss) -> tuple[ast.expr | None, ast.expr | None]:
        """The labels and the prediction that a loss is called with."""
        # Before TensorFlow 1.0 the logits came first; later versions of 1 want them by name.
        swapped = (
            "placeholder" in self.resolver.source.text and self.resolver.called(call) == f"tensorflow.nn.{loss.name}"
        )
        first, second = (1, 0) if swapped else (0, 1)
        labels = ("y_true", "labels", "target", "targets", "onehot_labels", "multi_class_labels")
        predictions = ("y_pred", "logits", "output", "predictions")
        return self.resolver.given_to(call, first, *labels), self.resolver.given_to(call, second, *predictions)


def _each(outputs: Outputs | None) -> list[tuple[int, str | None, Output | None]]:
    """The outputs of a model with their places and the names of their layers."""
    if outputs is None:
        return [(0, None, None)]
    return [(place, _layer_name(output), output) for place, output in enumerate(outputs)]


def _layer_name(output: Output | None) -> str | None:
    for node in (output.activated_at, output.node) if output is not None else ():
        for keyword in node.keywords if isinstance(node, ast.Call) else ():
            if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                return str(keyword.value.value)
    return None


def _rebuilt(source: Source) -> bool:
    """Whether layers are taken off a finished model, or their activations replaced."""
    for node in source.nodes:
        if not isinstance(node, ast.Attribute):
            continue
        if node.attr == "pop" and getattr(node.value, "attr", "") == "layers":
            return True
        if node.attr == "activation" and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Subscript):
            return True
    return False
