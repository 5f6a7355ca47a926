"""Expected over true expected wins after the level of the hazards drifted, with and without recalibration.

    python benchmarks/level_drift.py

A small world of its own with known hazards: about 100 wins a week before the drift, every
opportunity open at the start of a week is watched through it. A ridge model is trained on
what was known before, then the hazards change at one instant. Each week the level is learned
anew from the weeks since the training, with and without the gate. *True expected* wins are
those of the true hazards for all that is open then; figures are means over the seeds with
90 % intervals of the mean. Written to ``results/level_drift.json``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.outcomes import CENSORED, LOST, WON, Labels
from models.calibration import Level
from models.drift import learn_level
from models.incidence import Incidence
from models.periods import choose_edges
from models.ridge_hazards import RidgeHazards
from training.level_gate import Watched, judge_level

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RESULTS = Path(__file__).parent / "results" / "level_drift.json"

ARRIVALS = 340
"""Opportunities created a week; three in ten are won."""
WIN, LOSS = 0.3 / 60, 0.7 / 60
"""Hazards a day of the typical opportunity."""
TRAINED, DRIFT, END = 52, 64, 76
"""Weeks at which the training ends, the hazards change, and the study ends."""
FIRST_SEEN = 26
DRIFTS = {"none": (1.0, 1.0), "wins": (0.6, 1.0), "share": (0.6, 0.88 / 0.7), "pace": (0.6, 0.6)}
"""Factors of the hazards of winning and of losing: *wins* fall by 40 %; *share*: 40 % fewer are
ever won, at the pace of before for the typical one; *pace*: all slows down, as many are won in the end."""
HORIZONS = {"ever": np.inf, "28 days": 28.0}
SERVICES = ("in service", "recalibrated", "recalibrated, gated")
START = pd.Timestamp("2025-01-01", tz="UTC")
SEGMENTS = np.array(["east", "west", "north", "south"], dtype=object)


@dataclass(frozen=True)
class World:
    """Opportunities with their true hazards: shapes (n,); instants in days."""

    created: Floats
    sign: Floats
    closed: Floats
    outcome: Ints
    factors: tuple[float, float]
    drift_at: float

    def hazards(self, rows: Ints, at: float) -> tuple[Floats, Floats]:
        """True hazards of winning and of losing at an instant, a day."""
        win, loss = _before(self.sign[rows])
        up, down = self.factors if at >= self.drift_at else (1.0, 1.0)
        return up * win, down * loss

    def open_at(self, at: float) -> Ints:
        """Opportunities open at an instant."""
        return np.flatnonzero((self.created <= at) & (self.closed > at))

    def labels(self, rows: Ints, at: float, until: float) -> Labels:
        """What became of them by the end of what is known."""
        watched = np.full(len(rows), until - at)
        days = np.minimum(self.closed[rows] - at, watched)
        outcome = np.where(self.closed[rows] <= until, self.outcome[rows], CENSORED)
        return Labels(days, outcome, watched)

    def snapshots(self, rows: Ints, at: float) -> pd.DataFrame:
        """What a model is told of them."""
        as_of = pd.DatetimeIndex([START + pd.Timedelta(days=at)] * len(rows))
        index = pd.MultiIndex.from_arrays([rows, as_of], names=["opportunity_id", "as_of"])
        return pd.DataFrame({"stage": SEGMENTS[rows % 4], "sign": self.sign[rows]}, index)


def _before(sign: Floats) -> tuple[Floats, Floats]:
    return WIN * np.exp(0.8 * sign - 0.2), LOSS * np.exp(-0.3 * sign)


def make_world(seed: int, factors: tuple[float, float], arrivals: int = ARRIVALS) -> World:
    """Draw each opportunity's end: what is left of an exponential time goes on at the hazards after the drift."""
    draw, drift_at = np.random.default_rng(seed), 7.0 * DRIFT
    created = np.sort(draw.uniform(-180, 7 * END, int(arrivals * (END + 180 / 7))))
    sign = draw.normal(size=len(created))
    left, coin = draw.exponential(size=len(created)), draw.random(len(created))
    win, loss = _before(sign)
    up, down = factors
    ahead = np.maximum(drift_at - created, 0)
    early = left < (win + loss) * ahead
    later = np.maximum(created, drift_at) + (left - (win + loss) * ahead) / (up * win + down * loss)
    closed = np.where(early, created + left / (win + loss), later)
    share = np.where(early, win / (win + loss), up * win / (up * win + down * loss))
    return World(created, sign, closed, np.where(coin < share, WON, LOST), factors, drift_at)


