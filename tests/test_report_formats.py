"""The formats that machines read: valid by their schemas, escaped as their readers expect, stable fingerprints."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from pitfallcheck import __version__, catalog
from pitfallcheck.finding import Edit, Evidence, Finding, Fix, Location, Skipped
from pitfallcheck.report import catalogue, concise, github, gitlab, junit, sarif, statistics

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-schema-2.1.0.json").read_text("utf-8"))
PROGRAM = "x = np.zeros(3)\nfor i in range(9):\n    yield x + 1\n    yield x + 1\n"

ERROR = Finding(
    code="PF101",
    name="reused-buffer",
    level="error",
    location=Location("src/gen.py", 3, 11, 3, 16),
    message="`x` is handed out, and 100% of it: <again>",
    remedy="yield a copy",
    subject="x",
    evidence=(
        Evidence("allocated", "allocated once", "src/gen.py", 1),
        Evidence("measured", "9 of 10 batches"),
    ),
    fix=Fix((Edit((3, 11), (3, 16), "{}.copy()"),)),
)
SAME = replace(ERROR, location=Location("src/gen.py", 4, 11, 4, 16), fix=None, evidence=())
WARNING = replace(
    ERROR, code="PF201", name="flat-target", level="warning", location=Location("a b,c:é.py", 7), evidence=(), fix=None
)
NOTE = replace(ERROR, level="note", location=Location("src/gen.py", 1, 1, 2, 4), evidence=(), fix=None)
FINDINGS = [ERROR, SAME, WARNING, NOTE]
SKIPPED = [Skipped("bad.py:1", "syntax error, 50%")]


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The working directory, with the program that the findings are about."""
    monkeypatch.chdir(tmp_path)
    Path("src").mkdir()
    Path("src/gen.py").write_text(PROGRAM)
    return str(tmp_path)


def test_concise_is_one_line_a_finding() -> None:
    lines = concise.render([replace(ERROR, message="two\nlines"), NOTE]).splitlines()
    assert lines[0] == "src/gen.py:3:11: PF101 reused-buffer: Two lines. Yield a copy."
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("finding", "command"),
    [
        pytest.param(
            ERROR,
            "::error file=src/gen.py,line=3,col=11,endColumn=16,title=PF101 reused-buffer"
            "::`x` is handed out, and 100%25 of it: <again>. Yield a copy.",
            id="an error",
        ),
        pytest.param(WARNING, "::warning file=a b%2Cc%3Aé.py,line=7,col=1,title=PF201 flat-target::", id="a warning"),
        pytest.param(NOTE, "::notice file=src/gen.py,line=1,endLine=2,title=PF101 reused-buffer::", id="several lines"),
        pytest.param(replace(ERROR, message="a\r\nb"), "title=PF101 reused-buffer::A b. Yield", id="line ends"),
    ],
)
def test_an_annotation_is_a_workflow_command(finding: Finding, command: str, base: str) -> None:
    (line,) = github.render([finding], base=base).splitlines()
    assert command in line
    assert line.startswith("::")


def test_what_was_skipped_is_an_annotation(base: str) -> None:
    said = github.render([], skipped=SKIPPED, base=base)
    assert said == "::warning title=bad.py%3A1 skipped::syntax error, 50%25\n"


def test_paths_start_at_the_base(base: str) -> None:
    above = str(Path(base).parent)
    folder = Path(base).name
    assert f"file={folder}/src/gen.py," in github.render([ERROR], base=above)
    assert json.loads(gitlab.render([ERROR], base=above))[0]["location"]["path"] == f"{folder}/src/gen.py"


def test_code_quality_has_the_keys_that_gitlab_asks_for(base: str) -> None:
    report = json.loads(gitlab.render(FINDINGS, base=base))
    assert {item["check_name"]: item["severity"] for item in report if item["location"]["lines"]["begin"] > 2} == {
        "PF101": "critical",
        "PF201": "major",
    }
    assert all(item["description"] and item["location"]["path"] for item in report)
    assert len({item["fingerprint"] for item in report}) == len(FINDINGS)
    assert gitlab.render([], base=base) == "[]\n"


