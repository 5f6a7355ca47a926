"""The level of the hazards: shifts on top of a fitted model, and what they do to its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from features.snapshot_table import Table, as_snapshots
from models.additions import OddsAdditions
from models.incidence import Incidence

Floats = NDArray[np.float64]

_LEAST = 1e-12


@dataclass(frozen=True)
class Level:
    """Shifts of the two hazards, in logarithms: 0 leaves the answers as they are.

    Parameters
    ----------
    win, loss
        Of winning and of losing, for every opportunity.
    column
        Snapshot column of words whose values have a shift of their own; empty for none.
    segments
        What a value adds to the shift of winning. A value that is not listed, or missing,
        stays at the overall shift.

    Notes
    -----
    The shift is one of the hazards and not of the win probability alone. When fewer are won
    this week than expected, and as many lost, the hazard of winning fell: the win probability
    falls *and* wins come later. Lowering the probability with the clocks left as they are would
    fit the week's wins only with more losses than were seen. Where the two clocks are alike,
    the log-odds of the win probability move by exactly ``win + segment − loss``.
    """

    win: float = 0.0
    loss: float = 0.0
    column: str = ""
    segments: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_zero(self) -> bool:
        """Tell whether it changes nothing."""
        return self.win == 0 and self.loss == 0 and not any(self.segments.values())

    def of_segments(self, snapshots: Table) -> Floats:
        """What the segment of each snapshot adds to the shift of winning, shape (n,)."""
        if not self.segments:
            return np.zeros(len(snapshots))
        words = as_snapshots(snapshots).words(self.column)
        return np.array([self.segments.get(word, 0.0) for word in words], dtype=np.float64)

    def apply(self, answer: Incidence, snapshots: Table) -> Incidence:
        """Shift the answers for snapshots; without a shift they stay the same bit for bit."""
        return answer if self.is_zero else shifted(answer, self.win + self.of_segments(snapshots), self.loss)

    def additions(self, snapshots: Table) -> OddsAdditions:
        """What it adds to log-odds: the overall shift to the start, a segment's to the segment's feature."""
        features = (self.column,) if self.segments else ()
        parts = self.of_segments(snapshots)[:, None][:, : len(features)]
        return OddsAdditions(features, self.win - self.loss, parts)

    def to_dict(self) -> dict[str, Any]:
        """Describe the level in JSON; ``Level.from_dict`` reads it back."""
        return {"win": self.win, "loss": self.loss, "column": self.column, "segments": dict(self.segments)}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Level:
        """Read what ``to_dict`` wrote."""
        return cls(float(raw["win"]), float(raw["loss"]), str(raw["column"]), dict(raw["segments"]))


def cumulative_hazards(answer: Incidence) -> tuple[Floats, Floats]:
    """Sum up the hazards of winning, and of losing, from the start to each edge; shape (n, J) each.

    Within an interval both hazards are taken as constant, so that what is won and lost in it
    shares out the whole: −log of the share that stays open.

    Examples
    --------
    >>> clock = np.array([[0.5, 1.0]])
    >>> win, loss = cumulative_hazards(Incidence(np.array([10.0, 30.0]), np.array([0.25]), clock, clock))
    >>> (win[:, 0] / np.log(2)).round(6), (loss[:, 0] / np.log(2)).round(6)
    (array([0.25]), array([0.75]))
    """
    win = answer.win[:, None]
    won = np.diff(win * answer.win_clock, axis=1, prepend=0.0)
    lost = np.diff((1 - win) * answer.loss_clock, axis=1, prepend=0.0)
    closed = np.cumsum(won + lost, axis=1)
    after = np.maximum(1 - closed, _LEAST)
    before = np.concatenate([np.ones((len(answer), 1)), after[:, :-1]], axis=1)
    whole = np.maximum(-np.log(after / before), 0)
    share = won / np.maximum(won + lost, _LEAST)
    return np.cumsum(whole * share, axis=1), np.cumsum(whole * (1 - share), axis=1)


def shifted(answer: Incidence, win: ArrayLike, loss: ArrayLike) -> Incidence:
    """Multiply the hazards of winning by exp(win) and those of losing by exp(loss).

    Parameters
    ----------
    answer
        Win probabilities and clocks of n opportunities.
    win, loss
        Shifts, a number or of shape (n,).

    Notes
    -----
    Proportional hazards (Cox 1972) for each cause, with the competing risks put together
    again. What is still open at the last edge is shared out as before, with both shares
    multiplied in the same way.

    Examples
    --------
    >>> clock = np.array([[0.5, 1.0]])
    >>> given = Incidence(np.array([10.0, 30.0]), np.array([0.25]), clock, clock)
    >>> shifted(given, np.log(0.6), 0.0).win.round(6)  # odds of 1 : 3 become 0.6 : 3
    array([0.166667])
    """
    up = np.exp(np.broadcast_to(np.asarray(win, dtype=np.float64), answer.win.shape))[:, None]
    down = np.exp(np.broadcast_to(np.asarray(loss, dtype=np.float64), answer.win.shape))[:, None]
    hazards = (np.diff(whole, axis=1, prepend=0.0) for whole in cumulative_hazards(answer))
    of_win, of_loss = (factor * hazard for factor, hazard in zip((up, down), hazards, strict=True))
    after = np.exp(-np.cumsum(of_win + of_loss, axis=1))
    before = np.concatenate([np.ones((len(answer), 1)), after[:, :-1]], axis=1)
    share = of_win / np.maximum(of_win + of_loss, _LEAST)
    won = np.cumsum((before - after) * share, axis=1)
    lost = np.cumsum((before - after) * (1 - share), axis=1)
    of_rest = _share_of_the_rest(answer, up[:, 0], down[:, 0])
    ever_won = won[:, -1] + after[:, -1] * of_rest
    ever_lost = lost[:, -1] + after[:, -1] * (1 - of_rest)
    win_clock = np.minimum(won / np.maximum(ever_won, _LEAST)[:, None], 1)
    return Incidence(answer.edges, ever_won, win_clock, np.minimum(lost / np.maximum(ever_lost, _LEAST)[:, None], 1))


def _share_of_the_rest(answer: Incidence, up: Floats, down: Floats) -> Floats:
    """Share of what is open at the last edge that will be won, after the shift, shape (n,)."""
    won = up * answer.win * (1 - answer.win_clock[:, -1])
    lost = down * (1 - answer.win) * (1 - answer.loss_clock[:, -1])
    # With nothing left it does not matter.
    return np.asarray(np.where(won + lost > 0, won / np.maximum(won + lost, _LEAST), 0.5), dtype=np.float64)
