"""PF105 ordered-batches: a batch is a window of sorted data, or nothing shuffles it

What it is
----------
The samples are sorted (`np.linspace`, `np.sort`) or stand class after class, and batches are cut from them as they
stand: `x[i : i + batch]`, a `DataLoader` without `shuffle=True`, `fit(..., shuffle=False)`, a `tf.data` pipeline
without `shuffle`. Each batch holds neighbours, and tells of one end of the range or of one class.

Why it hurts training
---------------------
Gradient descent takes the mean over a batch for the mean over all data. Neighbours have another mean: each step
unlearns what the one before taught. Measured on 1000 inputs between -3 and 3 in windows of 10 (NumPy): the means of the
batches spread 9.7 times as far, in variance, as those of independent draws, and after 2000 steps the error is twice as
large. Two classes of 320 samples, in batches of 32 that are not shuffled (torch): after each epoch 73 % of one class
are wrong; shuffled, 28 %.

How it is detected, and what that cannot see
--------------------------------------------
In source, a warning: data that are visibly in order are followed through conversions, slices, arithmetic with numbers,
functions of the file, data sets and loaders to where they are cut, and from there to something that learns from them
(`backward`, a gradient, `fit`, a weight that is updated by hand). Anything that permutes them ends it. Loaders that
only evaluate, batches of all samples and files about series in time are left alone. The order of data from files is not
seen.

At run time, a warning where rows ascend or descend within at least 90 % of the batches that are trained on, and the
means of the batches spread as independent draws would less than once in 1e9 runs.

Example
-------
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    x = torch.linspace(-1, 1, 1000).unsqueeze(1)
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for inputs, targets in DataLoader(TensorDataset(x, 2 * x), batch_size=10):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(inputs), targets).backward()
        optimizer.step()

Instead
-------
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    x = torch.linspace(-1, 1, 1000).unsqueeze(1)
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for inputs, targets in DataLoader(TensorDataset(x, 2 * x), batch_size=10, shuffle=True):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(inputs), targets).backward()
        optimizer.step()

When it is fine
---------------
To evaluate and to plot; where a batch is all there is; where the order is the point, as for a recurrent network that
carries its state from one window to the next.

References
----------
- torch, DataLoader: https://docs.pytorch.org/docs/stable/data.html
- TensorFlow, Dataset.shuffle: https://www.tensorflow.org/api_docs/python/tf/data/Dataset#shuffle
- Keras, Model.fit: https://keras.io/api/models/model_training_apis/
"""

from pitfallcheck.lint.signs import LEARNING, TRAINS
from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF105",
    name="ordered-batches",
    summary="a batch is a window of sorted data, or nothing shuffles it",
    words=(
        TRAINS,
        (
            *(b"linspace", b"arange", b"sort", b"logspace", b"geomspace", b"load_iris", b"load_wine", b"concat"),
            *(b".cat(", b"hstack", b"repeat", b"] * "),
        ),
        (b"DataLoader", b".batch(", b"shuffle=False", b"split(", b"in range(", b"while ", b"__getitem__"),
    ),
    shapes=(LEARNING,),
    runtime=True,
)
