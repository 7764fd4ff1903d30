"""Run dbt as an Airflow task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class DbtOperator(BaseOperator):
    """Run a dbt command against the warehouse; one task per layer, its tests included.

    dbt runs in a process of its own. Its lines appear in the task log, its files in a private folder that is removed,
    the password of the connection only in that process's environment.

    Parameters
    ----------
    command : str
        dbt command, ``build`` by default.
    select, exclude : str, optional
        dbt node selection, for example ``staging``.
    interval : str, optional
        Partition key (``YYYY-MM-DD``, or two days joined by ``_``, last included) whose days the run replaces; passed
        on as the variables ``interval_start`` and ``interval_end``. Without it a run replaces every day.
    variables : dict, optional
        Further dbt variables.
    unit_tests : bool
        Also run the models' unit tests. They test code with invented rows, so they belong to CI and not to every run.
    project_dir : str
        dbt project beside the DAG folder (or inside of it), or an absolute path; holds ``profiles.yml`` too.
    redshift_conn_id : str
        Airflow connection of the warehouse.
    threads : int, optional
        Nodes that run at once; the profile's number by default.
    parse_cache : str, optional
        Folder for dbt's parse cache; a private one below the temporary directory by default.

    Returns
    -------
    dict
        ``{"pass", "warn", "error", "skip", "models": {name: rows written or None}}``, pushed as XCom.
    """

    template_fields: Sequence[str] = ("command", "select", "exclude", "interval", "variables", "project_dir")
    ui_color = "#f6d9c5"

    def __init__(
        self,
        *,
        command: str = "build",
        select: str | None = None,
        exclude: str | None = None,
        interval: str | None = None,
        variables: dict[str, Any] | None = None,
        unit_tests: bool = False,
        project_dir: str = "dbt_project",
        redshift_conn_id: str = "redshift_default",
        threads: int | None = None,
        parse_cache: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.command = command
        self.select = select
        self.exclude = exclude
        self.interval = interval
        self.variables = variables
        self.unit_tests = unit_tests
        self.project_dir = project_dir
        self.redshift_conn_id = redshift_conn_id
        self.threads = threads
        self.parse_cache = parse_cache
        self._dbt: Any = None

    def execute(self, context: Context) -> dict[str, Any]:
        import os
        from pathlib import Path

        from airflow.providers.amazon.aws.hooks.redshift_sql import RedshiftSQLHook

        from sluice.warehouse.bundle import find_beside_dag
        from sluice.warehouse.connection import dbt_environment
        from sluice.warehouse.dbt_run import DbtProcess, default_cache

        project = find_beside_dag(context["dag"].fileloc, Path(self.project_dir) / "dbt_project.yml").parent
        environment = dbt_environment(RedshiftSQLHook(redshift_conn_id=self.redshift_conn_id), os.environ)
        self._dbt = DbtProcess(
            project, self.command, select=self.select, exclude=self.exclude, variables=self._variables(),
            unit_tests=self.unit_tests, threads=self.threads, environment=environment, log=self.log.log,
            cache=Path(self.parse_cache) if self.parse_cache else default_cache(project),
        )
        summary = self._dbt.run().summary()
        self.log.info("dbt %s: %s", self.command, summary)
        return summary

    def on_kill(self) -> None:
        if self._dbt is not None:
            self._dbt.stop()

    def _variables(self) -> dict[str, Any]:
        from sluice.warehouse.intervals import interval_of_key

        variables = dict(self.variables or {})
        if self.interval is not None:
            days = interval_of_key(self.interval)
            variables |= {"interval_start": str(days.start), "interval_end": str(days.end)}
        return variables
