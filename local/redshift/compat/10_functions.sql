-- Scalar functions that are built in on Redshift. They live in pg_catalog so that no search_path hides them.
grant usage on schema rs to public;

create or replace function rs.version() returns text language sql immutable as
$$ select 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.0-sluice'::text $$;
create or replace function pg_catalog.len(text) returns int language sql immutable parallel safe as $$ select char_length($1) $$;
create or replace function pg_catalog.charindex(text, text) returns int language sql immutable parallel safe as $$ select strpos($2, $1) $$;
create or replace function rs.round(numeric, int) returns numeric language sql immutable parallel safe as $$ select pg_catalog.round($1, $2) $$;
create or replace function rs.round(double precision, int) returns double precision language sql immutable parallel safe as
$$ select pg_catalog.round($1::numeric, $2)::double precision $$;
create or replace function pg_catalog.sha2(text, int) returns text language sql immutable parallel safe as
$$ select encode(case $2 when 224 then sha224(convert_to($1, 'UTF8')) when 384 then sha384(convert_to($1, 'UTF8'))
     when 512 then sha512(convert_to($1, 'UTF8')) else sha256(convert_to($1, 'UTF8')) end, 'hex') $$;
create or replace function pg_catalog.strtol(text, int) returns bigint language plpgsql immutable as $$
declare result bigint := 0; digit text; begin
  foreach digit in array regexp_split_to_array(lower($1), '') loop
    result := result * $2 + strpos('0123456789abcdefghijklmnopqrstuvwxyz', digit) - 1;
  end loop;
  return result;
end $$;
create or replace function pg_catalog.pg_last_copy_count() returns int language sql stable as
$$ select coalesce(nullif(current_setting('rs.last_copy_count', true), ''), '0')::int $$;
create or replace function pg_catalog.concat(text, text) returns text language sql immutable parallel safe as $$ select $1 || $2 $$;
create or replace function pg_catalog.replicate(text, int) returns text language sql immutable parallel safe as $$ select repeat($1, $2) $$;
create or replace function pg_catalog.is_valid_json(value text) returns boolean language plpgsql immutable as
$$ begin return value::json is not null and json_typeof(value::json) in ('object', 'array'); exception when others then return false; end $$;
create or replace function pg_catalog.is_valid_json_array(value text) returns boolean language plpgsql immutable as
$$ begin return json_typeof(value::json) = 'array'; exception when others then return false; end $$;

-- AVG of integers is a truncated integer on Redshift; the gate calls this one.
create or replace function rs.avg_int(numeric[]) returns bigint language sql immutable parallel safe as $$ select trunc($1[2] / nullif($1[1], 0))::bigint $$;
create or replace function rs.avg_int_step(numeric[], bigint) returns numeric[] language sql immutable parallel safe as
$$ select case when $2 is null then $1 else array[$1[1] + 1, $1[2] + $2] end $$;
create or replace function rs.avg_int_step(numeric[], int) returns numeric[] language sql immutable parallel safe as $$ select rs.avg_int_step($1, $2::bigint) $$;
create or replace function rs.avg_int_step(numeric[], smallint) returns numeric[] language sql immutable parallel safe as $$ select rs.avg_int_step($1, $2::bigint) $$;
create or replace aggregate rs.avg(smallint) (sfunc = rs.avg_int_step, stype = numeric[], initcond = '{0,0}', finalfunc = rs.avg_int);
create or replace aggregate rs.avg(int) (sfunc = rs.avg_int_step, stype = numeric[], initcond = '{0,0}', finalfunc = rs.avg_int);
create or replace aggregate rs.avg(bigint) (sfunc = rs.avg_int_step, stype = numeric[], initcond = '{0,0}', finalfunc = rs.avg_int);
create or replace aggregate rs.avg(numeric) (sfunc = numeric_avg_accum, stype = internal, finalfunc = numeric_avg);
create or replace aggregate rs.avg(double precision) (sfunc = float8_accum, stype = double precision[], initcond = '{0,0,0}', finalfunc = float8_avg);
create or replace aggregate rs.avg(interval) (sfunc = interval_avg_accum, stype = internal, finalfunc = interval_avg);
