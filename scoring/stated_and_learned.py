"""An owner's stated stages and dates beside the learned ones.

Stages stated lower and dates stated later than the record suggests lower a quota (sandbagging); stated
higher and sooner they raise a forecast. Either may have good reasons: this tells where figures
differ, not why.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from scoring.pipeline import Pipeline
from scoring.report import Report
from scoring.stage_visits import days_of
from scoring.surprise_wins import BEFORE_DAYS
from scoring.words import Words, percent

ENOUGH_OPEN = 5
ENOUGH_WINS = 5
CLEAR_GAP = 0.10
"""From which mean difference of probability on figures count as different."""
EARLY_DAYS = 14.0
"""How much before the stated date a win must come to count as early."""
CLEAR_SHARE = 0.5

SAID_TERMS = {
    "mean_stated": Words("mean fixed weight of the stated stages", "所述阶段的平均固定权重"),
    "mean_learned": Words("mean learned win probability", "平均学习赢单概率"),
    "date_gap_days": Words("stated less learned close, median days", "所述与学习的成交日之差（天数中位数）"),
    "early_wins": Words("wins more than 14 days before the stated date", "早于所述日期14天以上的赢单比例"),
    "low_wins": Words("wins from a stage of 25 % or less", "从25%及以下阶段直接赢单的比例"),
    "off_list_wins": Words("wins recorded less than 30 days before", "赢单前不足30天才录入的比例"),
    "moves": Words("moves back for each opportunity", "每个商机的回退次数"),
}
"""What the figures are called."""


READINGS = {
    "cautious": Words(
        "stages or dates are stated later than things happen: worth asking how stages are chosen",
        "阶段或日期的填写晚于实际进展：建议沟通阶段的填写方式",
    ),
    "hopeful": Words(
        "stages are stated ahead of the record: worth asking what speaks for them",
        "阶段的填写领先于数据：建议沟通其依据",
    ),
}
"""What each pattern may mean."""


@dataclass(frozen=True)
class StatedAndLearned(Report):
    """How what an owner states compares with what is learned; figures are None where there is nothing to count.

    ``mean_stated``, ``mean_learned``, ``date_gap_days``
        Of the open opportunities: fixed weight of the stage, learned probability, and stated less learned days.
    ``early_wins``, ``low_wins``, ``off_list_wins``
        Shares of the past wins: won over 14 days before the stated date; won from a stage of 25 % or less;
        recorded less than 30 days before, or after.
    ``moves``
        Moves back for each opportunity.
    ``pattern``
        ``cautious`` or ``hopeful`` when the open figures are clear and, for cautious, past wins agree; else None.
    """

    owner: str
    open: int
    mean_stated: float | None
    mean_learned: float | None
    date_gap_days: float | None
    wins: int
    early_wins: float | None
    low_wins: float | None
    off_list_wins: float | None
    moves: float | None
    pattern: str | None
    said: Words


def stated_and_learned(pipeline: Pipeline) -> tuple[StatedAndLearned, ...]:
    """Compare for each owner, in the order of their names."""
    rows = pipeline.opportunities[pipeline.opportunities["owner"].notna()]
    rows = rows.join(_last_open(pipeline), on="opportunity_id").join(_moves_back(pipeline), on="opportunity_id")
    return tuple(_owner(str(owner), own, pipeline.as_of) for owner, own in rows.groupby("owner"))


def _last_open(pipeline: Pipeline) -> pd.DataFrame:
    """Fixed weight of the open stage that each was in before it closed."""
    weights = {(p.name, s.key): s.weight for p in pipeline.history.processes.values() for s in p.stages}
    closing = pipeline.visits[pipeline.visits["next_outcome"] == "won"]
    last = closing.drop_duplicates("opportunity_id", keep="last").set_index("opportunity_id")
    values = [weights[key] for key in zip(last["process"], last["stage"], strict=True)]
    return pd.DataFrame({"last_weight": values}, index=last.index)


def _moves_back(pipeline: Pipeline) -> pd.Series:
    visits = pipeline.visits
    back = (visits["outcome"] == "open") & (visits["next_outcome"] == "open")
    back &= visits["next_position"] < visits["position"]
    return back.groupby(visits["opportunity_id"]).sum().rename("moves_back")


def _owner(owner: str, rows: pd.DataFrame, as_of: pd.Timestamp) -> StatedAndLearned:
    here = rows[(rows["outcome"] == "open") & rows["probability"].notna() & rows["weight"].notna()]
    stated, learned = _mean(here["weight"]), _mean(here["probability"])
    gap = days_of(here["stated_close"] - here["expected_close"]).median()
    won = rows[rows["outcome"] == "won"]
    ahead = days_of(won["stated_close"] - won["closed_at"]).dropna()
    early = float((ahead > EARLY_DAYS).mean()) if len(ahead) else None
    low = _mean((won["last_weight"] <= 0.25)[won["last_weight"].notna()].astype("float64"))
    off_list = _mean((days_of(won["closed_at"] - won["recorded_at"]) < BEFORE_DAYS).astype("float64"))
    pattern = _pattern(len(here), stated, learned, len(won), (early, low, off_list))
    return StatedAndLearned(
        owner=owner,
        open=len(here),
        mean_stated=stated,
        mean_learned=learned,
        date_gap_days=None if np.isnan(gap) else float(gap),
        wins=len(won),
        early_wins=early,
        low_wins=low,
        off_list_wins=off_list,
        moves=_mean(rows["moves_back"].fillna(0)),
        pattern=pattern,
        said=_said(pattern, stated, learned),
    )


def _mean(numbers: pd.Series) -> float | None:
    mean = numbers.mean()
    return None if np.isnan(mean) else float(mean)


def _pattern(
    open_count: int, stated: float | None, learned: float | None, wins: int, late_signs: tuple[float | None, ...]
) -> str | None:
    if stated is None or learned is None or open_count < ENOUGH_OPEN:
        return None
    if stated - learned >= CLEAR_GAP:
        return "hopeful"
    agree = wins >= ENOUGH_WINS and max(share or 0.0 for share in late_signs) >= CLEAR_SHARE
    return "cautious" if learned - stated >= CLEAR_GAP and agree else None


def _said(pattern: str | None, stated: float | None, learned: float | None) -> Words:
    if stated is None or learned is None:
        return Words("nothing open to compare", "没有可比较的在手商机")
    a, b = percent(stated), percent(learned)
    figures = Words(
        f"stated stages mean {a.en} on average, the record suggests {b.en}", f"所述阶段平均为{a.zh}，数据显示为{b.zh}"
    )
    if pattern is None:
        return figures
    return Words(f"{figures.en}; {READINGS[pattern].en}", f"{figures.zh}；{READINGS[pattern].zh}")
