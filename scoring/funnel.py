"""The sales funnel of a period: what came in and out of each stage, its shape, and where it leaks most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.history.process import Process
from features.reporting_calendar import Period
from scoring.cut_words import stage_name, value_name
from scoring.funnel_shape import Shape, shape_of
from scoring.pipeline import Pipeline
from scoring.report import Report
from scoring.sales_statistics import Trend, trend_of
from scoring.stage_visits import days_of
from scoring.words import Words, percent

ENOUGH_EXITS = 10
"""Fewer exits tell nothing of how much a stage leaks."""

FUNNEL_TERMS = {
    "entries": Words("entered", "进入数"),
    "exits": Words("left", "离开数"),
    "moved_on": Words("moved on", "推进数"),
    "moved_back": Words("moved back", "回退数"),
    "lost": Words("lost from here", "在此丢失数"),
    "lost_value": Words("amount lost from here", "在此丢失金额"),
    "in_hand": Words("there at the end", "期末在手数"),
    "in_hand_value": Words("amount there at the end", "期末在手金额"),
    "conversion": Words("conversion: share of exits that moved on", "转化率：离开者中推进的比例"),
    "mean_days": Words("mean days in the stage, of those that left", "离开者的平均停留天数"),
    "median_days": Words("median days in the stage, of those that left", "离开者的停留天数中位数"),
    "waiting_days": Words("median days so far, of those there", "在手者已停留天数中位数"),
    "cycle_days": Words("median days from start to win", "从开始到赢单的天数中位数"),
    "success": Words("success: share of closed that is won", "成功率：结束者中赢单的比例"),
    "leakiest": Words("the stage that leaks most", "流失最严重的阶段"),
}
"""What the figures are called."""


@dataclass(frozen=True)
class StageFigures(Report):
    """What came to a stage and left it in a period; shares and days are None where there are none."""

    stage: str
    name: Words
    entries: int
    exits: int
    moved_on: int
    moved_back: int
    lost: int
    lost_value: float
    in_hand: int
    in_hand_value: float
    conversion: float | None
    mean_days: float | None
    median_days: float | None
    waiting_days: float | None


@dataclass(frozen=True)
class Funnel(Report):
    """The funnel of a period.

    ``success`` is the share of what closed in the period that was won, ``cycle_days`` the
    median days from the start of a spell to the win, ``mean_cycle_days`` their mean. ``leakiest`` is the
    stage that lost the largest share of what left it, None where no stage was left ``ENOUGH_EXITS`` times.
    """

    process: str
    first_day: str
    last_day: str
    stages: tuple[StageFigures, ...]
    shape: Shape
    created: int
    won: int
    lost: int
    success: float | None
    cycle_days: float | None
    mean_cycle_days: float | None
    leakiest: str | None
    leak: Words


def funnel(
    pipeline: Pipeline,
    period: Period,
    process: str | None = None,
    where: Mapping[str, str | None] | None = None,
    ideal: Sequence[float] | None = None,
) -> Funnel:
    """Give the funnel of a period.

    Parameters
    ----------
    process
        Its name; may be left out when there is only one.
    where
        Values of cuts (``scoring.pipeline.CUTS``); None as a value is what is not known.
    ideal
        What would have to reach each open stage, and be won, such as 100, 80, 40, 20, 10, 5;
        what the fixed weights imply when None.

    Returns
    -------
    Moves that happened in the period. What stands in a stage stands there at its end, or at
    ``as_of`` if that is earlier.
    """
    chosen, own = pipeline.chosen(where), pipeline.process(process)
    rows = chosen[chosen["process"] == own.name]
    visits = pipeline.visits_of(rows)
    end = min(period.end, pipeline.as_of + pd.Timedelta(microseconds=1))
    stages = tuple(_figures(visits, own, place, period.start, end) for place in _open_places(own))
    won, lost = (_closed(visits, outcome, period.start, end) for outcome in ("won", "lost"))
    days = _cycle_days(visits, won)
    leakiest = _leakiest(stages)
    return Funnel(
        process=own.name,
        first_day=period.first.isoformat(),
        last_day=period.last.isoformat(),
        stages=stages,
        shape=shape_of(pipeline, own, visits, period.start, end, ideal),
        created=int(_within(rows["created_at"], period.start, end).sum()),
        won=len(won),
        lost=len(lost),
        success=_share(len(won), len(won) + len(lost)),
        cycle_days=_or_none(days.median()),
        mean_cycle_days=_or_none(days.mean()),
        leakiest=None if leakiest is None else leakiest.stage,
        leak=_leak_words(leakiest),
    )


def _open_places(process: Process) -> list[int]:
    return [place for place, stage in enumerate(process.stages) if stage.outcome == "open"]


def _within(instants: pd.Series, start: pd.Timestamp, end: pd.Timestamp) -> pd.Series:
    return (instants >= start) & (instants < end)


def _figures(
    visits: pd.DataFrame, process: Process, place: int, start: pd.Timestamp, end: pd.Timestamp
) -> StageFigures:
    stage = process.stages[place]
    here = visits[visits["stage"] == stage.key]
    exits = here[_within(here["left"], start, end)]
    on = (exits["next_outcome"] == "won") | ((exits["next_outcome"] == "open") & (exits["next_position"] > place))
    lost = exits[exits["next_outcome"] == "lost"]
    stays = here[(here["entered"] < end) & ~(here["left"] < end)]
    days, waiting = days_of(exits["left"] - exits["entered"]), days_of(end - stays["entered"])
    return StageFigures(
        stage=stage.key,
        name=stage_name(process, stage.key),
        entries=int(_within(here["entered"], start, end).sum()),
        exits=len(exits),
        moved_on=int(on.sum()),
        moved_back=len(exits) - int(on.sum()) - len(lost),
        lost=len(lost),
        lost_value=float(lost["value"].sum()),
        in_hand=len(stays),
        in_hand_value=float(stays["value"].sum()),
        conversion=_share(int(on.sum()), len(exits)),
        mean_days=_or_none(days.mean()),
        median_days=_or_none(days.median()),
        waiting_days=_or_none(waiting.median()),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _closed(visits: pd.DataFrame, outcome: str, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    return visits[(visits["outcome"] == outcome) & _within(visits["entered"], start, end)]


def _cycle_days(visits: pd.DataFrame, won: pd.DataFrame) -> pd.Series:
    begun = visits.groupby(["opportunity_id", "spell"])["entered"].min().rename("begun")
    joined = won.join(begun, on=["opportunity_id", "spell"])
    return days_of(joined["entered"] - joined["begun"])


def _leakiest(stages: Sequence[StageFigures]) -> StageFigures | None:
    judged = [stage for stage in stages if stage.exits >= ENOUGH_EXITS]
    return max(judged, key=lambda stage: stage.lost / stage.exits, default=None)


def _leak_words(stage: StageFigures | None) -> Words:
    if stage is None:
        return Words(
            f"no stage was left by {ENOUGH_EXITS} or more: too few to tell where it leaks",
            f"没有阶段有{ENOUGH_EXITS}个以上离开，样本太少，无法判断流失之处",
        )
    share = percent(stage.lost / stage.exits)
    return Words(
        f"{stage.name.en}: {stage.lost} of the {stage.exits} that left were lost there ({share.en})",
        f"{stage.name.zh}：离开的{stage.exits}个中有{stage.lost}个在此丢失（{share.zh}）",
    )


@dataclass(frozen=True)
class CutFunnel(Report):
    """The funnel of one value of a cut; None where the value is not known."""

    cut: str
    value: str | None
    name: Words
    funnel: Funnel


def funnels_by(
    pipeline: Pipeline,
    cut: str,
    period: Period,
    process: str | None = None,
    where: Mapping[str, str | None] | None = None,
) -> tuple[CutFunnel, ...]:
    """Give a funnel for each value of a cut, in the order of their names, with what is not known last."""
    chosen = pipeline.chosen(where)
    pipeline.chosen({cut: None})  # refuses what is no cut
    values: list[str | None] = [str(value) for value in sorted(chosen[cut].dropna().unique())]
    values += [None] * bool(chosen[cut].isna().any())
    return tuple(
        CutFunnel(cut, value, value_name(cut, value), funnel(pipeline, period, process, {**(where or {}), cut: value}))
        for value in values
    )


@dataclass(frozen=True)
class FunnelTrends(Report):
    """Where the figures of a funnel go from period to period."""

    created: Trend
    won: Trend
    success: Trend
    cycle_days: Trend
    conversions: Mapping[str, Trend]
    median_days: Mapping[str, Trend]


def trends_of(funnels: Sequence[Funnel]) -> FunnelTrends:
    """Say where the funnels of consecutive periods go; leave out a period that is not over."""
    by_stage = [{stage.stage: stage for stage in one.stages} for one in funnels]
    keys = list(by_stage[0]) if by_stage else []
    return FunnelTrends(
        created=trend_of([float(one.created) for one in funnels]),
        won=trend_of([float(one.won) for one in funnels]),
        success=trend_of([one.success for one in funnels]),
        cycle_days=trend_of([one.cycle_days for one in funnels]),
        conversions={key: trend_of([stages[key].conversion for stages in by_stage]) for key in keys},
        median_days={key: trend_of([stages[key].median_days for stages in by_stage]) for key in keys},
    )


def funnels_over_time(
    pipeline: Pipeline,
    periods: Sequence[Period],
    process: str | None = None,
    where: Mapping[str, str | None] | None = None,
) -> tuple[Funnel, ...]:
    """Give the funnel of each period."""
    return tuple(funnel(pipeline, period, process, where) for period in periods)
