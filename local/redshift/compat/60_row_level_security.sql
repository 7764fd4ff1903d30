-- RLS policies of Redshift: defined once, attached to relations for users, roles or public, switched on per relation.
create table if not exists rs.rls_policy (name text primary key, columns text not null, alias text not null, predicate text not null);
create table if not exists rs.rls_attached (policy text references rs.rls_policy (name), relid oid, grantee text, primary key (policy, relid, grantee));
create table if not exists rs.rls_relation (relid oid primary key, conjunction text not null default 'and');
grant select on rs.rls_policy, rs.rls_attached, rs.rls_relation to public;
do $do$ begin if not exists (select from pg_roles where rolname = 'sys:secadmin') then create role "sys:secadmin"; end if; end $do$;

create or replace function rs.require_secadmin() returns void language plpgsql stable security definer set search_path = pg_catalog as $$
begin
  if not (select rolsuper from pg_roles where rolname = session_user) and not pg_has_role(session_user, 'sys:secadmin', 'member') then
    raise exception using errcode = '42501', message = 'permission denied: row-level security is for superusers and the role sys:secadmin';
  end if;
end $$;

create or replace procedure rs.create_rls_policy(policy text, columns text, alias text, predicate text, replacing boolean) language plpgsql security definer as $$
declare relation oid; begin
  perform rs.require_secadmin();
  if replacing then
    update rs.rls_policy p set predicate = create_rls_policy.predicate where p.name = policy;
    if not found then raise exception using errcode = '42704', message = 'RLS policy "' || policy || '" does not exist'; end if;
    for relation in select distinct relid from rs.rls_attached a where a.policy = create_rls_policy.policy loop call rs.apply_rls(relation); end loop;
  else
    insert into rs.rls_policy values (policy, columns, alias, predicate);
  end if;
exception when unique_violation then raise exception using errcode = '42710', message = 'RLS policy "' || policy || '" already exists';
end $$;

-- Turn what is attached to a relation into PostgreSQL's policies.
create or replace procedure rs.apply_rls(relation oid) language plpgsql security definer as $$
declare old record; one record; mode text; target text := relation::regclass::text; grantee text; begin
  for old in select polname from pg_policy where polrelid = relation and polname like 'rs$%' loop execute format('drop policy %I on %s', old.polname, target); end loop;
  select conjunction into mode from rs.rls_relation where relid = relation;
  if not found then
    execute format('alter table %s disable row level security', target);
    execute format('alter table %s no force row level security', target);
    return;
  end if;
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('create policy %I on %s for insert with check (true)', 'rs$insert', target);  -- INSERT and COPY are not filtered on Redshift
  for one in select a.grantee, string_agg('(' || p.predicate || ')', case mode when 'or' then ' or ' else ' and ' end order by p.name) as predicate
      from rs.rls_attached a join rs.rls_policy p on p.name = a.policy where a.relid = relation group by a.grantee loop
    grantee := case lower(one.grantee) when 'public' then 'public' else one.grantee end;
    execute format('create policy %I on %s for select to %s using (%s)', 'rs$select$' || one.grantee, target, grantee, one.predicate);
    execute format('create policy %I on %s for update to %s using (%s) with check (true)', 'rs$update$' || one.grantee, target, grantee, one.predicate);
    execute format('create policy %I on %s for delete to %s using (%s)', 'rs$delete$' || one.grantee, target, grantee, one.predicate);
  end loop;
end $$;

create or replace procedure rs.attach_rls_policy(policy text, relations text[], grantees text[]) language plpgsql security definer as $$
declare relation text; grantee text; begin
  perform rs.require_secadmin();
  if not exists (select from rs.rls_policy where name = policy) then raise exception using errcode = '42704', message = 'RLS policy "' || policy || '" does not exist'; end if;
  foreach relation in array relations loop
    foreach grantee in array grantees loop insert into rs.rls_attached values (policy, relation::regclass, grantee) on conflict do nothing; end loop;
    call rs.apply_rls(relation::regclass);
  end loop;
end $$;
create or replace procedure rs.detach_rls_policy(policy_name text, relations text[], grantees text[]) language plpgsql security definer as $$
declare relation text; begin
  perform rs.require_secadmin();
  foreach relation in array relations loop
    delete from rs.rls_attached a where a.policy = policy_name and a.relid = relation::regclass and a.grantee = any (grantees);
    if not found then raise exception using errcode = '42704', message = 'RLS policy "' || policy_name || '" is not attached to ' || relation; end if;
    call rs.apply_rls(relation::regclass);
  end loop;
end $$;
create or replace procedure rs.set_row_level_security(relation text, enabled boolean, mode text) language plpgsql security definer as $$
begin
  perform rs.require_secadmin();
  if enabled then insert into rs.rls_relation values (relation::regclass, mode) on conflict (relid) do update set conjunction = excluded.conjunction;
  else delete from rs.rls_relation where relid = relation::regclass; end if;
  call rs.apply_rls(relation::regclass);
end $$;
create or replace procedure rs.drop_rls_policy(policy text) language plpgsql security definer as $$
begin
  perform rs.require_secadmin();
  delete from rs.rls_policy where name = policy;
  if not found then raise exception using errcode = '42704', message = 'RLS policy "' || policy || '" does not exist'; end if;
exception when foreign_key_violation then raise exception using errcode = '2BP01', message = 'RLS policy "' || policy || '" is attached; detach it first';
end $$;

create or replace view pg_catalog.svv_rls_policy as select current_database()::text as poldb, name as polname, alias as polalias, columns as polatts, predicate as polqual, true as polenabled,
  null::text as polmodifiedby, null::timestamp as polmodifiedtime from rs.rls_policy;
create or replace view pg_catalog.svv_rls_relation as select current_database()::text as datname, n.nspname::text as relschema, c.relname::text as relname, 'table'::text as relkind,
  r.relid is not null as is_rls_on, false as is_rls_datashare_on, coalesce(r.conjunction, 'and') as rls_conjunction_type
from pg_class c join pg_namespace n on n.oid = c.relnamespace left join rs.rls_relation r on r.relid = c.oid
where r.relid is not null or exists (select from rs.rls_attached a where a.relid = c.oid);
create or replace view pg_catalog.svv_rls_attached_policy as select n.nspname::text as relschema, c.relname::text as relname, 'table'::text as relkind, a.policy as polname, null::text as grantor,
  a.grantee, case when lower(a.grantee) = 'public' then 'public' when (select rolcanlogin from pg_roles where rolname = a.grantee) then 'user' else 'role' end as granteekind,
  true as is_pol_on, r.relid is not null as is_rls_on, coalesce(r.conjunction, 'and') as rls_conjunction_type
from rs.rls_attached a join pg_class c on c.oid = a.relid join pg_namespace n on n.oid = c.relnamespace left join rs.rls_relation r on r.relid = a.relid;
grant select on pg_catalog.svv_rls_policy, pg_catalog.svv_rls_relation, pg_catalog.svv_rls_attached_policy to public;
revoke execute on procedure rs.apply_rls(oid) from public;
