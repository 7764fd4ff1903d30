{{ config(
    materialized='incremental',
    incremental_strategy='interval',
    on_schema_change='append_new_columns',
    dist='user_id',
    sort=['event_date', 'tenant_id'],
) }}

with events as (

    select * from {{ ref('stg_clickstream__events') }}
    where
        event_type = 'purchase'
        and not is_bot
        and {{ in_interval('event_date') }}

)

select
    event_id as purchase_id,
    tenant_id,
    user_id,
    session_id,
    page_id,
    product_id,
    event_at as purchased_at,
    event_date,
    cast(amount as decimal(12, 2)) as amount,
    currency,
    device_type
from events
