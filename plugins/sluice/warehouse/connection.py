"""From an Airflow Redshift connection to the environment that the dbt profile reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.redshift_sql import RedshiftSQLHook


def dbt_environment(hook: RedshiftSQLHook, base: Mapping[str, str]) -> dict[str, str]:
    """Environment for one dbt call.

    Parameters
    ----------
    hook : RedshiftSQLHook
        Of the connection to use. With ``{"iam": true}`` in its extra a temporary password is fetched, as the hook
        itself does for its own connections.
    base : mapping
        Environment to start from. Airflow's own settings (``AIRFLOW_*``, they hold other secrets) are left out.

    Returns
    -------
    dict
        `base` with ``REDSHIFT_HOST``, ``_PORT``, ``_USER``, ``_PASSWORD``, ``_DATABASE`` and ``_SSLMODE``.

    Raises
    ------
    ValueError
        The connection lacks something that dbt needs.
    """
    connection = hook.conn
    extra = connection.extra_dejson
    user, password, port = connection.login, connection.password, connection.port
    if extra.get("iam"):
        user, password, port = hook.get_iam_token(connection)
    values = {
        "REDSHIFT_HOST": connection.host,
        "REDSHIFT_PORT": str(port or 5439),
        "REDSHIFT_USER": user,
        "REDSHIFT_PASSWORD": password,
        "REDSHIFT_DATABASE": connection.schema,
        "REDSHIFT_SSLMODE": _sslmode(extra),
    }
    missing = [name.removeprefix("REDSHIFT_").lower() for name, value in values.items() if not value]
    if missing:
        raise ValueError(
            f"Airflow connection {hook.get_conn_id()!r} has no {', '.join(missing)}: "
            "set it under Admin > Connections (user is Login, database is Schema)"
        )
    return {name: value for name, value in base.items() if not name.startswith("AIRFLOW_")} | values


def _sslmode(extra: Mapping[str, object]) -> str:
    # redshift_connector's own arguments, which the hook passes on: `ssl` (bool) and `sslmode`.
    if extra.get("ssl") in (False, "false", "False"):
        return "disable"
    return str(extra.get("sslmode") or "prefer")
