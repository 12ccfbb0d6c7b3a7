"""What calls of Keras models are given: failing ones read as without us, and feeds, ranges and shapes are told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fixture_files import installed
from keras_programs import BACKENDS, observed, of_kind
from programs import lay, python, run

from pitfallcheck.finding import Finding
from pitfallcheck.judge import judge_events
from pitfallcheck.observe.events import Consumer, DataFed, Event, Leaf, NotLooked, Place, SourceWatched
from pitfallcheck.observe.learning import CallFailed, PredictionSeen
from pitfallcheck.observe.values import Values

HEAD = """
    import sys, traceback, keras, numpy as np
    from keras import layers
    keras.utils.set_random_seed(0)
    A, B = np.random.default_rng(0).uniform(-1, 1, size=(2, 200, 1)).astype("float32")
    X, Y = np.concatenate([A, B], axis=1), A - B
    def net(*parts, loss="mse"):
        model = keras.Sequential(list(parts) or [layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.01), loss)
        return model
"""

FAILING = (
    HEAD
    + """
    class Broken(keras.utils.PyDataset):
        def __len__(self): return 3
        def __getitem__(self, i): return X[:4] / [][i], Y[:4]
    class Raises(keras.losses.Loss):
        def call(self, t, p): raise RuntimeError("its own")
    class Unknown(keras.layers.Layer):
        def __init__(self): super().__init__(unheard_of=3)
    CALLS = [
        lambda: net().fit([A, B], Y, verbose=0),
        lambda: net().fit(X, Y[:90], verbose=0),
        lambda: net().fit(X, Y, sample_weight=np.ones(10), verbose=0),
        lambda: net().predict([A, B], verbose=0),
        lambda: net().evaluate([A, B], Y, verbose=0),
        lambda: net().train_on_batch([A, B], Y),
        lambda: net()([A, B]),
        lambda: net().compile("unheard of"),
        lambda: net().fit(Broken(), verbose=0),
        lambda: Raises()(Y, Y),
        lambda: Unknown(),
        lambda: keras.optimizers.SGD(0.1, unheard_of=3),
        lambda: layers.Lambda(lambda x: x.unheard_of)(X),
    ]
    for call in CALLS:
        try:
            call()
        except Exception:
            traceback.print_exc(file=sys.stdout)
    net().fit([A, B], Y, verbose=0)
    """
)


def backends(*names: str) -> pytest.MarkDecorator:
    """A test for each of these backends."""
    cases = [pytest.param(name, marks=pytest.mark.frameworks("keras", name)) for name in names]
    return pytest.mark.parametrize("backend", cases)


@backends("tensorflow", "jax")
def test_what_calls_raise_reads_as_without_us(backend: str, tmp_path: Path) -> None:
    lay(tmp_path, {"train.py": FAILING})
    alone = python(tmp_path, "train.py", KERAS_BACKEND=backend)
    watched = run(tmp_path, "train.py", KERAS_BACKEND=backend)
    assert alone.status == watched.status == 1
    assert alone.out.count("Traceback") == 13
    assert alone.out == watched.out
    assert alone.err[alone.err.index("Traceback") :] in watched.err


@backends("tensorflow")
def test_a_failing_call_tells_what_it_was_given(backend: str, tmp_path: Path) -> None:
    seen = observed(tmp_path, FAILING, backend)
    assert not of_kind(seen.events, NotLooked)
    lines = [line.strip() for line in FAILING.splitlines()]
    failed = {lines[event.at.line - 1]: event for event in of_kind(seen.events, CallFailed)}
    stacked = failed["lambda: net().fit([A, B], Y, verbose=0),"]
    assert (stacked.method, stacked.expected_inputs) == ("fit", 1)
    assert (stacked.inputs, stacked.targets) == (((200, 1), (200, 1)), ((200, 1),))
    assert "expects 1 input" in stacked.error
    unequal = failed["lambda: net().fit(X, Y[:90], verbose=0),"]
    assert (unequal.inputs, unequal.targets) == (((200, 2),), ((90, 1),))
    assert failed["lambda: net()([A, B]),"].method == "call"
    assert failed["lambda: net().train_on_batch([A, B], Y),"].inputs == ((200, 1), (200, 1))
    assert "lambda: layers.Lambda(lambda x: x.unheard_of)(X)," not in failed


FED = (
    HEAD
    + """
    def batches(rows=20):
        while True:
            for i in range(0, 200, rows):
                yield X[i : i + rows], Y[i : i + rows]
    def finite():
        for i in range(0, 200, 20):
            yield X[i : i + 20], Y[i : i + 20]
    net().fit(X, Y, batch_size=50, epochs=2, verbose=0)
    net().fit(X, Y, shuffle=False, verbose=0)
    net().fit(batches(), steps_per_epoch=10, epochs=2, verbose=0)
    net().fit(finite(), steps_per_epoch=8, epochs=5, verbose=0)
    net().fit(finite(), epochs=1, verbose=0)
    model = net()
    model.fit(X, Y, epochs=2, verbose=0, validation_split=0.25)
    model.predict(np.array([[5.0, 0.0], [0.0, 0.0], [0.0, -3.0]]), verbose=0)
    model(np.array([[0.5, 9.0]], "float32"))
    model.evaluate(X, Y, verbose=0)
    model.predict_on_batch(np.array([[0.0, 7.0]], "float32"))
    other = net()
    for x, y in finite():
        other.train_on_batch(x, y)
    other.predict(X[:3] * 4, verbose=0)
    """
)
LINES = [line.strip() for line in FED.splitlines()]


@pytest.fixture(scope="module", params=BACKENDS)
def fed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """The events of the program on one backend."""
    backend: str = request.param
    if not installed("keras", backend):
        pytest.skip(f"needs keras and {backend}")
    seen = observed(tmp_path_factory.mktemp(backend), FED, backend)
    assert seen.status == 0
    return seen.events


def at(events: list[Event], text: str) -> DataFed:
    """What was fed by the line that begins like this."""
    (found,) = (one for one in of_kind(events, DataFed) if LINES[one.at.line - 1].startswith(text) and one.training)
    return found


def test_whole_arrays_are_counted_exactly(fed: list[Event]) -> None:
    given = at(fed, "net().fit(X, Y, batch_size")
    (x,) = given.inputs
    assert (x.name, x.shape, given.shuffled, given.source) == ("X", (200, 2), True, "")
    assert x.values is not None and x.values.samples == 200
    assert -1 < x.values.minima[0] < -0.95 and 0.95 < x.values.maxima[1] < 1
    assert (given.steps_asked, given.steps_had) == (8, 8)
    assert at(fed, "net().fit(X, Y, shuffle").shuffled is False


def test_batches_of_a_generator_lead_to_it(fed: list[Event]) -> None:
    given = at(fed, "net().fit(batches()")
    sources = {event.key: event for event in of_kind(fed, SourceWatched)}
    assert LINES[sources[given.source].at.line - 1].startswith("yield X[i : i + rows]")
    assert (given.inputs[0].shape, given.targets[0].shape) == ((20, 2), (20, 1))
    assert (given.steps_asked, given.steps_had) == (20, 20)
    by_hand = at(fed, "other.train_on_batch")
    assert LINES[sources[by_hand.source].at.line - 1].startswith("yield X[i : i + 20]")


def test_a_generator_that_runs_dry_is_counted(fed: list[Event]) -> None:
    short = at(fed, "net().fit(finite(), steps_per_epoch")
    assert short.steps_asked == 40 and 10 <= short.steps_had < 20
    whole = at(fed, "net().fit(finite(), epochs=1")
    assert whole.steps_asked == whole.steps_had == 10


def test_predictions_are_compared_with_what_was_trained_on(fed: list[Event]) -> None:
    asked = {LINES[event.at.line - 1].partition("(")[0]: event for event in of_kind(fed, PredictionSeen)}
    predicted = asked["model.predict"]
    assert (predicted.samples, predicted.outside_samples, predicted.trained_samples) == (3, 2, 150)
    assert [(one.feature, one.asked_low, one.asked_high) for one in predicted.outside] == [
        (0, 0.0, 5.0),
        (1, -3.0, 0.0),
    ]
    assert [one.feature for one in asked["model"].outside] == [1]
    assert asked["model.predict_on_batch"].outside_samples == 1
    assert asked["other.predict"].outside_samples > 0
    assert predicted.trained_at and LINES[predicted.trained_at.line - 1].startswith("model.fit")


BAD = {
    "returns nothing": "class N(keras.Model):\n        def call(self, x): return None\n"
    "    m = N(); m.compile('sgd', 'mse')",
    "returns a pair": "given = keras.Input((2,)); m = keras.Model(given, [layers.Dense(1)(given)] * 2)\n"
    "    m.compile('sgd', ['mse', 'mse']); Y = [Y, Y]",
    "a vector loss": "m = net(loss=lambda t, p: keras.ops.square(t - p)[:, 0])",
    "half precision": "X, Y = X.astype('float16'), Y.astype('float16'); m = net()",
    "whole numbers": "X, Y = (X * 9).astype('int32'), (Y * 9).astype('int64'); m = net()",
    "complex inputs": "X = X + 1j; m = net()",
    "targets of strings": "Y = np.array(['a', 'b'] * 100); m = net()",
    "no samples": "X, Y = X[:0], Y[:0]; m = net()",
    "one sample": "X, Y = X[:1], Y[:1]; m = net()",
    "nothing to train": "m = net(keras.Input((2,)), layers.Dense(1)); m.trainable = False; m.compile('sgd', 'mse')",
    "mixed precision": "keras.mixed_precision.set_global_policy('mixed_float16'); m = net()",
    "an optimizer of its own": "class O(keras.optimizers.Optimizer):\n"
    "        def update_step(self, g, v, lr): self.assign_sub(v, g * keras.ops.cast(lr, v.dtype))\n"
    "    m = net(); m.compile(O(learning_rate=0.01), 'mse')",
    "a vector of losses": "class V(keras.losses.Loss):\n"
    "        def call(self, t, p): return keras.ops.square(t - p)[:, 0]\n    m = net(loss=V(reduction='none'))",
}

ATTEMPT = """
X, Y = np.concatenate([A, B], axis=1), A - B
try:
    {text}
    m.fit(X, Y, verbose=0)
    print({name!r}, [np.sum(w) for w in m.get_weights()])
