"""First step of the stack in containers: put passwords and keys from the environment where the components read them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from local.airflow import settings as airflow
from local.launcher.home import Home, write_atomically


def prepare(home: Home, environ: dict[str, str]) -> None:
    """Write the tenants' write keys (`SLUICE_SECRETS_FILE`) and Airflow's password file.

    Raises
    ------
    SystemExit
        `SLUICE_WRITE_KEYS` is no JSON object.
    """
    try:
        write_keys = json.loads(environ["SLUICE_WRITE_KEYS"])
    except ValueError:
        write_keys = None
    if not isinstance(write_keys, dict):
        sys.exit('prepare: SLUICE_WRITE_KEYS must be JSON like {"tenant": "key"}; docker/settings.py writes it')
    admin = environ["SLUICE_AIRFLOW_ADMIN_PASSWORD"]
    known = {"write_keys": write_keys, "airflow_admin_password": admin}
    write_atomically(Path(environ["SLUICE_SECRETS_FILE"]), json.dumps(known) + "\n", mode=0o600)
    airflow.write_password_file(home, admin)


if __name__ == "__main__":
    prepare(Home(), dict(os.environ))
