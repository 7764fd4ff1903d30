"""From one statement as the client wrote it to the plan of what the gate does."""

from __future__ import annotations

from functools import lru_cache

from local.redshift import access, clauses, functions, strict, table_ddl
from local.redshift.copy_options import parse_copy
from local.redshift.errors import NotEmulated, Refused
from local.redshift.lexer import Token, after, at, before, lex, literal, raw, text, trim, unquote, words
from local.redshift.plan import Done, Load, Plan, Refuse, Run, Setting, Unload
from local.redshift.unload_options import parse_unload

# Settings of Redshift that PostgreSQL does not know: kept as custom settings, so that SHOW gives back what SET put in.
SETTINGS = frozenset(
    [
        "query_group",
        "enable_case_sensitive_identifier",
        "enable_case_sensitive_super_attribute",
        "enable_result_cache_for_session",
        "enable_numeric_rounding",
        "enable_vacuum_boost",
        "wlm_query_slot_count",
        "use_fips_ssl",
        "json_parse_truncate_strings",
        "json_serialization_enable",
        "json_serialization_parse_nested_strings",
        "navigate_super_null_on_error",
        "parse_super_null_on_error",
        "cast_super_null_on_error",
        "default_geometry_encoding",
        "describe_field_name_in_uppercase",
        "downcase_delimited_identifier",
        "error_on_nondeterministic_update",
        "max_concurrency_scaling_clusters",
        "max_cursor_result_set_size",
        "mv_enable_aqmv_for_session",
        "query_group",
        "spectrum_query_maxerror",
        "stored_proc_log_min_messages",
        "analyze_threshold_percent",
        "auto_analyze",
        "activate_aqua",
        "datestyle_source",
        "spectrum_enable_pseudo_columns",
        "enable_spectrum_oid",
    ]
)
_UNSUPPORTED = {
    ("create", "external"): "an external schema or table (Redshift Spectrum)",
    ("create", "model"): "CREATE MODEL (Redshift ML)",
    ("create", "library"): "CREATE LIBRARY",
    ("create", "datashare"): "a datashare",
    ("alter", "datashare"): "a datashare",
    ("create", "identity"): "an identity provider",
}


@lru_cache(2048)
def plan(sql: str, case_sensitive: bool = False) -> Plan:
    """Return what to do with one statement.

    Parameters
    ----------
    sql : str
        One statement, with its comments.
    case_sensitive : bool
        The session's `enable_case_sensitive_identifier`.
    """
    tokens = lex(sql)
    start = after(tokens, -1)
    lead, body = text(tokens[:start]), trim(tokens[start:])
    if body and body[-1].text == ";":
        body = trim(body[:-1])
    if not body:
        return Run(sql)
    try:
        made = _plan(body, case_sensitive)
    except Refused as reason:
        return Refuse(reason)
    if isinstance(made, str):
        return Run(lead + made, changed=made != text(body))
    return made


def _plan(tokens: list[Token], case: bool) -> Plan | str:
    first, second = words(tokens, 2)
    strict.check(tokens)
    if first == "copy":
        return Load(parse_copy(tokens))
    if first == "unload":
        command = parse_unload(tokens)
        inner = plan(command.query, case)
        if isinstance(inner, Refuse):
            raise inner.reason
        if not isinstance(inner, Run):
            raise Refused("UNLOAD takes a SELECT", "42601")
        return Unload(command, inner.sql)
    if unsupported := _UNSUPPORTED.get((first, second)):
        raise NotEmulated(unsupported)
    if first == "vacuum":
        return Done("VACUUM", outside_transaction=True)
    if first == "analyze":
        return Done("ANALYZE COMPRESSION") if second == "compression" else _analyze(tokens)
    if first in ("set", "reset", "show"):
        return _setting(tokens, first, case)
    if (made := access.rewrite(tokens, case)) is not None:
        return made
    if first == "create":
        return _create(tokens, case)
    if first == "alter" and second == "table":
        altered = table_ddl.alter_table(tokens, case)
        return Done("ALTER TABLE") if altered is None else altered
    if first == "cancel":
        return f"select pg_cancel_backend({second})"
    if first == "delete" and second != "from":
        tokens = [*tokens[:1], raw(" from"), *tokens[1:]]
    if first == "merge":
        _check_merge(tokens)
    return text(functions.rewrite(clauses.rewrite(_minus(tokens)), case))


