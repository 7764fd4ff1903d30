-- Late-binding views (WITH NO SCHEMA BINDING) are ordinary views that come back: when a table they read is dropped with
-- CASCADE, their text is kept, and they are made again as soon as every name in it exists again.
create table if not exists rs.late_view (
  schema_name text, view_name text, definition text not null, owner text not null, acl aclitem[], dangling boolean not null default false, primary key (schema_name, view_name));
grant select on rs.late_view to public;

create or replace function rs.late_views_changed() returns event_trigger language plpgsql security definer set search_path = '' as $$
declare made record; one record; privilege record; begin
  if coalesce(pg_catalog.current_setting('rs.rebinding', true), '') = 'on' then return; end if;
  if tg_tag in ('CREATE VIEW', 'GRANT', 'REVOKE', 'ALTER TABLE', 'ALTER VIEW') then
    for made in select c.oid, n.nspname::text as schema_name, c.relname::text as view_name, pg_catalog.pg_get_userbyid(c.relowner)::text as owner, c.relacl as acl
        from pg_catalog.pg_event_trigger_ddl_commands() d join pg_catalog.pg_class c on c.oid = d.objid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where tg_tag = 'CREATE VIEW' and d.classid = 'pg_catalog.pg_class'::regclass and c.relkind = 'v' loop
      if pg_catalog.strpos(pg_catalog.current_query(), '/*rs:late*/') > 0 then
        insert into rs.late_view values (made.schema_name, made.view_name, pg_catalog.pg_get_viewdef(made.oid), made.owner, made.acl)
        on conflict (schema_name, view_name) do update set definition = excluded.definition, owner = excluded.owner, acl = excluded.acl, dangling = false;
      else
        delete from rs.late_view l where l.schema_name = made.schema_name and l.view_name = made.view_name;
      end if;
    end loop;
    -- Renamed away (dbt swaps views too): the text belongs to the new name.
    delete from rs.late_view l where not l.dangling and pg_catalog.to_regclass(pg_catalog.format('%I.%I', l.schema_name, l.view_name)) is null;
    update rs.late_view l set acl = c.relacl, owner = pg_catalog.pg_get_userbyid(c.relowner) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = l.schema_name and c.relname = l.view_name and c.relkind = 'v';
  end if;
  if not exists (select from rs.late_view where dangling) then return; end if;
  perform pg_catalog.set_config('rs.rebinding', 'on', true);
  for one in select * from rs.late_view where dangling order by schema_name, view_name loop
    begin
      execute pg_catalog.format('create view %I.%I as %s', one.schema_name, one.view_name, one.definition);
      execute pg_catalog.format('alter view %I.%I owner to %I', one.schema_name, one.view_name, one.owner);
      for privilege in select privilege_type, case when grantee = 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(grantee)) end as grantee
          from pg_catalog.aclexplode(one.acl) loop
        execute pg_catalog.format('grant %s on %I.%I to %s', privilege.privilege_type, one.schema_name, one.view_name, privilege.grantee);
      end loop;
      update rs.late_view l set dangling = false where l.schema_name = one.schema_name and l.view_name = one.view_name;
    exception when others then null;  -- a name in it is still missing; the next change of a table tries again
    end;
  end loop;
  perform pg_catalog.set_config('rs.rebinding', '', true);
end $$;
drop event trigger if exists rs_late_views_changed;
create event trigger rs_late_views_changed on ddl_command_end when tag in ('CREATE VIEW', 'GRANT', 'REVOKE', 'ALTER TABLE', 'ALTER VIEW', 'CREATE TABLE', 'CREATE TABLE AS',
  'CREATE MATERIALIZED VIEW', 'DROP TABLE', 'DROP VIEW', 'DROP MATERIALIZED VIEW') execute function rs.late_views_changed();

create or replace function rs.late_views_dropped() returns event_trigger language plpgsql security definer set search_path = '' as $$
declare gone record; begin
  for gone in select object_type, schema_name, object_name, original from pg_catalog.pg_event_trigger_dropped_objects() where object_type in ('view', 'schema') loop
    if gone.object_type = 'schema' then delete from rs.late_view l where l.schema_name = gone.object_name;
    elsif gone.original then delete from rs.late_view l where l.schema_name = gone.schema_name and l.view_name = gone.object_name;
    else update rs.late_view l set dangling = true where l.schema_name = gone.schema_name and l.view_name = gone.object_name; end if;
  end loop;
end $$;
drop event trigger if exists rs_late_views_dropped;
create event trigger rs_late_views_dropped on sql_drop execute function rs.late_views_dropped();
