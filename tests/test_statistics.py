"""The counts over what batches hold, against NumPy asked for all of them at once."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from numpy.typing import NDArray

from pitfallcheck.observe.statistics import ALL_OF, ONE_IN, WHOLE, Statistics
from pitfallcheck.observe.values import NonFinite, Values

Array = NDArray[Any]

REAL = ["float16", "float32", "float64", "int8", "int64", "uint16", "bool"]
ODD = [
    "complex64", "longdouble", "S3", "U2", "datetime64[s]", "timedelta64[ms]", "object", "V8", ">f4", "uint64",
    [("a", "i4"), ("b", "f8")],
]  # fmt: skip


def values_of(batches: list[Array], passes: tuple[int, ...] = ()) -> Values:
    statistics = Statistics()
    for number, batch in enumerate(batches):
        if number in passes:
            statistics.begin()
        statistics.add(batch)
    return statistics.values()


@st.composite
def batches(draw: st.DrawFn) -> list[Array]:
    """Up to twelve batches of one dtype and row shape, of differing lengths, a few of them the same."""
    dtype = np.dtype(draw(st.sampled_from(REAL)))
    inner = draw(st.sampled_from([(), (1,), (2,), (2, 3)]))
    elements: Any = {"allow_nan": False, "allow_infinity": False} if dtype.kind == "f" else {}
    one = st.integers(1, 9).flatmap(
        lambda rows: arrays_of.arrays(dtype, (rows, *inner), elements=arrays_of.from_dtype(dtype, **elements))
    )
    few: list[Array] = draw(st.lists(one, min_size=1, max_size=4))
    return draw(st.lists(st.sampled_from(few), min_size=1, max_size=12))


def table(batch: Array) -> Array:
    return batch.reshape(len(batch), -1).astype(np.float64)


@settings(max_examples=300, deadline=None)
@given(batches())
def test_ranges_constants_and_repeats_are_numpys(given: list[Array]) -> None:
    seen = values_of(given)
    rows = np.concatenate([table(batch) for batch in given])
    contents = [(batch.shape, batch.tobytes()) for batch in given]
    assert (seen.batches, seen.handed_over, seen.samples) == (len(given), len(given), len(rows))
    assert seen.features == rows.shape[1]
    assert seen.minima == tuple(rows.min(axis=0))
    assert seen.maxima == tuple(rows.max(axis=0))
    assert seen.constant == tuple(i for i in range(rows.shape[1]) if len(set(rows[:, i])) == 1)
    assert seen.distinct == len({data for _, data in contents})
    assert seen.repeated_pairs == sum(a[1] == b[1] for a, b in pairwise(contents))
    assert seen.nonfinite is None


def naive_spread(given: list[Array]) -> list[float]:
    """SSB / (K - 1) over SST / (N - 1) for each feature, over the batches that differ."""
    distinct = list({batch.tobytes(): table(batch) for batch in given}.values())
    rows = np.concatenate(distinct)
    spreads = []
    for feature in range(rows.shape[1]):
        values = rows[:, feature]
        total = ((values - values.mean()) ** 2).sum() / max(1, len(values) - 1)
        groups = [batch[:, feature] for batch in distinct]
        between = sum(len(group) * (group.mean() - values.mean()) ** 2 for group in groups)
        spreads.append(between / (len(groups) - 1) / total if total and len(groups) > 1 else 0.0)
    return spreads


@settings(max_examples=300, deadline=None)
@given(batches().filter(lambda given: given[0].dtype.kind in "ib"))
def test_the_spread_of_batch_means_is_that_of_an_analysis_of_variance(given: list[Array]) -> None:
    seen = values_of(given)
    small = [batch.astype(np.float64) if batch.dtype.kind == "b" else (batch % 100).astype(float) for batch in given]
    seen = values_of(small)
    assert seen.batch_means_spread == pytest.approx(max(naive_spread(small)), rel=1e-6, abs=1e-9)
    assert seen.spread_batches == len({batch.tobytes() for batch in small})


def test_independent_draws_spread_by_one_and_windows_of_sorted_rows_by_a_batch() -> None:
    rng = np.random.default_rng(0)
    data = np.sort(rng.normal(50_000, 1, 6400)).astype(np.float32)[:, None]
    drawn = values_of([data[rng.integers(0, len(data), 64)] for _ in range(60)])
    windows = values_of([data[start : start + 64] for start in rng.integers(0, len(data) - 63, 60)])
    assert 0.3 < drawn.batch_means_spread < 2
    assert drawn.sorted_inside == 0
    assert 55 < windows.batch_means_spread < 66
    assert windows.sorted_inside == 1
    assert windows.spread_batches == 60


def test_fixed_batches_that_come_again_are_counted_once_in_the_spread() -> None:
    rng = np.random.default_rng(1)
    fixed = [rng.normal(size=(8, 2)) for _ in range(3)]
    assert values_of(fixed * 20).spread_batches == 3
    assert values_of(fixed * 20).batch_means_spread == pytest.approx(values_of(fixed).batch_means_spread)


def test_a_pass_does_not_repeat_the_one_before() -> None:
    batch = np.ones((4, 1))
    assert values_of([batch] * 6).repeated_pairs == 5
    assert values_of([batch] * 6, passes=(2, 4)).repeated_pairs == 3


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["float16", "float32", "float64", "complex64"]),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.sampled_from([np.nan, np.inf, -np.inf])), max_size=6),
)
def test_the_first_nan_is_found_where_numpy_finds_it(dtype: str, spoilt: list[tuple[int, int, float]]) -> None:
    given = [np.arange(6, dtype=dtype).reshape(3, 2) for _ in range(4)]
    for number, place, spoiler in spoilt:
        given[number].flat[place] = spoiler
    seen = values_of(given).nonfinite
    bad = [number for number, batch in enumerate(given) if not np.isfinite(batch).all()]
    if not bad:
        assert seen is None
        return
    first = given[bad[0]]
    index = tuple(np.argwhere(~np.isfinite(first))[0].tolist())
    value = first[index].real
    text = "nan" if np.isnan(value) else "inf" if value > 0 else "-inf"
    assert seen == NonFinite(len(bad), bad[0] + 1, int((~np.isfinite(first)).sum()), index, text)


def test_a_sum_that_overflows_is_no_infinity() -> None:
    assert values_of([np.full((64, 2), 3e38, np.float32)]).nonfinite is None
    assert values_of([np.full((64, 2), 6e4, np.float16)]).nonfinite is None


def test_a_nan_in_any_batch_is_seen_also_after_the_first_ones() -> None:
    given = [np.ones((4, 2), np.float32) for _ in range(ALL_OF + 3 * ONE_IN)]
    given[ALL_OF + ONE_IN + 5] = np.array([[1, np.nan]] * 4, np.float32)
    seen = values_of(given)
    assert seen.nonfinite == NonFinite(1, ALL_OF + ONE_IN + 6, 4, (0, 1), "nan")
    assert (seen.minima, seen.maxima) == ((1.0, 1.0), (1.0, 1.0))


def test_of_a_huge_batch_evenly_spaced_values_are_searched() -> None:
    huge = np.zeros((2, WHOLE // 4), np.float32)
    huge[1] = np.inf
    seen = values_of([huge]).nonfinite
    assert seen is not None
    assert seen.index[0] == 1 and seen.value == "inf"


def test_after_the_first_batches_only_some_are_looked_at() -> None:
    seen = values_of([np.full((1, 1), float(number)) for number in range(ALL_OF + 5 * ONE_IN)])
    assert seen.handed_over == ALL_OF + 5 * ONE_IN
    assert ALL_OF + 4 <= seen.batches <= ALL_OF + 6
    assert seen.distinct == seen.batches


@pytest.mark.parametrize("dtype", ODD, ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0), (0, 3), (4, 2)], ids=str)
def test_any_dtype_and_shape_is_counted(dtype: Any, shape: tuple[int, ...]) -> None:
    seen = values_of([np.zeros(shape, dtype)] * 3)
    assert (seen.batches, seen.handed_over) == (3, 3)
    assert all(math.isfinite(value) for value in (*seen.minima, *seen.maxima))


@pytest.mark.parametrize("error", ["raise", "call"])
def test_the_programs_own_handling_of_floating_point_errors_is_left_alone(error: Any) -> None:
    def called(*_: object) -> None:
        raise AssertionError("the program's handler was called")

    with np.errstate(all=error, call=called):
        seen = values_of([np.array([[np.inf, -np.inf, 3e38]], np.float32), np.full((9, 3), 3e38, np.float32)])
        assert np.geterr()["over"] == error
    assert seen.nonfinite is not None


def test_rows_of_differing_widths_have_no_features() -> None:
    given = [np.arange(2.0 * width).reshape(2, width) for width in (3, 4, 3)]
    seen = values_of(given)
    assert (seen.features, seen.minima, seen.constant, seen.batch_means_spread) == (0, (), (), 0)


def test_views_are_counted_as_their_copies() -> None:
    data = np.random.default_rng(3).normal(size=(40, 6))
    views = [data[i : i + 8, ::2].T[::-1].T for i in range(0, 40, 8)]
    assert values_of(views) == values_of([view.copy() for view in views])
