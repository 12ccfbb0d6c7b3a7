"""PF210 unreachable-targets: the output cannot produce the targets

What it is
----------
A sigmoid gives numbers between 0 and 1, a tanh between -1 and 1, a relu none below 0, a softmax shares that sum to 1.
Before a loss of numbers such as the mean squared error, targets outside cannot be predicted at all. With a loss of
classes it is the number of units: nine units cannot tell ten classes apart.

Why it hurts training
---------------------
The best that training can do is the nearest value in reach, for every sample the same. For 2 sin x + 5 a network that
ends in a sigmoid stops at a mean squared error of 17.1, and one without an activation at 0.03 (Keras 3.15, 30 epochs).
A relu that gives 0 for every sample gets no gradient, and stays there.

How it is detected, and what that cannot see
--------------------------------------------
In source: the last activation and the number of units are held against the targets where the file shows their range or
their classes: numbers that are written down, arithmetic of sines and the like, known data sets, `to_categorical`. That
is an error. A softmax before a loss of numbers is a warning whatever the targets: even one-hot rows, which it can
reach, are learned badly so, since the gradient vanishes where the prediction is surely wrong. A relu at the end of a
regression is a note. Silent are a sigmoid or a tanh with targets that do not show: they may be scaled.

Example
-------
    import keras
    import numpy as np

    x = np.linspace(-3, 3, 1000).reshape(-1, 1)
    y = 2 * np.sin(x) + 5
    model = keras.Sequential([keras.layers.Dense(16, activation="tanh"), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("adam", loss="mse")
    model.fit(x, y, epochs=30)

Instead
-------
    import keras
    import numpy as np

    x = np.linspace(-3, 3, 1000).reshape(-1, 1)
    y = 2 * np.sin(x) + 5
    model = keras.Sequential([keras.layers.Dense(16, activation="tanh"), keras.layers.Dense(1)])
    model.compile("adam", loss="mse")
    model.fit(x, y, epochs=30)

When it is fine
---------------
Where the targets are scaled into the range of the activation, or can only lie there: shares, probabilities, pixels
divided by 255, counts and prices with a relu or a softplus.

References
----------
- Goodfellow, Bengio and Courville, Deep Learning, section 6.2.2: https://www.deeplearningbook.org/contents/mlp.html
- Keras, layer activation functions: https://keras.io/api/layers/activations/
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF210",
    name="unreachable-targets",
    summary="the output cannot produce the targets",
    words=(
        (b"keras", b"tensorflow", b"torch"),
        (b"softmax", b"Softmax", b"igmoid", b"relu", b"ReLU", b"tanh", b"Tanh", b"rossentropy", b"CrossEntropyLoss"),
        (
            *(b"'mse'", b'"mse"', b"'mae'", b'"mae"', b"'MSE'", b"mean_squared_", b"MeanSquared", b"mean_absolute_"),
            *(b"MeanAbsolute", b"MSELoss", b"mse_loss(", b"L1Loss", b"l1_loss(", b"huber", b"Huber", b"hinge"),
            *(b"rossentropy", b"CrossEntropyLoss", b"cross_entropy(", b"with_logits"),
        ),
        (b".compile(", b".backward(", b"GradientTape", b".minimize(", b"training_step", b"apply_gradients"),
    ),
    runtime=False,
)
