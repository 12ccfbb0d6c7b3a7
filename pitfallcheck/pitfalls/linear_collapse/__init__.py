"""PF301 linear-collapse: affine layers with nothing non-linear between them, and targets that no affine map fits

What it is
----------
A linear layer after a linear layer is a linear layer: `(x W1 + b1) W2 + b2` is `x (W1 W2) + (b1 W2 + b2)`. Without an
activation between them, hidden layers add parameters and nothing that one layer could not learn. Keras' `Dense` has no
activation unless one is asked for; in torch it is a layer, or a call, of its own and easily left out.

Why it hurts training
---------------------
The loss cannot go below that of the best affine fit, however long the training and however wide the layers. For
2 sin x + 5 on [-3, 3] that bound is 0.662 (R² 0.684): a network with 16 hidden units and no activation ends exactly
there after 1000 steps, in torch and in Keras; with a tanh between the layers its loss is 0.001.

The same holds for a part of a network. A hidden layer of 32 units without an activation, between 3 tanh units and the
last layer, leaves a loss of 0.442 on sin 8x; with a tanh behind it the loss is 0.012. And a `Dense` layer on the output
of a convolution, with no `Flatten` or pooling before it, is applied at every position: it joins nothing that lies apart
in the image, and its output keeps the axes of the image.

How it is detected, and what that cannot see
--------------------------------------------
In source, the layers of a model that is trained in the same file are followed: through `Sequential`, `add`, Keras'
functional style, the forward pass of a module, functions of NumPy or torch that multiply by matrices which are updated
by hand, and layers written as classes. It is a warning where two or more affine layers come one after the other: in the
whole model, or as a part of it (where the widths show that none of them is a narrow place, no result is read twice, and
no name says projection, embedding, attention or the like), and where a dense layer that ends a model follows a
convolution in two dimensions directly; a note where one of the layers in a row is a convolution. Silent are layers
without a bias or narrower than what goes in and comes out (a matrix of low rank), files whose targets are visibly an
affine function of drawn inputs, models with branches, loops or parts from elsewhere.

At run time, a model is affine where midpoints of two inputs map to midpoints of their outputs (in torch, where its
graph holds affine operations alone). With more parameters than an affine map has, and an affine least-squares fit that
leaves 5 % of the targets' variance or more, it is a warning; an error where the remainder is known not to be noise,
because the targets of neighbouring inputs differ by much less; a note where a line is enough or the rest is noise.
Nothing is measured of classification losses.

Example
-------
    import torch

    x = torch.linspace(-3, 3, 1000).unsqueeze(1)
    y = 2 * torch.sin(x) + 5
    model = torch.nn.Sequential(torch.nn.Linear(1, 16), torch.nn.Linear(16, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(1000):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()

Instead
-------
    import torch

    x = torch.linspace(-3, 3, 1000).unsqueeze(1)
    y = 2 * torch.sin(x) + 5
    model = torch.nn.Sequential(torch.nn.Linear(1, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(1000):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()

When it is fine
---------------
Where a linear model is meant and fits; where the inner layer is narrow on purpose (principal components, factorised
matrices, low-rank adapters); where a projection stands before a block that bends; in studies of deep linear networks.

References
----------
- Goodfellow, Bengio and Courville, Deep Learning, section 6.1: https://www.deeplearningbook.org/contents/mlp.html
- Keras, Dense ("if you don't specify anything, no activation is applied"): https://keras.io/api/layers/core_layers/dense/
- Stefansson, Koncar and Jones, "A note on the Gamma test", Neural Computing & Applications 5, 1997 (noise from
  neighbours)
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF301",
    name="linear-collapse",
    summary="affine layers with nothing non-linear between them, and targets that no affine map fits",
    words=(
        (b"keras", b"torch", b"numpy", b"jax", b"tensorflow"),
        (b"Dense(", b"Linear(", b"dot(", b"matmul(", b" @ ", b".mm("),
        (b".fit(", b".backward(", b" -= ", b"and_grad(", b"jax.grad(", b"apply_gradients", b"train_on_batch",
         b"def update(", b" - lr", b" - learning_rate", b" - alpha", b" - eta", b" - self.l", b" - 0.0"),
    ),
    runtime=True,
    consequence_of=("PF1", "PF2"),
    shapes=(
        # Something is trained: by a framework's call, or by hand, `w -= rate * gradient` or `w = w - rate * gradient`.
        rb"\.fit\(|\.backward\(|and_grad\(|jax\.grad\(|train_on_batch|apply_gradients|-= .*\*|"
        rb"(\b[\w.\[\]'\"]+) = \1 - .*\*",
    ),
)  # fmt: skip
