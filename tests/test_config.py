"""Settings: where they come from, which of them wins, and what is said of wrong ones."""

from __future__ import annotations

import pytest
from lint_sources import BROKEN, Shell

from pitfallcheck import catalog
from pitfallcheck.config import Choice, ConfigError, Scopes, load

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
        (
            "[tool.pitfallcheck]\nper_file_ignores = {}",
            "has no key `per_file_ignores`: did you mean `per-file-ignores`?",
        ),
        ('[tool.pitfallcheck]\nper-file-ignores = ["PF1"]', "`per-file-ignores` must be a table of lists, such as"),
        ('[tool.pitfallcheck.per-file-ignores]\na = "PF1"', "`per-file-ignores` must be a table of lists, such as"),
        (
            '[tool.pitfallcheck.per-file-ignores]\n"a/" = ["PF102"]',
            'per-file-ignores: "a/": there is no pitfall `PF102`: did you mean PF',
        ),
        ("[tool.pitfallcheck]\nbaseline = true", '`baseline` must be a path, such as baseline = "pitfallcheck-'),
        ('[tool.pitfallcheck]\nextend = ""', "`extend` must be a path"),
        ('[tool.pitfallcheck]\nextend = "no.toml"', "no.toml: no such file or directory"),
        ('[tool.pitfallcheck]\nextend = "."', "extend: `.` is no file that ends in .toml; name one"),
        (
            '[tool.pitfallcheck]\nextend = "pyproject.toml"',
            "extend: goes round in a circle: pyproject.toml -> pyproject.toml",
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
    assert told.err.startswith(("pitfallcheck: pyproject.toml: ", "pitfallcheck: no.toml: "))
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


def test_a_file_of_our_own_wins_in_its_folder(shell: Shell) -> None:
    shell.write("pyproject.toml", '[tool.pitfallcheck]\nselect = ["PF101"]\n')
    shell.write("pitfallcheck.toml", 'select = ["PF201"]\n')
    assert load().codes == {"PF201"}
    shell.write("pitfallcheck.toml", "")
    assert load().codes == ALL
    shell.write("pitfallcheck.toml", "selekt = []\n")
    with pytest.raises(ConfigError, match=r"pitfallcheck\.toml: there is no key `selekt`: did you mean `select`\?"):
        load()


def test_a_configuration_stands_on_what_it_extends(shell: Shell) -> None:
    shell.write(
        "base/shared.toml", 'select = ["PF1"]\nignore = ["PF104"]\nbaseline = "known.json"\nexclude = ["gen/"]\n'
    )
    shell.write("mid/pyproject.toml", '[tool.pitfallcheck]\nextend = "../base/shared.toml"\nignore = ["PF101"]\n')
    shell.write("one/pitfallcheck.toml", 'extend = "../mid/pyproject.toml"\nexclude = []\n')
    settings = load(["one"])
    assert settings.codes == DATA - {"PF101"}
    assert settings.exclude == ()
    assert settings.baseline == str(shell.folder / "base" / "known.json")
    assert settings.root == str(shell.folder / "one")


def test_a_circle_of_extensions_is_shown(shell: Shell) -> None:
    shell.write("pitfallcheck.toml", 'extend = "a.toml"\n')
    shell.write("a.toml", 'extend = "b.toml"\n')
    shell.write("b.toml", 'extend = "pitfallcheck.toml"\n')
    with pytest.raises(
        ConfigError, match=r"^b\.toml: extend: .*: pitfallcheck\.toml -> a\.toml -> b\.toml -> pitfallch"
    ):
        load()


def test_a_shared_file_that_does_not_speak_of_us_cannot_be_extended(shell: Shell) -> None:
    shell.write("other/pyproject.toml", "[tool.other]\n")
    shell.write("pitfallcheck.toml", 'extend = "other/pyproject.toml"\n')
    with pytest.raises(ConfigError, match=r"extend: other/pyproject\.toml has no \[tool\.pitfallcheck\]"):
        load()


def test_every_file_has_the_settings_of_its_nearest_configuration(shell: Shell) -> None:
    shell.write("pitfallcheck.toml", 'select = ["PF1"]\n')
    shell.write("one/pitfallcheck.toml", 'select = ["PF2"]\nexclude = ["gen/"]\n')
    shell.write("two/pyproject.toml", '[tool.pitfallcheck]\nignore = ["PF104"]\n')
    for name in ("a.py", "one/b.py", "one/deep/c.py", "one/gen/d.py", "two/e.py", "three/f.py", "gen/g.py"):
        shell.write(name)
    assert shell("lint").found == ["a.py", "gen/g.py", "three/f.py", "two/e.py"]
    assert shell("lint", "--ignore", "PF2").found == ["a.py", "gen/g.py", "three/f.py", "two/e.py"]
    assert shell("lint", "--select", "PF101").found == [
        *("a.py", "gen/g.py", "one/b.py", "one/deep/c.py", "three/f.py", "two/e.py")
    ]
    assert shell("lint", "--select", "PF101", "one/gen/d.py").found == ["one/gen/d.py"]


def test_a_nearer_configuration_that_is_wrong_is_one_line(shell: Shell) -> None:
    shell.write("one/pitfallcheck.toml", 'select = ["PF102"]\n')
    shell.write("one/a.py")
    told = shell("lint")
    assert (told.status, told.out, told.err.count("\n")) == (2, "", 1)
    assert told.err.startswith("pitfallcheck: one/pitfallcheck.toml: select: there is no pitfall `PF102`")


def test_files_outside_every_configuration_have_the_settings_of_the_command_line(shell: Shell) -> None:
    shell.write("one/pitfallcheck.toml", 'select = ["PF201"]\n')
    scopes = Scopes(load(["one"], select=[], ignore=["PF101"]), Choice(ignore=["PF101"]))
    assert scopes.of("one/a.py").codes == {"PF201"}
    assert scopes.of("two/a.py").codes == ALL - {"PF101"}
    assert scopes.used() == {scopes.of("one/a.py"), scopes.of("two/a.py")}


@pytest.mark.parametrize(
    ("ignores", "left"),
    [
        pytest.param('"examples/" = ["PF101"]', ["a.py", "src/a.py"], id="a folder"),
        pytest.param('"a.py" = ["reused-buffer"]', [], id="a name anywhere"),
        pytest.param('"/a.py" = ["PF1"]', ["examples/a.py", "src/a.py"], id="a path"),
        pytest.param('"s*/*.py" = ["PF"]', ["a.py", "examples/a.py"], id="a pattern"),
        pytest.param('"*.py" = ["PF2"]', ["a.py", "examples/a.py", "src/a.py"], id="another family"),
        pytest.param('"src/" = ["PF2"]\n"src/a.py" = ["PF1"]', ["a.py", "examples/a.py"], id="two patterns"),
        pytest.param('"*.py" = []', ["a.py", "examples/a.py", "src/a.py"], id="nothing"),
    ],
)
def test_some_pitfalls_are_not_wanted_in_some_files(shell: Shell, ignores: str, left: list[str]) -> None:
    shell.write("pyproject.toml", f"[tool.pitfallcheck.per-file-ignores]\n{ignores}\n")
    for name in ("a.py", "examples/a.py", "src/a.py"):
        shell.write(name)
    assert shell("lint").found == left
    assert shell("lint", "examples/a.py").found == [name for name in left if name == "examples/a.py"]
    kept = shell.folder / "a.py"
    shell("lint", "--fix", "a.py")
    assert (kept.read_text() == BROKEN) == ("a.py" not in left)
