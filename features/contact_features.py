"""Two-way contact: who talks with us, how often, and since when there is silence."""

from __future__ import annotations

from features.activity_counts import ActivityCounts
from features.feature import Feature
from features.view import Floats

_UNTRACKED = "missing when contact was not recorded all through"


def _feature(name: str, unit: str, en: str, zh: str, meaning: str) -> Feature:
    return Feature(name, "contact", unit, en, zh, f"{meaning}; {_UNTRACKED}.")


FEATURES = (
    _feature("two_way_7d", "count", "two-way contacts in 7 days", "7天内双向沟通次数", "Meetings, demos, calls, replies and whatever else the buyer began, in 7 days"),
    _feature("two_way_30d", "count", "two-way contacts in 30 days", "30天内双向沟通次数", "The same in 30 days"),
    _feature("two_way_90d", "count", "two-way contacts in 90 days", "90天内双向沟通次数", "The same in 90 days"),
    _feature("two_way_ever", "count", "two-way contacts", "双向沟通次数", "The same so far"),
    _feature("days_since_two_way", "days", "days of silence", "沉默天数", "Days since the last two-way contact; missing when there was none"),
    _feature("usual_gap", "days", "usual gap between contacts", "通常沟通间隔", "Mean days between two-way contacts; missing with fewer than two"),
    _feature("silence_to_gap", "number", "silence compared with the usual gap", "沉默与通常间隔相比", "Days of silence divided by the usual gap plus one"),
    _feature("contact_trend", "share", "share of the last 90 days' contacts that came in the last 30", "近90天沟通中最近30天所占比例", "Smoothed share of the last 30 days in 90 days' contacts, 1/3 is steady"),
    _feature("contact_intensity", "number", "recent contacts, the newest counting most", "近期沟通（越近权重越高）", "Two-way contacts, each counted half for every 14 days of its age"),
    _feature("buyer_initiated_30d", "count", "contacts begun by the buyer in 30 days", "30天内客户主动联系次数", "Contacts that the buyer began in 30 days"),
    _feature("days_since_buyer_initiated", "days", "days since the buyer began a contact", "距客户上次主动联系天数", "Days since then; missing when there was none"),
    _feature("meetings_30d", "count", "meetings in 30 days", "30天内会议次数", "Meetings held in 30 days"),
    _feature("meetings_ever", "count", "meetings", "会议次数", "Meetings held so far"),
    _feature("days_since_meeting", "days", "days since the last meeting", "距上次会议天数", "Days since then; missing when there was none"),
    _feature("calls_30d", "count", "calls in 30 days", "30天内电话次数", "Calls in 30 days"),
    _feature("demos_ever", "count", "demos", "演示次数", "Demos shown so far"),
    _feature("quotes_ever", "count", "quotes", "报价次数", "Quotes sent so far"),
    _feature("days_since_quote", "days", "days since the last quote", "距上次报价天数", "Days since then; missing when there was none"),
    _feature("days_to_planned_contact", "days", "days to the next planned contact", "距下次计划沟通天数", "Days to the next planned meeting, demo or call; missing when none is planned"),
)  # fmt: skip


def compute(counts: ActivityCounts) -> dict[str, Floats]:
    """Compute the contact features of each snapshot."""
    silence, gap = counts.days_since_last("two_way"), counts.usual_gap("two_way")
    return {
        **{f"two_way_{w}": counts.count("two_way", w) for w in ("7d", "30d", "90d", "ever")},
        "days_since_two_way": silence,
        "usual_gap": gap,
        "silence_to_gap": silence / (gap + 1),
        "contact_trend": counts.trend("two_way"),
        "contact_intensity": counts.intensity("two_way"),
        "buyer_initiated_30d": counts.count("buyer_initiated", "30d"),
        "days_since_buyer_initiated": counts.days_since_last("buyer_initiated"),
        "meetings_30d": counts.count("meeting", "30d"),
        "meetings_ever": counts.count("meeting", "ever"),
        "days_since_meeting": counts.days_since_last("meeting"),
        "calls_30d": counts.count("call", "30d"),
        "demos_ever": counts.count("demo", "ever"),
        "quotes_ever": counts.count("quote", "ever"),
        "days_since_quote": counts.days_since_last("quote"),
        "days_to_planned_contact": counts.days_to_planned(),
    }
