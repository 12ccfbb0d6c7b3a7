"""PF402 judged from invented trainings, and from real ones."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from objectives import ADAM, MOMENTUM, SGD, Problem, network, of, subtraction

from pitfallcheck.judge import judge_events
from pitfallcheck.observe.events import Place
from pitfallcheck.observe.learning import (
    AffineFit,
    Curvature,
    Forecast,
    GradientNorm,
    Losses,
    Optimizer,
    Slow,
    TrainingSeen,
)

CODES = ["PF401", "PF402", "PF403"]
HERE = Place(__file__, 3)
CURVED = Curvature(largest=71.5, limit=2 / 71.5, products=3, exact=True, quadratic=True)
SLOW = Slow(2.0, "bias", 0.13, 0.003)
LITTLE_LEFT = Forecast(100, 105.0, 0.0, 0.006, SLOW, 0.017, 160, True, 1e-5)
MUCH_LEFT = Forecast(100, 105.0, 0.0, 25.6, Slow(63.7, "weight", 0.53, 0.98), 0.015, 480, True, 1e-5)
QUIET = TrainingSeen(
    key="training", framework="torch", model="model", at=Place(__file__, 5), made=Place(__file__, 1), compiled=None,
    parameters=3, loss="mse_loss", loss_kind="mse", batch=1000, steps=100, baseline=66.7, finished=True,
    optimizer=replace(SGD, at=HERE), curvature=CURVED, affine=AffineFit(1000, 2, 1, 66.7, 0.0, 1.0),
)  # fmt: skip
BIAS = replace(QUIET, forecast=LITTLE_LEFT, losses=Losses(100, 80.0, 0.0071, 0.006))
HALF_WAY = replace(QUIET, forecast=MUCH_LEFT, losses=Losses(100, 100.0, 27.0, 25.6))
CRAWLING = replace(
    QUIET, parameters=193, steps=500, curvature=replace(CURVED, quadratic=False, exact=False, limit=0.3),
    optimizer=replace(SGD, learning_rate=1e-5, at=HERE), baseline=1.6, affine=AffineFit(256, 4, 1, 1.6, 0.07, 0.96),
    gradients=(GradientNorm("w", 128, 3.0, 3.0, 2.9, 3.0, 1), GradientNorm("b", 1, 1.0, 1.0, 1.0, 1.0, 1)),
    losses=Losses(500, 1.66, 1.61, 1.61),
)  # fmt: skip


def told(*events: TrainingSeen) -> list[tuple[str, str, int]]:
    findings, skipped = judge_events(events, CODES)
    assert skipped == []
    return [(finding.code, finding.level, finding.location.line) for finding in findings]


def with_forecast(event: TrainingSeen, **changes: object) -> TrainingSeen:
    assert event.forecast is not None
    return replace(event, forecast=replace(event.forecast, **changes))


DUE: dict[str, tuple[TrainingSeen, str]] = {
    "A2 at 0.01": (BIAS, "note"),
    "A2 at 1e-4": (HALF_WAY, "warning"),
    "before its first step": (replace(HALF_WAY, losses=None), "warning"),
    "still running": (replace(HALF_WAY, finished=False), "warning"),
    "without a known constant": (replace(HALF_WAY, baseline=math.nan), "warning"),
    "with Adam": (
        replace(HALF_WAY, optimizer=replace(ADAM, at=HERE), curvature=replace(CURVED, limit=18.0)),
        "warning",
    ),
    "a network that crawls": (CRAWLING, "warning"),
    "a classifier that is still guessing": (
        replace(CRAWLING, loss_kind="crossentropy", baseline=1.7, affine=None),
        "warning",
    ),
    "Adam on an affine model with too many parameters for a forecast": (
        replace(
            CRAWLING, parameters=5, midpoint=0.0, optimizer=replace(ADAM, learning_rate=4e-6, at=HERE), curvature=None
        ),
        "warning",
    ),
    "a mini-batch run far above what a fit reaches": (
        replace(HALF_WAY, batch=8, losses=Losses(100, 100.0, 27.0, 25.6)),
        "warning",
    ),
    "a network that crawls with momentum": (
        replace(
            CRAWLING,
            optimizer=replace(MOMENTUM, learning_rate=1e-6, at=HERE),
        ),
        "warning",
    ),
    "a network that crawls with Adam": (
        replace(
            CRAWLING,
            optimizer=replace(ADAM, learning_rate=4e-6, at=HERE),
            curvature=None,
        ),
        "warning",
    ),
}


@pytest.mark.parametrize("name", DUE)
def test_what_is_due(name: str) -> None:
    event, level = DUE[name]
    assert told(event) == [("PF402", level, 3)]


SILENT: dict[str, TrainingSeen] = {
    "A2 at 0.025": with_forecast(BIAS, left=1.3e-5, slow=replace(SLOW, kept=0.006)),
    "a loss left of no interest": with_forecast(replace(BIAS, losses=None), left=1e-4),
    "noise that hides what is left": with_forecast(replace(BIAS, losses=None), floor=1.0, left=1.006),
    "fine-tuning": with_forecast(replace(HALF_WAY, losses=None), now=1.2, floor=1.0, left=1.19),
    "fine-tuning close to the end": with_forecast(replace(BIAS, losses=None), now=0.8, floor=0.0, left=0.7),
    "the run did better than foreseen": replace(HALF_WAY, losses=Losses(100, 100.0, 0.5, 0.5)),
    "the run says the bias was learned": replace(BIAS, losses=Losses(100, 80.0, 0.001, 0.001)),
    "the run is far from what was foreseen": replace(BIAS, losses=Losses(100, 80.0, 0.1, 0.1)),
    "a part of the eigenvalues only, and little left": with_forecast(BIAS, exact=False),
    "a mini-batch run that is at the noise of all samples": with_forecast(
        replace(
            HALF_WAY,
            batch=8,
            baseline=12.0,
            affine=AffineFit(300, 2, 1, 12.0, 9.0, 0.25),
            losses=Losses(114, 12.0, 9.8, 3.0),
        ),
        now=9.7,
        floor=1.9,
        left=2.8,
    ),
    "a mini-batch run, and little left": replace(BIAS, batch=8),
    "a classifier that has learned": replace(CRAWLING, loss_kind="crossentropy", baseline=5.0, affine=None),
    "a trial run": with_forecast(replace(HALF_WAY, steps=20), steps=20),
    "a schedule": replace(HALF_WAY, optimizer=replace(SGD, scheduled=True, at=HERE)),
    "a rate of zero": replace(HALF_WAY, optimizer=replace(SGD, learning_rate=0.0, at=HERE)),
    "an unknown optimizer": replace(HALF_WAY, optimizer=Optimizer("other", "LBFGS", 1.0, at=HERE)),
    "no optimizer": replace(HALF_WAY, optimizer=None),
    "no forecast": replace(HALF_WAY, forecast=None),
    "no direction that matters": with_forecast(HALF_WAY, slow=None),
    "a network's forecast alone": replace(HALF_WAY, curvature=replace(CURVED, quadratic=False)),
    "a network that fell well": replace(CRAWLING, losses=Losses(500, 1.66, 0.8, 0.8)),
    "a network that left its first gradient": replace(
        CRAWLING, gradients=(GradientNorm("w", 128, 3.0, 3.0, 0.5, 3.0, 1),)
    ),
    "a network whose loss did not follow the gradient": replace(CRAWLING, losses=Losses(500, 1.66, 1.70, 1.5)),
    "a network with nothing to gain": replace(CRAWLING, affine=AffineFit(256, 4, 1, 1.6, 1.59, 0.01)),
    "a network of which nothing is known to gain": replace(CRAWLING, affine=None, baseline=math.nan),
    "a network near its limit": replace(CRAWLING, curvature=replace(CURVED, quadratic=False, limit=2e-5)),
    "a network in a trial run": replace(CRAWLING, steps=60, optimizer=replace(SGD, learning_rate=8e-5, at=HERE)),
    "a network that is not done": replace(CRAWLING, finished=False),
    "a network that broke": replace(CRAWLING, losses=Losses(500, 1.66, 1.61, 1.61, 7)),
}


@pytest.mark.parametrize("name", SILENT)
def test_what_is_silent(name: str) -> None:
    assert told(SILENT[name]) == []


def test_a_rate_beyond_the_limit_is_not_called_too_small() -> None:
    beyond = replace(HALF_WAY, optimizer=replace(SGD, learning_rate=0.03, at=HERE), losses=None)
    assert [code for code, *_ in told(beyond)] == ["PF401"]


def test_a_search_over_rates_is_none_of_its_rates_fault() -> None:
    good = replace(BIAS, key="other", forecast=None, optimizer=replace(SGD, learning_rate=0.02, at=HERE))
    assert told(HALF_WAY, good) == []


def texts(event: TrainingSeen) -> str:
    (finding,), _ = judge_events([event], ["PF402"])
    return ". ".join([finding.message, finding.remedy, *(fact.text for fact in finding.evidence)])


WORDING: dict[str, tuple[TrainingSeen, list[str]]] = {
    "the bias": (
        BIAS,
        ["the learning rate 0.01 of `SGD`, 100 steps leave 13 % of the error of `bias`", "0.006", "rate of 0.017",
         "about 160 steps", "(1 - learning rate x L)^100", "ended at 0.0071"],
    ),
    "half way": (HALF_WAY, ["is too small for 100 steps", "from 105 to 25.6, where 0 can be reached", "0.015", "480"]),
    "no rate that would do": (with_forecast(HALF_WAY, better_rate=0.0, better_steps=0), ["towards its limit, 0.028"]),
    "more steps alone": (with_forecast(HALF_WAY, better_rate=0.0), ["train for about 480 steps"]),
    "momentum": (replace(HALF_WAY, optimizer=replace(MOMENTUM, at=HERE)), ["momentum 0.9", "keeps 0.53 of its error"]),
    "a network": (CRAWLING, ["too small for 500 steps", "from 1.66 to 1.61", "larger learning rate", "norm was 3.16"]),
}  # fmt: skip


@pytest.mark.parametrize("name", WORDING)
def test_what_is_said(name: str) -> None:
    event, parts = WORDING[name]
    for part in parts:
        assert part in texts(event)


def learnable() -> Problem:
    import torch

    torch.manual_seed(0)
    inputs = torch.randn(256, 4)
    model = torch.nn.Sequential(torch.nn.Linear(4, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1))
    return of(model, inputs, torch.sin(inputs[:, :1]) + inputs[:, 1:2])


REAL: dict[str, tuple[Problem | None, Optimizer, int, list[str]]] = {
    "A2 at 0.01": (None, SGD, 100, ["note"]),
    "A2 at 1e-4": (None, replace(SGD, learning_rate=1e-4), 100, ["warning"]),
    "A2 at 0.025": (None, replace(SGD, learning_rate=0.025), 100, []),
    "A2 with Adam at 0.01": (None, ADAM, 100, ["warning"]),
    "A2 with Adam at 0.1": (None, replace(ADAM, learning_rate=0.1), 100, []),
    "A2 with momentum": (None, MOMENTUM, 100, []),
}


@pytest.mark.frameworks("torch")
@pytest.mark.parametrize("name", REAL)
def test_a_real_run_of_a2(name: str) -> None:
    _, optimizer, steps, levels = REAL[name]
    assert told(subtraction().seen(optimizer, steps)) == [("PF402", level, 3) for level in levels]


@pytest.mark.frameworks("torch")
@pytest.mark.parametrize(
    ("rate", "optimizer", "due"),
    [
        pytest.param(1e-5, SGD, True, id="a hundred thousandth"),
        pytest.param(1e-6, MOMENTUM, True, id="with momentum"),
        pytest.param(2e-6, ADAM, True, id="with Adam"),
        pytest.param(1e-2, SGD, False, id="a hundredth"),
        pytest.param(1e-3, ADAM, False, id="Adam as it comes"),
    ],
)
def test_a_real_run_of_a_network(rate: float, optimizer: Optimizer, due: bool) -> None:
    event = learnable().seen(replace(optimizer, learning_rate=rate), 500)
    assert told(event) == ([("PF402", "warning", 3)] if due else [])


@pytest.mark.frameworks("torch")
@pytest.mark.parametrize("rate", [1e-4, 1e-3, 1e-2, 1e-1])
def test_a_network_of_which_nothing_linear_is_known_is_left_alone(rate: float) -> None:
    assert told(network().seen(replace(SGD, learning_rate=rate), 200)) == []
