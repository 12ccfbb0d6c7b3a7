"""PF501, asked with invented events: how far outside, in how many rows, of how wide a range."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitfallcheck.observe.events import Place, PredictionSeen, TrainingSeen
from pitfallcheck.observe.learning import AffineFit, Outside
from pitfallcheck.pitfalls.narrow_training_range.runtime import judge

AT, TRAINED = Place(__file__, 9), Place(__file__, 5)
FIRST, SECOND = Outside(0, 0.0, 1.0, -2.0, 8.0, 3), Outside(1, 0.0, 1.0, 1.0, 4.0, 2)
SEEN = PredictionSeen("a", AT, "model", "predict", 3, 3, (FIRST, SECOND), TRAINED, 1000)
LINE = TrainingSeen(
    "t", "torch", "model", TRAINED, None, None, 3, "MSELoss", "mse", 32, 100, midpoint=0.0,
    affine=AffineFit(1000, 2, 1, 1.0, 0.0, 1.0),
)  # fmt: skip


def asked(one: Outside, rows: int = 100) -> PredictionSeen:
    return replace(SEEN, samples=rows, outside_samples=one.samples, outside=(one,))


CASES: dict[str, tuple[PredictionSeen, bool]] = {
    "case A4": (SEEN, True),
    "one row": (asked(Outside(0, 0.0, 1.0, 8.0, 8.0, 1), rows=1), True),
    "twice the range of a sine": (asked(Outside(0, -3.1, 3.1, -6.3, 6.3, 50)), True),
    "a little beyond": (asked(Outside(0, -3.0, 3.0, -3.4, 3.5, 4)), False),
    "a margin around a plot": (asked(Outside(0, 0.0, 3.0, -1.0, 4.0, 40)), False),
    "the next fifth of a series": (asked(Outside(0, 0.0, 0.8, 0.8, 1.0, 100)), False),
    "one outlier among many": (asked(Outside(0, 0.0, 1.0, 0.0, 99.0, 1)), False),
    "three rows of ten, after as many": (
        replace(asked(Outside(0, 0.0, 1.0, 0.0, 1.6, 3), rows=10), trained_samples=20), False,
    ),
    "a row far outside of few": (replace(asked(Outside(0, 0.0, 1.0, 8.0, 8.0, 1), rows=1), trained_samples=20), True),
    "a feature that never varied": (asked(Outside(0, 0.0, 0.0, 0.0, 1.0, 50)), False),
    "raw values after scaled ones": (asked(Outside(0, 0.0, 1.0, 0.0, 255.0, 90)), True),
    "a handful of training samples": (replace(SEEN, trained_samples=4), False),
    "an unknown number of training samples": (replace(SEEN, trained_samples=0), True),
    "nothing outside": (replace(SEEN, outside=(), outside_samples=0), False),
    "a range that is not finite": (asked(Outside(0, float("-inf"), 1.0, 0.0, 9.0, 50)), False),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_how_far_is_far(name: str) -> None:
    event, due = CASES[name]
    findings = list(judge([event]))
    assert [(finding.level, finding.location.line) for finding in findings] == [("warning", AT.line)] * due


def test_feature_and_ranges_are_told() -> None:
    (finding,) = judge([SEEN])
    assert "training covered feature 0 from 0 to 1, and predictions are asked for -2 to 8" in finding.message
    assert "3 of 3 rows lie outside, by up to 7 times the trained range" in finding.message
    assert "feature 1: trained 0 to 1, asked 1 to 4, 2 of 3 outside" in [fact.text for fact in finding.evidence]


def test_an_affine_model_of_an_affine_rule_may_be_asked_anything() -> None:
    assert not list(judge([LINE, SEEN]))
    assert list(judge([replace(LINE, midpoint=0.3), SEEN]))
    assert not list(judge([replace(LINE, at=AT), SEEN]))
    assert list(judge([replace(LINE, at=AT, model="another"), SEEN]))
    assert list(judge([replace(LINE, at=Place("/elsewhere.py", 5)), SEEN]))


@given(st.integers(0, 2**31), st.sampled_from(["normal", "uniform", "exponential"]), st.integers(100, 500))
def test_a_test_set_of_the_same_distribution_is_silent(seed: int, kind: str, samples: int) -> None:
    rng = np.random.default_rng(seed)
    train, test = (getattr(rng, kind)(size=count) for count in (samples, samples // 2))
    low, high = float(train.min()), float(train.max())
    outside = int(((test < low) | (test > high)).sum())
    one = Outside(0, low, high, float(test.min()), float(test.max()), outside)
    assert not list(judge([replace(asked(one, rows=len(test)), trained_samples=samples)]))
