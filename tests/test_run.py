"""`pitfallcheck run` is faithful: the program writes, reads and ends as under `python`."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import lay, python, report_of, run

GENERATOR = """
import numpy as np

def batches():
    x = np.zeros(4)
    for i in range(3):
        x[:] = i
        yield x.copy()
"""

FAITHFUL: dict[str, str] = {
    "arguments": """
        import sys
        print(sys.argv)
    """,
    "the names of the main module": """
        import sys
        print(__name__, __file__, __spec__, __package__, __doc__, type(__loader__).__name__, __builtins__)
        print(sorted(globals()))
        print(sys.modules["__main__"].__dict__ is globals(), sys.path[0], sys.path)
    """,
    "the interpreter's settings": """
        import os, sys, threading
        print(os.getcwd(), sys.flags, sys.getrecursionlimit(), threading.current_thread().name, sys.orig_argv[1:])
        print(sys.warnoptions, sys._xoptions, sys.stdout.encoding, sys.stdout.errors, sys.stdout.line_buffering)
    """,
    "standard input": """
        import sys
        print(input("name? "))
        print(sys.stdin.read().upper())
    """,
    "both streams": """
        import sys
        print("out"); print("err", file=sys.stderr); sys.stdout.write("no newline")
        sys.stdout.flush(); sys.stdout.buffer.write(bytes(range(128)))
    """,
    "a million lines": """
        for i in range(1_000_000):
            print(i)
    """,
    "exit 3": "import sys; sys.exit(3)",
    "exit 0": "import sys; sys.exit(0)",
    "exit false": "import sys; sys.exit(False)",
    "exit true": "import sys; sys.exit(True)",
    "exit 256": "import sys; sys.exit(256)",
    "exit with a text": "import sys; sys.exit('no such thing')",
    "exit with an empty text": "import sys; sys.exit('')",
    "exit with an object": "import sys; sys.exit([1, 2])",
    "exit with an unprintable object": """
        import sys
        class Odd:
            def __eq__(self, other): raise ValueError("no")
            def __str__(self): return "odd"
        sys.exit(Odd())
    """,
    "exit from a function of the interpreter": "exit(5)",
    "sudden exit": "import os; print('said', flush=True); os._exit(4)",
    "an exception": """
        def inner(x):
            return 1 / x + (
                2 * x)

        def outer():
            return inner(0)

        outer()
    """,
    "an exception with a cause": """
        try:
            {}["missing"]
        except KeyError as error:
            raise ValueError("no such key") from error
    """,
    "an exception group": "raise ExceptionGroup('two', [ValueError(1), TypeError(2)])",
    "an exception with notes": """
        error = ValueError("x")
        error.add_note("and more")
        raise error
    """,
    "a syntax error in compiled text": "compile('x = = 1', 'made up', 'exec')",
    "Ctrl-C": "raise KeyboardInterrupt",
    "Ctrl-C by signal": "import os, signal; os.kill(os.getpid(), signal.SIGINT)\nimport time; time.sleep(5)",
    "an interrupt caught": """
        import os, signal, time
        try:
            os.kill(os.getpid(), signal.SIGINT); time.sleep(5)
        except KeyboardInterrupt:
            print("caught")
    """,
    "at exit": """
        import atexit
        atexit.register(print, "first")
        atexit.register(print, "second")
        print("end")
    """,
    "at exit with a failure": """
        import atexit
        def fail(): return 1 / 0
        class Fail:
            __call__ = staticmethod(fail)
            def __repr__(self): return "Fail"
        atexit.register(Fail())
    """,
    "threads that outlive the main one": """
        import threading, time
        def late():
            time.sleep(0.2); print("late")
        threading.Thread(target=late).start()
        print("main ends")
    """,
    "an exception in a thread": """
        import threading
        def fail():
            raise ValueError("in a thread")
        t = threading.Thread(target=fail, name="worker"); t.start(); t.join()
    """,
    "own excepthook": """
        import sys
        def hook(kind, value, traceback):
            print("hooked", kind.__name__, value, traceback.tb_lineno, traceback.tb_frame.f_code.co_name)
        sys.excepthook = hook
        raise ValueError("x")
    """,
    "own excepthook that fails": """
        import sys
        def hook(kind, value, traceback):
            raise TypeError("hook")
        sys.excepthook = hook
        raise ValueError("x")
    """,
    "last exception": """
        import atexit, sys
        atexit.register(lambda: print(sys.last_type, sys.last_value, sys.last_traceback.tb_lineno))
        raise ValueError("x")
    """,
    "objects of the main module pickled": """
        import pickle
        class Point:
            def __init__(self, x): self.x = x
        print(pickle.loads(pickle.dumps(Point(3))).x, pickle.dumps(Point))
    """,
    "dataclasses and annotations": """
        from __future__ import annotations
        import typing
        from dataclasses import dataclass, field
        @dataclass(order=True)
        class Batch:
            x: list[int] = field(default_factory=list)
            y: Later | None = None
        class Later: ...
        def gen(n: Later) -> typing.Iterator[Later]:
            "Documented."
            z: Later = n
            yield z
        print(Batch(), typing.get_type_hints(Batch), gen.__annotations__, gen.__doc__, list(gen(1)), __annotations__)
    """,
    "multiprocessing by fork": """
        import multiprocessing
        def square(x): return x * x
        if __name__ == "__main__":
            with multiprocessing.get_context("fork").Pool(2) as pool:
                print(pool.map(square, range(5)))
    """,
    "multiprocessing by spawn": """
        import multiprocessing, sys
        def square(x): return x * x, __name__, sys.argv
        if __name__ == "__main__":
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                print(pool.map(square, range(2)))
    """,
    "multiprocessing by fork server": """
        import multiprocessing
        def square(x): return x * x, __name__
        if __name__ == "__main__":
            with multiprocessing.get_context("forkserver").Pool(1) as pool:
                print(pool.map(square, range(2)))
    """,
    "a process pool of futures": """
        from concurrent.futures import ProcessPoolExecutor
        def gen():
            yield from range(3)
        def work(n): return sum(gen()) + n
        if __name__ == "__main__":
            with ProcessPoolExecutor(1) as pool:
                print(list(pool.map(work, [1, 2])), work(0))
    """,
    "a fork": """
        import os, sys
        print("before", flush=True)
        pid = os.fork()
        if pid == 0:
            print("child", flush=True)
            sys.exit(7)
        print("parent", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    """,
    "a subprocess of itself": """
        import subprocess, sys
        if len(sys.argv) > 2:
            subprocess.run([sys.executable, __file__, "inner"])
            print(subprocess.check_output([sys.executable, "-c", "import sys; print(sys.path[0] == '')"]))
        print(sys.argv[1:])
    """,
    "asyncio": """
        import asyncio
        async def numbers(n):
            try:
                for i in range(n):
                    got = yield i
                    await asyncio.sleep(0)
            finally:
                print("closed")
        async def main():
            print([i async for i in numbers(3)])
            it = numbers(5)
            print(await it.asend(None), await it.asend("sent"), await anext(it))
            await it.aclose()
            await asyncio.gather(*(asyncio.sleep(0) for _ in range(3)))
        asyncio.run(main())
    """,
    "generators driven in every way": """
        import inspect
        def echo():
            "Doc."
            got = None
            try:
                while True:
                    try:
                        got = yield [got]
                    except ValueError as error:
                        got = yield ("caught", error)
            except GeneratorExit:
                print("closed")
                raise
            finally:
                print("finally")
        def outer():
            result = yield from inner()
            print("inner gave", result)
            return (yield)
        def inner():
            x = yield (1, 2)
            y = yield {"x": x}
            return x, y
        e = echo()
        print(next(e), e.send(3), e.throw(ValueError("v")), e.send(4)); e.close()
        o = outer()
        print(next(o), o.send("a"), o.send("b"))
        try:
            o.send("end")
        except StopIteration as stop:
            print(stop.value)
        print(inspect.isgeneratorfunction(echo), inspect.isgenerator(o), echo.__doc__, echo.__name__, echo.__qualname__)
        print(inspect.getsource(inner), inspect.signature(echo), inspect.getgeneratorstate(o))
        g = (i * 2 for i in range(3))
        print(list(g), [*inner()], sum(i for i in range(4)))
        f = lambda: (yield 5)
        print(list(f()))
        def precedence(): x = 1 + (yield 2) * 3; yield x, ; yield
        p = precedence(); print(next(p), p.send(4), next(p))
        def early():
            if True: return
            yield
        print(list(early()))
        try:
            e2 = echo(); e2.throw(KeyError("at the start"))
        except KeyError as error:
            print(repr(error))
    """,
    "generators keep their own names": """
        def gen(a, b=2, *args, c, **more):
            x = [a]
            yield x, b
        print(gen.__code__.co_varnames[:5], gen.__code__.co_argcount, gen.__defaults__, gen.__code__.co_freevars)
        print(list(gen(1, c=3)), gen.__code__.co_name, gen.__code__.co_filename, gen.__code__.co_firstlineno)
    """,
    "local variables seen by name": """
        def gen():
            a = [1]
            yield locals()
            yield sorted(vars())
            yield dir()
            yield eval("a")
        print(list(gen()))
    """,
    "context managers and closing": """
        import contextlib
        @contextlib.contextmanager
        def managed(x):
            try:
                yield [x]
            except ValueError as error:
                print("swallowed", error)
            finally:
                print("left")
        with managed(1) as m:
            print(m); raise ValueError("v")
        def gen():
            try:
                yield [1]; yield [2]
            finally:
                print("cleaned")
        for x in gen():
            print(x); break
        print("after")
        with contextlib.closing(gen()) as g:
            print(next(g))
    """,
    "a traceback through a generator": """
        def gen(values):
            for value in values:
                yield [1 / value,
                       value]
        def pipeline():
            yield from (item for item in gen([1, 0]))
        for item in pipeline(): print(item)
    """,
    "a traceback with carets at a yield": """
        def gen():
            x = {}
            yield x["a"]["b"] + (yield [1])
        list(gen())
    """,
    "an exception thrown into a generator": """
        def gen():
            value = [1]
            yield value
        g = gen(); next(g); g.throw(ValueError("thrown in"))
    """,
    "a traceback out of an item": """
        class Data:
            def __init__(self): self.items = [1, 2]
            def __len__(self): return 5
            def __getitem__(self, i):
                "Item."
                return self.items[i] + \\
                    0
        d = Data()
        print(list(d), Data.__getitem__.__doc__)
        class Other:
            def __getitem__(self, i): return [self.thing(i)]
            def thing(self, i): raise KeyError(i)
        Other()[3]
    """,
    "iterators of every kind": """
        class Count:
            def __init__(self): self.n = 0
            def __iter__(self): return self
            def __next__(self):
                self.n += 1
                if self.n > 3: raise StopIteration
                return [self.n]
        class Meta(type):
            def __getitem__(cls, item): return (cls.__name__, item)
        class Sub(metaclass=Meta):
            def __class_getitem__(cls, item): return item
        class Slotted:
            __slots__ = ("n",)
            def __getitem__(self, i): return [i] if i < 2 else self.stop()
            def stop(self): raise IndexError
        class Deep(dict):
            def __getitem__(self, key):
                def nested(): return 1
                if key == "n": return nested()
                try:
                    return super().__getitem__(key)
                finally:
                    pass
        class Static:
            @staticmethod
            def __getitem__(i): return [i]
        class NoArgs:
            def __getitem__(*args): return [args[1:]]
        class Tup(tuple):
            def __getitem__(self, i): return tuple.__getitem__(self, i)
        print(list(Count()), Sub[3], list(Slotted()), Deep(a=1)["a"], Deep()["n"], NoArgs()[2], Tup((1, 2))[1])
        print(Static.__getitem__(2))
    """,
    "deep recursion": """
        import sys
        sys.setrecursionlimit(3000)
        def walk(tree):
            if tree: yield from walk(tree[0]); yield [len(tree)]
        tree = ()
        for _ in range(900): tree = (tree,)
        print(len(list(walk(tree))))
        def forever(): return forever()
        try: forever()
        except RecursionError as error: print(error)
    """,
    "annotations switched on": """
        from __future__ import annotations
        def gen(x: Unknown) -> Unknown:
            y: AlsoUnknown = [x]
            yield y
        print(list(gen(1)), gen.__annotations__)
    """,
    "a doctest program": """
        def count(n):
            '''Count.

            >>> list(count(2))
            [[0], [1]]
            '''
            for i in range(n): yield [i]
        if __name__ == "__main__":
            import doctest
            print(doctest.testmod())
    """,
    "an environment set before NumPy comes": """
        import os, sys
        print("numpy" in sys.modules, sorted(m for m in sys.modules if m.startswith("num")))
        os.environ["OMP_NUM_THREADS"] = "1"
        def gen():
            for i in range(2): yield [i]
        print(list(gen()), "numpy" in sys.modules)
        import numpy
        print(os.environ["OMP_NUM_THREADS"], numpy.zeros(2))
    """,
    "random numbers": """
        import hashlib, random
        import numpy as np
        np.random.seed(1); random.seed(2)
        def gen():
            for _ in range(20): yield np.random.rand(4, 3), [random.random()]
        digest = hashlib.sha256()
        for x, y in gen(): digest.update(x.tobytes() + repr(y).encode())
        print(digest.hexdigest(), random.getstate()[1][:3], np.random.get_state()[1][:9])
        rng = np.random.default_rng(5)
        print(rng.random(3), np.random.rand(), random.random())
    """,
    "a folder changed on the way": """
        import os, tempfile
        os.chdir(tempfile.gettempdir())
        def gen():
            yield [1]
        print(list(gen()), os.path.basename(__file__))
    """,
    "modules deleted and reloaded": """
        import importlib, sys
        import helper
        print(list(helper.gen()))
        del sys.modules["helper"]
        import helper as again
        print(again is helper, list(importlib.reload(again).gen()), helper.__loader__ is not None, helper.__spec__.name)
        import inspect
        print(inspect.getsource(helper.gen), helper.__file__, helper.__cached__ is not None)
        import sub.deep as deep
        print(list(deep.gen()), deep.__package__, deep.__name__)
        for name in list(sys.modules):
            if name not in ("sys", "builtins", "__main__"): del sys.modules[name]
        import json
        print(json.dumps([1]))
    """,
    "names that shadow the standard library": """
        import random, token, queue
        print(random.WHO, list(random.gen()), token.WHO, queue.WHO)
    """,
    "own import machinery": """
        import importlib.abc, importlib.machinery, sys
        class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
            def find_spec(self, name, path, target=None):
                if name == "made_up": return importlib.machinery.ModuleSpec(name, self)
            def create_module(self, spec): return None
            def exec_module(self, module): module.value = 42
        sys.meta_path.insert(0, Finder())
        import made_up, helper
        print(made_up.value, list(helper.gen()))
        try:
            import keras_that_is_missing
        except ModuleNotFoundError as error:
            print(error)
    """,
    "a syntax error in a module": "import faulty",
    "an import that fails": "import failing",
    "a module that is missing": "import there_is_none",
    "a module with warnings": """
        import warnings
        warnings.warn("careful")
        def gen():
            yield [1 is 1]
        print(list(gen()))
    """,
    "an assertion": "assert 1 == 2, 'no'",
    "code that yields in strange places": """
        import asyncio
        def gen():
            x = [i for i in (yield [1])]
            y = {**(yield [2])}
            with (yield [3]): pass
            for z in (yield [4]): print(z)
            try: raise (yield [5])
            except Exception as error: print(repr(error))
            del x[(yield [6])]
            lambda: (yield)
            print(f"{(yield [7])!r:>5}")
            assert (yield [8])
            x[0] = yield [9]
            x[0] += yield [10]
            global G
            G = yield [11]
            match (yield [12]):
                case [a, *b]: print(a, b)
            return (yield [13])
        import contextlib
        g = gen()
        sends = [None, [1, 2], {"a": 1}, contextlib.nullcontext(), "ab", ValueError("w"), 0, "s", True, 5, 6, 7, [1, 2]]
        try:
            for s in sends: print(g.send(s))
        except StopIteration as stop: print(stop.value, G)
    """,
    "globals and nonlocals in generators": """
        def outer():
            n = 0
            def gen():
                nonlocal n
                "not a docstring"
                n += 1
                yield [n]
            return gen
        g = outer(); print(list(g()), list(g()))
        def first():
            global COUNT
            COUNT = 1
            yield [COUNT]
        print(list(first()), COUNT)
        class Tree:
            __private = 3
            def __iter__(self):
                "Doc."
                yield [self.__private, __class__.__name__]
            def sub(self):
                yield [super().__init__()]
        print(list(Tree()), list(Tree().sub()), Tree.__iter__.__doc__)
        def only_doc():
            "Doc."
            yield
        print(only_doc.__doc__, list(only_doc()))
    """,
    "weak references and collection": """
        import gc, weakref
        class Batch: pass
        def gen():
            for _ in range(3):
                b = Batch()
                yield b
                r = weakref.ref(b); del b
                yield r() is None
        print([x if isinstance(x, bool) else 0 for x in gen()])
        class Data:
            def __getitem__(self, i): return Batch()
        d = Data(); item = d[0]; r = weakref.ref(item); rd = weakref.ref(d); del item, d
        print(r() is None, rd() is None)
    """,
}

HELPERS = {
    "helper.py": "def gen():\n    yield [1]\n    yield [2]\n",
    "random.py": "WHO = 'mine'\ndef gen():\n    yield [1]\n",
    "token.py": "WHO = 'mine'\n",
    "queue.py": "WHO = 'mine'\n",
    "sub/__init__.py": "",
    "sub/deep.py": "from . import deeper\ndef gen():\n    yield deeper.X\n",
    "sub/deeper.py": "X = [9]\n",
    "faulty.py": "def gen():\n    yield [1\nx = 2\n",
    "failing.py": "def gen():\n    yield [1]\nlist(gen())\nraise RuntimeError('on import')\n",
}
SHADOWS = ("random.py", "token.py", "queue.py")


def spoken(text: str) -> str:
    """What a program has written to standard error, without what we say about what was not looked at."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("pitfallcheck: "))


@pytest.mark.parametrize("name", FAITHFUL)
def test_a_program_runs_as_under_python(name: str, tmp_path: Path) -> None:
    files = {k: v for k, v in HELPERS.items() if k not in SHADOWS or "shadow" in name}
    lay(tmp_path, {**files, "program.py": FAITHFUL[name]})
    call = ("program.py", "one", "--two", "-m", "x y", "--")
    plain = python(tmp_path, *call, stdin="Ada\nrest\nof it")
    seen = run(tmp_path, "--quiet", "--output", "report.txt", *call, stdin="Ada\nrest\nof it")
    assert seen.out == plain.out
    assert spoken(seen.err) == plain.err
    status = 128 - plain.status if plain.status < 0 else plain.status
    assert seen.status == status


BROKEN = """
import os, sys, ctypes, signal, time
import numpy as np

def batches():
    x = np.zeros(4)
    while True:
        x[:] = np.random.rand(4)
        yield x

source = batches()
first = next(source)
second = next(source)
print("said", flush=True)
{end}
"""

ENDS = {
    "at its end": ("", 1),
    "with status 0": ("sys.exit(0)", 1),
    "with a status": ("sys.exit(3)", 3),
    "suddenly": ("os._exit(4)", 4),
    "suddenly with status 0": ("os._exit(0)", 1),
    "with an exception": ("raise ValueError('x')", 1),
    "with an exception in a function": ("def f(): 1 / 0\nf()", 1),
    "by Ctrl-C": ("raise KeyboardInterrupt", 130),
    "by SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)", 143),
    "by SIGKILL after a second": ("time.sleep(0.5); third = next(source); os.kill(os.getpid(), signal.SIGKILL)", 137),
    "by SIGKILL at once": ("os.kill(os.getpid(), signal.SIGKILL)", 137),
    "by a segmentation fault": ("ctypes.string_at(0)", 139),
    "by abort": ("os.abort()", 134),
    "in a fork": ("if os.fork() == 0: third = next(source); os._exit(0)\nos.wait()", 1),
    "after removing its own folder": ("import shutil; shutil.rmtree(os.path.dirname(__file__))", 1),
    "in another folder": ("os.chdir('/')", 1),
    "with its streams closed": ("sys.stdout.close(); sys.stderr.close(); os.close(1); os.close(2)", 1),
    "replaced by another program": ("os.execv('/bin/true', ['true'])", 1),
}


