"""PF404 not-learning: after the steps given, the loss is no better than that of the best constant prediction

What it is
----------
Training ran to its end, without an error, or hardly began, and the model predicts no better than one number would that
never looks at the inputs: the mean of the targets for a squared error, their median for an absolute one, the shares of
the classes for a cross-entropy.

Why it hurts training
---------------------
It is what most faults look like from outside, and a loss alone does not tell: 0.69 may be good or hopeless. A network
with a sigmoid at its end, trained on targets around 30, ends at a loss of 840; the best constant has 0.53, and without
the sigmoid the loss is 0.03. A `return` one level too far in makes one step of 640: the loss stays at 9.855.

How it is detected, and what that cannot see
--------------------------------------------
In source only trainings are seen that hardly begin: a loop over epochs or batches that ends in its first round, by a
`return` in its body (an error) or a `break` under no condition (a note, as one batch may be meant); the only `fit` of a
Keras model that then predicts, with one epoch (its default, Keras 3.15) of so few visible samples that it makes at most
100 updates; one round of one step. A file that speaks of overfitting a batch, debugging or a dry run means it, and so
does a test.

At run time, the mean loss of the last tenth of the steps is compared with the loss of the best constant prediction of
the targets seen, in the same units. It is an error where the first is not at least 2 % below the second, or 5 % where
an affine fit or neighbouring samples show that the targets depend on the inputs. Asked for are 50 steps, and 200
samples behind the last losses, so that a trial run and chance are left alone; and a loss whose constant is known, so
nothing is said of losses of one's own that are no mean over samples, of networks that play against each other, or of
reinforcement learning. Where neighbouring inputs have unrelated targets, as with targets that are pure noise or were
shuffled apart from their inputs, it is a note. Where a run shows what explains it (PF1xx, PF2xx, PF301, PF304, PF401,
PF402 and others), that is reported instead.

Example
-------
    import keras
    import numpy as np

    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    y = np.array([[0], [1], [1], [0]])
    model = keras.Sequential([keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy")
    model.fit(x, y)
    print(model.predict(x))

Instead
-------
    import keras
    import numpy as np

    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    y = np.array([[0], [1], [1], [0]])
    model = keras.Sequential([keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy")
    model.fit(x, y, epochs=2000)
    print(model.predict(x))

When it is fine
---------------
In a speed test on random targets, and where the inputs hold no information about the targets and that is the finding.

References
----------
- Karpathy, "A Recipe for Training Neural Networks" (verify loss at init, beat a dumb baseline, overfit one batch):
  https://karpathy.github.io/2019/04/25/recipe/
- scikit-learn, DummyRegressor and DummyClassifier: https://scikit-learn.org/stable/modules/model_evaluation.html
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF404",
    name="not-learning",
    summary="after the steps given, the loss is no better than that of the best constant prediction",
    words=(
        (b".fit(", b".backward(", b"train_on_batch(", b"apply_gradients("),
        (b".compile(", b".step(", b"train_on_batch(", b"apply_gradients("),
        (b"predict", b"evaluate(", b"break", b"return", b"range("),
    ),
    runtime=True,
    consequence_of=(
        "PF1", "PF2", "PF301", "PF302", "PF303", "PF304", "PF401", "PF402", "PF403", "PF407", "PF504",
    ),
)  # fmt: skip
