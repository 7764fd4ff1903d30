"""CREATE TABLE, CREATE MATERIALIZED VIEW and ALTER TABLE: physical design and informational constraints.

Redshift keeps distribution and sort keys; PostgreSQL has none, so they are taken out and handed on in a comment that
an event trigger (`compat/40_attributes.sql`) records for `svv_table_info` and its kin. Redshift never enforces PRIMARY
KEY, UNIQUE and FOREIGN KEY, so they are taken out too: a duplicate that gets in on AWS gets in here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from local.redshift import clauses, functions
from local.redshift.errors import NotRedshift
from local.redshift.lexer import Token, after, at, before, closing, raw, split, text, trim
from local.redshift.types import rewrite_type

_CONSTRAINTS = {"primary", "unique", "foreign", "constraint", "check", "exclude"}


@dataclass
class Attributes:
    """Physical design of a table, as `svv_table_info` shows it."""

    table: str = ""
    diststyle: str = ""
    distkey: str = ""
    sortkeys: list[str] = field(default_factory=list)
    sortstyle: str = ""
    backup: bool = True
    primary_key: list[str] = field(default_factory=list)
    encodings: dict[str, str] = field(default_factory=dict)

    def comment(self) -> str:
        """Return the comment the event trigger reads."""
        content = json.dumps({key: value for key, value in asdict(self).items() if value or key == "backup"})
        return f" /*rs:attributes {content.replace('*/', '')} */"


def create_table(tokens: list[Token], case_sensitive: bool) -> str:
    """Return a CREATE TABLE (with columns, LIKE, or AS) for PostgreSQL."""
    start = _name_start(tokens)
    index, found = start, Attributes()
    while at(tokens, index).kind in ("word", "quoted") or at(tokens, index).text == ".":
        if index != start and at(tokens, index).kind != "op" and at(tokens, before(tokens, index)).text != ".":
            break
        found.table = tokens[index].name
        index = after(tokens, index)
    out = functions.rewrite(tokens[:index], case_sensitive)
    rest = tokens[index:]
    if at(rest, 0).text == "(":
        end = closing(rest, 0)
        nested = functions.rewrite(tokens[index : index + 1], case_sensitive)
        inside = rest[1:end]
        if _is_column_list(inside):  # create table t (a, b) as select
            out += [*nested, *inside, raw(")")]
        else:
            out += [raw("("), raw(_columns(inside, found, case_sensitive)), raw(")")]
        rest = rest[end + 1 :]
    body_at = next((i for i, token in enumerate(rest) if token.low == "as" and token.kind == "word"), len(rest))
    out += functions.rewrite(table_attributes(rest[:body_at], found), case_sensitive)
    out += functions.rewrite(clauses.rewrite(list(rest[body_at:])), case_sensitive)
    return text(out).rstrip() + (found.comment() if found != Attributes(table=found.table) else "")


def create_materialized_view(tokens: list[Token], case_sensitive: bool) -> str:
    """Return a CREATE MATERIALIZED VIEW for PostgreSQL."""
    body_at = next((i for i, token in enumerate(tokens) if token.low == "as" and token.kind == "word"), len(tokens))
    found = Attributes()
    view = next((i for i, token in enumerate(tokens) if token.low == "view"), 0)
    name = after(tokens, view)
    while at(tokens, after(tokens, name)).text == ".":
        name = after(tokens, after(tokens, name))
    found.table = at(tokens, name).name
    head = functions.rewrite(table_attributes(tokens[:body_at], found), case_sensitive)
    body = functions.rewrite(clauses.rewrite(list(tokens[body_at:])), case_sensitive)
    return text(head + body).rstrip() + found.comment()


def _name_start(tokens: Sequence[Token]) -> int:
    index = after(tokens, next(i for i, token in enumerate(tokens) if token.low == "table"))
    if at(tokens, index).low == "if":
        index = after(tokens, after(tokens, after(tokens, index)))
    return index


def _is_column_list(tokens: Sequence[Token]) -> bool:
    return all(len([token for token in item if token.significant]) == 1 for item in split(tokens))


def table_attributes(tokens: Sequence[Token], found: Attributes) -> list[Token]:
    """Return the tokens behind the column list without physical attributes, which are noted in `found`."""
    out: list[Token] = []
    index = 0
    while index < len(tokens):
        token, following = tokens[index], after(tokens, index)
        word, argument = token.low, at(tokens, following)
        if token.kind != "word" or at(tokens, before(tokens, index)).text == ".":
            out.append(token)
            index += 1
            continue
        if word == "diststyle":
            found.diststyle = argument.low
            index = following + 1
        elif word in ("distkey", "sortkey") and argument.text == "(":
            end = closing(tokens, following)
            names = [trim(part)[0].name for part in split(tokens[following + 1 : end]) if trim(part)]
            if word == "distkey":
                found.distkey, found.diststyle = names[0], "key"
            else:
                found.sortkeys = names
            index = end + 1
        elif word == "sortkey" and argument.low in ("auto", "none"):
            index = following + 1
        elif word in ("compound", "interleaved") and argument.low == "sortkey":
            found.sortstyle = word
            index = following
        elif word == "backup" and argument.low in ("yes", "no"):
            found.backup = argument.low == "yes"
            index = following + 1
        elif word == "encode" and argument.low == "auto":
            index = following + 1
        elif word == "auto" and argument.low == "refresh":
            index = after(tokens, following) + 1
        else:
            out.append(token)
            index += 1
    return out


def _columns(tokens: Sequence[Token], found: Attributes, case_sensitive: bool) -> str:
    kept = []
    for item in split(tokens):
        item_trimmed = trim(item)
        if not item_trimmed:
            continue
        if item_trimmed[0].kind == "word" and item_trimmed[0].low in _CONSTRAINTS:
            _table_constraint(item_trimmed, found)
        else:
            kept.append(item)
    texts = []
    for item in kept:
        column = trim(item)
        done = column_definition(column, found, case_sensitive)
        if column[0].name in found.primary_key and "not null" not in done.lower():
            done += " not null"
        texts.append(done)
    return ", ".join(texts)


def _table_constraint(tokens: Sequence[Token], found: Attributes) -> None:
    low = [token.low for token in tokens if token.significant]
    kind = low[2] if low[0] == "constraint" else low[0]
    if kind not in ("primary", "unique", "foreign"):
        raise NotRedshift(f"a {kind.upper()} constraint")
    if kind == "primary":
        opening = next((i for i, token in enumerate(tokens) if token.text == "("), len(tokens))
        found.primary_key = [
            trim(part)[0].name for part in split(tokens[opening + 1 : closing(tokens, opening)]) if trim(part)
        ]


def column_definition(tokens: Sequence[Token], found: Attributes, case_sensitive: bool) -> str:
    """Return one column's definition for PostgreSQL."""
    name = tokens[0].name
    if tokens[0].low == "like":
        return functions.rewritten(tokens, case_sensitive)
    out = functions.rewrite(tokens[:1], case_sensitive)
    index = 1
    kind = after(tokens, 0)
    while index < len(tokens):
        token, following = tokens[index], after(tokens, index)
        word, argument = token.low, at(tokens, following)
        if token.kind != "word":
            out.append(token)
            index += 1
        elif index == kind and (done := rewrite_type(tokens, index, column=True)):
            out += done[0]
            index = done[1]
        elif word == "encode":
            found.encodings[name] = argument.low
            index = following + 1
        elif word == "distkey":
            found.distkey, found.diststyle = name, "key"
            index += 1
        elif word == "sortkey":
            found.sortkeys = [name]
            index += 1
        elif word == "identity" and argument.text == "(":
            end = closing(tokens, following)
            seed, step = (text(trim(part)) for part in split(tokens[following + 1 : end]))
            clause = f"as identity (start with {seed} increment by {step})"
            by_default = text(trim(out)).lower().endswith(("generated by default as", "default"))
            if by_default:  # generated by default as identity(...): keep what is there
                out = _without_tail(out, ("generated", "by", "default", "as"))
            # always: Redshift refuses values for an IDENTITY column, unless declared BY DEFAULT
            out.append(raw(f"generated {'by default' if by_default else 'always'} {clause}"))
            index = end + 1
        elif word == "primary":
            found.primary_key = [name]
            index = following + 1
        elif word == "unique":
            index += 1
        elif word == "references":
            index = following + 1
            while at(tokens, after(tokens, index - 1)).text == ".":
                index = after(tokens, after(tokens, index - 1)) + 1
            opening = after(tokens, index - 1)
            if at(tokens, opening).text == "(":
                index = closing(tokens, opening) + 1
        elif word == "collate" and argument.low in ("case_sensitive", "cs"):
            index = following + 1
        elif word == "default":
            out.append(token)
            index += 1
        else:
            done = (
                functions.rewrite(tokens[index:], case_sensitive)
                if word in functions.HANDLERS or word == "sysdate"
                else None
            )
            if done is not None:
                out += done
                break
            out.append(token)
            index += 1
    return text(trim(out))


