"""Failures that are told to a user: what happened, where, and what to do about it."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of `./sluice`, documented in its --help."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_RUNNING = 3
    INTERRUPTED = 130


class SluiceError(Exception):
    """A failure with an explanation instead of a traceback.

    Parameters
    ----------
    message
        What went wrong and where.
    hint
        What the user can do about it.
    code
        Exit code of the launcher.
    """

    def __init__(self, message: str, hint: str = "", code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.hint = hint
        self.code = code

    def render(self) -> str:
        """The text shown on stderr."""
        text = f"sluice: {self}"
        return f"{text}\n  what to do: {self.hint}" if self.hint else text
