"""Judges whether modules keep layers or parameters where the framework does not see them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.flow.program import program_of
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.unregistered_modules import PITFALL
from pitfallcheck.pitfalls.unregistered_modules.places import Places, Unseen

LEFT_OUT = {
    "torch": "`parameters()`, `to(device)`, `state_dict()` and `train()` of the model leave {it} out, and an optimizer "
    "made from its parameters never moves {it}",
    "keras": "the model does not track {it}: its `trainable_variables` leave {it} out, and no step ever moves {it}",
}


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each attribute of a module that holds unregistered layers or parameters and is used."""
    if any(isinstance(of, ast.ClassDef) for of in source.classes):
        for unseen in Places(source, program_of(source)).unseen():
            yield _finding(source, unseen)


def _finding(source: Source, unseen: Unseen) -> Finding:
    made = _short(source, unseen.made.node)
    it = "it" if unseen.made.parameter and unseen.why != "container" else "them"
    left_out = LEFT_OUT[unseen.framework].format(it=it)
    what, remedy = _said(source, unseen, made)
    line = unseen.made.node.lineno
    evidence = (Evidence("made", f"`{made}` is made here", source.path, line),) if line != unseen.at.lineno else ()
    return PITFALL.finding(
        "error" if unseen.framework == "torch" or unseen.why == "class" else "warning",
        source.location(unseen.at),
        f"{what}: {left_out}",
        remedy=remedy,
        source="static",
        subject=f"self.{unseen.attribute}",
        scope=(unseen.of.lineno, unseen.of.end_lineno or unseen.of.lineno),
        evidence=evidence,
    )


def _said(source: Source, unseen: Unseen, made: str) -> tuple[str, str]:
    """What is wrong, and the line to write instead."""
    name = f"self.{unseen.attribute}"
    held = "parameters" if unseen.made.parameter else "layers"
    if unseen.why == "container":
        kind = "Parameter" if unseen.made.parameter else "Module"
        right = f"nn.{kind}{'Dict' if unseen.kind == 'dict' else 'List'}"
        written = _short(source, unseen.at)
        given = "" if written in ("[]", "()", "{}", "list()", "dict()") else written
        note = " (its keys are strings)" if unseen.kind == "dict" else ""
        note += ", and what is nested in it in one of its own" if unseen.nested else ""
        return (
            f"`{name}` of `{unseen.of.name}` is a plain {unseen.kind}, so torch does not register the {held} in it, "
            f"such as `{made}`",
            f"keep them in an `{right}`{note}: `{name} = {right}({given})`",
        )
    if unseen.why == "class":
        return (
            f"`{unseen.attribute}` is made in the body of `{unseen.of.name}`, so it belongs to the class, and the "
            f"{held} of the class are not registered",
            f"make it in `__init__`: `{name} = {made}`",
        )
    if unseen.why == "computed":
        return (
            f"`{name}` is a tensor computed from `{made}` and no parameter itself, so torch does not register it"
            if unseen.made.node is not unseen.at
            else f"`{name}` is a plain tensor and no `nn.Parameter`, so torch does not register it",
            f"compute first and register the result: `{name} = nn.Parameter(...)`",
        )
    if unseen.why == "plain":
        of = source.segment(unseen.at.func) if isinstance(unseen.at, ast.Call) else made
        return (
            f"`{of}`, which makes `{made}`, is no `nn.Module`, so `{unseen.of.name}` does not register the layers of "
            f"`{name}`",
            f"derive it from `nn.Module`: `class {of}(nn.Module):`, with `super().__init__()` in its `__init__`",
        )
    if unseen.why == "item":
        return (
            f"`{made}` replaces an item of `{name}`, and Keras 3 follows what is appended to a list but not that",
            f"build the list first and assign it once, or use `{name}.append(...)`",
        )
    return (
        f"layers such as `{made}` are put into `{source.segment(unseen.at)}` after it became `{name}`, and Keras 3 "
        "follows the attribute and not the list that it was made from",
        f"assign `{name}` after the list is complete",
    )


def _short(source: Source, node: ast.expr) -> str:
    text = source.segment(node)
    return text if len(text) <= 60 else f"{text[:57]}..."
