{{ config(dist='all', sort=['tenant_id', 'page_id']) }}

with hourly as (

    select * from {{ ref('fct_page_views_hourly') }}

)

select
    tenant_id,
    page_id,
    min(event_hour) as first_seen_hour,
    max(event_hour) as last_seen_hour,
    cast(sum(views) as bigint) as views,
    cast(sum(clicks) as bigint) as clicks,
    cast(sum(purchases) as bigint) as purchases,
    cast(sum(revenue) as decimal(18, 2)) as revenue,
    cast(sum(bot_events) as bigint) as bot_events
from hourly
group by tenant_id, page_id
