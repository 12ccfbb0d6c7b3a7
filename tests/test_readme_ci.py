"""The README's jobs for CI servers: their YAML is read, and their commands give the files that they hand on."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml
from fixture_files import ROOT
from lint_sources import Shell

README = (ROOT / "README.md").read_text("utf-8")
BLOCKS: list[Any] = [
    yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
]


def block_with(key: str) -> Any:
    (block,) = (block for block in BLOCKS if key in block)
    return block[key]


def call(shell: Shell, commands: list[str]) -> str:
    """What the one `pitfallcheck` among the commands of a job prints where something is found."""
    (command,) = (command for command in commands if command.startswith("pitfallcheck "))
    shell.write("train/batches.py")
    told = shell(*shlex.split(command)[1:])
    assert (told.status, told.err) == (1, "")
    return told.out


def test_the_github_workflow_annotates_and_uploads(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(shell.folder))
    steps = block_with("jobs")["lint"]["steps"]
    said = call(shell, [step["run"] for step in steps if "run" in step])
    assert said.startswith("::warning file=train/batches.py,line=8,col=15,")
    (upload,) = (step for step in steps if step.get("uses", "").startswith("github/codeql-action/upload-sarif@"))
    assert upload["if"] == "always()", "the step before it fails where something was found"
    report = json.loads(Path(upload["with"]["sarif_file"]).read_text("utf-8"))
    schema = json.loads((Path(__file__).parent / "schemas" / "sarif-schema-2.1.0.json").read_text("utf-8"))
    jsonschema.validate(report, schema)
    place = report["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "train/batches.py", "uriBaseId": "%SRCROOT%"}
    (workflow,) = (block for block in BLOCKS if "jobs" in block)
    assert workflow["permissions"]["security-events"] == "write"


def test_the_gitlab_job_hands_its_reports_on(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_PROJECT_DIR", str(shell.folder))
    job = block_with("pitfallcheck")
    assert call(shell, job["script"]).startswith("train/batches.py:8:15: PF101")
    assert job["artifacts"]["when"] == "always", "the job fails where something was found"
    reports = job["artifacts"]["reports"]
    (item,) = json.loads(Path(reports["codequality"]).read_text("utf-8"))
    assert item["location"] == {"path": "train/batches.py", "lines": {"begin": 8, "end": 8}}
    assert ElementTree.parse(reports["junit"]).getroot().get("failures") == "1"


def test_the_hooks_shown_are_there() -> None:
    (repository,) = block_with("repos")
    offered = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert {hook["id"] for hook in repository["hooks"]} == {hook["id"] for hook in offered}
