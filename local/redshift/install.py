"""Put the objects that Redshift has and PostgreSQL lacks into the warehouse's database."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import psycopg2

ROLE = "sluice"
FILES = sorted((Path(__file__).parent / "compat").glob("*.sql"))
WAIT_SECONDS = 60.0
_LOCK = 7_402_315


class InstallFailed(RuntimeError):
    """The database is not to be had, or refuses the objects; the message says which."""


def install(host: str, port: int, database: str, password: str, wait: float = WAIT_SECONDS) -> bool:
    """Install or update the compat objects as the superuser; return False when they were up to date.

    Raises
    ------
    InstallFailed
        When PostgreSQL does not answer within `wait` seconds, or a file does not apply.
    """
    scripts = [(path.name, path.read_text()) for path in FILES]
    version = hashlib.sha256("".join(name + sql for name, sql in scripts).encode()).hexdigest()
    connection = _connect(host, port, database, password, wait)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
            cursor.execute("create schema if not exists rs")
            cursor.execute("create table if not exists rs.installed (version text not null)")
            cursor.execute("select version from rs.installed")
            if cursor.fetchone() == (version,):
                return False
            cursor.execute("set local allow_system_table_mods = on")
            # Functions here may mention tables of later files.
            cursor.execute("set local check_function_bodies = off")
            for name, sql in scripts:
                try:
                    cursor.execute(sql)
                except psycopg2.Error as error:
                    raise InstallFailed(f"local/redshift/compat/{name}: {error}") from error
            cursor.execute("truncate rs.installed")
            cursor.execute("insert into rs.installed values (%s)", (version,))
        return True
    finally:
        connection.close()


def _connect(host: str, port: int, database: str, password: str, wait: float):
    deadline = time.monotonic() + wait
    while True:
        try:
            return psycopg2.connect(
                host=host,
                port=port,
                dbname=database,
                user=ROLE,
                password=password,
                connect_timeout=5,
                application_name="sluice-redshift",
            )
        except psycopg2.OperationalError as error:
            if "password authentication failed" in str(error) or time.monotonic() > deadline:
                raise InstallFailed(
                    f"the database {database!r} at {host}:{port} cannot be reached as {ROLE!r}: {str(error).strip()}"
                ) from None
            time.sleep(0.2)
