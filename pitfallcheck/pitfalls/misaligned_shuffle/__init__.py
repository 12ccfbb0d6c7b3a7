"""PF106 misaligned-shuffle: inputs and targets are shuffled apart

What it is
----------
The inputs are put into one random order and their targets into another: two calls of `shuffle`, two permutations, two
batches drawn apart, or a shuffle of the inputs alone. Row for row they no longer belong together.

Why it hurts training
---------------------
Nothing is left to learn but what targets are like on the whole, and nothing raises. A line fitted to 200 pairs of
`y = 3 x + 1` (torch) ends with a slope of 0.15 and an error of 3.26, where a constant has 3.27; shuffled together, with
a slope of 3.00 and an error of 0.00.

How it is detected, and what that cannot see
--------------------------------------------
In source, an error: what goes together into `fit`, a data set, a split or a loss is followed back through conversions
and slices to what shuffled it: `shuffle` in place, a permutation or drawn indices, `sample(frac=1)`, scikit-learn's
`shuffle`. Two different draws are reported; so is a shuffle of one of two arrays that visibly were made together. Draws
after the same seed or the same saved state come out alike, and are not; nor is a shuffled copy of the inputs, which
was never their target. What functions of other files do is not seen.

Example
-------
    import numpy as np

    x = np.random.uniform(-1, 1, (200, 1))
    y = 3 * x + 1
    np.random.shuffle(x)
    np.random.shuffle(y)
    model.fit(x, y)

Instead
-------
    import numpy as np

    x = np.random.uniform(-1, 1, (200, 1))
    y = 3 * x + 1
    order = np.random.permutation(len(x))
    x, y = x[order], y[order]
    model.fit(x, y)

When it is fine
---------------
Where the pairing is meant to be random, as for a permutation test; where both draws start from the same seed.

References
----------
- NumPy, Generator.permutation: https://numpy.org/doc/stable/reference/random/generated/numpy.random.Generator.permutation.html
- scikit-learn, sklearn.utils.shuffle: https://scikit-learn.org/stable/modules/generated/sklearn.utils.shuffle.html
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF106",
    name="misaligned-shuffle",
    summary="inputs and targets are shuffled apart",
    words=(
        (
            *(b"shuffle(", b"permutation(", b"permuted(", b"randperm(", b"frac=1", b"[np.random.randint("),
            *(b"[np.random.choice(", b"[torch.randint(", b"[rng.integers(", b"[rng.choice("),
            *(b"random.choice(len(", b"random.choice(range(", b"randint(0, len(", b"randint(len("),
        ),
        (b".fit(", b"TensorDataset(", b"from_tensor_slices(", b"train_test_split(", b".train_on_batch(", b".backward("),
    ),
    runtime=False,
)
