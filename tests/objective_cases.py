"""Lints a small program with the rules about outputs, losses and labels, and reads the marks that say what is due."""

from __future__ import annotations

import ast
import re
from textwrap import dedent

from pitfallcheck.catalog import find, static_half
from pitfallcheck.finding import Finding
from pitfallcheck.lint.source import Source

IMPORTS = """import numpy as np
import pandas as pd
import keras
import tensorflow as tf
from keras.models import Sequential, Model
from keras.layers import Activation, Conv2D, Dense, Dropout, Flatten, Input, LSTM, LeakyReLU, TimeDistributed
from keras.datasets import boston_housing, cifar10, imdb, mnist
from keras.utils import np_utils, to_categorical
from keras.preprocessing.image import ImageDataGenerator
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder
"""
RULES = ("PF205", "PF206", "PF207", "PF210", "PF214")
MARK = re.compile(r"(PF\d{3}) (error|warning|note)")


def source(program: str, imports: str = IMPORTS) -> Source:
    """`program` below the imports that all cases share."""
    text = imports + dedent(program)
    return Source("program.py", text, ast.parse(text))


def announced(program: str, imports: str = IMPORTS) -> set[tuple[int, str, str]]:
    """Line, code and level of each `# PF207 error` in a program; several stand in one comment."""
    lines = (imports + dedent(program)).splitlines()
    return {
        (number, *mark) for number, line in enumerate(lines, start=1) for mark in MARK.findall(line.partition("# ")[2])
    }


def findings(program: str, imports: str = IMPORTS) -> list[Finding]:
    """What all five rules say of a program that each of them would let through its screen."""
    read = source(program, imports)
    return [finding for code in RULES for finding in static_half(find(code))(read)]


def reported(program: str, imports: str = IMPORTS) -> set[tuple[int, str, str]]:
    """Line, code and level of each finding in a program."""
    return {(finding.location.line, finding.code, finding.level) for finding in findings(program, imports)}
