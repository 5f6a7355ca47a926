"""Patterns in an owner's funnel that are worth a conversation, each with the figures behind it.

About how work is spread, never a verdict on a person: a pattern may have good reasons, such as a new
territory, a holiday, or records kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from features.history.history import History
from scoring.pipeline import Pipeline
from scoring.report import Report
from scoring.words import Words

PATTERNS = {
    "few_in_hand": Words("few opportunities in hand", "在手商机偏少"),
    "burst_then_drought": Words("a burst of wins, then none", "集中赢单后长期无单"),
    "busy_few_real": Words("much activity, few opportunities likely to close", "活动很多，但可望成交的商机很少"),
    "only_large": Words("only large opportunities", "只有大额商机"),
}
"""What the patterns are called (病症诊断)."""

_PATTERN_RULES = {
    "few_in_hand": Words(
        "fewer than {in_hand} opportunities in hand: chance alone makes results swing",
        "在手商机少于{in_hand}个：业绩容易大起大落",
    ),
    "burst_then_drought": Words(
        "{burst_wins} wins or more, and half of the wins of the last 360 days, within 30 days, and none in the last "
        "{drought_days} days",
        "近360天的赢单有一半以上（至少{burst_wins}个）集中在30天内，且最近{drought_days}天没有赢单",
    ),
    "busy_few_real": Words(
        "{busy:g} times the median activity of all owners or more, and less than {real_share:.0%} of what is in hand "
        "with a win probability of {real_probability:.0%} or more, and fewer such than the median of all owners",
        "活动量不低于所有负责人中位数的{busy:g}倍，而在手商机中赢单概率不低于{real_probability:.0%}的不足{real_share:.0%}，"
        "且数量低于所有负责人的中位数",
    ),
    "only_large": Words(
        "the smallest amount in hand is above the median of all owners' open amounts",
        "在手商机中最小的金额也高于全体在途金额的中位数",
    ),
}

CAUTION = Words(
    "These are patterns in what is recorded, to talk about. They may have good reasons, "
    "and are no judgement of a person.",
    "这些是数据中的工作模式，供沟通参考；可能另有合理原因，不构成对个人的评价。",
)
"""To be shown wherever patterns are."""

_NOT_OWN_WORK = ("site_visit", "email_opened", "email_clicked", "email_replied")


@dataclass(frozen=True)
class Limits(Report):
    """When a figure makes a pattern.

    Parameters
    ----------
    in_hand
        Fewer open opportunities are few.
    burst_wins, burst_share
        A 30-day window with at least so many wins, and that share of the wins of the last 360 days, is a burst.
    drought_windows
        So many 30-day windows without a win after it are a drought.
    activity_days
        How far back activity is counted.
    busy
        So many times the median activity of all owners is busy.
    real_probability, real_share
        An opportunity is likely to close from this learned probability on; a smaller share of them is few.
    least_large
        Only with so many amounts known can they all be large.
    """

    in_hand: int = 15
    burst_wins: int = 3
    burst_share: float = 0.5
    drought_windows: int = 2
    activity_days: int = 28
    busy: float = 1.25
    real_probability: float = 0.25
    real_share: float = 0.25
    least_large: int = 3


LIMITS = Limits()


def pattern_rules(limits: Limits = LIMITS) -> dict[str, Words]:
    """Say when each pattern is told, by its code.

    Examples
    --------
    >>> pattern_rules()["few_in_hand"].en
    'fewer than 15 opportunities in hand: chance alone makes results swing'
    """
    said = limits.to_dict() | {"drought_days": 30 * limits.drought_windows}
    return {code: Words(rule.en.format(**said), rule.zh.format(**said)) for code, rule in _PATTERN_RULES.items()}


@dataclass(frozen=True)
class Pattern(Report):
    """One pattern: what was found in words, and the figures."""

    code: str
    name: Words
    said: Words
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Diagnosis(Report):
    """The patterns of one owner, and the figures that were looked at.

    ``wins`` counts wins in each of the last twelve 30-day windows, oldest first. ``real`` is None where nothing
    is scored, ``smallest_value`` and ``median_of_all`` where no amount is known, ``activities`` where none are
    collected.
    """

    owner: str
    in_hand: int
    real: int | None
    activities: int | None
    wins: tuple[int, ...]
    smallest_value: float | None
    median_of_all: float | None
    patterns: tuple[Pattern, ...]
    caution: Words = field(default=CAUTION)


def diagnoses(
    pipeline: Pipeline, limits: Limits = LIMITS, where: Mapping[str, str | None] | None = None
) -> tuple[Diagnosis, ...]:
    """Look at each owner who has something open or won something in the last 360 days, by name.

    Medians are over all of these owners.
    """
    rows = pipeline.chosen(where)
    rows = rows[rows["owner"].notna()]
    recent = rows["closed_at"] > pipeline.as_of - pd.Timedelta(days=360)
    rows = rows[(rows["outcome"] == "open") | ((rows["outcome"] == "won") & recent)]
    worked = _own_activities(pipeline.history, rows, pipeline.as_of, limits.activity_days)
    owners = sorted(rows["owner"].unique())
    usual = None if worked is None else float(worked.reindex(owners, fill_value=0).median())
    median = _or_none(rows[rows["outcome"] == "open"]["value"].median())
    scored = rows[(rows["outcome"] == "open") & rows["probability"].notna()]
    likely = (scored["probability"] >= limits.real_probability).groupby(scored["owner"]).sum()
    usual_real = float(likely.reindex(owners, fill_value=0).median())
    return tuple(
        _diagnosis(
            str(owner),
            rows[rows["owner"] == owner],
            pipeline.as_of,
            None if worked is None else int(worked.get(owner, 0)),
            usual,
            usual_real,
            median,
            limits,
        )
        for owner in owners
    )


def _own_activities(history: History, rows: pd.DataFrame, as_of: pd.Timestamp, days: int) -> pd.Series | None:
    """Count what each owner's side did lately, by owner; None where no activity is collected."""
    if not set(history.activities["kind"]) - set(_NOT_OWN_WORK):
        return None
    done = history.activities
    done = done[(done["occurred_at"] <= as_of) & (done["occurred_at"] > as_of - pd.Timedelta(days=days))]
    own = ~done["kind"].isin(list(_NOT_OWN_WORK)) & (done["direction"].fillna("") != "inbound")
    done = done[own & ~done["planned"] & ~done["automated"]]
    return done["opportunity_id"].map(rows.set_index("opportunity_id")["owner"]).value_counts()


