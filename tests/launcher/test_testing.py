"""Which test runs in which environment, and that nothing passes by not running."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.launcher import environments, testing
from local.launcher.errors import Exit, SluiceError
from local.launcher.home import REPOSITORY, Home


def names(selected: list[tuple[testing.Tier, list[str]]]) -> dict[str, list[str]]:
    return {tier.name: targets for tier, targets in selected}


def test_a_file_runs_in_the_environment_of_its_directory() -> None:
    selected = testing.select(Home(REPOSITORY), ["tests/launcher/test_ports.py::test_ports_are_remembered"])
    assert names(selected) == {"launcher": ["tests/launcher/test_ports.py::test_ports_are_remembered"]}
    assert selected[0][0].environment == "local"


def test_a_directory_above_selects_all_tiers_below() -> None:
    selected = names(testing.select(Home(REPOSITORY), ["tests"]))
    assert {"launcher", "local"} <= set(selected)
    assert selected == names(testing.select(Home(REPOSITORY), []))


def test_every_directory_of_tests_belongs_to_a_tier() -> None:
    known = {directory for tier in testing.TIERS for directory in tier.directories}
    found = {"/".join(path.relative_to(REPOSITORY).parts[:2]) for path in (REPOSITORY / "tests").rglob("test_*.py")}
    assert found
    assert found <= known


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A clone with one directory of tests, run by the environment these tests run in."""
    import sys

    home = Home(tmp_path)
    (tmp_path / "tests" / "launcher").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\nmarkers = ['slow: x']\n")
    python = home.env_python("local")
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(environments, "ensure", lambda *_: None)
    return home


def run(home: Home, text: str, fast: bool = False) -> int:
    (home.root / "tests" / "launcher" / "test_it.py").write_text(text)
    return testing.run(home, [], fast=fast, keyword=None, stop_early=False)


def test_the_exit_code_and_the_summary_tell_of_a_failure(project: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, "def test_a(): pass\ndef test_b(): assert 0\n") == Exit.FAILED
    summary = capsys.readouterr().out
    assert "launcher  failed  1       1       0" in summary
    assert (project.artifacts / "tests-launcher.xml").exists()


def test_all_passing_is_success(project: Home) -> None:
    assert run(project, "def test_a(): pass\n") == Exit.OK


def test_a_file_that_cannot_be_read_is_a_failure(project: Home) -> None:
    assert run(project, "import nothing_like_this\n") == Exit.FAILED


def test_fast_leaves_out_what_is_slow_and_running_nothing_is_no_success(project: Home) -> None:
    text = "import pytest\n@pytest.mark.slow\ndef test_a(): assert 0\n"
    with pytest.raises(SluiceError, match="no test was selected"):
        run(project, text, fast=True)
    assert run(project, text) == Exit.FAILED
