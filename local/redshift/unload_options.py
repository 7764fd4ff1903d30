"""UNLOAD statements as data (https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html)."""

from __future__ import annotations

from dataclasses import dataclass

from local.redshift.errors import NotEmulated, Refused
from local.redshift.lexer import Token
from local.redshift.options import COMPRESSIONS, Credentials, OptionReader, credentials


@dataclass(frozen=True)
class UnloadCommand:
    """An UNLOAD to S3."""

    query: str
    target: str
    credentials: Credentials | None = None
    format: str = "text"
    delimiter: str | None = None
    compression: str | None = None
    parallel: bool = True
    partition_by: tuple[str, ...] = ()
    include: bool = False
    null: str = ""
    flags: frozenset[str] = frozenset()
    region: str | None = None


_UNLOAD_FLAGS = frozenset({"allowoverwrite", "cleanpath", "header", "addquotes", "escape", "manifest", "verbose"})


def parse_unload(tokens: list[Token]) -> UnloadCommand:
    """Return the UNLOAD the tokens spell.

    Raises
    ------
    Refused
        For an option that Redshift does not know, or that is not emulated.
    """
    reader = OptionReader(tokens, "UNLOAD")
    reader.next()
    if not reader.accept("("):
        raise Refused("UNLOAD: the query stands in parentheses as a string: UNLOAD ('select …') TO 's3://…'", "42601")
    query = reader.string("(")
    if not reader.accept(")") or not reader.accept("to"):
        raise Refused("UNLOAD: TO 's3://…' is missing", "42601")
    target = reader.string("TO")
    if not target.lower().startswith("s3://"):
        raise NotEmulated("UNLOAD to anything but s3://")
    authorization: dict[str, str] = {}
    values: dict[str, object] = {}
    flags: set[str] = set()
    while reader.peek().kind != "raw":
        word = reader.next().low
        if reader.authorization(word, authorization):
            continue
        _unload_option(reader, word, values, flags)
    command = UnloadCommand(query, target, credentials(authorization, "UNLOAD"), flags=frozenset(flags), **values)  # type: ignore[arg-type]
    if command.format == "parquet" and (
        command.delimiter or command.compression or flags & {"header", "addquotes", "escape"}
    ):
        raise Refused(
            "UNLOAD: DELIMITER, HEADER, ADDQUOTES, ESCAPE and compression do not go with FORMAT PARQUET", "0A000"
        )
    return command


def _unload_option(reader: OptionReader, word: str, values: dict[str, object], flags: set[str]) -> None:
    if word == "format":
        reader.accept("as")
        word = reader.next().low
        if word not in ("csv", "parquet"):
            raise (
                NotEmulated(f"UNLOAD FORMAT {word.upper()}")
                if word == "json"
                else Refused(f"UNLOAD: FORMAT {word.upper()} is not known", "42601")
            )
    if word in ("csv", "parquet"):
        values["format"] = word
    elif word == "delimiter":
        values["delimiter"] = reader.string("DELIMITER")
    elif word == "null":
        values["null"] = reader.string("NULL")
    elif word in COMPRESSIONS:
        values["compression"] = word
    elif word == "parallel":
        values["parallel"] = reader.switch()
    elif word == "partition":
        if not reader.accept("by") or not reader.accept("("):
            raise Refused("UNLOAD: PARTITION BY ( column, … ) is incomplete", "42601")
        names = []
        while not reader.accept(")"):
            token = reader.next()
            if token.kind == "raw":
                raise Refused("UNLOAD: PARTITION BY ( column, … ) is incomplete", "42601")
            if token.text != ",":
                names.append(token.name)
        values["partition_by"] = tuple(names)
        values["include"] = reader.accept("include")
    elif word in ("maxfilesize", "rowgroupsize"):  # one file is written, whatever its size
        reader.accept("as")
        reader.number(word.upper())
        reader.accept("mb", "gb")
    elif word == "region":
        values["region"] = reader.string("REGION")
    elif word == "encrypted":
        reader.accept("auto")
    elif word in _UNLOAD_FLAGS:
        flags.add(word)
    else:
        raise Refused(f'UNLOAD: syntax error at or near "{word[:40]}"', "42601")
