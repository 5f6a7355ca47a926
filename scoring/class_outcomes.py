"""What became of active, potential and hidden opportunities, and thresholds for the time there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.compiled import Floats
from features.instants import DAY, micros, micros_of
from scoring.classification import CLASSES
from scoring.learned_rates import LearnedRate, outcome_codes, rate_of
from scoring.pipeline import Pipeline
from scoring.report import Report
from scoring.stage_visits import spells
from scoring.words import Words


@dataclass(frozen=True)
class ClassOutcome(Report):
    """What became of what was in one class, from the first past score that said so.

    ``within`` counts what became of those watched for the horizon: won, lost or still open then. ``later``
    counts the class of their last past score. ``median_days_to_win`` is of those that were won.
    """

    class_key: str
    name: Words
    rate: LearnedRate
    watched: int
    within: dict[str, int]
    later: dict[str, int]
    median_days_to_win: float | None
    mean_probability: float | None


def class_outcomes(pipeline: Pipeline, past: pd.DataFrame, horizon_days: float = 90.0) -> tuple[ClassOutcome, ...]:
    """Say what became of each class.

    Parameters
    ----------
    past
        Scores of the past, each as of its instant: ``opportunity_id``, ``as_of`` (UTC), ``opportunity_class``,
        ``probability``. Those after the pipeline's ``as_of`` have no effect.
    horizon_days
        Within which the outcomes are counted.
    """
    scored = past[(past["as_of"] <= pipeline.as_of) & past["opportunity_class"].notna()]
    scored = scored.astype({"opportunity_id": "str", "opportunity_class": "str"})
    scored = scored.sort_values(["opportunity_id", "as_of"], kind="stable")
    last = scored.groupby("opportunity_id")["opportunity_class"].last()
    first = scored.drop_duplicates(["opportunity_id", "opportunity_class"])
    followed = _followed(pipeline, first).assign(later=lambda rows: rows["opportunity_id"].map(last))
    return tuple(_outcome(key, followed[followed["opportunity_class"] == key], horizon_days) for key in CLASSES)


def _followed(pipeline: Pipeline, scored: pd.DataFrame) -> pd.DataFrame:
    """Follow each score to the first close after it, or to ``as_of``."""
    ends = spells(pipeline.visits, pipeline.as_of)
    closes = ends[ends["ended"].notna()][["opportunity_id", "ended", "outcome"]].sort_values("ended", kind="stable")
    asked = scored.assign(as_of=scored["as_of"].astype("datetime64[us, UTC]")).sort_values("as_of", kind="stable")
    found = pd.merge_asof(
        asked,
        closes,
        left_on="as_of",
        right_on="ended",
        by="opportunity_id",
        direction="forward",
        allow_exact_matches=False,
    )
    until, now = micros(found["ended"].fillna(pipeline.as_of)), micros_of(pipeline.as_of)
    at = micros(found["as_of"])
    return found.assign(end=found["outcome"].fillna("open"), days=(until - at) / DAY, watched=(now - at) / DAY)


def _outcome(key: str, rows: pd.DataFrame, horizon: float) -> ClassOutcome:
    watched = rows[rows["watched"] >= horizon]
    closed = watched["days"] <= horizon
    within = {word: int((closed & (watched["end"] == word)).sum()) for word in ("won", "lost")}
    within["open"] = len(watched) - sum(within.values())
    won = rows[rows["end"] == "won"]["days"]
    mean = rows["probability"].astype("float64").mean()
    return ClassOutcome(
        class_key=key,
        name=Words(CLASSES[key]["en"], CLASSES[key]["zh-CN"]),
        rate=rate_of(rows["days"].to_numpy(np.float64), outcome_codes(rows["end"])),
        watched=len(watched),
        within=within,
        later={name: int((rows["later"] == name).sum()) for name in CLASSES},
        median_days_to_win=float(won.median()) if len(won) else None,
        mean_probability=None if np.isnan(mean) else float(mean),
    )


@dataclass(frozen=True)
class Threshold(Report):
    """From which figure on there is time for an opportunity.

    ``worked`` are at or above it: at most the capacity, fewer where several share the figure at the
    bound. ``share`` is what they hold of the sum of the figure over all. None where there is nothing to rank.
    """

    by: Words
    capacity: int
    threshold: float | None
    worked: int
    of: int
    share: float | None
    said: Words


RANKED = {
    "probability": Words("win probability", "赢单概率"),
    "expected_value": Words("expected value", "期望金额"),
}
"""Figures that a threshold is suggested of, with their names."""


def suggested_thresholds(
    pipeline: Pipeline, capacity: int, classes: Sequence[str] = tuple(CLASSES)
) -> tuple[Threshold, ...]:
    """Suggest a threshold of probability, and one of expected value, for how many can be worked.

    Parameters
    ----------
    capacity
        How many opportunities there is time for ("you can work 40 this week").
    classes
        Which classes are ranked.
    """
    rows = pipeline.open[pipeline.open["class"].isin(list(classes))]
    found = []
    for column, by in RANKED.items():
        figures = rows[column].to_numpy(np.float64)
        known = np.sort(figures[~np.isnan(figures)])[::-1]
        total = float(known.sum())
        found.append(threshold_of(known[: capacity + 1], capacity, by, len(known), total, pipeline.currency))
    return tuple(found)


def threshold_of(
    largest: Floats, capacity: int, by: Words, of: int, total: float, currency: str | None = None
) -> Threshold:
    """Suggest a threshold from the largest figures.

    Parameters
    ----------
    largest
        The largest figures, one more than the capacity where there are so many, largest first.
    of, total
        How many figures are known, and their sum.
    currency
        Of expected values, None when none is named.

    Examples
    --------
    >>> threshold_of(np.array([0.9, 0.6, 0.6]), 2, RANKED["probability"], 5, 2.4).said.en
    'you can work 2: take those with win probability of 90.0 % or more, 1'
    """
    if not len(largest) or capacity < 1:
        return Threshold(by, capacity, None, 0, of, None, Words("nothing to rank", "没有可排序的商机"))
    bound = largest[min(capacity, len(largest)) - 1]
    # Those that share the figure at the bound are all in or all out.
    if len(largest) > capacity and largest[capacity] == bound:
        above = largest[largest > bound]
        bound = above[-1] if len(above) else np.nan
    worked = int((largest >= bound).sum())
    share = float(largest[:worked].sum() / total) if total > 0 else None
    threshold = None if np.isnan(bound) else float(bound)
    return Threshold(by, capacity, threshold, worked, of, share, _said(by, capacity, threshold, worked, currency))


def unranked(by: Words, capacity: int) -> Threshold:
    """Say that figures in several currencies have no order."""
    said = Words(
        f"{by.en} is in several currencies: it has no order; choose one of them",
        f"{by.zh}有多种币种，无法排序；请选择其中一种",
    )
    return Threshold(by, capacity, None, 0, 0, None, said)


def _said(by: Words, capacity: int, threshold: float | None, worked: int, currency: str | None) -> Words:
    if threshold is None:
        return Words(
            f"more than {capacity} share the highest {by.en}: it cannot part them",
            f"超过{capacity}个商机的{by.zh}同为最高，无法据此区分",
        )
    if by == RANKED["probability"]:
        shown, zh_shown = f"{100 * threshold:.1f} %", f"{100 * threshold:.1f}%"
    else:
        amount = f"{threshold:.3g}" if threshold < 1000 else f"{threshold:,.0f}"
        shown = zh_shown = f"{amount} {currency}" if currency else amount
    return Words(
        f"you can work {capacity}: take those with {by.en} of {shown} or more, {worked}",
        f"可处理{capacity}个：选择{by.zh}不低于{zh_shown}的{worked}个",
    )
