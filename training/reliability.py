"""Whether probabilities came true: of those given 30–40 %, how many were won, by whom it concerns and how far ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.outcomes import CENSORED, WON, Labels
from models.incidence import Incidence, clock_at
from training.draws import Draws, ratio_interval, widen_certain
from training.evaluate import calibration_error

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Records = list[dict[str, Any]]

BANDS = 10
BAND = "band"
HORIZONS = (30.0, 60.0, 90.0, 180.0)
FEWEST = 30
"""Opportunities below which a group says too little."""

END = "end"
"""Horizon of the end of the data: each snapshot is judged by as long as it was watched, open or not."""
Horizon = float | str | None
"""Days ahead, ``END``, or None for the final outcome of those that closed."""
ASKED: tuple[Horizon, ...] = (END, *HORIZONS, None)

_WORLDS = 100


@dataclass(frozen=True)
class Judged:
    """Snapshots that can be judged at a horizon, which of them were won, and by how many days, if any."""

    rows: Ints
    won: Floats
    days: Floats | None

    def win(self, answer: Incidence) -> Floats:
        """Probability that an answer gave of what is judged, shape of ``rows``."""
        mine = answer.take(self.rows)
        if self.days is None:
            return mine.win
        return np.asarray(mine.win * clock_at(mine.edges, mine.win_clock, self.days[:, None])[:, 0])


def judged_at(labels: Labels, horizon: Horizon) -> Judged:
    """Find who can be judged at a horizon.

    At so many days ahead all that were watched so long; at the end of the data everyone, by
    as long as each was watched; finally, those that closed. The last alone is biased: where
    wins are quicker than losses, those that closed by the end of the data were won more often
    than the rest will be.

    Examples
    --------
    >>> labels = Labels(np.array([5.0, 9.0]), np.array([1, 0]), np.array([40.0, 9.0]))
    >>> judged_at(labels, 30).rows, judged_at(labels, END).days, judged_at(labels, None).won
    (array([0]), array([40.,  9.]), array([1.]))
    """
    won = labels.outcome == WON
    if horizon is None:
        rows = np.flatnonzero(labels.outcome != CENSORED)
        return Judged(rows, won[rows].astype(np.float64), None)
    if horizon == END:
        return Judged(np.arange(len(won)), won.astype(np.float64), labels.watched)
    # Who closed early but was not watched so long is left out: else the quick ones stand out.
    days = float(horizon)
    rows = np.flatnonzero(labels.watched >= days)
    by_then = won[rows] & (labels.days[rows] <= days)
    return Judged(rows, by_then.astype(np.float64), np.full(len(rows), days))


def reliability_records(
    answers: Mapping[str, Incidence],
    labels: Labels,
    groupings: Mapping[str, NDArray[np.object_]],
    draws: Draws,
    horizons: Sequence[Horizon] = ASKED,
) -> Records:
    """Compare expected with actual wins by probability band, and by each grouping, at each horizon.

    Parameters
    ----------
    answers
        Answer of each method for the same n snapshots.
    labels
        What became of the snapshots.
    groupings
        Group of each snapshot by the name of the grouping, each of shape (n,); None for no group.
    draws
        Bootstrap samples over the snapshots' opportunities.
    horizons
        As ``judged_at`` takes them.

    Returns
    -------
    Records ``{method, by, group, horizon, expected, actual, n, opportunities, low, high,
    enough}``: mean probability and share won of the n snapshots of a group, bounds of 90 % of
    the share, and whether the group has at least 30 opportunities. ``by`` is ``band``, whose
    groups are 0 to 9 for 0–10 % to 90–100 %, or the name of a grouping. Bands are those of
    the probability asked at the horizon; at the end of the data those of being won at all.
    """
    coded = {by: code_groups(values) for by, values in groupings.items() if any(v is not None for v in values)}
    records: Records = []
    for horizon in horizons:
        judged = judged_at(labels, horizon)
        if not len(judged.rows):
            continue
        here = Draws(draws.place[judged.rows], draws.counts)
        # What happened in a group does not depend on who foretold it.
        shared = {by: _happened(judged.won, code[judged.rows], names, here) for by, (code, names) in coded.items()}
        for method, answer in answers.items():
            win = judged.win(answer)
            banded = answer.win[judged.rows] if horizon == END else win
            bands = np.minimum((banded * BANDS).astype(np.int64), BANDS - 1)
            groups = {BAND: _happened(judged.won, bands, list(range(BANDS)), here), **shared}
            for by, happened in groups.items():
                records += [{"method": method, "by": by, "horizon": horizon} | r for r in _compared(win, happened)]
    return records


def code_groups(values: NDArray[np.object_]) -> tuple[Ints, list[Any]]:
    """Number the groups in the order of their names, below 0 for none.

    Examples
    --------
    >>> code_groups(np.array(["web", None, "fair"], dtype=object))
    (array([ 1, -1,  0]), ['fair', 'web'])
    """
    names = sorted({str(value) for value in values if value is not None})
    place = {name: code for code, name in enumerate(names)}
    return np.array([-1 if v is None else place[str(v)] for v in values], dtype=np.int64), names


def opportunities_by_group(group: Ints, draws: Draws, size: int) -> Ints:
    """Count the opportunities that have snapshots in each group, shape (size,)."""
    kept = group >= 0
    pairs = np.unique(np.stack([group[kept], draws.place[kept]]), axis=1)
    counted: Ints = np.bincount(pairs[0], minlength=size)
    return counted


@dataclass(frozen=True)
class _Happened:
    """What happened in each group: shares won with bounds, counts; ``code`` is the group of each snapshot."""

    code: Ints
    names: list[Any]
    n: Ints
    opportunities: Ints
    share: Floats
    low: Floats
    high: Floats


def _happened(won: Floats, code: Ints, names: list[Any], draws: Draws) -> _Happened:
    size, kept = len(names), code >= 0
    n = np.bincount(code[kept], minlength=size)
    share = np.bincount(code[kept], won[kept], minlength=size) / np.maximum(n, 1)
    opportunities = opportunities_by_group(code, draws, size)
    bounds = ratio_interval(draws.sums(won, code, size), draws.sums(np.ones(len(won)), code, size))
    low, high = widen_certain(*bounds, share, opportunities)
    return _Happened(code, names, n, opportunities, share, low, high)


def _compared(win: Floats, happened: _Happened) -> Records:
    """Expected beside actual share of each group that has snapshots."""
    kept, n = happened.code >= 0, happened.n
    expected = np.bincount(happened.code[kept], win[kept], minlength=len(n)) / np.maximum(n, 1)
    return [
        {
            "group": happened.names[i],
            "expected": float(expected[i]),
            "actual": float(happened.share[i]),
            "n": int(n[i]),
            "opportunities": int(happened.opportunities[i]),
            "low": float(happened.low[i]),
            "high": float(happened.high[i]),
            "enough": bool(happened.opportunities[i] >= FEWEST),
        }
        for i in np.flatnonzero(n)
    ]


def calibration_records(
    answers: Mapping[str, Incidence],
    labels: Labels,
    draws: Draws,
    seed: int,
    horizons: Sequence[Horizon] = ASKED,
) -> Records:
    """Measure the calibration error beside that of a perfectly calibrated probability on as few.

    Returns
    -------
    Records ``{method, horizon, value, chance, chance_high, n, opportunities}``: ``chance`` is
    what ``value`` would be on average if every probability were true, ``chance_high`` what it
    would exceed in 5 % of cases.
    """
    records: Records = []
    for horizon in horizons:
        judged = judged_at(labels, horizon)
        if not len(judged.rows):
            continue
        place = draws.place[judged.rows]
        size = {"n": len(judged.rows), "opportunities": len(np.unique(place))}
        for method, answer in answers.items():
            win = judged.win(answer)
            drawn = calibration_by_chance(win, place, seed)
            found = {"value": calibration_error(win, judged.won), "chance": float(drawn.mean())}
            found |= {"chance_high": float(np.quantile(drawn, 0.95))}
            records.append({"method": method, "horizon": horizon, **found, **size})
    return records


def calibration_by_chance(win: Floats, opportunity: Ints, seed: int, worlds: int = _WORLDS) -> Floats:
    """Calibration error of true probabilities in simulated worlds, shape (worlds,).

    In each world every opportunity draws one number, and those of its snapshots are won whose
    probability is above it: the snapshots of one opportunity share its fate.

    Parameters
    ----------
    win
        Probabilities, taken to be true, shape (n,).
    opportunity
        Opportunity of each, from 0, shape (n,).

    Examples
    --------
    One coin is always half a win away from its 50 %:

    >>> calibration_by_chance(np.array([0.5]), np.array([0]), seed=0, worlds=3)
    array([0.5, 0.5, 0.5])
    """
    draw = np.random.default_rng(seed)
    fates = draw.random((worlds, int(opportunity.max()) + 1))
    return np.array([calibration_error(win, (fate[opportunity] < win).astype(np.float64)) for fate in fates])
