"""Tokens of Redshift SQL. Text that both dialects share passes through byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_PATTERN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<comment>--[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)
    | (?P<dollar>\$(?P<tag>[A-Za-z_]*)\$.*?\$(?P=tag)\$)
    | (?P<string>[eE]?'(?:[^'\\]|''|\\.)*')
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
    | (?P<parameter>\$\d+)
    | (?P<word>[A-Za-z_\u0080-\uffff#][A-Za-z0-9_$\u0080-\uffff]*)
    | (?P<op>::|->>|->|\#>>|\#>|@>|<@|@@|<>|!=|>=|<=|!~\*|!~|~\*|\|\||.)
    """,
    re.VERBOSE | re.DOTALL,
)


class Token:
    """One token: `kind` (space, comment, dollar, string, quoted, number, parameter, word, op, raw), `text`, and `low`,
    the text to compare with: lower case for words."""

    __slots__ = ("kind", "low", "text")

    def __init__(self, kind: str, text: str) -> None:
        self.kind, self.text = kind, text
        self.low = text.lower() if kind == "word" else text

    def __repr__(self) -> str:
        return f"{self.kind}:{self.text!r}"

    @property
    def significant(self) -> bool:
        """False for white space and comments."""
        return self.kind not in ("space", "comment")

    @property
    def name(self) -> str:
        """The identifier this token spells, without quotes."""
        return self.text[1:-1].replace('""', '"') if self.kind == "quoted" else self.low


END = Token("raw", "")


def lex(sql: str) -> list[Token]:
    """Return the tokens of `sql`; joined they give `sql` again."""
    return [
        Token("dollar" if match.lastgroup == "tag" else match.lastgroup or "op", match.group())
        for match in _PATTERN.finditer(sql)
    ]


def raw(text: str) -> Token:
    """Return finished PostgreSQL text as a token that no rule looks into again."""
    return Token("raw", text)


def text(tokens: Iterable[Token]) -> str:
    """Return the SQL the tokens spell."""
    return "".join(token.text for token in tokens)


def after(tokens: Sequence[Token], index: int) -> int:
    """Return the index of the next significant token behind `index`, or `len(tokens)`."""
    index += 1
    while index < len(tokens) and not tokens[index].significant:
        index += 1
    return index


def before(tokens: Sequence[Token], index: int) -> int:
    """Return the index of the significant token in front of `index`, or -1."""
    index -= 1
    while index >= 0 and not tokens[index].significant:
        index -= 1
    return index


def at(tokens: Sequence[Token], index: int) -> Token:
    """Return the token at `index`, or `END` outside."""
    return tokens[index] if 0 <= index < len(tokens) else END


def words(tokens: Sequence[Token], count: int) -> list[str]:
    """Return the lower-case text of the first `count` significant tokens, padded with empty strings."""
    found = [token.low for token in tokens if token.significant][:count]
    return found + [""] * (count - len(found))


def closing(tokens: Sequence[Token], opening: int) -> int:
    """Return the index of the parenthesis that closes the one at `opening`, or `len(tokens)` if none does."""
    depth = 0
    for index in range(opening, len(tokens)):
        token = tokens[index]
        if token.kind == "op":
            if token.text == "(":
                depth += 1
            elif token.text == ")":
                depth -= 1
                if depth == 0:
                    return index
    return len(tokens)


def split(tokens: Sequence[Token], separator: str = ",") -> list[list[Token]]:
    """Split at `separator` outside of parentheses and brackets."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.kind == "op":
            if token.text in "([":
                depth += 1
            elif token.text in ")]":
                depth -= 1
            elif token.text == separator and depth == 0:
                parts.append([])
                continue
        parts[-1].append(token)
    return parts


def trim(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens without white space and comments at both ends."""
    first, last = 0, len(tokens)
    while first < last and not tokens[first].significant:
        first += 1
    while last > first and not tokens[last - 1].significant:
        last -= 1
    return list(tokens[first:last])


def statements(sql: str) -> list[str]:
    """Split a string at its semicolons; parts without a statement (blank, comments only) are left out."""
    parts = split(lex(sql), ";")
    return [text(part) for part in parts if any(token.significant for token in part)]


def literal(value: str) -> str:
    """Return `value` as an SQL string literal whatever `standard_conforming_strings` says."""
    quoted = value.replace("'", "''")
    return "E'" + quoted.replace("\\", "\\\\") + "'" if "\\" in value else f"'{quoted}'"


def unquote(token: Token) -> str:
    """Return the value of a string, dollar-quoted or plain token."""
    if token.kind == "dollar":
        tag = token.text[: token.text.index("$", 1) + 1]
        return token.text[len(tag) : -len(tag)]
    if token.kind == "string":
        return re.sub(r"\\(.)", r"\1", token.text[token.text.index("'") + 1 : -1].replace("''", "'"))
    return token.text