def _diagnosis(
    owner: str,
    rows: pd.DataFrame,
    as_of: pd.Timestamp,
    activities: int | None,
    usual: float | None,
    usual_real: float,
    median: float | None,
    limits: Limits,
) -> Diagnosis:
    here = rows[rows["outcome"] == "open"]
    scored = here["probability"].notna()
    real = int((here["probability"] >= limits.real_probability).sum()) if scored.any() else None
    wins, values = _wins(rows, as_of), here["value"].dropna()
    found = (
        _few_in_hand(len(here), limits),
        _burst(wins, limits),
        _busy(activities, usual, real, usual_real, int(scored.sum()), limits),
        _only_large(values, median, limits),
    )
    return Diagnosis(
        owner=owner,
        in_hand=len(here),
        real=real,
        activities=activities,
        wins=wins,
        smallest_value=_or_none(values.min()) if len(values) else None,
        median_of_all=median,
        patterns=tuple(pattern for pattern in found if pattern is not None),
    )


def _or_none(number: float) -> float | None:
    return None if np.isnan(number) else float(number)


def _wins(rows: pd.DataFrame, as_of: pd.Timestamp) -> tuple[int, ...]:
    """Wins in each of the last twelve windows of 30 days, oldest first."""
    back = (as_of - rows[rows["outcome"] == "won"]["closed_at"]).dt.total_seconds() / 86_400
    windows = (back // 30).astype("int64").value_counts()
    return tuple(int(windows.get(place, 0)) for place in reversed(range(12)))


def _few_in_hand(in_hand: int, limits: Limits) -> Pattern | None:
    if in_hand >= limits.in_hand:
        return None
    said = Words(
        f"{in_hand} in hand, fewer than {limits.in_hand}: chance alone makes their results swing",
        f"在手{in_hand}个，少于{limits.in_hand}个：业绩容易大起大落",
    )
    return _pattern("few_in_hand", said, in_hand=in_hand, limit=limits.in_hand)


def _burst(wins: tuple[int, ...], limits: Limits) -> Pattern | None:
    total, best = sum(wins), max(wins)
    is_burst = best >= limits.burst_wins and best >= limits.burst_share * total
    if not is_burst or any(wins[-limits.drought_windows :]):
        return None
    dry = wins[::-1].index(next(number for number in wins[::-1] if number))
    said = Words(
        f"{best} of {total} wins of the last 360 days within 30 days, and none in the last {30 * dry} days",
        f"近360天的{total}个赢单中有{best}个集中在30天内，最近{30 * dry}天没有赢单",
    )
    return _pattern("burst_then_drought", said, burst=best, wins=total, days_without=30 * dry)


def _busy(
    activities: int | None, usual: float | None, real: int | None, usual_real: float, scored: int, limits: Limits
) -> Pattern | None:
    if activities is None or usual is None or real is None or not usual:
        return None
    # Who has much in hand does much: few are those that are few beside others' too.
    if activities < limits.busy * usual or real >= limits.real_share * scored or real >= usual_real:
        return None
    said = Words(
        f"{activities} activities in {limits.activity_days} days (median of all: {usual:g}), and {real} of {scored} in "
        f"hand with a win probability of {100 * limits.real_probability:g} % or more",
        f"{limits.activity_days}天内{activities}次活动（所有人的中位数为{usual:g}），在手{scored}个中赢单概率不低于"
        f"{100 * limits.real_probability:g}%的仅{real}个",
    )
    return _pattern("busy_few_real", said, activities=activities, usual=usual, real=real, in_hand=scored)


def _only_large(values: pd.Series, median: float | None, limits: Limits) -> Pattern | None:
    if median is None or len(values) < limits.least_large or values.min() <= median:
        return None
    said = Words(
        f"the smallest of {len(values)} in hand is {values.min():,.0f}, above the median of all, {median:,.0f}",
        f"在手{len(values)}个中最小的为{values.min():,.0f}，高于全体中位数{median:,.0f}",
    )
    return _pattern("only_large", said, smallest=float(values.min()), median_of_all=median, in_hand=len(values))


def _pattern(code: str, said: Words, **figures: float) -> Pattern:
    return Pattern(code, PATTERNS[code], said, figures)
