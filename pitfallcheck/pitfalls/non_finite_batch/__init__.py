"""PF108 non-finite-batch: a batch holds NaN or infinity

What it is
----------
An input or a target is not a number: a division by zero when the data were scaled, the logarithm of zero, an empty
field of a table, an overflow in half precision.

Why it hurts training
---------------------
One such value makes the loss of its batch NaN, the gradients of that batch make every weight NaN, and no later batch
mends it. In the fixture a signal rests for 30 of its 2000 points: the twelfth batch of 16 windows holds one whose
standard deviation is 0, and the loss is NaN from there on. With a lower bound for the deviation it ends at 0.63.

How it is detected, and what that cannot see
--------------------------------------------
At run time only. Every batch that is handed over is searched, whole up to 1 MB and at evenly spaced values beyond, and
the first value that is not finite is named with its array, its index and its batch. It is an error where the training
loss was seen to become NaN, or where no loss could be followed and nothing in the program deals with missing values
(`isnan` of the data, `nanmean`, `nan_to_num`, masked arrays). Where the losses stayed finite, nothing is said: the
values were masked or filled in on the way. A NaN that arises inside the model is none of the batch's.

Example
-------
    import numpy as np

    def batches(rng, count):
        for _ in range(count):
            windows = rng.integers(0, 3, (64, 4)).astype("float32")
            spread = windows.std(axis=1, keepdims=True)
            yield windows / spread, windows.mean(axis=1, keepdims=True)

Instead
-------
    import numpy as np

    def batches(rng, count):
        for _ in range(count):
            windows = rng.integers(0, 3, (64, 4)).astype("float32")
            spread = windows.std(axis=1, keepdims=True)
            yield windows / np.maximum(spread, 1e-3), windows.mean(axis=1, keepdims=True)

When it is fine
---------------
Where missing targets are marked with NaN and the loss leaves them out, or where the model fills missing inputs in.

References
----------
- NumPy, Floating point error handling: https://numpy.org/doc/stable/user/misc.html
- Keras, TerminateOnNaN: https://keras.io/api/callbacks/terminate_on_nan/
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF108",
    name="non-finite-batch",
    summary="a batch holds NaN or infinity",
    words=None,
    runtime=True,
)
