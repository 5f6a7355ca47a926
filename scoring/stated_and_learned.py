"""An owner's stated stages and dates beside the learned ones, and beside what is usual among the other owners.

Stages stated lower and dates stated later than the record suggests lower a quota (sandbagging); stated
higher and sooner they raise a forecast. Either may have good reasons: this tells where figures
differ, not why. Fixed weights are higher than what is learned of nearly everybody, and many close before
the stated date; so an owner is held against the others: the learned probability against that of their
opportunities in the same stages, past wins against their past wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
import pandas as pd

from scoring.pipeline import Pipeline
from scoring.report import Report
from scoring.stage_visits import days_of
from scoring.surprise_wins import BEFORE_DAYS
from scoring.words import Words, percent

ENOUGH_OPEN = 5
ENOUGH_CLOSED = 5
CLEAR_GAP = 0.10
"""From which mean difference of probability on, to what is usual in the same stages, figures count as different …"""
CLEAR_ERRORS = 2.5
"""… and from how many standard errors of it."""
EARLY_DAYS = 14.0
"""How much before the stated date a win must come to count as early."""
CLEAR_SHARE = 0.25
"""From which difference of shares, to the other owners', an owner stands out …"""
CLEAR_CHANCE = 0.001
"""… and below which probability that so many come by chance: many owners are looked at."""

SAID_TERMS = {
    "mean_stated": Words("mean fixed weight of the stated stages", "所述阶段的平均固定权重"),
    "mean_learned": Words("mean learned win probability", "平均学习赢单概率"),
    "mean_usual": Words(
        "mean learned win probability of others in the same stages", "其他负责人同阶段商机的平均学习赢单概率"
    ),
    "date_gap_days": Words("stated less learned close, median days", "所述与学习的成交日之差（天数中位数）"),
    "early_wins": Words("wins more than 14 days before the stated date", "早于所述日期14天以上的赢单比例"),
    "low_wins": Words("wins from a stage of 25 % or less", "从25%及以下阶段直接赢单的比例"),
    "off_list_wins": Words("wins recorded less than 30 days before", "赢单前不足30天才录入的比例"),
    "high_losses": Words("lost of what closed from a stage of 75 % or more", "从75%及以上阶段结案的商机中丢单的比例"),
    "moves": Words("moves back for each opportunity", "每个商机的回退次数"),
}
"""What the figures are called."""


READINGS = {
    "cautious": Words(
        "more of the past wins than others' came early, from a low stage or off the list: worth asking how stages and "
        "dates are chosen",
        "以往赢单中提前成交、来自低阶段或未在册的比例明显高于其他负责人：建议沟通阶段与日期的填写方式",
    ),
    "hopeful": Words(
        "high stages are won less often than others': worth asking what speaks for the stage",
        "高阶段商机的赢单比例低于其他负责人：建议沟通阶段的依据",
    ),
}
"""What each pattern may mean."""


@dataclass(frozen=True)
class StatedAndLearned(Report):
    """How what an owner states compares with what is learned; figures are None where there is nothing to count.

    ``mean_stated``, ``mean_learned``, ``mean_usual``, ``date_gap_days``
        Of the open opportunities: fixed weight of the stage, learned probability, learned probability that
        others' opportunities have in the same stages, and stated less learned days.
    ``early_wins``, ``low_wins``, ``off_list_wins``
        Shares of the past wins: won over 14 days before the stated date; won from a stage of 25 % or less;
        recorded less than 30 days before, or after. With ``others_`` before: of the other owners' wins.
    ``high_losses``, ``others_high_losses``
        Share that was lost of what closed from a stage of 75 % or more.
    ``moves``
        Moves back for each opportunity.
    ``pattern``
        ``hopeful`` when what is open is clearly less likely than usual in its stages, or clearly more was lost from
        high stages than by others; ``cautious`` when past wins clearly came early, from low stages or off the
        list more often than others'; else None.
    """

    owner: str
    open: int
    mean_stated: float | None
    mean_learned: float | None
    mean_usual: float | None
    date_gap_days: float | None
    wins: int
    early_wins: float | None
    low_wins: float | None
    off_list_wins: float | None
    others_early_wins: float | None
    others_low_wins: float | None
    others_off_list_wins: float | None
    high_losses: float | None
    others_high_losses: float | None
    moves: float | None
    pattern: str | None
    said: Words


def stated_and_learned(pipeline: Pipeline) -> tuple[StatedAndLearned, ...]:
    """Compare for each owner, in the order of their names."""
    rows = pipeline.opportunities[pipeline.opportunities["owner"].notna()]
    rows = rows.join(_last_open(pipeline), on="opportunity_id").join(_moves_back(pipeline), on="opportunity_id")
    rows = rows.assign(usual=_usual(rows), **_signs(rows))
    return tuple(_owner(str(owner), own, rows[rows["owner"] != owner]) for owner, own in rows.groupby("owner"))


def _last_open(pipeline: Pipeline) -> pd.DataFrame:
    """Fixed weight of the open stage that each was in before it closed, won or lost."""
    weights = {(p.name, s.key): s.weight for p in pipeline.history.processes.values() for s in p.stages}
    closing = pipeline.visits[pipeline.visits["next_outcome"].isin(["won", "lost"])]
    last = closing.drop_duplicates("opportunity_id", keep="last").set_index("opportunity_id")
    values = [weights[key] for key in zip(last["process"], last["stage"], strict=True)]
    return pd.DataFrame({"last_weight": values}, index=last.index)


