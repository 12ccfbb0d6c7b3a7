"""The static half of PF101: which programs it reports, on which lines, about what, at which level, with which fix."""

from __future__ import annotations

import ast
import re
from textwrap import dedent

import pytest
from reused_buffer_programs import BROKEN, FINE, IMPORTS

from pitfallcheck.finding import Finding
from pitfallcheck.lint.source import Source
from pitfallcheck.pitfalls.reused_buffer import PITFALL
from pitfallcheck.pitfalls.reused_buffer.static import judge

MARK = re.compile(r"# PF101 (.*)$")


def findings(program: str) -> list[Finding]:
    """What the static half says about `program`."""
    text = IMPORTS + dedent(program)
    return list(judge(Source("program.py", text, ast.parse(text))))


def announced(program: str) -> set[tuple[int, str]]:
    """The lines and subjects that `# PF101 x; y` marks in `program` announce."""
    lines = (IMPORTS + dedent(program)).splitlines()
    return {
        (number, subject.strip())
        for number, line in enumerate(lines, start=1)
        if (mark := MARK.search(line))
        for subject in mark.group(1).split(";")
    }


def reported(program: str) -> set[tuple[int, str]]:
    """The lines and subjects of the errors and warnings about `program`."""
    return {(f.location.line, f.subject) for f in findings(program) if f.fails}


@pytest.mark.parametrize("name", BROKEN)
def test_finds(name: str) -> None:
    assert reported(BROKEN[name]) == announced(BROKEN[name])


@pytest.mark.parametrize("name", FINE)
def test_is_silent(name: str) -> None:
    assert [(f.location.line, f.subject) for f in findings(FINE[name])] == []


def test_screen_lets_every_broken_program_through() -> None:
    assert all(PITFALL.may_be_in((IMPORTS + program).encode()) for program in BROKEN.values())


