"""Small programs for the static half of PF101: broken ones, whose marks say what is reported, and fine ones."""

from __future__ import annotations

IMPORTS = """\
import itertools, random
import numpy as np
import keras, torch
import tensorflow as tf
rng = np.random.default_rng()
"""

BROKEN = {
    "filled by subscripts": """
        def batches(n=64):
            x = np.zeros((n, 2))
            while True:
                for i in range(n):
                    x[i][0] = rng.integers(0, 100)
                    x[i][1] = rng.integers(0, 100)
                yield x, (x[:, 0] + x[:, 1]) / 2  # PF101 x
        """,
    "a view by expand_dims": """
        def batches(n=64):
            x = np.zeros((n, 2))
            mean = np.zeros((n,))
            while True:
                x[:] = rng.random((n, 2))
                mean[::] = x.mean(axis=1)
                mean_ex = np.expand_dims(mean, -1)
                yield [x], [mean_ex]  # PF101 x; mean_ex
        """,
    "from numpy import zeros as z": """
        from numpy import zeros as z
        def batches():
            x = z(3)
            while True:
                x[0] = rng.random()
                yield x  # PF101 x
        """,
    "import numpy": """
        import numpy
        def batches():
            x = numpy.full((3, 3), 7.0)
            for k in range(10):
                x[...] = k
                yield x  # PF101 x
        """,
    "chained allocation": """
        def batches():
            x = np.arange(12).reshape(3, 4).astype(float)
            for k in range(10):
                x += k
                yield x  # PF101 x
        """,
    "augmented assignment": """
        def batches():
            x = np.zeros(3)
            while True:
                x += 1
                yield x  # PF101 x
        """,
    "augmented element": """
        def batches():
            x = np.zeros(3)
            for k in range(5):
                x[k % 3] += 1
                yield x  # PF101 x
        """,
    "out=": """
        def batches(a, b):
            x = np.empty_like(a)
            while True:
                np.add(a, b, out=x)
                yield x  # PF101 x
        """,
    "out by position": """
        def batches(a, b):
            x = np.empty((2, 2))
            while True:
                np.multiply(a, next(b), x)
                yield x  # PF101 x
        """,
    "generator's out=": """
        def batches():
            x = np.empty((2, 2))
            while True:
                rng.standard_normal(out=x)
                yield x  # PF101 x
        """,
    "copyto": """
        def batches(source):
            x = np.empty((2, 2))
            for item in source:
                np.copyto(x, item)
                yield x  # PF101 x
        """,
    "fill": """
        def batches(source):
            x = np.empty((2, 2))
            for item in source:
                x.fill(item)
                yield x  # PF101 x
        """,
    "shuffled in place and yielded whole": """
        def orders():
            order = np.arange(10)
            while True:
                rng.shuffle(order)
                yield order  # PF101 order
        """,
    "tuple-unpacking stores": """
        def batches(source):
            x = np.zeros((4, 2))
            y = np.zeros(4)
            while True:
                for i in range(4):
                    x[i], y[i] = next(source)
                yield x, y  # PF101 x; y
        """,
    "a loop that stores into the buffer": """
        def batches():
            x = np.zeros(4)
            while True:
                for x[0] in range(3):
                    yield x  # PF101 x
        """,
    "a helper writes its parameter": """
        def fill(target, source):
            for i in range(len(target)):
                target[i] = next(source)
        def batches(source):
            x = np.zeros(4)
            while True:
                fill(x, source)
                yield x  # PF101 x
        """,
    "a helper of a helper": """
        def store(row, value):
            row[:] = value
        def fill(target):
            store(target, rng.random())
        def batches():
            x = np.zeros(4)
            while True:
                fill(x)
                yield x  # PF101 x
        """,
    "a nested function writes the closure": """
        def batches():
            x = np.zeros(4)
            def fill():
                x[:] = rng.random(4)
            while True:
                fill()
                yield x  # PF101 x
        """,
    "a closure": """
        def make(n):
            x = np.zeros((n, 2))
            def batches():
                while True:
                    x[:] = rng.random((n, 2))
                    yield x  # PF101 x
            return batches
        """,
    "a global": """
        BUFFER = np.zeros((4, 2))
        def batches():
            while True:
                BUFFER[:] = rng.random((4, 2))
                yield BUFFER  # PF101 BUFFER
        """,
    "a default argument": """
        def batches(x=np.zeros(4)):
            while True:
                x[:] = rng.random(4)
                yield x  # PF101 x
        """,
    "a class attribute": """
        class Batches:
            buffer = np.zeros(4)
            def __iter__(self):
                while True:
                    self.buffer[:] = rng.random(4)
                    yield self.buffer  # PF101 self.buffer
        """,
    "an attribute, in a generator method": """
        class Batches:
            def __init__(self, n):
                self.x = np.zeros((n, 2))
            def __iter__(self):
                while True:
                    self.x[:] = rng.random(self.x.shape)
                    yield self.x  # PF101 self.x
        """,
    "__getitem__": """
        class Data:
            def __init__(self, n):
                self.x = np.zeros((n, 2))
            def __getitem__(self, k):
                self.x[:] = k
                return self.x, k  # PF101 self.x
        """,
    "__getitem__, allocated in a base class": """
        class Base:
            def __init__(self, n):
                self.x = np.zeros((n, 2))
        class Data(Base):
            def __getitem__(self, k):
                for i in range(10):
                    self.x[i] = k + i
                return self.x, k  # PF101 self.x
        """,
    "__getitem__ allocates on first use": """
        class Data:
            def __init__(self):
                self.x = None
            def __getitem__(self, k):
                if self.x is None:
                    self.x = np.zeros(4)
                self.x[:] = k
                return self.x  # PF101 self.x
        """,
    "__next__ with a method that fills": """
        class Batches:
            def __init__(self):
                self.x = np.zeros(4)
            def _fill(self):
                self.x[:] = rng.random(4)
            def __iter__(self):
                return self
            def __next__(self):
                self._fill()
                return self.x  # PF101 self.x
        """,
    "__getitem__ hands out what a method returns": """
        class Data:
            def __init__(self):
                self.x = np.zeros(4)
            def _item(self, k):
                self.x[:] = k
                return self.x
            def __getitem__(self, k):
                return self._item(k)  # PF101 self._item(k)
        """,
    "a dataclass field": """
        from dataclasses import dataclass, field
        @dataclass
        class Data:
            x: np.ndarray = field(default_factory=lambda: np.zeros(4))
            def __getitem__(self, k):
                self.x[:] = k
                return self.x  # PF101 self.x
        """,
    "a slice from the start": """
        def batches(source):
            x = np.zeros((64, 2))
            while True:
                n = 0
                for item in source:
                    x[n] = item
                    n += 1
                yield x[:n]  # PF101 x[:n]
        """,
    "a counter that starts again": """
        def batches(source, size):
            x = np.zeros((size, 2))
            y = np.zeros(size)
            n = 0
            for features, label in source:
                x[n] = features
                y[n] = label
                n += 1
                if n == size:
                    yield x, y  # PF101 x; y
                    n = 0
        """,
    "allocated for the first batch only": """
        def batches(source):
            for i, item in enumerate(source):
                if i == 0:
                    x = np.zeros_like(item)
                x[:] = item
                yield x  # PF101 x
        """,
    "allocated if none": """
        def batches(source):
            x = None
            for item in source:
                if x is None:
                    x = np.zeros(4)
                x[:] = item
                yield x  # PF101 x
        """,
    "allocated when the shape changes": """
        def batches(source):
            x = np.zeros((4, 2))
            for item in source:
                if item.shape != x.shape:
                    x = np.zeros(item.shape)
                x[:] = item
                yield x  # PF101 x
        """,
    "allocated in the outer loop, refilled in the inner": """
        def batches(files):
            for name in files:
                x = np.zeros((4, 2))
                for k in range(10):
                    x[:] = rng.random((4, 2))
                    yield x  # PF101 x
        """,
    "with and try": """
        def batches(path):
            x = np.zeros(4)
            with open(path) as file:
                try:
                    for line in file:
                        x[:] = [float(v) for v in line.split()]
                        yield x  # PF101 x
                finally:
                    file.close()
        """,
    "continue before the write": """
        def batches(source):
            x = np.zeros(4)
            for item in source:
                if item is None:
                    continue
                x[:] = item
                yield x  # PF101 x
        """,
    "an alias": """
        def batches(source):
            x = np.zeros(4)
            y = x
            for item in source:
                y[:] = item
                yield x  # PF101 x
        """,
    "a view filled through": """
        def batches(source):
            x = np.zeros((4, 3))
            left = x[:, :2]
            for item in source:
                left[:] = item
                yield x  # PF101 x
        """,
    "transposed": """
        def batches(source):
            x = np.zeros((4, 3))
            for item in source:
                x[:] = item
                yield x.T, x.reshape(3, 4)  # PF101 x.T; x.reshape(3, 4)
        """,
    "a row of a matrix": """
        def batches(source):
            x = np.zeros((2, 3))
            while True:
                x[0] = next(source)
                x[1] = next(source)
                yield x[0], x[1]  # PF101 x[0]; x[1]
        """,
    "a ring of two": """
        def batches():
            buffers = [np.zeros(4) for _ in range(2)]
            k = 0
            while True:
                x = buffers[k % 2]
                x[:] = k
                yield x  # PF101 x
                k += 1
        """,
    "a ring as a display": """
        def batches():
            buffers = [np.zeros(4), np.zeros(4)]
            for k in range(100):
                buffers[k % 2][:] = k
                yield buffers[k % 2]  # PF101 buffers[k % 2]
        """,
    "a ring that cycles": """
        def batches():
            for x in itertools.cycle([np.zeros(4), np.zeros(4)]):
                x[:] = rng.random(4)
                yield x  # PF101 x
        """,
    "next of a cycle": """
        def batches():
            ring = itertools.cycle([np.zeros(4) for _ in range(3)])
            while True:
                x = next(ring)
                x[:] = rng.random(4)
                yield x  # PF101 x
        """,
    "a ring in one array": """
        def batches():
            ring = np.zeros((2, 4))
            k = 0
            while True:
                ring[k % 2] = rng.random(4)
                yield ring[k % 2]  # PF101 ring[k % 2]
                k += 1
        """,
    "two buffers swapped": """
        def batches():
            a, b = np.zeros(4), np.zeros(4)
            while True:
                a[:] = rng.random(4)
                yield a  # PF101 a
                a, b = b, a
        """,
    "a dict of buffers": """
        def batches():
            batch = {"x": np.zeros(4), "y": np.zeros(4)}
            while True:
                batch["x"][:] = rng.random(4)
                batch["y"][:] = rng.random(4)
                yield batch  # PF101 batch['x']; batch['y']
        """,
    "in a dict": """
        def batches():
            x = np.zeros(4)
            while True:
                x[:] = rng.random(4)
                yield {"x": x, "n": 4}, dict(z=x.T)  # PF101 x; x.T
        """,
    "a named tuple": """
        from collections import namedtuple
        Batch = namedtuple("Batch", "x y")
        def batches():
            x = np.zeros(4)
            while True:
                x[:] = rng.random(4)
                yield Batch(x=x, y=x.sum())  # PF101 x
        """,
    "a tuple with a name": """
        def batches():
            x = np.zeros(4)
            while True:
                x[:] = rng.random(4)
                batch = (x, x.sum())
                yield batch  # PF101 x
        """,
    "a conditional expression": """
        def batches():
            x, y = np.zeros(4), np.zeros(4)
            while True:
                x[:] = rng.random(4)
                yield x if rng.random() < 0.5 else y  # PF101 x
        """,
    "yield as an expression": """
        def batches():
            x = np.zeros(4)
            while True:
                x[:] = rng.random(4)
                answer = yield x  # PF101 x
        """,
    "an async generator": """
        async def batches(stream):
            x = np.zeros(4)
            async for item in stream:
                x[:] = item
                yield x  # PF101 x
        """,
    "torch": """
        def batches():
            x = torch.zeros(4, 2)
            while True:
                x.normal_()
                yield x  # PF101 x
        """,
    "torch, copy_ and a view": """
        def batches(source):
            x = torch.empty((4, 2))
            for item in source:
                x.copy_(item)
                yield x.view(2, 4), x.unsqueeze(0)  # PF101 x.view(2, 4); x.unsqueeze(0)
        """,
    "from_numpy": """
        def batches(source):
            x = np.zeros((4, 2), dtype=np.float32)
            for item in source:
                x[:] = item
                yield torch.from_numpy(x)  # PF101 torch.from_numpy(x)
        """,
    "from_numpy outside the loop": """
        def batches(source):
            x = np.zeros((4, 2), dtype=np.float32)
            t = torch.from_numpy(x)
            for item in source:
                x[:] = item
                yield t  # PF101 t
        """,
    "a tf.Variable": """
        def batches(source):
            v = tf.Variable([0.0, 0.0])
            for item in source:
                v.assign(item)
                yield v  # PF101 v
        """,
    "a memmap": """
        def batches(source):
            x = np.memmap("x.bin", dtype="float32", mode="w+", shape=(4, 2))
            for item in source:
                x[:] = item
                yield x  # PF101 x
        """,
    "readinto": """
        def batches(file):
            x = np.empty(1024, dtype=np.uint8)
            while file.readinto(x):
                yield x  # PF101 x
        """,
    "a parameter whose allocation a caller shows": """
        def batches(x):
            while True:
                x[:] = rng.random(4)
                yield x  # PF101 x
        def main():
            buffer = np.zeros(4)
            return batches(buffer)
        """,
    "a window that moves": """
        def windows(stream):
            window = np.zeros(10)
            for value in stream:
                window[:-1] = window[1:]
                window[-1] = value
                yield window  # PF101 window
        """,
    "several yields": """
        def batches():
            x = np.zeros(4)
            x[:] = 1
            yield x  # PF101 x
            x[:] = 2
            yield x
        """,
    "written after the yield": """
        def batches(source):
            x = np.zeros(4)
            for item in source:
                x += item
                yield x  # PF101 x
                x[:] = 0
        """,
    "only one branch copies": """
        def batches(source):
            x = np.zeros(4)
            for item in source:
                x[:] = item
                if item.sum() > 0:
                    yield x.copy()
                else:
                    yield x  # PF101 x
        """,
    "a lambda's caller": """
        def batches():
            x = np.zeros(4)
            def write(value):
                x[:] = value
            for k in range(4):
                write(k)
                yield {"inputs": (x, k)}  # PF101 x
        """,
    "a lambda fills": """
        def batches():
            x = np.zeros(4)
            fill = lambda value: x.fill(value)
            for k in range(4):
                fill(k)
                yield x  # PF101 x
        """,
    "rows of the buffer, one by one": """
        def batches(source):
            x = np.zeros((4, 2))
            while True:
                for row, values in zip(x, next(source)):
                    row[:] = values
                yield x  # PF101 x
        """,
    "an attribute of a local object": """
        def batches(state):
            state.x = np.zeros(4)
            while True:
                state.x[:] = rng.random(4)
                yield state.x  # PF101 state.x
        """,
    "a dict comprehension of buffers": """
        def batches(shapes):
            buffers = {name: np.zeros(shape) for name, shape in shapes.items()}
            while True:
                for name in buffers:
                    buffers[name][:] = rng.random()
                yield buffers  # PF101 buffers
        """,
    "the values of a dict": """
        class Batches:
            def __init__(self):
                self.buffers = {"x": np.zeros(3), "y": np.zeros(3)}
            def __iter__(self):
                while True:
                    for name, buffer in self.buffers.items():
                        buffer[:] = rng.random(3)
                    yield self.buffers["x"], self.buffers["y"]  # PF101 self.buffers['x']; self.buffers['y']
        """,
    "split into views": """
        def batches():
            data = np.zeros((4, 10))
            x, y = np.split(data, [9], axis=1)
            while True:
                data[:] = rng.random((4, 10))
                yield x, y  # PF101 x; y
        """,
    "unpacked into rows": """
        def batches():
            x, y = np.zeros((2, 5))
            while True:
                x[:] = rng.random(5)
                y[:] = x * 2
                yield x, y  # PF101 x; y
        """,
    "a pool that gives and takes": """
        from collections import deque
        def batches():
            pool = deque(np.zeros(3) for _ in range(2))
            while True:
                x = pool.popleft()
                x[:] = rng.random(3)
                pool.append(x)
                yield x  # PF101 x
        """,
    "a list filled with buffers": """
        def batches():
            pool = []
            for _ in range(3):
                pool.append(np.zeros(3))
            k = 0
            while True:
                pool[k % 3][:] = k
                yield pool[k % 3]  # PF101 pool[k % 3]
                k += 1
        """,
    "the buffer of the turn before": """
        def batches():
            before = np.zeros(3)
            while True:
                x = np.zeros(3)
                yield x  # PF101 x
                before[:] = 1
                before = x
                before[:] = 2
        """,
    "two flags": """
        class Batches:
            def __init__(self):
                self.a, self.b = np.zeros(3), np.zeros(3)
                self.flip = False
            def __next__(self):
                buffer = self.a if self.flip else self.b
                self.flip = not self.flip
                buffer[:] = rng.random(3)
                return buffer  # PF101 buffer
        """,
    "1 - k": """
        def batches():
            pair = np.zeros((2, 3))
            k = 0
            while True:
                pair[k] = rng.random(3)
                yield pair[k]  # PF101 pair[k]
                k = 1 - k
        """,
    "ufunc.at": """
        def batches():
            counts = np.zeros(10)
            while True:
                np.add.at(counts, rng.integers(0, 10, 5), 1)
                yield counts  # PF101 counts
        """,
    "buffers from a function of the file": """
        def buffers(n):
            return np.zeros((n, 2)), np.zeros(n)
        def batches(n):
            x, y = buffers(n)
            while True:
                x[:] = rng.random((n, 2))
                np.sum(x, axis=1, out=y)
                yield x, y  # PF101 x; y
        """,
    "two columns of one matrix": """
        def batches(n):
            x = np.zeros((n, 2))
            while True:
                x[:, 0] = rng.random(n)
                x[:, 1] = x[:, 0] ** 2
                yield x[:, :1], x[:, 1:]  # PF101 x[:, :1]; x[:, 1:]
        """,
    "first and later hand-overs apart": """
        class Walk:
            def __init__(self):
                self.state = np.zeros(4)
            def walk(self):
                self.state[:] = 0
                yield self.state  # PF101 self.state
                while True:
                    self._step()
                    yield self.state, 1.0  # PF101 self.state
            def _step(self):
                self.state += 0.1
        """,
    "both halves of a buffer that an index goes round": """
        def batches():
            b = np.zeros(10)
            n = 0
            while True:
                b[n % 10] = n
                n += 1
                yield b[:5], b[5:]  # PF101 b[:5]; b[5:]
        """,
    "the tail of a buffer that an index goes round": """
        def batches(half):
            b = np.zeros(10)
            slot = 0
            for n in range(100):
                slot = n % 10
                b[slot] = n
                yield b[half:], b[-5:]  # PF101 b[half:]; b[-5:]
        """,
}

