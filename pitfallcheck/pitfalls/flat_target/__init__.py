"""PF201 flat-target: targets of shape (N,) meet outputs of shape (N, 1), or the other way round

What it is
----------
A model that ends in one unit predicts a column, `(N, 1)`. The targets it is given are flat, `(N,)`, often because an
axis was lost on the way: `x[:, 0]`, a mean over an axis, a list of numbers.

Why it hurts training
---------------------
It hurts where nobody brings the two ranks together: NumPy's broadcasting then subtracts every target from every
prediction. Keras 3 does align them before a loss given to `compile` by name, as a loss object of its own or as a plain
function; measured on Keras 3.15 with equal numbers, those losses are 0, as they should be. In the `call` of a
`keras.losses.Loss` subclass, in a hand-written training step and in torch nothing is aligned, and the same numbers give
a loss of 1.66. So a program with flat targets works until its loss is exchanged.

How it is detected, and what that cannot see
--------------------------------------------
In source, shapes are followed from where arrays are made (`np.zeros((n, 1))`, `x[:, 0]`, `expand_dims`, reductions) to
the target that is yielded to `fit`, or passed to `fit`, `evaluate` or `train_on_batch`, of a model whose last layer has
one unit. It is a note where the loss in use aligns the two; where the loss compares all pairs, PF202 says so instead.
At run time the shapes that meet are read off the batch. The source half is silent where a shape comes from a file, a
table or a function of another module.

Example
-------
    import keras
    import numpy as np

    def batches(batch_size=64):
        rng = np.random.default_rng(0)
        while True:
            x = rng.uniform(0, 100, size=(batch_size, 2))
            yield x, (x[:, 0] + x[:, 1]) / 2

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer="rmsprop", loss="mse")
    model.fit(batches(), steps_per_epoch=10)

Instead
-------
    import keras
    import numpy as np

    def batches(batch_size=64):
        rng = np.random.default_rng(0)
        while True:
            x = rng.uniform(0, 100, size=(batch_size, 2))
            yield x, (x[:, 0:1] + x[:, 1:2]) / 2

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer="rmsprop", loss="mse")
    model.fit(batches(), steps_per_epoch=10)

When it is fine
---------------
With integer labels and a sparse loss, which expect `(N,)`; with sample weights and masks; with any loss of Keras itself
on Keras 3, which is why this is a note there.

References
----------
- NumPy, Broadcasting: https://numpy.org/doc/stable/user/basics.broadcasting.html
- Keras, Losses: https://keras.io/api/losses/
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF201",
    name="flat-target",
    summary="targets of shape (N,) meet outputs of shape (N, 1), or the other way round",
    words=((b"keras",), (b"compile",), (b"fit", b"evaluate", b"train_on_batch", b"test_on_batch")),
    runtime=True,
)
