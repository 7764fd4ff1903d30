with events as (

    select * from {{ source('lake', 'clickstream_events') }}

)

select
    event_id,
    tenant_id,
    user_id,
    session_id,
    event_type,
    page_id,
    cast(event_timestamp as timestamp) as event_at,
    date_trunc('hour', cast(event_timestamp as timestamp)) as event_hour,
    event_date,
    cast(received_at as timestamp) as received_at,
    device_type,
    referrer,
    product_id,
    amount,
    currency,
    -- An event nobody classified is a person's: only what promotion marked as a bot is left out of product numbers.
    coalesce(is_bot, false) as is_bot
from events
