"""What a reader of a forecast must know, in English and Chinese."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scoring.arrivals import Arrivals
from scoring.shared_factor import Spread
from scoring.standing import Standing
from scoring.words import Words

Floats = NDArray[np.float64]


def notes_of(
    now_open: Standing,
    amount: Floats,
    stated: NDArray[np.bool_],
    arrivals: Arrivals,
    spread: Spread,
    priced: bool,
    timed: bool,
    old: float,
    ahead: float,
) -> tuple[Words, ...]:
    """Say what a forecast rests on, and lacks; the record is ``old``, the period ends ``ahead``, both in days."""
    return (
        *_of_time(timed),
        *_of_age(old, ahead),
        *_of_amounts(amount, priced),
        *_of_dates(now_open, stated),
        _of_arrivals(arrivals),
        _of_spread(spread),
    )


def _of_time(timed: bool) -> list[Words]:
    if timed:
        return []
    en = "the model does not know when opportunities close: whatever it expects to be won is counted in the period"
    return [Words(en, "模型尚不知商机何时关闭：所有预计赢单都计入本期间")]


def _of_age(old: float, ahead: float) -> list[Words]:
    if old >= ahead:
        return []
    en = (
        f"the record is {old:.0f} days old, the period ends in {ahead:.0f}: nobody has been watched for so long, and "
        "what is won late in it is a guess"
    )
    return [
        Words(en, f"记录只有{old:.0f}天，而期间在{ahead:.0f}天后结束：尚无商机被观察过这么久，期间后段的赢单只能猜测")
    ]


def _of_amounts(amount: Floats, priced: bool) -> list[Words]:
    unknown = int(np.isnan(amount).sum())
    if not priced:
        return [Words("no amounts are known: only numbers are forecast", "金额未知：只预测数量")]
    if not unknown:
        return []
    en = f"the amount of {unknown:,} of {len(amount):,} open opportunities is unknown: taken from past wins, not as 0"
    return [Words(en, f"{len(amount):,}个在途商机中有{unknown:,}个金额未知：按以往赢单金额估计，不计为0")]


def _of_dates(now_open: Standing, stated: NDArray[np.bool_]) -> list[Words]:
    missing = int(np.isnan(now_open.stated_close).sum())
    if not len(now_open) or not missing:
        return []
    if missing == len(now_open):
        return [
            Words(
                "no close dates are stated: the fixed weights count everything that is open",
                "没有预计成交日：固定权重计入全部在途商机",
            )
        ]
    return [
        Words(
            f"open opportunities without a stated close date, which the fixed weights leave out: {missing:,}",
            f"{missing:,}个在途商机没有预计成交日：固定权重未计入",
        )
    ]


def _of_arrivals(arrivals: Arrivals) -> Words:
    wins, days = len(arrivals.row), round(arrivals.days)
    if not wins:
        return Words(
            f"nothing created in the last {days} days was won so soon: nothing is expected of what is not created yet",
            f"近{days}天内新建的商机没有这么快赢单的：不预计尚未创建的商机",
        )
    return Words(
        f"what is not created yet is expected as the last {days} days brought it ({wins:,} wins)",
        f"尚未创建的商机按近{days}天的情况估计（{wins:,}个赢单）",
    )


def _of_spread(spread: Spread) -> Words:
    if not spread.periods:
        return Words(
            "how far opportunities move together is assumed: no past forecast is known yet",
            "商机同涨同跌的程度为假定值：尚无以往预测可供学习",
        )
    return Words(
        f"how far opportunities move together is learned from {spread.periods} past forecasts",
        f"商机同涨同跌的程度从{spread.periods}次以往预测中学得",
    )
