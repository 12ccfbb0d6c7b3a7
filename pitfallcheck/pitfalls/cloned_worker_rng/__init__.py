"""PF111 cloned-worker-rng: the workers of a loader draw the same random numbers

What it is
----------
A data set makes its random generator in `__init__` and draws from it for every item. Each worker process of the loader
starts with a copy of that generator, in the same state. The same comes of seeding with a constant, in `worker_init_fn`
or in `__getitem__`.

Why it hurts training
---------------------
Items that different workers prepare get the same noise, crops and flips, and with workers that start anew in each epoch
every epoch gets those of the first. Augmentation that should show 400 different shifts, for 400 items by two workers,
shows 200, and not one more in the second epoch (torch 2.13).

How it is detected, and what that cannot see
--------------------------------------------
In source. A `DataLoader` with a visible number of workers above 0 is given a data set of the file that stores a
`default_rng`, `RandomState`, `random.Random` or `torch.Generator` and draws from it in `__getitem__`, `__iter__` or a
method they call: an error. So is a Keras `PyDataset` with `use_multiprocessing=True`. A `worker_init_fn` that seeds
with a number that does not depend on the worker, and a constant seed set in `__getitem__`, are warnings.

Draws from `np.random`, `random` and `torch` themselves are fine: torch seeds all three in each worker (seen in 2.13).
Classes that ask `get_worker_info`, set the generator again outside of `__init__`, or are loaded with a
`worker_init_fn` of their own are left alone. An `IterableDataset` of which every worker yields the whole stream is
another matter, and not reported here.

Example
-------
    import numpy as np
    from torch.utils.data import DataLoader, Dataset

    class Shifted(Dataset):
        def __init__(self, x):
            self.x = x
            self.rng = np.random.default_rng(0)

        def __len__(self):
            return len(self.x)

        def __getitem__(self, index):
            return self.x[index] + self.rng.normal()

    loader = DataLoader(Shifted(np.zeros(400)), batch_size=10, num_workers=4)

Instead
-------
    import numpy as np
    from torch.utils.data import DataLoader, Dataset

    class Shifted(Dataset):
        def __init__(self, x):
            self.x = x

        def __len__(self):
            return len(self.x)

        def __getitem__(self, index):
            return self.x[index] + np.random.normal()

    loader = DataLoader(Shifted(np.zeros(400)), batch_size=10, num_workers=4)

When it is fine
---------------
With `num_workers=0`; for data that must come out the same each time, as for validation.

References
----------
- torch, Randomness in multi-process data loading: https://docs.pytorch.org/docs/stable/data.html#randomness-in-multi-process-data-loading
- torch, Reproducibility, DataLoader: https://docs.pytorch.org/docs/stable/notes/randomness.html#dataloader
"""

from pitfallcheck.pitfall import Pitfall

PITFALL = Pitfall(
    code="PF111",
    name="cloned-worker-rng",
    summary="the workers of a loader draw the same random numbers",
    words=(
        (b"num_workers", b"use_multiprocessing", b"worker_init_fn"),
        (b"DataLoader(", b"PyDataset", b"Sequence"),
        (b"default_rng(", b"RandomState(", b"random.Random(", b"Generator(", b"seed("),
        (b"__getitem__", b"__iter__", b"worker_init_fn="),
    ),
    runtime=False,
)
