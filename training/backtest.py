"""Walk forward over cutoffs: train on what was known, judge by what came after, as one long table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from features.as_of import known_as_of
from features.errors import NotEnoughDataError
from features.history.history import History
from features.instants import micros
from features.labels import labels_of
from features.outcomes import Labels
from features.snapshots import build_snapshots
from models.constant import Constant
from models.incidence import Incidence
from training.evaluate import evaluate
from training.grid import open_at
from training.pipeline import Trained, train

HORIZONS = (14, 30, 60, 90, 180)


def backtest(
    history: History,
    cutoffs: Sequence[pd.Timestamp],
    *,
    horizons: Sequence[float] = HORIZONS,
    seed: int = 0,
    include: Sequence[str] = (),
    report: Callable[[str], None] = lambda line: None,
) -> list[dict[str, Any]]:
    """Judge the learned probability beside the rules it replaces at each of some past instants.

    At each cutoff a model is trained on what was known then. It answers for the
    opportunities open then, and is judged by the whole history.

    Returns
    -------
    Records ``{cutoff, method, metric, horizon, value, low, high, n}``. Methods are
    ``learned``, ``constant`` and each member of the blend (``fixed_weights``,
    ``stage_rates``, ``ridge_hazards``, ``lightgbm_hazards``) that had enough to learn from.

    Raises
    ------
    NotEnoughDataError
        No opportunity was open at a cutoff.
    """
    records = []
    for cutoff in cutoffs:
        report(f"cutoff {cutoff.isoformat()}")
        trained = train(history, cutoff, seed=seed, include=include, report=report)
        answers, keys = answers_at(history, cutoff, trained)
        labels = labels_of(history, keys, history.observed_until)
        ids = keys["opportunity_id"].to_numpy(dtype=object)
        judged = evaluate(answers, labels, ids, horizons, seed)
        records += [{"cutoff": cutoff.isoformat(), **record} for record in judged]
    return records


def answers_at(history: History, cutoff: pd.Timestamp, trained: Trained) -> tuple[dict[str, Incidence], pd.DataFrame]:
    """Answer of every method for the opportunities open at a cutoff, and their keys."""
    known = known_as_of(history, cutoff)
    keys = open_at(known, micros(pd.Index([cutoff])))
    if not len(keys):
        raise NotEnoughDataError(f"no opportunity open at {cutoff}", "at least one", "choose another cutoff")
    snapshots = build_snapshots(known, keys, trained.artifact.catalogue)
    return methods(trained, snapshots), keys


def methods(trained: Trained, snapshots: pd.DataFrame) -> dict[str, Incidence]:
    """Answer of the learned probability, of the constant, and of each member of the blend."""
    labels: Labels = trained.dataset.labels()
    win = trained.artifact.win
    edges = win.predict(snapshots.iloc[:1]).edges
    constant = Constant().fit(trained.dataset.snapshots, labels, edges)
    return {
        "learned": win.predict(snapshots),
        **win.predict_members(snapshots),
        "constant": constant.predict(snapshots),
    }
