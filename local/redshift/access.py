"""Users, groups, roles, grants and row-level security policies."""

from __future__ import annotations

import re

from local.redshift import functions
from local.redshift.errors import NotEmulated
from local.redshift.lexer import Token, after, at, closing, lex, literal, split, text, trim, words

# Redshift's user options without a meaning here: (word, number of words behind it).
_IGNORED_OPTIONS = {"syslog": 2, "externalid": 1, "nocreateuser": 0}


def rewrite(tokens: list[Token], case_sensitive: bool) -> str | None:
    """Return a statement about access for PostgreSQL, or None when it is about something else."""
    first, second, third, _ = words(tokens, 4)
    if first in ("grant", "revoke"):
        return _grant(tokens)
    if first in ("create", "alter", "drop") and second in ("user", "role", "group") and third != "mapping":
        return _principal(tokens, first, second)
    if first in ("create", "alter", "drop", "attach", "detach") and second in ("rls", "masking"):
        if second == "masking":
            raise NotEmulated("dynamic data masking (MASKING POLICY)")
        return _policy(tokens, first, case_sensitive)
    if (
        first == "alter"
        and second in ("table", "view", "materialized")
        and _find(tokens, "row", "level", "security") is not None
    ):
        return _row_level_security(tokens)
    return None


def _find(tokens: list[Token], *phrase: str) -> int | None:
    significant = [i for i, token in enumerate(tokens) if token.significant]
    for start in range(len(significant) - len(phrase) + 1):
        if all(tokens[significant[start + offset]].low == word for offset, word in enumerate(phrase)):
            return significant[start]
    return None


def _grant(tokens: list[Token]) -> str:
    low = [token.low for token in tokens if token.significant]
    verb, preposition = low[0], "to" if low[0] == "grant" else "from"
    if "rls" in low and "ignore" in low:
        names = _names(tokens, preposition)
        return "; ".join(f"alter role {name} {'bypassrls' if verb == 'grant' else 'nobypassrls'}" for name in names)
    if "rls" in low and "policy" in low:
        raise NotEmulated("GRANT ... TO RLS POLICY (a policy reads other tables with the rights of the user)")
    if "assumerole" in low:
        raise NotEmulated("GRANT ASSUMEROLE")
    kept: list[Token] = []
    for index, token in enumerate(tokens):
        previous = next((old.low for old in reversed(kept) if old.significant), "")
        following = at(tokens, after(tokens, index))
        is_kind = token.kind == "word" and token.low in ("role", "group") and following.kind in ("word", "quoted")
        if is_kind and previous in (verb, preposition, ",") and following.low not in (",", preposition):
            continue
        kept.append(token)
    return text(kept)


def _names(tokens: list[Token], preposition: str) -> list[str]:
    start = max(i for i, token in enumerate(tokens) if token.low == preposition)
    out = []
    for part in split(tokens[start + 1 :]):
        significant = [token for token in part if token.significant]
        if significant and significant[0].low in ("role", "group", "user") and len(significant) > 1:
            significant = significant[1:]
        out += [significant[0].text] if significant else []
    return out


def _principal(tokens: list[Token], verb: str, kind: str) -> str:
    if verb == "drop":
        return text(tokens[:-1] if tokens[-1].low == "force" else tokens)
    out: list[Token] = []
    index = 0
    while index < len(tokens):
        token, following = tokens[index], after(tokens, index)
        word = token.low if token.kind == "word" else ""
        if (word == "session" and at(tokens, following).low == "timeout") or (
            word == "reset" and at(tokens, following).low == "session"
        ):
            index = after(tokens, following) + 1
        elif word in _IGNORED_OPTIONS:
            index += 1
            for _ in range(_IGNORED_OPTIONS[word]):
                index = after(tokens, index - 1) + 1
        elif word == "createuser":
            out.append(Token("word", "superuser"))
            index += 1
        elif word == "password" and at(tokens, following).low == "disable":
            out.append(Token("word", "password null"))
            index = following + 1
        else:
            out.append(token)
            index += 1
    return text(out)


def _policy(tokens: list[Token], verb: str, case_sensitive: bool) -> str:
    """`CREATE RLS POLICY name [WITH (columns) [AS alias]] USING (predicate)` and ATTACH, DETACH, DROP, ALTER."""
    index = after(tokens, after(tokens, after(tokens, 0)))
    if verb == "drop" and at(tokens, index).low == "if":
        index = after(tokens, after(tokens, index))
    name = literal(at(tokens, index).name)
    if verb == "drop":
        return f"call rs.drop_rls_policy({name})"
    if verb in ("create", "alter"):
        columns = alias = ""
        index = after(tokens, index)
        if at(tokens, index).low == "with":
            opening = after(tokens, index)
            end = closing(tokens, opening)
            columns = text(tokens[opening + 1 : end]).strip()
            index = after(tokens, end)
            if at(tokens, index).low == "as":
                index = after(tokens, index)
            if at(tokens, index).low != "using":
                alias = at(tokens, index).name
                index = after(tokens, index)
        opening = after(tokens, index)
        predicate = functions.rewritten(tokens[opening + 1 : closing(tokens, opening)], case_sensitive)
        values = ", ".join(literal(value) for value in (columns, alias, predicate))
        return f"call rs.create_rls_policy({name}, {values}, {str(verb == 'alter').lower()})"
    rest = re.sub(r"\s+", " ", text(tokens[index + 1 :])).strip()
    found = re.fullmatch(r"on (?:table )?(.+?) (?:to|from) (.+)", rest, re.IGNORECASE)
    if not found:
        raise NotEmulated(f"this form of {verb.upper()} RLS POLICY")
    return f"call rs.{verb}_rls_policy({name}, {_list(found[1])}, {_list(found[2])})"


def _list(names: str) -> str:
    parts = [text(trim(part)) for part in split(lex(names))]
    cleaned = [re.sub(r"^(?:role|user)\s+", "", part, flags=re.IGNORECASE) for part in parts]
    return "array[" + ", ".join(literal(part) for part in cleaned) + "]::text[]"


def _row_level_security(tokens: list[Token]) -> str:
    position = _find(tokens, "row", "level", "security")
    assert position is not None
    start = next(i for i, token in enumerate(tokens) if token.low in ("table", "view"))
    table = text(trim(tokens[start + 1 : position]))
    low = [token.low for token in tokens[position:] if token.significant]
    conjunction = low[low.index("type") + 1] if "type" in low else "and"
    return f"call rs.set_row_level_security({literal(table)}, {str(low[3] == 'on').lower()}, {literal(conjunction)})"
