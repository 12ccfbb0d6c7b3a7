"""Evaluation that is called validation or test, on the samples that the model was fitted on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pitfallcheck.finding import Evidence
from pitfallcheck.lint.flow.bindings import NAMES, dotted
from pitfallcheck.lint.flow.draws import NAMED
from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.flow.splits import Split, bound_to, role, splits
from pitfallcheck.lint.tree import walk
from pitfallcheck.pitfalls.leaked_samples.seen import Seen

FITS = frozenset({"fit", "fit_generator", "partial_fit"})
EVALUATES = frozenset({"evaluate", "score", "evaluate_generator"})
SCORES = re.compile(r"^sklearn\.metrics\.\w*(score|error|report|matrix)$")
CALLED_TEST = re.compile(r"\b(test|testing|validation|val|held[ -]?out)\b", re.IGNORECASE)
CALLED_TRAIN = re.compile(r"\btrain", re.IGNORECASE)
MADE_UP = NAMED | {"ones", "zeros", "arange", "empty"}


def validated_on_training(program: Program) -> Iterator[Seen]:
    """`model.fit(x, y, validation_data=(x, y))`."""
    for call in _methods(program, FITS):
        given = argument(call, None, "validation_data")
        inputs = argument(call, 0, "x", "generator")
        if given is None or inputs is None or dotted(inputs) is None:
            continue
        held = given.elts[0] if isinstance(given, ast.Tuple | ast.List) and given.elts else given
        if not _same(program, inputs, held):
            held = program.origin(held)
            if not isinstance(held, ast.Tuple) or not held.elts or not _same(program, inputs, held.elts[0]):
                continue
            held = held.elts[0]
        targets = argument(call, 1, "y")
        if targets is not None and _made_up(program, targets):
            continue
        name = ast.unparse(inputs)
        yield Seen(
            "error",
            given,
            f"`validation_data` holds `{name}`, which the model is fitted on: the validation loss is the training loss",
            "hold samples out: `validation_split=0.2`, or `train_test_split` before the fit",
            name,
        )


def _same(program: Program, one: ast.expr, other: ast.expr) -> bool:
    bound = program.bindings(one)
    same = dotted(one) == dotted(other) and dotted(one) is not None
    return same and (bound == program.bindings(other))


def _made_up(program: Program, node: ast.expr) -> bool:
    """Whether the targets are drawn, or all the same: then this tries out whether the program runs."""
    made = program.origin(node)
    while isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute):
        if made.func.attr in MADE_UP:
            return True
        below = (
            made.args[0] if made.func.attr in ("to_categorical", "constant", "array") and made.args else made.func.value
        )
        made = program.origin(below)
    return False


def named_test(program: Program) -> Iterator[Seen]:
    """`test_loss = model.evaluate(x_train, y_train)`, or one that is printed as the accuracy on test data."""
    for call in _methods(program, EVALUATES) + _scores(program):
        data = call.args[0] if call.args else argument(call, None, "x", "X", "y_true")
        name = dotted(data) if data is not None else None
        if data is None or name is None or role(name) != "train":
            continue
        said = _called_test(program, call)
        if said is not None:
            yield Seen(
                "error",
                data,
                f"`{ast.unparse(call)}` is on training data, and is called {said}",
                f"evaluate on `{re.sub('(?i)train(ing)?', 'test', name)}`, or call it what it is",
                name,
            )


def _called_test(program: Program, call: ast.Call) -> str | None:
    """What the outcome of an evaluation is called, where that says test or validation."""
    target = bound_to(program, call)
    statement = program.statement(call)
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and statement.value is call:
        target = statement.targets[0]
    names = [part for part in walk(target) if isinstance(part, NAMES) and dotted(part)] if target is not None else []
    for part in names:
        if role(dotted(part) or "") == "test":
            return f"`{dotted(part)}`"
    printed = [call] if not names else [
        read
        for binding in program.reaching(program.scope(call)).by.get(statement, [])
        for read in program.reads(binding)
    ]  # fmt: skip
    for read in printed:
        shown = program.statement(read)
        if isinstance(shown, ast.Expr) and isinstance(shown.value, ast.Call) and program.called(shown.value) == "print":
            texts = [value for node in walk(shown) if isinstance(value := constant(node), str)]
            said = " ".join(texts)
            if CALLED_TEST.search(said) and not CALLED_TRAIN.search(said):
                return f"{next(text.strip() for text in texts if CALLED_TEST.search(text))!r}"
    return None


def unused_parts(program: Program) -> Iterator[Seen]:
    """A split of which one part is never read: the model is fitted on all samples, or tested on those it knows."""
    for split in splits(program):
        if split.kind != "split" or not split.train or not split.test:
            continue
        fitted = _whole_is_fitted(program, split)
        if fitted is not None:
            yield fitted


def _whole_is_fitted(program: Program, split: Split) -> Seen | None:
    train, test, whole = split.train[0], split.test[0], split.inputs[0]
    if dotted(train) == "_" or _reads(program, train) or not _reads(program, test) or dotted(whole) is None:
        return None
    for call in [*_methods(program, FITS), *_loaders(program)]:
        given = argument(call, 0, "x", "X", "dataset")
        if given is None or not _same(program, whole, given) or program.scope(call) is not program.scope(split.node):
            continue
        if call.lineno < split.node.lineno:
            continue
        if any(keyword.arg in ("sampler", "batch_sampler", None) for keyword in call.keywords):
            continue
        target = bound_to(program, call)
        if target is not None and role(dotted(target) or "") == "test":
            continue
        name, part = ast.unparse(whole), ast.unparse(train)
        line = split.node.lineno
        return Seen(
            "error",
            given,
            f"`{name}` is all samples, those of `{ast.unparse(test)}` too; `{part}` of line {line} is never used",
            f"train on `{part}`",
            name,
            (Evidence("divided", "divided here", program.source.path, line),),
        )
    return None


def _reads(program: Program, target: ast.expr) -> bool:
    """Whether the part that is bound to `target` is read anywhere."""
    name = dotted(target)
    return name is None or any(dotted(node) == name for node in program.mentions.get(name.rpartition(".")[2], []))


def _methods(program: Program, names: frozenset[str]) -> list[ast.Call]:
    """The calls of methods of these names, on anything but an imported module."""
    return [
        call
        for name in names
        for node in program.mentions.get(name, [])
        if isinstance(node, ast.Attribute)
        and isinstance(call := program.source.parents.get(node), ast.Call)
        and call.func is node
        and not program.called(call)
    ]


def _scores(program: Program) -> list[ast.Call]:
    return [
        node
        for node in program.source.nodes
        if isinstance(node, ast.Call) and SCORES.match(program.source.qualify(node.func) or "")
    ]


def _loaders(program: Program) -> list[ast.Call]:
    return [
        node
        for node in program.source.nodes
        if isinstance(node, ast.Call) and program.source.qualify(node.func) == "torch.utils.data.DataLoader"
    ]
