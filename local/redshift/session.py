"""One client's session: relays the protocol, rewrites statements, runs COPY and UNLOAD in the same transaction."""

from __future__ import annotations

import logging
import select
import socket
from dataclasses import dataclass, field

from local.redshift import startup, wire
from local.redshift.backend import CHUNK, BackendError
from local.redshift.copy_load import load
from local.redshift.errors import Refused
from local.redshift.lexer import after, lex, statements
from local.redshift.plan import Done, Load, Plan, Refuse, Run, Setting, Unload
from local.redshift.rewrite import plan
from local.redshift.unload import unload

log = logging.getLogger("sluice.redshift")
_TRANSACTION_WORDS = {"begin", "start", "commit", "end", "rollback", "abort"}


@dataclass
class _Step:
    """One message of the extended protocol; `local` is the plan when PostgreSQL is not to see it."""

    kind: bytes
    body: bytes
    local: Plan | None = None


@dataclass
class _Local:
    """Prepared statements and portals that live in the gate."""

    statements: dict[bytes, Plan] = field(default_factory=dict)
    portals: dict[bytes, Plan] = field(default_factory=dict)


class Session:
    """A client from accept to close.

    Parameters
    ----------
    client : socket.socket
        The accepted connection; the session closes it.
    address : tuple[str, int]
        Host and port of PostgreSQL.
    """

    def __init__(self, client: socket.socket, address: tuple[str, int]) -> None:
        self.client, self.address = client, address
        self.buffer = wire.Buffer()
        self.local = _Local()
        self.steps: list[_Step] = []
        self.pending = 0  # ReadyForQuery messages that PostgreSQL still owes
        self.changed = False
        self.case_sensitive = False
        self.skipping = False

    def run(self) -> None:
        """Serve the client until either side hangs up."""
        try:
            self.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.backend = startup.connect(self.client, self.buffer, self.address)
        except (startup.Goodbye, EOFError, OSError):
            self.client.close()
            return
        try:
            self._drain_client()
            while True:
                readable, _, _ = select.select([self.client, self.backend.socket], [], [])
                if self.backend.socket in readable:
                    self.backend.receive()
                self._relay()
                if self.client in readable:
                    data = self.client.recv(CHUNK)
                    if not data:
                        return
                    self.buffer.feed(data)
                    self._drain_client()
        except (EOFError, OSError):
            pass
        except Exception:
            log.exception("a session ended by a fault of the gate")
        finally:
            self.backend.close()
            self.client.close()

    # ---- PostgreSQL -> client

    def _relay(self) -> None:
        """Pass on what has come from PostgreSQL."""
        out = []
        for kind, body in self.backend.buffer.messages():
            if kind == b"Z":
                self.backend.status = body
                self.pending -= 1
            out.append(self._for_client(kind, body))
        if out:
            self.client.sendall(b"".join(out))

    def _settle(self) -> None:
        """Relay until PostgreSQL has answered everything sent so far."""
        self._relay()
        while self.pending > 0:
            self.backend.receive()
            self._relay()

    def _for_client(self, kind: bytes, body: bytes) -> bytes:
        if kind == b"T":
            body = wire.redshift_types(body)
        elif kind == b"E" and self.changed:
            # A position in the rewritten text would point the client at the wrong place of its own.
            body = wire.pack_fields({key: value for key, value in wire.fields(body).items() if key not in "Ppq"})
        return wire.message(kind, body)

    # ---- client -> PostgreSQL

    def _drain_client(self) -> None:
        for kind, body in self.buffer.messages():
            if kind == b"Q":
                self._simple(body)
            elif kind in b"PBDEC":
                if not self.skipping:
                    self.steps.append(self._step(kind, body))
            elif kind in b"SH":
                self._batch(sync=kind == b"S")
            else:
                self.backend.send(wire.message(kind, body))
                if kind == b"X":
                    raise EOFError

    def _simple(self, body: bytes) -> None:
        plans = [(one, plan(one, self.case_sensitive)) for one in statements(body[:-1].decode())]
        if all(isinstance(each, (Run, Setting)) for _, each in plans):
            self.changed = any(not isinstance(each, Run) or each.changed for _, each in plans)
            self.pending += 1
            for _, each in plans:
                self._remember(each)
            sql = ";".join(each.sql for _, each in plans)  # type: ignore[union-attr]
            self.backend.send(wire.query(sql) if self.changed else wire.message(b"Q", body))
            return
        self._settle()
        # Several statements in one message are one transaction, unless they hold transactions of their own.
        words = {(tokens := lex(one))[after(tokens, -1)].low for one, _ in plans}
        whole = (
            len(plans) > 1 and self.backend.status == b"I" and not words & _TRANSACTION_WORDS and "vacuum" not in words
        )
        if whole:
            self.backend.query("begin")
        succeeded = all(self._execute(each) for _, each in plans)
        if whole:
            self.backend.query("commit" if succeeded else "rollback")
        self._ready()

    def _ready(self) -> None:
        self.client.sendall(wire.message(b"Z", self.backend.status))

    def _remember(self, made: Plan) -> None:
        if isinstance(made, Setting):
            self.case_sensitive = made.case_sensitive

    def _step(self, kind: bytes, body: bytes) -> _Step:
        """Note a message of the extended protocol, rewritten, and whether it is the gate's own."""
        name, offset = wire.cut(body, 0 if kind in b"PBE" else 1)
        if kind == b"P":
            sql, rest = wire.cut(body, offset)
            made = plan(sql.decode(), self.case_sensitive)
            self._remember(made)
            if isinstance(made, (Run, Setting)):
                self.local.statements.pop(name, None)
                self.changed = isinstance(made, Setting) or made.changed
                return _Step(kind, name + b"\0" + made.sql.encode() + b"\0" + body[rest:])
            self.local.statements[name] = made
            return _Step(kind, body, made)
        if kind == b"B":
            statement, _ = wire.cut(body, offset)
            made = self.local.statements.get(statement)
            self.local.portals.pop(name, None)
            if made is not None:
                self.local.portals[name] = made
            return _Step(kind, body, made)
        known = self.local.statements if kind in b"DC" and body[:1] == b"S" else self.local.portals
        step = _Step(kind, body, known.get(name))
        if kind == b"C":
            known.pop(name, None)
        return step

    def _batch(self, sync: bool) -> None:
        """Send the messages gathered up to a Sync or Flush."""
        steps, self.steps = self.steps, []
        if not any(step.local for step in steps) and not self.skipping:
            self.pending += sync
            self.backend.send(
                b"".join(wire.message(step.kind, step.body) for step in steps) + wire.message(b"S" if sync else b"H")
            )
            return
        self._settle()
        failed, forward = self.skipping, b""
        for step in steps:
            if failed:
                break
            if step.local is None:
                forward += wire.message(step.kind, step.body)
                continue
            if forward:
                failed, forward = not self._forward(forward + wire.message(b"S")), b""
            failed = failed or not self._local_step(step)
        if forward and not failed:
            failed = not self._forward(forward + wire.message(b"S"))
        self.skipping = failed and not sync
        if sync:
            self._ready()

    def _forward(self, data: bytes) -> bool:
        """Send to PostgreSQL and relay all but ReadyForQuery; return False after an error."""
        self.backend.send(data)
        succeeded, out = True, []
        for kind, body in self.backend.messages():
            if kind == b"Z":
                break
            succeeded = succeeded and kind != b"E"
            out.append(self._for_client(kind, body))
        self.client.sendall(b"".join(out))
        return succeeded

    def _local_step(self, step: _Step) -> bool:
        if step.kind == b"P" and isinstance(step.local, Refuse):
            return self._execute(step.local)
        if step.kind == b"E":
            assert step.local is not None
            return self._execute(step.local)
        answers = {
            b"P": wire.message(b"1"),
            b"B": wire.message(b"2"),
            b"C": wire.message(b"3"),
            b"D": wire.message(b"n"),
        }
        described = wire.message(b"t", b"\0\0") if step.kind == b"D" and step.body[:1] == b"S" else b""
        self.client.sendall(described + answers[step.kind])
        return True

    # ---- plans

    def _execute(self, made: Plan) -> bool:
        """Carry out one plan, answer the client without ReadyForQuery, and return False after an error."""
        if isinstance(made, (Run, Setting)):
            self._remember(made)
            self.changed = isinstance(made, Setting) or made.changed
            return self._forward(wire.query(made.sql))
        try:
            self.client.sendall(self._carry_out(made))
            return True
        except BackendError as error:
            self.client.sendall(wire.message(b"E", error.body))
        except Refused as reason:
            try:
                if self.backend.status != b"E":
                    self.backend.fail(reason)
                self.client.sendall(wire.error(reason.message, reason.code))
            except BackendError as error:
                values = {key: value for key, value in wire.fields(error.body).items() if key not in "WFLR"}
                self.client.sendall(wire.message(b"E", wire.pack_fields(values)))
        return False

    def _carry_out(self, made: Plan) -> bytes:
        if isinstance(made, Refuse):
            raise made.reason
        if isinstance(made, Done):
            if made.outside_transaction and self.backend.status != b"I":
                raise Refused(f"{made.tag} cannot run inside a transaction block", "25001")
            self.backend.query("select 1")  # fails when the transaction already has
            return wire.complete(made.tag)
        if self.backend.status == b"E":
            self.backend.query("select 1")
        if isinstance(made, Load):
            count = load(self.backend, made.command)
            told = f"Load into table '{made.command.table}' completed, {count} record(s) loaded successfully."
            return wire.info(told) + wire.complete("COPY")
        assert isinstance(made, Unload)
        count = unload(self.backend, made)
        return wire.info(f"UNLOAD completed, {count} record(s) unloaded successfully.") + wire.complete("UNLOAD")
