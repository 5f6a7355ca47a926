"""Activity of any kind, and of the kinds that only this source has."""

from __future__ import annotations

from features.activity_counts import ActivityCounts
from features.activity_events import own_class
from features.feature import Feature
from features.view import Floats

_UNTRACKED = "missing when it was not recorded all through"


def _feature(name: str, unit: str, en: str, zh: str, meaning: str) -> Feature:
    return Feature(name, "activity", unit, en, zh, f"{meaning}; {_UNTRACKED}.")


FEATURES = (
    _feature("activities_7d", "count", "activities in 7 days", "7天内活动次数", "Activities of any kind in 7 days"),
    _feature("activities_30d", "count", "activities in 30 days", "30天内活动次数", "Activities of any kind in 30 days"),
    _feature("activities_ever", "count", "activities", "活动次数", "Activities of any kind so far"),
    _feature("activity_days_30d", "count", "days with activity in 30 days", "30天内活动天数", "Different days with an activity of any kind in 30 days"),
    _feature("days_since_activity", "days", "days since the last activity", "距上次活动天数", "Days since the last activity of any kind; missing when there was none"),
)  # fmt: skip


def custom_features(kind: str) -> tuple[Feature, ...]:
    """Features of a kind of activity that only this source has.

    Examples
    --------
    >>> [feature.name for feature in custom_features("audit")]
    ['activity_audit_7d', 'activity_audit_ever', 'days_since_activity_audit']
    """
    words = kind.replace("_", " ")
    return (
        _feature(f"activity_{kind}_7d", "count", f"{words} in 7 days", f"7天内{words}次数", f"Activities {words} in 7 days"),
        _feature(f"activity_{kind}_ever", "count", words, f"{words}次数", f"Activities {words} so far"),
        _feature(f"days_since_activity_{kind}", "days", f"days since the last {words}", f"距上次{words}天数", f"Days since the last {words}; missing when there was none"),
    )  # fmt: skip


def compute(counts: ActivityCounts) -> dict[str, Floats]:
    """Compute the features of activity of any kind and of each of the source's own kinds."""
    columns = {
        "activities_7d": counts.count("any", "7d"),
        "activities_30d": counts.count("any", "30d"),
        "activities_ever": counts.count("any", "ever"),
        "activity_days_30d": counts.days_seen("any"),
        "days_since_activity": counts.days_since_last("any"),
    }
    for kind in counts.custom_kinds:
        columns[f"activity_{kind}_7d"] = counts.count(own_class(kind), "7d")
        columns[f"activity_{kind}_ever"] = counts.count(own_class(kind), "ever")
        columns[f"days_since_activity_{kind}"] = counts.days_since_last(own_class(kind))
    return columns
