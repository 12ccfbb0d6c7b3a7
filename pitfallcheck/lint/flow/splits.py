"""Finds where a file divides its data into a part for training and a part for evaluation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pitfallcheck.lint.flow.bindings import dotted
from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.flow.scoping import Scoping
from pitfallcheck.lint.shapes.vocabulary import words

Role = Literal["train", "test"]

_PARTS = re.compile(r"[^a-zA-Z]+|(?<=[a-z])(?=[A-Z])")
TRAIN = words("train training trn tr xtrain ytrain trainx trainy traindata trainset trainloader trainx trainy")
TEST = words("""
    test testing tst te val valid validation validate dev eval evaluation holdout heldout xtest ytest xval yval testx
    testy testdata testset testloader valset valloader valdata valx valy
    """)

FOLDS = words("""
    KFold StratifiedKFold GroupKFold RepeatedKFold RepeatedStratifiedKFold ShuffleSplit StratifiedShuffleSplit
    TimeSeriesSplit LeaveOneOut
    """)
CROSS = words("cross_val_score cross_val_predict cross_validate")
SKLEARN = ("sklearn.model_selection.", "sklearn.cross_validation.", "sklearn.model_selection._split.")


@dataclass(frozen=True, eq=False, slots=True)
class Split:
    """The call or slice `node` divides `inputs` into parts, drawn at random where `shuffled` (None: not known).

    `train` and `test` are the targets that the parts are bound to, input for input, where there are such.
    """

    node: ast.expr
    inputs: tuple[ast.expr, ...]
    shuffled: bool | None
    kind: Literal["split", "folds", "cross", "slices"]
    train: tuple[ast.expr, ...] = ()
    test: tuple[ast.expr, ...] = ()


def role(name: str) -> Role | None:
    """Whether a name says that its data are trained on, or that they are for evaluation; None where it says neither."""
    parts = {part.lower() for part in _PARTS.split(name) if part}
    if parts & TRAIN and not parts & TEST:
        return "train"
    return "test" if parts & TEST and not parts & TRAIN else None


def splits(program: Program) -> Iterator[Split]:
    """Every division of data in the file, in its order."""
    for node in program.source.nodes:
        if isinstance(node, ast.Call):
            found = _called(program, node)
            if found is not None:
                yield found
    yield from _sliced(program)


def _called(program: Program, call: ast.Call) -> Split | None:
    name = program.source.qualify(call.func) or ""
    short = name.rpartition(".")[2]
    if name.startswith(SKLEARN):
        if short == "train_test_split":
            shuffled = constant(argument(call, None, "shuffle"))
            train, test = _pairs(program, call)
            stated = (
                True if argument(call, None, "shuffle") is None else shuffled if isinstance(shuffled, bool) else None
            )
            return Split(call, tuple(call.args), stated, "split", train, test)
        if short in CROSS and (given := argument(call, 1, "X")) is not None:
            return Split(call, (given,), None, "cross")
    if name == "torch.utils.data.random_split" and call.args:
        train, test = _pairs(program, call)
        return Split(call, (call.args[0],), True, "split", train, test)
    if isinstance(call.func, ast.Attribute) and call.func.attr == "split" and not name and call.args:
        made = program.origin(call.func.value)
        maker = program.called(made)
        if maker.startswith(SKLEARN) and maker.rpartition(".")[2] in FOLDS and isinstance(made, ast.Call):
            drawn = "ShuffleSplit" in maker or constant(argument(made, None, "shuffle")) is True
            return Split(call, (call.args[0],), drawn, "folds")
    return None


def _pairs(program: Program, call: ast.Call) -> tuple[tuple[ast.expr, ...], tuple[ast.expr, ...]]:
    """The targets of the parts for training and for evaluation, in turn."""
    statement = program.source.parents.get(call)
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return (), ()
    target = statement.targets[0]
    parts = target.elts if isinstance(target, ast.Tuple | ast.List) else []
    if any(isinstance(part, ast.Starred) for part in parts):
        return (), ()
    return tuple(parts[0::2]), tuple(parts[1::2])


def _sliced(program: Program) -> Iterator[Split]:
    """`x[:n]` and `x[n:]`, where the names that they are given say what they are for."""
    heads: dict[tuple[str, str], list[tuple[ast.Subscript, ast.expr]]] = {}
    tails: dict[tuple[str, str], list[tuple[ast.Subscript, ast.expr]]] = {}
    for node in program.source.nodes:
        if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
            continue
        found = sliced(node)
        if found is None:
            continue
        base, first, end = found
        target = bound_to(program, node)
        said = role(dotted(target) or "") if target is not None else None
        name = dotted(base)
        if name is None or target is None or said is None:
            continue
        if first is None and end is not None and said == "train":
            heads.setdefault((name, ast.unparse(end)), []).append((node, target))
        elif first is not None and said == "test":
            tails.setdefault((name, ast.unparse(first)), []).append((node, target))
    for (name, begin), ends in tails.items():
        # The test part may begin a window before the end of the training part: `x[n - 60:]`.
        starts = dict.fromkeys((begin, begin.partition(" - ")[0]))
        for head, train in [head for start in starts for head in heads.get((name, start), ())]:
            for tail, test in ends:
                if program.bindings(_base(head)) == program.bindings(_base(tail)):
                    yield Split(tail, (_base(tail),), False, "slices", (train,), (test,))


def sliced(node: ast.Subscript) -> tuple[ast.expr, ast.expr | None, ast.expr | None] | None:
    """The array, the first sample and the end of a slice along the first axis; None where the end is the array's."""
    index = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
    if not isinstance(index, ast.Slice) or index.step is not None:
        return None
    base = _base(node)
    first = None if constant(index.lower) == 0 else index.lower
    end = index.upper
    if isinstance(end, ast.Call) and ast.unparse(end) == f"len({ast.unparse(base)})":
        end = None
    return base, first, end


def _base(node: ast.Subscript) -> ast.expr:
    base = node.value
    return base.value if isinstance(base, ast.Attribute) and base.attr in ("iloc", "loc", "values") else base


def bound_to(program: Scoping, node: ast.expr) -> ast.expr | None:
    """The target that an expression is assigned to, alone or as its part of a tuple, through wraps and methods."""
    at: ast.AST = node
    above = program.source.parents.get(node)
    while isinstance(above, ast.Attribute | ast.Call):
        at, above = above, program.source.parents.get(above)
    if isinstance(above, ast.Tuple):
        statement = program.source.parents.get(above)
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Tuple):
            parts = statement.targets[0].elts
            place = next(index for index, part in enumerate(above.elts) if part is at)
            return parts[place] if len(parts) == len(above.elts) else None
        return None
    return above.targets[0] if isinstance(above, ast.Assign) and len(above.targets) == 1 else None
