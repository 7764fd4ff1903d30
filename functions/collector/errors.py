"""Refusals the client is told about, as status, code and a sentence that says what to do."""

from __future__ import annotations


class Refusal(Exception):
    """A request that is not taken.

    Parameters
    ----------
    status
        HTTP status of the answer.
    code
        Short machine-readable name, stable between releases.
    message
        What went wrong and how to fix it. Never contains data of the request.
    retry_after
        Seconds after which sending again makes sense; None when it does not.
    """

    def __init__(self, status: int, code: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after
