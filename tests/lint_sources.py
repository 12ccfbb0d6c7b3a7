"""Small programs for the tests of `lint`, and the means to lint them as a user would."""

from __future__ import annotations

from pathlib import Path

import pytest

from pitfallcheck.cli import main

BROKEN = """import numpy as np


def batches(n):
    x = np.zeros((n, 2))
    while True:
        x[:] = np.random.rand(n, 2)
        yield x
"""
"""Has PF101, with a safe fix, in its last line."""

MENDED = BROKEN.replace("yield x\n", "yield x.copy()\n")
CLEAN = "print('nothing to see')\n"


def write(folder: Path, name: str, content: str | bytes = BROKEN) -> Path:
    """Puts a file, with its folders, below `folder`."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


class Told:
    """What one call of the command line said."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status = status
        self.out = out
        self.err = err

    @property
    def found(self) -> list[str]:
        """The files in which something was found, in the order of the report."""
        return [line.partition(":")[0] for line in self.out.splitlines() if ": PF" in line]


class Shell:
    """Calls the command line in a folder of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def write(self, name: str, content: str | bytes = BROKEN) -> Path:
        """Puts a file below the working directory."""
        return write(self.folder, name, content)

    def __call__(self, *arguments: str) -> Told:
        """`pitfallcheck ARGUMENTS`."""
        self._capsys.readouterr()
        try:
            status = main(arguments)
        except SystemExit as error:
            status = int(error.code or 0)
        captured = self._capsys.readouterr()
        return Told(status, captured.out, captured.err)
