"""PF404, asked with invented events: a loss beside that of the best constant, with steps and samples enough."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from pitfallcheck.observe.events import Place, TrainingSeen
from pitfallcheck.observe.learning import AffineFit, Losses
from pitfallcheck.pitfalls.not_learning.runtime import judge

AT = Place(__file__, 9)
FIT = AffineFit(samples=1000, features=2, outputs=1, constant=1.0, error=0.97, r2=0.03)
SEEN = TrainingSeen(
    "a", "torch", "model", AT, Place(__file__, 3), None, 99, "MSELoss", "mse", 32, 500, baseline=1.0, finished=True,
    losses=Losses(count=500, first=1.4, last=1.01, lowest=0.9), affine=FIT,
)  # fmt: skip


def ended(last: float, count: int = 500) -> Losses:
    return Losses(count=count, first=1.4, last=last, lowest=min(last, 0.9))


CASES: dict[str, tuple[TrainingSeen, str]] = {
    "no better": (SEEN, "error"),
    "far worse": (replace(SEEN, losses=ended(840.0)), "error"),
    "a weak signal, learned": (replace(SEEN, losses=ended(0.95)), ""),
    "learned": (replace(SEEN, losses=ended(0.01)), ""),
    "hardly better, where a line explains a half": (
        replace(SEEN, losses=ended(0.96), affine=replace(FIT, r2=0.5, error=0.5)), "error",
    ),
    "hardly better, where neighbours agree": (
        replace(SEEN, losses=ended(0.96), affine=replace(FIT, noise=0.01)), "error",
    ),
    "targets that are noise to the inputs": (replace(SEEN, affine=replace(FIT, noise=0.98)), "note"),
    "without a fit": (replace(SEEN, affine=None), "error"),
    "five steps": (replace(SEEN, steps=5, losses=ended(1.01, 5)), ""),
    "too few samples": (replace(SEEN, steps=50, batch=1, losses=ended(1.01, 50)), ""),
    "all samples in each of a hundred steps": (replace(SEEN, steps=100, batch=500, losses=ended(1.01, 100)), "error"),
    "an unknown baseline": (replace(SEEN, baseline=math.nan), ""),
    "targets that never vary": (replace(SEEN, baseline=0.0, losses=ended(0.1)), ""),
    "a loss that was not finite": (
        replace(SEEN, losses=replace(ended(math.nan), nonfinite_at=12)), "",
    ),
    "still running": (replace(SEEN, finished=False), ""),
    "no losses": (replace(SEEN, losses=None), ""),
    "no place": (replace(SEEN, at=None), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_loss_beside_the_best_constant(name: str) -> None:
    event, level = CASES[name]
    findings = list(judge([event]))
    assert "".join(finding.level for finding in findings) == level
    assert all(finding.location.line == AT.line for finding in findings)


def test_both_losses_are_told() -> None:
    (finding,) = judge([SEEN, replace(SEEN, key="again")])
    assert "after 500 steps the loss is 1.01, and the best constant prediction has 1" in finding.message
