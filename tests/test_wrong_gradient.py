"""PF303: gradients by hand of small networks, right and with one fault each, judged by what `check` measures."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pitfallcheck import Report, check
from pitfallcheck.judge import judge_events
from pitfallcheck.observe.by_hand_differences import slope
from pitfallcheck.observe.by_hand_relation import Entry, relate
from pitfallcheck.observe.events import Place
from pitfallcheck.observe.learning import GradientChecked

EPSILON = 1e-8


class Network:
    """Two hidden layers of five units, of which one line can be wrong."""

    def __init__(self, act: str, head: str, dtype: Any, *, zeros: bool = False, fault: str = "") -> None:
        rng = np.random.default_rng(0)
        outputs = {"line": 2, "binary": 1, "classes": 3}[head]
        sizes = [(3, 5), (5, 5), (5, outputs)]
        self.w = [(rng.normal(size=size) * math.sqrt(2 / size[0])).astype(dtype) for size in sizes]
        self.b = [np.zeros(size[1], dtype) for size in sizes]
        if zeros:
            self.w[2][:] = 0
        self.act, self.head, self.fault, self.outputs = act, head, fault, outputs

    def parameters(self) -> list[Any]:
        return [*self.w, *self.b]

    def layers(self, x: Any) -> list[Any]:
        values = [x]
        for number, (w, b) in enumerate(zip(self.w, self.b, strict=True)):
            z = values[-1] @ w + b
            if number < 2:
                z = np.maximum(z, 0) if self.act == "relu" else np.tanh(z)
            elif self.head == "binary":
                z = 1 / (1 + np.exp(-z))
            elif self.head == "classes":
                e = np.exp(z - z.max(axis=1, keepdims=True))
                z = e / e.sum(axis=1, keepdims=True)
            values.append(z)
        return values

    def forward(self, x: Any) -> Any:
        return self.layers(x)[-1]

    def loss(self, p: Any, y: Any) -> Any:
        if self.head == "line":
            return np.mean((p - y) ** 2)
        if self.head == "binary":
            return -np.mean(y * np.log(p + EPSILON) + (1 - y) * np.log(1 - p + EPSILON))
        return -np.mean(np.log(p[np.arange(len(p)), y] + EPSILON))

    def gradient(self, x: Any, y: Any) -> list[Any]:
        values = self.layers(x)
        p, count = values[-1], len(x)
        back = p.copy()
        if self.head == "classes":
            back[np.arange(count), y] -= 1
            back /= count
        else:
            back = (p - y) * (2 if self.head == "line" else 1) / y.size
        dw: list[Any] = [None] * 3
        db: list[Any] = [None] * 3
        for number in (2, 1, 0):
            dw[number] = values[number].T @ back
            db[number] = back.mean(axis=0) if self.fault == "averaged biases" else back.sum(axis=0)
            if number:
                w = self.w[number]
                back = back @ (w if self.fault == "w2 not transposed" and number == 1 else w.T)
                h = values[number]
                if self.fault != "no derivative of the activation":
                    back = back * ((h > 0) if self.act == "relu" else 1 - h**2)
        if self.fault == "transposed":
            dw[1] = dw[1].T
        if self.fault == "sign of the first layer":
            dw[0] = -dw[0]
        if self.fault == "one entry":
            dw[2][0, 0] *= 1.5
        return [*dw, *db]

    def batch(self, rng: np.random.Generator, samples: int, scale: float = 1.0) -> tuple[Any, Any]:
        x = (rng.normal(size=(samples, 3)) * scale).astype(self.w[0].dtype)
        if self.head == "line":
            return x, rng.normal(size=(samples, 2)).astype(x.dtype)
        if self.head == "binary":
            return x, rng.integers(0, 2, size=(samples, 1)).astype(x.dtype)
        return x, rng.integers(0, 3, size=samples)

    def check(self, samples: int = 8, scale: float = 1.0) -> Report:
        rng = np.random.default_rng(1)
        return check(
            [self.batch(rng, samples, scale) for _ in range(2)],
            forward=self.forward,
            loss=self.loss,
            parameters=self.parameters(),
            gradient=self.gradient,
            select=["PF303"],
        )


each_network = pytest.mark.parametrize(
    ("act", "head", "dtype"),
    [
        (act, head, dtype)
        for act in ("relu", "tanh")
        for head in ("line", "binary", "classes")
        for dtype in ("f8", "f4")
    ],
)
FAULTS = [
    "averaged biases",
    "w2 not transposed",
    "no derivative of the activation",
    "transposed",
    "sign of the first layer",
    "one entry",
]


@each_network
@pytest.mark.parametrize("scale", [1.0, 50.0], ids=["", "saturated"])
@pytest.mark.parametrize("zeros", [False, True], ids=["", "zeros"])
def test_a_right_gradient_is_right(act: str, head: str, dtype: str, zeros: bool, scale: float) -> None:
    assert Network(act, head, dtype, zeros=zeros).check(scale=scale).findings == ()
    assert Network(act, head, dtype, zeros=zeros).check(samples=1, scale=scale).findings == ()


@each_network
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(act: str, head: str, dtype: str, fault: str) -> None:
    (finding,) = Network(act, head, dtype, fault=fault).check().findings
    assert (finding.code, finding.level) == ("PF303", "error")


@pytest.mark.parametrize("fault", ["w2 not transposed", "sign of the first layer"])
def test_a_fault_is_found_where_zeros_hide_it(fault: str) -> None:
    (finding,) = Network("tanh", "line", "f8", zeros=True, fault=fault).check().findings
    assert finding.level == "error"
    assert "with the parameters moved a little at random" in finding.message


X = np.random.default_rng(2).normal(size=(20, 2))
Y = X @ np.array([[1.0, 2.0], [3.0, 4.0]]) + 1


def of_a_plane(change: Callable[[Any, Any, Any, Any], Any], batches: Any = ((X, Y),)) -> str:
    """Level, message and remedy for a linear layer of 2 to 2 whose gradients `change` returns from (dw, db, w, b)."""
    w, b = np.array([[0.5, -0.2], [0.1, 0.9]]), np.array([0.3, -0.4])

    def forward(x: Any) -> Any:
        return x @ w + b

    def backward(x: Any, y: Any) -> Any:
        error = (forward(x) - y) * 2 / y.size
        return change(x.T @ error, error.sum(axis=0), w, b)

    def loss(prediction: Any, target: Any) -> Any:
        return np.mean((prediction - target) ** 2)

    report = check(list(batches), forward=forward, loss=loss, parameters=[w, b], gradient=backward, select=["PF303"])
    return " ".join(f"{f.level}: {f.message}. {f.remedy}" for f in report.findings)


def norm_clipped(dw: Any, db: Any, w: Any, b: Any) -> Any:
    norm = math.sqrt(np.sum(dw**2) + np.sum(db**2))
    return dw * min(1, 0.5 / norm), db * min(1, 0.5 / norm)


SAID: dict[str, tuple[Callable[[Any, Any, Any, Any], Any], list[str]]] = {
    "right": (lambda dw, db, w, b: (dw, db), []),
    "half": (
        lambda dw, db, w, b: (dw / 2, db / 2),
        ["note: `backward` is 1/2 times the gradient of `loss`: the direction is right", "multiply it by 2"],
    ),
    "times the samples": (
        lambda dw, db, w, b: (dw * 20, db * 20),
        ["note: `backward` is 20 times", "(the 20 samples in the batch)", "divide it by 20"],
    ),
    "over the samples": (
        lambda dw, db, w, b: (dw / 20, db / 20),
        ["note: `backward` is 1/20 times", "(one over the 20 s"],
    ),
    "times the outputs": (lambda dw, db, w, b: (dw * 2, db * 2), ["note: `backward` is 2 times"]),
    "an odd factor": (lambda dw, db, w, b: (dw * 0.37, db * 0.37), ["note: `backward` is 0.37 times", "2.703"]),
    "uphill": (lambda dw, db, w, b: (-dw, -db), ["error: `backward` points uphill: it is -1 times", "turn its sign"]),
    "the bias summed": (
        lambda dw, db, w, b: (dw, db * 20),
        [
            "error: `backward` scales the parts of the gradient of `loss` differently",
            "`w` by 1 and `b` by 20, apart by 20",
            "(the 20 samples in the batch)",
        ],
    ),
    "both scaled, apart": (lambda dw, db, w, b: (dw / 2, db * 10), ["`w` by 1/2 and `b` by 10, apart by 20 (the 20"]),
    "the sign of the bias": (
        lambda dw, db, w, b: (dw, -db),
        ["error: `backward` is not the gradient of `loss`: for `b[", "turn the sign of the gradient of `b`"],
    ),
    "transposed": (lambda dw, db, w, b: (dw.T, db), ["error: `backward` is not", "transpose the gradient of `w`"]),
    "nothing for the bias": (lambda dw, db, w, b: (dw, 0 * db), ["error: `backward` is not", "it is zero for `b`"]),
    "something else": (lambda dw, db, w, b: (dw + 0.1, db), ["error: ", "`w`: the one of `b` is right"]),
    "a penalty": (lambda dw, db, w, b: (dw + 0.05 * w, db), []),
    "a penalty of sizes": (lambda dw, db, w, b: (dw + 0.05 * np.sign(w), db), []),
    "clipped by value": (lambda dw, db, w, b: (np.clip(dw, -1.5, 1.5), np.clip(db, -1.5, 1.5)), []),
    "clipped by norm": (norm_clipped, []),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_said(name: str) -> None:
    change, parts = SAID[name]
    said = of_a_plane(change, [(X, Y), (X[::-1] * 0.7 + 1, Y)])
    assert bool(said) == bool(parts), said
    for part in parts:
        assert part in said


def test_it_stands_at_the_def_line_of_the_gradient_below_its_decorators() -> None:
    w = np.ones((2, 2))

    def plain(function: Any) -> Any:
        return function

    @plain
    @plain
    def backward(x: Any, y: Any) -> Any:
        return x

    line = backward.__code__.co_firstlineno + 2
    (finding,) = check(
        [(X[:2], Y[:2])],
        forward=lambda x: x @ w,
        loss=lambda p, y: np.mean((p - y) ** 2),
        parameters=w,
        gradient=backward,
        select=["PF303"],
    ).findings
    assert finding.location.line == line


def test_many_parameters_are_sampled_and_a_fault_in_all_of_one_is_found() -> None:
    rng = np.random.default_rng(3)
    w1, w2 = rng.normal(size=(50, 200)) / 7, rng.normal(size=(200, 1)) / 14
    calls = []

    def forward(x: Any) -> Any:
        calls.append(1)
        return np.tanh(x @ w1) @ w2

    def gradient(x: Any, y: Any) -> Any:
        h = np.tanh(x @ w1)
        error = 2 * (h @ w2 - y) / len(x)
        return [x.T @ (error @ w2.T), h.T @ error]

    x = rng.normal(size=(16, 50))
    report = check(
        [(x, x[:, :1])],
        forward=forward,
        loss=lambda p, y: np.mean((p - y) ** 2),
        parameters=[w1, w2],
        gradient=gradient,
        select=["PF303"],
    )
    assert [finding.level for finding in report.findings] == ["error"]
    assert "`w1`: the one of `w2` is right" in report.findings[0].remedy
    assert len(calls) < 2000


SLOPES: dict[str, tuple[Callable[[float], float], float, float]] = {
    "smooth": (lambda t: math.exp(t) * math.sin(3 * t), 0.4, math.exp(0.4) * (math.sin(1.2) + 3 * math.cos(1.2))),
    "far from zero": (lambda t: t**2, 1000.0, 2000.0),
    "flat": (lambda t: 1.0, 0.0, 0.0),
    "beside a kink": (lambda t: max(t, 0.0), 1e-6, 1.0),
}


@pytest.mark.parametrize("name", SLOPES)
def test_a_slope_is_within_its_doubt(name: str) -> None:
    function, at, exact = SLOPES[name]
    found = slope(lambda point: function(float(point[0])), np.array([at]), np.ones(1), function(at), 2.2e-16)
    assert not found.kinked
    assert abs(found.value - exact) <= max(5 * found.doubt, 1e-6 * abs(exact))
    assert found.doubt <= 1e-3 * max(1.0, abs(exact))


@pytest.mark.parametrize("function", [abs, lambda t: max(t, 0.0), lambda t: max(t, 0.0) + t**2])
def test_a_kink_is_known(function: Callable[[float], float]) -> None:
    found = slope(lambda point: function(float(point[0])), np.zeros(1), np.ones(1), function(0.0), 2.2e-16)
    assert found.kinked


def test_what_is_too_uncertain_says_nothing() -> None:
    vague = [Entry(0, 1.0, 0.5, 10.0, 1.0, 1.0), Entry(1, 2.0, -0.5, 10.0, 1.0, 1.0)]
    assert relate([[vague]], [1.0], 1e-3) is None


CHECKED = GradientChecked("g", Place(__file__, 1), "gradient", 0.0, 1e-3, 1.0, "w", (0,), 1.0, 1.0)


@pytest.mark.parametrize(
    "event",
    [
        CHECKED,
        replace(CHECKED, wrong=("w",), factors=(math.nan,), factor=math.nan, at=None),
        replace(CHECKED, factor=math.nan),
    ],
    ids=["right", "nowhere", "nothing wrong"],
)
def test_what_is_not_said(event: GradientChecked) -> None:
    assert judge_events([event], ["PF303"]) == ([], [])
