"""Visits to our site: how many, how long, how lately."""

from __future__ import annotations

from features.activity_counts import ActivityCounts
from features.feature import Feature
from features.view import Floats

_UNTRACKED = "missing when visits were not tracked all through"


def _feature(name: str, unit: str, en: str, zh: str, meaning: str) -> Feature:
    return Feature(name, "site_visits", unit, en, zh, f"{meaning}; {_UNTRACKED}.")


FEATURES = (
    _feature("visits_7d", "count", "visits in 7 days", "7天内访问次数", "Visits in the last 7 days"),
    _feature("visits_30d", "count", "visits in 30 days", "30天内访问次数", "Visits in the last 30 days"),
    _feature("visits_90d", "count", "visits in 90 days", "90天内访问次数", "Visits in the last 90 days"),
    _feature("dwell_7d", "seconds", "time on site in 7 days", "7天内停留时间", "Seconds on the site in the last 7 days"),
    _feature("dwell_30d", "seconds", "time on site in 30 days", "30天内停留时间", "Seconds on the site in the last 30 days"),
    _feature("dwell_90d", "seconds", "time on site in 90 days", "90天内停留时间", "Seconds on the site in the last 90 days"),
    _feature("visit_days_30d", "count", "days with a visit in 30 days", "30天内访问天数", "Different days with a visit in the last 30 days"),
    _feature("topics_90d", "count", "topics seen in 90 days", "90天内浏览主题数", "Different pages or products in the last 90 days"),
    _feature("days_since_visit", "days", "days since the last visit", "距上次访问天数", "Days since the last visit; missing when there was none"),
    _feature("visit_intensity", "number", "recent visits, the newest counting most", "近期访问（越近权重越高）", "Visits, each counted half for every 14 days of its age"),
    _feature("visit_trend", "share", "share of the last 90 days' visits that came in the last 30", "近90天访问中最近30天所占比例", "Smoothed share of the last 30 days in 90 days' visits, 1/3 is steady"),
)  # fmt: skip


def compute(counts: ActivityCounts) -> dict[str, Floats]:
    """Compute the site-visit features of each snapshot."""
    visits = {f"visits_{w}": counts.count("site_visit", w) for w in ("7d", "30d", "90d")}
    seconds = counts.seconds("site_visit")
    dwell = {f"dwell_{w}": seconds[:, place] for place, w in enumerate(("7d", "30d", "90d"))}
    return {
        **visits,
        **dwell,
        "visit_days_30d": counts.days_seen("site_visit"),
        "topics_90d": counts.topics_seen("site_visit", "90d"),
        "days_since_visit": counts.days_since_last("site_visit"),
        "visit_intensity": counts.intensity("site_visit"),
        "visit_trend": counts.trend("site_visit"),
    }
