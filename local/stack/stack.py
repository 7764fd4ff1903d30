"""The stack of one clone, put together: ports, secrets, environments and the supervisor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from local.airflow import settings as airflow
from local.launcher import console, credentials, environments, ports
from local.launcher.home import Home, read_json
from local.stack import catalogue, records
from local.stack.supervisor import Status, Supervisor


@dataclass(frozen=True)
class Stack:
    """What a running stack is made of."""

    home: Home
    ports: dict[str, int]
    secrets: dict[str, Any]
    supervisor: Supervisor


@contextmanager
def _locked(home: Home) -> Iterator[None]:
    with home.lock("stack", on_wait=lambda: console.say("stack", "another ./sluice works on it; waiting")):
        yield


def up(home: Home) -> tuple[Stack, int]:
    """Bring the whole stack up; only what is not healthy is started.

    Returns
    -------
    tuple
        The stack, and how many components were started.
    """
    with _locked(home):
        secrets = credentials.load(home)
        running = {owner: records.is_running(home, owner) for owner in catalogue.PORT_OWNERS.values()}
        for owner, runs in running.items():
            if not runs:
                # children of a killed component may still hold its port
                records.stop_orphans(home, owner)
        assigned = ports.assign(home, catalogue.PORT_OWNERS, lambda name: running[catalogue.PORT_OWNERS[name]])
        environments.ensure(home)
        airflow.write_password_file(home, secrets["airflow_admin_password"])
        supervisor = Supervisor(home, catalogue.components(home, assigned, secrets))
        return Stack(home, assigned, secrets, supervisor), supervisor.up()


def existing(home: Home) -> Stack | None:
    """The stack as it was last brought up; None when it never was."""
    remembered = read_json(home.ports_file, {})
    if not set(catalogue.PORT_OWNERS) <= set(remembered) or not home.secrets_file.exists():
        return None
    secrets = credentials.load(home)
    return Stack(home, remembered, secrets, Supervisor(home, catalogue.components(home, remembered, secrets)))


def down(home: Home) -> int:
    """Stop the whole stack; returns how many components ran."""
    with _locked(home):
        stack = existing(home)
        supervisor = stack.supervisor if stack else Supervisor(home, [])
        return supervisor.down()


def status(home: Home) -> list[Status]:
    """How each component is; an empty list when the stack was never brought up."""
    stack = existing(home)
    return stack.supervisor.status() if stack else []
