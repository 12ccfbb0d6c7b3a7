"""Judges whether what a layer declares as its output shape is visibly not what its function returns."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Edit, Evidence, Finding, Fix
from pitfallcheck.lint.shapes.facts import LayerRan
from pitfallcheck.lint.shapes.told import scope_lines, shape_text
from pitfallcheck.lint.shapes.values import Array, Constant
from pitfallcheck.lint.shapes.walk import facts_of
from pitfallcheck.lint.source import Source, own_nodes
from pitfallcheck.pitfalls.lambda_output_shape import PITFALL


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each layer that visibly returns another shape than it declares."""
    told = set()
    for ran in facts_of(source).layers:
        if ran.differs and ran.node not in told and ran.declared is not None and isinstance(ran.returned, Array):
            told.add(ran.node)
            yield _finding(source, ran, ran.declared, ran.returned)


def _finding(source: Source, ran: LayerRan, declared: Array, returned: Array) -> Finding:
    said, real = shape_text(declared.dims, "None"), shape_text(returned.dims, "None")
    result = _result(source, ran)
    evidence = []
    if result is not None:
        evidence.append(Evidence("returned", f"returns {real}", source.path, result.lineno))
    if ran.announce is not None:
        line = ran.announce.lineno
        evidence.append(Evidence("declared", f"declares {said}", source.path, line))
    legacy = source.names.imports("tf_keras")
    what = f"the Lambda `{_subject(source, ran)}`" if ran.layer else f"the layer `{_subject(source, ran)}`"
    return PITFALL.finding(
        "warning" if legacy else "error",
        source.location(ran.node),
        f"{what} declares the output shape {said} and returns {real}; Keras believes the declaration and does not "
        "check it",
        remedy=_remedy(declared, returned, ran),
        source="static",
        subject=_subject(source, ran),
        scope=scope_lines(source, ran.node),
        evidence=tuple(evidence),
        fix=_fix(source, ran, declared, returned, result),
    )


def _subject(source: Source, ran: LayerRan) -> str:
    if ran.layer is None:
        owner = source.parents.get(ran.announce) if ran.announce else None
        return owner.name if isinstance(owner, ast.ClassDef) else ""
    name = ran.layer.given(None, "name")
    if isinstance(name, Constant) and isinstance(name.value, str):
        return name.value
    written = _written(ran.layer.node)
    return source.segment(written) if written is not None else ""


def _written(node: ast.Call) -> ast.expr | None:
    """The expression that gives a Lambda its function."""
    if node.args:
        return node.args[0]
    return next((keyword.value for keyword in node.keywords if keyword.arg == "function"), None)


def _lacks_last_axis(declared: Array, returned: Array) -> bool:
    lengths = zip(declared.dims[1:-1], returned.dims[1:], strict=False)
    same = all(a is None or b is None or a == b for a, b in lengths)
    return len(declared.dims) == len(returned.dims) + 1 and declared.dims[-1] == 1 and bool(returned.dims) and same


def _remedy(declared: Array, returned: Array, ran: LayerRan) -> str:
    if len(declared.dims) == len(returned.dims) + 1 and declared.dims[1:2] == (None,) and ran.layer is not None:
        return "leave the batch axis out of `output_shape`, Keras puts it in front"
    honest = shape_text(returned.dims[1:], "None")
    if _lacks_last_axis(declared, returned):
        keep = "keep the axis (`x[:, 0:1]`, `keras.ops.expand_dims(result, -1)`)"
        return f"{keep}, or declare what it returns (`output_shape={honest}`)" if ran.layer else keep
    return (
        f"declare what it returns (`output_shape={honest}`)"
        if ran.layer
        else "let `compute_output_shape` say what `call` returns"
    )


def _result(source: Source, ran: LayerRan) -> ast.expr | None:
    """The expression that gives the output: the body of a lambda, or what the only `return` returns."""
    node = ran.function.node
    if isinstance(node, ast.Lambda):
        return node.body
    returns = [part.value for part in own_nodes(node) if isinstance(part, ast.Return)]
    return returns[0] if len(returns) == 1 else None


def _fix(source: Source, ran: LayerRan, declared: Array, returned: Array, result: ast.expr | None) -> Fix | None:
    """Puts the missing last axis back where the result is made, if nothing but this layer uses that result."""
    if ran.layer is None or result is None or not _lacks_last_axis(declared, returned):
        return None
    function = ran.function.node
    if isinstance(function, ast.FunctionDef):
        uses = [node for node in source.nodes if isinstance(node, ast.Name) and node.id == function.name]
        if len(uses) != 1:
            return None
    elif _written(ran.layer.node) is not function:
        return None
    axis = "[:, None]" if len(returned.dims) == 1 else "[..., None]"
    return Fix((Edit(*source.span(result), "({})" + axis),))
