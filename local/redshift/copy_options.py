"""COPY and UNLOAD statements as data.

https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html and https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html
"""

from __future__ import annotations

from dataclasses import dataclass, field

from local.redshift.errors import NotEmulated, Refused
from local.redshift.lexer import Token, after, at, closing, split, text, trim, unquote


@dataclass(frozen=True)
class Credentials:
    """Keys given in the statement itself. Never shown."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


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


_COPY_FLAGS = frozenset(
    "acceptinvchars blanksasnull emptyasnull explicit_ids fillrecord ignoreblanklines removequotes roundec serializetojson "
    "trimblanks truncatecolumns escape noload ignoreallerrors".split()
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
_COMPRESSIONS = frozenset({"gzip", "bzip2", "zstd"})
_UNLOAD_FLAGS = frozenset({"allowoverwrite", "cleanpath", "header", "addquotes", "escape", "manifest", "verbose"})


class _Reader:
    """The statement's significant tokens, read from left to right."""

    def __init__(self, tokens: list[Token], verb: str) -> None:
        self.tokens = [token for token in tokens if token.significant]
        self.index, self.verb = 0, verb

    def peek(self) -> Token:
        return at(self.tokens, self.index)

    def next(self) -> Token:
        token = self.peek()
        self.index += 1
        return token

    def accept(self, *low: str) -> bool:
        if self.peek().low in low and self.peek().kind in ("word", "op"):
            self.index += 1
            return True
        return False

    def string(self, what: str) -> str:
        self.accept("as")
        token = self.next()
        if token.kind not in ("string", "dollar"):
            raise Refused(f"{self.verb}: {what} needs a quoted string behind it", "42601")
        return unquote(token)

    def number(self, what: str) -> int:
        self.accept("as")
        token = self.next()
        if token.kind != "number":
            raise Refused(f"{self.verb}: {what} needs a number behind it", "42601")
        return int(token.text)

    def switch(self) -> bool:
        """ON, OFF, TRUE, FALSE, PRESET, or nothing (which means on)."""
        if self.accept("off", "false"):
            return False
        self.accept("on", "true", "preset")
        return True

    def authorization(self, word: str, found: dict[str, str]) -> bool:
        if word == "iam_role":
            if not self.accept("default"):
                self.string("IAM_ROLE")
            found["iam_role"] = "yes"
        elif word == "credentials":
            pairs = dict(part.split("=", 1) for part in self.string("CREDENTIALS").split(";") if "=" in part)
            found.update({"iam_role": "yes"} if "aws_iam_role" in pairs else pairs)
        elif word in ("access_key_id", "secret_access_key", "session_token"):
            found[{"access_key_id": "aws_access_key_id", "secret_access_key": "aws_secret_access_key", "session_token": "token"}[word]] = self.string(word.upper())
        else:
            return False
        return True


def _credentials(found: dict[str, str], verb: str) -> Credentials | None:
    if "aws_access_key_id" in found and "aws_secret_access_key" in found:
        return Credentials(found["aws_access_key_id"], found["aws_secret_access_key"], found.get("token"))
    if "iam_role" not in found:
        raise Refused(f"{verb}: say how to reach S3: IAM_ROLE default, IAM_ROLE 'arn:…', CREDENTIALS '…' or ACCESS_KEY_ID and SECRET_ACCESS_KEY", "42601")
    return None


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
    reader = _Reader(tokens[index:], "COPY")
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
    command = CopyCommand(table, columns, source, _credentials(authorization, "COPY"), flags=frozenset(flags), **values)  # type: ignore[arg-type]
    if command.format in ("parquet", "orc") and (command.delimiter or command.compression or command.ignore_header):
        raise Refused(f"COPY: DELIMITER, IGNOREHEADER and compression do not go with FORMAT {command.format.upper()}", "0A000")
    return command


def _copy_option(reader: _Reader, word: str, values: dict[str, object], flags: set[str]) -> None:
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
    elif word in _COMPRESSIONS:
        values["compression"] = word
    elif word == "manifest":
        values["manifest"] = True
    elif word in ("dateformat", "timeformat"):
        chosen = reader.string(word.upper())
        known = ("auto",) if word == "dateformat" else ("auto", "epochsecs", "epochmillisecs")
        if chosen.lower() not in known and chosen.upper() not in ("YYYY-MM-DD", "YYYY-MM-DD HH:MI:SS", "YYYY-MM-DD HH24:MI:SS"):
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


def parse_unload(tokens: list[Token]) -> UnloadCommand:
    """Return the UNLOAD the tokens spell.

    Raises
    ------
    Refused
        For an option that Redshift does not know, or that is not emulated.
    """
    reader = _Reader(tokens, "UNLOAD")
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
    command = UnloadCommand(query, target, _credentials(authorization, "UNLOAD"), flags=frozenset(flags), **values)  # type: ignore[arg-type]
    if command.format == "parquet" and (command.delimiter or command.compression or flags & {"header", "addquotes", "escape"}):
        raise Refused("UNLOAD: DELIMITER, HEADER, ADDQUOTES, ESCAPE and compression do not go with FORMAT PARQUET", "0A000")
    return command


def _unload_option(reader: _Reader, word: str, values: dict[str, object], flags: set[str]) -> None:
    if word == "format":
        reader.accept("as")
        word = reader.next().low
        if word not in ("csv", "parquet"):
            raise NotEmulated(f"UNLOAD FORMAT {word.upper()}") if word == "json" else Refused(f"UNLOAD: FORMAT {word.upper()} is not known", "42601")
    if word in ("csv", "parquet"):
        values["format"] = word
    elif word == "delimiter":
        values["delimiter"] = reader.string("DELIMITER")
    elif word == "null":
        values["null"] = reader.string("NULL")
    elif word in _COMPRESSIONS:
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
