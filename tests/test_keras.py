"""Keras under `run`: looking changes no weight, no draw and no line of output, and what is measured is so."""

from __future__ import annotations

import random
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from programs import lay, python, report_of, run

pytestmark = pytest.mark.frameworks("tensorflow", "keras")

HEAD = """
    import hashlib, keras, numpy as np, tensorflow as tf
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(128, 4)).astype("float32")
    Y = X.sum(axis=1, keepdims=True)

    def net():
        layers = keras.layers
        model = keras.Sequential([keras.Input((4,)), layers.Dense(8, activation="relu"), layers.BatchNormalization(),
                                  layers.Dropout(0.2), layers.Dense(1)])
        model.compile("adam", "mse", metrics=["mae"])
        return model

    def show(name, model):
        weights = b"".join(array.tobytes() for array in model.get_weights())
        print(name, hashlib.md5(weights).hexdigest())

    def batches():
        while True:
            for i in range(0, 128, 32):
                yield X[i : i + 32], Y[i : i + 32]

    class Indexed(keras.utils.PyDataset):
        def __len__(self):
            return 4
        def __getitem__(self, i):
            return X[i * 32 : (i + 1) * 32], Y[i * 32 : (i + 1) * 32]
"""

MANY_WAYS_TO_TRAIN = (
    HEAD
    + """
    model = net(); history = model.fit(X, Y, epochs=2, batch_size=32, verbose=0, validation_split=0.25)
    show("arrays", model); print(history.history, model.evaluate(X, Y, verbose=0))
    model = net(); validation = dict(validation_data=batches(), validation_steps=2)
    model.fit(batches(), steps_per_epoch=4, epochs=2, verbose=0, **validation); show("generator", model)
    data = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(128, seed=3).batch(32).prefetch(2)
    model = net(); model.fit(data, epochs=2, verbose=0, validation_data=data); show("tf.data", model)
    model = net(); model.fit(Indexed(), shuffle=False, verbose=0); show("PyDataset", model)
    model = net(); model.compile("sgd", "mse", run_eagerly=True); model.fit(X, Y, verbose=0); show("eager", model)
    model = net(); model.compile("adam", "mse", steps_per_execution=4); model.fit(X, Y, verbose=0); show("steps", model)
    model = net(); print([float(model.train_on_batch(X, Y)[0]) for _ in range(3)], model.predict(X[:3], verbose=0))

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(1)
        def call(self, x):
            print("called")
            return self.dense(x) + 0 * keras.random.uniform((1,))
        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((self(x) - y) ** 2)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
            return {"loss": loss}

    model = Own(); model.compile("sgd"); model.fit(X, Y, verbose=0); show("own step", model)
    print(np.random.rand(), tf.random.uniform(()).numpy(), keras.random.uniform(()).numpy())
"""
)


def test_looking_changes_nothing(tmp_path: Path) -> None:
    lay(tmp_path, {"train.py": MANY_WAYS_TO_TRAIN})
    alone = python(tmp_path, "train.py")
    watched = run(tmp_path, "train.py")
    assert alone.status == watched.status == 0, alone.err + watched.err
    assert alone.out == watched.out
    assert "nothing found" in watched.err


def test_an_error_of_the_program_reads_as_without_us(tmp_path: Path) -> None:
    lay(
        tmp_path,
        {"train.py": HEAD + "\n    net().fit(((x[:, :3], y) for x, y in batches()), steps_per_epoch=2, verbose=0)\n"},
    )
    alone = python(tmp_path, "train.py")
    watched = run(tmp_path, "train.py")
    assert alone.status == watched.status == 1
    ours = watched.err[watched.err.index("Traceback") :]
    assert alone.err[alone.err.index("Traceback") :] in ours
    assert "frameworks/keras" not in ours


LOSSES = {
    "a Loss subclass does not align": (
        "class Own(keras.losses.Loss):\n    def call(self, t, p): return keras.ops.square(t - p)\n",
        'model.compile("sgd", Own()); model.fit(X, FLAT, verbose=0)',
        ["PF202"],
    ),
    "called by the program itself": (
        "class Own(keras.losses.Loss):\n    def call(self, t, p): return keras.ops.square(t - p)\n",
        "Own()(FLAT, model(X))",
        ["PF202"],
    ),
    "summed over the batch": (
        "class Own(keras.losses.Loss):\n    def call(self, t, p): return keras.ops.square(t - p)\n",
        'model.compile("sgd", Own(reduction="sum")); model.evaluate(X, FLAT, verbose=0)',
        ["PF202"],
    ),
    "no mean of its samples": (
        "class RMSE(keras.losses.Loss):\n"
        "    def call(self, t, p): return keras.ops.sqrt(keras.ops.mean((t - p) ** 2))\n",
        'model.compile("sgd", RMSE()); model.fit(X, FLAT, verbose=0)',
        ["PF202"],
    ),
    "a ranking of flat targets": (
        "class Ranking(keras.losses.Loss):\n"
        "    def call(self, t, p):\n"
        "        p = keras.ops.squeeze(p, -1) if len(p.shape) > 1 else p\n"
        "        order = keras.ops.sign(t[:, None] - t[None, :])\n"
        "        return keras.ops.mean(keras.ops.relu(1 - order * (p[:, None] - p[None, :])))\n",
        'model.compile("sgd", Ranking()); model.fit(X, FLAT, verbose=0)',
        [],
    ),
    "a string": ("", 'model.compile("sgd", "mae"); model.fit(X, FLAT, verbose=0)', ["PF201"]),
    "a function": (
        "def own(t, p): return keras.ops.square(t - p)\n",
        'model.compile("sgd", own); model.train_on_batch(X, FLAT)',
        ["PF201"],
    ),
    "of one rank": (
        "class Own(keras.losses.Loss):\n    def call(self, t, p): return keras.ops.square(t - p)\n",
        'model.compile("sgd", Own()); model.fit(X, FLAT[:, None], verbose=0)',
        [],
    ),
    "pairs that are meant": (
        "class Own(keras.losses.Loss):\n"
        "    def call(self, t, p): return keras.ops.square(keras.ops.reshape(t, (1, -1)) - p)\n",
        'model.compile("sgd", Own()); model.fit(X, FLAT, verbose=0)',
        [],
    ),
}


