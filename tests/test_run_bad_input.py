"""Bad input to `pitfallcheck run`: one clear line, the right status, and nothing of the rest lost."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from programs import COMMAND, environment, lay, python, report_of, run

FEED = """
import numpy as np

def train_iterator(batch_size=4):
    x = np.zeros((batch_size, 2))
    while True:
        x[:] = np.random.rand(batch_size, 2)
        yield x

def needs(batch_size, rate):
    yield np.zeros((batch_size, 2)) * rate

def raises():
    yield np.zeros(2)
    yield np.ones(2)
    raise OSError("the disk is gone")

LOADER = [np.zeros(2)]
NUMBER = 3
"""

WRONG_CALLS: dict[str, tuple[dict[str, str | bytes], tuple[str, ...], str]] = {
    "a missing file": ({}, ("none.py",), "none.py: no such file"),
    "a folder": ({"folder/x.py": ""}, ("folder",), "folder is a folder"),
    "a syntax error": ({"p.py": "x = 1\ndef f(:\n"}, ("p.py",), "p.py:2: "),
    "bytes that are not UTF-8": ({"p.py": b"# caf\xe9\nprint(1)\n"}, ("p.py",), "p.py:1: "),
    "null bytes": ({"p.py": b"x = 1\0\n"}, ("p.py",), "p.py"),
    "10,000 nested brackets": ({"p.py": "x = " + "(" * 10_000 + ")" * 10_000}, ("p.py",), "p.py"),
    "a missing module": ({}, ("-m", "there.is_none"), "there.is_none"),
    "a package without main": ({"pack/__init__.py": ""}, ("-m", "pack"), "pack"),
    "a built-in module": ({}, ("-m", "sys"), "sys"),
    "no target": ({}, (), "TARGET"),
    "no number of batches": ({"p.py": ""}, ("--batches", "0", "p.py"), "--batches"),
    "no time": ({"p.py": ""}, ("--timeout", "-1", "p.py"), "--timeout"),
    "a time that is no number": ({"p.py": ""}, ("--timeout", "nan", "p.py"), "--timeout"),
    "an unknown code": ({"p.py": ""}, ("--select", "PF999", "p.py"), "PF999"),
    "a folder that is not there for the report": ({"p.py": ""}, ("--output", "no/r.txt", "p.py"), "no/r.txt"),
    "a generator that is not there": ({"p.py": FEED}, ("p.py::missing",), "p.py defines no `missing`"),
    "a generator of a missing file": ({}, ("p.py::missing",), "p.py: no such file"),
    "no generator named": ({"p.py": FEED}, ("p.py::",), "p.py::"),
    "a generator that needs arguments": (
        {"p.py": FEED},
        ("p.py::needs",),
        "`needs` in p.py needs arguments `batch_size`, `rate`: say how with `--call",
    ),
    "something that is no generator": ({"p.py": FEED}, ("p.py::NUMBER",), "`NUMBER` in p.py is an int"),
    "a call that raises": ({"p.py": FEED}, ("--call", "needs(1/0)", "p.py"), "ZeroDivisionError"),
    "a call of nothing": ({"p.py": FEED}, ("--call", "missing(3)", "p.py"), "missing"),
    "a call that is no expression": ({"p.py": FEED}, ("--call", "x = (", "p.py"), "SyntaxError"),
    "a call with the wrong arguments": ({"p.py": FEED}, ("--call", "needs(wrong=3)", "p.py"), "TypeError"),
    "a call that exits": ({"p.py": FEED}, ("--call", "exit(5)", "p.py"), "SystemExit"),
}


@pytest.mark.parametrize("name", WRONG_CALLS)
def test_a_wrong_call_is_told_in_one_line(name: str, tmp_path: Path) -> None:
    files, call, said = WRONG_CALLS[name]
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(text if isinstance(text, bytes) else text.encode())
    ran = run(tmp_path, *call)
    told = [line for line in ran.err.splitlines() if line]
    assert ran.status == 2, ran
    assert said in told[-1], ran.err
    assert told[-1].startswith("pitfallcheck: "), ran.err
    assert "Traceback" not in ran.err
    assert len(told) == 1


FINE: dict[str, tuple[str | bytes, str]] = {
    "an empty file": ("", ""),
    "no generator": ("print(1)", "1\n"),
    "declared Latin-1": ("# -*- coding: latin-1 -*-\nprint('é' == chr(233))\n".encode("latin-1"), "True\n"),
    "a byte order mark": ("\ufeffprint(1)\n", "1\n"),
    "Windows line ends and no final one": ("def g():\r\n    yield [1]\r\nprint(list(g()))", "[[1]]\n"),
    "form feeds and tabs": ("\fdef g():\n\tyield [1]\n\f\nprint(list(g()))", "[[1]]\n"),
}


@pytest.mark.parametrize("name", FINE)
def test_an_odd_file_is_run(name: str, tmp_path: Path) -> None:
    text, out = FINE[name]
    (tmp_path / "program.py").write_bytes(text if isinstance(text, bytes) else text.encode())
    ran = run(tmp_path, "program.py")
    assert (ran.out, ran.status) == (out, 0), ran


UNWATCHABLE: dict[str, tuple[str, str | None]] = {
    "nothing": ("yield None", "its batches hold no arrays (the first is None)"),
    "an int": ("yield 3", "its batches hold no arrays (the first is an int)"),
    "strings": ("yield 'ab'", "its batches hold no arrays (the first is a str)"),
    "lists of lists": ("yield [[1, 2], [3, 4]]", "its batches hold no arrays (the first is a list)"),
    "bytes": ("yield b'ab'", "its batches hold no arrays (the first is a bytes)"),
    "a list that holds itself": ("x = [1]; x.append(x); yield x", "its batches hold no arrays (the first is a list)"),
    "no batch": ("return\n    yield", "it ended without a batch"),
    "an exception at once": (
        "raise OSError('gone')\n    yield",
        "it raised OSError: gone (program.py:5) after no batch",
    ),
    "an exception on the third batch": (
        "yield np.zeros(2)\n    yield np.ones(2)\n    raise OSError('gone')",
        "it raised OSError: gone (program.py:7) after 2 batches",
    ),
    "an exit": (
        "yield np.zeros(2)\n    import sys; sys.exit(5)",
        "it raised SystemExit: 5 (program.py:6) after the first",
    ),
    "a StopIteration": ("next(iter(()))\n    yield", "it raised RuntimeError: generator raised StopIteration"),
    "a hang": ("while True: pass\n    yield", "no batch within 1 s after no batch at all"),
    "a hang on the second batch": (
        "import time\n    yield np.zeros(2)\n    time.sleep(60)\n    yield 1",
        "no batch within 1 s after the first batch",
    ),
    "object arrays": ("yield np.array([{}, None, 'x'], dtype=object)", None),
    "ragged tuples": ("for i in range(9): yield tuple(np.zeros(n) for n in range(i))", None),
    "structured dtypes": ("yield np.zeros(3, [('a', 'f4'), ('b', 'O')]); yield np.zeros(3, 'i4, 3f8')", None),
    "read-only arrays": ("x = np.zeros(3); x.flags.writeable = False; yield x; yield x", None),
    "memory-mapped arrays": (
        "x = np.memmap('m.bin', 'f4', 'w+', shape=(8, 2))\n    for i in range(8): yield x[i]",
        None,
    ),
    "0-d arrays": ("for i in range(5): yield np.array(float(i))", None),
    "empty arrays": ("for i in range(5): yield np.zeros((0, 3)), np.zeros((3, 0))", None),
    "4 GB views by stride tricks": (
        "x = np.lib.stride_tricks.as_strided(np.zeros(1), (2**29,), (0,))\n    for i in range(5): yield x",
        None,
    ),
    "views of overlapping windows": (
        "x = np.arange(1e5)\n    for i in range(5): yield np.lib.stride_tricks.sliding_window_view(x, 9999)",
        None,
    ),
    "masked arrays": ("for i in range(5): yield np.ma.array(np.zeros(3), mask=[0, 1, 0])", None),
    "dates": ("for i in range(5): yield np.array(['2020-01-01'], 'M8[D]'), np.array([3], 'm8[s]')", None),
    "texts": ("for i in range(5): yield np.array(['a', 'bc']), np.array([b'a'])", None),
    "numpy scalars": ("for i in range(5): yield np.float32(i)", "its batches hold no arrays (the first is a float32)"),
    "matrices and records": ("for i in range(5): yield np.asmatrix(np.eye(2)), np.rec.array([(1, 2.0)])", None),
    "negative strides and Fortran order": (
        "for i in range(5): yield np.arange(9)[::-2], np.asfortranarray(np.eye(3))",
        None,
    ),
    "many arrays": ("for i in range(5): yield [np.zeros(1) for _ in range(5000)]", None),
    "a deep nest": (
        "import functools\n    for i in range(3): yield functools.reduce(lambda x, _: [x], range(40), np.zeros(1))",
        None,
    ),
    "half and long floats, complex, bool": (
        "yield [np.zeros(2, t) for t in ('f2', 'g', 'c16', '?', 'V3', '>i2')]",
        None,
    ),
    "an object that lies about itself": (
        "class Odd:\n        __array_interface__ = property(lambda s: 1/0)\n"
        "        def __getattr__(self, name): raise RuntimeError(name)\n    yield Odd(); yield Odd()",
        "its batches hold no arrays (the first is an Odd)",
    ),
    "a dict that raises": (
        "from collections.abc import Mapping\n    class M(Mapping):\n        def __getitem__(s, k): raise KeyError(k)\n"
        "        def __iter__(s): return iter('ab')\n        def __len__(s): return 2\n    yield M(); yield M()",
        "",
    ),
}


@pytest.mark.parametrize("name", UNWATCHABLE)
def test_an_odd_generator_is_named_with_the_reason_or_watched(name: str, tmp_path: Path) -> None:
    body, why = UNWATCHABLE[name]
    lay(tmp_path, {"program.py": f"import numpy as np\n\ndef odd():\n    a = 0\n    {body}\n\nprint('done')\n"})
    ran = report_of(tmp_path, "--timeout", "1", "program.py")
    assert ran.err.splitlines()[0] == "done"
    assert "Traceback" not in ran.err
    assert "itself failed" not in ran.err
    if why is None:
        assert ran.skipped == {}
        assert ran.report["findings"] == []
    elif why:
        assert why in ran.skipped["odd()"]
    assert ran.status == 0


def test_a_generator_named_in_the_target_is_pulled_without_running_the_program(tmp_path: Path) -> None:
    lay(tmp_path, {"feed.py": FEED + "\nprint(__name__)\nif __name__ == '__main__': 1 / 0\n"})
    ran = report_of(tmp_path, "--batches", "5", "feed.py::train_iterator")
    assert ran.found == [("PF101", "error", 8)]
    assert ran.report["checked"]["batches"] == 5
    assert "feed\n" in ran.err


def test_a_call_says_how_to_make_a_generator(tmp_path: Path) -> None:
    lay(tmp_path, {"feed.py": FEED})
    ran = report_of(tmp_path, "--call", "train_iterator(batch_size=8)", "--call", "needs(2, rate=3)", "feed.py")
    assert ("PF101", "error", 8) in ran.found
    assert "of 8 rows" in ran.report["findings"][0]["message"]
    assert list(ran.skipped) == ["raises()"]


def test_a_loader_of_the_program_can_be_pulled(tmp_path: Path) -> None:
    lay(tmp_path, {"feed.py": FEED})
    assert report_of(tmp_path, "--ignore", "PF101", "feed.py::LOADER").skipped == {}


IN_VAIN = {
    "that raises": ("yield np.ones(2)\n    raise ValueError('no file')", 2, "it raised ValueError: no file"),
    "that ends at once": ("return\n    yield", 2, "it ended without a batch"),
    "of no arrays": ("yield 'text'", 2, "its batches hold no arrays"),
    "that is finite": ("yield np.ones(2)", 0, ""),
    "that raises after a finding": ("x = np.zeros(2)\n    for x[0] in range(3): yield x\n    1 / 0", 1, "it raised"),
}


@pytest.mark.parametrize("case", IN_VAIN)
def test_a_generator_asked_for_that_could_not_be_looked_at_does_not_pass(case: str, tmp_path: Path) -> None:
    body, status, why = IN_VAIN[case]
    lay(tmp_path, {"feed.py": f"import numpy as np\ndef feed():\n    {body}\n"})
    for asked in (["feed.py::feed"], ["--call", "feed()", "feed.py"]):
        ran = report_of(tmp_path, *asked)
        assert ran.status == status
        assert [why in text for text in ran.skipped.values()] == ([True] if why else [])


def test_what_a_signal_ended_is_said(tmp_path: Path) -> None:
    lay(tmp_path, {"p.py": "import os\nos.kill(os.getpid(), 11)\n"})
    ran = run(tmp_path, "p.py")
    assert (ran.status, ran.err.splitlines()[0]) == (139, "pitfallcheck: the program was killed by SIGSEGV")


def test_a_batch_with_a_name_is_told_by_the_names_in_it(tmp_path: Path) -> None:
    text = """
        import numpy as np
        def feed():
            x, y = np.zeros((4, 2)), np.zeros(4)
            while True:
                x[:] = np.random.random((4, 2))
                y[:] = x.sum(axis=1)
                batch = (x, y)
                yield batch
    """
    lay(tmp_path, {"feed.py": text})
    findings = report_of(tmp_path, "feed.py").report["findings"]
    assert [found["message"].partition(" was")[0] for found in findings] == ["`x`", "`y`"]
    assert all(found["sources"] == ["static", "runtime"] for found in findings)


def test_a_generator_that_hangs_in_the_program_ends_it(tmp_path: Path) -> None:
    text = FEED + (
        "\nimport time\ndef slow():\n    yield np.zeros(2)\n    time.sleep(60)\n    yield np.zeros(2)\n"
        "pairs = list(zip(range(3), train_iterator()))\nlist(slow())\n"
    )
    lay(tmp_path, {"program.py": text})
    ran = report_of(tmp_path, "--timeout", "1", "program.py")
    assert ("PF101", "error", 8) in ran.found
    assert "slow() gave no batch within 1 s" in ran.skipped["program.py"]
    assert ran.status == 1


WAITING = (
    FEED + "\nimport time\npairs = list(zip(range(3), train_iterator()))\nprint('ready', flush=True)\ntime.sleep(30)\n"
)


@pytest.mark.parametrize("whom", ["the group", "the parent"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_found_is_reported_after_a_signal(whom: str, number: signal.Signals, tmp_path: Path) -> None:
    lay(tmp_path, {"program.py": WAITING})
    process = subprocess.Popen(
        [COMMAND, "run", "program.py"],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    (os.killpg if whom == "the group" else os.kill)(process.pid, number)
    _, err = process.communicate(timeout=20)
    assert "PF101 reused-buffer" in err
    assert "while their consumer still held them" in err
    assert process.returncode == 128 + number
    assert ("KeyboardInterrupt" in err) == (number == signal.SIGINT)


def test_ctrl_c_while_a_generator_is_pulled(tmp_path: Path) -> None:
    lay(
        tmp_path,
        {"program.py": FEED + "\ndef stuck():\n    print('ready', flush=True)\n    while True: pass\n    yield\n"},
    )
    process = subprocess.Popen(
        [COMMAND, "run", "program.py"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "ready\n", "what a pulled generator prints is none of the program's output"
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert "PF101 reused-buffer" in err
    assert "Traceback" not in err
    assert process.returncode == 130


def test_no_folder_is_left_behind(tmp_path: Path) -> None:
    lay(tmp_path, {"program.py": "import os; os._exit(3)", "tmp/keep": ""})
    run(tmp_path, "program.py", TMPDIR=str(tmp_path / "tmp"))
    assert [path.name for path in (tmp_path / "tmp").iterdir()] == ["keep"]


def test_a_program_may_remove_every_temporary_file(tmp_path: Path) -> None:
    text = WAITING.replace(
        "time.sleep(30)", "import shutil, os; shutil.rmtree(os.environ['TMPDIR']); x = next(train_iterator())"
    )
    lay(tmp_path, {"program.py": text, "tmp/keep": ""})
    ran = run(tmp_path, "program.py", TMPDIR=str(tmp_path / "tmp"))
    assert "Traceback" not in ran.err
    assert ran.out == "ready\n"
    assert "the program removed the temporary folder" in ran.err


def test_pulling_leaves_output_and_random_state_to_the_program(tmp_path: Path) -> None:
    text = """
        import atexit, random
        import numpy as np
        np.random.seed(0); random.seed(0)
        def feed():
            while True:
                print("pulled", np.random.random(), random.random())
                yield np.random.random(3)
        atexit.register(lambda: print("at exit", np.random.random(), random.random()))
    """
    lay(tmp_path, {"program.py": text})
    assert run(tmp_path, "program.py").out == python(tmp_path, "program.py").out


def test_one_generator_of_many_is_reported_alone(tmp_path: Path) -> None:
    text = """
        import numpy as np
        def broken():
            x = np.zeros(3)
            while True:
                x[:] = np.random.random(3)
                yield x
        def fine():
            while True:
                yield np.random.random(3)
        class Items:
            def __init__(self, n): self.n, self.x = n, np.zeros(2)
            def __len__(self): return self.n
            def __getitem__(self, i):
                self.x[:] = i
                return self.x
    """
    lay(tmp_path, {"feed.py": text})
    assert report_of(tmp_path, "feed.py::fine").found == []
    assert report_of(tmp_path, "feed.py::broken").found == [("PF101", "error", 7)]
    ran = run(tmp_path, "feed.py::Items")
    assert (ran.status, '--call "Items(n=...)"' in ran.err) == (2, True)
