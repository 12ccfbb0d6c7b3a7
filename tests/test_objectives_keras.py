"""What is read of a Keras program: the end of its network, its loss, its labels and its metrics."""

from __future__ import annotations

import pytest
from objective_cases import source

from pitfallcheck.lint.objectives.facts import Objective
from pitfallcheck.lint.objectives.read import objectives_of

OUTPUTS = {
    "a list": ("model = Sequential([Dense(4), Dense(3, activation='softmax')])", "softmax", 3),
    "a list in a name that grows": (
        "l = [Dense(4)]\nl.append(Dense(3, activation='tanh'))\nmodel = Sequential(l)",
        "tanh",
        3,
    ),
    "add": ("model = Sequential()\nmodel.add(Dense(3))\nmodel.add(Activation('relu'))", "relu", 3),
    "a loop, then the end": (
        "model = Sequential()\nfor n in sizes:\n    model.add(Dense(n, activation='relu'))\nmodel.add(Dense(2))",
        "linear",
        2,
    ),
    "Keras 1's place for the activation": ("model = Sequential([Dense(3, 'uniform', 'sigmoid')])", "sigmoid", 3),
    "Keras 1's words": ("model = Model(input=i, output=Dense(output_dim=3, activation='tanh')(i))", "tanh", 3),
    "a function for an activation": (
        "model = Sequential([Dense(3, activation=keras.activations.softmax)])",
        "softmax",
        3,
    ),
    "a layer for an activation": ("model = Sequential([Dense(3, activation=LeakyReLU(0.1))])", "leaky_relu", 3),
    "names for units": ("classes = ['a', 'b', 'c']\nmodel = Sequential([Dense(len(classes))])", "linear", 3),
    "arithmetic for units": ("n = 2\nmodel = Sequential([Dense(n + 1)])", "linear", 3),
    "the same name over and over": (
        "x = Dense(4)(i)\nx = Dense(3)(x)\nx = Dropout(0.5)(x)\nmodel = Model(i, x)",
        "linear",
        3,
    ),
    "a model in a model": (
        "base = Sequential([Dense(3)])\nmodel = Sequential([base, Activation('softmax')])",
        "softmax",
        3,
    ),
    "a model that is called": ("base = Sequential([Dense(3)])\nmodel = Model(i, base(i))", "linear", 3),
    "a function of the file for a part": (
        "def head(x):\n    return Dense(3)(x)\nmodel = Model(i, head(i))",
        "linear",
        3,
    ),
    "a recurrent layer": ("model = Sequential([LSTM(3)])", "tanh", 3),
    "every step of a sequence": ("model = Sequential([TimeDistributed(Dense(3, activation='softmax'))])", "softmax", 3),
    "a finished network": ("model = keras.applications.ResNet50(weights=None, classes=3)", "softmax", 3),
    "a finished network's output": (
        "base = keras.applications.VGG16(include_top=False)\nmodel = Model(base.input, Dense(3)(base.output))",
        "linear",
        3,
    ),
    "a flattened output": ("model = Sequential([Conv2D(3, 1), Flatten()])", "linear", None),
    "layers that are taken off": ("model = Sequential([Dense(3)])\nmodel.pop()", None, None),
    "two ends that differ in units": (
        "model = Sequential()\nif big:\n    model.add(Dense(9))\nelse:\n    model.add(Dense(3))",
        "linear",
        None,
    ),
    "a model from elsewhere": ("model = keras.models.load_model('m.h5')", None, None),
}
LOSSES = {
    "an alias": ("'mse'", "mean_squared_error", "values"),
    "a class": ("keras.losses.CategoricalCrossentropy()", "categorical_crossentropy", "probabilities"),
    "a class with the flag": ("keras.losses.BinaryCrossentropy(from_logits=True)", "binary_crossentropy", "logits"),
    "a flag that does not show": ("keras.losses.BinaryCrossentropy(from_logits=f)", "binary_crossentropy", None),
    "a function": ("keras.losses.categorical_crossentropy", "categorical_crossentropy", "probabilities"),
    "a function of the backend": ("keras.backend.binary_crossentropy", "binary_crossentropy", "probabilities"),
    "a lambda": (
        "lambda y, p: keras.losses.sparse_categorical_crossentropy(y, p, from_logits=True)",
        "sparse_categorical_crossentropy",
        "logits",
    ),
    "one of two": ("'mse' if a else 'mae'", None, None),
    "one of one's own": ("focal(0.25)", None, None),
}
LABELS = {
    "to_categorical": ("y = to_categorical(names, 4)", "one-hot", 4, (0, 1)),
    "a data set": ("(_, y), _ = mnist.load_data()", "integers", 10, (0, 9)),
    "reviews": ("(_, y), (_, z) = imdb.load_data(num_words=1000)", "binary", 2, (0, 1)),
    "numbers": ("y = np.array([0.5, 2.5])", "reals", None, (0.5, 2.5)),
    "rows with a single 1": ("y = [[1, 0, 0], [0, 0, 1]]", "one-hot", 3, (0, 1)),
    "a comparison": ("y = (x > 0.5).astype(int)", "binary", 2, (0, 1)),
    "a draw": ("y = np.random.randint(0, 5, size=100)", "integers", 5, (0, 4)),
    "a draw of two": ("y = np.random.randint(2, size=(100, 1))", "binary", 2, (0, 1)),
    "a wave": ("y = 3 * np.sin(x) - 1", "reals", None, (-4, 2)),
    "a square": ("y = np.cos(x) ** 2", "reals", None, (0, 1)),
    "a part of a split": (
        "y0 = LabelEncoder().fit_transform(n)\na, b, y, d = train_test_split(x, y0)",
        "integers",
        None,
        (0, None),
    ),
    "ones and zeros": ("y = np.concatenate([np.zeros(5), np.ones(5)])", "binary", 2, (0, 1)),
    "a function of the file": ("def load():\n    return x, to_categorical(t, 3)\nx, y = load()", "one-hot", 3, (0, 1)),
    "shuffled in place": ("y = np.array([0, 1, 2, 3])\nnp.random.shuffle(y)", "integers", None, (0, 3)),
    "iris": ("from sklearn.datasets import load_iris\niris = load_iris()\ny = iris.target", "integers", 3, (0, 2)),
}


