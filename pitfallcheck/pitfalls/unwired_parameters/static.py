"""Judges whether parameters are made in the forward pass, or left out of the optimizer that is to train them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.unwired_parameters import PITFALL
from pitfallcheck.pitfalls.unwired_parameters.made_in_call import made_in_forward, unregistered
from pitfallcheck.pitfalls.unwired_parameters.optimizers import Missing, Optimizers


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each layer made in a forward pass, each tensor not registered, each optimizer that lacks some."""
    for call, method, framework in made_in_forward(source):
        yield _made_anew(source, call, method, framework)
    for statement, name in unregistered(source):
        yield _not_registered(source, statement, name)
    told: set[int] = set()
    for scope in (source.tree, *source.functions):
        for missing in Optimizers(source, scope).found():
            if missing.call.lineno not in told:
                told.add(missing.call.lineno)
                yield _not_held(source, missing)


def _made_anew(source: Source, call: ast.Call, method: ast.FunctionDef, framework: str) -> Finding:
    made = source.segment(call.func)
    return PITFALL.finding(
        "error",
        source.location(call),
        f"`{made}(...)` is made in `{method.name}`: every call starts with new random weights, the optimizer holds "
        "none of them, and what one step learns the next forgets"
        if framework == "torch"
        else f"`{made}(...)` is made in `{method.name}`: the model does not keep its weights, so nothing trains them",
        remedy="make it once in `__init__` (`self.layer = ...`) and use it here",
        source="static",
        subject=made,
        scope=_lines(method),
    )


def _not_registered(source: Source, statement: ast.Assign, name: str) -> Finding:
    return PITFALL.finding(
        "warning",
        source.location(statement),
        f"`self.{name}` is a plain tensor: the module's `parameters()` do not hold it, and an optimizer made from them "
        "never moves it",
        remedy=f"register it, `self.{name} = torch.nn.Parameter(...)`",
        source="static",
        subject=f"self.{name}",
    )


def _not_held(source: Source, missing: Missing) -> Finding:
    shown = ", ".join(f"`{name}`" for name in missing.what[:3])
    more = f" and {len(missing.what) - 3} more" if len(missing.what) > 3 else ""
    line = missing.shown.lineno  # type: ignore[attr-defined]
    message, text, remedy = {
        "replaced": (
            f"the optimizer is made before {shown} is replaced in line {line}: it holds the parameters of the old one, "
            "and the new one is never moved",
            "replaced here, after the optimizer was made",
            "make the optimizer after the model is complete",
        ),
        "another": (
            f"the optimizer holds the parameters of another model than {shown}, which is the one that is called and "
            "gets the gradients: no step ever moves it",
            "the model that is called",
            f"make the optimizer from `{missing.what[0]}.parameters()`",
        ),
        "part": (
            f"the optimizer holds only a part of the model: {shown}{more} is used and gets gradients, and no step ever "
            "moves it",
            "made here, and not in the optimizer",
            f"make the optimizer from `{missing.what[0].partition('.')[0]}.parameters()`, or freeze the rest with "
            "`requires_grad_(False)` to say that it is meant",
        ),
        "tensors": (
            f"the optimizer's list leaves out {shown}{more}, which was made with `requires_grad` and is computed with: "
            "no step ever moves it",
            "made here, and in no optimizer",
            "add it to the list",
        ),
    }[missing.why]
    return PITFALL.finding(
        "warning" if missing.why == "part" else "error",
        source.location(missing.call),
        message,
        remedy=remedy,
        source="static",
        scope=(1, max(1, len(source.lines))),
        evidence=(Evidence("layer", text, source.path, line),),
    )


def _lines(function: ast.FunctionDef) -> tuple[int, int]:
    return (function.lineno, function.end_lineno or function.lineno)