def trained(world: World) -> RidgeHazards:
    """Train on what was open every second week of half a year, as known at the end of the training."""
    until = 7.0 * TRAINED
    parts = [(rows, 7.0 * week) for week in range(FIRST_SEEN, TRAINED, 2) for rows in [world.open_at(7.0 * week)]]
    labels = _joined([world.labels(rows, at, until) for rows, at in parts])
    snapshots = pd.concat([world.snapshots(rows, at) for rows, at in parts])
    return RidgeHazards().fit(snapshots, labels, choose_edges(labels))


def _joined(parts: list[Labels]) -> Labels:
    return Labels(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("days", "outcome", "watched")))


def watch(world: World, model: RidgeHazards, until: int) -> Watched:
    """What was open at the start of each week since the training, and what became of it."""
    parts = [(week, world.open_at(7.0 * week)) for week in range(TRAINED, until)]
    rows = np.concatenate([rows for _, rows in parts])
    week = np.concatenate([np.full(len(rows), week - TRAINED) for week, rows in parts])
    snapshots = pd.concat([world.snapshots(rows, 7.0 * week) for week, rows in parts])
    labels = _joined([world.labels(rows, 7.0 * week, 7.0 * until) for week, rows in parts])
    return Watched(model.predict(snapshots), snapshots, labels, week, rows.astype(object))


def expected(answer: Incidence) -> dict[str, float]:
    """Wins that a model expects of what is open, ever and within some days."""
    return {
        name: float(answer.win.sum() if days == np.inf else answer.win_by([days]).sum())
        for name, days in HORIZONS.items()
    }


def true_expected(world: World, rows: Ints, at: float) -> dict[str, float]:
    """Wins that the true hazards expect of what is open."""
    win, loss = world.hazards(rows, at)
    return {
        name: float((win / (win + loss) * -np.expm1(-(win + loss) * days)).sum()) for name, days in HORIZONS.items()
    }


def run(world: World, model: RidgeHazards, first: int = DRIFT - 4, last: int = END) -> Iterator[dict[str, Any]]:
    """Go through the weeks; a record for each week, service and horizon.

    At week w everything until its start is known; the figures are for what is open then, under
    the hazards that hold from then on.
    """
    gated, learned_at = Level(), TRAINED
    every = watch(world, model, last)
    for week in range(first, last + 1):
        known = every.take(every.week < week - TRAINED)
        level = learn_level(known.weeks())
        verdict = judge_level(known, gated, learned_at - TRAINED)
        if verdict.passed:
            gated, learned_at = level, week
        rows = world.open_at(7.0 * week)
        snapshots = world.snapshots(rows, 7.0 * week)
        answer, truth = model.predict(snapshots), true_expected(world, rows, 7.0 * week)
        for service, now in zip(SERVICES, (Level(), level, gated), strict=True):
            hoped = expected(now.apply(answer, snapshots))
            for name in HORIZONS:
                ratio = hoped[name] / truth[name]
                yield {"week": week - DRIFT, "service": service, "horizon": name, "ratio": ratio}


def of_seed(seed: int) -> pd.DataFrame:
    # Before the drift the worlds of a seed are the same, so one training serves all.
    model, frames = trained(make_world(seed, (1.0, 1.0))), []
    for name, factors in DRIFTS.items():
        records = pd.DataFrame(list(run(make_world(seed, factors), model)))
        frames.append(records.assign(drift=name, seed=seed))
    return pd.concat(frames, ignore_index=True)


def study(seeds: int) -> pd.DataFrame:
    with ProcessPoolExecutor(2) as pool:
        return pd.concat(pool.map(of_seed, range(seeds)), ignore_index=True)


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Mean over the seeds, the 90 % interval of the mean, and the spread of single seeds."""
    groups = found.groupby(["drift", "horizon", "service", "week"], sort=False)["ratio"]
    mean, spread, count = groups.mean(), groups.std(ddof=1), groups.count()
    half = 1.645 * spread / np.sqrt(count)
    columns = {"mean": mean, "low": mean - half, "high": mean + half, "spread": spread}
    return pd.DataFrame(columns).round(4).reset_index()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = parser.parse_args().seeds
    table = summary(study(seeds))
    for (drift, horizon), part in table.groupby(["drift", "horizon"], sort=False):
        print(f"\n{drift}: expected over true expected wins, {horizon} (mean of {seeds} seeds, 90 % of the mean)")
        said = part.assign(text=[f"{r.mean:.3f} ({r.low:.3f}–{r.high:.3f})" for r in part.itertuples()])
        print(said.pivot_table(index="week", columns="service", values="text", aggfunc="first", sort=False).to_string())
    settings = {"seeds": seeds, "arrivals": ARRIVALS, "drifts": DRIFTS, "trained": TRAINED - DRIFT}
    document = {"settings": settings, "records": table.to_dict("records")}
    RESULTS.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
