"""COPY statements as data (https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html)."""

from __future__ import annotations

from dataclasses import dataclass

from local.redshift.errors import NotEmulated, Refused
from local.redshift.lexer import Token, after, at, closing, split, text, trim
from local.redshift.options import COMPRESSIONS, Credentials, OptionReader, credentials


@dataclass(frozen=True)
class CopyCommand:
    """A COPY from S3. Options keep Redshift's names."""

    table: str
    columns: tuple[str, ...]
    source: str
    credentials: Credentials | None = None
    format: str = "text"
    json_paths: str = "auto"
    delimiter: str | None = None
    quote: str = '"'
    ignore_header: int = 0
    compression: str | None = None
    manifest: bool = False
    null: str = "\\N"
    flags: frozenset[str] = frozenset()
    time_format: str = "auto"
    date_format: str = "auto"
    region: str | None = None


_COPY_FLAGS = frozenset(
    [
        "acceptinvchars",
        "blanksasnull",
        "emptyasnull",
        "explicit_ids",
        "fillrecord",
        "ignoreblanklines",
        "removequotes",
        "roundec",
        "serializetojson",
        "trimblanks",
        "truncatecolumns",
        "escape",
        "noload",
        "ignoreallerrors",
    ]
)
_COPY_REFUSED = {
    "fixedwidth": "FIXEDWIDTH",
    "encrypted": "ENCRYPTED",
    "master_symmetric_key": "MASTER_SYMMETRIC_KEY",
    "lzop": "LZOP",
    "shapefile": "SHAPEFILE",
    "avro": "FORMAT AVRO",
    "ssh": "SSH",
    "readratio": "READRATIO (a COPY from DynamoDB)",
    "noload": "NOLOAD",
    "ignoreallerrors": "IGNOREALLERRORS",
    "fillrecord": "FILLRECORD",
    "escape": "ESCAPE",
}


def parse_copy(tokens: list[Token]) -> CopyCommand:
    """Return the COPY the tokens spell.

    Raises
    ------
    Refused
        For an option that Redshift does not know, or that is not emulated.
    """
    position = after(tokens, after(tokens, -1))
    end = position
    while at(tokens, after(tokens, end)).text == ".":
        end = after(tokens, after(tokens, end))
    table = text(token for token in tokens[position : end + 1] if token.significant)
    index = after(tokens, end)
    columns: tuple[str, ...] = ()
    if at(tokens, index).text == "(":
        close = closing(tokens, index)
        columns = tuple(trim(part)[0].name for part in split(tokens[index + 1 : close]))
        index = after(tokens, close)
    reader = OptionReader(tokens[index:], "COPY")
    if not reader.accept("from"):
        raise Refused("COPY: FROM 's3://…' is missing", "42601")
    source = reader.string("FROM")
    if not source.lower().startswith("s3://"):
        raise NotEmulated("COPY from anything but s3://")
    authorization: dict[str, str] = {}
    values: dict[str, object] = {}
    flags: set[str] = set()
    while reader.peek().kind != "raw":
        token = reader.next()
        word = token.low
        if reader.authorization(word, authorization):
            continue
        _copy_option(reader, word, values, flags)
    command = CopyCommand(table, columns, source, credentials(authorization, "COPY"), flags=frozenset(flags), **values)  # type: ignore[arg-type]
    if command.format in ("parquet", "orc") and (command.delimiter or command.compression or command.ignore_header):
        raise Refused(
            f"COPY: DELIMITER, IGNOREHEADER and compression do not go with FORMAT {command.format.upper()}", "0A000"
        )
    return command


def _copy_option(reader: OptionReader, word: str, values: dict[str, object], flags: set[str]) -> None:
    if word == "format":
        reader.accept("as")
        word = reader.next().low
        if word not in ("csv", "parquet", "orc", "json", "avro"):
            raise Refused(f"COPY: FORMAT {word.upper()} is not known", "42601")
    if word in _COPY_REFUSED:
        raise NotEmulated(f"COPY {_COPY_REFUSED[word]}")
    if word in ("csv", "parquet", "orc"):
        values["format"] = word
        if word == "csv" and reader.accept("quote"):
            values["quote"] = reader.string("QUOTE")
    elif word == "json":
        values["format"] = "json"
        reader.accept("as")
        if reader.peek().kind == "string":
            values["json_paths"] = reader.string("JSON")
        if values.get("json_paths") == "noshred":
            raise NotEmulated("COPY JSON 'noshred'")
    elif word in ("delimiter", "quote"):
        values[word] = reader.string(word.upper())
    elif word == "null":
        values["null"] = reader.string("NULL")
    elif word == "ignoreheader":
        values["ignore_header"] = reader.number("IGNOREHEADER")
    elif word in COMPRESSIONS:
        values["compression"] = word
    elif word == "manifest":
        values["manifest"] = True
    elif word in ("dateformat", "timeformat"):
        chosen = reader.string(word.upper())
        known = ("auto",) if word == "dateformat" else ("auto", "epochsecs", "epochmillisecs")
        if chosen.lower() not in known and chosen.upper() not in (
            "YYYY-MM-DD",
            "YYYY-MM-DD HH:MI:SS",
            "YYYY-MM-DD HH24:MI:SS",
        ):
            raise NotEmulated(f"COPY {word.upper()} other than {', '.join(known)} and ISO 8601")
        values[word.replace("format", "_format")] = chosen.lower()
    elif word == "region":
        values["region"] = reader.string("REGION")
    elif word in ("compupdate", "statupdate"):
        reader.switch()
    elif word == "comprows":
        reader.number("COMPROWS")
    elif word == "maxerror":
        if reader.number("MAXERROR"):
            raise NotEmulated("COPY MAXERROR above 0")
    elif word == "encoding":
        reader.accept("as")
        if reader.next().low not in ("utf8", "'utf8'", "'UTF8'"):
            raise NotEmulated("COPY ENCODING other than UTF8")
    elif word == "acceptinvchars":
        flags.add(word)
        if reader.peek().kind == "string" or reader.peek().low == "as":
            reader.string("ACCEPTINVCHARS")
    elif word in _COPY_FLAGS:
        flags.add(word)
    else:
        raise Refused(f'COPY: syntax error at or near "{word[:40]}"', "42601")
