"""What a user meets on the command line: help, exit codes, errors that say what to do."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local.launcher.cli import main, parser
from local.launcher.home import REPOSITORY

VERBS = ("demo", "test", "up", "down", "status", "logs", "reset", "doctor", "backfill", "bench", "build")


def test_help_names_every_verb_and_the_exit_codes(sluice: Callable) -> None:
    answer = sluice(REPOSITORY, "--help")
    assert answer.returncode == 0
    for verb in VERBS:
        assert f"    {verb} " in answer.stdout
    assert "exit codes:" in answer.stdout


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in {"demo", "bench", "build"}])
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        parser().parse_args([verb, "--help"])
    assert exit_.value.code == 0
    assert f"./sluice {verb}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["up", "--turbo"],
        ["backfill", "some_dag"],
        ["backfill", "some_dag", "--from", "yesterday", "--to", "2026-01-01"],
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert "usage: ./sluice" in capsys.readouterr().err


def test_status_of_a_fresh_clone_says_how_to_start_and_exits_with_3(clone: Callable, sluice: Callable) -> None:
    root = clone("fresh")
    answer = sluice(root, "status")
    assert answer.returncode == 3
    assert "./sluice up" in answer.stdout
    machine = sluice(root, "status", "--json")
    assert machine.returncode == 3
    assert json.loads(machine.stdout) == {"components": [], "ok": False}


def test_down_of_a_fresh_clone_is_fine(clone: Callable, sluice: Callable) -> None:
    answer = sluice(clone("fresh"), "down")
    assert answer.returncode == 0
    assert "nothing ran" in answer.stderr


def test_backfill_without_a_stack_exits_with_3(clone: Callable, sluice: Callable) -> None:
    answer = sluice(clone("fresh"), "backfill", "x", "--from", "2026-01-01", "--to", "2026-01-02")
    assert answer.returncode == 3
    assert "what to do: `./sluice up`" in answer.stderr


def test_backfill_that_ends_before_it_begins_is_wrong_usage(clone: Callable, sluice: Callable) -> None:
    answer = sluice(clone("fresh"), "backfill", "x", "--from", "2026-01-02", "--to", "2026-01-01")
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr


def test_reset_without_a_terminal_wants_yes(clone: Callable, sluice: Callable) -> None:
    root = clone("fresh")
    (root / ".sluice" / "data" / "aws").mkdir(parents=True)
    assert sluice(root, "reset").returncode == 2
    assert (root / ".sluice" / "data" / "aws").exists()
    assert sluice(root, "reset", "--yes").returncode == 0
    assert not (root / ".sluice" / "data").exists()


def test_an_unknown_log_names_those_there_are(clone: Callable, sluice: Callable) -> None:
    root = clone("fresh")
    (root / ".sluice" / "logs").mkdir(parents=True)
    (root / ".sluice" / "logs" / "aws.log").write_text("".join(f"line {n}\n" for n in range(100)))
    wrong = sluice(root, "logs", "asw")
    assert wrong.returncode == 2
    assert "the logs are: aws" in wrong.stderr
    right = sluice(root, "logs", "aws", "-n", "2")
    assert right.stdout.split("\n")[:2] == ["line 98", "line 99"]


def test_a_path_that_is_no_test_is_explained(sluice: Callable) -> None:
    answer = sluice(REPOSITORY, "test", "tests/nowhere")
    assert answer.returncode == 2
    assert "tests/launcher" in answer.stderr


def test_the_launcher_imports_nothing_but_the_standard_library() -> None:
    code = (
        "import sys; sys.path.insert(0, '.');"
        "import local.launcher.cli, local.launcher.testing, local.launcher.doctor;"
        "import local.stack.stack, local.airflow.backfill;"
        "print([m for m in sys.modules if m.partition('.')[0] not in sys.stdlib_module_names | {'local', '__main__'}])"
    )
    answer = subprocess.run(
        [sys.executable, "-S", "-E", "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_the_launcher_works_from_any_directory_and_through_a_link(tmp_path: Path, clone: Callable) -> None:
    link = tmp_path / "sluice"
    link.symlink_to(clone("fresh") / "sluice")
    answer = subprocess.run([sys.executable, str(link), "status"], cwd="/", capture_output=True, text=True)
    assert answer.returncode == 3
