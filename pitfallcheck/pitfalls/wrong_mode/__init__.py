"""PF406 wrong-mode: evaluated in training mode, or trained in evaluation mode

What it is
----------
Dropout and batch norm compute something else in training than in evaluation, and a network of torch is in training mode
until `eval()` is called, and then in evaluation mode until `train()` is. Here a network with such layers is evaluated
without `eval()`, or goes on training after one. `F.dropout(x)` asks nobody: unless it is told `training=self.training`,
it always drops. A Keras model that is called in a loop of one's own is in evaluation mode unless told `training=True`.

Why it hurts training
---------------------
In training mode an evaluation drops units at random, normalises with the statistics of the batch it happens to see, and
changes the running ones. In the fixtures the validation loss is 0.0087 with dropout on, and 0.0027 without.
Trained in evaluation mode, dropout regularises nothing, and batch norm never learns its statistics.

How it is detected, and what that cannot see
--------------------------------------------
In source, for torch, where the file shows that the network has such a layer (or is one of torchvision's that have): the
calls of `train()` and `eval()` in the order in which they run, through the functions of the file. Reported are a
forward pass whose output is compared with labels, under `torch.no_grad()` or in a loop or function that trains nothing,
of a network that the file trains and never sets to `eval()`; training that goes on in the next epoch after an `eval()`;
`F.dropout` without `training` in a module; in Keras (3.15), `model(x)` without `training=True` under a `GradientTape`.
A warning, where such a network is judged in a file that trains nothing and never calls `eval()`, and where a file
that calls `train()` and never `eval()` has the layers of its network from another file. Files that speak of Monte-Carlo
dropout or uncertainty keep it on because they want to, and are left alone.

Example
-------
    import torch

    layers = [torch.nn.Linear(2, 32), torch.nn.ReLU(), torch.nn.Dropout(0.5), torch.nn.Linear(32, 1)]
    model = torch.nn.Sequential(*layers)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        model(torch.rand(64, 2)).square().mean().backward()
        optimizer.step()
    with torch.no_grad():
        print(torch.nn.functional.mse_loss(model(torch.rand(64, 2)), torch.zeros(64, 1)))

Instead
-------
    import torch

    layers = [torch.nn.Linear(2, 32), torch.nn.ReLU(), torch.nn.Dropout(0.5), torch.nn.Linear(32, 1)]
    model = torch.nn.Sequential(*layers)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        model(torch.rand(64, 2)).square().mean().backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        print(torch.nn.functional.mse_loss(model(torch.rand(64, 2)), torch.zeros(64, 1)))

When it is fine
---------------
To draw from dropout on purpose (Monte-Carlo dropout), or to train with batch norm frozen: call `eval()` on those layers
alone. A network without such layers is the same in both modes.

References
----------
- torch, Module.eval: https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.eval
- torch, functional.dropout (`training` is True unless told otherwise):
  https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html
- Keras, the `training` argument: https://keras.io/guides/making_new_layers_and_models_via_subclassing/
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF406",
    name="wrong-mode",
    summary="evaluated in training mode, or trained in evaluation mode",
    words=(
        (b".backward", b"GradientTape(", b"no_grad", b"inference_mode", b"F.dropout(", b"functional.dropout("),
        (b"Dropout", b"BatchNorm", b"dropout", b"torchvision", b"Transformer", b".train()"),
        (b"torch", b"tensorflow"),
    ),
    hint=True,
    runtime=False,
)
