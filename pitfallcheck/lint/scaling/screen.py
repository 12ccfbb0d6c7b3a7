"""Asks a syntax tree, before anything in it is followed, whether it makes or loads raw numbers at all."""

from __future__ import annotations

import ast

from pitfallcheck.lint.flow.evaluation import constant
from pitfallcheck.lint.scaling.values import RAW
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

COUNTING = words("arange linspace randint integers uniform range random_integers")


def holds_raw_numbers(source: Source) -> bool:
    """Whether something in the file may be raw: a loader, a draw or a list of large numbers, or a large factor."""
    named = {
        target.id
        for node in source.nodes
        if isinstance(node, ast.Assign) and _is_large(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return any(_may_be_raw(node, named) for node in source.nodes)


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
            return name in LOADING or (
                name in COUNTING
                and any(_is_large(one) or (isinstance(one, ast.Name) and one.id in named) for one in node.args)
            )
        case ast.List():
            return any(_is_large(one) for one in node.elts)
        case ast.BinOp(op=ast.Mult()):
            return _is_large(node.left) or _is_large(node.right)
        case ast.Attribute():
            return node.attr in LOADING
    return False


def _is_large(node: ast.expr) -> bool:
    value = constant(node)
    return isinstance(value, int | float) and abs(value) > RAW