@pytest.mark.parametrize("case", LOSSES)
def test_a_loss_is_measured(case: str, tmp_path: Path) -> None:
    """From a table, so that nothing but the run can see the shapes."""
    loss, use, codes = LOSSES[case]
    np.savez(tmp_path / "table.npz", x=np.random.default_rng(0).normal(size=(32, 3)).astype("float32"))
    program = (
        "import keras, numpy as np\nkeras.utils.set_random_seed(0)\nX = np.load('table.npz')['x']\n"
        "FLAT = np.load('table.npz')['x'][..., 0] * 3\n"
        f"{loss}model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\n{use}\n"
    )
    lay(tmp_path, {"train.py": program})
    told = report_of(tmp_path, "train.py")
    measured = [found for found in told.report["findings"] if "runtime" in found["sources"]]
    assert [found["code"] for found in measured] == codes, told.err
    assert told.skipped == {}
    if case == "called by the program itself":
        numbers = _losses_by_hand(tmp_path)
        assert all(f"{number:.4g}" in measured[0]["message"] for number in numbers), (numbers, measured[0]["message"])


def _losses_by_hand(folder: Path) -> tuple[float, float]:
    """The loss of all pairs and of the samples alone, with the weights that the seed gives, in plain NumPy."""
    lay(
        folder,
        {
            "weights.py": """
                import keras
                keras.utils.set_random_seed(0)
                model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
                print(*model.get_weights()[0].ravel().tolist())
            """
        },
    )
    kernel = np.array(python(folder, "weights.py").out.split(), "float64")
    x = np.load(folder / "table.npz")["x"].astype("float64")
    predicted, target = x @ kernel, x[:, 0] * 3
    pairs = float(np.mean((target[None, :] - predicted[:, None]) ** 2))
    return pairs, float(np.mean((target - predicted) ** 2))


def test_what_enters_the_model_is_counted_rightly(tmp_path: Path) -> None:
    """A buffer off a 64-byte boundary is copied by TensorFlow; only what Keras looked at before it began is spoilt."""
    offset = random.choice([16, 32, 48])
    lay(
        tmp_path,
        {
            "train.py": f"""
                import keras, numpy as np
                def batches():
                    raw = np.zeros(64 * 2 * 4 + 128, np.uint8)
                    start = -raw.ctypes.data % 64 + {offset}
                    x = raw[start : start + 64 * 2 * 4].view("float32").reshape(64, 2)
                    k = 0
                    while True:
                        k += 1
                        x[:] = k
                        yield x, np.full((64, 1), k, "float32")
                model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
                model.compile("sgd", "mse")
                model.fit(batches(), steps_per_epoch=40, verbose=0)
            """
        },
    )
    told = report_of(tmp_path, "train.py")
    (found,) = (one for one in told.report["findings"] if one["code"] == "PF101")
    assert found["level"] == "error"
    (consumer,) = [fact["text"] for fact in found["evidence"] if fact["kind"] == "consumer"]
    assert "got 1 of 40 batches with other values" in consumer
    assert f"{offset} bytes past a 64-byte boundary" in consumer


def test_tf_keras_says_that_its_models_are_not_seen(tmp_path: Path) -> None:
    package = {"tf_keras/__init__.py": "__version__ = '2.0'", "train.py": "import tf_keras"}
    lay(tmp_path, {name: dedent(text) for name, text in package.items()})
    assert list(report_of(tmp_path, "train.py").skipped) == ["models of tf_keras 2.0"]


def test_a_training_step_of_its_own_is_named_where_ranks_differ(tmp_path: Path) -> None:
    program = (
        HEAD
        + """
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(1)
        def call(self, x):
            return self.dense(x)
        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((self(x) - tf.reshape(y, (-1, 1))) ** 2)
            self.optimizer.apply_gradients([(tape.gradient(loss, self.weights[0]), self.weights[0])])
            return {"loss": loss}

    model = Own(); model.compile("sgd"); model.fit(X, Y[:, 0], verbose=0)
    """
    )
    lay(tmp_path, {"train.py": program})
    told = report_of(tmp_path, "train.py")
    assert told.found == []
    assert list(told.skipped) == ["the loss in Own.train_step()"]


def test_a_layer_whose_shape_both_halves_see_is_one_finding(tmp_path: Path) -> None:
    program = (
        HEAD
        + """
    class Pool(keras.layers.Layer):
        def call(self, x):
            return keras.ops.mean(x, axis=1)
        def compute_output_shape(self, shape):
            return (shape[0], 1)

    inputs = keras.Input((4,))
    model = keras.Model(inputs, Pool()(inputs)); model.compile("sgd", "mse"); model.predict(X, verbose=0)
    """
    )
    lay(tmp_path, {"train.py": program})
    (found,) = report_of(tmp_path, "train.py").report["findings"]
    assert (found["code"], found["level"], found["sources"]) == ("PF203", "error", ["static", "runtime"])