def test_a_fingerprint_outlives_moved_lines(base: str) -> None:
    before = [item["fingerprint"] for item in json.loads(gitlab.render([ERROR, SAME], base=base))]
    Path("src/gen.py").write_text("import numpy as np\n\n" + PROGRAM.replace("    yield", "\tyield"))
    moved = [replace(one, location=replace(one.location, line=one.location.line + 2)) for one in (ERROR, SAME)]
    assert [item["fingerprint"] for item in json.loads(gitlab.render(moved, base=base))] == before
    Path("src/gen.py").write_text(PROGRAM.replace("x + 1", "x + 2"))
    assert not set(before) & {item["fingerprint"] for item in json.loads(gitlab.render([ERROR, SAME], base=base))}


def test_junit_counts_and_escapes(base: str) -> None:
    strange = replace(ERROR, message='a \x1b[1m & < "b" \ufffe')
    report = junit.render([*FINDINGS, strange], skipped=SKIPPED, checked={"files": 2, "batches": 1}, base=base)
    root = ElementTree.fromstring(report)
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("7", "4", "1")
    assert [suite.get("name") for suite in root] == ["a b,c:é.py", "src/gen.py", "pitfallcheck"]
    failure = root.find(".//testcase[@line='3']/failure")
    assert failure is not None
    assert failure.get("type") == "error"
    assert failure.text is not None
    assert "src/gen.py:1: allocated once\nthis run: 9 of 10 batches" in failure.text
    passed = root.findall(".//testcase[system-out]")
    assert [case.get("name") for case in passed] == ["PF101 reused-buffer (1:1)"]
    assert root.find(".//testcase[@name='checked (files: 2, batches: 1)']") is not None
    assert "\x1b" not in report
    keys = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert keys[-1] == ("pitfallcheck", "bad.py:1")


def log(findings: list[Finding], base: str, skipped: list[Skipped] | None = None) -> Any:
    """The report as SARIF, once the schema has found nothing wrong with it."""
    report = json.loads(sarif.render(findings, skipped=skipped or [], pitfalls=catalog.known(), base=base))
    validator = jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)
    assert [error.message for error in validator.iter_errors(report)] == []
    return report


@pytest.mark.parametrize(
    ("findings", "skipped"),
    [
        pytest.param(FINDINGS, SKIPPED, id="everything"),
        pytest.param([], [], id="nothing"),
        pytest.param([], SKIPPED, id="nothing but what was skipped"),
        pytest.param([replace(NOTE, location=Location("nb.ipynb", 5, 9, 5, 12, cell=3))], [], id="a notebook"),
        pytest.param([replace(NOTE, location=Location("../other/a.py", 1))], [], id="a file outside"),
    ],
)
def test_sarif_is_valid(findings: list[Finding], skipped: list[Skipped], base: str) -> None:
    run = log(findings, base, skipped)["runs"][0]
    assert len(run["results"]) == len(findings)
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert [note["message"]["text"] for note in notes] == [f"{item.what} skipped: {item.why}" for item in skipped]


@pytest.mark.parametrize("code", list(catalog.known()))
def test_sarif_explains_every_rule_within_what_code_scanning_takes(code: str, base: str) -> None:
    name = catalog.known()[code].name
    (rule,) = log([replace(NOTE, code=code, name=name)], base)["runs"][0]["tool"]["driver"]["rules"]
    assert (rule["id"], rule["name"]) == (code, name)
    assert 0 < len(rule["shortDescription"]["text"]) <= 1024
    assert 0 < len(rule["fullDescription"]["text"]) <= 1024
    assert rule["help"]["markdown"].startswith(f"# {code} {name}")
    assert rule.get("helpUri", "https://").startswith(("https://", "http://"))
    assert len(rule["properties"]["tags"]) <= 20


