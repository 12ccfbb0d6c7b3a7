"""Reports: the layout of the text, held against golden files, and the keys of the JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from golden_files import assert_golden

from pitfallcheck import __version__, catalog
from pitfallcheck.finding import Edit, Evidence, Finding, Fix, Location, Skipped
from pitfallcheck.pitfall import Pitfall
from pitfallcheck.report import catalogue, text
from pitfallcheck.report import json as json_report
from pitfallcheck.report.wording import count_of

PROGRAM = """import numpy as np

def train_iterator(batch_size, rng):
    while True:
        x = np.zeros((batch_size, 2))

        for i in range(batch_size):

            x[i][0] = rng.integers(0, 100)
"""

MEASURED = Finding(
    code="PF101",
    name="reused-buffer",
    level="error",
    location=Location("mygen.py", 14, 9, 14, 20),
    message="`x` was rewritten after it was yielded: 9 of 10 batches changed while the consumer still held them "
    "(batch 1: 64 of 64 rows)",
    remedy="yield a copy, or allocate `x` inside the loop",
    subject="x",
    evidence=(
        Evidence("allocated", "allocated once, before the loop", "mygen.py", 5),
        Evidence("rewritten", "rewritten here, for the next batch", "mygen.py", 9),
        Evidence(
            "measured",
            "keras fit received 10 of 10 batches with another batch's inputs (the buffer starts on a 64-byte boundary, "
            "where TensorFlow keeps NumPy's memory; elsewhere it would copy)",
        ),
    ),
    sources=("static", "runtime"),
    fix=Fix((Edit((14, 9), (14, 10), "{}.copy()"),)),
)
HAZARD = Finding(
    code="PF201",
    name="flat-target",
    level="warning",
    location=Location("a/very/long/path/to/the/package/of/somebody/training/on/images/generators.py", 3, 1),
    message="`y` has shape (64,) and the model ends in `Dense(1)`",
    remedy="yield `y[:, None]`",
    evidence=(Evidence("yielded", "yielded here", "a/very/long/path/to/the/package/of/somebody/generators.py", 3),),
)
NOTE = replace(MEASURED, level="note", location=Location("mygen.py", 20, 1), evidence=(), fix=None)
FINDINGS = [MEASURED, HAZARD, NOTE]


@pytest.fixture(autouse=True)
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program that the findings are about, in the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("mygen.py").write_text(PROGRAM)


@pytest.mark.parametrize(
    ("name", "findings", "width", "color"),
    [
        ("worked_out_110.txt", [MEASURED], 110, False),
        ("worked_out_80.txt", [MEASURED], 80, False),
        ("all_levels_40.txt", FINDINGS, 40, False),
        ("all_levels_piped.txt", FINDINGS, None, False),
        ("all_levels_color.txt", FINDINGS, 80, True),
    ],
)
def test_text_is_laid_out(name: str, findings: list[Finding], width: int | None, color: bool) -> None:
    rendered = text.render(findings, width=width, color=color)
    assert_golden(name, rendered)


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = text.render([MEASURED, NOTE], width=width).splitlines()
    assert max(len(line) for line in lines) <= width


def test_a_headline_is_one_line_where_there_is_no_terminal() -> None:
    lines = text.render(FINDINGS).splitlines()
    assert [line for line in lines if ": PF" in line] == [text.headline(finding) for finding in FINDINGS]


@pytest.mark.parametrize(
    ("message", "remedy", "said"),
    [
        ("x is seen", "mend it", "X is seen. Mend it."),
        ("`x` is seen.", "`y` mends it", "`x` is seen. `y` mends it."),
        ("is it?", "look there!", "Is it? Look there!"),
        ("x_mean is seen", "", "x_mean is seen."),
        ("2 of 3 changed", "yield a copy. Or allocate anew", "2 of 3 changed. Yield a copy. Or allocate anew."),
    ],
)
def test_a_headline_is_made_of_sentences(message: str, remedy: str, said: str) -> None:
    finding = replace(MEASURED, message=message, remedy=remedy)
    assert text.headline(finding) == f"mygen.py:14:9: PF101 reused-buffer: {said}"


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ([MEASURED], "1 error. `pitfallcheck explain PF101` says more; "),
        ([MEASURED, MEASURED], "2 errors. `pitfallcheck explain PF101` says more; "),
        ([HAZARD, MEASURED, NOTE, NOTE], "1 error, 1 warning, 2 notes. `pitfallcheck explain PF101` (or PF201) says"),
        ([NOTE], "1 note. `pitfallcheck explain PF101` says more; "),
    ],
)
def test_the_closing_line_counts(findings: list[Finding], said: str) -> None:
    assert text.summary(findings).startswith(said)
    assert text.summary(findings).endswith("silence with `# pitfallcheck: ignore[reused-buffer]`.")


def test_what_was_skipped_can_stand_in_the_text() -> None:
    assert text.render([], skipped=[Skipped("gen()", "it needs arguments")]) == "skipped: gen(): it needs arguments\n"
    assert text.render([]) == ""


def test_a_source_line_is_read_anew() -> None:
    text.render([MEASURED])
    Path("mygen.py").write_text(PROGRAM.replace("np.zeros", "np.empty_like"))
    assert "np.empty_like" in text.render([MEASURED])


def test_json_has_the_keys_it_promised() -> None:
    rendered = json_report.render(FINDINGS, skipped=[Skipped("b.py", "not UTF-8")], checked={"files": 2})
    report = json.loads(rendered)
    assert list(report) == ["version", "findings", "skipped", "checked"]
    assert report["version"] == __version__
    assert report["skipped"] == [{"what": "b.py", "why": "not UTF-8"}]
    assert report["checked"] == {"files": 2}
    first, _, third = report["findings"]
    assert first["evidence"][0] == {
        "kind": "allocated",
        "path": "mygen.py",
        "line": 5,
        "text": "allocated once, before the loop",
    }
    assert first["evidence"][2]["path"] is first["evidence"][2]["line"] is None
    del first["evidence"]
    assert first == {
        "code": "PF101",
        "name": "reused-buffer",
        "level": "error",
        "path": "mygen.py",
        "line": 14,
        "column": 9,
        "end_line": 14,
        "end_column": 20,
        "message": MEASURED.message,
        "remedy": MEASURED.remedy,
        "sources": ["static", "runtime"],
        "fix": "safe",
    }
    assert third["fix"] is None
    unsafe = replace(MEASURED, fix=Fix((), safe=False))
    assert json.loads(json_report.render([unsafe], checked={}))["findings"][0]["fix"] == "unsafe"


PITFALLS = [
    Pitfall(
        "PF101",
        "reused-buffer",
        "an array is written again before its consumer is done with it",
        ((b"a",),),
        True,
        "safe",
    ),
    Pitfall("PF108", "non-finite-batch", "NaN or infinity in a batch", None, True),
    Pitfall("PF211", "unstable-log", "a logarithm of a softmax", ((b"log",),), False, "unsafe"),
]


@pytest.mark.parametrize(("name", "width"), [("table_80.txt", 80), ("table_piped.txt", None), ("table_40.txt", 40)])
def test_the_table_is_laid_out(name: str, width: int | None) -> None:
    assert_golden(name, catalogue.table(PITFALLS, width=width))


@pytest.mark.parametrize("code", list(catalog.pitfalls()))
def test_an_explanation_is_the_docstring_and_says_how_to_silence(code: str) -> None:
    pitfall = catalog.find(code)
    shown = catalogue.explanation(pitfall)
    assert shown.startswith(f"{code} {pitfall.name}")
    assert pitfall.explanation.strip().splitlines()[-1] in shown
    assert shown.endswith(f"# pitfallcheck: ignore[{pitfall.name}]`.")
    assert "\x1b" not in shown
    assert "\x1b[1mWhat it is\x1b[0m\n" in catalogue.explanation(pitfall, color=True)


@pytest.mark.parametrize(("number", "said"), [(0, "0 files"), (1, "1 file"), (2, "2 files")])
def test_numbers_agree_with_their_nouns(number: int, said: str) -> None:
    assert count_of(number, "file") == said
