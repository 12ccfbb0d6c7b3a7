"""The analysis of a first step against NumPy's exact eigenvalues, and its forecasts against real training."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from objectives import ADAM, MOMENTUM, NESTEROV, SGD, Problem, Quadratic, network, subtraction

from pitfallcheck.analysis.limits import stability_limit
from pitfallcheck.analysis.objective import NoSecondDerivativeError, Vector
from pitfallcheck.analysis.quadratic import foresee
from pitfallcheck.analysis.training import analyse
from pitfallcheck.observe.learning import Optimizer

OPTIMIZERS = {"gradient descent": SGD, "momentum": MOMENTUM, "Nesterov": NESTEROV}


def quadratic(eigenvalues: list[float], seed: int = 0) -> Quadratic:
    """A quadratic loss with these eigenvalues, whose minimum is 1."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(len(eigenvalues), len(eigenvalues))))
    matrix = turn @ np.diag(eigenvalues) @ turn.T
    slope = rng.normal(size=len(eigenvalues))
    positive = [value for value in eigenvalues if value > 0]
    drop = sum((turn.T @ slope)[i] ** 2 / (2 * v) for i, v in enumerate(eigenvalues) if v > 0) if positive else 0.0
    return Quadratic(matrix, slope, 1.0 + drop)


def descend(problem: Quadratic, optimizer: Optimizer, steps: int) -> float:
    """The loss after as many steps of gradient descent, one by one."""
    place, speed = np.zeros(len(problem.slope)), np.zeros(len(problem.slope))
    for _ in range(steps):
        gradient = problem.gradient_after(place)
        speed = optimizer.momentum * speed + gradient
        step = gradient + optimizer.momentum * speed if optimizer.nesterov else speed
        place = place - optimizer.learning_rate * step
    return float(place @ problem.matrix @ place / 2 + problem.slope @ place + problem.constant)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_the_limit_parts_the_rates_that_shrink_an_error_from_those_that_amplify_it(name: str, momentum: float) -> None:
    curve = Quadratic(np.array([[3.0]]), np.array([1.0]), 1 / 6)
    optimizer = replace(OPTIMIZERS[name], momentum=momentum)
    limit = stability_limit(optimizer, 3.0)
    below, above = (descend(curve, replace(optimizer, learning_rate=c * limit), 2000) for c in (0.99, 1.01))
    assert below < 1 / 60
    assert above > 1e3


def test_the_limit_of_adam_parts_them_where_its_preconditioner_stands_still() -> None:
    """With P fixed, Adam's step is that of an averaged gradient: m' = b m + (1 - b) g, w' = w - lr m' / P."""
    for factor, grows in ((0.99, False), (1.01, True)):
        rate = factor * stability_limit(ADAM, 3.0)
        place, mean = 1.0, 0.0
        for _ in range(2000):
            mean = ADAM.beta1 * mean + (1 - ADAM.beta1) * 3.0 * place
            place -= rate * mean
        assert (abs(place) > 1.0) == grows


