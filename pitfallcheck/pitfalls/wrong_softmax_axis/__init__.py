"""PF212 wrong-softmax-axis: a softmax shares 1 out among the samples of a batch instead of the classes

What it is
----------
A softmax runs over the batch: `F.softmax(x, dim=0)`, `tf.nn.softmax(x, axis=0)`, `layers.Softmax(axis=0)`, or
`e / np.sum(e)` by hand over a whole matrix. Or it names no axis: `F.softmax(x)` and `nn.Softmax()` then take the first
one for inputs of 1 and 3 axes, the second one otherwise (torch 2.13, which says that this is deprecated).

Why it hurts training
---------------------
The samples of a batch compete with each other: the "probability" of a class depends on which other samples happen to
stand beside it, and the classes of one sample do not sum to 1. Over a whole matrix 1 is shared by all samples: each
gets about 1 / N, and the loss cannot fall below the logarithm of N. Measured on three classes that lie well apart: a
`LogSoftmax(dim=0)` tells 0.30 of single samples right, one along axis 1 all of them; a softmax by hand over the whole
batch ends at a loss of 27.1, one over each row at 0.00.

How it is detected, and what that cannot see
--------------------------------------------
In source. torch: the softmax at the end of a network is along axis 0, a loss over classes compares it with labels, and
its input visibly has a batch axis (a `view(-1, n)`, a flatten, a convolution, or batches of a `DataLoader`); or what it
gives is searched along axis 1. With no axis it is a warning for inputs of 3 axes, and a note where their number does
not show. Keras and TensorFlow: axis 0 of what a layer gives, always the batch. NumPy: a softmax without an axis is
given a matrix of several rows. Attention by hand in torch: the weights, a softmax over the product of two tensors, go
into `@`, `matmul`, `bmm` or a written `einsum` that sums over their last axis, and the softmax is surely along another
one; weights that are transposed or divided on the way are left alone, as is a softmax along axis 0 of a vector or of
parameters. The fix exchanges the axis that is written down; it needs `--unsafe-fixes`. There is no half at run time.

Example
-------
    import keras

    inputs = keras.Input((4,))
    logits = keras.layers.Dense(3)(inputs)
    model = keras.Model(inputs, keras.layers.Softmax(axis=0)(logits))
    model.compile(loss="sparse_categorical_crossentropy")

Instead
-------
    import keras

    inputs = keras.Input((4,))
    logits = keras.layers.Dense(3)(inputs)
    model = keras.Model(inputs, keras.layers.Softmax(axis=-1)(logits))
    model.compile(loss="sparse_categorical_crossentropy")

When it is fine
---------------
Where the first axis is what competes: a single vector of logits, weights of a mixture, attention over a sequence that
stands first, slots that compete for inputs, instances of a bag.

References
----------
- torch, softmax: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html
- Keras, Softmax layer: https://keras.io/api/layers/activation_layers/softmax/
"""

from pitfallcheck.lint.signs import TRAINS
from pitfallcheck.pitfall import Pitfall

SCORES = ("scores", "score", "attn", "attention", "att", "weights", "energy", "dots", "sim", "similarity", "logits")
"""What the scores of attention are called; a module that has it need not stand where it is trained."""

PITFALL = Pitfall(
    code="PF212",
    name="wrong-softmax-axis",
    summary="a softmax shares 1 out among the samples of a batch instead of the classes",
    words=(
        (*TRAINS, b"model.compile("),
        (b"softmax", b"Softmax"),
        (
            *(b".backward(", b"training_step", b".fit(", b"GradientTape", b"model.compile(", b"learning_rate"),
            *(b"epochs", b"nn.Softmax()"),
            *(f"{scores}, dim={axis}".encode() for scores in SCORES for axis in (0, 1, 2, -2)),
            *(f"softmax({axis})".encode() for axis in ("dim=0", "dim=2", "dim=-2", 0, 2, -2)),
        ),
    ),
    runtime=False,
    fix="unsafe",
)
