from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from local.postgres import home
from local.postgres.account import Account
from local.postgres.binaries import find
from local.postgres.profiles import profile

# An account that owns nothing here, so that the answers do not depend on who runs the tests.
STRANGER = Account(uid=65533, gid=65533, name="stranger")


class Unowning(Account):
    """The stranger without chown, which only root may do."""

    def own(self, path: Path) -> None:
        """Keep the owner."""


UNOWNING = Unowning(uid=65533, gid=65533, name="stranger")


def open_to_all(path: Path) -> Path:
    for parent in (path, *path.parents):
        if parent.stat().st_uid == os.geteuid() and "pytest-of" in str(parent):
            parent.chmod(0o755)
    return path


def test_a_directory_the_account_can_enter_is_used_as_it_is(tmp_path):
    assert home.prepare(open_to_all(tmp_path) / "cluster", UNOWNING).data == tmp_path / "cluster" / "pgdata"


def test_a_cluster_below_a_closed_directory_moves_and_is_found_again(tmp_path, monkeypatch, capsys):
    open_to_all(tmp_path)
    monkeypatch.setattr(home, "RELOCATED", tmp_path / "var")
    closed = tmp_path / "root"
    closed.mkdir(mode=0o700)
    first = home.prepare(closed / "cluster", UNOWNING)
    assert first.base.parent == tmp_path / "var"
    assert str(first.base) in capsys.readouterr().out
    assert home.prepare(closed / "cluster", UNOWNING) == first
    (closed / "cluster" / "location").unlink()
    assert home.prepare(closed / "cluster", UNOWNING) != first, "a removed directory means a fresh cluster"


def test_when_no_place_can_be_reached_the_error_says_what_to_do(tmp_path, monkeypatch):
    closed = open_to_all(tmp_path) / "root"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(home, "RELOCATED", closed / "var")
    with pytest.raises(PermissionError, match="chmod o\\+x"):
        home.prepare(closed / "cluster", UNOWNING)


def test_programs_out_of_reach_are_copied_and_still_run(tmp_path):
    found = find()
    closed = tmp_path / "venv"
    closed.mkdir()
    (closed / "pg").symlink_to(found.root)
    closed.chmod(0o700)
    hidden = type(found)(closed / "pg", found.major, True)
    place = home.Home(open_to_all(tmp_path))
    closed.chmod(0o700)
    copy = home.reachable(hidden, place, STRANGER)
    assert copy.root.is_relative_to(tmp_path)
    for program in ("postgres", "initdb"):
        subprocess.run([copy.program(program), "--version"], check=True)
    assert home.reachable(hidden, place, STRANGER) == copy


def test_an_unknown_cluster_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="operational, warehouse"):
        profile("warehose")
