"""The strict gate: refuse what PostgreSQL offers and Redshift does not."""

from __future__ import annotations

from collections.abc import Sequence

from local.redshift.errors import NotRedshift
from local.redshift.lexer import Token
from local.redshift.strict_words import (
    CREATES,
    FUNCTIONS,
    LEADER_ONLY,
    OPERATORS,
    PHRASES,
    STATEMENTS,
    TABLE_WORDS,
    TYPES,
)


def check(tokens: Sequence[Token]) -> None:
    """Raise `NotRedshift` naming the first construct that Redshift lacks."""
    significant = [token for token in tokens if token.significant]
    low = [token.low for token in significant]
    if not low:
        return
    _check_statement(low)
    for phrase, name in PHRASES:
        if phrase[0] in low and _contains(low, phrase, significant):
            raise NotRedshift(name)
    creates = low[0] == "create" and "table" in low[:5]
    for position, token in enumerate(significant):
        following = low[position + 1] if position + 1 < len(low) else ""
        previous = low[position - 1] if position else ""
        if token.kind == "word":
            _check_word(token.low, previous, following, low, creates)
        elif token.kind == "op" and token.text in OPERATORS:
            raise NotRedshift(f"the operator {token.text}")


def _check_statement(low: list[str]) -> None:
    if low[0] in STATEMENTS and not (low[0] == "do" and len(low) < 2):
        raise NotRedshift(f"the statement {STATEMENTS[low[0]]}")
    if low[0] == "create":
        subject = next((word for word in low[1:4] if word not in ("or", "replace", "unique", "global", "local")), "")
        if subject in CREATES:
            raise NotRedshift(f"CREATE {subject.upper()}")
    if low[0] == "alter" and low[1:2] == ["table"]:
        actions = sum(1 for position, word in enumerate(low) if word == "add" and low[position - 1] == ",")
        if actions:
            raise NotRedshift("more than one ADD COLUMN in one ALTER TABLE")
    if low[0] == "copy" and ("stdin" in low or "stdout" in low or "program" in low):
        raise NotRedshift("COPY FROM STDIN / TO STDOUT")


def _contains(low: list[str], phrase: tuple[str, ...], tokens: list[Token]) -> bool:
    size = len(phrase)
    for start in range(len(low) - size + 1):
        if tuple(low[start : start + size]) == phrase and all(
            token.kind in ("word", "op") for token in tokens[start : start + size]
        ):
            return True
    return False


def _check_word(word: str, previous: str, following: str, low: list[str], creates: bool) -> None:
    if (
        word == "returning"
        and low[0] in ("insert", "update", "delete", "merge", "with")
        and previous != "."
        and following not in (",", "from", ")", "=")
    ):
        raise NotRedshift("RETURNING")
    if word == "tablesample":
        raise NotRedshift("TABLESAMPLE")
    if (
        word in ("insert", "update", "delete")
        and previous == "("
        and following in ("into", "from")
        and low[0] in ("with", "select", "create")
    ):
        raise NotRedshift(f"{word.upper()} inside WITH")
    if following == "(" and previous != ".":
        if word in FUNCTIONS:
            raise NotRedshift(f"the function {word}()")
        if word in LEADER_ONLY and (
            low[0] not in ("select", "set", "show") or ("from" in low and word != "generate_series") or "into" in low
        ):
            raise NotRedshift(f"{word}() outside of the leader node" + (" (use getdate())" if word == "now" else ""))
        if creates and word == "check":
            raise NotRedshift("a CHECK constraint")
    if word in TYPES and (previous == "::" or (previous == "as" and following in (")", "(", "["))):
        raise NotRedshift(f"the type {word}")
    if creates and word in TABLE_WORDS and following in ("(", "using") and previous != ",":
        raise NotRedshift(TABLE_WORDS[word])
    if creates and word == "partition" and following == "by" and previous == ")" and "over" not in low:
        raise NotRedshift("PARTITION BY in CREATE TABLE")
