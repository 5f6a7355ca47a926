"""How opportunities stand at an instant: open or closed, since when, for how much, and in which groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import known_as_of
from features.history.history import History
from features.instants import DAY, micros_of
from features.outcomes import WON
from features.segment import OF_ACCOUNT, segment_column
from features.view import View

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Words = NDArray[np.object_]

WITHOUT_A_RULE = 0.25
"""Weight of a stage to which the rule gives none: the lowest usual one, as in ``FixedWeights``."""


@dataclass(frozen=True)
class Standing:
    """Opportunities as known at an instant; arrays of shape (n,).

    Parameters
    ----------
    history
        What was known at the instant, and nothing else.
    as_of
        The instant.
    place
        Row of each in ``history.opportunities``.
    ids
        Their ids.
    outcome
        0 open, 1 won, 2 lost.
    told, since
        Days since 1970 at which we were told of it, and at which it came into its present stage.
    amount
        Last known amount in the opportunity's currency, NaN when unknown.
    currency, owner, stage
        None when unknown.
    weight
        Fixed weight of the stage.
    stated_close
        Stated close date as days since 1970, NaN when none is stated.
    team, team_now
        Team of the owner when it closed, or now; and the one now. None where only that at its creation is known.
    """

    history: History
    as_of: pd.Timestamp
    place: Ints
    ids: Words
    outcome: Ints
    told: Floats
    since: Floats
    amount: Floats
    currency: Words
    owner: Words
    stage: Words
    weight: Floats
    stated_close: Floats
    team: Words | None = None
    team_now: Words | None = None

    def __len__(self) -> int:
        """Count the opportunities."""
        return len(self.ids)

    @property
    def now(self) -> float:
        """The instant as days since 1970."""
        return micros_of(self.as_of) / DAY

    @property
    def keys(self) -> pd.DataFrame:
        """What to ask a model: ``opportunity_id`` and ``as_of``."""
        return pd.DataFrame({"opportunity_id": pd.Series(self.ids, dtype="str"), "as_of": self.as_of})

    def open(self) -> Standing:
        """Select the open ones."""
        return self.take(self.outcome == 0)

    def won(self) -> Standing:
        """Select the won ones."""
        return self.take(self.outcome == WON)

    def take(self, rows: Bools) -> Standing:
        """Select some of the opportunities."""
        arrays = {name: value[rows] for name, value in vars(self).items() if isinstance(value, np.ndarray)}
        return Standing(self.history, self.as_of, **arrays)

    def groups(self, column: str) -> Words:
        """Value of a column of each, None when unknown: ``owner``, ``stage``, or what segments are made of."""
        if column == "owner":
            return self.owner
        if column == "stage":
            return self.stage
        if column == "team" and self.team is not None:
            return self.team
        found = segment_column(self.history, column).astype(object)
        return np.asarray(found.where(found.notna(), None).to_numpy(dtype=object)[self.place], dtype=object)


def standing_at(history: History, as_of: pd.Timestamp) -> Standing:
    """Say how every opportunity that was recorded by an instant stood then.

    Examples
    --------
    >>> from features.history.simulated import simulate
    >>> found = standing_at(simulate(50, seed=1), pd.Timestamp("2025-06-01", tz="UTC"))
    >>> len(found.open()) + len(found.won()) <= len(found) <= 50
    True
    """
    known = known_as_of(history, as_of)
    count = len(known.opportunities)
    view = View(known, np.arange(count, dtype=np.int64), np.full(count, micros_of(as_of), dtype=np.int64))
    view.follow(["amount", "expected_close_date", "owner"])
    stage = view.stage_path.stage
    is_known = stage >= 0
    weights = np.array([*(s.weight for _, s in view.stages), np.nan], dtype=np.float64)[stage]
    return Standing(
        history=known,
        as_of=as_of,
        place=view.opportunity,
        ids=known.opportunities["opportunity_id"].to_numpy(dtype=object),
        outcome=np.where(is_known, view.stage_outcome[stage], 0),
        told=view.rows.told / DAY,
        since=np.where(is_known, view.stage_path.entered, view.created) / DAY,
        amount=view.path("amount").last,
        currency=view.as_known("currency"),
        owner=view.owner,
        stage=stage_words(view)[stage],
        weight=np.where(np.isnan(weights), WITHOUT_A_RULE, weights),
        stated_close=view.path("expected_close_date").last,
    )


def stage_words(view: View) -> Words:
    """Name of each stage code as snapshots name it, and None for none."""
    several = len(view.history.processes) > 1
    words = [f"{process}/{stage.key}" if several else stage.key for process, stage in view.stages]
    return np.array([*words, None], dtype=object)


def group_columns(history: History) -> tuple[str, ...]:
    """List the columns by which a forecast can be cut, beside ``class``."""
    own = (a.name for a in history.attributes.values() if a.type == "category" and a.measured == "creation")
    return ("team", "owner", "product", "stage", "process", "service", "source", "channel", *OF_ACCOUNT, *own)


def by_group(values: Floats, group: Words) -> Mapping[str | None, float]:
    """Sum values by group.

    Examples
    --------
    >>> by_group(np.array([1.0, 2.0]), np.array(["a", None], object))
    {'a': 1.0, None: 2.0}
    """
    sums: dict[str | None, float] = {}
    for name, value in zip(group.tolist(), values.tolist(), strict=True):
        sums[name] = sums.get(name, 0.0) + value
    return sums
