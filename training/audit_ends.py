"""How each opportunity stands at the end of what is known: what became of it, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.history.history import History
from features.instants import DAY, micros
from features.outcomes import CENSORED, LOST, WON
from features.paths import StagePath
from features.view import View

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEVER = np.iinfo(np.int64).max
"""Instant of the close of an opportunity that is open."""


@dataclass(frozen=True)
class Ends:
    """The opportunities of a history at its end; arrays of shape (n,) in the order of the table.

    Parameters
    ----------
    outcome
        0 open, 1 won, 2 lost.
    created, closed
        Instants in microseconds; ``closed`` is when the close happened, ``NEVER`` when open.
        What is recorded from then on may know the outcome.
    until
        End of what is known, microseconds.
    view
        The opportunities as seen at the end of what is known.
    """

    outcome: Ints
    created: Ints
    closed: Ints
    until: int
    view: View

    @property
    def path(self) -> StagePath:
        """The stages gone through."""
        return self.view.stage_path

    @property
    def is_closed(self) -> Bools:
        """Whether each opportunity is won or lost."""
        closed: Bools = self.outcome != CENSORED
        return closed

    @property
    def days(self) -> Floats:
        """Days from creation to the close, or to the end of what is known."""
        return (np.minimum(self.closed, self.until) - self.created) / DAY

    def won_of_closed(self) -> tuple[Ints, Floats]:
        """Rows of the closed opportunities, and 1 for each won one."""
        rows = np.flatnonzero(self.is_closed)
        return rows, (self.outcome[rows] == WON).astype(np.float64)

    def counts(self) -> dict[str, int]:
        """Number of opportunities won, lost and open."""
        named = (("won", WON), ("lost", LOST), ("open", CENSORED))
        return {name: int((self.outcome == code).sum()) for name, code in named}


def ends_of(history: History) -> Ends:
    """Find how each opportunity of a history stands at the end of what is known.

    Examples
    --------
    >>> from features.history.history import build_history
    >>> history = build_history({
    ...     "opportunities": pd.DataFrame(
    ...         {"opportunity_id": ["o1"], "process": ["default"], "created_at": ["2026-01-01"]}),
    ...     "stage_history": pd.DataFrame(
    ...         {"opportunity_id": ["o1"], "stage": ["won"], "occurred_at": ["2026-01-05"]})})
    >>> found = ends_of(history)
    >>> found.outcome, found.days
    (array([1]), array([4.]))
    """
    until = int(micros(pd.Index([history.observed_until]))[0])
    count = len(history.opportunities)
    view = View(history, np.arange(count, dtype=np.int64), np.full(count, until, dtype=np.int64))
    path = view.stage_path
    outcome = np.where(path.stage >= 0, view.stage_outcome[path.stage], CENSORED)
    closed = np.where(outcome != CENSORED, path.entered, NEVER)
    return Ends(outcome, view.created, closed, until, view)
