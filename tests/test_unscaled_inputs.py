"""PF403 judged from invented trainings and real ones: which of the three learning-rate pitfalls names the cause."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from objectives import ADAM, MOMENTUM, SGD, Problem, of, subtraction

from pitfallcheck.judge import judge_events
from pitfallcheck.observe.events import DataFed, Event, Place
from pitfallcheck.observe.learning import (
    AffineFit,
    Conditioning,
    Curvature,
    Forecast,
    GradientNorm,
    Losses,
    Optimizer,
    Slow,
    TrainingSeen,
)

CODES = ["PF401", "PF402", "PF403"]
FLATS = Conditioning(500, 2, 2.94e5, 1.03, (146.0, 4.1), (57.6, 2.0), largest=24700.0, standardised_largest=1.02)
LIMIT = 2 / 49400.0
FORECAST = Forecast(300, 47.0, 0.0, math.inf, Slow(12.6, "weight", 0.86, 0.05), 0.0, 0, True, 2.23)
BROKE = Losses(300, 47.0, math.nan, 47.0, 30)
WILD = TrainingSeen(
    key="training", framework="torch", model="model", at=Place(__file__, 5), made=Place(__file__, 1), compiled=None,
    parameters=3, loss="mse_loss", loss_kind="mse", batch=500, steps=300, baseline=4.46, finished=True,
    optimizer=replace(SGD, learning_rate=0.05, at=Place(__file__, 3)), losses=BROKE, inputs=FLATS, forecast=FORECAST,
    curvature=Curvature(largest=49400.0, limit=LIMIT, products=3, exact=True, quadratic=True),
    affine=AffineFit(500, 2, 1, 4.46, 0.0, 1.0), layers=("Linear",),
)  # fmt: skip
SLOW = replace(
    WILD,
    optimizer=replace(SGD, learning_rate=4e-5, at=Place(__file__, 3)),
    forecast=replace(FORECAST, left=2.23),
    losses=Losses(300, 10.0, 2.26, 2.23),
)
NETWORK = replace(WILD, parameters=129, curvature=replace(WILD.curvature, quadratic=False, exact=False), forecast=None)
STUCK = replace(
    NETWORK,
    optimizer=replace(SGD, learning_rate=0.5 * LIMIT, at=Place(__file__, 3)),
    losses=Losses(300, 10.0, 4.4, 4.4),
)


def told(*events: Event) -> list[tuple[str, str, int]]:
    findings, skipped = judge_events(events, CODES)
    assert skipped == []
    return [(finding.code, finding.level, finding.location.line) for finding in findings]


DUE: dict[str, tuple[TrainingSeen, tuple[str, str, int]]] = {
    "beyond the limit, and broken": (WILD, ("PF403", "error", 5)),
    "beyond the limit, before the first step": (replace(WILD, losses=None), ("PF403", "warning", 5)),
    "a run that was ended after five steps": (replace(WILD, steps=5), ("PF403", "error", 5)),
    "a network that broke": (NETWORK, ("PF403", "error", 5)),
    "stable, and half way": (SLOW, ("PF403", "warning", 5)),
    "a network near its limit that learned nothing": (STUCK, ("PF403", "warning", 5)),
    "a network whose units are saturated from the start": (
        replace(
            STUCK, curvature=replace(STUCK.curvature, quadratic=True), forecast=replace(FORECAST, left=0.0, best=0.0)
        ),
        ("PF403", "warning", 5),
    ),
    "a classifier that is saturated from the start": (
        replace(
            NETWORK, parameters=3, midpoint=0.0, loss_kind="binary_crossentropy", baseline=0.69, affine=None,
            losses=Losses(300, 2800.0, 2800.0, 16.0), curvature=replace(NETWORK.curvature, largest=0.1, limit=20.0),
        ),
        ("PF403", "error", 5),
    ),
    "a rate that standardised inputs would not bear": (
        replace(WILD, optimizer=replace(SGD, learning_rate=2.0, at=Place(__file__, 3))), ("PF401", "error", 3),
    ),
    "inputs in plus and minus 10": (
        replace(WILD, inputs=replace(FLATS, condition=35.8, largest=35.8)), ("PF401", "error", 3),
    ),
    "inputs that standardising does not mend": (
        replace(WILD, inputs=replace(FLATS, standardised=1e5)), ("PF401", "error", 3),
    ),
    "a layer that normalises": (replace(WILD, layers=("BatchNorm1d", "Linear")), ("PF401", "error", 3)),
    "inputs of which nothing is known": (replace(WILD, inputs=None), ("PF401", "error", 3)),
    "stable, and another rate would do": (
        replace(SLOW, forecast=replace(SLOW.forecast, best=1e-6, better_rate=3e-5)), ("PF402", "warning", 3),
    ),
    "stable, and standardised inputs would take as long": (
        replace(SLOW, inputs=replace(FLATS, standardised=2e4)), ("PF402", "warning", 3),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DUE)
def test_what_is_due_and_under_which_name(name: str) -> None:
    event, due = DUE[name]
    assert told(event) == [due]


SILENT: dict[str, TrainingSeen] = {
    "large values that were learned": replace(
        SLOW, forecast=replace(FORECAST, left=0.01, best=0.01, slow=None), losses=Losses(300, 10.0, 0.01, 0.01)
    ),
    "the run did better than foreseen": replace(SLOW, losses=Losses(300, 10.0, 0.05, 0.05)),
    "a network that learned": replace(STUCK, losses=Losses(300, 10.0, 0.5, 0.5)),
    "a network with nothing to learn": replace(STUCK, affine=AffineFit(500, 2, 1, 4.46, 4.4, 0.01)),
    "a classifier that is saturated and right": replace(
        NETWORK,
        parameters=3,
        midpoint=0.0,
        loss_kind="binary_crossentropy",
        baseline=0.69,
        affine=None,
        losses=Losses(300, 2800.0, 0.1, 0.1),
        curvature=replace(NETWORK.curvature, largest=0.1, limit=20.0),
    ),
    "a network that is not done": replace(STUCK, finished=False),
    "a network with Adam": replace(
        NETWORK, optimizer=replace(ADAM, learning_rate=1e-3), losses=Losses(300, 10.0, 4.4, 4.4)
    ),
    "an unknown optimizer": replace(WILD, optimizer=Optimizer("other", "LBFGS", 1.0)),
    "no curvature": replace(WILD, curvature=None),
}


@pytest.mark.parametrize("name", SILENT)
def test_what_is_silent(name: str) -> None:
    assert told(SILENT[name]) == []


def test_the_place_is_the_line_that_calls_the_model() -> None:
    fed = [
        DataFed(f"fed {line}", Place(__file__, line), method, model, (), training=training)
        for line, method, model, training in [
            (2, "loop", "model", True), (4, "loop", "model", True), (9, "loop", "model", True),
            (5, "loop", "other", True), (5, "predict", "model", False),
        ]
    ]  # fmt: skip
    assert told(WILD, *fed) == [("PF403", "error", 4)]
    assert told(WILD, fed[2]) == [("PF403", "error", 9)]
    assert told(replace(WILD, at=None), *fed) == []


def texts(event: TrainingSeen) -> str:
    (finding,), _ = judge_events([event], ["PF403"])
    return ". ".join([finding.message, finding.remedy, *(fact.text for fact in finding.evidence)])


WORDING: dict[str, tuple[TrainingSeen, list[str]]] = {
    "both condition numbers, the limit and the rate": (
        WILD,
        ["condition number is 2.94e+05, and 1.03 once",
         "The learning rate 0.05 of `SGD` is above the limit of 4.05e-05",
         "became infinite", "146 ± 57.6, 4.1 ± 2", "up to about 0.98", "leaves a loss of 2.23 after 300 steps"],
    ),
    "a run that stalled": (SLOW, ["is within the limit of 4.05e-05", "ended at 2.26", "in 300 steps"]),
    "many features": (
        replace(WILD, inputs=replace(FLATS, features=30, means=(1.0,) * 8, deviations=(2.0,) * 8)), ["and 26 more"],
    ),
    "a network is promised nothing": (NETWORK, ["the slowest direction needs about 400,000 steps"]),
}  # fmt: skip


@pytest.mark.parametrize("name", WORDING)
def test_what_is_said(name: str) -> None:
    event, parts = WORDING[name]
    for part in parts:
        assert part in texts(event)
    assert "leaves a loss" not in texts(NETWORK)


def flats(*, standardised: bool = False, hidden: bool = False) -> Problem:
    """The price of a flat from its area and its rooms."""
    import torch

    rng = np.random.default_rng(0)
    area, rooms = rng.uniform(40, 240, (500, 1)), rng.integers(1, 8, (500, 1))
    features = np.hstack([area, rooms])
    if standardised:
        features = (features - features.mean(axis=0)) / features.std(axis=0)
    torch.manual_seed(0)
    linear = torch.nn.Linear(2, 1)
    model: Any = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
    inputs, targets = (torch.from_numpy(a.astype(np.float32)) for a in (features, 0.02 * area + 0.9 * rooms + 1))
    return of(model if hidden else linear, inputs, targets)


REAL: dict[str, tuple[bool, bool, Optimizer, list[str]]] = {
    "a line, too fast": (False, False, replace(SGD, learning_rate=0.05), ["PF403"]),
    "a line, near the limit": (False, False, replace(SGD, learning_rate=4e-5), ["PF403"]),
    "a line, with momentum": (False, False, MOMENTUM, ["PF403"]),
    "a line, standardised": (True, False, replace(SGD, learning_rate=0.05), []),
    "a line, standardised and too fast": (True, False, replace(SGD, learning_rate=1.2), ["PF401"]),
    "a line, standardised and too slow": (True, False, replace(SGD, learning_rate=1e-4), ["PF402"]),
    "a line with Adam that has not arrived": (False, False, replace(ADAM, learning_rate=1e-4), ["PF402"]),
    "a network, too fast": (False, True, replace(SGD, learning_rate=0.1), ["PF403"]),
    "a network, standardised": (True, True, replace(SGD, learning_rate=0.1), []),
    "a network with Adam": (False, True, ADAM, []),
}


@pytest.mark.frameworks("torch")
@pytest.mark.parametrize("name", REAL)
def test_a_real_run_on_flats(name: str) -> None:
    standardised, hidden, optimizer, codes = REAL[name]
    event = flats(standardised=standardised, hidden=hidden).seen(optimizer, 300)
    assert [code for code, *_ in told(event)] == codes


@pytest.mark.frameworks("torch")
def test_inputs_in_plus_and_minus_ten_are_scaled_well_enough() -> None:
    assert [code for code, *_ in told(subtraction().seen(replace(SGD, learning_rate=0.0305), 100))] == ["PF401"]


NUMBERS = st.floats() | st.sampled_from([0.0, 0.5, 1.0, 40.0, 1e5])
PLACES = st.none() | st.just(Place(__file__, 3))
OPTIMIZERS = st.builds(
    Optimizer, st.sampled_from(["sgd", "adam", "other"]), st.sampled_from(["", "SGD"]), NUMBERS, NUMBERS,
    st.booleans(), NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.booleans(), PLACES,
)  # fmt: skip
CURVATURES = st.builds(
    Curvature, NUMBERS, NUMBERS, NUMBERS, st.booleans(), st.integers(0, 20), st.booleans(), st.booleans()
)
SLOWS = st.builds(Slow, NUMBERS, st.sampled_from(["", "bias"]), NUMBERS, NUMBERS)
FORECASTS = st.builds(
    Forecast, st.integers(0, 300), NUMBERS, NUMBERS, NUMBERS, st.none() | SLOWS, NUMBERS, st.integers(0, 999),
    st.booleans(), NUMBERS,
)  # fmt: skip
LOSSES = st.builds(Losses, st.integers(0, 300), NUMBERS, NUMBERS, NUMBERS, st.integers(0, 2))
FITS = st.builds(AffineFit, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), NUMBERS, NUMBERS, NUMBERS)
INPUTS = st.builds(
    Conditioning, st.integers(0, 9), st.integers(0, 9), NUMBERS, NUMBERS, st.lists(NUMBERS, max_size=9).map(tuple),
    st.lists(NUMBERS, max_size=9).map(tuple), NUMBERS, NUMBERS,
)  # fmt: skip
NORMS = st.builds(GradientNorm, st.just("w"), st.integers(0, 9), *[NUMBERS] * 4, st.integers(0, 9))
TRAININGS = st.builds(
    TrainingSeen, st.uuids().map(str), st.just("torch"), st.just("model"), PLACES, PLACES, PLACES, st.integers(0, 9),
    st.just("mse"), st.sampled_from(["mse", "other"]), st.integers(0, 20), st.integers(0, 500), st.none() | OPTIMIZERS,
    st.booleans(), st.none() | LOSSES, st.none() | CURVATURES, st.none() | FORECASTS, st.none() | FITS,
    st.none() | INPUTS, NUMBERS, NUMBERS, NUMBERS, st.lists(NORMS, max_size=3).map(tuple), st.just(()),
    st.sampled_from([(), ("Linear",), ("LayerNorm",)]), st.booleans(),
)  # fmt: skip
ALTERED = st.builds(
    lambda event, losses, curvature, forecast, inputs: replace(
        event, losses=losses, curvature=curvature or event.curvature, forecast=forecast, inputs=inputs or event.inputs
    ),
    st.sampled_from([WILD, SLOW, NETWORK, STUCK]), st.none() | LOSSES, st.none() | CURVATURES, st.none() | FORECASTS,
    st.none() | INPUTS,
)  # fmt: skip
NONSENSE = re.compile(r"\bnan\b|``|  |\(None\)|\bNone\b")


@settings(max_examples=100, deadline=None)
@given(st.lists(TRAININGS | ALTERED, max_size=3))
def test_no_training_upsets_the_checks_and_no_two_of_them_explain_it(events: list[TrainingSeen]) -> None:
    for event in events:
        findings, skipped = judge_events([event], CODES)
        assert skipped == []
        assert len(findings) <= 1
        for finding in findings:
            for text in (finding.message, finding.remedy, *(fact.text for fact in finding.evidence)):
                assert text and not text.endswith(".")
                assert not NONSENSE.search(text), text
    assert judge_events(events, CODES)[1] == []
