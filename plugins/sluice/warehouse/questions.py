"""Questions a shop owner asks, answered from the marts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """A question in words, and the Redshift SQL that answers it."""

    title: str
    sql: str


TOP_PAGES = Question(
    "Which pages are seen most, and how many of their visits buy?",
    """
with pages as (
    select tenant_id, page_id, views
    from marts.dim_pages
),

visits as (
    select
        tenant_id,
        entry_page_id as page_id,
        count(*) as visits,
        sum(case when is_converted then 1 else 0 end) as converted
    from marts.fct_sessions
    group by tenant_id, entry_page_id
)

select
    pages.tenant_id,
    pages.page_id,
    pages.views,
    coalesce(visits.visits, 0) as visits_started_here,
    round(100.0 * visits.converted / nullif(visits.visits, 0), 2) as conversion_percent
from pages
left join visits on pages.tenant_id = visits.tenant_id and pages.page_id = visits.page_id
order by pages.views desc, pages.tenant_id, pages.page_id
limit 10
""".strip(),
)

SHOP_REVENUE = Question(
    "What does each shop earn, and how many of its visits buy?",
    """
select
    tenant_id,
    sum(revenue) as revenue,
    case when count(distinct currency) > 1 then 'MIXED' else min(currency) end as currency,
    sum(purchases) as purchases,
    sum(sessions) as visits,
    round(100.0 * sum(converted_sessions) / nullif(sum(sessions), 0), 2) as conversion_percent,
    round(100.0 * sum(bot_events) / sum(events), 2) as bot_percent
from marts.agg_shop_daily
group by tenant_id
order by revenue desc, tenant_id
""".strip(),
)

BUSIEST_HOURS = Question(
    "At which hour of the day (UTC) do most visits start, and how much do they buy?",
    """
select
    cast(date_part(hour, started_at) as integer) as hour_of_day,
    count(*) as visits,
    count(distinct tenant_id || '/' || user_id) as visitors,
    sum(revenue) as revenue
from marts.fct_sessions
group by 1
order by visits desc, hour_of_day
limit 5
""".strip(),
)

QUESTIONS: tuple[Question, ...] = (TOP_PAGES, SHOP_REVENUE, BUSIEST_HOURS)

MARTS: tuple[str, ...] = (
    "agg_shop_daily",
    "dim_pages",
    "dim_users",
    "fct_page_views_hourly",
    "fct_purchases",
    "fct_sessions",
    "fct_user_activity_daily",
)


def mart_rows_statement() -> str:
    """The query for ``(mart, rows)`` of every mart."""
    return "\nunion all\n".join(f"select '{mart}' as mart, count(*) as mart_rows from marts.{mart}" for mart in MARTS)