LEVELS = {
    "no consumer in the file": ("warning", ""),
    "two next in one call": ("error", "it = batches()\nprint(next(it), next(it))"),
    "two next, both used later": ("error", "it = batches()\na = next(it)\nb = next(it)\nprint(a, b)"),
    "list": ("error", "data = list(batches())"),
    "a list of the first few": ("error", "data = list(itertools.islice(batches(), 3))"),
    "a comprehension": ("error", "data = [x for x, y in batches()]"),
    "appended": ("error", "data = []\nfor x, y in batches():\n    data.append((x, y))"),
    "appended as a tensor": ("error", "data = []\nfor x, y in batches():\n    data.append(torch.from_numpy(x))"),
    "stored in a dict": ("error", "data = {}\nfor k, (x, y) in enumerate(batches()):\n    data[k] = x"),
    "unpacked into a call": ("error", "print(*batches())"),
    "zipped with itself": ("error", "it = batches()\nfor a, b in zip(it, it):\n    print(a, b)"),
    "put into a queue": ("error", "for batch in batches():\n    queue.put(batch)"),
    "Keras fit": ("error", "model = keras.Sequential()\nmodel.fit(batches(), steps_per_epoch=9)"),
    "Keras fit, by name": ("error", "data = batches()\nkeras.Sequential().fit(x=data)"),
    "from_generator": ("warning", "tf.data.Dataset.from_generator(batches, output_types=tf.float32)"),
    "passed on": ("warning", "train(batches())"),
    "kept for a turn": ("warning", "last = None\nfor x, y in batches():\n    print(last)\n    last = x"),
    "handed to a thread": ("warning", "for x, y in batches():\n    pool.submit(train, x)"),
    "a loop": ("note", "for x, y in batches():\n    train(x, y)"),
    "a loop over the first few": ("note", "for x, y in itertools.islice(batches(), 9):\n    train(x, y)"),
    "a loop that copies": ("note", "data = []\nfor x, y in batches():\n    data.append(x.copy())"),
    "a loop that stores into an array": (
        "note",
        "data = np.empty((9, 4))\nfor k, (x, y) in enumerate(batches()):\n    data[k] = x",
    ),
    "a loop of next": ("note", "it = batches()\nfor _ in range(9):\n    x, y = next(it)\n    train(x, y)"),
    "a loop and a list": ("error", "for x, y in batches():\n    train(x, y)\nlist(batches())"),
    "a comprehension of numbers": ("note", "data = [x.sum() for x, y in batches()]"),
    "a comprehension of items": ("error", "data = [batch[0] for batch in batches()]"),
    "a comprehension of slices": ("error", "data = [x[:2] for x, y in batches()]"),
    "a comprehension of views": ("error", "data = [x.reshape(2, 2) for x, y in batches()]"),
    "a comprehension of copies": ("note", "data = [x.copy() for x, y in batches()]"),
    "a comprehension of floats": ("note", "data = [float(x[0]) for x, y in batches()]"),
    "appended, an item": ("error", "data = []\nfor batch in batches():\n    data.append(batch[0])"),
    "appended, the number of an item": ("note", "data = []\nfor x, y in batches():\n    data.append(x[0])"),
    "a loop over enumerate": ("note", "for k, (x, y) in enumerate(batches()):\n    train(x, y)"),
    "a loop over a range and the batches": ("note", "for k, (x, y) in zip(range(9), batches()):\n    train(x, y)"),
    "a loop over iter": ("note", "for x, y in iter(batches()):\n    train(x, y)"),
    "a loop over a progress bar": ("note", "for x, y in tqdm(batches(), total=9):\n    train(x, y)"),
    "a sum of sums": ("note", "print(sum(x.sum() for x, y in batches()))"),
    "the greatest of floats": ("note", "print(max(float(x[0]) for x, y in batches()))"),
    "a generator of copies, in a list": ("note", "data = list(x.copy() for x, y in batches())"),
    "a generator of the batches, in a list": ("error", "data = list(x for x, y in batches())"),
    "a generator of the batches, in a loop": ("note", "for x in (x for x, y in batches()):\n    train(x)"),
    "a generator of what a function makes": ("warning", "data = list(work(x) for x, y in batches())"),
    "map of a function that lets go": ("note", "data = list(map(lambda b: b[0].mean(), batches()))"),
    "map of a function that keeps": ("warning", "data = list(map(lambda b: b[0], batches()))"),
    "map of a function unknown": ("warning", "data = list(map(work, batches()))"),
    "next, printed": ("note", "it = batches()\nprint(next(it))\nprint(next(it))"),
    "next, summed": ("note", "it = batches()\nnext(it)[0].sum()"),
    "next, an item as a float, returned": ("note", "def first():\n    return float(next(batches())[0][0])"),
    "two next in one call, each a float": ("note", "it = batches()\nprint(float(next(it)[1]), float(next(it)[1]))"),
    "two next in one call, the first a copy": ("note", "it = batches()\nprint(next(it)[0].copy(), next(it)[0])"),
    "two next in one call, the second a copy": ("error", "it = batches()\nprint(next(it)[0], next(it)[0].copy())"),
    "two next in one float": ("error", "it = batches()\nprint(np.sum([next(it)[0], next(it)[0]]))"),
    "two next, both sums used later": (
        "note",
        "it = batches()\na = next(it)[0].sum()\nb = next(it)[0].sum()\nprint(a, b)",
    ),
    "two next, both views used later": ("error", "it = batches()\na = next(it)[0][:2]\nb = next(it)[0]\nprint(a, b)"),
    "next, appended": ("error", "it = batches()\ndata = []\nfor _ in range(9):\n    data.append(next(it))"),
    "next, appended as a copy": (
        "note",
        "it = batches()\ndata = []\nfor _ in range(9):\n    data.append(next(it)[0].copy())",
    ),
    "next, stored in a dict": ("error", "it = batches()\ndata = {}\nfor k in range(9):\n    data[k] = next(it)"),
    "next, stored in an array": (
        "note",
        "it = batches()\ndata = np.empty((9, 4))\nfor k in range(9):\n    data[k] = next(it)[0]",
    ),
    "next, a sum kept": (
        "note",
        "it = batches()\ndata = []\nfor k in range(9):\n    s = next(it)[0].sum()\n    data.append(s)",
    ),
    "next, until it stops": (
        "note",
        "it = batches()\nwhile True:\n    try:\n        x, y = next(it)\n"
        "    except StopIteration:\n        break\n    train(x, y)",
    ),
    "next, until it stops, and kept": (
        "error",
        "it = batches()\ndata = []\nwhile True:\n    try:\n        x, y = next(it)\n"
        "    except StopIteration:\n        break\n    data.append(x)",
    ),
    "next, then a loop over the rest": (
        "note",
        "it = batches()\nx, y = next(it)\nprint(x)\nfor x, y in it:\n    train(x, y)",
    ),
    "next, still used in a loop over the rest": (
        "error",
        "it = batches()\nx, y = next(it)\nfor batch in it:\n    train(x, batch)",
    ),
    "next, copied for a loop over the rest": (
        "note",
        "it = batches()\nx = next(it)[0].copy()\nfor batch in it:\n    train(x, batch)",
    ),
    "next, for the shape in a loop over the rest": (
        "note",
        "it = batches()\nx, y = next(it)\nfor batch in it:\n    train(x.shape, batch)",
    ),
    "next, while there is one": ("note", "it = batches()\nwhile (b := next(it, None)) is not None:\n    train(b)"),
    "next, while there is one, and kept": (
        "error",
        "it = batches()\ndata = []\nwhile (b := next(it, None)) is not None:\n    data.append(b)",
    ),
}


@pytest.mark.parametrize("name", LEVELS)
def test_level_by_consumer(name: str) -> None:
    level, consumer = LEVELS[name]
    program = "def batches():\n    x = np.zeros(4)\n    while True:\n        x += 1\n        yield x, x.sum()\n"
    assert [(f.subject, f.level) for f in findings(program + consumer)] == [("x", level)]


