{{ config(
    materialized='incremental',
    incremental_strategy='interval',
    on_schema_change='append_new_columns',
    dist='page_id',
    sort=['event_date', 'tenant_id'],
) }}

with people as (

    select * from {{ ref('stg_clickstream__hourly_activity') }}
    where {{ in_interval('event_date') }}

),

bots as (

    select
        tenant_id,
        page_id,
        event_hour,
        event_date,
        count(*) as bot_events
    from {{ ref('stg_clickstream__events') }}
    where is_bot and {{ in_interval('event_date') }}
    group by tenant_id, page_id, event_hour, event_date

)

select
    coalesce(people.tenant_id, bots.tenant_id) as tenant_id,
    coalesce(people.page_id, bots.page_id) as page_id,
    coalesce(people.event_hour, bots.event_hour) as event_hour,
    coalesce(people.event_date, bots.event_date) as event_date,
    cast(coalesce(people.views, 0) as bigint) as views,
    cast(coalesce(people.clicks, 0) as bigint) as clicks,
    cast(coalesce(people.purchases, 0) as bigint) as purchases,
    cast(coalesce(people.unique_users, 0) as bigint) as unique_users,
    cast(coalesce(people.revenue, 0) as decimal(18, 2)) as revenue,
    cast(coalesce(bots.bot_events, 0) as bigint) as bot_events
from people
full outer join bots
    on
        people.tenant_id = bots.tenant_id
        and people.page_id = bots.page_id
        and people.event_hour = bots.event_hour
