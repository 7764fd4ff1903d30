"""When an environment is built, and that a half-built one never counts as complete."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from local.launcher import environments, uv
from local.launcher.environments import ENVIRONMENTS, STAMP, Decision
from local.launcher.errors import SluiceError
from local.launcher.home import REPOSITORY, Home

FUNCTIONS = ENVIRONMENTS["functions"]


def decide(home: Home) -> Decision:
    return environments.decide(home, FUNCTIONS, environments.fingerprint(home, FUNCTIONS, sys.executable))


def pretend_built(home: Home) -> None:
    python = home.env_python("functions")
    python.parent.mkdir(parents=True)
    python.touch()
    stamp = environments.fingerprint(home, FUNCTIONS, sys.executable)
    (home.envs / "functions" / STAMP).write_text(json.dumps(stamp))


def test_a_new_clone_builds(home: Home) -> None:
    assert decide(home) == Decision("build", "new")


def test_a_complete_environment_is_left_alone(home: Home) -> None:
    pretend_built(home)
    assert decide(home) == Decision("none")


def test_changed_requirements_update_in_place(home: Home) -> None:
    pretend_built(home)
    with (home.requirements / "functions.txt").open("a") as lock:
        lock.write("# moved\n")
    assert decide(home).action == "update"


def test_another_environments_requirements_do_not_matter(home: Home) -> None:
    pretend_built(home)
    (home.requirements / "spark.txt").write_text("other")
    assert decide(home).action == "none"


def test_an_environment_without_a_stamp_was_half_built(home: Home) -> None:
    pretend_built(home)
    (home.envs / "functions" / STAMP).unlink()
    assert decide(home) == Decision("build", "half-built before")


@pytest.mark.parametrize("key", ["python", "machine", "place"])
def test_another_python_machine_or_place_builds_anew(home: Home, key: str) -> None:
    pretend_built(home)
    path = home.envs / "functions" / STAMP
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: "other"}))
    assert decide(home).action == "build"


def test_a_vanished_interpreter_builds_anew(home: Home) -> None:
    pretend_built(home)
    home.env_python("functions").unlink()
    assert decide(home).action == "build"


def test_only_what_is_incomplete_is_built(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_built(home)
    monkeypatch.setattr(uv, "ensure", lambda _home: Path("/bin/true"))
    built: list[str] = []

    def build(_home: Home, environment: environments.Environment, *_: object) -> None:
        built.append(environment.name)

    environments.ensure(home, ["functions", "local"], build=build)
    assert built == ["local"]


def test_a_python_that_is_too_old_or_missing_is_refused(home: Home, tmp_path: Path) -> None:
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\necho 3.9.2\n")
    old.chmod(0o755)
    with pytest.raises(SluiceError, match=r"is Python 3\.9\.2"):
        environments.fingerprint(home, FUNCTIONS, str(old))
    with pytest.raises(SluiceError, match="does not run"):
        environments.fingerprint(home, FUNCTIONS, str(tmp_path / "nothing"))


@pytest.mark.slow
def test_a_real_environment_is_built_survives_a_kill_and_is_not_built_twice(
    home: Home, capfd: pytest.CaptureFixture[str]
) -> None:
    environments.ensure(home, ["functions"])
    assert "building (new)" in capfd.readouterr().err
    subprocess.run([home.env_python("functions"), "-c", "import aws_lambda_powertools, boto3"], check=True)
    environments.ensure(home, ["functions"])
    assert capfd.readouterr().err == ""
    assert uv.at_hand(home)
    # killed between the last package and the stamp
    (home.envs / "functions" / STAMP).unlink()
    environments.ensure(home, ["functions"])
    assert "half-built before" in capfd.readouterr().err
    assert decide(home) == Decision("none")


@pytest.mark.slow
def test_a_package_whose_hash_is_wrong_is_refused_and_leaves_no_stamp(home: Home) -> None:
    lock = home.requirements / "functions.txt"
    lock.write_text("six==1.17.0 --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(SluiceError, match="ash mismatch"):
        environments.ensure(home, ["functions"])
    assert decide(home).action == "build"


def test_the_environments_of_this_clone_share_one_interpreter_with_the_launcher() -> None:
    """Tests run inside an environment; what they start must not think that it needs other environments."""
    assert Path(environments.interpreter({})).resolve() == Path(sys.executable).resolve()
    assert environments.interpreter({"SLUICE_PYTHON": "/x/python"}) == "/x/python"
    assert set(environments.OF_THE_STACK) <= set(ENVIRONMENTS)
    for environment in ENVIRONMENTS.values():
        assert all((REPOSITORY / "requirements" / lock).exists() for lock in environment.locks)


def test_the_lock_keeps_a_second_launcher_waiting(home: Home) -> None:
    waited: list[bool] = []
    with (
        home.lock("envs"),
        pytest.raises(SluiceError, match=r"has held .*envs\.lock"),
        home.lock("envs", on_wait=lambda: waited.append(True), timeout=0.2),
    ):
        raise AssertionError("the lock was given twice")
    assert waited == [True]
