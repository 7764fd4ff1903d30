"""Passwords and keys of this clone, generated once into `.sluice/secrets.json` (readable by its owner only)."""

from __future__ import annotations

import base64
import json
import os
import secrets
import stat
from collections.abc import Callable
from typing import Any

from local.launcher.home import Home, read_json, write_atomically

#: The tenants the demo's shops belong to.
DEMO_TENANTS = ("aurora", "borealis", "cascade")


def _token() -> str:
    return secrets.token_urlsafe(24)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


_GENERATORS: dict[str, Callable[[], Any]] = {
    "postgres_password": _token,
    "airflow_admin_password": lambda: secrets.token_urlsafe(12),
    "airflow_jwt_secret": lambda: secrets.token_urlsafe(48),
    "airflow_secret_key": lambda: secrets.token_urlsafe(32),
    "airflow_fernet_key": _fernet_key,
    "write_keys": lambda: {tenant: f"wk_{secrets.token_urlsafe(18)}" for tenant in DEMO_TENANTS},
}


def load(home: Home) -> dict[str, Any]:
    """The clone's secrets; what is missing is generated, what exists never changes.

    Returns
    -------
    dict
        postgres_password, airflow_* (str) and write_keys (tenant -> key).
    """
    known = read_json(home.secrets_file, {})
    complete = {name: known.get(name) or generate() for name, generate in _GENERATORS.items()}
    merged = {**known, **complete}
    if merged != known or stat.S_IMODE(home.secrets_file.stat().st_mode) != 0o600:
        write_atomically(home.secrets_file, json.dumps(merged, indent=2) + "\n", mode=0o600)
    return merged
