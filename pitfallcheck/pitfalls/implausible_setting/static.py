"""Judges settings by the callables that they are given to, wherever the file shows the number."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pitfallcheck.finding import Evidence, Finding
from pitfallcheck.lint.flow.program import Program, program_of
from pitfallcheck.lint.flow.settings import Settings
from pitfallcheck.lint.flow.trials import on_trial
from pitfallcheck.lint.shapes.told import scope_lines
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.implausible_setting import PITFALL, monitors, ranges, rates
from pitfallcheck.pitfalls.implausible_setting.endings import Endings
from pitfallcheck.pitfalls.implausible_setting.judged import Judged

ROOMS = ("keras.layers", "keras.optimizers", "keras.callbacks")
"""Whose classes Keras also keeps deeper down, under names that changed from version to version."""


def judge(source: Source) -> Iterator[Finding]:
    """One finding for each setting that can only be a slip."""
    if not source.names.imports("torch", "keras", "tensorflow", "tf_keras", "pytorch_lightning", "lightning"):
        return
    program = program_of(source)
    settings = Settings(program)
    keras = source.names.imports("keras", "tensorflow", "tf_keras")
    found: list[Judged] = []
    for node in source.nodes:
        if not isinstance(node, ast.Call) or not (node.args or node.keywords):
            continue
        called = source.qualify(node.func)
        if called is not None:
            name = _canonical(called)
            found += [
                *ranges.judged(settings, node, name),
                *rates.judged(settings, node, name),
                *monitors.judged(settings, node, name),
            ]
        elif isinstance(node.func, ast.Attribute) and node.func.attr == "fit" and keras:
            found += ranges.judged_fit(settings, node)
        elif isinstance(node.func, ast.Attribute) and node.func.attr == "step":
            found += monitors.judged_plateau(settings, node)
    if "ropout" in source.text:
        found += Endings(program).judged()
    for one in found:
        if not on_trial(source, one.node):
            yield _finding(source, program, one)


def _canonical(called: str) -> str:
    """`keras.layers.Dropout` for `keras.layers.core.Dropout`."""
    if called.startswith("keras.optimizer_v"):
        return f"keras.optimizers.{called.rpartition('.')[2]}"
    for room in ROOMS:
        if called.startswith(f"{room}."):
            return f"{room}.{called.rpartition('.')[2]}"
    return called


def _finding(source: Source, program: Program, one: Judged) -> Finding:
    evidence: list[Evidence] = []
    binding = program.sole(one.node) if isinstance(one.node, ast.Name | ast.Attribute) else None
    line = getattr(binding.node, "lineno", None) if binding is not None else None
    if line is not None and line != one.node.lineno:
        evidence.append(Evidence("set", "set here", source.path, line))
    return PITFALL.finding(
        one.level,
        source.location(one.node),
        one.message,
        remedy=one.remedy,
        source="static",
        subject=one.subject,
        scope=scope_lines(source, one.node),
        evidence=tuple(evidence),
    )
