"""The strict gate: refuse what PostgreSQL offers and Redshift does not."""

from __future__ import annotations

from collections.abc import Sequence

from local.redshift.errors import NotRedshift
from local.redshift.lexer import Token

# https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-functions.html and
# https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-datatypes.html, and what came to PostgreSQL after 8.0.
FUNCTIONS = frozenset(
    """string_agg array_agg json_agg jsonb_agg json_object_agg jsonb_object_agg json_build_object jsonb_build_object json_build_array
    jsonb_build_array row_to_json to_json to_jsonb jsonb_set jsonb_insert jsonb_path_query jsonb_path_exists jsonb_each json_each jsonb_each_text
    json_each_text jsonb_object_keys json_object_keys jsonb_array_elements json_array_elements jsonb_array_elements_text json_array_elements_text
    jsonb_extract_path jsonb_extract_path_text json_typeof jsonb_typeof jsonb_pretty jsonb_strip_nulls jsonb_to_record jsonb_to_recordset unnest
    array_append array_cat array_dims array_length array_lower array_ndims array_position array_positions array_prepend array_remove array_replace
    array_to_string array_upper cardinality string_to_array string_to_table generate_subscripts regexp_matches regexp_match regexp_split_to_table
    regexp_split_to_array regexp_like gen_random_uuid uuidv7 uuidv4 make_date make_time make_timestamp make_timestamptz make_interval date_bin
    clock_timestamp statement_timestamp transaction_timestamp age justify_days justify_hours justify_interval isfinite format concat_ws
    starts_with xmlagg xmlelement num_nonnulls num_nulls width_bucket erf scale min_scale trim_scale gcd lcm every bit_length overlay
    encode to_hex quote_nullable json_array json_object json_query json_value json_exists json_table json_scalar json_arrayagg json_objectagg digest pgp_sym_encrypt hashtext crc32 crc32c to_tsvector to_tsquery
    plainto_tsquery ts_rank ts_headline setseed nextval currval setval lastval pg_sleep dblink covar_pop covar_samp corr regr_slope regr_intercept regr_r2
    regr_count mode range_agg lower_inc upper_inc int4range tsrange tstzrange daterange normalize unistr casefold""".split()
)
LEADER_ONLY = frozenset({"now", "generate_series", "current_schemas", "getpgusername"})
TYPES = frozenset(
    """json jsonb uuid bytea serial serial2 serial4 serial8 bigserial smallserial money inet cidr macaddr hstore tsvector tsquery xml int4range int8range
    numrange tsrange tstzrange daterange bit varbit box circle line lseg path point polygon citext vector oid[]""".split()
)
CREATES = frozenset(
    "index type domain extension trigger event sequence rule policy statistics publication subscription aggregate operator tablespace collation "
    "conversion cast foreign server access text unlogged".split()
)
OPERATORS = frozenset({"->", "->>", "#>", "#>>", "@>", "<@"})
STATEMENTS = {
    "do": "DO",
    "savepoint": "SAVEPOINT",
    "listen": "LISTEN",
    "notify": "NOTIFY",
    "cluster": "CLUSTER",
    "reindex": "REINDEX",
    "checkpoint": "CHECKPOINT",
    "security": "SECURITY LABEL",
}
# Phrases of consecutive words; "(" is the parenthesis.
PHRASES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("on", "conflict"), "ON CONFLICT"),
    (("distinct", "on", "("), "DISTINCT ON"),
    ((")", "filter", "(", "where"), "FILTER on an aggregate"),
    (("array", "["), "the ARRAY[...] constructor (use ARRAY(...), of type SUPER)"),
    (("as", "materialized", "("), "AS MATERIALIZED"),
    (("as", "not", "materialized"), "AS NOT MATERIALIZED"),
    (("for", "update"), "FOR UPDATE"),
    (("for", "share"), "FOR SHARE"),
    (("skip", "locked"), "SKIP LOCKED"),
    (("join", "lateral"), "LATERAL"),
    ((",", "lateral"), "LATERAL"),
    (("from", "lateral"), "LATERAL"),
    (("with", "ordinality"), "WITH ORDINALITY"),
    (("with", "ties"), "WITH TIES"),
    (("not", "matched", "by"), "MERGE ... WHEN NOT MATCHED BY"),
    (("matched", "and"), "a condition behind WHEN [NOT] MATCHED"),
    (("then", "do", "nothing"), "MERGE ... DO NOTHING"),
    (("rollback", "to"), "ROLLBACK TO SAVEPOINT"),
    (("set", "not", "null"), "ALTER COLUMN ... SET NOT NULL"),
    (("drop", "not", "null"), "ALTER COLUMN ... DROP NOT NULL"),
)
_TABLE_WORDS = {"exclude": "EXCLUDE", "inherits": "INHERITS", "tablespace": "TABLESPACE"}


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
        if tuple(low[start : start + size]) == phrase and all(token.kind in ("word", "op") for token in tokens[start : start + size]):
            return True
    return False


def _check_word(word: str, previous: str, following: str, low: list[str], creates: bool) -> None:
    if word == "returning" and low[0] in ("insert", "update", "delete", "merge", "with") and previous != "." and following not in (",", "from", ")", "="):
        raise NotRedshift("RETURNING")
    if word == "tablesample":
        raise NotRedshift("TABLESAMPLE")
    if word in ("insert", "update", "delete") and previous == "(" and following in ("into", "from") and low[0] in ("with", "select", "create"):
        raise NotRedshift(f"{word.upper()} inside WITH")
    if following == "(" and previous != ".":
        if word in FUNCTIONS:
            raise NotRedshift(f"the function {word}()")
        if word in LEADER_ONLY and (low[0] not in ("select", "set", "show") or "from" in low and word != "generate_series" or "into" in low):
            raise NotRedshift(f"{word}() outside of the leader node" + (" (use getdate())" if word == "now" else ""))
        if creates and word == "check":
            raise NotRedshift("a CHECK constraint")
    if word in TYPES and (previous == "::" or (previous == "as" and following in (")", "(", "["))):
        raise NotRedshift(f"the type {word}")
    if creates and word in _TABLE_WORDS and following in ("(", "using") and previous != ",":
        raise NotRedshift(_TABLE_WORDS[word])
    if creates and word == "partition" and following == "by" and previous == ")" and "over" not in low:
        raise NotRedshift("PARTITION BY in CREATE TABLE")
