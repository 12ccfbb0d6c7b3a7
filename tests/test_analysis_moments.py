"""Streamed moments against NumPy's own least squares, covariance and condition number of all samples at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pitfallcheck.analysis.moments import FEATURES, Moments

Array = NDArray[Any]


def gathered(inputs: Array, targets: Array | None, batch: int = 7) -> Moments:
    moments = Moments()
    for start in range(0, len(inputs), batch):
        moments.add(inputs[start : start + batch], None if targets is None else targets[start : start + batch])
    return moments


def with_constant(inputs: Array) -> Array:
    return np.hstack([inputs, np.ones((len(inputs), 1))])


def data(seed: int, samples: int, features: int, outputs: int, offset: float, scale: float) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(samples, features)) * scale + offset
    targets = inputs @ rng.normal(size=(features, outputs)) / scale + rng.normal(size=(samples, outputs))
    return inputs, targets


PROBLEMS = st.builds(
    data, st.integers(0, 99), st.integers(30, 60), st.integers(1, 5), st.integers(1, 3),
    st.sampled_from([0.0, 1.0, -50.0, 1e5]), st.sampled_from([1e-2, 1.0, 1e3]),
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(PROBLEMS, st.integers(1, 40))
def test_the_affine_fit_is_that_of_least_squares(problem: tuple[Array, Array], batch: int) -> None:
    inputs, targets = problem
    fit = gathered(inputs, targets, batch).fit()
    assert fit is not None
    assert (fit.samples, fit.features, fit.outputs) == (len(inputs), inputs.shape[1], targets.shape[1])
    centred = with_constant(inputs - inputs.mean(axis=0))
    solution, *_ = np.linalg.lstsq(centred, targets, rcond=None)
    assert fit.error == pytest.approx(((centred @ solution - targets) ** 2).mean(), rel=1e-6)
    assert fit.constant == pytest.approx(targets.var(axis=0).mean(), rel=1e-9)
    assert fit.r2 == pytest.approx(1 - fit.error / fit.constant, rel=1e-9)


@settings(max_examples=50, deadline=None)
@given(PROBLEMS.filter(lambda problem: abs(problem[0].mean()) < 100))
def test_the_condition_is_that_of_the_second_moments(problem: tuple[Array, Array]) -> None:
    inputs, _ = problem
    seen = gathered(inputs, None).conditioning()
    assert seen is not None
    columns = with_constant(inputs)
    moments = columns.T @ columns / len(columns)
    assert seen.condition == pytest.approx(np.linalg.cond(columns) ** 2, rel=1e-4)
    assert seen.largest == pytest.approx(np.linalg.eigvalsh(moments)[-1], rel=1e-9)
    standard = with_constant((inputs - inputs.mean(axis=0)) / inputs.std(axis=0))
    assert seen.standardised == pytest.approx(np.linalg.cond(standard) ** 2, rel=1e-6)
    assert seen.standardised_largest == pytest.approx(np.linalg.norm(standard, 2) ** 2 / len(standard), rel=1e-6)
    assert seen.means == pytest.approx(tuple(inputs.mean(axis=0)), rel=1e-9, abs=1e-9)
    assert seen.deviations == pytest.approx(tuple(inputs.std(axis=0)), rel=1e-9)


def test_an_exact_rule_far_from_zero_is_seen_as_exact() -> None:
    inputs = np.random.default_rng(0).uniform(1e6, 1e6 + 1, (200, 2))
    fit = gathered(inputs, inputs[:, :1] - inputs[:, 1:]).fit()
    assert fit is not None and fit.r2 == pytest.approx(1.0, abs=1e-9)


DEPENDENT = {
    "a one-hot code": np.eye(3)[np.arange(60) % 3],
    "a column twice": np.repeat(np.random.default_rng(0).normal(size=(60, 1)), 2, axis=1),
    "a constant column": np.c_[np.random.default_rng(0).normal(size=60), np.full(60, 0.1)],
}


@pytest.mark.parametrize("name", DEPENDENT)
def test_columns_that_depend_on_each_other_upset_neither_fit_nor_condition(name: str) -> None:
    inputs = DEPENDENT[name]
    moments = gathered(inputs, inputs[:, :1] * 3 + 1)
    fit, seen = moments.fit(), moments.conditioning()
    assert fit is not None and fit.error == pytest.approx(0.0, abs=1e-9)
    assert seen is not None and seen.condition < 20 and seen.standardised < 20


GOOD = np.random.default_rng(0).normal(size=(20, 2))
LEFT_OUT: dict[str, tuple[Array, Array | None, str]] = {
    "strings": (np.array([["a"]] * 20), GOOD, "no real numbers"),
    "targets of strings": (GOOD, np.array(["a"] * 20), "the targets are no real numbers"),
    "complex numbers": (GOOD + 1j, GOOD, "no real numbers"),
    "objects": (np.array([None] * 20), GOOD, "no real numbers"),
    "NaN": (np.where(GOOD[3, 0] == GOOD, np.nan, GOOD), GOOD, "not finite"),
    "infinite targets": (GOOD, np.where(GOOD[3, 0] == GOOD, np.inf, GOOD), "not finite"),
    "too wide": (np.zeros((20, FEATURES + 1)), GOOD, f"at most {FEATURES}"),
    "a single number": (np.array(1.0), GOOD, "no batch axis"),
    "no features": (np.zeros((20, 0)), GOOD, "0 values a sample"),
    "unequal lengths": (GOOD, GOOD[:7], "20 inputs came with 7 targets"),
    "no sample": (GOOD[:0], GOOD[:0], "no sample"),
    "no targets": (GOOD, None, "no targets"),
    "too few samples": (GOOD[:5], GOOD[:5], "5 samples are too few"),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_left_out_is_said(name: str) -> None:
    inputs, targets, why = LEFT_OUT[name]
    moments = Moments()
    moments.add(inputs, targets)
    assert moments.fit() is None
    assert why in moments.why


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8", "uint8", "bool"])
def test_numbers_of_every_real_type_are_taken(dtype: str) -> None:
    inputs = (np.arange(40).reshape(20, 2) % 3).astype(dtype)
    moments = gathered(inputs.reshape(20, 1, 2), inputs[:, 0])
    assert moments.why == "" and moments.fit() is not None and moments.conditioning() is not None


def test_a_batch_that_is_left_out_does_not_spoil_the_others() -> None:
    moments = gathered(GOOD, GOOD[:, :1])
    before = moments.fit()
    moments.add(np.full((3, 2), np.nan), np.zeros((3, 1)))
    moments.add(np.zeros((3, 5)), np.zeros((3, 1)))
    assert moments.fit() == before and before is not None and moments.why == ""


def test_nothing_is_written_to() -> None:
    inputs, targets = GOOD.copy(), GOOD[:, :1].copy()
    inputs.setflags(write=False)
    gathered(inputs, targets, batch=20)
    assert np.array_equal(inputs, GOOD) and np.array_equal(targets, GOOD[:, :1])