def test_sarif_shows_where_and_how(base: str) -> None:
    run = log(FINDINGS, base)["runs"][0]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("pitfallcheck", __version__)
    assert run["originalUriBaseIds"]["%SRCROOT%"]["uri"] == f"{Path(base).as_uri()}/"
    of_line = {result["locations"][0]["physicalLocation"]["region"]["startLine"]: result for result in run["results"]}
    error = of_line[3]
    assert error["level"] == "error"
    assert driver["rules"][error["ruleIndex"]]["id"] == error["ruleId"] == "PF101"
    place = error["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "src/gen.py", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 3, "startColumn": 11, "endLine": 3, "endColumn": 16}
    assert "In this run: 9 of 10 batches." in error["message"]["text"]
    assert [one["message"]["text"] for one in error["relatedLocations"]] == ["allocated once"]
    steps = error["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["location"]["physicalLocation"]["region"]["startLine"] for step in steps] == [1, 3]
    (change,) = error["fixes"][0]["artifactChanges"]
    (replacement,) = change["replacements"]
    assert replacement["insertedContent"]["text"] == "(x + 1).copy()"
    (related,) = error["relatedLocations"]
    whole_line = {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 16}
    assert related["physicalLocation"]["region"] == whole_line
    assert "codeFlows" not in of_line[4]
    prints = [result["partialFingerprints"]["pitfallcheck/v1"] for result in run["results"]]
    assert len(set(prints)) == len(FINDINGS)
    odd = of_line[7]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert odd == "a%20b%2Cc%3A%C3%A9.py"


@pytest.mark.parametrize(
    ("program", "edit", "text"),
    [
        pytest.param("yield x\n", Edit((1, 7), (1, 8), "{}.copy()"), "x.copy()", id="a name"),
        pytest.param("yield a.b[0]\n", Edit((1, 7), (1, 13), "{}.copy()"), "a.b[0].copy()", id="a subscript"),
        pytest.param("yield a or b\n", Edit((1, 7), (1, 13), "{}.copy()"), "(a or b).copy()", id="an operator"),
        pytest.param("f(x, 1)\n", Edit((1, 6), (1, 7), "2"), "2", id="without the old text"),
        pytest.param("f(\n  x,\n)\n", Edit((1, 3), (2, 4), "{}"), "\n  x", id="two lines"),
    ],
)
def test_a_fix_is_a_replacement(program: str, edit: Edit, text: str, base: str) -> None:
    Path("src/gen.py").write_text(program)
    run = log([replace(NOTE, fix=Fix((edit,)))], base)["runs"][0]
    (replacement,) = run["results"][0]["fixes"][0]["artifactChanges"][0]["replacements"]
    assert replacement["insertedContent"]["text"] == text


def test_a_fix_for_a_file_that_is_gone_is_left_out(base: str) -> None:
    Path("src/gen.py").unlink()
    assert "fixes" not in log([ERROR], base)["runs"][0]["results"][0]


@pytest.mark.parametrize("code", list(catalog.pitfalls()))
def test_an_explanation_is_markdown(code: str) -> None:
    lines = catalogue.markdown(catalog.find(code)).split("\n")
    assert lines[0].startswith(f"# {code} ")
    assert [line for line in lines if line.startswith("## ")] == [f"## {heading}" for heading in catalogue.HEADINGS]
    fences = [line for line in lines if line.startswith("```")]
    assert fences[::2] == ["```python"] * (len(fences) // 2)
    assert fences[1::2] == ["```"] * (len(fences) // 2)
    assert len(fences) >= 4


def test_statistics_count_the_most_frequent_first() -> None:
    assert statistics.render(FINDINGS).splitlines() == [
        "3  PF101  reused-buffer  2 errors, 1 note",
        "1  PF201  flat-target    1 warning",
    ]
