from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local.launcher.home import REPOSITORY, Home

Sluice = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A clone that holds nothing but its requirements."""
    shutil.copytree(REPOSITORY / "requirements", tmp_path / "clone" / "requirements")
    return Home(tmp_path / "clone")


def _clone(target: Path) -> Path:
    """What the launcher needs of a clone."""
    target.mkdir(parents=True)
    shutil.copy(REPOSITORY / "sluice", target / "sluice")
    shutil.copytree(REPOSITORY / "requirements", target / "requirements")
    for package in ("launcher", "stack", "airflow"):
        shutil.copytree(
            REPOSITORY / "local" / package, target / "local" / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(REPOSITORY / "local" / "__init__.py", target / "local" / "__init__.py")
    return target


@pytest.fixture
def clone(tmp_path: Path) -> Callable[[str], Path]:
    """Makes another clone of the launcher, with no state."""
    return lambda name: _clone(tmp_path / name)


def run_sluice(root: Path, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run `./sluice` of a clone as a user would, without a terminal."""
    return subprocess.run(
        [sys.executable, str(root / "sluice"), *arguments],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=400, **options,
    )  # fmt: skip


@pytest.fixture(scope="session")
def sluice() -> Sluice:
    return run_sluice
