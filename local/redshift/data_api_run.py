"""One request of the Data API while it runs: its statements, its state, its results."""

from __future__ import annotations

import base64
import datetime
import decimal
import re
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import psycopg2
import psycopg2.extensions
from psycopg2 import sql as compose

from local.redshift.lexer import lex, literal, text

# Text format of types that psycopg2 would decode, and the names Redshift gives to types.
_TYPES = {
    16: "bool",
    17: "varbyte",
    20: "int8",
    21: "int2",
    23: "int4",
    25: "varchar",
    700: "float4",
    701: "float8",
    1042: "bpchar",
    1043: "varchar",
    1082: "date",
    1083: "time",
    1114: "timestamp",
    1184: "timestamptz",
    1700: "numeric",
    4000: "super",
}
_CANCELLED = "57014"


@dataclass(frozen=True)
class Target:
    """Where and as whom statements run."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)


@dataclass
class Statement:
    """One SQL statement of a request."""

    id: str
    sql: str
    status: str = "SUBMITTED"
    error: str = ""
    rows: list[list[dict[str, Any]]] | None = None
    columns: list[dict[str, Any]] = field(default_factory=list)
    affected: int = -1
    started: float = field(default_factory=time.time)
    seconds: float = 0.0

    def describe(self) -> dict[str, Any]:
        """Return the statement as DescribeStatement shows a sub-statement."""
        answer = {
            "Id": self.id,
            "QueryString": self.sql,
            "Status": self.status,
            "HasResultSet": self.rows is not None,
            "CreatedAt": self.started,
            "UpdatedAt": self.started + self.seconds,
            "Duration": int(self.seconds * 1e9),
            "RedshiftQueryId": 0,
            "ResultRows": len(self.rows) if self.rows is not None else self.affected,
            "ResultSize": len(str(self.rows)) if self.rows else 0,
        }
        return {**answer, "Error": self.error} if self.error else answer


class Record:
    """A request and what became of it."""

    def __init__(
        self,
        identity: str,
        request: dict[str, Any],
        sqls: list[str],
        parameters: list[dict[str, str]],
        batch: bool,
        database: str,
    ) -> None:
        self.id, self.request, self.batch, self.database = identity, request, batch, database
        self.parameters, self.name = parameters, request.get("StatementName", "")
        self.statements = [
            Statement(f"{identity}:{number}" if batch else identity, sql) for number, sql in enumerate(sqls, 1)
        ]
        self.created = self.updated = time.time()
        self.status, self.error, self.pid = "SUBMITTED", "", 0
        self.connection: Any = None
        self._cancelled = False
        self._lock = threading.Lock()

    def describe(self, user: str) -> dict[str, Any]:
        """Return the answer of DescribeStatement."""
        last = self.statements[-1]
        answer = {
            "Id": self.id,
            "Status": self.status,
            "CreatedAt": self.created,
            "UpdatedAt": self.updated,
            "Database": self.database,
            "DbUser": self.request.get("DbUser") or user,
            "Duration": int((self.updated - self.created) * 1e9)
            if self.status in ("FINISHED", "FAILED", "ABORTED")
            else -1,
            "HasResultSet": any(statement.rows is not None for statement in self.statements),
            "RedshiftPid": self.pid,
            "RedshiftQueryId": 0,
            "ResultRows": len(last.rows) if last.rows is not None else last.affected,
            "ResultSize": len(str(last.rows)) if last.rows else 0,
        }
        answer.update(
            {
                name: self.request[name]
                for name in ("ClusterIdentifier", "WorkgroupName", "SecretArn")
                if self.request.get(name)
            }
        )
        if self.error:
            answer["Error"] = self.error
        if self.parameters:
            answer["QueryParameters"] = self.parameters
        if self.batch:
            answer["SubStatements"] = [statement.describe() for statement in self.statements]
        else:
            answer["QueryString"] = self.statements[0].sql
        return answer

    def summary(self) -> dict[str, Any]:
        """Return the entry of ListStatements."""
        strings = [statement.sql for statement in self.statements]
        return {
            "Id": self.id,
            "Status": self.status,
            "StatementName": self.name,
            "CreatedAt": self.created,
            "UpdatedAt": self.updated,
            "IsBatchStatement": self.batch,
            "QueryString": strings[0],
            "QueryStrings": strings,
            "QueryParameters": self.parameters,
            "ResultFormat": "JSON",
        }

    def cancel(self) -> bool:
        """Ask the running statement to stop; return False when it has ended."""
        with self._lock:
            if self.status in ("FINISHED", "FAILED", "ABORTED"):
                return False
            self._cancelled = True
            if self.connection is not None:
                self.connection.cancel()
            return True

    def begin(self, connection: Any) -> bool:
        """Note the connection; return False when the request was cancelled before."""
        with self._lock:
            self.connection, self.pid = connection, connection.get_backend_pid()
            self.status, self.updated = "STARTED", time.time()
            return not self._cancelled

    def end(self, status: str, error: str = "") -> None:
        """Note how it ended."""
        with self._lock:
            self.connection = None
            self.error, self.updated = error, time.time()
            self.status = status  # last: whoever sees it reads the rest


def run(record: Record, target: Target) -> None:
    """Run the statements of a request, a batch as one transaction."""
    try:
        connection = psycopg2.connect(
            host=target.host,
            port=target.port,
            user=target.user,
            password=target.password,
            dbname=record.database,
            sslmode="disable",
            application_name="redshift-data",
        )
    except psycopg2.Error as error:
        record.end("FAILED", f"ERROR: {str(error).strip()}")
        return
    current: Statement | None = None
    try:
        connection.autocommit = not record.batch
        if not record.begin(connection):
            record.end("ABORTED")
            return
        with connection.cursor() as cursor:
            if user := record.request.get("DbUser"):
                cursor.execute(compose.SQL("set session authorization {}").format(compose.Identifier(user)))
            for current in record.statements:
                _run_one(current, cursor, record.parameters)
        if record.batch:
            connection.commit()
        record.end("FINISHED")
    except psycopg2.Error as error:
        aborted = error.pgcode == _CANCELLED
        message = "ERROR: " + (error.diag.message_primary or str(error).strip())
        if current is not None:
            current.status, current.error = ("ABORTED" if aborted else "FAILED"), message
        for later in record.statements:
            if later.status == "SUBMITTED":
                later.status = "ABORTED"
        record.end("ABORTED" if aborted else "FAILED", message)
    except Exception as error:
        record.end("FAILED", f"ERROR: {type(error).__name__}: {error}")
    finally:
        connection.close()


def _run_one(statement: Statement, cursor: Any, parameters: list[dict[str, str]]) -> None:
    statement.started, statement.status = time.time(), "STARTED"
    cursor.execute(bind(statement.sql, parameters))
    if cursor.description is not None:
        statement.columns = [_column(column) for column in cursor.description]
        statement.rows = [[_field(value) for value in row] for row in cursor.fetchall()]
    else:
        statement.affected = cursor.rowcount
    statement.seconds, statement.status = time.time() - statement.started, "FINISHED"


def bind(sql: str, parameters: list[dict[str, str]]) -> str:
    """Return the statement with `:name` replaced by literals; `::type` and strings are left alone.

    Values are untyped, as on AWS: the server gives `'3'` the type it is compared with.
    """
    values = {parameter["name"]: parameter["value"] for parameter in parameters}
    if not values:
        return sql
    tokens, out, index = lex(sql), [], 0
    while index < len(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        if tokens[index].text == ":" and following is not None and following.kind == "word":
            for name in (following.text, following.low):
                if name in values:
                    out.append(literal(values[name]))
                    break
            else:
                out += [tokens[index].text, following.text]
            index += 2
            continue
        out.append(text([tokens[index]]))
        index += 1
    return "".join(out)


def _column(column: Any) -> dict[str, Any]:
    kind = _TYPES.get(column.type_code, "varchar")
    return {
        "name": column.name,
        "label": column.name,
        "typeName": kind,
        "nullable": 1,
        "isCaseSensitive": kind in ("varchar", "bpchar"),
        "isSigned": kind in ("int2", "int4", "int8", "float4", "float8", "numeric"),
        "isCurrency": False,
        "length": 0,
        "precision": column.precision or 0,
        "scale": column.scale or 0,
        "schemaName": "",
        "tableName": "",
        "columnDefault": "",
    }


def _field(value: Any) -> dict[str, Any]:
    if value is None:
        return {"isNull": True}
    if isinstance(value, bool):
        return {"booleanValue": value}
    if isinstance(value, int):
        return {"longValue": value}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, (bytes, memoryview)):
        return {"blobValue": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, datetime.datetime):
        written = value.replace(tzinfo=None).isoformat(" ")
        written = re.sub(r"(\.\d*?)0+$", r"\1", written)
        return {"stringValue": written + ("+00" if value.tzinfo else "")}
    if isinstance(value, decimal.Decimal):
        return {"stringValue": format(value, "f")}
    return {"stringValue": str(value)}
