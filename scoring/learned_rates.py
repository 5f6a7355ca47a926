"""How often what begins is won in the end, learned from what began: those still open count for as long as seen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.compiled import Floats
from features.history.process import Process
from features.outcomes import CENSORED, LOST, WON
from scoring.pipeline import Pipeline
from scoring.report import Report
from scoring.stage_visits import days_of, spells

PRIOR = 10.0
"""A rate is drawn to the fixed weight as if 10 more had closed at it."""

_Z80 = 1.2815515655446004
_CODES = {"open": CENSORED, "won": WON, "lost": LOST}


@dataclass(frozen=True)
class LearnedRate(Report):
    """Share that is won in the end.

    Parameters
    ----------
    began, won, lost, still_open
        What was counted.
    raw
        Share by the record alone; None when nothing closed.
    rate
        Share drawn to the fixed weight by ``PRIOR``; None where there is neither record nor weight.
    low, high
        Bounds of the middle 80 % of where it may be.
    """

    began: int
    won: int
    lost: int
    still_open: int
    raw: float | None
    rate: float | None
    low: float | None
    high: float | None


def won_in_the_end(days: Floats, outcome: NDArray[np.int64]) -> float:
    """Estimate the share that is won in the end, with those still open counted for as long as they were seen.

    Aalen and Johansen's estimator of competing risks; what remains open at the end of the
    record is shared out by the numbers won and lost. Closed ones alone would overstate wins
    where losses are slower.

    Parameters
    ----------
    days, outcome
        Days to the close or to the end of the record; 0 still open, 1 won, 2 lost; shape (n,).

    Returns
    -------
    The share, in [0, 1]; NaN when nothing closed.

    Examples
    --------
    >>> won_in_the_end(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 2, 0, 2]))
    0.25
    >>> won_in_the_end(np.array([1.0, 2.0, 1.5]), np.array([1, 2, 0]))
    0.333...
    """
    won, lost = (int((outcome == code).sum()) for code in (WON, LOST))
    if not won + lost:
        return math.nan
    order = np.argsort(days, kind="stable")
    times, first = np.unique(days[order], return_index=True)
    at_risk = len(days) - first
    wins = np.add.reduceat((outcome[order] == WON).astype(np.float64), first)
    closes = np.add.reduceat((outcome[order] != CENSORED).astype(np.float64), first)
    after = np.cumprod(1 - closes / at_risk)
    before = np.concatenate([[1.0], after[:-1]])
    return float((before * wins / at_risk).sum() + after[-1] * won / (won + lost))


def rate_of(days: Floats, outcome: NDArray[np.int64], weight: float = math.nan) -> LearnedRate:
    """Learn a rate from what began, drawn to a fixed weight; to the record alone where the weight is NaN.

    Examples
    --------
    >>> rate_of(np.ones(10), np.array([1, 2] * 5), 0.25).rate
    0.375
    """
    won, lost = (int((outcome == code).sum()) for code in (WON, LOST))
    raw, closed = won_in_the_end(days, outcome), won + lost
    drawn = raw if math.isnan(weight) else (closed * raw + PRIOR * weight) / (closed + PRIOR)
    rate = drawn if closed else weight
    low, high = _bounds(rate, closed + (0 if math.isnan(weight) else PRIOR))
    counts = (len(days), won, lost, len(days) - closed)
    return LearnedRate(*counts, *(None if math.isnan(x) else float(x) for x in (raw, rate, low, high)))


def _bounds(rate: float, seen: float) -> tuple[float, float]:
    """Wilson's interval of 80 %."""
    if not seen or math.isnan(rate):
        return math.nan, math.nan
    z2 = _Z80**2
    middle, half = rate + z2 / (2 * seen), _Z80 * math.sqrt(rate * (1 - rate) / seen + z2 / (4 * seen**2))
    return (middle - half) / (1 + z2 / seen), (middle + half) / (1 + z2 / seen)


def stage_win_rates(
    pipeline: Pipeline, process: Process, where: Mapping[str, str | None] | None = None
) -> dict[str, LearnedRate]:
    """Learn of each open stage how often what entered it was won in the end.

    A stage counts from its first visit in a spell. Which other stages came between does not matter.
    """
    entered = stage_entries(pipeline, process, where)
    open_stages = [stage for stage in process.stages if stage.outcome == "open"]
    return {stage.key: entry_rate(entered[entered["stage"] == stage.key], stage.weight) for stage in open_stages}


def entry_rate(entered: pd.DataFrame, weight: float) -> LearnedRate:
    """Learn the rate of some of ``stage_entries``."""
    return rate_of(entered["days"].to_numpy(np.float64), outcome_codes(entered["end"]), weight)


def stage_entries(pipeline: Pipeline, process: Process, where: Mapping[str, str | None] | None = None) -> pd.DataFrame:
    """List the first visits to each open stage in each spell.

    Returns
    -------
    DataFrame with ``opportunity_id``, ``spell``, ``stage``, ``value``, ``end`` (outcome of the spell) and
    ``days`` from entering to the end, or to ``as_of``.
    """
    chosen = pipeline.chosen(where)
    visits = pipeline.visits_of(chosen[chosen["process"] == process.name])
    ends = spells(visits, pipeline.as_of)[["opportunity_id", "spell", "ended", "outcome"]].rename(
        columns={"outcome": "end"}
    )
    visits = visits[visits["outcome"] == "open"].drop_duplicates(["opportunity_id", "spell", "stage"])
    entered = visits.merge(ends, on=["opportunity_id", "spell"])
    return entered.assign(days=days_of(entered["ended"].fillna(pipeline.as_of) - entered["entered"]))


def outcome_codes(outcome: pd.Series) -> NDArray[np.int64]:
    """Write outcomes as ``won_in_the_end`` takes them."""
    return np.array([_CODES[word] for word in outcome], dtype=np.int64)
