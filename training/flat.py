"""Learning from a flat table: one snapshot an opportunity, at its creation, and its final outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.catalogue import Catalogue
from features.errors import NotEnoughDataError
from features.history.history import History
from features.history.schema import ASSESSED_FIELDS
from features.labels import labels_of
from features.outcomes import CENSORED, LOST, WON, Labels
from features.past_results import ENTITIES, PastResults
from features.snapshots import build_snapshots
from models.blend import Blend, learn_blend
from models.constant import Constant
from models.flat_boosting import FlatBoosting, Size
from models.flat_encoding import is_id
from models.flat_logistic import PENALTIES, FlatLogistic
from models.hazard_blend import HazardBlend
from models.incidence import certain_clock
from models.member import Member
from training.dataset import Dataset
from training.evaluate import log_loss
from training.folds import Split, forward_folds, stratified_folds

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Report = Callable[[str], None]

EDGES = np.array([1.0])
"""One interval: a flat table does not say when."""
NEEDED = {"ridge_logistic": 10, "lightgbm": 20}
"""Opportunities won, and as many lost, that a member needs before it enters."""
FORWARD = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

_FOLDS = 5
_FEW, _ENOUGH_HELD_OUT = 1_500, 6_000
_LEAVES, _LEAF_ROWS = (4, 8, 16, 32, 64), (5, 20, 60)


@dataclass(frozen=True)
class Plan:
    """How the inner judging is done: whether rows have an order, and which must stay together."""

    ordered: bool
    seed: int = 0
    groups: Ints | None = None

    def splits(self, won: Bools) -> list[Split]:
        """Splits to choose by: forward in order, or stratified folds; with many rows the last, or the first, do."""
        if self.ordered:
            return _enough(forward_folds(len(won), FORWARD)[::-1])
        folds = min(_FOLDS, int(won.sum()), int((~won).sum()))
        repeats = 2 if len(won) < _FEW else 1
        return _enough(
            [split for r in range(repeats) for split in stratified_folds(won, folds, self.seed + r, self.groups)]
        )

    def take(self, rows: Ints) -> Plan:
        """Plan for some of the rows."""
        return replace(self, groups=None if self.groups is None else self.groups[rows])


def _enough(splits: list[Split]) -> list[Split]:
    held = np.cumsum([len(held) for _, held in splits])
    return splits[: int(np.searchsorted(held, _ENOUGH_HELD_OUT)) + 1]


def flat_dataset(
    history: History,
    catalogue: Catalogue,
    rows: Ints | None = None,
    past: PastResults | None = None,
) -> Dataset:
    """Build a snapshot of each closed opportunity at its creation, in order of creation.

    Raises
    ------
    NotEnoughDataError
        Nothing is closed.
    """
    keys = closed_keys(history)
    if not len(keys):
        raise NotEnoughDataError("no opportunity won or lost", "at least one", "name the outcome in the mapping")
    keys = keys if rows is None else keys.iloc[rows]
    return Dataset(history, keys, build_snapshots(history, keys, catalogue, past), history.observed_until, outcomes_of)


def closed_keys(history: History) -> pd.DataFrame:
    """List the closed opportunities at their creation, in that order."""
    table = history.opportunities.sort_values("created_at", kind="stable", ignore_index=True)
    keys = pd.DataFrame({"opportunity_id": table["opportunity_id"], "as_of": table["created_at"]})
    closed = outcomes_of(history, keys, history.observed_until).outcome != CENSORED
    return keys.iloc[np.flatnonzero(closed)]


def outcomes_of(history: History, keys: pd.DataFrame, until: pd.Timestamp) -> Labels:
    """Find what became of opportunities in the end: within the one interval, whenever it was."""
    outcome = labels_of(history, keys, until).outcome
    return Labels(np.zeros(len(keys)), outcome, np.ones(len(keys)))


def flat_columns(catalogue: Catalogue, ordered: bool, currencies: int = 1) -> list[str]:
    """Name the columns of a snapshot that a flat table fills: nothing that changes with age or stage.

    Past results only where rows have an order: without one nothing is past. Of several
    currencies an amount is compared with what closed before in its own.
    """
    own = [f"attribute_{attribute.name}" for attribute in catalogue.attributes]
    lifts = [*(f"{entity}_win_lift" for entity in ENTITIES), "owner_closed", "account_wins"]
    usual = ["amount_to_usual"] if currencies > 1 else []
    named = ["amount", *ASSESSED_FIELDS, *own, *([*lifts, *usual] if ordered else [])]
    return [name for name in named if name not in catalogue.excluded]


def left_out(snapshots: pd.DataFrame, columns: Sequence[str]) -> dict[str, str]:
    """Say which columns are not used, and why."""
    reasons = {}
    for name in columns:
        values = snapshots[name]
        if values.nunique(dropna=False) <= 1 and name.startswith("attribute_"):
            reasons[name] = "always the same, or always missing"
        elif not pd.api.types.is_float_dtype(values.dtype) and is_id(values):
            reasons[name] = "nearly as many different words as rows: an id or free text"
    return {name.removeprefix("attribute_"): reason for name, reason in reasons.items()}


def learn_flat(snapshots: pd.DataFrame, labels: Labels, plan: Plan, report: Report = lambda line: None) -> HazardBlend:
    """Fit the members on all closed rows, sized and blended by what they proved on held-out rows.

    Parameters
    ----------
    snapshots
        Columns to learn from, shape (n, p), in order of creation when the plan has an order.
    labels
        What became of them, all closed.
    plan
        How rows are held out.

    Returns
    -------
    Members ``constant``, ``ridge_logistic`` (from 10 won and as many lost), ``lightgbm`` (from
    20), and their blend, learned by ``models.blend`` and shrunk towards the constant.
    """
    won, snapshots = labels.outcome == WON, snapshots.reset_index(drop=True)
    constant = Constant().fit(snapshots, labels, EDGES)
    fewest = min(int(won.sum()), int((labels.outcome == LOST).sum()))
    splits = plan.splits(won) if fewest >= NEEDED["ridge_logistic"] else []
    splits = [split for split in splits if 0 < won[split[0]].sum() < len(split[0])]
    if not splits:
        return HazardBlend((constant,), Blend((1.0,)), won=int(won.sum()))
    members: list[Member] = [constant]
    held = np.concatenate([held for _, held in splits])
    answers = [np.concatenate([_constant(labels.take(past), len(held)) for past, held in splits])]
    report(f"choosing a penalty on {len(splits)} splits of {len(won):,} rows")
    logistic, answer = _choose_logistic(snapshots, labels, splits)
    members, answers = [*members, logistic], [*answers, answer]
    if fewest >= NEEDED["lightgbm"]:
        report("choosing the size of the booster")
        boosting, answer = _choose_boosting(snapshots, labels, splits, plan.seed)
        members, answers = [*members, boosting], [*answers, answer]
    rows = len(np.unique(held))
    constant_first = (1.0, *([0.0] * (len(members) - 1)))
    found = learn_blend([certain_clock(EDGES, a) for a in answers], labels.take(held), rows, constant_first, _PULL)
    report(f"fitting {len(members)} members on {len(won):,} rows")
    return HazardBlend(
        tuple(m if m is constant else m.fit(snapshots, labels, EDGES) for m in members),
        Blend(found.weights, found.level),
        won=int(won.sum()),
    )


_PULL = 2.0
"""How strongly the blend is drawn to the constant: held-out answers are of models almost as large as the last."""


def _constant(past: Labels, count: int) -> Floats:
    return np.full(count, ((past.outcome == WON).sum() + 0.5) / (len(past.outcome) + 1))


def _choose_logistic(snapshots: pd.DataFrame, labels: Labels, splits: Sequence[Split]) -> tuple[FlatLogistic, Floats]:
    """Try penalties from the strongest on, until two in a row are worse than the best on held-out rows."""
    won = (labels.outcome == WON)[np.concatenate([held for _, held in splits])].astype(np.float64)
    penalties = PENALTIES[::-1]
    paths = [
        FlatLogistic().path(snapshots.iloc[past], labels.take(past), snapshots.iloc[held], penalties)
        for past, held in splits
    ]
    tried: list[tuple[float, float, Floats]] = []
    for penalty, parts in zip(penalties, zip(*paths, strict=True), strict=True):
        answer = np.concatenate(parts)
        tried.append((log_loss(answer, won), penalty, answer))
        best = int(np.argmin([loss for loss, _, _ in tried]))
        if len(tried) - best > 2:
            break
    return FlatLogistic(tried[best][1]), tried[best][2]


def _choose_boosting(
    snapshots: pd.DataFrame, labels: Labels, splits: Sequence[Split], seed: int
) -> tuple[FlatBoosting, Floats]:
    """Try more leaves, then fewer, as long as it helps; then more or fewer rows of a leaf."""
    tried: dict[Size, tuple[float, int, Floats]] = {}

    def loss(size: Size) -> float:
        if size not in tried:
            tried[size] = FlatBoosting(seed, size).held_out(snapshots, labels, splits)
        return tried[size][0]

    best = _climb([Size(leaves) for leaves in _LEAVES], 1, loss)
    best = _climb([replace(best, leaf_rows=rows) for rows in _LEAF_ROWS], 1, loss)
    _, rounds, answer = tried[best]
    return FlatBoosting(seed, replace(best, rounds=rounds)), answer


def _climb(sizes: Sequence[Size], start: int, loss: Callable[[Size], float]) -> Size:
    """Go up from a size while that helps, or else down."""
    for step in (1, -1):
        place = start
        while 0 <= place + step < len(sizes) and loss(sizes[place + step]) < loss(sizes[place]):
            place += step
        if place != start:
            break
    return sizes[place]
