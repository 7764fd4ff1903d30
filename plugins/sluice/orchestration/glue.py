"""Glue jobs as Sluice runs them: deferred, resumed on retry, stopped with the task, failed with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.operators.glue import GlueJobOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

# Rendered when the task runs, so that a DAG file asks nobody for anything.
LAKE_BUCKET = "{{ var.value.sluice_lake_bucket }}"
QUALITY_BUCKET = "{{ var.value.sluice_quality_bucket }}"
ARTIFACTS_BUCKET = "{{ var.value.sluice_artifacts_bucket }}"
# What people wrote beside the suites that contracts give.
EXPECTATIONS = f"s3://{ARTIFACTS_BUCKET}/expectations"
PARTITION = "{{ dag_run.partition_key }}"


class GlueJobFailed(RuntimeError):
    """A job run ended in another state than SUCCEEDED."""


def contract_address(name: str) -> str:
    """Where jobs read a contract: ``clickstream/events`` -> ``s3://<artifacts>/contracts/clickstream/events.yaml``."""
    return f"s3://{ARTIFACTS_BUCKET}/contracts/{name}.yaml"


class LakeJobOperator(GlueJobOperator):
    """Run a job of the lake on one partition.

    Adds to the provider's operator: it waits in the triggerer, shows the job's log, takes up a run that is still
    going when
    the task is tried again, and fails with the job's own error message. A run that somebody stopped is a failure,
    too; the
    provider calls that success.

    Parameters
    ----------
    job_name : str
        Name of the Glue job.
    script_args : dict
        Arguments beside ``--interval`` (the run's partition) and ``--run_id``.
    """

    def __init__(self, *, script_args: dict[str, Any], **kwargs: Any) -> None:
        settings: dict[str, Any] = {
            "deferrable": True,
            "verbose": True,
            "resume_glue_job_on_retry": True,
            "stop_job_run_on_kill": True,
            "waiter_delay": 1,
            "waiter_max_attempts": 6 * 3600,
        }
        super().__init__(
            script_args={"--interval": PARTITION, "--run_id": "{{ run_id }}", **script_args}, **(settings | kwargs)
        )

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> str:
        """Check how the run ended.

        Raises
        ------
        GlueJobFailed
            With the state and the message that the job left.
        """
        run_id = (event or {}).get("run_id") or context["ti"].xcom_pull(key="glue_job_run_id", task_ids=self.task_id)
        run = self.hook.conn.get_job_run(JobName=self.job_name, RunId=run_id)["JobRun"]
        if run["JobRunState"] != "SUCCEEDED":
            reason = run.get("ErrorMessage") or "no message; see the log above"
            raise GlueJobFailed(f"{self.job_name} {run_id} ended {run['JobRunState']}: {reason}")
        return run_id
