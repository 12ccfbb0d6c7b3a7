"""Judges whether probabilities visibly go into a loss that takes logits and makes probabilities of them again."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Edit, Evidence, Finding, Fix
from pitfallcheck.lint.flow.evaluation import argument
from pitfallcheck.lint.objectives.facts import Loss, Objective, Output
from pitfallcheck.lint.objectives.read import objectives_of
from pitfallcheck.lint.objectives.told import OVER_CLASSES, PROBABILITIES, is_softmax_of_one, place, short
from pitfallcheck.lint.objectives.torch_read import contexts_of
from pitfallcheck.lint.shapes.told import scope_lines
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.doubled_softmax import PITFALL


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each loss, or each activation of torch, at which probabilities are taken for logits."""
    told = set[ast.AST]()
    found = objectives_of(source)
    for objective in found:
        output, loss = objective.output, objective.loss
        if output is None or loss is None:
            continue
        if not doubles(output, loss):
            inner = _inner(source, objective.framework, output)
            if inner is not None and inner not in told and loss.name in OVER_CLASSES:
                told.add(inner)
                yield _of_both(source, inner, output, loss)
            continue
        at = place(output) if objective.framework == "torch" else loss.node
        if at not in told:
            told.add(at)
            yield _finding(source, objective.framework, output, loss, at, _fix(source, loss, found))


def doubles(output: Output, loss: Loss) -> bool:
    """Whether `loss` makes probabilities of what is made probabilities by `output`."""
    if loss.expects != "logits" or is_softmax_of_one(output) or (output.units == 1 and loss.name in OVER_CLASSES):
        return False
    # The logarithm of a softmax is logits as good as any.
    return output.activation in PROBABILITIES or (
        output.activation == "log_sigmoid" and loss.name == "BCEWithLogitsLoss"
    )


def _inner(source: Source, framework: str, output: Output) -> ast.expr | None:
    """The softmax of torch whose probabilities the log-softmax at the end of `output` takes for logits."""
    if framework != "torch" or output.activation != "log_softmax" or output.activated_at is None:
        return None
    met = [one.given for one in contexts_of(source).softmaxes if one.node is output.activated_at]
    given = met[0] if met else None
    shared = all(one is not None and one.activation == "softmax" for one in met)
    return given.activated_at if given is not None and shared else None


def _of_both(source: Source, inner: ast.expr, output: Output, loss: Loss) -> Finding:
    outer = place(output)
    return PITFALL.finding(
        "error",
        source.location(inner),
        f"`{short(source, inner)}` makes probabilities with a softmax, and `{short(source, outer)}` takes them for "
        f"logits and applies another one before `{loss.name}`: the loss sees nearly equal classes and cannot come "
        "close to 0",
        remedy="leave out this softmax, and apply it only where probabilities are read",
        source="static",
        subject=loss.name,
        scope=scope_lines(source, inner),
        evidence=(Evidence("softmax", f"`{short(source, outer)}` is the second", source.path, outer.lineno),),
    )


def _finding(source: Source, framework: str, output: Output, loss: Loss, at: ast.expr, fix: Fix | None) -> Finding:
    applied = short(source, place(output))
    squash = "softmax" if loss.name in OVER_CLASSES else "sigmoid"
    mended = framework == "keras" and not loss.name.endswith("with_logits")
    message = (
        f"`{applied}` makes probabilities with a {output.activation}, and `{loss.name}` takes its input for logits and "
        f"applies a {squash} once more: the loss sees nearly equal classes and cannot come close to 0"
    )
    if mended:
        message = (
            f"`{short(source, loss.node)}` expects logits, and the output is made probabilities by `{applied}`: the "
            f"{squash} is applied twice, unless the backend is TensorFlow, which notices and warns"
        )
        remedy = f"leave out `from_logits=True`, or the {output.activation}"
    else:
        remedy = (
            f"give the loss what goes into the {output.activation}, and apply the {output.activation} only where "
            "probabilities are read"
        )
    evidence: tuple[Evidence, ...] = ()
    other = loss.node if at is not loss.node else place(output)
    if other.lineno != at.lineno:
        what = f"`{short(source, other)}`"
        text = f"{what} expects logits" if other is loss.node else f"{what} gives probabilities"
        evidence = (Evidence("loss" if other is loss.node else "output", text, source.path, other.lineno),)
    return PITFALL.finding(
        "warning" if mended else "error",
        source.location(at),
        message,
        remedy=remedy,
        source="static",
        subject=loss.name,
        scope=scope_lines(source, at),
        evidence=evidence,
        fix=fix,
    )


def _fix(source: Source, loss: Loss, found: list[Objective]) -> Fix | None:
    """`from_logits=False`, where the loss is of no other model."""
    given = argument(loss.node, None, "from_logits") if isinstance(loss.node, ast.Call) else None
    if not isinstance(given, ast.Constant) or given.value is not True:
        return None
    for other in found:
        if (
            other.loss is not None
            and other.loss.node is loss.node
            and (other.output is None or not doubles(other.output, other.loss))
        ):
            return None
    return Fix((Edit(*source.span(given), "False"),))
