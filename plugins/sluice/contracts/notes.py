"""Collect problems while a contract is read, and read its custom properties."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from sluice.contracts.document import Document, Path
from sluice.contracts.errors import Problem

if TYPE_CHECKING:
    from open_data_contract_standard.model import CustomProperty

_KINDS = {str: "text", int: "a whole number", list: "a list", dict: "a mapping", bool: "true or false"}


class Notes:
    """The problems found so far in one document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def add(self, path: Path, message: str) -> None:
        self.problems.append(self.document.problem(path, message))


class CustomProperties:
    """The ``customProperties`` of one element.

    Other tools may keep their properties beside ours, so unknown names are fine, unless they look like one of ours,
    misspelt: a `piiTransfrom` that nobody reads would publish personal data.
    """

    def __init__(self, notes: Notes, path: Path, items: Sequence[CustomProperty] | None,
                 known: Collection[str]) -> None:
        self._notes = notes
        self._values: dict[str, tuple[Path, Any]] = {}
        for index, item in enumerate(items or ()):
            here = (*path, "customProperties", index)
            name = item.property or ""
            if name in self._values:
                notes.add((*here, "property"), f"custom property {name!r} is given twice")
            elif name not in known:
                close = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
                if close:
                    notes.add((*here, "property"), f"unknown custom property {name!r}, did you mean {close[0]!r}?")
            self._values[name] = ((*here, "value"), item.value)

    def path(self, name: str) -> Path:
        """Return where the value of `name` stands."""
        return self._values[name][0]

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def get(self, name: str, kind: type, choices: Collection[str] = ()) -> Any:
        """Return the value of `name`, or None when it is absent or (reported) not what is expected."""
        if name not in self._values:
            return None
        path, value = self._values[name]
        return checked(self._notes, path, value, kind, choices)

    def texts(self, name: str) -> list[tuple[Path, str]]:
        """Return the items of the list `name` with their places; anything else is reported."""
        return text_items(self._notes, *self._values[name]) if name in self._values else []

    def mapping(self, name: str, required: Collection[str], optional: Collection[str]) -> dict[str, Any] | None:
        """Return the mapping `name` after checking its keys, or None."""
        value = self.get(name, dict)
        if value is None:
            return None
        path = self.path(name)
        allowed = [*required, *optional]
        for key in value:
            if key not in allowed:
                self._notes.add((*path, key), f"unknown key {key!r}, expected one of {', '.join(allowed)}")
        missing = [key for key in required if key not in value]
        for key in missing:
            self._notes.add(path, f"the key {key!r} is required")
        return None if missing else value


def checked(notes: Notes, path: Path, value: Any, kind: type, choices: Collection[str] = ()) -> Any:
    """Return `value` when it is a `kind` (and one of `choices`); else report it and return None."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        notes.add(path, f"expected {_KINDS[kind]}, found {value!r}")
        return None
    if choices and value not in choices:
        notes.add(path, f"{value!r} is not allowed, expected one of {', '.join(choices)}")
        return None
    return value


def text_items(notes: Notes, path: Path, value: Any) -> list[tuple[Path, str]]:
    """Return the texts of a list with their places; report everything else."""
    items = checked(notes, path, value, list) or []
    return [((*path, index), item) for index, item in enumerate(items)
            if checked(notes, (*path, index), item, str) is not None]
