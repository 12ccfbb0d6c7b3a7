"""What the arrays at one position of the batches held, as counts and ranges; frozen and free of NumPy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NonFinite:
    """The NaN and infinite values: `batches` that held some, and of the first such batch (counted from 1) their
    `count`, and the `index` and `value` (`nan`, `inf`, `-inf`) of the first one."""

    batches: int
    first_batch: int
    count: int
    index: tuple[int, ...]
    value: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which rows of one source array the batches, as views of it, ever reached.

    `rows` is its length, `draws` how many windows were handed out and `window` their (usual) length; `unreached` counts
    the rows never reached, from `first_unreached` to `last_unreached`. `name` is the variable that holds the array.
    `drawn` says that the windows begin anywhere and in no order, as where their beginnings are drawn at random.
    """

    name: str
    rows: int
    draws: int
    window: int
    unreached: int
    first_unreached: int
    last_unreached: int
    drawn: bool = False


@dataclass(frozen=True, slots=True)
class Values:
    """`batches` arrays were looked at, `samples` rows in all, with `features` values a row (trailing axes flattened).

    `minima` and `maxima` are per feature, empty where there are too many of them or the values are no real numbers.
    `constant` are the features that held one value in all rows. `distinct` counts the different contents among the
    batches compared, `repeated_pairs` hand-overs whose content was that of the one before. `batch_means_spread` is the
    variance between the batches' means relative to what independent draws of the same values would give (1 on average,
    0 where unknown): the largest over the features, with `spread_batches` batches behind it. `sorted_inside` is the
    share of the batches whose rows ascend or descend in that feature. `truncated` says for an integer array, where it
    could be seen, the fractional value that was lost (`0.5 became 0`). `handed_over` counts all arrays, of which
    `repeated_pairs` and `nonfinite` tell; the rest is of those looked at, without the ones with NaN in them. Pairs are
    of batches of one pass: the first one of a new generator object is not compared. `remade` of the repeated pairs
    were made anew, each time another object; then `part_of` names a variable of the producer that holds `part_rows`
    rows of the same kind, more than the batch, and `whole_of` one that holds just as many.
    """

    batches: int
    samples: int
    features: int
    minima: tuple[float, ...] = ()
    maxima: tuple[float, ...] = ()
    constant: tuple[int, ...] = ()
    nonfinite: NonFinite | None = None
    distinct: int = 0
    repeated_pairs: int = 0
    batch_means_spread: float = 0.0
    spread_batches: int = 0
    sorted_inside: float = 0.0
    coverage: Coverage | None = None
    truncated: str = ""
    handed_over: int = 0
    remade: int = 0
    part_of: str = ""
    part_rows: int = 0
    whole_of: str = ""