def objectives(program: str) -> list[Objective]:
    return objectives_of(source(program))


@pytest.mark.parametrize(
    ("program", "activation", "units"), [pytest.param(*row, id=case) for case, row in OUTPUTS.items()]
)
def test_the_end_of_a_network_is_found(program: str, activation: str | None, units: int | None) -> None:
    (found,) = objectives(f"{program}\nmodel.compile('sgd', 'mse')\n")
    output = found.output
    assert (output and output.activation, output and output.units) == (activation, units)


@pytest.mark.parametrize(("loss", "name", "expects"), [pytest.param(*row, id=case) for case, row in LOSSES.items()])
def test_a_loss_is_known_by_each_of_its_names(loss: str, name: str | None, expects: str | None) -> None:
    (found,) = objectives(f"model = Sequential([Dense(1)])\nmodel.compile('sgd', loss={loss})\n")
    assert (found.loss and found.loss.name, found.loss and found.loss.expects) == (name, expects)


@pytest.mark.parametrize(
    ("program", "kind", "classes", "bounds"), [pytest.param(*row, id=case) for case, row in LABELS.items()]
)
def test_labels_are_known_by_what_makes_them(
    program: str, kind: str, classes: int | None, bounds: tuple[float | None, float | None]
) -> None:
    (found,) = objectives(f"{program}\nmodel = Sequential([Dense(1)])\nmodel.compile('sgd', 'mse')\nmodel.fit(x, y)\n")
    assert found.labels is not None
    assert (found.labels.kind, found.labels.classes) == (kind, classes)
    assert (found.labels.low, found.labels.high) == bounds


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("y = frame['price'].values", id="a column of a table"),
        pytest.param("y = np.zeros(10)\ny[3:] = values", id="an array that is filled"),
        pytest.param("y = np.random.randn(100)", id="plain noise"),
        pytest.param("y = to_categorical(t) if hot else t", id="one of two"),
        pytest.param("y = pd.get_dummies(t, drop_first=True)", id="a column left out"),
    ],
)
def test_labels_that_do_not_show_are_unknown(program: str) -> None:
    (found,) = objectives(f"{program}\nmodel = Sequential([Dense(1)])\nmodel.compile('sgd', 'mse')\nmodel.fit(x, y)\n")
    assert found.labels is None


def test_each_output_has_its_loss_and_its_labels() -> None:
    program = """
        a, b = Dense(3, name='a')(i), Dense(1, name='b')(i)
        first = Dense(3, activation='softmax', name='first')(i)
        second = Dense(1, name='second')(i)
        model = Model(i, [first, second])
        model.compile('sgd', {'second': 'mse', 'first': 'categorical_crossentropy'})
        model.fit(x, [to_categorical(t, 3), np.sin(x)])
        """
    told = [
        (o.output and o.output.units, o.loss and o.loss.name, o.labels and o.labels.kind) for o in objectives(program)
    ]
    assert told == [(3, "categorical_crossentropy", "one-hot"), (1, "mean_squared_error", "reals")]


def test_a_file_without_a_framework_has_none() -> None:
    assert objectives_of(source("model.compile('sgd', 'mse')", imports="import numpy as np\n")) == []
