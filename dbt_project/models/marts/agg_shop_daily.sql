{{ config(
    materialized='incremental',
    incremental_strategy='interval',
    on_schema_change='append_new_columns',
    dist='all',
    sort=['event_date', 'tenant_id'],
) }}

with events as (

    select * from {{ ref('stg_clickstream__events') }}
    where {{ in_interval('event_date') }}

),

sessions as (

    select * from {{ ref('stg_clickstream__sessions') }}
    where {{ in_interval('event_date') }}

),

purchases as (

    select * from {{ ref('fct_purchases') }}
    where {{ in_interval('event_date') }}

),

activity as (

    select
        tenant_id,
        event_date,
        count(*) as events,
        count(distinct case when not is_bot then user_id end) as users,
        sum(case when not is_bot and event_type = 'view' then 1 else 0 end) as views,
        sum(case when not is_bot and event_type = 'click' then 1 else 0 end) as clicks,
        sum(case when is_bot then 1 else 0 end) as bot_events
    from events
    group by tenant_id, event_date

),

visits as (

    select
        tenant_id,
        event_date,
        sum(case when not is_bot then 1 else 0 end) as sessions,
        sum(case when not is_bot and purchases > 0 then 1 else 0 end) as converted_sessions,
        sum(case when is_bot then 1 else 0 end) as bot_sessions
    from sessions
    group by tenant_id, event_date

),

sales as (

    select
        tenant_id,
        event_date,
        count(*) as purchases,
        sum(amount) as revenue,
        case when count(distinct currency) > 1 then 'MIXED' else min(currency) end as currency
    from purchases
    group by tenant_id, event_date

)

select
    activity.tenant_id,
    activity.event_date,
    cast(coalesce(visits.sessions, 0) as bigint) as sessions,
    cast(coalesce(visits.converted_sessions, 0) as bigint) as converted_sessions,
    cast(activity.users as bigint) as users,
    cast(activity.views as bigint) as views,
    cast(activity.clicks as bigint) as clicks,
    cast(coalesce(sales.purchases, 0) as bigint) as purchases,
    cast(cast(visits.converted_sessions as decimal(18, 6)) / nullif(visits.sessions, 0) as decimal(9, 6))
        as conversion_rate,
    cast(coalesce(sales.revenue, 0) as decimal(18, 2)) as revenue,
    sales.currency,
    cast(activity.events as bigint) as events,
    cast(activity.bot_events as bigint) as bot_events,
    cast(coalesce(visits.bot_sessions, 0) as bigint) as bot_sessions,
    cast(cast(activity.bot_events as decimal(18, 6)) / activity.events as decimal(9, 6)) as bot_share
from activity
left join visits
    on activity.tenant_id = visits.tenant_id and activity.event_date = visits.event_date
left join sales
    on activity.tenant_id = sales.tenant_id and activity.event_date = sales.event_date
