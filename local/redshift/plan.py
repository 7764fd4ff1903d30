"""What the gate does with one statement."""

from __future__ import annotations

from dataclasses import dataclass

from local.redshift.copy_options import CopyCommand
from local.redshift.errors import Refused
from local.redshift.unload_options import UnloadCommand


@dataclass(frozen=True)
class Run:
    """Send this SQL to PostgreSQL; `changed` tells that it differs from what the client wrote."""

    sql: str
    changed: bool = False


@dataclass(frozen=True)
class Done:
    """Answer `tag` without doing anything: physical housekeeping that PostgreSQL has no need of."""

    tag: str
    outside_transaction: bool = False


@dataclass(frozen=True)
class Load:
    """A COPY from S3."""

    command: CopyCommand


@dataclass(frozen=True)
class Unload:
    """An UNLOAD to S3; `sql` is its query for PostgreSQL."""

    command: UnloadCommand
    sql: str


@dataclass(frozen=True)
class Refuse:
    """Raise an error in the client's session, so that its transaction ends as it would on Redshift."""

    reason: Refused


@dataclass(frozen=True)
class Setting:
    """Run the SQL, then remember whether quoted identifiers keep their case."""

    sql: str
    case_sensitive: bool


Plan = Run | Done | Load | Unload | Refuse | Setting
