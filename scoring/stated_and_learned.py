"""An owner's stated stages and dates beside the learned ones, and beside what is usual among the other owners.

Stages stated lower and dates stated later than the record suggests lower a quota (sandbagging); stated
higher and sooner they raise a forecast. Either may have good reasons: this tells where figures
differ, not why. Fixed weights are higher than what is learned of nearly everybody, and many close before
the stated date; so an owner is held against the others: the learned probability against that of their
opportunities in the same stages, past wins against their past wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, lgamma, log, log1p
from typing import NamedTuple

import numpy as np
import pandas as pd

from scoring.pipeline import Pipeline
from scoring.report import Report
from scoring.stage_visits import days_of
from scoring.surprise_wins import BEFORE_DAYS
from scoring.words import Words, percent

ENOUGH_OPEN = 15
ENOUGH_CLOSED, ENOUGH_OTHERS = 5, 20
"""Fewest of an owner's past opportunities, and of the other owners', that can tell them apart."""
CLEAR_GAP = 0.10
"""From which mean difference of probability on, to what is usual in the same stages, figures count as different …"""
CLEAR_ERRORS = 3.5
"""… and from how many standard errors of it: many owners are looked at."""
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
    "low_wins": Words("wins from a stage below that of most wins", "从低于多数赢单所在阶段的阶段赢单的比例"),
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
    "doubtful": Words(
        "what is open is less likely to be won than others' in the same stages: worth asking what speaks for it",
        "在手商机的赢单概率低于其他负责人同阶段的商机：建议沟通其依据",
    ),
    "hopeful": Words(
        "more was lost from high stages than others lose: worth asking what speaks for a stage",
        "从高阶段丢单的比例明显高于其他负责人：建议沟通进入该阶段的依据",
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
        Shares of the past wins: won over 14 days before the stated date; won from a stage of lower fixed weight than
        most deals of the process are won from;
        recorded less than 30 days before, or after. With ``others_`` before: of the other owners' wins.
    ``high_losses``, ``others_high_losses``
        Share that was lost of what closed from a stage of 75 % or more.
    ``moves``
        Moves back for each opportunity.
    ``pattern``
        ``hopeful`` when clearly more was lost from high stages than others lose; ``doubtful`` when what is open is
        clearly less likely than usual in its stages; ``cautious`` when past wins clearly came early, from low
        stages or off the list more often than others'; else None.
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
    whole = _tallies(rows)
    return tuple(_owner(str(owner), own, whole) for owner, own in rows.groupby("owner"))


class _Tally(NamedTuple):
    """How many of how many past opportunities show a sign."""

    shown: int
    of: int

    @property
    def share(self) -> float | None:
        """None where there are too few to say."""
        return self.shown / self.of if self.of >= ENOUGH_CLOSED else None


def _tallies(rows: pd.DataFrame) -> dict[str, _Tally]:
    return {sign: _Tally(int(rows[sign].sum()), int(rows[sign].count())) for sign in (*_LATE, "high_lost")}


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
    usual = rows["last_weight"].where(won).groupby(rows["process"], dropna=False).transform("median")
    on_list = days_of(rows["closed_at"] - rows["recorded_at"])
    return {
        "early": (ahead > EARLY_DAYS).astype("float64").where(won & ahead.notna()),
        "low": (rows["last_weight"] < usual).astype("float64").where(won & rows["last_weight"].notna()),
        "off_list": (on_list < BEFORE_DAYS).astype("float64").where(won),
        "high_lost": lost.astype("float64").where((won | lost) & (rows["last_weight"] >= 0.75)),
    }


def _owner(owner: str, rows: pd.DataFrame, whole: dict[str, _Tally]) -> StatedAndLearned:
    here = rows[(rows["outcome"] == "open") & rows["probability"].notna() & rows["weight"].notna()]
    stated, learned, usual = (_mean(here[name]) for name in ("weight", "probability", "usual"))
    gap = days_of(here["stated_close"] - here["expected_close"]).median()
    own = _tallies(rows)
    theirs = {sign: _Tally(all_of.shown - own[sign].shown, all_of.of - own[sign].of) for sign, all_of in whole.items()}
    pattern = _pattern(here, own, theirs)
    return StatedAndLearned(
        owner=owner,
        open=len(here),
        mean_stated=stated,
        mean_learned=learned,
        mean_usual=usual,
        date_gap_days=None if np.isnan(gap) else float(gap),
        wins=int((rows["outcome"] == "won").sum()),
        early_wins=own["early"].share,
        low_wins=own["low"].share,
        off_list_wins=own["off_list"].share,
        others_early_wins=theirs["early"].share,
        others_low_wins=theirs["low"].share,
        others_off_list_wins=theirs["off_list"].share,
        high_losses=own["high_lost"].share,
        others_high_losses=theirs["high_lost"].share,
        moves=_mean(rows["moves_back"].fillna(0)),
        pattern=pattern,
        said=_said(pattern, stated, learned, usual),
    )


def _mean(numbers: pd.Series) -> float | None:
    mean = numbers.mean()
    return None if np.isnan(mean) else float(mean)


def _pattern(here: pd.DataFrame, own: dict[str, _Tally], theirs: dict[str, _Tally]) -> str | None:
    if _stands_out(own["high_lost"], theirs["high_lost"]):
        return "hopeful"
    apart = (here["probability"] - here["usual"]).dropna()
    clear = max(CLEAR_GAP, CLEAR_ERRORS * float(apart.sem()))  # type: ignore[arg-type]
    if len(apart) >= ENOUGH_OPEN and -float(apart.mean()) >= clear:
        return "doubtful"
    return "cautious" if any(_stands_out(own[sign], theirs[sign]) for sign in _LATE) else None


_LATE = ("early", "low", "off_list")
"""Signs in past wins that stages or dates are stated low or late."""


def _stands_out(own: _Tally, theirs: _Tally) -> bool:
    """Whether an owner's share is clearly above the others', and not by chance."""
    if (
        own.of < ENOUGH_CLOSED
        or theirs.of < ENOUGH_OTHERS
        or own.shown / own.of - theirs.shown / theirs.of < CLEAR_SHARE
    ):
        return False
    # Half a one more of one more: what the others never did is not impossible.
    return _at_least(own, (theirs.shown + 0.5) / (theirs.of + 1)) < CLEAR_CHANCE


def _at_least(own: _Tally, share: float) -> float:
    """Probability that at least so many of so many show it, each with the same share (binomial)."""

    def exactly(k: int) -> float:
        ways = lgamma(own.of + 1) - lgamma(k + 1) - lgamma(own.of - k + 1)
        return exp(ways + k * log(share) + (own.of - k) * log1p(-share))

    return sum(exactly(k) for k in range(own.shown, own.of + 1))


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
