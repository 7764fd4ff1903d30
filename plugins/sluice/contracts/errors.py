"""What can be wrong with a contract, said so that its author can fix it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One fault of a contract file.

    Parameters
    ----------
    source
        The file as the user named it.
    line, column
        Where the faulty value stands, counted from 1.
    path
        The field, e.g. ``schema[0].properties[3].logicalType``; empty for the document.
    message
        What is wrong and what is expected instead.
    """

    source: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.source}:{self.line}:{self.column}: "
        return where + (f"{self.path}: {self.message}" if self.path else self.message)


class ContractError(ValueError):
    """A contract cannot be used; ``problems`` holds every fault found, in the order of the file.

    Parameters
    ----------
    problems
        At least one problem, from one file or several.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        count = len(self.problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in data contracts:\n{lines}")


class UnknownDatasetError(LookupError):
    """No contract has the asked name; the message lists those that exist."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = ", ".join(sorted(known)) or "none"
        super().__init__(f"no contract describes {name!r}; known datasets: {names}")