@pytest.mark.parametrize("name", ENDS)
def test_what_was_found_is_reported_however_the_program_ends(name: str, tmp_path: Path) -> None:
    end, status = ENDS[name]
    lay(tmp_path, {"work/program.py": BROKEN.replace("{end}", end)})
    ran = report_of(tmp_path, "work/program.py")
    assert ran.status == status, ran.err
    assert ("PF101", "error", 9) in ran.found
    assert ran.report["findings"][0]["path"] == "work/program.py"
    assert "runtime" in ran.report["findings"][0]["sources"]
    assert "said" in ran.err
    assert "pitfallcheck/observe" not in ran.err


@pytest.fixture
def package(tmp_path: Path) -> Path:
    lay(
        tmp_path,
        {
            "tools/__init__.py": "NAME = 'tools'",
            "tools/feed.py": GENERATOR,
            "tools/train.py": """
                import sys
                from . import NAME
                from .feed import batches
                if __name__ == "__main__":
                    print(NAME, __package__, __spec__.name, __file__, sys.argv, sys.path[0], __cached__ is not None)
                    print(sum(b.sum() for b in batches()), sorted(globals()))
                    import multiprocessing
                    with multiprocessing.get_context("spawn").Pool(1) as pool: print(pool.map(len, ["ab"]))
            """,
            "tools/__main__.py": """
                from tools.train import NAME
                print("main of", NAME, __name__, __spec__.name)
            """,
        },
    )
    return tmp_path


