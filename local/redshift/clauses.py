"""TOP and QUALIFY, which PostgreSQL has not."""

from __future__ import annotations

from collections.abc import Sequence

from local.redshift.errors import NotEmulated
from local.redshift.lexer import Token, after, at, before, lex, raw, split, text, trim

_SET_OPERATORS = {"union", "intersect", "except", "minus"}
_CLAUSES = {"from", "where", "group", "having", "qualify", "order", "limit", "offset"}


def rewrite(tokens: list[Token]) -> list[Token]:
    """Return the tokens without `TOP n` and `QUALIFY`."""
    while True:
        found = next((index for index in range(len(tokens) - 1, -1, -1) if _is_clause(tokens, index)), None)
        if found is None:
            return tokens
        tokens = _top(tokens, found) if tokens[found].low == "top" else _qualify(tokens, found)


def _is_clause(tokens: Sequence[Token], index: int) -> bool:
    token = tokens[index]
    if token.kind != "word":
        return False
    previous, following = at(tokens, before(tokens, index)), at(tokens, after(tokens, index))
    if token.low == "top":
        return previous.low in ("select", "distinct", "all") and following.kind == "number"
    return (
        token.low == "qualify"
        and previous.text not in (".", ",", "(")
        and previous.low not in ("select", "as", "by", "")
        and following.text not in (",", ")", ".", "", "=")
        and following.low not in ("from", "as")
    )


def _depths(tokens: Sequence[Token]) -> list[int]:
    depth, out = 0, []
    for token in tokens:
        if token.kind == "op" and token.text == ")":
            depth -= 1
        out.append(depth)
        if token.kind == "op" and token.text == "(":
            depth += 1
    return out


def _bounds(tokens: Sequence[Token], index: int) -> tuple[int, int, list[int]]:
    """Return the indexes of the SELECT that holds `index` and of the end of that query."""
    depths = _depths(tokens)
    level = depths[index]
    start = index
    while start >= 0 and not (depths[start] == level and tokens[start].low == "select"):
        start -= 1
        if start >= 0 and depths[start] < level:
            break
    end = index + 1
    while end < len(tokens) and not (
        depths[end] < level or (depths[end] == level and (tokens[end].low in _SET_OPERATORS or tokens[end].text == ";"))
    ):
        end += 1
    return start, end, depths


def _top(tokens: list[Token], index: int) -> list[Token]:
    _, end, _ = _bounds(tokens, index)
    if at(tokens, end).low in _SET_OPERATORS:
        raise NotEmulated("TOP in a branch of a UNION without parentheses around it")
    number = after(tokens, index)
    while end > number and not tokens[end - 1].significant:
        end -= 1
    return [*tokens[:index], *tokens[number + 1 : end], raw(f" limit {tokens[number].text}"), *tokens[end:]]


def _qualify(tokens: list[Token], index: int) -> list[Token]:
    start, end, depths = _bounds(tokens, index)
    level = depths[index]
    while not tokens[end - 1].significant:
        end -= 1

    def clause(name: str, first: int) -> int:
        return next(
            (i for i in range(first, end) if depths[i] == level and tokens[i].low == name and tokens[i].kind == "word"),
            end,
        )

    tail = min(clause(name, index) for name in ("order", "limit", "offset"))
    limit = min(clause(name, index) for name in ("limit", "offset"))
    first = next(i for i in range(start + 1, index + 1) if depths[i] == level and tokens[i].low in _CLAUSES)
    items, source = trim(tokens[start + 1 : first]), text(tokens[first:index])
    distinct = bool(items) and items[0].low == "distinct"
    if distinct:
        items = trim(items[1:])
    columns = [trim(item) for item in split(items)]
    condition, order, rest = trim(tokens[index + 1 : tail]), text(tokens[tail:limit]), text(tokens[limit:end])
    if any(item and item[-1].text == "*" and (len(item) == 1 or item[-2].text == ".") for item in columns):
        if distinct:
            raise NotEmulated("QUALIFY together with SELECT DISTINCT * (list the columns)")
        # A star cannot leave out the helper column, a whole row can.
        made = (
            f"select (_q._row).* from (select _s as _row, ({text(_unqualified(condition))}) as _qualified "
            f"from (select {text(items)} {source}) as _s) as _q where _q._qualified {order} {rest}"
        )
    else:
        names = [output_name(item) for item in columns]
        if len(set(names)) < len(names) or "?column?" in names:
            raise NotEmulated("QUALIFY over columns without a name or with the same name (give each an alias)")
        aliases = {alias: expression for item in columns for alias, expression in [_alias(item)] if alias}
        tested = "".join(
            f"({text(aliases[token.name])})" if _bare(condition, i) and token.name in aliases else token.text
            for i, token in enumerate(condition)
        )
        listed = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
        made = (
            f"select {'distinct ' if distinct else ''}{listed} from (select {text(items)}, ({tested}) {source} "
            f"{order}) "
            f"as _q({listed}, _qualified) where _qualified {rest}"
        )
    return [*tokens[:start], *lex(made.rstrip()), *tokens[end:]]


def _bare(tokens: Sequence[Token], index: int) -> bool:
    """True for an identifier that is neither qualified nor a function."""
    token = tokens[index]
    return (
        token.kind in ("word", "quoted")
        and at(tokens, before(tokens, index)).text != "."
        and at(tokens, after(tokens, index)).text not in (".", "(")
    )


def _unqualified(tokens: Sequence[Token]) -> list[Token]:
    out: list[Token] = []
    for index, token in enumerate(tokens):
        is_qualifier = token.kind in ("word", "quoted") and at(tokens, index + 1).text == "."
        if not is_qualifier and not (token.text == "." and at(tokens, index - 1).kind in ("word", "quoted")):
            out.append(token)
    return out


_NOT_ALIAS = {"end", "null", "true", "false", "sysdate"}


def _alias(item: list[Token]) -> tuple[str, list[Token]]:
    """Return `(alias, expression)` of a select item; the alias is empty when it has none."""
    if len(item) < 2 or item[-1].kind not in ("word", "quoted"):
        return "", item
    previous = before(item, len(item) - 1)
    if at(item, previous).low == "as":
        return item[-1].name, trim(item[:previous])
    token = at(item, previous)
    ends_expression = token.text in (")", "]") or token.kind in ("word", "quoted", "number", "string", "raw")
    if (
        ends_expression
        and token.low not in ("and", "or", "not", "is")
        and (item[-1].kind == "quoted" or item[-1].low not in _NOT_ALIAS)
    ):
        return item[-1].name, trim(item[: previous + 1])
    return "", item


def output_name(item: list[Token]) -> str:
    """Return the name PostgreSQL gives to a select item."""
    alias, expression = _alias(item)
    if alias:
        return alias
    depth = 0
    for index, token in enumerate(expression):  # a cast keeps the name of what is cast
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "::" and depth == 0:
            inner = output_name(trim(expression[:index]))
            return inner if inner != "?column?" else at(expression, after(expression, index)).low
    kinds = [token for token in expression if token.significant]
    if all(token.kind in ("word", "quoted") or token.text == "." for token in kinds):
        return kinds[-1].name
    if kinds[0].low == "case":
        return "case"
    if kinds[0].kind == "word" and at(kinds, 1).text == "(":
        return kinds[0].low
    return "?column?"