def _without_tail(tokens: list[Token], tail: tuple[str, ...]) -> list[Token]:
    kept = list(tokens)
    for word in reversed(tail):
        last = before(kept, len(kept))
        if at(kept, last).low == word:
            kept = kept[:last]
    return kept


def alter_table(tokens: list[Token], case_sensitive: bool) -> str | None:
    """Return an ALTER TABLE for PostgreSQL, or None when nothing of it is left to do."""
    name_at = after(tokens, after(tokens, 0))
    end = name_at
    while at(tokens, after(tokens, end)).text == ".":
        end = after(tokens, after(tokens, end))
    table = functions.rewritten(tokens[name_at : end + 1], case_sensitive)
    action = trim(tokens[end + 1 :])
    low = [token.low for token in action if token.significant] + [""] * 4
    quoted = "'" + table.replace("'", "''") + "'"
    if low[:2] == ["append", "from"]:
        source = text(trim(action[after(action, after(action, -1)) + 1 :]))
        return f"call rs.append_from({quoted}, '{source.replace(chr(39), chr(39) * 2)}')"
    if low[0] == "alter" and low[1] in ("distkey", "diststyle", "sortkey", "compound", "interleaved", "encode"):
        found = Attributes()
        rest = table_attributes(action[after(action, -1) + 1 :], found)
        if any(token.low == "distkey" for token in rest):  # alter distkey c
            found.distkey, found.diststyle = [token.name for token in rest if token.significant][-1], "key"
        content = json.dumps({key: value for key, value in asdict(found).items() if value and key != "backup"})
        return f"call rs.set_attributes({quoted}, '{content}')"
    if low[0] == "alter" and "encode" in low:
        return None
    if low[0] == "add" and (low[1] in _CONSTRAINTS):
        _table_constraint(trim(action[after(action, -1) + 1 :]), Attributes())
        return None
    if low[:2] == ["drop", "constraint"]:
        return None
    if low[0] == "add":
        start = after(action, -1)
        start = after(action, start)
        if at(action, start).low == "column":
            start = after(action, start)
        return f"alter table {table} add column {column_definition(trim(action[start:]), Attributes(), case_sensitive)}"
    if low[0] == "alter" and "type" in low[1:4]:
        position = next(i for i, token in enumerate(action) if token.low == "type")
        kind = after(action, position)
        done = rewrite_type(action, kind, column=True)
        changed = text(done[0]) + text(action[done[1] :]) if done else text(action[kind:])
        return f"alter table {table} {text(action[:kind])}{changed}"
    return functions.rewritten(tokens, case_sensitive)
