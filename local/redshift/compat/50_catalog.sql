-- System views and functions that clients, dbt-redshift first, look into.
create or replace function pg_catalog.pg_get_late_binding_view_cols() returns setof record language sql stable as
$$ select null::name, null::name, null::name, null::varchar, null::int where false $$;
create or replace view pg_catalog.svv_external_columns as select null::varchar schemaname, null::varchar tablename, null::varchar columnname,
  null::varchar external_type, null::int columnnum, null::int part_key, null::varchar is_nullable where false;
create or replace view pg_catalog.svv_external_tables as select null::varchar schemaname, null::varchar tablename, null::varchar location where false;
create or replace view pg_catalog.svv_external_schemas as select null::oid esoid, null::varchar schemaname, null::varchar databasename where false;

create or replace view pg_catalog.svv_table_info as
select current_database()::text as "database", n.nspname::text as "schema", c.oid as table_id, c.relname::text as "table",
  case when a.encodings <> '{}' then 'Y' else 'N' end as encoded,
  case when a.diststyle = 'key' then 'KEY(' || a.distkey || ')' when a.diststyle in ('all', 'even') then upper(a.diststyle) else 'AUTO(ALL)' end as diststyle,
  coalesce(a.sortkeys[1], 'AUTO(SORTKEY)') as sortkey1, null::int as max_varchar, null::text as sortkey1_enc,
  coalesce(cardinality(a.sortkeys), 0) as sortkey_num, (pg_total_relation_size(c.oid) / 1048576)::bigint as size, null::numeric as pct_used,
  0::numeric as empty, 0::numeric(5, 2) as unsorted, 0::numeric(5, 2) as stats_off, greatest(c.reltuples, 0)::numeric(38, 0) as tbl_rows,
  null::numeric(19, 2) as skew_sortkey1, null::numeric(19, 2) as skew_rows, greatest(c.reltuples, 0)::numeric(38, 0) as estimated_visible_rows
from pg_class c join pg_namespace n on n.oid = c.relnamespace left join rs.attributes a on a.relid = c.oid
where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'rs', 'pg_toast');

create or replace view pg_catalog.svv_mv_info as
select current_database()::text as database_name, schemaname::text as schema_name, null::text as user_name, matviewname::text as name, 'f'::char(1) as is_stale, 1 as state,
  'f'::char(1) as autorefresh, 'f'::char(1) as autorewrite from pg_matviews;
create or replace view pg_catalog.stv_mv_info as select * from pg_catalog.svv_mv_info;
create or replace view pg_catalog.svv_tables as select table_catalog::text, table_schema::text, table_name::text, table_type::text, null::text as remarks
from information_schema.tables where table_schema <> 'rs';
create or replace view pg_catalog.svv_columns as select table_catalog::text, table_schema::text, table_name::text, column_name::text, ordinal_position::int, column_default::text,
  is_nullable::text, data_type::text, character_maximum_length::int, numeric_precision::int, numeric_precision_radix::int, numeric_scale::int, datetime_precision::int,
  null::text as remarks from information_schema.columns where table_schema <> 'rs';
create or replace view pg_catalog.svv_redshift_columns as
select c.table_catalog::text as database_name, c.table_schema::text as schema_name, c.table_name::text, c.column_name::text, c.ordinal_position::int,
  case when c.data_type = 'jsonb' then 'super' else c.data_type::text end as data_type, c.column_default::text, c.is_nullable::text,
  coalesce(a.encodings ->> c.column_name, 'none') as encoding, coalesce(a.distkey = c.column_name, false) as distkey,
  coalesce(array_position(a.sortkeys, c.column_name::text), 0) as sortkey, null::text as column_acl, null::text as remarks
from information_schema.columns c left join rs.attributes a on a.relid = to_regclass(quote_ident(c.table_schema) || '.' || quote_ident(c.table_name))
where c.table_schema <> 'rs';
create or replace view pg_catalog.svv_redshift_tables as select table_catalog::text as database_name, table_schema::text as schema_name, table_name::text, table_type::text,
  null::text as table_acl, null::text as remarks from information_schema.tables where table_schema <> 'rs';
