"""The single opportunities on which the learned probability and the fixed weight disagreed most, and who was right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from scoring.words import Words


@dataclass(frozen=True)
class Disagreement:
    """One opportunity, at the past instant at which the two were farthest apart, and what became of it."""

    opportunity_id: str
    as_of: str
    stage: str | None
    owner: str | None
    learned: float
    fixed_weight: float
    won: bool

    @property
    def right(self) -> str:
        """Who was nearer to what came: ``learned`` or ``fixed_weights``."""
        came = float(self.won)
        return "learned" if abs(self.learned - came) < abs(self.fixed_weight - came) else "fixed_weights"

    @property
    def words(self) -> Words:
        """Say it."""
        ours, rule = f"{100 * self.learned:.0f}", f"{100 * self.fixed_weight:.0f}"
        learned_right = self.right == "learned"
        en_right = "the learned probability was right" if learned_right else "the fixed weight was right"
        zh_right = "学习概率更准" if learned_right else "固定权重更准"
        en_came, zh_came = ("won", "赢单") if self.won else ("lost", "丢单")
        return Words(
            f"{self.as_of[:10]}: learned {ours} %, fixed weight {rule} %; it was {en_came}: {en_right}",
            f"{self.as_of[:10]}：学习概率{ours}%，固定权重{rule}%；结果为{zh_came}：{zh_right}",
        )

    def to_dict(self) -> dict[str, Any]:
        """Describe it in JSON, with the sentence in both languages."""
        said = self.words
        return asdict(self) | {"right": self.right, "en": said.en, "zh-CN": said.zh}


def disagreements_of(opportunities: pd.DataFrame, most: int = 10) -> tuple[tuple[Disagreement, ...], dict[str, int]]:
    """Find where the two disagreed most among what has closed since.

    Parameters
    ----------
    opportunities
        One row a week and opportunity: ``cutoff``, ``opportunity_id``, ``stage``, ``owner``, ``learned``,
        ``fixed_weights`` (of ever being won) and ``outcome`` (won, lost or open).
    most
        How many to give.

    Returns
    -------
    The opportunities, each once, those where the fixed weight was right first, and of each side the farthest apart
    first; and who was right how often among all that
    were more than 20 points apart.
    """
    closed = opportunities[opportunities["outcome"].isin(["won", "lost"])]
    apart = (closed["learned"] - closed["fixed_weights"]).abs()
    order = (-apart.to_numpy().round(9)).argsort(kind="stable")
    farthest = closed.iloc[order].drop_duplicates("opportunity_id")
    found = [_disagreement(row) for row in farthest.to_dict("records")]
    far = [one for one in found if abs(one.learned - one.fixed_weight) > 0.2]
    counts = {name: sum(one.right == name for one in far) for name in ("learned", "fixed_weights")}
    return _of_both(found, most), counts


def _of_both(found: Sequence[Disagreement], most: int) -> tuple[Disagreement, ...]:
    """Take as many of each side as there are, up to half: those where the learned probability was wrong come first."""
    wrong, right = ([one for one in found if one.right == name] for name in ("fixed_weights", "learned"))
    first = min(len(wrong), max(most // 2, most - len(right)))
    return (*wrong[:first], *right[: most - first])


def _disagreement(row: dict[Any, Any]) -> Disagreement:
    stage, owner = (None if pd.isna(row[name]) else str(row[name]) for name in ("stage", "owner"))
    return Disagreement(
        opportunity_id=str(row["opportunity_id"]),
        as_of=pd.Timestamp(row["cutoff"]).isoformat(),
        stage=stage,
        owner=owner,
        learned=float(np.float64(row["learned"])),
        fixed_weight=float(np.float64(row["fixed_weights"])),
        won=row["outcome"] == "won",
    )
