"""PF205 doubled-softmax: probabilities go into a loss that expects logits

What it is
----------
`SparseCategoricalCrossentropy(from_logits=True)`, `torch.nn.CrossEntropyLoss` and `BCEWithLogitsLoss` take what comes
out of the last layer, the logits, and apply the softmax or the sigmoid themselves. A model that ends in a softmax or a
sigmoid has it applied twice.

Why it hurts training
---------------------
A softmax of numbers between 0 and 1 is nearly even: with ten classes the surest possible prediction, 1 for its class
and 0 for the others, counts as a probability of 0.23, and the loss cannot fall below 1.46. The gradients shrink, the
training is slow and ends early, and nothing fails.

Keras on TensorFlow notices it: where it sees the activation, it takes what went in, with a warning. Measured with Keras
3.15 on TensorFlow 2.21, the loss is the same with and without `from_logits=True`; the torch and jax backends of Keras
apply the softmax twice.

How it is detected, and what that cannot see
--------------------------------------------
In source: the output of the model that is compiled, or of the tensor that the loss is called with, is followed back to
what was applied last, through `Sequential`, functional and subclassed models, modules, and functions of the file. It is
an error in torch and with `tf.nn`'s losses, and a warning with a loss of Keras. A log-softmax before `CrossEntropyLoss`
is left alone, since it changes nothing; one after a softmax is an error. Silent are models from other files and
activations that depend on a setting. The fix sets `from_logits=False` in Keras.

Example
-------
    import keras

    model = keras.Sequential([keras.layers.Dense(10, activation="softmax")])
    model.compile("adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))

Instead
-------
    import keras

    model = keras.Sequential([keras.layers.Dense(10)])
    model.compile("adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))

When it is fine
---------------
A softmax inside an attention layer, or one that is applied to predictions after the training, is no output that the
loss sees.

References
----------
- torch, CrossEntropyLoss ("the input is expected to contain the unnormalized logits"):
  https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
- Keras, probabilistic losses: https://keras.io/api/losses/probabilistic_losses/
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF205",
    name="doubled-softmax",
    summary="probabilities go into a loss that expects logits",
    words=(
        (b"keras", b"tensorflow", b"torch"),
        (b"softmax", b"Softmax", b"igmoid"),
        (b"from_logits", b"with_logits", b"CrossEntropyLoss", b"cross_entropy", b"BCEWithLogitsLoss", b"log_softmax"),
        (b".compile(", b".backward(", b"GradientTape", b".minimize(", b"training_step", b"apply_gradients"),
    ),
    runtime=False,
    fix="safe",
)
