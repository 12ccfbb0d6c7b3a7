"""PF401 judged from invented trainings, and from real ones just below and just above the limit."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from objectives import ADAM, MOMENTUM, NESTEROV, SGD, Problem, network, subtraction

from pitfallcheck.analysis.training import analyse
from pitfallcheck.judge import judge_events
from pitfallcheck.observe.events import Place
from pitfallcheck.observe.learning import AffineFit, Curvature, Forecast, Losses, Optimizer, TrainingSeen

CODES = ["PF401", "PF402", "PF403"]
HERE = Place(__file__, 3)
CURVED = Curvature(largest=71.5, limit=2 / 71.5, products=3, exact=True, quadratic=True)
FIT = AffineFit(1000, 2, 1, 66.7, 0.0, 1.0)
STEEP = TrainingSeen(
    key="training", framework="torch", model="model", at=Place(__file__, 5), made=Place(__file__, 1), compiled=None,
    parameters=3, loss="mse_loss", loss_kind="mse", batch=1000, steps=100, affine=FIT, baseline=66.7, finished=True,
    optimizer=replace(SGD, learning_rate=0.0305, at=HERE), curvature=CURVED, losses=Losses(100, 105.0, 2e16, 105.0),
)  # fmt: skip
NETWORK = replace(STEEP, parameters=200, curvature=replace(CURVED, quadratic=False, exact=False))
ROSE = Losses(100, 105.0, 2e16, 105.0)
STUCK = Losses(100, 70.0, 67.0, 66.0)
FELL = Losses(100, 105.0, 3.0, 3.0)
FELL_LITTLE = Losses(100, 105.0, 58.0, 58.0)
BROKE = Losses(100, 105.0, math.nan, 105.0, 40)


def rate(event: TrainingSeen, times: float, optimizer: Optimizer = SGD) -> TrainingSeen:
    """The training at so many times its limit."""
    assert event.curvature is not None
    return replace(event, optimizer=replace(optimizer, learning_rate=times * event.curvature.limit, at=HERE))


def told(*events: TrainingSeen) -> list[tuple[str, str, int]]:
    findings, skipped = judge_events(events, CODES)
    assert skipped == []
    return [(finding.code, finding.level, finding.location.line) for finding in findings]


DUE: dict[str, tuple[TrainingSeen, str]] = {
    "A2 at 0.0305": (STEEP, "error"),
    "a quadratic loss before its first step": (replace(STEEP, losses=None), "error"),
    "a quadratic loss that stays put": (rate(replace(STEEP, losses=STUCK), 1.1), "error"),
    "an overflow": (replace(STEEP, losses=BROKE), "error"),
    "a network before its first step": (replace(NETWORK, losses=None), "warning"),
    "a network whose loss rose": (NETWORK, "error"),
    "a network that broke": (replace(NETWORK, losses=BROKE), "error"),
    "a network that broke at another batch": (
        replace(NETWORK, losses=BROKE, curvature=replace(NETWORK.curvature, later=1.0)), "error",
    ),
    "a network that stays put": (replace(NETWORK, losses=STUCK), "warning"),
    "a network far above the limit that fell by little": (rate(replace(NETWORK, losses=FELL_LITTLE), 3.0), "note"),
    "Adam before its first step": (rate(replace(NETWORK, losses=None), 1.1, ADAM), "warning"),
    "Adam whose loss rose": (rate(NETWORK, 1.1, ADAM), "error"),
    "Adam that came back from far away, to no avail": (
        rate(replace(NETWORK, losses=Losses(100, 5e6, 99.0, 40.0), curvature=replace(NETWORK.curvature, now=100.0)),
             5.0, ADAM), "error",
    ),
    "a loss that rose before the first few were over": (
        replace(STEEP, losses=Losses(100, 1e6, 1e5, 105.0), curvature=replace(CURVED, now=105.0)), "error",
    ),
    "later batches agree": (replace(STEEP, curvature=replace(CURVED, later=70.0)), "error"),
    "a single affine layer of which nothing else is known": (
        replace(STEEP, losses=None, midpoint=0.0, curvature=NETWORK.curvature), "error",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DUE)
def test_what_is_due(name: str) -> None:
    event, level = DUE[name]
    assert told(event) == [("PF401", level, 3)]


SILENT: dict[str, TrainingSeen] = {
    "at 0.9 of the limit": rate(replace(STEEP, losses=None), 0.9),
    "a quadratic loss that fell well": rate(replace(STEEP, losses=FELL), 1.02),
    "later batches curve less": replace(STEEP, losses=STUCK, curvature=replace(CURVED, later=60.0)),
    "a network that fell well, the catapult": rate(replace(NETWORK, losses=FELL), 3.0),
    "a network a little above the limit that fell by little": rate(replace(NETWORK, losses=FELL_LITTLE), 1.5),
    "a network that learns nothing from noise": rate(
        replace(NETWORK, losses=STUCK, affine=replace(FIT, error=66.0, r2=0.01)), 1.5
    ),
    "Adam that fell": rate(replace(NETWORK, losses=FELL), 5.0, ADAM),
    "Adam that stays put": rate(replace(NETWORK, losses=STUCK), 5.0, ADAM),
    "an optimizer of unknown rule": replace(STEEP, optimizer=Optimizer("other", "LBFGS", 1.0, at=HERE)),
    "no optimizer": replace(STEEP, optimizer=None),
    "no curvature": replace(STEEP, curvature=None),
    "a loss that curves nowhere": replace(STEEP, curvature=replace(CURVED, largest=0.0, limit=math.inf)),
    "a loss that curves downwards": replace(STEEP, curvature=replace(CURVED, largest=-1.0, limit=math.inf)),
    "no line to change": replace(STEEP, at=None, optimizer=replace(SGD, learning_rate=1.0)),
}


@pytest.mark.parametrize("name", SILENT)
def test_what_is_silent(name: str) -> None:
    assert [finding for finding in told(SILENT[name]) if finding[0] == "PF401"] == []


def test_the_place_is_where_the_rate_is_given() -> None:
    nowhere = replace(SGD, learning_rate=0.0305)
    compiled = replace(STEEP, optimizer=nowhere, compiled=Place(__file__, 4))
    assert told(compiled) == [("PF401", "error", 4)]
    assert told(replace(STEEP, optimizer=nowhere)) == [("PF401", "error", 5)]


def test_a_search_over_rates_is_none_of_its_rates_fault() -> None:
    good = rate(replace(STEEP, key="other", losses=FELL, forecast=None), 0.5)
    assert told(STEEP, good) == []
    assert told(STEEP, replace(STEEP, key="again")) == [("PF401", "error", 3)]


def texts(event: TrainingSeen) -> str:
    (finding,), _ = judge_events([event], ["PF401"])
    return ". ".join([finding.message, finding.remedy, *(fact.text for fact in finding.evidence)])


FORECAST = Forecast(100, 105.0, 0.0, 2e16, better_rate=0.025)
WORDING: dict[str, tuple[TrainingSeen, list[str]]] = {
    "rate, limit, optimizer and loss": (
        STEEP,
        ["the learning rate 0.0305 of `SGD` is above 0.028",
         "the loss rose from 105 to 2e+16", "71.5", "2 / L", "1.18"],
    ),
    "a rate that would do": (replace(STEEP, forecast=FORECAST), ["below 0.028; 0.025 is foreseen to converge"]),
    "an overflow": (replace(STEEP, losses=BROKE), ["the loss became infinite or not a number"]),
    "momentum": (rate(STEEP, 2.0, MOMENTUM), ["`SGD` with momentum 0.9", "2 (1 + b) / L with the momentum b = 0.9"]),
    "Nesterov": (rate(STEEP, 2.0, NESTEROV), ["with Nesterov momentum 0.9", "2 (1 + b) / ((1 + 2 b) L)"]),
    "Adam": (rate(STEEP, 2.0, ADAM), ["of `Adam`", "38 / L", "preconditioned"]),
    "a summed loss": (
        replace(STEEP, summed=True, batch=10),
        ["summed over the 10 samples of a batch", "10 times that of their mean", "take the mean over the batch"],
    ),
    "a summed loss whose mean would not do": (
        rate(replace(STEEP, summed=True, batch=10), 50.0), ["summed over the 10 samples", "use a learning rate below"],
    ),
    "nothing of the run": (replace(NETWORK, losses=None), ["unstable on this loss. use a learning rate below 0.028"]),
}  # fmt: skip


@pytest.mark.parametrize("name", WORDING)
def test_what_is_said(name: str) -> None:
    event, parts = WORDING[name]
    for part in parts:
        assert part in texts(event)
    assert ("take the mean" in texts(event)) == (name == "a summed loss")


def at_limit(made: Callable[[], Problem], optimizer: Optimizer, times: float, steps: int) -> TrainingSeen:
    """A real training at so many times the limit of its first step."""
    found = analyse(made().objective, optimizer, steps).curvature
    assert found is not None
    return made().seen(replace(optimizer, learning_rate=times * found.limit), steps)


@pytest.mark.frameworks("torch")
@pytest.mark.parametrize("optimizer", [SGD, MOMENTUM, NESTEROV, ADAM], ids=["SGD", "momentum", "Nesterov", "Adam"])
@pytest.mark.parametrize("made", [subtraction, network], ids=["A2", "a network"])
def test_nine_tenths_of_the_limit_are_silent_and_a_tenth_more_is_told(
    made: Callable[[], Problem], optimizer: Optimizer
) -> None:
    """Before the first step, as nobody knows yet what will come of it."""
    below, above = (replace(at_limit(made, optimizer, times, 1), losses=None) for times in (0.9, 1.1))
    assert "PF401" not in {code for code, *_ in told(below)}
    quadratic = made is subtraction and optimizer.kind == "sgd"
    assert told(above) == [("PF401", "error" if quadratic else "warning", 3)]


@pytest.mark.frameworks("torch")
@pytest.mark.parametrize("optimizer", [SGD, MOMENTUM, NESTEROV], ids=["SGD", "momentum", "Nesterov"])
def test_a_real_run_on_a_quadratic_loss_confirms_it(optimizer: Optimizer) -> None:
    assert told(at_limit(subtraction, optimizer, 0.9, 200)) == []
    assert told(at_limit(subtraction, optimizer, 1.1, 200)) == [("PF401", "error", 3)]


@pytest.mark.frameworks("torch")
@pytest.mark.parametrize("optimizer", [SGD, MOMENTUM, ADAM], ids=["SGD", "momentum", "Adam"])
@pytest.mark.parametrize("times", [0.9, 1.1])
def test_a_network_that_trains_is_left_alone_on_either_side_of_the_limit(optimizer: Optimizer, times: float) -> None:
    event = at_limit(network, optimizer, times, 200)
    assert event.losses is not None
    if event.losses.last < 0.5 * event.losses.first:
        assert told(event) == []


@pytest.mark.frameworks("torch")
def test_a_network_that_goes_to_pieces_is_told() -> None:
    assert told(at_limit(network, SGD, 30.0, 200)) == [("PF401", "error", 3)]
