"""Enriched tables of the clickstream: hourly activity and sessions, each a function of curated events.

Both take the DataFrame of ``curated.clickstream_events`` and return rows of exactly one interval, so that a run
replaces
what it computed and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluice.lake.interval import Interval

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_MONEY = "decimal(18,2)"


def _count(condition: Column) -> Column:
    from pyspark.sql import functions as F

    return F.count(F.when(condition, F.lit(1))).cast("bigint")


def _revenue() -> Column:
    from pyspark.sql import functions as F

    amount = F.when(F.col("event_type") == "purchase", F.col("amount"))
    return F.coalesce(F.sum(amount), F.lit(0)).cast(_MONEY)


def hourly_activity(events: DataFrame, interval: Interval) -> DataFrame:
    """Activity of people (no bots) per tenant, hour and page.

    Parameters
    ----------
    events : DataFrame
        Curated events.
    interval : Interval
        Days to compute.

    Returns
    -------
    DataFrame
        tenant_id, event_hour (timestamp), event_date, page_id, views, clicks, purchases, unique_users (bigint),
        revenue (decimal(18,2), in the events' currency).
    """
    from pyspark.sql import functions as F

    kind = F.col("event_type")
    return (
        events.where(interval.contains("event_timestamp"))
        .where(~F.col("is_bot"))
        .groupBy("tenant_id", F.date_trunc("hour", "event_timestamp").alias("event_hour"), "event_date", "page_id")
        .agg(
            _count(kind == "view").alias("views"),
            _count(kind == "click").alias("clicks"),
            _count(kind == "purchase").alias("purchases"),
            F.countDistinct("user_id").alias("unique_users"),
            _revenue().alias("revenue"),
        )
    )


def sessions(events: DataFrame, interval: Interval) -> DataFrame:
    """Sessions that start in the interval, as the shop's tracker marks them by ``session_id``.

    Parameters
    ----------
    events : DataFrame
        Curated events from one day before the interval to one day after it, so that a session over midnight is whole
        and belongs to the day it started.

    Returns
    -------
    DataFrame
        One row per tenant and session: tenant_id, session_id, user_id, started_at, ended_at, event_date (of the start),
        duration_seconds, views, clicks, purchases, revenue, entry_page, exit_page, device_type, is_bot.
    """
    from pyspark.sql import functions as F

    kind = F.col("event_type")
    # Two events of the same millisecond: the id decides, so that every run picks the same page.
    order = F.struct("event_timestamp", "event_id")
    return (
        events.groupBy("tenant_id", "session_id")
        .agg(
            F.min_by("user_id", order).alias("user_id"),
            F.min("event_timestamp").alias("started_at"),
            F.max("event_timestamp").alias("ended_at"),
            _count(kind == "view").alias("views"),
            _count(kind == "click").alias("clicks"),
            _count(kind == "purchase").alias("purchases"),
            _revenue().alias("revenue"),
            F.min_by("page_id", order).alias("entry_page"),
            F.max_by("page_id", order).alias("exit_page"),
            F.min_by("device_type", order).alias("device_type"),
            F.max("is_bot").alias("is_bot"),
        )
        .where(interval.contains("started_at"))
        .withColumn("event_date", F.to_date("started_at"))
        .withColumn("duration_seconds", F.unix_timestamp("ended_at") - F.unix_timestamp("started_at"))
    )
