"""The protocol, the dialect and its traps, as clients meet them."""

from __future__ import annotations

import datetime
import threading
import time

import psycopg2
import pytest
import redshift_connector


@pytest.fixture
def connector(warehouse, schema):  # closed before the schema is dropped, which waits for its locks
    connection = warehouse.connector()
    yield connection
    connection.close()


def ask(connection, sql, *parameters):
    cursor = connection.cursor()
    cursor.execute(sql, parameters or None)
    return [list(row) for row in cursor.fetchall()]


def test_both_drivers_log_in_and_see_redshift(warehouse, connector):
    assert "Redshift 1.0" in warehouse.run("select version()")[0][0]
    assert "Redshift 1.0" in ask(connector, "select version()")[0][0]
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        warehouse.psycopg2(password="wrong")


def test_redshift_connector_binds_parameters(connector):
    assert ask(connector, "select dateadd(day, %s, '2026-01-31'::date), nvl(%s::varchar, 'none')", 1, None) == [
        [datetime.datetime(2026, 2, 1), "none"]
    ]


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("datediff(month, '2026-01-31'::date, '2026-02-01'::date)", 1),
        ("datediff(week, '2026-01-03'::timestamp, '2026-01-04'::timestamp)", 1),
        ("dateadd(month, 1, '2026-02-28'::date)::date", datetime.date(2026, 3, 31)),
        ("next_day('2026-01-01'::timestamp, 'Thu')", datetime.date(2026, 1, 8)),
        ("next_day('2026-01-01'::timestamp, 'Friday')", datetime.date(2026, 1, 2)),
        ("last_day('2026-02-03'::timestamp)", datetime.date(2026, 2, 28)),
        ("months_between('2026-03-31'::timestamp, '2026-02-28'::timestamp)", 1.0),
        ("convert_timezone('UTC', 'Europe/Paris', '2026-07-01 00:00:00'::timestamp)", datetime.datetime(2026, 7, 1, 2)),
        ("extract(week from '2026-01-05'::date)", 2),
        ("len('é')", 1),
        ("sha2('a', 256)", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ("strtol('ff', 16)", 255),
        (r"'it\'s'", "it's"),
        ("'a' || null", None),
        ("concat('a', null)", None),
        ("decode(null, null, 'same', 'other')", "same"),
        ("json_extract_path_text('{\"a\": {\"b\": 1}}', 'a', 'b')", "1"),
        ("json_extract_path_text('{\"a\": 1}', 'z')", ""),
        ("json_extract_path_text('nonsense', 'z', true)", None),
        ("json_extract_array_element_text('[1, \"x\"]', 1)", "x"),
        ("is_valid_json('{\"a\": 1}')", True),
        ("get_array_length(json_parse('[1, 2]'))", 2),
        ("json_serialize(array(1, 'x'))", '[1, "x"]'),
        ("round(2.345::float, 2)", 2.35),
        ("current_setting('app.never_set', false)", None),
        ("5 / 2", 2),
    ],
)
def test_functions_give_what_redshift_gives(warehouse, sql, value):
    assert warehouse.run(f"select {sql}") == [(value,)]


def test_aggregates_give_what_redshift_gives(warehouse):
    rows = "(select 1 as n, 'b' as s union all select 2, 'a' union all select 2, null)"
    listed = "listagg(distinct s, ',') within group (order by s)"
    sql = f"select avg(n), median(n), {listed}, approximate count(distinct n) from {rows}"
    assert warehouse.run(sql) == [(1, 2.0, "a,b", 2)]
    assert warehouse.run(
        f"select n, avg(n) over () as a from {rows} qualify row_number() over (order by n desc) = 1"
    ) == [(2, 1)]
    assert warehouse.run(f"select * from {rows} qualify row_number() over (order by n) = 1") == [(1, "b")]
    assert warehouse.run(f"select top 1 n from {rows} order by n desc") == [(2,)]


def test_keys_inform_but_are_not_enforced(warehouse, schema):
    warehouse.run(
        f"create table {schema}.t (id int primary key, other int unique, v varchar) distkey(id) sortkey(other)"
    )
    warehouse.run(f"insert into {schema}.t values (1, 1, 'a'), (1, 1, 'b')")
    assert warehouse.run(f"select count(*) from {schema}.t") == [(2,)]
    with pytest.raises(psycopg2.errors.NotNullViolation):
        warehouse.run(f"insert into {schema}.t values (null, 1, 'a')")
    with pytest.raises(psycopg2.errors.StringDataRightTruncation):
        warehouse.run(f"insert into {schema}.t values (2, 1, repeat('x', 257))")
    assert warehouse.run(f"select diststyle, sortkey1 from svv_table_info where \"schema\" = '{schema}'") == [
        ("KEY(id)", "other")
    ]
    warehouse.run(f"alter table {schema}.t alter diststyle all; alter table {schema}.t alter compound sortkey (v, id)")
    assert warehouse.run(
        f"select diststyle, sortkey1, sortkey_num from svv_table_info where \"schema\" = '{schema}'"
    ) == [("ALL", "v", 2)]


