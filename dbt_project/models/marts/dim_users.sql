{{ config(dist='user_id', sort=['tenant_id', 'user_id']) }}

-- Rebuilt from one row per user and day, not from events: what it costs grows with active users, not with traffic, and
-- a corrected past day corrects first and last seen too, which merging only new days could not.
with activity as (

    select * from {{ ref('fct_user_activity_daily') }}

)

select
    tenant_id,
    user_id,
    min(first_seen_at) as first_seen_at,
    max(last_seen_at) as last_seen_at,
    count(*) as active_days,
    cast(sum(views) as bigint) as views,
    cast(sum(clicks) as bigint) as clicks,
    cast(sum(purchases) as bigint) as orders,
    cast(sum(revenue) as decimal(18, 2)) as lifetime_revenue
from activity
group by tenant_id, user_id
