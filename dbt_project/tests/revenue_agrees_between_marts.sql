-- Revenue per shop and day is the same number wherever a reader looks: shop days, page hours (computed by the lake) and
-- user days all sum to the purchases. Fails with the shop, the day and the four sums.
with purchases as (
    select
        tenant_id,
        event_date,
        sum(amount) as revenue
    from {{ ref('fct_purchases') }}
    where {{ in_interval('event_date') }}
    group by tenant_id, event_date
),

shop_days as (
    select
        tenant_id,
        event_date,
        revenue
    from {{ ref('agg_shop_daily') }}
    where {{ in_interval('event_date') }}
),

page_hours as (
    select
        tenant_id,
        event_date,
        sum(revenue) as revenue
    from {{ ref('fct_page_views_hourly') }}
    where {{ in_interval('event_date') }}
    group by tenant_id, event_date
),

user_days as (
    select
        tenant_id,
        event_date,
        sum(revenue) as revenue
    from {{ ref('fct_user_activity_daily') }}
    where {{ in_interval('event_date') }}
    group by tenant_id, event_date
),

keys as (
    select
        tenant_id,
        event_date
    from purchases
    union
    select
        tenant_id,
        event_date
    from shop_days
    union
    select
        tenant_id,
        event_date
    from page_hours
    union
    select
        tenant_id,
        event_date
    from user_days
),

compared as (
    select
        keys.tenant_id,
        keys.event_date,
        coalesce(purchases.revenue, 0) as purchases,
        coalesce(shop_days.revenue, 0) as shop_days,
        coalesce(page_hours.revenue, 0) as page_hours,
        coalesce(user_days.revenue, 0) as user_days
    from keys
    left join purchases on keys.tenant_id = purchases.tenant_id and keys.event_date = purchases.event_date
    left join shop_days on keys.tenant_id = shop_days.tenant_id and keys.event_date = shop_days.event_date
    left join page_hours on keys.tenant_id = page_hours.tenant_id and keys.event_date = page_hours.event_date
    left join user_days on keys.tenant_id = user_days.tenant_id and keys.event_date = user_days.event_date
)

select *
from compared
where purchases <> shop_days or purchases <> page_hours or purchases <> user_days
