"""What the gate answers when a statement cannot run."""

from __future__ import annotations


class Refused(Exception):
    """A statement the gate does not run, with the SQLSTATE the client sees.

    Parameters
    ----------
    message : str
        What is wrong, where, and how to fix it. Never a credential or a value of a row.
    code : str
        SQLSTATE.
    """

    def __init__(self, message: str, code: str = "XX000") -> None:
        super().__init__(message)
        self.message, self.code = message, code


class NotRedshift(Refused):
    """PostgreSQL would run it, Redshift would not."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} does not exist on Amazon Redshift; PostgreSQL has it, so it would work here and fail on AWS",
            "0A000",
        )


class NotEmulated(Refused):
    """Redshift would run it, this gate cannot."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} exists on Amazon Redshift but not in the local warehouse", "0A000")
