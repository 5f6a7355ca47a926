"""The time quadrant: where to put time, by learned expected value and learned time to close (客户分类 ABCD)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scoring.pipeline import Pipeline
from scoring.report import Report
from scoring.stage_visits import days_of
from scoring.words import Words

QUADRANTS = {
    "A": (Words("large and soon", "大且快"), Words("all out", "全力以赴")),
    "B": (Words("small and soon", "小且快"), Words("limit the time", "限制投入时间")),
    "C": (
        Words("large and far", "大且慢"),
        Words("watch for change, keep warm", "关注变化，保持联系"),
    ),
    "D": (Words("small and far", "小且慢"), Words("last", "最后处理")),
}
"""What each letter means, and what to do, in English and Chinese."""


@dataclass(frozen=True)
class Quarter(Report):
    """One letter of the quadrant: what is in it, the most valuable first."""

    letter: str
    name: Words
    advice: Words
    count: int
    expected_value: float
    opportunity_ids: tuple[str, ...]


@dataclass(frozen=True)
class Quadrant(Report):
    """The open opportunities by expected value (at least ``large``) and days to close (at most ``soon_days``).

    ``unplaced`` have no known amount, no probability or no learned close.
    """

    large: float | None
    soon_days: float | None
    currency: str | None
    quarters: tuple[Quarter, ...]
    unplaced: int


def quadrant(
    pipeline: Pipeline,
    *,
    large: float | None = None,
    soon_days: float | None = None,
    where: Mapping[str, str | None] | None = None,
) -> Quadrant:
    """Place the open opportunities.

    Parameters
    ----------
    large
        From which expected value an opportunity is large; the median of those placed when None.
    soon_days
        Up to how many days to the expected close it is soon; the median when None.
    """
    rows = pipeline.chosen(where)
    rows = rows[rows["outcome"] == "open"]
    days = days_of(rows["expected_close"] - pipeline.as_of)
    known = rows["expected_value"].notna() & days.notna()
    placed, days = rows[known], days[known]
    large = _median(placed["expected_value"]) if large is None else large
    soon_days = _median(days) if soon_days is None else soon_days
    big = placed["expected_value"] >= (np.inf if large is None else large)
    soon = days <= (-np.inf if soon_days is None else soon_days)
    letters = pd.Series(np.select([big & soon, ~big & soon, big], ["A", "B", "C"], "D"), placed.index, dtype="str")
    quarters = tuple(_quarter(letter, placed[letters == letter]) for letter in QUADRANTS)
    return Quadrant(large, soon_days, pipeline.currency, quarters, int((~known).sum()))


def _median(numbers: pd.Series) -> float | None:
    return float(numbers.median()) if len(numbers) else None


def _quarter(letter: str, rows: pd.DataFrame) -> Quarter:
    name, advice = QUADRANTS[letter]
    in_order = rows.sort_values(["expected_value", "opportunity_id"], ascending=[False, True])
    ids = tuple(in_order["opportunity_id"])
    return Quarter(letter, name, advice, len(rows), float(rows["expected_value"].sum()), ids)
