from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

from local.launcher import credentials
from local.launcher.home import Home


def test_secrets_are_generated_once_and_only_their_owner_reads_them(home: Home) -> None:
    first = credentials.load(home)
    assert credentials.load(home) == first
    assert stat.S_IMODE(home.secrets_file.stat().st_mode) == 0o600
    assert len(base64.urlsafe_b64decode(first["airflow_fernet_key"])) == 32
    assert len(set(first["write_keys"].values())) == 3


def test_a_missing_secret_is_added_and_the_others_stay(home: Home) -> None:
    first = credentials.load(home)
    home.secrets_file.write_text(json.dumps({k: v for k, v in first.items() if k != "airflow_jwt_secret"}))
    second = credentials.load(home)
    assert second.pop("airflow_jwt_secret") != first.pop("airflow_jwt_secret")
    assert second == first


def test_an_opened_file_is_closed_again(home: Home) -> None:
    credentials.load(home)
    home.secrets_file.chmod(0o644)
    credentials.load(home)
    assert stat.S_IMODE(home.secrets_file.stat().st_mode) == 0o600


def test_two_clones_share_no_secret(tmp_path: Path) -> None:
    one, two = credentials.load(Home(tmp_path / "one")), credentials.load(Home(tmp_path / "two"))
    assert all(one[name] != two[name] for name in one)