def _minus(tokens: list[Token]) -> list[Token]:
    return [
        Token("word", "except")
        if token.low == "minus" and at(tokens, after(tokens, index)).low in ("select", "(", "with")
        else token
        for index, token in enumerate(tokens)
    ]


def _create(tokens: list[Token], case: bool) -> str:
    low = words(tokens, 5)
    if "table" in low:
        return table_ddl.create_table(tokens, case)
    if low[1] == "materialized":
        return table_ddl.create_materialized_view(tokens, case)
    if "view" in low:
        return _view(tokens, case)
    if "schema" in low[:3]:
        return _schema(tokens)
    if "procedure" in low or "function" in low:
        return _routine(tokens, case)
    return text(functions.rewrite(tokens, case))


def _view(tokens: list[Token], case: bool) -> str:
    tail = [index for index, token in enumerate(tokens) if token.significant][-4:]
    late = [tokens[index].low for index in tail] == ["with", "no", "schema", "binding"]
    body = trim(tokens[: tail[0]]) if late else tokens
    made = text(functions.rewrite(clauses.rewrite(_minus(body)), case))
    return made + " /*rs:late*/" if late else made


def _schema(tokens: list[Token]) -> str:
    out: list[Token] = []
    skip = -1
    for index, token in enumerate(tokens):
        if token.low == "quota":  # quota 10 gb | unlimited
            number = after(tokens, index)
            skip = number if at(tokens, number).low == "unlimited" else after(tokens, number)
        if index > skip and token.low != "quota":
            out.append(token)
    return text(out)


def _routine(tokens: list[Token], case: bool) -> str:
    if any(token.low.startswith("plpython") for token in tokens):
        raise NotEmulated("a Python function")
    low = [token.low for token in tokens if token.significant]
    if "function" in low[:5] and "plpgsql" in low:
        raise Refused('language "plpgsql" is for procedures on Amazon Redshift; functions are SQL or Python', "0A000")
    out = []
    for token in tokens:
        if token.kind == "dollar":
            body = unquote(token)
            tag = token.text[: token.text.index("$", 1) + 1]
            strict.check(trim(lex(body)))
            token = raw(tag + text(functions.rewrite(lex(body), case)) + tag)
        out.append(token)
    return text(out)


def _analyze(tokens: list[Token]) -> str:
    low = [token.low for token in tokens if token.significant]
    if low[-2:] in (["predicate", "columns"], ["all", "columns"]):
        tokens = tokens[: before(tokens, before(tokens, len(tokens)))]
    return text(trim(tokens))


def _setting(tokens: list[Token], verb: str, case: bool) -> Plan | str:
    name_at = after(tokens, after(tokens, -1) if verb else -1)
    if at(tokens, name_at).low == "session" and at(tokens, after(tokens, name_at)).low not in (
        "authorization",
        "characteristics",
    ):
        name_at = after(tokens, name_at)
    local = at(tokens, name_at).low == "local"
    if local:
        name_at = after(tokens, name_at)
    name = at(tokens, name_at).low
    if verb == "show" and name in ("tables", "schemas", "columns", "databases", "grants"):
        raise NotEmulated(f"SHOW {name.upper()} (query svv_tables, svv_columns or information_schema)")
    if name not in SETTINGS:
        return text(functions.rewrite(tokens, case)) if verb != "show" else text(tokens)
    if verb == "show":
        return f"select coalesce(current_setting('rs.{name}', true), 'default') as {name}"
    value = at(tokens, after(tokens, after(tokens, name_at)))
    if verb == "reset" or value.low == "default":
        made = f"reset rs.{name}"
        return Setting(made, False) if name == "enable_case_sensitive_identifier" else made
    given = unquote(value) if value.kind == "string" else value.text
    made = f"set {'local ' if local else ''}rs.{name} = {literal(given)}"
    if name == "enable_case_sensitive_identifier":
        return Setting(made, given.lower() in ("true", "on", "1", "yes", "t"))
    return made


def _check_merge(tokens: list[Token]) -> None:
    low = [token.low for token in tokens if token.significant]
    if low[-2:] == ["remove", "duplicates"]:
        raise NotEmulated("MERGE ... REMOVE DUPLICATES")
    matched = any(low[i : i + 2] == ["when", "matched"] for i in range(len(low)))
    missing = any(low[i : i + 3] == ["when", "not", "matched"] for i in range(len(low)))
    if not (matched and missing):
        raise Refused("MERGE needs both WHEN MATCHED and WHEN NOT MATCHED on Amazon Redshift", "42601")
