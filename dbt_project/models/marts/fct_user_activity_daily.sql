{{ config(
    materialized='incremental',
    incremental_strategy='interval',
    on_schema_change='append_new_columns',
    dist='user_id',
    sort=['event_date', 'tenant_id'],
) }}

with events as (

    select * from {{ ref('stg_clickstream__events') }}
    where not is_bot and {{ in_interval('event_date') }}

)

select
    tenant_id,
    user_id,
    event_date,
    min(event_at) as first_seen_at,
    max(event_at) as last_seen_at,
    count(distinct session_id) as sessions,
    sum(case when event_type = 'view' then 1 else 0 end) as views,
    sum(case when event_type = 'click' then 1 else 0 end) as clicks,
    sum(case when event_type = 'purchase' then 1 else 0 end) as purchases,
    cast(coalesce(sum(case when event_type = 'purchase' then amount end), 0) as decimal(18, 2)) as revenue
from events
group by tenant_id, user_id, event_date
