"""PF302, asked with invented events: a network beside the least-squares fit that explains its targets."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from pitfallcheck.observe.events import Place, TrainingSeen
from pitfallcheck.observe.learning import AffineFit
from pitfallcheck.pitfalls.oversized_model.runtime import judge

MADE = Place(__file__, 3)
FIT = AffineFit(samples=1000, features=2, outputs=1, constant=66.6, error=1e-12, r2=1.0)
SEEN = TrainingSeen(
    "a", "torch", "model", Place(__file__, 9), MADE, None, 2241, "MSELoss", "mse", 64, 300, affine=FIT, error=1.79,
    layers=("Linear", "Tanh", "Linear", "Tanh", "Linear", "Tanh", "Linear"), finished=True,
)  # fmt: skip

CASES: dict[str, tuple[TrainingSeen, bool]] = {
    "a network that does worse": (SEEN, True),
    "one whose midpoints were asked": (replace(SEEN, midpoint=0.4), True),
    "one that comes close": (replace(SEEN, error=0.05), False),
    "one that is affine itself": (replace(SEEN, midpoint=1e-6), False),
    "a single layer": (replace(SEEN, parameters=3), False),
    "targets that bend a little": (replace(SEEN, affine=replace(FIT, r2=0.998, error=0.13)), False),
    "noisy targets as good as the fit": (replace(SEEN, affine=replace(FIT, r2=0.9995, error=0.9), error=1.5), False),
    "a few steps": (replace(SEEN, steps=120), False),
    "a shallow one on its way": (replace(SEEN, layers=("Linear", "ReLU", "Linear")), False),
    "a shallow one far off": (replace(SEEN, layers=("Linear", "ReLU", "Linear"), error=6.0), True),
    "a few units more than needed": (replace(SEEN, parameters=33), False),
    "still running": (replace(SEEN, finished=False), False),
    "an unknown error": (replace(SEEN, error=math.nan), False),
    "a classifier": (replace(SEEN, loss_kind="binary_crossentropy"), False),
    "no fit": (replace(SEEN, affine=None), False),
}


@pytest.mark.parametrize("name", CASES)
def test_a_network_beside_least_squares(name: str) -> None:
    event, due = CASES[name]
    findings = list(judge([event]))
    assert [(finding.level, finding.location.line) for finding in findings] == [("warning", MADE.line)] * due


def test_both_errors_are_told() -> None:
    (finding,) = judge([SEEN])
    assert "R² 1.0000, mean squared error 1e-12" in finding.message
    assert "2241 parameters does worse: 1.79 after 300 steps, 2.7 % of the targets' variance" in finding.message
