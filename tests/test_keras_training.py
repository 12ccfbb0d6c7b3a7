"""Keras trainings under `run`, on each backend: what is foreseen agrees with NumPy, what is counted with the run."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pytest
from fixture_files import installed
from keras_programs import BACKENDS, observed, of_kind

from pitfallcheck.observe.events import NotLooked
from pitfallcheck.observe.learning import TrainingSeen

HEAD = """
    import keras, numpy as np
    from keras import layers, ops, optimizers
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    X = rng.uniform(-10, 10, size=(1000, 2)).astype("float32")
    Y = X[:, :1] - X[:, 1:]
    def line(name, *parts):
        return keras.Sequential(parts or [layers.Dense(1)], name=name)
    def train(model, optimizer, loss="mse", x=X, y=Y, **more):
        model.compile(optimizer, loss)
        return model.fit(x, y, **{"epochs": 10, "batch_size": 1000, "verbose": 0, **more})
"""

TRAININGS = (
    HEAD
    + """
    history = train(line("plain"), optimizers.SGD(0.01), epochs=100)
    print(history.history["loss"][-1])
    train(line("momentum"), optimizers.SGD(0.001, momentum=0.9))
    train(line("nesterov", keras.Input((2,)), layers.Dense(1)), optimizers.SGD(0.001, momentum=0.9, nesterov=True))
    train(line("adam"), optimizers.Adam(0.01))
    train(line("clipped"), optimizers.SGD(0.01, clipnorm=1.0))
    train(line("scheduled"), optimizers.SGD(optimizers.schedules.ExponentialDecay(0.01, 10, 0.9)))
    train(line("by_a_callback"), "sgd", epochs=3,
          callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch: 0.001 / (epoch + 1))])
    train(line("summed"), optimizers.SGD(1e-5), keras.losses.MeanSquaredError(reduction="sum"), batch_size=100)
    train(line("halved"), optimizers.SGD(0.01), lambda t, p: 0.5 * ops.mean(ops.square(t - p)), epochs=2)
    train(line("absolute"), optimizers.SGD(0.01), "mae", epochs=2)
    bent = line("bent", layers.Dense(16, activation="relu"), layers.Dense(1))
    train(bent, optimizers.SGD(0.001), batch_size=32, epochs=2)
    train(line("stacked", layers.Dense(16), layers.Dropout(0.2), layers.Dense(1)), optimizers.SGD(1e-4), epochs=2)
    again = line("in_a_loop"); again.compile(optimizers.SGD(0.01), "mse")
    for _ in range(5):
        again.fit(X, Y, epochs=4, batch_size=500, verbose=0)
    byhand = line("by_hand"); byhand.compile(optimizers.SGD(0.01), "mse")
    for _ in range(40):
        byhand.train_on_batch(X, Y)
    class Net(keras.Model):
        def __init__(self):
            super().__init__(name="unwired")
            self.used = layers.Dense(1)
            self.cut = layers.Dense(1)
        def call(self, x):
            return self.used(x) + ops.stop_gradient(self.cut(x))
    train(Net(), optimizers.SGD(0.001), epochs=2)
    labels = (Y[:, 0] > 0).astype("int32")
    classes = line("classes", layers.Dense(2, activation="softmax"))
    train(classes, "adam", "sparse_categorical_crossentropy", y=labels, epochs=2)
    def batches():
        while True:
            for i in range(0, 1000, 100):
                yield X[i : i + 100], Y[i : i + 100]
    fed = line("from_a_generator"); fed.compile(optimizers.SGD(0.001), "mse")
    fed.fit(batches(), steps_per_epoch=10, epochs=3, verbose=0)
    """
)


@pytest.fixture(scope="module", params=BACKENDS)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, TrainingSeen]:
    """The trainings of the program on one backend, by the names of their models."""
    backend: str = request.param
    if not installed("keras", backend):
        pytest.skip(f"needs keras and {backend}")
    seen = observed(tmp_path_factory.mktemp(backend), TRAININGS, backend)
    assert seen.status == 0
    assert not [event for event in seen.events if isinstance(event, NotLooked)]
    return {event.model: event for event in of_kind(seen.events, TrainingSeen)}


@lru_cache
def hessian() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """The Hessian of the mean squared error of a line through the program's data, in NumPy."""
    x = np.random.default_rng(0).uniform(-10, 10, size=(1000, 2)).astype("float32")
    columns = np.c_[x, np.ones(1000)].astype("float64")
    product: np.ndarray[tuple[int, int], np.dtype[np.float64]] = 2 * columns.T @ columns / 1000
    return product


LARGEST = float(np.linalg.eigvalsh(hessian())[-1])
LIMITS = {
    "plain": 2 / LARGEST,
    "momentum": 2 * 1.9 / LARGEST,
    "nesterov": 2 * 1.9 / (2.8 * LARGEST),
    "in_a_loop": 2 / LARGEST,
    "by_hand": 2 / LARGEST,
    "scheduled": 2 / LARGEST,
    "summed": 2 / (100 * LARGEST),
    "halved": 4 / LARGEST,
}


