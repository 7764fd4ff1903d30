"""requirements.txt must install on Amazon MWAA: resolve under its constraints, and equal what the laptop runs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from local.launcher import package_index, uv
from local.launcher.home import Home

ROOT = Home().root
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[.*?\])?==([^\s;\\]+)", re.MULTILINE)


def pins(path: Path) -> dict[str, str]:
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in PIN.findall(path.read_text())}


def deployed(folder: Path) -> Path:
    """requirements.txt with the constraints' path on MWAA replaced by the one in this clone."""
    text = (ROOT / "requirements.txt").read_text()
    assert "/usr/local/airflow/plugins/mwaa-constraints.txt" in text
    copy = folder / "requirements.txt"
    copy.write_text(text.replace("/usr/local/airflow/plugins", str(ROOT / "plugins")))
    return copy


def resolve(requirements: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [
        str(uv.ensure(Home())), "pip", "compile", str(requirements), "--python-version", "3.12",
        "--python-platform", "x86_64-manylinux_2_34", "--no-header", "--no-annotate", "--quiet", *options,
    ]  # fmt: skip
    return subprocess.run(command, env=package_index.uv_environment(), capture_output=True, text=True)


@pytest.mark.slow
def test_requirements_resolve_under_the_constraints_of_mwaa(tmp_path: Path) -> None:
    answer = resolve(deployed(tmp_path))
    assert answer.returncode == 0, answer.stderr
    resolved = dict(PIN.findall(answer.stdout))
    assert resolved["dbt-redshift"] == "1.11.1"
    mwaa = pins(ROOT / "requirements" / "mwaa" / "constraints.txt")
    moved = {name for name, version in resolved.items() if mwaa.get(name, version).lower() != version.lower()}
    assert moved == {"pathspec", "more-itertools"}


@pytest.mark.slow
def test_the_two_constraints_are_let_go_because_they_must(tmp_path: Path) -> None:
    requirements = deployed(tmp_path)
    answer = resolve(requirements, "--constraint", str(ROOT / "requirements" / "mwaa" / "constraints.txt"))
    assert answer.returncode != 0
    assert "pathspec" in answer.stderr or "more-itertools" in answer.stderr


def test_mwaa_gets_the_versions_the_laptop_runs() -> None:
    laptop = pins(ROOT / "requirements" / "airflow.txt")
    different = {
        name: version for name, version in pins(ROOT / "requirements.txt").items() if laptop.get(name) != version
    }
    assert not different


def test_the_constraints_equal_those_of_mwaa_but_for_the_two() -> None:
    original = pins(ROOT / "requirements" / "mwaa" / "constraints.txt")
    assert len(original) > 600
    assert original.keys() - pins(ROOT / "plugins" / "mwaa-constraints.txt").keys() == {"pathspec", "more-itertools"}


def test_every_lock_file_carries_hashes_and_no_address_of_an_index() -> None:
    locks = list((ROOT / "requirements").glob("*.txt"))
    assert len(locks) >= 6
    for lock in locks:
        text = lock.read_text()
        blocks = re.split(r"\n(?=[A-Za-z0-9])", text)
        unhashed = [
            block.splitlines()[0] for block in blocks if "==" in block.splitlines()[0] and "--hash=" not in block
        ]
        assert not unhashed, lock.name
        assert "--index-url" not in text
        assert "http" + "://" not in text and "https" + "://" not in text, lock.name
