-- Visits of the lake = visits of people in fct_sessions + bots' visits counted in agg_shop_daily, and both marts agree
-- on people's. Fails with the day and the counts.
with lake as (
    select
        event_date,
        count(*) as sessions
    from {{ source('lake', 'clickstream_sessions') }}
    where {{ in_interval('event_date') }}
    group by event_date
),

sessions as (
    select
        event_date,
        count(*) as sessions
    from {{ ref('fct_sessions') }}
    where {{ in_interval('event_date') }}
    group by event_date
),

shop_days as (
    select
        event_date,
        sum(sessions) as sessions,
        sum(bot_sessions) as bot_sessions
    from {{ ref('agg_shop_daily') }}
    where {{ in_interval('event_date') }}
    group by event_date
),

days as (
    select event_date from lake
    union
    select event_date from sessions
    union
    select event_date from shop_days
),

compared as (
    select
        days.event_date,
        coalesce(lake.sessions, 0) as lake_sessions,
        coalesce(sessions.sessions, 0) as people_sessions,
        coalesce(shop_days.sessions, 0) as shop_day_people_sessions,
        coalesce(shop_days.bot_sessions, 0) as shop_day_bot_sessions
    from days
    left join lake on days.event_date = lake.event_date
    left join sessions on days.event_date = sessions.event_date
    left join shop_days on days.event_date = shop_days.event_date
)

select *
from compared
where
    people_sessions <> shop_day_people_sessions
    or lake_sessions <> people_sessions + shop_day_bot_sessions