def test_super_comes_as_text_as_from_redshift(warehouse, connector, schema):
    warehouse.run(f"create table {schema}.t (s super); insert into {schema}.t values (json_parse('{{\"a\":1}}'))")
    assert warehouse.run(f"select s from {schema}.t") == [('{"a": 1}',)]
    assert ask(connector, f"select s from {schema}.t") == [['{"a": 1}']]


def test_identifiers_fold_until_the_session_asks_otherwise(warehouse):
    connection = warehouse.psycopg2()
    cursor = connection.cursor()
    cursor.execute('select 1 as "Foo"')
    assert cursor.description[0].name == "foo"
    cursor.execute("set enable_case_sensitive_identifier to true")
    cursor.execute('select 1 as "Foo"')
    assert cursor.description[0].name == "Foo"
    cursor.execute("show enable_case_sensitive_identifier")
    assert cursor.fetchall() == [("true",)]
    connection.close()


def test_a_refused_statement_fails_the_transaction_in_both_protocols(warehouse, connector, schema):
    warehouse.run(f"create table {schema}.t (a int)")
    for connection, failure in (
        (connector, redshift_connector.Error),
        (warehouse.psycopg2(autocommit=False), psycopg2.Error),
    ):
        cursor = connection.cursor()
        cursor.execute(f"insert into {schema}.t values (1)")
        with pytest.raises(failure, match="ON CONFLICT does not exist on Amazon Redshift"):
            cursor.execute(f"insert into {schema}.t values (1) on conflict do nothing")
        with pytest.raises(failure, match="current transaction is aborted"):
            cursor.execute("select 1")
        connection.rollback()
        assert ask(connection, f"select count(*) from {schema}.t") == [[0]]
        connection.rollback()
    connection.close()


def test_a_refused_prepared_statement_with_parameters_says_why(connector):
    with pytest.raises(redshift_connector.Error, match="string_agg"):
        ask(connector, "select string_agg(%s, ',')", "x")
    connector.rollback()
    assert ask(connector, "select 1") == [[1]]


def test_vacuum_runs_alone_only(warehouse, connector, schema):
    warehouse.run(f"create table {schema}.t (a int)")
    assert warehouse.run(f"vacuum full {schema}.t to 99 percent") == "VACUUM"
    with pytest.raises(psycopg2.Error, match="cannot run inside a transaction"):
        warehouse.run(f"begin; vacuum {schema}.t")
    connector.autocommit = True
    connector.cursor().execute("vacuum")


def test_large_results_and_large_statements_pass(warehouse, connector):
    wide = ", ".join(f"({n}, '{'x' * 100}')" for n in range(5000))
    hundred = " union all ".join(["select 1"] * 100)
    sql = f"with t as ({hundred}) select a.*, repeat('y', 200) as r from t a, t b, t c limit 60000"
    warehouse.run(f"create temp table big (n int, s varchar(100)); insert into big values {wide}")
    assert len(warehouse.run(sql)) == 60000
    assert len(ask(connector, sql)) == 60000


def test_a_running_statement_can_be_cancelled(warehouse):
    connection = warehouse.psycopg2()
    sql = "with recursive c(n) as (select 1 union all select n + 1 from c where n < 100000000) select count(*) from c"
    timer = threading.Timer(0.5, connection.cancel)
    timer.start()
    begun = time.monotonic()
    with pytest.raises(psycopg2.errors.QueryCanceled):
        connection.cursor().execute(sql)
    assert time.monotonic() - begun < 10
    connection.close()


