"""Functions and keywords of Redshift expressions, written as PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from local.redshift.errors import NotEmulated
from local.redshift.lexer import Token, after, at, before, closing, lex, literal, raw, split, text, trim
from local.redshift.types import rewrite_type

Tokens = Sequence[Token]
Handler = Callable[[Tokens, int, int, bool], "tuple[list[Token], int] | None"]
HANDLERS: dict[str, Handler] = {}

DATE_PARTS = {"dateadd", "datediff", "date_add", "date_diff", "date_part", "date_part_year"}


def rewrite(tokens: Tokens, case_sensitive: bool = False) -> list[Token]:
    """Return the tokens with Redshift's functions, types and identifiers replaced."""
    out: list[Token] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if token.kind == "word":
            previous = at(tokens, before(tokens, index))
            following = after(tokens, index)
            if previous.text != ".":
                done = None
                if at(tokens, following).text == "(" and (handler := HANDLERS.get(token.low)):
                    done = handler(tokens, index, following, case_sensitive)
                done = done or _keyword(tokens, index, previous) or rewrite_type(tokens, index)
                if done:
                    out += done[0]
                    index = done[1]
                    continue
            elif token.low in ("attisdistkey", "attsortkeyord"):
                _drop_qualifier(out)
                out.append(raw("false" if token.low == "attisdistkey" else "0"))
                index += 1
                continue
        elif token.kind == "quoted" and not case_sensitive and token.text != token.text.lower():
            # Redshift folds quoted identifiers too, unless enable_case_sensitive_identifier is on.
            out.append(Token("quoted", token.text.lower()))
            index += 1
            continue
        out.append(token)
        index += 1
    return out


def rewritten(tokens: Tokens, case_sensitive: bool) -> str:
    """Return the rewritten tokens as trimmed text."""
    return text(trim(rewrite(tokens, case_sensitive)))


def _drop_qualifier(out: list[Token]) -> None:
    while out and out[-1].text != ".":
        out.pop()
    out.pop()
    if out:
        out.pop()


def _keyword(tokens: Tokens, index: int, previous: Token) -> tuple[list[Token], int] | None:
    word, following = tokens[index].low, at(tokens, after(tokens, index))
    if word == "sysdate" and following.text not in ("(", ".") and previous.low != "as":
        return [raw("rs.sysdate()")], index + 1
    if word == "approximate" and following.low in ("count", "percentile_disc"):
        return [], after(tokens, index)  # exact is a valid approximation
    return None


def _arguments(tokens: Tokens, opening: int) -> tuple[list[list[Token]], int]:
    end = closing(tokens, opening)
    return split(tokens[opening + 1 : end]), end


def _handles(*names: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(names, handler))
        return handler

    return register


@_handles(*DATE_PARTS)
def _date_part(tokens: Tokens, index: int, opening: int, case: bool) -> tuple[list[Token], int] | None:
    """`dateadd(day, ...)`: the part of a date is a bare word on Redshift and a string here."""
    first = after(tokens, opening)
    name = {"date_add": "dateadd", "date_diff": "datediff"}.get(tokens[index].low, tokens[index].text)
    if at(tokens, first).kind not in ("word", "string", "quoted"):
        return None
    if at(tokens, after(tokens, first)).text != ",":
        return None
    part = tokens[first].name if tokens[first].kind != "string" else tokens[first].text.strip("'")
    return [raw(name), *tokens[index + 1 : first], raw(literal(part.lower()))], first + 1


@_handles("decode")
def _decode(tokens: Tokens, index: int, opening: int, case: bool) -> tuple[list[Token], int] | None:
    """`decode(x, a, b, default)` compares NULL as equal, unlike a simple CASE."""
    arguments, end = _arguments(tokens, opening)
    if len(arguments) < 3:
        return None
    subject, *rest = [rewritten(argument, case) for argument in arguments]
    branches = ""
    while len(rest) >= 2:
        branches += f" when ({subject}) is not distinct from ({rest[0]}) then {rest[1]}"
        rest = rest[2:]
    default = f" else {rest[0]}" if rest else ""
    return [raw(f"(case{branches}{default} end)")], end + 1


@_handles("nvl", "isnull", "ifnull")
def _nvl(tokens: Tokens, index: int, opening: int, case: bool) -> tuple[list[Token], int] | None:
    return [raw("coalesce")], index + 1


@_handles("nvl2")
def _nvl2(tokens: Tokens, index: int, opening: int, case: bool) -> tuple[list[Token], int] | None:
    arguments, end = _arguments(tokens, opening)
    if len(arguments) != 3:
        return None
    subject, there, missing = (rewritten(argument, case) for argument in arguments)
    return [raw(f"(case when ({subject}) is not null then {there} else {missing} end)")], end + 1


@_handles("convert")
def _convert(tokens: Tokens, index: int, opening: int, case: bool) -> tuple[list[Token], int] | None:
    """`convert(type, value)`."""
    arguments, end = _arguments(tokens, opening)
    if len(arguments) != 2:
        return None
    kind = text(rewrite([Token("op", "::"), *trim(arguments[0])], case))
    return [raw(f"(({rewritten(arguments[1], case)}){kind})")], end + 1


