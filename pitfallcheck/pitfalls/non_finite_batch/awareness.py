"""Reads in a program whether it knows that its data have missing values, and deals with them."""

from __future__ import annotations

import ast
import re
from functools import lru_cache

from pitfallcheck.observe.events import Place
from pitfallcheck.observe.naming import tree_of

_REPAIRS = frozenset({
    "nan_to_num", "nan_to_num_", "fillna", "dropna", "interpolate", "masked_invalid", "MaskedArray", "SimpleImputer",
    "nanmean", "nansum", "nanstd", "nanvar", "nanmedian", "nanmin", "nanmax", "Masking", "masked_fill",
})  # fmt: skip
_ASKS = frozenset({"isnan", "isfinite", "isinf", "isnull", "isna", "notna", "notnull", "is_nan", "is_finite"})
_RESULT = re.compile(r"loss|cost|err|mse|mae|weight|grad|param|pred|out|history|score|\bw\b|\bb\b")
"""Names of what training gives: whoever asks those for NaN looks for the damage, and does not deal with the cause."""


def minds_missing_values(place: Place) -> bool:
    """Whether the file of a place masks or repairs missing values of its data."""
    return _file_minds(place.path)


@lru_cache(maxsize=64)
def _file_minds(path: str) -> bool:
    tree = tree_of(path)
    if tree is None:
        return False
    for node in ast.walk(tree):
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if name in _REPAIRS:
            return True
        if isinstance(node, ast.Call) and _asks_of_data(node):
            return True
        # Only NaN is not equal to itself.
        if isinstance(node, ast.Compare) and ast.unparse(node.left) == ast.unparse(node.comparators[0]):
            return True
    return False


def _asks_of_data(call: ast.Call) -> bool:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name not in _ASKS:
        return False
    # `np.isnan(y)`, or `y.isnan()`, whose receiver is no module.
    asked = call.args[0] if call.args else function.value if isinstance(function, ast.Attribute) else None
    return asked is not None and _RESULT.search(ast.unparse(asked).lower()) is None
