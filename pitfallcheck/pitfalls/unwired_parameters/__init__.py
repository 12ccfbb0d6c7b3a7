"""PF304 unwired-parameters: a trainable parameter gets no gradient, or the optimizer does not hold it

What it is
----------
The optimizer was made before a layer was exchanged, or from another model, or from a part of the model; a layer is made
anew in each forward pass; a tensor was put on a module without being registered as a parameter; a layer is made and the
loss does not depend on it. Nothing complains: the optimizer moves what it was given.

Why it hurts training
---------------------
What is not moved stays random. With the last layer exchanged after the optimizer was made, its weights moved by 0.000
in 300 steps and the loss ended at 0.0114, where it is 0.0018 with the two lines the other way round. With the last
layer made in the forward pass, the loss after 500 steps is 0.11, the variance of the targets; made once, it is 0.002.

How it is detected, and what that cannot see
--------------------------------------------
In source, for torch: an optimizer of `model.parameters()` that is used after a layer of `model`, or `model` itself, was
replaced; one of a model that nothing calls while another is trained; one that holds some layers, or some of the tensors
made with `requires_grad`, where the file freezes and loads nothing; layers with parameters that are made and applied in
`forward` (in Keras: `call`); tensors with `requires_grad` on a module. At run time: parameters that ran in training and
never got a gradient, and those that got one and are in no optimizer. Frozen parameters, parts that run without
gradients, and copies that follow another network by averaging are left alone, and so are layers that a library made.
Layers in plain lists, which the framework does not see, cannot be seen here either.

Example
-------
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(2, 32), torch.nn.ReLU(), torch.nn.Linear(32, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model[2] = torch.nn.Linear(32, 1)
    for _ in range(100):
        optimizer.zero_grad()
        model(torch.rand(64, 2)).square().mean().backward()
        optimizer.step()

Instead
-------
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(2, 32), torch.nn.ReLU(), torch.nn.Linear(32, 3))
    model[2] = torch.nn.Linear(32, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(100):
        optimizer.zero_grad()
        model(torch.rand(64, 2)).square().mean().backward()
        optimizer.step()

When it is fine
---------------
Where a part is left alone on purpose. Say so: `requires_grad_(False)` in torch, `trainable = False` in Keras, or
`torch.no_grad()` around it. Two optimizers for two parts, and target networks, are fine as they are.

References
----------
- torch, Constructing an optimizer: https://pytorch.org/docs/stable/optim.html#constructing-it
- torch, Parameter: https://pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html
- Keras, Making new layers (weights belong in `__init__` or `build`):
  https://keras.io/guides/making_new_layers_and_models_via_subclassing/
"""

from pitfallcheck.lint.signs import TRAINS
from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF304",
    name="unwired-parameters",
    summary="a trainable parameter gets no gradient, or the optimizer does not hold it",
    words=((*TRAINS, b"optim."), (b"torch", b"keras"), (b"optim", b"def forward(", b"def call(", b"requires_grad")),
    hint=True,
    runtime=True,
)
