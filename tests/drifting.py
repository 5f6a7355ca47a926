"""A history whose hazards change at one instant, and a model of what was before."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.history.history import Attribute, History, build_history
from features.labels import labels_of
from features.past_results import freeze, recorded_results
from features.snapshots import build_snapshots, catalogue_of
from models.artifact import Artifact
from models.blend import Blend
from models.clock import Clock
from models.constant import Constant
from models.hazard_blend import HazardBlend
from training.grid import open_at

START = pd.Timestamp("2025-01-01", tz="UTC")
WIN, LOSS = 0.3 / 30, 0.7 / 30
TRAINED, END = 140.0, 280.0


def at(day: float) -> pd.Timestamp:
    return (START + pd.Timedelta(days=day)).as_unit("us")


def drifting(
    factor: float, drift: float = 238.0, seed: int = 0, only: str = "", told_after: float = 0.0, a_week: int = 200
) -> History:
    """Constant hazards, that of winning multiplied from a day on: everywhere, or in one region only.

    Sixty wins a week before the drift; every record is told some days after.
    """
    draw = np.random.default_rng(seed)
    created = np.sort(draw.uniform(0, END, int(a_week * END / 7)))
    region = np.array(["east", "west"], dtype=object)[np.arange(len(created)) % 2]
    up = np.where(np.isin(region, [only] if only else ["east", "west"]), factor, 1.0)
    left, coin = draw.exponential(size=len(created)), draw.random(len(created))
    ahead = np.maximum(drift - created, 0)
    early = left < (WIN + LOSS) * ahead
    later = np.maximum(created, drift) + (left - (WIN + LOSS) * ahead) / (up * WIN + LOSS)
    closed = np.where(early, created + left / (WIN + LOSS), later)
    share = np.where(early, WIN / (WIN + LOSS), up * WIN / (up * WIN + LOSS))
    won, ended = coin < share, closed < END
    names = np.array([f"o{i}" for i in range(len(created))], dtype=object)
    stages = pd.DataFrame(
        {
            "opportunity_id": np.concatenate([names, names[ended]]),
            "stage": np.concatenate([np.full(len(names), "proposal"), np.where(won, "won", "lost")[ended]]),
            "occurred_at": [at(day) for day in (*created, *closed[ended])],
        }
    )
    opportunities = pd.DataFrame(
        {"opportunity_id": names, "process": "default", "created_at": [at(day) for day in created], "region": region}
    )
    told = stages.assign(recorded_at=stages["occurred_at"] + pd.Timedelta(days=told_after))
    told = told[told["recorded_at"] <= at(END)]
    return build_history(
        {"opportunities": opportunities, "stage_history": told},
        attributes={"region": Attribute("region", "category", "creation")},
        observed_until=at(END),
    )


def champion_of(history: History, version: str = "7") -> Artifact:
    """The true constant hazards of before: all that there is to know, and nothing left to chance."""
    edges = np.array([7.0, 21.0, 49.0, 98.0])
    closed = -np.expm1(-(WIN + LOSS) * np.diff(edges, prepend=0.0))
    clock = Clock(edges, 0.3 * closed, 0.7 * closed)
    return _artifact(history, Constant.from_dict({"clock": clock.to_dict(), "win_share": 0.3}), version)


def trained_champion_of(history: History) -> Artifact:
    """A constant learned from what was known at the end of the training, records that came late included."""
    instants = pd.DatetimeIndex([at(day) for day in np.arange(42.0, TRAINED, 7.0)])
    keys = open_at(history, instants.as_unit("us").astype("int64").to_numpy())
    labels = labels_of(history, keys, at(TRAINED))
    snapshots = build_snapshots(history, keys, catalogue_of(history))
    return _artifact(history, Constant().fit(snapshots, labels, np.array([7.0, 21.0, 49.0, 98.0])), "7")


def _artifact(history: History, member: Constant, version: str) -> Artifact:
    training = {"origin": history.origin, "cutoff": at(TRAINED).isoformat(), "won": 500, "lost": 500}
    past = freeze(recorded_results(history), at(TRAINED))
    win = HazardBlend((member,), Blend((1.0,)))
    return Artifact(win, None, catalogue_of(history), history.processes, past, {}, training, version=version)
