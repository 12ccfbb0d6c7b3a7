"""Test data that are made of the training data: `x_test = x_train / 255`, `test_loader = DataLoader(train_set)`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pitfallcheck.lint.flow.bindings import dotted, unpacked
from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.flow.program import Program
from pitfallcheck.lint.flow.splits import TEST, TRAIN, role
from pitfallcheck.lint.shapes.vocabulary import words
from pitfallcheck.pitfalls.leaked_samples.seen import Seen

DATA = words("""
    x y data dataset datasets ds set images image labels label features feature inputs input targets target loader
    dataloader gen generator df img imgs iter iterator samples seq sequences texts padded scaled norm tensor
    """)
"""What data are called beside the word for their part; a rate, a path or a transform is none."""

KEEPING = words("""
    reshape astype to float long numpy toarray values copy flatten squeeze unsqueeze batch prefetch cache transform
    cuda cpu double view
    """)
"""Methods that give as many samples as they get."""

CONVERTING = words("""
    numpy.array numpy.asarray numpy.reshape numpy.expand_dims numpy.float32 torch.tensor torch.from_numpy
    torch.FloatTensor torch.LongTensor torch.Tensor torch.as_tensor keras.utils.to_categorical keras.utils.normalize
    keras.utils.np_utils.to_categorical tensorflow.convert_to_tensor tensorflow.one_hot tensorflow.cast
    tensorflow.data.Dataset.from_tensor_slices torch.utils.data.TensorDataset torch.utils.data.DataLoader
    keras.preprocessing.sequence.pad_sequences keras.utils.pad_sequences
    """)
"""Functions that do."""

PICKING = re.compile(r"Sampler|Subset\(|random_split|\bsample\(|indices|\.split\(")
"""Signs in a file that validation samples are picked from the training set by index."""

READERS = words("ImageFolder DatasetFolder flow_from_directory image_dataset_from_directory")


def copies(program: Program) -> Iterator[Seen]:
    """Each name for test data that is bound to nothing but training data."""
    for node in program.source.nodes:
        if not isinstance(node, ast.Assign) or len(node.targets) != 1 or _is_conditional(program, node):
            continue
        for target, value, place in unpacked(node.targets[0], node.value):
            name = dotted(target)
            if place == () and name is not None and value is not None and _is_test_data(name):
                yield from _judged(program, node, name, value)


def _judged(program: Program, node: ast.Assign, name: str, value: ast.expr) -> Iterator[Seen]:
    if isinstance(value, ast.Tuple | ast.List):
        # Inputs and targets under one name: what takes them is judged.
        return
    found = _made_of_training(program, value)
    if found is not None:
        loader = "DataLoader" in program.called(value)
        if loader and _only_looked_at(program, node):
            return
        message = f"`{name}` is made of `{found}`: what is measured on it was learned from"
        remedy = f"make `{name}` of the samples that were held out"
        yield Seen("warning" if loader else "error", value, message, remedy, name)
        return
    read = _read_again(program, value, name)
    if read is not None:
        message = f"`{name}` is read from the training set (`{read}`): what is measured on it was learned from"
        yield Seen("error", value, message, "read the part that is kept for testing", name)


def _is_test_data(name: str) -> bool:
    """Whether data of this name are for testing: `eval_loader` may be for looking at the training samples again."""
    return role(name) == "test" and "eval" not in name.lower() and _is_data(name)


def _only_looked_at(program: Program, node: ast.Assign) -> bool:
    """Whether a loader is only asked for a batch or two, to see whether it works."""
    reads = [read for bound in program.reaching(program.scope(node)).by.get(node, []) for read in program.reads(bound)]
    above = [program.source.parents.get(read) for read in reads]
    return bool(reads) and all(program.called(call) in ("iter", "len") for call in above if call is not None)


def _is_data(name: str) -> bool:
    last = name.rpartition(".")[2]
    parts = {part.lower() for part in re.split(r"[^a-zA-Z]+|(?<=[a-z])(?=[A-Z])", last) if part}
    return parts <= DATA | TRAIN | TEST and "train" not in parts


def _is_conditional(program: Program, node: ast.AST) -> bool:
    """Whether the name is bound only where something holds, as when no test data were given."""
    at = program.source.parents.get(node)
    while at is not None and not isinstance(at, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        if isinstance(at, ast.If | ast.Try | ast.Match | ast.ExceptHandler):
            return True
        at = program.source.parents.get(at)
    return False


def _made_of_training(program: Program, node: ast.expr) -> str | None:
    """The name of the training data that an expression has all its samples from; None where it has others or fewer."""
    match node:
        case ast.Name() | ast.Attribute() if (name := dotted(node)) is not None:
            if isinstance(node, ast.Attribute) and node.attr in KEEPING:
                return _made_of_training(program, node.value)
            return name if role(name) == "train" and _is_data(_other(name)) else None
        case ast.BinOp(left=left, right=right) if isinstance(constant(right), int | float):
            return _made_of_training(program, left)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) if parts:
            return _all(program, parts)
        case ast.Call():
            return _called(program, node)
    return None


def _called(program: Program, call: ast.Call) -> str | None:
    if any(keyword.arg in (None, "sampler", "batch_sampler") for keyword in call.keywords):
        return None
    called = program.called(call)
    short = called.rpartition(".")[2]
    if called in CONVERTING or short == "to_categorical":
        if short == "DataLoader":
            given = argument(call, 0, "dataset")
            made = program.origin(given) if given is not None and role(dotted(given) or "") is None else given
            return _made_of_training(program, made) if made is not None and len(call.args) < 4 else None
        return _all(program, call.args) if short == "TensorDataset" else _first(program, call)
    if isinstance(call.func, ast.Attribute) and not called and call.func.attr in KEEPING:
        return _first(program, call) if call.func.attr == "transform" else _made_of_training(program, call.func.value)
    return None


def _first(program: Program, call: ast.Call) -> str | None:
    return _made_of_training(program, call.args[0]) if call.args else None


def _all(program: Program, parts: list[ast.expr]) -> str | None:
    found = [_made_of_training(program, part) for part in parts]
    return found[0] if found and all(found) else None


def _other(name: str) -> str:
    return re.sub(r"(?i)train(ing)?|trn", "test", name)


def _read_again(program: Program, node: ast.expr, name: str) -> str | None:
    """`datasets.MNIST(root, train=True)`, or a folder called so, for something that is called test data."""
    if not isinstance(node, ast.Call) or PICKING.search(program.source.text):
        return None
    called = program.called(node)
    if called.startswith("torchvision.datasets.") and constant(argument(node, 1, "train")) is True:
        return ast.unparse(node.func) + "(..., train=True)"
    short = node.func.attr if isinstance(node.func, ast.Attribute) else called.rpartition(".")[2]
    if short not in READERS or any(keyword.arg in ("subset", None) for keyword in node.keywords):
        return None
    folder = argument(node, 0, "root", "directory")
    text = constant(folder) if folder is not None else None
    said = (
        text.rstrip("/").rpartition("/")[2] if isinstance(text, str) else dotted(folder) if folder is not None else None
    )
    return ast.unparse(folder) if said and folder is not None and role(said) == "train" else None