@_handles("listagg")
def _listagg(tokens: Tokens, index: int, opening: int, case: bool) -> tuple[list[Token], int] | None:
    arguments, end = _arguments(tokens, opening)
    measure = trim(arguments[0])
    distinct = bool(measure) and measure[0].low == "distinct"
    if distinct:
        measure = trim(measure[1:])
    value = rewritten(measure, case)
    delimiter = rewritten(arguments[1], case) if len(arguments) > 1 else "''"
    order = ""
    within = after(tokens, end)
    if at(tokens, within).low == "within":
        start = after(tokens, after(tokens, within))
        end = closing(tokens, start)
        order = rewritten(tokens[start + 1 : end], case)
        keys = trim(trim(lex(order))[1:])
        if distinct and text(trim(keys[1:])).lower() == value.lower():
            order = f"order by ({value})::text"  # DISTINCT demands the very expression that is aggregated
    over = at(tokens, after(tokens, end)).low == "over"
    if over and (order or distinct):
        raise NotEmulated("LISTAGG with WITHIN GROUP or DISTINCT as a window function")
    aggregate = (
        f"string_agg({'distinct ' if distinct else ''}({value})::text, {delimiter}{' ' + order if order else ''})"
    )
    return [raw(aggregate)], end + 1


@_handles("median")
def _median(tokens: Tokens, index: int, opening: int, case: bool) -> tuple[list[Token], int] | None:
    arguments, end = _arguments(tokens, opening)
    if at(tokens, after(tokens, end)).low == "over":
        raise NotEmulated("MEDIAN as a window function")
    return [raw(f"percentile_cont(0.5) within group (order by {rewritten(arguments[0], case)})")], end + 1


@_handles("ratio_to_report")
def _ratio_to_report(tokens: Tokens, index: int, opening: int, case: bool) -> tuple[list[Token], int] | None:
    arguments, end = _arguments(tokens, opening)
    over = after(tokens, end)
    window = after(tokens, over)
    if at(tokens, over).low != "over" or at(tokens, window).text != "(":
        return None
    last = closing(tokens, window)
    value, frame = rewritten(arguments[0], case), rewritten(tokens[window : last + 1], case)
    return [raw(f"(({value})::float8 / nullif(sum(({value})::float8) over {frame}, 0))")], last + 1


@_handles("current_setting")
def _current_setting(tokens: Tokens, index: int, opening: int, case: bool) -> tuple[list[Token], int] | None:
    """The second argument means the opposite: on Redshift `false` asks for NULL instead of an error."""
    arguments, end = _arguments(tokens, opening)
    if len(arguments) != 2:
        return None
    name, flag = (rewritten(argument, case) for argument in arguments)
    inverted = {"false": "true", "true": "false"}.get(flag.lower(), f"not ({flag})")
    call = f"current_setting({name}, {inverted})"
    # PostgreSQL leaves '' behind after a RESET, Redshift nothing.
    return [raw(f"nullif({call}, '')" if flag.lower() == "false" else call)], end + 1


@_handles("array")
def _array(tokens: Tokens, index: int, opening: int, case: bool) -> tuple[list[Token], int] | None:
    first = at(tokens, after(tokens, opening)).low
    if first in ("select", "with"):
        return None
    end = closing(tokens, opening)
    return [raw(f"jsonb_build_array({rewritten(tokens[opening + 1 : end], case)})")], end + 1


@_handles("object")
def _object(tokens: Tokens, index: int, opening: int, case: bool) -> tuple[list[Token], int] | None:
    end = closing(tokens, opening)
    return [raw(f"jsonb_build_object({rewritten(tokens[opening + 1 : end], case)})")], end + 1


@_handles("json_serialize")
def _json_serialize(tokens: Tokens, index: int, opening: int, case: bool) -> tuple[list[Token], int] | None:
    """JSON_SERIALIZE is syntax of its own since PostgreSQL 17, and not for JSONB."""
    return [raw("rs.json_serialize")], index + 1


@_handles("version")
def _version(tokens: Tokens, index: int, opening: int, case: bool) -> tuple[list[Token], int] | None:
    return [raw("rs.version()")], closing(tokens, opening) + 1


@_handles("round")
def _round(tokens: Tokens, index: int, opening: int, case: bool) -> tuple[list[Token], int] | None:
    """Two-argument ROUND takes floats on Redshift; PostgreSQL has it for numeric only."""
    arguments, end = _arguments(tokens, opening)
    if len(arguments) != 2:
        return None
    value, digits = (rewritten(argument, case) for argument in arguments)
    return [raw(f"rs.round({value}, {digits})")], end + 1


@_handles("avg")
def _avg(tokens: Tokens, index: int, opening: int, case: bool) -> tuple[list[Token], int] | None:
    """AVG of integers is an integer; `rs.avg` knows by the type of its argument."""
    return [raw("rs.avg")], index + 1


_WHOLE_PARTS = {
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
    "week",
    "quarter",
    "dow",
    "doy",
    "dayofweek",
    "dayofyear",
    "weekday",
    "yr",
    "mon",
    "d",
    "y",
    "qtr",
    "w",
}
_PART_NAMES = {
    "dayofweek": "dow",
    "weekday": "dow",
    "dayofyear": "doy",
    "yr": "year",
    "y": "year",
    "mon": "month",
    "d": "day",
    "qtr": "quarter",
    "w": "week",
}


@_handles("extract")
def _extract(tokens: Tokens, index: int, opening: int, case: bool) -> tuple[list[Token], int] | None:
    """EXTRACT of a part of a date is an integer on Redshift, a numeric on PostgreSQL."""
    end = closing(tokens, opening)
    inner = trim(tokens[opening + 1 : end])
    part = inner[0].text.strip("'\"").lower() if inner else ""
    if part not in _WHOLE_PARTS:
        return None
    rest = rewritten(inner[1:], case)
    value = rest[len("from") :].strip()
    call = f"pg_catalog.date_part('{_PART_NAMES.get(part, part)}', {value})"
    return [raw(f"floor({call})::int" if part == "second" else f"{call}::int")], end + 1