def test_a_late_binding_view_survives_the_replacement_of_its_table(warehouse, schema):
    reader = f"reader_{schema}"
    warehouse.run(
        f"create table {schema}.t as select 1 as a; create view {schema}.v as select a from {schema}.t with no "
        f"schema binding"
    )
    warehouse.run(
        f"create role {reader}; grant usage on schema {schema} to role {reader}; grant select on {schema}.v to "
        f"role {reader}"
    )
    warehouse.run(f"create view {schema}.bound as select a from {schema}.t")
    warehouse.run(
        f"begin; create table {schema}.t_new as select 2 as a; alter table {schema}.t rename to t_old; alter "
        f"table {schema}.t_new rename to t; commit"
    )
    warehouse.run(f"drop table {schema}.t_old cascade")
    assert warehouse.run(f"select a from {schema}.v") == [(2,)]
    assert warehouse.run(
        f"select identity_name from svv_relation_privileges where namespace_name = '{schema}' and relation_name = 'v'"
    ) == [(reader,)]
    with pytest.raises(psycopg2.errors.UndefinedTable):
        warehouse.run(f"select * from {schema}.bound")
    warehouse.run(f"drop table {schema}.t cascade")
    with pytest.raises(psycopg2.errors.UndefinedTable):
        warehouse.run(f"select * from {schema}.v")
    warehouse.run(f"create table {schema}.t as select 3 as a")
    assert warehouse.run(f"select a from {schema}.v") == [(3,)]
    warehouse.run(f"drop view {schema}.v; create table {schema}.other (a int)")
    with pytest.raises(psycopg2.errors.UndefinedTable):
        warehouse.run(f"select * from {schema}.v")
    warehouse.run(f"drop owned by {reader}; drop role {reader}")


def test_row_level_security_shows_each_tenant_its_rows(warehouse, schema):
    user, role = f"user_{schema}", f"role_{schema}"
    policy = f"tenants_{schema}"
    warehouse.run(
        f"create table {schema}.t (tenant varchar(8), n int); insert into {schema}.t values ('a', 1), ('b', 2);"
        f"create user {user} password 'Secret123'; create role {role}; grant role {role} to {user}; grant usage "
        f"on schema {schema} to {user};"
        f"grant select, insert on {schema}.t to role {role};"
        f"create rls policy {policy} with (tenant varchar(8)) using (tenant = current_setting('app.tenant', false));"
        f"attach rls policy {policy} on {schema}.t to role {role}; alter table {schema}.t row level security on"
    )
    login = {"user": user, "password": "Secret123"}
    assert warehouse.run(f"select * from {schema}.t", **login) == []
    assert warehouse.run(f"set app.tenant to 'b'; select n from {schema}.t", **login) == [(2,)]
    warehouse.run(f"insert into {schema}.t values ('a', 3)", **login)
    assert warehouse.run(f"select count(*) from {schema}.t") == [(3,)]
    assert warehouse.run(f"select polname, grantee from svv_rls_attached_policy where relschema = '{schema}'") == [
        (policy, role)
    ]
    with pytest.raises(psycopg2.Error, match="permission denied: row-level security"):
        warehouse.run(f"alter table {schema}.t row level security off", **login)
    warehouse.run(
        f"detach rls policy {policy} on {schema}.t from role {role}; drop rls policy {policy}; alter table "
        f"{schema}.t row level security off"
    )
    assert len(warehouse.run(f"select n from {schema}.t", **login)) == 3
    warehouse.run(f"drop owned by {user}, {role}; drop user {user}; drop role {role}")


def test_merge_and_append_and_identity(warehouse, schema):
    warehouse.run(
        f"set search_path to {schema}; create table t (id int, v varchar(9), k bigint identity(1, 1)); create "
        f"table s (id int, v varchar(9));"
        "insert into t (id, v) values (1, 'old'); insert into s values (1, 'new'), (2, 'two');"
        "merge into t using s on t.id = s.id when matched then update set v = s.v when not matched then insert "
        "(id, v) values (s.id, s.v)"
    )
    assert warehouse.run(f"select id, v, k from {schema}.t order by id") == [(1, "new", 1), (2, "two", 2)]
    warehouse.run(f"create table {schema}.u (like {schema}.s)")
    warehouse.run(f"alter table {schema}.u append from {schema}.s")
    assert warehouse.run(f"select (select count(*) from {schema}.u), (select count(*) from {schema}.s)") == [(2, 0)]


def test_procedures_run_redshifts_functions(warehouse, schema):
    warehouse.run(
        f"create table {schema}.t (d timestamp); create or replace procedure {schema}.p() as $$ begin insert "
        f"into {schema}.t select dateadd(day, 1, '2026-01-01'::date); end $$ language plpgsql;"
        f"call {schema}.p()"
    )
    assert warehouse.run(f"select * from {schema}.t") == [(datetime.datetime(2026, 1, 2),)]
