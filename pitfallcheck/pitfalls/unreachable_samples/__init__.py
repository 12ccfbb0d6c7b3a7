"""PF104 unreachable-samples: a draw can never reach some samples

What it is
----------
The bound of a random draw is one too low, or one batch too low, for what is read with the number drawn. NumPy, torch,
TensorFlow and JAX never draw the upper bound of `randint` and `integers` itself; `random.randint` of the standard
library does. So `randint(0, n - batch)` leaves the last window of `x[i : i + batch]` out, and `randint(0, n - 1)` the
last sample. A data set whose `__len__` is one short does the same.

Why it hurts training
---------------------
The samples at the end are never learned from. Where data are sorted, those are the largest inputs, the last class, the
latest days. Measured over 50000 windows of 10 samples out of 1000: the last sample came 0 times, one in the middle 507
times; with `n - batch + 1` as the bound it came 58 times, as often as the first.

How it is detected, and what that cannot see
--------------------------------------------
In source only arithmetic decides: the largest number that can be drawn is put into everything that is read with it, and
the last sample read is held against the length of the array, as far as the file says (`len(x)`, `x.shape[0]`, a size
that is written down). A bound that the reads need, because the next sample is read too, is right, and nothing is said.
It is a warning where one sample, or one batch, is left over; more may be held out on purpose, and so may samples that
are read from the end elsewhere in the file. Nothing is said where the number goes anywhere else, or a length is
unknown.

At run time, the windows that generators cut from an array are noted. Rows that none of them reached, although chance
would have reached them all but once in a million runs, are an error.

Example
-------
    import numpy as np

    rng = np.random.default_rng(0)
    x = np.zeros((1000, 2))
    start = rng.integers(0, len(x) - 32)
    batch = x[start : start + 32]

Instead
-------
    import numpy as np

    rng = np.random.default_rng(0)
    x = np.zeros((1000, 2))
    start = rng.integers(0, len(x) - 32 + 1)
    batch = x[start : start + 32]

When it is fine
---------------
Where the last sample is a target only (`x[i : i + window]` with `x[i + window]`), or is held out for evaluation.

References
----------
- NumPy, Random sampling: https://numpy.org/doc/stable/reference/random/index.html
- torch, randint: https://docs.pytorch.org/docs/stable/generated/torch.randint.html
- Python, random.randint: https://docs.python.org/3/library/random.html#random.randint
"""

from pitfallcheck.lint.signs import TRAINS_OR_HANDS_OUT
from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF104",
    name="unreachable-samples",
    summary="a draw can never reach some samples",
    words=(
        TRAINS_OR_HANDS_OUT,
        (
            *(b"randint", b"integers(", b"randrange", b"choice", b"permutation", b"randperm", b"random()", b"rand()"),
            *(b"uniform(", b".sample(", b"__getitem__", b"range(0, "),
        ),
        (b"numpy", b"torch", b"tensorflow", b"random", b"keras", b"jax"),
    ),
    hint=True,
    runtime=True,
)
