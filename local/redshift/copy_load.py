"""COPY: from objects in S3 into a table, inside the client's own transaction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

from local.redshift import readers, wire
from local.redshift.backend import Backend, BackendError
from local.redshift.columns import Column
from local.redshift.copy_options import CopyCommand
from local.redshift.errors import Refused
from local.redshift.lexer import literal
from local.redshift.objects import Store

_COLUMNS = """select a.attname, t.typname, a.atttypmod, a.attidentity <> ''
from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
where a.attrelid = {table}::pg_catalog.regclass and a.attnum > 0 and not a.attisdropped order by a.attnum"""


def load(backend: Backend, command: CopyCommand) -> int:
    """Run the COPY and return the number of rows loaded.

    Raises
    ------
    Refused
        When S3, a file, or a value is not as the statement says.
    BackendError
        When PostgreSQL refuses for another reason, such as a missing table.
    """
    columns = target_columns(backend, command)
    store = Store(command.credentials, command.region)
    objects = store.find(command.source, command.manifest, readers.columnar(command))
    paths = readers.json_paths(command, store)

    def chunks() -> Iterator[bytes]:
        with closing(store.open_all(objects)) as files:
            for location, file in files:
                for batch in readers.batches(file, location, command, columns, paths):
                    yield readers.to_csv(batch)

    names = ", ".join('"' + column.name.replace('"', '""') + '"' for column in columns)
    try:
        tag = backend.copy_in(f"copy {command.table} ({names}) from stdin (format csv)", chunks())
    except BackendError as error:
        raise _explained(error, command) from None
    count = int(tag.rsplit(" ", 1)[-1])
    backend.query(f"select pg_catalog.set_config('rs.last_copy_count', '{count}', false)")
    return count


def target_columns(backend: Backend, command: CopyCommand) -> list[Column]:
    """Return the columns that are loaded, in the order of the files."""
    rows = backend.query(_COLUMNS.format(table=literal(command.table))).rows
    there = {str(name): Column(str(name), str(kind), int(modifier or -1)) for name, kind, modifier, _identity in rows}
    if not command.columns:
        generated = (
            {name for name, _, _, identity in rows if identity == "t"} if "explicit_ids" not in command.flags else set()
        )
        return [column for name, column in there.items() if name not in generated]
    if missing := [name for name in command.columns if name not in there]:
        raise Refused(f'column "{missing[0]}" of relation "{command.table}" does not exist', "42703")
    return [there[name] for name in command.columns]


def _explained(error: BackendError, command: CopyCommand) -> Refused | BackendError:
    """Return the error in Redshift's words, without values of rows: those can be personal data."""
    found = wire.fields(error.body)
    place = re.search(r"COPY [^,]+, line (\d+)(?:, column ([^:]+))?", found.get("W", ""))
    if place is None:
        return error
    what = re.sub(r': ".*', "", found.get("M", ""), flags=re.DOTALL)
    where = f", column {place[2].strip()}" if place[2] else ""
    return Refused(
        f"Load into table '{command.table}' failed: {what} (row {place[1]} of the load{where}; its value is withheld)",
        found.get("C", "XX000"),
    )
