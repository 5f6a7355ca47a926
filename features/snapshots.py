"""Snapshots: every feature of an opportunity as of an instant. Training, backtest and scoring build them here."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features import (
    activity_features,
    attribute_features,
    commercial_features,
    contact_features,
    context_features,
    email_features,
    lost_reason_features,
    qualification_features,
    site_visit_features,
    stage_features,
)
from features.activity_counts import count_activities
from features.catalogue import FEATURES, Catalogue, catalogue_of
from features.errors import DataError
from features.history.history import History
from features.history.live_rules import STANDARD_FIELDS
from features.instants import micros
from features.past_results import PastResults, recorded_results
from features.snapshot_table import Snapshots, snapshot_table
from features.view import View

__all__ = ["FEATURES", "Catalogue", "build_snapshots", "catalogue_of", "snapshots_of", "view_of"]


def build_snapshots(
    history: History,
    keys: pd.DataFrame,
    catalogue: Catalogue | None = None,
    past: PastResults | None = None,
) -> pd.DataFrame:
    """Build the features of opportunities as of instants.

    Parameters
    ----------
    history
        The recorded past. What was recorded after a snapshot's instant has no effect on it.
    keys
        The snapshots asked for: columns ``opportunity_id`` and ``as_of``, shape (n, 2).
    catalogue
        Features wanted; those of the history when None.
    past
        Past results around the opportunities; those of the history when None.

    Returns
    -------
    DataFrame of n rows in the order of ``keys``, indexed by ``(opportunity_id, as_of)``,
    one column a feature: float64, and ``str`` for words; missing is NaN in both.

    Raises
    ------
    DataError
        An opportunity is not in the history.

    Examples
    --------
    >>> from features.history.history import build_history
    >>> history = build_history({
    ...     "opportunities": pd.DataFrame(
    ...         {"opportunity_id": ["o1"], "process": ["default"], "created_at": ["2026-01-01"]}),
    ...     "stage_history": pd.DataFrame(
    ...         {"opportunity_id": ["o1"], "stage": ["proposal"], "occurred_at": ["2026-01-03"]})})
    >>> key = pd.DataFrame({"opportunity_id": ["o1"], "as_of": [pd.Timestamp("2026-01-05", tz="UTC")]})
    >>> build_snapshots(history, key)[["fixed_weight", "days_in_stage", "visits_30d"]].iloc[0].tolist()
    [0.5, 2.0, nan]
    """
    catalogue = catalogue if catalogue is not None else catalogue_of(history)
    view = view_of(history, keys)
    found = snapshots_of(view, catalogue, past if past is not None else recorded_results(history))
    return snapshot_table(found.columns, catalogue.features, keys, "opportunity_id")


def snapshots_of(view: View, catalogue: Catalogue, past: PastResults) -> Snapshots:
    """Build the features of the snapshots of a view: what ``build_snapshots`` puts into a table."""
    return Snapshots(_columns(view, catalogue, past), len(view))


def view_of(history: History, keys: pd.DataFrame) -> View:
    """Look at a history from the snapshots named by ``keys``."""
    opportunity = pd.Index(history.opportunities["opportunity_id"]).get_indexer(pd.Index(keys["opportunity_id"]))
    if (opportunity < 0).any():
        missing = keys["opportunity_id"].iloc[int((opportunity < 0).argmax())]
        raise DataError(f"opportunity {missing!r}", "one that is in the history", "correct the id")
    return View(history, opportunity.astype(np.int64), micros(keys["as_of"]))


def _columns(view: View, catalogue: Catalogue, past: PastResults) -> dict[str, np.ndarray]:
    view.follow([*STANDARD_FIELDS, *(attribute.name for attribute in catalogue.attributes)])
    counts = count_activities(view, catalogue.custom_kinds)
    columns: dict[str, np.ndarray] = {
        **stage_features.compute(view),
        **lost_reason_features.compute(view),
        **site_visit_features.compute(counts),
        **email_features.compute(counts),
        **contact_features.compute(counts),
        **qualification_features.compute(counts),
        **commercial_features.compute(view),
        **context_features.compute(view, past),
        **activity_features.compute(counts),
        **attribute_features.compute(view, catalogue.attributes),
    }
    columns["stage"] = _stage_words(view, columns["stage"].astype(np.int64))
    return columns


def _stage_words(view: View, code: np.ndarray) -> np.ndarray:
    """Name stages by key; with several processes, by process and key."""
    several = len(view.history.processes) > 1
    words = [f"{process}/{stage.key}" if several else stage.key for process, stage in view.stages]
    named: np.ndarray = np.array([*words, None], dtype=object)[code]
    return named
