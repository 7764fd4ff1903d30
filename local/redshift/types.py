"""Redshift's type names where PostgreSQL spells or bounds them differently."""

from __future__ import annotations

from collections.abc import Sequence

from local.redshift.lexer import Token, after, at, before, closing, raw

# What a type without a length means on Redshift, in a cast and in a table.
BARE = {"varchar": "varchar(256)", "text": "varchar(256)", "nvarchar": "varchar(256)", "bpchar": "char(256)"}
RENAMED = {"super": "jsonb", "varbyte": "bytea", "varbinary": "bytea", "datetime": "timestamp", "nvarchar": "varchar"}
_NUMERIC = ("numeric", "decimal")
KNOWN = {*BARE, *RENAMED, *_NUMERIC, "character"}


def rewrite_type(tokens: Sequence[Token], index: int, column: bool = False) -> tuple[list[Token], int] | None:
    """Return `(replacement, next index)` when the word at `index` names a type that differs.

    Parameters
    ----------
    column : bool
        True right behind the name of a column in a table definition; else only casts are looked at.
    """
    word = tokens[index].low
    if word not in KNOWN:
        return None
    previous = at(tokens, before(tokens, index))
    following = after(tokens, index)
    if not (column or previous.text == "::" or (previous.low == "as" and _in_cast(tokens, following))):
        return None
    last = index
    if word == "character":
        if at(tokens, following).low != "varying":
            return None
        word, last, following = "varchar", following, after(tokens, following)
    if at(tokens, following).text == "(":
        end = closing(tokens, following)
        inner = at(tokens, after(tokens, following))
        if word in ("varbyte", "varbinary"):
            return [raw("bytea")], end + 1
        if inner.low == "max":
            return [raw(f"{RENAMED.get(word, 'varchar')}(65535)")], end + 1
        if word == "text":  # Redshift ignores nothing here: text takes no length, PostgreSQL says so too
            return None
        return ([raw(RENAMED[word])], last + 1) if word in RENAMED else None
    if word in BARE:
        return [raw(BARE[word])], last + 1
    if word in _NUMERIC:
        return [raw("numeric(18,0)")], last + 1
    return [raw(RENAMED[word])], last + 1


def _in_cast(tokens: Sequence[Token], following: int) -> bool:
    """`as varchar` is a type in `cast(x as varchar)`, an alias elsewhere."""
    token = at(tokens, following)
    if token.text == "(":
        token = at(tokens, after(tokens, closing(tokens, following)))
    elif token.low == "varying":
        return True
    return token.text == ")"
