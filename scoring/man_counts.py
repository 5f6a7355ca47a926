"""The MAN codes of a pipeline: how many, what to do, and how often each was won."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scoring.learned_rates import LearnedRate, outcome_codes, rate_of
from scoring.pipeline import Pipeline
from scoring.qualification import ADVICE, Man, man_codes, man_of
from scoring.report import Report
from scoring.weekly_snapshots import weekly_snapshots
from scoring.words import Words

_LEVEL = {"?": math.nan, "M": 2.0, "A": 2.0, "N": 2.0}

MAN_TERMS = {
    "count": Words("open now", "当前在手数"),
    "value": Words("amount", "金额"),
    "mean_probability": Words("mean learned win probability", "平均学习赢单概率"),
    "rate": Words("won in the end, of those that had the code", "曾为该代码者最终赢单比例"),
}
"""What the figures are called."""


@dataclass(frozen=True)
class ManCount(Report):
    """One MAN code: ``count`` and ``value`` of what is open, advice, mean probability, and the learned win rate.

    The rate is over all that had the code in some past week while open, from the first such week on;
    it is not drawn to a fixed weight, which the codes have none of.
    """

    code: str
    advice: Words
    count: int
    value: float
    mean_probability: float | None
    rate: LearnedRate


def man_counts(pipeline: Pipeline, where: Mapping[str, str | None] | None = None) -> tuple[ManCount, ...]:
    """Count the eight codes, always all, then those with something unknown that occur.

    Parameters
    ----------
    where
        Values of cuts that are counted, and learned from.
    """
    rows = pipeline.chosen(where)
    here = rows[rows["outcome"] == "open"]
    past = _past_codes(pipeline)
    past = past[past["opportunity_id"].isin(rows["opportunity_id"])]
    unknown = sorted({*here["man"], *past["man"]} - set(ADVICE))
    return tuple(_count(code, here, past) for code in (*ADVICE, *unknown))


def _past_codes(pipeline: Pipeline) -> pd.DataFrame:
    """First week in which each opportunity had each code, as was known then."""
    weeks, view = weekly_snapshots(pipeline)
    return weeks.assign(man=man_codes(view)).drop_duplicates(["opportunity_id", "spell", "man"])


def _count(code: str, here: pd.DataFrame, past: pd.DataFrame) -> ManCount:
    rows, had = here[here["man"] == code], past[past["man"] == code]
    advice = _advice(code)
    mean = float(rows["probability"].mean())
    return ManCount(
        code=code,
        advice=Words(advice.en, advice.zh),
        count=len(rows),
        value=float(rows["value"].sum()),
        mean_probability=None if math.isnan(mean) else mean,
        rate=rate_of(had["days"].to_numpy(np.float64), outcome_codes(had["end"])),
    )


def _advice(code: str) -> Man:
    money, authority, need = (_LEVEL.get(letter, 0.0) for letter in code)
    return man_of(money, authority, need)
