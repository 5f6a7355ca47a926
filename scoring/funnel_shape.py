"""The shape of a funnel: how many of those that began reached each stage, beside an ideal one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from features.errors import DataError
from features.history.process import Process
from scoring.cut_words import stage_name
from scoring.pipeline import Pipeline
from scoring.report import Report
from scoring.stage_visits import spells
from scoring.words import Words


@dataclass(frozen=True)
class Level(Report):
    """One level of a funnel: an open stage, or the win at the bottom.

    ``reached`` counts those that came at least so far, ``share`` is of those that began,
    ``conversion`` of those of the level above; ``ideal`` is the share it should be, None where nothing says so.
    ``gap`` is share less ideal.
    """

    stage: str
    name: Words
    reached: int
    share: float | None
    conversion: float | None
    ideal: float | None
    gap: float | None


@dataclass(frozen=True)
class Shape(Report):
    """The levels from the top to the win, of what began in the period; ``still_open`` may yet come further.

    ``conversion`` is from the first level to the win. ``note`` says where the ideal is from.
    """

    levels: tuple[Level, ...]
    began: int
    still_open: int
    conversion: float | None
    note: Words


_IMPLIED = Words(
    "ideal: what the fixed weights imply when each is read as a win probability",
    "理想漏斗：由固定权重（视为赢单概率）推出",
)
_GIVEN = Words("ideal: the shape that was given", "理想漏斗：由用户给定")


def shape_of(
    pipeline: Pipeline,
    process: Process,
    visits: pd.DataFrame,
    start: pd.Timestamp,
    end: pd.Timestamp,
    ideal: Sequence[float] | None = None,
) -> Shape:
    """Count how far those came that began in a period, by the end of what is known.

    One that skips a stage has reached it; one that is won has reached every level.
    """
    stages = [stage for stage in process.stages if stage.outcome == "open"]
    ends = spells(visits, pipeline.as_of)
    began = ends[(ends["begun"] >= start) & (ends["begun"] < end)]
    won = began["outcome"] == "won"
    places = [process.position(stage.key) for stage in stages]
    reached = [int((won | (began["furthest"] >= place)).sum()) for place in places] + [int(won.sum())]
    shares = _ideal_of(process, ideal)
    keys = [stage.key for stage in stages] + [_won_key(process)]
    levels = []
    for place, (key, count) in enumerate(zip(keys, reached, strict=True)):
        share = count / len(began) if len(began) else None
        above = reached[place - 1] if place else 0
        goal = shares[place]
        levels.append(
            Level(
                stage=key,
                name=stage_name(process, key),
                reached=count,
                share=share,
                conversion=count / above if above else None,
                ideal=goal,
                gap=None if share is None or goal is None else share - goal,
            )
        )
    total = reached[-1] / reached[0] if reached[0] else None
    still_open = int((began["outcome"] == "open").sum())
    return Shape(tuple(levels), len(began), still_open, total, _IMPLIED if ideal is None else _GIVEN)


def _won_key(process: Process) -> str:
    return next(stage.key for stage in process.stages if stage.outcome == "won")


def _ideal_of(process: Process, given: Sequence[float] | None) -> list[float | None]:
    """Shares of the first level; what the fixed weights imply is w(first) / w(level)."""
    weights = [stage.weight for stage in process.stages if stage.outcome == "open"]
    if given is None:
        first = next((weight for weight in weights if weight > 0), math.nan)
        shares = [first / weight if weight > 0 else math.nan for weight in [*weights, 1.0]]
        return [None if math.isnan(share) else share for share in shares]
    if len(given) != len(weights) + 1 or not given[0] > 0 or any(one < 0 for one in given):
        found = f"an ideal funnel of {len(given)} numbers"
        raise DataError(found, f"{len(weights) + 1}: one for each open stage, and the wins", "correct the numbers")
    return [one / given[0] for one in given]
