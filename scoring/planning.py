"""From a target back to how many opportunities are needed at each stage: by fixed weights, and by learned rates.

The rule chains the weights: to sign 38 at the bottom 51 are needed at 75 %, 102 at 50 %, 408 at
25 %. There a percentage is a conversion from level to level. The forecast reads the same 25 %
as a win probability, by which 152 would do. Learned rates say what was won of what reached a stage.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from features.errors import DataError
from features.history.process import Process
from scoring.cut_words import stage_name
from scoring.learned_rates import LearnedRate, entry_rate, stage_entries, stage_win_rates
from scoring.pipeline import Pipeline
from scoring.report import Report
from scoring.size_mix import SizeBand, band_name
from scoring.words import Words, percent

PLAN_TERMS = {
    "chained": Words("needed, by fixed weights chained level to level", "按固定权重逐级推算所需数"),
    "as_probability": Words("needed, by fixed weight as win probability", "按固定权重作为赢单概率推算所需数"),
    "learned": Words("needed, by learned rate", "按学习所得赢率推算所需数"),
    "in_hand": Words("in hand", "在手数"),
    "missing": Words("missing", "缺口"),
}
"""What the figures are called."""

# 38 / 0.95 must not need 41 because the quotient is a hair above 40.
_HAIR = 1e-9


@dataclass(frozen=True)
class StagePlan(Report):
    """What is needed at one stage.

    ``chained`` and ``as_probability`` are None where the stage has no weight above 0, ``learned`` where nothing is
    known. ``missing`` is the learned need less what is in hand, at least 0.
    """

    stage: str
    name: Words
    weight: float | None
    chained: int | None
    as_probability: int | None
    rate: LearnedRate
    learned: int | None
    in_hand: int
    missing: int | None


@dataclass(frozen=True)
class SizePlan(Report):
    """What deals of one size need at the first stage, by the learned rate of that size, drawn to that of all.

    ``learned`` is None where nothing is known.
    """

    band: SizeBand
    name: Words
    rate: LearnedRate
    learned: int | None


@dataclass(frozen=True)
class Plan(Report):
    """What a number of wins needs at each stage, from the last stage back to the first.

    ``bands`` is the target by size, as given; ``target_amount`` their amount, None unless every band says its typical.
    """

    wins: int
    target_amount: float | None
    bands: tuple[SizeBand, ...]
    stages: tuple[StagePlan, ...]
    sizes: tuple[SizePlan, ...]
    contradiction: Words
    verdict: Words


def needed(wins: float, rate: float) -> int:
    """Round up what is needed so that a rate of it gives so many.

    Examples
    --------
    >>> needed(38, 0.75), needed(38, 0.25), needed(38, 0.95)
    (51, 152, 40)
    """
    return math.ceil(wins / rate - _HAIR)


def chained(wins: int, weights: Sequence[float]) -> list[int]:
    """Go back from wins level by level, rounding up at each; weights from the last level to the first.

    Examples
    --------
    >>> chained(38, [0.75, 0.5, 0.25])
    [51, 102, 408]
    """
    counts, count = [], wins
    for weight in weights:
        count = needed(count, weight)
        counts.append(count)
    return counts


@dataclass(frozen=True)
class StageBasis:
    """What a plan needs to know of a stage: its weight (None without), its learned rate, and what is in hand."""

    stage: str
    name: Words
    weight: float | None
    rate: LearnedRate
    in_hand: int


@dataclass(frozen=True)
class PlanBasis:
    """What plans for any target rest on: stages from the last to the first, and the rate of each size of deal."""

    stages: tuple[StageBasis, ...]
    sizes: tuple[LearnedRate, ...]

    @classmethod
    def of_kept(cls, plan: Mapping[str, Any]) -> PlanBasis:
        """Read it from a plan that was kept as JSON."""
        stages = tuple(
            StageBasis(
                one["stage"],
                Words(one["name"]["en"], one["name"]["zh-CN"]),
                one["weight"],
                LearnedRate(**one["rate"]),
                one["in_hand"],
            )
            for one in plan["stages"]
        )
        return cls(stages, tuple(LearnedRate(**one["rate"]) for one in plan["sizes"]))


def plan_for(
    pipeline: Pipeline,
    bands: Sequence[SizeBand],
    process: str | None = None,
    where: Mapping[str, str | None] | None = None,
) -> Plan:
    """Plan for a target given by size.

    Parameters
    ----------
    bands
        How many deals of each size are to be won: an input, not derived from what is open.
    where
        Values of cuts; rates are learned, and what is in hand counted, within them.

    Raises
    ------
    DataError
        No deal is to be won.
    """
    own = pipeline.process(process)
    rates = stage_win_rates(pipeline, own, where)
    rows = pipeline.chosen(where)
    in_hand = rows[(rows["outcome"] == "open") & (rows["process"] == own.name)]["stage"].value_counts().to_dict()
    stages = tuple(_stage_basis(own, key, rates[key], int(in_hand.get(key, 0))) for key in reversed(list(rates)))
    first = stage_entries(pipeline, own, where)
    first = first[first["stage"] == stages[-1].stage]
    sizes = tuple(_size_rate(band, first, stages[-1].rate) for band in bands)
    return plan_of(PlanBasis(stages, sizes), bands)


def plan_of(basis: PlanBasis, bands: Sequence[SizeBand]) -> Plan:
    """Plan for a target given by size, from what is known of stages and sizes.

    Parameters
    ----------
    basis
        With the rate of each of the bands.

    Raises
    ------
    DataError
        No deal is to be won.
    """
    wins = sum(band.deals for band in bands)
    if wins < 1:
        raise DataError(f"a target of {wins} deals", "at least one", "say how many deals of each size are to be won")
    levels = _levels(basis, wins)
    stages = tuple(_stage_plan(one, wins, levels) for one in basis.stages)
    sizes = tuple(_size_plan(band, rate) for band, rate in zip(bands, basis.sizes, strict=True))
    return Plan(wins, _amount_of(bands), tuple(bands), stages, sizes, _contradiction(wins, levels), _verdict(stages))


def _amount_of(bands: Sequence[SizeBand]) -> float | None:
    known = [band.typical * band.deals for band in bands if band.typical is not None]
    return sum(known) if len(known) == len(bands) else None


def _size_rate(band: SizeBand, entered: pd.DataFrame, of_all: LearnedRate) -> LearnedRate:
    high = math.inf if band.high is None else band.high
    inside = entered[(entered["value"] >= band.low) & (entered["value"] < high)]
    return entry_rate(inside, math.nan if of_all.rate is None else of_all.rate)


def _size_plan(band: SizeBand, rate: LearnedRate) -> SizePlan:
    return SizePlan(band, band_name(band), rate, needed(band.deals, rate.rate) if rate.rate else None)


def _levels(basis: PlanBasis, wins: int) -> dict[float, int]:
    """Chained count of each weight, from the highest to the lowest: stages of one weight are one level."""
    weights = sorted({one.weight for one in basis.stages if one.weight}, reverse=True)
    return dict(zip(weights, chained(wins, weights), strict=True))


def _stage_basis(process: Process, key: str, rate: LearnedRate, in_hand: int) -> StageBasis:
    weight = process.stage(key).weight
    return StageBasis(key, stage_name(process, key), None if math.isnan(weight) else weight, rate, in_hand)


def _stage_plan(of: StageBasis, wins: int, levels: Mapping[float, int]) -> StagePlan:
    learned = needed(wins, of.rate.rate) if of.rate.rate else None
    return StagePlan(
        stage=of.stage,
        name=of.name,
        weight=of.weight,
        chained=levels.get(of.weight) if of.weight else None,
        as_probability=needed(wins, of.weight) if of.weight else None,
        rate=of.rate,
        learned=learned,
        in_hand=of.in_hand,
        missing=None if learned is None else max(learned - of.in_hand, 0),
    )


def _contradiction(wins: int, levels: Mapping[float, int]) -> Words:
    """Say in one line how the chain contradicts the forecast's reading of the same weight."""
    if not levels:
        return Words("no stage has a fixed weight", "没有阶段有固定权重")
    weight, count = list(levels.items())[-1]
    of, share, other = percent(weight), math.prod(levels), needed(wins, weight)
    return Words(
        f"Chained, {of.en} means {count} needed, of which {100 * share:.1f} % come through every level; "
        f"the forecast reads the same {of.en} as the win probability, by which {other} would do: "
        + ("the two agree" if count == other else "both cannot be true"),
        f"逐级推算时，{of.zh}意味着需要{count}个（逐级之后{100 * share:.1f}%成交）；"
        f"而预测把同样的{of.zh}当作赢单概率，只需{other}个：" + ("两者一致" if count == other else "两者不能同时成立"),
    )


def _verdict(stages: Sequence[StagePlan]) -> Words:
    """Say what the learned rate of the first stage needs instead."""
    first = stages[-1]
    if first.learned is None or first.rate.rate is None:
        return Words("nothing is learned of the first stage yet", "尚无首个阶段的学习结果")
    rate, closed = f"{100 * first.rate.rate:.1f}", first.rate.won + first.rate.lost
    said = Words(
        f"Learned: of what enters {first.name.en} {rate} % is won, so {first.learned} are needed there "
        f"(from {closed} closed)",
        f"学习结果：进入“{first.name.zh}”的有{rate}%赢单，因此该阶段需要{first.learned}个（依据{closed}个已结束商机）",
    )
    if closed:
        return said
    return Words(f"{said.en}: with nothing closed, the fixed weight", f"{said.zh}：尚无已结束商机，即固定权重")
