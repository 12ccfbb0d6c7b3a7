"""`check` for a network by hand: what it measures from plain functions and arrays, and that it leaves them alone."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import lay, python, report_of

from pitfallcheck import Report, check
from pitfallcheck.observe.by_hand import batch_of, measure_by_hand
from pitfallcheck.observe.by_hand_request import request_of
from pitfallcheck.observe.events import Event, NotLooked
from pitfallcheck.observe.learning import TrainingSeen
from pitfallcheck.observe.session import Session

Given = dict[str, Any]


def mean_squared(prediction: Any, target: Any) -> Any:
    return np.mean((prediction - target) ** 2)


class Line:
    """c = a1 - a2 by one linear layer: a quadratic loss whose every number NumPy knows."""

    def __init__(self, dtype: Any = np.float64, samples: int = 1000) -> None:
        rng = np.random.default_rng(0)
        self.x = rng.uniform(-10, 10, size=(samples, 2)).astype(dtype)
        self.y = self.x[:, :1] - self.x[:, 1:]
        self.w = rng.normal(size=(2, 1)).astype(dtype)
        self.b = rng.normal(size=1).astype(dtype)

    def forward(self, x: Any) -> Any:
        return x @ self.w + self.b

    def gradient(self, x: Any, target: Any) -> Any:
        error = 2 * (self.forward(x) - target) / len(x)
        return [x.T @ error, error.sum(axis=0)]

    def given(self, **changes: Any) -> Given:
        parameters = [self.w, self.b]
        plain = {"forward": self.forward, "loss": mean_squared, "parameters": parameters, "gradient": self.gradient}
        return {**plain, **changes}

    def eigenvalues(self, share: float = 1.0) -> Any:
        columns = np.column_stack([self.x[: int(share * len(self.x))], np.ones(int(share * len(self.x)))])
        return np.linalg.eigvalsh(2 * columns.T.astype(np.float64) @ columns / len(columns))


def observed(batches: list[Any], **given: Any) -> list[Event]:
    """The events of a check."""
    asked = dict.fromkeys(["loss", "parameters", "gradient", "learning_rate", "steps"])
    request = request_of(**{**asked, "optimizer": "sgd", "momentum": 0.0, **given})  # type: ignore[arg-type]
    assert request is not None
    session = Session()
    measure_by_hand(request, [batch_of(batch) for batch in batches], session, sys._getframe())
    return session.events()


def training(batches: list[Any], **given: Any) -> TrainingSeen:
    (seen,) = (event for event in observed(batches, **given) if isinstance(event, TrainingSeen))
    return seen


def codes(report: Report) -> list[tuple[str, str]]:
    return [(finding.code, finding.level) for finding in report.findings]


@pytest.mark.parametrize("written", [True, False], ids=["gradient by hand", "by differences"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_stability_limit_is_numpys(dtype: Any, written: bool) -> None:
    line = Line(dtype)
    given = line.given() if written else line.given(gradient=None)
    seen = training([(line.x, line.y)], **given, learning_rate=0.01, steps=100)
    assert seen.curvature is not None
    exact = line.eigenvalues()
    assert seen.curvature.largest == pytest.approx(exact[-1], rel=2e-2)
    assert seen.curvature.limit == pytest.approx(2 / exact[-1], rel=2e-2)


def test_the_forecast_is_what_training_leaves() -> None:
    line = Line()
    seen = training([(line.x, line.y)], **line.given(), learning_rate=0.01, steps=100)
    assert seen.forecast is not None
    assert seen.forecast.now == pytest.approx(mean_squared(line.forward(line.x), line.y))
    for _ in range(100):
        for parameter, slope in zip([line.w, line.b], line.gradient(line.x, line.y), strict=True):
            parameter[...] -= 0.01 * slope
    assert seen.forecast.left == pytest.approx(mean_squared(line.forward(line.x), line.y), rel=0.1)


@pytest.mark.parametrize("factor", [0.5, 1000.0])
def test_a_factor_of_the_gradient_is_one_of_the_steps_and_not_of_the_loss(factor: float) -> None:
    line = Line()
    scaled = line.given(gradient=lambda x, y: [factor * part for part in line.gradient(x, y)])
    plain = training([(line.x, line.y)], **line.given(), learning_rate=0.01, steps=100)
    seen = training([(line.x, line.y)], **scaled, learning_rate=0.01 / factor, steps=100)
    assert plain.curvature and seen.curvature and plain.forecast and seen.forecast
    assert seen.curvature.largest == pytest.approx(factor * plain.curvature.largest, rel=1e-3)
    assert seen.forecast.now == pytest.approx(plain.forecast.now, rel=1e-3)
    assert seen.forecast.left == pytest.approx(plain.forecast.left, rel=1e-2)


@pytest.mark.parametrize("share, due", [(0.9, []), (1.1, [("PF401", "error")])], ids=["below", "above"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_rate_beyond_the_limit_is_told_where_check_is_called(momentum: float, share: float, due: Any) -> None:
    line = Line()
    rate = share * 2 * (1 + momentum) / line.eigenvalues()[-1]
    report = check([(line.x, line.y)], **line.given(), learning_rate=rate, momentum=momentum, steps=2000)
    assert codes(report) == due
    if due:
        (finding,) = report.findings
        assert finding.location.path == str(Path(__file__).relative_to(Path.cwd()))
        assert finding.location.line == sys._getframe().f_lineno - 5


def test_later_batches_say_what_the_first_ones_direction_curves_there() -> None:
    line = Line()
    halves = [(line.x[:500], line.y[:500]), (line.x[500:], line.y[500:])]
    seen = training(halves, **line.given(), learning_rate=0.01, steps=100)
    assert seen.curvature is not None
    columns = np.column_stack([line.x[500:], np.ones(500)])
    hessian = 2 * columns.T @ columns / 500
    first = np.column_stack([line.x[:500], np.ones(500)])
    top = np.linalg.eigh(2 * first.T @ first / 500)[1][:, -1]
    assert seen.curvature.later == pytest.approx(top @ hessian @ top, rel=1e-3)


def test_the_affine_fit_is_least_squares_and_the_error_the_networks_own() -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(-3, 3, size=(64, 1))
    y = 2 * np.sin(x) + 5
    w = np.ones((1, 1))
    seen = training([(x[:32], y[:32]), (x[32:], y[32:])], forward=lambda inputs: inputs @ w, parameters=w)
    assert seen.affine is not None
    assert seen.affine.error == pytest.approx(np.mean((np.polyval(np.polyfit(x[:, 0], y[:, 0], 1), x) - y) ** 2))
    assert seen.error == pytest.approx(np.mean((x - y) ** 2))


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def huber(p: Any, y: Any) -> Any:
    off = np.abs(p - y)
    return np.mean(np.where(off < 1, off**2 / 2, off - 0.5))


LOSSES: dict[str, tuple[Callable[[Any, Any], Any], str, str, bool]] = {
    "mean squared": (mean_squared, "plain", "mse", False),
    "half of it": (lambda p, y: mean_squared(p, y) / 2, "plain", "mse", False),
    "summed": (lambda p, y: np.sum((p - y) ** 2), "plain", "mse", True),
    "summed over outputs": (lambda p, y: np.mean(np.sum((p - y) ** 2, axis=1)), "plain", "mse", False),
    "root of the mean": (lambda p, y: np.sqrt(mean_squared(p, y)), "plain", "other", False),
    "weighed by output": (lambda p, y: np.mean((p - y) ** 2 * [1, 9]), "plain", "other", False),
    "mean absolute": (lambda p, y: np.mean(np.abs(p - y)), "plain", "mae", False),
    "Huber": (huber, "plain", "huber", False),
    "log cosh": (lambda p, y: np.mean(np.log(np.cosh(p - y))), "plain", "other", False),
    "a constant": (lambda p, y: 1.0, "plain", "other", False),
    "binary": (
        lambda p, y: -np.mean(y * np.log(p + 1e-8) + (1 - y) * np.log(1 - p + 1e-8)),
        "probability",
        "binary_crossentropy",
        False,
    ),
    "binary, of logits": (
        lambda p, y: np.mean(np.maximum(p, 0) - p * y + np.log1p(np.exp(-np.abs(p)))),
        "logit",
        "binary_crossentropy",
        False,
    ),
    "classes": (
        lambda p, y: -np.mean(np.log(p[np.arange(len(p)), y] + 1e-9)),
        "probabilities",
        "crossentropy",
        False,
    ),
    "classes, summed": (
        lambda p, y: -np.sum(np.log(p[np.arange(len(p)), y])),
        "probabilities",
        "crossentropy",
        True,
    ),
    "classes, of logits": (
        lambda p, y: -np.mean(np.log(softmax(p)[np.arange(len(p)), y])),
        "logits",
        "crossentropy",
        False,
    ),
}


@pytest.mark.parametrize("samples", [1, 16])
@pytest.mark.parametrize("name", LOSSES)
def test_what_a_loss_computes_is_found_by_asking(name: str, samples: int) -> None:
    loss, head, kind, summed = LOSSES[name]
    rng = np.random.default_rng(2)
    outputs = {"plain": 2, "probability": 1, "logit": 1, "probabilities": 3, "logits": 3}[head]
    heads: dict[str, Callable[[Any], Any]] = {"probability": sigmoid, "probabilities": softmax}
    shape = heads.get(head, lambda z: 2 * z)
    w = rng.normal(size=(4, outputs))

    def batch() -> Any:
        x = rng.normal(size=(samples, 4))
        targets = {
            "plain": rng.normal(size=(samples, 2)),
            "probability": rng.integers(0, 2, size=(samples, 1)).astype(float),
            "logit": rng.integers(0, 2, size=(samples, 1)).astype(float),
        }
        return x, targets.get(head, rng.integers(0, 3, size=samples))

    seen = training([batch() for _ in range(6)], forward=lambda x: shape(x @ w), loss=loss)
    assert (seen.loss_kind, seen.summed) == (kind, summed)


def test_the_baseline_is_the_loss_of_the_best_constant() -> None:
    line = Line(samples=50)
    seen = training([(line.x, line.y)], **line.given(loss=lambda p, y: np.sum((p - y) ** 2) / 2, gradient=None))
    assert seen.baseline == pytest.approx(np.sum((line.y - line.y.mean()) ** 2) / 2)


def test_a_step_is_summed_where_the_gradient_is() -> None:
    line = Line(samples=20)
    summed = line.given(gradient=lambda x, y: [len(x) * part for part in line.gradient(x, y)])
    assert training([(line.x, line.y)], **summed).summed
    assert not training([(line.x, line.y)], **line.given()).summed


def relu_network(bias: float) -> Given:
    rng = np.random.default_rng(3)
    w1, b1, w2 = rng.normal(size=(1, 8)), np.full(8, bias), rng.normal(size=(8, 1))
    return {"forward": lambda x: np.maximum(x @ w1 + b1, 0) @ w2, "parameters": [w1, b1, w2]}


def two_layers() -> Given:
    rng = np.random.default_rng(3)
    w1, w2 = rng.normal(size=(1, 8)), rng.normal(size=(8, 1))
    return {"forward": lambda x: x @ w1 @ w2 + 1, "parameters": [w1, w2]}


AFFINE: dict[str, tuple[Callable[[], Given], bool]] = {
    "two linear layers": (two_layers, True),
    "ReLU": (lambda: relu_network(0.1), False),
    "ReLU without biases where all inputs are positive": (lambda: relu_network(0.0), False),
    "ReLU whose units are all on": (lambda: relu_network(10.0), False),
}


@pytest.mark.parametrize("name", AFFINE)
def test_an_affine_network_is_one_whatever_its_parameters(name: str) -> None:
    make, affine = AFFINE[name]
    given = make()
    x = np.random.default_rng(4).uniform(0, 1, size=(16, 1))
    assert (training([(x, np.sin(3 * x))], **given).midpoint < 1e-4) == affine
    assert (training([(x[i : i + 1], np.sin(x[i : i + 1])) for i in range(8)], **given).midpoint < 1e-4) == affine


def test_a_loss_that_compares_all_pairs_is_found() -> None:
    line = Line(samples=16)
    report = check([(line.x, line.y[:, 0])], forward=line.forward, loss=mean_squared, ignore=["PF504"])
    assert ("PF202", "error") in codes(report)


def test_a_parameter_that_changes_no_prediction_is_named() -> None:
    line = Line(samples=16)
    seen = training([(line.x, line.y)], forward=line.forward, parameters={"w": line.w, "b": line.b, "v": np.ones(3)})
    assert [unwired.parameter for unwired in seen.unwired] == ["v"]


def test_a_dead_unit_is_no_unwired_parameter() -> None:
    given = relu_network(-100.0)
    x = np.random.default_rng(4).normal(size=(16, 1))
    given["parameters"][2][:] = 0
    assert training([(x, np.abs(x))], **given).unwired == ()


X = np.random.default_rng(5).normal(size=(8, 2))
Y = X.sum(axis=1, keepdims=True)


def test_parameters_are_named_as_the_user_does() -> None:
    w, b, v = np.ones((2, 1)), np.zeros(1), np.ones(4)
    net = Line()

    def unwired(report: Report) -> list[str]:
        return [finding.message.partition(" ")[0] for finding in report.findings if finding.code == "PF304"]

    def forward(x: Any) -> Any:
        return x @ w + b

    everything = [w, b, v]
    assert unwired(check([(X, Y)], forward=forward, parameters={"w": w, "b": b, "spare": v})) == ["`spare`"]
    assert unwired(check([(X, Y)], forward=forward, parameters=[w, b, net.w])) == ["`net.w`"]
    assert unwired(check([(X, Y)], forward=forward, parameters=everything)) == ["`v`"]
    assert unwired(check([(X, Y)], forward=forward, parameters=[[w], [b, v]])) == ["`v`"]
    assert unwired(check([(X, Y)], forward=forward, parameters=[[w], [b, np.ones(3)]])) == ["`parameters[1][1]`"]


class Drawing:
    """A network that draws random numbers, talks, and writes into its inputs."""

    def __init__(self) -> None:
        self.w = np.array([[1.0], [-0.0], [np.nan]])[:2]
        self.rng = np.random.default_rng(6)
        self.legacy = np.random.RandomState(7)
        self.own = random.Random(8)

    def forward(self, x: Any) -> Any:
        self.rng.normal(), self.legacy.normal(), self.own.random(), np.random.normal(), random.random()
        print("forward")
        x *= 1.0
        x[0, 0] = 0.0
        return x @ self.w

    def states(self) -> Any:
        theirs = (self.rng.bit_generator.state, self.legacy.get_state()[2], self.own.getstate())
        return theirs, np.random.get_state()[1].tolist(), np.random.get_state()[2], random.getstate()  # type: ignore[index]


def test_nothing_is_changed(capsys: pytest.CaptureFixture[str]) -> None:
    net = Drawing()
    x, y = X.copy(), Y.copy()
    states, weights = net.states(), net.w.tobytes()

    def gradient(inputs: Any, target: Any) -> Any:
        return [2 * inputs.T @ (inputs @ net.w - target) / len(inputs)]

    check(
        [(x, y)],
        forward=net.forward,
        loss=mean_squared,
        parameters=[net.w],
        gradient=gradient,
        learning_rate=0.1,
        steps=10,
    )
    assert net.states() == states
    assert net.w.tobytes() == weights
    assert np.array_equal(x, X) and np.array_equal(y, Y)
    assert capsys.readouterr().out == ""


def test_parameters_are_put_back_where_a_function_raises() -> None:
    line = Line(samples=8)
    before = line.w.tobytes()
    calls = []

    def forward(x: Any) -> Any:
        calls.append(1)
        if len(calls) > 40:
            raise RuntimeError("tired")
        return line.forward(x)

    report = check([(line.x, line.y)], **line.given(forward=forward))
    assert line.w.tobytes() == before
    assert any("raised RuntimeError: tired" in item.why for item in report.skipped)


def raising(*_: Any) -> Any:
    raise KeyError("mine")


@pytest.mark.parametrize("name", ["forward", "loss", "gradient"])
def test_what_a_function_raises_is_raised(name: str) -> None:
    line = Line(samples=8)
    with pytest.raises(KeyError, match="mine"):
        check([(line.x, line.y)], **line.given(**{name: raising}))


def step(x: Any, y: Any) -> Any:
    STEPPED.w -= 0.1
    return STEPPED.gradient(x, y)


STEPPED = Line(samples=8)

BAD: dict[str, tuple[Given, type[Exception], str]] = {
    "forward is no function": ({"forward": 3}, TypeError, "`forward` must be a function, not an int"),
    "loss is no function": ({"loss": "mse"}, TypeError, "`loss` must be a function, not a str"),
    "no forward": ({"forward": None}, TypeError, "`loss` says nothing without `forward`"),
    "a gradient of nothing": ({"parameters": None}, TypeError, "`gradient` needs `parameters`"),
    "no prediction": ({"forward": lambda x: None}, TypeError, "`forward` must return one array.* returned None"),
    "a tuple": ({"forward": lambda x: (x, x)}, TypeError, "returned a tuple"),
    "a dict": ({"forward": lambda x: {"y": x}}, TypeError, "returned a dict"),
    "a vector of losses": ({"loss": lambda p, y: (p - y) ** 2}, TypeError, r"one number .* shape \(8, 1\)"),
    "no loss": ({"loss": lambda p, y: None}, TypeError, "`loss` must return a number, and returned None"),
    "a complex loss": ({"loss": lambda p, y: 1j}, TypeError, "`loss` must return a number"),
    "a loss of four things": ({"loss": lambda a, b, c, d: 0.0}, TypeError, "`loss` takes 4 arguments"),
    "a forward of three things": ({"forward": lambda a, b, c: 0.0}, TypeError, "`forward` takes 3 arguments"),
    "a loss with a keyword": ({"loss": lambda p, y, *, scale: 0.0}, TypeError, "needs `scale`"),
    "integers": ({"parameters": [np.arange(2)]}, TypeError, r"`parameters\[0\]` must hold floats, and holds int"),
    "complex numbers": ({"parameters": [np.ones(2) * 1j]}, TypeError, "must hold floats, and holds complex128"),
    "numbers": ({"parameters": [1.0]}, TypeError, "cannot be changed in place"),
    "names": ({"parameters": ["w"]}, TypeError, r"`parameters\[0\]` must be an array of floats, not a str"),
    "nothing": ({"parameters": []}, ValueError, "`parameters` holds no arrays"),
    "too few gradients": ({"gradient": lambda x, y: [np.ones((2, 1))]}, ValueError, "returned 1 arrays for 2"),
    "a gradient of another shape": (
        {"gradient": lambda x, y: [np.ones((3, 1)), np.ones(1)]},
        ValueError,
        r"shape \(3, 1\) for `.*`, which has shape \(2, 1\)",
    ),
    "a gradient of None": ({"gradient": lambda x, y: [None, np.ones(1)]}, TypeError, "must return numbers"),
    "a step instead of a gradient": (
        {"parameters": [STEPPED.w, STEPPED.b], "forward": STEPPED.forward, "gradient": step},
        ValueError,
        "`gradient` changed the parameters",
    ),
    "a rate of zero": ({"learning_rate": 0}, ValueError, "`learning_rate` must be above 0"),
    "a rate of no number": ({"learning_rate": "0.1"}, TypeError, "`learning_rate` must be a number, not a str"),
    "no steps": ({"learning_rate": 0.1, "steps": 0}, ValueError, "`steps` must be a whole number"),
    "half a step": ({"learning_rate": 0.1, "steps": 1.5}, ValueError, "`steps` must be a whole number"),
    "another optimizer": ({"learning_rate": 0.1, "optimizer": "lion"}, ValueError, "one of 'sgd', 'adam', not 'lion'"),
    "a momentum of 1": ({"learning_rate": 0.1, "momentum": 1}, ValueError, "below 1"),
    "no batch at all": ({"batches": 0}, ValueError, "`batches` must be a whole number of at least 1"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_is_named(name: str) -> None:
    changes, kind, text = BAD[name]
    line = Line(samples=8)
    with pytest.raises(kind, match=text):
        check([(line.x, line.y)], **line.given(**changes))


@pytest.mark.parametrize("batch", [3, None, {"x": X, "y": Y}, (X, Y, Y, Y)])
def test_a_batch_that_is_no_pair_is_named(batch: Any) -> None:
    with pytest.raises(TypeError, match="a batch must be"):
        check([batch], forward=lambda x: x)


def test_a_loss_wants_targets() -> None:
    with pytest.raises(TypeError, match="one came without targets"):
        check([(X,)], forward=lambda x: x, loss=mean_squared)


def dropout(x: Any) -> Any:
    return x * (np.random.random(x.shape) > 0.5)


BIG = np.ones((2, 100))
SKIPPED: dict[str, tuple[list[Any], Given, str]] = {
    "a random network": ([(X, Y)], {"forward": dropout}, "it returned two different predictions for one batch"),
    "copies of the parameters": (
        [(X, Y)],
        {"forward": lambda x: x.sum(axis=1, keepdims=True) * 2, "parameters": [np.ones(2)]},
        "no prediction depends on them",
    ),
    "many parameters without a gradient": (
        [(X, Y)],
        {
            "forward": lambda x: (x @ BIG).mean(axis=1, keepdims=True),
            "loss": mean_squared,
            "parameters": BIG,
            "learning_rate": 0.1,
        },
        "it takes a `gradient` for more than 64 parameters",
    ),
    "targets of strings": (
        [(X, np.array(["a"] * 8))],
        {"forward": lambda x: x, "loss": lambda p, y: float(len(y))},
        "the targets are no arrays of numbers",
    ),
    "complex inputs": ([(X * 1j, Y)], {"forward": lambda x: x}, "the inputs or targets are complex numbers"),
    "inputs in a dict": (
        [({"a": X}, Y)],
        {"forward": lambda x: x["a"]},
        "the inputs are not one array of numbers with a row for each sample",
    ),
    "unlike lengths": (
        [(X, Y[:4])],
        {"forward": lambda x: x},
        "inputs of shape (8, 2) came with targets of shape (4, 1)",
    ),
    "no batches": ([], {"forward": lambda x: x}, "there was no batch to ask it about"),
}


@pytest.mark.parametrize("name", SKIPPED)
def test_what_cannot_be_measured_is_skipped_with_the_reason(name: str) -> None:
    batches, given, why = SKIPPED[name]
    reasons = [event.why for event in observed(batches, **given) if isinstance(event, NotLooked)]
    if not batches:
        assert why in reasons
        return
    assert any(why in reason for reason in reasons), reasons
    assert not any("pitfallcheck itself failed" in reason for reason in reasons), reasons


ODD: dict[str, Callable[[], tuple[Any, Given]]] = {
    "float16": lambda: pair(Line(np.float16, samples=16)),
    "one sample": lambda: pair(Line(samples=1)),
    "integers for inputs": lambda: ((np.arange(8).reshape(4, 2), np.ones((4, 1))), Line(samples=4).given()),
    "flat predictions": lambda: (
        (X, Y[:, 0]),
        {"forward": lambda x: (x @ WEIGHTS)[:, 0], "loss": mean_squared, "parameters": WEIGHTS},
    ),
    "NaN in a batch": lambda: ((np.full((4, 2), np.nan), np.ones((4, 1))), Line(samples=4).given()),
    "a schedule": lambda: ((X, Y), Line(samples=4).given(learning_rate=lambda step: 0.1 / (step + 1), steps=5)),
    "Adam": lambda: ((X, Y), Line(samples=4).given(learning_rate=0.1, optimizer="adam", steps=5)),
    "weights of samples": lambda: (
        (X, Y, np.ones(8)),
        Line(samples=4).given(loss=lambda p, y, weight: np.mean(weight[:, None] * (p - y) ** 2)),
    ),
}
WEIGHTS = np.ones((2, 1))


def pair(line: Line) -> tuple[Any, Given]:
    return (line.x, line.y), line.given(learning_rate=0.001, steps=5)


@pytest.mark.parametrize("name", ODD)
def test_odd_numbers_are_no_trouble(name: str) -> None:
    batch, given = ODD[name]()
    reasons = [event.why for event in observed([batch], **given) if isinstance(event, NotLooked)]
    assert not any("pitfallcheck itself failed" in reason for reason in reasons), reasons


ARGUMENTS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "by position": (lambda a, b: mean_squared(a, b) + 0 * a.sum(), lambda a, b: a @ b["w"] + b["b"]),
    "by the usual names": (
        lambda y_true, y_pred: mean_squared(y_pred, y_true),
        lambda params, x: x @ params["w"] + params["b"],
    ),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_parameters_may_be_passed(name: str) -> None:
    loss, forward = ARGUMENTS[name]
    line = Line()
    parameters = {"w": line.w, "b": line.b}
    seen = training([(line.x, line.y)], forward=forward, loss=loss, parameters=parameters, learning_rate=0.01, steps=9)
    assert seen.curvature is not None
    assert seen.curvature.largest == pytest.approx(line.eigenvalues()[-1], rel=1e-3)


@pytest.mark.frameworks("jax")
def test_jax_needs_no_adapter() -> None:
    import jax
    import jax.numpy as jnp

    line = Line(np.float32)

    def forward(params: Any, x: Any) -> Any:
        return x @ params["w"] + params["b"]

    def loss(prediction: Any, target: Any) -> Any:
        return jnp.mean((prediction - target) ** 2)

    gradient = jax.jit(jax.grad(lambda params, x, y: loss(forward(params, x), y)))
    params = {"w": jnp.asarray(line.w), "b": jnp.asarray(line.b)}
    given = {"forward": forward, "loss": loss, "parameters": params, "gradient": gradient, "learning_rate": 0.0305}
    batch = (jnp.asarray(line.x), jnp.asarray(line.y))
    seen = training([batch], **given)
    assert seen.curvature is not None
    assert seen.curvature.largest == pytest.approx(line.eigenvalues()[-1], rel=2e-2)
    assert codes(check([batch], **given)) == [("PF401", "error")]
    wrong = jax.grad(lambda params, x, y: -loss(forward(params, x), y))
    assert codes(check([batch], **{**given, "gradient": wrong}, select=["PF303"])) == [("PF303", "error")]


@pytest.mark.frameworks("torch")
def test_torch_parameters_are_changed_where_they_lie() -> None:
    import torch

    line = Line(np.float32)
    net = torch.nn.Linear(2, 1)
    before = [parameter.detach().clone() for parameter in net.parameters()]

    def gradient(x: Any, y: Any) -> Any:
        net.zero_grad()
        torch.mean((net(x) - y) ** 2).backward()
        return [parameter.grad for parameter in net.parameters()]

    seen = training(
        [(torch.tensor(line.x), torch.tensor(line.y))],
        forward=net,
        loss=lambda p, y: torch.mean((p - y) ** 2),
        parameters=net.parameters(),
        gradient=gradient,
        learning_rate=0.01,
    )
    assert seen.curvature is not None
    assert seen.curvature.largest == pytest.approx(line.eigenvalues()[-1], rel=2e-2)
    assert all(torch.equal(one, other) for one, other in zip(before, net.parameters(), strict=True))


PROGRAM = """
import numpy as np
from pitfallcheck import check
x = np.random.default_rng(0).normal(size=(64, 1))
w = np.zeros((1, 1))
def forward(inputs):
    return inputs @ w
def loss(prediction, target):
    return np.mean((prediction - target) ** 2)
def gradient(inputs, target):
    return -inputs.T @ (forward(inputs) - target)
def batches():
    for start in range(0, 64, 8):
        yield x[start:start + 8], 2 * x[start:start + 8]
for _ in range(3):
    report = check(batches(), forward=forward, loss=loss, parameters=w, gradient=gradient)
    print([finding.code for finding in report.findings])
"""


def test_under_run_the_finding_is_reported_once_and_the_program_sees_what_it_sees_without(tmp_path: Path) -> None:
    lay(tmp_path, {"program.py": PROGRAM})
    plain = python(tmp_path, "program.py")
    ran = report_of(tmp_path, "program.py")
    assert plain.out == "['PF303']\n" * 3
    assert ran.err == plain.out
    assert ran.found == [("PF303", "error", 10)]
    assert ran.report["checked"]["batches"] == 24
    assert ran.report["skipped"] == []
