{{ config(
    materialized='incremental',
    incremental_strategy='interval',
    on_schema_change='append_new_columns',
    dist='user_id',
    sort=['event_date', 'tenant_id'],
) }}

with sessions as (

    select * from {{ ref('stg_clickstream__sessions') }}
    where not is_bot and {{ in_interval('event_date') }}

)

select
    tenant_id,
    session_id,
    user_id,
    started_at,
    ended_at,
    event_date,
    cast(duration_seconds as bigint) as duration_seconds,
    cast(views as bigint) as views,
    cast(clicks as bigint) as clicks,
    cast(purchases as bigint) as purchases,
    cast(revenue as decimal(18, 2)) as revenue,
    purchases > 0 as is_converted,
    entry_page_id,
    exit_page_id,
    device_type
from sessions
