"""PF103 repeated-batch: every batch holds the same samples

What it is
----------
Something in front of, or inside, the training loop makes every batch the same: the indices are drawn once, before the
loop, and never again; the offset, or the seed of the random numbers, is set back in each turn; a loader is started anew
for each step, and gives its first batch; the index that a data set is asked for is never read.

Why it hurts training
---------------------
The network sees a handful of samples, learns them by heart, and its loss looks splendid. Measured on 1000 samples of a
linear rule with 40 inputs (NumPy, 400 steps, batches of 32): the mean squared error on all samples is 8.5 where the
indices were drawn before the loop, and 0.25 where they are drawn in it. With an offset that is set back in each step,
20 of 1000 samples are ever learned from.

How it is detected, and what that cannot see
--------------------------------------------
In source, each batch that something learns from (by `backward`, a gradient tape or `jax.grad`, `train_on_batch`, a
weight that is updated by hand, `fit` for generators and data sets) is followed back to its index: through names,
functions and classes of the file. It is an error where the index, or the seed in front of the draw, is proven to be the
same in every turn, and where it shows why: a draw outside the loop, a constant seed inside, a counter that is set back
or never moves on, `next(iter(loader))` of a loader that does not shuffle, an index that is not read. A generator whose
consumer the file does not show gives a warning. Left alone are all samples at once, indices that are used outside the
loop as well (a split), and loops that also learn from other batches. Not seen are indices from other modules.

At run time, a generator or data set whose batches are made anew each time, from a draw, and are all equal in content,
is an error.

Example
-------
    import numpy as np

    def batches(x, y, batch_size):
        chosen = np.random.permutation(len(x))[:batch_size]
        while True:
            yield x[chosen], y[chosen]

Instead
-------
    import numpy as np

    def batches(x, y, batch_size):
        while True:
            chosen = np.random.permutation(len(x))[:batch_size]
            yield x[chosen], y[chosen]

When it is fine
---------------
A validation set that is the same for every epoch; a constant mask beside changing inputs; all samples in every step; a
single batch that a network must learn by heart, as a test of the code: take it once, in front of the loop.

References
----------
- NumPy, Random sampling: https://numpy.org/doc/stable/reference/random/index.html
- JAX, Pseudorandom numbers: https://docs.jax.dev/en/latest/random-numbers.html
- torch, Reproducibility: https://docs.pytorch.org/docs/stable/notes/randomness.html
"""

from pitfallcheck.lint.signs import DRAWS, FRAMEWORKS, LEARNING, TRAINS_OR_HANDS_OUT
from pitfallcheck.pitfall import Pitfall

_GIVEN_OUT = (
    rb"\A(?s:(?=.*?yield(?!\w)).*?)(?:" + b"|".join(DRAWS) + rb"|next\(|\[[a-z_][\w.]*+ ?:|\[\w++\]|def __getitem__)"
)
"""A generator in a file that picks samples."""

PITFALL = Pitfall(
    code="PF103",
    name="repeated-batch",
    summary="every batch holds the same samples",
    words=(TRAINS_OR_HANDS_OUT, FRAMEWORKS, (b"for ", b"while ", b"__getitem__", b"yield")),
    shapes=((*LEARNING, _GIVEN_OUT), (*DRAWS, rb"next\(", rb"\[[^\[\]\n]*:", rb"__getitem__", rb"= ?0[^\w.]")),
    runtime=True,
)
