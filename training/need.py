"""The second target: will the need be confirmed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from features.errors import NotEnoughDataError
from features.history.history import History
from features.history.schema import ASSESSMENTS
from features.instants import DAY, micros
from features.labels import labels_of
from features.outcomes import LOST, WON, Labels
from features.paths import timeline
from features.snapshots import view_of
from training.dataset import Dataset
from training.learning import Learned, learn_with_proof, need_members

FEWEST = 30
"""Opportunities whose need was confirmed, and as many closed without, that are needed to learn."""

_FOLDS = (0.65,)
_YES = ASSESSMENTS.index("yes")


def need_labels(history: History, keys: pd.DataFrame, until: pd.Timestamp) -> Labels:
    """Find when the need was confirmed after each snapshot: the competing risk is closing without.

    Confirmed is a stage with ``need_confirmed``, or N assessed as yes, from the instant at
    which we were told: before that nobody could act on it. "Won" stands for confirmed,
    "lost" for closed before.

    Examples
    --------
    >>> from features.history.history import build_history
    >>> history = build_history({
    ...     "opportunities": pd.DataFrame(
    ...         {"opportunity_id": ["o1"], "process": ["default"], "created_at": ["2026-01-01"]}),
    ...     "stage_history": pd.DataFrame(
    ...         {"opportunity_id": ["o1", "o1"], "stage": ["identified", "proposal"],
    ...          "occurred_at": ["2026-01-01", "2026-01-08"]})})
    >>> key = pd.DataFrame({"opportunity_id": ["o1"], "as_of": [pd.Timestamp("2026-01-05", tz="UTC")]})
    >>> found = need_labels(history, key, pd.Timestamp("2026-02-01", tz="UTC"))
    >>> found.days, found.outcome
    (array([3.]), array([1]))
    """
    closing = labels_of(history, keys, until)
    as_of = micros(keys["as_of"])
    confirmed = _first_confirmation(history, keys, as_of, until)
    days = np.maximum(confirmed - as_of, 0) / DAY
    first = (confirmed >= 0) & (days <= closing.days)
    # A win confirms the need if nothing did before.
    won = closing.outcome == WON
    outcome = np.where(first | won, WON, np.where(closing.outcome == LOST, LOST, 0))
    return Labels(np.where(first, days, closing.days), outcome.astype(np.int64), closing.watched)


def _first_confirmation(history: History, keys: pd.DataFrame, as_of: np.ndarray, until: pd.Timestamp) -> np.ndarray:
    """Instant of the first confirmation after each snapshot and recorded by ``until``; -1 if none."""
    view = view_of(history, keys)
    confirming = {(name, s.key) for name, s in view.stages if s.need_confirmed and s.outcome == "open"}
    process = history.opportunities.set_index("opportunity_id")["process"]
    stages = history.stage_history
    pairs = zip(stages["opportunity_id"].map(process), stages["stage"], strict=True)
    by_stage = stages[np.array([pair in confirming for pair in pairs], dtype=bool)]
    fields = history.field_history
    by_field = fields[(fields["field"] == "need") & (fields["value"] == ASSESSMENTS[_YES])]
    columns = ["opportunity_id", "occurred_at", "recorded_at"]
    found = pd.concat([by_stage[columns], by_field[columns]])
    found = found[found["recorded_at"] <= until]
    events = timeline(
        view.opportunity_index.get_indexer(pd.Index(found["opportunity_id"])).astype(np.int64),
        micros(found["recorded_at"]),
        micros(found["recorded_at"]),
        np.ones(len(found)),
        n_keys=len(history.opportunities),
    )
    return next_after(events.starts, events.occurred, view.opportunity, as_of)


def next_after(starts: np.ndarray, occurred: np.ndarray, key: np.ndarray, as_of: np.ndarray) -> np.ndarray:
    """First event of each key later than an instant; -1 if none."""
    instants = np.unique(np.concatenate([occurred, as_of]))
    width = len(instants) + 1
    owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    place = owner * width + np.searchsorted(instants, occurred)
    asked = key * width + np.searchsorted(instants, as_of)
    found = np.searchsorted(place, asked, side="right")
    inside = found < starts[key + 1]
    after = np.append(occurred, -1)[np.where(inside, found, len(occurred))]
    return np.asarray(after)


def learn_need(dataset: Dataset, seed: int, report: Callable[[str], None]) -> Learned | None:
    """Learn the probability that the need is confirmed, from snapshots where it is not yet.

    None when too few needs were confirmed, or too few opportunities closed without.
    """
    try:
        unconfirmed = need_dataset(dataset)
    except NotEnoughDataError:
        return None
    report(f"learning the need on {len(unconfirmed.keys):,} snapshots")
    return learn_with_proof(unconfirmed, need_members(seed), lambda line: None, folds=_FOLDS)


def need_dataset(dataset: Dataset) -> Dataset:
    """Select the snapshots whose need is not confirmed, labelled by its confirmation."""
    snapshots = dataset.snapshots
    confirmed = (snapshots["stage_need_confirmed"] == 1) | (snapshots["need"] == 2)
    rows = np.flatnonzero(~confirmed.to_numpy())
    unconfirmed = replace(dataset.take(rows), label=need_labels)
    labels, ids = unconfirmed.labels(), unconfirmed.keys["opportunity_id"].to_numpy(dtype=object)
    fewest = min(len(set(ids[labels.outcome == outcome])) for outcome in (WON, LOST))
    if fewest < FEWEST:
        raise NotEnoughDataError(
            f"{fewest} opportunities whose need was confirmed, or that closed without", f"{FEWEST}", "wait for more"
        )
    return unconfirmed
