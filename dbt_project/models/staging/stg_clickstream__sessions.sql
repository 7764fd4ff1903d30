with sessions as (

    select * from {{ source('lake', 'clickstream_sessions') }}

)

select
    tenant_id,
    session_id,
    user_id,
    cast(started_at as timestamp) as started_at,
    cast(ended_at as timestamp) as ended_at,
    event_date,
    duration_seconds,
    views,
    clicks,
    purchases,
    revenue,
    entry_page as entry_page_id,
    exit_page as exit_page_id,
    device_type,
    coalesce(is_bot, false) as is_bot
from sessions
