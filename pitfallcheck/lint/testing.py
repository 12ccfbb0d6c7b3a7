"""Tells the code of tests from programs that train: a test has no model that is meant to learn."""

from __future__ import annotations

import ast
from dataclasses import replace

from pitfallcheck.finding import Finding
from pitfallcheck.lint.source import Source

FRAMEWORKS = (
    "pytest",
    "unittest",
    "absl.testing",
    "hypothesis",
    "nose",
    "keras.src.testing",
    "torch.testing._internal",
)


def is_test(source: Source) -> bool:
    """Whether a file holds tests, by what it imports and derives from; people call training scripts `test.py`, too."""
    if source.names.imports(*FRAMEWORKS):
        return True
    return any(_is_case(base) for node in source.classes for base in node.bases)


def _is_case(base: ast.expr) -> bool:
    name = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
    return str(name).endswith("TestCase")


def of_tests(findings: list[Finding]) -> list[Finding]:
    """Findings in a file of tests: worth knowing, and nothing that keeps a network from learning."""
    return [replace(finding, level="note") for finding in findings]
