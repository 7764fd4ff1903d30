"""What we replace inside ministack and moto, checked before the endpoint serves its first request.

Neither library has a plugin interface. Both are pinned exactly, and every name an engine replaces or calls is declared
by it in ``USES``; when one is missing the endpoint refuses to start instead of misbehaving later.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

Uses = Mapping[str, tuple[str, ...]]


class PatchPointMissing(RuntimeError):
    """A name inside ministack or moto that an engine builds on does not exist in the installed version."""


def missing(uses: Uses) -> list[str]:
    """Dotted names of ``uses`` (module -> attribute paths) that do not exist."""
    absent = []
    for module_name, names in uses.items():
        try:
            module = importlib.import_module(module_name)
        except ImportError:
            absent.append(module_name)
            continue
        for name in names:
            target: Any = module
            for part in name.split("."):
                target = getattr(target, part, None)
                if target is None:
                    absent.append(f"{module_name}.{name}")
                    break
    return absent


def verify(engines: Iterable[ModuleType]) -> None:
    """Check the ``USES`` of every engine module.

    Raises
    ------
    PatchPointMissing
        Naming everything that is missing and which engine needs it.
    """
    problems = [
        f"{name} (needed by {engine.__name__})" for engine in engines for name in missing(getattr(engine, "USES", {}))
    ]
    if problems:
        raise PatchPointMissing(
            "the installed ministack/moto lacks what the endpoint builds on: "
            + "; ".join(problems)
            + ". Install the exact versions of requirements/local.txt"
        )
