"""What the managers' rule counted in past weeks, and what became of it: why it misses as it does."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from scoring.words import Words, percent


@dataclass(frozen=True)
class RuleCounted:
    """What the fixed weights counted over all weeks; an opportunity counts once in each week that it was open.

    Parameters
    ----------
    counted
        Those stated to close within the days asked; all of them where no date is stated.
    expected, won, lost, open
        Share of them that the weights expected to be won, and what there was at the end of the days.
    wins_not_counted
        Share of all wins within the days that were not among them; None without a win.
    """

    counted: int
    expected: float
    won: float
    lost: float
    open: float
    wins_not_counted: float | None
    words: Words

    def to_dict(self) -> dict[str, Any]:
        """Describe it in JSON, with the sentence in both languages."""
        kept = {name: value for name, value in asdict(self).items() if name != "words"}
        return kept | {"en": self.words.en, "zh-CN": self.words.zh}


def rule_counted(opportunities: pd.DataFrame, days: float | None) -> RuleCounted | None:
    """Say what the fixed weights counted, and what became of it; None where they counted nothing.

    Parameters
    ----------
    opportunities
        One row a week and open opportunity: ``fixed_weights``, ``counted`` (whether the rule counts it),
        ``won`` and ``lost`` (within the days asked; NaN when not known).
    days
        Length of each forecast; None for the final outcome.

    Examples
    --------
    >>> rows = {"fixed_weights": [0.5, 0.5, 0.75], "counted": [1.0, 1.0, 0.0], "won": [1.0, 0, 1], "lost": [0.0, 0, 0]}
    >>> found = rule_counted(pd.DataFrame(rows), 30.0)
    >>> found.counted, found.expected, found.won, found.open, found.wins_not_counted
    (2, 0.5, 0.5, 0.5, 0.5)
    """
    known = opportunities[opportunities["won"].notna() & opportunities["fixed_weights"].notna()]
    rows = known[known["counted"] > 0]
    if not len(rows):
        return None
    won, lost = float(rows["won"].mean()), float(rows["lost"].mean())
    wins = float(known["won"].sum())
    elsewhere = 1 - float(rows["won"].sum()) / wins if wins else None
    expected = float(rows["fixed_weights"].mean())
    words = _words(len(rows), days, (expected, won, lost, 1 - won - lost), elsewhere)
    return RuleCounted(len(rows), expected, won, lost, 1 - won - lost, elsewhere, words)


def _words(counted: int, days: float | None, shares: tuple[float, ...], elsewhere: float | None) -> Words:
    expected, won, lost, still = (percent(share) for share in shares)
    what, zh_what = (
        ("", "") if days is None else (f", stated to close within {days:g} days", f"预计在{days:g}天内成交的")
    )
    end, zh_end = ("", "") if days is None else (f", {still.en} were still open at the end", f"，{still.zh}期末仍在途")
    en = (
        f"why the fixed weights miss: in all weeks together they counted {counted:,} times an opportunity{what}, and "
        f"expected {expected.en} of them to be won; {won.en} were, {lost.en} were lost{end}"
    )
    zh = (
        f"固定权重为何有误差：各周合计计入{zh_what}商机{counted:,}次，预计其中{expected.zh}赢单；"
        f"实际赢单{won.zh}，丢单{lost.zh}{zh_end}"
    )
    if elsewhere is None or days is None:
        return Words(en, zh)
    missed = percent(elsewhere)
    return Words(f"{en}. {missed.en} of the wins came from others", f"{zh}。{missed.zh}的赢单来自未计入的商机")
