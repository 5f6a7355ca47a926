"""The forecast as draws: each draw is one way in which a period may end, group by group."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from scoring.amount_risk import AmountRisk, coded
from scoring.arrivals import Arrivals
from scoring.shared_factor import Spread, centred

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.object_]

DRAWS = 2000
MANY, LARGEST, _BINS = 4000, 1000, 40
"""Beyond so many open opportunities only the largest are drawn one by one; the others in bins of probability."""
_AT_ONCE = 2_000_000
"""Opportunities times draws held at once."""


@dataclass(frozen=True)
class Draws:
    """Wins and won amounts by group in each draw, shape (draws, groups) each.

    The total of a draw is the sum over its groups, so groups sum to the total whatever is asked of it.
    """

    count: Floats
    amount: Floats

    def plus(self, other: Draws) -> Draws:
        """Add what comes from elsewhere, draw by draw."""
        return Draws(self.count + other.count, self.amount + other.amount)


@dataclass(frozen=True)
class Shared:
    """The shared factor in each draw: its spread and its value, shape (draws,)."""

    sigma: Floats
    value: Floats

    def __len__(self) -> int:
        """Count the draws."""
        return len(self.value)


def draw_shared(spread: Spread, draws: int, rng: np.random.Generator) -> Shared:
    """Draw the shared factor: half of the draws mirror the other half, so that its mean is 0."""
    half = rng.standard_normal(-(-draws // 2))
    return Shared(spread.draw(draws, rng), np.concatenate([half, -half])[:draws])


def draw_open(
    win: Floats,
    amount: Floats,
    stage: Words,
    group: Ints,
    groups: int,
    risk: AmountRisk,
    shared: Shared,
    rng: np.random.Generator,
) -> Draws:
    """Draw what becomes of the open opportunities.

    Parameters
    ----------
    win
        Probability of being won within the period, shape (n,).
    amount, stage
        As they stand, shape (n,).
    group
        Group of each, from 0, shape (n,).
    """
    code, names = coded(stage)
    if len(win) <= MANY:
        return _draw_each(win, amount, code, group, groups, risk, risk.table(names), shared, rng)
    mean, variance = risk.moments(amount, stage)
    # The largest are drawn one by one: their sum is not normal.
    large = np.zeros(len(win), dtype=bool)
    large[np.argsort(-np.nan_to_num(mean), kind="stable")[:LARGEST]] = True
    each = _draw_each(
        win[large], amount[large], code[large], group[large], groups, risk, risk.table(names), shared, rng
    )
    return each.plus(_draw_alike(win[~large], mean[~large], variance[~large], group[~large], groups, shared, rng))


def _draw_each(
    win: Floats,
    amount: Floats,
    code: Ints,
    group: Ints,
    groups: int,
    risk: AmountRisk,
    table: Floats,
    shared: Shared,
    rng: np.random.Generator,
) -> Draws:
    """Draw each opportunity by itself."""
    count, total = np.zeros((len(shared), groups)), np.zeros((len(shared), groups))
    step = max(_AT_ONCE // max(len(win), 1), 1)
    for low in range(0, len(shared), step):
        part = slice(low, low + step)
        sigma = shared.sigma[part]
        moved = centred(win, sigma) + (sigma * shared.value[part])[:, None]
        drawn, which = np.nonzero(rng.random(moved.shape) < 1 / (1 + np.exp(-moved)))
        cell, size = drawn * groups + group[which], len(sigma) * groups
        paid = risk.draw(amount[which], code[which], table, rng)
        count[part] = np.bincount(cell, minlength=size).reshape(-1, groups)
        total[part] = np.bincount(cell, paid, minlength=size).reshape(-1, groups)
    return Draws(count, total)


def _draw_alike(
    win: Floats, mean: Floats, variance: Floats, group: Ints, groups: int, shared: Shared, rng: np.random.Generator
) -> Draws:
    """Draw many opportunities together: those of a group with about the same probability as one binomial.

    Their amounts are small beside the sum, which is taken as normal: mean and variance of sampling
    so many of them without replacement (Cochran 1977), and of what each is paid.
    """
    order = np.lexsort((win, group))
    first = np.searchsorted(group[order], np.arange(groups + 1))
    edges = np.unique(np.concatenate([np.linspace(a, b, _BINS + 1) for a, b in pairwise(first)]).astype(np.int64))
    starts, size = edges[:-1], np.diff(edges).astype(np.float64)
    chance, paid, within, square = (
        np.add.reduceat(values[order], starts) / size for values in (win, mean, variance, mean**2)
    )
    between = np.maximum(square - paid**2, 0.0)
    moved = centred(chance, shared.sigma) + (shared.sigma * shared.value)[:, None]
    count = rng.binomial(size.astype(np.int64), 1 / (1 + np.exp(-moved))).astype(np.float64)
    spread = np.sqrt(count * within + count * (1 - count / size) * between)
    total = np.maximum(count * paid + spread * rng.standard_normal(count.shape), 0.0)
    member = np.zeros((len(size), groups))
    member[np.arange(len(size)), group[order][starts]] = 1.0
    return Draws(count @ member, total @ member)


def draw_new(
    arrivals: Arrivals,
    amount: Floats,
    group: Ints,
    groups: int,
    risk: AmountRisk,
    shared: Shared,
    rng: np.random.Generator,
) -> Draws:
    """Draw what opportunities not created yet bring.

    ``amount`` and ``group`` are those of ``arrivals.row``, shape (m,); amounts are those at the win.
    """
    times = arrivals.draw(shared.sigma, shared.value, rng)
    member = np.zeros((len(group), groups))
    member[np.arange(len(group)), group] = 1.0
    paid = np.where(np.isnan(amount), risk.mean_amount, amount)
    return Draws(times @ member, (times * paid[None, :]) @ member)


def certain(count: Floats, amount: Floats, draws: int) -> Draws:
    """What is won already, the same in each draw; ``count`` and ``amount`` by group."""
    return Draws(np.tile(count, (draws, 1)), np.tile(amount, (draws, 1)))
