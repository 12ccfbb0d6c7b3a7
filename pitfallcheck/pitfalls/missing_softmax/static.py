"""Judges whether a loss that takes probabilities, or their logarithms, visibly gets something else."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Edit, Evidence, Finding, Fix
from pitfallcheck.lint.objectives.facts import Loss, Objective, Output
from pitfallcheck.lint.objectives.read import objectives_of
from pitfallcheck.lint.objectives.told import BINARY_LOSSES, OVER_CLASSES, is_softmax_of_one, place, short, units_text
from pitfallcheck.lint.shapes.told import scope_lines
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.missing_softmax import PITFALL
from pitfallcheck.pitfalls.missing_softmax.logged import logged

NO_PROBABILITIES = words(
    """
    linear relu relu6 leaky_relu prelu elu selu celu gelu silu swish mish tanh hard_tanh softsign log_softmax
    log_sigmoid
    """
)
"""Outputs that are below 0, above 1, or both; a softplus is positive, and a loss over classes divides by the sum."""

NO_LOGARITHMS = words("linear relu relu6 leaky_relu prelu elu selu celu gelu silu mish tanh softmax sigmoid softplus")


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each output that its loss takes for what it is not."""
    told = set[ast.AST]()
    found = objectives_of(source)
    for objective in found:
        output, loss = objective.output, objective.loss
        if output is None or loss is None or not misses(output, loss):
            continue
        at = _at(objective, output, loss)
        if at not in told:
            told.add(at)
            yield _finding(source, output, loss, at, _fix(source, output, loss, found))
    for node, output in logged(source):
        yield _of_logarithm(source, node, output)


def misses(output: Output, loss: Loss) -> bool:
    """Whether `output` is not what `loss` takes the logarithm of, or not the logarithm that it takes."""
    if is_softmax_of_one(output) or (output.units == 1 and loss.name in OVER_CLASSES):
        return False
    if loss.expects == "probabilities":
        return output.activation in NO_PROBABILITIES
    return loss.expects == "log-probabilities" and output.activation in NO_LOGARITHMS


def _at(objective: Objective, output: Output, loss: Loss) -> ast.expr:
    """The place to change: a loss that is made can be told `from_logits`, a name in a string cannot."""
    return loss.node if isinstance(loss.node, ast.Call) and output.activation == "linear" else place(output)


def _finding(source: Source, output: Output, loss: Loss, at: ast.expr, fix: Fix | None) -> Finding:
    evidence = []
    for node, kind in ((place(output), "output"), (loss.node, "loss")):
        if node is not at and node.lineno != at.lineno:
            evidence.append(Evidence(kind, f"`{short(source, node)}`", source.path, node.lineno))
    return PITFALL.finding(
        "error",
        source.location(at),
        _message(source, output, loss),
        remedy=_remedy(output, loss),
        source="static",
        subject=loss.name,
        scope=scope_lines(source, at),
        evidence=tuple(evidence),
        fix=fix,
    )


def _of_logarithm(source: Source, node: ast.Call, output: Output) -> Finding:
    made = short(source, output.node)
    several = output.units != 1
    remedy = "`torch.log_softmax(logits, dim=1)`, or the whole loss by `CrossEntropyLoss`"
    return PITFALL.finding(
        "error",
        source.location(node),
        f"`{short(source, node)}` takes the logarithm of probabilities in a loss, and `{made}` has no activation: the "
        "logarithm of what is below 0 is NaN",
        remedy=f"use {remedy if several else '`F.logsigmoid(logits)`, or `BCEWithLogitsLoss`'}",
        source="static",
        subject=short(source, node),
        scope=scope_lines(source, node),
        evidence=(Evidence("output", f"`{made}`", source.path, output.node.lineno),),
    )


def _message(source: Source, output: Output, loss: Loss) -> str:
    what = "no activation" if output.activation == "linear" else f"`{output.activation}`"
    made = f"`{short(source, output.node)}`" if output.units is None else f"the output of {units_text(output)}"
    if loss.expects == "log-probabilities":
        return (
            f"`{loss.name}` expects logarithms of probabilities, and {made} has {what}: the loss is the output itself "
            "with its sign turned, and can fall without end"
            if output.activation == "linear"
            else f"`{loss.name}` expects logarithms of probabilities, and {made} has {what}"
        )
    return (
        f"`{loss.name}` takes the logarithm of probabilities, and {made} has {what}: what is not between 0 and 1 is "
        "cut off there and gets no gradient"
    )


def _remedy(output: Output, loss: Loss) -> str:
    if loss.name == "NLLLoss":
        return (
            "use `CrossEntropyLoss`, or put a `log_softmax` at the end"
            if output.activation == "linear"
            else ("put `log_softmax` in its place")
        )
    if loss.expects == "log-probabilities":
        return "give it the `log_softmax`"
    if loss.name == "BCELoss":
        return "use `BCEWithLogitsLoss`, or put a sigmoid at the end"
    wanted = "sigmoid" if loss.name in BINARY_LOSSES else "softmax"
    if output.activation != "linear":
        return f'use `activation="{wanted}"` in its place'
    return f'end with `activation="{wanted}"`, or say `from_logits=True` in the loss'


def _fix(source: Source, output: Output, loss: Loss, found: list[Objective]) -> Fix | None:
    """`from_logits=True` for a loss object of Keras that gets nothing but such outputs."""
    node = loss.node
    if loss.expects != "probabilities" or output.activation != "linear" or not isinstance(node, ast.Call):
        return None
    name = source.qualify(node.func) or ""
    if not name.startswith("keras.losses.") or any(word.arg in (None, "from_logits") for word in node.keywords):
        return None
    same = [other for other in found if other.loss is not None and other.loss.node is node]
    if any(other.output is None or other.output.activation != "linear" for other in same):
        return None
    text = ast.get_source_segment(source.text, node)
    if text is None or "#" in text or "{}" in text or (node.args and name.rpartition(".")[2][:1].isupper()):
        return None
    inside = text.removesuffix(")").rstrip().removesuffix(",")
    return Fix((Edit(*source.span(node), f"{inside}{'' if inside.endswith('(') else ', '}from_logits=True)"),))
