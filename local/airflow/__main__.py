"""`python -m local.airflow COMMAND ...` is `airflow COMMAND ...`, started with less work.

While Airflow's modules are imported, Python's garbage collector walks again and again over objects that all stay:
without it the api-server is ready after 5.5 CPU seconds instead of 8.1. What was imported is then frozen (left out of
later collections), so that the processes forked for tasks share that memory.
"""

from __future__ import annotations

import gc
import importlib
import sys

#: What each command imports by itself, only later.
MODULES = {
    "api-server": "airflow.api_fastapi.main",
    "scheduler": "airflow.jobs.scheduler_job_runner",
    "dag-processor": "airflow.dag_processing.manager",
    "triggerer": "airflow.jobs.triggerer_job_runner",
}


def main() -> None:
    """Run the command named in the arguments."""
    gc.disable()
    from airflow.__main__ import main as airflow

    importlib.import_module(MODULES[sys.argv[1]])
    gc.freeze()
    gc.enable()
    airflow()


if __name__ == "__main__":
    main()
