"""PF209 unequal-batch-sizes: inputs, targets and sample weights disagree on N

What it is
----------
The inputs of a batch, or of the whole training set, hold another number of samples than its targets or its sample
weights: one was cut, filtered or shifted and the other was not.

Why it hurts training
---------------------
Whole arrays are refused (`Data cardinality is ambiguous` in Keras), and a batch of 32 inputs with 31 targets fails in
the middle of the loss. A batch of 32 inputs with one target fails nowhere: the target is repeated for every sample. A
network that is to learn y = x1 + x2 from such batches learns no more than the mean of the targets; its loss stays at
0.19, above the variance of y of 0.16, where with a target for each sample it reaches 0 (Keras 3.15).

How it is detected, and what that cannot see
--------------------------------------------
At run time. Where a Keras call raises, the sizes it was given are compared. Where a batch enters a model, so are those
of the first one. A single target for many samples counts if it changes from batch to batch: one that never does may
stand for a constant that is meant. In a torch loop, where the first axis need not be that of the samples, only such a
single target counts. What is broadcast inside the program's own NumPy code is not seen.

Example
-------
    import numpy as np

    def batches(x, y, size=32):
        while True:
            i = np.random.randint(0, len(x) - size + 1)
            yield x[i : i + size], y[i : i + 1]

Instead
-------
    import numpy as np

    def batches(x, y, size=32):
        while True:
            i = np.random.randint(0, len(x) - size + 1)
            yield x[i : i + size], y[i : i + size]

When it is fine
---------------
Where one target is meant for the whole batch, and so is the loss: a bag of instances with one label, a graph with one
value.

References
----------
- Keras, Training and evaluation with the built-in methods: https://keras.io/guides/training_with_built_in_methods/
- NumPy, Broadcasting: https://numpy.org/doc/stable/user/basics.broadcasting.html
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF209",
    name="unequal-batch-sizes",
    summary="inputs, targets and sample weights disagree on N",
    words=None,
    runtime=True,
)
