"""PF504 constant-feature: a feature or a target never varies in the batches seen

What it is
----------
One column of the inputs, or the whole target, holds the same value in every sample: a column of a buffer that is never
filled, a wrong index, a selection that kept only one class, a quantity that an integer type rounded to zero.

Why it hurts training
---------------------
A model cannot learn from what does not change. What the column should have said is missing, and where it varies later,
in use, the weight that it meets was never trained. In the fixture the second number of each pair stays 0: the loss for
its mean ends at 199 in place of 0.00, and (73, 57) gives 61.3 in place of 65.

How it is detected, and what that cannot see
--------------------------------------------
At run time only. The smallest and the largest value of each feature are followed over the first 64 batches, and over
some of the later ones. A warning names a target that held one value throughout, and a feature of a table of inputs (of
at most 32 columns) that did while others varied, once 64 different samples were seen. Columns of ones are the
intercepts of linear models, tables of 0 and 1 are codes, and longer rows are images or texts, where much never varies:
none of them is named. Neither are two sources with one label each, as an adversarial network trains with.

Example
-------
    import numpy as np

    def batches(rng, size):
        while True:
            x = np.zeros((size, 2), dtype="float32")
            x[:, 0] = rng.integers(0, 100, size)
            yield x, x.mean(axis=1, keepdims=True)

Instead
-------
    import numpy as np

    def batches(rng, size):
        while True:
            x = np.zeros((size, 2), dtype="float32")
            x[:, 0] = rng.integers(0, 100, size)
            x[:, 1] = rng.integers(0, 100, size)
            yield x, x.mean(axis=1, keepdims=True)

When it is fine
---------------
Where the column is a placeholder for what varies in other data, or the target is a label that another source
contrasts.

References
----------
- scikit-learn, Removing features with low variance:
  https://scikit-learn.org/stable/modules/feature_selection.html
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF504",
    name="constant-feature",
    summary="a feature or a target never varies in the batches seen",
    words=None,
    runtime=True,
    consequence_of=("PF107",),
)
