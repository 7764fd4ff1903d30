-- Physical design that PostgreSQL has no use for: the gate writes it into a comment, this keeps it for svv_table_info.
create table if not exists rs.attributes (
  relid oid primary key, diststyle text, distkey text, sortkeys text[] not null default '{}', sortstyle text, backup boolean not null default true,
  primary_key text[] not null default '{}', encodings jsonb not null default '{}');
grant select on rs.attributes to public;

create or replace function rs.on_create() returns event_trigger language plpgsql security definer set search_path = pg_catalog set standard_conforming_strings = on as $$
declare made record; found text[]; design jsonb; begin
  if strpos(current_query(), 'rs:attributes') = 0 then return; end if;
  for made in select objid, object_identity from pg_event_trigger_ddl_commands() where classid = 'pg_class'::regclass and object_type in ('table', 'materialized view') loop
    for found in select regexp_matches(current_query(), '/\*rs:attributes (\{.*?\}) \*/', 'g') loop
      design := found[1]::jsonb;
      if (select relname from pg_class where oid = made.objid) = design->>'table' then
        insert into rs.attributes values (made.objid, design->>'diststyle', design->>'distkey', rs.texts(design->'sortkeys'), design->>'sortstyle',
          coalesce((design->>'backup')::boolean, true), rs.texts(design->'primary_key'), coalesce(design->'encodings', '{}'))
        on conflict (relid) do nothing;
      end if;
    end loop;
  end loop;
end $$;
create or replace function rs.texts(jsonb) returns text[] language sql immutable as
$$ select coalesce(array_agg(x order by o), '{}') from jsonb_array_elements_text(coalesce($1, '[]')) with ordinality u(x, o) $$;
drop event trigger if exists rs_on_create;
create event trigger rs_on_create on ddl_command_end when tag in ('CREATE TABLE', 'CREATE TABLE AS', 'CREATE MATERIALIZED VIEW') execute function rs.on_create();

create or replace function rs.is_owner(relation regclass) returns boolean language sql stable security definer set search_path = pg_catalog as
$$ select pg_has_role(session_user, relowner, 'usage') from pg_class where oid = relation $$;
create or replace procedure rs.set_attributes(relation_name text, design jsonb) language plpgsql security definer as $$
declare relation regclass := relation_name::regclass; begin
  if not rs.is_owner(relation) then raise exception using errcode = '42501', message = 'must be owner of relation ' || relation_name; end if;
  insert into rs.attributes (relid) values (relation) on conflict do nothing;
  update rs.attributes set diststyle = coalesce(design->>'diststyle', diststyle), distkey = case when design->>'diststyle' is null or design ? 'distkey' then coalesce(design->>'distkey', distkey) end,
    sortkeys = case when design ? 'sortkeys' then rs.texts(design->'sortkeys') else sortkeys end, sortstyle = coalesce(design->>'sortstyle', sortstyle) where relid = relation;
end $$;

create or replace function rs.on_drop() returns event_trigger language plpgsql security definer set search_path = pg_catalog as $$
declare gone record; begin
  for gone in select objid from pg_event_trigger_dropped_objects() where object_type in ('table', 'materialized view', 'view') and classid = 'pg_class'::regclass loop
    delete from rs.attributes where relid = gone.objid;
    delete from rs.rls_attached where relid = gone.objid;
    delete from rs.rls_relation where relid = gone.objid;
  end loop;
end $$;
drop event trigger if exists rs_on_drop;
create event trigger rs_on_drop on sql_drop execute function rs.on_drop();

create or replace procedure rs.append_from(target text, source text) language plpgsql as $$
begin
  execute format('insert into %s select * from %s', target::regclass, source::regclass);
  execute format('truncate %s', source::regclass);
end $$;