def _moves_back(pipeline: Pipeline) -> pd.Series:
    visits = pipeline.visits
    back = (visits["outcome"] == "open") & (visits["next_outcome"] == "open")
    back &= visits["next_position"] < visits["position"]
    return back.groupby(visits["opportunity_id"]).sum().rename("moves_back")


def _usual(rows: pd.DataFrame) -> pd.Series:
    """Mean learned probability of other owners' opportunities in the stage of each open one; NaN without any."""
    learned = rows["probability"].where(rows["outcome"] == "open")
    stage = [rows["process"], rows["stage"]]
    of_stage, of_own = (learned.groupby(by, dropna=False) for by in (stage, [*stage, rows["owner"]]))
    sums, counts = (of_stage.transform(name) - of_own.transform(name) for name in ("sum", "count"))
    return sums / counts.where(counts > 0)


def _signs(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """What past wins and losses show, 1 or 0, NaN where unknown or not asked."""
    won, lost = (rows["outcome"] == outcome for outcome in ("won", "lost"))
    ahead = days_of(rows["stated_close"] - rows["closed_at"])
    on_list = days_of(rows["closed_at"] - rows["recorded_at"])
    return {
        "early": (ahead > EARLY_DAYS).astype("float64").where(won & ahead.notna()),
        "low": (rows["last_weight"] <= 0.25).astype("float64").where(won & rows["last_weight"].notna()),
        "off_list": (on_list < BEFORE_DAYS).astype("float64").where(won),
        "high_lost": lost.astype("float64").where((won | lost) & (rows["last_weight"] >= 0.75)),
    }


def _owner(owner: str, rows: pd.DataFrame, others: pd.DataFrame) -> StatedAndLearned:
    here = rows[(rows["outcome"] == "open") & rows["probability"].notna() & rows["weight"].notna()]
    stated, learned, usual = (_mean(here[name]) for name in ("weight", "probability", "usual"))
    gap = days_of(here["stated_close"] - here["expected_close"]).median()
    own, theirs = ({sign: _mean(of[sign]) for sign in (*_LATE, "high_lost")} for of in (rows, others))
    pattern = _pattern(here, rows, others)
    return StatedAndLearned(
        owner=owner,
        open=len(here),
        mean_stated=stated,
        mean_learned=learned,
        mean_usual=usual,
        date_gap_days=None if np.isnan(gap) else float(gap),
        wins=int((rows["outcome"] == "won").sum()),
        early_wins=own["early"],
        low_wins=own["low"],
        off_list_wins=own["off_list"],
        others_early_wins=theirs["early"],
        others_low_wins=theirs["low"],
        others_off_list_wins=theirs["off_list"],
        high_losses=own["high_lost"],
        others_high_losses=theirs["high_lost"],
        moves=_mean(rows["moves_back"].fillna(0)),
        pattern=pattern,
        said=_said(pattern, stated, learned, usual),
    )


def _mean(numbers: pd.Series) -> float | None:
    mean = numbers.mean()
    return None if np.isnan(mean) else float(mean)


def _pattern(here: pd.DataFrame, rows: pd.DataFrame, others: pd.DataFrame) -> str | None:
    apart = (here["probability"] - here["usual"]).dropna()
    clear = max(CLEAR_GAP, CLEAR_ERRORS * float(apart.sem()))  # type: ignore[arg-type]
    if (len(apart) >= ENOUGH_OPEN and -float(apart.mean()) >= clear) or _stands_out(
        rows["high_lost"].dropna(), others["high_lost"].dropna()
    ):
        return "hopeful"
    return "cautious" if any(_stands_out(rows[sign].dropna(), others[sign].dropna()) for sign in _LATE) else None


_LATE = ("early", "low", "off_list")
"""Signs in past wins that stages or dates are stated low or late."""


def _stands_out(own: pd.Series, others: pd.Series) -> bool:
    """Whether an owner's share is clearly above the others', and not by chance."""
    if len(own) < ENOUGH_CLOSED or not len(others) or own.mean() - others.mean() < CLEAR_SHARE:
        return False
    # Half a win more and half a one less: what the others never did is not impossible.
    share = (float(others.sum()) + 0.5) / (len(others) + 1)
    return _at_least(int(own.sum()), len(own), share) < CLEAR_CHANCE


def _at_least(count: int, of: int, share: float) -> float:
    """Probability of at least so many of so many, each with the same share (binomial)."""
    return sum(comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(count, of + 1))


def _said(pattern: str | None, stated: float | None, learned: float | None, usual: float | None) -> Words:
    if stated is None or learned is None:
        figures = Words("nothing open to compare", "没有可比较的在手商机")
    else:
        a, b = percent(stated), percent(learned)
        figures = Words(
            f"stated stages mean {a.en} on average, the record suggests {b.en}",
            f"所述阶段平均为{a.zh}，数据显示为{b.zh}",
        )
        if usual is not None:
            c = percent(usual)
            figures = Words(f"{figures.en}; {c.en} is usual there", f"{figures.zh}；同阶段通常为{c.zh}")
    if pattern is None:
        return figures
    return Words(f"{figures.en}; {READINGS[pattern].en}", f"{figures.zh}；{READINGS[pattern].zh}")