except Exception as error:
    print({name!r}, type(error).__name__)
keras.mixed_precision.set_global_policy("float32")
"""


@backends(*BACKENDS)
def test_bad_input_gets_a_reason_and_no_failure_of_ours(backend: str, tmp_path: Path) -> None:
    attempts = "".join(ATTEMPT.format(text=text, name=name) for name, text in BAD.items())
    program = re.sub(r"^ {4}", "", HEAD, flags=re.MULTILINE) + attempts + "print(np.random.rand())\n"
    lay(tmp_path, {"train.py": program})
    alone = python(tmp_path, "train.py", KERAS_BACKEND=backend)
    watched = run(tmp_path, "train.py", KERAS_BACKEND=backend)
    assert alone.status == watched.status == 0, alone.err
    assert alone.out == watched.out
    assert "pitfallcheck itself failed" not in watched.err


FIT = Place("/nowhere/train.py", 20, "<module>")
YIELD = Place("/nowhere/train.py", 5, "batches")
SOURCE = SourceWatched("s", "generator", YIELD, 9, (), Consumer("library", "keras", at=FIT))


def leaf(*shape: int, name: str = "y", constant: bool = False) -> Leaf:
    """An array of a batch, which varies or does not."""
    return Leaf(name, shape, "float32", values=Values(9, 9, 1, constant=(0,) if constant else ()))


def given(*inputs: Leaf, target: Leaf, method: str = "fit", **more: object) -> DataFed:
    """What a call fed its model."""
    return DataFed("f", FIT, method, "net", inputs, (target,), **more)  # type: ignore[arg-type]


def failed(inputs: tuple[tuple[int, ...], ...], expected: int = 0, **more: object) -> CallFailed:
    """A call that raised."""
    return CallFailed("c", FIT, "fit", "net", "ValueError: no", inputs, expected_inputs=expected, **more)  # type: ignore[arg-type]


def judged(code: str, *events: Event) -> list[Finding]:
    """The findings of one pitfall in invented events."""
    findings, skipped = judge_events(events, [code])
    assert not skipped
    return findings


UNEQUAL: dict[str, tuple[tuple[Event, ...], list[int]]] = {
    "a call that raised": ((failed(((50, 2),), targets=((40, 1),)),), [20]),
    "weights of a call that raised": ((failed(((50, 2),), targets=((50, 1),), weights=((4,),)),), [20]),
    "one target for many samples": ((given(leaf(32, 2), target=leaf(1, 1)),), [20]),
    "one target, told where it is yielded": ((SOURCE, given(leaf(32, 2), target=leaf(1, 1), source="s")), [5]),
    "a batch that raised, told where it is yielded": ((SOURCE, failed(((32, 2),), targets=((31, 1),))), [5]),
    "one target in a loop": ((given(leaf(32, 2), target=leaf(1), method="loop"),), [20]),
    "raised and fed": ((failed(((50, 2),), targets=((40, 1),)), given(leaf(50, 2), target=leaf(40, 1))), [20]),
    "equal sizes that raised": ((failed(((50, 2),), targets=((50, 1),)),), []),
    "equal sizes": ((given(leaf(32, 2), target=leaf(32)),), []),
    "a constant that stands for a target": ((given(leaf(32, 2), target=leaf(1, constant=True)),), []),
    "time first, in a loop": ((given(leaf(10, 32, 2), target=leaf(32, 1), method="loop"),), []),
    "targets laid flat, in a loop": ((given(leaf(32, 10), target=leaf(320), method="loop"),), []),
    "no targets": ((DataFed("f", FIT, "predict", "net", (leaf(32, 2),)),), []),
    "a scalar target": ((given(leaf(32, 2), target=leaf()),), []),
}


@pytest.mark.parametrize("case", UNEQUAL)
def test_unequal_batch_sizes_are_judged(case: str) -> None:
    events, lines = UNEQUAL[case]
    assert [found.location.line for found in judged("PF209", *events)] == lines


STACKED: dict[str, tuple[tuple[Event, ...], list[int]]] = {
    "a call that raised": ((failed(((50, 1), (50, 1)), 1),), [20]),
    "the second array dropped": (
        (given(leaf(50, 1, name="a"), leaf(50, 1, name="b"), target=leaf(50, 1), expected_inputs=1),),
        [20],
    ),
    "raised, and fed before": (
        (given(leaf(50, 1), leaf(50, 1), target=leaf(50), expected_inputs=1), failed(((50, 1), (50, 1)), 1)),
        [20],
    ),
    "yielded by a generator": ((SOURCE, failed(((32, 1), (32, 1)), 1)), [5]),
    "a model of two inputs that raised": ((failed(((50, 1), (50, 1)), 2),), []),
    "a model of unknown inputs": ((given(leaf(50, 1), leaf(50, 1), target=leaf(50, 1)),), []),
    "one input that raised": ((failed(((50, 1),), 1),), []),
}


@pytest.mark.parametrize("case", STACKED)
def test_stacked_inputs_are_judged(case: str) -> None:
    events, lines = STACKED[case]
    assert [found.location.line for found in judged("PF204", *events)] == lines


def test_a_list_of_samples_is_told_apart_from_a_list_of_variables() -> None:
    (found,) = judged("PF204", failed(((2,),) * 500, 1))
    assert "500 arrays" in found.message and len(found.message) < 200
    assert "np.stack" in found.remedy
    (found,) = judged("PF204", failed(((500,), (500,)), 1))
    assert "(N, 2)" in found.remedy and "np.stack(..., axis=1)" in found.remedy
