"""Versions that Glue installs, read from the environment the jobs are tested with."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
JOB_MODULES = ("duckdb", "great-expectations", "jsonschema", "open-data-contract-standard", "pyyaml")


def job_modules(requirements: Path = REPOSITORY / "requirements" / "spark.txt") -> str:
    """Return the value of ``--additional-python-modules``, e.g. ``duckdb==1.5.4,great-expectations==1.24.0``.

    Raises
    ------
    LookupError
        When the environment's lock file does not pin one of them.
    """
    pinned = dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", requirements.read_text(), flags=re.MULTILINE))
    missing = [name for name in JOB_MODULES if name not in pinned]
    if missing:
        raise LookupError(f"{requirements}: no pin for {', '.join(missing)}; add it to spark.in and compile again")
    return ",".join(f"{name}=={pinned[name]}" for name in JOB_MODULES)