@pytest.mark.parametrize("model", LIMITS)
def test_the_limit_is_that_of_the_exact_hessian(model: str, trained: dict[str, TrainingSeen]) -> None:
    curvature = trained[model].curvature
    assert curvature is not None and curvature.exact
    assert curvature.limit == pytest.approx(LIMITS[model], rel=0.01)


def test_adams_limit_is_that_of_its_preconditioned_hessian(trained: dict[str, TrainingSeen]) -> None:
    seen = trained["adam"]
    assert seen.curvature is not None and seen.curvature.preconditioned and seen.optimizer is not None
    assert (seen.optimizer.kind, seen.optimizer.beta1, seen.optimizer.epsilon) == ("adam", 0.9, 1e-7)
    assert 0 < seen.curvature.limit < math.inf


def test_the_forecast_is_what_training_leaves(trained: dict[str, TrainingSeen]) -> None:
    seen = trained["plain"]
    assert seen.forecast is not None
    assert seen.forecast.steps == 100
    assert seen.forecast.left == pytest.approx(seen.error, rel=0.1)


STEPS = {
    "plain": (1000, 100),
    "bent": (32, 64),
    "in_a_loop": (500, 40),
    "by_hand": (1000, 40),
    "summed": (100, 100),
    "from_a_generator": (100, 30),
}


@pytest.mark.parametrize("model", STEPS)
def test_steps_and_batches_are_counted(model: str, trained: dict[str, TrainingSeen]) -> None:
    seen = trained[model]
    assert (seen.batch, seen.steps) == STEPS[model]
    assert seen.forecast is None or seen.forecast.steps == STEPS[model][1]


LOSSES = {
    "plain": ("mse", False, 66.0),
    "summed": ("mse", True, 6600.0),
    "halved": ("mse", False, 33.0),
    "absolute": ("mae", False, 6.6),
    "classes": ("crossentropy", False, math.log(2)),
}
"""What the loss computes, whether it is summed, and about what the best constant prediction costs."""


@pytest.mark.parametrize("model", LOSSES)
def test_the_loss_is_known_with_what_a_constant_costs(model: str, trained: dict[str, TrainingSeen]) -> None:
    kind, summed, baseline = LOSSES[model]
    seen = trained[model]
    assert (seen.loss_kind, seen.summed) == (kind, summed)
    assert seen.baseline == pytest.approx(baseline, rel=0.1)


def test_settings_that_bound_or_change_the_rate_are_told(trained: dict[str, TrainingSeen]) -> None:
    optimizers = {name: seen.optimizer for name, seen in trained.items()}
    assert all(optimizers.values())
    assert {name for name, one in optimizers.items() if one and one.scheduled} == {"scheduled", "by_a_callback"}
    assert optimizers["clipped"] and optimizers["clipped"].kind == "other"
    assert optimizers["by_a_callback"] and optimizers["by_a_callback"].at is None
    assert optimizers["plain"] and optimizers["plain"].learning_rate == pytest.approx(0.01)


def test_places_are_the_lines_of_the_user(trained: dict[str, TrainingSeen]) -> None:
    lines = [line.strip() for line in TRAININGS.splitlines()]
    seen = trained["in_a_loop"]
    assert seen.at and seen.made and seen.compiled and seen.optimizer and seen.optimizer.at
    # `lay` frees the text of its indentation and of nothing else, so lines keep their numbers.
    assert lines[seen.at.line - 1].startswith("again.fit")
    assert seen.made.line == lines.index("return keras.Sequential(parts or [layers.Dense(1)], name=name)") + 1
    assert seen.compiled.line == seen.optimizer.at.line
    unwired = trained["unwired"]
    assert unwired.made and lines[unwired.made.line - 1].startswith("train(Net()")


def test_a_model_is_affine_or_bent(trained: dict[str, TrainingSeen]) -> None:
    assert trained["plain"].midpoint < 1e-4
    assert trained["stacked"].midpoint < 1e-4
    assert trained["bent"].midpoint > 0.05
    assert trained["stacked"].layers == ("Dense", "Dropout", "Dense")


def test_what_gets_no_gradient_is_named_with_its_layers_line(trained: dict[str, TrainingSeen]) -> None:
    unwired = trained["unwired"].unwired
    assert [one.why for one in unwired] == ["no gradient"] * 2
    lines = TRAININGS.splitlines()
    assert all(one.at and "self.cut" in lines[one.at.line - 1] for one in unwired)
    assert not any(seen.unwired for name, seen in trained.items() if name != "unwired")


def test_gradients_and_losses_are_those_of_the_run(trained: dict[str, TrainingSeen]) -> None:
    for name in ("plain", "by_hand", "from_a_generator"):
        seen = trained[name]
        assert seen.finished
        assert seen.losses is not None and seen.losses.last < seen.losses.first
        kernel = seen.gradients[0]
        assert kernel.parameter.endswith("/kernel") and kernel.size == 2
        assert 0 < kernel.last < kernel.first == kernel.largest
    assert trained["plain"].losses and trained["plain"].losses.count == 101
    assert trained["by_hand"].losses and trained["by_hand"].losses.count == 41
