-- Nothing is lost or counted twice on the way from the lake to the marts. Compares, per day, the lake's events with the
-- events that page hours and shop days account for (people and bots together). Fails with the day and the counts.
with lake as (
    select
        event_date,
        count(*) as events
    from {{ source('lake', 'clickstream_events') }}
    where {{ in_interval('event_date') }}
    group by event_date
),

page_hours as (
    select
        event_date,
        sum(views + clicks + purchases + bot_events) as events
    from {{ ref('fct_page_views_hourly') }}
    where {{ in_interval('event_date') }}
    group by event_date
),

shop_days as (
    select
        event_date,
        sum(events) as events,
        sum(views + clicks + purchases + bot_events) as classified
    from {{ ref('agg_shop_daily') }}
    where {{ in_interval('event_date') }}
    group by event_date
),

days as (
    select event_date from lake
    union
    select event_date from page_hours
    union
    select event_date from shop_days
),

compared as (
    select
        days.event_date,
        coalesce(lake.events, 0) as lake_events,
        coalesce(page_hours.events, 0) as page_hour_events,
        coalesce(shop_days.events, 0) as shop_day_events,
        coalesce(shop_days.classified, 0) as shop_day_classified_events
    from days
    left join lake on days.event_date = lake.event_date
    left join page_hours on days.event_date = page_hours.event_date
    left join shop_days on days.event_date = shop_days.event_date
)

select *
from compared
where
    lake_events <> page_hour_events
    or lake_events <> shop_day_events
    or lake_events <> shop_day_classified_events
