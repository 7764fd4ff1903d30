"""What the verbs of `./sluice` do. Each takes the clone and its options and returns an exit code.

What a verb needs is imported inside it: `--help` and `status` stay instant.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from local.launcher import console
from local.launcher.errors import Exit, SluiceError
from local.launcher.home import Home

NOT_RUNNING = "`./sluice up` starts it"


def up(home: Home, _options: argparse.Namespace) -> int:
    """Start what is not healthy."""
    from local.stack import stack

    began = time.monotonic()
    running, started = stack.up(home)
    total = len([component for component in running.supervisor.components if not component.once])
    text = f"{total} components run" if not started else f"{total} components run, {started} steps taken"
    console.say("sluice", text, time.monotonic() - began)
    if started:
        admin_password = running.secrets["airflow_admin_password"]
        print(f"Airflow   http://127.0.0.1:{running.ports['airflow']}   user admin, password {admin_password}")
        print(f"AWS       export AWS_ENDPOINT_URL=http://127.0.0.1:{running.ports['aws']} "
              "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1")  # fmt: skip
    return Exit.OK


def down(home: Home, _options: argparse.Namespace) -> int:
    """Stop everything."""
    from local.stack import stack

    began = time.monotonic()
    stopped = stack.down(home)
    console.say("sluice", f"{stopped} components stopped" if stopped else "nothing ran", time.monotonic() - began)
    return Exit.OK


def status(home: Home, options: argparse.Namespace) -> int:
    """Show how each component is."""
    from local.stack import stack

    entries = stack.status(home)
    ok = bool(entries) and all(entry.healthy for entry in entries)
    if options.json:
        print(json.dumps({"components": [entry.as_json() for entry in entries], "ok": ok}, indent=2))
    elif not entries:
        print(f"The stack was never started here; {NOT_RUNNING}.")
    else:
        rows = [
            (entry.name, entry.state, entry.address, str(entry.pid or "-"), _duration(entry.uptime_seconds))
            for entry in entries
        ]
        print(console.table(rows, ("component", "state", "address", "pid", "uptime")))
        if not ok:
            print(f"\nNot everything runs; {NOT_RUNNING}, `./sluice logs NAME` says why one died.")
    return Exit.OK if ok else Exit.NOT_RUNNING


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def logs(home: Home, options: argparse.Namespace) -> int:
    """Show, and follow, a log."""
    from local.stack import logs as files

    known = sorted(path.stem for path in home.logs.glob("*.log"))
    if not options.name:
        print("\n".join(known) or f"There are no logs yet; {NOT_RUNNING}.")
        return Exit.OK
    if options.name not in known:
        raise SluiceError(
            f"there is no log of {options.name!r}", f"the logs are: {', '.join(known) or 'none yet'}", Exit.USAGE
        )
    path = files.path(home, options.name)
    print(files.tail(path, options.lines))
    if options.follow:
        for text in files.follow(path):
            print(text, end="", flush=True)
    return Exit.OK


def reset(home: Home, options: argparse.Namespace) -> int:
    """Stop everything and delete its data."""
    from local.stack import stack

    what = "all data, logs and environments" if options.envs else "all data and logs"
    if not options.yes:
        if not sys.stdin.isatty():
            raise SluiceError(f"reset deletes {what} of {home.state}", "say --yes to agree", Exit.USAGE)
        if input(f"Delete {what} of {home.state}? [y/N] ").strip().lower() not in {"y", "yes"}:
            print("Nothing deleted.")
            return Exit.FAILED
    stack.down(home)
    for pointer in home.data.glob("*/location"):
        # as root a PostgreSQL cluster may live elsewhere, because its account cannot enter the clone
        shutil.rmtree(pointer.read_text().strip(), ignore_errors=True)
    for directory in (home.data, home.logs, home.run, home.artifacts, *([home.envs] if options.envs else [])):
        shutil.rmtree(directory, ignore_errors=True)
    console.say("sluice", f"deleted {what}")
    return Exit.OK


def test(home: Home, options: argparse.Namespace) -> int:
    """Run the tests."""
    from local.launcher import testing

    return testing.run(home, options.paths, fast=options.fast, keyword=options.k, stop_early=options.stop_early)


def doctor(home: Home, options: argparse.Namespace) -> int:
    """Check this machine."""
    from local.launcher import doctor as checks
    from local.launcher import environments, uv

    findings = checks.run(home)
    for finding in findings:
        mark = {"ok": "ok   ", "warn": "note ", "fail": "FAIL "}[finding.level]
        print(f"{mark} {finding.subject}: {finding.text}")
        if finding.advice:
            print(f"      what to do: {finding.advice}")
    if options.fix:
        uv.ensure(home)
        environments.ensure(home)
    return Exit.FAILED if any(finding.level == "fail" for finding in findings) else Exit.OK


def backfill(home: Home, options: argparse.Namespace) -> int:
    """Run a DAG for past days."""
    from local.airflow import backfill as runs
    from local.stack import stack

    if options.last < options.first:
        raise SluiceError("--to lies before --from", "swap the two days", Exit.USAGE)
    running = stack.existing(home)
    if not running:
        raise SluiceError("the stack does not run", NOT_RUNNING, Exit.NOT_RUNNING)
    return runs.run(
        f"http://127.0.0.1:{running.ports['airflow']}", running.secrets["airflow_admin_password"], options.dag,
        options.first, options.last, again=options.again, parallel=options.parallel, wait=not options.no_wait,
    )  # fmt: skip


def demo(home: Home, options: argparse.Namespace) -> int:
    """Bring the stack up and run the demo."""
    return _in_the_stack(home, "local.demo", options.rest)


def bench(home: Home, options: argparse.Namespace) -> int:
    """Bring the stack up and run a benchmark."""
    if not options.name and not {"-h", "--help"} & set(options.rest):
        raise SluiceError("bench needs the NAME of a benchmark", "`./sluice bench --help` lists them", Exit.USAGE)
    return _in_the_stack(home, "benchmarks", [*([options.name] if options.name else []), *options.rest])


def build(home: Home, options: argparse.Namespace) -> int:
    """Make what is deployed; needs the environments, not the stack."""
    from local.launcher import environments

    environments.ensure(home, ["local"])
    return _module(home, "local", "infra.build", options.rest, {**os.environ, "PYTHONPATH": _python_path(home)})


def _python_path(home: Home) -> str:
    return f"{home.root}:{home.root / 'plugins'}"


def _in_the_stack(home: Home, module: str, arguments: list[str]) -> int:
    """Run a module in environment `airflow` with the stack up; asking it for help starts nothing."""
    from local.launcher import environments
    from local.stack import catalogue, settings, stack

    if {"-h", "--help"} & set(arguments):
        environments.ensure(home, ["airflow"])
        return _module(home, "airflow", module, arguments, {**os.environ, "PYTHONPATH": _python_path(home)})
    running, _ = stack.up(home)
    env = {**settings.inherited(), **catalogue.airflow_environment(home, running.ports, running.secrets)}
    return _module(home, "airflow", module, arguments, env)


def _module(home: Home, environment: str, module: str, arguments: list[str], env: dict[str, str]) -> int:
    path = home.root / Path(*module.split("."))
    if not path.with_suffix(".py").exists() and not (path / "__main__.py").exists():
        raise SluiceError(f"this clone has no {path}", "update it: git pull")
    command = [str(home.env_python(environment)), "-m", module, *arguments]
    process = subprocess.Popen(command, env=env, cwd=home.root)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # the terminal sent it to the child as well; give that the time to end in order
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
