-- Every purchase of a person in the lake is one row of fct_purchases with the same amount, and nothing else is.
-- Fails with the purchase.
with lake as (
    select
        event_id,
        amount
    from {{ source('lake', 'clickstream_events') }}
    where event_type = 'purchase' and not coalesce(is_bot, false) and {{ in_interval('event_date') }}
),

mart as (
    select
        purchase_id,
        amount
    from {{ ref('fct_purchases') }}
    where {{ in_interval('event_date') }}
)

select
    lake.event_id as lake_event_id,
    mart.purchase_id as mart_purchase_id,
    lake.amount as lake_amount,
    mart.amount as mart_amount
from lake
full outer join mart on lake.event_id = mart.purchase_id
where lake.event_id is null or mart.purchase_id is null or lake.amount <> mart.amount
