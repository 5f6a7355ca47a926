"""Walk forward over cutoffs: train on what was known, judge by what came after, as one long table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from features.errors import NotEnoughDataError
from features.forgotten import is_forgotten
from features.history.history import History
from features.instants import micros
from features.labels import labels_of
from features.snapshots import build_snapshots, view_of
from models.constant import Constant
from models.hazard_blend import HazardBlend
from models.incidence import Incidence
from scoring.forgotten import lowered
from training.dataset import Dataset
from training.evaluate import evaluate
from training.grid import open_at
from training.learning import learn, win_members
from training.pipeline import prepare

HORIZONS = (14, 30, 60, 90, 180)


def backtest(
    history: History,
    cutoffs: Sequence[pd.Timestamp],
    *,
    horizons: Sequence[float] = HORIZONS,
    seed: int = 0,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
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
        answers, keys = answers_at(history, cutoff, seed=seed, include=include, exclude=exclude, report=report)
        labels = labels_of(history, keys, history.observed_until)
        ids = keys["opportunity_id"].to_numpy(dtype=object)
        judged = evaluate(answers, labels, ids, horizons, seed)
        records += [{"cutoff": cutoff.isoformat(), **record} for record in judged]
    return records


def answers_at(
    history: History,
    cutoff: pd.Timestamp,
    *,
    seed: int = 0,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    report: Callable[[str], None] = lambda line: None,
) -> tuple[dict[str, Incidence], pd.DataFrame]:
    """Train on what was known at a cutoff, and answer for the opportunities open then.

    Returns
    -------
    The answer of each method, and the keys of the opportunities in the same order.
    """
    material = prepare(history, cutoff, include=include, exclude=exclude, report=report)
    keys = open_at(material.known, micros(pd.Index([cutoff])))
    if not len(keys):
        raise NotEnoughDataError(f"no opportunity open at {cutoff}", "at least one", "choose another cutoff")
    win = learn(material.dataset, win_members(seed), report)
    answers = methods(win, material.dataset, build_snapshots(material.known, keys, material.catalogue))
    forgotten = is_forgotten(view_of(material.known, keys), material.dataset.limits)
    return answers | {"learned": lowered(answers["learned"], forgotten, material.dataset.limits)}, keys


def methods(win: HazardBlend, past: Dataset, snapshots: pd.DataFrame) -> dict[str, Incidence]:
    """Answer of the learned probability, of each member of the blend, and of the constant.

    Parameters
    ----------
    win
        The learned model.
    past
        What it was trained on; the constant is learned from it.
    snapshots
        What to answer for, shape (n, p).
    """
    learned = win.predict(snapshots)
    constant = Constant().fit(past.snapshots, past.labels(), learned.edges)
    return {"learned": learned, **win.predict_members(snapshots), "constant": constant.predict(snapshots)}
