"""The need of accounts without an open opportunity: its model, its threshold, and what became of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.account_results import idle_accounts
from features.account_snapshots import build_account_snapshots
from features.account_view import accounts_of
from features.history.history import History
from features.instants import DAY, instant, micros
from features.outcomes import WON, Labels
from models.blend import Blend, learn_blend
from models.hazard_blend import HazardBlend
from scoring.account_classification import FEWEST_CONFIRMED, USUAL, untouched
from scoring.classification import NEED_HORIZON
from training.account_labels import account_labels
from training.dataset import Dataset
from training.learning import ForwardAnswers, learn_with_proof, need_members
from training.threshold import FEWEST, youden_threshold

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FOLDS = (0.4, 0.65)
"""Early enough that what comes after the last one can be watched for 90 days."""
STEP = 14
"""Days between the instants at which accounts are looked at."""
MOST = 20_000
"""Snapshots to train on: more accounts are thinned evenly."""


@dataclass(frozen=True)
class AccountNeed:
    """The model, None when too little is known, and its criteria and report in JSON."""

    model: HazardBlend | None
    criteria: dict[str, Any]


def learn_account_need(
    known: History,
    custom_kinds: tuple[str, ...],
    until: pd.Timestamp,
    recent_days: float,
    seed: int,
    report: Callable[[str], None],
    excluded: tuple[str, ...] = (),
) -> AccountNeed:
    """Learn how likely the need of an account without an open opportunity is to be confirmed.

    Parameters
    ----------
    known
        The recorded past, cut at ``until``.
    custom_kinds
        Kinds of activity of the source's own.
    until
        End of training.
    recent_days
        Within how many days two-way contact means that somebody is talking with the account.
    seed
        Seed of everything drawn.
    report
        Called with a line for each step.
    excluded
        Features that nothing is learned from.

    Returns
    -------
    The model and its criteria. The threshold is chosen by what earlier models answered for
    later snapshots; it is None when too few of them were watched for 90 days.
    """
    dataset = replace(account_dataset(known, custom_kinds, until), excluded=excluded)
    labels = dataset.labels()
    confirmed = len(set(dataset.keys["account_id"][labels.outcome == WON]))
    criteria: dict[str, Any] = {
        "recent_days": recent_days,
        "confirmed": confirmed,
        "threshold": None,
        "usual": {},
        "report": None,
    }
    if confirmed < FEWEST_CONFIRMED:
        return AccountNeed(None, criteria)
    report(f"learning the need of accounts on {len(dataset.keys):,} snapshots")
    learned = learn_with_proof(dataset, need_members(seed), lambda line: None, FOLDS, (WON,))
    blend = learned.model.blend
    answers = [_judged(fold, _probability(fold, blend), recent_days, until) for fold in learned.forward]
    if answers:
        probability, happened = (np.concatenate(part) for part in zip(*answers, strict=True))
        criteria["threshold"] = youden_threshold(probability, happened)
    criteria |= {"usual": _usual(dataset.snapshots), "report": threshold_report(learned.forward, recent_days, until)}
    return AccountNeed(learned.model, criteria)


def account_dataset(known: History, custom_kinds: tuple[str, ...], until: pd.Timestamp, most: int = MOST) -> Dataset:
    """Build the snapshots to train on, every 14 days before ``until``, labelled by the confirmation of a need."""
    keys = account_grid(known, until, most)
    snapshots = build_account_snapshots(known, keys, custom_kinds)
    # Folds and estimators go by this name: here an account stands for all its opportunities.
    snapshots.index = snapshots.index.set_names("opportunity_id", level=0)
    return Dataset(known, keys.assign(opportunity_id=keys["account_id"]), snapshots, until, account_labels)


def account_grid(known: History, until: pd.Timestamp, most: int = MOST) -> pd.DataFrame:
    """List the accounts without an open opportunity every 14 days before ``until``.

    When there are more than ``most``, every k-th is taken, account by account, so that each
    account and each instant keeps its share.
    """
    accounts = accounts_of(known)
    end = int(micros(pd.Index([until]))[0])
    first = int(micros(accounts["recorded_at"]).min()) if len(accounts) else end
    # Nothing of the years before there were opportunities can be labelled.
    opened = micros(known.opportunities["recorded_at"])
    first = max(first, int(opened.min()) if len(opened) else end)
    found = idle_accounts(known, np.arange(end, first, -STEP * DAY, dtype=np.int64)[1:][::-1])
    every = max(1, -(-len(found) // most))
    by_account = found.sort_values(["account_id", "as_of"], kind="stable")
    return by_account.iloc[::every].sort_values(["as_of", "account_id"], kind="stable").reset_index(drop=True)


def threshold_report(forward: tuple[ForwardAnswers, ...], recent_days: float, until: pd.Timestamp) -> dict[str, Any]:
    """Say what became of accounts above and below a threshold that was chosen before.

    Weights and threshold are learned from the answers after the first fold, by what was known
    when the last one began, and judged on those after the last. Figures are None, and
    ``enough`` is false, where fewer than 30 snapshots can be judged.
    """
    if len(forward) < 2:
        return {"threshold": None, "above": _group(np.empty(0, bool)), "below": _group(np.empty(0, bool))}
    earlier, later = forward[0], forward[-1]
    start = instant(int(later.later.as_of.min()))
    accounts = earlier.later.keys["account_id"].nunique()
    blend = learn_blend(earlier.members, earlier.later.labels(start), accounts, earlier.usual)
    threshold = youden_threshold(*_judged(earlier, _probability(earlier, blend), recent_days, start))
    probability, happened = _judged(later, _probability(later, blend), recent_days, until)
    above = probability > threshold if threshold is not None else np.zeros(len(probability), dtype=bool)
    judged = np.full(len(probability), threshold is not None)
    return {
        "threshold": threshold,
        "from": start.isoformat(),
        "above": _group(happened[above]),
        "below": _group(happened[judged & ~above]),
    }


def _probability(fold: ForwardAnswers, blend: Blend) -> Floats:
    answer = blend.of_members(range(len(fold.members))).combine(fold.members)
    return np.asarray(answer.win_by([NEED_HORIZON])[:, 0])


def _judged(fold: ForwardAnswers, probability: Floats, recent_days: float, until: pd.Timestamp) -> tuple[Floats, Bools]:
    """Probability and outcome of the snapshots that nobody talked with lately and that were watched for 90 days."""
    labels = fold.later.labels(until)
    rows = untouched(fold.later.snapshots, recent_days) & (labels.watched >= NEED_HORIZON)
    return probability[rows], confirmed_in_time(labels)[rows]


def confirmed_in_time(labels: Labels) -> Bools:
    """Tell whose need was confirmed within 90 days, shape (n,)."""
    return np.asarray((labels.outcome == WON) & (labels.days <= NEED_HORIZON))


def _group(happened: Bools) -> dict[str, Any]:
    enough = len(happened) >= FEWEST
    share = float(happened.mean()) if enough else None
    return {
        "snapshots": len(happened),
        "confirmed_in_90_days": int(happened.sum()),
        "share_confirmed_in_90_days": share,
        "enough": enough,
    }


def _usual(snapshots: pd.DataFrame) -> dict[str, float]:
    """Mean of each count of which evidence says what is usual; none where it is not recorded."""
    means = {name: snapshots[name].mean() for name in USUAL}
    return {name: float(mean) for name, mean in means.items() if not np.isnan(mean)}
