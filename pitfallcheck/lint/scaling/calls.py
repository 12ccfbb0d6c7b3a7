"""What calls of libraries and of the file's own functions make of the numbers that they are given."""

from __future__ import annotations

import ast
from dataclasses import replace
from types import EllipsisType

from pitfallcheck.lint.flow.bindings import Binding
from pitfallcheck.lint.flow.draws import draw_of
from pitfallcheck.lint.flow.evaluation import argument, constant
from pitfallcheck.lint.flow.program import DATA_SETS
from pitfallcheck.lint.scaling import sources
from pitfallcheck.lint.scaling.arithmetic import FUNCTIONS, combined
from pitfallcheck.lint.scaling.lightning import loader_of
from pitfallcheck.lint.scaling.loading import is_vision, labels, loaded, pixels, transform
from pitfallcheck.lint.scaling.ranges import Ranges, parameters
from pitfallcheck.lint.scaling.values import Each, Parts, Scaler, Span, Value, agreed, item

LOADERS = ("torch.utils.data.DataLoader", "torch.utils.data.dataloader.DataLoader")
TENSORS = ("torch.utils.data.TensorDataset", "torch.utils.data.dataset.TensorDataset")
SLICES = ("tensorflow.data.Dataset.from_tensor_slices", "tensorflow.data.Dataset.from_tensors")
NORMAL = ("normal", "gauss", "normalvariate")
CENTRE = ("loc", "mean", "mu")
DEVIATION = ("scale", "std", "stddev", "sigma")
INTEGERS = ("uint8", "int8", "int16", "uint16")


