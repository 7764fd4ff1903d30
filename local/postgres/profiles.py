"""What the clusters are for, as settings: which databases they hold, what they promise on a crash."""

from __future__ import annotations

from dataclasses import dataclass, field

COMMON = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # paths longer than 107 bytes are refused; TCP on loopback is enough
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    # Statements can hold personal data and credentials; they do not belong in a log file.
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
    "password_encryption": "scram-sha-256",
}


@dataclass(frozen=True)
class Profile:
    """Databases and settings of one cluster."""

    databases: tuple[str, ...]
    settings: dict[str, str] = field(default_factory=dict)

    def options(self, port: int) -> dict[str, str]:
        """Return every server setting, the port included."""
        return {**COMMON, **self.settings, "port": str(port)}


PROFILES = {
    # The source of change data capture: durable, and its log can be decoded.
    "operational": Profile(
        databases=("shop",),
        settings={
            "wal_level": "logical",
            "max_replication_slots": "20",
            "max_wal_senders": "20",
            "wal_sender_timeout": "60s",
            "max_connections": "200",
            "shared_buffers": "128MB",
        },
    ),
    # fsync=off: what is committed is in the kernel, so killing processes loses nothing; only a crash of the
    # machine can. synchronous_commit stays on: off would lose commits already acknowledged at a kill -9.
    "warehouse": Profile(
        databases=("warehouse", "airflow"),
        settings={
            "fsync": "off",
            "full_page_writes": "off",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "max_connections": "200",
            "shared_buffers": "256MB",
            "work_mem": "32MB",
            "maintenance_work_mem": "128MB",
            "max_wal_size": "2GB",
            "checkpoint_timeout": "15min",
            "jit": "off",
        },
    ),
}


def profile(name: str) -> Profile:
    """Return the profile called `name`.

    Raises
    ------
    ValueError
        When there is none; the message names those there are.
    """
    try:
        return PROFILES[name]
    except KeyError:
        raise ValueError(f"no cluster is called {name!r}; there are: {', '.join(PROFILES)}") from None