LIMITS: dict[str, tuple[Optimizer, float, float]] = {
    "2 / L": (SGD, 4.0, 0.5),
    "2 (1 + b) / L": (MOMENTUM, 4.0, 0.95),
    "2 (1 + b) / ((1 + 2 b) L)": (NESTEROV, 4.0, 3.8 / 2.8 / 4),
    "(2 + 2 b1) / ((1 - b1) L)": (ADAM, 4.0, 9.5),
    "weight decay curves, too": (replace(SGD, weight_decay=1.0), 4.0, 0.4),
    "decoupled weight decay does not": (replace(ADAM, weight_decay=1.0), 4.0, 9.5),
    "flat": (SGD, 0.0, math.inf),
    "bent downwards": (SGD, -1.0, math.inf),
    "not a number": (SGD, math.nan, math.inf),
    "of an unknown optimizer": (Optimizer("other", "LBFGS", 1.0), 4.0, math.inf),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_is_that_of_the_literature(name: str) -> None:
    optimizer, largest, limit = LIMITS[name]
    assert stability_limit(optimizer, largest) == pytest.approx(limit)


EIGENVALUES = st.lists(st.floats(0.1, 10.0), min_size=1, max_size=60)


@settings(max_examples=40, deadline=None)
@given(EIGENVALUES, st.integers(0, 9))
def test_the_largest_eigenvalue_is_found_within_two_percent(eigenvalues: list[float], seed: int) -> None:
    problem = quadratic(eigenvalues, seed)
    seen = analyse(problem, SGD, 100)
    assert seen.curvature is not None and seen.top is not None
    assert seen.curvature.largest == pytest.approx(max(eigenvalues), rel=0.02)
    assert seen.curvature.exact == (len(eigenvalues) <= 20)
    assert seen.curvature.products == problem.asked - 1 <= 20  # one more asks whether the loss is quadratic
    assert np.linalg.norm(seen.top) == pytest.approx(1.0)
    assert seen.top @ problem.matrix @ seen.top == pytest.approx(max(eigenvalues), rel=0.02)


@settings(max_examples=40, deadline=None)
@given(EIGENVALUES, st.integers(0, 9), st.sampled_from(sorted(OPTIMIZERS)), st.floats(0.01, 0.95), st.integers(1, 300))
def test_a_forecast_is_what_the_steps_give_one_by_one(
    eigenvalues: list[float], seed: int, name: str, share: float, steps: int
) -> None:
    problem = quadratic(eigenvalues, seed)
    optimizer = OPTIMIZERS[name]
    optimizer = replace(optimizer, learning_rate=share * stability_limit(optimizer, max(eigenvalues)))
    seen = analyse(problem, optimizer, steps).forecast
    assert seen is not None
    exact = len(eigenvalues) <= 20
    assert seen.exact == exact
    assert seen.floor == pytest.approx(1.0, rel=1e-6 if exact else 0.05)
    assert seen.left == pytest.approx(descend(problem, optimizer, steps), rel=1e-6 if exact else 0.05)
    assert seen.floor <= seen.best <= seen.left + 1e-9


def test_a_better_rate_and_more_steps_do_what_is_promised_of_them() -> None:
    problem = quadratic([1.0, 4.0, 10.0])
    for optimizer in OPTIMIZERS.values():
        seen = analyse(problem, replace(optimizer, learning_rate=1e-4), 200).forecast
        assert seen is not None and seen.left - 1 > 0.1 * (seen.now - 1)
        faster = replace(optimizer, learning_rate=seen.better_rate)
        assert descend(problem, faster, 200) - 1 < 3e-3 * (seen.now - 1)
        assert descend(problem, replace(optimizer, learning_rate=1e-4), seen.better_steps) - 1 < 0.01 * (seen.now - 1)


REMAINING: dict[str, tuple[Optimizer, float]] = {
    "A2 at 0.01": (SGD, 0.0060),
    "A2 at 0.0305": (replace(SGD, learning_rate=0.0305), math.inf),
    "A2 at 1e-4": (replace(SGD, learning_rate=1e-4), 25.6),
    "A2 at 0.025": (replace(SGD, learning_rate=0.025), 1.3e-5),
    "A2 with momentum": (MOMENTUM, 0.00056),
    "A2 with Nesterov momentum": (replace(NESTEROV, learning_rate=1e-3), 0.0039),
    "A2 with Adam at 0.01": (ADAM, 12.1),
    "A2 with Adam at 0.1": (replace(ADAM, learning_rate=0.1), 9e-4),
}


@pytest.mark.frameworks("torch")
@pytest.mark.parametrize("name", REMAINING)
def test_the_loss_left_of_a2_is_foreseen_within_ten_percent(name: str) -> None:
    optimizer, stated = REMAINING[name]
    problem = subtraction()
    seen = analyse(problem.objective, optimizer, 100)
    real = problem.train(optimizer, 100)
    last_told = problem.losses[-1]  # what a loop prints: the loss before its last step
    assert seen.forecast is not None and seen.curvature is not None
    assert seen.curvature.quadratic and seen.curvature.exact
    assert seen.forecast.left == pytest.approx(real, rel=0.1)
    if math.isfinite(stated):
        assert last_told == pytest.approx(stated, rel=0.04)
        assert (seen.forecast.slow is not None) and seen.forecast.slow.kept < 1
    else:
        assert real > 1e12


@pytest.mark.frameworks("torch")
def test_a2_at_a_hundredth_is_held_back_by_its_bias() -> None:
    seen = analyse(subtraction().objective, SGD, 100).forecast
    assert seen is not None and seen.slow is not None
    assert seen.slow.parameter == "bias"
    assert seen.slow.kept == pytest.approx(0.13, abs=0.01)
    assert seen.slow.eigenvalue == pytest.approx(2.0, rel=0.02)
    assert seen.slow.share < 0.01
    assert 0.014 < seen.better_rate < 0.02 and 100 < seen.better_steps < 200


@pytest.mark.frameworks("torch")
@pytest.mark.parametrize("optimizer", [SGD, MOMENTUM, NESTEROV, ADAM], ids=["SGD", "momentum", "Nesterov", "Adam"])
@pytest.mark.parametrize("made", [subtraction, network], ids=["A2", "a network"])
def test_the_stability_limit_is_numpys_within_two_percent(made: Callable[[], Problem], optimizer: Optimizer) -> None:
    objective = made().objective
    gradient = objective.gradient()
    hessian = np.stack([objective.times_hessian(unit) for unit in np.eye(len(gradient))])
    if optimizer.kind == "adam":
        scale = 1 / np.sqrt(np.abs(gradient) + optimizer.epsilon)
        hessian = hessian * np.outer(scale, scale)
    exact = stability_limit(optimizer, float(np.linalg.eigvalsh((hessian + hessian.T) / 2)[-1]))
    seen = analyse(objective, optimizer, 100).curvature
    assert seen is not None
    assert seen.limit == pytest.approx(exact, rel=0.02)
    assert seen.preconditioned == (optimizer.kind == "adam")
    assert seen.quadratic == (made is subtraction)


@pytest.mark.frameworks("torch")
def test_a_network_that_curves_downwards_has_no_forecast() -> None:
    seen = analyse(network().objective, SGD, 100)
    assert seen.curvature is not None and seen.curvature.largest > 0
    assert seen.forecast is None and seen.local is None


def test_many_steps_of_adam_are_foreseen_in_fewer_longer_ones() -> None:
    problem = quadratic([0.5, 1.0, 2.0])
    optimizer = replace(ADAM, learning_rate=1e-3)
    seen = analyse(problem, optimizer, 1500).forecast
    place, first, second = np.zeros(3), np.zeros(3), np.zeros(3)
    for step in range(1, 1501):
        gradient = problem.gradient_after(place)
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        place -= 1e-3 * first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    real = float(place @ problem.matrix @ place / 2 + problem.slope @ place + problem.constant)
    assert seen is not None and 1.0 < real < seen.now
    assert seen.left - 1.0 == pytest.approx(real - 1.0, rel=0.1)


def test_a_forecast_can_be_asked_again_for_other_steps() -> None:
    problem = quadratic([1.0, 2.0])
    first, longer = analyse(problem, SGD, 0), analyse(problem, SGD, 500)
    assert first.forecast is None and first.local is not None
    assert foresee(first.local, SGD, 500) == longer.forecast is not None


ODD: dict[str, tuple[Quadratic, bool, bool]] = {
    "no parameters": (Quadratic(np.zeros((0, 0)), np.zeros(0), 1.0), False, False),
    "a gradient of zero": (Quadratic(np.eye(2), np.zeros(2), 1.0), False, False),
    "a gradient of NaN": (Quadratic(np.eye(2), np.array([np.nan, 1.0]), 1.0), False, False),
    "a Hessian of NaN": (Quadratic(np.full((2, 2), np.nan), np.ones(2), 1.0), False, False),
    "a large Hessian of NaN": (Quadratic(np.full((50, 50), np.nan), np.ones(50), 1.0), False, False),
    "a loss of NaN": (Quadratic(np.eye(2), np.ones(2), math.nan), True, False),
    "flat with a slope": (Quadratic(np.zeros((2, 2)), np.ones(2), 1.0), True, False),
    "flat with a slope, many": (Quadratic(np.zeros((50, 50)), np.ones(50), 1.0), True, False),
    "bent downwards": (Quadratic(-np.eye(2), np.ones(2), 1.0), True, False),
    "a saddle": (Quadratic(np.diag([1.0, -1.0]), np.ones(2), 1.0), True, False),
    "a saddle, many": (Quadratic(np.diag([1.0, -1.0] * 25), np.ones(50), 1.0), True, False),
    "below zero": (Quadratic(np.eye(2), np.ones(2) * 3, 1.0), True, False),
    "a loss below zero": (Quadratic(np.eye(2), np.ones(2), -3.0), True, True),
    "a flat direction without a slope": (Quadratic(np.diag([1.0, 0.0]), np.array([1.0, 0.0]), 1.0), True, True),
    "tiny": (Quadratic(np.eye(2) * 1e-30, np.ones(2) * 1e-30, 1.0), True, True),
    "one parameter": (Quadratic(np.eye(1), np.ones(1), 1.0), True, True),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("optimizer", [SGD, MOMENTUM, ADAM], ids=["SGD", "momentum", "Adam"])
def test_no_objective_upsets_an_analysis(name: str, optimizer: Optimizer) -> None:
    problem, curvature, forecast = ODD[name]
    seen = analyse(problem, optimizer, 100)
    assert (seen.curvature is not None) == curvature
    assert (seen.forecast is not None) == forecast
    if seen.forecast is not None:
        assert math.isfinite(seen.forecast.left) and math.isfinite(seen.forecast.floor)


def test_adam_leaves_out_what_does_not_move_in_its_first_step() -> None:
    whole = Quadratic(np.diag([4.0, 2.0, 0.0]), np.array([2.0, 1.0, 0.0]), 5.0)
    seen = analyse(whole, ADAM, 100).curvature
    assert seen is not None and seen.largest == pytest.approx(2.0, rel=1e-6)
    coupled = Quadratic(np.array([[4.0, 0.0, 1.0], [0.0, 2.0, 0.0], [1.0, 0.0, 0.0]]), whole.slope, 5.0)
    seen = analyse(coupled, ADAM, 100).curvature
    assert seen is not None and seen.largest == pytest.approx(2.0, rel=1e-6)


def test_an_unknown_optimizer_is_not_analysed() -> None:
    seen = analyse(quadratic([1.0]), Optimizer("other", "LBFGS", 1.0), 100)
    assert seen.curvature is None and seen.forecast is None


def test_what_the_objective_cannot_do_is_passed_on() -> None:
    class Rough(Quadratic):
        def times_hessian(self, vector: Vector) -> Vector:
            raise NoSecondDerivativeError("a layer has none")

    with pytest.raises(NoSecondDerivativeError, match="a layer has none"):
        analyse(Rough(np.eye(2), np.ones(2), 1.0), SGD, 100)


def test_an_analysis_leaves_the_global_random_state_alone() -> None:
    problem = quadratic([1.0] * 30)
    before = np.random.get_state(legacy=False)
    assert analyse(problem, SGD, 100).curvature == analyse(problem, SGD, 100).curvature
    after = np.random.get_state(legacy=False)
    assert str(before) == str(after)
