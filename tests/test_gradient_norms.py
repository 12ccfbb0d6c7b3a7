"""PF407, asked with invented events: gradients over depth, and the outcome without which nothing is said of them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitfallcheck.observe.events import Place, TrainingSeen
from pitfallcheck.observe.learning import GradientNorm, Losses
from pitfallcheck.pitfalls.vanishing_or_exploding_gradient.runtime import judge

MADE = Place(__file__, 3)
IN_VAIN = Losses(count=500, first=0.72, last=0.69, lowest=0.69)
LEARNED = Losses(count=500, first=0.72, last=0.02, lowest=0.02)
DIVERGED = Losses(count=500, first=9e9, last=math.inf, lowest=1.0, nonfinite_at=2)
SEEN = TrainingSeen(
    "a", "torch", "model", Place(__file__, 9), MADE, None, 999, "MSELoss", "mse", 32, 500,
    baseline=0.69, losses=IN_VAIN, finished=True,
)  # fmt: skip


def weights(*relative: float) -> tuple[GradientNorm, ...]:
    """Layers of 100 weights with norm 2, and gradients relative to it."""
    return tuple(GradientNorm(f"{2 * i}.weight", 100, 2.0, 2.0 * one, one, one, 1, i) for i, one in enumerate(relative))


def biases(*signal: float) -> tuple[GradientNorm, ...]:
    return tuple(GradientNorm(f"{2 * i}.bias", 16, 0.5, 4 * one, one, one, 1, i) for i, one in enumerate(signal))


def scales(*relative: float) -> tuple[GradientNorm, ...]:
    names = ("embed.weight", "norm.weight", "bn/gamma", "dense/bias", "b1")
    return tuple(GradientNorm(name, 16, 4.0, 4 * one, one, one, 1) for name, one in zip(names, relative, strict=False))


CASES: dict[str, tuple[TrainingSeen, str]] = {
    "seven sigmoid layers": (replace(SEEN, gradients=weights(8e-7, 1e-5, 7e-5, 5e-4, 3e-3, 0.1, 5.5)), "vanishes"),
    "the same, but it learned": (
        replace(SEEN, gradients=weights(8e-7, 1e-5, 7e-5, 5e-4, 3e-3, 0.1, 5.5), losses=LEARNED), "",
    ),
    "the same, still running": (
        replace(SEEN, gradients=weights(8e-7, 1e-5, 7e-5, 5e-4, 3e-3, 0.1, 5.5), finished=False), "",
    ),
    "the same, after a handful of steps": (
        replace(SEEN, gradients=weights(8e-7, 1e-5, 7e-5, 5e-4, 3e-3, 0.1, 5.5), steps=5), "",
    ),
    "a usual network that did not learn": (replace(SEEN, gradients=weights(0.02, 0.05, 0.1, 0.9)), ""),
    "a converged network": (replace(SEEN, gradients=weights(1e-7, 1e-7, 2e-7, 3e-7)), ""),
    "dead units": (replace(SEEN, gradients=weights(0.0, 0.0, 0.0, 0.5)), ""),
    "two layers far apart": (replace(SEEN, gradients=weights(1e-6, 1.0)), ""),
    "small gradients of scales, biases and embeddings": (
        replace(SEEN, gradients=scales(1e-9, 1e-8, 1e-8, 1e-9, 1e-9) + weights(0.1, 0.2, 0.3)), "",
    ),
    "huge initial weights": (
        replace(SEEN, losses=DIVERGED, gradients=weights(9e5, 2e6, 1e6) + biases(6e6, 1e6, 1e4)), "explodes",
    ),
    "huge initial weights that are no more known": (
        replace(SEEN, losses=DIVERGED, gradients=tuple(
            replace(one, weights=math.nan) for one in weights(9e5, 2e6, 1e6)) + biases(6e6, 1e6, 1e4)), "explodes",
    ),
    "a recurrent layer": (replace(SEEN, losses=DIVERGED, gradients=weights(2e2, 9e4, 3.0)), "explodes"),
    "a learning rate that was too large": (
        replace(SEEN, losses=DIVERGED, gradients=weights(0.5, 0.4, 2.0) + biases(1.0, 1.1, 0.9)), "",
    ),
    "targets in the thousands": (
        replace(SEEN, losses=DIVERGED, gradients=weights(5e3, 4e3, 9e3) + biases(1e4, 1.1e4, 9e3)), "",
    ),
    "no gradients": (SEEN, ""),
    "no losses": (replace(SEEN, losses=None, gradients=weights(8e-7, 1e-4, 0.1, 5.5)), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_the_gradients_do(name: str) -> None:
    event, verb = CASES[name]
    findings = list(judge([event]))
    assert len(findings) == bool(verb)
    for finding in findings:
        assert finding.level == "error" and finding.location.line == MADE.line
        assert f"the gradient {verb}" in finding.message


def test_both_layers_and_the_outcome_are_told() -> None:
    (finding,) = judge([CASES["seven sigmoid layers"][0]])
    for part in ("`0.weight` is 8e-07", "`12.weight` 5.5", "7e+06 times more", "the loss is 0.69"):
        assert part in finding.message


@given(st.floats(1e-6, 1e6), st.lists(st.floats(0.05, 1.0), min_size=2, max_size=9))
def test_what_all_layers_share_is_no_matter(scale: float, relative: list[float]) -> None:
    assert not list(judge([replace(SEEN, gradients=weights(*(scale * one for one in relative)))]))
