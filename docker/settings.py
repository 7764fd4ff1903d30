"""Write what docker-compose.yml asks for into `.sluice/compose.env`: the passwords and keys of this clone.

    python3 docker/settings.py && docker compose --env-file .sluice/compose.env up --build --wait
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from local.launcher import credentials
from local.launcher.home import Home, write_atomically


def lines(secrets: dict) -> list[str]:
    """The file's lines; values are quoted so that Compose takes them as they are."""
    values = {
        "SLUICE_POSTGRES_PASSWORD": secrets["postgres_password"],
        "SLUICE_AIRFLOW_ADMIN_PASSWORD": secrets["airflow_admin_password"],
        "SLUICE_AIRFLOW_FERNET_KEY": secrets["airflow_fernet_key"],
        "SLUICE_AIRFLOW_SECRET_KEY": secrets["airflow_secret_key"],
        "SLUICE_AIRFLOW_JWT_SECRET": secrets["airflow_jwt_secret"],
        "SLUICE_WRITE_KEYS": json.dumps(secrets["write_keys"]),
    }
    return [f"{name}='{value}'" for name, value in values.items()]


def main() -> None:
    """Write the file, readable by its owner only."""
    home = Home()
    target = home.state / "compose.env"
    write_atomically(target, "\n".join(lines(credentials.load(home))) + "\n", mode=0o600)
    print(f"written: {target}\nnext: docker compose --env-file .sluice/compose.env up --build --wait")


if __name__ == "__main__":
    main()