FINE = {
    "an index that goes round before the tail": """
        def batches():
            b = np.zeros(10)
            n = 0
            while True:
                b[n % 5] = n
                n += 1
                yield b[5:]
        """,
    "an index that goes round past one item": """
        def batches():
            b = np.zeros((10, 2))
            for n in range(0, 100, 2):
                b[n % 10] = n
                yield b[3]
        """,
    "containers nested without end": """
        def batches(n):
            x = np.zeros(3)
            for _ in range(n):
                x = [x]
                yield x
        """,
    "allocated inside the loop": """
        def batches(n):
            while True:
                x = np.zeros((n, 2))
                for i in range(n):
                    x[i] = rng.random(2)
                yield x
        """,
    "copied at the yield": """
        def batches(n):
            x = np.zeros((n, 2))
            while True:
                x[:] = rng.random((n, 2))
                yield np.copy(x), x.copy(), np.array(x), x.astype("f4"), x + 0
        """,
    "rebound to a copy before the write": """
        def batches(n):
            x = np.zeros((n, 2))
            while True:
                x = x.copy()
                x[:] = rng.random((n, 2))
                yield x
        """,
    "rebound after the yield": """
        def batches(source, size):
            x = np.zeros((size, 2))
            n = 0
            for item in source:
                x[n] = item
                n += 1
                if n == size:
                    yield x
                    x = np.zeros((size, 2))
                    n = 0
        """,
    "allocated when the counter is back at 0": """
        def batches(source, size):
            n = 0
            for item in source:
                if n == 0:
                    x = np.zeros((size, 2))
                x[n] = item
                n += 1
                if n == size:
                    yield x
                    n = 0
        """,
    "allocated when k begins a batch": """
        def batches(source, size):
            for k, item in enumerate(source):
                if k % size == 0:
                    x = np.zeros((size, 2))
                x[k % size] = item
                if (k + 1) % size == 0:
                    yield x
        """,
    "none after the yield": """
        def batches(source):
            x = None
            for item in source:
                if x is None:
                    x = np.zeros(4)
                x += item
                if x.sum() > 10:
                    yield x
                    x = None
        """,
    "yielded once after the loop": """
        def total(source):
            x = np.zeros(4)
            for item in source:
                x += item
            yield x
        """,
    "the last turn of a range": """
        def batches(n):
            while True:
                x = np.zeros((n, 2))
                for i in range(n):
                    x[i] = rng.random(2)
                    if i == n - 1:
                        yield x
        """,
    "a constant": """
        def batches(n):
            ones = np.ones(n)
            while True:
                yield rng.random(n), ones
        """,
    "a constant written again": """
        def batches(n):
            ones = np.empty(n)
            while True:
                ones[:] = 1
                yield rng.random(n), ones
        """,
    "rows that are never rewritten": """
        def batches(source, n):
            x = np.zeros((n, 4))
            for i, item in enumerate(source):
                x[i] = item
                yield x[i]
        """,
    "slices that are never rewritten": """
        def batches(source, n, b):
            x = np.zeros((n, 4))
            for i in range(0, n, b):
                x[i:i + b] = next(source)
                yield x[i:i + b]
        """,
    "data shuffled for each epoch": """
        def batches(n, b):
            data = np.load("x.npy")
            order = np.arange(n)
            while True:
                rng.shuffle(data)
                rng.shuffle(order)
                for i in range(0, n, b):
                    yield data[i:i + b], order[i:i + b]
        """,
    "fancy indexing": """
        def batches(b):
            data = np.zeros((100, 2))
            order = np.arange(100)
            while True:
                data += 1
                idx = rng.choice(100, b)
                rng.shuffle(order)
                yield data[idx], data[order[:b]], data[np.random.permutation(100)[:b]], data[data[:, 0] > 0]
        """,
    "numbers": """
        def batches():
            x = np.zeros(4)
            while True:
                x += 1
                yield float(x[0]), x.sum(), x.tolist(), x.tobytes(), x[0], len(x), x.mean()
        """,
    "lists": """
        def batches(source, size):
            x, y = [], []
            for a, b in source:
                x.append(a)
                y.append(b)
                if len(x) == size:
                    yield np.array(x), np.array(y)
                    x, y = [], []
        """,
    "a list that is kept": """
        def batches(source):
            x = [0] * 4
            for item in source:
                x[0] = item
                yield x
        """,
    "a cached item": """
        class Data:
            def __init__(self, n):
                self.x = np.zeros((n, 4))
                self.done = np.zeros(n, bool)
            def __getitem__(self, i):
                if not self.done[i]:
                    self.x[i] = load(i)
                    self.done[i] = True
                return self.x[i]
        """,
    "items of loaded data": """
        class Data:
            def __init__(self):
                self.x = np.load("x.npy")
            def __getitem__(self, i):
                return self.x[i], self.x[i:i + 3]
        """,
    "allocated in __getitem__": """
        class Data:
            def __getitem__(self, i):
                self.x = np.zeros(4)
                self.x[:] = i
                return self.x
        """,
    "a container": """
        class Matrix:
            def __init__(self):
                self.x = np.zeros((4, 4))
            def __getitem__(self, i):
                self.x += 1
                return self.x
            def __setitem__(self, i, value):
                self.x[i] = value
        """,
    "a context manager": """
        from contextlib import contextmanager
        @contextmanager
        def zeroed():
            x = np.zeros(4)
            yield x
            x[:] = 0
        """,
    "a fixture": """
        import pytest
        @pytest.fixture
        def zeroed():
            x = np.zeros(4)
            while True:
                x[:] = rng.random(4)
                yield x
        """,
    "cleared at the end": """
        def batches(source):
            x = np.zeros(4)
            try:
                yield x
            finally:
                x[:] = 0
        """,
    "a copy under the same flag": """
        def batches(source, augment):
            x = np.zeros((4, 4))
            for k in range(9):
                batch = x[:2]
                if augment:
                    batch = batch.copy()
                if augment:
                    batch += rng.random((2, 4))
                yield batch
        """,
    "reuse is an option": """
        def batches(source, reuse):
            x = np.zeros(4)
            for item in source:
                if not reuse:
                    x = np.zeros(4)
                x[:] = item
                yield x
        """,
    "a copy is an option": """
        def batches(source, copy=True):
            x = np.zeros(4)
            for item in source:
                x[:] = item
                yield x.copy() if copy else x
        """,
    "an immutable array": """
        import jax.numpy as jnp
        def batches(source):
            x = jnp.zeros(4)
            for item in source:
                x = x.at[0].set(item)
                yield x
        """,
    "the helper returns a copy": """
        def scaled(x):
            return x * 2
        def batches(source):
            x = np.zeros(4)
            for item in source:
                x[:] = item
                yield scaled(x)
        """,
    "the helper makes a new buffer": """
        class Batches:
            def __init__(self):
                self.x = np.zeros(4)
            def _new(self):
                self.x = np.zeros(4)
            def __next__(self):
                self._new()
                self.x[:] = rng.random(4)
                return self.x
        """,
    "state that is not handed out": """
        def batches(source):
            running = np.zeros(4)
            for item in source:
                running += item
                yield item - running / 2
        """,
    "a parameter nobody shows": """
        def batches(x):
            while True:
                x[:] = rng.random(4)
                yield x
        """,
    "a buffer swapped for a fresh one": """
        class Batches:
            def __init__(self):
                self.x = np.zeros(4)
            def __next__(self):
                x, self.x = self.x, np.zeros(4)
                x[:] = rng.random(4)
                return x
        """,
    "converted to a tensor that copies": """
        def batches(source):
            x = np.zeros(4)
            for item in source:
                x[:] = item
                yield torch.tensor(x), torch.from_numpy(x).clone(), torch.from_numpy(x.copy())
        """,
    "skipped after a failure": """
        def batches(files):
            for name in files:
                try:
                    x = np.load(name)
                except OSError:
                    print(name)
                x[0] = 0
                yield x
        """,
    "other memory is written": """
        def batches(source):
            x, scratch = np.zeros(4), np.zeros(4)
            x[:] = 3
            for item in source:
                scratch[:] = item
                yield x, scratch.sum()
        """,
    "a generator of its own": """
        def one(k):
            x = np.zeros(4)
            x[:] = k
            yield x
        def batches():
            for k in range(9):
                yield from one(k)
        """,
    "a list drained": """
        def batches():
            pool = [np.zeros(3) for _ in range(9)]
            while pool:
                x = pool.pop()
                x += 1
                yield x
        """,
    "each buffer of a list once": """
        def batches():
            for k, x in enumerate([np.zeros(3) for _ in range(9)]):
                x[:] = k
                yield x
        """,
    "halves that do not meet": """
        def batches():
            x = np.zeros((8, 2))
            rest = x[4:]
            while True:
                rest[:] = rng.random((4, 2))
                yield x[:4], rest.sum()
        """,
    "a scalar drawn once": """
        def batches():
            k = np.random.choice(10)
            while True:
                k += 1
                yield k
        """,
    "an attribute of a fresh object": """
        def batches(make):
            while True:
                state = make()
                state.x = np.zeros(4)
                state.x[:] = rng.random(4)
                yield state.x
        """,
    "a list whose arrays are replaced": """
        def batches():
            pair = [np.zeros(3), np.zeros(3)]
            while True:
                pair[0] = np.zeros(3)
                pair[0][:] = rng.random(3)
                yield pair[0]
        """,
    "handed out and replaced in one statement": """
        def batches(source):
            buffer = np.zeros(3)
            for item in source:
                buffer[:] = item
                out, buffer = buffer, np.zeros_like(buffer)
                yield out
        """,
    "a helper that flushes": """
        def batches(source, size):
            x, n = np.zeros((size, 2)), 0
            def flush():
                nonlocal x, n
                out = x[:n]
                x, n = np.zeros((size, 2)), 0
                return out
            for item in source:
                x[n] = item
                n += 1
                if n == size:
                    yield flush()
        """,
    "a batch that begins at a multiple": """
        def batches(source, size):
            for i, item in enumerate(source):
                if i % size == 0:
                    if i:
                        yield x
                    x = np.zeros((size, 3))
                x[i % size] = item
            yield x
        """,
    "a flag for a new batch": """
        def batches(source):
            new = True
            for item in source:
                if new:
                    x = np.zeros(3)
                    new = False
                x += item
                if x.sum() > 9:
                    yield x
                    new = True
        """,
}
