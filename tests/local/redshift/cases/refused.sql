insert into t values (1) on conflict do nothing
-> ON CONFLICT
insert into t values (1) returning a
-> RETURNING
select distinct on (a) a from t
-> DISTINCT ON
select count(*) filter (where x) from t
-> FILTER
select string_agg(a, ',') from t
-> string_agg()
select a -> 'b' from t
-> operator ->
select a::jsonb from t
-> type jsonb
select array[1, 2]
-> ARRAY[...]
select * from t, lateral (select 1) x
-> LATERAL
create index i on t (a)
-> CREATE INDEX
create table t (a int check (a > 0))
-> CHECK
do $$ begin null; end $$
-> statement DO
savepoint s
-> SAVEPOINT
create table u as select now() as at from t
-> now()
select gen_random_uuid()
-> gen_random_uuid()
alter table t add column a int, add column b int
-> more than one ADD COLUMN
alter table t alter column a set not null
-> SET NOT NULL
with x as (delete from t) select 1
-> DELETE inside WITH
merge into t using s on t.id = s.id when not matched then insert (id) values (s.id)
-> MERGE needs both
merge into t using s on t.id = s.id remove duplicates
-> REMOVE DUPLICATES
copy t from stdin
-> COPY FROM STDIN
copy t from 's3://b/k' csv
-> IAM_ROLE
copy t from 's3://b/k' iam_role default csv maxerror 5
-> MAXERROR
copy t from 's3://b/k' iam_role default fixedwidth 'a:1'
-> FIXEDWIDTH
copy t from 's3://b/k' iam_role default parquet delimiter ','
-> do not go with FORMAT PARQUET
unload ('insert into t values (1) returning a') to 's3://b/k' iam_role default
-> RETURNING
create external schema s from data catalog database 'd'
-> Spectrum
create masking policy m with (a varchar) using ('x')
-> MASKING
select listagg(a, ',') within group (order by a) over (partition by b) from t
-> LISTAGG
create function f(a int) returns int as $$ begin return 1; end $$ language plpgsql
-> plpgsql
