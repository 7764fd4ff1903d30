# dates
select dateadd(day, 1, d), datediff('Month', a, b), date_part(dow, d) from t
-> select dateadd('day', 1, d), datediff('month', a, b), date_part('dow', d) from t
select extract(year from d), extract(epoch from d), sysdate, trunc(sysdate) from t
-> select pg_catalog.date_part('year', d)::int, extract(epoch from d), rs.sysdate(), trunc(rs.sysdate()) from t
# NULLs and branches
select nvl(a, isnull(b, 0)), nvl2(a, 'y', 'n'), decode(a, null, 'x', 1, 'y', 'z') from t
-> select coalesce(a, coalesce(b, 0)), (case when (a) is not null then 'y' else 'n' end), (case when (a) is not distinct from (null) then 'x' when (a) is not distinct from (1) then 'y' else 'z' end) from t
# aggregates
select listagg(distinct a, ',') within group (order by a), listagg(a, ';') within group (order by b desc), median(n), avg(n), approximate count(distinct a) from t
-> select string_agg(distinct (a)::text, ',' order by (a)::text), string_agg((a)::text, ';' order by b desc), percentile_cont(0.5) within group (order by n), rs.avg(n), count(distinct a) from t
select ratio_to_report(n) over (partition by a) from t
-> select ((n)::float8 / nullif(sum((n)::float8) over (partition by a), 0)) from t
# types
select a::varchar, b::varchar(max), cast(c as decimal), d::super, convert(varchar, e), f as varchar from t
-> select a::varchar(256), b::varchar(65535), cast(c as numeric(18,0)), d::jsonb, ((e)::varchar(256)), f as varchar from t
# session variables: the second argument means the opposite
select current_setting('app.tenant', false), current_setting('app.tenant', true), current_setting('app.tenant')
-> select nullif(current_setting('app.tenant', true), ''), current_setting('app.tenant', false), current_setting('app.tenant')
# identifiers fold even when quoted
select "Foo"."Bar" from "Foo"
-> select "foo"."bar" from "foo"
# TOP and QUALIFY
select top 10 a from t order by a
-> select a from t order by a limit 10
select * from (select top 3 a from t) x
-> select * from (select a from t limit 3) x
select a, row_number() over (order by b) as rn from t qualify rn = 1 limit 5
-> select "a", "rn" from (select a, row_number() over (order by b) as rn, ((row_number() over (order by b)) = 1) from t ) as _q("a", "rn", _qualified) where _qualified limit 5
select a, nvl(b, 1) from t qualify row_number() over (partition by a order by b) = 1
-> select "a", "nvl" from (select a, coalesce(b, 1), (row_number() over (partition by a order by b) = 1) from t ) as _q("a", "nvl", _qualified) where _qualified
select t.* from t qualify row_number() over (partition by t.a order by t.b) = 1
-> select (_q._row).* from (select _s as _row, (row_number() over (partition by a order by b) = 1) as _qualified from (select t.* from t ) as _s) as _q where _q._qualified
# physical design
create table a.t (id bigint identity(1,1) not null encode az64 distkey, s super, v varchar(max) encode lzo, primary key (id)) diststyle key compound sortkey (id, v)
-> create table a.t (id bigint generated always as identity (start with 1 increment by 1) not null, s jsonb, v varchar(65535)) /*rs:attributes {"table": "t", "diststyle": "key", "distkey": "id", "sortkeys": ["id", "v"], "sortstyle": "compound", "backup": true, "primary_key": ["id"], "encodings": {"id": "az64", "v": "lzo"}} */
create temporary table "t__tmp" backup no diststyle even as (select nvl(a, 1) as a from s)
-> create temporary table "t__tmp" as (select coalesce(a, 1) as a from s) /*rs:attributes {"table": "t__tmp", "diststyle": "even", "backup": false} */
create table t (a int, b varchar, c numeric, d text default 'x', e timestamp default getdate(), unique (a), foreign key (b) references u (b))
-> create table t (a int, b varchar(256), c numeric(18,0), d varchar(256) default 'x', e timestamp default getdate())
create table t (a int primary key, b int references u (b), f timestamp default sysdate)
-> create table t (a int not null, b int, f timestamp default rs.sysdate()) /*rs:attributes {"table": "t", "backup": true, "primary_key": ["a"]} */
create table t (like s including defaults) distkey(a)
-> create table t (like s including defaults) /*rs:attributes {"table": "t", "diststyle": "key", "distkey": "a", "backup": true} */
create materialized view mv backup no diststyle all sortkey (a) auto refresh yes as select avg(a) as a from t
-> create materialized view mv as select rs.avg(a) as a from t /*rs:attributes {"table": "mv", "diststyle": "all", "sortkeys": ["a"], "backup": false} */
alter table s.t alter diststyle key distkey a
-> call rs.set_attributes('s.t', '{"diststyle": "key", "distkey": "a"}')
alter table s.t alter sortkey (a, b)
-> call rs.set_attributes('s.t', '{"sortkeys": ["a", "b"]}')
alter table t append from s.u
-> call rs.append_from('t', 's.u')
alter table t add column c varchar(max) encode lzo default 'x'
-> alter table t add column c varchar(65535) default 'x'
alter table t alter column c type varchar
-> alter table t alter column c type varchar(256)
create schema s authorization u quota 10 gb
-> create schema s authorization u
create view v as select a from t with no schema binding
-> create view v as select a from t /*rs:late*/
# access
grant select on table t to role analyst, group g
-> grant select on table t to analyst, g
grant role r to user u
-> grant r to user u
revoke select on t from group g
-> revoke select on t from g
grant ignore rls to role loader
-> alter role loader bypassrls
create user u password disable syslog access unrestricted session timeout 60 createuser
-> create user u password null superuser
drop role r force
-> drop role r
create rls policy p with (tenant_id varchar(10)) as x using (x.tenant_id = current_setting('app.tenant', false))
-> call rs.create_rls_policy('p', 'tenant_id varchar(10)', 'x', 'x.tenant_id = nullif(current_setting(''app.tenant'', true), '''')', false)
attach rls policy p on table a.t, u to role r, public
-> call rs.attach_rls_policy('p', array['a.t', 'u']::text[], array['r', 'public']::text[])
alter table a.t row level security on conjunction type or
-> call rs.set_row_level_security('a.t', true, 'or')
# settings
set query_group to 'etl'
-> set rs.query_group = 'etl'
set enable_case_sensitive_identifier to true
-> set rs.enable_case_sensitive_identifier = 'true'
# the rest
delete t where a = 1
-> delete from t where a = 1
select a from t minus select a from u
-> select a from t except select a from u
analyze t predicate columns
-> analyze t
cancel 4711
-> select pg_cancel_backend(4711)
