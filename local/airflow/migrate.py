"""`python -m local.airflow.migrate` brings Airflow's metadata database to the schema of the installed version.

The same functions as behind `airflow db migrate`, without loading the whole command line.
"""

from __future__ import annotations

from airflow import settings
from airflow.utils import db


def main() -> None:
    """Create the tables of an empty database, or migrate an older one; does nothing when it is current."""
    settings.configure_orm()
    db.upgradedb()


if __name__ == "__main__":
    main()
