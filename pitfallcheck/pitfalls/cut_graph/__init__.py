"""PF308 cut-graph: the loss has lost its way back to the parameters

What it is
----------
Between the network's output and `backward` stands an expression that gives the numbers and forgets how they were
computed: `detach()`, `.data`, `item()`, `numpy()`, `torch.tensor(...)` around a tensor, a forward pass under
`torch.no_grad()`, an `argmax` or a comparison, which have no derivative. Or, in TensorFlow, the loss is computed behind
the tape's block. `requires_grad_(True)` on such a loss silences the error and mends nothing.

Why it hurts training
---------------------
`backward` ends where the graph was cut: no parameter gets a gradient, and no step moves one. In the fixtures the loss
stays at 5.31 for 200 steps, where it reaches 0.00 without the cut.

How it is detected, and what that cannot see
--------------------------------------------
In source: the loss on which `backward` is called (in TensorFlow, whose gradient a tape is asked for) is followed back
through names, functions of the file and the operations of torch. It is reported where every way back ends at a cut. As
soon as one term may still have a graph, or comes from code that the file does not show, nothing is said: detached
targets, teachers, the `detach()` of a generated image for the discriminator and straight-through estimators are such.
In the `forward` of a torch module, an output of a layer that goes through numbers, NumPy or `torch.tensor` into the
next layer, and a layer made there, used nowhere else, each output of which is detached: it stays as initialised. What
is called a teacher, a target or frozen, and what is under `no_grad`, is left alone.

Example
-------
    import torch

    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        prediction = model(torch.rand(64, 2)).detach()
        loss = torch.nn.functional.mse_loss(prediction, torch.zeros(64, 1))
        loss.requires_grad_(True)
        loss.backward()
        optimizer.step()

Instead
-------
    import torch

    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        prediction = model(torch.rand(64, 2))
        loss = torch.nn.functional.mse_loss(prediction, torch.zeros(64, 1))
        loss.backward()
        optimizer.step()

When it is fine
---------------
For what is not to be trained (targets, a frozen part, what is printed or plotted) as long as the loss has another term
that reaches the parameters.

References
----------
- torch, Autograd mechanics: https://pytorch.org/docs/stable/notes/autograd.html
- torch, torch.tensor (it always copies, and detaches):
  https://pytorch.org/docs/stable/generated/torch.tensor.html
- TensorFlow, Gradients and automatic differentiation: https://www.tensorflow.org/guide/autodiff
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF308",
    name="cut-graph",
    summary="the loss has lost its way back to the parameters",
    words=(
        (b".backward(", b"GradientTape(", b"def forward("),
        (b".detach(", b".data", b".item(", b".numpy(", b".tensor(", b"Tensor(", b"Variable(",
         b"requires_grad", b"no_grad", b"argmax", b".float()", b".max(", b"GradientTape("),
        (b"loss", b"criterion", b"cost", b".step(", b".detach()", b".data"),
    ),
    hint=True,
    runtime=False,
)  # fmt: skip
