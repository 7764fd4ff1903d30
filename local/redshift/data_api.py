"""The Redshift Data API: statements that run on their own, asked for and read over HTTP.

Requests and answers follow https://docs.aws.amazon.com/redshift-data/latest/APIReference/Welcome.html.
"""

from __future__ import annotations

import re
import threading
import uuid
from collections import OrderedDict
from typing import Any

from local.redshift import data_api_run
from local.redshift.data_api_run import Record, Statement

KEPT = 2000  # finished statements; AWS keeps them for a day
PAGE = 1000
_ID = re.compile(r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?::\d+)?$")
_FINAL = ("FINISHED", "FAILED", "ABORTED")


class ApiError(Exception):
    """An error of the API: HTTP status, error type and message."""

    def __init__(self, kind: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.kind, self.status = kind, status


class RedshiftDataApi:
    """Runs statements of the Data API through the gate. Safe for use by several threads.

    Parameters
    ----------
    host, port
        The Redshift wire gate.
    user, password
        Role that statements run as when the request names no `DbUser`; a `DbUser` is taken on with
        SET SESSION AUTHORIZATION.
    database
        Database when the request names none.
    """

    def __init__(
        self, host: str, port: int, user: str = "sluice", password: str = "", database: str = "warehouse"
    ) -> None:
        self._target = data_api_run.Target(host, port, user, password)
        self._database = database
        self._lock = threading.Lock()
        self._records: OrderedDict[str, Record] = OrderedDict()
        self._tokens: dict[str, str] = {}

    def handle(self, operation: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer one operation; return the HTTP status and the answer."""
        operations = {
            "ExecuteStatement": self._execute,
            "BatchExecuteStatement": self._batch,
            "DescribeStatement": self._describe,
            "GetStatementResult": self._result,
            "ListStatements": self._list,
            "CancelStatement": self._cancel,
            "ListDatabases": self._databases,
            "ListSchemas": self._schemas,
            "ListTables": self._tables,
            "DescribeTable": self._table,
        }
        try:
            if operation not in operations:
                raise ApiError(
                    "InternalServerException",
                    f"{operation} of redshift-data exists on AWS but not in the local warehouse",
                    500,
                )
            return 200, operations[operation](request)
        except ApiError as error:
            return error.status, {"__type": error.kind, "Message": str(error), "message": str(error)}

    # ---- statements

    def _execute(self, request: dict[str, Any]) -> dict[str, Any]:
        if not request.get("Sql", "").strip():
            raise ApiError("ValidationException", "Sql must not be empty")
        return self._submit(request, [request["Sql"]], request.get("Parameters") or [], batch=False)

    def _batch(self, request: dict[str, Any]) -> dict[str, Any]:
        sqls = request.get("Sqls") or []
        if not 1 <= len(sqls) <= 40:
            raise ApiError("ValidationException", "Sqls must hold between 1 and 40 statements")
        return self._submit(request, sqls, request.get("Parameters") or [], batch=True)

    def _submit(
        self, request: dict[str, Any], sqls: list[str], parameters: list[dict[str, str]], batch: bool
    ) -> dict[str, Any]:
        given = [name for name in ("ClusterIdentifier", "WorkgroupName") if request.get(name)]
        if len(given) != 1 and not request.get("SessionId"):
            raise ApiError("ValidationException", "Give either ClusterIdentifier or WorkgroupName")
        if request.get("SessionId") or request.get("SessionKeepAliveSeconds"):
            raise ApiError(
                "ValidationException", "Sessions of the Data API exist on AWS but not in the local warehouse"
            )
        token = request.get("ClientToken")
        with self._lock:
            record = self._records.get(self._tokens.get(token, "")) if token else None
            if record is None:
                record = Record(
                    str(uuid.uuid4()), request, sqls, parameters, batch, request.get("Database") or self._database
                )
                self._records[record.id] = record
                if token:
                    self._tokens[token] = record.id
                self._forget()
                threading.Thread(
                    target=data_api_run.run, args=(record, self._target), daemon=True, name="redshift-data"
                ).start()
        answer = {
            "Id": record.id,
            "CreatedAt": record.created,
            "Database": record.database,
            "DbUser": request.get("DbUser") or self._target.user,
        }
        answer.update({name: request[name] for name in given})
        return answer

    def _forget(self) -> None:
        while len(self._records) > KEPT:
            oldest = next((record for record in self._records.values() if record.status in _FINAL), None)
            if oldest is None:
                return
            del self._records[oldest.id]
            self._tokens = {token: identity for token, identity in self._tokens.items() if identity != oldest.id}

    def _find(self, request: dict[str, Any]) -> tuple[Record, Statement | None]:
        """Return the record an Id names, and the sub-statement if it names one (`uuid:2`)."""
        identity = request.get("Id", "")
        if not _ID.match(identity):
            raise ApiError("ValidationException", "id must satisfy regex pattern: " + _ID.pattern)
        base, _, number = identity.partition(":")
        with self._lock:
            record = self._records.get(base)
        if record is None or (number and not 1 <= int(number) <= len(record.statements)):
            raise ApiError("ResourceNotFoundException", f"Query does not exist: {identity}")
        return record, record.statements[int(number) - 1] if number else None

    def _describe(self, request: dict[str, Any]) -> dict[str, Any]:
        record, statement = self._find(request)
        if statement is not None:
            return {**statement.describe(), "Database": record.database}
        return record.describe(self._target.user)

    def _result(self, request: dict[str, Any]) -> dict[str, Any]:
        record, statement = self._find(request)
        if record.batch and statement is None:
            raise ApiError("ValidationException", "Give the Id of a sub-statement: a batch has one result for each")
        if record.status not in _FINAL:
            raise ApiError("ResourceNotFoundException", "Query is not finished")
        one = statement or record.statements[0]
        if one.rows is None:
            raise ApiError(
                "ResourceNotFoundException",
                "Query does not have result. Please check query status with DescribeStatement.",
            )
        try:
            start = int(request.get("NextToken") or 0)
        except ValueError:
            raise ApiError("ValidationException", "NextToken is not one of this query") from None
        answer: dict[str, Any] = {
            "ColumnMetadata": one.columns,
            "Records": one.rows[start : start + PAGE],
            "TotalNumRows": len(one.rows),
        }
        if start + PAGE < len(one.rows):
            answer["NextToken"] = str(start + PAGE)
        return answer

    def _list(self, request: dict[str, Any]) -> dict[str, Any]:
        status, name = request.get("Status", "ALL"), request.get("StatementName", "")
        with self._lock:
            records = list(reversed(self._records.values()))
        if status != "ALL":
            records = [record for record in records if record.status == status]
        records = [record for record in records if record.name.startswith(name)]
        start, size = int(request.get("NextToken") or 0), int(request.get("MaxResults") or 100)
        answer: dict[str, Any] = {"Statements": [record.summary() for record in records[start : start + size]]}
        if start + size < len(records):
            answer["NextToken"] = str(start + size)
        return answer

    def _cancel(self, request: dict[str, Any]) -> dict[str, Any]:
        record, _ = self._find(request)
        if not record.cancel():
            raise ApiError("ValidationException", f"Could not cancel a query that is already in {record.status} state.")
        return {"Status": True}

    # ---- metadata: questions to the catalog, answered at once

    def _ask(self, request: dict[str, Any], sql: str, **values: str) -> list[list[Any]]:
        parameters = [{"name": name, "value": value} for name, value in values.items()]
        record = Record(str(uuid.uuid4()), request, [sql], parameters, False, request.get("Database") or self._database)
        data_api_run.run(record, self._target)
        if record.status != "FINISHED":
            raise ApiError("ValidationException", record.error)
        return [[next(iter(field.values())) for field in row] for row in record.statements[0].rows or []]

    def _databases(self, request: dict[str, Any]) -> dict[str, Any]:
        rows = self._ask(request, "select datname from pg_database where not datistemplate order by 1")
        return {"Databases": [name for (name,) in rows]}

    def _schemas(self, request: dict[str, Any]) -> dict[str, Any]:
        pattern = request.get("SchemaPattern") or "%"
        rows = self._ask(
            request,
            "select schema_name from svv_redshift_schemas where schema_name like :pattern order by 1",
            pattern=pattern,
        )
        return {"Schemas": [name for (name,) in rows]}

    def _tables(self, request: dict[str, Any]) -> dict[str, Any]:
        sql = (
            "select table_schema, table_name, case table_type when 'BASE TABLE' then 'TABLE' else table_type "
            "end from svv_tables "
            "where table_schema like :schema and table_name like :name order by 1, 2"
        )
        rows = self._ask(
            request, sql, schema=request.get("SchemaPattern") or "%", name=request.get("TablePattern") or "%"
        )
        return {"Tables": [{"schema": schema, "name": name, "type": kind} for schema, name, kind in rows]}

    def _table(self, request: dict[str, Any]) -> dict[str, Any]:
        sql = (
            "select column_name, data_type, is_nullable, table_schema from svv_columns "
            "where table_schema like :schema and table_name = :name order by ordinal_position"
        )
        rows = self._ask(request, sql, schema=request.get("Schema") or "%", name=request.get("Table") or "")
        if not rows:
            raise ApiError("ResourceNotFoundException", f"Table {request.get('Table')} does not exist")
        columns = [
            {
                "name": name,
                "label": name,
                "typeName": kind,
                "nullable": int(null == "YES"),
                "schemaName": schema,
                "tableName": request["Table"],
            }
            for name, kind, null, schema in rows
        ]
        return {"ColumnList": columns, "TableName": request["Table"]}
