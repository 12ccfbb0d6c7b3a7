"""PF204 stacked-inputs: a list of arrays goes to a model with one input

What it is
----------
A Keras model with one input, such as every `Sequential` that begins with an ordinary layer, is fed a list: one array
for each variable of the problem. Keras takes a list for several inputs; it does not put the arrays side by side.

Why it hurts training
---------------------
A model that Keras has not built yet raises: `Layer "dense" expects 1 input(s), but it received 2 input tensors`. A
`Sequential` that was built before, by a `keras.Input` or by a first call, takes the first array and drops the others,
with a warning about the structure of its inputs. Trained for c = a1 - a2 on two arrays from [0, 1], its loss stops at
0.088, half the variance of c, and its predictions do not change with a2 (Keras 3.15 on TensorFlow, torch and JAX).

How it is detected, and what that cannot see
--------------------------------------------
In source, models of the file are followed to `fit`, `evaluate`, `predict` and their `..._on_batch` forms, with what
they are given, also by a generator of the file. A list or tuple of two or more arrays to a `Sequential` whose first
layer takes one tensor, or to a `keras.Model` of one `Input`, is an error. First layers that take several tensors
(`Concatenate`, `Lambda`, a class of the file) are left alone.

At run time, the call that raises tells what it was given, and a `Sequential` that swallows the list how many inputs it
has. A model class that picks from a list inside its `call` is not judged unless Keras raises.

Example
-------
    import keras
    import numpy as np

    a1, a2 = np.random.uniform(-10, 10, (2, 1000, 1))
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit([a1, a2], a1 - a2)

Instead
-------
    import keras
    import numpy as np

    a1, a2 = np.random.uniform(-10, 10, (2, 1000, 1))
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(np.concatenate([a1, a2], axis=1), a1 - a2)

When it is fine
---------------
Where the model has an `Input` for each array, or begins with a layer that joins them.

References
----------
- Keras, The functional API, models with several inputs: https://keras.io/guides/functional_api/
- Keras, The Sequential model, when to use one: https://keras.io/guides/sequential_model/
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF204",
    name="stacked-inputs",
    summary="a list of arrays goes to a model with one input",
    words=((b"keras",), (b"Sequential", b"Model("), (b".fit(", b".predict", b".evaluate(", b"_on_batch(")),
    runtime=True,
)
