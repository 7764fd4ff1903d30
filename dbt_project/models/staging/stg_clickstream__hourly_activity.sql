with hourly_activity as (

    select * from {{ source('lake', 'clickstream_hourly_activity') }}

)

select
    tenant_id,
    page_id,
    cast(event_hour as timestamp) as event_hour,
    event_date,
    views,
    clicks,
    purchases,
    unique_users,
    revenue
from hourly_activity
