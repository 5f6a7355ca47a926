"""Whether a model will say in service what it said in training, and soon enough."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.history.history import History
from features.snapshots import build_snapshots
from models.artifact import Artifact, read_artifact, write_artifact
from models.incidence import Incidence
from scoring.score import score_opportunities
from training.dataset import Dataset
from training.verdict import LATENCY, PARITY, Check

ALONE = 20
"""Snapshots that are built alone; as many are not needed to find a difference that is there."""
TIMED = 9
SECONDS = 1.0
"""Shortest time in which one opportunity must be scored; about a tenth is usual."""

_PARTS = ("win", "win_clock", "loss_clock")

Timer = Callable[[], float]


def serving_checks(artifact: Artifact, dataset: Dataset, timer: Timer) -> list[Check]:
    """Check parity and latency of a model on some of the latest snapshots.

    Parameters
    ----------
    artifact
        The model that is to be in service.
    dataset
        Snapshots built in a batch; some of the later half are built again.
    timer
        Seconds of a clock that never goes back. It comes from the door: no clock is read here.
    """
    if not len(dataset.keys):
        return []
    rows = np.unique(np.linspace(len(dataset.keys) // 2, len(dataset.keys) - 1, ALONE).astype(np.int64))
    chosen = dataset.take(rows)
    return [parity_check(artifact, chosen), latency_check(artifact, chosen, timer)]


def parity_check(artifact: Artifact, batch: Dataset) -> Check:
    """Count the snapshots whose features or answer differ when built alone and answered by the model read from disk.

    Every bit is compared.
    """
    with tempfile.TemporaryDirectory() as temporary:
        write_artifact(artifact, Path(temporary) / "model")
        again = read_artifact(Path(temporary) / "model")
    together = artifact.win.predict(batch.snapshots)
    differing = sum(not _same(batch, np.array([row]), together, artifact, again) for row in range(len(batch.keys)))
    return Check(PARITY, float(differing), "= 0", differing == 0)


def _same(batch: Dataset, row: NDArray[np.int64], together: Incidence, artifact: Artifact, again: Artifact) -> bool:
    expected = batch.take(row)
    alone = build_snapshots(batch.history, expected.keys, artifact.catalogue)
    if not alone.equals(expected.snapshots):
        return False
    answer, asked = again.win.predict(alone), together.take(row)
    return all(getattr(answer, part).tobytes() == getattr(asked, part).tobytes() for part in _PARTS)


def latency_check(artifact: Artifact, batch: Dataset, timer: Timer) -> Check:
    """Measure the shortest time to score one opportunity that comes with its own history only, as in a request."""
    taken = []
    for row in [0, *range(min(TIMED, len(batch.keys)))]:
        keys = batch.keys.iloc[[row]]
        alone = _only(batch.history, str(keys["opportunity_id"].iloc[0]))
        started = timer()
        score_opportunities(alone, keys, artifact, past=artifact.past)
        taken.append(timer() - started)
    # The first is not counted: it loads what later ones find loaded.
    seconds = float(np.min(taken[1:]))
    return Check(LATENCY, round(seconds, 4), f"< {SECONDS:g}", seconds < SECONDS)


def _only(history: History, opportunity_id: str) -> History:
    """Keep the rows of one opportunity and of its account."""
    tables = dict(history.tables)
    for name, frame in tables.items():
        if "opportunity_id" in frame:
            tables[name] = _rows(frame, "opportunity_id", [opportunity_id])
    accounts = tables["opportunities"]["account_id"].dropna().tolist()
    for name in ("accounts", "contacts"):
        tables[name] = _rows(tables[name], "account_id", accounts)
    return replace(history, tables=tables)


def _rows(frame: pd.DataFrame, column: str, values: list[str]) -> pd.DataFrame:
    return frame[frame[column].isin(values)].reset_index(drop=True)
