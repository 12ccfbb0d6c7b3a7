"""Knows what the labels of well-known data sets are, and what functions of libraries make of an array."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from pitfallcheck.lint.objectives.facts import Kind
from pitfallcheck.lint.shapes.vocabulary import words


@dataclass(frozen=True, slots=True)
class Shown:
    """What the file shows of the values of an array; `why` completes the sentence "these labels are ... (why)".

    `kind` says what they are as labels, None where only the range shows. `drawn` marks plain random numbers: nobody
    learns them. `width` is how many numbers there are for each sample.
    """

    kind: Kind | None
    classes: int | None = None
    low: float | None = None
    high: float | None = None
    why: str = ""
    drawn: bool = False
    width: int | None = None


def integers(classes: int, why: str, width: int | None = 1) -> Shown:
    """Class numbers from 0."""
    return Shown("binary" if classes == 2 else "integers", classes, 0, classes - 1, why, width=width)


KERAS_DATASETS = {
    "mnist": integers(10, "keras.datasets.mnist has the integers 0 to 9"),
    "fashion_mnist": integers(10, "keras.datasets.fashion_mnist has the integers 0 to 9"),
    "cifar10": integers(10, "keras.datasets.cifar10 has the integers 0 to 9"),
    "cifar100": Shown("integers", None, 0, 99, "keras.datasets.cifar100 has integers"),
    "reuters": integers(46, "keras.datasets.reuters has the integers 0 to 45"),
    "imdb": integers(2, "keras.datasets.imdb has 0 and 1"),
    "boston_housing": Shown("reals", None, 5, 50, "keras.datasets.boston_housing has prices from 5 to 50"),
    "california_housing": Shown(
        "reals", None, 14999, 500001, "keras.datasets.california_housing has prices from 14999 to 500001"
    ),
}
"""The labels that `load_data()` of `keras.datasets` gives, seen in Keras 3.15."""

SKLEARN_DATASETS = {
    "load_iris": integers(3, "load_iris has the integers 0 to 2"),
    "load_wine": integers(3, "load_wine has the integers 0 to 2"),
    "load_digits": integers(10, "load_digits has the integers 0 to 9"),
    "load_breast_cancer": integers(2, "load_breast_cancer has 0 and 1"),
    "load_boston": Shown("reals", None, 5, 50, "load_boston has prices from 5 to 50"),
    "load_diabetes": Shown("reals", None, 25, 346, "load_diabetes has numbers from 25 to 346"),
    "fetch_california_housing": Shown("reals", None, 0.14999, 5.00001, "fetch_california_housing has prices"),
    "make_regression": Shown("reals", None, -inf, inf, "make_regression gives real numbers of both signs"),
    "make_moons": integers(2, "make_moons gives 0 and 1"),
    "make_circles": integers(2, "make_circles gives 0 and 1"),
}
"""The targets of scikit-learn's data sets."""

RANGES: dict[str, tuple[float, float | None]] = {
    "sin": (-1.0, 1.0),
    "cos": (-1.0, 1.0),
    "tanh": (-1.0, 1.0),
    "sqrt": (0.0, None),
    "abs": (0.0, None),
    "absolute": (0.0, None),
    "fabs": (0.0, None),
    "square": (0.0, None),
    "exp": (0.0, None),
}
"""The values of functions of NumPy, `math`, torch and TensorFlow; how far those of some go depends on what goes in."""

SAME_METHODS = words(
    """
    astype reshape ravel flatten copy squeeze numpy to_numpy tolist view float double long int cuda to cpu unsqueeze
    detach contiguous type expand_dims as_matrix requires_grad_ clone sample reset_index head tail repeat transpose
    """
)
"""Methods that give back the same values, or some of them, in another form."""

SAME_ATTRIBUTES = words("T values data")
SAME_FUNCTIONS = words(
    """
    array asarray asanyarray ascontiguousarray reshape ravel squeeze expand_dims transpose float32 float64 int32 int64
    copy atleast_2d constant convert_to_tensor cast tensor as_tensor from_numpy FloatTensor LongTensor Tensor Variable
    DoubleTensor IntTensor repeat tile array_split unsqueeze flatten asfarray list identity Series
    """
)
"""Functions that give back their first argument's values in another form."""

SAME_LIBRARIES = ("numpy", "tensorflow", "torch", "keras.ops", "keras.backend", "jax.numpy", "torch.autograd", "pandas")
RESHAPING = words("reshape view expand_dims unsqueeze T transpose tile repeat atleast_2d")
"""Those after which a sample may have another number of numbers."""

JOINING = words("concatenate vstack hstack stack append concat cat r_ column_stack row_stack")
ONE_HOT = words(
    """
    keras.utils.to_categorical keras.utils.np_utils.to_categorical keras.utils.all_utils.to_categorical
    tensorflow.one_hot keras.ops.one_hot torch.nn.functional.one_hot
    keras.backend.one_hot jax.nn.one_hot
    """
)
ENCODERS: dict[str, Kind] = {
    "sklearn.preprocessing.LabelEncoder": "integers",
    "sklearn.preprocessing.OneHotEncoder": "one-hot",
    "sklearn.preprocessing.label.LabelEncoder": "integers",
}
"""Encoders of labels. (A LabelBinarizer is left out: it makes rows of three classes and a column of two.)"""

CLASS_MODES: dict[object, Kind | None] = {"categorical": "one-hot", "binary": "binary", "sparse": "integers"}
LABEL_MODES: dict[object, Kind | None] = {"categorical": "one-hot", "binary": "binary", "int": "integers"}