create or replace view pg_catalog.svv_redshift_schemas as select current_database()::text as database_name, nspname::text as schema_name, nspowner::int as schema_owner,
  'local'::text as schema_type, null::text as schema_acl, null::text as schema_option from pg_namespace where nspname <> 'rs';
create or replace view pg_catalog.svv_relation_privileges as
select n.nspname::text as namespace_name, c.relname::text as relation_name, acl.privilege_type::text, acl.grantee::int as identity_id,
  case when acl.grantee = 0 then 'public' else pg_get_userbyid(acl.grantee)::text end as identity_name,
  case when acl.grantee = 0 then 'public' when (select rolcanlogin from pg_roles where oid = acl.grantee) then 'user' else 'role' end as identity_type,
  acl.is_grantable as admin_option
from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join lateral aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) acl
where c.relkind in ('r', 'v', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'rs', 'pg_toast') and acl.grantee <> c.relowner;
create or replace view pg_catalog.svv_roles as select oid::int as role_id, rolname::text as role_name, null::text as role_owner, null::text as external_id from pg_roles where not rolcanlogin;
create or replace view pg_catalog.svv_user_grants as select m.member::int as user_id, u.rolname::text as user_name, m.roleid::int as role_id, r.rolname::text as role_name,
  m.admin_option from pg_auth_members m join pg_roles u on u.oid = m.member join pg_roles r on r.oid = m.roleid where u.rolcanlogin;
create or replace view pg_catalog.stv_inflight as select pid, query as text from pg_stat_activity where state = 'active';
create or replace view pg_catalog.stv_recents as select pid, usename::text as user_name, case state when 'active' then 'Running' else 'Done' end as status, query from pg_stat_activity;
create or replace function rs.modified(oid) returns timestamp language sql security definer set search_path = pg_catalog as
$$ select modification at time zone 'UTC' from pg_stat_file(pg_relation_filepath($1), true) $$;
create or replace view pg_catalog.sys_query_detail as select c.oid as table_id, 'insert'::text as step_name, rs.modified(c.oid) as start_time, 0::bigint as query_id
from pg_class c where c.relkind = 'r';

do $do$ declare name text; begin
  foreach name in array array['svv_external_columns', 'svv_external_tables', 'svv_external_schemas', 'svv_table_info', 'svv_mv_info', 'stv_mv_info', 'svv_tables', 'svv_columns',
    'svv_redshift_columns', 'svv_redshift_tables', 'svv_redshift_schemas', 'svv_relation_privileges', 'svv_roles', 'svv_user_grants', 'stv_inflight', 'stv_recents', 'sys_query_detail'] loop
    execute format('grant select on pg_catalog.%I to public', name);
  end loop;
end $do$;

-- Materialized views are views on Redshift.
create or replace view pg_catalog.pg_views as
select n.nspname as schemaname, c.relname as viewname, pg_get_userbyid(c.relowner) as viewowner,
  case when c.relkind = 'm' then 'create materialized view ' || (c.relname::text collate "default") || ' as ' || pg_get_viewdef(c.oid) else pg_get_viewdef(c.oid) end as definition
from pg_class c left join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('v', 'm');
do $do$ declare definition text := pg_get_viewdef('information_schema.views'::regclass); begin
  if definition not ilike '%create materialized view%' then
    execute 'create or replace view information_schema.views as ' || rtrim(definition, '; ') || $q$ union all
      select current_database()::information_schema.sql_identifier, schemaname::information_schema.sql_identifier, matviewname::information_schema.sql_identifier,
        ('create materialized view ' || (matviewname::text collate "default") || ' as ' || definition)::information_schema.character_data,
        'NONE'::information_schema.character_data, 'NO'::information_schema.yes_or_no, 'NO'::information_schema.yes_or_no, 'NO'::information_schema.yes_or_no,
        'NO'::information_schema.yes_or_no, 'NO'::information_schema.yes_or_no from pg_matviews $q$;
  end if;
end $do$;