@pytest.mark.parametrize("module", ["tools.train", "tools"])
def test_a_module_runs_as_under_python(module: str, package: Path) -> None:
    plain = python(package, "-m", module, "an", "--argument")
    seen = run(package, "--quiet", "--output", "report.txt", "-m", module, "an", "--argument")
    assert (seen.out, seen.err, seen.status) == (plain.out, plain.err, plain.status)


@pytest.mark.parametrize("place", ["program.py", "deep er/prögram.py", "other/link.py", "noext"])
def test_a_script_finds_its_own_folder(place: str, tmp_path: Path) -> None:
    text = """
        import os, sys
        print(__file__, sys.argv, sys.path[0], os.getcwd())
        import beside
        print(list(beside.gen()), [m.__file__ for m in (beside,)])
        def fail(): raise OSError
        fail()
    """
    lay(tmp_path, {"beside.py": "def gen():\n    yield [1]\n", "real/target.py": text, "real/beside.py": "gen = list"})
    if place == "other/link.py":
        (tmp_path / "other").mkdir()
        (tmp_path / place).symlink_to("../real/target.py")
    else:
        lay(tmp_path, {place: text, f"{Path(place).parent}/beside.py": "def gen():\n    yield [1]\n"})
    for call in (place, str(tmp_path / place)):
        plain = python(tmp_path, call, "x")
        seen = run(tmp_path, "--quiet", "--output", "report.txt", call, "x")
        assert (seen.out, spoken(seen.err), seen.status) == (plain.out, plain.err, plain.status)


