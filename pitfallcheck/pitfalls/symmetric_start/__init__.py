"""PF305 symmetric-start: the units of a hidden layer start equal, and stay equal

What it is
----------
The weights of a network are drawn so that its units differ. Where a hidden layer and the layer behind it start from one
number each (`kernel_initializer="zeros"`, `nn.init.constant_`, `np.zeros((n, hidden))`), all hidden units compute the
same and get the same gradient.

Why it hurts training
---------------------
Equal units with equal gradients stay equal: the layer is as good as one unit wide, however wide it is. Where the
weights are zero, most of the gradients are zero as well, and only the last bias learns. On x1 x2, a network with 16
hidden tanh units whose weights start at 0.5 has 1 unit in 16 after 1000 steps, and a loss of 0.126, that of a constant;
with random weights the loss is 0.000. By hand, with zeros, its hidden weights move by 0.000 in 2000 steps and the error
stays at 0.114; with random ones it is 0.001.

How it is detected, and what that cannot see
--------------------------------------------
In source, for models that are trained in the same file: Keras layers whose kernels start constant, in a `Sequential`;
torch modules whose linear and convolutional layers are all set to a constant (by `nn.init`, `fill_`, `zero_`, in
`model.apply` or a loop over the parameters); matrices that are multiplied and updated by hand. It is an error where the
layer behind starts constant too or a ReLU at zero passes no gradient, a warning where the layer behind is random, which
pulls the units apart slowly. A model of one layer may start from zero, and so may biases, norms, embeddings and the
last layer behind random ones: zero-initialised residual branches and adapters rely on that.

Example
-------
    import keras

    model = keras.Sequential([
        keras.layers.Dense(16, activation="tanh", kernel_initializer="zeros"),
        keras.layers.Dense(1, kernel_initializer="zeros"),
    ])
    model.compile(optimizer="adam", loss="mse")
    model.fit(inputs, targets, epochs=10)

Instead
-------
    import keras

    model = keras.Sequential([
        keras.layers.Dense(16, activation="tanh"),
        keras.layers.Dense(1),
    ])
    model.compile(optimizer="adam", loss="mse")
    model.fit(inputs, targets, epochs=10)

When it is fine
---------------
In linear and logistic regression, which have no hidden units; where the layers are loaded or set to something else
before training; in studies of the start itself.

References
----------
- Goodfellow, Bengio and Courville, Deep Learning, section 8.4: https://www.deeplearningbook.org/contents/optimization.html
- Keras, layer weight initializers: https://keras.io/api/layers/initializers/
- torch.nn.init: https://pytorch.org/docs/stable/nn.init.html
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF305",
    name="symmetric-start",
    summary="the units of a hidden layer start equal, and stay equal",
    words=(
        (b"zero", b"Zero", b"ones", b"Ones", b"onstant", b"fill_(", b"full("),
        (b"Dense(", b"Linear(", b"Conv", b"dot(", b"matmul(", b" @ ", b".mm("),
        (b".fit(", b".backward(", b" -= ", b"apply_gradients", b"train_on_batch", b" - lr", b" - learning_rate",
         b" - alpha", b" - eta", b" - self.l", b" - 0.0"),
    ),
    shapes=(
        # Something starts constant, and something is trained.
        rb"init\w*=[^\n]*(?:[zZ]ero|[oO]nes?\b|onstant)|(?:zeros_|ones_|constant_|fill_|zero_)\(|"
        rb"= [\w.]+\.(?:zeros|ones|full)\(",
        rb"\.fit\(|\.backward\(|train_on_batch|apply_gradients|-= .*\*|(\b[\w.\[\]'\"]+) = \1 - .*\*",
    ),
    runtime=False,
)  # fmt: skip
