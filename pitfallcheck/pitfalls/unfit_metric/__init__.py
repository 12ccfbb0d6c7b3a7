"""PF214 unfit-metric: a metric of another kind of output or labels

What it is
----------
`metrics=["accuracy"]` beside a mean squared error, `CategoricalAccuracy` beside a sparse loss, Keras' `Accuracy` on
probabilities: the metric is computed, printed, and means nothing.

Why it hurts training
---------------------
It does not touch the training, but what is decided by it: a regression that fits 2 sin x + 5 to a mean squared error
of 0.03 reports an accuracy of 0.0 (Keras 3.15 on TensorFlow 2.21), and a classifier whose `categorical_accuracy` is fed
with class numbers looks as if it always missed. Models are thrown away, or kept, for it.

How it is detected, and what that cannot see
--------------------------------------------
In source: the metrics of a `compile` are held against its loss, the output of the model and, where the file shows them,
the targets. An accuracy beside a loss of numbers is a warning where one unit without a squashing activation says that
numbers are predicted, or where the targets show; a note where there are several units; and nothing where the targets
are visibly classes. It is an error where the metric reads the labels in a form that the loss excludes. Silent where
PF206, PF207 or PF210 speak about the same model, and for metrics that are computed by other libraries.

Example
-------
    import keras

    model = keras.Sequential([keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)])
    model.compile("adam", loss="mse", metrics=["accuracy"])

Instead
-------
    import keras

    model = keras.Sequential([keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)])
    model.compile("adam", loss="mse", metrics=["mae"])

When it is fine
---------------
Where 0 and 1 are learned with a mean squared error, `accuracy` counts what is on the right side of one half.

References
----------
- Keras, accuracy metrics: https://keras.io/api/metrics/accuracy_metrics/
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF214",
    name="unfit-metric",
    summary="a metric of another kind of output or labels",
    words=((b"keras", b"tensorflow"), (b"ccuracy", b"'acc'", b'"acc"'), (b".compile(",), (b"metrics",)),
    runtime=False,
)
