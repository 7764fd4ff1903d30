-- SUPER is jsonb here. JSON text functions answer '' for what is missing, as Redshift's do.
create or replace function pg_catalog.json_parse(text) returns jsonb language sql immutable parallel safe as $$ select $1::jsonb $$;
create or replace function rs.json_serialize(jsonb) returns text language sql immutable parallel safe as $$ select $1::text $$;
create or replace function pg_catalog.can_json_parse(value text) returns boolean language plpgsql immutable as
$$ begin return value::jsonb is not null; exception when others then return false; end $$;
create or replace function pg_catalog.json_extract_path_text(from_json text, variadic path text[]) returns text language sql immutable parallel safe as
$$ select coalesce(pg_catalog.json_extract_path_text(nullif($1, '')::json, variadic path), '') $$;
create or replace function rs.json_path(value text, path text[]) returns text language plpgsql immutable as
$$ begin return pg_catalog.json_extract_path_text(value, variadic path); exception when others then return null; end $$;
create or replace function pg_catalog.json_extract_path_text(text, text, boolean) returns text language sql immutable as
$$ select case when $3 then rs.json_path($1, array[$2]) else pg_catalog.json_extract_path_text($1, $2) end $$;
create or replace function pg_catalog.json_extract_path_text(text, text, text, boolean) returns text language sql immutable as
$$ select case when $4 then rs.json_path($1, array[$2, $3]) else pg_catalog.json_extract_path_text($1, $2, $3) end $$;
create or replace function pg_catalog.json_extract_path_text(text, text, text, text, boolean) returns text language sql immutable as
$$ select case when $5 then rs.json_path($1, array[$2, $3, $4]) else pg_catalog.json_extract_path_text($1, $2, $3, $4) end $$;
create or replace function pg_catalog.json_extract_array_element_text(text, int) returns text language sql immutable parallel safe as
$$ select coalesce($1::json ->> $2, '') $$;
create or replace function pg_catalog.json_array_length(text) returns int language sql immutable parallel safe as $$ select pg_catalog.json_array_length($1::json) $$;
create or replace function pg_catalog.get_array_length(jsonb) returns int language sql immutable parallel safe as
$$ select case when jsonb_typeof($1) = 'array' then jsonb_array_length($1) end $$;
create or replace function pg_catalog.json_typeof(jsonb) returns text language sql immutable parallel safe as $$ select jsonb_typeof($1) $$;
create or replace function pg_catalog.array_concat(jsonb, jsonb) returns jsonb language sql immutable parallel safe as $$ select $1 || $2 $$;
create or replace function pg_catalog.split_to_array(text, text) returns jsonb language sql immutable parallel safe as $$ select to_jsonb(string_to_array($1, $2)) $$;
create or replace function pg_catalog.split_to_array(text) returns jsonb language sql immutable parallel safe as $$ select to_jsonb(string_to_array($1, ',')) $$;
create or replace function pg_catalog.subarray(jsonb, int, int) returns jsonb language sql immutable parallel safe as
$$ select coalesce(jsonb_agg(x order by o), '[]') from jsonb_array_elements($1) with ordinality u(x, o) where o > $2 and o <= $2 + $3 $$;
