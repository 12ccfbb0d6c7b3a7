"""PF307 unregistered-modules: layers or parameters that a module keeps where the framework does not look for them

What it is
----------
A torch module finds its layers by attribute: `self.fc = nn.Linear(...)` is registered, and so is what stands in an
`nn.ModuleList`, `nn.ModuleDict` or `nn.ParameterList`. A plain list, tuple or dict of layers is not looked into, and
neither is the body of the class, an object of a class that is no `nn.Module`, or a tensor that was computed from an
`nn.Parameter`. The forward pass runs all the same.

Why it hurts training
---------------------
`parameters()` leaves such layers out, so an optimizer made from it never moves them: with two hidden layers in a list,
these move by 0.000 in 500 steps and the loss ends at 0.066; in an `nn.ModuleList` they move by 0.950, and it is 0.000.
With a weight that is `nn.Parameter(...).view(3, 1)`, linear regression ends at a loss of 0.315, and 0.189 is that of
the best constant. `to(device)`, `state_dict()`, `train()` and `eval()` leave them out as well: a model that is saved
and loaded again has new random layers. If all layers are in the list, torch refuses the optimizer ("got an empty
parameter list"), which is the luckier case.

How it is detected, and what that cannot see
--------------------------------------------
In source: an attribute of an `nn.Module` (through classes of the same file) that is a plain list, tuple or dict, into
which layers with parameters or an `nn.Parameter` are put by a literal, a comprehension, `append`, an item or a method
of the class, and that other methods use; layers in the class body; layers of a plain class whose object a module keeps;
`nn.Parameter(...).view(3, 1)` and its like. Left alone is what is registered another way (`nn.Sequential(*layers)`,
`add_module`, `setattr`, `register_parameter`, the same layers as attributes), whose parameters the file gathers by
hand, what is frozen, and a list of one, by which people hide a module on purpose. What comes from other files is
unknown.

Keras 3.15 looks into lists, tuples and dicts, nested ones too, and follows `append`. It misses layers in the class
body, layers that replace an item of a list (`self.blocks[i] = Dense(8)`), and those appended to the list under another
name after it was put on `self`; these are found.

Example
-------
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = [nn.Linear(8, 8) for _ in range(3)]
            self.out = nn.Linear(8, 1)

        def forward(self, x):
            for layer in self.hidden:
                x = torch.relu(layer(x))
            return self.out(x)

    optimizer = torch.optim.Adam(Net().parameters())

Instead
-------
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = nn.ModuleList([nn.Linear(8, 8) for _ in range(3)])
            self.out = nn.Linear(8, 1)

        def forward(self, x):
            for layer in self.hidden:
                x = torch.relu(layer(x))
            return self.out(x)

    optimizer = torch.optim.Adam(Net().parameters())

When it is fine
---------------
Where a module must not be trained, moved or saved with the one that holds it: a frozen teacher is often hidden in a
list of one. Freeze it (`requires_grad_(False)`) to say so.

References
----------
- torch, ModuleList: https://pytorch.org/docs/stable/generated/torch.nn.ModuleList.html
- torch, Parameter: https://pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html
- Keras, Making new layers: https://keras.io/guides/making_new_layers_and_models_via_subclassing/
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF307",
    name="unregistered-modules",
    summary="layers or parameters that a module keeps where the framework does not look for them",
    words=(
        (b"nn.Module", b"LightningModule", b"(Module)", b"keras"),
        (b"def forward(", b"def call(", b"def __call__(", b"def training_step("),
        (b".backward(", b"optim.", b"optimizer.step", b"zero_grad", b"training_step(", b"= [nn.", b".append(nn.Linear(",
         b"DataLoader(", b".fit(", b"apply_gradients", b"train_on_batch", b"__main__", b"parameters()))"),
    ),
    runtime=False,
)  # fmt: skip
