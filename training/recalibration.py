"""A child of the champion that differs in its level only: learned from the weeks since the training, no refit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from features.as_of import known_as_of
from features.errors import DataError, NotEnoughDataError
from features.forgotten import stop_watching
from features.history.history import History
from features.instants import DAY, instant, micros
from features.labels import labels_of
from features.snapshots import build_snapshots, view_of
from models.artifact import Artifact
from models.calibration import Level
from models.drift import learn_level
from models.training_record import TrainingRecord
from scoring.forgotten import limits_from
from training.grid import open_at
from training.level_gate import LevelVerdict, Watched, judge_level

WEEKS = 26
"""Newest weeks to learn from, at most."""
RECORDED_SHARE, LONGEST_WAIT = 0.95, 14
"""The newest days are left out until this share of what happens is recorded, at most so many."""

_WEEK = 7 * DAY
_EXAMPLE_ROWS = 5


@dataclass(frozen=True)
class Recalibration:
    """A child version, the verdict on it, and what MLflow should keep.

    ``weeks`` has a row for each week: its start, what was open, won and lost, and what the
    champion's training, without any level, expected.
    """

    artifact: Artifact
    verdict: LevelVerdict
    weeks: pd.DataFrame
    record: TrainingRecord

    @property
    def level(self) -> Level:
        """The level that was learned."""
        return self.artifact.win.level


def recalibrate(
    history: History, champion: Artifact, as_of: pd.Timestamp | None = None, segment: str = "", seed: int = 0
) -> Recalibration:
    """Learn the level of the champion's hazards from the weeks since its training, and judge it.

    The level always starts from the answers that the training gave: that of a child is
    replaced and not added to. The champion itself is not changed.

    Parameters
    ----------
    history
        The recorded past; what was recorded after ``as_of`` is not used.
    champion
        The version in service: trained, or itself a child.
    as_of
        The instant to learn at; the end of the history when None.
    segment
        A column of words among the model's features whose values get a level of their own,
        such as ``stage``, or an attribute by its name; empty for one level for all.
    seed
        Draws the intervals of the gate.

    Raises
    ------
    DataError
        The history is of another origin than the model, or the model has no such column.
    NotEnoughDataError
        No whole week has passed since the training.
    """
    if history.is_flat or not champion.is_timed:
        raise DataError("a flat table", "a history with dates: a level is learned from weeks", "train it again instead")
    if champion.training["origin"] != history.origin:
        raise DataError(
            f"a history of origin {history.origin}", f"origin {champion.training['origin']}, as the model", "name it"
        )
    column = segment_column(champion, segment)
    until = as_of if as_of is not None else history.observed_until
    known = known_as_of(history, until)
    starts = week_starts(known, pd.Timestamp(champion.training["cutoff"]), until)
    watched, example = _watch(known, champion, starts, until)
    level, since = learn_level(watched.weeks(column), column), champion.training.get("level", {}).get("until")
    first = int(np.searchsorted(starts, micros(pd.Index([pd.Timestamp(since)]))[0])) if since else 0
    verdict = judge_level(watched, champion.win.level, first, column, seed)
    weeks = watched.weeks().counts(len(starts))
    weeks.insert(0, "start", pd.to_datetime(starts, unit="us", utc=True))
    artifact = _child(champion, level, verdict, weeks, instant(int(starts[-1]) + _WEEK), until)
    return Recalibration(artifact, verdict, weeks, _record(artifact, verdict, example))


def segment_column(champion: Artifact, segment: str) -> str:
    """Find the snapshot column of a segment by its name, or by that of an attribute."""
    if not segment:
        return ""
    columns = [feature.name for feature in champion.catalogue.features if feature.is_category]
    for name in (segment, f"attribute_{segment}"):
        if name in columns:
            return name
    raise DataError(f"segment {segment!r}", f"one of {', '.join(columns)}", "name a column of words of the model")


def week_starts(known: History, trained: pd.Timestamp, until: pd.Timestamp) -> np.ndarray:
    """Starts of the newest whole weeks since the training, microseconds, ascending, shape (T,).

    They end when so many days are left that nearly all of what happened before is recorded:
    as many as nearly all records of a stage took that were made in the last half-year.

    Raises
    ------
    NotEnoughDataError
        There is none.
    """
    end = int(micros(pd.Index([until]))[0]) - _days_to_wait(known, until) * DAY
    first = int(micros(pd.Index([trained]))[0])
    starts = np.array([end - _WEEK * back for back in range(1, WEEKS + 1)], dtype=np.int64)[::-1]
    starts = starts[starts >= first]
    if not len(starts):
        raise NotEnoughDataError(
            f"no whole week between the training at {trained:%Y-%m-%d} and {instant(end):%Y-%m-%d}",
            "at least one week, fully recorded",
            "recalibrate later",
        )
    return starts


def _days_to_wait(known: History, until: pd.Timestamp) -> int:
    recent = known.stage_history[known.stage_history["recorded_at"] > until - pd.Timedelta(days=182)]
    if not len(recent):
        return 0
    delays = (recent["recorded_at"] - recent["occurred_at"]).dt.total_seconds().to_numpy() / 86_400
    return min(int(np.ceil(np.quantile(delays, RECORDED_SHARE))), LONGEST_WAIT)


def _watch(known: History, champion: Artifact, starts: np.ndarray, until: pd.Timestamp) -> tuple[Watched, pd.DataFrame]:
    """What was open at each start, with the answers of the training, and a few of the snapshots."""
    limits = limits_from(champion.training)
    keys = open_at(known, starts, limits)
    if not len(keys):
        raise NotEnoughDataError("nothing open since the training", "open opportunities", "recalibrate later")
    snapshots = build_snapshots(known, keys, champion.catalogue)
    trained = replace(champion.win, level=Level())
    watched = Watched(
        answer=trained.predict(snapshots),
        snapshots=snapshots,
        labels=stop_watching(labels_of(known, keys, until), view_of(known, keys), limits),
        week=np.searchsorted(starts, micros(keys["as_of"])).astype(np.int64),
        opportunities=keys["opportunity_id"].to_numpy(dtype=object),
    )
    return watched, snapshots.tail(_EXAMPLE_ROWS).reset_index(drop=True)


def _child(
    champion: Artifact,
    level: Level,
    verdict: LevelVerdict,
    weeks: pd.DataFrame,
    learned_until: pd.Timestamp,
    as_of: pd.Timestamp,
) -> Artifact:
    """The champion's artifact with another level, and where that comes from."""
    rows = weeks.assign(start=[start.isoformat() for start in weeks["start"]]).round(3).to_dict("records")
    told = {
        **level.to_dict(),
        "as_of": as_of.isoformat(),
        "until": learned_until.isoformat(),
        "weeks": rows,
        "gate": [dict(row) for row in verdict.checks],
    }
    training = {**champion.training, "parent": champion.version, "level": told}
    return replace(champion, win=replace(champion.win, level=level), training=training, version="")


def _record(artifact: Artifact, verdict: LevelVerdict, example: pd.DataFrame) -> TrainingRecord:
    level, told = artifact.win.level, artifact.training["level"]
    parameters: dict[str, Any] = {
        "parent": artifact.training["parent"],
        "cutoff": artifact.training["cutoff"],
        "origin": artifact.training["origin"],
        "level_as_of": told["as_of"],
        "level_column": level.column,
        "weeks": len(told["weeks"]),
    }
    figures = {f"level.{name}": row["figure"] for row in verdict.checks for name in [str(row["name"])]}
    metrics = {"level_win": level.win, "level_loss": level.loss, **figures}
    return TrainingRecord(parameters, metrics, told["weeks"], verdict.to_dict(), {}, example)