def test_json_has_standard_output_to_itself(tmp_path: Path) -> None:
    lay(tmp_path, {"program.py": "import sys, os\nprint('out')\nos.write(1, b'raw')\nprint('err', file=sys.stderr)\n"})
    ran = report_of(tmp_path, "program.py")
    assert ran.report["findings"] == []
    assert {"out", "raw", "err"} <= set(ran.err.replace("raw", "raw\n").split())


def test_the_report_goes_to_standard_error(tmp_path: Path) -> None:
    lay(tmp_path, {"program.py": BROKEN.replace("{end}", "")})
    ran = run(tmp_path, "program.py")
    assert ran.out == "said\n"
    assert ran.err.startswith("program.py:9:")
    assert ran.status == 1


def test_paths_stay_right_where_the_program_changes_its_folder(tmp_path: Path) -> None:
    lay(tmp_path, {"deep/program.py": BROKEN.replace("{end}", "os.chdir('/'); x = list(zip(range(3), batches()))")})
    ran = report_of(tmp_path / "deep", "../deep/program.py")
    assert {found["path"] for found in ran.report["findings"]} == {"program.py"}


def test_optimisation_is_handed_on(tmp_path: Path) -> None:
    lay(tmp_path, {"program.py": "assert False\nprint(__debug__)"})
    ran = python(tmp_path, "-OO", "-m", "pitfallcheck", "run", "program.py")
    assert (ran.out, ran.status) == ("False\n", 0)


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    lay(
        tmp_path, {"program.py": "import helper; print(list(helper.gen()))", "helper.py": "def gen():\n    yield [1]\n"}
    )
    tmp_path.chmod(0o555)
    try:
        ran = run(tmp_path, "program.py")
    finally:
        tmp_path.chmod(0o755)
    assert (ran.out, ran.status) == ("[[1]]\n", 0)
