"""What is known of data as a library loads it, and of the transforms and layers that scale it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.scaling import sources
from pitfallcheck.lint.scaling.arithmetic import number
from pitfallcheck.lint.scaling.values import Bunch, Each, Parts, Scaler, Span, Value

if TYPE_CHECKING:
    from pitfallcheck.lint.scaling.calls import Values

RAW_TABLE = 1000.0
"""Stands for the largest number of a table of which no more is known than that it is raw."""


def pixels(node: ast.expr, by: str, *, integer: bool = True) -> Span:
    """An array of pixels that `by` hands over as they are stored."""
    return Span("pixels", 0.0, 255.0, node, f"`{by}` gives pixels from 0 to 255", integer)


def labels(node: ast.expr) -> Span:
    """An array of class numbers."""
    return Span("labels", 0.0, None, node)


def loaded(values: Values, node: ast.Call, called: str) -> Value:
    """What a function that loads data returns; None where it is none that is known."""
    if called in sources.TABLES:
        return _table(node, called)
    if called.startswith("keras.datasets.") and called.endswith(".load_data"):
        name = called.split(".")[2]
        if name in sources.KERAS_PIXELS:
            pair = Parts((pixels(node, f"{name}.load_data()"), labels(node)))
            return Parts((pair, pair))
    if called in sources.FILE_READERS:
        return _file(node)
    if called in ("sklearn.datasets.fetch_openml", "sklearn.datasets.fetch_mldata"):
        if constant(argument(node, 0, "name", "dataname")) not in sources.OPENML_PIXELS:
            return None
        shown = f"{called.rpartition('.')[2]}({constant(argument(node, 0, 'name', 'dataname'))!r})"
        images = pixels(node, shown, integer=False)
        both = constant(argument(node, None, "return_X_y")) is True
        return Parts((images, labels(node))) if both else Bunch(images, labels(node))
    if called in sources.READERS:
        return pixels(node, f"{_last_two(called)}(...)")
    if called in ("matplotlib.pyplot.imread", "matplotlib.image.imread"):
        path = constant(argument(node, 0, "fname"))
        # Of a PNG it gives numbers from 0 to 1.
        known = isinstance(path, str) and path.lower().endswith((".jpg", ".jpeg", ".bmp"))
        return pixels(node, f"{_last_two(called)}({path!r})") if known else None
    if called in sources.IMAGE_FOLDERS:
        shown = "image_dataset_from_directory(...)"
        images = pixels(node, shown, integer=False)
        if constant(argument(node, None, "subset")) == "both":
            return Parts((Each(Parts((images, labels(node)))),) * 2)
        return Each(Parts((images, labels(node))))
    if called.endswith(("pickle.load", "cPickle.load")) and "cifar" in values.program.source.text.lower():
        return Bunch(pixels(node, "pickle.load(...)"), labels(node))
    if called == "numpy.frombuffer" and "uint8" in ast.unparse(node):
        return pixels(node, "np.frombuffer(..., np.uint8)")
    if called == "tensorflow_datasets.load" and constant(argument(node, 0, "name")) in sources.KERAS_PIXELS:
        return _from_tfds(node)
    return _vision(values, node, called)


def _last_two(called: str) -> str:
    return ".".join(called.split(".")[-2:])


def _table(node: ast.Call, called: str) -> Value:
    table = sources.TABLES[called]
    name = _last_two(called) if called.startswith("keras") else called.rpartition(".")[2]
    features = Span("features", table.low, table.high, node, f"`{name}()` gives raw features ({table.largest})")
    targets = labels(node) if table.classes else None
    if called.startswith("keras."):
        return Parts((Parts((features, targets)), Parts((features, targets))))
    both = constant(argument(node, None, "return_X_y")) is True
    return Parts((features, targets)) if both else Bunch(features, targets)


def _file(node: ast.Call) -> Value:
    """A public table that its file's name tells."""
    path = constant(argument(node, 0, "filepath_or_buffer", "fname"))
    name = path.replace("\\", "/").rpartition("/")[2] if isinstance(path, str) else ""
    if any(known in name for known in sources.PIXEL_FILES):
        return pixels(node, name, integer=False)
    for known, largest in sources.RAW_FILES.items():
        if name.lower().startswith(known) or (known.endswith(".csv") and name.lower() == known):
            return Span("features", 0.0, RAW_TABLE, node, f"`{name}` holds raw features ({largest})")
    return None


