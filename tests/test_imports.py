"""Who may import whom, and what a call must not load: asserted over the import graph and in fresh interpreters."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lint_sources import CLEAN, write

import pitfallcheck

PACKAGE = Path(pitfallcheck.__file__).parent
MODULES = sorted(path.relative_to(PACKAGE).with_suffix("").as_posix() for path in PACKAGE.rglob("*.py"))
FRAMEWORKS = frozenset({"keras", "tf_keras", "tensorflow", "torch", "jax"})
COMMANDS = frozenset({"cli", "cli_lint", "cli_mend", "cli_run", "cli_shared", "console"})


def imports(text: str) -> Iterator[str]:
    """The dotted names that a module imports when it is used; what only a type checker sees does not count."""
    pending: list[ast.AST] = [ast.parse(text)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            pending.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)
        pending.extend(ast.iter_child_nodes(node))


def rooms(text: str) -> set[str]:
    """The rooms of ours that a module imports: the first part below the package, such as `lint` or `finding`."""
    own = (name.split(".") for name in imports(text) if name.startswith("pitfallcheck."))
    return {parts[1] for parts in own} - {"__version__"}


def allowed(module: str) -> set[str] | None:
    """The rooms that a module may import; None for the rim, where all paths meet."""
    room = module.partition("/")[0]
    if room in {"finding", "__init__", "suppress", "merge", "identity"}:
        return {"finding"} if room != "finding" else set()
    return {
        "pitfall": {"finding"},
        "catalog": {"finding", "pitfall"},
        "config_file": set(),
        "config": {"config_file", "catalog"},
        "baseline": {"identity", "finding"},
        "add_ignores": {"suppress", "finding"},
        "unused": {"suppress", "catalog", "finding"},
        "console": set(),
        "lint": {"lint", "catalog", "config", "finding", "pitfall"},
        "report": {"report", "identity", "finding", "pitfall", "observe"},
        # A run-time half may ask `frameworks` for a fact about them; naming one is left to that room.
        "pitfalls": {"pitfalls", "pitfall", "finding", "lint", "observe", "frameworks"},
        "observe": {"observe", "finding", "pitfall", "frameworks", "analysis"},
        "analysis": {"analysis", "observe"},
        "frameworks": {"frameworks", "observe", "finding", "analysis"},
    }.get(room)


@pytest.mark.parametrize("module", MODULES)
def test_a_room_imports_only_along_the_arrows(module: str) -> None:
    may = allowed(module)
    used = rooms((PACKAGE / f"{module}.py").read_text("utf-8"))
    if may is not None:
        assert used <= may
    if module.startswith("pitfalls/"):
        assert "lint" not in used or not used & {"observe", "frameworks"}, (
            "a half sees the source or the events, not both"
        )
    if module.partition("/")[0] not in {*COMMANDS, "__main__"}:
        assert not used & COMMANDS


@pytest.mark.parametrize("module", MODULES)
def test_heavy_packages_have_their_one_place(module: str) -> None:
    packages = {name.partition(".")[0] for name in imports((PACKAGE / f"{module}.py").read_text("utf-8"))}
    room = module.partition("/")[0]
    if module != "lint/fix":
        assert "libcst" not in packages
    if room != "frameworks":
        assert not packages & FRAMEWORKS
    if room in {"lint", "report", "config", "console", "cli", "cli_lint", "cli_shared", "suppress", "merge"}:
        assert "numpy" not in packages


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import libcst", {"libcst"}),
        ("def f():\n    from libcst import Name", {"libcst.Name"}),
        ("if TYPE_CHECKING:\n    import libcst\nelse:\n    import ast", {"ast"}),
        ("from pitfallcheck import cli, lint", {"pitfallcheck.cli", "pitfallcheck.lint"}),
        ("from . import cli", set()),
    ],
)
def test_the_test_sees_imports_wherever_they_stand(text: str, names: set[str]) -> None:
    assert set(imports(text)) == names


def test_no_import_is_relative_so_that_none_is_overlooked() -> None:
    for module in MODULES:
        tree = ast.parse((PACKAGE / f"{module}.py").read_text("utf-8"))
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]


def loaded(code: str, folder: Path) -> set[str]:
    """The modules that a fresh interpreter has loaded after `code`; those that Python starts with are left out."""
    report = "\nimport sys; print('LOADED', *sys.modules)"
    started = subprocess.run(
        [sys.executable, "-c", report], cwd=folder, capture_output=True, text=True, check=True
    ).stdout
    said = subprocess.run([sys.executable, "-c", code + report], cwd=folder, capture_output=True, text=True, check=True)
    return set(said.stdout.rpartition("LOADED")[2].split()) - set(started.rpartition("LOADED")[2].split())


def calling(*arguments: str) -> str:
    return f"import sys; sys.argv = {['pitfallcheck', *arguments]!r}\nfrom pitfallcheck.__main__ import main; main()"


HEAVY = frozenset({"libcst", "numpy", "pathspec", *FRAMEWORKS})
NEEDLESS = frozenset(
    {"ast", "inspect", "dataclasses", "tokenize", "json", "tomllib", "subprocess", "shutil", "textwrap"}
)


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        pytest.param("import pitfallcheck", HEAVY | NEEDLESS | {"argparse"}, id="import pitfallcheck"),
        pytest.param(calling("--version"), HEAVY | NEEDLESS | {"argparse"}, id="--version"),
        pytest.param(calling("lint", "clean.py"), HEAVY | NEEDLESS, id="lint without a candidate"),
        pytest.param(calling("lint", "broken.py"), HEAVY, id="lint with a finding"),
        pytest.param(calling("explain", "PF101"), HEAVY, id="explain"),
        pytest.param("import pitfallcheck.observe.runner", HEAVY - {"numpy"}, id="the observed child"),
        pytest.param("import pitfallcheck.api", HEAVY - {"numpy"}, id="the Python API"),
        pytest.param("import pytest; import pitfallcheck.pytest_plugin", HEAVY, id="the pytest plugin"),
    ],
)
def test_a_call_loads_only_what_it_needs(tmp_path: Path, code: str, unwanted: frozenset[str]) -> None:
    write(tmp_path, "clean.py", CLEAN)
    write(tmp_path, "broken.py")
    assert not loaded(code, tmp_path) & unwanted


def test_the_observed_program_finds_nothing_of_libcst(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "import sys\nprint('libcst' in sys.modules, 'pitfallcheck.lint' in sys.modules)\n")
    run = [sys.executable, "-m", "pitfallcheck", "run", "a.py"]
    assert subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True).stdout == "False False\n"


def test_the_pytest_plugin_loads_nothing_that_pytest_has_not(tmp_path: Path) -> None:
    with_plugin = loaded("import pytest; import pitfallcheck.pytest_plugin", tmp_path)
    without = loaded("import pytest", tmp_path)
    assert with_plugin - without == {"pitfallcheck", "pitfallcheck.pytest_plugin"}


def test_a_fresh_interpreter_tells_what_was_loaded(tmp_path: Path) -> None:
    assert {"libcst", "numpy"} <= loaded("import numpy, libcst", tmp_path)
    assert "libcst" in loaded("import pitfallcheck.lint.fix", tmp_path)
