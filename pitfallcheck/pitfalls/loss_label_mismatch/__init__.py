"""PF207 loss-label-mismatch: output, loss and labels do not go together

What it is
----------
Three things must agree: what the network puts out, what the loss compares, and what the labels are. `Dense(1)` with
`categorical_crossentropy`, a softmax over a single unit, one-hot labels with a sparse loss or class numbers with a
one-hot one, `binary_crossentropy` with labels up to 9 or with a softmax over several units: each is a pair from two
recipes.

Why it hurts training
---------------------
Some raise. The others train, and mean nothing. A softmax over one unit is 1 for every sample. With one sigmoid unit and
`categorical_crossentropy` the loss is 0.0 from the first batch and 40 % are right, where `binary_crossentropy` gets
99.5 % (Keras 3.15 on TensorFlow 2.21, 600 samples, 30 epochs). `binary_crossentropy` on a softmax judges each unit
alone, and old versions of Keras then count the accuracy of units, not of samples.

How it is detected, and what that cannot see
--------------------------------------------
In source: the output of the model, its loss and, where the file shows them, the labels are followed back to a layer, a
name or a class, and to what makes the labels (`to_categorical`, a known data set, numbers that are written down,
`flow_from_directory`, an encoder). It is an error where the pair can never be right, and a warning where it trains
something else than it says. A loss of numbers, such as the mean squared error, with labels that visibly are classes is
a warning for one-hot rows, and for 0 and 1 behind a sigmoid with the mean absolute error; with the squared one it is a
note, since it learns them slowly at worst. Two softmax units with `binary_crossentropy` are left alone: the loss is the
same. Silent are models and labels from other files, and labels that a scikit-learn wrapper encodes.

Example
-------
    import keras

    model = keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1, activation="softmax")])
    model.compile("adam", loss="binary_crossentropy")

Instead
-------
    import keras

    model = keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("adam", loss="binary_crossentropy")

When it is fine
---------------
`binary_crossentropy` with several sigmoid units is right where a sample may have several labels.

References
----------
- Keras, losses: https://keras.io/api/losses/
- Goodfellow, Bengio and Courville, Deep Learning, section 6.2.2: https://www.deeplearningbook.org/contents/mlp.html
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF207",
    name="loss-label-mismatch",
    summary="output, loss and labels do not go together",
    words=(
        (b"keras", b"tensorflow", b"torch"),
        (
            *(b"rossentropy", b"cross_entropy(", b"cross_entropy_with", b"CrossEntropyLoss", b"NLLLoss", b"nll_loss("),
            *(b"BCEWithLogits", b"BCELoss", b"'softmax'", b'"softmax"', b"Softmax(", b".softmax)"),
            *(b"'mse'", b'"mse"', b"'mae'", b'"mae"', b"'MSE'", b"mean_squared_", b"MeanSquared", b"mean_absolute_"),
            *(b"MeanAbsolute", b"MSELoss", b"mse_loss(", b"L1Loss", b"l1_loss(", b"huber", b"Huber"),
        ),
        (b".compile(", b".backward(", b"GradientTape", b".minimize(", b"training_step", b"apply_gradients"),
    ),
    runtime=False,
)
