"""Recognises what learns from the data that it prepares: scalers, selectors, imputers, vectorisers, oversamplers."""

from __future__ import annotations

import ast
from typing import NamedTuple

from pitfallcheck.lint.flow.bindings import dotted
from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.shapes.vocabulary import words

LEARNS = {
    "sklearn.preprocessing": words("""
        StandardScaler MinMaxScaler MaxAbsScaler RobustScaler QuantileTransformer PowerTransformer KBinsDiscretizer
        Imputer TargetEncoder
        """),
    "sklearn.decomposition": words("PCA KernelPCA TruncatedSVD FastICA NMF IncrementalPCA FactorAnalysis SparsePCA"),
    "sklearn.feature_selection": words("""
        SelectKBest SelectPercentile SelectFromModel RFE RFECV SelectFpr SelectFdr SequentialFeatureSelector
        """),
    "sklearn.impute": words("SimpleImputer KNNImputer IterativeImputer"),
    "sklearn.feature_extraction.text": words("TfidfVectorizer TfidfTransformer"),
    "sklearn.discriminant_analysis": words("LinearDiscriminantAnalysis"),
    "imblearn.over_sampling": words("""
        SMOTE ADASYN RandomOverSampler BorderlineSMOTE SVMSMOTE KMeansSMOTE SMOTENC SMOTEN
        """),
    "imblearn.combine": words("SMOTEENN SMOTETomek"),
    "category_encoders": words("TargetEncoder CatBoostEncoder LeaveOneOutEncoder JamesSteinEncoder WOEEncoder"),
}
"""By package: classes whose `fit` keeps something of the samples. Those that encode categories keep but their names."""

GRAVE = frozenset({"sklearn.feature_selection", "imblearn.over_sampling", "imblearn.combine", "category_encoders"})
"""Those that hand labels, or samples themselves, across the split."""

FUNCTIONS = words("scale minmax_scale maxabs_scale robust_scale quantile_transform power_transform")
"""Functions of `sklearn.preprocessing` that fit and transform in one."""

FITTING = frozenset({"fit_transform", "fit_resample", "fit_sample"})


class Fitted(NamedTuple):
    """The call that learns from `data`, what it is called, and whether labels or samples are handed on."""

    call: ast.expr
    data: ast.expr
    kind: str
    grave: bool


def fitted(program: Program, node: ast.AST) -> Fitted | None:
    """What the expression or change `node` has learned from its data, if it is such a step."""
    if isinstance(node, ast.Call) and node.args:
        package, _, kind = program.called(node).rpartition(".")
        if package == "sklearn.preprocessing" and kind in FUNCTIONS:
            by_sample = constant(argument(node, None, "axis")) == 1
            return None if by_sample else Fitted(node, node.args[0], kind, False)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _by_object(program, node, node.func)
    if isinstance(node, ast.BinOp):
        return _by_hand(program, node)
    return None


def _by_object(program: Program, call: ast.Call, function: ast.Attribute) -> Fitted | None:
    if function.attr not in FITTING and function.attr != "transform":
        return None
    made = program.origin(function.value)
    if isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute) and made.func.attr == "fit":
        # `scaler = StandardScaler().fit(x)`
        return _of_class(program, program.origin(made.func.value), made)
    if function.attr in FITTING:
        return _of_class(program, made, call)
    fits = [
        found
        for mention in program.mentions.get("fit", [])
        if isinstance(mention, ast.Attribute)
        and program.origin(mention.value) is made
        and isinstance(found := program.source.parents.get(mention), ast.Call)
        and found.func is mention
    ]
    # Of several fits nobody knows the one that holds.
    return _of_class(program, made, fits[0]) if len(fits) == 1 else None


def _of_class(program: Program, made: ast.expr, call: ast.Call) -> Fitted | None:
    package, _, kind = program.called(made).rpartition(".")
    package = next((known for known in LEARNS if package == known or package.startswith(f"{known}.")), "")
    data = argument(call, 0, "X", "raw_documents")
    if kind not in LEARNS.get(package, ()) or data is None:
        return None
    supervised = kind in ("LinearDiscriminantAnalysis", "TargetEncoder")
    return Fitted(call, data, kind, package in GRAVE or supervised)


def _by_hand(program: Program, node: ast.BinOp) -> Fitted | None:
    """`(x - x.mean(0)) / x.std(0)` and `(x - x.min(0)) / (x.max(0) - x.min(0))`."""
    if not isinstance(node.op, ast.Div):
        return None
    above = program.origin(node.left)
    if not isinstance(above, ast.BinOp) or not isinstance(above.op, ast.Sub) or dotted(above.left) is None:
        return None
    centre, spread = _statistic(program, above.right, above.left), program.origin(node.right)
    if isinstance(spread, ast.BinOp) and isinstance(spread.op, ast.Add):
        spread = program.origin(spread.left)
    if isinstance(spread, ast.BinOp) and isinstance(spread.op, ast.Sub):
        wide = {_statistic(program, spread.left, above.left), _statistic(program, spread.right, above.left)}
        if centre in ("min", "mean") and wide == {"max", "min"}:
            return Fitted(node, above.left, "minimum and maximum", False)
    if centre in ("mean", "median") and _statistic(program, spread, above.left) == "std":
        return Fitted(node, above.left, "mean and standard deviation", False)
    return None


def _statistic(program: Program, node: ast.expr, of: ast.expr) -> str | None:
    """The name of the statistic over all samples of `of` that `node` is."""
    made = program.origin(node)
    if isinstance(made, ast.Subscript) and not isinstance(made.slice, ast.Slice):
        made = program.origin(made.value)
    if not isinstance(made, ast.Call) or not isinstance(made.func, ast.Attribute):
        return None
    library = bool(program.called(made))
    data = argument(made, 0, "a", "input", "x") if library else made.func.value
    axis = constant(argument(made, 1 if library else 0, "axis", "dim"))
    if data is None or dotted(data) is None or dotted(data) != dotted(of) or axis not in (0, None, ...):
        return None
    if axis is ... and argument(made, 1 if library else 0, "axis", "dim") is not None:
        return None
    if program.bindings(data) != program.bindings(of):
        return None
    name = made.func.attr.removeprefix("reduce_").removeprefix("nan").removeprefix("a")
    return name if name in ("mean", "std", "min", "max", "median") else None
