"""PF203 lambda-output-shape: a layer returns another shape than it declares

What it is
----------
`Lambda(function, output_shape=(1,))` declares what the function returns, without the batch axis. The function returns
something else, most often because it drops an axis: `x[:, 0]` of `(N, 2)` is `(N,)`. The same can happen between the
`call` and the `compute_output_shape` of a layer of one's own.

Why it hurts training
---------------------
Keras believes the declaration and does not check it. Measured on Keras 3.15: `model.output_shape` says `(None, 1)` and
`predict` returns `(N,)`; a wrong length (`(2,)` for one column) is believed as well. Where a Dense layer follows, the
first batch raises. Where nothing follows, nothing is said: the compiled losses of Keras hide it, and a
`keras.losses.Loss` subclass compares every prediction with every target (PF202).

How it is detected, and what that cannot see
--------------------------------------------
In source, the function is followed with the input that the layer visibly gets (`Input(shape=(2,))`, the layer before
it), through functions of the same file that it calls, and the shape it returns is held against the declared one. It is
silent where the function stands in another module or the input's shape does not show. At run time the declared and the
real shape of every layer are compared on the first batch. The older `tf_keras` infers the shape and ignores the
declaration: there it is a warning.

Example
-------
    import keras

    inputs = keras.Input(shape=(2,))
    mean = keras.layers.Lambda(lambda x: (x[:, 0] + x[:, 1]) / 2, output_shape=(1,))(inputs)
    model = keras.Model(inputs, mean)

Instead
-------
    import keras

    inputs = keras.Input(shape=(2,))
    mean = keras.layers.Lambda(lambda x: (x[:, 0:1] + x[:, 1:2]) / 2, output_shape=(1,))(inputs)
    model = keras.Model(inputs, mean)

When it is fine
---------------
Where the output really has no axis but the batch's, declare that: `output_shape=()`. On TensorFlow and JAX the
declaration can mostly be left out; Keras then traces the function.

References
----------
- Keras, Lambda layer: https://keras.io/api/layers/core_layers/lambda/
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF203",
    name="lambda-output-shape",
    summary="a layer returns another shape than it declares",
    words=((b"keras",), (b"output_shape",), (b"Lambda", b"compute_output_shape")),
    shapes=(
        (
            rb"Lambda\(",
            rb"\b(?:layers\.Layer|models\.Model|keras\.Layer|keras\.Model)\b",
            rb"from (?!keras\.src\.)[\w.]+ import[^\n]*\b(?:Layer|Model)\b",
            rb"from (?!keras\.src\.)[\w.]+ import \([^)]*\b(?:Layer|Model)\b",
        ),
    ),
    runtime=True,
    fix="safe",
)
