"""Whether a recalibrated level may replace the one in service: each week judged on what was known before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.outcomes import LOST, WON, Labels
from models.calibration import Level
from models.drift import WEEK, Weeks, learn_level, watch_weeks, within_week
from models.incidence import Incidence

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

JUDGED_WEEKS = 8
"""Newest weeks to judge on, at most."""
RATIO = (0.90, 1.10)
"""What expected over actual wins may be."""
RESAMPLES = 200

_LEAST = 1e-12
_TOO_NEW = ("no week to judge on since the level in service was learned", "现役水平学得之后尚无可供评判的一周")
_NAMES = {
    "level_log_likelihood": (
        "log-likelihood of a week in service, less that with the level learned before the week",
        "现役版本对一周结果的对数似然，减去以该周之前学得的水平计算的对数似然",
    ),
    "expected_over_actual": ("expected over actual wins, in service", "预期与实际赢单之比，现役版本"),
    "expected_over_actual.level": ("expected over actual wins, recalibrated", "预期与实际赢单之比，重新校准后"),
}
_REASONS = {
    "better": ("the recalibrated level foretold the weeks after it better", "重新校准的水平更好地预测了其后各周"),
    "nearer": (
        "expected over actual wins in service lay wholly outside 0.90–1.10, recalibrated nearer to 1",
        "现役版本的预期与实际赢单之比完全在0.90–1.10之外，重新校准后更接近1",
    ),
    "neither": (
        "the recalibrated level did not foretell the weeks after it better",
        "重新校准的水平未能更好地预测其后各周",
    ),
}


@dataclass(frozen=True)
class Watched:
    """Opportunities open at the start of each of some weeks, in the order of weeks; n rows.

    Parameters
    ----------
    answer
        Of the model without any level.
    snapshots
        As the model is given them.
    labels
        What became of them.
    week
        Place of the week, 0 for the oldest, shape (n,).
    opportunities
        Which opportunity, shape (n,).
    """

    answer: Incidence
    snapshots: pd.DataFrame
    labels: Labels
    week: Ints
    opportunities: NDArray[np.object_]

    def weeks(self, column: str = "") -> Weeks:
        """What each week brought beside what was expected of it."""
        words = self.snapshots[column].to_numpy(dtype=object) if column else None
        return watch_weeks(self.answer, self.labels, self.week, words)

    def take(self, rows: NDArray[np.bool_]) -> Watched:
        """Select some of the rows."""
        return Watched(
            self.answer.take(rows),
            self.snapshots[rows],
            self.labels.take(np.flatnonzero(rows)),
            self.week[rows],
            self.opportunities[rows],
        )


@dataclass(frozen=True)
class LevelVerdict:
    """Whether a level passes, why, and by which figures: rows as of ``training.verdict``."""

    passed: bool
    reason: tuple[str, str]
    checks: tuple[Mapping[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """Describe the verdict in JSON, as the promotion log keeps it."""
        english, chinese = self.reason
        checks = [dict(row) for row in self.checks]
        return {"passed": self.passed, "reason": english, "reason_zh": chinese, "trained_until": None, "checks": checks}


def judge_level(watched: Watched, in_service: Level, first: int, column: str = "", seed: int = 0) -> LevelVerdict:
    """Compare the level in service with what recalibration would have said at the start of each newest week.

    For each week the level is learned from the weeks before it and judged on the week itself,
    so that a level which follows noise, or comes too late, is seen to be worse.

    Parameters
    ----------
    in_service
        The level of the version in service.
    first
        First week that the level in service was not learned from.
    column
        Column of the segments; empty for none.
    seed
        Draws the opportunities of the 90 % intervals.
    """
    weeks = watched.weeks(column)
    newest = int(watched.week.max()) if len(watched.week) else 0
    judged = list(range(max(first, newest - JUDGED_WEEKS + 1, 1), newest + 1))
    if not judged:
        return LevelVerdict(False, _TOO_NEW, ())
    levels = {week: learn_level(weeks.take(weeks.week < week), column) for week in judged}
    return _verdict(watched.take(watched.week >= judged[0]), in_service, levels, seed)


def _verdict(judged: Watched, in_service: Level, levels: Mapping[int, Level], seed: int) -> LevelVerdict:
    now = in_service.apply(judged.answer, judged.snapshots)
    then = [judged.take(judged.week == week) for week in levels]
    recalibrated = [level.apply(w.answer, w.snapshots) for level, w in zip(levels.values(), then, strict=True)]
    within = within_week(judged.labels)
    new_win, new_loss = (np.concatenate(parts) for parts in zip(*(_in_a_week(a) for a in recalibrated), strict=True))
    old_win, old_loss = _in_a_week(now)
    behind = _log_likelihood(within, old_win, old_loss) - _log_likelihood(within, new_win, new_loss)
    won = (within.outcome == WON).astype(np.float64)
    columns = np.stack([behind, np.ones(len(won)), won, old_win, new_win], axis=1)
    return _decided(_per_opportunity(columns, judged.opportunities), seed)


def _in_a_week(answer: Incidence) -> tuple[Floats, Floats]:
    return answer.win_by([WEEK])[:, 0], answer.loss_by([WEEK])[:, 0]


def _log_likelihood(within: Labels, win: Floats, loss: Floats) -> Floats:
    """Log-likelihood of a week's outcome: won, lost, or still open, shape (n,)."""
    chance = np.select([within.outcome == WON, within.outcome == LOST], [win, loss], 1 - win - loss)
    return np.asarray(np.log(np.maximum(chance, _LEAST)), dtype=np.float64)


def _per_opportunity(columns: Floats, opportunities: NDArray[np.object_]) -> Floats:
    """Sum rows by opportunity: weeks of one opportunity are drawn together."""
    place = pd.factorize(opportunities)[0]
    return np.stack([np.bincount(place, column) for column in columns.T], axis=1)


def _decided(sums: Floats, seed: int) -> LevelVerdict:
    draw = np.random.default_rng(seed)
    drawn = np.stack([sums[draw.integers(0, len(sums), len(sums))].sum(axis=0) for _ in range(RESAMPLES)])
    whole = sums.sum(axis=0)
    behind = _row("level_log_likelihood", whole[0] / whole[1], drawn[:, 0] / drawn[:, 1], "high < 0")
    won, drawn_won = max(whole[2], 0.5), np.maximum(drawn[:, 2], 0.5)
    limit = f"{RATIO[0]:.2f}–{RATIO[1]:.2f}"
    now = _row("expected_over_actual", whole[3] / won, drawn[:, 3] / drawn_won, limit)
    then = _row("expected_over_actual.level", whole[4] / won, drawn[:, 4] / drawn_won, limit)
    better = bool(behind["high"] < 0)
    outside = now["low"] > RATIO[1] or now["high"] < RATIO[0]
    nearer = bool(outside and abs(np.log(then["figure"])) < abs(np.log(now["figure"])))
    rows = (behind | {"passed": better}, now | {"passed": not outside}, then)
    return LevelVerdict(better or nearer, _REASONS["better" if better else "nearer" if nearer else "neither"], rows)


def _row(name: str, figure: float, drawn: Floats, limit: str) -> dict[str, Any]:
    low, high = (float(q) for q in np.quantile(drawn, [0.05, 0.95]))
    english, chinese = _NAMES[name]
    row = {"name": name, "en": english, "zh-CN": chinese, "figure": float(figure), "low": low, "high": high}
    return row | {"limit": limit, "passed": None}