class Values(Ranges):
    """The numbers that expressions hold, with all that is known of calls."""

    def call(self, node: ast.Call) -> Value:
        called = self.program.called(node)
        function = self.program.function(node) if not called else None
        if function is not None and function.name != "__init__":
            return self._helper(node)
        if isinstance(node.func, ast.Name) and node.func.id in self.program.classes:
            return self._data_set(self.program.classes[node.func.id])
        if called:
            return self._library(node, called)
        if isinstance(node.func, ast.Attribute):
            found = self._method(node, node.func)
            if found is not ...:
                return found
        scaler = self.of(node.func) if not isinstance(node.func, ast.Lambda) else None
        if isinstance(scaler, Scaler) and node.args:
            return self.scaled(scaler, self.of(node.args[0]), node)
        return None

    def scaled(self, scaler: Scaler, value: Value, node: ast.AST) -> Value:
        """What a scaler makes of a value; of an array that is not known it is known that it was scaled."""
        if isinstance(value, Span):
            if scaler.by is None:
                return value.normalised(node)
            if scaler.by == 1 or (scaler.bytes_only and not value.integer and value.kind != "unknown"):
                return value
            return value.divided(scaler.by, node)
        if value is None and scaler.by != 1 and isinstance(node, ast.expr):
            return Span("unknown", None, None, node).scaled_by(node)
        return None

    def unbound(self, node: ast.expr) -> Value:
        if isinstance(node, ast.Attribute) and node.attr in ("data", "targets", "train_data", "test_data", "labels"):
            made = self.program.origin(node.value)
            if isinstance(made, ast.Call) and is_vision(self.program.called(made)):
                # The arrays of a data set of torchvision, which its transform never sees.
                shown = ast.unparse(node)
                return pixels(made, shown) if node.attr.endswith("data") else labels(made)
        return super().unbound(node)

    def parameter(self, binding: Binding) -> Value:
        loader = loader_of(self.program, binding)
        if loader is None or binding.node in self.given:
            return super().parameter(binding)
        return item(self.of(loader) if isinstance(loader, ast.expr) else self.applied(loader, {}))

    # The file's own.

    def _helper(self, node: ast.Call) -> Value:
        function = self.program.function(node)
        assert function is not None
        given: dict[ast.AST, Value] = {}
        for parameter in (*parameters(function), *function.args.kwonlyargs):
            written = self.program.argument(function, node, parameter.arg)
            given[parameter] = self.given_by(written)
        return self.applied(function, given)

    def _data_set(self, owner: ast.ClassDef) -> Value:
        if not self.program.bases(owner) & DATA_SETS:
            return None
        method = self.program.method(owner, "__getitem__")
        found = self.applied(method, {}) if method is not None else None
        return Each(found) if found is not None else None

    def mapped(self, function: ast.expr, value: Value) -> Value:
        """What `map` with a function of the file makes of the items of a data set."""
        node = self.function_of(function)
        if node is None:
            scaler = self.of(function)
            return self.scaled(scaler, item(value), function) if isinstance(scaler, Scaler) else None
        taken = parameters(node)
        one = item(value)
        items = one.items if isinstance(one, Parts) and len(taken) > 1 else (one,)
        given: dict[ast.AST, Value] = {}
        for place, parameter in enumerate(taken):
            given[parameter] = items[place] if len(items) == len(taken) else None
        found = self.applied(node, given)
        return Each(found) if isinstance(found, Parts) else found

    # Libraries.

    def _library(self, node: ast.Call, called: str) -> Value:
        library, _, last = called.rpartition(".")
        known = loaded(self, node, called)
        if known is not None:
            return known
        scaler = transform(self, node, called)
        if scaler is not None:
            return scaler
        first = node.args[0] if node.args and not isinstance(node.args[0], ast.Starred) else None
        if called in LOADERS or called in ("iter", "tqdm.tqdm", "tqdm.auto.tqdm", "tqdm.notebook.tqdm"):
            return self.of(argument(node, 0, "dataset"))
        if called in TENSORS:
            return Each(Parts(tuple(self.of(one) for one in node.args)))
        if called in SLICES:
            value = self.of(argument(node, 0, "tensors"))
            return Each(value) if isinstance(value, Parts) else value
        if called == "next":
            return item(self.of(first))
        if called == "enumerate":
            return Each(Parts((None, item(self.of(first)))))
        if called in ("zip", "tensorflow.data.Dataset.zip"):
            parts = first.elts if called != "zip" and isinstance(first, ast.Tuple) else node.args
            return Each(Parts(tuple(item(self.of(one)) for one in parts)))
        if called.startswith("sklearn.") and last == "train_test_split":
            found = [self.of(one) for one in node.args]
            return Parts(tuple(value for value in found for _ in range(2)))
        if called == "torch.utils.data.random_split":
            return Parts((self.of(first),) * 3)
        if called == "sklearn.utils.shuffle":
            found = [self.of(one) for one in node.args]
            return found[0] if len(found) == 1 else Parts(tuple(found))
        if called in sources.SCALING or (library.startswith("keras.applications") and last == "preprocess_input"):
            value = self.of(first)
            if isinstance(value, Span):
                return value.normalised(node)
            return Span("unknown", None, None, node).normalised(node)
        if called == "tensorflow.image.convert_image_dtype":
            value = self.of(first)
            return value.divided(255, node) if isinstance(value, Span) and value.integer else None
        if last in FUNCTIONS and len(node.args) == 2 and library.partition(".")[0] in ("numpy", "torch", "tensorflow"):
            sides = (node.args[0], node.args[1])
            return combined(self.program, FUNCTIONS[last](), self.of(sides[0]), self.of(sides[1]), sides, node)
        if last in ("to_categorical", "one_hot"):
            value = self.of(first)
            return value if isinstance(value, Span) and value.kind == "labels" else None
        if last in sources.KEEPING and library.partition(".")[0] in sources.KEEPING_IN:
            return self._kept(node, first, last)
        return self._drawn(node, last)

    def _kept(self, node: ast.Call, first: ast.expr | None, last: str) -> Value:
        if first is None:
            return None
        value = self.of(first)
        if isinstance(value, Each) and isinstance(value.item, Parts):
            # An array of rows; of pairs of an image and a label it is an array of objects.
            row = agreed(value.item.items)
            value = row if isinstance(row, Span) else value
        elif isinstance(value, Parts):
            value = agreed(value.items) or _side_by_side(value)
        kind = argument(node, 1 if last in ("array", "asarray", "cast") else None, "dtype")
        if isinstance(value, Span):
            if kind is not None:
                return self.typed(value, kind)
            resized = last.startswith("resize") and self.program.called(node).startswith("tensorflow")
            return replace(value, integer=False) if resized else _floats(value, last)
        return value if last in ("array", "asarray", "list", "tuple", "sorted") else None

    def typed(self, span: Span, kind: ast.expr) -> Span:
        """The same numbers as another type."""
        text = str(constant(kind)) if isinstance(constant(kind), str) else ast.unparse(kind).rpartition(".")[2]
        if span.times and ("int" in text or text == "long"):
            return replace(span, kind="unknown", low=None, high=None)
        return replace(span, integer=span.integer and text in INTEGERS)

    def _drawn(self, node: ast.Call, last: str) -> Value:
        """Numbers that are drawn or counted between bounds that are written down."""
        library = self.program.called(node).rpartition(".")[0]
        if last in ("arange", "range") and library in ("numpy", "torch", "tensorflow", "jax.numpy", ""):
            bounds = [self.number(one) for one in node.args]
            if None not in bounds and bounds:
                low, high = (0.0, bounds[0]) if len(bounds) == 1 else (bounds[0], bounds[1])
                return self._between(node, low, high, "counts")
        if last == "linspace" and len(node.args) >= 2:
            ends = [self.number(one) for one in node.args[:2]]
            return self._between(node, ends[0], ends[1], "runs")
        draw = draw_of(self.generators, node)
        if draw is None:
            return None
        if draw.kind == "integers" and draw.pool is None:
            low = self.number(draw.low) if draw.low is not None else 0.0
            high = self.number(draw.high)
            return self._between(node, low, high - 1 + draw.beyond if high is not None else None, "draws")
        name = node.func.attr if isinstance(node.func, ast.Attribute) else last
        if draw.kind == "values" and name == "uniform" and draw.library in ("numpy", "random"):
            first, last_one = argument(node, 0, "low"), argument(node, 1, "high")
            ends = [self.number(first) if first else 0.0, self.number(last_one) if last_one else 1.0]
            return self._between(node, ends[0], ends[1], "draws")
        if draw.kind == "values" and name in ("rand", "random", "random_sample"):
            return self._between(node, 0.0, 1.0, "draws")
        if draw.kind == "values" and name in ("randn", "standard_normal"):
            return self._between(node, -3.0, 3.0, "draws mostly")
        if draw.kind == "values" and name in NORMAL:
            place = 1 if draw.library in ("tensorflow.random", "keras.random") else 0
            return self._normal(node, argument(node, place, *CENTRE), argument(node, place + 1, *DEVIATION))
        return None

    def _normal(self, node: ast.Call, centre: ast.expr | None, deviation: ast.expr | None) -> Value:
        """Numbers of a normal distribution, of which three deviations hold nearly all."""
        middle = self.number(centre) if centre is not None else 0.0
        spread = self.number(deviation) if deviation is not None else 1.0
        if middle is None or spread is None:
            return None
        return self._between(node, middle - 3 * spread, middle + 3 * spread, "draws mostly")

    def _between(self, node: ast.Call, low: float | None, high: float | None, verb: str) -> Value:
        if low is None or high is None:
            return None
        low, high = sorted((low, high))
        whole = "uint8" in ast.unparse(node)
        text = f"`{_short(ast.unparse(node))}` {verb} from {low:g} to {high:g}"
        bytes_drawn = whole and low == 0 and high in (254, 255)
        return Span("pixels" if bytes_drawn else "numbers", low, high, node, text, whole)

    # Methods.

    def _method(self, node: ast.Call, function: ast.Attribute) -> Value | EllipsisType:
        """What a method returns; `...` where the attribute may be a callable of its own."""
        name = function.attr
        base = self.of(function.value)
        if isinstance(base, Scaler) and name in ("fit_transform", "transform", "fit"):
            return self.scaled(base, self.of(node.args[0]), node) if name != "fit" and node.args else base
        if isinstance(base, Scaler) and name in ("flow", "flow_from_directory", "flow_from_dataframe"):
            return self._flow(base, node, name)
        if isinstance(base, Scaler) and name == "adapt":
            return None
        if name in ("map", "imap") and node.args:
            return self.mapped(node.args[0], base)
        if isinstance(base, Span):
            if name in FUNCTIONS and len(node.args) == 1:
                sides = (function.value, node.args[0])
                return combined(self.program, FUNCTIONS[name](), base, self.of(node.args[0]), sides, node)
            if name == "astype" or name in ("to", "type"):
                return self.typed(base, node.args[0]) if node.args else base
            if name in ("float", "double", "half"):
                return replace(base, integer=False)
        if name in sources.KEEPING_METHODS:
            return base
        if name == "uniform_" and base is None and len(node.args) == 2:
            return self._between(node, self.number(node.args[0]), self.number(node.args[1]), "draws")
        if name == "normal_" and base is None and len(node.args) == 2:
            return self._normal(node, node.args[0], node.args[1])
        drawn = self._drawn(node, name) if base is None and name not in ("fit", "predict") else None
        return ... if base is None and drawn is None else drawn

    def _flow(self, generator: Scaler, node: ast.Call, name: str) -> Value:
        """The batches of an `ImageDataGenerator`."""
        if name == "flow":
            images = self.of(argument(node, 0, "x"))
            targets = self.of(argument(node, 1, "y"))
        else:
            why = f"`{name}` reads pixels from 0 to 255"
            images = Span("pixels", 0.0, 255.0, node, why)
            targets = labels(node)
        scaled = self.scaled(generator, images, generator.node) if images is not None else None
        return Each(Parts((scaled, targets)))


def _side_by_side(parts: Parts) -> Span | None:
    """Numbers of several ranges in one array, as the columns of a table: as large as the largest of them."""
    spans = [one for one in parts.items if isinstance(one, Span) and one.size is not None and not one.times]
    if len(spans) < len(parts.items) or not spans or any(span.kind != "numbers" for span in spans):
        return None
    widest = max(spans, key=lambda span: span.size or 0.0)
    low, high = min(span.low or 0.0 for span in spans), max(span.high or 0.0 for span in spans)
    return replace(widest, low=low, high=high)


def _floats(span: Span, last: str) -> Span:
    kept = last not in ("float32", "float64", "FloatTensor", "Tensor", "img_to_array", "to_float")
    return replace(span, integer=span.integer and kept)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
