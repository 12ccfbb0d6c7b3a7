"""The pytest plugin: the fixture that checks batches, and the items that lint files."""

from __future__ import annotations

import pytest
from lint_sources import BROKEN, CLEAN, MENDED

PYPROJECT = '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n'


def test_the_fixture_fails_a_test_with_the_findings_text(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        generators=BROKEN,
        test_batches="""
        from generators import batches

        def test_it(pitfallcheck):
            pitfallcheck.check(batches(4))
        """,
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["pitfallcheck:", "generators.py:8:*: PF101 reused-buffer: *", "*explain PF101*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*def check*")


def test_the_fixture_passes_a_test_whose_batches_are_right(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        generators=MENDED,
        test_batches="""
        from generators import batches

        def test_it(pitfallcheck):
            report = pitfallcheck.check(batches(4), batches=3)
            assert report.ok and not report.findings

        def test_a_function(pitfallcheck):
            pitfallcheck.check(lambda: batches(4))
        """,
    )
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=2)


def test_what_could_not_be_looked_at_is_a_warning(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pitfallcheck.api
        from pitfallcheck.finding import Skipped

        def test_it(pitfallcheck, monkeypatch):
            report = pitfallcheck_api.Report((), (Skipped("x", "it has no memory"),), 1)
            monkeypatch.setattr(pitfallcheck_api, "check", lambda source, **options: report)
            assert pitfallcheck.check([]) is report

        pitfallcheck_api = pitfallcheck.api
        """
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*test_what_could*.py:*: UserWarning: pitfallcheck skipped x: it has no memory"])


def test_linting_is_asked_for(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_a=BROKEN + "\ndef test_it():\n    pass\n")
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
    pytester.runpytest_subprocess("--pitfallcheck").assert_outcomes(passed=1, failed=1)


def project(pytester: pytest.Pytester, **settings: str) -> None:
    """A project with a broken source that must not be imported, a clean one, and a test."""
    lines = "".join(f"{key} = {value}\n" for key, value in settings.items())
    pytester.makefile(".toml", pyproject=f"{PYPROJECT}[tool.pitfallcheck]\n{lines}")
    for folder in ("src", "tests", "old"):
        pytester.mkdir(folder)
    (pytester.path / "src" / "broken.py").write_text(BROKEN + "raise SystemExit('imported')\n")
    (pytester.path / "src" / "clean.py").write_text(CLEAN)
    (pytester.path / "old" / "ignored.py").write_text(BROKEN.replace("yield x", "yield x  # noqa: PF101"))
    (pytester.path / "tests" / "test_it.py").write_text("def test_it():\n    pass\n")


def test_sources_and_tests_are_linted_once_each(pytester: pytest.Pytester) -> None:
    project(pytester)
    result = pytester.runpytest_subprocess("--pitfallcheck", "-v")
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines_random(
        [
            "tests/test_it.py::test_it PASSED*",
            "tests/test_it.py::pitfallcheck PASSED*",
            "src/clean.py::pitfallcheck PASSED*",
            "old/ignored.py::pitfallcheck PASSED*",
            "src/broken.py::pitfallcheck FAILED*",
        ]
    )
    result.stdout.fnmatch_lines(["src/broken.py:8:15: PF101 reused-buffer: *"])
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize(
    ("settings", "linted"),
    [
        pytest.param({"paths": '["src"]'}, {"src/broken", "src/clean", "tests/test_it"}, id="paths and tests"),
        pytest.param({"exclude": '["src/b*"]'}, {"src/clean", "old/ignored", "tests/test_it"}, id="exclude"),
    ],
)
def test_the_settings_say_what_is_linted(pytester: pytest.Pytester, settings: dict[str, str], linted: set[str]) -> None:
    project(pytester, **settings)
    result = pytester.runpytest_subprocess("--pitfallcheck", "--collect-only", "-q")
    items = {line.removesuffix(".py::pitfallcheck") for line in result.outlines if line.endswith("::pitfallcheck")}
    assert items == linted


def test_lint_items_can_be_chosen_like_others(pytester: pytest.Pytester) -> None:
    project(pytester)
    pytester.runpytest_subprocess("--pitfallcheck", "-k", "clean").assert_outcomes(passed=1, deselected=4)


def test_a_wrong_setting_is_a_wrong_call(pytester: pytest.Pytester) -> None:
    project(pytester, selected='["PF1"]')
    result = pytester.runpytest_subprocess("--pitfallcheck")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*did you mean `select`?*"])


def test_a_file_that_cannot_be_read_fails_with_the_reason(pytester: pytest.Pytester) -> None:
    project(pytester)
    (pytester.path / "src" / "broken.py").write_text(BROKEN + "def f(:\n")
    result = pytester.runpytest_subprocess("--pitfallcheck", "-k", "broken")
    result.assert_outcomes(failed=1, deselected=4)
    result.stdout.fnmatch_lines(["src/broken.py:9 skipped: syntax error*"])


def test_a_note_fails_nothing_and_what_holds_no_candidate_need_not_be_python(pytester: pytest.Pytester) -> None:
    project(pytester)
    (pytester.path / "src" / "clean.py").write_text("print {{ a_template }}\n")
    pytester.makeconftest(
        """
        from dataclasses import replace

        from pitfallcheck import catalog

        half = catalog.static_half
        catalog.static_half = lambda one: lambda source: (replace(found, level="note") for found in half(one)(source))
        """
    )
    pytester.runpytest_subprocess("--pitfallcheck", "-k", "src").assert_outcomes(passed=2, deselected=4)
