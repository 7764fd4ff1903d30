"""Bring the components of a stack up, tell how they are, and take them down; one launcher at a time."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local.launcher import console
from local.launcher.errors import SluiceError
from local.launcher.home import Home, write_atomically
from local.stack import logs, processes, records, settings
from local.stack.component import Component, in_order

_POLL_SECONDS = 0.05
#: A running but silent component may be busy for a moment; after this it is restarted.
_PATIENCE_SECONDS = 20
#: A component that does not answer for longer than this after its start is not starting any more.
_STARTING_SECONDS = 180


@dataclass(frozen=True)
class Status:
    """How a component is, as `./sluice status --json` shows it."""

    name: str
    state: str  # running, starting, silent (runs, does not answer), stopped, died
    healthy: bool
    address: str
    pid: int | None
    uptime_seconds: float | None
    log: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Supervisor:
    """The components of one clone.

    Parameters
    ----------
    home
        The clone.
    components
        All of them; their order does not matter.
    """

    def __init__(self, home: Home, components: list[Component]) -> None:
        self.home = home
        self.components = in_order(components)
        self._abort = threading.Event()

    # -- looking ---------------------------------------------------------------------------------------------------

    def status(self) -> list[Status]:
        """One entry per server component."""
        servers = [component for component in self.components if not component.once]
        with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, len(servers))) as pool:
            return list(pool.map(self._status, servers))

    def _status(self, component: Component) -> Status:
        record = records.load(self.home, component.name)
        running = record is not None and processes.is_running(record.identity)
        healthy = running and component.probe.ready(record.since)
        young = record is not None and time.time() - record.since < _STARTING_SECONDS
        if running:
            state = "running" if healthy else "starting" if young else "silent"
        else:
            state = "died" if record else "stopped"
        return Status(
            component.name, state, healthy, component.address,
            record.pid if running else None,
            round(time.time() - record.since, 1) if running else None,
            str(logs.path(self.home, component.name)),
        )  # fmt: skip

    # -- starting --------------------------------------------------------------------------------------------------

    def up(self) -> int:
        """Start what is not healthy, each component as soon as what it needs is ready.

        Returns
        -------
        int
            How many components were started.

        Raises
        ------
        SluiceError
            A component did not become ready; carries the end of its log.
        """
        for directory in (self.home.logs, self.home.run, self.home.data):
            directory.mkdir(parents=True, exist_ok=True)
        self._stop_unknown()
        return sum(self._parallel(self._ensure, lambda component: component.needs))

    def _stop_unknown(self) -> None:
        """Stop what an older version of this clone started and this one does not know."""
        known = {component.name for component in self.components}
        for name in records.names(self.home):
            if name not in known:
                self._stop(name)

    def _parallel(self, work: Callable[[Component], Any], after: Callable[[Component], tuple[str, ...]]) -> list[Any]:
        """Run `work` on every component in threads, each once those it comes `after` are finished."""
        futures: dict[str, concurrent.futures.Future[Any]] = {}
        submitted = threading.Event()

        def run(component: Component) -> Any:
            submitted.wait()
            for other in after(component):
                if futures[other].exception() is not None:
                    raise _Skipped(other)
            return work(component)

        with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, len(self.components))) as pool:
            for component in self.components:
                futures[component.name] = pool.submit(run, component)
            submitted.set()
            try:
                concurrent.futures.wait(futures.values())
            except KeyboardInterrupt:
                self._abort.set()
                raise
        failures = [future.exception() for future in futures.values() if future.exception()]
        failures = [failure for failure in failures if not isinstance(failure, _Skipped)]
        for failure in failures[:-1]:
            console.say("sluice", str(failure))
        for failure in failures[-1:]:
            raise failure
        return [future.result() for future in futures.values()]

    def _ensure(self, component: Component) -> int:
        if component.once:
            return self._run_once(component)
        record = records.load(self.home, component.name)
        if record and processes.is_running(record.identity):
            if record.fingerprint == component.fingerprint and self._wait_ready(component, record, _PATIENCE_SECONDS):
                return 0
            changed = record.fingerprint != component.fingerprint
            console.say(
                component.name, "its code or settings changed; restarting" if changed else "does not answer; restarting"
            )
        elif record:
            console.say(component.name, "had died; starting again")
        self._stop(component.name)
        self._start(component)
        return 1

    def _environment(self, component: Component) -> dict[str, str]:
        return {
            **settings.inherited(),
            **component.env,
            processes.MARK: processes.mark(self.home.state, component.name),
        }

    def _start(self, component: Component) -> None:
        began = time.time()
        logs.rotate(self.home, component.name)
        log = logs.path(self.home, component.name)
        try:
            process = processes.start(component.command, self._environment(component), log, self.home.root)
        except OSError as error:
            raise SluiceError(
                f"{component.name} cannot be started: {error}",
                "rebuild the environments: rm -rf .sluice/envs; ./sluice up",
            ) from error
        identity = processes.identify(process.pid)
        if identity is None:
            raise self._failure(component, f"ended at once with exit code {process.wait()}")
        record = records.Record(
            identity.pid, identity.started, began, component.fingerprint, component.address, component.stop_timeout
        )
        records.save(self.home, component.name, record)
        if not self._wait_ready(component, record, component.start_timeout):
            if self._abort.is_set():
                raise SluiceError(f"{component.name}: interrupted while it started")
            if processes.is_running(identity):
                reason = f"was not ready after {component.start_timeout:.0f} s (it keeps running)"
            else:
                reason = "ended while it started"
            raise self._failure(component, reason)
        console.say(component.name, f"ready  {component.address}", time.time() - began)

    def _wait_ready(self, component: Component, record: records.Record, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not self._abort.is_set():
            if component.probe.ready(record.since):
                # someone else may answer on that port: ours must be alive as well
                return processes.is_running(record.identity)
            if not processes.is_running(record.identity) or time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return False

    def _run_once(self, component: Component) -> int:
        if component.done.exists() and component.done.read_text() == component.fingerprint:
            return 0
        began = time.time()
        logs.rotate(self.home, component.name)
        log = logs.path(self.home, component.name)
        process = processes.start(component.command, self._environment(component), log, self.home.root)
        try:
            while process.poll() is None:
                if self._abort.is_set() or time.time() - began > component.start_timeout:
                    raise self._failure(component, f"did not finish in {component.start_timeout:.0f} s")
                time.sleep(_POLL_SECONDS)
        finally:
            identity = processes.identify(process.pid)
            if process.poll() is None and identity:
                processes.stop(identity, 2)
        if process.returncode:
            raise self._failure(component, f"failed with exit code {process.returncode}")
        write_atomically(component.done, component.fingerprint)
        console.say(component.name, "done", time.time() - began)
        return 1

    def _failure(self, component: Component, reason: str) -> SluiceError:
        log = logs.path(self.home, component.name)
        return SluiceError(
            f"{component.name} {reason}; the end of {_relative(log, self.home.root)}:\n{logs.tail(log, 15)}",
            f"`./sluice logs {component.name}` shows all of it, `./sluice doctor` checks this machine; "
            "then `./sluice up` goes on from here",
        )

    # -- stopping --------------------------------------------------------------------------------------------------

    def down(self) -> int:
        """Stop everything, users before what they use, and whatever was left behind by a killed one.

        Returns
        -------
        int
            How many components ran.
        """
        self._stop_unknown()

        def dependants(component: Component) -> tuple[str, ...]:
            return tuple(other.name for other in self.components if component.name in other.needs)

        stopped = sum(self._parallel(lambda component: self._stop(component.name), dependants))
        records.stop_orphans(self.home)
        return stopped

    def _stop(self, name: str) -> int:
        record = records.load(self.home, name)
        running = record is not None and processes.is_running(record.identity)
        if running:
            began = time.time()
            clean = processes.stop(record.identity, record.stop_timeout)
            console.say(name, "stopped" if clean else "did not stop by itself; killed", time.time() - began)
        records.stop_orphans(self.home, name)
        records.forget(self.home, name)
        return int(running)


class _Skipped(Exception):
    """A component was not started because one it needs failed."""


def _relative(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path
