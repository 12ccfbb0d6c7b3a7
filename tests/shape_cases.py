"""Lints a small program with one static half of the shape pitfalls, and reads the marks that say what is due."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from textwrap import dedent

from pitfallcheck.finding import Finding
from pitfallcheck.lint.fix import apply
from pitfallcheck.lint.source import Source

IMPORTS = """import numpy as np
import jax
import jax.numpy as jnp
import keras
import keras.backend as K
import tensorflow as tf
import torch
import torch.nn as nn
import torch.nn.functional as F
from keras import layers, ops
from torch.utils.data import DataLoader, Dataset, TensorDataset
"""
MARK = re.compile(r"# (PF\d+)(?: (\w+))?: (.+)$")

Judge = Callable[[Source], Iterator[Finding]]


def source(program: str) -> Source:
    """`program` below the imports that all cases share."""
    text = IMPORTS + dedent(program)
    return Source("program.py", text, ast.parse(text))


def announced(program: str) -> set[tuple[int, str, str]]:
    """Line, level and subject of each `# PF202 warning: a - b` mark; without a level it is an error."""
    lines = (IMPORTS + dedent(program)).splitlines()
    marks = ((number, MARK.search(line)) for number, line in enumerate(lines, start=1))
    return {(number, mark[2] or "error", mark[3]) for number, mark in marks if mark}


def reported(judge: Judge, program: str) -> set[tuple[int, str, str]]:
    """Line, level and subject of each finding."""
    return {(found.location.line, found.level, found.subject) for found in judge(source(program))}


def mended(judge: Judge, program: str) -> str:
    """The program, without the shared imports, after all its fixes."""
    parsed = source(program)
    fixes = [found.fix for found in judge(parsed) if found.fix is not None]
    assert fixes and all(fix.safe for fix in fixes)
    return apply(parsed.text, fixes)[len(IMPORTS) :]
