"""PF101 at run time: what is found, at which level and under which name, in small programs that are really run."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import pytest
from observing import observe

PRODUCER = """
def feed(n=8):
    x = np.zeros((4, 2))
    for i in range(n):
        x[:] = i + 1
        yield x
"""

PROGRAMS: dict[str, tuple[str, list[str]]] = {
    # Consumers of one producer that refills one buffer.
    "a list keeps all": (PRODUCER + "held = list(feed())", ["error x"]),
    "a list of three": (PRODUCER + "held = list(zip(range(3), feed()))", ["error x"]),
    "a list of two": (PRODUCER + "import itertools\nheld = list(itertools.islice(feed(), 2))", ["error x"]),
    "next twice": (PRODUCER + "g = feed()\na = next(g)\nb = next(g)", ["error x"]),
    "next twice in one call": (PRODUCER + "g = feed()\nprint(next(g), next(g))", ["error x"]),
    "next twice, each done with": (PRODUCER + "g = feed()\nprint(next(g))\nprint(next(g))", ["note x"]),
    "two loops over two generators": (
        PRODUCER + "s = sum(x.sum() for x in feed())\nfor x in feed(): x.sum()\nc = list(map(np.copy, feed()))",
        ["note x"],
    ),
    "a comprehension": (PRODUCER + "held = [batch for batch in feed()]", ["error x"]),
    "unpacking": (PRODUCER + "a, b, c = feed(3)", ["error x"]),
    "a loop that appends": (PRODUCER + "held = []\nfor batch in feed(): held.append(batch)", ["error x"]),
    "a loop that appends views": (PRODUCER + "held = []\nfor batch in feed(): held.append(batch[1:])", ["error x"]),
    "a loop that is done": (PRODUCER + "for batch in feed(): total = batch.sum()", ["note x"]),
    "a loop over few": (PRODUCER + "for batch in feed(2): total = batch.sum()", ["note x"]),
    "a loop left early": (PRODUCER + "for i, batch in enumerate(feed()):\n    if i == 4: break", ["note x"]),
    "a sum": (PRODUCER + "print(sum(batch.sum() for batch in feed()))", ["note x"]),
    "copies kept": (PRODUCER + "held = [batch.copy() for batch in feed()]", ["note x"]),
    "the last few kept": (
        PRODUCER + "import collections\nheld = collections.deque(feed(), maxlen=3)",
        ["error x"],
    ),
    "the batch before kept, which references cannot tell": (
        PRODUCER
        + "before = None\nfor batch in feed():\n    if before is not None: (before - batch).sum()\n    before = batch",
        ["note x"],
    ),
    "enumerate and zip": (PRODUCER + "for i, (a, b) in enumerate(zip(feed(), range(9))): a.sum()", ["note x"]),
    "two of one function side by side": (PRODUCER + "for a, b in zip(feed(), feed()): (a - b).sum()", ["note x"]),
    "a peek and then a loop": (
        PRODUCER + "g = feed()\nfirst = next(g)\nprint(first.shape)\nfor batch in g: batch.sum()",
        ["note x"],
    ),
    "a peek that is dropped": (
        PRODUCER + "g = feed()\nprint(next(g).shape)\nfor batch in g: batch.sum()",
        ["note x"],
    ),
    "pulled one by one in a function": (
        PRODUCER + "def pull(g):\n    return next(g)\ng = feed()\nfor i in range(5): pull(g).sum()",
        ["note x"],
    ),
    "next in a while": (
        PRODUCER + "g = feed()\ni = 0\nwhile i < 5:\n    batch = next(g)\n    batch.sum()\n    i += 1",
        ["note x"],
    ),
    "a queue and a thread": (
        PRODUCER
        + """
import queue, threading
q = queue.Queue()
def fill():
    for batch in feed(): q.put(batch)