def _from_tfds(node: ast.Call) -> Value:
    if constant(argument(node, None, "as_supervised")) is not True:
        return None
    shown = f"tfds.load({constant(argument(node, 0, 'name'))!r})"
    each = Each(Parts((pixels(node, shown), labels(node))))
    split = argument(node, None, "split")
    data: Value = Parts((each,) * len(split.elts)) if isinstance(split, ast.List | ast.Tuple) else each
    return Parts((data, None)) if constant(argument(node, None, "with_info")) is True else data


def is_vision(called: str) -> bool:
    """Whether a call makes a data set of torchvision that holds its pixels."""
    library, _, name = called.rpartition(".")
    return library.startswith("torchvision.datasets") and name in sources.VISION_DATA


def _vision(values: Values, node: ast.Call, called: str) -> Value:
    """A data set of torchvision, whose images go through its transform."""
    name = called.rpartition(".")[2]
    if not is_vision(called) and not (called.startswith("torchvision.datasets") and name == "ImageFolder"):
        return None
    given = argument(node, None, "transform")
    scaler = values.of(given) if given is not None else None
    images = pixels(node, f"{name}(...)")
    seen = values.scaled(scaler, images, given) if isinstance(scaler, Scaler) and given is not None else None
    return Each(Parts((seen, labels(node))))


def transform(values: Values, node: ast.Call, called: str) -> Scaler | None:
    """The scaler that a call makes: a transform, a layer, an object of scikit-learn."""
    library, _, name = called.rpartition(".")
    if library.startswith("torchvision.transforms"):
        return _torchvision(values, node, name)
    if library.startswith("keras.") and name in ("Rescaling", "Normalization"):
        by = number(values.program, argument(node, 0, "scale")) if name == "Rescaling" else None
        return Scaler(node, 1 / by if by else None)
    if library.startswith("sklearn.preprocessing") and name in sources.SCALERS:
        return Scaler(node) if argument(node, None, "feature_range") is None else None
    if called in sources.GENERATORS:
        return _generator(values, node)
    return None


def _generator(values: Values, node: ast.Call) -> Scaler | None:
    if any(keyword.arg is None or keyword.arg in sources.GENERATOR_SCALES for keyword in node.keywords) or node.args:
        return None
    rescale = argument(node, None, "rescale")
    if rescale is None or constant(rescale) is None:
        return Scaler(node, 1)
    by = number(values.program, rescale)
    return Scaler(rescale, 1 / by) if by else None


def _torchvision(values: Values, node: ast.Call, name: str) -> Scaler | None:
    if name in sources.SHAPING_TRANSFORMS:
        return Scaler(node, 1)
    if name == "ToTensor":
        return Scaler(node, 255, bytes_only=True)
    if name == "ConvertImageDtype":
        return Scaler(node, 255)
    if name == "ToDtype":
        return Scaler(node, 255 if constant(argument(node, 1, "scale")) is True else 1)
    if name == "Normalize":
        return Scaler(node)
    if name != "Compose" or not node.args:
        return None
    listed = values.program.origin(node.args[0])
    steps = [values.of(one) for one in listed.elts] if isinstance(listed, ast.List | ast.Tuple) else [None]
    if not all(isinstance(step, Scaler) for step in steps):
        return None
    scaling = [step for step in steps if isinstance(step, Scaler) and step.by != 1]
    # Pixels of 0 to 1 that are normalised after that are as well scaled as they were.
    return scaling[0] if scaling else Scaler(node, 1)
