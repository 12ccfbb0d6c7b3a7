"""Small programs against cloned-worker-rng: workers that draw the same random numbers."""

from __future__ import annotations

import pytest
from shape_cases import announced, reported

from pitfallcheck.pitfalls.cloned_worker_rng import PITFALL
from pitfallcheck.pitfalls.cloned_worker_rng.static import judge

DATA = """
        import random
        class Data(Dataset):
            def __init__(self, x):
                self.x = x
                self.rng = np.random.default_rng(0)
            def __len__(self):
                return len(self.x)
            def __getitem__(self, i):
                return self.x[i] + self.rng.normal()
        """
MARKED = DATA.replace("default_rng(0)", "default_rng(0)  # PF111 error: self.rng")
SEEDED = """
        class Data(Dataset):
            def __getitem__(self, i):
                return np.random.rand()
        """

BROKEN = {
    "a stored generator": MARKED + "loader = DataLoader(Data(x), batch_size=4, num_workers=2)\n",
    "by way of names": MARKED
    + """
        data = Data(x)
        workers = 4
        loader = DataLoader(dataset=data, num_workers=workers)
        """,
    "through a split": MARKED
    + """
        train, val = torch.utils.data.random_split(Data(x), [80, 20])
        loader = DataLoader(train, num_workers=2)
        """,
    "through a dictionary": MARKED
    + """
        options = {"num_workers": 8, "pin_memory": True}
        loader = DataLoader(Data(x), **options)
        """,
    "through a parameter": MARKED
    + """
        def loader_of(data):
            return DataLoader(data, 16, num_workers=2)
        loader_of(Data(x))
        """,
    "drawn by another method": """
        class Data(Dataset):
            def __init__(self, seed):
                self.random = np.random.RandomState(seed)  # PF111 error: self.random
            def flip(self, x):
                return x[::-1] if self.random.rand() < 0.5 else x
            def __getitem__(self, i):
                return self.flip(data[i])
        loader = DataLoader(Data(1), num_workers=2)
        """,
    "torch's generator": """
        class Data(Dataset):
            def __init__(self):
                self.g = torch.Generator()  # PF111 error: self.g
            def __getitem__(self, i):
                return torch.randn(3, generator=self.g)
        loader = DataLoader(Data(), num_workers=2)
        """,
    "Python's generator, in a stream": """
        import random
        class Stream(torch.utils.data.IterableDataset):
            def __init__(self):
                self.r = random.Random(0)  # PF111 error: self.r
            def __iter__(self):
                while True:
                    yield self.r.random()
        loader = DataLoader(Stream(), num_workers=2)
        """,
    "a constant for every worker": SEEDED
    + """
        def start(worker_id):
            np.random.seed(0)  # PF111 warning: np.random.seed(0)
        loader = DataLoader(Data(), num_workers=2, worker_init_fn=start)
        """,
    "a constant in a lambda": SEEDED
    + """
        SEED = 1
        loader = DataLoader(
            Data(), num_workers=2,
            worker_init_fn=lambda _: np.random.seed(SEED))  # PF111 warning: np.random.seed(SEED)
        """,
    "a constant for every item": """
        class Data(Dataset):
            def __getitem__(self, i):
                np.random.seed(42)  # PF111 warning: np.random.seed(42)
                return np.random.rand()
        loader = DataLoader(Data(), num_workers=2)
        """,
    "Keras with processes": """
        class Data(keras.utils.PyDataset):
            def __init__(self, **kw):
                super().__init__(**kw)
                self.rng = np.random.default_rng(0)  # PF111 error: self.rng
            def __getitem__(self, i):
                return self.rng.normal(size=(8, 2)), self.rng.normal(size=(8, 1))
        model.fit(Data(workers=4, use_multiprocessing=True))
        """,
}

CLEAN = {
    "no workers": DATA + "loader = DataLoader(Data(x), batch_size=4)\n",
    "no worker, said": DATA + "loader = DataLoader(Data(x), num_workers=0)\n",
    "a number of workers that nobody knows": DATA + "loader = DataLoader(Data(x), num_workers=args.workers)\n",
    "NumPy's own, which torch seeds": SEEDED + "loader = DataLoader(Data(), num_workers=4)\n",
    "started by a function of its own": DATA
    + """
        def start(worker_id):
            info = torch.utils.data.get_worker_info()
            info.dataset.rng = np.random.default_rng(info.seed)
        loader = DataLoader(Data(x), num_workers=4, worker_init_fn=start)
        """,
    "a seed for each worker": SEEDED
    + """
        def start(worker_id):
            np.random.seed(torch.initial_seed() % 2 ** 32)
        loader = DataLoader(Data(), num_workers=4, worker_init_fn=start)
        """,
    "a seed plus the worker": SEEDED
    + """
        loader = DataLoader(Data(), num_workers=4, worker_init_fn=lambda i: np.random.seed(7 + i))
        """,
    "a generator for each item": """
        class Data(Dataset):
            def __getitem__(self, i):
                rng = np.random.default_rng([7, i])
                return rng.normal()
        loader = DataLoader(Data(), num_workers=2)
        """,
    "a stored generator that is made again": """
        class Data(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng(0)
            def __getitem__(self, i):
                self.rng = np.random.default_rng(i)
                return self.rng.normal()
        loader = DataLoader(Data(), num_workers=2)
        """,
    "a stored generator that asks for its worker": """
        class Data(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng(0)
            def __getitem__(self, i):
                info = torch.utils.data.get_worker_info()
                return self.rng.normal() + info.id
        loader = DataLoader(Data(), num_workers=2)
        """,
    "drawn from in __init__ alone": """
        class Data(Dataset):
            def __init__(self):
                self.rng = np.random.default_rng(0)
                self.order = self.rng.permutation(100)
            def __getitem__(self, i):
                return self.order[i]
        loader = DataLoader(Data(), num_workers=2)
        """,
    "seeded from the item": """
        class Data(Dataset):
            def __getitem__(self, i):
                np.random.seed(i)
                return np.random.rand()
        loader = DataLoader(Data(), num_workers=2)
        """,
    "another class has the generator": DATA
    + """
        class Plain(Dataset):
            def __getitem__(self, i):
                return i
        loader = DataLoader(Plain(), num_workers=2)
        check = DataLoader(Data(x), num_workers=0)
        """,
    "Keras with threads": """
        class Data(keras.utils.PyDataset):
            def __init__(self, **kw):
                super().__init__(**kw)
                self.rng = np.random.default_rng(0)
            def __getitem__(self, i):
                return self.rng.normal(size=(8, 2)), self.rng.normal(size=(8, 1))
        model.fit(Data(workers=4))
        """,
}


@pytest.mark.parametrize("program", [pytest.param(text, id=name) for name, text in BROKEN.items()])
def test_equal_draws_are_reported(program: str) -> None:
    assert reported(judge, program) == announced(program)


@pytest.mark.parametrize("program", [pytest.param(text, id=name) for name, text in CLEAN.items()])
def test_draws_that_differ_are_left_alone(program: str) -> None:
    assert reported(judge, program) == set()


@pytest.mark.parametrize("program", [pytest.param(text, id=name) for name, text in BROKEN.items()])
def test_the_screen_lets_it_through(program: str) -> None:
    assert PITFALL.may_be_in(program.encode())
