"""Each pitfall's folder, code, explanation and fixtures hold together."""

from __future__ import annotations

import ast
import difflib
import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from fixture_files import FIXTURES, ROOT, marks, paths

from pitfallcheck import catalog
from pitfallcheck.pitfall import FAMILIES, HEADINGS, Pitfall

PITFALLS = list(catalog.pitfalls().values())
PACKAGES = ROOT / "pitfallcheck" / "pitfalls"
FOLDERS = sorted(path.parent.name for path in PACKAGES.glob("*/__init__.py"))

each_pitfall = pytest.mark.parametrize("pitfall", PITFALLS, ids=lambda pitfall: pitfall.name)


def folder(pitfall: Pitfall) -> Path:
    return PACKAGES / pitfall.name.replace("-", "_")


def sections(pitfall: Pitfall) -> dict[str, str]:
    """The text below each heading of the explanation, in the order in which they stand."""
    explanation = textwrap.dedent(pitfall.explanation)
    parts = re.split(r"^(?P<heading>[^\n]+)\n-{3,}\n", explanation, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def snippets(text: str) -> list[str]:
    """The code blocks of a section: what is indented by four columns or more."""
    blocks = re.findall(r"(?:^(?: {4}.*)?\n)+", text + "\n", flags=re.MULTILINE)
    return [textwrap.dedent(block).strip("\n") + "\n" for block in blocks if block.strip()]


def code_lines(path: Path) -> list[str]:
    """The lines of a fixture below its docstring, without the marks."""
    return re.sub(r"  # PF\d.*", "", path.read_text("utf-8")).split('"""', 2)[2].splitlines()


def test_every_folder_is_a_pitfall_with_a_code_and_a_name_of_its_own() -> None:
    assert len(PITFALLS) == len(FOLDERS) > 0
    assert sorted(pitfall.name.replace("-", "_") for pitfall in PITFALLS) == FOLDERS
    assert len({pitfall.code for pitfall in PITFALLS}) == len(PITFALLS)
    assert not catalog.RETIRED & {pitfall.code for pitfall in PITFALLS}


@each_pitfall
def test_a_code_is_of_a_known_family_and_a_name_reads_after_ignore(pitfall: Pitfall) -> None:
    assert re.fullmatch(r"PF\d{3}", pitfall.code)
    assert pitfall.code[:3] in FAMILIES
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", pitfall.name)


@each_pitfall
def test_the_halves_are_those_declared(pitfall: Pitfall) -> None:
    assert (pitfall.words is not None) == (folder(pitfall) / "static.py").exists()
    assert pitfall.runtime == (folder(pitfall) / "runtime.py").exists()
    assert pitfall.words is not None or pitfall.runtime
    if pitfall.words is not None:
        assert callable(catalog.static_half(pitfall))
    if pitfall.runtime:
        assert callable(catalog.runtime_half(pitfall))


@each_pitfall
def test_an_explanation_has_its_title_and_the_fixed_headings(pitfall: Pitfall) -> None:
    assert pitfall.explanation.startswith(f"{pitfall.code} {pitfall.name}: ")
    found = sections(pitfall)
    assert tuple(found) == HEADINGS
    assert all(text.strip() for text in found.values())


@each_pitfall
@pytest.mark.parametrize("heading", ["Example", "Instead"])
def test_a_snippet_parses(pitfall: Pitfall, heading: str) -> None:
    found = snippets(sections(pitfall)[heading])
    assert found
    for snippet in found:
        ast.parse(snippet)


def test_an_example_is_found_and_its_instead_is_not(tmp_path: Path) -> None:
    due: dict[str, set[str]] = {}
    for pitfall in PITFALLS:
        if pitfall.words is None:
            continue
        found = sections(pitfall)
        for heading in ("Example", "Instead"):
            name = f"{heading.lower()}_{pitfall.code}.py"
            (tmp_path / name).write_text("\n\n".join(snippets(found[heading])), "utf-8")
            due[name] = {pitfall.code} if heading == "Example" else set()
    command = [sys.executable, "-m", "pitfallcheck", "lint", "--format", "json", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    said: dict[str, set[str]] = {name: set() for name in due}
    for finding in json.loads(done.stdout)["findings"]:
        said[Path(finding["path"]).name].add(finding["code"])
    assert said == due


@each_pitfall
@pytest.mark.parametrize("kind", ["broken", "fixed", "lookalike"])
def test_a_pitfall_has_fixtures_of_every_kind(pitfall: Pitfall, kind: str) -> None:
    assert list((FIXTURES / folder(pitfall).name).glob(f"{kind}_*.py"))


def test_every_fixture_belongs_to_a_pitfall_and_is_of_a_kind() -> None:
    assert {path.parent.name for path in paths()} == set(FOLDERS)
    assert {path.stem.partition("_")[0] for path in paths()} == {"broken", "fixed", "lookalike"}


@pytest.mark.parametrize("path", paths("broken_*"), ids=lambda path: path.stem)
def test_a_broken_fixture_is_marked_and_differs_from_its_fixed_twin_by_little(path: Path) -> None:
    code = catalog.find(path.parent.name).code
    assert code in {mark.code for mark in marks(path)}
    twin = ROOT / path.with_name(path.name.replace("broken_", "fixed_"))
    broken, fixed = (code_lines(file) for file in (ROOT / path, twin))
    lines = list(difflib.unified_diff(broken, fixed, n=0, lineterm=""))[2:]
    changed = [line for line in lines if not line.startswith("@@")]
    assert 1 <= len(changed) <= 6, "\n".join(changed)


@pytest.mark.parametrize("path", [*paths("fixed_*"), *paths("lookalike_*")], ids=lambda path: path.stem)
def test_nothing_but_notes_is_due_in_a_fixed_fixture_or_a_lookalike(path: Path) -> None:
    due = marks(path)
    assert all(mark.levels == {"note"} for mark in due)
    assert not due or path.stem.startswith("lookalike_")


@pytest.mark.parametrize("path", paths(), ids=lambda path: path.stem)
def test_a_fixture_says_what_it_shows(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse((ROOT / path).read_text("utf-8")))
    assert docstring and re.search(r"^Prints .*\d", docstring, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", [*paths("broken_*"), *paths("fixed_*")], ids=lambda path: path.stem)
def test_the_fixtures_page_names_every_broken_and_fixed_fixture(path: Path) -> None:
    page = (FIXTURES / "README.md").read_text("utf-8")
    _, _, form = path.stem.partition("_")
    assert path.stem in page or f"`{form}`" in page
