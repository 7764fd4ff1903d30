"""One PostgreSQL cluster: create it once, run it in the foreground, stop it cleanly."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
from psycopg2 import sql

from local.postgres import account, binaries, home
from local.postgres.profiles import Profile

ROLE = "sluice"
START_SECONDS = 60.0
STOP_SECONDS = 8.0
ATTEMPTS = 12
PR_SET_PDEATHSIG = 1


class ClusterFailed(RuntimeError):
    """The cluster could not be created or did not start; the message says why."""


def _die_with_parent() -> None:
    """Ask Linux for a fast shutdown of the server when we are killed, so that none is left behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


class Cluster:
    """A cluster named by its directory.

    Parameters
    ----------
    directory : Path
        Where it lives.
    port : int
        TCP port on 127.0.0.1.
    profile : Profile
        Databases and settings.
    password : str
        Password of the superuser role `sluice`.
    """

    def __init__(self, directory: Path, port: int, profile: Profile, password: str) -> None:
        self.port, self.profile, self.password = port, profile, password
        self.account = account.choose()
        self.home = home.prepare(directory, self.account)
        self.installation = home.reachable(binaries.find(), self.home, self.account)
        self.process: subprocess.Popen[bytes] | None = None
        self.stopping = False

    def create(self) -> None:
        """Run `initdb` unless the cluster exists. An interrupted first start is started over."""
        if self.home.initialised:
            return
        fresh = self.home.base / "pgdata.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self.account.own(fresh)
        secret = self.home.base / "initial-password"
        secret.unlink(missing_ok=True)
        with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(self.password + "\n")
        self.account.own(secret)
        # Byte order, as on Redshift, yet case mapping for all of Unicode.
        locale = (
            ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
            if self.installation.major >= 17
            else ["--locale=C.UTF-8"]
        )
        command = [
            self.installation.program("initdb"),
            "-D",
            str(fresh),
            "-U",
            ROLE,
            "--pwfile",
            str(secret),
            "--encoding=UTF8",
            "--auth=scram-sha-256",
            "--no-sync",
            "--no-instructions",
            *locale,
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, cwd=self.home.base, **self.account.popen())
        finally:
            secret.unlink(missing_ok=True)
        if done.returncode:
            raise ClusterFailed(f"initdb failed in {self.home.base}: {done.stderr.strip()}")
        fresh.rename(self.home.data)

    def start(self) -> None:
        """Start the server, wait until it answers, and make sure that the databases exist."""
        self.create()
        self._stop_orphan()
        settings = [part for key, value in self.profile.options(self.port).items() for part in ("-c", f"{key}={value}")]
        for attempt in range(ATTEMPTS):
            self.process = subprocess.Popen(
                [self.installation.program("postgres"), "-D", str(self.home.data), *settings],
                cwd=self.home.base,
                preexec_fn=_die_with_parent,
                start_new_session=True,
                **self.account.popen(),
            )
            if self._answers() or self.stopping:
                break
            # Backends of a server that was killed may hold its shared memory or its port for a moment.
            time.sleep(min(0.1 * 2**attempt, 1.0))
        else:
            raise ClusterFailed(
                f"PostgreSQL did not start on 127.0.0.1:{self.port}; its own reason is in the lines above this one"
            )
        if self.stopping:
            return
        try:
            self._create_databases()
        except psycopg2.OperationalError as error:
            self.stop()
            raise ClusterFailed(
                f"the cluster in {self.home.base} does not accept SLUICE_PG_PASSWORD for the role {ROLE!r}; it "
                f"was created with another password. "
                f"Give the old one, or remove the directory to start afresh. PostgreSQL says: {error}"
            ) from None

    def _answers(self) -> bool:
        """Wait for the server: True when it accepts connections, False when it gave up."""
        assert self.process is not None
        failures = 0
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                return False
            try:
                self.connect("postgres").close()
                return True
            except psycopg2.OperationalError as error:
                failures += "password authentication failed" in str(error)
                if failures > 1:
                    return True  # it runs; that the password is wrong is said by whoever connects next
                time.sleep(0.05)
        self.stop()
        return False

    def connect(self, database: str):
        """Return an autocommitting connection of the superuser to `database`."""
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=self.port,
            user=ROLE,
            password=self.password,
            dbname=database,
            connect_timeout=5,
            application_name="sluice-postgres",
        )
        connection.autocommit = True
        return connection

    def _create_databases(self) -> None:
        connection = self.connect("postgres")
        try:
            with connection.cursor() as cursor:
                cursor.execute("select datname from pg_database")
                there = {name for (name,) in cursor.fetchall()}
                for name in self.profile.databases:
                    if name not in there:
                        cursor.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        finally:
            connection.close()

    def _stop_orphan(self) -> None:
        """Stop the server of this very directory that a killed predecessor of ours left running."""
        try:
            pid = int((self.home.data / "postmaster.pid").read_text().split("\n", 1)[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return
        if str(self.home.data).encode() not in command:
            return  # a recycled number: PostgreSQL sees itself that the file is stale
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while Path(f"/proc/{pid}").exists():
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGQUIT)
                deadline += STOP_SECONDS
            time.sleep(0.05)

    def interrupt(self) -> None:
        """Ask the server for a fast shutdown and return at once; safe in a signal handler."""
        self.stopping = True
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)

    def wait(self) -> int:
        """Wait until the server ends and return its exit code."""
        assert self.process is not None
        return self.process.wait()

    def stop(self) -> None:
        """Stop the server: fast shutdown first (clients are dropped), immediate shutdown if that takes too long."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
