select a, b || c from t where x ilike '%a%' and d::date = current_date limit 10 offset 5
/* {"app": "dbt"} */ select count(*) as "order_count" from "warehouse"."marts"."orders"
with recursive c(n) as (select 1 union all select n + 1 from c where n < 5) select * from c
merge into t using s on t.id = s.id when matched then update set a = s.a when not matched then insert (id, a) values (s.id, s.a)
delete from t using s where t.id = s.id
update t set a = s.a from s where s.id = t.id
insert into t (a, b) values ('it''s', E'x\\n'), ($1, $2)
select row_number() over (partition by a order by b desc) as rn, lag(a) over (order by b) from t
select top.a, t.qualify from top join t on true
begin transaction
alter table a rename to b
truncate table t
comment on table t is 'a qualify table; with sortkey'
select percentile_cont(0.5) within group (order by a) from t
select * from (select 1 as a) where a = 1
create view v as (select a::date as d from t)
