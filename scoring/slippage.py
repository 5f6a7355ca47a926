"""Slippage: how likely each open opportunity is to be won by the day that is stated for it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scoring.chances import Chances
from scoring.standing import Standing
from scoring.words import Words


@dataclass(frozen=True)
class Slippage:
    """The stated close date of one open opportunity, and whether it will be met.

    ``met`` is the probability of being won by the end of that day, ``later`` that of being won after it.
    """

    opportunity_id: str
    owner: str | None
    stated_close: str
    overdue: bool
    met: float
    later: float

    def to_dict(self) -> dict[str, Any]:
        """Describe it in JSON, with the sentence in both languages."""
        said = self.words
        return asdict(self) | {"en": said.en, "zh-CN": said.zh}

    @property
    def words(self) -> Words:
        """Say it."""
        met, later = f"{100 * self.met:.0f}", f"{100 * self.later:.0f}"
        if self.overdue:
            return Words(
                f"the stated date {self.stated_close} has passed; won later with probability {later} %",
                f"已超过预计成交日{self.stated_close}；之后赢单的概率为{later}%",
            )
        return Words(
            f"won by {self.stated_close} with probability {met} %, later with {later} %",
            f"在{self.stated_close}前赢单的概率为{met}%，之后赢单的概率为{later}%",
        )


def slippage_of(standing: Standing, chances: Chances) -> tuple[Slippage, ...]:
    """Say of each open opportunity with a stated date how likely it is to be met; first what may be won, but later.

    What will hardly be won at all misses its date too, and tells nobody what to do.
    """
    rows = np.flatnonzero(~np.isnan(chances.by_stated))
    order = rows[np.argsort((chances.by_stated - chances.ever)[rows], kind="stable")]
    return tuple(_slippage(standing, chances, int(row)) for row in order)


def _slippage(standing: Standing, chances: Chances, row: int) -> Slippage:
    met, day = float(chances.by_stated[row]), np.floor(standing.stated_close[row])
    return Slippage(
        opportunity_id=str(standing.ids[row]),
        owner=standing.owner[row],
        stated_close=str(np.datetime64(int(day), "D")),
        overdue=met == 0.0,
        met=met,
        later=max(float(chances.ever[row]) - met, 0.0),
    )
