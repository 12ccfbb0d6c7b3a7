"""PF410 implausible-setting: a value that can only be a slip

What it is
----------
A number, or a word, that no training needs: a learning rate of 10 for Adam, of 0, or below 0; a dropout rate given as a
percentage; momentum of 1; `validation_split=20`; a callback that waits for the accuracy to fall. Often it is a value in
the wrong unit, at the wrong place, or from another framework, where the same name means one minus it. Dropout behind
the last layer belongs here too: it sets predictions to zero.

Why it hurts training
---------------------
The first steps of Adam are as long as the learning rate, whatever the gradient, so that at 10 the weights are noise
after one step. A network of three layers ended 300 steps towards a sine at a loss of 0.29 with Adam at 1, where a
constant has 0.52, and at 0.00 with 0.005. With a dropout of 0.2 behind its last layer a network came to predict 1.60
for 2, and 1.99 with the same dropout in front of it.

How it is detected, and what that cannot see
--------------------------------------------
In source, arguments are read by position and by name from the calls of optimizers, layers, schedules, loaders, `fit`
and callbacks (torch 2.13, Keras 2 and 3.15, Lightning 2), through names, attributes, dictionaries and the defaults of a
command line. Where several values are possible, or only a run knows, nothing is said.

What is out of every range is an error. A learning rate of 0.1 or more with Adam and its kin is a warning where a deep
network is visibly trained with it, not for a line, a toy, an image or a latent code; where the file sets learning rates
anew or clips gradients, none is judged. Tests are left alone. torch's batch norm with a momentum of 0.9, which is what
Keras calls 0.1, is a note.

Example
-------
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(8, 128), torch.nn.ReLU(), torch.nn.Linear(128, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=10)
    loss = model(torch.rand(32, 8)).square().mean()
    loss.backward()

Instead
-------
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(8, 128), torch.nn.ReLU(), torch.nn.Linear(128, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    loss = model(torch.rand(32, 8)).square().mean()
    loss.backward()

When it is fine
---------------
Where the extreme is the experiment: a linear model, which Adam may well step through at 0.1, a network that is to be
regularised to death, a learning rate that a schedule multiplies.

References
----------
- Kingma and Ba, "Adam: A Method for Stochastic Optimization", section 2.1, the step is bounded by the learning rate:
  https://arxiv.org/abs/1412.6980
- torch, BatchNorm1d, on its momentum: https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html
- Keras, Dropout: https://keras.io/api/layers/regularization_layers/dropout/
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF410",
    name="implausible-setting",
    summary="a value that can only be a slip",
    words=(
        (
            *(b"optim", b"ropout", b"EarlyStopping(", b"Checkpoint(", b"Plateau(", b"validation_split", b"DataLoader("),
            *(b"LeakyReLU(", b"BatchNorm"),
        ),
        (
            *(b".fit(", b".fit_generator(", b".backward(", b"apply_gradients(", b".minimize(", b"train_on_batch("),
            *(b"configure_optimizers", b"model.compile("),
        ),
    ),
    runtime=False,
)
