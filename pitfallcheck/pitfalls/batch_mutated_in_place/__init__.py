"""PF110 batch-mutated-in-place: the consumer writes into a batch that comes again

What it is
----------
A slice of an array is no copy of it. A training loop that scales, centres or augments its batch in place
(`x /= 255`) writes into the data set from which its producer cuts the batches, and in the next epoch does so again.

Why it hurts training
---------------------
Each epoch trains on other data than the one before: after two epochs the pixels are divided by 65025, after three by
16581375, and the inputs vanish. In the fixture the mean of the inputs is 0.48 in the first epoch and below 1e-6 in the
tenth, and the loss ends at 0.35 in place of 0.0000.

How it is detected, and what that cannot see
--------------------------------------------
At run time only. A batch is sampled when it is handed over and when its consumer comes back, so a write that happened
in between is the consumer's. It is an error where the same memory is handed over again, still holds what was written,
and is written into once more. A consumer that writes into batches of its own, or writes the same values again (a clip
at zero), is left alone, as are parameters, gradients and states that a generator hands out to be updated. Batches of
more than 16 KB are compared at evenly spaced values.

Example
-------
    import numpy as np

    def batches(images, labels, size):
        for start in range(0, len(images), size):
            yield images[start : start + size], labels[start : start + size]

    def train(images, labels, weights, epochs):
        for _ in range(epochs):
            for x, y in batches(images, labels, 32):
                x /= 255
                weights -= 0.1 * x.T @ (x @ weights - y) / len(x)

Instead
-------
    import numpy as np

    def batches(images, labels, size):
        for start in range(0, len(images), size):
            yield images[start : start + size], labels[start : start + size]

    def train(images, labels, weights, epochs):
        for _ in range(epochs):
            for x, y in batches(images, labels, 32):
                x = x / 255
                weights -= 0.1 * x.T @ (x @ weights - y) / len(x)

When it is fine
---------------
Where every batch is a copy (fancy indexing makes one, slicing does not), or the memory is filled anew before it is
handed out again.

References
----------
- NumPy, Copies and views: https://numpy.org/doc/stable/user/basics.copies.html
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF110",
    name="batch-mutated-in-place",
    summary="the consumer writes into a batch that its producer hands out again",
    words=None,
    runtime=True,
)
