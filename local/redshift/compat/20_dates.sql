-- Dates as Redshift counts them. All clocks are UTC.
create or replace function pg_catalog.getdate() returns timestamp language sql stable as $$ select date_trunc('second', statement_timestamp() at time zone 'UTC') $$;
create or replace function rs.sysdate() returns timestamp language sql stable as $$ select transaction_timestamp() at time zone 'UTC' $$;

create or replace function rs.part(text) returns text language sql immutable parallel safe as $$ select case lower($1)
  when 'y' then 'year' when 'yr' then 'year' when 'yrs' then 'year' when 'years' then 'year'
  when 'mon' then 'month' when 'mons' then 'month' when 'months' then 'month'
  when 'qtr' then 'quarter' when 'qtrs' then 'quarter' when 'quarters' then 'quarter'
  when 'w' then 'week' when 'weeks' then 'week' when 'd' then 'day' when 'days' then 'day'
  when 'h' then 'hour' when 'hr' then 'hour' when 'hrs' then 'hour' when 'hours' then 'hour'
  when 'm' then 'minute' when 'min' then 'minute' when 'mins' then 'minute' when 'minutes' then 'minute'
  when 's' then 'second' when 'sec' then 'second' when 'secs' then 'second' when 'seconds' then 'second'
  when 'ms' then 'millisecond' when 'msec' then 'millisecond' when 'milliseconds' then 'millisecond'
  when 'us' then 'microsecond' when 'usec' then 'microsecond' when 'microseconds' then 'microsecond' else lower($1) end $$;

create or replace function pg_catalog.dateadd(part text, n bigint, moment timestamp) returns timestamp language sql immutable parallel safe as $$
  select case rs.part(part)
    when 'year' then rs.add_months(moment, 12 * n) when 'quarter' then rs.add_months(moment, 3 * n) when 'month' then rs.add_months(moment, n)
    when 'week' then moment + make_interval(weeks => n::int) when 'day' then moment + make_interval(days => n::int)
    when 'hour' then moment + n * interval '1 hour' when 'minute' then moment + n * interval '1 minute'
    when 'second' then moment + n * interval '1 second' when 'millisecond' then moment + n * interval '1 millisecond'
    when 'microsecond' then moment + n * interval '1 microsecond' else rs.bad_part(part)::timestamp end $$;
-- The last day of a month stays the last day of a month.
create or replace function rs.add_months(moment timestamp, n bigint) returns timestamp language sql immutable parallel safe as $$
  select case when moment::date = (date_trunc('month', moment) + interval '1 month - 1 day')::date
    then date_trunc('month', moment) + make_interval(months => n::int + 1) - interval '1 day' + (moment - date_trunc('day', moment))
    else moment + make_interval(months => n::int) end $$;
create or replace function rs.bad_part(text) returns text language plpgsql immutable as
$$ begin raise exception using errcode = '22023', message = 'date part "' || $1 || '" is not known'; end $$;
create or replace function pg_catalog.dateadd(part text, n bigint, moment timestamptz) returns timestamptz language sql immutable parallel safe as
$$ select pg_catalog.dateadd(part, n, moment at time zone 'UTC') at time zone 'UTC' $$;
create or replace function pg_catalog.dateadd(part text, n bigint, day date) returns timestamp language sql immutable parallel safe as
$$ select pg_catalog.dateadd(part, n, day::timestamp) $$;
create or replace function pg_catalog.add_months(moment timestamp, n bigint) returns timestamp language sql immutable parallel safe as $$ select rs.add_months(moment, n) $$;
create or replace function pg_catalog.add_months(day date, n bigint) returns timestamp language sql immutable parallel safe as $$ select rs.add_months(day::timestamp, n) $$;

-- The number of boundaries between two moments, not of whole units.
create or replace function pg_catalog.datediff(part text, a timestamp, b timestamp) returns bigint language sql immutable parallel safe as $$
  select case rs.part(part)
    when 'year' then (extract(year from b) - extract(year from a))::bigint
    when 'quarter' then (extract(year from b) * 4 + extract(quarter from b) - extract(year from a) * 4 - extract(quarter from a))::bigint
    when 'month' then (extract(year from b) * 12 + extract(month from b) - extract(year from a) * 12 - extract(month from a))::bigint
    when 'week' then ((date_trunc('week', b + interval '1 day')::date - date_trunc('week', a + interval '1 day')::date) / 7)::bigint
    when 'day' then (b::date - a::date)::bigint
    when 'hour' then (extract(epoch from date_trunc('hour', b) - date_trunc('hour', a)) / 3600)::bigint
    when 'minute' then (extract(epoch from date_trunc('minute', b) - date_trunc('minute', a)) / 60)::bigint
    when 'second' then extract(epoch from date_trunc('second', b) - date_trunc('second', a))::bigint
    when 'millisecond' then (extract(epoch from date_trunc('milliseconds', b) - date_trunc('milliseconds', a)) * 1000)::bigint
    when 'microsecond' then (extract(epoch from b - a) * 1000000)::bigint else rs.bad_part(part)::bigint end $$;
create or replace function pg_catalog.datediff(part text, a timestamptz, b timestamptz) returns bigint language sql immutable parallel safe as
$$ select pg_catalog.datediff(part, a at time zone 'UTC', b at time zone 'UTC') $$;
create or replace function pg_catalog.datediff(part text, a date, b date) returns bigint language sql immutable parallel safe as
$$ select pg_catalog.datediff(part, a::timestamp, b::timestamp) $$;

create or replace function pg_catalog.date_trunc(text, date) returns timestamp language sql immutable parallel safe as $$ select date_trunc($1, $2::timestamp) $$;
create or replace function pg_catalog.trunc(timestamp) returns date language sql immutable parallel safe as $$ select $1::date $$;
create or replace function pg_catalog.last_day(timestamp) returns date language sql immutable parallel safe as $$ select (date_trunc('month', $1) + interval '1 month - 1 day')::date $$;
create or replace function pg_catalog.next_day(day timestamp, name text) returns date language sql immutable parallel safe as $$
  select day::date + 1 + (strpos('sumotuwethfrsa', lower(left(name, 2))) / 2 - extract(dow from day::date + 1)::int + 7) % 7 $$;
create or replace function pg_catalog.months_between(a timestamp, b timestamp) returns double precision language sql immutable parallel safe as $$
  select (extract(year from a) * 12 + extract(month from a) - extract(year from b) * 12 - extract(month from b))::double precision
    + case when extract(day from a) = extract(day from b) or (a::date = pg_catalog.last_day(a) and b::date = pg_catalog.last_day(b)) then 0
      else (extract(day from a) - extract(day from b))::double precision / 31 end $$;
create or replace function pg_catalog.date_part_year(date) returns int language sql immutable parallel safe as $$ select extract(year from $1)::int $$;
create or replace function pg_catalog.convert_timezone(text, text, timestamp) returns timestamp language sql immutable parallel safe as $$ select ($3 at time zone $1) at time zone $2 $$;
create or replace function pg_catalog.convert_timezone(text, timestamp) returns timestamp language sql immutable parallel safe as $$ select ($2 at time zone 'UTC') at time zone $1 $$;
create or replace function pg_catalog.convert_timezone(text, timestamptz) returns timestamp language sql immutable parallel safe as $$ select $2 at time zone $1 $$;
