from __future__ import annotations

import time

import pytest

from local.redshift.data_api import RedshiftDataApi
from local.redshift.data_api_run import bind


@pytest.fixture
def api(warehouse):
    return RedshiftDataApi(
        host="127.0.0.1", port=warehouse.port, user="sluice", password=warehouse.password, database="warehouse"
    )


def call(api, operation, **request):
    status, answer = api.handle(operation, request)
    assert status == 200, answer
    return answer


def finish(api, identity):
    deadline = time.monotonic() + 20
    while (found := call(api, "DescribeStatement", Id=identity))["Status"] not in ("FINISHED", "FAILED", "ABORTED"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def execute(api, sql, **more):
    return finish(api, call(api, "ExecuteStatement", WorkgroupName="w", Database="warehouse", Sql=sql, **more)["Id"])


def test_a_statement_runs_and_its_result_has_typed_fields(api):
    found = execute(
        api,
        "select 1 as i, 'x' as s, 1.50::decimal(5,2) as d, null as n, true as b, getdate() is not null as g, "
        "'2026-01-01'::timestamp as t",
    )
    assert (found["Status"], found["HasResultSet"], found["ResultRows"]) == ("FINISHED", True, 1)
    result = call(api, "GetStatementResult", Id=found["Id"])
    assert result["Records"] == [
        [
            {"longValue": 1},
            {"stringValue": "x"},
            {"stringValue": "1.50"},
            {"isNull": True},
            {"booleanValue": True},
            {"booleanValue": True},
            {"stringValue": "2026-01-01 00:00:00"},
        ]
    ]
    assert [(column["name"], column["typeName"]) for column in result["ColumnMetadata"]][:3] == [
        ("i", "int4"),
        ("s", "varchar"),
        ("d", "numeric"),
    ]


def test_named_parameters_are_values_never_sql(api):
    given = "x'; drop table t; --"
    found = execute(api, "select :v::varchar as v, ':v' as s, 1::int as i", Parameters=[{"name": "v", "value": given}])
    assert call(api, "GetStatementResult", Id=found["Id"])["Records"] == [
        [{"stringValue": given}, {"stringValue": ":v"}, {"longValue": 1}]
    ]
    assert bind("select :a, a::int, ':a', :b", [{"name": "a", "value": "it's"}]) == "select 'it''s', a::int, ':a', :b"


def test_a_batch_is_one_transaction(api, warehouse, schema):
    sqls = [
        f"create table {schema}.t (a int)",
        f"insert into {schema}.t values (1), (2)",
        f"select a from {schema}.t order by a",
    ]
    found = finish(
        api, call(api, "BatchExecuteStatement", ClusterIdentifier="c", Database="warehouse", Sqls=sqls)["Id"]
    )
    assert [one["Status"] for one in found["SubStatements"]] == ["FINISHED"] * 3
    assert call(api, "GetStatementResult", Id=found["Id"] + ":3")["Records"] == [[{"longValue": 1}], [{"longValue": 2}]]
    found = finish(
        api,
        call(
            api,
            "BatchExecuteStatement",
            ClusterIdentifier="c",
            Sqls=[f"delete from {schema}.t", "select nope", "select 1"],
        )["Id"],
    )
    assert found["Status"] == "FAILED" and "nope" in found["Error"]
    assert [one["Status"] for one in found["SubStatements"]] == ["FINISHED", "FAILED", "ABORTED"]
    assert warehouse.run(f"select count(*) from {schema}.t") == [(2,)]


def test_the_strict_gate_answers_here_too(api):
    found = execute(api, "select string_agg('a', ',')")
    assert found["Status"] == "FAILED" and found["Error"].startswith("ERROR: the function string_agg()")


def test_results_come_in_pages(api):
    found = execute(
        api, "with recursive c(n) as (select 1 union all select n + 1 from c where n < 2500) select n from c order by n"
    )
    seen, token = [], None
    while True:
        page = call(api, "GetStatementResult", Id=found["Id"], **({"NextToken": token} if token else {}))
        seen += [row[0]["longValue"] for row in page["Records"]]
        if (token := page.get("NextToken")) is None:
            break
    assert seen == list(range(1, 2501))


def test_a_client_token_runs_a_statement_once(api, warehouse, schema):
    warehouse.run(f"create table {schema}.t (a int)")
    first = execute(api, f"insert into {schema}.t values (1)", ClientToken="once")
    second = execute(api, f"insert into {schema}.t values (1)", ClientToken="once")
    assert first["Id"] == second["Id"]
    assert warehouse.run(f"select count(*) from {schema}.t") == [(1,)]


def test_a_running_statement_is_cancelled_and_a_finished_one_is_not(api):
    sql = "with recursive c(n) as (select 1 union all select n + 1 from c where n < 100000000) select count(*) from c"
    identity = call(api, "ExecuteStatement", WorkgroupName="w", Sql=sql, StatementName="slow")["Id"]
    while call(api, "DescribeStatement", Id=identity)["Status"] != "STARTED":
        time.sleep(0.02)
    time.sleep(0.3)
    assert call(api, "CancelStatement", Id=identity) == {"Status": True}
    assert finish(api, identity)["Status"] == "ABORTED"
    status, answer = api.handle("CancelStatement", {"Id": identity})
    assert (status, answer["__type"]) == (400, "ValidationException")
    assert [one["Id"] for one in call(api, "ListStatements", StatementName="slow")["Statements"]] == [identity]


def test_db_user_decides_whose_rights_count(api, warehouse, schema):
    user = f"user_{schema}"
    warehouse.run(f"create table {schema}.t (a int); create user {user} password 'Secret123'")
    found = execute(api, f"select * from {schema}.t", DbUser=user)
    assert found["Status"] == "FAILED" and "permission denied" in found["Error"]
    warehouse.run(f"drop user {user}")


def test_metadata_and_wrong_requests(api, warehouse, schema):
    warehouse.run(f"create table {schema}.t (a int not null, b varchar(5))")
    assert call(api, "ListTables", Database="warehouse", SchemaPattern=schema, WorkgroupName="w")["Tables"] == [
        {"schema": schema, "name": "t", "type": "TABLE"}
    ]
    assert [
        column["name"]
        for column in call(api, "DescribeTable", Database="warehouse", Schema=schema, Table="t")["ColumnList"]
    ] == ["a", "b"]
    assert schema in call(api, "ListSchemas", Database="warehouse")["Schemas"]
    assert "warehouse" in call(api, "ListDatabases", Database="warehouse")["Databases"]
    for operation, request, kind in (
        ("DescribeStatement", {"Id": "00000000-0000-0000-0000-000000000000"}, "ResourceNotFoundException"),
        ("DescribeStatement", {"Id": "x"}, "ValidationException"),
        ("ExecuteStatement", {"Sql": "select 1"}, "ValidationException"),
        ("BatchExecuteStatement", {"Sqls": [], "WorkgroupName": "w"}, "ValidationException"),
    ):
        assert api.handle(operation, request)[1]["__type"] == kind
