"""What a component of the stack is: a command, its settings, how to see that it is ready, what it needs first."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.stack.probes import Probe


@dataclass(frozen=True)
class Component:
    """One process of the stack.

    Parameters
    ----------
    name
        Unique; also names its log and its state file.
    command
        Started in the foreground of its own session; must end on SIGTERM.
    env
        Environment variables added to the launcher's own.
    probe
        Tells whether it is ready to serve; None for a `once` component.
    needs
        Components that must be ready (or, for `once`, done) before this one starts.
    address
        Shown to the user, e.g. `http://127.0.0.1:20001`.
    once
        A step that runs to its end instead of a server; skipped when `done` exists with the same fingerprint.
    done
        Stamp file of a `once` component.
    start_timeout
        Seconds until readiness is given up.
    stop_timeout
        Seconds between SIGTERM and SIGKILL.
    version
        Anything else a running process depends on; a change restarts it. For a `once` component it is all that
        decides whether the step is done.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    probe: Probe | None = None
    needs: tuple[str, ...] = ()
    address: str = ""
    once: bool = False
    done: Path | None = None
    start_timeout: float = 180
    stop_timeout: float = 12
    version: str = ""

    def __post_init__(self) -> None:
        if self.once != (self.done is not None) or self.once != (self.probe is None):
            raise ValueError(f"component {self.name}: give `done` to a `once` component, else a `probe`")

    @property
    def fingerprint(self) -> str:
        """Hash of everything that, when changed, means that a running process is out of date."""
        if self.once and self.version:
            return self.version
        settings = [self.command, sorted(self.env.items()), self.version]
        return hashlib.sha256(json.dumps(settings).encode()).hexdigest()


def in_order(components: list[Component]) -> list[Component]:
    """The components, each after what it needs.

    Raises
    ------
    ValueError
        A need is unknown, or needs form a circle.
    """
    by_name = {component.name: component for component in components}
    ordered: dict[str, Component] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise ValueError(f"components need each other in a circle: {' -> '.join((*path, name))}")
        if name not in by_name:
            raise ValueError(f"component {path[-1]} needs {name}, which does not exist")
        if name not in ordered:
            for need in by_name[name].needs:
                visit(need, (*path, name))
            ordered[name] = by_name[name]

    for component in components:
        visit(component.name, ())
    return list(ordered.values())
