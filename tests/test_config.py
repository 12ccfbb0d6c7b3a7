"""Settings: where they come from, which of them wins, and what is said of wrong ones."""

from __future__ import annotations

import pytest
from lint_sources import Shell

from pitfallcheck import catalog
from pitfallcheck.config import ConfigError, load

ALL = frozenset(catalog.known())
DATA = frozenset(code for code in ALL if code.startswith("PF1"))


@pytest.mark.parametrize(
    ("table", "select", "ignore", "codes"),
    [
        pytest.param("", [], [], ALL, id="everything by default"),
        pytest.param('select = ["PF1"]', [], [], DATA, id="a family"),
        pytest.param('select = ["reused_buffer"]', [], [], {"PF101"}, id="a name"),
        pytest.param('select = ["pf101", "PF201"]', [], [], {"PF101", "PF201"}, id="two codes"),
        pytest.param('ignore = ["PF1"]', [], [], ALL - DATA, id="all but a family"),
        pytest.param('select = ["PF1"]\nignore = ["PF101"]', [], [], DATA - {"PF101"}, id="ignore after select"),
        pytest.param('select = ["PF1"]', ["PF2"], [], {code for code in ALL if "PF2" in code}, id="--select replaces"),
        pytest.param('ignore = ["PF101"]', ["PF101"], [], {"PF101"}, id="--select outweighs ignore"),
        pytest.param('ignore = ["PF101"]', [], ["PF201"], ALL - {"PF101", "PF201"}, id="--ignore adds"),
        pytest.param("", ["PF101", "PF201"], ["PF2"], {"PF101"}, id="--ignore after --select"),
    ],
)
def test_the_pitfalls_chosen(shell: Shell, table: str, select: list[str], ignore: list[str], codes: set[str]) -> None:
    shell.write("pyproject.toml", f"[tool.pitfallcheck]\n{table}\n")
    assert load(select=select, ignore=ignore).codes == codes


def test_the_nearest_file_that_speaks_of_us_holds(shell: Shell) -> None:
    shell.write("pyproject.toml", '[tool.pitfallcheck]\nselect = ["PF101"]\n')
    shell.write("one/pyproject.toml", "[tool.other]\n")
    shell.write("two/pyproject.toml", '[tool.pitfallcheck]\nselect = ["PF201"]\n')
    for folder in ("one", "two"):
        shell.write(f"{folder}/src/a.py")
    assert load(["one/src/a.py"]).codes == {"PF101"}
    assert load(["two/src/a.py"]).codes == {"PF201"}
    assert load(["two/src"]).codes == {"PF201"}
    assert load(["one/src/a.py", "two/src/a.py"]).codes == {"PF101"}


def test_a_file_that_does_not_speak_of_us_need_not_even_be_toml(shell: Shell) -> None:
    shell.write("pyproject.toml", "<<<<<<< HEAD\n")
    assert load().codes == ALL


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[tool.pitfallcheck]\nselects = []", "[tool.pitfallcheck] has no key `selects`: did you mean `select`?"),
        ("[tool.pitfallcheck]\nzzz = 1", "has no key `zzz`: it knows `select`, `ignore`, `exclude`, `paths`"),
        ('[tool.pitfallcheck]\nselect = "PF1"', '`select` must be a list of strings, such as select = ["PF1"]'),
        ("[tool.pitfallcheck]\nexclude = [1]", "`exclude` must be a list of strings"),
        ('[tool.pitfallcheck]\nselect = ["PF102"]', "select: there is no pitfall `PF102`: did you mean PF"),
        (
            '[tool.pitfallcheck]\nignore = ["reused-bufer"]',
            "ignore: there is no pitfall `reused-bufer`: did you mean PF101",
        ),
        ("[tool.pitfallcheck\n", "not valid TOML: "),
        ("[tool]\npitfallcheck = 1", "[tool.pitfallcheck] must be a table"),
        ("tool = 1  # pitfallcheck", "`tool` must be a table"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_the_file(shell: Shell, content: str, said: str) -> None:
    shell.write("pyproject.toml", content)
    shell.write("a.py")
    told = shell("lint", "a.py")
    assert told.err.startswith("pitfallcheck: pyproject.toml: ")
    assert said in told.err
    assert (told.status, told.out, told.err.count("\n")) == (2, "", 1)


def test_bytes_that_are_not_toml_are_named(shell: Shell) -> None:
    shell.write("pyproject.toml", b"[tool.pitfallcheck]\nselect = ['\xff']\n")
    with pytest.raises(ConfigError, match=r"pyproject\.toml: not valid TOML"):
        load()


def test_excluded_files_are_left_out_unless_named(shell: Shell) -> None:
    shell.write("pyproject.toml", '[tool.pitfallcheck]\nexclude = ["gen/", "/old_*.py"]\n')
    for name in ("a.py", "gen/b.py", "src/gen/c.py", "old_d.py", "src/old_e.py"):
        shell.write(name)
    assert shell("lint").found == ["a.py", "src/old_e.py"]
    assert shell("lint", "src").found == ["src/old_e.py"]
    assert shell("lint", "--exclude", "a.py,src/", ".").found == []
    assert shell("lint", "gen/b.py").found == ["gen/b.py"]


def test_paths_stand_in_where_none_is_named(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.write("pyproject.toml", '[tool.pitfallcheck]\npaths = ["src"]\n')
    shell.write("src/a.py")
    shell.write("other/b.py")
    assert shell("lint").found == ["src/a.py"]
    monkeypatch.chdir(shell.folder / "other")
    assert shell("lint").found == ["../src/a.py"]
    assert shell("lint", "b.py").found == ["b.py"]
