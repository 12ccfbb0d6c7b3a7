"""The table that `run --report` adds: what was looked at, which checks had something to judge, and what was skipped."""

from __future__ import annotations

import json

from lint_sources import Shell

from pitfallcheck.finding import Skipped
from pitfallcheck.judge import had_events, judge_events
from pitfallcheck.observe.events import Consumer, DataFed, Event, Leaf, Place, SourceWatched
from pitfallcheck.observe.learning import (
    AffineFit,
    Conditioning,
    Curvature,
    Forecast,
    Losses,
    Optimizer,
    PredictionSeen,
    TrainingSeen,
)
from pitfallcheck.observe.values import Values
from pitfallcheck.report.looked import Row, render, rows

AT = Place("/home/ada/train.py", 20, "main")

TRAINING = TrainingSeen(
    key="training:1",
    framework="torch",
    model="SimpleLinear",
    at=AT,
    made=Place("/home/ada/train.py", 12),
    compiled=None,
    parameters=3,
    loss="MSELoss",
    loss_kind="mse",
    batch=1000,
    steps=100,
    optimizer=Optimizer("sgd", "SGD", 0.01, at=Place("/home/ada/train.py", 13)),
    losses=Losses(100, 81.5, 0.006, 0.006),
    curvature=Curvature(71.5, 0.02797),
    forecast=Forecast(100, 81.5, 0.0, 0.006),
    affine=AffineFit(1000, 2, 1, 66.1, 0.0, 1.0),
    inputs=Conditioning(1000, 2, 35.7, 1.1),
    baseline=66.1,
    layers=("Linear",),
)

EVENTS: list[Event] = [
    SourceWatched(
        "source:1",
        "generator",
        AT,
        10,
        (Leaf("x", (64, 2), "float32", values=Values(10, 640, 2, (0.0, -1.0), (99.0, 5.5))),),
        Consumer("library", "keras", True, AT),
        Place("/home/ada/train.py", 4, "train_iterator"),
    ),
    DataFed("fed:1", AT, "fit", "net", (Leaf("x", (64, 2), "float32"),), shuffled=True),
    TRAINING,
    PredictionSeen("asked:1", AT, "net", "predict", 3, 2, ()),
]


def seen(table: list[Row]) -> str:
    return render(table)


def test_every_kind_of_event_has_its_lines() -> None:
    text = seen(
        rows(EVENTS, {"PF101 reused-buffer": True, "PF201 flat-target": False}, [Skipped("fit", "no gradient")])
    )
    for expected in (
        "batches               10 batches of `train_iterator` to keras (train.py:20)",
        "`x` (64, 2) float32, -1 to 99 in 640 samples",
        "data                  `net.fit` (train.py:20), shuffled",
        "model                 `SimpleLinear` of Linear, 3 parameters (train.py:12)",
        "loss                  `MSELoss`, 81.5 at first, 0.006 at the end of 100 values, 66.1 for the best constant",
        "best affine fit       mean squared error 0 (R² 1.0000), best constant 66.1, on 1000 samples",
        "learning rate         0.01 (SGD, train.py:13), stable below 0.02797, a loss of 0.006 is foreseen after 100",
        "inputs                condition number 35.7, 1.1 once standardised",
        "predictions           `net.predict` (train.py:20): 3 samples, 2 outside the trained range",
        "checked               PF101 reused-buffer",
        "nothing to judge for  PF201 flat-target",
        "skipped               fit: no gradient",
    ):
        assert expected in text


def test_the_table_fits_a_narrow_terminal() -> None:
    text = render(rows(EVENTS, {f"PF{n} some-name": True for n in range(101, 130)}, []), 80)
    assert max(map(len, text.splitlines())) <= 80


def test_nothing_looked_at_is_no_table() -> None:
    assert render(rows([], {}, [])) == ""


def test_a_check_has_looked_where_there_was_an_event_it_judges() -> None:
    judge_events(EVENTS, ["PF101", "PF203"])
    assert had_events(EVENTS, ["PF101", "PF203"]) == {"PF101 reused-buffer": True, "PF203 lambda-output-shape": False}


def test_run_prints_the_table_on_request_only(shell: Shell) -> None:
    program = (
        "import numpy as np\ndef batches():\n    for i in range(3):\n        yield np.full(4, i)\nlist(batches())\n"
    )
    shell.write("p.py", program)
    assert "Looked at:" not in shell("run", "p.py").err
    told = shell("run", "--report", "p.py").err
    assert "3 batches of `batches` to the program (p.py:4)" in told
    shell("run", "--report", "--format", "json", "--output", "report.json", "p.py")
    report = json.loads((shell.folder / "report.json").read_text("utf-8"))
    assert report["looked"][0]["about"] == "batches"
