"""The pre-commit hooks, tried with pre-commit itself in a repository of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lint_sources import BROKEN, MENDED

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("pitfallcheck", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")

CONFIG = """
repos:
- repo: {hooks}
  rev: v0
  hooks:
  - id: pitfallcheck-fix
    stages: [manual]
  - id: pitfallcheck
"""


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    identity = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that holds this package as it stands, so that pre-commit can install it."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "hooks"], ["tag", "v0"]):
        done = git(folder, *arguments)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def project(tmp_path: Path, hooks: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's repository with both hooks installed and a broken generator staged."""
    monkeypatch.setenv("PRE_COMMIT_HOME", str(hooks.parent / "pre-commit-home"))
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".pre-commit-config.yaml").write_text(CONFIG.format(hooks=hooks))
    (tmp_path / "batches.py").write_text(BROKEN)
    (tmp_path / "notes.txt").write_text("yield np.zeros\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    installed = pre_commit(tmp_path, "install", "--install-hooks")
    if installed.returncode and any(word in installed.stdout for word in ("No matching distribution", "resolve host")):
        pytest.skip("pre-commit could not install the hooks: no package index within reach")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    return tmp_path


def pre_commit(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "pre_commit", *arguments]
    return subprocess.run(call, cwd=folder, capture_output=True, text=True, check=False)


def test_a_commit_with_a_broken_generator_is_refused_until_it_is_mended(project: Path) -> None:
    refused = git(project, "commit", "-m", "broken")
    assert refused.returncode == 1
    assert "batches.py:8:15: PF101 reused-buffer: " in refused.stdout + refused.stderr

    mended = pre_commit(project, "run", "pitfallcheck-fix", "--hook-stage", "manual")
    assert mended.returncode == 1, "pre-commit stops where a hook changed a file"
    assert "mended 1 finding." in mended.stdout
    assert (project / "batches.py").read_text() == MENDED

    git(project, "add", "batches.py")
    passed = git(project, "commit", "-m", "mended")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert git(project, "log", "--format=%s").stdout == "mended\n"
