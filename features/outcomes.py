"""The outcome of an opportunity after an instant, as models learn it and evaluations judge by it."""

from __future__ import annotations

from dataclasses import dataclass

from features.compiled import Floats, Ints

CENSORED, WON, LOST = 0, 1, 2


@dataclass(frozen=True)
class Labels:
    """What became of each snapshot; arrays of shape (n,).

    Parameters
    ----------
    days
        Days from the snapshot to the first close after it, or to the end of what is
        known. At least 0.
    outcome
        0 censored (still open when last seen), 1 won, 2 lost.
    watched
        Days from the snapshot to the end of what is known, closed or not.
    """

    days: Floats
    outcome: Ints
    watched: Floats

    def take(self, rows: Ints) -> Labels:
        """Select some of the snapshots."""
        return Labels(self.days[rows], self.outcome[rows], self.watched[rows])