thread = threading.Thread(target=fill); thread.start(); thread.join()
held = [q.get() for _ in range(8)]
""",
        ["error x"],
    ),
    "a wrapper that hands on": (
        PRODUCER + "def progress(batches):\n    for batch in batches: yield batch\nheld = list(progress(feed()))",
        ["error x", "error batch"],
    ),
    "a wrapper that delegates": (PRODUCER + "def outer():\n    yield from feed()\nheld = list(outer())", ["error x"]),
    "a pipeline that copies": (
        PRODUCER + "def scaled(batches):\n    for batch in batches: yield batch / 2\nheld = list(scaled(feed()))",
        ["note x"],
    ),
    "a prefetcher": (
        PRODUCER
        + """
import collections
def prefetch(batches, n=2):
    waiting = collections.deque()
    for batch in batches:
        waiting.append(batch)
        if len(waiting) > n: yield waiting.popleft()
for batch in prefetch(feed(20)): batch.sum()
""",
        ["error x", "note waiting.popleft()"],
    ),
    "one epoch after the other": (
        PRODUCER + "for epoch in range(3):\n    for batch in feed(): batch.sum()",
        ["note x"],
    ),
    "kept in the second epoch": (
        PRODUCER + "for epoch in range(3):\n    held = []\n    for batch in feed(): epoch and held.append(batch)",
        ["error x"],
    ),
    "only one batch": (PRODUCER + "held = list(feed(1))", []),
    # Producers.
    "a view": (
        """
        def feed():
            x = np.zeros((8, 2))
            while True:
                x[:] = np.random.rand(8, 2)
                yield x[2:6]
        held = list(zip(range(5), feed()))
        """,
        ["error x[2:6]"],
    ),
    "a transposed view": (
        """
        def feed():
            x = np.zeros((8, 2))
            while True:
                x[:] = np.random.rand(8, 2)
                yield x.T
        held = list(zip(range(5), feed()))
        """,
        ["error x.T"],
    ),
    "a nest": (
        """
        def feed():
            x = np.zeros(4); y = np.zeros(4)
            for i in range(6):
                x[:] = i; y[:] = -i
                yield {"in": [x, np.copy(x)], "out": (y, None)}
        held = list(feed())
        """,
        ["error x", "error y"],
    ),
    "a closure": (
        """
        def make():
            buffer = np.zeros(4)
            def feed():
                for i in range(6):
                    buffer[:] = i + 1
                    yield buffer
            return feed
        held = list(make()())
        """,
        ["error buffer"],
    ),
    "a global": (
        """
        BUFFER = np.zeros(4)
        def feed():
            for i in range(6):
                BUFFER[:] = i + 1
                yield BUFFER
        held = list(feed())
        """,
        ["error BUFFER"],
    ),
    "a default argument": (
        """
        def feed(x=np.zeros(4)):
            for i in range(6):
                x[:] = i + 1
                yield x
        held = list(feed())
        """,
        ["error x"],
    ),
    "an attribute": (
        """
        class Feed:
            def __init__(self): self.buf = np.zeros(4)
            def __iter__(self):
                for i in range(6):
                    self.buf[:] = i + 1
                    yield self.buf
        held = list(Feed())
        """,
        ["error self.buf"],
    ),
    "an iterator": (
        """
        class Feed:
            def __init__(self): self.buf = np.zeros(4); self.i = 0
            def __iter__(self): return self
            def __next__(self):
                self.i += 1
                if self.i > 6: raise StopIteration
                self.buf[:] = self.i
                return self.buf
        held = list(Feed())
        """,
        ["error self.buf"],
    ),
    "a data set": (
        """
        class Data:
            def __init__(self): self.buf = np.zeros(4)
            def __len__(self): return 6
            def __getitem__(self, i):
                if i >= 6: raise IndexError
                self.buf[:] = i + 1
                return self.buf, i
        held = [item for item in Data()]
        """,
        ["error self.buf"],
    ),
    "a ring of two": (
        """
        def feed():
            bufs = [np.zeros(4) for _ in range(2)]
            for i in range(12):
                b = bufs[i % 2]
                b[:] = i + 1
                yield b
        held = list(feed())
        """,
        ["error b"],
    ),
    "a ring of three": (
        """
        def feed():
            bufs = np.zeros((3, 4))
            for i in range(12):
                bufs[i % 3] = i + 1
                yield bufs[i % 3]
        held = list(feed())
        """,
        ["error bufs[i % 3]"],
    ),
    "a ring of two, one batch at a time": (
        """
        def feed():
            bufs = [np.zeros(4) for _ in range(2)]
            for i in range(12):
                b = bufs[i % 2]
                b[:] = i + 1
                yield b
        for batch in feed(): batch.sum()
        """,
        ["note b"],
    ),
    "a rolling buffer": (
        """
        def feed():
            x = np.arange(8.)
            for i in range(9):
                x[:-1] = x[1:]; x[-1] = i * i + 20
                yield x
        held = list(feed())
        """,
        ["error x"],
    ),
    "one row changed": (
        """
        def feed():
            x = np.zeros((1000, 3))
            for i in range(9):
                x[i] = i + 1
                yield x
        held = list(feed())
        """,
        ["error x"],
    ),
    "added to in place": (
        """
        def feed():
            x = np.zeros(4)
            for i in range(9):
                x += 1
                yield x
        held = list(feed())
        """,
        ["error x"],
    ),
    "labels one-hot": (
        """
        def feed():
            onehot = np.zeros((4, 10))
            rng = np.random.default_rng(0)
            for i in range(9):
                onehot.fill(0)
                onehot[np.arange(4), rng.integers(0, 10, 4)] = 1
                yield rng.random((4, 2)), onehot
        held = list(feed())
        """,
        ["error onehot"],
    ),
    "a helper that fills": (
        """
        def fill(out, i): out[...] = i + 1
        def feed():
            x = np.empty(4)
            for i in range(9):
                fill(x, i)
                yield x
        held = list(feed())
        """,
        ["error x"],
    ),
    "written after the yield": (
        """
        def feed():
            x = np.ones(4)
            for i in range(9):
                yield x
                x *= 2
        held = list(feed())
        """,
        ["error x"],
    ),
    "yielded at two lines": (
        """
        def feed():
            x = np.ones(4)
            for i in range(5):
                x[:] = 3 * i
                yield x
                x[:] = 3 * i + 1
                yield x
        held = list(feed())
        """,
        ["error x", "error x"],
    ),
    "a big buffer": (
        """
        def feed():
            x = np.zeros((500, 1000))
            for i in range(6):
                x[:] = i + 1
                yield x
        held = list(feed())
        """,
        ["error x"],
    ),
    "read-only views of a buffer": (
        """
        def feed():
            x = np.zeros(4)
            for i in range(6):
                x[:] = i + 1
                v = x.view(); v.flags.writeable = False
                yield v
        held = list(feed())
        """,
        ["error v"],
    ),
    "a namedtuple and a dataclass": (
        """
        import collections, dataclasses
        Pair = collections.namedtuple("Pair", "x y")
        @dataclasses.dataclass
        class Batch:
            x: np.ndarray
            y: object
        def feed():
            x = np.zeros(4); z = np.zeros(4)
            for i in range(6):
                x[:] = i + 1; z[:] = -i - 1
                yield Pair(x=x, y=Batch(z, None))
        held = list(feed())
        """,
        ["error Batch(z, None)['x']", "error x"],
    ),
    "a bytearray below": (
        """
        def feed():
            raw = bytearray(32)
            x = np.frombuffer(raw)
            for i in range(6):
                raw[:8] = np.float64(i + 1).tobytes()
                yield x
        held = list(feed())
        """,
        ["error x"],
    ),
    "a memory map": (
        """
        import tempfile
        def feed():
            x = np.memmap(tempfile.TemporaryFile(), 'f8', shape=(4,))
            for i in range(6):
                x[:] = i + 1
                yield x
        held = list(feed())
        """,
        ["error x"],
    ),
    # Clean producers.
    "constants": (
        """
        def feed():
            x = np.ones(4)
            for i in range(9): yield x
        held = list(feed())
        """,
        [],
    ),
    "a copy at the hand-over": (
        """
        def feed():
            x = np.ones(4)
            for i in range(9):
                x[:] = i
                yield x.copy()
        held = list(feed())
        """,
        [],
    ),
    "allocated each time": (
        """
        def feed():
            for i in range(9):
                x = np.zeros(4)
                x[:] = i
                yield x
        held = list(feed())
        """,
        [],
    ),
    "allocated each time, not held": (
        """
        def feed():
            for i in range(9):
                x = np.full(4, i)
                yield x
                del x
        for batch in feed(): batch.sum(); del batch
        """,
        [],
    ),
    "rebound before the write": (
        """
        def feed():
            x = np.zeros(4)
            for i in range(9):
                x = x.copy()
                x[:] = i
                yield x
        held = list(feed())
        """,
        [],
    ),
    "rows written once": (
        """
        def feed():
            x = np.zeros((9, 4))
            for i in range(9):
                x[i] = i + 1
                yield x[i]
        held = list(feed())
        """,
        [],
    ),
    "a big buffer filled as it goes": (
        """
        def feed():
            x = np.zeros((90, 4))
            for i in range(9):
                x[10 * i : 10 * i + 10] = i + 1
                yield x[10 * i : 10 * i + 10]
        held = list(feed())
        """,
        [],
    ),
    "slices of data": (
        """
        def feed():
            x = np.random.rand(90, 4)
            for i in range(9): yield x[10 * i : 10 * i + 10]
        held = list(feed())
        """,
        [],
    ),
    "lists": (
        """
        def feed():
            x = [0]
            for i in range(9):
                x[0] = i
                yield x
        held = list(feed())
        """,
        [],
    ),
    "written with the same values": (
        """
        def feed():
            x = np.zeros(4)
            for i in range(9):
                x[:] = 7
                yield x
        held = list(feed())
        """,
        [],
    ),
    "data shuffled in place between epochs": (
        """
        def feed(data, rng):
            for epoch in range(3):
                rng.shuffle(data)
                for i in range(0, 100, 10): yield data[i : i + 10]
        for batch in feed(np.arange(200.).reshape(100, 2), np.random.default_rng(0)): batch.sum()
        """,
        ["note data[i:i + 10]"],
    ),
    "data shuffled in place, batches kept": (
        """
        def feed(data, rng):
            for epoch in range(3):
                rng.shuffle(data)
                for i in range(0, 100, 10): yield data[i : i + 10]
        held = list(feed(np.arange(200.).reshape(100, 2), np.random.default_rng(0)))
        """,
        ["error data[i:i + 10]"],
    ),
    # The consumer writes.
    "a consumer that scales in place": (
        """
        def feed():
            for i in range(9): yield np.full(4, float(i))
        for batch in feed(): batch += 1
        """,
        [],
    ),
    "a consumer that scales a constant in place": (
        """
        def feed():
            x = np.ones(4)
            for i in range(9): yield x
        for batch in feed(): batch += 1
        """,
        [],
    ),
    "a consumer that scales slices of data": (
        """
        def feed(x):
            for i in range(9): yield x[10 * i : 10 * i + 10]
        for batch in feed(np.ones((90, 2))): batch *= 2
        """,
        [],
    ),
    "a consumer that keeps and scales later": (
        """
        def feed():
            for i in range(9): yield np.full(4, float(i))
        held = []
        for batch in feed():
            held.append(batch)
            for old in held: old += 1
        """,
        [],
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_found_in_a_program(name: str, tmp_path: Path) -> None:
    program, told = PROGRAMS[name]
    seen = observe(tmp_path, program)
    assert seen.told == told
    assert seen.skipped == []


@pytest.mark.parametrize("start", [0, 16, 32])
def test_the_address_of_the_buffer_changes_nothing(start: int, tmp_path: Path) -> None:
    program = f"""
        def feed():
            raw = np.zeros(64 + 256, np.uint8)
            first = -raw.ctypes.data % 64 + {start}
            x = raw[first : first + 128].view(float).reshape(8, 2)
            for i in range(6):
                x[:] = i + 1
                yield x
        held = list(feed())
    """
    seen = observe(tmp_path, program)
    assert seen.told == ["error x"]
    (source,) = seen.sources
    assert source.leaves[0].offset == start


def test_a_producer_and_a_consumer_that_both_write_are_told_apart(tmp_path: Path) -> None:
    program = """
        def feed():
            x = np.zeros(4)
            for i in range(6):
                x[:] = i + 1
                yield x, np.full(4, i)
        for x, y in feed():
            y += 1
    """
    (source,) = observe(tmp_path, program).sources
    x, y = source.leaves
    assert x.by_producer is not None and x.by_consumer is None
    assert x.by_producer.batches == 5 and x.by_producer.compared == 5 and x.by_producer.turns == 1
    assert y.by_producer is None and y.by_consumer is not None
    assert y.by_consumer.batches == 6


def test_the_numbers_are_those_of_the_program(tmp_path: Path) -> None:
    program = """
        def feed():
            x = np.zeros((8, 2), np.float32)
            for i in range(5):
                x[:3] = i + 1
                yield x[:6]
        held = list(feed())
    """
    seen = observe(tmp_path, program)
    (source,) = seen.sources
    (leaf,) = source.leaves
    assert (leaf.name, leaf.owner, leaf.shape, leaf.dtype) == ("x[:6]", "x", (6, 2), "float32")
    assert leaf.by_producer is not None
    assert (leaf.by_producer.rows, leaf.by_producer.rows_compared) == (3, 6)
    assert (leaf.by_producer.was, leaf.by_producer.became) == ("[1., 1.]", "[2., 2.]")
    assert source.batches == 5
    assert source.at.line == 7
    assert source.consumer.keeps and source.consumer.kind == "program"


@pytest.mark.parametrize("size", [2, 3, 5])
def test_a_ring_is_known_by_its_size(size: int, tmp_path: Path) -> None:
    program = f"""
        def feed():
            ring = [np.zeros(4) for _ in range({size})]
            for i in range(30):
                ring[i % {size}][:] = i + 1
                yield ring[i % {size}]
        held = list(feed())
    """
    (source,) = observe(tmp_path, program).sources
    rewrite = source.leaves[0].by_producer
    assert rewrite is not None and rewrite.turns == size
    assert rewrite.batches >= 30 - 2 * size
    assert source.leaves[0].owner.startswith("ring[")


def test_memory_does_not_grow_with_the_number_of_batches(tmp_path: Path) -> None:
    program = """
        def fresh():
            for i in range(N): yield np.full(100, i), {"a": np.zeros(3)}
        def refilled():
            x = np.zeros(100)
            for i in range(N):
                x[:] = i
                yield x
        def slices():
            x = np.random.rand(1000)
            for i in range(N): yield x[i % 100 : i % 100 + 10]
        class Data:
            def __getitem__(self, i): return np.full(100, i)
        def go():
            data = Data()
            for batch in fresh(): pass
            for batch in refilled(): pass
            for batch in slices(): pass
            for i in range(N): data[i]
    """
    peaks = []
    for count in (300, 3000):
        observe(tmp_path, program.replace("N", str(count)) + "\n        go()")
        gc.collect()
        tracemalloc.start()
        observe(tmp_path, program.replace("N", str(count)) + "\n        go()")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def test_batches_are_not_kept_alive(tmp_path: Path) -> None:
    program = """
        import weakref
        def feed():
            for i in range(9):
                x = np.zeros(4)
                alive.append(weakref.ref(x))
                yield x
                del x
                assert alive[-1]() is None or i == 0, "still there"
        alive = []
        for batch in feed():
            del batch
    """
    observe(tmp_path, program)


def test_threads_may_ask_one_data_set_at_the_same_time(tmp_path: Path) -> None:
    program = """
        import threading
        from concurrent.futures import ThreadPoolExecutor
        class Clean:
            def __init__(self): self.data = np.random.rand(400, 50)
            def __getitem__(self, i): return self.data[i] * 2, self.data[i]
        class Broken:
            def __init__(self): self.buf = np.zeros(50)
            def __getitem__(self, i):
                self.buf[:] = i + 1
                return self.buf
        with ThreadPoolExecutor(8) as pool:
            clean, broken = Clean(), Broken()
            first = list(pool.map(clean.__getitem__, range(400)))
            second = list(pool.map(broken.__getitem__, range(400)))
    """
    assert observe(tmp_path, program).told == ["error self.buf"]
