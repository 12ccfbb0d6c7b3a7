"""What loaders and ready-made data hand over: batches, splits, and the data sets of Keras and scikit-learn."""

from __future__ import annotations

from dataclasses import replace

from pitfallcheck.lint.shapes.call import ABSENT, Call
from pitfallcheck.lint.shapes.values import Array, Batches, Items, Number, Value
from pitfallcheck.lint.shapes.vocabulary import words

KERAS_DATA: dict[str, tuple[tuple[int | None, ...], tuple[int | None, ...]]] = {
    "boston_housing": ((None, 13), (None,)),
    "california_housing": ((None, 8), (None,)),
    "mnist": ((None, 28, 28), (None,)),
    "fashion_mnist": ((None, 28, 28), (None,)),
    "cifar10": ((None, 32, 32, 3), (None, 1)),
    "cifar100": ((None, 32, 32, 3), (None, 1)),
}
SAME_BATCHES = words("shuffle prefetch repeat cache take skip with_options")


def rows(value: Value) -> Value:
    """`value` without the first axis of its arrays: one sample of a data set."""
    if isinstance(value, Array):
        return None if value.open or not value.dims else replace(value, dims=value.dims[1:])
    if isinstance(value, Items):
        return Items(tuple(rows(one) for one in value.values), value.nodes)
    return None


def batched(value: Value) -> Value:
    """`value` with a batch axis in front of its arrays."""
    if isinstance(value, Number):
        return Array((None,))
    if isinstance(value, Array):
        return None if value.open else replace(value, dims=(None, *value.dims))
    if isinstance(value, Items):
        return Items(tuple(batched(one) for one in value.values), value.nodes)
    return None


def data_call(name: str, call: Call) -> Value:
    """What a function or class that makes data returns; None where it is none that is known."""
    if call.starred:
        return None
    if name == "torch.utils.data.TensorDataset":
        return Batches(rows(Items(tuple(call.args), tuple(call.node.args))))
    if name == "tensorflow.data.Dataset.from_tensor_slices":
        return Batches(rows(call.get(0, "tensors", default=None)))
    if name == "torch.utils.data.DataLoader":
        data = call.get(0, "dataset", default=None)
        plain = not call.has("collate_fn", "batch_sampler") and call.get(1, "batch_size") != ABSENT
        return Batches(batched(data.each)) if plain and isinstance(data, Batches) else None
    if name == "sklearn.model_selection.train_test_split":
        parts = []
        for arg in call.args:
            part = (
                replace(arg, dims=(None, *arg.dims[1:]))
                if isinstance(arg, Array) and arg.dims and not arg.open
                else None
            )
            parts += [part, part]
        return Items(tuple(parts))
    if name == "sklearn.datasets.make_regression" and not call.has("n_targets", "coef"):
        features = call.get(1, "n_features", default=Number(100))
        width = features.value if isinstance(features, Number) else None
        return Items((Array((None, width)), Array((None,))))
    if name.startswith("keras.datasets.") and name.endswith(".load_data"):
        known = KERAS_DATA.get(name.split(".")[2])
        if known is not None:
            pair = Items((Array(known[0]), Array(known[1])))
            return Items((pair, pair))
    return None


def batches_method(batches: Batches, name: str, call: Call) -> Value:
    """A method of a `tf.data.Dataset`, or of a list that was built by a comprehension."""
    if name in SAME_BATCHES:
        return batches
    if name == "batch":
        return Batches(batched(batches.each), tuple((node, batched(value)) for node, value in batches.produced))
    return batches.each if name == "__next__" else None