ARRAYS = {
    "a sum": ("note", "print(sum(batches()))"),
    "a sum with a start": ("warning", "print(sum(batches(), start))"),
    "the greatest": ("warning", "print(max(batches(), key=len))"),
    "map of a sum": ("note", "data = list(map(np.sum, batches()))"),
    "map of a copy": ("note", "for x in map(np.copy, batches()):\n    print(x)"),
    "map of a view": ("warning", "data = list(map(np.transpose, batches()))"),
    "next, summed": ("note", "it = batches()\nnext(it).sum()"),
    "next, a number of it": ("note", "it = batches()\nprint(float(next(it)[0]))"),
    "two numbers of two": ("note", "it = batches()\nprint(float(next(it)[0]), float(next(it)[0]))"),
    "two in one call": ("error", "it = batches()\nprint(next(it), next(it))"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_level_by_consumer_of_bare_arrays(name: str) -> None:
    level, consumer = ARRAYS[name]
    program = "def batches():\n    x = np.zeros(4)\n    while True:\n        x += 1\n        yield x\n"
    assert [(f.subject, f.level) for f in findings(program + consumer)] == [("x", level)]


LOADERS = {
    "DataLoader, several items": ("error", "torch.utils.data.DataLoader(Data(), batch_size=8)"),
    "DataLoader, items alone": ("warning", "torch.utils.data.DataLoader(Data())"),
    "Keras, one worker": ("warning", "keras.Sequential().fit(Data())"),
    "Keras, several workers": ("error", "keras.Sequential().fit(Data(), workers=4)"),
    "a loop": ("note", "for x in Data():\n    print(x)"),
    "a list": ("error", "data = list(Data())"),
    "items of a name": ("error", "data = Data()\nitems = [data[k] for k in range(9)]"),
}


@pytest.mark.parametrize("name", LOADERS)
def test_level_by_consumer_of_items(name: str) -> None:
    level, consumer = LOADERS[name]
    program = """
class Data:
    def __init__(self):
        self.x = np.zeros(4)
    def __getitem__(self, k):
        self.x[:] = k
        return self.x
"""
    assert [(f.subject, f.level) for f in findings(program + consumer)] == [("self.x", level)]


def repaired(program: str) -> str:
    """`program` with every fix applied."""
    lines = (IMPORTS + dedent(program)).splitlines(keepends=True)
    edits = {edit for finding in findings(program) if finding.fix for edit in finding.fix.edits}
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        assert edit.start[0] == edit.end[0]
        line, first, last = lines[edit.start[0] - 1], edit.start[1] - 1, edit.end[1] - 1
        lines[edit.start[0] - 1] = line[:first] + edit.replacement.format(line[first:last]) + line[last:]
    return "".join(lines).removeprefix(IMPORTS)


UNFIXED = {
    "a dict of buffers",
    "a dict comprehension of buffers",
    "a tf.Variable",
}
"""Where a copy at the hand-over is no plain edit."""


@pytest.mark.parametrize("name", BROKEN)
def test_fix_ends_the_finding(name: str) -> None:
    after = {f.subject for f in findings(repaired(BROKEN[name]))}
    assert bool(after) == (name in UNFIXED)


def test_fix_copies_tensors_with_clone() -> None:
    assert "yield torch.from_numpy(x).clone()" in repaired(BROKEN["from_numpy"])
    assert "yield x.clone()" in repaired(BROKEN["torch"])


def test_fix_of_a_named_tuple_of_arrays_goes_where_it_is_made() -> None:
    assert "batch = (x.copy(), x.sum())\n" in repaired(BROKEN["a tuple with a name"])


def test_finding_names_the_lines_and_the_buffer() -> None:
    (finding,) = [f for f in findings(BROKEN["a view by expand_dims"]) if f.subject == "mean_ex"]
    assert finding.message == (
        "`mean_ex`, which shares the memory of `mean`, is handed out by every `yield` and written again for the next "
        "batch: it is allocated once, before the loop"
    )
    assert finding.remedy == "Yield a copy (`mean_ex.copy()`), or allocate `mean` anew for each batch"
    assert [(e.kind, e.line) for e in finding.evidence] == [("allocated", 9), ("rewritten", 12)]
    assert (finding.location.line, finding.location.column) == (14, 21)
    assert finding.scope == (7, 14)


PLACES = {
    "a closure": "it is allocated once, in `make`",
    "a global": "it is allocated once, by the module",
    "a class attribute": "it is allocated once, for the class `Batches`",
    "__getitem__": "it is allocated once, in `__init__`",
    "allocated for the first batch only": "it is allocated once, not for every batch",
    "buffers from a function of the file": "it is allocated once, before the loop",
    "a ring of two": "its buffers are allocated once each, before the loop",
}


@pytest.mark.parametrize("name", PLACES)
def test_message_says_where_the_memory_comes_from(name: str) -> None:
    assert {f.message.partition("batch: ")[2] for f in findings(BROKEN[name])} == {PLACES[name]}
