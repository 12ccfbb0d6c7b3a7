"""Finds what is learned from in what yields batches: generators of the file, data sets, image folders."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.objectives.labels_known import CLASS_MODES, LABEL_MODES, Shown
from pitfallcheck.lint.objectives.labels_numbers import joined
from pitfallcheck.lint.objectives.resolve import Calls, Resolver
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.lint.source import own_nodes

if TYPE_CHECKING:
    from pitfallcheck.lint.objectives.labels import LabelsOf, Place

CHAINED = words("shuffle batch repeat prefetch cache take skip padded_batch unbatch with_options as_numpy_iterator")
"""Methods of `tf.data.Dataset` that leave the elements what they are."""

FOLDERS = frozenset(
    {"keras.preprocessing.image_dataset_from_directory", "keras.utils.image_dataset_from_directory",
     "keras.preprocessing.text_dataset_from_directory", "keras.utils.text_dataset_from_directory"}
)  # fmt: skip


def of_batches(labels: LabelsOf, node: ast.expr, calls: Calls, place: Place) -> Shown | None:
    """What is at `place` in each batch of `node`: (1,) for the targets of batches of inputs and targets."""
    found = []
    for held in labels.resolver.alternatives(node, calls):
        if not isinstance(held.node, ast.Call):
            return None
        found.append(_of_call(labels, held.node, held.calls, place))
    return joined(found)


def _of_call(labels: LabelsOf, call: ast.Call, calls: Calls, place: Place) -> Shown | None:
    resolver = labels.resolver
    name = resolver.called(call)
    function = call.func
    if name in FOLDERS:
        return _folder(resolver, call, calls, "label_mode", "int") if place == (1,) else None
    if name == "tensorflow.data.Dataset.from_tensor_slices" and call.args:
        return labels.of(call.args[0], calls, place)
    if name in ("zip", "tensorflow.data.Dataset.zip"):
        parts = call.args
        if len(parts) == 1 and isinstance(parts[0], ast.Tuple | ast.List):
            parts = parts[0].elts
        if place and place[0] < len(parts):
            return labels.of(parts[place[0]], calls, place[1:]) if name == "zip" else None
    if name in ("enumerate", "tqdm.tqdm", "iter", "next") and call.args:
        within = place[1:] if name == "enumerate" else place
        return of_batches(labels, call.args[0], calls, within) if place[:1] == (1,) or name != "enumerate" else None
    if isinstance(function, ast.Attribute):
        if function.attr in CHAINED:
            return of_batches(labels, function.value, calls, place)
        if function.attr in ("flow_from_directory", "flow_from_dataframe"):
            return _folder(resolver, call, calls, "class_mode", "categorical") if place == (1,) else None
        if function.attr == "flow" and len(call.args) >= 2 and place == (1,):
            return labels.of(call.args[1], calls)
        if function.attr == "flow" and place == (1,):
            given = argument(call, None, "y")
            return None if given is None else labels.of(given, calls)
    return _yielded(labels, call, calls, place)


def _yielded(labels: LabelsOf, call: ast.Call, calls: Calls, place: Place) -> Shown | None:
    """What a generator of the file yields."""
    function = labels.resolver.program.function(call)
    if not isinstance(function, ast.FunctionDef) or call in calls:
        return None
    given = [node.value for node in own_nodes(function) if isinstance(node, ast.Yield) and node.value is not None]
    return joined([labels.of(value, (*calls, call), place) for value in given]) if given else None


def _folder(resolver: Resolver, call: ast.Call, calls: Calls, word: str, default: str) -> Shown | None:
    """Labels that come from the names of folders: the mode says what they are."""
    given = argument(call, None, word)
    mode = default if given is None else resolver.constant(given, calls)
    if any(one.arg is None for one in call.keywords) or argument(call, None, "labels") is not None:
        return None
    modes = CLASS_MODES if word == "class_mode" else LABEL_MODES
    kind = modes.get(mode)
    named = argument(call, None, "classes", "class_names")
    classes = len(named.elts) if isinstance(named, ast.List | ast.Tuple) else None
    if kind is None or (constant(named) is None and named is not None and kind == "integers"):
        return None
    how = f"`{word}={mode!r}`" if given is not None else f"`{word}` is {default!r} unless it is given"
    high = None if kind == "integers" else 1
    return Shown(kind, 2 if kind == "binary" else classes, 0, high, how, width=None if kind == "one-hot" else 1)
