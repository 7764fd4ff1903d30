from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.redshift.lexer import lex, statements, text
from local.redshift.plan import Done, Load, Refuse, Run, Setting, Unload
from local.redshift.rewrite import plan

CASES = Path(__file__).parent / "cases"


def pairs(name: str) -> list[tuple[str, str]]:
    """Read `input / -> expected` pairs; blank lines and lines with # part them."""
    lines = [line for line in (CASES / name).read_text().splitlines() if line.strip() and not line.startswith("#")]
    found = list(zip(lines[::2], lines[1::2], strict=False))
    assert len(lines) == 2 * len(found) and found
    return [(given_, expected.removeprefix("-> ")) for given_, expected in found]


@pytest.mark.parametrize(("redshift", "postgres"), pairs("rewritten.sql"))
def test_redshift_sql_becomes_postgresql(redshift: str, postgres: str) -> None:
    made = plan(redshift)
    assert isinstance(made, (Run, Setting)), made
    assert " ".join(made.sql.split()) == postgres


@pytest.mark.parametrize(("sql", "named"), pairs("refused.sql"))
def test_what_redshift_lacks_is_refused_by_name(sql: str, named: str) -> None:
    made = plan(sql)
    assert isinstance(made, Refuse), made
    assert named in made.reason.message


@pytest.mark.parametrize("sql", [line for line in (CASES / "common.sql").read_text().splitlines() if line.strip()])
def test_sql_of_both_dialects_passes_byte_for_byte(sql: str) -> None:
    assert plan(sql) == Run(sql)


def test_copy_and_unload_are_the_gates_own() -> None:
    made = plan(
        "copy lake.t (a, \"b\") from 's3://b/k' iam_role default format as csv ignoreheader 1 gzip delimiter '|'"
    )
    assert isinstance(made, Load)
    assert (made.command.table, made.command.columns, made.command.ignore_header, made.command.compression) == (
        "lake.t",
        ("a", "b"),
        1,
        "gzip",
    )
    made = plan(
        "unload ('select dateadd(day, 1, d) as d from t') to 's3://b/k' iam_role default parquet allowoverwrite"
    )
    assert isinstance(made, Unload)
    assert made.sql == "select dateadd('day', 1, d) as d from t"


def test_credentials_never_show() -> None:
    made = plan(
        "copy t from 's3://b/k' credentials 'aws_access_key_id=AKIAEXAMPLE;aws_secret_access_key=verysecret' csv"
    )
    assert isinstance(made, Load)
    assert made.command.credentials is not None and made.command.credentials.secret == "verysecret"
    assert "verysecret" not in repr(made) and "AKIAEXAMPLE" not in repr(made)
    wrong = plan(
        "copy t from 's3://b/k' credentials 'aws_access_key_id=AKIAEXAMPLE;aws_secret_access_key=verysecret' nonsense"
    )
    assert isinstance(wrong, Refuse) and "verysecret" not in wrong.reason.message


def test_housekeeping_is_answered_without_work() -> None:
    assert plan("vacuum full lake.t to 99 percent boost") == Done("VACUUM", outside_transaction=True)
    assert plan("alter table t add primary key (a)") == Done("ALTER TABLE")


@given(st.text(alphabet="ab'\"$-/*();,.1 \n\\:", max_size=60))
def test_tokens_spell_the_statement_again(sql: str) -> None:
    assert text(lex(sql)) == sql


@given(st.text(alphabet="selct fromwhy'\"$-/*();,.1 \n\\:[]", max_size=60))
def test_no_text_breaks_the_planner(sql: str) -> None:
    plan(sql)


def test_semicolons_in_strings_and_bodies_do_not_split() -> None:
    assert statements("select ';'; /* ; */ select $$a;b$$;; -- ;") == ["select ';'", " /* ; */ select $$a;b$$"]
