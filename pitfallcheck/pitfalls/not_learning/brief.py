"""Recognises trainings that stop after one epoch or one batch: no `epochs`, a `break`, a `return` too far in."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from typing import NamedTuple

from pitfallcheck.finding import Evidence, Level
from pitfallcheck.lint.flow.bindings import dotted
from pitfallcheck.lint.flow.evaluation import argument
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.flow.settings import Settings
from pitfallcheck.lint.flow.sizes import Sizes
from pitfallcheck.lint.source import own_nodes

MEANT = re.compile(
    r"over-?fit|debug|sanity|smoke|dry[-_ ]?run|fast_dev|quick|profil|benchmark|(one|single) (batch|step)", re.I
)
"""Words in a file that say that little training is meant."""

FEW = 100
"""Updates that teach a network nothing: below two for each thousand of a usual training."""

KERAS_BATCH = 32
"""Samples in a batch of `fit` where nothing else is said (Keras 3.15)."""

EVALUATES = ("predict", "evaluate", "predict_classes", "predict_proba")


class Brief(NamedTuple):
    """A training that ends too early, because of `node`."""

    level: Level
    node: ast.AST
    message: str
    remedy: str
    subject: str
    evidence: tuple[Evidence, ...] = ()


class Trainings:
    """The trainings of one file."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.settings = Settings(program)
        self.sizes = Sizes(program)

    def brief(self) -> Iterator[Brief]:
        """Each training that cannot be meant to end where it does."""
        if MEANT.search(self.program.source.text):
            return
        yield from self._one_epoch()
        yield from self._cut_loops()

    # Keras: `fit` with one epoch of a small data set.

    def _one_epoch(self) -> Iterator[Brief]:
        fits = self._calls("fit")
        if len(fits) + len(self._calls("train_on_batch", "fit_generator")) != 1 or self._loops_or_repeats(fits):
            return
        for call in fits:
            if any(keyword.arg is None for keyword in call.keywords) or not isinstance(call.func, ast.Attribute):
                continue
            given = argument(call, 3, "epochs", "nb_epoch")
            epochs = self.settings.number(given) if given is not None else 1
            model = dotted(call.func.value)
            if epochs != 1 or model is None or not self._is_keras(model) or not self._used(model):
                continue
            inputs = argument(call, 0, "x")
            length = self.sizes.lengths.of(inputs) if inputs is not None else None
            samples = length.value if length is not None else None
            size = argument(call, 2, "batch_size")
            batch = self.settings.number(size) if size is not None else KERAS_BATCH
            if samples is None or not batch or argument(call, None, "steps_per_epoch") is not None:
                continue
            updates = math.ceil(samples / batch)
            if updates <= FEW:
                said = f"`{model}.fit` goes through the {samples} samples once"
                default = " (its default)" if given is None else ""
                yield Brief(
                    "warning",
                    given or call,
                    f"{said}{default}: {updates} update{'s' if updates > 1 else ''} of the weights in all",
                    f"say how often: `epochs={_rounds(updates)}`",
                    model,
                )

    def _calls(self, *names: str) -> list[ast.Call]:
        return [
            call
            for name in names
            for node in self.program.mentions.get(name, [])
            if isinstance(node, ast.Attribute)
            and isinstance(call := self.program.source.parents.get(node), ast.Call)
            and call.func is node
        ]

    def _loops_or_repeats(self, calls: list[ast.Call]) -> bool:
        """Whether a fit is repeated by a loop, here or around the only calls of its function that are seen."""
        for call in calls:
            if self.program.loops_around(call):
                return True
            scope = self.program.scope(call)
            if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
                known, complete = self.program.calls(scope)
                if not complete or len(known) != 1 or self.program.loops_around(known[0]):
                    return True
        return False

    def _is_keras(self, model: str) -> bool:
        return any(
            isinstance(call.func, ast.Attribute) and dotted(call.func.value) == model for call in self._calls("compile")
        )

    def _used(self, model: str) -> bool:
        """Whether the model is asked for something after it was trained."""
        return any(
            isinstance(call.func, ast.Attribute) and dotted(call.func.value) == model
            for call in self._calls(*EVALUATES)
        )

    # Loops that end in their first round.

    def _cut_loops(self) -> Iterator[Brief]:
        for node in self.program.source.nodes:
            if not isinstance(node, ast.For) or not node.body:
                continue
            last = node.body[-1]
            if isinstance(last, ast.Break | ast.Return) and self._learns(node) and not self._can_go_on(node):
                yield self._cut(node, last)
            elif not isinstance(last, ast.Break | ast.Return):
                yield from self._single_round(node)

    def _learns(self, loop: ast.For) -> bool:
        """Whether a round of a loop makes a step of training."""
        stepping = {"backward": False, "step": False}
        for node in own_nodes(loop):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr in ("train_on_batch", "apply_gradients"):
                    return True
                if node.func.attr in stepping:
                    stepping[node.func.attr] = True
        return all(stepping.values())

    @staticmethod
    def _can_go_on(loop: ast.For) -> bool:
        """Whether a `continue` of this loop, or an exception that is caught, lets a second round begin."""
        waiting: list[ast.AST] = list(loop.body)
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.Continue | ast.Try | ast.Yield):
                return True
            if not isinstance(node, ast.For | ast.While | ast.FunctionDef | ast.Lambda):
                waiting += ast.iter_child_nodes(node)
        return False

    def _cut(self, loop: ast.For, last: ast.stmt) -> Brief:
        over, word = self.program.source.segment(loop.iter), "break" if isinstance(last, ast.Break) else "return"
        done = f"the loop over `{over}` ends in its first round: this `{word}` stands under no condition"
        out = "indent it less, behind the loop" if word == "return" else "take it out, or say when to stop"
        return Brief(
            "error" if word == "return" else "note",
            last,
            done,
            out,
            over,
            (Evidence("loop", "the loop that does not go on", self.program.source.path, loop.lineno),),
        )

    def _single_round(self, loop: ast.For) -> Iterator[Brief]:
        """`for epoch in range(1)` around a step on all samples at once: one update in all."""
        over = loop.iter
        if self.program.called(over) != "range" or not isinstance(over, ast.Call) or len(over.args) != 1:
            return
        if self.settings.number(over.args[0]) != 1 or not self._learns(loop) or self.program.loops_around(loop):
            return
        inner = [node for node in own_nodes(loop) if isinstance(node, ast.For | ast.While)]
        if inner or not isinstance(self.program.scope(loop), ast.Module):
            return
        text = ast.unparse(over)
        yield Brief(
            "warning",
            over.args[0],
            f"`{text}` makes one round of one step: the weights are updated once",
            "go through many more, such as `range(1000)`",
            text,
        )


def _rounds(updates: int) -> int:
    """Epochs that make about two thousand updates, as a round number."""
    wanted = max(2, 2000 // updates)
    scale: int = 10 ** (len(str(wanted)) - 1)
    return max(2, wanted // scale * scale)
