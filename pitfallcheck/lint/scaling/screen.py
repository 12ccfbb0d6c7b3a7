"""Asks a syntax tree, before anything in it is followed, whether it makes or loads raw numbers at all."""

from __future__ import annotations

import ast

from pitfallcheck.lint.flow.evaluation import constant
from pitfallcheck.lint.scaling.values import OFFSET
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import Source

LOADING = words(
    """
    load_data imread imdecode frombuffer load_img decode_jpeg decode_png decode_image decode_bmp decode_gif
    read_image image_dataset_from_directory ImageDataGenerator fetch_openml fetch_mldata fetch_california_housing
    load_wine load_breast_cancer load_boston train_images convert_from_file read_csv read_table loadtxt genfromtxt
    MNIST FashionMNIST CIFAR10 CIFAR100 KMNIST EMNIST SVHN STL10 QMNIST ImageFolder
    """
)
"""What functions that load raw numbers are called."""

LOADING_OF = {"open": ("Image",), "load": ("tfds", "pickle", "cPickle", "tensorflow_datasets")}
"""Functions that are told from others of their name by what they belong to."""

COUNTING = words("arange linspace randint integers uniform range random_integers normal gauss uniform_ normal_")

SCALING_UP = words("multiply mul mul_ add_")
"""Functions that may make numbers large by what they are given, wherever that was written down."""


def holds_raw_numbers(source: Source) -> bool:
    """Whether something in the file may be raw: a loader, large numbers that are drawn or listed, or a large factor."""
    named = {
        target.id
        for node in source.nodes
        if isinstance(node, ast.Assign) and _is_large(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    named |= _given_large(source)
    return any(_may_be_raw(node, named) for node in source.nodes)


def _given_large(source: Source) -> set[str]:
    """The parameters of functions of the file of which a default, or a number in a call, is large."""
    called = {
        node.func.id
        for node in source.nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and any(_is_large(one) for one in (*node.args, *(keyword.value for keyword in node.keywords)))
    }
    return {
        argument.arg
        for function in source.functions
        if function.name in called or any(_is_large(one) for one in function.args.defaults)
        for argument in (*function.args.args, *function.args.kwonlyargs)
    }


def named_numbers(source: Source) -> frozenset[str]:
    """The names that some assignment binds to a number, or to a quotient or product of two."""
    return frozenset(
        target.id
        for node in source.nodes
        if isinstance(node, ast.Assign) and _is_number(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    )


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_number(node.left) and _is_number(node.right)
    return isinstance(constant(node), int | float)


def _may_be_raw(node: ast.AST, named: set[str]) -> bool:
    match node:
        case ast.Call():
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            owner = getattr(node.func, "value", None)
            if name in LOADING_OF:
                return getattr(owner, "id", getattr(owner, "attr", "")) in LOADING_OF[name]
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            counted = name in COUNTING and any(_may_be_large(one, named) for one in given)
            return counted or name in LOADING or name in SCALING_UP
        case ast.List():
            return any(_is_large(one) for one in node.elts)
        case ast.BinOp(op=ast.Mult() | ast.Add() | ast.Sub()):
            return _may_be_large(node.left, named) or _may_be_large(node.right, named)
        case ast.Attribute():
            return node.attr in LOADING
    return False


def _may_be_large(node: ast.expr, named: set[str]) -> bool:
    return _is_large(node) or (isinstance(node, ast.Name) and node.id in named)


def _is_large(node: ast.expr) -> bool:
    value = constant(node)
    return isinstance(value, int | float) and abs(value) >= OFFSET
