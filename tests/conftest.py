"""What every test module shares: the frameworks a test needs, and the means to test our own pytest plugin."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fixture_files import installed
from lint_sources import Shell

pytest_plugins = ["pytester"]

WANTED = frozenset(filter(None, os.environ.get("PITFALLCHECK_TEST_FRAMEWORKS", "").replace(" ", "").split(",")))
"""The frameworks that must be there: a test that needs one of them and misses it fails instead of being skipped."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "frameworks(*names): the test imports these, and cannot run without them")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("frameworks"):
        missing = sorted(name for name in mark.args if not installed(name))
        if demanded := WANTED.intersection(missing):
            pytest.fail(
                f"PITFALLCHECK_TEST_FRAMEWORKS names {', '.join(sorted(demanded))}: not installed", pytrace=False
            )
        if missing:
            pytest.skip(f"needs {', '.join(missing)}")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """The command line in an empty folder, with nothing of the developer's terminal about it."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, capsys)
